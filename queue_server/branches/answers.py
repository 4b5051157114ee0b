"""The answer to an accepted command, made of its events alone, so that a repeat gets the first answer again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from queue_server.domain import events as ev
from queue_server.domain.commands import Command, CounterCommand, TicketCommand
from queue_server.domain.events import Recorded
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Estimate, TicketState


class WhyAnswer(Struct, frozen=True):
    rule: str
    reason: str
    candidates: int
    waited_s: int


class TicketAnswer(Struct, frozen=True, omit_defaults=True):
    """A ticket after a command. `position` is the branch's position that includes it. A new one with an `only_counter`
    is called by that one."""

    id: str
    state: str
    position: str
    branch: str
    number: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    counter: int | UnsetType = UNSET
    at: datetime | UnsetType = UNSET
    people_ahead: int | UnsetType = UNSET
    wait: Estimate | UnsetType | None = UNSET
    only_counter: int | UnsetType = UNSET
    times_called: int | UnsetType = UNSET
    why: WhyAnswer | UnsetType = UNSET
    not_before: datetime | UnsetType | None = UNSET
    token: str | UnsetType = UNSET


class CounterAnswer(Struct, frozen=True):
    """A counter after a command."""

    no: int
    state: str
    position: str
    branch: str


class BranchAnswer(Struct, frozen=True):
    """A command that concerned the branch as a whole."""

    branch: str
    position: str


Answer = TicketAnswer | CounterAnswer | BranchAnswer

_STATE: dict[type[ev.Event], TicketState] = {
    ev.TicketServing: TicketState.SERVING,
    ev.TicketFinished: TicketState.FINISHED,
    ev.TicketNoShow: TicketState.NO_SHOW,
    ev.TicketReturned: TicketState.WAITING,
    ev.TicketPostponed: TicketState.WAITING,
    ev.TicketHeld: TicketState.HELD,
    ev.TicketReady: TicketState.WAITING,
    ev.TicketTurnDone: TicketState.WAITING,
    ev.TicketTransferred: TicketState.WAITING,
    ev.TicketCancelled: TicketState.CANCELLED,
    ev.TicketVoided: TicketState.VOIDED,
    ev.TicketReinstated: TicketState.WAITING,
    ev.TicketRecalled: TicketState.CALLED,
    ev.TicketRated: TicketState.FINISHED,
}

NumberOf = Callable[[str], str]
"""The printed number of a ticket by its id; it never changes."""


def answer(branch: str, epoch: str, events: Sequence[Recorded], number_of: NumberOf) -> Answer:
    """What the command that left these events answers; its last event tells."""
    first, last = events[0], events[-1]
    position = f"{epoch}.{last.seq}"
    if isinstance(first.event, ev.TicketIssued) and first.event.is_inexact:
        return BranchAnswer(branch, position)  # a whole list of them
    match last.event:
        case ev.CounterOpened(counter=no):
            return CounterAnswer(no, "open", position, branch)
        case ev.CounterPaused(counter=no):
            return CounterAnswer(no, "paused", position, branch)
        case ev.CounterClosed(counter=no):
            return CounterAnswer(no, "closed", position, branch)
        case event if (ticket := getattr(event, "ticket", None)) is not None:
            details = _details(event)
            details.setdefault("number", number_of(ticket))
            return TicketAnswer(id=ticket, position=position, branch=branch, at=last.at, **details)
        case _:
            return BranchAnswer(branch, position)


def _details(event: ev.EventType) -> dict[str, Any]:
    match event:
        case ev.TicketIssued():
            return {
                "state": "waiting",
                "number": event.number,
                "field": event.field,
                "people_ahead": event.people_ahead,
                "wait": event.told,
                "only_counter": UNSET if event.only_counter is None else event.only_counter,
            }
        case ev.TicketCalled(why=why):
            return {
                "state": "called",
                "number": event.number,
                "field": event.field,
                "counter": event.counter,
                "times_called": event.times,
                "why": WhyAnswer(why.rule, why.reason, why.candidates, why.waited_s),
            }
        case ev.TicketRecalled():
            return {"state": "called", "number": event.number, "counter": event.counter, "times_called": event.times}
        case ev.TicketServing():
            return {"state": "serving", "counter": event.counter}
        case ev.TicketStepDone(counter=None):
            return {"state": "waiting", "field": event.field}
        case ev.TicketStepDone():
            return {"state": "called", "field": event.field, "counter": event.counter}
        case ev.TicketUndone():
            return {"state": event.to.value}
        case ev.TicketReturned() | ev.TicketPostponed():
            return {"state": "waiting", "not_before": event.not_before}
        case ev.TicketTransferred():
            return {"state": "waiting", "field": event.field}
        case _:
            state = _STATE.get(type(event))
            return {"state": state.value if state else "unchanged"}


def unchanged(state: BranchState, branch: str, position: str, command: Command) -> Answer:
    """The answer to a command that asked for what is already so."""
    if isinstance(command, CounterCommand):
        return CounterAnswer(command.counter, state.counters[command.counter].state.value, position, branch)
    if isinstance(command, TicketCommand):
        ticket = state.tickets[command.ticket]
        return TicketAnswer(
            id=ticket.id, state=ticket.state.value, position=position, branch=branch, number=ticket.number
        )
    return BranchAnswer(branch, position)
