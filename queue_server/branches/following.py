"""Where several processes serve one journal: each hears what others write, and one wakes branches nobody touches."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from queue_server.branches.bus import CommandBus
from queue_server.branches.clock import Clock
from queue_server.branches.looking import UNTOLD_S, Looking
from queue_server.domain.refusals import Refusal
from queue_server.journal.office import Office
from queue_server.journal.port import Journal, JournalUnavailable, Written

PULSE_WITHIN_S, TURN_S = 2.0, 0.1
CUT_AFTER_S = 4.0
"""With the pulse's own seconds a screen says within 10 s that what it shows is old."""

log = logging.getLogger(__name__)


class Following(Looking):
    """Keeps the hosts that are loaded up with the journal, and drops those that nobody needs: `is_read` tells of which
    branch somebody reads a channel."""

    def __init__(
        self, journal: Journal, bus: CommandBus, *, is_told: Callable[[], bool], is_read: Callable[[str], bool]
    ) -> None:
        super().__init__("following", self._look_at_heads, is_told=is_told)
        self._journal = journal
        self._bus = bus
        self._is_read = is_read

    def hear(self, written: Written) -> None:
        host = self._bus.loaded(written.branch_id)
        if host is not None:
            host.hear(written)

    async def _look_at_heads(self) -> None:
        for head in await self._journal.heads():
            host = self._bus.loaded(head.branch_id)
            if host is not None and not host.has_seen(head):
                host.hear(Written(head.branch_id, head.epoch, head.seq, head.seq))
        self._bus.drop_idle(self._is_read)


class Pulse(Looking):
    """Feels whether the journal answers. When it has not for `CUT_AFTER_S`, nothing that readers see can be called
    current: `on_cut` sends them away, and nobody is let in before it answers again.

    Silence is counted in turns of the loop, in each of which an answer would have been heard. By the clock, a process
    that is only busy would send everybody away, and be busier still when all come back.
    """

    def __init__(self, journal: Journal, on_cut: Callable[[], None]) -> None:
        super().__init__("pulse", self._feel, is_told=lambda: False)
        self._journal = journal
        self._on_cut = on_cut
        self._silent_s = 0.0
        self._is_cut = False

    async def is_felt(self) -> bool:
        """Whether the journal answers; asked at once where it did not before."""
        if self._is_cut:
            with suppress(JournalUnavailable):
                await self._feel()
        return not self._is_cut

    async def _feel(self) -> None:
        try:
            await self._ask()
        except JournalUnavailable:
            if self._silent_s > CUT_AFTER_S and not self._is_cut:
                self._is_cut = True
                self._on_cut()
            raise
        self._silent_s = 0.0
        self._is_cut = False

    async def _ask(self) -> None:
        """Returns when the journal has answered, us or anybody else: behind a crowd that it serves one may wait."""
        asked_at, turns = time.monotonic(), 0
        asked = asyncio.ensure_future(self._journal.head(""))
        while not asked.done() and self._journal.answered_at < asked_at and turns < PULSE_WITHIN_S / TURN_S:
            await asyncio.wait([asked], timeout=TURN_S)
            turns += 1
        self._silent_s += UNTOLD_S + turns * TURN_S
        if asked.done():
            asked.result()
            return
        asked.cancel()
        if self._journal.answered_at < asked_at:
            raise JournalUnavailable("unavailable", "no answer")


class Timekeeper(Looking):
    """Wakes the branches of which time asks something and that no process may have loaded. One of all does this."""

    def __init__(self, journal: Journal, bus: CommandBus, clock: Clock) -> None:
        super().__init__("timekeeper", self._wake_due, is_told=lambda: False)
        self._journal = journal
        self._bus = bus
        self._clock = clock
        self._office = Office(journal, "timekeeper")

    async def stop(self) -> None:
        await super().stop()
        with suppress(JournalUnavailable):
            await self._office.leave()

    async def _wake_due(self) -> None:
        """A host that is loaded here has an alarm of its own, and so has one that gets loaded."""
        if not await self._office.is_held():
            return
        for branch_id in await self._journal.due(self._clock.now()):
            if self._bus.loaded(branch_id) is None:
                try:
                    await self._bus.host(branch_id)
                except Refusal as refusal:
                    log.error("Branch %s cannot be woken: %s", branch_id, refusal.code)
