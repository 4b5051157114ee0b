"""Presence by way of Redis: each process keeps a hash of its devices that expires unless it is renewed.

Ten thousand quiet connections cost one small transaction every few seconds, and so do ten thousand that come at once:
changes gather. What a process knows of itself it does not ask for, so the hash is for the others.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from queue_server.realtime.presence.local import Here
from queue_server.realtime.redis_client import FAULTS, end

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

PROCESSES = "layso:presence"
"""The set of those who keep a hash; who has died is taken out by whoever notices."""
CAME, LEFT = f"{PROCESSES}:came", f"{PROCESSES}:left"
"""Hashes of all processes: to which one each device came last; from which one it went, and when ("NAME INSTANT"). Only
where the two agree was that the end: one that died with a device has said nothing."""
REMEMBERED = timedelta(days=7)
PEOPLE = "people"
"""The field that every hash has, beside one for each device."""
GATHER_S = 0.25
RENEW_S = 4.0
LASTS_S = 12
"""A dead process's devices are gone after this; a living one may miss two renewals."""
AGAIN_S = 1.0
GOODBYE_S = 1.0
DOUBT_S = 2 * RENEW_S
"""After Redis was away, or has forgotten us, the others may not have said yet who is with them."""


class _Other(NamedTuple):
    """What another process has said."""

    people: int
    devices: dict[str, bytes]


class RedisPresence:
    """`client` is connected when it is first used; whoever made it closes it."""

    def __init__(self, client: Redis, now: Callable[[], datetime]) -> None:
        self._client: Any = client
        self._name = os.urandom(8).hex()
        self._here = Here(now)
        self._changed: set[str | None] = set()
        self._came: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_told = False
        self._is_failing = False
        self._in_doubt_until = 0.0

    def come(self, device: str | None) -> None:
        if self._here.come(device):
            if device is not None:
                self._came.add(device)
            self._note(device)

    def go(self, device: str | None) -> None:
        if self._here.go(device):
            self._note(device)

    def tell(self, device: str, report: bytes) -> None:
        if self._here.tell(device, report):
            self._note(device)

    def _note(self, device: str | None) -> None:
        self._changed.add(device)
        self._wake.set()

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._tell_forever(), name="presence")

    async def stop(self) -> None:
        if self._task is None:
            return
        await end(self._task)
        with suppress(*FAULTS):
            async with asyncio.timeout(GOODBYE_S):
                await self._client.pipeline().delete(self._key(self._name)).srem(PROCESSES, self._name).execute()

    # -- telling -------------------------------------------------------------------------------------------------------

    async def _tell_forever(self) -> None:
        while True:
            try:
                await self._tell()
                self._is_failing = False
            except FAULTS as fault:
                self._on_fault(fault)
                await asyncio.sleep(AGAIN_S)
                continue
            except Exception:  # the edge of this connection: others must know again who is here
                log.exception("Presence could not be told.")
                self._is_told = False
                await asyncio.sleep(AGAIN_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW_S):
                    await self._wake.wait()
                    await asyncio.sleep(GATHER_S)

    def _on_fault(self, fault: BaseException) -> None:
        if not self._is_failing:
            log.warning("Redis is not told who is connected: %s", fault)
        self._is_failing, self._is_told = True, False
        self._in_doubt_until = time.monotonic() + DOUBT_S

    async def _tell(self) -> None:
        """What has changed; everything where Redis does not know us (any more)."""
        changed, came = self._take_changes()
        try:
            if self._is_told and not await self._tell_changes(changed, came):
                log.warning("Redis has forgotten who is connected, and is told again.")
                self._in_doubt_until = time.monotonic() + DOUBT_S
                self._is_told = False
            if not self._is_told:
                await self._tell_all(changed, came)
                self._is_told = True
        except BaseException:
            self._changed |= changed
            self._came |= came
            raise

    async def _tell_changes(self, changed: set[str | None], came: set[str]) -> bool:
        """Whether there was something to change: False when our hash is gone."""
        come = {device: self._said(device) for device in changed if device in self._here.devices}
        gone = self._gone(changed)
        key, work = self._key(self._name), self._client.pipeline().exists(self._key(self._name))
        work.hset(key, mapping={PEOPLE: self._here.people, **come})
        if gone:
            work.hdel(key, *gone)
        self._remember(work, came, gone)
        work.expire(key, LASTS_S).sadd(PROCESSES, self._name)
        was_there, *_ = await work.execute()
        return bool(was_there)

    async def _tell_all(self, changed: set[str | None], came: set[str]) -> None:
        key = self._key(self._name)
        fields = {PEOPLE: self._here.people, **{device: self._said(device) for device in self._here.devices}}
        work = self._client.pipeline().delete(key).hset(key, mapping=fields).expire(key, LASTS_S)
        self._remember(work, came.union(self._here.devices), self._gone(changed))
        await work.sadd(PROCESSES, self._name).execute()

    def _gone(self, changed: set[str | None]) -> list[str]:
        return [device for device in changed if device is not None and device not in self._here.devices]

    def _remember(self, work: Any, came: set[str], gone: Sequence[str]) -> None:
        if came:
            work.hset(CAME, mapping=dict.fromkeys(came, self._name)).expire(CAME, REMEMBERED).hdel(LEFT, *came)
        if gone:
            left = {device: f"{self._name} {self._here.left[device].isoformat()}" for device in gone}
            work.hset(LEFT, mapping=left).expire(LEFT, REMEMBERED)

    def _said(self, device: str | None) -> bytes:
        return self._here.reports.get(device or "", b"")

    def _take_changes(self) -> tuple[set[str | None], set[str]]:
        """Of whom there is something to tell, and which devices have come since the last time."""
        self._wake.clear()
        taken = self._changed, self._came
        self._changed, self._came = set(), set()
        return taken

    @staticmethod
    def _key(name: str) -> str:
        return f"{PROCESSES}:{name}"

    # -- asking --------------------------------------------------------------------------------------------------------

    async def connected(self, devices: Iterable[str]) -> dict[str, bool | None]:
        wanted = list(devices)
        elsewhere = [device for device in wanted if device not in self._here.devices]
        others = await self._ask_others(elsewhere) if elsewhere else []
        absent = False if others is not None and not self._is_in_doubt() else None
        there = {device for other in others or () for device in other.devices}
        return {device: True if device in self._here.devices or device in there else absent for device in wanted}

    async def reports(self, devices: Iterable[str]) -> dict[str, bytes]:
        wanted = list(devices)
        elsewhere = [device for device in wanted if device not in self._here.devices]
        others = (await self._ask_others(elsewhere) if elsewhere else None) or []
        there = {device: said for other in others for device, said in other.devices.items() if said}
        return there | {device: self._here.reports[device] for device in wanted if device in self._here.reports}

    async def gone_since(self, devices: Iterable[str]) -> dict[str, datetime]:
        wanted = [device for device in devices if device not in self._here.devices]
        if not wanted:
            return {}
        try:
            work = self._client.pipeline(transaction=False).hmget(CAME, wanted).hmget(LEFT, wanted)
            came, left = await work.execute()
        except FAULTS as fault:
            log.info("Redis does not say since when devices are gone: %s", fault)
            return {}
        ends = (said.decode().split() if said else ("", "") for said in left)
        return {
            device: datetime.fromisoformat(at)
            for device, last, (process, at) in zip(wanted, came, ends, strict=True)
            if last is not None and last.decode() == process
        }

    async def people(self) -> int | None:
        others = await self._ask_others([])
        if others is None or self._is_in_doubt():
            return None
        return self._here.people + sum(other.people for other in others)

    def _is_in_doubt(self) -> bool:
        return time.monotonic() < self._in_doubt_until

    async def _ask_others(self, devices: Sequence[str]) -> list[_Other] | None:
        """Every other process, and which of these devices it has; None when Redis is away."""
        try:
            names = {name.decode() for name in await self._client.smembers(PROCESSES)}
            if self._is_told and self._name not in names:
                self._in_doubt_until = time.monotonic() + DOUBT_S
            return await self._others(sorted(names - {self._name}), devices)
        except FAULTS as fault:
            log.info("Redis does not say who is connected: %s", fault)
            return None

    async def _others(self, names: Sequence[str], devices: Sequence[str]) -> list[_Other]:
        work = self._client.pipeline(transaction=False)
        for name in names:
            work.hmget(self._key(name), [PEOPLE, *devices])
        found = dict(zip(names, await work.execute(), strict=True))
        dead = [name for name, (people, *_) in found.items() if people is None]
        if dead:
            await self._client.srem(PROCESSES, *dead)
        return [
            _Other(int(people), {device: each for device, each in zip(devices, said, strict=True) if each is not None})
            for people, *said in found.values()
            if people is not None
        ]
