"""What one process of all does at a time: a lease by the database's clock, that moves when its holder dies."""

from __future__ import annotations

import time
from uuid import uuid4

from queue_server.journal.port import Journal

LEASE_S = 10.0
EVERY_BRANCH = ""
"""An office is a cursor that belongs to no branch."""


class Office:
    """Where a journal has one process only, that process holds every office."""

    def __init__(self, journal: Journal, name: str, *, lease_s: float = LEASE_S) -> None:
        self._journal = journal
        self._name = f"office/{name}"
        self._lease_s = lease_s
        self._holder = uuid4().hex
        self._renew_at = 0.0

    async def is_held(self) -> bool:
        """Whether this process has it now; taken where it is free. To be asked before each piece of work: who was
        stopped for a while may have lost it meanwhile, and what was begun is fenced by its cursor.

        Raises:
            JournalUnavailable
        """
        if not self._journal.is_shared or time.monotonic() < self._renew_at:
            return True
        asked_at = time.monotonic()
        taken = await self._journal.take_cursor(self._name, EVERY_BRANCH, self._holder, self._lease_s)
        self._renew_at = asked_at + self._lease_s / 3 if taken is not None else 0.0
        return taken is not None

    async def leave(self) -> None:
        """Let others have it at once."""
        if self._renew_at:
            self._renew_at = 0.0
            await self._journal.take_cursor(self._name, EVERY_BRANCH, self._holder, 0.0)
