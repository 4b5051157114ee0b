"""Rules to compare: the product's own, the study's reference, and oldest-first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from queue_server.domain import commands as c
from queue_server.domain.counters import Counter
from queue_server.domain.routing import may_call
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket

ORDINARY_AFTER_MIN = 30.0
PRIORITY_RUN = 2


class Product:
    """What the product does: `call-next`."""

    name = "product"

    def next(self, state: BranchState, counter: Counter, now: datetime) -> c.Command | None:
        return c.CallNext(counter=counter.no)

    def order(self, state: BranchState, idle: Sequence[Counter], now: datetime) -> Sequence[Counter]:
        return specialists_first(idle)


class Oldest:
    """Oldest-first over the tickets that the counter may call."""

    name = "oldest"

    def next(self, state: BranchState, counter: Counter, now: datetime) -> c.Command | None:
        ticket = min(callable_here(state, counter, now), key=lambda t: t.order, default=None)
        return c.Call(ticket=ticket.id, counter=counter.no) if ticket is not None else None

    def order(self, state: BranchState, idle: Sequence[Counter], now: datetime) -> Sequence[Counter]:
        return specialists_first(idle)


class Reference:
    """Point 4 of the study: priority first, but after two such calls in a row at a counter somebody there who has
    waited over 30 minutes; everybody else by minutes waited plus the pressure on the field."""

    name = "reference"

    def __init__(self) -> None:
        self._run: dict[int, int] = {}

    def next(self, state: BranchState, counter: Counter, now: datetime) -> c.Command | None:
        waiting = list(callable_here(state, counter, now))
        priority = min((t for t in waiting if t.has_priority), key=lambda t: t.order, default=None)
        ordinary = [t for t in waiting if not t.has_priority]
        chosen: Ticket | None
        if priority is not None:
            run = self._run.get(counter.no, 0)
            late = [t for t in ordinary if _minutes(t, now) > ORDINARY_AFTER_MIN] if run >= PRIORITY_RUN else []
            chosen = max(late, key=lambda t: _score(state, counter, t, now), default=priority)
        else:
            chosen = max(ordinary, key=lambda t: _score(state, counter, t, now), default=None)
        if chosen is None:
            return None
        self._run[counter.no] = self._run.get(counter.no, 0) + 1 if chosen.has_priority else 0
        return c.Call(ticket=chosen.id, counter=counter.no)

    def order(self, state: BranchState, idle: Sequence[Counter], now: datetime) -> Sequence[Counter]:
        return specialists_first(idle)


def _score(state: BranchState, counter: Counter, ticket: Ticket, now: datetime) -> tuple[float, int]:
    return (_minutes(ticket, now) + pressure(state, counter, ticket.field), -ticket.ordinal)


def pressure(state: BranchState, counter: Counter, code: str) -> float:
    """Waiting work of a field in minutes, for each other open counter that takes it."""
    others = sum(each.is_open and each.no != counter.no and each.can_serve(code) for each in state.counters.values())
    work = state.waiting_count(code) * state.field(code).service_time_s / 60
    return work / max(1, others)


def callable_here(state: BranchState, counter: Counter, now: datetime) -> Iterator[Ticket]:
    return (ticket for ticket in state.queue(counter) if may_call(state, counter, ticket, now))


def specialists_first(idle: Sequence[Counter]) -> list[Counter]:
    return sorted(idle, key=lambda each: (len({*each.fields, *each.helps}), each.no))


def _minutes(ticket: Ticket, now: datetime) -> float:
    return (now - ticket.arrival_at).total_seconds() / 60
