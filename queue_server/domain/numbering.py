"""Ticket numbers: the next ordinal of a series, and how it is printed and read again."""

from __future__ import annotations

from queue_server.domain.configuration import Series
from queue_server.domain.refusals import Refusal


def next_ordinal(series: Series, last: int | None) -> int:
    """The ordinal after `last` (None: none given today). Refuses when the series' range is used up."""
    ordinal = _following(series, last)
    if ordinal > series.last:
        raise Refusal("series-exhausted", series=series.code, last=series.last)
    return ordinal


def is_exhausted(series: Series, last: int | None) -> bool:
    return _following(series, last) > series.last


def _following(series: Series, last: int | None) -> int:
    """The emergency block is passed over: its numbers are on paper already."""
    ordinal = series.first if last is None else max(series.first, last + 1)
    block = series.emergency
    return block.last + 1 if block is not None and ordinal in block else ordinal


def printed(series: Series, ordinal: int) -> str:
    """The number as it is printed and called, such as "A012"; screens set letter and digits apart."""
    return f"{series.prefix}{ordinal:0{series.width}d}"


def emergency_ordinal(series: Series, number: str) -> int | None:
    """The ordinal of a number of the series' emergency block as somebody wrote it ("A905", "a 905", "905"), or None."""
    written = "".join(number.split()).upper()
    digits = written.removeprefix(series.prefix)
    block = series.emergency
    for text in (digits, written):  # a prefix may itself be a digit
        if block is not None and text.isascii() and text.isdigit() and int(text) in block:
            return int(text)
    return None
