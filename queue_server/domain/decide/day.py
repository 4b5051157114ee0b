"""The service day: opening it, changing it while it runs, and ending it without anybody vanishing."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import date, datetime

from queue_server.domain import events as ev
from queue_server.domain import hours
from queue_server.domain.commands import TIMER, By, ChangeHours, EndDay, OpenDay, ResumeField, SuspendField
from queue_server.domain.configuration import Window
from queue_server.domain.counters import CounterState
from queue_server.domain.decide.configuring import fields_of, without_retired
from queue_server.domain.decide.issuing import require_day
from queue_server.domain.decide.paper import printer_for
from queue_server.domain.numbering import is_exhausted, next_ordinal, printed
from queue_server.domain.refusals import Refusal
from queue_server.domain.scene import lessons_of
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Mark, Rebooking, Ticket, TicketState, enter

REBOOKED = "rebooked"


def open_day(state: BranchState, command: OpenDay, by: By, now: datetime) -> list[ev.Event]:
    """Begin a service day; nothing when it has begun already. The day before must have ended."""
    if state.day is not None and state.day.date >= command.day:
        return []
    if state.day is not None and state.day.ended_at is None:
        raise Refusal("day-still-open", day=state.day.date.isoformat())
    carried: list[Ticket] = []
    booked: list[Ticket] = []
    for ticket in state.rebooked():
        fresh = _carried(state, ticket, command.day)
        if fresh is None:
            booked.append(ticket)
        else:
            carried.append(fresh)
    config = without_retired(state.configured, fields_of((*carried, *booked)))
    return [ev.DayOpened(config, tuple(carried), tuple(booked), lessons_of(state))]


def _carried(state: BranchState, was: Ticket, day: date) -> Ticket | None:
    """A rebooked ticket on its new day: waiting, first in its field, with the number told on paper.

    None while its day is still to come, or its field does not work on this one.
    """
    config = state.configured
    windows = hours.planned(config, day, state.field(was.field)).working
    into = was.rebooked
    if into is None or day < into.day or not windows:
        return None
    arrival_at = hours.instant(config, day, windows[0].start)
    mark = Mark(state.seq + 1, "timer", arrival_at, "ticket.issued")
    begins = hours.boundary(config, day)
    fresh = Ticket(
        id=into.as_ticket,
        number=into.number,
        series=into.series,
        ordinal=into.ordinal,
        field=was.field,
        state=TicketState.WAITING,
        issued_at=begins,
        arrival_at=arrival_at,
        queue_at=begins,
        last=mark,
        stints=(),
        priority=was.priority,
        is_priority_confirmed=was.is_priority_confirmed,
        channel=REBOOKED,
        language=was.language,
        procedures=was.procedures,
        dossiers=was.dossiers_left,
        assistance=was.assistance,
        steps=was.further,
    )
    return enter(fresh, TicketState.WAITING, mark)


def end_day(state: BranchState, command: EndDay, by: By, now: datetime) -> list[ev.Event]:
    """Close the books: forgotten services finish, who waits is rebooked (on paper, unless it is the timer that ends the
    day, hours after everybody has gone) or expires, counters close."""
    day = state.day
    if day is None or day.ended_at is not None:
        return []
    ending: list[ev.Event] = []
    leftovers = sorted(state.live_tickets(), key=lambda ticket: (ticket.order, ticket.id))
    is_rebooking = (command.leftovers or state.configured.limits.leftovers) == "rebook"
    ordinals = _booked_ordinals(state)
    for ticket in leftovers:
        if ticket.state is TicketState.SERVING:
            ending.append(ev.TicketFinished(ticket.id, "forgotten", is_inexact=True))
            continue
        into = _rebooking(state, ticket, day.date, ordinals) if is_rebooking else None
        if into is None:
            ending.append(ev.TicketExpired(ticket.id))
            continue
        printer = None if command.reason == TIMER else printer_for(state, ticket.id, by)
        ending.append(ev.TicketRebooked(ticket.id, into, printer))
    ending += [
        ev.CounterClosed(no, "day-ended")
        for no, counter in sorted(state.counters.items())
        if counter.state is not CounterState.CLOSED
    ]
    return [*ending, ev.DayClosed(_books(state, ending), command.reason)]


def _booked_ordinals(state: BranchState) -> dict[str, int]:
    """The last ordinal of each series that is promised for a day to come."""
    ordinals: dict[str, int] = {}
    for ticket in state.booked.values():
        if ticket.rebooked is not None:
            series = ticket.rebooked.series
            ordinals[series] = max(ordinals.get(series, 0), ticket.rebooked.ordinal)
    return ordinals


def _rebooking(state: BranchState, ticket: Ticket, today: date, ordinals: dict[str, int]) -> Rebooking | None:
    """The next number of its field's series on that field's next working day; None when there is none."""
    field = state.field(ticket.field)
    day = hours.next_working_day(state.configured, today, field=field)
    series = state.series_of(field.series)
    last = ordinals.get(series.code)
    if field.is_retired or day is None or is_exhausted(series, last):
        return None
    ordinal = ordinals[series.code] = next_ordinal(series, last)
    origin = ticket.id.split("-", 1)[0]
    return Rebooking(day, f"{origin}-{day:%y%m%d}", printed(series, ordinal), series.code, ordinal)


_ENDS = {ev.TicketFinished: "finished", ev.TicketRebooked: "rebooked", ev.TicketExpired: "expired"}


def _books(state: BranchState, ending: list[ev.Event]) -> dict[str, int]:
    """How many of the day's tickets ended in each final state, those that end now included."""
    books: Tally[str] = Tally(ticket.state.value for ticket in state.tickets.values() if not ticket.is_live)
    books.update(_ENDS[type(event)] for event in ending if type(event) in _ENDS)
    return dict(sorted(books.items()))


def suspend_field(state: BranchState, command: SuspendField, by: By, now: datetime) -> list[ev.Event]:
    require_day(state, now)
    state.field(command.field)
    if not command.reason.vi.strip():
        raise Refusal("reason-missing")
    suspended = state.fields[command.field].suspended
    if suspended is not None and suspended.reason == command.reason:
        return []
    return [ev.FieldSuspended(command.field, command.reason)]


def resume_field(state: BranchState, command: ResumeField, by: By, now: datetime) -> list[ev.Event]:
    state.field(command.field)
    return [] if state.fields[command.field].suspended is None else [ev.FieldResumed(command.field)]


def change_hours(state: BranchState, command: ChangeHours, by: By, now: datetime) -> list[ev.Event]:
    """Today's hours for the branch or one field, from now on, with the reason that citizens read."""
    require_day(state, now)
    if command.field is not None:
        state.field(command.field)
    if not command.reason.vi.strip():
        raise Refusal("reason-missing")
    for windows in (command.hours.working, command.hours.issuing):
        _require_in_order(windows)
    return [ev.HoursChanged(command.hours, command.reason, command.field)]


def _require_in_order(windows: tuple[Window, ...]) -> None:
    """Windows must be non-empty, in order and apart, within one service day."""
    last = 0
    for window in windows:
        if not last <= window.start < window.end <= 48 * 60:
            raise Refusal("hours-out-of-order", start=window.start, end=window.end)
        last = window.end
