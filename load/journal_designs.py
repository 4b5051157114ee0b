"""Ways to write the journal, for load/journal_bench.py: those not chosen live on here, to be measured again."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from queue_server.journal.batches import draw_epoch
from queue_server.journal.port import Appended, Batch, Outcome
from queue_server.journal.sqlite import SqliteJournal
from queue_server.journal.sqlite import statements as sql
from queue_server.journal.sqlite.connections import open_writer
from queue_server.journal.sqlite.journal import COMMIT_DELAY
from queue_server.journal.sqlite.pace import Pace
from queue_server.journal.sqlite.thread import WriterThread

Entry = tuple[Batch, asyncio.Future[Outcome]]
CHECKPOINT_EVERY = 400


class Design(Protocol):
    async def append(self, batch: Batch) -> Outcome: ...

    async def close(self) -> None: ...


class NoJournal:
    """What the server costs without a journal."""

    async def append(self, batch: Batch) -> Outcome:
        await asyncio.sleep(0)
        return Appended("none")

    async def close(self) -> None:
        return None


class AllInThread:
    """The loop only collects; statements and COMMIT are the thread's. Batches must be right: nothing is refused."""

    def __init__(self, path: Path, write: Callable[[sqlite3.Cursor, Sequence[Batch]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = open_writer(path)
        self._write = write
        self._thread = WriterThread(self._loop)
        self._delay_s = float(os.environ.get(COMMIT_DELAY) or 0) / 1000
        self._waiting: list[Entry] = []
        self._is_busy = self._is_scheduled = False
        self._commits = 0

    async def append(self, batch: Batch) -> Outcome:
        future: asyncio.Future[Outcome] = self._loop.create_future()
        self._waiting.append((batch, future))
        self._schedule()
        return await future

    def _schedule(self) -> None:
        if self._waiting and not self._is_busy and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._submit)

    def _submit(self) -> None:
        self._is_scheduled, self._is_busy = False, True
        group, self._waiting = self._waiting, []

        def done(_: Any, fault: BaseException | None) -> None:
            self._is_busy = False
            for _batch, future in group:
                if fault:
                    future.set_exception(fault)
                else:
                    future.set_result(Appended("epoch"))
            self._schedule()

        self._thread.submit(lambda: self._carry_out([batch for batch, _ in group]), done)

    def _carry_out(self, batches: Sequence[Batch]) -> None:
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        self._write(cursor, batches)
        if self._delay_s:
            time.sleep(self._delay_s)
        cursor.execute("COMMIT")
        self._commits += 1
        if self._commits % CHECKPOINT_EVERY == 0:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    async def close(self) -> None:
        self._thread.stop()
        self._connection.close()


def by_rows(cursor: sqlite3.Cursor, batches: Sequence[Batch]) -> None:
    """One executemany for each table."""
    for batch in batches:
        if not batch.expected:
            cursor.execute(sql.ADD_HEAD, sql.new_head_row(batch, draw_epoch()))
    moves = [sql.head_row(batch) for batch in batches if batch.expected]
    cursor.executemany(sql.MOVE_HEAD, moves)
    cursor.executemany(sql.ADD_COMMAND, sql.command_rows(batches))
    cursor.executemany(sql.ADD_EVENT, sql.event_rows(batches))
    cursor.executemany(sql.PUT_TICKET, sql.ticket_rows(batches))


def _columns(*kinds: str) -> str:
    """The columns of a row that is a JSON array; a blob comes as hex where it is not text ("x"), else as text ("b")."""
    wrap = {"": "{}", "b": "CAST({} AS BLOB)", "x": "CAST({} AS BLOB)"}
    return ", ".join(wrap[kind].format(f"value ->> {place}") for place, kind in enumerate(kinds))


JSON_HEADS = (
    "UPDATE branch_head SET seq = value ->> 0, day_seq = coalesce(value ->> 1, day_seq), due_at = value ->> 2 "
    "FROM json_each(?) WHERE branch_id = value ->> 3 AND seq = value ->> 4"
)
JSON_COMMANDS = f"INSERT INTO command SELECT {_columns('', '', '', 'x', '', '', '')} FROM json_each(?)"
JSON_EVENTS = f"INSERT INTO event SELECT {_columns('', '', '', '', '', 'b')} FROM json_each(?)"
JSON_TICKETS = (
    f"INSERT INTO ticket SELECT {_columns('', '', '', '', '', '', '', '', 'b')} FROM json_each(?) WHERE true "
    + sql.PUT_TICKET[sql.PUT_TICKET.index("ON CONFLICT") :]
)


def by_json(cursor: sqlite3.Cursor, batches: Sequence[Batch]) -> None:
    """One statement for each table: the interpreter's lock is given up and taken back five times a commit."""
    for batch in batches:
        if not batch.expected:
            cursor.execute(sql.ADD_HEAD, sql.new_head_row(batch, draw_epoch()))
    cursor.execute(JSON_HEADS, (_json([sql.head_row(batch) for batch in batches]),))
    cursor.execute(JSON_COMMANDS, (_json(sql.command_rows(batches)),))
    cursor.execute(JSON_EVENTS, (_json(sql.event_rows(batches)),))
    cursor.execute(JSON_TICKETS, (_json(sql.ticket_rows(batches)),))


def _json(rows: Sequence[tuple[Any, ...]]) -> str:
    plain = [[one.decode("latin-1") if isinstance(one, bytes) else one for one in row] for row in rows]
    return msgspec.json.encode(plain).decode()


class _Always(Pace):
    """Trusts every disk."""

    def note(self, took_s: float, now: float) -> None:
        return None


DESIGNS = {
    "none": "no journal: what the server itself costs",
    "a": "all in the writer thread, executemany",
    "b": "all in the writer thread, json_each",
    "c": "statements on the loop, COMMIT in the writer thread",
    "d": "as c, and COMMIT on the loop while the disk is fast",
    "e": "statements and COMMIT always on the loop",
}


async def open_design(name: str, path: Path) -> Design:
    if name == "none":
        return NoJournal()
    if name in "ab":
        return AllInThread(path, by_rows if name == "a" else by_json)
    return await SqliteJournal.open(path, pace={"c": Pace(limit_s=0), "d": Pace(), "e": _Always()}[name])
