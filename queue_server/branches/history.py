"""One branch's history as this process knows it: the confirmed state, and how it follows the journal.

Between `begin` and `confirm` or `abandon` the state is tentative, and nobody outside sees it: they wait in `settled`.
Other processes may serve the same branch. What they write is heard of (`hear`), or found when it matters (`is_behind`),
and folded between two batches of our own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime

from queue_server.branches.clock import Clock, Watch
from queue_server.branches.schedule import Schedule
from queue_server.domain import upcast
from queue_server.domain.apply import apply
from queue_server.domain.events import BranchConfigured, DayOpened, Event, Recorded
from queue_server.domain.hours import service_day
from queue_server.domain.state import BranchState, Change
from queue_server.journal.port import Batch, Head, Journal, JournalUnavailable, StoredEvent, Written

log = logging.getLogger(__name__)

EVENTS_AT_ONCE = 2000

Announce = Callable[[list[Change], Batch | None], None]
"""Told of each confirmed change, with the batch where this process wrote it."""


class History:
    """`ring` is called when time asks for something, or when there is something to take in; `on_anew` when another
    history has taken this one's place."""

    def __init__(
        self,
        branch_id: str,
        journal: Journal,
        clock: Clock,
        watch: Watch,
        *,
        announce: Announce,
        ring: Callable[[], None],
        wake: Callable[[], None],
        on_anew: Callable[[], None],
    ) -> None:
        self.branch_id = branch_id
        self.state = BranchState()
        self.epoch = ""
        self.day_seq = 0
        """Where the service day begins."""
        self.is_stale = False
        """The journal has more, or may have: it is to be read."""
        self.schedule = Schedule(self.state, clock, watch, ring)
        self._journal = journal
        self._clock = clock
        self._watch = watch
        self._announce = announce
        self._ring = ring
        self._wake = wake
        self._on_anew = on_anew
        self._marked_day_seq = 0
        self._confirmed_seq = 0
        self._is_tentative = False
        self._settled = asyncio.Event()
        self._settled.set()
        self._heard: list[Written] = []
        self._rereaders: list[asyncio.Future[None]] = []
        self.readers = 0
        """How many wait for the state to be confirmed."""

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def is_settled(self) -> bool:
        return not self._is_tentative

    @property
    def position(self) -> str:
        return f"{self.epoch}.{self.state.seq}"

    async def settled(self) -> BranchState:
        """The confirmed state, between batches.

        Raises:
            JournalUnavailable: nobody knows how old it is.
        """
        if self._journal.is_shared and await self.is_behind():
            await self._reread()
        while self._is_tentative:
            self.readers += 1
            try:
                await self._settled.wait()
            finally:
                self.readers -= 1
        return self.state

    def has_seen(self, head: Head) -> bool:
        """Whether the confirmed state is no older than this."""
        return head.epoch == self.epoch and head.seq <= self._confirmed_seq

    async def is_behind(self) -> bool:
        """Whether another process has written since: nobody is refused because of what is no longer so."""
        confirmed = self._confirmed_seq
        head = await self._journal.head(self.branch_id)
        if head is None:
            return False
        return head.epoch != self.epoch or head.seq > self._confirmed_seq or head.seq < confirmed

    # -- our own batches -----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """From here on the state is tentative."""
        self.state.mark()
        self._marked_day_seq = self.day_seq
        self._is_tentative = True
        self._settled.clear()

    def end(self) -> None:
        """Nothing has changed after all."""
        self.state.mark()
        self._is_tentative = False
        self._settled.set()

    def abandon(self) -> None:
        """What is tentative did not happen."""
        if self._is_tentative:
            self.state.rollback()
            self.day_seq = self._marked_day_seq
            self.schedule.ask()
        self.end()

    def add(self, decided: Sequence[Event], actor: str, now: datetime) -> list[Recorded]:
        """Events that were decided at `now`, applied and numbered."""
        recorded_at = self._clock.now()
        recorded: list[Recorded] = []
        for event in decided:
            at = now if self.state.at is None else max(now, self.state.at)
            item = Recorded(self.state.seq + 1, self._day_of(event, at), at, recorded_at, actor, event)  # type: ignore[arg-type]
            self._apply(item)
            recorded.append(item)
        return recorded

    def confirm(self, changes: list[Change], batch: Batch, epoch: str) -> None:
        """The tentative state is durable, as this batch."""
        if self.epoch and epoch != self.epoch:
            self.is_stale = True  # a history that began between two batches: what came before it is read again
        else:
            self.epoch = epoch
        self._confirm(changes, batch)

    def _confirm(self, changes: list[Change], own: Batch | None = None) -> None:
        """The state is confirmed: readers may see it, and the others are told what differs."""
        self._is_tentative = False
        self._confirmed_seq = self.state.seq
        self._settled.set()
        self._announce(changes, own)
        self.state.mark()

    def _day_of(self, event: Event, at: datetime) -> date:
        """The service day that an event belongs to: the open one, or the day that it opens."""
        if isinstance(event, DayOpened | BranchConfigured):
            return service_day(event.config, at)
        day = self.state.day
        return day.date if day is not None else service_day(self.state.configured, at)

    def _apply(self, item: Recorded) -> None:
        apply(self.state, item)
        if isinstance(item.event, DayOpened) or self.day_seq == 0:
            self.day_seq = item.seq

    # -- what others write ---------------------------------------------------------------------------------------------

    def hear(self, written: Written) -> None:
        """Somebody has appended this, or at least that much."""
        self._heard.append(written)
        self._wake()

    @property
    def has_heard(self) -> bool:
        return bool(self._heard)

    def take_in_heard(self) -> None:
        """Events that follow ours are folded as they were heard; where one is missing the journal is read."""
        heard, self._heard = self._heard, []
        for written in heard:
            if written.epoch == self.epoch and written.seq <= self.state.seq:
                continue
            if written.epoch != self.epoch or written.prev != self.state.seq or not written.events:
                self.is_stale = True
                return
            self.begin()
            self._fold(written.events)
            self._end_reading()

    def _reread(self) -> asyncio.Future[None]:
        """Have the journal read, by a reading that begins after this."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rereaders.append(future)
        self.is_stale = True
        self._ring()
        return future

    async def catch_up(self) -> None:
        """Fold what the journal has beyond the confirmed state; nobody sees it half done."""
        if self._is_tentative:
            raise RuntimeError(f"what branch {self.branch_id} has only decided is not what is caught up with")
        self.is_stale, rereaders, self._rereaders = False, self._rereaders, []
        try:
            head = await self._journal.head(self.branch_id)
            if head is not None:
                await self._follow(head)
        except Exception as fault:
            self.is_stale = True
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
        self.begin()
        while self.state.seq < head.seq:
            stored = await self._journal.read(self.branch_id, self.state.seq, EVENTS_AT_ONCE)
            if not stored:
                break
            self._fold(stored)
        self._end_reading()

    def _begin_at(self, head: Head) -> None:
        self.epoch = head.epoch
        self.day_seq = head.day_seq
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
        self.schedule.close()
        self.state = BranchState()
        self._confirmed_seq = 0
        self.schedule = Schedule(self.state, self._clock, self._watch, self._ring)
        self._on_anew()
        self._begin_at(head)

    def _fold(self, stored: Sequence[StoredEvent]) -> None:
        for item in stored:
            self._apply(loaded(self.branch_id, item))

    def _end_reading(self) -> None:
        """What was read is the confirmed state now."""
        changes = self.state.changes()
        self.schedule.ask()
        if self.state.seq != self._confirmed_seq:
            self._confirm(changes)
        self.end()


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
