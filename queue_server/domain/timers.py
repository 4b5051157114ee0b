"""What time itself asks for: `due(state)` names the next instant and the command that is then overdue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from queue_server.domain import hours
from queue_server.domain.commands import TIMER, Command, EndDay, ImplyStart, NoShow, OpenDay
from queue_server.domain.state import BranchState, Day
from queue_server.domain.tickets import Ticket, TicketState


class Due(Struct, frozen=True):
    """A command that time gives. Its key makes two processes do it once. One that was missed because the machine was
    off happens as of `missed_at` where that is given."""

    at: datetime
    command: Command
    kind: str
    subject: str
    missed_at: datetime | None = None

    @property
    def key(self) -> str:
        return f"timer/{self.kind}/{self.subject}/{self.at.isoformat()}"


def due(state: BranchState, now: datetime) -> Due | None:
    """The earliest thing that time asks of this branch, perhaps in the past; None when it has no configuration.

    `now` matters only for a branch whose last day has ended: it says which day is the next to open.
    """
    return min(_all(state, now), key=lambda item: item.at, default=None)


def _all(state: BranchState, now: datetime) -> Iterator[Due]:
    if state.config is None:
        return
    day = state.day
    if day is not None and day.ended_at is None:
        closing = closes_at(state, day)
        yield Due(ends_at(state, day, closing), EndDay(reason=TIMER), "end-day", day.date.isoformat(), closing)
        yield from _implied_starts(state)
        yield from _absences(state, day)
        return
    opening = _next_opening(state, now)
    if opening is not None:
        yield opening


def closes_at(state: BranchState, day: Day) -> datetime | None:
    """When the last counter's hours of this day end; None on a day without hours."""
    config = state.configured
    closings = (hours.closing(config, day.date, hours.in_force(config, day, field)) for field in (None, *config.fields))
    return max((at for at in closings if at is not None), default=None)


def ends_at(state: BranchState, day: Day, closing: datetime | None) -> datetime:
    """So many hours after the last closing, at the latest when the next service day begins."""
    config = state.configured
    next_begins = hours.boundary(config, day.date + timedelta(days=1))
    if closing is None:
        return next_begins
    return min(closing + timedelta(seconds=config.limits.end_day_after_s), next_begins)


def _next_opening(state: BranchState, now: datetime) -> Due | None:
    config = state.configured
    today = hours.service_day(config, now)
    last = state.day.date if state.day is not None else None
    day = today
    if last == today or not hours.is_working_day(config, today):
        following = hours.next_working_day(config, today)
        if following is None:
            return None
        day = following
    return Due(hours.boundary(config, day), OpenDay(day=day), "open-day", day.isoformat())


def _implied_starts(state: BranchState) -> Iterator[Due]:
    delay_s = state.configured.limits.implied_start_s
    if delay_s is None:
        return
    for no in state.counters:
        ticket = state.at_counter(no)
        if ticket is not None and ticket.state is TicketState.CALLED:
            at = ticket.last.at + timedelta(seconds=delay_s)
            yield Due(at, ImplyStart(ticket=ticket.id), "imply-start", f"{ticket.id}.{ticket.call}")


def _absences(state: BranchState, day: Day) -> Iterator[Due]:
    """Whoever was called often enough and has not come. Where a screen speaks for the
    counter, only calls that were spoken count."""
    limits = state.configured.limits
    most = limits.no_show_after_calls
    if most is None:
        return
    for no in state.counters:
        ticket = state.at_counter(no)
        called_at = _last_heard(state, ticket, most) if ticket and ticket.state is TicketState.CALLED else None
        if ticket is not None and called_at is not None:
            at = _spared(state, day, called_at + timedelta(seconds=limits.no_show_after_s))
            yield Due(at, NoShow(ticket=ticket.id), "no-show", f"{ticket.id}.{ticket.call}")


def _last_heard(state: BranchState, ticket: Ticket, most: int) -> datetime | None:
    """When the ticket was called last, if that was often enough; None when it was not."""
    call = state.call(ticket)
    desk = state.desk(ticket.counter or 0)
    if not any(screen.voice and screen.shows(desk) for screen in state.configured.screens):
        return (call.at if call else ticket.last.at) if ticket.times_called >= most else None
    return call.spoken_at if call and state.heard.get(ticket.id, 0) >= most else None


def _spared(state: BranchState, day: Day, at: datetime) -> datetime:
    """Not in a break, and not in the first minutes after it: who comes back from lunch is still on the way."""
    config = state.configured
    spares = timedelta(seconds=config.limits.no_show_spares_s)
    windows = hours.in_force(config, day, None).working
    ends = [hours.instant(config, day.date, window.end) for window in windows]
    starts = [hours.instant(config, day.date, window.start) for window in windows[1:]]
    again = next((start for end, start in zip(ends, starts, strict=False) if end <= at < start + spares), None)
    return at if again is None else again + spares
