"""How many will come, per field and quarter of an hour, by what earlier days were like.

A day's visits are its weekday's mean, drawn towards all days' as long as few were seen; more after a break, when the
doors were shut on a day that is usually worked; shared out over the day and over the fields as on earlier days; and
scaled by how today has gone so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TypeVar

from msgspec import Struct, field

from queue_server.domain import hours
from queue_server.domain.configuration import WEEKDAYS, BranchConfig
from queue_server.domain.tickets import Ticket, TicketState
from queue_server.domain.visits import first_field

STEP_S = 900
STEPS = 24 * 3600 // STEP_S
WEEKDAY_PRIOR = 1.0
"""A weekday's mean is drawn towards that of all days as if that had been seen on so many."""
BREAK_PRIOR = 100.0
"""More after a break, or not: nothing is believed of so many visits."""
TODAY_PRIOR = 30.0
"""Today goes as days go, as if so many had come as expected."""


class Arrivals(Struct, frozen=True, omit_defaults=True):
    """Of earlier days, the older ones counting less: visits and days by weekday, visits by quarter of an hour (from
    midnight) and by field; after a break, visits that came and that were expected."""

    visits: dict[str, float] = field(default_factory=dict)
    days: dict[str, float] = field(default_factory=dict)
    steps: dict[int, float] = field(default_factory=dict)
    fields: dict[str, float] = field(default_factory=dict)
    after_break: tuple[float, float] = (0.0, 0.0)

    def faded(self, by: float) -> Arrivals:
        came, expected = self.after_break
        return Arrivals(
            _faded(self.visits, by),
            _faded(self.days, by),
            _faded(self.steps, by),
            _faded(self.fields, by),
            (round(came * by, 3), round(expected * by, 3)),
        )


Key = TypeVar("Key")


def _faded(rows: Mapping[Key, float], by: float) -> dict[Key, float]:
    return {key: round(each * by, 3) for key, each in rows.items()}


def after(known: Arrivals, config: BranchConfig, day: date, tickets: Iterable[Ticket], by: float) -> Arrivals:
    """What is known after this day: what was known before fades, and the day is added."""
    came = [ticket for ticket in tickets if ticket.state is not TicketState.VOIDED]
    if not came:
        return known.faded(by)
    weekday, faded = WEEKDAYS[day.weekday()], known.faded(by)
    steps, fields = dict(faded.steps), dict(faded.fields)
    for ticket in came:
        step, code = step_of(config, ticket.arrival_at), first_field(ticket)
        steps[step] = steps.get(step, 0.0) + 1
        fields[code] = fields.get(code, 0.0) + 1
    is_after_break = is_after_a_break(config, day)
    came_then, expected_then = faded.after_break
    usual = usual_visits(known, weekday)
    if is_after_break and usual is not None:
        came_then, expected_then = came_then + len(came), round(expected_then + usual, 3)
    visits, days = dict(faded.visits), dict(faded.days)
    if not is_after_break:
        visits[weekday] = visits.get(weekday, 0.0) + len(came)
        days[weekday] = days.get(weekday, 0.0) + 1
    return Arrivals(visits, days, steps, fields, (came_then, expected_then))


def step_of(config: BranchConfig, at: datetime) -> int:
    local = at.astimezone(hours.zone(config.timezone))
    return (local.hour * 3600 + local.minute * 60 + local.second) // STEP_S


def is_after_a_break(config: BranchConfig, day: date) -> bool:
    """Whether the branch was shut on the weekday before, that is usually worked."""
    for back in range(1, 8):
        before = day - timedelta(days=back)
        if config.hours.weekly.get(WEEKDAYS[before.weekday()], hours.CLOSED).working:
            return not hours.is_working_day(config, before)
    return False


def usual_visits(known: Arrivals, weekday: str) -> float | None:
    """The visits of such a day; None before any day was seen."""
    whole_days = sum(known.days.values())
    if not whole_days:
        return None
    mean = sum(known.visits.values()) / whole_days
    return (known.visits.get(weekday, 0.0) + WEEKDAY_PRIOR * mean) / (known.days.get(weekday, 0.0) + WEEKDAY_PRIOR)


def expected(known: Arrivals, config: BranchConfig, day: date) -> dict[str, dict[int, float]] | None:
    """Visits by field and quarter of an hour of this whole day; None before any day was seen."""
    usual = usual_visits(known, WEEKDAYS[day.weekday()])
    if usual is None:
        return None
    if is_after_a_break(config, day):
        came, expected_then = known.after_break
        usual *= (came + BREAK_PRIOR) / (expected_then + BREAK_PRIOR)
    all_steps, all_fields = sum(known.steps.values()), sum(known.fields.values())
    return {
        code: {step: usual * share / all_fields * count / all_steps for step, count in sorted(known.steps.items())}
        for code, share in known.fields.items()
    }


def still_expected(
    known: Arrivals, config: BranchConfig, day: date, now: datetime, came: Mapping[str, int]
) -> dict[str, dict[int, float]] | None:
    """Who is still to come today, from the present quarter of an hour on, scaled by those who came: more or less than
    was expected until now."""
    whole = expected(known, config, day)
    if whole is None:
        return None
    present = step_of(config, now)
    begun = (now.timestamp() % STEP_S) / STEP_S
    until_now = sum(
        count * (1.0 if step < present else begun) for steps in whole.values() for step, count in steps.items()
        if step <= present
    )  # fmt: skip
    pace = (sum(came.values()) + TODAY_PRIOR) / (until_now + TODAY_PRIOR)
    return {
        code: {
            step: pace * count * ((1 - begun) if step == present else 1.0)
            for step, count in steps.items()
            if step >= present
        }
        for code, steps in whole.items()
    }
