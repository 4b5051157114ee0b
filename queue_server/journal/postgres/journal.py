"""`PostgresJournal`: the journal's port on PostgreSQL, through a small pool of connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import asyncpg
from asyncpg.exceptions import InternalClientError  # the driver, about a connection that broke under it

from queue_server.journal import rows
from queue_server.journal.batches import check, check_all, draw_epoch
from queue_server.journal.port import (
    Batch,
    CommandRow,
    Cursor,
    Database,
    Head,
    JournalUnavailable,
    Outcome,
    PersonalRow,
    StoredEvent,
    TicketRow,
)
from queue_server.journal.postgres import statements as sql
from queue_server.journal.postgres.appending import Appending, write_together
from queue_server.journal.postgres.lent import lend
from queue_server.journal.postgres.schema import ANSWER_WITHIN_S, bring_up_to_date
from queue_server.journal.together import Together

T = TypeVar("T")

CONNECTIONS = 8
BRANCHES_READ_AT_ONCE = 16
"""Of each there may be a day's events."""


class _Reading(NamedTuple):
    branch_id: str
    after: int
    limit: int


class PostgresJournal:
    """Made by `open`. All methods belong to the loop that opened it; other processes may write at any time."""

    is_shared = True

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._heads = Together(self._heads_of)
        self._tickets = Together(self._tickets_of)
        self._readings = Together(self._events_of, at_once=BRANCHES_READ_AT_ONCE)
        self._appending = Appending(self._connection)
        self._is_closed = False
        self.answered_at = 0.0
        self._accepted: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, url: str, *, connections: int = CONNECTIONS) -> PostgresJournal:
        """Connect, and make or upgrade the schema.

        `url` is `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, with the options of libpq.

        Raises:
            JournalUnavailable: there is no database there, or it lets nobody in.
            NewerDatabase: a newer release wrote it.
        """
        async with _told():
            await bring_up_to_date(url)
            pool = await asyncpg.create_pool(
                url,
                min_size=0,
                max_size=connections,
                command_timeout=ANSWER_WITHIN_S,
                timeout=ANSWER_WITHIN_S,
                max_inactive_connection_lifetime=0,
                reset=_leave,
                server_settings={"application_name": "layso"},
            )
        return cls(pool)

    async def now(self) -> datetime:
        return rows.instant((await self._fetch(sql.NOW_IS))[0][0])

    async def heads(self) -> list[Head]:
        return [rows.head(row) for row in await self._fetch(sql.HEADS)]

    async def day_events(self) -> dict[str, StoredEvent]:
        found = [tuple(row) for row in await self._fetch(sql.DAY_EVENTS)]
        return dict(zip((row[0] for row in found), rows.events(row[1:] for row in found), strict=True))

    async def due(self, at: datetime) -> list[str]:
        return [row[0] for row in await self._fetch(sql.DUE, rows.micros(at))]

    async def head(self, branch_id: str) -> Head | None:
        """Those that are asked for while a query is on its way are read together by the next one."""
        self._ensure_open()
        return await self._heads.get(branch_id)

    async def _heads_of(self, branch_ids: list[str]) -> dict[str, Head]:
        found = await self._fetch(sql.HEADS_OF, branch_ids)
        return {row[0]: rows.head(row) for row in found}

    async def read(self, branch_id: str, after: int, limit: int = 1000) -> list[StoredEvent]:
        """As `head`: a process that has just started reads hundreds of branches at the same time."""
        self._ensure_open()
        return await self._readings.get(_Reading(branch_id, after, max(0, limit))) or []

    async def _events_of(self, asked: list[_Reading]) -> dict[_Reading, list[StoredEvent]]:
        found: dict[_Reading, list[StoredEvent]] = {}
        for number, *row in await self._fetch(sql.EVENTS, *map(list, zip(*asked, strict=True))):
            found.setdefault(asked[number - 1], []).extend(rows.events([row]))
        return found

    async def having(self, types: Collection[str], after: Mapping[str, int]) -> set[str]:
        found = await self._fetch(sql.HAVING, list(after), list(after.values()), list(types))
        return {row[0] for row in found}

    async def append(self, batch: Batch) -> Outcome:
        self._ensure_open()
        check(batch)
        return await self._appending.append(batch)

    async def append_together(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        self._ensure_open()
        check_all(batches)
        return await self._accept(self._append_together(batches))

    async def find_command(self, branch_id: str, actor: str, key: str) -> CommandRow | None:
        row = await self._row(sql.COMMAND, branch_id, actor, key)
        return rows.command(row) if row else None

    async def find_ticket(self, ticket_id: str) -> tuple[str, TicketRow] | None:
        self._ensure_open()
        return await self._tickets.get(ticket_id)

    async def _tickets_of(self, ticket_ids: list[str]) -> dict[str, tuple[str, TicketRow]]:
        found = map(rows.ticket, await self._fetch(sql.TICKETS, ticket_ids))
        return {ticket.id: (branch_id, ticket) for branch_id, ticket in found}

    async def tickets_of_day(self, branch_id: str, day: date) -> list[TicketRow]:
        return [rows.ticket(row)[1] for row in await self._fetch(sql.TICKETS_OF_DAY, branch_id, day.isoformat())]

    async def personal_of(self, branch_id: str, ticket_id: str) -> list[PersonalRow]:
        return [rows.personal(row) for row in await self._fetch(sql.PERSONAL_OF, branch_id, ticket_id)]

    async def forget_personal(self, branch_id: str, now: datetime) -> int:
        return await self._delete(sql.FORGET_PERSONAL, branch_id, rows.micros(now))

    async def forget_commands(self, branch_id: str, before: date) -> int:
        return await self._delete(sql.FORGET_COMMANDS, branch_id, before.isoformat())

    async def _delete(self, statement: str, *given: Any) -> int:
        self._ensure_open()
        async with self._connection() as connection:
            status: str = await connection.execute(statement, *given)
        return int(status.rpartition(" ")[2])

    async def renew_epoch(self, branch_id: str, epoch: str) -> None:
        await self._fetch(sql.RENEW_EPOCH, draw_epoch(), branch_id, epoch)

    async def take_cursor(self, reader: str, branch_id: str, holder: str, lease_s: float) -> Cursor | None:
        row = await self._row(sql.TAKE_CURSOR, reader, branch_id, holder, int(lease_s * 1_000_000))
        return rows.cursor(reader, branch_id, holder, row) if row else None

    async def move_cursor(self, cursor: Cursor, seq: int) -> bool:
        return await self._row(sql.MOVE_CURSOR, seq, cursor.reader, cursor.branch_id, cursor.fence) is not None

    async def cursor_seq(self, reader: str, branch_id: str) -> int:
        row = await self._row(sql.CURSOR_SEQ, reader, branch_id)
        return row[0] if row else 0

    async def cursor_seqs(self, reader: str) -> dict[str, int]:
        return {row[0]: row[1] for row in await self._fetch(sql.CURSOR_SEQS, reader)}

    async def run(self, work: Callable[[Database], T]) -> T:
        self._ensure_open()
        return await self._accept(self._run(work))

    async def close(self) -> None:
        self._is_closed = True
        await self._appending.drain()
        while self._accepted:
            await asyncio.wait(self._accepted)
        await self._pool.close()

    # -- what was accepted is finished, also when its caller gives up -----------------------------------------------

    def _ensure_open(self) -> None:
        if self._is_closed:
            raise JournalUnavailable("closed")

    def _accept(self, work: Coroutine[Any, Any, T]) -> Awaitable[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._accepted.add(task)
        task.add_done_callback(self._accepted.discard)
        return asyncio.shield(task)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        async with _told(), self._pool.acquire(timeout=ANSWER_WITHIN_S) as connection:
            try:
                yield connection
                self.answered_at = time.monotonic()
            except asyncpg.ReadOnlySQLTransactionError:
                await self._pool.expire_connections()  # the server has become a standby: look for the primary anew
                raise

    async def _fetch(self, statement: str, *given: Any) -> list[rows.Row]:
        self._ensure_open()
        async with self._connection() as connection:
            found: list[rows.Row] = await connection.fetch(statement, *given)
        return found

    async def _row(self, statement: str, *given: Any) -> rows.Row | None:
        found = await self._fetch(statement, *given)
        return found[0] if found else None

    # -- appending ---------------------------------------------------------------------------------------------------

    async def _append_together(self, batches: Sequence[Batch]) -> list[Outcome]:
        async with self._connection() as connection:
            return await _again_after_a_migration(partial(write_together, connection, batches))

    async def _run(self, work: Callable[[Database], T]) -> T:
        async with self._connection() as connection:
            return await _again_after_a_migration(partial(lend, connection, work))


async def _again_after_a_migration(transaction: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """A schema that changed under a connection fails the first transaction on it that uses a statement prepared before.
    The driver forgets its statements then, and nothing was written. (Outside a transaction it repeats by itself.)"""
    try:
        return await transaction()
    except asyncpg.InvalidCachedStatementError:
        return await transaction()


async def _leave(_: object) -> None:
    """Connections go back to the pool as they are: nothing here changes their settings, and a reset is a round trip."""


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """What the database's errors, and the line's, mean to the caller."""
    try:
        yield
    except asyncpg.DiskFullError as fault:
        raise JournalUnavailable("disk-full", str(fault)) from fault
    except (asyncpg.PostgresError, asyncpg.InterfaceError, InternalClientError, OSError, TimeoutError) as fault:
        raise JournalUnavailable("unavailable", str(fault) or repr(fault)) from fault
