"""The journal's SQL for SQLite, and what it writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from queue_server.journal.batches import last_seq
from queue_server.journal.port import Batch
from queue_server.journal.rows import micros, micros_or_none, personal_values

Row = tuple[Any, ...]

NOW = "(CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000)"
"""The database's clock, in microseconds (exact to a millisecond); `'now'` is one instant within a statement."""

NOW_IS = f"SELECT {NOW}"
ADD_HEAD = "INSERT INTO branch_head VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING"
MOVE_HEAD = "UPDATE branch_head SET seq = ?, day_seq = coalesce(?, day_seq), due_at = ? WHERE branch_id = ? AND seq = ?"
ADD_COMMAND = "INSERT INTO command VALUES (?, ?, ?, ?, ?, ?, ?)"
ADD_EVENT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)"
PUT_TICKET = (
    "INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
    "branch_id = excluded.branch_id, day = excluded.day, number = excluded.number, field = excluded.field, "
    "state = excluded.state, issued_at = excluded.issued_at, final_at = excluded.final_at, body = excluded.body"
)

ADD_PERSONAL = "INSERT INTO personal VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

_HEAD = "SELECT branch_id, epoch, seq, day_seq, first_seq, due_at FROM branch_head"
HEADS = _HEAD + " ORDER BY branch_id"
HEAD = _HEAD + " WHERE branch_id = ?"
DAY_EVENTS = (
    "SELECT event.branch_id, event.seq, day, type, v, body FROM branch_head"
    " JOIN event ON event.branch_id = branch_head.branch_id AND event.seq = branch_head.day_seq"
)
HAVING = (
    "SELECT a.key FROM json_each(?1) AS a WHERE EXISTS (SELECT 1 FROM event AS e WHERE e.branch_id = a.key"
    " AND e.seq > a.value AND e.type IN (SELECT value FROM json_each(?2)))"
)
DUE = "SELECT branch_id FROM branch_head WHERE due_at <= ? ORDER BY due_at"
EPOCH_OF = "SELECT epoch FROM branch_head WHERE branch_id = ?"
SEQ_OF = "SELECT seq FROM branch_head WHERE branch_id = ?"
EVENTS = "SELECT seq, day, type, v, body FROM event WHERE branch_id = ? AND seq > ? ORDER BY seq LIMIT ?"
COMMAND = (
    "SELECT actor, key, fingerprint, first_seq, last_seq, day FROM command "
    "WHERE branch_id = ? AND actor = ? AND key = ?"
)
_TICKET = "SELECT branch_id, id, day, number, field, state, issued_at, body, final_at FROM ticket"
TICKET = _TICKET + " WHERE id = ?"
TICKETS_OF_DAY = _TICKET + " WHERE branch_id = ? AND day = ? AND id > ? ORDER BY id LIMIT ?"

PERSONAL_OF = (
    "SELECT ticket_id, seq, kind, value, salt, digest, delete_after FROM personal "
    "WHERE branch_id = ? AND ticket_id = ? ORDER BY seq, digest"
)
FORGET_PERSONAL = "DELETE FROM personal WHERE branch_id = ? AND delete_after <= ?"
FORGET_COMMANDS = "DELETE FROM command WHERE branch_id = ? AND day < ?"

TAKE_CURSOR = (
    f"INSERT INTO cursor VALUES (?, ?, 0, 1, ?, {NOW} + ?) ON CONFLICT (reader, branch_id) DO UPDATE SET "
    "fence = fence + (holder <> excluded.holder), holder = excluded.holder, lease_until = excluded.lease_until "
    f"WHERE holder = excluded.holder OR lease_until <= {NOW} RETURNING seq, fence, lease_until"
)
MOVE_CURSOR = "UPDATE cursor SET seq = ? WHERE reader = ? AND branch_id = ? AND fence = ?"
CURSOR_SEQ = "SELECT seq FROM cursor WHERE reader = ? AND branch_id = ?"
CURSOR_SEQS = "SELECT branch_id, seq FROM cursor WHERE reader = ?"
RENEW_EPOCH = "UPDATE branch_head SET epoch = ? WHERE branch_id = ? AND epoch = ?"


def head_row(batch: Batch) -> Row:
    due_at = micros_or_none(batch.due_at)
    return (last_seq(batch), batch.day_seq or None, due_at, batch.branch_id, batch.expected)


def new_head_row(batch: Batch, epoch: str) -> Row:
    return (batch.branch_id, epoch, last_seq(batch), batch.day_seq or 1, micros_or_none(batch.due_at))


def event_rows(batches: Iterable[Batch]) -> list[Row]:
    return [
        (batch.branch_id, event.seq, event.day.isoformat(), event.type, event.v, event.body)
        for batch in batches
        for event in batch.events
    ]


def command_rows(batches: Iterable[Batch]) -> list[Row]:
    return [
        (batch.branch_id, row.actor, row.key, row.fingerprint, row.first_seq, row.last_seq, row.day.isoformat())
        for batch in batches
        for row in batch.commands
    ]


def personal_rows(batches: Iterable[Batch]) -> list[Row]:
    return [(batch.branch_id, *personal_values(row)) for batch in batches for row in batch.personal]


def ticket_rows(batches: Iterable[Batch]) -> list[Row]:
    return [
        (
            row.id,
            batch.branch_id,
            row.day.isoformat(),
            row.number,
            row.field,
            row.state,
            micros(row.issued_at),
            micros_or_none(row.final_at),
            row.body,
        )
        for batch in batches
        for row in batch.tickets
    ]
