"""Has screens take their picture: each process looks which of those that are connected here are asked for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from queue_server.branches.looking import Looking
from queue_server.protocol.frames import Order, encoder
from queue_server.realtime.connection import Connection, Message


class _Screen(Struct):
    """The line by which a screen came last, and the asking that it was told of on it."""

    connection: Connection
    told_at: int | None = None


class Picturing(Looking):
    """`asked` gives the devices that are asked for a picture, and since when. Each is told once, and again on a new
    line. While no screen is connected here nothing is looked at."""

    def __init__(self, asked: Callable[[], Awaitable[Mapping[str, int]]]) -> None:
        super().__init__("pictures", self.look, is_told=lambda: False)
        self._asked = asked
        self._screens: dict[str, _Screen] = {}

    def come(self, connection: Connection, device: str) -> None:
        self._screens[device] = _Screen(connection)

    def gone(self, connection: Connection, device: str) -> None:
        """That line has ended; the screen may have come back on another one before."""
        here = self._screens.get(device)
        if here is not None and here.connection is connection:
            del self._screens[device]

    async def look(self) -> None:
        """Tell those that are asked for a picture and do not know yet."""
        if not self._screens:
            return
        for device, asked_at in (await self._asked()).items():
            here = self._screens.get(device)
            if here is not None and here.told_at != asked_at:
                here.told_at = asked_at
                here.connection.send(Message(encoder.encode(Order("picture"))))
