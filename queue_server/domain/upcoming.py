"""Whom a counter would call now: a question about the rule, that changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from queue_server.domain.routing import choose_next, waited_s
from queue_server.domain.state import BranchState


class Upcoming(NamedTuple):
    """A ticket by its id, and what a call of it would record: the reason, its wait in seconds, among how many."""

    ticket: str
    reason: str
    waited_s: int
    candidates: int


def who_is_next(state: BranchState, no: int, now: datetime) -> Upcoming | None:
    """None when nobody may be called to this counter, or there is no such counter."""
    counter = state.counters.get(no)
    choice = choose_next(state, counter, now) if counter is not None else None
    if choice is None:
        return None
    return Upcoming(choice.ticket.id, choice.reason, waited_s(choice.ticket, now), choice.candidates)
