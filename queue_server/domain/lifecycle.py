"""The life cycle of tickets and counters as data: which command may be given in which state, and what it becomes.

Anything that is not in these tables is a refusal that names the state. The documentation prints them from here.
"""

from __future__ import annotations

from msgspec import Struct

from queue_server.domain.counters import CounterState
from queue_server.domain.refusals import Refusal
from queue_server.domain.tickets import Ticket, TicketState

_W, _C, _S, _H = TicketState.WAITING, TicketState.CALLED, TicketState.SERVING, TicketState.HELD


class Transition(Struct, frozen=True):
    """Where a command may start, where it leads (several when the command says which), and the event it leaves."""

    source: frozenset[TicketState]
    target: frozenset[TicketState]
    event: str


def _row(source: set[TicketState], target: set[TicketState], event: str) -> Transition:
    return Transition(frozenset(source), frozenset(target), event)


TICKETS: dict[str, Transition] = {
    "call": _row({_W}, {_C}, "ticket.called"),
    "recall": _row({_C}, {_C}, "ticket.recalled"),
    "start": _row({_C}, {_S}, "ticket.serving"),
    "finish": _row({_S}, {TicketState.FINISHED, _W}, "ticket.finished"),
    "no-show": _row({_C}, {TicketState.NO_SHOW}, "ticket.no_show"),
    "return": _row({_C}, {_W}, "ticket.returned"),
    "postpone": _row({_W, _C}, {_W}, "ticket.postponed"),
    "hold": _row({_S}, {_H}, "ticket.held"),
    "ready": _row({_H}, {_W}, "ticket.ready"),
    "resume": _row({_H}, {_C, _S}, "ticket.called"),
    "amend": _row({_W, _C, _S, _H}, {_W, _C, _S, _H}, "ticket.amended"),
    "transfer": _row({_C, _S, _H}, {_W}, "ticket.transferred"),
    "next-step": _row({_S}, {_W, _C}, "ticket.step_done"),
    "cancel": _row({_W, _C, _H}, {TicketState.CANCELLED}, "ticket.cancelled"),
    "void": _row({_W, _C}, {TicketState.VOIDED}, "ticket.voided"),
    "reinstate": _row({TicketState.NO_SHOW, TicketState.CANCELLED}, {_W}, "ticket.reinstated"),
    "end-service": _row({_S}, {TicketState.FINISHED}, "ticket.finished"),
}

COUNTERS: dict[str, tuple[frozenset[CounterState], CounterState]] = {
    "open": (frozenset({CounterState.CLOSED, CounterState.OPEN, CounterState.PAUSED}), CounterState.OPEN),
    "pause": (frozenset({CounterState.OPEN, CounterState.PAUSED}), CounterState.PAUSED),
    "close": (frozenset({CounterState.OPEN, CounterState.PAUSED}), CounterState.CLOSED),
}


def require(ticket: Ticket, command: str) -> None:
    """Refuse a command that the ticket's state does not allow, naming the state and what may be done instead."""
    if ticket.state not in TICKETS[command].source:
        raise Refusal("ticket-state", number=ticket.number, state=ticket.state.value, command=command)


def require_counter(no: int, state: CounterState, command: str) -> None:
    if state not in COUNTERS[command][0]:
        raise Refusal("counter-state", counter=no, state=state.value, command=command)
