"""The journal's SQL for PostgreSQL, and what it writes.

A batch is one statement: it moves the head, and only where the head was as expected it writes the rest. So an append is
one round trip and one transaction, and a conflict has written nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from queue_server.journal.batches import last_seq
from queue_server.journal.port import Batch, TicketRow
from queue_server.journal.rows import Row, micros, micros_or_none

NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
"""The database's clock, in microseconds."""

_REST = """
, events AS (
    INSERT INTO event
    SELECT $1, e.* FROM head, unnest($6::bigint[], $7::text[], $8::text[], $9::int[], $10::bytea[]) AS e
), commands AS (
    INSERT INTO command
    SELECT $1, c.* FROM head, unnest($11::text[], $12::text[], $13::bytea[], $14::bigint[], $15::bigint[], $16::text[]) AS c
), tickets AS (
    INSERT INTO ticket
    SELECT t.id, $1, t.day, t.number, t.field, t.state, t.issued_at, t.final_at, t.body
    FROM head, unnest($17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::bigint[], $23::bigint[],
        $24::bytea[]) AS t (id, day, number, field, state, issued_at, final_at, body)
    ON CONFLICT (id) DO UPDATE SET branch_id = excluded.branch_id, day = excluded.day, number = excluded.number,
        field = excluded.field, state = excluded.state, issued_at = excluded.issued_at, final_at = excluded.final_at,
        body = excluded.body
)
SELECT epoch FROM head
"""  # noqa: E501
APPEND = f"""
WITH head AS (
    UPDATE branch_head SET seq = $2::bigint, day_seq = coalesce($3::bigint, day_seq), due_at = $4::bigint
    WHERE branch_id = $1 AND seq = $5::bigint RETURNING epoch
){_REST}"""
BEGIN = f"""
WITH head AS (
    INSERT INTO branch_head (branch_id, epoch, seq, day_seq, first_seq, due_at)
    VALUES ($1, $5::text, $2::bigint, coalesce($3::bigint, 1), 1, $4::bigint)
    ON CONFLICT DO NOTHING RETURNING epoch
){_REST}"""
"""As `APPEND`, for a branch that has no journal yet; $5 is its epoch."""

_HEAD = "SELECT branch_id, epoch, seq, day_seq, first_seq, due_at FROM branch_head"
HEADS = _HEAD + " ORDER BY branch_id"
DAY_EVENTS = (
    "SELECT event.branch_id, event.seq, day, type, v, body FROM branch_head"
    " JOIN event ON event.branch_id = branch_head.branch_id AND event.seq = branch_head.day_seq"
)
DUE = "SELECT branch_id FROM branch_head WHERE due_at <= $1 ORDER BY due_at"
HEADS_OF = _HEAD + " WHERE branch_id = ANY($1::text[])"
SEQ_OF = "SELECT seq FROM branch_head WHERE branch_id = $1"
EVENTS = "SELECT seq, day, type, v, body FROM event WHERE branch_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
COMMAND = (
    "SELECT actor, key, fingerprint, first_seq, last_seq, day FROM command "
    "WHERE branch_id = $1 AND actor = $2 AND key = $3"
)
TAKEN = (
    "SELECT actor, key FROM command WHERE branch_id = $1 "
    "AND (actor, key) IN (SELECT * FROM unnest($2::text[], $3::text[]))"
)
_TICKET = "SELECT branch_id, id, day, number, field, state, issued_at, body, final_at FROM ticket"
TICKET = _TICKET + " WHERE id = $1"
TICKETS_OF_DAY = _TICKET + " WHERE branch_id = $1 AND day = $2 ORDER BY id"
FORGET_COMMANDS = "DELETE FROM command WHERE branch_id = $1 AND day < $2"

TAKE_CURSOR = (
    f"INSERT INTO cursor VALUES ($1, $2, 0, 1, $3, {NOW} + $4::bigint) ON CONFLICT (reader, branch_id) DO UPDATE SET "
    "fence = cursor.fence + (cursor.holder <> excluded.holder)::int, holder = excluded.holder, "
    "lease_until = excluded.lease_until "
    f"WHERE cursor.holder = excluded.holder OR cursor.lease_until <= {NOW} RETURNING seq, fence, lease_until"
)
MOVE_CURSOR = "UPDATE cursor SET seq = $1 WHERE reader = $2 AND branch_id = $3 AND fence = $4 RETURNING 1"
CURSOR_SEQ = "SELECT seq FROM cursor WHERE reader = $1 AND branch_id = $2"
CURSOR_SEQS = "SELECT branch_id, seq FROM cursor WHERE reader = $1"
RENEW_EPOCH = "UPDATE branch_head SET epoch = $1 WHERE branch_id = $2 AND epoch = $3"


def append_values(batch: Batch, epoch: str) -> list[Any]:
    """The arguments of `APPEND`, or of `BEGIN` for a batch that expects no journal."""
    return [
        batch.branch_id,
        last_seq(batch),
        batch.day_seq or None,
        micros_or_none(batch.due_at),
        batch.expected or epoch,
        *_columns(((e.seq, e.day.isoformat(), e.type, e.v, e.body) for e in batch.events), 5),
        *_columns(
            ((c.actor, c.key, c.fingerprint, c.first_seq, c.last_seq, c.day.isoformat()) for c in batch.commands), 6
        ),
        *_columns((_ticket_values(row) for row in {row.id: row for row in batch.tickets}.values()), 8),
    ]


def _ticket_values(row: TicketRow) -> Row:
    issued_at, final_at = micros(row.issued_at), micros_or_none(row.final_at)
    return (row.id, row.day.isoformat(), row.number, row.field, row.state, issued_at, final_at, row.body)


def _columns(rows: Iterable[Row], count: int) -> list[list[Any]]:
    """One list for each column."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]
