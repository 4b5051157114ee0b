"""Be Vietnam Pro on a thermal head: fonts, line breaking and blocks of text as 1-bit pictures.

Two surprises are handled here. The font's stacked capitals (Ẵ, Ỹ, Ộ) rise to 1.16 em above the base line although the
font declares an ascent of 1.00 em: whoever trusts the font's metrics cuts the tone marks off. And FreeType's own
1-bit mode makes stems of uneven width: letters are drawn in grey and cut at a level that keeps thin strokes whole.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib import resources
from math import ceil
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

Weight = Literal["Regular", "SemiBold", "Bold"]
Align = Literal["left", "center", "right"]

ASCENT, DESCENT = 1.17, 0.27  # em; the measured ink of ẴỶỘỰ and of gjyẬ, in all three weights
PITCH = 1.30  # em from base line to base line
_CUT = 150  # grey levels below are black; above 128 so that 20-dot Regular keeps its hairlines
_FILES = Path(str(resources.files("fontpkg_be_vietnam_pro"))) / "files"
_ELLIPSIS = "…"


@lru_cache(maxsize=64)
def font(weight: Weight, size: int) -> ImageFont.FreeTypeFont:
    """Basic layout: the same dots on every machine, with or without libraqm, and wider gaps after a horned ứ."""
    return ImageFont.truetype(_FILES / f"BeVietnamPro-{weight}.ttf", size, layout_engine=ImageFont.Layout.BASIC)


def clean(text: str) -> str:
    """One line, composed letters, single spaces; what the font lacks becomes "?", since it would vanish silently."""
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(letter if _has_glyph(letter) else "?" for letter in composed)


@lru_cache(maxsize=1024)
def _has_glyph(letter: str) -> bool:
    """The font's stand-in for missing glyphs is empty, as the space is."""
    return letter == " " or font("Regular", 40).getmask(letter).getbbox() is not None


def wrap(text: str, face: ImageFont.FreeTypeFont, width: int, *, most_lines: int) -> list[str]:
    """Break `text` into at most `most_lines` lines no wider than `width`; what is left over becomes an ellipsis."""
    lines: list[str] = []
    rest = clean(text)
    while rest and len(lines) < most_lines:
        end = _fitting(rest, face, width)
        if end < len(rest) and len(lines) == most_lines - 1:
            return [*lines, _ellipsis(rest, face, width)]
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return lines


def wrap_evenly(text: str, face: ImageFont.FreeTypeFont, width: int, *, most_lines: int) -> list[str]:
    """As `wrap`, with the lines about equally long: no single word is left alone under a centred name."""
    lines = wrap(text, face, width, most_lines=most_lines)
    if len(lines) < 2 or lines[-1].endswith(_ELLIPSIS):
        return lines
    low, high = width // 2, width
    while high - low > 4:
        middle = (low + high) // 2
        tried = wrap(text, face, middle, most_lines=most_lines + 1)
        low, high, lines = (low, middle, tried) if len(tried) == len(lines) else (middle, high, lines)
    return lines


def _fitting(text: str, face: ImageFont.FreeTypeFont, width: int) -> int:
    """How many characters of `text` stand on one line: up to a space if there is one, else within the word."""
    end = _most(text, face, width)
    if end == len(text) or text[end] == " ":
        return end
    space = text.rfind(" ", 0, end)
    return space if space > 0 else end


def _ellipsis(text: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    room = width - ceil(face.getlength(_ELLIPSIS))
    return text[: _fitting(text, face, room)].rstrip(" ,;:-–") + _ELLIPSIS


def _most(text: str, face: ImageFont.FreeTypeFont, width: int) -> int:
    """The longest prefix that fits, by bisection; one character at least."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if face.getlength(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


@lru_cache(maxsize=512)
def text_block(
    text: str,
    weight: Weight,
    size: int,
    width: int,
    *,
    most_lines: int = 1,
    align: Align = "center",
    is_white: bool = False,
) -> Image.Image:
    """Wrapped text as a 1-bit picture exactly `width` dots wide. Cached: callers must not draw on it."""
    face = font(weight, size)
    breaking = wrap_evenly if align == "center" else wrap
    lines = breaking(text, face, width, most_lines=most_lines)
    pitch = round(size * PITCH)
    height = ceil(size * ASCENT) + ceil(size * DESCENT) + pitch * max(0, len(lines) - 1)
    paper, ink = (0, 255) if is_white else (255, 0)
    grey = Image.new("L", (width, height), paper)
    draw = ImageDraw.Draw(grey)
    for row, line in enumerate(lines):
        x = _left(face.getlength(line), width, align)
        draw.text((x, ceil(size * ASCENT) + row * pitch), line, font=face, fill=ink, anchor="ls")
    return to_dots(grey)


def _left(length: float, width: int, align: Align) -> int:
    free = max(0, width - ceil(length))
    return {"left": 0, "center": free // 2, "right": free}[align]


def to_dots(grey: Image.Image) -> Image.Image:
    return grey.point([0 if level < _CUT else 255 for level in range(256)], mode="1")


@lru_cache(maxsize=256)
def big_number(text: str, weight: Weight, size: int, width: int) -> Image.Image:
    """The number as large as `size` and `width` allow, cropped to its ink, so that its box has no air above."""
    face = font(weight, size)
    while face.getlength(text) > width:
        size -= 4
        face = font(weight, size)
    left, top, right, bottom = (round(edge) for edge in face.getbbox(text, anchor="ls"))
    grey = Image.new("L", (right - left, bottom - top), 255)
    ImageDraw.Draw(grey).text((-left, -top), text, font=face, fill=0, anchor="ls")
    return to_dots(grey)
