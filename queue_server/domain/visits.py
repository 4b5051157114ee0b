"""What a ticket's history says of the visit: the same answers for live figures, reports and records."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import takewhile

from queue_server.domain.tickets import Estimate, Stint, StintKind, Ticket, TicketState


def first_field(ticket: Ticket) -> str:
    """The field that the number was drawn for; amended while it first waited, the right one."""
    return ticket.stints[0].field if ticket.stints else ticket.field


def is_waiting_first(ticket: Ticket) -> bool:
    """Still waiting, and never called yet."""
    return ticket.state is TicketState.WAITING and all(stint.kind is StintKind.WAITING for stint in ticket.stints)


def is_wait_known(ticket: Ticket) -> bool:
    """Whether somebody saw when it came: not of a list that was kept by hand."""
    return not any(stint.is_inexact for stint in ticket.stints if stint.kind is StintKind.WAITING)


def told_and_true(ticket: Ticket) -> tuple[Estimate, timedelta] | None:
    """What was told when the number was taken, and how long it was from then on until the first call. None without
    either, and of whoever left the place in the queue before being called, as by postponing."""
    first = ticket.stints[0] if ticket.stints else None
    if ticket.told is None or first is None or first.end is None or first.ended != "ticket.called":
        return None
    return ticket.told, first.end - ticket.told.made_at


def waited_between(ticket: Ticket, fields: Collection[str], since: datetime, until: datetime) -> timedelta | None:
    """How long it waited between these instants in one of these fields, until it was called: somebody who waited then
    already, or came. None of anybody else, as of who comes back to a queue in between."""
    if ticket.state is TicketState.VOIDED or not is_wait_known(ticket):
        return None
    index = next((i for i, each in enumerate(ticket.stints) if _is_wait(each) and (each.end or until) > since), None)
    if index is None or (index > 0 and ticket.stints[index].start > since):
        return None
    waiting = list(takewhile(_is_wait, ticket.stints[index:]))
    if waiting[0].start >= until or waiting[0].field not in fields:
        return None
    spans = (min(each.end or until, until) - max(each.start, since) for each in waiting)
    return sum((span for span in spans if span > timedelta()), timedelta())


def _is_wait(stint: Stint) -> bool:
    return stint.kind is StintKind.WAITING


def first_wait(ticket: Ticket, now: datetime | None = None) -> timedelta:
    """All waiting before the first call, or until the end without one; a wait that still runs counts until `now`."""
    waited = timedelta()
    for stint in takewhile(lambda stint: stint.kind is StintKind.WAITING, ticket.stints):
        end = stint.end or now
        if end is not None and end > stint.start:
            waited += end - stint.start
    return waited
