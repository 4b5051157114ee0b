"""What a batch writes into the journal: its events, its commands, and the rows of the tickets it has changed."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from queue_server.branches.pending import Pending
from queue_server.domain import upcast
from queue_server.domain.state import Change
from queue_server.domain.tickets import Ticket
from queue_server.journal.port import Batch, CommandRow, StoredEvent, TicketRow


def batch_of(
    branch_id: str, decided: list[Pending], changes: list[Change], *, day_seq: int, due_at: datetime | None
) -> Batch:
    """One transaction, of at least one event."""
    accepted = [pending for pending in decided if pending.events]
    events = [event for pending in accepted for event in pending.events]
    day = events[-1].day
    return Batch(
        branch_id=branch_id,
        expected=events[0].seq - 1,
        events=[StoredEvent(e.seq, e.day, *upcast.store(e)) for e in events],
        commands=[
            CommandRow(p.by.actor, p.key, p.fingerprint, p.events[0].seq, p.events[-1].seq, day) for p in accepted
        ],
        tickets=[ticket_row(c.new, day) for c in changes if c.table == "tickets" and c.new is not None],
        day_seq=day_seq,
        due_at=due_at,
        personal=[w.row(p.ticket, p.events[0].seq) for p in accepted for w in p.words],
    )


def ticket_row(ticket: Ticket, day: date) -> TicketRow:
    """The projection of a ticket, as the reports and the dossier reader find it."""
    return TicketRow(
        id=ticket.id,
        day=day,
        number=ticket.number,
        field=ticket.field,
        state=ticket.state.value,
        issued_at=ticket.issued_at,
        final_at=ticket.final_at,
        body=_encoder.encode(ticket),
    )


_encoder = msgspec.json.Encoder()
