"""The sending side of a connection: never waited for. Who reads too slowly is told to come back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

HIGH_WATER_BYTES = 256 * 1024
"""Unsent bytes after which a reader is too slow: thousands of small frames, seconds of a busy hall."""


class Message:
    """A frame's JSON, and the WebSocket frame around it, made once however many readers there are."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    def parts(self) -> Sequence[Message]:
        """What goes out where each message is sent for itself."""
        return (self,)

    @cached_property
    def framed(self) -> bytes:
        """An unmasked, unfragmented text frame (RFC 6455, section 5.2)."""
        size = len(self.payload)
        if size < 126:
            return b"\x81" + size.to_bytes(1) + self.payload
        if size < 1 << 16:
            return b"\x81\x7e" + size.to_bytes(2) + self.payload
        return b"\x81\x7f" + size.to_bytes(8) + self.payload


class Parcel:
    """Several frames for the same peer, in one write."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages

    def parts(self) -> Sequence[Message]:
        return self._messages

    @cached_property
    def framed(self) -> bytes:
        return b"".join(message.framed for message in self._messages)


class Wire(Protocol):
    """Where frames go. `send` never blocks; `pending` are bytes that the peer has not taken yet."""

    def send(self, message: Message | Parcel) -> None: ...

    def pending(self) -> int: ...

    def close(self, code: int, reason: str) -> None: ...


class Connection:
    """One peer: its wire, who it is, its channels, and when it last heard from us."""

    __slots__ = ("actor", "channels", "is_closed", "sent_at", "wire")

    def __init__(self, wire: Wire, actor: str = "") -> None:
        self.wire = wire
        self.actor = actor
        self.channels: set[str] = set()
        self.sent_at = time.monotonic()
        self.is_closed = False

    def send(self, message: Message | Parcel) -> bool:
        """Hand over a frame; False when the peer has gone, or was too slow and has been told to come back."""
        if self.is_closed:
            return False
        if self.wire.pending() > HIGH_WATER_BYTES:
            self.close(4001, "too slow, come back")
            return False
        self.wire.send(message)
        self.sent_at = time.monotonic()
        return True

    def close(self, code: int, reason: str) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.wire.close(code, reason)
