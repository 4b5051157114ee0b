"""Signals by way of Redis or Valkey: one channel, one subscription a process, all that waits in one message.

A process hears itself too: as long as it hears its own sign of life, both ways work. What could not be sent is not
kept: the next message that gets through says that something was missed, and everybody looks into the journal.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from redis.exceptions import RedisError

from queue_server.journal.port import StoredEvent, Written
from queue_server.realtime.signals.port import AccessChanged, Listener, Missed, Signal, Taken

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

CHANNEL = "layso:signals"
BEAT_S = 1.0
SILENT_S = 3.5
"""Without a sign of our own for so long we are deaf."""
AGAIN_S = 0.5
EVENTS_MAX_BYTES = 32 * 1024
"""Larger batches are hinted at only: whoever needs them reads them."""
FAULTS = (RedisError, OSError, TimeoutError)


class _Packet(Struct, array_like=True):
    origin: bytes
    written: Sequence[Written] = ()
    taken: Sequence[str] = ()
    is_access_changed: bool = False
    is_missed: bool = False


class RedisSignals:
    """`client` is connected lazily, and closed by `stop`."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._origin = os.urandom(8)
        self._listener: Listener | None = None
        self._waiting: list[Signal] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_at = -SILENT_S
        self._is_deaf = True

    @property
    def is_live(self) -> bool:
        return not self._is_deaf and time.monotonic() - self._heard_at < SILENT_S

    def send(self, signal: Signal) -> None:
        self._waiting.append(signal)
        self._wake.set()

    def start(self, listener: Listener) -> None:
        self._listener = listener
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._send_forever(), name="signals out"),
            loop.create_task(self._hear_forever(), name="signals in"),
        ]

    async def stop(self) -> None:
        with suppress(*FAULTS):
            async with asyncio.timeout(BEAT_S):
                if self._waiting:
                    await self._client.publish(CHANNEL, self._packed(is_missed=False))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(*FAULTS):
            await self._client.aclose()

    # -- out -----------------------------------------------------------------------------------------------------------

    async def _send_forever(self) -> None:
        """All that waits, or a sign of life."""
        has_lost = False
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._wake.wait()
            self._wake.clear()
            packet = self._packed(is_missed=has_lost)
            try:
                await self._client.publish(CHANNEL, packet)
                has_lost = False
            except FAULTS as fault:
                if not has_lost:
                    log.warning("Redis takes no signals: %s", fault)
                has_lost = True
                await asyncio.sleep(AGAIN_S)

    def _packed(self, *, is_missed: bool) -> bytes:
        signals, self._waiting = self._waiting, []
        packet = _Packet(
            self._origin,
            [_light(signal) for signal in signals if isinstance(signal, Written)],
            [signal.channel for signal in signals if isinstance(signal, Taken)],
            any(isinstance(signal, AccessChanged) for signal in signals),
            is_missed or any(isinstance(signal, Missed) for signal in signals),
        )
        return _encoder.encode(packet)

    # -- in ------------------------------------------------------------------------------------------------------------

    async def _hear_forever(self) -> None:
        while True:
            try:
                await self._hear()
            except FAULTS as fault:
                if not self._is_deaf:
                    log.warning("Redis tells nothing: %s", fault)
                self._is_deaf = True
            await asyncio.sleep(AGAIN_S)

    async def _hear(self) -> None:
        """One subscription, until it is silent or broken."""
        async with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(CHANNEL)
            self._heard_at = time.monotonic()
            while True:
                message = await subscription.get_message(timeout=SILENT_S)
                if message is not None:
                    self._on_packet(message)
                if time.monotonic() - self._heard_at > SILENT_S:
                    raise TimeoutError("no sign of our own")

    def _on_packet(self, message: dict[str, Any]) -> None:
        try:
            packet = _decoder.decode(message["data"])
        except msgspec.DecodeError:
            log.warning("A signal of another release was not understood: the journal is read instead.")
            self._tell(Missed())
            return
        if packet.origin == self._origin:
            self._heard_at = time.monotonic()
            if self._is_deaf:
                self._is_deaf = False
                self._tell(Missed())
            return
        for written in packet.written:
            self._tell(written)
        for channel in packet.taken:
            self._tell(Taken(channel))
        if packet.is_access_changed:
            self._tell(AccessChanged())
        if packet.is_missed:
            self._tell(Missed())

    def _tell(self, signal: Signal) -> None:
        if self._listener is not None:
            self._listener(signal)


def _light(written: Written) -> Written:
    """Without its events where they are many."""
    if _size(written.events) <= EVENTS_MAX_BYTES:
        return written
    return Written(written.branch_id, written.epoch, written.prev, written.seq)


def _size(events: Sequence[StoredEvent]) -> int:
    return sum(len(event.body) for event in events)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packet)
