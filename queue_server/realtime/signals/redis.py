"""Signals by way of Redis or Valkey: one channel, one subscription a process, all that waits in one message.

A process hears itself too: as long as it hears its own sign of life, both ways work. Messages are numbered: whoever
gets number 7 after number 5 knows that something was missed, whatever lost it, and looks into the journal. So what
could not be sent is not kept.
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

from queue_server.journal.port import Written
from queue_server.realtime.redis_client import FAULTS, end
from queue_server.realtime.signals.port import (
    AccessChanged,
    Advised,
    Foreseen,
    Listener,
    Missed,
    Sent,
    Signal,
    Taken,
    light,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

CHANNEL = "layso:signals"
BEAT_S = 1.0
SILENT_S = 3.5
"""Without a sign of our own for so long we are deaf."""
AGAIN_S = 0.5
GATHER_S = 0.05
"""After a message so long nothing is sent, and what comes meanwhile goes in one: the first of many is not held up, and
a busy process sends twenty a second to all others, not hundreds."""


class _Packet(Struct, array_like=True, forbid_unknown_fields=True):
    """One message. A text is the channel of a `Taken`, None is an `AccessChanged`; no signals: a sign of life."""

    origin: bytes
    number: int
    signals: Sequence[Written | str | None] = ()
    outlooks: Sequence[Foreseen] = ()
    advised: Sequence[Advised] = ()


class RedisSignals:
    """`client` is connected when it is first used; whoever made it closes it."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._origin = os.urandom(8)
        self._number = 0
        self._listener: Listener = _ignore
        self._is_over = False
        self._waiting: list[Sent] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_at = -SILENT_S
        self._is_deaf = True
        self._numbers: dict[bytes, int] = {}
        self._has_met_strangers = False

    @property
    def is_live(self) -> bool:
        return not self._is_deaf and time.monotonic() - self._heard_at < SILENT_S

    def send(self, signal: Sent) -> None:
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
        """With a last message: what it holds, or the number that is missing if it does not get through, tells all."""
        self._listener, self._is_over = _ignore, True
        await end(*self._tasks)
        if self._tasks:
            with suppress(*FAULTS):
                async with asyncio.timeout(BEAT_S):
                    await self._client.publish(CHANNEL, self._packed())

    # -- out -----------------------------------------------------------------------------------------------------------

    async def _send_forever(self) -> None:
        """All that waits, or a sign of life."""
        is_failing = False
        while not self._is_over:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._client.publish(CHANNEL, self._packed())
                is_failing = False
                await asyncio.sleep(GATHER_S)
            except FAULTS as fault:
                if not is_failing:
                    log.warning("Redis takes no signals: %s", fault)
                is_failing = True
                await asyncio.sleep(AGAIN_S)
            except Exception:  # the edge of this connection: others must hear of us again
                log.exception("Signals could not be sent.")
                await asyncio.sleep(AGAIN_S)

    def _packed(self) -> bytes:
        signals, self._waiting = self._waiting, []
        self._number += 1
        outlooks = [signal for signal in signals if isinstance(signal, Foreseen)]
        advised = [signal for signal in signals if isinstance(signal, Advised)]
        others = [_shortened(light(signal)) for signal in signals if not isinstance(signal, Foreseen | Advised)]
        return _encoder.encode(_Packet(self._origin, self._number, others, outlooks, advised))

    # -- in ------------------------------------------------------------------------------------------------------------

    async def _hear_forever(self) -> None:
        while not self._is_over:
            try:
                await self._hear()
            except FAULTS as fault:
                if not self._is_deaf:
                    log.warning("Redis tells nothing: %s", fault)
            except Exception:  # the edge of this connection: we must hear of others again
                log.exception("Signals could not be heard.")
            self._is_deaf = True
            await asyncio.sleep(AGAIN_S)

    async def _hear(self) -> None:
        """One subscription, until it is silent or broken; one that the library renews quietly is confirmed anew."""
        async with self._client.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            self._heard_at = time.monotonic()
            while not self._is_over:
                message = await subscription.get_message(timeout=SILENT_S)
                if message is not None:
                    self._on_message(message)
                if time.monotonic() - self._heard_at > SILENT_S:
                    raise TimeoutError("no sign of our own")

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "message":
            self._on_packet(message["data"])
        else:
            self._is_deaf = True
            self._numbers.clear()
            self._wake.set()

    def _on_packet(self, data: bytes) -> None:
        try:
            packet = _decoder.decode(data)
        except msgspec.DecodeError:
            self._on_stranger()
            return
        if packet.origin == self._origin:
            was_live = self.is_live
            self._heard_at, self._is_deaf = time.monotonic(), False
            if not was_live:
                self._listener(Missed())
            return
        last = self._numbers.get(packet.origin, 0)  # who is new may have lost the first ones too
        if packet.number <= last:
            return  # sent a second time, since the answer to the first was lost
        self._numbers[packet.origin] = packet.number
        if packet.number > last + 1:
            self._listener(Missed())
        for signal in (*map(_restored, packet.signals), *packet.outlooks, *packet.advised):
            self._listener(signal)

    def _on_stranger(self) -> None:
        """While releases change, each message of the other one means: look."""
        if not self._has_met_strangers:
            log.warning("Signals of another release are not understood: the journal is read instead.")
        self._has_met_strangers = True
        self._listener(Missed())


def _ignore(signal: Signal) -> None:
    """Nobody listens."""


def _shortened(signal: Sent) -> Written | str | None:
    match signal:
        case Written():
            return signal
        case Taken():
            return signal.channel
        case AccessChanged() | Foreseen() | Advised():  # the last two have places of their own
            return None


def _restored(signal: Written | str | None) -> Sent:
    match signal:
        case Written():
            return signal
        case str():
            return Taken(signal)
        case None:
            return AccessChanged()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packet)
