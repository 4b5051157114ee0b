"""Presence: which devices are connected, and how many people. It is known only while processes say so again and again.

Every implementation passes `tests/contract/test_presence.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol


class Presence(Protocol):
    """Told of each connection of this process; asked about those of all."""

    def come(self, device: str | None) -> None:
        """A connection has opened, of a device or (None) of a person: a console, a phone. Never waits, never fails."""

    def go(self, device: str | None) -> None:
        """It has ended."""

    def tell(self, device: str, report: bytes) -> None:
        """What a device that is connected here says of itself. Never waits, never fails."""

    async def reports(self, devices: Iterable[str]) -> dict[str, bytes]:
        """The newest report of each of these devices that is connected and has made one, as far as anybody knows."""

    async def connected(self, devices: Iterable[str]) -> dict[str, bool | None]:
        """Whether each of these devices has a connection anywhere; None where nobody knows."""

    async def gone_since(self, devices: Iterable[str]) -> dict[str, datetime]:
        """Since when each of these devices has no connection anywhere, of those that have none where anybody knows."""

    async def people(self) -> int | None:
        """How many connections people have, anywhere; None when nobody knows."""

    def start(self) -> None: ...

    async def stop(self) -> None:
        """All connections of this process have ended, or soon will."""
