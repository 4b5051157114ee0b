"""Where to commit: on the loop's own thread while the disk answers at once, else in the writer thread."""

from __future__ import annotations

import math

WEIGHT = 0.1


class Pace:
    """Judges by the commits that the loop itself made: those of the thread also wait for the interpreter's lock.

    The loop commits while their mean (weighted towards the newest) is under `limit_s`. A slower disk, or one commit
    over `stall_s`, moves commits to the thread for `rest_s`; then the loop tries again, and each trial that fails
    soon doubles the rest, up to `longest_rest_s`. So a slow disk holds up the loop by one or two commits a minute.
    `limit_s` 0: never on the loop.
    """

    def __init__(
        self,
        *,
        limit_s: float = 0.001,
        stall_s: float = 0.05,
        rest_s: float = 1.0,
        longest_rest_s: float = 60.0,
    ) -> None:
        self._limit_s = limit_s
        self._stall_s = stall_s
        self._first_rest_s = self._next_rest_s = rest_s
        self._longest_rest_s = longest_rest_s
        self._mean_s = limit_s / 2
        self._rest_until = 0.0 if limit_s > 0 else math.inf
        self._trial = 0

    def is_fast(self, now: float) -> bool:
        """May the loop commit by itself? `now` is monotonic, in seconds."""
        return now >= self._rest_until

    def note(self, took_s: float, now: float) -> None:
        """The loop committed, and it took so long."""
        self._trial += 1
        self._mean_s += (took_s - self._mean_s) * WEIGHT
        if self._mean_s > self._limit_s or took_s > self._stall_s:
            self._rest(now)

    def _rest(self, now: float) -> None:
        has_failed_soon = self._trial < 100
        rest_s = self._next_rest_s if has_failed_soon else self._first_rest_s
        self._next_rest_s = min(rest_s * 2, self._longest_rest_s)
        self._rest_until = now + rest_s
        self._mean_s = self._limit_s / 2
        self._trial = 0
