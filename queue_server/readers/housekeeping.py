"""What a server does for itself once a day: forget old command keys and slips, and make the daily backup."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from queue_server.domain import events as ev
from queue_server.domain.events import Recorded
from queue_server.journal.backup import KEPT, BackupFailed, last_good
from queue_server.journal.port import Journal
from queue_server.readers.days import day_before
from queue_server.readers.reader import Progress

log = logging.getLogger(__name__)

APART = timedelta(minutes=10)
"""Branches that end their day soon after one another share a backup."""
SAME_DAY = timedelta(hours=12)
"""A day keeps its newest backup only, so that those that are kept reach back as many days."""
RETRY = timedelta(minutes=10)

Forget = Callable[[str, datetime], Awaitable[object]]
"""Forgets what is old beside a branch's journal, at that instant."""
BackUp = Callable[[Path, datetime, int], Awaitable[Path]]
"""Makes a backup in a folder, named by an instant, and keeps so many; raises `BackupFailed`."""


class Housekeeping:
    """Follows every branch's `day.opened` and `day.closed`. Without a folder no backups are made: who runs a database
    server backs it up by its own means."""

    name = "housekeeping"
    types: frozenset[str] | None = frozenset({"day.opened", "day.closed"})

    def __init__(
        self,
        journal: Journal,
        back_up: BackUp,
        folder: Path | None,
        now: Callable[[], datetime],
        *,
        forget: Forget | None = None,
        speed: float = 1.0,
    ) -> None:
        self._journal = journal
        self._back_up = back_up
        self._folder = folder
        self._now = now
        self._forget_old = forget
        self._speed = speed

    async def handle(self, branch_id: str, events: Sequence[Recorded]) -> Progress:
        for item in events:
            if isinstance(item.event, ev.DayOpened):
                await self._forget(branch_id, item)
            elif isinstance(item.event, ev.DayClosed):
                pause = await self._keep(item)
                if pause:
                    return Progress(item.seq - 1, pause.total_seconds() / self._speed)
        return Progress(events[-1].seq)

    async def _forget(self, branch_id: str, item: Recorded) -> None:
        """Keys are kept until the second service day after their own: nobody repeats a command later than that."""
        if self._forget_old is not None:
            await self._forget_old(branch_id, self._now())
        before = await day_before(self._journal, branch_id, item.day)
        second = await day_before(self._journal, branch_id, before) if before else None
        if second is not None:
            await self._journal.forget_commands(branch_id, second)

    async def _keep(self, item: Recorded) -> timedelta | None:
        """Make sure that a backup holds this event; how long to wait before trying again, or None when one does."""
        if self._folder is None:
            return None
        now = self._now()
        last = last_good(self._folder)
        before = last if last is not None and last[1] <= now else None
        if before is not None and before[1] >= item.recorded_at:
            return None
        if before is not None and now - before[1] < APART:
            return APART - (now - before[1])
        is_same_day = before is not None and now - before[1] < SAME_DAY
        try:
            made = await self._back_up(self._folder, now, KEPT + is_same_day)
        except BackupFailed as fault:
            log.error("No backup was made: %s", fault)
            return RETRY
        if before is not None and is_same_day:
            before[0].unlink(missing_ok=True)
        log.info("The backup %s was made.", made.name)
        return None
