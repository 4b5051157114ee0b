"""A page that shows whether a printer is set up right, without a server: dots per line, every letter, greys, a code.

Drawn here and not by the server, as it is wanted before there is one; with the same font and the same cut between black
and white, so that what is legible here is legible on a ticket.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib import resources
from math import ceil
from pathlib import Path

import qrcode
from PIL import Image, ImageDraw, ImageFont

from printer_agent.settings import Chosen
from printer_agent.text import Text
from printer_agent.wire import Page
from queue_server.protocol.resources import TextLine

TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")  # none, huyền, hỏi, ngã, sắc, nặng
VOWELS = "aăâeêioôơuưy"
LETTERS = tuple("".join(unicodedata.normalize("NFC", vowel + tone) for tone in TONES) for vowel in VOWELS)
"""Each vowel with its six tones."""
SENTENCE = "Đường đi khó, không khó vì ngăn sông cách núi"
WEIGHTS = {"Regular": 23, "SemiBold": 28, "Bold": 36}
"""With a size in which the ticket uses each."""
CODE = "https://example.vn/t/00000000000000000000000000.0000"
"""As long as a ticket's address."""

_FONTS = Path(str(resources.files("fontpkg_be_vietnam_pro"))) / "files"
_CUT = 150  # as the server draws
_PER_MM = 8  # dots, at 203 dpi
_PER_MM_512 = 180 / 25.4  # heads of 512 dots are as wide as those of 576
_MARGIN = 16


def specimen(printer: Chosen) -> Page:
    options = printer.options
    if options.prints == "text":
        return _text(printer.name, options.columns)
    return _picture(printer.name, options.width)


def _text(name: str, columns: int) -> Text:
    ruler = "".join(str(column % 10) for column in range(1, columns + 1))
    lines = (TextLine("LAY SO", 3), TextLine(name), TextLine(f"{columns} cot"), TextLine(ruler), TextLine("A 012", 6))
    return Text((*lines, TextLine("Phieu thu, khong dau")))


def _picture(name: str, width: int) -> Image.Image:
    blocks = [_ruler(width), _line(f"Lấy Số · {width} chấm/dòng", "Bold", 36, width), _line(name, "Regular", 23, width)]
    blocks += [_line(SENTENCE, weight, size, width) for weight, size in WEIGHTS.items()]
    blocks += [_letters(weight, width) for weight in WEIGHTS]
    blocks += [_line("A 012", "Bold", width // 5, width), _greys(width), _code(width), _ruler(width)]
    page = Image.new("1", (width, sum(block.height for block in blocks)), 1)
    top = 0
    for block in blocks:
        page.paste(block, ((width - block.width) // 2, top))
        top += block.height
    return page


@lru_cache(maxsize=32)
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    path = _FONTS / f"BeVietnamPro-{weight}.ttf"
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def _line(text: str, weight: str, size: int, width: int) -> Image.Image:
    """One line, broken where it is too long. Capitals with two marks rise to 1.17 em above the base line."""
    face = _font(weight, size)
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], longer] if face.getlength(longer) <= width - 2 * _MARGIN else [*lines, word]
    pitch = ceil(size * 1.45)
    grey = Image.new("L", (width, pitch * len(lines)), 255)
    for row, line in enumerate(lines):
        at = ((width - ceil(face.getlength(line))) // 2, ceil(size * 1.17) + row * pitch)
        ImageDraw.Draw(grey).text(at, line, font=face, fill=0, anchor="ls")
    return grey.point([0 if level < _CUT else 255 for level in range(256)], mode="1")


def _letters(weight: str, width: int) -> Image.Image:
    """All 146 of a weight: twelve vowels with six tones, small and capital, and Đ."""
    groups = [*LETTERS, "đ", *(group.upper() for group in LETTERS), "Đ"]
    return _line(" ".join(groups), weight, 25, width)


def _ruler(width: int) -> Image.Image:
    """First and last dot of the head, a mark for each millimetre, a figure for each ten."""
    ruler = Image.new("1", (width, 48), 1)
    draw = ImageDraw.Draw(ruler)
    draw.rectangle((0, 0, width - 1, 47), outline=0)
    per_mm = _PER_MM_512 if width == 512 else _PER_MM
    for mm in range(ceil(width / per_mm)):
        x = round(mm * per_mm)
        draw.line((x, 0, x, 16 if mm % 10 == 0 else 10 if mm % 5 == 0 else 6), fill=0)
        if mm % 10 == 0 and mm > 0:
            draw.text((x, 40), str(mm), font=_font("Regular", 20), fill=0, anchor="ms")
    return ruler


def _greys(width: int) -> Image.Image:
    """Quarter, half, three quarters and full black: a head that is worn, or set too pale or too dark, shows here."""
    greys = Image.new("1", (width, 72), 1)
    part = (width - 2 * _MARGIN) // 4
    for y in range(6, 66):
        for x in range(4 * part):
            pattern = (x % 2 == 0 and y % 2 == 0, (x + y) % 2 == 0, x % 2 == 0 or y % 2 == 0, True)
            if pattern[x // part]:
                greys.putpixel((_MARGIN + x, y), 0)
    return greys


def _code(width: int) -> Image.Image:
    code = qrcode.QRCode(border=4)
    code.add_data(CODE, optimize=0)
    rows = code.get_matrix()
    small = Image.frombytes("L", (len(rows), len(rows)), bytes(0 if dark else 255 for row in rows for dark in row))
    scale = 4
    assert len(rows) * scale <= width
    return small.resize((len(rows) * scale, len(rows) * scale), Image.Resampling.NEAREST).convert("1")
