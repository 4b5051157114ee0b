"""A whole PostgreSQL database into a file, and a whole file into an empty PostgreSQL database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

from queue_server.journal import migrations, rows
from queue_server.journal.backup import BackupFailed, making, opened
from queue_server.journal.port import Head
from queue_server.journal.postgres import schema
from queue_server.journal.postgres import statements as sql
from queue_server.journal.sqlite.connections import revision
from queue_server.journal.transfer.copying import compare, connect, copy_in, copy_out, told
from queue_server.journal.transfer.tables import BY_BRANCH, Part, beginning_anew, of_branches, tables


class NotEmpty(Exception):
    """There is a schema already."""


async def back_up(url: str, file: Path) -> None:
    """Copy the database as it is now into a new file: one snapshot, while everybody goes on.

    Raises:
        BackupFailed: nothing was made.
        NewerDatabase: a newer release wrote it.
        JournalUnavailable: the database does not answer.
    """
    async with told():
        connection = await connect(url)
        try:
            found = await schema.revision(connection)
            if found is None:
                raise BackupFailed("there is nothing of Lấy Số in that database")
            migrations.refuse_newer(found)
            with making(file) as partial, closing(_empty(partial, found)) as db:
                await _copy_snapshot(connection, db, found)
        finally:
            await connection.close()


async def _copy_snapshot(connection: asyncpg.Connection, db: sqlite3.Connection, found: str) -> None:
    """The tables are held first, as every reader holds them, so that no migration comes in between."""
    every = tables(db)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(f"LOCK TABLE {', '.join(table.name for table in every)} IN ACCESS SHARE MODE")
        if await schema.revision(connection) != found:
            raise BackupFailed("the schema was changed just now; try again")
        db.execute("BEGIN")
        for table in every:
            await copy_out(connection, table, db)
        db.execute("COMMIT")


def _empty(file: Path, at: str) -> sqlite3.Connection:
    """A new database with the schema of that revision; synced as a whole when it is done."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    with create_engine("sqlite://", creator=lambda: db, poolclass=StaticPool).connect() as session:
        session.exec_driver_sql("BEGIN")
        migrations.upgrade(session, at)
        session.commit()
    return db


async def restore(backup: Path, url: str) -> list[Head]:
    """Make the database of an empty PostgreSQL out of a file, in one transaction. Every branch begins a new epoch.

    Raises:
        NotEmpty: there is a schema already.
        JournalUnavailable: a server has the file open, or the database does not answer.
        BackupFailed, NewerDatabase: as `opened`.
        NotTheSame: what was written is not what the file holds; nothing was kept.
    """
    with opened(backup) as db:
        async with told(), schema.changing(url) as session:
            raw = await session.get_raw_connection()
            connection: Any = raw.driver_connection
            if await schema.revision(connection) is not None:
                raise NotEmpty
            await session.run_sync(migrations.upgrade, revision(db))
            await _fill(connection, db)
            await session.run_sync(migrations.upgrade)
            return [rows.head(row) for row in await connection.fetch(sql.HEADS)]


async def _fill(connection: asyncpg.Connection, db: sqlite3.Connection) -> None:
    parts = everything(db)
    for part in parts:
        if not part.where:
            await connection.execute(f"DELETE FROM {part.table.name}")  # what the migrations have put there
    for part in parts:
        await copy_in(connection, db, part)
    for part in parts:
        await compare(connection, db, part)


def everything(db: sqlite3.Connection) -> list[Part]:
    """All that a file holds, as it begins anew elsewhere."""
    changes = beginning_anew(_branches(db, "branch_head"))
    found: list[Part] = []
    for table in tables(db):
        if table.name in BY_BRANCH:
            found += of_branches(table, _branches(db, table.name))
        else:
            found.append(Part(table, change=changes.get(table.name)))
    return found


def _branches(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[0] for row in db.execute(f"SELECT DISTINCT branch_id FROM {table} ORDER BY branch_id")]
