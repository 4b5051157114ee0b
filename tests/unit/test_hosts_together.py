"""Several processes at one branch: what one writes the others hear, find when it matters, or begin anew with."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from msgspec.structs import replace

from queue_server.branches import bus as bus_module
from queue_server.branches import looking as looking_module
from queue_server.branches import timing as timing_module
from queue_server.branches.bus import CommandBus
from queue_server.branches.clock import JournalClock, Watch
from queue_server.branches.following import Following, Pulse, Timekeeper
from queue_server.branches.listing import Listing
from queue_server.branches.timing import Timing
from queue_server.domain import commands as c
from queue_server.domain.state import BranchState
from queue_server.journal.memory import MemoryJournal
from queue_server.journal.office import Office
from queue_server.journal.port import Batch, JournalUnavailable, StoredEvent, Written
from queue_server.realtime.hub import Hub
from tests.factories import moment, snapshot
from tests.hosts import BRANCH, Center, FaultyJournal, Gate, HandClock, settle

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Counting(FaultyJournal):
    """Counts how often events are read."""

    reads = 0

    async def read(self, branch_id: str, after: int, limit: int = 1000) -> list[StoredEvent]:
        self.reads += 1
        return await super().read(branch_id, after, limit)


class Two:
    """Two processes on one journal, and what the first has written."""

    def __init__(self, here: Center, there: Center, journal: Counting, written: list[Written]) -> None:
        self.here = here
        self.there = there
        self.journal = journal
        self.written = written

    @classmethod
    async def open(cls) -> Two:
        written: list[Written] = []

        def note(host: Any, _: Any, own: Batch | None) -> None:
            if own is not None:
                written.append(Written(own.branch_id, host.epoch, own.expected, own.events[-1].seq, own.events))

        inner = MemoryJournal()
        here = await Center.open_on(FaultyJournal(inner), also=note)
        journal = Counting(inner)
        there = await Center.on(journal, here.clock)
        written.clear()
        journal.reads = 0
        return cls(here, there, journal, written)

    def ensure_the_same(self) -> None:
        assert snapshot(self.there.host.state) == snapshot(self.here.host.state)
        assert self.there.host.position == self.here.host.position


@pytest.fixture
async def two(anyio_backend: str) -> Two:
    return await Two.open()


# -- hearing -----------------------------------------------------------------------------------------------------------


async def test_what_follows_is_taken_as_it_was_heard(two: Two) -> None:
    for _ in range(3):
        await two.here.issue()
    for written in two.written:
        two.there.host.hear(written)
    await settle(two.there)
    two.ensure_the_same()
    assert two.journal.reads == 0
    assert len(two.there.published[-3:]) == 3


async def test_where_something_is_missing_the_journal_is_read(two: Two) -> None:
    for _ in range(3):
        await two.here.issue()
    two.there.host.hear(two.written[2])
    await settle(two.there)
    two.ensure_the_same()
    assert two.journal.reads > 0


async def test_a_hint_without_events_is_enough(two: Two) -> None:
    await two.here.issue()
    two.there.host.hear(replace(two.written[0], events=()))
    await settle(two.there)
    two.ensure_the_same()


async def test_what_is_known_already_is_nothing_new(two: Two) -> None:
    await two.here.issue()
    await two.there.host.settled()
    told, reads = len(two.there.published), two.journal.reads
    two.there.host.hear(two.written[0])
    await settle(two.there)
    assert (len(two.there.published), two.journal.reads) == (told, reads)
    two.ensure_the_same()


async def test_what_is_heard_while_an_append_is_on_its_way_waits_for_it(two: Two) -> None:
    """The append is refused, because the other was faster; both are there in the end."""
    gate = Gate()
    two.journal.faults.append(gate)
    own = two.there.submit(c.Issue(field="ho-tich"))
    await gate.reached.wait()
    await two.here.issue()
    two.there.host.hear(two.written[0])
    gate.opened.set()
    assert (await own).number == "B001"  # type: ignore[union-attr]
    await settle(two.there)
    await two.here.host.settled()
    two.ensure_the_same()
    assert {t.number for t in two.there.host.state.tickets.values()} == {"A001", "B001"}


async def test_what_a_newer_release_wrote_stops_the_branch_and_is_never_skipped(two: Two) -> None:
    ours = two.there.host
    before, at = snapshot(ours.state), ours.state.seq
    newer = StoredEvent(at + 1, two.here.host.state.day.date, "ticket.frozen", 1, b"{}")  # type: ignore[union-attr]
    await two.journal.inner.append(Batch(BRANCH, at, [newer]))
    two.there.host.hear(Written(BRANCH, ours.epoch, at, at + 1, [newer]))
    await settle(two.there)
    assert snapshot(ours.state) == before
    with pytest.raises(JournalUnavailable, match="newer release"):
        await ours.settled()
    with pytest.raises(JournalUnavailable, match="newer release"):
        await two.there.issue()
    ours.close()


# -- finding out when it matters ---------------------------------------------------------------------------------------


async def test_a_snapshot_is_no_older_than_the_question(two: Two) -> None:
    await two.here.issue()
    await two.there.host.settled()
    two.ensure_the_same()


async def test_many_who_ask_at_once_are_answered_by_few_readings(two: Two) -> None:
    await two.here.issue()
    await asyncio.gather(*[two.there.host.settled() for _ in range(100)])
    two.ensure_the_same()
    assert two.journal.reads <= 2


async def test_control_without_the_question_the_old_state_is_seen(two: Two) -> None:
    await two.here.issue()
    assert two.there.host.state.seq < two.here.host.state.seq


# -- another history ---------------------------------------------------------------------------------------------------


async def test_another_epoch_begins_anew(two: Two) -> None:
    await two.here.issue()
    await two.journal.renew_epoch(BRANCH, two.here.host.epoch)
    state: BranchState = await two.there.host.settled()
    head = await two.journal.head(BRANCH)
    assert head is not None
    assert two.there.host.position == f"{head.epoch}.{state.seq}"
    assert two.there.host.epoch != two.here.host.epoch
    assert (await two.there.issue()).number == "A002"
    await two.here.host.settled()
    two.ensure_the_same()


async def test_a_journal_that_has_lost_its_end_gets_a_new_epoch(two: Two) -> None:
    """A standby that had not got everything took over: what we know beyond its end never happened."""
    await two.there.host.settled()
    epoch, at = two.there.host.epoch, two.there.host.state.seq
    before = snapshot(two.there.host.state)
    await two.here.issue()
    await two.there.host.settled()
    branch = two.journal.inner._branches[BRANCH]
    del branch.events[at:]
    branch.head = replace(branch.head, seq=at)
    branch.commands.clear()
    assert snapshot(await two.there.host.settled()) == before
    assert two.there.host.epoch != epoch
    assert (await two.there.issue()).number == "A001"
    await two.here.host.settled()
    two.ensure_the_same()


# -- the bus, and who wakes whom ---------------------------------------------------------------------------------------


class Process:
    """A bus and a hub of a process that has nothing loaded."""

    def __init__(self, journal: Any, clock: HandClock) -> None:
        self.clock = clock
        self.hub = Hub(clock.now)
        self.bus = CommandBus(journal, clock, Watch(clock, monotonic=clock.monotonic), self.hub.publish)
        self.following = Following(journal, self.bus, is_told=lambda: True, is_read=self.hub.is_read)


async def test_a_host_that_nobody_needs_is_dropped(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(two.journal, two.here.clock)
    host = await process.bus.host(BRANCH)
    monkeypatch.setattr(bus_module, "IDLE_S", 0.0)
    await process.hub.snapshot(host, f"board:{BRANCH}")
    process.bus.drop_idle(process.hub.is_read)
    assert process.bus.loaded(BRANCH) is host, "its board was read a moment ago"
    process.bus.drop_idle(lambda _: False)
    assert process.bus.loaded(BRANCH) is None
    assert (await process.bus.host(BRANCH)).position == two.here.host.position


async def test_polling_the_heads_finds_what_no_signal_told(two: Two) -> None:
    process = Process(two.journal, two.here.clock)
    host = await process.bus.host(BRANCH)
    await two.here.issue()
    await process.following._look_at_heads()
    await host.drained()
    assert host.position == two.here.host.position


async def test_one_of_all_wakes_a_branch_that_nobody_has_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    two = await Two.open()
    two.here.clock.to(moment("08:40"))
    two.here.host.close()  # the process that knew the branch is gone
    clock = HandClock(moment("23:30"))
    journal = two.journal.inner
    monkeypatch.setattr(looking_module, "UNTOLD_S", 0.0)
    processes = [Process(journal, clock) for _ in range(2)]
    keepers = [Timekeeper(journal, process.bus, clock) for process in processes]
    for keeper in keepers:
        keeper.start()
    async with asyncio.timeout(10):
        while await journal.due(clock.now()):  # noqa: ASYNC110
            await asyncio.sleep(0)
    for keeper in keepers:
        await keeper.stop()
    assert [process.bus.loaded(BRANCH) is not None for process in processes].count(True) == 1
    closed = [event for event in await journal.read(BRANCH, 0, 1000) if event.type == "day.closed"]
    assert len(closed) == 1


async def test_all_go_by_the_databases_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that took too long says nothing."""
    journal = MemoryJournal(lambda: moment("08:30"))
    clock = JournalClock(moment("03:00"))
    timing = Timing(journal, clock)
    await timing.ask()
    assert moment("08:30") <= clock.now() < moment("08:31")
    monkeypatch.setattr(timing_module, "EXACT_S", -1.0)
    clock.set(moment("09:00"), time.monotonic())
    await timing.ask()
    assert moment("09:00") <= clock.now() < moment("09:01")


async def test_an_office_has_one_holder_and_moves_when_it_is_left() -> None:
    journal = MemoryJournal()
    first, second = Office(journal, "timekeeper"), Office(journal, "timekeeper")
    assert await first.is_held()
    assert not await second.is_held()
    await first.leave()
    assert await second.is_held()
    assert not await first.is_held()


async def test_an_office_moves_when_its_holder_is_stopped_for_longer_than_its_lease() -> None:
    journal = MemoryJournal()
    first, second = Office(journal, "x", lease_s=0.0), Office(journal, "x")
    assert await first.is_held()
    assert await second.is_held()
    assert not await first.is_held()


async def test_branches_are_listed_without_loading_any(two: Two) -> None:
    process = Process(two.journal, two.here.clock)
    listing = Listing(two.journal, process.bus)
    await two.here.issue()
    (listed,) = await listing.all()
    assert (listed.config.branch, listed.position) == (BRANCH, two.here.host.position)
    assert process.bus.loaded(BRANCH) is None
    reads = two.journal.reads
    await listing.all()
    assert two.journal.reads == reads


async def test_the_pulse_sends_readers_away_once_and_lets_them_in_when_it_is_felt_again(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts: list[str] = []
    pulse = Pulse(two.journal, lambda: cuts.append("cut"))
    assert await pulse.is_felt()
    monkeypatch.setattr("queue_server.branches.following.CUT_AFTER_S", -1.0)
    two.journal.is_unreadable = True
    for _ in range(3):
        with pytest.raises(JournalUnavailable):
            await pulse._feel()
    assert cuts == ["cut"]
    assert not await pulse.is_felt()
    two.journal.is_unreadable = False
    assert await pulse.is_felt()


async def test_a_process_that_is_only_busy_sends_nobody_away(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop is kept from turning for longer than an answer may take; the answer needs some turns of it."""
    cuts: list[str] = []
    for constant, value in {"PULSE_WITHIN_S": 0.04, "TURN_S": 0.004, "CUT_AFTER_S": -1.0}.items():
        monkeypatch.setattr(f"queue_server.branches.following.{constant}", value)
    loop, is_over = asyncio.get_running_loop(), False

    def be_busy() -> None:
        until = time.monotonic() + 0.02
        while time.monotonic() < until:
            pass
        if not is_over:
            loop.call_soon(be_busy)

    async def slow_head(branch_id: str) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def no_head(_: str) -> None:
        await asyncio.Event().wait()

    be_busy()
    pulse = Pulse(two.journal, lambda: cuts.append("cut"))
    monkeypatch.setattr(two.journal, "head", slow_head)
    began = time.monotonic()
    assert await pulse.is_felt()
    await pulse._feel()
    assert time.monotonic() - began > 0.04
    assert cuts == []
    monkeypatch.setattr(two.journal, "head", no_head)
    with pytest.raises(JournalUnavailable):
        await pulse._feel()
    is_over = True
    assert cuts == ["cut"]


async def test_an_answer_to_anybody_is_one(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pulse's own question waits behind a crowd that the journal serves one by one."""
    cuts: list[str] = []
    for constant, value in {"PULSE_WITHIN_S": 0.02, "TURN_S": 0.005, "CUT_AFTER_S": -1.0}.items():
        monkeypatch.setattr(f"queue_server.branches.following.{constant}", value)

    async def no_head(_: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(two.journal, "head", no_head)
    pulse = Pulse(two.journal, lambda: cuts.append("cut"))
    monkeypatch.setattr(two.journal, "answered_at", float("inf"), raising=False)
    await pulse._feel()
    assert cuts == []
    monkeypatch.setattr(two.journal, "answered_at", 0.0)
    with pytest.raises(JournalUnavailable):
        await pulse._feel()
    assert cuts == ["cut"]
