"""How long a new arrival is told to wait: by the newest outlook, as long as it is fresh.

Without one (it is made elsewhere, and nobody waits for it) by pending work over the open counters that take the field.
It is told as a range, or not at all when nobody can say ("Chưa dự tính được").
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from queue_server.domain.counters import Counter
from queue_server.domain.foresight import FieldOutlook, Outlook, Range
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Estimate, Stream, Ticket

FRESH = timedelta(minutes=3)
"""An outlook that is older is not told any more: whoever makes them is gone."""
LOW, HIGH = 0.6, 1.6
"""The range around the likely value, wide on purpose until it is measured against what came true."""
TO_THE_MINUTE, UNDER_MIN = 10, 5
"""Waits are told to the minute up to so many, and nobody is told less than "under five minutes"."""


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


def waiting_wait(
    state: BranchState, ticket: Ticket, ahead: Callable[[str], int], now: datetime, outlook: Outlook | None
) -> Estimate | None:
    """How much longer a waiting ticket waits."""
    if outlook is None or now - outlook.at > FRESH or ticket.id not in outlook.tickets:
        return pending_wait(state, ticket.field, ahead, now)
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


def told_minutes(estimate: Estimate) -> tuple[int, int]:
    """The range in which it is told, in minutes: to the minute up to 10, to five above; from 0 is told as "under". (As
    `LaySo.toldMinutes` of the pages.)"""
    low, high = _rounded(estimate.low_s, up=False), _rounded(estimate.high_s, up=True)
    return (0, max(high, UNDER_MIN)) if low < 1 else (low, high)


def _rounded(seconds: int, *, up: bool) -> int:
    minutes = -(-seconds // 60) if up else seconds // 60
    if minutes <= TO_THE_MINUTE:
        return minutes
    return (-(-minutes // 5) if up else minutes // 5) * 5


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
