"""Draws a ticket: a pure function from values to dots, the same for preview and paper.

The paper is a stack of blocks. Every block is cached by its text, so a ticket costs little more than pasting: the
names, labels and rules of a branch are drawn once, and only number, time and QR code are new. The order follows the
eye of somebody who has left her glasses at home: the number first, then where and when, then everything else.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import qrcode
from PIL import Image, ImageDraw, ImageOps
from qrcode.constants import ERROR_CORRECT_M

from queue_server.readers.printing.lettering import (
    Align,
    Weight,
    big_number,
    clean,
    font,
    text_block,
    to_dots,
)
from queue_server.readers.printing.paper import Language, LayoutConfig, TicketPaper
from queue_server.readers.printing.wording import (
    further_line,
    moment,
    number_apart,
    rebooked_line,
    say,
    wait_line,
    where_line,
)

_DESIGN_WIDTH = 576  # all sizes below are dots at this width
_SMALLEST = 0.86  # of the design's sizes: on narrow paper lines break instead, since smaller letters are not read
_MARGIN, _NARROW_MARGIN = 18, 6  # beside 48 printable mm, paper of 58 mm has 5 mm of its own
_QUIET_MODULES = 4  # white around a QR code, by ISO/IEC 18004


class _Sheet:
    """A growing paper: blocks with their places, joined at the end."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.scale = max(width / _DESIGN_WIDTH, _SMALLEST)
        self.is_narrow = width < _DESIGN_WIDTH * _SMALLEST
        self.margin = self.dots(_NARROW_MARGIN if self.is_narrow else _MARGIN)
        self.inner = width - 2 * self.margin
        self.height = 0
        self._blocks: list[tuple[Image.Image, int, int]] = []

    def dots(self, design: float) -> int:
        return round(design * self.scale)

    def gap(self, design: int) -> None:
        self.height += self.dots(design)

    def place(self, block: Image.Image, x: int, y: int) -> None:
        self._blocks.append((block, x, y))

    def add(self, block: Image.Image, x: int | None = None) -> None:
        """Put a block below the last one, in the middle unless `x` says otherwise."""
        self.place(block, (self.width - block.width) // 2 if x is None else x, self.height)
        self.height += block.height

    def text(self, text: str, weight: Weight, size: int, *, most_lines: int = 1) -> None:
        if text:
            self.add(text_block(clean(text), weight, self.dots(size), self.inner, most_lines=most_lines))

    def rule(self, thickness: int) -> None:
        self.add(Image.new("1", (self.inner, self.dots(thickness)), 0))

    def joined(self) -> Image.Image:
        paper = Image.new("1", (self.width, self.height), 1)
        for block, x, y in self._blocks:
            paper.paste(block, (x, y))
        return paper


def draw_ticket(paper: TicketPaper, layout: LayoutConfig) -> Image.Image:
    """The ticket as a picture of mode "1" (0 black, 1 white), `layout.width` dots wide and as high as it needs."""
    sheet = _Sheet(layout.width)
    sheet.gap(4)
    _marks(sheet, paper)
    _head(sheet, paper, layout)
    _number(sheet, paper)
    _facts(sheet, paper)
    _foot(sheet, paper, layout)
    sheet.gap(6)
    return sheet.joined()


def to_png(image: Image.Image) -> bytes:
    """The picture as a small PNG, for the preview and for the way to the agent."""
    out = BytesIO()
    image.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _marks(sheet: _Sheet, paper: TicketPaper) -> None:
    """Marks stand at the top and across the whole width, so that nobody takes the paper for an ordinary one."""
    if paper.is_reprint:
        sheet.add(_bar(_both("reprint", paper.language), sheet.width, sheet.dots(40)))
        sheet.gap(8)
    if paper.is_training:
        sheet.add(_frame(_both("training", paper.language), sheet.width, sheet.dots(36 if sheet.is_narrow else 40)))
        sheet.gap(8)


def _both(key: str, language: Language) -> str:
    return say(key, "vi") if language == "vi" else f"{say(key, 'vi')} · {say(key, 'en')}"


def _head(sheet: _Sheet, paper: TicketPaper, layout: LayoutConfig) -> None:
    if layout.logo:
        sheet.add(_logo(layout.logo, sheet.inner, sheet.dots(96)))
    sheet.text(paper.organisation, "Regular", 24, most_lines=2)
    sheet.text(paper.branch, "SemiBold", 27, most_lines=2)
    sheet.gap(8)
    sheet.rule(3)
    sheet.gap(4)
    sheet.text(paper.field, "SemiBold", 36, most_lines=3)
    if paper.language == "en":
        sheet.text(paper.field_en, "Regular", 25, most_lines=2)
    sheet.text(further_line(paper, "vi"), "SemiBold", 28, most_lines=3)
    if paper.language == "en":
        sheet.text(further_line(paper, "en"), "Regular", 25, most_lines=3)


def _number(sheet: _Sheet, paper: TicketPaper) -> None:
    sheet.gap(4)
    sheet.text(_both("number", paper.language), "Regular", 24)
    sheet.gap(14)
    sheet.add(big_number(number_apart(clean(paper.number)), "Bold", sheet.dots(216), sheet.inner))
    if paper.is_priority:
        sheet.gap(18)
        sheet.add(_pill(_both("priority", paper.language), sheet.dots(34), sheet.inner))
    sheet.gap(10)
    _where(sheet, where_line(paper, "vi"), "SemiBold", 35)
    if paper.language == "en":
        _where(sheet, where_line(paper, "en"), "Regular", 25)
    sheet.gap(8)


def _where(sheet: _Sheet, line: str, weight: Weight, size: int) -> None:
    """Where it is too long for one line, the counters have a line of their own."""
    is_short = font(weight, sheet.dots(size)).getlength(line) <= sheet.inner
    for part in (line,) if is_short else line.rpartition(" · ")[::2]:
        sheet.text(part, weight, size, most_lines=2)


def _facts(sheet: _Sheet, paper: TicketPaper) -> None:
    """When it will be the citizen's turn: today behind so many people, or on another day."""
    facts = _facts_in("vi", paper)
    if not facts:
        return
    in_english = _facts_in("en", paper) if paper.language == "en" else [None] * len(facts)
    sheet.rule(2)
    sheet.gap(2)
    for vietnamese, english in zip(facts, in_english, strict=True):
        _fact(sheet, *vietnamese, 28, 33)
        if english:
            _fact(sheet, *english, 23, 23)
    sheet.gap(6)
    sheet.rule(2)


def _facts_in(language: Language, paper: TicketPaper) -> list[tuple[str, str]]:
    if paper.rebooked:
        instead = say("instead_of", language), number_apart(paper.rebooked.instead_of)
        return [rebooked_line(paper.rebooked, paper.number, language), instead]
    if paper.ahead is None:
        return []
    people = say("ahead", language), say("people", language, n=paper.ahead)
    return [people, wait_line(paper.wait, paper.issued_at, language)]


def _fact(sheet: _Sheet, label: str, value: str, label_size: int, value_size: int) -> None:
    """Label on the left, value on the right, on one base line; a value that finds no room goes below."""
    small, large = sheet.dots(label_size), sheet.dots(value_size)
    weight: Weight = "SemiBold" if value_size > label_size else "Regular"
    taken = font("Regular", small).getlength(label) + font(weight, large).getlength(value)
    left = _cell(label, "Regular", small, sheet.inner, "left")
    right = _cell(value, weight, large, sheet.inner, "right")
    if taken + sheet.dots(12) > sheet.inner:
        sheet.add(left, sheet.margin)
        sheet.add(right, sheet.width - sheet.margin - right.width)
        return
    drop = round((large - small) * 1.17)  # brings both base lines together
    sheet.place(left, sheet.margin, sheet.height + drop)
    sheet.add(right, sheet.width - sheet.margin - right.width)


@lru_cache(maxsize=256)
def _cell(text: str, weight: Weight, size: int, most: int, align: Align) -> Image.Image:
    width = min(most, round(font(weight, size).getlength(text)) + 2)
    return text_block(text, weight, size, width, align=align)


def _foot(sheet: _Sheet, paper: TicketPaper, layout: LayoutConfig) -> None:
    if layout.show_qr and paper.url and not sheet.is_narrow:
        _code_and_time(sheet, paper, paper.url)
    else:
        if layout.show_qr and paper.url:
            _code_alone(sheet, paper, paper.url)
        sheet.text(moment(paper.issued_at), "SemiBold", 29)
    sheet.gap(2)
    if paper.rebooked:
        return  # "valid today only" would be wrong
    sheet.text(layout.rules, "Regular", 23, most_lines=4)
    if paper.language == "en":
        sheet.text(layout.rules_en, "Regular", 21, most_lines=3)


def _code_and_time(sheet: _Sheet, paper: TicketPaper, url: str) -> None:
    """The QR code at the left, its quiet zone in place of gaps; beside it what it is for, and the time."""
    code = _qr(url, sheet.dots(186))
    top, x = sheet.height, code.width
    sheet.place(code, 0, top)
    width = sheet.width - sheet.margin - x
    beside = [text_block(say("scan", "vi"), "Regular", sheet.dots(25), width, most_lines=3, align="left")]
    if paper.language == "en":
        beside.append(text_block(say("scan", "en"), "Regular", sheet.dots(21), width, most_lines=2, align="left"))
    beside.append(text_block(moment(paper.issued_at), "SemiBold", sheet.dots(29), width, align="left", most_lines=2))
    total = sum(block.height for block in beside)
    y = top + max(0, (code.height - total) // 2)
    for block in beside:
        sheet.place(block, x, y)
        y += block.height
    sheet.height = max(top + code.height, y)


def _code_alone(sheet: _Sheet, paper: TicketPaper, url: str) -> None:
    """Narrow paper has no room beside the code: what it is for stands below."""
    sheet.add(_qr(url, sheet.dots(230)))
    for language in ("vi", "en") if paper.language == "en" else ("vi",):
        sheet.text(say("scan", language), "Regular", 25 if language == "vi" else 21, most_lines=2)


@lru_cache(maxsize=16)
def _qr(url: str, most: int) -> Image.Image:
    """The code with its quiet zone, at the largest whole number of dots a module that fits: heads smear half dots."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=_QUIET_MODULES)
    code.add_data(url, optimize=0)
    rows = code.get_matrix()
    scale = max(3, most // code.modules_count)
    small = Image.frombytes("L", (len(rows), len(rows)), bytes(0 if dark else 255 for row in rows for dark in row))
    return small.resize((len(rows) * scale, len(rows) * scale), Image.Resampling.NEAREST).convert("1")


@lru_cache(maxsize=16)
def _bar(text: str, width: int, size: int) -> Image.Image:
    return _padded(text_block(text, "Bold", size, width, is_white=True), size // 5, 0)


@lru_cache(maxsize=16)
def _frame(text: str, width: int, size: int) -> Image.Image:
    frame = _padded(text_block(text, "Bold", size, width, most_lines=4), size // 5, 1)
    ImageDraw.Draw(frame).rectangle((0, 0, width - 1, frame.height - 1), outline=0, width=size // 8)
    return frame


def _padded(block: Image.Image, above_and_below: int, ground: int) -> Image.Image:
    padded = Image.new("1", (block.width, block.height + 2 * above_and_below), ground)
    padded.paste(block, (0, above_and_below))
    return padded


@lru_cache(maxsize=16)
def _pill(text: str, size: int, most: int) -> Image.Image:
    """White on black with round ends: the shape says it where the ink is weak."""
    words = text_block(text, "Bold", size, min(most, round(font("Bold", size).getlength(text)) + 2 * size))
    words = ImageOps.invert(words.convert("L")).convert("1")
    mask = Image.new("1", words.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, words.width - 1, words.height - 1), radius=words.height // 2, fill=1)
    pill = Image.new("1", words.size, 1)
    pill.paste(words, mask=mask)
    return pill


@lru_cache(maxsize=8)
def _logo(path: str, most_width: int, most_height: int) -> Image.Image:
    with Image.open(path) as opened:
        rgba = opened.convert("RGBA")
    grey = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    grey.alpha_composite(rgba)
    return to_dots(ImageOps.contain(grey.convert("L"), (most_width, most_height)))
