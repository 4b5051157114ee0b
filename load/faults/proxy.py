"""A TCP proxy of our own, as a process: every line of the system goes through it, and each can be spoilt.

    python -m load.faults.proxy NAME:PORT:TARGET_PORT …

Orders come as lines of JSON on standard input, and each is answered by a line: `{"links": [NAME, …], "mode": MODE,
"delay_s": 0.1}`. It ends when standard input does, and so with whoever started it.

| mode | connections that are there | new ones |
|---|---|---|
| pass, delay | everything arrives, at once or `delay_s` later | the same |
| hold | nothing arrives until the link is well again, and then all of it | are made then |
| blackhole | what is sent is swallowed | are accepted, and nothing follows |
| mute | requests arrive, their answers are swallowed | the same |
| half-open | the server's side is reset, the client's stays open and silent | are accepted, and nothing follows |
| cut | are reset on both sides | are reset |

A connection that lost bytes cannot go on: it is reset when its link is well again. So `hold` is a network that loses
packets for a while, since TCP sends them again; the others are peers that have gone.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Literal

import uvloop

Mode = Literal["pass", "delay", "hold", "blackhole", "mute", "half-open", "cut"]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

AT_ONCE = 64 * 1024
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, of 0 s: closing sends RST."""
SILENT = frozenset({"blackhole", "half-open"})


class Link:
    """One listening port, and where its connections lead."""

    def __init__(self, name: str, port: int, target: int) -> None:
        self.name = name
        self.port = port
        self.target = target
        self.mode: Mode = "pass"
        self.delay_s = 0.0
        self.lines: set[Line] = set()
        self._flows = asyncio.Event()
        self._flows.set()

    def set(self, mode: Mode, delay_s: float) -> None:
        self.mode, self.delay_s = mode, delay_s
        if mode == "hold":
            self._flows.clear()
        else:
            self._flows.set()
        for line in list(self.lines):
            line.on_mode()

    async def until_due(self, came_at: float) -> None:
        """What came then may go on now."""
        await self._flows.wait()
        if self.mode == "delay":
            await asyncio.sleep(came_at + self.delay_s - asyncio.get_running_loop().time())

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(self, (reader, writer))
        self.lines.add(line)
        try:
            await line.run()
        except (OSError, RuntimeError):
            pass  # uvloop says RuntimeError of a transport that was reset meanwhile
        finally:
            self.lines.discard(line)
            line.reset()


class Line:
    """One connection, and its other half to the server."""

    def __init__(self, link: Link, client: Streams) -> None:
        self._link = link
        self._client = client
        self._server: Streams | None = None
        self._is_torn = False
        """Bytes were lost, so that it can only be reset."""
        self._is_over = asyncio.Event()

    async def run(self) -> None:
        if self._link.mode == "cut":
            return
        if self._link.mode in SILENT:
            self._is_torn = True
        else:
            await self._link.until_due(asyncio.get_running_loop().time())
            self._server = await asyncio.open_connection("127.0.0.1", self._link.target)
        ways = [asyncio.ensure_future(self._carry(is_answer=False))]
        if self._server is not None:
            ways.append(asyncio.ensure_future(self._carry(is_answer=True)))
        try:
            for way in asyncio.as_completed(ways):
                await way
        finally:
            for task in ways:
                task.cancel()

    async def _carry(self, *, is_answer: bool) -> None:
        """One direction, until it ends; a half that closes is closed at the other end too."""
        source, target = (self._server, self._client) if is_answer else (self._client, self._server)
        assert source is not None
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        reading = asyncio.ensure_future(_read(source[0], waiting))
        try:
            while True:
                came_at, data = await waiting.get()
                await self._link.until_due(came_at)
                if self._is_over.is_set():
                    return
                if target is None or self._is_swallowed(is_answer=is_answer):
                    self._is_torn = True
                    if not data:
                        await self._is_over.wait()
                        return
                    continue
                if not data:
                    if not target[1].is_closing():
                        target[1].write_eof()
                    return
                target[1].write(data)
                await target[1].drain()
        finally:
            reading.cancel()

    def _is_swallowed(self, *, is_answer: bool) -> bool:
        return self._link.mode in SILENT or (self._link.mode == "mute" and is_answer)

    def on_mode(self) -> None:
        mode = self._link.mode
        if mode == "cut" or (self._is_torn and mode not in SILENT and mode != "mute"):
            self.reset()
        elif mode == "half-open" and self._server is not None:
            self._is_torn = True
            _reset(self._server)

    def reset(self) -> None:
        self._is_over.set()
        for side in (self._client, self._server):
            if side is not None:
                _reset(side)


async def _read(reader: asyncio.StreamReader, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
    """What comes, with its time, and at the end nothing."""
    data = b"-"
    while data:
        try:
            data = await reader.read(AT_ONCE)
        except OSError:
            data = b""
        waiting.put_nowait((asyncio.get_running_loop().time(), data))


def _reset(side: Streams) -> None:
    transport = side[1].transport
    if not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()


async def _serve(links: Sequence[Link]) -> None:
    servers = [await asyncio.start_server(link.accept, "127.0.0.1", link.port, backlog=1024) for link in links]
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print("ready", flush=True)
    while order := await orders.readline():
        asked = json.loads(order)
        for link in links:
            if link.name in asked["links"]:
                link.set(asked["mode"], asked.get("delay_s", 0.0))
        print("done", flush=True)
    for server in servers:
        server.close()


def _link(text: str) -> Link:
    name, port, target = text.split(":")
    return Link(name, int(port), int(target))


if __name__ == "__main__":
    uvloop.run(_serve([_link(text) for text in sys.argv[1:]]))
