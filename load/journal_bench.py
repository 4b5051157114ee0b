"""How the journal should be written: CPU and latency of each design inside a busy HTTP server.

    python -m load.journal_bench [--designs a,b,c,d] [--appenders 1,16,64] [--branches one,each] [--delay-ms 0]

Every run is a fresh uvicorn + Starlette process on the first core; each request is one command (an event, a command
row, a ticket). With `--branches each` every connection appends to a branch of its own; with `one` all commands belong
to one branch, and a small host appends what waits as one batch, as the product does. The generator, on the last core,
keeps one request in flight for each connection. "journal" is the process CPU of a request less that of the same server
without a journal; latencies are from the command to its durable end inside the server; "stall" is the longest time
that the loop answered nobody. Designs take turns; figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import secrets
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from load.journal_designs import DESIGNS, Design, open_design
from queue_server.journal.port import Batch, CommandRow, StoredEvent, TicketRow

CORES = sorted(os.sched_getaffinity(0))
RUNS = Path(__file__).parent / ".run"
DAY = date(2026, 11, 22)
EVENT = b'{"at":"2026-11-22T01:00:00Z","event":{"type":"ticket.issued","x":"' + b"e" * 300 + b'"}}'
TICKET = b'{"id":"t","stints":[{"kind":"waiting","x":"' + b"t" * 560 + b'"}]}'

Figures = dict[str, float]


# --- the server ---


class Bench:
    """A server whose every request is one append."""

    def __init__(self, design: str, folder: Path) -> None:
        self._name, self._folder = design, folder
        self._hosts: dict[str, Host] = {}
        self._took: list[float] = []
        self._cpu_s = 0.0
        self._stall_s = 0.0
        self.journal: Design

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self.journal = await open_design(self._name, self._folder / "journal.db")
        gc.collect()
        gc.freeze()  # the making of a fresh database has loaded SQLAlchemy, which a collector need not look at again
        watch = asyncio.create_task(self._watch())
        yield
        watch.cancel()
        await self.journal.close()

    async def _watch(self) -> None:
        """The longest time that the loop answered nobody."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            self._stall_s = max(self._stall_s, time.perf_counter() - began - 0.001)

    async def append(self, request: Request) -> Response:
        asked: dict[str, str] = msgspec.json.decode(await request.body(), type=dict[str, str])
        branch = request.path_params["branch"]
        host = self._hosts.get(branch)
        if host is None:
            host = self._hosts[branch] = Host(branch, self.journal)
        began = time.perf_counter()
        seq = await host.submit(asked["field"])
        self._took.append(time.perf_counter() - began)
        return Response(msgspec.json.encode({"seq": seq}), 201, media_type="application/json")

    async def begin(self, _: Request) -> Response:
        self._took.clear()
        self._stall_s = 0.0
        self._cpu_s = time.process_time()
        return Response("{}")

    async def figures(self, _: Request) -> Response:
        cpu_s = time.process_time() - self._cpu_s
        cuts = statistics.quantiles(self._took, n=100)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = {"appends": len(self._took), "cpu_us": cpu_s / len(self._took) * 1e6, "p50_ms": cuts[49] * 1e3}
        found |= {"p99_ms": cuts[98] * 1e3, "stall_ms": self._stall_s * 1e3, "rss_mb": memory / 1024}
        return Response(json.dumps(found))

    def app(self) -> Starlette:
        routes = [
            Route("/begin", self.begin),
            Route("/figures", self.figures),
            Route("/{branch}/tickets", self.append, methods=["POST"]),
        ]
        return Starlette(routes=routes, lifespan=self.lifespan)


class Host:
    """One branch: what waits is one batch, and one batch is on its way at a time."""

    def __init__(self, branch: str, journal: Design) -> None:
        self._branch, self._journal = branch, journal
        self._seq = 0
        self._waiting: list[tuple[str, asyncio.Future[int]]] = []
        self._runner: asyncio.Task[None] | None = None

    def submit(self, field: str) -> asyncio.Future[int]:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append((field, future))
        if self._runner is None:
            self._runner = loop.create_task(self._run())
        return future

    async def _run(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            await self._journal.append(make_batch(self._branch, self._seq, [field for field, _ in waiting]))
            for _, future in waiting:
                self._seq += 1
                future.set_result(self._seq)
        self._runner = None


def make_batch(branch: str, expected: int, fields: Sequence[str]) -> Batch:
    now = datetime.now(UTC)
    made = range(expected + 1, expected + 1 + len(fields))
    stamp = f"{time.time_ns() // 1_000_000:012x}"
    return Batch(
        branch,
        expected,
        [StoredEvent(seq, DAY, "ticket.issued", 1, EVENT) for seq in made],
        [CommandRow("device:kiosk-1", secrets.token_hex(12), b"f" * 16, seq, seq, DAY) for seq in made],
        [
            TicketRow(stamp + secrets.token_hex(5), DAY, f"A{seq:03}", field, "waiting", now, TICKET)
            for seq, field in zip(made, fields, strict=True)
        ],
        due_at=now,
    )


def serve(design: str, folder: Path, port: int) -> None:
    os.sched_setaffinity(0, {CORES[0]})
    app = Bench(design, folder).app()
    flags: dict[str, Any] = {"loop": "uvloop", "http": "httptools", "ws": "none", "access_log": False}
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", **flags)


# --- the generator ---


def ask(port: int, path: str) -> Any:
    with socket.create_connection(("127.0.0.1", port), 10) as peer:
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    return json.loads(answer.partition(b"\r\n\r\n")[2])


class Closed:
    """Connections that each keep one request in flight."""

    def __init__(self, port: int, count: int, branches: str) -> None:
        self._peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        self._poll = select.epoll()
        self._by_fd = {
            peer.fileno(): (peer, request(0 if branches == "one" else number))
            for number, peer in enumerate(self._peers)
        }
        for peer, asked in self._by_fd.values():
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._poll.register(peer, select.EPOLLIN)
            peer.sendall(asked)

    def run(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for fd, _ in self._poll.poll(1):
                peer, asked = self._by_fd[fd]
                answer = peer.recv(65536)
                if answer.startswith(b"HTTP/") and not answer.startswith(b"HTTP/1.1 201"):
                    raise RuntimeError(answer.decode(errors="replace"))
                if answer.endswith(b"}"):  # the head may come alone
                    peer.sendall(asked)

    def close(self) -> None:
        for peer in self._peers:
            peer.close()
        self._poll.close()


def request(number: int) -> bytes:
    body = b'{"field":"ho-tich","channel":"kiosk"}'
    head = f"POST /b{number}/tickets HTTP/1.1\r\nHost: x\r\nIdempotency-Key: {'k' * 24}\r\nAuthorization: Bearer x\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def await_port(server: subprocess.Popen[bytes], port: int) -> None:
    while server.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not start")


def measure(design: str, appenders: int, branches: str, seconds: float, delay_ms: float) -> Figures:
    """One run in a fresh process with a fresh database, on the disk of this repository."""
    RUNS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=RUNS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "load.journal_bench", "--serve", design, str(folder), str(port)]
    server = subprocess.Popen(argv, env={**os.environ, "LAYSO_COMMIT_DELAY_MS": str(delay_ms)})
    try:
        await_port(server, port)
        load = Closed(port, appenders, branches)
        load.run(1.0)
        ask(port, "/begin")
        load.run(seconds)
        figures: Figures = ask(port, "/figures")
        figures["rate"] = figures["appends"] / seconds
        load.close()
        return figures
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


# --- the report ---

COLUMNS = ("rate", "cpu_us", "p50_ms", "p99_ms", "stall_ms")


def compare(asked: argparse.Namespace, appenders: int, branches: str) -> None:
    """Print one table row for each design."""
    designs = asked.designs.split(",")
    runs: dict[str, list[Figures]] = {name: [] for name in ("none", *designs)}
    for number in range(asked.rounds):
        order = list(runs) if number % 2 == 0 else list(runs)[::-1]
        for name in order:
            runs[name].append(measure(name, appenders, branches, asked.seconds, asked.delay_ms))
    for name in designs:
        middle = {column: statistics.median(one[column] for one in runs[name]) for column in COLUMNS}
        own = [one["cpu_us"] - base["cpu_us"] for one, base in zip(runs[name], runs["none"], strict=True)]
        cells = [f"{asked.delay_ms:g}", branches, str(appenders), name, f"{middle['rate']:,.0f}"]
        cells += [f"{statistics.median(own):.0f} ({min(own):.0f}–{max(own):.0f})", f"{middle['cpu_us']:.0f}"]
        print("|", " | ".join([*cells, *(f"{middle[column]:.2f}" for column in COLUMNS[2:])]), "|", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--designs", default="a,b,c,d")
    parser.add_argument("--appenders", default="1,16,64")
    parser.add_argument("--branches", default="one,each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="added to every commit")
    parser.add_argument("--serve", nargs=3, metavar=("DESIGN", "FOLDER", "PORT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        return serve(asked.serve[0], Path(asked.serve[1]), int(asked.serve[2]))
    os.sched_setaffinity(0, {CORES[-1]})
    for name in asked.designs.split(","):
        print(f"{name}: {DESIGNS[name]}")
    titles = ("delay ms", "branches", "clients", "design", "commands/s", "journal CPU µs", "process CPU µs")
    print("|", " | ".join((*titles, "p50 ms", "p99 ms", "stall ms")), "|")
    print("|", " | ".join(["---:", "---", "---:", "---", *["---:"] * 6]), "|")
    for branches in asked.branches.split(","):
        for appenders in map(int, asked.appenders.split(",")):
            compare(asked, appenders, branches)
    return None


if __name__ == "__main__":
    main()
