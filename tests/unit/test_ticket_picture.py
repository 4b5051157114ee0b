"""The printed ticket: nothing cut off, every letter drawn, marks unmistakable."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import get_args

import pytest
import qrcode
from msgspec import ValidationError, convert
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageDraw

from queue_server.readers.printing.lettering import Weight, clean, font, text_block, to_dots, wrap
from queue_server.readers.printing.paper import LayoutConfig, TicketPaper, WaitClock, WaitMinutes
from queue_server.readers.printing.picture import draw_ticket, to_png

ZONE = timezone(timedelta(hours=7))
AT = datetime(2026, 11, 23, 9, 41, tzinfo=ZONE)
LAYOUT = LayoutConfig(rules="Số được gọi 3 lần mà vắng mặt thì mời gặp nhân viên hướng dẫn.")
WEIGHTS: tuple[Weight, ...] = get_args(Weight)
TALLEST = "ẴỶỘỰẬgjyĐẤ"
# The longest procedure name of the national catalogue, 919 characters.
LONGEST = (
    "Giao đất ở có thu tiền sử dụng đất không thông qua đấu giá, không đấu thầu lựa chọn nhà đầu tư thực hiện dự án "
    "có sử dụng đất đối với cá nhân là cán bộ, công chức, viên chức, sĩ quan tại ngũ, quân nhân chuyên nghiệp, công "
    "chức quốc phòng, công nhân và viên chức quốc phòng, sĩ quan, hạ sĩ quan, công nhân công an, người làm công tác "
    "cơ yếu và người làm công tác khác trong tổ chức cơ yếu hưởng lương từ ngân sách nhà nước mà chưa được giao đất "
    "ở, nhà ở; giáo viên, nhân viên y tế đang công tác tại các xã biên giới, hải đảo thuộc vùng có điều kiện kinh tế "
    "- xã hội khó khăn, vùng có điều kiện kinh tế - xã hội đặc biệt khó khăn nhưng chưa có đất ở, nhà ở tại nơi công "
    "tác hoặc chưa được hưởng chính sách hỗ trợ về nhà ở theo quy định của pháp luật về nhà ở; cá nhân thường trú "
    "tại xã mà không có đất ở và chưa được Nhà nước giao đất ở hoặc chưa được hưởng chính sách hỗ trợ về nhà ở theo "
    "quy định của pháp luật về nhà ở"
)
FIELDS = ("Chứng thực", "Ngành nghề có điều kiện về an ninh, trật tự", LONGEST, "x" * 300, "Đất")


def a_paper(**changes: object) -> TicketPaper:
    paper = TicketPaper(
        organisation="UBND phường Gò Vấp",
        branch="Trung tâm Phục vụ hành chính công",
        field="Chứng thực",
        number="A012",
        ahead=4,
        issued_at=AT,
        wait=WaitMinutes(15, 25),
        counters=(1, 2, 3, 4, 5, 7),
    )
    return replace(paper, **changes)


def ink(image: Image.Image) -> tuple[int, int, int, int]:
    box = ImageChops.invert(image.convert("L")).getbbox()
    assert box is not None
    return box


def black(image: Image.Image) -> int:
    return image.convert("L").histogram()[0]


# Size and edges


@pytest.mark.parametrize(("width", "margin"), [(576, 14), (512, 14), (384, 5)])
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{len(field)} characters")
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_paper_is_as_wide_as_the_head_and_keeps_its_margins(width, margin, field, language):
    paper = a_paper(
        field=field,
        field_en=field,
        language=language,
        organisation=LONGEST,
        branch=LONGEST,
        is_priority=True,
        floor=2,
        zone="Nhà B, lối đi bên phải sảnh chính",
        counters=tuple(range(1, 60, 2)),
        url="https://hangdoi.vn/t/7Q4KX2M9",
    )
    image = draw_ticket(paper, LayoutConfig(width=width, rules=LONGEST, rules_en=LONGEST))
    assert (image.mode, image.width) == ("1", width)
    left, top, right, bottom = ink(image)
    assert left >= margin
    assert right <= width - margin
    assert top > 0
    assert bottom < image.height


def test_an_ordinary_paper_is_about_ten_centimetres_long():
    image = draw_ticket(a_paper(url="https://hangdoi.vn/t/7Q4KX2M9"), LAYOUT)
    assert 85 < image.height / 8 < 110  # 8 dots a millimetre


@pytest.mark.parametrize("number", ["A012", "A1234", "012", "Đ9999", "AB 12345"])
def test_the_number_fills_the_width_and_never_passes_the_edge(number):
    image = draw_ticket(a_paper(number=number), LAYOUT)
    left, _, right, _ = ink(image)
    assert left >= 14
    assert right <= 576 - 14


# Letters


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("size", [21, 24, 36, 42])
def test_no_tone_mark_or_tail_is_cut_off(weight, size):
    block = text_block(TALLEST, weight, size, 900)
    roomy = Image.new("L", (900, size * 4), 255)
    ImageDraw.Draw(roomy).text((0, size * 2), TALLEST, font=font(weight, size), fill=0, anchor="ls")
    assert black(block) == black(to_dots(roomy))


def vietnamese_letters() -> str:
    bases = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    tones = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
    return "".join(unicodedata.normalize("NFC", base + tone) for base in bases for tone in tones) + "đĐ"


@pytest.mark.parametrize("weight", WEIGHTS)
def test_every_vietnamese_letter_has_its_own_glyph(weight):
    face = font(weight, 60)
    glyphs = {letter: (face.getmask(letter).size, bytes(face.getmask(letter))) for letter in vietnamese_letters()}
    assert len(glyphs) == 146
    assert all(any(dots) for _, dots in glyphs.values())  # a missing glyph of this font is empty
    assert len(set(glyphs.values())) == len(glyphs)


@pytest.mark.parametrize("sign", "–·…:,/().0123456789")
def test_every_sign_that_we_set_has_a_glyph(sign):
    assert any(font("Regular", 60).getmask(sign))


def test_a_letter_that_the_font_lacks_is_a_question_mark_and_does_not_vanish():
    assert clean("Đất\u4e2d\tđai \u200b") == "Đất? đai ?"


def test_loose_tone_marks_are_composed_before_drawing():
    loose = unicodedata.normalize("NFD", "Chứng thực, Hộ tịch")
    assert draw_ticket(a_paper(field=loose), LAYOUT).tobytes() == (
        draw_ticket(a_paper(field="Chứng thực, Hộ tịch"), LAYOUT).tobytes()
    )


# Line breaking


@pytest.mark.parametrize("text", FIELDS, ids=lambda text: f"{len(text)} characters")
@pytest.mark.parametrize("width", [120, 300, 540])
def test_lines_fit_and_are_not_more_than_allowed(text, width):
    face = font("SemiBold", 36)
    lines = wrap(text, face, width, most_lines=3)
    assert 1 <= len(lines) <= 3
    assert all(face.getlength(line) <= width for line in lines)


def test_a_name_that_is_too_long_ends_in_an_ellipsis():
    lines = wrap(LONGEST, font("SemiBold", 36), 540, most_lines=3)
    assert lines[-1].endswith("…")
    assert LONGEST.startswith(" ".join(lines)[:-1])


def test_a_name_that_fits_is_whole():
    text = "Ngành nghề có điều kiện về an ninh, trật tự"
    assert " ".join(wrap(text, font("SemiBold", 36), 540, most_lines=3)) == text


def test_a_centred_name_leaves_no_single_word_on_its_last_line():
    block = text_block("Đất đai, tài nguyên và môi trường", "SemiBold", 36, 540, most_lines=3)
    last = block.crop((0, block.height - 50, block.width, block.height))
    left, _, right, _ = ink(last)
    assert right - left > 200


# What stands on it


def test_the_same_paper_is_always_the_same_dots():
    assert draw_ticket(a_paper(), LAYOUT).tobytes() == draw_ticket(a_paper(), LAYOUT).tobytes()


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "A013"},
        {"ahead": 5},
        {"issued_at": AT + timedelta(minutes=1)},
        {"wait": WaitMinutes(20, 30)},
        {"wait": None},
        {"counters": (1, 2)},
        {"floor": 2},
        {"zone": "Khu B"},
        {"is_priority": True},
        {"is_reprint": True},
        {"is_training": True},
        {"url": "https://hangdoi.vn/t/7Q4KX2M9"},
        {"language": "en"},
    ],
    ids=lambda changes: "".join(changes),
)
def test_every_value_can_be_seen(changes):
    assert draw_ticket(a_paper(**changes), LAYOUT).tobytes() != draw_ticket(a_paper(), LAYOUT).tobytes()


@pytest.mark.parametrize("mark", ["is_reprint", "is_training"])
def test_a_mark_stands_above_everything_and_spans_the_paper(mark):
    plain, marked = draw_ticket(a_paper(), LAYOUT), draw_ticket(a_paper(**{mark: True}), LAYOUT)
    added = marked.height - plain.height
    assert added > 40
    assert marked.crop((0, added + 4, 576, marked.height)).tobytes() == plain.crop((0, 4, 576, plain.height)).tobytes()
    left, top, right, _ = ink(marked)
    assert (left, right) == (0, 576)
    assert top < 8


def test_both_marks_stand_together():
    both = draw_ticket(a_paper(is_reprint=True, is_training=True), LAYOUT)
    one = draw_ticket(a_paper(is_reprint=True), LAYOUT)
    assert both.height > one.height + 40


def test_a_layout_without_qr_code_prints_none():
    url = "https://hangdoi.vn/t/7Q4KX2M9"
    hidden = draw_ticket(a_paper(url=url), replace(LAYOUT, show_qr=False))
    assert hidden.tobytes() == draw_ticket(a_paper(), LAYOUT).tobytes()


@pytest.mark.parametrize(("width", "left"), [(576, 0), (384, 81)])
def test_the_qr_code_is_there_module_by_module(width, left):
    url = "https://hangdoi.vn/t/7Q4KX2M9"
    image = draw_ticket(a_paper(url=url), replace(LAYOUT, width=width))
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(url, optimize=0)
    flat = bytes(0 if dark else 255 for row in code.get_matrix() for dark in row)
    side = code.modules_count + 8
    small = Image.frombytes("L", (side, side), flat)
    scale = 6
    wanted = small.resize((side * scale, side * scale), Image.Resampling.NEAREST).convert("1").tobytes()
    places = ((x, y) for y in range(image.height - side * scale) for x in range(left, left + 8))
    assert any(_crop(image, x, y, side * scale) == wanted for x, y in places)


def _crop(image: Image.Image, x: int, y: int, side: int) -> bytes:
    return image.crop((x, y, x + side, y + side)).tobytes()


def test_a_mark_stays_inside_its_frame_on_narrow_paper():
    image = draw_ticket(a_paper(is_training=True, language="en"), replace(LAYOUT, width=384))
    inside = image.crop((5, 10, 379, 44))
    left, _, right, _ = ink(inside)
    assert min(left, inside.width - right) > 2


def test_a_way_that_is_too_long_breaks_between_its_parts():
    paper = a_paper(floor=1, zone="Nhà B", counters=(9, 10, 11))
    short = draw_ticket(replace(paper, zone=""), LAYOUT)
    assert draw_ticket(paper, LAYOUT).height > short.height + 30


def test_a_logo_is_drawn_small_and_in_black_and_white(tmp_path: Path):
    logo = tmp_path / "logo.png"
    Image.new("RGBA", (400, 400), (200, 0, 0, 255)).save(logo)
    with_logo = draw_ticket(a_paper(), replace(LAYOUT, logo=str(logo)))
    plain = draw_ticket(a_paper(), LAYOUT)
    assert with_logo.height == plain.height + 96
    assert ink(with_logo.crop((0, 0, 576, 104))) == (240, 4, 336, 100)


def test_english_stands_beneath_the_vietnamese():
    assert draw_ticket(a_paper(language="en"), LAYOUT).height > draw_ticket(a_paper(), LAYOUT).height + 80


def test_the_png_is_the_same_picture_and_small():
    image = draw_ticket(a_paper(url="https://hangdoi.vn/t/7Q4KX2M9"), LAYOUT)
    png = to_png(image)
    with Image.open(BytesIO(png)) as back:
        assert (back.mode, back.tobytes()) == ("1", image.tobytes())
    assert len(png) < 20_000


def test_a_layout_file_with_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="colour"):
        convert({"colour": "red"}, LayoutConfig)
    with pytest.raises(ValidationError):
        convert({"width": 640}, LayoutConfig)


def test_a_wait_that_is_too_long_for_its_line_goes_below():
    tomorrow = AT.replace(day=24, hour=13, minute=20)
    wide = a_paper(wait=WaitClock(tomorrow, tomorrow + timedelta(minutes=30)))
    assert draw_ticket(wide, LAYOUT).height > draw_ticket(a_paper(), LAYOUT).height
