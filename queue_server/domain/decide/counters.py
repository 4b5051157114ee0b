"""A counter's small life cycle: open, paused with a reason, closed; who sits there; which fields it takes."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain import events as ev
from queue_server.domain.commands import AssignCounter, By, CloseCounter, MoveClerk, OpenCounter, PauseCounter
from queue_server.domain.counters import Counter, CounterState
from queue_server.domain.decide.calling import require_hand
from queue_server.domain.decide.issuing import require_day
from queue_server.domain.lifecycle import require_counter
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState


def open_counter(state: BranchState, command: OpenCounter, by: By, now: datetime) -> list[ev.Event]:
    """Open, or open again after a pause. One clerk per counter, one counter per clerk; a take-over is confirmed."""
    require_day(state, now)
    counter = state.counter(command.counter)
    if counter.is_retired:
        raise Refusal("counter-retired", counter=counter.no)
    if counter.is_open and counter.clerk == by.clerk:
        return []
    if counter.clerk != by.clerk:
        _require_own_agency(state, counter, by)
    if counter.clerk is not None and counter.clerk != by.clerk and not command.take_over:
        raise Refusal("counter-taken", counter=counter.no)
    elsewhere = [] if by.may_override else [c for c in state.counters.values() if _has_clerk(c, by, counter)]
    for other in elsewhere:
        _require_empty(state, other)
    moved: list[ev.Event] = [ev.CounterClosed(other.no, "moved") for other in elsewhere]
    return [*moved, ev.CounterOpened(counter.no, by.clerk)]


def _require_own_agency(state: BranchState, counter: Counter, by: By) -> None:
    """Who is posted for an agency sits at its counters, or at those of none."""
    desk = next((desk for desk in state.configured.counters if desk.no == counter.no), None)
    agency = desk.agency if desk is not None else ""
    if by.agency and agency not in ("", by.agency) and not by.may_override:
        names = {each.code: each.name for each in state.configured.agencies}
        own = names.get(by.agency, by.agency)
        raise Refusal("other-agency", counter=counter.no, agency=names.get(agency, agency), own=own)


def _has_clerk(counter: Counter, by: By, but: Counter) -> bool:
    return bool(by.clerk) and counter.clerk == by.clerk and counter.no != but.no


def pause_counter(state: BranchState, command: PauseCounter, by: By, now: datetime) -> list[ev.Event]:
    counter = state.counter(command.counter)
    require_counter(counter.no, counter.state, "pause")
    require_hand(counter, by)
    if counter.state is CounterState.PAUSED and counter.reason == command.reason:
        return []
    return [ev.CounterPaused(counter.no, command.reason)]


def close_counter(state: BranchState, command: CloseCounter, by: By, now: datetime) -> list[ev.Event]:
    """Close when nobody is called to it or served at it."""
    counter = state.counter(command.counter)
    if counter.state is CounterState.CLOSED:
        return []
    require_counter(counter.no, counter.state, "close")
    require_hand(counter, by)
    _require_empty(state, counter)
    return [ev.CounterClosed(counter.no, command.reason)]


def move_clerk(state: BranchState, command: MoveClerk, by: By, now: datetime) -> list[ev.Event]:
    """Send the clerk of a counter at which nobody is called or served to another one, which opens in the same state."""
    require_day(state, now)
    counter, to = state.counter(command.counter), state.counter(command.to)
    clerk = counter.clerk
    if clerk is None:
        raise Refusal("counter-closed", counter=counter.no, state=counter.state.value)
    if to.is_retired:
        raise Refusal("counter-retired", counter=to.no)
    if to.no == counter.no:
        return []
    if to.clerk is not None:
        raise Refusal("counter-taken", counter=to.no)
    _require_empty(state, counter)
    paused = [ev.CounterPaused(to.no, counter.reason or "")] if counter.state is CounterState.PAUSED else []
    return [ev.CounterClosed(counter.no, "moved"), ev.CounterOpened(to.no, clerk), *paused]


def _require_empty(state: BranchState, counter: Counter) -> None:
    current = state.at_counter(counter.no)
    if current is not None:
        raise Refusal("counter-busy", counter=counter.no, number=current.number)


def assign_counter(state: BranchState, command: AssignCounter, by: By, now: datetime) -> list[ev.Event]:
    require_day(state, now)
    counter = state.counter(command.counter)
    for code in (*command.fields, *command.helps):
        state.field(code)
    if (counter.fields, counter.helps) == (command.fields, command.helps):
        return []
    return [ev.CounterAssigned(counter.no, command.fields, command.helps)]
