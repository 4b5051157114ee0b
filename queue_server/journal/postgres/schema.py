"""The schema on PostgreSQL: its revision, and how it is changed while other processes serve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from queue_server.journal import migrations
from queue_server.journal.port import JournalUnavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

ANSWER_WITHIN_S = 10.0
"""A database that says nothing for so long is taken for lost: the outcome of what it was asked is unknown."""
LOCK = 0x1A7_50
"""Of all Lấy Số processes that start on one database, one migrates."""
HELD_WITHIN_S = 0.8
"""A migration holds every table before it changes one, and gives up after this time: whoever waits for it meanwhile
waits less than PostgreSQL's `deadlock_timeout` (1 s), after which one of two that wait for each other would fail."""
FIRST = "branch_head"
"""Every append takes it first: who has it need not fear for the others."""
TRIES, APART_S = 15, 1.0
LOCKED = (
    "the schema has to change, and something keeps a table from it: a backup, a report, or a transaction "
    "that somebody left open (pg_stat_activity names it). Nothing was changed; start again when that has ended"
)
QUERY_CANCELED = "57014"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false))"


class TablesInUse(Exception):
    """A migration cannot have all tables for itself."""


async def revision(connection: asyncpg.Connection) -> str | None:
    """The schema's revision, or None of a database without one."""
    if not await _has_table(connection, "alembic_version"):
        return None
    found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return found


async def oldest(connection: asyncpg.Connection, at: str | None) -> int | None:
    """The oldest revision whose release may go on with the schema at that one, where that is known."""
    if at is None or not await _has_table(connection, migrations.OLDEST_TABLE):
        return None
    name = migrations.OLDEST_NAME.format(at)
    found: int | None = await connection.fetchval("SELECT value FROM revision WHERE name = $1", name)
    return found


async def _has_table(connection: asyncpg.Connection, name: str) -> bool:
    found: bool = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name)
    return found


async def bring_up_to_date(url: str) -> None:
    """Migrate, unless that is done. SQLAlchemy and alembic are only imported when there is something to do.

    Raises:
        JournalUnavailable: something keeps a table from being altered.
        NewerDatabase: a newer release wrote it, and says that this one may not go on.
    """
    connection = await asyncpg.connect(url, timeout=ANSWER_WITHIN_S, command_timeout=ANSWER_WITHIN_S)
    try:
        found = await revision(connection)
        migrations.refuse_newer(found, await oldest(connection, found))
    finally:
        await connection.close()
    is_older = found is None or found in migrations.revisions()[:-1]
    if not is_older:
        return
    for _ in range(TRIES):
        try:
            async with changing(url) as session:
                await hold(session)
                await session.run_sync(migrations.upgrade)
            return
        except TablesInUse:
            await asyncio.sleep(APART_S)
    raise JournalUnavailable("unavailable", LOCKED)


@asynccontextmanager
async def changing(url: str) -> AsyncIterator[AsyncConnection]:
    """One transaction in which nobody else changes the schema; it is undone when the body fails.

    Raises:
        TablesInUse: nothing was changed.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda *_, **__: asyncpg.connect(url), poolclass=NullPool
    )
    try:
        async with engine.begin() as session:
            await session.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            yield session
    except DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) == QUERY_CANCELED:
            raise TablesInUse(str(fault.orig)) from fault
        raise JournalUnavailable("unavailable", str(fault.orig)) from fault
    finally:
        await engine.dispose()


async def hold(session: AsyncConnection) -> None:
    """Have all tables that there are, or fail soon."""
    from sqlalchemy import text

    existing = {row[0] for row in await session.execute(text(TABLES))}
    ours = existing.intersection(migrations.metadata().tables)
    if ours:
        ordered = sorted(ours, key=lambda name: (name != FIRST, name))
        await session.execute(text(f"SET LOCAL statement_timeout = {HELD_WITHIN_S * 1000:.0f}"))
        await session.execute(text(f"LOCK TABLE {', '.join(ordered)}"))
        await session.execute(text("SET LOCAL statement_timeout = 0"))
