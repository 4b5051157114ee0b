"""The host's clock: wall time for people, and a watch over it, because a jump must not open or end a day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

STEP = timedelta(seconds=60)
"""A wall clock that has moved this far against the monotonic one was set by somebody."""
DRIFT_FORGOTTEN = timedelta(hours=1)
"""Two machines without a common time drift by seconds a day: what they did not do within an hour is no step."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, aware, UTC."""

    def call_at(self, at: datetime, work: Callable[[], None]) -> asyncio.TimerHandle:
        """Run `work` on the running loop when this clock shows `at`."""


class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_at(self, at: datetime, work: Callable[[], None]) -> asyncio.TimerHandle:
        delay = max(0.0, (at - self.now()).total_seconds())
        return asyncio.get_running_loop().call_later(delay, work)


class FastClock:
    """A clock for demonstrations and tests: showed `start` at `origin` (the wall's time; by default now), and runs
    `speed` times as fast as the monotonic one."""

    def __init__(self, start: datetime, speed: float, *, origin: datetime | None = None) -> None:
        passed = datetime.now(UTC) - origin if origin is not None else timedelta()
        self._start = start + passed * speed
        self._speed = speed
        self._origin = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self._speed)

    def call_at(self, at: datetime, work: Callable[[], None]) -> asyncio.TimerHandle:
        delay = max(0.0, (at - self.now()).total_seconds() / self._speed)
        return asyncio.get_running_loop().call_later(delay, work)


class JournalClock:
    """The database's clock, for processes that share one: what it showed when it was last asked, and a monotonic clock
    since. So all of them agree, and a machine whose own clock was set harms nobody."""

    def __init__(self, at: datetime) -> None:
        self.set(at, time.monotonic())

    def set(self, at: datetime, moment: float) -> None:
        """It showed `at` at this moment of the monotonic clock."""
        self._at, self._moment = at, moment

    def now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._moment)

    def call_at(self, at: datetime, work: Callable[[], None]) -> asyncio.TimerHandle:
        delay = max(0.0, (at - self.now()).total_seconds())
        return asyncio.get_running_loop().call_later(delay, work)


class Watch:
    """Notices that the clock was set: `has_stepped` stays true until an administrator confirms the time."""

    def __init__(self, clock: Clock, *, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._speed = speed
        self._monotonic = monotonic
        self.confirm()

    def confirm(self) -> None:
        self.stepped_by: timedelta | None = None
        self._wall = self._clock.now()
        self._mono = self._monotonic()

    def look(self) -> datetime:
        """The time now; a step against the monotonic clock is remembered."""
        now = self._clock.now()
        passed = timedelta(seconds=(self._monotonic() - self._mono) * self._speed)
        drift = now - self._wall - passed
        if abs(drift) > STEP:
            self.stepped_by = drift
        elif passed > DRIFT_FORGOTTEN:
            self._wall, self._mono = now, self._monotonic()
        return now

    @property
    def has_stepped(self) -> bool:
        return self.stepped_by is not None
