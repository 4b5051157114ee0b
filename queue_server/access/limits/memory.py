"""Limits in one process's memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from queue_server.access.limits.port import SLACK_S, Limit, bucket_of

SUBJECTS_MAX = 50_000
"""Some 10 MB; whoever is forgotten first began first."""


class MemoryLimits:
    """`now` are seconds that only grow."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._empty_at: OrderedDict[str, float] = OrderedDict()

    async def take(self, limit: Limit, subject: str) -> float:
        now, key = self._now(), bucket_of(limit, subject)
        empty_at = max(self._empty_at.get(key, now), now)
        wait_s = empty_at - now - (limit.burst - 1) * limit.every_s
        if wait_s > SLACK_S:
            return wait_s
        self._empty_at[key] = empty_at + limit.every_s
        if len(self._empty_at) > SUBJECTS_MAX:
            self._forget(now)
        return 0.0

    async def give_back(self, limit: Limit, subject: str) -> None:
        key = bucket_of(limit, subject)
        empty_at = self._empty_at.pop(key, 0.0) - limit.every_s
        if empty_at > self._now():
            self._empty_at[key] = empty_at

    async def forget(self, limit: Limit, subject: str) -> None:
        self._empty_at.pop(bucket_of(limit, subject), None)

    def _forget(self, now: float) -> None:
        """Those whose tries are long ago; where all are recent, the first half."""
        recent = [(key, empty_at) for key, empty_at in self._empty_at.items() if empty_at > now]
        self._empty_at = OrderedDict(recent[-SUBJECTS_MAX // 2 :])
