"""Who is told to take a picture of its screen, and how often."""

from __future__ import annotations

import pytest

from queue_server.protocol.frames import Order, server_decoder
from queue_server.realtime.connection import Connection, Message, Parcel
from queue_server.realtime.picturing import Picturing


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Wire:
    def __init__(self) -> None:
        self.orders = 0

    def write(self, message: Message | Parcel) -> None:
        for part in message.parts():
            assert server_decoder.decode(part.payload) == Order("picture")
            self.orders += 1

    def pending(self) -> int:
        return 0

    def close(self, code: int, reason: str) -> None:
        """Nobody closes it."""


class Hall:
    """Two screens of this process; `asked` is what the database says."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        self.looks = 0
        self.picturing = Picturing(self._asked)

    async def _asked(self) -> dict[str, int]:
        self.looks += 1
        return self.asked

    def come(self, device: str) -> tuple[Wire, Connection]:
        wire = Wire()
        connection = Connection(wire, f"device:{device}")
        self.picturing.come(connection, device)
        return wire, connection


@pytest.mark.anyio
async def test_only_the_screen_that_is_asked_is_told_and_once_for_each_asking() -> None:
    hall = Hall()
    (door, _), (board, _) = hall.come("door"), hall.come("board")
    await hall.picturing.look()
    assert (door.orders, board.orders) == (0, 0)
    hall.asked = {"door": 100, "elsewhere": 100}
    await hall.picturing.look()
    await hall.picturing.look()
    assert (door.orders, board.orders) == (1, 0)
    hall.asked = {"door": 170}
    await hall.picturing.look()
    assert (door.orders, board.orders) == (2, 0)


@pytest.mark.anyio
async def test_a_screen_that_has_come_back_is_told_on_its_new_line() -> None:
    hall = Hall()
    old, before = hall.come("door")
    hall.asked = {"door": 100}
    await hall.picturing.look()
    new, _ = hall.come("door")
    hall.picturing.gone(before, "door")
    await hall.picturing.look()
    assert (old.orders, new.orders) == (1, 1)


@pytest.mark.anyio
async def test_without_screens_nothing_is_looked_at() -> None:
    hall = Hall()
    _, line = hall.come("door")
    await hall.picturing.look()
    hall.picturing.gone(line, "door")
    await hall.picturing.look()
    assert hall.looks == 1
