"""The sending side of a connection: never waited for. Who reads too slowly is told to come back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from queue_server.realtime.channels import Channel

HIGH_WATER_BYTES = 256 * 1024
"""Unsent bytes after which a reader is too slow: thousands of small frames, seconds of a busy hall."""


class Message:
    """A frame's JSON, and what is around it on either wire, made once however many readers there are."""

    __slots__ = ("_event", "_framed", "payload")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self._framed = self._event = b""

    def parts(self) -> Sequence[Message]:
        """What goes out where each message is sent for itself."""
        return (self,)

    @property
    def framed(self) -> bytes:
        """An unmasked, unfragmented text frame (RFC 6455, section 5.2)."""
        if not self._framed:
            self._framed = _head(len(self.payload)) + self.payload
        return self._framed

    @property
    def event(self) -> bytes:
        """An event of a `text/event-stream`, made once too; a frame's JSON has no line breaks."""
        if not self._event:
            self._event = b"data: %b\n\n" % self.payload
        return self._event


def _head(size: int) -> bytes:
    if size < 126:
        return b"\x81" + size.to_bytes(1)
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2)
    return b"\x81\x7f" + size.to_bytes(8)


class Parcel:
    """Several frames for the same peer, in one write."""

    __slots__ = ("_messages",)

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages

    def parts(self) -> Sequence[Message]:
        return self._messages

    @property
    def framed(self) -> bytes:
        return b"".join(message.framed for message in self._messages)


class Wire(Protocol):
    """Where frames go. `write` never blocks; `pending` are bytes that the peer has not taken yet."""

    def write(self, message: Message | Parcel) -> None: ...

    def pending(self) -> int: ...

    def close(self, code: int, reason: str) -> None: ...


class Connection:
    """One peer: its wire, who it is, its channels, and when it last heard from us. `who` is what it was let in as, for
    whoever looks whether that still holds."""

    __slots__ = ("actor", "channels", "is_closed", "part", "sent_at", "who", "wire")

    def __init__(self, wire: Wire, actor: str = "", who: object = None) -> None:
        self.wire = wire
        self.actor = actor
        self.who = who
        self.part = 0
        self.channels: dict[str, Channel] = {}
        self.sent_at = time.monotonic()
        self.is_closed = False

    def send(self, message: Message | Parcel) -> bool:
        """Hand over a frame; False when the peer has gone, or was too slow and has been told to come back."""
        if self.is_closed:
            return False
        if self.wire.pending() > HIGH_WATER_BYTES:
            self.close(4001, "too slow, come back")
            return False
        self.wire.write(message)
        self.sent_at = time.monotonic()
        return True

    def close(self, code: int, reason: str) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.wire.close(code, reason)


class Circle:
    """All connections, in parts that are looked at in turn, so that thousands need not be looked at together."""

    def __init__(self, parts: int) -> None:
        self._parts: list[set[Connection]] = [set() for _ in range(parts)]
        self._came = 0

    def add(self, connection: Connection) -> None:
        self._came += 1
        connection.part = self._came % len(self._parts)
        self._parts[connection.part].add(connection)

    def discard(self, connection: Connection) -> None:
        self._parts[connection.part].discard(connection)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[Connection]:
        return chain.from_iterable(self._parts)

    def part(self, turn: int) -> set[Connection]:
        """Those who are looked at in this turn; with as many turns as there are parts, everybody is."""
        return self._parts[turn % len(self._parts)]
