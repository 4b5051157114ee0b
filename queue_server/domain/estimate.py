"""How long a new arrival is told to wait: by the newest outlook, as long as it is fresh.

Without one (it is made elsewhere, and nobody waits for it) by pending work over the open counters that take the field.
It is told as a range, or not at all when nobody can say ("Chưa dự tính được").
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from queue_server.domain.counters import Counter, CounterState
from queue_server.domain.foresight import FieldOutlook, Outlook, Range
from queue_server.domain.routing import bound_to, is_for
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Estimate, Stream, Ticket

FRESH = timedelta(minutes=3)
"""An outlook that is older is not told any more: whoever makes them is gone."""
LOW, HIGH = 0.6, 1.6
"""The range around the likely value, wide on purpose until it is measured against what came true."""


def arrival_wait(
    state: BranchState,
    field: str,
    stream: Stream,
    ahead: Callable[[str], int],
    now: datetime,
    outlook: Outlook | None,
    only_counter: int | None = None,
) -> Estimate | None:
    """The wait of somebody who comes now, perhaps for one counter only. People who came or were called since the
    outlook was made count by the pace of the field, and so does whoever took the last free counter; `ahead` says how
    many of a field are called before."""
    seen = fresh(outlook, field, now)
    if seen is None:
        return pending_wait(state, field, ahead, now)
    expected, people = (seen.wait, seen.people)
    if only_counter is not None:
        expected = seen.counters.get(only_counter, expected)
    if stream is not Stream.ORDINARY:
        expected, people = seen.priority_wait, seen.priority_people
    if expected is None:  # nobody was there for it; somebody may be by now
        return pending_wait(state, field, ahead, now)
    later = ahead(field) - people
    if expected.high == 0 and not _free(state, field):
        later = max(0, later) + 1
    return _told(_after(expected, later * seen.pace), now)


def fresh(outlook: Outlook | None, field: str, now: datetime) -> FieldOutlook | None:
    """What an outlook says of a field; None when there is none, or it is too old to be told."""
    if outlook is None or now - outlook.at > FRESH:
        return None
    return outlook.fields.get(field)


def at_counters(outlook: Outlook | None, field: str, now: datetime) -> dict[int, Range]:
    """The wait of somebody who comes now for one counter only, by counter; empty where nobody can say."""
    seen = fresh(outlook, field, now)
    return {} if seen is None else seen.counters


def takes_more(outlook: Outlook | None, field: str, stream: Stream, now: datetime) -> bool | None:
    """Whether somebody who came now would be called before closing; None when nobody can say: without a fresh outlook,
    and where no counter is expected for the field. One may still open."""
    seen = fresh(outlook, field, now)
    if seen is None or not seen.pace:
        return None
    return seen.takes_more if stream is Stream.ORDINARY else seen.takes_more_priority


def waiting_wait(state: BranchState, ticket: Ticket, now: datetime, outlook: Outlook | None) -> Estimate | None:
    """How much longer a waiting ticket waits. One that has changed since the newest outlook, as by the next step of its
    visit, waits as somebody does who comes now and has the same people ahead."""
    is_seen = outlook is not None and now - outlook.at <= FRESH and ticket.last.at <= outlook.at
    if outlook is None or not is_seen or ticket.id not in outlook.tickets:
        return newcomer_wait(state, ticket, now, outlook)
    expected = outlook.tickets[ticket.id]
    if expected is None:
        return None
    passed_s = (now - outlook.at).total_seconds()
    return _told(Range(*(seconds - passed_s for seconds in (expected.likely, expected.low, expected.high))), now)


def _after(expected: Range, work_s: float) -> Range:
    """With so much more, or less, to be done before: as uncertain as work is."""
    less, more = sorted((work_s * LOW, work_s * HIGH))
    return Range(expected.likely + work_s, expected.low + less, expected.high + more)


def _told(expected: Range, now: datetime) -> Estimate:
    likely, low, high = (max(0, round(seconds)) for seconds in (expected.likely, expected.low, expected.high))
    return Estimate(likely, low, high, now)


def newcomer_wait(state: BranchState, ticket: Ticket, now: datetime, outlook: Outlook | None) -> Estimate | None:
    """The wait of this ticket as if it came now."""
    ahead = partial(state.ahead_of, ticket)
    return arrival_wait(state, ticket.field, ticket.stream, ahead, now, outlook, ticket.only_counter)


def people_before(state: BranchState, ticket: Ticket, now: datetime) -> int:
    """How many are called before this waiting ticket."""
    entry = (ticket.order, ticket.id)
    return people_ahead(state, ticket.field, ticket.stream, bound_to(state, ticket), entry, now)


def people_ahead(
    state: BranchState, field: str, stream: Stream, bound: Counter | None, entry: tuple[Any, ...], now: datetime
) -> int:
    """How many are called before whoever stands at `entry` of a field's stream, which begins as `Ticket.order` does.

    They are those of the same field. Who waits for one counter, `bound`, goes after everybody whom that one may call
    and who came before in one of its own fields; those who are bound elsewhere are not before it.
    """
    if bound is None or bound.state is CounterState.CLOSED or not bound.can_serve(field):
        return state.ahead(field, stream, entry)
    codes = bound.fields if field in bound.fields else (*bound.fields, field)
    return sum(is_for(state, bound, ticket, now) for code in codes for ticket in state.those_ahead(code, stream, entry))


def pending_wait(state: BranchState, field: str, ahead: Callable[[str], int], now: datetime) -> Estimate | None:
    """The wait of somebody in this field; None when it cannot honestly be said. `ahead` says how many of a field are
    called before.

    People of other fields count as far as the counters of this field are theirs too: of a field that three open
    counters take, one of which takes this field, a third.
    """
    counters = _open(state, field)
    if not counters:
        return None
    people = float(ahead(field))
    work_s = people * state.field(field).service_time_s
    for code in dict.fromkeys(code for counter in counters for code in (*counter.fields, *counter.helps)):
        if code != field and (waiting := ahead(code)):
            shared = sum(counter.can_serve(code) for counter in counters) / state.open_counters(code)
            people += waiting * shared
            work_s += waiting * shared * state.field(code).service_time_s
    free = _free(state, field)
    service_s = work_s / people if people else state.field(field).service_time_s
    if people < free:
        return Estimate(0, 0, round(service_s) // 2, now)
    likely = (people - free + 1) * service_s / len(counters)
    return Estimate(round(likely), round(likely * LOW), round(likely * HIGH), now)


def _open(state: BranchState, field: str) -> list[Counter]:
    """The counters that take this field now."""
    return [counter for counter in state.counters.values() if counter.is_open and counter.can_serve(field)]


def _free(state: BranchState, field: str) -> int:
    """How many of them have nobody."""
    return sum(state.at_counter(counter.no) is None for counter in _open(state, field))
