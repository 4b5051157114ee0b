"""Who is called next. Tickets are bound late: each waits for its field, for every counter that can serve it."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from queue_server.domain.counters import Counter
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket


class Choice(Struct, frozen=True):
    """The ticket to call and why: `reason` is "priority", "oldest" or "ordinary_bound"."""

    ticket: Ticket
    reason: str
    candidates: int


def choose_next(state: BranchState, counter: Counter, now: datetime) -> Choice | None:
    """Priority first within a bound, otherwise the one who has waited longest; None when nobody may be called here."""
    fields = tuple(dict.fromkeys((*counter.fields, *counter.helps)))
    priority = _first(state, counter, now, fields, priority=True)
    ordinary = _first(state, counter, now, fields, priority=False)
    candidates = sum(state.waiting_count(code) for code in fields)
    if priority is None:
        return Choice(ordinary, "oldest", candidates) if ordinary else None
    rule = state.configured.rule
    is_bound_reached = counter.priority_run >= rule.priority_run
    if ordinary and is_bound_reached and now - ordinary.arrival_at > timedelta(seconds=rule.ordinary_after_s):
        return Choice(ordinary, "ordinary_bound", candidates)
    return Choice(priority, "priority", candidates)


def _first(
    state: BranchState, counter: Counter, now: datetime, fields: tuple[str, ...], *, priority: bool
) -> Ticket | None:
    heads = (_head(state, counter, now, code, priority=priority) for code in fields)
    return min((ticket for ticket in heads if ticket), key=lambda ticket: ticket.order, default=None)


def _head(state: BranchState, counter: Counter, now: datetime, code: str, *, priority: bool) -> Ticket | None:
    return next((t for t in state.waiting(code, priority=priority) if may_call(state, counter, t, now)), None)


def may_call(state: BranchState, counter: Counter, ticket: Ticket, now: datetime) -> bool:
    """Whether this counter may call this waiting ticket now: field, cool-down, and a binding that still holds."""
    if not counter.can_serve(ticket.field):
        return False
    if ticket.not_before is not None and now < ticket.not_before:
        return False
    return is_for(state, counter, ticket, now)


def is_for(state: BranchState, counter: Counter, ticket: Ticket, now: datetime) -> bool:
    """A ticket bound to another counter or clerk is not for this one, unless that one cannot take it for too long."""
    if ticket.only_counter is not None and ticket.only_counter != counter.no:
        return _has_loosened(state, ticket, state.counters.get(ticket.only_counter), now)
    if ticket.only_clerk is not None and ticket.only_clerk != counter.clerk:
        bound_to = next((c for c in state.counters.values() if c.clerk == ticket.only_clerk), None)
        return _has_loosened(state, ticket, bound_to, now)
    return True


def _has_loosened(state: BranchState, ticket: Ticket, bound_to: Counter | None, now: datetime) -> bool:
    if bound_to is not None and bound_to.is_open and bound_to.can_serve(ticket.field):
        return False
    away_since = max(filter(None, (ticket.bound_at, bound_to.since if bound_to else None)), default=ticket.arrival_at)
    return now - away_since >= timedelta(seconds=state.configured.limits.bound_loosens_s)
