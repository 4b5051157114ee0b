"""What a ticket's history says of the visit: the same answers for live figures, reports and records."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

from queue_server.domain.tickets import Estimate, StintKind, Ticket, TicketState


def first_field(ticket: Ticket) -> str:
    """The field that the number was drawn for; amended while it first waited, the right one."""
    return ticket.stints[0].field if ticket.stints else ticket.field


def is_waiting_first(ticket: Ticket) -> bool:
    """Still waiting, and never called yet."""
    return ticket.state is TicketState.WAITING and all(stint.kind is StintKind.WAITING for stint in ticket.stints)


def told_and_true(ticket: Ticket) -> tuple[Estimate, timedelta] | None:
    """What was told when the number was taken, and how long it was from then on until the first call. None without
    either, and of whoever left the place in the queue before being called, as by postponing."""
    first = ticket.stints[0] if ticket.stints else None
    if ticket.told is None or first is None or first.end is None or first.ended != "ticket.called":
        return None
    return ticket.told, first.end - ticket.told.made_at


def first_wait(ticket: Ticket, now: datetime | None = None) -> timedelta:
    """All waiting before the first call, or until the end without one; a wait that still runs counts until `now`."""
    waited = timedelta()
    for stint in takewhile(lambda stint: stint.kind is StintKind.WAITING, ticket.stints):
        end = stint.end or now
        if end is not None and end > stint.start:
            waited += end - stint.start
    return waited
