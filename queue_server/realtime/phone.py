"""What a citizen's phone follows: ticket:TOKEN, the own ticket and what concerns it, and ahead:TOKEN, how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import Struct

from queue_server.domain.estimate import people_before, waiting_wait
from queue_server.domain.foresight import Outlook
from queue_server.domain.state import TODAY, BranchState, Change
from queue_server.domain.tickets import Ticket, TicketState
from queue_server.protocol import rows
from queue_server.realtime.asking import may_be_asked, reason_rows
from queue_server.realtime.views import RowKey, day_row, field_row, is_shown_differently, name, told


def ticket_of(name: str) -> str:
    """The ticket of a channel that is named by its token."""
    return name.partition(":")[2].partition(".")[0]


class TicketView:
    """ticket:TOKEN, one citizen's own ticket; with it today's hours and its field, so that a phone need not follow the
    whole board."""

    def __init__(self, ticket_id: str) -> None:
        self.ticket_id = ticket_id

    def keys(self, state: BranchState) -> Iterator[RowKey]:
        ticket = state.tickets.get(self.ticket_id)
        if ticket is not None:
            yield "ticket", ticket.id
            yield "day", TODAY
            yield "fields", ticket.field

    def touched(self, state: BranchState, change: Change) -> Iterable[RowKey] | None:
        if change.table == "day":
            return None
        if change.table == "tickets" and change.key == self.ticket_id:
            sides = (side for side in (change.old, change.new) if side is not None)
            return [("ticket", self.ticket_id), ("day", TODAY), *(("fields", side.field) for side in sides)]
        if change.table == "fields" and is_shown_differently(change):
            return [("fields", change.key)]
        return ()

    def row(self, state: BranchState, key: RowKey) -> Struct | None:
        ticket = state.tickets.get(self.ticket_id)
        if ticket is None:
            return None
        match key[0]:
            case "ticket":
                return _ticket_row(state, ticket)
            case "day":
                return day_row(state)
            case _:
                return field_row(state, key[1]) if key[1] == ticket.field else None


def _ticket_row(state: BranchState, ticket: Ticket) -> rows.TicketRow:
    config, into = state.configured, ticket.rebooked
    floor, zone = _place(state, ticket)
    return rows.TicketRow(
        number=ticket.number,
        field=ticket.field,
        field_name=name(state.field(ticket.field).name),
        further=[name(state.field(code).name) for code in ticket.further],
        branch=config.branch,
        branch_name=name(config.name),
        state=ticket.state.value,
        counter=ticket.counter,
        floor=floor,
        zone=zone,
        call=ticket.call,
        times_called=ticket.times_called,
        arrival_at=ticket.arrival_at,
        told=told(ticket.told),
        not_before=ticket.not_before,
        only_counter=ticket.only_counter,
        postpones_left=max(0, config.limits.postpone_max - ticket.times_postponed),
        postpone_s=config.limits.postpone_s,
        can_rate=may_be_asked(ticket) and state.day is not None and state.day.ended_at is None,
        reasons=reason_rows(config.satisfaction) if ticket.state is TicketState.FINISHED else [],
        asks_all=config.satisfaction.asks_all,
        takes_comments=config.satisfaction.takes_comments,
        rebooked_as=into.number if into else None,
        rebooked_on=into.day.isoformat() if into else None,
    )


def _place(state: BranchState, ticket: Ticket) -> tuple[int | None, str]:
    """Floor and zone of the ticket's counter, each only where the branch has several."""
    if ticket.counter not in state.counters:
        return None, ""
    desks = [desk for desk in state.configured.counters if not desk.is_retired]
    desk = state.desk(ticket.counter)
    has_floors, has_zones = len({d.floor for d in desks}) > 1, len({d.zone for d in desks}) > 1
    return desk.floor if has_floors else None, desk.zone if has_zones else ""


def ahead(state: BranchState, ticket_id: str, now: datetime, outlook: Outlook | None = None) -> rows.Ahead:
    """ahead:TOKEN. The wait is dated to the minute, so that it is only sent when it says something new."""
    ticket = state.tickets.get(ticket_id)
    if ticket is None or ticket.state is not TicketState.WAITING:
        return rows.Ahead(None, None)
    minute = now.replace(second=0, microsecond=0)
    return rows.Ahead(people_before(state, ticket, now), told(waiting_wait(state, ticket, minute, outlook)))
