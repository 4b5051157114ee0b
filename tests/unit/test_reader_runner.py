"""Running a durable reader: in order, again after a failure, and the cursor only behind what has been done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

import pytest

from queue_server.domain import events as ev
from queue_server.domain.events import Recorded
from queue_server.domain.upcast import store
from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Batch, StoredEvent
from queue_server.readers import reader as reader_module
from queue_server.readers.reader import Progress, ReaderRunner, TryLater
from tests.factories import moment
from tests.waiting import until

pytestmark = pytest.mark.anyio

DAY = date(2026, 11, 23)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "GATHER_S", 0.0)
    monkeypatch.setattr(reader_module, "FIRST_PAUSE_S", 0.001)


class Diary:
    """A reader that writes down what it was given, and where the cursor stood meanwhile; it may fail or stop short."""

    name = "diary"

    def __init__(self, journal: MemoryJournal, until: int, *, types: frozenset[str] | None = None) -> None:
        self.types = types
        self.given: list[list[int]] = []
        self.cursors: list[int] = []
        self.fails_at: set[int] = set()
        self.at_once = 100
        self.is_done = asyncio.Event()
        self._journal = journal
        self._until = until

    async def handle(self, branch_id: str, events: Sequence[Recorded]) -> Progress:
        self.given.append([event.seq for event in events])
        self.cursors.append(await self._journal.cursor_seq(self.name, branch_id))
        if events[0].seq in self.fails_at:
            self.fails_at.remove(events[0].seq)
            raise OSError("the line is down")
        last = events[: self.at_once][-1].seq
        if last >= self._until:
            self.is_done.set()
        return Progress(last)


async def a_journal(count: int) -> MemoryJournal:
    journal = MemoryJournal()
    at = moment("08:00", DAY)
    kinds = [ev.FieldResumed("ho-tich") if seq % 2 else ev.TicketNoShow(f"t{seq}") for seq in range(1, count + 1)]
    events = [Recorded(seq, DAY, at, at, "account:lan", kind) for seq, kind in enumerate(kinds, 1)]
    await journal.append(Batch("b", 0, [StoredEvent(e.seq, e.day, *store(e)) for e in events], []))
    return journal


async def run(journal: MemoryJournal, diary: Diary) -> int:
    """Until the diary has its last event; returns where the cursor is left."""
    runner = ReaderRunner(diary, journal, poll_s=0.001)
    task = asyncio.create_task(runner.run())
    async with asyncio.timeout(10):
        await diary.is_done.wait()
        for _ in range(20):  # the cursor follows in the next turns
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await runner.release()
    return await journal.cursor_seq(diary.name, "b")


async def test_the_cursor_follows_what_was_done() -> None:
    journal = await a_journal(4)
    diary = Diary(journal, until=4)
    diary.at_once = 1
    assert await run(journal, diary) == 4
    assert diary.given == [[1, 2, 3, 4], [2, 3, 4], [3, 4], [4]]
    assert diary.cursors == [0, 1, 2, 3]


async def test_what_failed_is_given_again_and_nothing_is_skipped() -> None:
    journal = await a_journal(4)
    diary = Diary(journal, until=4)
    diary.at_once = 2
    diary.fails_at = {1, 3}
    assert await run(journal, diary) == 4
    assert diary.given == [[1, 2, 3, 4], [1, 2, 3, 4], [3, 4], [3, 4]]
    assert diary.cursors == [0, 0, 2, 2]


async def test_who_is_started_next_goes_on_where_the_first_was() -> None:
    journal = await a_journal(4)
    await run(journal, Diary(journal, until=4))
    head = await journal.head("b")
    assert head is not None
    at = moment("09:00", DAY)
    more = Recorded(5, DAY, at, at, "account:lan", ev.FieldResumed("dat-dai"))
    await journal.append(Batch("b", head.seq, [StoredEvent(5, DAY, *store(more))], []))
    later = Diary(journal, until=5)
    await run(journal, later)
    assert later.given == [[5]]


class Counted(MemoryJournal):
    """Notes of which branches events were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_of: list[str] = []

    async def read(self, branch_id: str, after: int, limit: int = 1000) -> list[StoredEvent]:
        self.read_of.append(branch_id)
        return await super().read(branch_id, after, limit)


async def test_branches_without_a_wanted_event_are_not_read() -> None:
    journal = Counted()
    at = moment("08:00", DAY)
    for branch, kind in (("a", ev.FieldResumed("ho-tich")), ("b", ev.TicketNoShow("t1"))):
        event = StoredEvent(1, DAY, *store(Recorded(1, DAY, at, at, "account:lan", kind)))
        await journal.append(Batch(branch, 0, [event], []))
    diary = Diary(journal, until=1, types=frozenset({"ticket.no_show"}))
    await run(journal, diary)
    assert diary.given == [[1]]
    assert set(journal.read_of) == {"b"}


async def test_only_the_wanted_types_are_given_and_the_others_are_passed() -> None:
    journal = await a_journal(4)
    diary = Diary(journal, until=4, types=frozenset({"ticket.no_show"}))
    assert await run(journal, diary) == 4
    assert diary.given == [[2, 4]]


class OneReceiver:
    """Of two branches: "away" is not heard at the first try, "heard" is, if its answers count as such."""

    name = "receiver"
    types: frozenset[str] | None = None

    def __init__(self, *, is_heard: bool) -> None:
        self.told: list[str] = []
        self._is_heard = is_heard

    async def handle(self, branch_id: str, events: Sequence[Recorded]) -> Progress:
        self.told.append(branch_id)
        if self.told.count("away") == 1 and branch_id == "away":
            raise TryLater("nobody is there")
        return Progress(events[-1].seq, is_heard=self._is_heard)


@pytest.mark.parametrize("is_heard", [True, False])
async def test_once_one_branch_is_heard_the_others_try_again(is_heard: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr("random.uniform", lambda *_: 1000.0)  # its own pause is for ever
    journal = MemoryJournal()
    at = moment("08:00", DAY)

    async def happens(branch_id: str) -> None:
        item = Recorded(1, DAY, at, at, "account:lan", ev.FieldResumed("dat-dai"))
        await journal.append(Batch(branch_id, 0, [StoredEvent(1, DAY, *store(item))], []))
        runner.wake(branch_id)

    receiver = OneReceiver(is_heard=is_heard)
    runner = ReaderRunner(receiver, journal, poll_s=0.001)
    task = asyncio.create_task(runner.run())
    await happens("away")
    await until(lambda: receiver.told == ["away"] and "away" in runner._due)
    await happens("heard")
    await until(lambda: "heard" in receiver.told)
    if is_heard:
        await until(lambda: receiver.told.count("away") == 2)
    else:
        await until(lambda: runner._seqs.get("heard") == 1)
        assert runner._due["away"] > asyncio.get_running_loop().time() + 40
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
