"""Rows from a file into PostgreSQL and back out of it, inside a transaction of the caller's."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from queue_server.journal.port import JournalUnavailable
from queue_server.journal.postgres.schema import ANSWER_WITHIN_S
from queue_server.journal.rows import Row
from queue_server.journal.transfer.tables import Part, Table, insert, rows_in, select

ROWS_AT_ONCE, PIECES_AT_ONCE = 500, 20
"""Of files for screens each row is a piece of 256 kB."""


class NotTheSame(Exception):
    """What was written is not what was read; says of which table."""


@asynccontextmanager
async def told() -> AsyncIterator[None]:
    """What PostgreSQL's errors, and the line's, mean to the caller.

    Raises:
        JournalUnavailable
    """
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as fault:
        raise JournalUnavailable("unavailable", str(fault) or repr(fault)) from fault


async def connect(url: str) -> asyncpg.Connection:
    """A connection for long work: only the beginning has a limit of time."""
    return await asyncpg.connect(url, timeout=ANSWER_WITHIN_S, server_settings={"application_name": "layso transfer"})


async def copy_out(connection: asyncpg.Connection, table: Table, db: sqlite3.Connection) -> None:
    """All rows of a table into a file, in the place of what it has there."""
    db.execute(f"DELETE FROM {table.name}")
    statement, page = insert(table), []
    async for row in _rows_there(connection, Part(table), is_ordered=False):
        page.append(row)
        if len(page) == _at_once(table):
            db.executemany(statement, page)
            page = []
    db.executemany(statement, page)


async def copy_in(connection: asyncpg.Connection, db: sqlite3.Connection, part: Part) -> None:
    """The rows of a part, by COPY: the driver asks for as many as the line takes."""
    await connection.copy_records_to_table(part.table.name, records=rows_in(db, part), columns=part.table.columns)


async def compare(connection: asyncpg.Connection, db: sqlite3.Connection, part: Part) -> int:
    """Read a part back; how many rows it has.

    Raises:
        NotTheSame: a row is missing, is one too many, or differs in a byte.
    """
    count, there = 0, _rows_there(connection, part, is_ordered=True)
    for row in rows_in(db, part):
        if await anext(there, None) != tuple(row):
            raise NotTheSame(part.table.name)
        count += 1
    if await anext(there, None) is not None:
        raise NotTheSame(part.table.name)
    return count


async def _rows_there(connection: asyncpg.Connection, part: Part, *, is_ordered: bool) -> AsyncIterator[Row]:
    statement = select(part, is_ordered=is_ordered)
    async for row in connection.cursor(statement, *part.values, prefetch=_at_once(part.table)):
        yield tuple(row)


def _at_once(table: Table) -> int:
    return PIECES_AT_ONCE if table.name == "media_piece" else ROWS_AT_ONCE
