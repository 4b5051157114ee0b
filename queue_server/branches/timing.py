"""Where several processes serve one journal all go by its database's clock: asked now and then, kept in between."""

from __future__ import annotations

import time

from queue_server.branches.clock import JournalClock
from queue_server.branches.looking import Looking
from queue_server.journal.port import Journal

EXACT_S = 1.0
"""An answer that took longer says too little about when it was true."""


class Timing(Looking):
    """Sets the clock by the database's, four times a minute."""

    def __init__(self, journal: Journal, clock: JournalClock) -> None:
        super().__init__("timing", self.ask, is_told=lambda: True)
        self._journal = journal
        self._clock = clock

    async def ask(self) -> None:
        """
        Raises:
            JournalUnavailable
        """
        asked_at = time.monotonic()
        at = await self._journal.now()
        answered_at = time.monotonic()
        if answered_at - asked_at <= EXACT_S:
            self._clock.set(at, (asked_at + answered_at) / 2)
