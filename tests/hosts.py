"""Branch hosts in memory for tests: a clock that is moved by hand, and a journal that fails when it is told to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from queue_server.branches.answers import Answer, BranchAnswer, CounterAnswer, TicketAnswer
from queue_server.branches.bus import fresh_id
from queue_server.branches.clock import Watch
from queue_server.branches.host import BranchHost, Publish
from queue_server.domain import commands as c
from queue_server.domain import upcast
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.events import Recorded
from queue_server.domain.state import BranchState, Change
from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Batch, Head, JournalUnavailable, Outcome, StoredEvent
from tests.factories import CHIEF, KIOSK, LAN, config, moment

BRANCH = "go-vap"
FAR_S = 1e6
"""Real seconds; no test lasts so long."""


class HandClock:
    """Shows what it is told. Work that is due is called by `to`, in order; `monotonic` follows unless `is_set`."""

    def __init__(self, at: datetime) -> None:
        self._now = at
        self._start = at
        self._jumped = timedelta()
        self._waiting: list[tuple[datetime, Callable[[], None], asyncio.TimerHandle]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start - self._jumped).total_seconds()

    def call_at(self, at: datetime, work: Callable[[], None]) -> asyncio.TimerHandle:
        if at <= self._now:
            return asyncio.get_running_loop().call_later(0, work)
        handle = asyncio.get_running_loop().call_later(FAR_S, work)
        self._waiting.append((at, work, handle))
        return handle

    def to(self, at: datetime) -> None:
        """Time passes."""
        self._now = at
        ready = sorted((item for item in self._waiting if item[0] <= at), key=lambda item: item[0])
        self._waiting = [item for item in self._waiting if item[0] > at]
        for _, work, handle in ready:
            if not handle.cancelled():
                handle.cancel()
                work()

    def set(self, at: datetime) -> None:
        """Somebody sets the clock: the monotonic one does not follow."""
        self._jumped += at - self._now
        self.to(at)


Step = Callable[[Batch], Awaitable[Outcome]]
Fault = Callable[[Batch, Step], Awaitable[Outcome]]
"""What an append does instead of writing; it may call the step that writes."""


class FaultyJournal:
    """One process's way to a journal that others may use too. Each append takes the next of `faults`, if any."""

    def __init__(self, inner: MemoryJournal | None = None) -> None:
        self.inner = inner if inner is not None else MemoryJournal()
        self.faults: deque[Fault] = deque()
        self.is_unreadable = False
        self.appends: list[Batch] = []
        self.outcomes: list[Outcome] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def append(self, batch: Batch) -> Outcome:
        self.appends.append(batch)
        fault = self.faults.popleft() if self.faults else None
        outcome = await (self.inner.append(batch) if fault is None else fault(batch, self.inner.append))
        self.outcomes.append(outcome)
        return outcome

    async def read(self, branch_id: str, after: int, limit: int = 1000) -> list[StoredEvent]:
        self._ensure_readable()
        return await self.inner.read(branch_id, after, limit)

    async def head(self, branch_id: str) -> Head | None:
        self._ensure_readable()
        return await self.inner.head(branch_id)

    async def find_command(self, *identity: str) -> Any:
        self._ensure_readable()
        return await self.inner.find_command(*identity)

    def _ensure_readable(self) -> None:
        if self.is_unreadable:
            raise JournalUnavailable("unavailable", "the line is cut")


def lost_before(reason: str = "unavailable") -> Fault:
    """The write never reached the journal."""

    async def fault(batch: Batch, step: Step) -> Outcome:
        await asyncio.sleep(0)
        raise JournalUnavailable(reason)

    return fault


async def lost_after(batch: Batch, step: Step) -> Outcome:
    """The write was made, and its answer was lost."""
    await step(batch)
    raise JournalUnavailable("unavailable", "the answer was lost")


class Gate:
    """An append that waits, before it is written (or meets `then`) or after it, until it is let through."""

    def __init__(self, *, is_after: bool = False, then: Fault | None = None) -> None:
        self._is_after = is_after
        self._then = then
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, batch: Batch, step: Step) -> Outcome:
        outcome = await step(batch) if self._is_after else None
        self.reached.set()
        await self.opened.wait()
        if self._then is not None:
            return await self._then(batch, step)
        return await step(batch) if outcome is None else outcome


class Center:
    """A host, what it published, and short ways to ask it."""

    def __init__(self, host: BranchHost, clock: HandClock, watch: Watch, published: list[list[Change]]) -> None:
        self.host = host
        self.clock = clock
        self.watch = watch
        self.published = published
        self.told = asyncio.Event()

    @classmethod
    async def on(
        cls, journal: Any, clock: HandClock | None = None, *, also: Publish = lambda host, changes, own: None
    ) -> Center:
        """A loaded host; the clock shows half past eight on a Monday unless one is given."""
        clock = clock or HandClock(moment("08:30"))
        watch = Watch(clock, monotonic=clock.monotonic)
        published: list[list[Change]] = []

        def publish(host: BranchHost, changes: list[Change], own: Batch | None) -> None:
            published.append(changes)
            center.told.set()
            also(host, changes, own)

        center = cls(BranchHost(BRANCH, journal, clock, watch, publish), clock, watch, published)
        await center.host.load()
        return center

    @classmethod
    async def open_on(cls, journal: Any, configuration: BranchConfig | None = None, **given: Any) -> Center:
        """The same with its branch configured, the day open and counters 1 (Lan) and 2 (chief) open."""
        center = await cls.on(journal, **given)
        center.clock.to(moment("08:30") if center.clock.now() < moment("08:30") else center.clock.now())
        await center.do(c.Configure(config=configuration or config()), CHIEF)
        await center.do(c.OpenCounter(counter=1), LAN)
        await center.do(c.OpenCounter(counter=2), CHIEF)
        return center

    def submit(self, command: c.Command, by: c.By = KIOSK, key: str = "") -> asyncio.Future[Answer]:
        return self.host.submit(command, replace(by, fresh_id=fresh_id()), key or fresh_id())

    async def do(self, command: c.Command, by: c.By = KIOSK, key: str = "") -> Any:
        return await self.submit(command, by, key)

    async def until(self, holds: Callable[[BranchState], bool]) -> None:
        """Wait until something published has made this so."""
        while not holds(self.host.state):
            self.told.clear()
            await self.told.wait()

    async def issue(self, field: str = "chung-thuc", key: str = "") -> TicketAnswer:
        answer = await self.do(c.Issue(field=field), KIOSK, key)
        assert isinstance(answer, TicketAnswer)
        return answer

    async def call_next(self, counter: int = 1, by: c.By = LAN, key: str = "") -> TicketAnswer:
        answer = await self.do(c.CallNext(counter=counter), by, key)
        assert isinstance(answer, TicketAnswer)
        return answer

    async def served(self) -> TicketAnswer:
        """The next one, called and finished."""
        answer = await self.call_next()
        await self.do(c.Start(ticket=answer.id), LAN)
        await self.do(c.Finish(ticket=answer.id), LAN)
        return answer


async def settle(center: Center) -> None:
    """Until the host has nothing more to do now."""
    await turns(2)  # an alarm that is due rings in the next turn
    while (runner := center.host._runner) is not None:
        await asyncio.wait([runner])


async def turns(count: int) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


async def events_in(journal: Any) -> list[Recorded]:
    stored: Sequence[StoredEvent] = await journal.read(BRANCH, 0, 1_000_000)
    return [upcast.load(e.seq, e.day, e.type, e.v, e.body) for e in stored]


def said(answer: Answer) -> bytes:
    """The bytes that a caller gets."""
    assert isinstance(answer, TicketAnswer | CounterAnswer | BranchAnswer)
    return msgspec.json.encode(answer)
