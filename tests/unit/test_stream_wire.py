"""The wire of a stream of events: frames in order, and a reader that does not read is given up."""

from __future__ import annotations

import asyncio
from typing import Any

from queue_server.realtime.connection import HIGH_WATER_BYTES, Connection, Message, Parcel
from queue_server.web.wires import StreamWire
from tests.waiting import until


class Reader:
    """An ASGI server's end; it takes nothing while it is stuck, and nothing after the end."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.is_over = False
        self.is_free = asyncio.Event()

    async def send(self, message: Any) -> None:
        await self.is_free.wait()
        if self.is_over:
            raise RuntimeError("the answer is complete")
        self.taken.append(message["body"])
        self.is_over = not message["more_body"]


async def test_frames_are_events_in_order() -> None:
    reader = Reader()
    reader.is_free.set()
    connection = Connection(StreamWire(reader.send))
    connection.send(Message(b'{"n":1}'))
    connection.send(Parcel([Message(b'{"n":2}'), Message(b'{"n":3}')]))
    await until(lambda: len(reader.taken) == 3)
    assert reader.taken == [b'data: {"n":1}\n\n', b'data: {"n":2}\n\n', b'data: {"n":3}\n\n']
    assert connection.wire.pending() == 0


async def test_who_takes_nothing_is_given_up_with_a_goodbye() -> None:
    reader = Reader()
    connection = Connection(StreamWire(reader.send))
    frame = Message(b"x" * 64 * 1024)
    sent = 0
    while connection.send(frame):
        sent += 1
        assert sent * 64 * 1024 <= HIGH_WATER_BYTES + 64 * 1024
        await asyncio.sleep(0)
    assert connection.is_closed
    reader.is_free.set()
    await until(lambda: reader.is_over)
    assert reader.taken[-1] == b'data: {"type":"goodbye","code":4001,"reason":"too slow, come back"}\n\n'
