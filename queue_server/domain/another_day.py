"""When to come instead, for whom today is too late: the field's next working day, and when few people come."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from queue_server.domain import hours
from queue_server.domain.arrivals import STEP_S, Arrivals
from queue_server.domain.configuration import DayHours, Window
from queue_server.domain.state import BranchState

HOUR = 60
EVERY = 30
SEEN_LEAST = 4.0
"""Of fewer days nothing is told: a week of them, the older ones counting less."""
QUIET = 0.5
"""An hour in which more than this part of an ordinary hour's people come is not told to be quiet."""


class AnotherDay(Struct, frozen=True):
    """A day with its hours, and the hour in which few people come, where that is known."""

    date: date
    hours: DayHours
    quiet: Window | None


def another_day(state: BranchState, code: str) -> AnotherDay | None:
    """The next day on which this field works; None when there is none in sight."""
    field, config = state.field(code), state.configured
    if state.day is None:
        return None
    following = hours.next_working_day(config, state.day.date, field=field)
    if following is None:
        return None
    planned = hours.planned(config, following, field)
    return AnotherDay(following, planned, quiet_hour(state.day.learnt.arrivals, planned.issuing))


def quiet_hour(known: Arrivals, issuing: tuple[Window, ...]) -> Window | None:
    """The hour within these windows in which the fewest come, by all earlier days. The day's last hour is none: who
    comes then may be too late again."""
    if sum(known.days.values()) < SEEN_LEAST or not issuing:
        return None
    too_late = max(window.end for window in issuing) - HOUR
    starts = [start for w in issuing for start in range(w.start, min(w.end, too_late) - HOUR + 1, EVERY)]
    ordinary = sum(_people(known, w) for w in issuing) / sum(w.end - w.start for w in issuing) * HOUR
    quiet = min((Window(start, start + HOUR) for start in starts), key=lambda w: _people(known, w), default=None)
    return quiet if quiet is not None and _people(known, quiet) <= QUIET * ordinary else None


def _people(known: Arrivals, window: Window) -> float:
    steps = range(window.start * 60 // STEP_S, -(-window.end * 60 // STEP_S))
    return sum(known.steps.get(step, 0.0) for step in steps)
