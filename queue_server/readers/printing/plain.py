"""A paper without diacritics, as lines of text: for printers that can print no picture.

No code page of any maker has all Vietnamese letters and is switched on the same way by all, so there are none here.
The words are those of the picture, in the same order; a code that could be scanned there is none.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator

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

Line = tuple[str, int]
"""Text and how many times as large."""

_LARGEST = 6
_ALIKE = str.maketrans({"đ": "d", "Đ": "D", "–": "-", "—": "-", "·": "-", "…": "...", "“": '"', "”": '"', "’": "'"})


def without_diacritics(text: str) -> str:
    """ "Đất đai" → "Dat dai"; what has no letter alike becomes "?"."""
    apart = unicodedata.normalize("NFD", text.translate(_ALIKE))
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return "".join(letter if " " <= letter <= "~" else "?" for letter in " ".join(bare.split()))


def plain_lines(paper: TicketPaper, layout: LayoutConfig, columns: int) -> list[Line]:
    """The paper on lines of so many letters; the number as large as they allow."""
    return [*_head(paper, columns), *_middle(paper, columns), *_foot(paper, layout, columns)]


def _head(paper: TicketPaper, columns: int) -> Iterator[Line]:
    for is_so, key in ((paper.is_reprint, "reprint"), (paper.is_training, "training")):
        if is_so:
            yield from _broken(f"*** {_both(key, paper.language)} ***", columns, 2)
    yield from _broken(paper.organisation, columns)
    yield from _broken(paper.branch, columns)
    yield "-" * columns, 1
    yield from _broken(paper.field, columns, 2)
    if paper.language == "en":
        yield from _broken(paper.field_en, columns)
    for language in _languages(paper):
        yield from _broken(further_line(paper, language), columns)


def _middle(paper: TicketPaper, columns: int) -> Iterator[Line]:
    yield from _broken(_both("number", paper.language), columns)
    number = without_diacritics(number_apart(paper.number))
    yield number, max(1, min(_LARGEST, columns // max(1, len(number))))
    if paper.is_priority:
        yield from _broken(f"*** {_both('priority', paper.language)} ***", columns, 2)
    for language in _languages(paper):
        yield from _broken(where_line(paper, language), columns)
    for language in _languages(paper):
        for label, value in _facts(paper, language):
            yield from _broken(f"{label} {value}", columns)


def _foot(paper: TicketPaper, layout: LayoutConfig, columns: int) -> Iterator[Line]:
    yield "-" * columns, 1
    yield from _broken(moment(paper.issued_at), columns)
    if paper.rebooked:
        return  # "valid today only" would be wrong
    yield from _broken(layout.rules, columns)
    if paper.language == "en":
        yield from _broken(layout.rules_en, columns)


def _facts(paper: TicketPaper, language: Language) -> list[tuple[str, str]]:
    if paper.rebooked:
        instead = say("instead_of", language), number_apart(paper.rebooked.instead_of)
        return [rebooked_line(paper.rebooked, paper.number, language), instead]
    if paper.ahead is None:
        return []
    people = say("ahead", language), say("people", language, n=paper.ahead)
    return [people, wait_line(paper.wait, paper.issued_at, language)]


def _languages(paper: TicketPaper) -> tuple[Language, ...]:
    return ("vi",) if paper.language == "vi" else ("vi", "en")


def _both(key: str, language: Language) -> str:
    return say(key, "vi") if language == "vi" else f"{say(key, 'vi')} - {say(key, 'en')}"


def _broken(text: str, columns: int, size: int = 1) -> Iterator[Line]:
    for line in textwrap.wrap(without_diacritics(text), columns // size):
        yield line, size
