"""The one writer: what waits is written as a group, inline; the commit follows inline or in the writer thread.

The connection is used by one side at a time: by the loop, or, while `_is_lent`, by the thread.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from queue_server.journal.gathering import Gathering
from queue_server.journal.port import Batch, JournalUnavailable
from queue_server.journal.sqlite.connections import BUSY_S, roll_back, unavailable
from queue_server.journal.sqlite.groups import ENTRY_FAULTS, Entry, GroupWriter, Small
from queue_server.journal.sqlite.pace import Pace
from queue_server.journal.sqlite.place import MovedAway, Place
from queue_server.journal.sqlite.thread import WriterThread

log = logging.getLogger(__name__)

CHECKPOINT_AFTER = 2000
"""Changed rows (and four for each commit) after which the WAL is copied into the database: some 2,000 pages at most,
which takes 2 to 4 ms on a good SSD."""

Work = Callable[[sqlite3.Connection], Any]


class Writer:
    """Joins what arrives in one turn of the loop, or during a commit, into one transaction."""

    def __init__(self, connection: sqlite3.Connection, place: Place, pace: Pace, commit_delay_s: float = 0.0) -> None:
        """`commit_delay_s` makes every commit slower, for benchmarks, and never on the loop."""
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._place = place
        self._pace = Pace(limit_s=0) if commit_delay_s else pace
        self._delay_s = commit_delay_s
        self._groups = GroupWriter(connection)
        self._thread = WriterThread(self._loop)
        self._gathering = Gathering()
        self._waiting: list[Entry] = []
        self._works: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._is_scheduled = self._is_lent = self._is_closing = self._is_work_s_turn = False
        self._commits = self._checkpointed_at = 0
        self._idle = asyncio.Event()

    # --- what callers ask for ---

    def append(self, batches: Sequence[Batch]) -> asyncio.Future[Any]:
        return self._enter(Entry(self._loop.create_future(), batches))

    def small(self, statement: Small) -> asyncio.Future[Any]:
        """A statement that shares the next group's commit."""
        return self._enter(Entry(self._loop.create_future(), small=statement))

    def run(self, work: Work) -> asyncio.Future[Any]:
        """`work(connection)` in a transaction of its own, in the writer thread."""
        return self._do(partial(self._work, work))

    def empty_log(self) -> asyncio.Future[Any]:
        """Copy the WAL into the database and cut it back to nothing; False where somebody reads it, without waiting."""
        return self._do(self._empty_log)

    def _do(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        self._ensure_open()
        future = self._loop.create_future()
        self._works.append((work, future))
        self._schedule()
        return future

    async def drain(self) -> None:
        """Accept nothing more, and write what was accepted."""
        if not self._is_closing:
            self._is_closing = True
            self._schedule()
        await self._idle.wait()

    async def shut(self) -> None:
        """Close the connection, in a thread: this copies the WAL into the database."""
        await self._loop.run_in_executor(None, self._thread.stop)
        await self._loop.run_in_executor(None, self._connection.close)

    # --- the pump ---

    def _ensure_open(self) -> None:
        if self._is_closing:
            raise JournalUnavailable("closed")

    def _enter(self, entry: Entry) -> asyncio.Future[Any]:
        self._ensure_open()
        self._waiting.append(entry)
        self._schedule()
        return entry.future

    def _schedule(self) -> None:
        if not self._is_scheduled and not self._is_lent:
            self._is_scheduled = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Do the next thing. Groups and works take turns and a checkpoint that is due comes first: none starves."""
        is_work_next = bool(self._works) and (self._is_work_s_turn or not self._waiting)
        if not is_work_next and self._waiting and self._is_gathering():
            self._loop.call_soon(self._pump)
            return
        self._is_scheduled = False
        if self._is_checkpoint_due():
            self._checkpoint()
        elif is_work_next:
            self._is_work_s_turn = False
            self._lend(*self._works.popleft())
        elif self._waiting:
            self._is_work_s_turn = True
            self._write_group()
        elif self._is_closing:
            self._idle.set()
            return
        if not self._is_lent:
            self._schedule_rest()

    def _is_gathering(self) -> bool:
        """Only before a commit on the loop: during one in the thread the next group gathers by itself."""
        now = time.monotonic()
        return self._pace.is_fast(now) and self._gathering.is_worth_a_turn(len(self._waiting), now)

    def _schedule_rest(self) -> None:
        if self._waiting or self._works or self._is_closing or self._is_checkpoint_due():
            self._schedule()

    def _write_group(self) -> None:
        group, self._waiting = self._waiting, []
        try:
            results = self._groups.write(group)
        except Exception as fault:
            return self._fail(group, fault)
        self._commits += 1
        now = time.monotonic()
        if self._pace.is_fast(now):
            return self._commit_here(group, results, now)
        return self._lend_commit(group, results)

    def _commit_here(self, group: Sequence[Entry], results: Sequence[Any], began: float) -> None:
        try:
            self._commit()
        except Exception as fault:
            return self._fail(group, fault)
        now = time.monotonic()
        self._pace.note(now - began, now)
        return _settle(group, results)

    def _lend_commit(self, group: Sequence[Entry], results: Sequence[Any]) -> None:
        def back(_: Any, fault: BaseException | None) -> None:
            if fault:
                self._fail(group, fault)
            else:
                _settle(group, results)

        self._lend_call(self._commit_there, back)

    def _fail(self, group: Sequence[Entry], fault: BaseException) -> None:
        """Nothing of the group is in the database, or nobody knows: each caller finds out by reading."""
        roll_back(self._connection)
        self._groups.forget()
        if not isinstance(fault, sqlite3.Error | OSError):
            log.error("The journal's writer failed", exc_info=fault)
        for entry in group:
            _give(entry.future, None, unavailable(fault))

    def _commit(self) -> None:
        """What is where it should be after the commit was there during it."""
        self._connection.execute("COMMIT")
        self._place.ensure()

    # --- the connection in the thread's hands ---

    def _lend_call(self, call: Callable[[], Any], back: Callable[[Any, BaseException | None], None]) -> None:
        def done(result: Any, fault: BaseException | None) -> None:
            self._is_lent = False
            back(result, fault)
            self._schedule()

        self._is_lent = True
        self._thread.submit(call, done)

    def _commit_there(self) -> None:
        if self._delay_s:
            time.sleep(self._delay_s)
        self._commit()

    def _lend(self, work: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        def back(result: Any, fault: BaseException | None) -> None:
            self._groups.forget()
            self._commits += 1
            _give(future, result, fault)

        self._lend_call(work, back)

    def _work(self, work: Work) -> Any:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            result = work(self._connection)
            self._commit_there()
        except BaseException as fault:
            roll_back(self._connection)
            if isinstance(fault, sqlite3.Error | MovedAway) and not isinstance(fault, ENTRY_FAULTS):
                raise unavailable(fault) from fault
            raise
        return result

    def _empty_log(self) -> bool:
        self._connection.execute("PRAGMA busy_timeout = 0")
        try:
            is_busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as fault:
            raise unavailable(fault) from fault
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
        return not is_busy

    def _is_checkpoint_due(self) -> bool:
        return self._written() - self._checkpointed_at > CHECKPOINT_AFTER

    def _written(self) -> int:
        return self._connection.total_changes + 4 * self._commits

    def _checkpoint(self) -> None:
        """In the thread: it syncs twice and may write thousands of pages."""

        def back(_: Any, fault: BaseException | None) -> None:
            if fault:
                log.warning("The WAL could not be copied into the database: %s", fault)

        self._checkpointed_at = self._written()
        self._lend_call(lambda: self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone(), back)


def _settle(group: Sequence[Entry], results: Sequence[Any]) -> None:
    for entry, result in zip(group, results, strict=True):
        if isinstance(result, Exception):
            _give(entry.future, None, result)
        else:
            _give(entry.future, result, None)


def _give(future: asyncio.Future[Any], result: Any, fault: BaseException | None) -> None:
    if future.done():
        return  # its caller was cancelled
    if fault:
        future.set_exception(fault)
    else:
        future.set_result(result)
