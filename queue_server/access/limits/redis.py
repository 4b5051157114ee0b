"""Limits by way of Redis, the same for all processes. While it is away each process counts for itself."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from queue_server.access.limits.memory import MemoryLimits
from queue_server.access.limits.port import SLACK_S, Limit, bucket_of
from queue_server.realtime.redis_client import FAULTS

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

PREFIX = "layso:limit"
ANSWER_WITHIN_S = 0.5
"""Somebody who signs in waits no longer than this for a Redis that hangs."""
AGAIN_S = 5.0

SCRIPT = """
local now = tonumber(ARGV[1])
if not now then
    local time = redis.call('TIME')
    now = time[1] + time[2] / 1000000
end
local every, most, tries = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local empty = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = empty - now - most
if tries > 0 and wait > tonumber(ARGV[5]) then
    return string.format('%.6f', wait)
end
empty = empty + tries * every
if empty > now then
    redis.call('SET', KEYS[1], string.format('%.6f', empty), 'EX', math.ceil(empty - now) + 60)
else
    redis.call('DEL', KEYS[1])
end
return '0'
"""
"""KEYS: the bucket. ARGV: the instant (empty: by Redis' own clock), seconds a try, seconds of a full bucket but one
try, tries (-1: one given back), slack. A bucket is kept until a minute after it is empty."""


class RedisLimits:
    """`now` are seconds, the same in all processes: Redis' own clock unless one is given. `client` is connected when it
    is first used; whoever made it closes it."""

    def __init__(self, client: Redis, now: Callable[[], float] | None = None) -> None:
        self._script = client.register_script(SCRIPT)
        self._now = now
        self._own = MemoryLimits(now or time.monotonic)
        self._away_until = 0.0
        self._turn = asyncio.Lock()

    async def take(self, limit: Limit, subject: str) -> float:
        wait_s = await self._change(limit, subject, 1)
        return await self._own.take(limit, subject) if wait_s is None else wait_s

    async def give_back(self, limit: Limit, subject: str) -> None:
        if await self._change(limit, subject, -1) is None:
            await self._own.give_back(limit, subject)

    async def forget(self, limit: Limit, subject: str) -> None:
        """So many are given back that the bucket is empty, whatever was in it."""
        await self._change(limit, subject, -2 * limit.burst)
        await self._own.forget(limit, subject)

    async def _change(self, limit: Limit, subject: str, tries: int) -> float | None:
        """How long to wait; None when Redis does not say."""
        now = "" if self._now is None else f"{self._now():.6f}"
        key, most = f"{PREFIX}:{bucket_of(limit, subject)}", (limit.burst - 1) * limit.every_s
        async with self._turn:  # a crowd opens no crowd of connections
            if time.monotonic() < self._away_until:
                return None
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    return float(await self._script([key], [now, limit.every_s, most, tries, SLACK_S]))
            except FAULTS as fault:
                log.warning("Redis counts no tries, each process does for itself: %r", fault)
                self._away_until = time.monotonic() + AGAIN_S
                return None
