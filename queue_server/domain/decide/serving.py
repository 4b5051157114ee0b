"""What happens at the counter, from start of service to the end of the visit, and the second thoughts."""

from __future__ import annotations

from datetime import datetime, timedelta

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.commands import By
from queue_server.domain.counters import CounterState
from queue_server.domain.decide.calling import (
    called_back,
    free_counter,
    next_of,
    require_hand_on,
    require_service,
    turn_over,
)
from queue_server.domain.decide.issuing import require_day
from queue_server.domain.lifecycle import require
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import AT_COUNTER, Ticket, TicketState


def _ticket_in_hand(state: BranchState, command: c.TicketCommand, by: By) -> Ticket:
    ticket = state.ticket(command.ticket)
    require(ticket, c.name_of(command))
    require_hand_on(state, ticket, by)
    return ticket


def start(state: BranchState, command: c.Start, by: By, now: datetime) -> list[ev.Event]:
    ticket = _ticket_in_hand(state, command, by)
    return [ev.TicketServing(ticket.id, ticket.counter or 0)]


def imply_start(state: BranchState, command: c.ImplyStart, by: By, now: datetime) -> list[ev.Event]:
    """The timer's start, where clerks never press it; nothing when the ticket has moved on."""
    ticket = state.ticket(command.ticket)
    if ticket.state is not TicketState.CALLED:
        return []
    return [ev.TicketServing(ticket.id, ticket.counter or 0, is_implied=True)]


def finish(state: BranchState, command: c.Finish, by: By, now: datetime) -> list[ev.Event]:
    ticket = _ticket_in_hand(state, command, by)
    return [turn_over(state, ticket, command.outcome, command.dossiers)]


def end_service(state: BranchState, command: c.EndService, by: By, now: datetime) -> list[ev.Event]:
    ticket = _ticket_in_hand(state, command, by)
    return [ev.TicketFinished(ticket.id, "forgotten", is_inexact=True)]


def hold(state: BranchState, command: c.Hold, by: By, now: datetime) -> list[ev.Event]:
    ticket = _ticket_in_hand(state, command, by)
    return [ev.TicketHeld(ticket.id, command.reason, ticket.counter if command.here_only else None)]


def ready(state: BranchState, command: c.Ready, by: By, now: datetime) -> list[ev.Event]:
    """Somebody who was held has come back; any helper may say so."""
    ticket = state.ticket(command.ticket)
    require(ticket, "ready")
    return [ev.TicketReady(ticket.id)]


def resume(state: BranchState, command: c.Resume, by: By, now: datetime) -> list[ev.Event]:
    """Called back with a chime, or served quietly when the person already stands at the counter."""
    ticket = _ticket_in_hand(state, command, by)
    no = command.counter or ticket.counter or 0
    if ticket.only_counter is not None and ticket.only_counter != no:
        raise Refusal("held-elsewhere", number=ticket.number, counter=ticket.only_counter)
    counter = free_counter(state, no, by)
    require_service(counter, ticket, state.field(ticket.field))
    if command.quietly:
        return [ev.TicketServing(ticket.id, no, counter.clerk)]
    return [called_back(state, ticket, counter)]


def transfer(state: BranchState, command: c.Transfer, by: By, now: datetime) -> list[ev.Event]:
    """To another field, counter or named clerk; the arrival is kept."""
    ticket = _ticket_in_hand(state, command, by)
    if command.field is None and command.counter is None and command.clerk is None:
        raise Refusal("nowhere-to", number=ticket.number)
    field = state.field(command.field or ticket.field)
    if field.is_retired:
        raise Refusal("field-not-offered", field=field.code, field_name=field.name)
    if command.counter is not None:
        require_service(state.counter(command.counter), ticket, field)
    return [ev.TicketTransferred(ticket.id, field.code, command.counter, command.clerk, command.reason)]


def next_step(state: BranchState, command: c.NextStep, by: By, now: datetime) -> list[ev.Event]:
    """As planned, or to another field before that; a step that is planned for later is then done already."""
    ticket = _ticket_in_hand(state, command, by)
    planned = next(iter(ticket.further), None)
    code = command.field or planned
    if code is None:
        raise Refusal("no-next-step", number=ticket.number)
    field = state.field(code)
    if field.is_retired and code != planned:
        raise Refusal("field-not-offered", field=field.code, field_name=field.name)
    counter = state.counter(ticket.counter or 0)
    rest = _without(ticket.further, field.code)
    if command.here:
        require_service(counter, ticket, field)
        further = None if code == planned else rest
        back = None if code == planned else ticket.back
        return [ev.TicketStepDone(ticket.id, field.code, counter.no, counter.clerk, further, back)]
    if code == planned and not command.back:
        return [next_of(ticket)]
    if command.back:
        return [ev.TicketStepDone(ticket.id, field.code, further=(ticket.field, *rest), back=counter.no)]
    return [ev.TicketStepDone(ticket.id, field.code, further=rest, back=ticket.back)]


def _without(steps: tuple[str, ...], code: str) -> tuple[str, ...]:
    """The steps but for the first one of this field."""
    if code not in steps:
        return steps
    at = steps.index(code)
    return (*steps[:at], *steps[at + 1 :])


def cancel(state: BranchState, command: c.Cancel, by: By, now: datetime) -> list[ev.Event]:
    ticket = state.ticket(command.ticket)
    require(ticket, "cancel")
    return [ev.TicketCancelled(ticket.id, command.reason)]


def void(state: BranchState, command: c.Void, by: By, now: datetime) -> list[ev.Event]:
    ticket = state.ticket(command.ticket)
    require(ticket, "void")
    if ticket.times_reinstated:
        raise Refusal("already-counted", number=ticket.number)
    return [ev.TicketVoided(ticket.id, command.reason)]


def undo(state: BranchState, command: c.Undo, by: By, now: datetime) -> list[ev.Event]:
    """Take back the same actor's last change of a ticket, a few seconds after it, with nothing later on it."""
    require_day(state, now)
    ticket = state.ticket(command.ticket)
    before = state.before.get(ticket.id)
    if before is None or ticket.last.actor != by.actor:
        raise Refusal("nothing-to-undo", number=ticket.number)
    limit_s = state.configured.limits.undo_s
    if now - ticket.last.at > timedelta(seconds=limit_s):
        raise Refusal("undo-too-late", number=ticket.number, limit_s=limit_s)
    _require_room(state, before, ticket)
    return [ev.TicketUndone(ticket.id, ticket.last.seq, ticket.last.type, before.state)]


def _require_room(state: BranchState, before: Ticket, now: Ticket) -> None:
    """The counter that the ticket would be at again must not be closed, nor have somebody else by now."""
    if before.state not in AT_COUNTER or before.counter is None:
        return
    counter = state.counter(before.counter)
    if counter.state is CounterState.CLOSED:
        raise Refusal("counter-closed", counter=counter.no, state=counter.state.value)
    other = state.at_counter(before.counter)
    if other is not None and other.id != now.id:
        raise Refusal("counter-busy", counter=before.counter, number=other.number)
