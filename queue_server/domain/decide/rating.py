"""How satisfied citizens are: one rating a visit, however often it is pressed and wherever."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain import events as ev
from queue_server.domain.commands import By, Rate
from queue_server.domain.decide.issuing import require_day
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import TicketState


def rate(state: BranchState, command: Rate, by: By, now: datetime) -> list[ev.Event]:
    """Of a visit of this day that is over. A device speaks of those that ended at its own counter; the same rating
    again changes nothing."""
    ticket = state.ticket(command.ticket)
    if ticket.state is not TicketState.FINISHED:
        raise Refusal("ticket-state", number=ticket.number, state=ticket.state.value, command="rate")
    require_day(state, now)
    if by.counter is not None and ticket.counter != by.counter:
        raise Refusal("not-this-counter", number=ticket.number, counter=by.counter)
    reasons = tuple(dict.fromkeys(command.reasons))
    if ticket.rating is not None:
        if (ticket.rating.level, ticket.rating.reasons) == (command.level, reasons):
            return []
        raise Refusal("already-rated", number=ticket.number)
    unknown = set(reasons) - {reason.code for reason in state.configured.satisfaction.reasons}
    if unknown:
        raise Refusal("unknown-reason", reason=min(unknown))
    return [ev.TicketRated(ticket.id, command.level, reasons, *by.digests[:1])]
