"""Running durable readers: one supervised task each, woken by commits, that survives its own failures.

A reader handles a branch's events in order and says how far it got; the cursor is moved only after what it did outside
is done. A reader that was killed in between does the last thing again, under the same id.

Of all processes the one that holds the reader's office runs it; the cursor of each branch has a fence of its own, so
that who was stopped and has lost the office meanwhile moves nothing.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Protocol
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from queue_server.domain import upcast
from queue_server.domain.events import Recorded
from queue_server.journal.office import LEASE_S, Office
from queue_server.journal.port import Cursor, Journal, JournalUnavailable, StoredEvent

log = logging.getLogger(__name__)

POLL_S = 5.0
"""How often a reader looks although nobody woke it."""
OFFICE_S = LEASE_S / 3
"""How often whoever has not got a reader's office asks for it, and who has it renews it."""
EVENTS_AT_ONCE = 200
BRANCHES_AT_ONCE = 16
"""Branches that a reader works for at the same time: a receiver that takes its time holds up no more than these."""
STEP_S = 1.0
"""A step for a branch begins nothing more after that: office and cursor want to be kept."""
GATHER_S = 0.1
"""How long a woken reader lets events gather: under load one look serves hundreds of commits."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0


class Progress(Struct, frozen=True):
    """How far a reader got (`seq` is done), and how long it wants to wait before it goes on (0: not at all). `is_heard`
    when whoever is told has just answered."""

    seq: int
    pause_s: float = 0.0
    is_heard: bool = False


class TryLater(Exception):
    """Whoever is told does not answer now. There is one for all branches: once one is heard, the others try again."""


class Reader(Protocol):
    """Handles events of one branch, in order: those of the named types, or (None) all."""

    name: str
    types: frozenset[str] | None

    async def handle(self, branch_id: str, events: Sequence[Recorded]) -> Progress:
        """Do what these events ask for; events after the returned `seq` are given again. Failing is allowed."""


class ReaderRunner:
    """Runs one reader over all branches, in the one process of all that holds its office."""

    def __init__(self, reader: Reader, journal: Journal, *, poll_s: float = POLL_S) -> None:
        self._reader = reader
        self._journal = journal
        self._poll_s = poll_s
        self._office = Office(journal, f"reader/{reader.name}")
        self._holder = uuid4().hex
        self._wake = asyncio.Event()
        self._is_in_office = False
        self._look_at = 0.0
        """When all branches are looked at, in case nobody told of one."""
        self._due: dict[str, float] = {}
        """Branches that have something, or are to be tried again, and when."""
        self._seqs: dict[str, int] = {}
        self._pauses: dict[str, float] = {}
        self._unheard: set[str] = set()
        """Branches that wait since whoever is told did not answer."""
        self._cursors: dict[str, Cursor] = {}
        self._renew_at: dict[str, float] = {}

    def wake(self, branch_id: str) -> None:
        """This branch has something new."""
        if self._is_in_office:
            self._due.setdefault(branch_id, 0.0)
            self._wake.set()

    async def run(self) -> None:
        """For ever; cancel it to stop."""
        while True:
            self._wake.clear()
            wait_s = self._poll_s
            try:
                wait_s = await self._round()
            except JournalUnavailable as fault:
                log.warning("The reader %s cannot read the journal: %s", self._reader.name, fault)
                self._look_at = 0.0
            if wait_s > 0:
                await self._rest(wait_s)
                await asyncio.sleep(GATHER_S)

    async def _round(self) -> float:
        """A step for every branch that is due; how long all may rest now."""
        if not await self._is_in_charge():
            return OFFICE_S
        loop = asyncio.get_running_loop()
        if loop.time() >= self._look_at:
            await self._look_at_all()
            self._look_at = loop.time() + self._poll_s
        due = [branch_id for branch_id, at in self._due.items() if at <= loop.time()]
        for first in range(0, len(due), BRANCHES_AT_ONCE):
            if first:
                await asyncio.sleep(GATHER_S)  # who has much to catch up on leaves time to those who wait in halls
            await asyncio.gather(*map(self._step, due[first : first + BRANCHES_AT_ONCE]))
        return max(0.0, min([self._look_at, *self._due.values()]) - loop.time())

    async def _look_at_all(self) -> None:
        """Of thousands of branches most have nothing for a reader that wants few types: one query tells which do."""
        new = {
            head.branch_id: head.seq
            for head in await self._journal.heads()
            if head.seq > self._seqs.get(head.branch_id, 0)
        }
        due: Collection[str] = new
        if new and self._reader.types is not None:
            after = {branch_id: self._seqs.get(branch_id, 0) for branch_id in new}
            due = await self._journal.having(self._reader.types, after)
        for branch_id, seq in new.items():
            if branch_id in due:
                self._due.setdefault(branch_id, 0.0)
            elif branch_id not in self._due:
                self._seqs[branch_id] = seq

    async def _step(self, branch_id: str) -> None:
        self._due.pop(branch_id, None)  # what is told from here on is news
        pause_s = await self._advance(branch_id)
        if pause_s is not None:
            at = asyncio.get_running_loop().time() + pause_s
            self._due[branch_id] = at if pause_s > 0 else 0.0

    async def _is_in_charge(self) -> bool:
        """Whether the office is ours; whoever comes into it learns where his predecessor was."""
        was_in_office, self._is_in_office = self._is_in_office, await self._office.is_held()
        if not self._is_in_office:
            self._cursors.clear()
            self._due.clear()
        elif not was_in_office:
            self._look_at = 0.0
            self._seqs = await self._journal.cursor_seqs(self._reader.name)
        return self._is_in_office

    async def _rest(self, seconds: float) -> None:
        """Until woken, and no longer than that; the office is kept meanwhile."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0 and not self._wake.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, OFFICE_S)):
                    await self._wake.wait()
            if self._is_in_office and not await self._is_still_in_charge():
                return

    async def _is_still_in_charge(self) -> bool:
        with suppress(JournalUnavailable):
            return await self._is_in_charge()
        return True  # nobody knows; it is asked again before the next step

    async def release(self) -> None:
        """Let go of office and cursors, so that who is started next need not wait for the leases to end."""
        for branch_id in self._cursors:
            await self._journal.take_cursor(self._reader.name, branch_id, self._holder, 0.0)
        self._cursors.clear()
        await self._office.leave()

    async def _advance(self, branch_id: str) -> float | None:
        """One step for one branch; after how long there may be another, None when nothing is left to do."""
        now = asyncio.get_running_loop().time()
        stored = await self._journal.read(branch_id, self._seqs.get(branch_id, 0), EVENTS_AT_ONCE)
        types = self._reader.types
        wanted = [e for e in stored if types is None or e.type in types]
        if not wanted:
            if stored:  # read, and need not be told to anybody: who comes next reads it again
                self._seqs[branch_id] = stored[-1].seq
            return 0.0 if len(stored) == EVENTS_AT_ONCE else None
        cursor = await self._cursor(branch_id, now)
        if cursor is None:
            return self._poll_s
        if cursor.seq >= wanted[0].seq:  # somebody else had it meanwhile
            self._seqs[branch_id] = cursor.seq
            return 0.0
        return await self._handle(cursor, wanted, stored[-1].seq)

    async def _cursor(self, branch_id: str, now: float) -> Cursor | None:
        """The branch's cursor, with a lease that lasts; None while somebody else has it."""
        cursor = self._cursors.get(branch_id)
        if cursor is None or self._renew_at.get(branch_id, 0.0) <= now:
            cursor = await self._journal.take_cursor(self._reader.name, branch_id, self._holder, LEASE_S)
            if cursor is None:
                self._cursors.pop(branch_id, None)
                return None
            self._cursors[branch_id] = cursor
            self._renew_at[branch_id] = now + LEASE_S / 3
        return cursor

    async def _handle(self, cursor: Cursor, wanted: Sequence[StoredEvent], last: int) -> float:
        """Give the reader what it wants, again as long as it goes on; `last` is the seq up to which there is nothing
        else."""
        branch_id, loop = cursor.branch_id, asyncio.get_running_loop()
        until = loop.time() + STEP_S
        events: list[Recorded] = []
        while True:
            try:
                events = events or [upcast.load(e.seq, e.day, e.type, e.v, e.body) for e in wanted]
                progress = await self._reader.handle(branch_id, events)
            except Exception as fault:  # the supervisor of this reader: it goes on with the next try
                if isinstance(fault, TryLater):
                    self._unheard.add(branch_id)
                log.exception("The reader %s failed at branch %s after %d.", self._reader.name, branch_id, cursor.seq)
                return self._back_off(branch_id)
            events = [event for event in events if event.seq > progress.seq]
            seq = progress.seq if events else last
            if seq <= cursor.seq:
                return progress.pause_s
            if not await self._journal.move_cursor(cursor, seq):
                self._cursors.pop(branch_id, None)
                return self._poll_s
            cursor = self._cursors[branch_id] = replace(cursor, seq=seq)
            self._seqs[branch_id] = seq
            self._pauses.pop(branch_id, None)
            if progress.is_heard:
                self._try_the_others()
            if not events or progress.pause_s > 0 or loop.time() > until:
                return progress.pause_s

    def _try_the_others(self) -> None:
        """Without this each branch would wait for its own pause, up to a minute, beside one that is heard."""
        now = asyncio.get_running_loop().time()
        paused = self._unheard & self._due.keys()
        for branch_id in paused:
            self._due[branch_id] = min(self._due[branch_id], now + FIRST_PAUSE_S * random.random())
        self._unheard -= paused

    def _back_off(self, branch_id: str) -> float:
        """Twice as long each time, with jitter, up to a minute."""
        pause = self._pauses.get(branch_id, FIRST_PAUSE_S)
        self._pauses[branch_id] = min(pause * 2, LONGEST_PAUSE_S)
        return pause * random.uniform(0.8, 1.2)


class Readers:
    """All readers of this process, each in a named task."""

    def __init__(self, readers: Sequence[Reader], journal: Journal, *, poll_s: float = POLL_S) -> None:
        self._runners = [ReaderRunner(reader, journal, poll_s=poll_s) for reader in readers]
        self._names = [reader.name for reader in readers]
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self, branch_id: str) -> None:
        """This branch has something new."""
        for runner in self._runners:
            runner.wake(branch_id)

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        pairs = zip(self._runners, self._names, strict=True)
        self._tasks = [loop.create_task(runner.run(), name=f"reader {name}") for runner, name in pairs]
        for task in self._tasks:
            task.add_done_callback(_shout)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(JournalUnavailable):
            for runner in self._runners:
                await runner.release()


def _shout(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("The task %s died.", task.get_name(), exc_info=task.exception())
