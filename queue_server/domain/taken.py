"""Which advice has been taken, or is no use any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec.structs import replace

from queue_server.domain.advice import Advices
from queue_server.domain.counters import CounterState
from queue_server.domain.foresight import Asked
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
    is_closed = row is not None and row.state is CounterState.CLOSED
    if row is not None and kind == "assign":
        return is_closed or set(fields) <= set(row.takes)
    is_so = row is not None and (is_closed if kind == "close" else not is_closed)
    return is_so or was_taken(state, kind, counter, fields, lender, now)


def left_to_do(state: BranchState, advices: Advices, now: datetime) -> Advices:
    """Without what has been done since it was worked out."""
    found = [e for e in advices.found if not is_done(state, e.kind, e.no or None, e.fields, e.lender, now)]
    return replace(advices, found=found)


def asked_by(state: BranchState, now: datetime) -> tuple[Asked, ...]:
    """Who was asked to come here, as long as what was foreseen of it is not over."""
    taken = state.day.taken if state.day is not None else ()
    return tuple(
        Asked(e.kind, e.lender, e.fields, e.foreseen.at, e.foreseen.until)
        for e in taken
        if e.lender and now < e.foreseen.until
    )
