"""What a thousand readers of a hall's board cost: by WebSocket, and by the stream of events where a proxy lets none
through.

    nice -n 19 .venv/bin/python -m load.stream_readers [--readers 1000] [--calls 30] [--rounds 3]

Each run is a fresh server on core 0; the readers are one process on core 1. A line for each: growth of the server's
memory a reader, its CPU for a turn (a number, its call, its end: three frames) a reader, and the time from a call being
sent to the last reader having its frame.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import uvloop

from load.measure import LOAD_CORE, Reading, Server, pin, raise_file_limit
from load.product import AFTER_CALL, start_product

COUNTER = 1
GAP_S = 0.2
TOLD_WITHIN_S = 60.0


def by_socket(server: Server) -> tuple[bytes, bytes]:
    frame = json.dumps({"type": "subscribe", "channel": f"board:{server.branch}"}).encode()
    head = (
        f"GET /ws/v1 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: layso.v1\r\n\r\n"
    )
    return head.encode(), bytes((0x81, 0x80 | len(frame), 0, 0, 0, 0)) + frame


def by_stream(server: Server) -> tuple[bytes, bytes]:
    return f"GET /sse/v1?channel={quote(f'board:{server.branch}')} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), b""


WAYS: dict[str, Callable[[Server], tuple[bytes, bytes]]] = {"socket": by_socket, "stream": by_stream}
"""What a reader says at once, and what when it has been answered."""


class Readers:
    """Connections that wait for the same bytes."""

    def __init__(self) -> None:
        self.all: list[Reader] = []
        self.needle, self.missing = b"", 0
        self._done = asyncio.Event()

    def await_(self, needle: bytes, count: int) -> None:
        self.needle, self.missing = needle, count
        self._done.clear()
        for each in self.all:
            each.has = False

    def tell(self) -> None:
        self.missing -= 1
        if self.missing == 0:
            self._done.set()

    async def told(self) -> None:
        """Until every one of them has it."""
        async with asyncio.timeout(TOLD_WITHIN_S):
            await self._done.wait()


class Reader(asyncio.Protocol):
    def __init__(self, readers: Readers, said: tuple[bytes, bytes]) -> None:
        self._readers = readers
        self._hello, self._then = said
        self.has = False
        readers.all.append(self)

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.WriteTransport = transport
        transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        if self._then:
            self._transport.write(self._then)
            self._then = b""
        if not self.has and self._readers.needle in data:
            self.has = True
            self._readers.tell()


def ask(server: Server, path: str, body: str = "{}") -> dict[str, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Authorization": f"Bearer {server.token}", "Idempotency-Key": uuid4().hex}
    connection.request("POST", f"/api/v1{path}", body, headers)
    found: dict[str, str] = json.loads(connection.getresponse().read())
    connection.close()
    return found


async def measure(way: str, count: int, calls: int, folder: Path) -> dict[str, float]:
    server = start_product(folder, {})
    try:
        assert server.before_calls is not None
        server.before_calls(server)
        base = server.rss_kb()
        readers = await connected(server, WAYS[way](server), count)
        memory = (server.rss_kb() - base) / count
        before = Reading.take(server)
        last = [await called(server, readers) for _ in range(calls)]
        spent = Reading.take(server).cpu - before.cpu
    finally:
        server.stop()
    return {"kB a reader": memory, "µs of CPU a turn and reader": spent / calls / count * 1e6,
            "ms to the last": statistics.median(last) * 1e3}  # fmt: skip


async def connected(server: Server, said: tuple[bytes, bytes], count: int) -> Readers:
    readers, loop = Readers(), asyncio.get_running_loop()
    readers.await_(b'"snapshot"', count)
    for _ in range(count):
        await loop.create_connection(lambda: Reader(readers, said), "127.0.0.1", server.port)
    await readers.told()
    return readers


async def called(server: Server, readers: Readers) -> float:
    """One turn: a number, its call, its end. Seconds from the call being sent to the last reader having its frame."""
    body = json.dumps({"field": server.procedure_field})
    await asyncio.to_thread(ask, server, f"/branches/{server.branch}/tickets", body)
    readers.await_(b'["calls",', len(readers.all))
    began = time.perf_counter()
    path = f"/branches/{server.branch}/counters/{COUNTER}/call-next"
    answer = asyncio.ensure_future(asyncio.to_thread(ask, server, path))
    await readers.told()
    lasted = time.perf_counter() - began
    ticket = (await answer)["id"]
    await asyncio.to_thread(ask, server, AFTER_CALL.removeprefix("/api/v1").replace("%I", ticket))
    await asyncio.sleep(GAP_S)
    return lasted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    raise_file_limit()
    pin(LOAD_CORE)()
    for _ in range(options.rounds):
        for way in WAYS:
            with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
                found = uvloop.run(measure(way, options.readers, options.calls, Path(folder)))
            print(way, ", ".join(f"{value:.1f} {name}" for name, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
