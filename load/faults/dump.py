"""The database as it is in the end, read by SQL of its own: what is proved does not lean on what it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct


class EventRow(Struct, frozen=True):
    """`body` is the stored JSON: at, recorded_at, actor, event."""

    branch: str
    seq: int
    day: str
    type: str
    body: dict[str, Any]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = self.body["event"]
        return event


class CommandRow(Struct, frozen=True):
    branch: str
    actor: str
    key: str
    first: int
    last: int


class TicketRow(Struct, frozen=True):
    id: str
    branch: str
    day: str
    number: str
    field: str
    state: str
    revision: int = 0
    outcome: str | None = None


class HeadRow(Struct, frozen=True):
    branch: str
    epoch: str
    seq: int


class CursorRow(Struct, frozen=True):
    reader: str
    branch: str
    seq: int


class Dump(Struct, frozen=True):
    """Events by branch and seq; all else in no order."""

    events: list[EventRow]
    commands: list[CommandRow]
    tickets: list[TicketRow]
    heads: list[HeadRow]
    cursors: list[CursorRow]
    parked: list[str] = []
    """Ids of records that the dossier backend refused."""


async def dump(url: str) -> Dump:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            events = await connection.fetch("SELECT branch_id, seq, day, type, body FROM event ORDER BY 1, 2")
            commands = await connection.fetch("SELECT branch_id, actor, key, first_seq, last_seq FROM command")
            tickets = await connection.fetch("SELECT id, branch_id, day, number, field, state, body FROM ticket")
            heads = await connection.fetch("SELECT branch_id, epoch, seq FROM branch_head")
            cursors = await connection.fetch("SELECT reader, branch_id, seq FROM cursor")
            parked = await connection.fetch("SELECT id FROM parked_record")
    finally:
        await connection.close()
    return Dump(
        [EventRow(branch, seq, day, kind, msgspec.json.decode(body)) for branch, seq, day, kind, body in events],
        [CommandRow(*row) for row in commands],
        [_ticket(*row) for row in tickets],
        [HeadRow(*row) for row in heads],
        [CursorRow(*row) for row in cursors],
        [row[0] for row in parked],
    )


def _ticket(id: str, branch: str, day: str, number: str, field: str, state: str, body: bytes) -> TicketRow:
    whole = msgspec.json.decode(body)
    return TicketRow(id, branch, day, number, field, state, whole.get("revision", 0), whole.get("outcome"))


def write_dump(file: Path, found: Dump) -> None:
    file.write_bytes(msgspec.json.encode(found))


def read_dump(file: Path) -> Dump:
    return msgspec.json.decode(file.read_bytes(), type=Dump)
