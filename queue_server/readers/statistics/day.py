"""A service day's report, as pure functions over its tickets: books that add up, waits, what was told of
them, services, counters, hours.

Rules, so that everybody can check a figure:

- A ticket belongs to the field in which it first waited, and is in exactly one column of the books.
- Voided tickets (tests, mistakes) are counted apart and stand in no other figure.
- The first wait runs from arrival to the first call; whoever was never called waited until the end. Who still waits
  for a first call is not in the figures of waits yet.
- Whoever was entered from a list that was kept by hand, as during a power cut, is in the books but in no figure of
  waits: nobody knows exactly when they came.
- The median is the middle wait, or half way between the middle two; a percentile is the nearest rank: a wait that
  somebody really had.
- An estimate is what was told when the number was taken, against the time from then until the first call: of everybody
  who was told a wait and was called, and did not leave the place in the queue before, as by postponing. The error is
  the mean difference to the likely wait, either way; the bias the same with its sign, above 0 where people were told
  too much. The range is the one that was told, in minutes, both ends included: "under 5 minutes" holds for whoever is
  called at once, too.
- A service is what one ticket took in one field at one counter, all parts together: fields and counters add up to the
  same total. A part whose end nobody saw leaves that service out of the mean.
- Advice that was taken is held against what came, over the time for which its effect was foreseen: the mean wait within
  that time of everybody who waited then already in the fields concerned, or came.
- An hour is the branch's: `issued` by arrival, `called` by first call.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from statistics import median

from msgspec import Struct
from msgspec.structs import astuple

from queue_server.domain import hours
from queue_server.domain.configuration import BranchConfig, Text
from queue_server.domain.events import AdviceTaken
from queue_server.domain.tickets import LIVE, Estimate, Stint, StintKind, Ticket, TicketState
from queue_server.domain.visits import (
    first_field,
    first_wait,
    is_wait_known,
    is_waiting_first,
    told_and_true,
    waited_between,
)
from queue_server.readers.statistics.ratings import Ratings, ratings

LONG, VERY_LONG = timedelta(minutes=15), timedelta(minutes=30)
"""Waits that citizens feel; shown as shares."""
LATE = timedelta(minutes=5)
"""Somebody who waits so much longer than told was told too little."""


class Books(Struct, frozen=True):
    """Where the day's numbers went. `present` are still in the centre, `voided` are not among the issued."""

    issued: int
    finished: int
    no_show: int
    cancelled: int
    rebooked: int
    expired: int
    present: int
    voided: int

    @property
    def adds_up(self) -> bool:
        ends = self.finished + self.no_show + self.cancelled + self.rebooked + self.expired
        return self.issued == ends + self.present


class Waits(Struct, frozen=True):
    """First waits of `people`, in seconds; None of nobody. `over_15` and `over_30` are people."""

    people: int
    mean_s: int | None
    median_s: int | None
    p95_s: int | None
    longest_s: int | None
    over_15: int
    over_30: int


class Estimates(Struct, frozen=True):
    """What `people` were told against what came true, in seconds; None of nobody. `error_s` is the mean difference,
    `bias_s` the mean of what was told less what came true. `too_little` of them waited over five minutes longer than
    told, `within` as long as the range said in its minutes, which four of five should at least."""

    people: int
    error_s: int | None
    bias_s: int | None
    too_little: int
    within: int


class Services(Struct, frozen=True):
    """Services that have ended; `inexact` of them are not in the mean."""

    count: int
    mean_s: int | None
    inexact: int


class FieldDay(Struct, frozen=True):
    """A field's day; `outcomes` are those of the finished."""

    code: str
    name: Text
    books: Books
    waits: Waits
    estimates: Estimates
    services: Services
    dossiers: int
    outcomes: dict[str, int]


class CounterDay(Struct, frozen=True):
    no: int
    services: Services
    open_s: int


class HourDay(Struct, frozen=True):
    """`hour` counts from the day's local midnight and may pass 24."""

    hour: int
    issued: int
    called: int


class AdviceDay(Struct, frozen=True):
    """Advice that was taken `taken_at`: "open" `counter`, "assign" it `fields` besides, or have somebody come from
    branch `lender` ("lend"), of whose name this journal knows nothing. From `at` until `until` so many `people` were
    foreseen to wait so many seconds on average, `without_s` and `with_s`; really it was `came_people`, and `came_s`:
    None until then, and the mean of nobody."""

    taken_at: datetime
    kind: str
    counter: int | None
    fields: tuple[str, ...]
    lender: str
    lender_name: Text | None
    at: datetime
    until: datetime
    people: float
    without_s: int
    with_s: int
    came_people: int | None
    came_s: int | None


class DayReport(Struct, frozen=True):
    """`made_at` is the instant that the figures hold for; `ended_at` None means that the day is open.

    `given` is how many numbers the journal's events gave; `is_balanced` that every column adds up to it.
    """

    branch: str
    name: Text
    organisation: Text
    timezone: str
    day: date
    opened_at: datetime
    ended_at: datetime | None
    made_at: datetime
    given: int
    is_balanced: bool
    fields: tuple[FieldDay, ...]
    total: FieldDay
    counters: tuple[CounterDay, ...]
    hours: tuple[HourDay, ...]
    advice: tuple[AdviceDay, ...]
    ratings: Ratings


class Course(Struct, frozen=True):
    """What the day's events say: its configuration, hours, how many numbers were given, how long counters were open
    (seconds by number), and which advice was taken when."""

    config: BranchConfig
    opened_at: datetime
    ended_at: datetime | None
    given: int
    open_times: dict[int, float]
    taken: tuple[tuple[datetime, AdviceTaken], ...] = ()


def day_report(day: date, course: Course, tickets: Sequence[Ticket], now: datetime) -> DayReport:
    """The report of one day out of all its tickets."""
    config, ended_at = course.config, course.ended_at
    names = {field.code: field.name for field in config.fields}
    by_field: dict[str, list[Ticket]] = {field.code: [] for field in config.fields if not field.is_retired}
    for ticket in tickets:
        by_field.setdefault(first_field(ticket), []).append(ticket)
    served = [service for ticket in tickets for service in services_of(ticket)]
    fields = tuple(
        _field(code, names.get(code, Text(code)), own, [service for service in served if service.field == code])
        for code, own in by_field.items()
    )
    total = _field("", Text("Tổng", "Total"), tickets, served)
    return DayReport(
        branch=config.branch,
        name=config.name,
        organisation=config.organisation,
        timezone=config.timezone,
        day=day,
        opened_at=course.opened_at,
        ended_at=ended_at,
        made_at=min(now, ended_at) if ended_at else now,
        given=course.given,
        is_balanced=_is_balanced(fields, total, course.given),
        fields=fields,
        total=total,
        counters=_counters(served, course.open_times),
        hours=_hours(config, day, tickets),
        advice=tuple(_advice(at, taken, tickets, now, is_over=ended_at is not None) for at, taken in course.taken),
        ratings=ratings(config, tickets, is_over=ended_at is not None),
    )


def _is_balanced(fields: Sequence[FieldDay], total: FieldDay, given: int) -> bool:
    columns = zip(*(astuple(field.books) for field in fields), strict=True)
    is_sum = not fields or tuple(map(sum, columns)) == astuple(total.books)
    is_whole = total.books.issued + total.books.voided == given
    return is_sum and is_whole and all(each.books.adds_up for each in (*fields, total))


def _field(code: str, name: Text, tickets: Sequence[Ticket], served: Sequence[Service]) -> FieldDay:
    counted = [ticket for ticket in tickets if ticket.state is not TicketState.VOIDED]
    finished = [ticket for ticket in counted if ticket.state is TicketState.FINISHED]
    return FieldDay(
        code=code,
        name=name,
        books=books(tickets),
        waits=waits(first_wait(t) for t in counted if not is_waiting_first(t) and is_wait_known(t)),
        estimates=estimates(found for ticket in counted if (found := told_and_true(ticket)) is not None),
        services=services(served),
        dossiers=sum(ticket.dossiers for ticket in finished),
        outcomes=dict(sorted(Tally(ticket.outcome or "done" for ticket in finished).items())),
    )


# -- books -------------------------------------------------------------------------------------------------------------


def books(tickets: Iterable[Ticket]) -> Books:
    states = Tally(ticket.state for ticket in tickets)
    return Books(
        issued=states.total() - states[TicketState.VOIDED],
        finished=states[TicketState.FINISHED],
        no_show=states[TicketState.NO_SHOW],
        cancelled=states[TicketState.CANCELLED],
        rebooked=states[TicketState.REBOOKED],
        expired=states[TicketState.EXPIRED],
        present=sum(states[state] for state in LIVE),
        voided=states[TicketState.VOIDED],
    )


# -- waits -------------------------------------------------------------------------------------------------------------


def waits(found: Iterable[timedelta]) -> Waits:
    ordered = sorted(found)
    if not ordered:
        return Waits(0, None, None, None, None, 0, 0)
    return Waits(
        people=len(ordered),
        mean_s=_seconds(sum(ordered, timedelta()) / len(ordered)),
        median_s=round(median(wait.total_seconds() for wait in ordered)),
        p95_s=_seconds(percentile(ordered, 95)),
        longest_s=_seconds(ordered[-1]),
        over_15=sum(1 for wait in ordered if wait > LONG),
        over_30=sum(1 for wait in ordered if wait > VERY_LONG),
    )


def percentile(ordered: Sequence[timedelta], percent: int) -> timedelta:
    """The nearest rank: the smallest value that at least so many percent do not exceed."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())


# -- estimates ---------------------------------------------------------------------------------------------------------


def estimates(found: Iterable[tuple[Estimate, timedelta]]) -> Estimates:
    pairs = [(told, true.total_seconds()) for told, true in found]
    if not pairs:
        return Estimates(0, None, None, 0, 0)
    errors = [told.likely_s - true for told, true in pairs]
    return Estimates(
        people=len(pairs),
        error_s=round(sum(map(abs, errors)) / len(errors)),
        bias_s=round(sum(errors) / len(errors)),
        too_little=sum(1 for error in errors if -error > LATE.total_seconds()),
        within=sum(1 for told, true in pairs if told.low_s <= round(true) <= told.high_s),
    )


# -- advice ------------------------------------------------------------------------------------------------------------


def _advice(at: datetime, taken: AdviceTaken, tickets: Iterable[Ticket], now: datetime, *, is_over: bool) -> AdviceDay:
    foreseen = taken.foreseen
    came = None
    if is_over or now >= foreseen.until:
        found = (waited_between(ticket, foreseen.fields, foreseen.at, foreseen.until) for ticket in tickets)
        came = waits(wait for wait in found if wait is not None)
    return AdviceDay(
        taken_at=at,
        kind=taken.kind,
        counter=taken.counter,
        fields=taken.fields,
        lender=taken.lender,
        lender_name=None,
        at=foreseen.at,
        until=foreseen.until,
        people=foreseen.people,
        without_s=foreseen.without_s,
        with_s=foreseen.with_s,
        came_people=came.people if came is not None else None,
        came_s=came.mean_s if came is not None else None,
    )


# -- services ----------------------------------------------------------------------------------------------------------


class Service(Struct, frozen=True):
    """What one ticket took in one field at one counter; `span` is None where it is inexact."""

    field: str
    counter: int
    span: timedelta | None


def services_of(ticket: Ticket) -> Iterator[Service]:
    """A ticket's services that have ended; none of a voided ticket."""
    if ticket.state is TicketState.VOIDED:
        return
    parts: dict[tuple[str, int], list[Stint]] = {}
    for stint in ticket.stints:
        if stint.kind is StintKind.SERVICE and stint.counter is not None:
            parts.setdefault((stint.field, stint.counter), []).append(stint)
    for (code, counter), stints in parts.items():
        if all(stint.end for stint in stints):
            yield Service(code, counter, _whole(stints))


def _whole(stints: Sequence[Stint]) -> timedelta | None:
    if any(stint.is_inexact for stint in stints):
        return None
    return sum((stint.end - stint.start for stint in stints if stint.end), timedelta())


def services(served: Sequence[Service]) -> Services:
    exact = [service.span for service in served if service.span is not None]
    mean = _seconds(sum(exact, timedelta()) / len(exact)) if exact else None
    return Services(len(served), mean, len(served) - len(exact))


# -- counters and hours ------------------------------------------------------------------------------------------------


def _counters(served: Sequence[Service], open_times: Mapping[int, float]) -> tuple[CounterDay, ...]:
    """Counters at which something was served, or that were open."""
    there: dict[int, list[Service]] = {no: [] for no, seconds in open_times.items() if seconds}
    for service in served:
        there.setdefault(service.counter, []).append(service)
    return tuple(CounterDay(no, services(there[no]), round(open_times.get(no, 0.0))) for no in sorted(there))


def _hours(config: BranchConfig, day: date, tickets: Iterable[Ticket]) -> tuple[HourDay, ...]:
    """Every hour between the first and the last in which something happened."""
    midnight = hours.instant(config, day, 0)
    issued: Tally[int] = Tally()
    called: Tally[int] = Tally()
    for ticket in tickets:
        if ticket.state is TicketState.VOIDED:
            continue
        issued[_hour(ticket.arrival_at, midnight)] += 1
        first = next((stint for stint in ticket.stints if stint.kind is StintKind.WALKING), None)
        if first is not None:
            called[_hour(first.start, midnight)] += 1
    found = {*issued, *called}
    span = range(min(found), max(found) + 1) if found else range(0)
    return tuple(HourDay(hour, issued[hour], called[hour]) for hour in span)


def _hour(at: datetime, midnight: datetime) -> int:
    return int((at - midnight).total_seconds() // 3600)
