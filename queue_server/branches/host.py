"""A branch host: one branch's confirmed state, and the only way to change it.

All commands that wait are decided as one batch on the state (which is tentative from `mark` on), appended in one
transaction, and answered after the commit. Whatever goes wrong with the append, the state is rolled back, what was
missed is read, and the rest is decided again. Nobody outside sees the tentative state: readers use `settled`.

Other processes may serve the same branch. What they write is heard of (`hear`), or found when it matters: before a
refusal, an empty answer or a snapshot the host compares itself with the head.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial

from queue_server.branches.answers import Answer, answer, unchanged
from queue_server.branches.batch import batch_of
from queue_server.branches.clock import Clock, Watch
from queue_server.branches.pending import Pending, Repeats
from queue_server.branches.schedule import Schedule
from queue_server.domain import upcast
from queue_server.domain.apply import apply
from queue_server.domain.commands import By, Command, EndDay, OpenDay
from queue_server.domain.decide import decide
from queue_server.domain.events import BranchConfigured, DayOpened, Event, Recorded
from queue_server.domain.hours import service_day
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState, Change
from queue_server.journal.gathering import Gathering
from queue_server.journal.port import (
    Appended,
    Batch,
    Conflict,
    Head,
    Journal,
    JournalUnavailable,
    StoredEvent,
    Written,
)

log = logging.getLogger(__name__)

EVENTS_AT_ONCE = 2000

_TIMER = By(actor="timer", may_override=True)

Publish = Callable[["BranchHost", list[Change], Batch | None], None]
"""Told after each commit what has changed, with the batch where this host wrote it."""


class BranchHost:
    """Serves one branch. Loaded by `load`; commands go in by `submit`."""

    def __init__(self, branch_id: str, journal: Journal, clock: Clock, watch: Watch, publish: Publish) -> None:
        self.branch_id = branch_id
        self.state = BranchState()
        self.epoch = ""
        self._journal = journal
        self._clock = clock
        self._watch = watch
        self._publish = publish
        self._queue: list[Pending] = []
        self._runner: asyncio.Task[None] | None = None
        self._is_tentative = False
        self._confirmed_seq = 0
        self._heard: list[Written] = []
        self._is_stale = False
        self._rereaders: list[asyncio.Future[None]] = []
        self._is_unwell = False
        self._settled: asyncio.Event = asyncio.Event()
        self._settled.set()
        self._readers = 0
        self.used_at = time.monotonic()
        """When somebody last asked for something."""
        self._day_seq = self._marked_day_seq = 0
        self._loaded_at = clock.now()
        self._schedule = Schedule(self.state, clock, watch, self.on_time)
        self._repeats = Repeats(branch_id, journal)
        self._gathering = Gathering()

    # -- reading ---------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the day's events and fold them: from the newest `day.opened`."""
        await self._catch_up()
        self._schedule.set_alarm()

    async def settled(self) -> BranchState:
        """The confirmed state, between batches, and no older than the journal was when this was asked.

        Raises:
            JournalUnavailable: nobody knows how old it is.
        """
        self.used_at = time.monotonic()
        if self._journal.is_shared and await self._is_behind():
            await self._reread()
        while self._is_tentative:
            self._readers += 1
            try:
                await self._settled.wait()
            finally:
                self._readers -= 1
        return self.state

    @property
    def is_settled(self) -> bool:
        return not self._is_tentative

    @property
    def position(self) -> str:
        return f"{self.epoch}.{self.state.seq}"

    # -- commands --------------------------------------------------------------------------------------------------

    def submit(self, command: Command, by: By, key: str) -> asyncio.Future[Answer]:
        """Have a command decided with all others that wait now. The future gives its answer or raises its refusal."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append(Pending(command, by, key, future))
        self.used_at = time.monotonic()
        self._wake()
        return future

    def _wake(self) -> None:
        if self._runner is None:
            self._runner = asyncio.get_running_loop().create_task(self._run(), name=f"host {self.branch_id}")

    async def _run(self) -> None:
        """Batches, one after another, until nobody waits."""
        try:
            while self._queue or self._heard or (not self._is_unwell and (self._is_stale or self._schedule.overdue())):
                while self._gathering.is_worth_a_turn(len(self._queue), time.monotonic()):  # noqa: ASYNC110
                    await asyncio.sleep(0)  # a turn of the loop, in which others may come
                batch, self._queue = self._queue, []
                await self._carry_out_guarded(batch)
                if self._readers:
                    await asyncio.sleep(0)  # under load the next batch follows at once: readers have their turn first
        finally:
            self._runner = None
            self._schedule.set_alarm(is_unwell=self._is_unwell)

    async def _carry_out_guarded(self, batch: list[Pending]) -> None:
        """The supervisor of this branch: nothing may die with the queue full, and who asks for what nobody thought of
        fails alone."""
        try:
            await self._carry_out(batch)
        except Exception as fault:
            self._abandon()
            left = [pending for pending in batch if not pending.future.done()]
            if len(left) > 1 and not isinstance(fault, JournalUnavailable):
                for pending in left:
                    await self._carry_out_guarded([pending])
                return
            if isinstance(fault, JournalUnavailable):
                log.warning("A batch of branch %s could not be written: %s", self.branch_id, fault)
            else:
                log.exception("A batch of branch %s failed.", self.branch_id)
            self._is_unwell = True
            for pending in left:
                pending.fail(fault)

    async def _carry_out(self, batch: list[Pending]) -> None:
        self._take_in_heard()
        if self._is_stale:
            await self._catch_up()
        await self._carry_out_due()
        decided = await self._without_repeats(batch)
        waiting: list[Pending] | None = decided
        while waiting:
            self._begin()
            self._decide_all(waiting)
            if any(pending.events for pending in waiting):
                waiting = await self._append(waiting)
                continue
            self._end()
            if not (self._journal.is_shared and await self._is_behind()):
                break
            await self._catch_up()
        for pending in decided:
            if not pending.future.done():
                await self._answer_eventless(pending)

    async def _is_behind(self) -> bool:
        """Whether another process has written since: nobody is refused because of what is no longer so."""
        confirmed = self._confirmed_seq
        head = await self._journal.head(self.branch_id)
        if head is None:
            return False
        return head.epoch != self.epoch or head.seq > self._confirmed_seq or head.seq < confirmed

    async def _carry_out_due(self) -> None:
        """What time asks for comes first, each thing at its own instant and in a transaction of its own.

        Raises:
            JournalUnavailable: it could not be written, and so nothing may be decided after it.
        """
        while (item := self._schedule.overdue()) is not None:
            timer = Pending(item.command, _TIMER, item.key, asyncio.get_running_loop().create_future())
            self._begin()
            is_missed = item.missed_at is not None and item.at < self._loaded_at
            self._decide_one(timer, item.missed_at if is_missed and item.missed_at is not None else item.at)
            if timer.refusal is not None:
                log.error("The timer %s of branch %s was refused: %s", item.kind, self.branch_id, timer.refusal.code)
            if not timer.events:
                self._end()
                self._schedule.drop()
                return
            await self._append([timer])
            fault = timer.future.exception() if timer.future.done() else None
            if fault is not None:
                raise JournalUnavailable(getattr(fault, "code", "unavailable"), f"the timer {item.kind}")
            if timer.future.done() and self._schedule.due == item:
                log.error("The timer %s of branch %s changes nothing: %s", item.kind, self.branch_id, item.key)
                self._schedule.drop()

    # -- deciding --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.state.mark()
        self._marked_day_seq = self._day_seq
        self._is_tentative = True
        self._settled.clear()

    def _end(self) -> None:
        self.state.mark()
        self._is_tentative = False
        self._settled.set()

    def _abandon(self) -> None:
        if self._is_tentative:
            self.state.rollback()
            self._day_seq = self._marked_day_seq
            self._schedule.ask()
        self._end()

    def _decide_all(self, waiting: list[Pending]) -> None:
        now = self._watch.look()
        is_in_doubt = self._schedule.is_in_doubt(now)
        for pending in waiting:
            if is_in_doubt and isinstance(pending.command, OpenDay | EndDay):
                pending.refusal = Refusal("clock-stepped")
            else:
                self._decide_one(pending, now)

    def _decide_one(self, pending: Pending, now: datetime) -> None:
        pending.events = []
        pending.refusal = None
        try:
            decided = decide(self.state, pending.command, pending.by, now)
        except Refusal as refusal:
            pending.refusal = refusal
        else:
            pending.events = self._apply_all(decided, pending.by.actor, now)

    def _apply_all(self, decided: Sequence[Event], actor: str, now: datetime) -> list[Recorded]:
        recorded_at = self._clock.now()
        recorded: list[Recorded] = []
        for event in decided:
            at = now if self.state.at is None else max(now, self.state.at)
            item = Recorded(self.state.seq + 1, self._day_of(event, at), at, recorded_at, actor, event)  # type: ignore[arg-type]
            apply(self.state, item)
            if isinstance(event, DayOpened) or self._day_seq == 0:
                self._day_seq = item.seq
            recorded.append(item)
        return recorded

    def _day_of(self, event: Event, at: datetime) -> date:
        """The service day that an event belongs to: the open one, or the day that it opens."""
        if isinstance(event, DayOpened | BranchConfigured):
            return service_day(event.config, at)
        day = self.state.day
        return day.date if day is not None else service_day(self.state.configured, at)

    # -- appending -------------------------------------------------------------------------------------------------

    async def _append(self, waiting: list[Pending]) -> list[Pending] | None:
        """Make the tentative state durable. None when done; otherwise those that must be decided again."""
        changes = self.state.changes()
        self._schedule.refresh(changes)
        batch = batch_of(self.branch_id, waiting, changes, day_seq=self._day_seq, due_at=self._schedule.due_at)
        try:
            outcome = await self._journal.append(batch)
        except JournalUnavailable as fault:
            self._abandon()
            return await self._after_doubt(waiting, fault)
        if isinstance(outcome, Appended):
            self._confirm(waiting, changes, batch, outcome.epoch)
            return None
        self._abandon()
        if isinstance(outcome, Conflict) and outcome.seq == self.state.seq:
            raise RuntimeError(f"the journal of {self.branch_id} is at {outcome.seq}, as expected, and refuses")
        await self._catch_up()
        return await self._without_repeats(waiting, ask_journal=True)

    def _confirm(self, waiting: list[Pending], changes: list[Change], batch: Batch, epoch: str) -> None:
        """The tentative state is the confirmed one: tell the hub, then the callers."""
        self._is_unwell = False
        if self.epoch and epoch != self.epoch:
            self._is_stale = True  # a history that began between two batches: what came before it is read again
        else:
            self.epoch = epoch
        self._announce(changes, batch)
        for pending in waiting:
            if pending.events:
                self._repeats.remember(pending)
                pending.answer(answer(self.branch_id, self.epoch, pending.events, self._number_of))

    def _announce(self, changes: list[Change], own: Batch | None = None) -> None:
        """The state is confirmed: readers may see it, and the hub is told what differs."""
        self._is_tentative = False
        self._confirmed_seq = self.state.seq
        self._settled.set()
        self._publish(self, changes, own)
        self.state.mark()

    async def _after_doubt(self, waiting: list[Pending], fault: JournalUnavailable) -> list[Pending] | None:
        """The append failed or nobody knows: when the journal can be read, it tells; otherwise everyone is refused."""
        self._is_stale = self._is_unwell = True
        try:
            await self._catch_up()
            remaining = await self._without_repeats(waiting, ask_journal=True)
        except JournalUnavailable:
            self._abandon()
            remaining = waiting
        for pending in remaining:
            pending.fail(Refusal(fault.reason if fault.reason == "disk-full" else "unavailable"))
        return None

    # -- repeats and refusals --------------------------------------------------------------------------------------

    async def _without_repeats(self, batch: list[Pending], *, ask_journal: bool = False) -> list[Pending]:
        """Answer those whose key was accepted before; two of one key in one batch wait for each other."""
        fresh: list[Pending] = []
        seen: dict[tuple[str, str], Pending] = {}
        for pending in batch:
            if await self._answer_repeat(pending, ask_journal=ask_journal):
                continue
            if pending.identity in seen:
                seen[pending.identity].future.add_done_callback(partial(self._resubmit, pending))
                continue
            seen[pending.identity] = pending
            fresh.append(pending)
        return fresh

    def _resubmit(self, pending: Pending, _: object) -> None:
        if not pending.future.done():
            self._queue.append(pending)
            self._wake()

    async def _answer_repeat(self, pending: Pending, *, ask_journal: bool) -> bool:
        known = await self._repeats.find(pending, ask_journal=ask_journal)
        if known is None:
            return False
        if known.fingerprint != pending.fingerprint:
            pending.fail(Refusal("key-reused"))
            return True
        stored = await self._journal.read(self.branch_id, known.first_seq - 1, known.last_seq - known.first_seq + 1)
        events = [loaded(self.branch_id, item) for item in stored]
        pending.answer(answer(self.branch_id, self.epoch, events, self._number_of))
        return True

    async def _answer_eventless(self, pending: Pending) -> None:
        """A refusal, or what is already so; unless the key was accepted before and its events answer."""
        if await self._answer_repeat(pending, ask_journal=True):
            return
        if pending.refusal is not None:
            pending.fail(pending.refusal)
        else:
            pending.answer(unchanged(self.state, self.branch_id, self.position, pending.command))

    def _number_of(self, ticket_id: str) -> str:
        ticket = self.state.tickets.get(ticket_id)
        return ticket.number if ticket is not None else ""

    # -- what others write, and time -------------------------------------------------------------------------------

    def has_seen(self, head: Head) -> bool:
        """Whether the confirmed state is no older than this."""
        return head.epoch == self.epoch and head.seq <= self._confirmed_seq

    def hear(self, written: Written) -> None:
        """Somebody has appended this, or at least that much."""
        self._heard.append(written)
        self._wake()

    def _take_in_heard(self) -> None:
        """Events that follow ours are folded as they were heard; where one is missing the journal is read."""
        heard, self._heard = self._heard, []
        for written in heard:
            if written.epoch == self.epoch and written.seq <= self.state.seq:
                continue
            if written.epoch != self.epoch or written.prev != self.state.seq or not written.events:
                self._is_stale = True
                return
            self._begin()
            self._fold(written.events)
            self._end_reading()

    def _reread(self) -> asyncio.Future[None]:
        """Have the journal read, by a reading that begins after this."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rereaders.append(future)
        self._is_stale = True
        self._is_unwell = False
        self._wake()
        return future

    async def _catch_up(self) -> None:
        """Fold what the journal has beyond the confirmed state; nobody sees it half done."""
        if self._is_tentative:
            raise RuntimeError(f"what branch {self.branch_id} has only decided is not what is caught up with")
        self._is_stale, rereaders, self._rereaders = False, self._rereaders, []
        try:
            head = await self._journal.head(self.branch_id)
            if head is not None:
                await self._follow(head)
        except Exception as fault:
            self._is_stale = True
            for future in rereaders:
                if not future.done():
                    future.set_exception(fault)
            raise
        for future in rereaders:
            if not future.done():
                future.set_result(None)

    async def _follow(self, head: Head) -> None:
        if not self.epoch:
            self._begin_at(head)
        elif head.epoch != self.epoch or head.seq < self.state.seq:
            await self._begin_anew(head)
        self._begin()
        while self.state.seq < head.seq:
            stored = await self._journal.read(self.branch_id, self.state.seq, EVENTS_AT_ONCE)
            if not stored:
                break
            self._fold(stored)
        self._end_reading()

    def _begin_at(self, head: Head) -> None:
        self.epoch = head.epoch
        self._day_seq = head.day_seq
        self.state.seq = max(0, head.day_seq - 1)

    async def _begin_anew(self, head: Head) -> None:
        """The history that we know is void: another was restored in its place, or its end is lost (a standby that had
        not got everything took over). Then a new epoch tells every client."""
        log.critical(
            "The journal of branch %s is another one: we are at %s, it ends at %s.%d.",
            self.branch_id, self.position, head.epoch, head.seq,
        )  # fmt: skip
        if head.epoch == self.epoch:
            await self._journal.renew_epoch(self.branch_id, self.epoch)
            head = await self._journal.head(self.branch_id) or head
        self._schedule.close()
        self.state = BranchState()
        self._confirmed_seq = 0
        self._schedule = Schedule(self.state, self._clock, self._watch, self.on_time)
        self._repeats = Repeats(self.branch_id, self._journal)
        self._begin_at(head)

    def _fold(self, stored: Sequence[StoredEvent]) -> None:
        for item in stored:
            event = loaded(self.branch_id, item)
            apply(self.state, event)
            if isinstance(event.event, DayOpened) or self._day_seq == 0:
                self._day_seq = item.seq

    def _end_reading(self) -> None:
        """What was read is the confirmed state now."""
        changes = self.state.changes()
        self._schedule.ask()
        if self.state.seq != self._confirmed_seq:
            self._announce(changes)
        self._end()

    def on_time(self) -> None:
        """Something is due, or may be tried again."""
        self._is_unwell = False
        self._wake()

    @property
    def is_idle(self) -> bool:
        """Whether it may be dropped: nobody waits, and nothing is on its way."""
        return self._runner is None and not self._queue and not self._readers

    async def drained(self) -> None:
        """Until nothing is on its way."""
        while self._runner is not None:
            await asyncio.wait([self._runner])

    def close(self) -> None:
        self._schedule.close()


def loaded(branch_id: str, stored: StoredEvent) -> Recorded:
    """The event that lies in the journal.

    Raises:
        JournalUnavailable: a newer release wrote it; this one stops serving the branch, and never skips an event.
    """
    try:
        return upcast.load(stored.seq, stored.day, stored.type, stored.v, stored.body)
    except upcast.UnknownEvent as fault:
        log.critical("Branch %s cannot be served by this release: %s.", branch_id, fault)
        raise JournalUnavailable(
            "unavailable", f"branch {branch_id} was written by a newer release: {fault}"
        ) from fault
