"""Who stands at a dispenser, as far as the queue must know: that it is the same person as before, and not who."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial

from queue_server.access.day_key import DamagedKey, DayKey, KeyFile, is_of_same_day
from queue_server.branches.looking import Looking
from queue_server.journal.port import Database, Journal

log = logging.getLogger(__name__)

AHEAD = timedelta(hours=1)
"""Clocks of two hosts are not so far apart: a key of a later day is of a clock that was wrong."""

NOTED = "SELECT value FROM secret WHERE name = 'day-key'"
NOTE = """
INSERT INTO secret (name, value) VALUES ('day-key', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""

EarliestDay = Callable[[timedelta], Awaitable[date]]
"""The earliest service day of any branch, so much later than now."""


class Persons(Looking):
    """Keeps the key of the earliest service day that a branch is in, and overwrites it when that has passed. While
    there is no key, cards say nothing, and numbers are given as without them."""

    def __init__(
        self, journal: Journal, file: KeyFile, earliest_day: EarliestDay, is_clock_in_doubt: Callable[[], bool]
    ) -> None:
        super().__init__("day key", self.step, is_told=lambda: True)
        self._journal = journal
        self._file = file
        self._earliest_day = earliest_day
        self._is_clock_in_doubt = is_clock_in_doubt
        self._key: DayKey | None = None
        self._is_unwell = False

    def person(self, identity: str, day: date) -> str | None:
        """What stands for somebody on a branch's service day; None while nobody can say."""
        key = self._key.on(day) if self._key is not None else None
        return key.person(identity) if key is not None else None

    async def step(self) -> None:
        """Have the key of the earliest day, and no older one.

        Raises:
            JournalUnavailable: nobody knows which day that is.
        """
        if self._is_clock_in_doubt():
            return
        day = await self._earliest_day(timedelta())
        if self._key is not None and self._key.day == day:
            return
        at_latest = await self._earliest_day(AHEAD)
        try:
            self._key = await asyncio.to_thread(self._file.step_to, day, at_latest)
        except (OSError, DamagedKey) as fault:
            if not self._is_unwell:
                log.error("No card can be told from another today: the day's key cannot be kept: %s", fault)
            self._is_unwell, self._key = True, None
        else:
            self._is_unwell = False
            await self._compare(self._key)

    async def _compare(self, key: DayKey) -> None:
        """Whoever steps first notes the key's mark, by which the others see that it is theirs too."""
        if self._journal.is_shared and await self._journal.run(partial(note, mark=key.noted)) != key.noted:
            log.error("Another host has another key of the day: a person may take a number at each. See doctor.")


def note(db: Database, mark: bytes) -> bytes:
    """What is noted of this day's key, this mark where nothing is."""
    found = db.execute(NOTED).fetchone()
    if found is not None and is_of_same_day(bytes(found[0]), mark):
        return bytes(found[0])
    db.execute(NOTE, (mark,))
    return mark
