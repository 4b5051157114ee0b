"""How a wait is told to people: rounded outwards, in minutes or by the clock. What was told is told again in the same
words, so that it can be recorded and judged. `LaySo.wait` of web/static/times.js has the same rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, floor

from msgspec.structs import replace

from queue_server.domain import hours
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Estimate

Span = tuple[datetime, datetime]

_ROUNDED_ABOVE = 10  # minutes; a longer wait is told in fives
_UNDER = 5  # minutes; "less than" is never less than this
_BY_CLOCK_ABOVE = 60  # minutes
_FIVE = timedelta(minutes=5)


def working_spans(state: BranchState, field: str) -> list[Span]:
    """When the field's counters work today."""
    config, day = state.configured, state.day
    if day is None:
        return []
    windows = hours.in_force(config, day, state.field(field)).working
    return [(hours.instant(config, day.date, w.start), hours.instant(config, day.date, w.end)) for w in windows]


def as_told(wait: Estimate, working: Sequence[Span]) -> Estimate:
    """The same wait with the range that people are told."""
    if is_by_clock(wait, working):
        start, end = (each - wait.made_at for each in clock_range(wait, working))
        low_s, high_s = max(0, ceil(start.total_seconds())), floor(end.total_seconds())
    else:
        low_s, high_s = (60 * minutes for minutes in minutes_range(wait))
    return replace(wait, likely_s=min(max(wait.likely_s, low_s), high_s), low_s=low_s, high_s=high_s)


def is_by_clock(wait: Estimate, working: Sequence[Span]) -> bool:
    """Over an hour, before opening or across a break it is told by the time of day."""
    _, high = minutes_range(wait)
    end = wait.made_at + timedelta(minutes=high)
    return high > _BY_CLOCK_ABOVE or (bool(working) and not _is_within_one(working, wait.made_at, end))


def minutes_range(wait: Estimate) -> tuple[int, int]:
    """In minutes; from 0 it is told as "less than"."""
    low, high = _rounded(wait.low_s // 60, up=False), _rounded(-(-wait.high_s // 60), up=True)
    return low, max(high, _UNDER) if low < 1 else high


def clock_range(wait: Estimate, working: Sequence[Span]) -> Span:
    """From when to when, in fives of minutes. Nobody is called in a break: an instant there means its end."""
    low, high = (wait.made_at + timedelta(seconds=seconds) for seconds in (wait.low_s, wait.high_s))
    start = next((max(low, opens) for opens, closes in working if low < closes), low)
    end = next((max(high, opens) for opens, closes in working if high <= closes), high)
    return start - _since_five(start), end + _since_five(end, up=True)


def _rounded(minutes: int, *, up: bool) -> int:
    if minutes <= _ROUNDED_ABOVE:
        return minutes
    return (-(-minutes // 5) if up else minutes // 5) * 5


def _since_five(at: datetime, *, up: bool = False) -> timedelta:
    since = at - datetime.min.replace(tzinfo=at.tzinfo)
    return (-since if up else since) % _FIVE


def _is_within_one(spans: Sequence[Span], start: datetime, end: datetime) -> bool:
    """Nobody closes the doors on who waits: the last span may be overrun."""
    last = spans[-1]
    return any(opens <= start < closes and (end <= closes or (opens, closes) == last) for opens, closes in spans)
