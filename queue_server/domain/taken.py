"""Which advice has been taken, or is no use any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec.structs import replace

from queue_server.domain.advice import Advices
from queue_server.domain.counters import CounterState
from queue_server.domain.state import BranchState


def was_taken(
    state: BranchState, kind: str, counter: int | None, fields: Collection[str], lender: str, now: datetime
) -> bool:
    """Whether this was taken today, and the time for which its effect was foreseen is not over."""
    asked = (kind, counter, set(fields), lender)
    taken = state.day.taken if state.day is not None else ()
    return any((e.kind, e.counter, set(e.fields), e.lender) == asked and now < e.foreseen.until for e in taken)


def is_done(
    state: BranchState, kind: str, counter: int | None, fields: Collection[str], lender: str, now: datetime
) -> bool:
    """Whether nothing of it is left to do, whoever did it. Of people who are under way only what was noted is known."""
    row = state.counters.get(counter or 0)
    if row is None or kind == "open":
        is_open = row is not None and row.state is not CounterState.CLOSED
        return is_open or was_taken(state, kind, counter, fields, lender, now)
    return row.state is CounterState.CLOSED or set(fields) <= set(row.takes)


def left_to_do(state: BranchState, advices: Advices, now: datetime) -> Advices:
    """Without what has been done since it was worked out."""
    found = [e for e in advices.found if not is_done(state, e.kind, e.no or None, e.fields, e.lender, now)]
    return replace(advices, found=found)
