"""The journal's rows as they lie in SQL tables; the same in every database (see `tables.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from queue_server.journal.port import CommandRow, Cursor, Head, PersonalRow, StoredEvent, TicketRow

Row = Sequence[Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    return (instant - EPOCH) // MICROSECOND


def micros_or_none(instant: datetime | None) -> int | None:
    return None if instant is None else micros(instant)


def instant(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    return None if value is None else instant(value)


def head(row: Row) -> Head:
    branch_id, epoch, seq, day_seq, first_seq, due_at = row
    return Head(branch_id, epoch, seq, day_seq, first_seq, instant_or_none(due_at))


def events(rows: Iterable[Row]) -> Iterator[StoredEvent]:
    for seq, day, event_type, v, body in rows:
        yield StoredEvent(seq, date.fromisoformat(day), event_type, v, body)


def command(row: Row) -> CommandRow:
    actor, key, fingerprint, first_seq, last_seq, day = row
    return CommandRow(actor, key, fingerprint, first_seq, last_seq, date.fromisoformat(day))


def ticket(row: Row) -> tuple[str, TicketRow]:
    branch_id, ticket_id, day, number, field, state, issued_at, body, final_at = row
    on, issued = date.fromisoformat(day), instant(issued_at)
    return branch_id, TicketRow(ticket_id, on, number, field, state, issued, body, instant_or_none(final_at))


def personal(row: Row) -> PersonalRow:
    ticket_id, seq, kind, value, salt, digest, delete_after = row
    return PersonalRow(ticket_id, seq, kind, value, salt, digest, instant(delete_after))


def personal_values(row: PersonalRow) -> Row:
    """The columns after the branch."""
    return (row.digest, row.ticket_id, row.seq, row.kind, row.value, row.salt, micros(row.delete_after))


def cursor(reader: str, branch_id: str, holder: str, row: Row) -> Cursor:
    seq, fence, lease_until = row
    return Cursor(reader, branch_id, seq, fence, holder, instant(lease_until))
