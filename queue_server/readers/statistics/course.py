"""What a day's events say that its tickets do not: the configuration, its hours, the counters' open times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec
from msgspec.structs import replace

from queue_server.domain import events as ev
from queue_server.domain import hours, upcast
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.events import Recorded
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket
from queue_server.journal.port import Journal, StoredEvent
from queue_server.readers.days import events_of_day
from queue_server.readers.statistics.day import Course, DayReport, day_report

TOLD = {
    "day.opened",
    "day.closed",
    "branch.configured",
    "counter.opened",
    "counter.paused",
    "counter.closed",
    "advice.taken",
}
ISSUED = "ticket.issued"

_ticket = msgspec.json.Decoder(Ticket)


async def report_of(journal: Journal, state: BranchState, branch_id: str, day: date, now: datetime) -> DayReport | None:
    """The report of a day, or None when it was no service day. `state` is the branch's confirmed one: the present day
    is reported as of its position."""
    is_present = state.day is not None and state.day.date == day
    seq, tickets = state.seq, list(state.tickets.values())
    stored = [event async for event in events_of_day(journal, branch_id, day) if not is_present or event.seq <= seq]
    if not is_present:
        tickets = [_ticket.decode(row.body) for row in await journal.tickets_of_day(branch_id, day)]
    found = course(stored, now)
    if found is None:
        return None
    report = day_report(day, found, tickets, now)
    return replace(
        report, ratings=replace(report.ratings, comments=await _comments(journal, branch_id, report, tickets))
    )


async def _comments(journal: Journal, branch_id: str, report: DayReport, tickets: Sequence[Ticket]) -> tuple[str, ...]:
    """What citizens wrote who rated, once the day has ended and enough have rated that nobody is known by it."""
    if not report.ratings.is_complete or report.ratings.total.levels is None:
        return ()
    written = {ticket.id: ticket.rating.comment for ticket in tickets if ticket.rating and ticket.rating.comment}
    rows = [row for ticket in written for row in await journal.personal_of(branch_id, ticket)]
    return tuple(sorted(row.value for row in rows if row.digest == written.get(row.ticket_id)))


def course(stored: Iterable[StoredEvent], now: datetime) -> Course | None:
    """A day's course out of its events; None when none of them opened it."""
    events = list(stored)
    told = [upcast.load(e.seq, e.day, e.type, e.v, e.body) for e in events if e.type in TOLD]
    opened = next((item for item in told if isinstance(item.event, ev.DayOpened)), None)
    if opened is None:
        return None
    assert isinstance(opened.event, ev.DayOpened)
    closed = next((item for item in told if isinstance(item.event, ev.DayClosed)), None)
    ended_at = closed.at if closed else None
    configs = [item.event.config for item in told if isinstance(item.event, ev.DayOpened | ev.BranchConfigured)]
    return Course(
        config=configs[-1],
        opened_at=opened.at,
        ended_at=ended_at,
        given=len(opened.event.carried) + sum(1 for event in events if event.type == ISSUED),
        open_times=open_times(told, until=ended_at or _end(opened.event.config, opened.day, now)),
        taken=tuple((item.at, item.event) for item in told if isinstance(item.event, ev.AdviceTaken)),
    )


def _end(config: BranchConfig, day: date, now: datetime) -> datetime:
    """The open end of a day that has not been closed: now, or when the next one begins."""
    return min(now, hours.boundary(config, date.fromordinal(day.toordinal() + 1)))


def open_times(events: Iterable[Recorded], *, until: datetime) -> dict[int, float]:
    """Seconds that each counter was open; who is open still, until then. A pause is not open time."""
    seconds: dict[int, float] = {}
    since: dict[int, datetime] = {}
    for item in events:
        match item.event:
            case ev.CounterOpened(counter=no):
                since.setdefault(no, item.at)
            case ev.CounterPaused(counter=no) | ev.CounterClosed(counter=no) if no in since:
                seconds[no] = seconds.get(no, 0.0) + (item.at - since.pop(no)).total_seconds()
    for no, at in since.items():
        seconds[no] = seconds.get(no, 0.0) + max(0.0, (until - at).total_seconds())
    return seconds
