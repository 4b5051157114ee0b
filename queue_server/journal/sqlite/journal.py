"""`SqliteJournal`: the journal's port on one SQLite file."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

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
from queue_server.journal.sqlite import statements as sql
from queue_server.journal.sqlite.connections import lock, open_reader, open_writer, unavailable
from queue_server.journal.sqlite.pace import Pace
from queue_server.journal.sqlite.place import MovedAway, Place
from queue_server.journal.sqlite.writer import Writer

T = TypeVar("T")

COMMIT_DELAY = "LAYSO_COMMIT_DELAY_MS"
ROWS_AT_ONCE = 256
"""Rows that are read in one go on the loop (some 0.3 ms); others have their turn in between."""
LONGEST_REPORT_S = 2.0
"""How long a report may hold its snapshot: until it ends, the WAL cannot begin anew."""


class SqliteJournal:
    """Made by `open`. All methods belong to the loop that opened it."""

    is_shared = False
    answered_at = 0.0

    def __init__(self, path: Path, writer: Writer, reader: sqlite3.Connection, held: IO[bytes], place: Place) -> None:
        self.path = path
        self._place = place
        self._writer = writer
        self._reader = reader
        self._lock = held
        self._is_closed = False

    @classmethod
    async def open(
        cls, path: Path | str, *, commit_delay_s: float | None = None, pace: Pace | None = None
    ) -> SqliteJournal:
        """Open the journal, making or upgrading the database.

        `commit_delay_s` makes every commit slower (default: the variable LAYSO_COMMIT_DELAY_MS), for benchmarks.

        Raises:
            JournalUnavailable: the file cannot be opened, or another process has it.
            NewerDatabase: a newer release wrote it.
        """
        place = Path(path)
        if commit_delay_s is None:
            commit_delay_s = float(os.environ.get(COMMIT_DELAY) or 0) / 1000
        place.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            held = undo.enter_context(lock(place))
            connection = undo.enter_context(closing(open_writer(place)))
            reader = undo.enter_context(closing(open_reader(place)))
            files = Place(place)
            undo.pop_all()
        return cls(place, Writer(connection, files, pace or Pace(), commit_delay_s), reader, held, files)

    async def now(self) -> datetime:
        return rows.instant(self._rows(sql.NOW_IS)[0][0])

    async def heads(self) -> list[Head]:
        return [rows.head(row) for row in self._rows(sql.HEADS)]

    async def day_events(self) -> dict[str, StoredEvent]:
        found = self._rows(sql.DAY_EVENTS)
        return dict(zip((row[0] for row in found), rows.events(row[1:] for row in found), strict=True))

    async def due(self, at: datetime) -> list[str]:
        return [row[0] for row in self._rows(sql.DUE, rows.micros(at))]

    async def head(self, branch_id: str) -> Head | None:
        row = self._row(sql.HEAD, branch_id)
        return rows.head(row) if row else None

    async def read(self, branch_id: str, after: int, limit: int = 1000) -> list[StoredEvent]:
        found: list[StoredEvent] = []
        while (wanted := min(limit - len(found), ROWS_AT_ONCE)) > 0:
            page = self._rows(sql.EVENTS, branch_id, found[-1].seq if found else after, wanted)
            found.extend(rows.events(page))
            if len(page) < wanted:
                break
            await asyncio.sleep(0)
        return found

    async def having(self, types: Collection[str], after: Mapping[str, int]) -> set[str]:
        asked = (json.dumps(dict(after)), json.dumps(list(types)))
        return {row[0] for row in self._rows(sql.HAVING, *asked)}

    async def append(self, batch: Batch) -> Outcome:
        check(batch)
        outcomes: list[Outcome] = await self._writer.append((batch,))
        return outcomes[0]

    async def append_together(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        check_all(batches)
        outcomes: list[Outcome] = await self._writer.append(batches)
        return outcomes

    async def find_command(self, branch_id: str, actor: str, key: str) -> CommandRow | None:
        row = self._row(sql.COMMAND, branch_id, actor, key)
        return rows.command(row) if row else None

    async def find_ticket(self, ticket_id: str) -> tuple[str, TicketRow] | None:
        row = self._row(sql.TICKET, ticket_id)
        return rows.ticket(row) if row else None

    async def tickets_of_day(self, branch_id: str, day: date) -> list[TicketRow]:
        found: list[TicketRow] = []
        while True:
            last = found[-1].id if found else ""
            page = self._rows(sql.TICKETS_OF_DAY, branch_id, day.isoformat(), last, ROWS_AT_ONCE)
            found.extend(rows.ticket(row)[1] for row in page)
            if len(page) < ROWS_AT_ONCE:
                return found
            await asyncio.sleep(0)

    async def personal_of(self, branch_id: str, ticket_id: str) -> list[PersonalRow]:
        return [rows.personal(row) for row in self._rows(sql.PERSONAL_OF, branch_id, ticket_id)]

    async def forget_personal(self, branch_id: str, now: datetime) -> int:
        given = (branch_id, rows.micros(now))
        return await self.run(lambda connection: connection.execute(sql.FORGET_PERSONAL, given).rowcount)

    async def forget_commands(self, branch_id: str, before: date) -> int:
        given = (branch_id, before.isoformat())
        return await self.run(lambda connection: connection.execute(sql.FORGET_COMMANDS, given).rowcount)

    async def renew_epoch(self, branch_id: str, epoch: str) -> None:
        given = (draw_epoch(), branch_id, epoch)
        await self.run(lambda connection: connection.execute(sql.RENEW_EPOCH, given).rowcount)

    async def take_cursor(self, reader: str, branch_id: str, holder: str, lease_s: float) -> Cursor | None:
        row = await self._writer.small(partial(_take, (reader, branch_id, holder, int(lease_s * 1_000_000))))
        return rows.cursor(reader, branch_id, holder, row) if row else None

    async def move_cursor(self, cursor: Cursor, seq: int) -> bool:
        moved = await self._writer.small(partial(_move, (seq, cursor.reader, cursor.branch_id, cursor.fence)))
        return bool(moved)

    async def cursor_seq(self, reader: str, branch_id: str) -> int:
        row = self._row(sql.CURSOR_SEQ, reader, branch_id)
        return row[0] if row else 0

    async def cursor_seqs(self, reader: str) -> dict[str, int]:
        return {row[0]: row[1] for row in self._rows(sql.CURSOR_SEQS, reader)}

    async def run(self, work: Callable[[Database], T]) -> T:
        result: T = await self._writer.run(work)
        return result

    async def report(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a longer reading function on a snapshot, in a thread. Prefer few rows: each costs the loop a pause.

        Raises:
            JournalUnavailable: it could not read, or took longer than `LONGEST_REPORT_S`.
        """
        self._ensure_open()
        return await asyncio.to_thread(_report, self.path, work)

    async def close(self) -> None:
        is_first, self._is_closed = not self._is_closed, True
        await self._writer.drain()
        if is_first:
            self._reader.close()
            await self._writer.shut()
            self._lock.close()

    def _ensure_open(self) -> None:
        if self._is_closed:
            raise JournalUnavailable("closed")
        try:
            self._place.ensure()
        except MovedAway as fault:
            raise unavailable(fault) from fault

    def _rows(self, statement: str, *given: Any) -> list[rows.Row]:
        self._ensure_open()
        try:
            return self._reader.execute(statement, given).fetchall()
        except sqlite3.Error as fault:
            raise unavailable(fault) from fault

    def _row(self, statement: str, *given: Any) -> rows.Row | None:
        found = self._rows(statement, *given)
        return found[0] if found else None


def _take(given: Iterable[Any], cursor: sqlite3.Cursor) -> rows.Row | None:
    found = cursor.execute(sql.TAKE_CURSOR, tuple(given)).fetchall()
    return found[0] if found else None


def _move(given: Iterable[Any], cursor: sqlite3.Cursor) -> bool:
    return cursor.execute(sql.MOVE_CURSOR, tuple(given)).rowcount == 1


def _report(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    connection = open_reader(path)
    until = time.monotonic() + LONGEST_REPORT_S
    connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
    try:
        connection.execute("BEGIN")
        return work(connection)
    except sqlite3.Error as fault:
        raise unavailable(fault) from fault
    finally:
        connection.close()
