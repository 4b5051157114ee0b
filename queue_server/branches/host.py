"""A branch host: the only way to change a branch.

All commands that wait are decided as one batch on the branch's state (which is tentative from `begin` on), appended in
one transaction, and answered after the commit. Whatever goes wrong with the append, the state is rolled back, what was
missed is read, and the rest is decided again. Before a refusal or an empty answer the host compares itself with the
head, since other processes may serve the same branch.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from queue_server.branches.answers import Answer, answer, unchanged
from queue_server.branches.batch import batch_of
from queue_server.branches.clock import Clock, Watch
from queue_server.branches.history import History, loaded
from queue_server.branches.pending import Pending, Repeats, Reports
from queue_server.branches.personal import Words
from queue_server.domain.commands import By, Command, EndDay, OpenDay, ReportCall
from queue_server.domain.decide import decide
from queue_server.domain.foresight import Outlook
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState, Change
from queue_server.journal.gathering import Gathering
from queue_server.journal.port import Appended, Batch, Conflict, Head, Journal, JournalUnavailable, Written

log = logging.getLogger(__name__)

_TIMER = By(actor="timer", may_override=True)

Publish = Callable[["BranchHost", list[Change], Batch | None], None]
"""Told after each commit what has changed, with the batch where this host wrote it."""


class BranchHost:
    """Serves one branch. Loaded by `load`; commands go in by `submit`."""

    def __init__(self, branch_id: str, journal: Journal, clock: Clock, watch: Watch, publish: Publish) -> None:
        self.branch_id = branch_id
        self.used_at = time.monotonic()
        """When somebody last asked for something."""
        self.is_closed = False
        self.outlook: Outlook | None = None
        """The newest one that there is; who takes a number is told by it."""
        self._journal = journal
        self._watch = watch
        self._queue: list[Pending] = []
        self._runner: asyncio.Task[None] | None = None
        self._is_unwell = False
        self._loaded_at = clock.now()
        self._repeats = Repeats(branch_id, journal)
        self._reports = Reports()
        self._gathering = Gathering()
        self._history = History(
            branch_id,
            journal,
            clock,
            watch,
            announce=lambda changes, own: publish(self, changes, own),
            ring=self.on_time,
            wake=self._wake,
            on_anew=self._forget,
        )

    # -- reading ---------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the day's events and fold them: from the newest `day.opened`."""
        await self._history.catch_up()
        self._history.schedule.set_alarm()

    @property
    def state(self) -> BranchState:
        """Tentative while `is_settled` is false."""
        return self._history.state

    @property
    def epoch(self) -> str:
        return self._history.epoch

    @property
    def position(self) -> str:
        return self._history.position

    @property
    def is_settled(self) -> bool:
        return self._history.is_settled

    async def settled(self) -> BranchState:
        """The confirmed state, between batches, and no older than the journal was when this was asked.

        Raises:
            JournalUnavailable: nobody knows how old it is.
        """
        self.used_at = time.monotonic()
        return await self._history.settled()

    def has_seen(self, head: Head) -> bool:
        """Whether the confirmed state is no older than this."""
        return self._history.has_seen(head)

    def hear(self, written: Written) -> None:
        """Somebody has appended this, or at least that much."""
        self._history.hear(written)

    # -- commands --------------------------------------------------------------------------------------------------

    def submit(self, command: Command, by: By, key: str, words: Sequence[Words] = ()) -> asyncio.Future[Answer]:
        """Have a command decided with all others that wait now; `words` are written with its events. The future gives
        its answer or raises its refusal."""
        report = command if isinstance(command, ReportCall) and command.call <= self.state.seq else None
        first = self._reports.find(report) if report is not None else None
        if first is not None:
            return asyncio.shield(first)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if report is not None:
            self._reports.remember(report, future)
        self._queue.append(Pending(command, by, key, future, words))
        self.used_at = time.monotonic()
        self._wake()
        return future

    def _wake(self) -> None:
        if self._runner is None:
            self._runner = asyncio.get_running_loop().create_task(self._run(), name=f"host {self.branch_id}")

    async def _run(self) -> None:
        """Batches, one after another, until nobody waits."""
        try:
            while self._queue or self._history.has_heard or (not self._is_unwell and self._has_work_of_its_own()):
                while self._gathering.is_worth_a_turn(len(self._queue), time.monotonic()):  # noqa: ASYNC110
                    await asyncio.sleep(0)  # a turn of the loop, in which others may come
                batch, self._queue = self._queue, []
                await self._carry_out_guarded(batch)
                if self._history.readers:
                    await asyncio.sleep(0)  # under load the next batch follows at once: readers have their turn first
        finally:
            self._runner = None
            self._history.schedule.set_alarm(is_unwell=self._is_unwell)

    def _has_work_of_its_own(self) -> bool:
        return self._history.is_stale or self._history.schedule.overdue() is not None

    async def _carry_out_guarded(self, batch: list[Pending]) -> None:
        """The supervisor of this branch: nothing may die with the queue full, and who asks for what nobody thought of
        fails alone."""
        try:
            await self._carry_out(batch)
        except Exception as fault:
            self._history.abandon()
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
        history = self._history
        history.take_in_heard()
        if history.is_stale:
            await history.catch_up()
        await self._carry_out_due()
        decided = await self._without_repeats(batch)
        waiting: list[Pending] | None = decided
        while waiting:
            history.begin()
            self._decide_all(waiting)
            if any(pending.events for pending in waiting):
                waiting = await self._append(waiting)
                continue
            history.end()
            if not (self._journal.is_shared and await history.is_behind()):
                break
            await history.catch_up()
        for pending in decided:
            if not pending.future.done():
                await self._answer_eventless(pending)

    async def _carry_out_due(self) -> None:
        """What time asks for comes first, each thing at its own instant and in a transaction of its own.

        Raises:
            JournalUnavailable: it could not be written, and so nothing may be decided after it.
        """
        history = self._history
        while (item := history.schedule.overdue()) is not None:
            timer = Pending(item.command, _TIMER, item.key, asyncio.get_running_loop().create_future())
            history.begin()
            is_missed = item.missed_at is not None and item.at < self._loaded_at
            self._decide_one(timer, item.missed_at if is_missed and item.missed_at is not None else item.at)
            if timer.refusal is not None:
                log.error("The timer %s of branch %s was refused: %s", item.kind, self.branch_id, timer.refusal.code)
            if not timer.events:
                history.end()
                history.schedule.drop()
                return
            await self._append([timer])
            fault = timer.future.exception() if timer.future.done() else None
            if fault is not None:
                raise JournalUnavailable(getattr(fault, "code", "unavailable"), f"the timer {item.kind}")
            if timer.future.done() and history.schedule.due == item:
                log.error("The timer %s of branch %s changes nothing: %s", item.kind, self.branch_id, item.key)
                history.schedule.drop()

    # -- deciding --------------------------------------------------------------------------------------------------

    def _decide_all(self, waiting: list[Pending]) -> None:
        now = self._watch.look()
        is_in_doubt = self._history.schedule.is_in_doubt(now)
        for pending in waiting:
            if is_in_doubt and isinstance(pending.command, OpenDay | EndDay):
                pending.refusal = Refusal("clock-stepped")
            else:
                self._decide_one(pending, now)

    def _decide_one(self, pending: Pending, now: datetime) -> None:
        pending.events = []
        pending.refusal = None
        try:
            decided = decide(self.state, pending.command, pending.by, now, self.outlook)
        except Refusal as refusal:
            pending.refusal = refusal.with_traceback(None)  # which would hold the frames that hold this
        else:
            pending.events = self._history.add(decided, pending.by.actor, now)

    # -- appending -------------------------------------------------------------------------------------------------

    async def _append(self, waiting: list[Pending]) -> list[Pending] | None:
        """Make the tentative state durable. None when done; otherwise those that must be decided again."""
        history = self._history
        changes = history.state.changes()
        history.schedule.refresh(changes)
        due_at = history.schedule.due_at
        batch = batch_of(self.branch_id, waiting, changes, day_seq=history.day_seq, due_at=due_at)
        try:
            outcome = await self._journal.append(batch)
        except JournalUnavailable as fault:
            history.abandon()
            return await self._after_doubt(waiting, fault)
        if isinstance(outcome, Appended):
            history.confirm(changes, batch, outcome.epoch)
            self._tell(waiting)
            return None
        history.abandon()
        if isinstance(outcome, Conflict) and outcome.seq == history.state.seq:
            raise RuntimeError(f"the journal of {self.branch_id} is at {outcome.seq}, as expected, and refuses")
        await history.catch_up()
        return await self._without_repeats(waiting, ask_journal=True)

    def _tell(self, waiting: list[Pending]) -> None:
        """What was decided is durable: answer those who asked for it."""
        self._is_unwell = False
        for pending in waiting:
            if pending.events:
                self._repeats.remember(pending)
                pending.answer(answer(self.branch_id, self.epoch, pending.events, self._number_of))

    async def _after_doubt(self, waiting: list[Pending], fault: JournalUnavailable) -> list[Pending] | None:
        """The append failed or nobody knows: when the journal can be read, it tells; otherwise everyone is refused."""
        self._history.is_stale = self._is_unwell = True
        try:
            await self._history.catch_up()
            remaining = await self._without_repeats(waiting, ask_journal=True)
        except JournalUnavailable:
            self._history.abandon()
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
        if not await self._repeats.is_same(pending, known):
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

    def _forget(self) -> None:
        """Another history: what was accepted in this one is void."""
        self._repeats = Repeats(self.branch_id, self._journal)
        self._reports = Reports()

    # -- time, and the end -----------------------------------------------------------------------------------------

    def on_time(self) -> None:
        """Something is due, or may be tried again."""
        self._is_unwell = False
        self._wake()

    @property
    def is_idle(self) -> bool:
        """Whether it may be dropped: nobody waits, and nothing is on its way."""
        return self._runner is None and not self._queue and not self._history.readers

    async def drained(self) -> None:
        """Until nothing is on its way."""
        while self._runner is not None:
            await asyncio.wait([self._runner])

    def close(self) -> None:
        """It is not followed any more; whoever needs the branch has another one loaded."""
        self.is_closed = True
        self._history.schedule.close()
