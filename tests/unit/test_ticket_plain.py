"""The paper in plain letters, for printers that can print no picture."""

from __future__ import annotations

from datetime import date

import pytest

from printer_agent.settings import Settings
from printer_agent.specimen import LETTERS, specimen
from printer_agent.text import Text, text_bytes
from queue_server.protocol.resources import TextLine
from queue_server.readers.printing.paper import LayoutConfig, Rebooked
from queue_server.readers.printing.plain import plain_lines, without_diacritics
from tests.simulators.escpos_decoder import Decoder
from tests.unit.test_ticket_picture import LONGEST, a_paper

LAYOUT = LayoutConfig(rules="Số có giá trị trong ngày.", rules_en="Valid today only.")


def words(paper, columns=48):
    return [line for line, _ in plain_lines(paper, LAYOUT, columns)]


def test_every_vietnamese_letter_becomes_the_one_below_its_marks():
    small = "".join(without_diacritics(group) for group in LETTERS)
    assert small == "".join(vowel * 6 for vowel in "aaaeeiooouuy")
    assert without_diacritics("Đường ĐẶNG đi “ẲỸ” 1–5 · … ₫") == 'Duong DANG di "AY" 1-5 - ... ?'


def test_the_words_are_those_of_the_picture():
    assert words(a_paper(url="https://x.vn/t/1", floor=2)) == [
        "UBND phuong Go Vap",
        "Trung tam Phuc vu hanh chinh cong",
        "-" * 48,
        "Chung thuc",
        "So thu tu",
        "A 012",
        "Tang 2 - Thuong o quay 1-5, 7",
        "Dang cho truoc: 4 nguoi",
        "Thoi gian cho: khoang 15-25 phut",
        "-" * 48,
        "23/11/2026 09:41",
        "So co gia tri trong ngay.",
    ]


def test_marks_priority_and_english_stand_where_they_do_in_the_picture():
    said = words(a_paper(is_reprint=True, is_training=True, is_priority=True, language="en", field_en="Certification"))
    assert said[0] == "*** IN LAI - REPRINT ***"
    for sentence in ("Certification", "So thu tu - Your number", "Waiting ahead: 4", "Valid today only."):
        assert sentence in said
    assert any("Uu tien" in line for line in said)


def test_what_else_the_number_is_for_stands_below_its_field():
    several = {"further": ("Hộ tịch", "Nộp phí"), "further_en": ("Civil status", "Fees")}
    assert words(a_paper(**several))[3:5] == ["Chung thuc", "Sau do: Ho tich, Nop phi"]
    assert words(a_paper(language="en", field_en="Certification", **several))[3:7] == [
        "Chung thuc", "Certification", "Sau do: Ho tich, Nop phi", "Then: Civil status, Fees"
    ]  # fmt: skip


def test_a_turn_on_another_day_says_so_and_not_that_it_is_valid_today():
    said = words(a_paper(rebooked=Rebooked(date(2026, 11, 24), "A012"), number="A001"))
    assert {"Hen lai: 24/11/2026 so A 001", "Thay cho so: A 012"} <= set(said)
    assert "So co gia tri trong ngay." not in said


@pytest.mark.parametrize("columns", [32, 42, 48])
def test_no_line_is_longer_than_the_paper_is_wide(columns):
    paper = a_paper(field=LONGEST, organisation=LONGEST, number="AB 1234567", is_reprint=True, language="en")
    for line, size in plain_lines(paper, LAYOUT, columns):
        assert len(line) * size <= columns


def test_the_number_is_as_large_as_the_columns_allow():
    sizes = {columns: dict(plain_lines(a_paper(), LAYOUT, columns))["A 012"] for columns in (32, 48)}
    assert sizes == {32: 6, 48: 6}
    assert dict(plain_lines(a_paper(number="ABC12345"), LAYOUT, 32))["ABC 12345"] == 3


# -- as bytes ----------------------------------------------------------------------------------------------------------


def test_a_printer_reads_the_lines_and_nothing_else():
    decoder = Decoder(384, lambda _: None)
    decoder.feed(text_bytes(Text((TextLine("Dat dai", 2), TextLine("A 012", 99)))) + b"\x1dV\x42\x00")
    [paper] = decoder.papers
    assert (paper.text, decoder.complaints) == ("Dat dai\nA 012\n", [])


def test_what_is_no_letter_of_every_printer_is_never_sent():
    sent = text_bytes(Text((TextLine("Đất\x10\x05\x02\x1b@"),)))
    assert b"?" in sent
    assert b"\x10" not in sent
    assert sent.count(b"\x1b") == 1, "its own, for the middle of the line"


def test_a_test_page_of_letters_shows_how_many_stand_on_a_line():
    (chosen,) = Settings(printer="network:a", width=384, prints="text").printers()
    page = specimen(chosen)
    assert isinstance(page, Text)
    assert "12345678901234567890123456789012" in [line.text for line in page.lines]
