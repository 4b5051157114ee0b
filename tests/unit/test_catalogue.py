"""Finding procedures by a few typed words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from queue_server.directory.catalogue import Procedure, fields_of, read_procedures
from queue_server.directory.faults import InvalidDirectory
from queue_server.directory.searching import Catalogue, fold, read_spoken, untyped
from queue_server.domain.configuration import Field, Text

FOLDER = Path(__file__).parents[2] / "config" / "catalogue"
CSV = FOLDER / "procedures.csv"
HEADER = "code,name_vi,field_vi,level,agency_vi,mark,source\n"


@cache
def catalogue() -> Catalogue:
    return Catalogue(read_procedures(CSV), read_spoken(FOLDER / "spoken.csv"))


def names(query: str, limit: int = 20) -> list[str]:
    return [catalogue().procedures[row].name_vi for row in catalogue().search(query, limit)]


def field(code: str, *procedures: str, **groups: tuple[str, ...]) -> Field:
    return Field(code, Text(code), "A", "phuong", procedures=procedures, catalogue=dict(groups))


@pytest.mark.parametrize("query", ["đăng ký khai sinh", "dang ky khai sinh", "KHAI SINH", "khai si", "sinh khai"])
def test_a_birth_is_found_with_and_without_diacritics(query: str):
    assert names(query)[0] == "Thủ tục đăng ký khai sinh"


def test_the_shortest_whole_match_comes_first():
    assert names("giay phep lai xe", 2) == ["Cấp giấy phép lái xe", "Cấp giấy phép lái xe quốc tế"]


def test_a_first_one_comes_before_what_is_about_one_that_is_there_unless_that_is_said():
    assert names("khuyet tat", 1) == ["Xác định, xác định lại mức độ khuyết tật và cấp giấy xác nhận khuyết tật"]
    assert names("doi giay khuyet tat", 1) == ["Cấp đổi, cấp lại giấy xác nhận khuyết tật"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("dduwowngf", "duong"), ("thuwcj", "thuc"), ("sangs", "sang"), ("kys", "ki"), ("truwowngf", "truong")],
)
def test_diacritics_typed_as_letters_are_taken_off(typed: str, meant: str):
    assert untyped(typed) == meant


def test_diacritics_that_were_typed_count():
    land, copper = (Procedure(None, name, "Khác", "xa", "", "C") for name in ("Giao đất", "Giao đạt"))
    small = Catalogue([copper, land])
    assert [small.procedures[row] for row in small.search("đất")] == [land, copper]
    assert [small.procedures[row] for row in small.search("đạt")] == [copper, land]


def test_a_code_is_found():
    assert names("1.001193") == ["Thủ tục đăng ký khai sinh"]


def test_a_group_is_found_by_its_name():
    assert any(catalogue().procedures[row].field_vi == "Cấp nước" for row in catalogue().search("cap nuoc"))


@pytest.mark.parametrize("query", ["khia sinh", "khai sihn", "kahi sinh", "khai snh", "khaii sinh", "khai sinj"])
def test_one_slip_of_a_finger_in_a_word_is_forgiven(query: str):
    assert names(query)[0] == "Thủ tục đăng ký khai sinh"


def test_words_that_no_procedure_has_do_not_hide_those_that_one_has():
    assert all("khai sinh" in name.casefold() for name in names("làm giấy khai sinh cho con tôi", 3))


@pytest.mark.parametrize(
    ("said", "is_called"),
    [
        ("sổ đỏ", "Giấy chứng nhận quyền sử dụng đất"),
        ("so do", "Giấy chứng nhận quyền sử dụng đất"),
        ("đổi bằng lái", "Đổi giấy phép lái xe"),
        ("CCCD", "căn cước"),
        ("hộ khẩu", "Đăng ký thường trú"),
        ("sao y ban chinh", "Chứng thực bản sao từ bản chính"),
        ("giấy độc thân", "Giấy xác nhận tình trạng hôn nhân"),
        ("mở tiệm", "hộ kinh doanh"),
    ],
)
def test_what_people_call_it_is_found_under_what_the_law_calls_it(said: str, is_called: str):
    assert is_called in names(said)[0]


def test_everything_that_people_say_leads_somewhere():
    """Whoever adds a word whose meaning the catalogue has not, adds it in vain."""
    for said, means in read_spoken(FOLDER / "spoken.csv").items():
        assert names(means), said
        assert names(said)[:1] == names(means)[:1], said


def test_only_what_a_branch_takes_is_found():
    births = catalogue().search("khai sinh")
    assert catalogue().search("khai sinh", among={births[3], births[1]}) == [births[1], births[3]]
    assert catalogue().search("khai sinh", among=set()) == []


@pytest.mark.parametrize("query", ["", "  ", "?!", "zzzzzz"])
def test_nothing_is_found_for_nothing(query: str):
    assert names(query) == []


def test_no_more_than_the_limit_is_found():
    assert len(names("thu tuc", 7)) == 7


def test_folding_takes_every_vietnamese_letter_to_ascii():
    letters = "aăâeêioôơuưyđ"
    marks = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    assert fold("".join(letter + mark for letter in letters for mark in marks)).isascii()
    assert fold("ĐẤT Đai") == "dat dai"


def taken(*fields: Field) -> list[tuple[Procedure, str | None]]:
    procedures = catalogue().procedures
    return list(zip(procedures, fields_of(procedures, fields), strict=True))


def test_a_field_takes_its_groups_and_a_star_the_rest_of_a_level():
    found = taken(field("land", xa=("Đất đai",)), field("rest", xa=("*",), tinh=("Đất đai",)), field("none"))
    land, rest = ([p for p, code in found if code == wanted] for wanted in ("land", "rest"))
    assert {(p.level, p.field_vi) for p in land} == {("xa", "Đất đai")}
    assert {p.field_vi for p in rest if p.level == "tinh"} == {"Đất đai"}
    assert len(land) + len([p for p in rest if p.level == "xa"]) == 311
    assert all(code != "none" for _, code in found)


def test_a_field_takes_what_it_names_by_code_whatever_the_group():
    found = taken(field("rest", xa=("*",)), field("births", "1.001193"))
    assert [p.name_vi for p, code in found if code == "births"] == ["Thủ tục đăng ký khai sinh"]


def test_a_procedure_that_no_field_takes_has_none():
    assert {code for p, code in taken(field("land", xa=("*",))) if p.field_vi == "Thuế"} == {None}


def test_a_missing_column_is_told(tmp_path: Path):
    path = tmp_path / "bad.csv"
    path.write_text("code,name_vi\n", encoding="utf-8")
    with pytest.raises(InvalidDirectory, match="line 1: column 'field_vi' is missing"):
        read_procedures(path)


def test_a_bad_row_is_told_by_its_line(tmp_path: Path):
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + ",Đăng ký,Hộ tịch,xa,UBND,C,x\n,Đăng ký,Hộ tịch,huyen,UBND,C,x\n", encoding="utf-8")
    with pytest.raises(InvalidDirectory, match="line 3: needs a name, a level"):
        read_procedures(path)
