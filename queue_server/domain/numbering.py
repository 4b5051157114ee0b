"""Ticket numbers: the next ordinal of a series, and how it is printed."""

from __future__ import annotations

from queue_server.domain.configuration import Series
from queue_server.domain.refusals import Refusal


def next_ordinal(series: Series, last: int | None) -> int:
    """The ordinal after `last` (None: none given today). Refuses when the series' range is used up."""
    if is_exhausted(series, last):
        raise Refusal("series-exhausted", series=series.code, last=series.last)
    return series.first if last is None else max(series.first, last + 1)


def is_exhausted(series: Series, last: int | None) -> bool:
    return last is not None and last >= series.last


def printed(series: Series, ordinal: int) -> str:
    """The number as it is printed and called, such as "A012"; screens set letter and digits apart."""
    return f"{series.prefix}{ordinal:0{series.width}d}"
