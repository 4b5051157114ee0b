"""What is kept of people goes when its time is over: also of a branch that nobody opens any more."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from queue_server.branches.looking import Looking
from queue_server.journal.office import Office
from queue_server.journal.port import Journal, JournalUnavailable

log = logging.getLogger(__name__)

EVERY_S = 300.0
"""Rows end at a day boundary, when halls are empty."""

Forget = Callable[[datetime], Awaitable[int]]
"""Deletes what is over at that instant; returns how many."""


class Retention(Looking):
    """In the one process of all that holds the office. While the clock is in doubt nothing is deleted by it.

    It needs no cursor: when a row ends stands in the row.
    """

    def __init__(
        self,
        journal: Journal,
        now: Callable[[], datetime],
        is_clock_in_doubt: Callable[[], bool],
        *,
        also: Forget,
        speed: float = 1.0,
    ) -> None:
        super().__init__("retention", self.look, is_told=lambda: True)
        self._journal = journal
        self._now = now
        self._is_clock_in_doubt = is_clock_in_doubt
        self._also = also
        self._office = Office(journal, "retention")
        self._every_s = EVERY_S / speed
        self._due_at = 0.0
        self._is_unclean = False

    async def look(self) -> None:
        """
        Raises:
            JournalUnavailable
        """
        if time.monotonic() < self._due_at or self._is_clock_in_doubt() or not await self._office.is_held():
            return
        self._due_at = time.monotonic() + self._every_s
        await self.forget()

    async def forget(self) -> int:
        """Delete what is over by now; how many rows."""
        now = self._now()
        count = await self._journal.forget_personal(now) + await self._also(now)
        if count:
            log.info("%d rows about people were deleted, whose time was over.", count)
        if count or self._is_unclean:
            await self.scrub()
        return count

    async def scrub(self) -> None:
        """Something was deleted: see that it is nowhere; where that cannot be done now, with the next look."""
        self._is_unclean = not await self._journal.scrub()

    async def stop(self) -> None:
        await super().stop()
        with suppress(JournalUnavailable):
            await self._office.leave()
