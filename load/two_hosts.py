"""Two server processes on one PostgreSQL that tell each other nothing: neither is wrong for a moment.

    python -m load.two_hosts --rounds 10000

A round does at one what the other must know of at once: issue at A and call-next at B, call at B and start at A,
subscribe at B from the position that A has answered. A refusal, "nobody waits", or a frame that is older than the
position asked from is a fault. The sides change with every round, and several counters work at the same time. Without
Redis the processes read the heads once a second, which is too seldom to hide anything.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec import Struct, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from load.fleet.servers import Servers
from load.proof import MORNING, Product, Refused, WebSocketDesk
from tests.databases.postgres import Postgres

FIELD = "chung-thuc"
COUNTERS = 4
"""Counters 1 to 4 of Gò Vấp take the field."""
FRAME_WITHIN_S = 30.0


class Report(Struct):
    rounds: int = 0
    took_s: float = 0.0
    faults: list[str] = field(default_factory=list)


class Lane:
    """One counter, and its rounds. `ports` are the two sides."""

    def __init__(self, ports: Sequence[int], token: str, branch: str, counter: int, report: Report) -> None:
        self._desks = [WebSocketDesk(port, token, branch) for port in ports]
        self._ports = ports
        self._branch = branch
        self._counter = counter
        self._report = report

    async def play(self, rounds: Iterator[int]) -> None:
        async with AsyncExitStack() as stack:
            for desk in self._desks:
                stack.push_async_callback(desk.close)
            await self._ask(0, "open", counter=self._counter)
            for number in rounds:
                there = number % 2
                try:
                    await self._round(1 - there, there, is_resumed=number % 4 > 1)
                except Refused as refusal:
                    self._report.faults.append(f"round {number}: refused: {refusal}")
                self._report.rounds += 1

    async def _round(self, here: int, there: int, *, is_resumed: bool) -> None:
        await self._ask(here, "issue", field=FIELD, channel="api")
        ticket = await self._ask(there, "call-next", counter=self._counter)
        if ticket is None:
            self._report.faults.append("nobody waits, though somebody has just been given a number")
            return
        started = await self._ask(here, "start", ticket=ticket["id"])
        position = started["position"]
        channel = f"board:{self._branch}"
        since = {"since": position} if is_resumed else {}
        async with _line(self._ports[there]) as line:
            await line.send(json.dumps({"type": "subscribe", "channel": channel, **since}))
            await self._ask(there, "finish", ticket=ticket["id"])
            frame = await _frame_of(line, channel)
        fault = step_back(position, frame)
        if fault:
            self._report.faults.append(f"{fault}: {position} and {json.dumps(frame)[:200]}")

    async def _ask(self, side: int, name: str, **args: Any) -> Any:
        return await self._desks[side].ask(name, args, uuid4().hex)


def step_back(position: str, frame: dict[str, Any]) -> str | None:
    """What is wrong with the first frame of a subscription that was made at `position`, or later; None when nothing."""
    if frame["type"] == "error":
        return f"refused with {frame['problem']['code']}"
    (epoch, at), (its_epoch, seq) = _split(position), _split(frame["seq"])
    if epoch != its_epoch:
        return "another epoch"
    if seq < at:
        return "a step back"
    if frame["type"] == "event" and _split(frame["prev"])[1] > at:
        return "a gap"
    return None


def _split(position: str) -> tuple[str, int]:
    epoch, _, seq = position.rpartition(".")
    return epoch, int(seq)


async def _frame_of(line: ClientConnection, channel: str) -> dict[str, Any]:
    async with asyncio.timeout(FRAME_WITHIN_S):
        while True:
            frame: dict[str, Any] = json.loads(await line.recv())
            if frame.get("channel") == channel:
                return frame


def _line(port: int) -> connect:
    return connect(
        f"ws://127.0.0.1:{port}/ws/v1",
        subprotocols=[Subprotocol("layso.v1")],
        compression=None,
        ping_interval=None,
        max_queue=None,
        proxy=None,
    )


@contextmanager
def two_hosts(folder: Path, url: str) -> Iterator[tuple[Product, Servers]]:
    """The demo's centre on the database at `url`, served by two processes that share nothing else."""
    with ExitStack() as stack:
        env = {"LAYSO_DATABASE": url}
        (folder / "a").mkdir()
        first = stack.enter_context(Product(folder / "a", env=env))
        notes = json.loads((first.data / "demo.json").read_text())
        clock = {"LAYSO_CLOCK_START": MORNING, "LAYSO_CLOCK_ORIGIN": notes["clock_origin"]}
        yield first, stack.enter_context(Servers(folder / "b", folder / "b.log", env | clock))


async def play(first: Product, second: Servers, *, rounds: int) -> Report:
    """All rounds, shared out among the counters."""
    report, numbers, began = Report(), iter(range(rounds)), time.monotonic()
    ports, token = (first.port, int(second.url.rpartition(":")[2])), first.tokens["integration"]
    lanes = (Lane(ports, token, first.branch, no, report) for no in range(1, COUNTERS + 1))
    await asyncio.gather(*(lane.play(numbers) for lane in lanes))
    report.took_s = time.monotonic() - began
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10_000)
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(Postgres(folder / "postgres"))
        first, second = stack.enter_context(two_hosts(folder, postgres.new_database()))
        report = asyncio.run(play(first, second, rounds=asked.rounds))
    print(f"{report.rounds} rounds at {COUNTERS} counters in {report.took_s:.0f} s, {len(report.faults)} faults")
    print("\n".join(report.faults[:20]))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
