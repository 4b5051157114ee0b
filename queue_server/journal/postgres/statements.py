"""The journal's SQL for PostgreSQL, and what it writes.

A batch is one statement: it moves the head, and only where the head was as expected it writes the rest. So an append is
one round trip and one transaction, and a conflict has written nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from queue_server.journal.batches import last_seq
from queue_server.journal.port import Batch, CommandRow, TicketRow
from queue_server.journal.rows import Row, micros, micros_or_none, personal_values

NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
"""The database's clock, in microseconds."""
NOW_IS = f"SELECT {NOW}"

_ADVANCE = """
    UPDATE branch_head SET seq = $2::bigint, day_seq = coalesce($3::bigint, day_seq), due_at = $4::bigint
    WHERE branch_id = $1 AND seq = $5::bigint RETURNING epoch
"""
_BEGIN = """
    INSERT INTO branch_head (branch_id, epoch, seq, day_seq, first_seq, due_at)
    VALUES ($1, $5::text, $2::bigint, coalesce($3::bigint, 1), 1, $4::bigint)
    ON CONFLICT DO NOTHING RETURNING epoch
"""
"""As `_ADVANCE`, for a branch that has no journal yet; $5 is its epoch."""
_HEAD_VALUES = 5
_EVENT = ("bigint", "text", "text", "int", "bytea")
_COMMAND = ("text", "text", "bytea", "bigint", "bigint", "text")
_TICKET_ROW = ("text", "text", "text", "text", "text", "bigint", "bigint", "bytea")
_PERSONAL = ("text", "text", "bigint", "text", "text", "bytea", "bigint")
_RENEW = """
    ON CONFLICT (id) DO UPDATE SET branch_id = excluded.branch_id, day = excluded.day, number = excluded.number,
        field = excluded.field, state = excluded.state, issued_at = excluded.issued_at, final_at = excluded.final_at,
        body = excluded.body
"""
VALUES_MAX = 80
"""A batch of so many values is given value by value, as nearly all are: asyncpg takes a third and PostgreSQL
a fifth less time for it than for arrays of one. A larger one comes as an array for each column."""


def append(batch: Batch, epoch: str) -> tuple[str, list[Any]]:
    """The statement that writes a batch, and its arguments; `epoch` is the branch's if it has no journal yet."""
    rows: tuple[list[Row], ...] = (
        [(e.seq, e.day.isoformat(), e.type, e.v, e.body) for e in batch.events],
        [_command_values(row) for row in batch.commands],
        [_ticket_values(row) for row in {row.id: row for row in batch.tickets}.values()],
        [personal_values(row) for row in batch.personal],
    )
    head = [batch.branch_id, last_seq(batch), batch.day_seq or None, micros_or_none(batch.due_at)]
    head.append(batch.expected or epoch)
    values = [value for table in rows for row in table for value in row]
    if len(values) <= VALUES_MAX:
        return _statement(batch.expected > 0, *map(len, rows)), [*head, *values]
    columns = [column for table, kinds in zip(rows, _TABLES, strict=True) for column in _columns(table, len(kinds))]
    return _statement(batch.expected > 0), [*head, *columns]


_TABLES = (_EVENT, _COMMAND, _TICKET_ROW, _PERSONAL)


@cache
def _statement(goes_on: bool, *counts: int) -> str:
    """For so many events, commands, tickets and personal rows, value by value; without counts for arrays."""
    places = iter(f"${n}" for n in range(_HEAD_VALUES + 1, 10_000))
    sources: list[str] = []
    for kinds, count in zip(_TABLES, counts or (None,) * len(_TABLES), strict=True):
        if count is None:
            sources.append("unnest(" + ", ".join(f"{next(places)}::{kind}[]" for kind in kinds) + ")")
        elif count:
            rows = ("(" + ", ".join(f"{next(places)}::{kind}" for kind in kinds) + ")" for _ in range(count))
            sources.append("(VALUES " + ", ".join(rows) + ")")
        else:
            sources.append("")
    events, commands, tickets, personal = sources
    parts = [f"WITH head AS ({_ADVANCE if goes_on else _BEGIN})"]
    if events:
        parts.append(f"events AS (INSERT INTO event SELECT $1, e.* FROM head, {events} AS e)")
    if commands:
        parts.append(f"commands AS (INSERT INTO command SELECT $1, c.* FROM head, {commands} AS c)")
    if tickets:
        parts.append(
            "tickets AS (INSERT INTO ticket SELECT t.id, $1, t.day, t.number, t.field, t.state, t.issued_at,"
            f" t.final_at, t.body FROM head, {tickets}"
            f" AS t (id, day, number, field, state, issued_at, final_at, body) {_RENEW})"
        )
    if personal:
        parts.append(f"personal_rows AS (INSERT INTO personal SELECT $1, p.* FROM head, {personal} AS p)")
    return ",\n".join(parts) + "\nSELECT epoch FROM head"


APPEND_MANY = """
WITH asked AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
        AS a (branch_id, seq, day_seq, due_at, expected)
), locked AS MATERIALIZED (
    SELECT h.branch_id FROM branch_head AS h JOIN asked AS a ON a.branch_id = h.branch_id AND a.expected = h.seq
    ORDER BY h.branch_id FOR UPDATE OF h
), head AS (
    UPDATE branch_head AS h SET seq = a.seq, day_seq = coalesce(a.day_seq, h.day_seq), due_at = a.due_at
    FROM asked AS a JOIN locked AS l ON l.branch_id = a.branch_id
    WHERE h.branch_id = a.branch_id AND h.seq = a.expected RETURNING h.branch_id, h.epoch
), events AS (
    INSERT INTO event (branch_id, seq, day, type, v, body)
    SELECT e.* FROM head JOIN unnest($6::text[], $7::bigint[], $8::text[], $9::text[], $10::int[], $11::bytea[])
        AS e (branch_id, seq, day, type, v, body) ON e.branch_id = head.branch_id
), commands AS (
    INSERT INTO command (branch_id, actor, key, fingerprint, first_seq, last_seq, day)
    SELECT c.* FROM head
    JOIN unnest($12::text[], $13::text[], $14::text[], $15::bytea[], $16::bigint[], $17::bigint[], $18::text[])
        AS c (branch_id, actor, key, fingerprint, first_seq, last_seq, day) ON c.branch_id = head.branch_id
), tickets AS (
    INSERT INTO ticket (branch_id, id, day, number, field, state, issued_at, final_at, body)
    SELECT t.* FROM head
    JOIN unnest($19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[], $25::bigint[],
        $26::bigint[], $27::bytea[]) AS t (branch_id, id, day, number, field, state, issued_at, final_at, body)
        ON t.branch_id = head.branch_id
    ON CONFLICT (id) DO UPDATE SET branch_id = excluded.branch_id, day = excluded.day, number = excluded.number,
        field = excluded.field, state = excluded.state, issued_at = excluded.issued_at, final_at = excluded.final_at,
        body = excluded.body
), personal_rows AS (
    INSERT INTO personal (branch_id, digest, ticket_id, seq, kind, value, salt, delete_after)
    SELECT p.* FROM head
    JOIN unnest($28::text[], $29::text[], $30::text[], $31::bigint[], $32::text[], $33::text[], $34::bytea[],
        $35::bigint[]) AS p (branch_id, digest, ticket_id, seq, kind, value, salt, delete_after)
        ON p.branch_id = head.branch_id
)
SELECT branch_id, epoch FROM head
"""
"""`append` for batches of many branches that have journals: each is written where its head is as expected, or not.
Heads are locked in the order of their branches, so that two who do this cannot wait for each other."""

_HEAD = "SELECT branch_id, epoch, seq, day_seq, first_seq, due_at FROM branch_head"
HEADS = _HEAD + " ORDER BY branch_id"
DAY_EVENTS = (
    "SELECT event.branch_id, event.seq, day, type, v, body FROM branch_head"
    " JOIN event ON event.branch_id = branch_head.branch_id AND event.seq = branch_head.day_seq"
)
DUE = "SELECT branch_id FROM branch_head WHERE due_at <= $1 ORDER BY due_at"
HEADS_OF = _HEAD + " WHERE branch_id = ANY($1::text[])"
SEQS_OF = "SELECT branch_id, seq FROM branch_head WHERE branch_id = ANY($1::text[])"
SEQ_OF = "SELECT seq FROM branch_head WHERE branch_id = $1"
EVENTS = """
SELECT a.number, e.* FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY
    AS a (branch_id, after, at_most, number)
CROSS JOIN LATERAL (
    SELECT seq, day, type, v, body FROM event
    WHERE event.branch_id = a.branch_id AND event.seq > a.after ORDER BY event.seq LIMIT a.at_most
) AS e ORDER BY a.number, e.seq
"""
HAVING = (
    "SELECT a.branch_id FROM unnest($1::text[], $2::bigint[]) AS a (branch_id, seq) CROSS JOIN LATERAL "
    "(SELECT FROM event AS e WHERE e.branch_id = a.branch_id AND e.seq > a.seq AND e.type = ANY($3::text[]) LIMIT 1)"
)
COMMAND = (
    "SELECT actor, key, fingerprint, first_seq, last_seq, day FROM command "
    "WHERE branch_id = $1 AND actor = $2 AND key = $3"
)
TAKEN = (
    "SELECT actor, key FROM command WHERE branch_id = $1 "
    "AND (actor, key) IN (SELECT * FROM unnest($2::text[], $3::text[]))"
)
_TICKET = "SELECT branch_id, id, day, number, field, state, issued_at, body, final_at FROM ticket"
TICKETS = _TICKET + " WHERE id = ANY($1::text[])"
TICKETS_OF_DAY = _TICKET + " WHERE branch_id = $1 AND day = $2 ORDER BY id"
PERSONAL_OF = (
    "SELECT ticket_id, seq, kind, value, salt, digest, delete_after FROM personal "
    "WHERE branch_id = $1 AND ticket_id = $2 ORDER BY seq, digest"
)
FORGET_PERSONAL = "DELETE FROM personal WHERE branch_id = $1 AND delete_after <= $2"
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


def append_many_values(batches: Sequence[Batch]) -> list[Any]:
    """The arguments of `APPEND_MANY`."""
    heads = ((b.branch_id, last_seq(b), b.day_seq or None, micros_or_none(b.due_at), b.expected) for b in batches)
    events = ((b.branch_id, e.seq, e.day.isoformat(), e.type, e.v, e.body) for b in batches for e in b.events)
    commands = ((b.branch_id, *_command_values(row)) for b in batches for row in b.commands)
    tickets = (
        (b.branch_id, *_ticket_values(row)) for b in batches for row in {row.id: row for row in b.tickets}.values()
    )
    personal = ((b.branch_id, *personal_values(row)) for b in batches for row in b.personal)
    heading = [*_columns(heads, 5), *_columns(events, 6), *_columns(commands, 7)]
    return [*heading, *_columns(tickets, 9), *_columns(personal, 8)]


def _command_values(row: CommandRow) -> Row:
    return (row.actor, row.key, row.fingerprint, row.first_seq, row.last_seq, row.day.isoformat())


def _ticket_values(row: TicketRow) -> Row:
    issued_at, final_at = micros(row.issued_at), micros_or_none(row.final_at)
    return (row.id, row.day.isoformat(), row.number, row.field, row.state, issued_at, final_at, row.body)


def _columns(rows: Iterable[Row], count: int) -> list[list[Any]]:
    """One list for each column."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]
