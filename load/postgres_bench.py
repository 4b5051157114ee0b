"""What an append costs on PostgreSQL, beside a bare insert of the same event with the same durability.

    python -m load.postgres_bench [--url postgresql://…] [--branches 1,16,64] [--rounds 5] [--seconds 2]

Without a URL it starts a server of its own (fsync on). As many writers as branches, each with a branch of its own and
one append on its way at a time: one event, one command row, one ticket. The floor inserts the event's row and no more.
CPU is this process's, in µs an append; floor and journal alternate, and ratios are of the same round.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import uvloop
from msgspec import Struct

from queue_server.journal.port import Appended, Batch, CommandRow, StoredEvent, TicketRow
from queue_server.journal.postgres import PostgresJournal
from queue_server.journal.postgres.journal import CONNECTIONS
from tests.databases.postgres import Postgres

DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 1, tzinfo=UTC)
BODY = b"x" * 320
"""As long as the event of an issue."""
FLOOR = "INSERT INTO event VALUES ($1, $2, $3, $4, $5, $6)"

Write = Callable[[str, int], Awaitable[object]]


class Run(Struct, frozen=True):
    """Appends a second, and CPU µs each."""

    rate: float
    cpu_us: float


async def measure(write: Write, writers: int, seconds: float) -> Run:
    """Every writer on a branch of its own, as fast as its answers come."""
    until = time.monotonic() + seconds
    done = 0

    async def work(branch: str) -> None:
        nonlocal done
        seq = 0
        while time.monotonic() < until:
            seq += 1
            await write(branch, seq)
            done += 1

    began, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*[work(uuid4().hex) for _ in range(writers)])
    return Run(done / (time.monotonic() - began), (time.process_time() - cpu) / done * 1e6)


def journal_write(journal: PostgresJournal) -> Write:
    async def write(branch: str, seq: int) -> None:
        key = uuid4().hex
        batch = Batch(
            branch,
            seq - 1,
            [StoredEvent(seq, DAY, "ticket.issued", 1, BODY)],
            [CommandRow("device:kiosk-1", key, b"0123456789abcdef", seq, seq, DAY)],
            [TicketRow(key, DAY, f"A{seq:03}", "chung-thuc", "waiting", AT, BODY)],
        )
        outcome = await journal.append(batch)
        assert isinstance(outcome, Appended), outcome

    return write


def floor_write(pool: asyncpg.Pool) -> Write:
    async def write(branch: str, seq: int) -> None:
        async with pool.acquire() as connection:
            await connection.execute(FLOOR, branch, seq, DAY.isoformat(), "ticket.issued", 1, BODY)

    return write


async def _leave(_: object) -> None:
    """As the journal's pool: no reset."""


async def compare(url: str, writers: int, rounds: int, seconds: float) -> str:
    journal = await PostgresJournal.open(url)
    pool = await asyncpg.create_pool(url, min_size=1, max_size=CONNECTIONS, reset=_leave)
    floor, ours = floor_write(pool), journal_write(journal)
    for write in (floor, ours):
        await measure(write, writers, 0.5)
    pairs = [(await measure(floor, writers, seconds), await measure(ours, writers, seconds)) for _ in range(rounds)]
    await pool.close()
    await journal.close()
    rates = sorted(mine.rate / bare.rate for bare, mine in pairs)
    cpus = sorted(mine.cpu_us / bare.cpu_us for bare, mine in pairs)

    def middle(pick: Callable[[tuple[Run, Run]], float]) -> str:
        return f"{statistics.median(map(pick, pairs)):,.0f}"

    return (
        f"| {writers} | {middle(lambda p: p[0].rate)} | {middle(lambda p: p[1].rate)} "
        f"| {statistics.median(rates):.2f} ({rates[0]:.2f}–{rates[-1]:.2f}) "
        f"| {middle(lambda p: p[0].cpu_us)} | {middle(lambda p: p[1].cpu_us)} "
        f"| {statistics.median(cpus):.2f} ({cpus[0]:.2f}–{cpus[-1]:.2f}) |"
    )


def own_database(stack: ExitStack) -> str:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    return stack.enter_context(Postgres(Path(folder))).new_database()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--branches", default="1,16,64")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args()
    with ExitStack() as stack:
        url = asked.url or own_database(stack)
        print("| branches | floor /s | journal /s | ratio | floor CPU µs | journal CPU µs | ratio |")
        print("|---:|---:|---:|---|---:|---:|---|")
        for writers in map(int, asked.branches.split(",")):
            print(uvloop.run(compare(url, writers, asked.rounds, asked.seconds)), flush=True)


if __name__ == "__main__":
    main()
