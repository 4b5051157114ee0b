"""What time asks of a branch next, and the alarm that wakes its host for it though nobody touches the branch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from queue_server.branches.clock import Clock, Watch
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.state import BranchState, Change
from queue_server.domain.timers import Due, due

RETRY_S = 1.0
"""What could not be written, or not decided by a clock in doubt, is tried again so much later."""

BEHIND = timedelta(seconds=60)


class Schedule:
    """`due` of the branch's state, kept current; `ring` is called when its instant has come."""

    def __init__(self, state: BranchState, clock: Clock, watch: Watch, ring: Callable[[], None]) -> None:
        self.due: Due | None = None
        self._state = state
        self._clock = clock
        self._watch = watch
        self._ring = ring
        self._asked_of: BranchConfig | None = None
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def due_at(self) -> datetime | None:
        return self.due.at if self.due is not None else None

    def ask(self) -> None:
        self.due = due(self._state, self._watch.look())
        self._asked_of = self._state.config

    def refresh(self, changes: list[Change]) -> None:
        """Ask anew when these changes may have moved it."""
        config = self._state.config
        has_implied_start = config is not None and config.limits.implied_start_s is not None
        is_moved = config is not self._asked_of or any(
            change.table == "day" or (has_implied_start and change.table == "tickets") for change in changes
        )
        if is_moved or self.due is None:
            self.ask()

    def drop(self) -> None:
        """It cannot be done; nothing is due until the branch changes."""
        self.due = None

    def overdue(self) -> Due | None:
        """What should have happened by now; nothing while the clock is in doubt."""
        now = self._watch.look()
        if self.due is None or self.due.at > now or self.is_in_doubt(now):
            return None
        return self.due

    def is_in_doubt(self, now: datetime) -> bool:
        """The wall clock was set, or is behind what the journal has seen: no day is opened or ended by it."""
        is_behind = self._state.at is not None and now < self._state.at - BEHIND
        return self._watch.has_stepped or is_behind

    def set_alarm(self, *, is_unwell: bool = False) -> None:
        self.close()
        if is_unwell or self.is_in_doubt(self._watch.look()):
            self._alarm = asyncio.get_running_loop().call_later(RETRY_S, self._ring)
        elif self.due is not None:
            self._alarm = self._clock.call_at(self.due.at, self._ring)

    def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
