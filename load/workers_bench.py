"""Issuing on PostgreSQL by one and by several workers, beside a bare insert with the same durability.

    python -m load.workers_bench [--workers 1,2,4] [--branches 64] [--rounds 3] [--seconds 5]

Every branch has one client that takes a number as soon as it has the last, over a WebSocket; each number is an event,
a command, a ticket and the head, durable before it is answered. The floor inserts one row for each, by as many writers
in a loop of asyncpg. PostgreSQL, servers, Valkey and generator share this machine, so that rates say how much work it
is in all; CPU is that of the serving processes alone. Floor and product alternate, and ratios are of the same round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import uvloop
from msgspec import Struct
from msgspec.structs import replace

from load.compiling import compiled
from load.fleet.servers import Servers
from load.measure import RUNS
from load.postgres_bench import floor_write, measure
from load.reconnects import cpu_s
from queue_server.access.rights import Role
from queue_server.administration import SETUP
from queue_server.app import open_house
from queue_server.demo import ORGANISATION, always_open
from queue_server.directory.importing import plan_import, read_organisation, store_import
from queue_server.journal.postgres.journal import CONNECTIONS
from queue_server.settings import read_settings
from tests.databases.postgres import Postgres
from tests.databases.valkey import Valkey

ISSUE = '{"type":"command","id":"%K","name":"issue","args":{"branch":"b%C","field":"chung-thuc","channel":"api"}}'


class Run(Struct, frozen=True):
    rate: float
    cpu_us: float
    p99_ms: float


async def prepare(env: dict[str, str], branches: int) -> str:
    """So many branches like Gò Vấp, from b1 on; the token that may do everything at each."""
    async with open_house(read_settings(env)) as house:
        organisation = read_organisation(ORGANISATION)
        plan = await house.journal.run(lambda db: plan_import(db, organisation))
        (config,) = await house.journal.run(lambda db: store_import(db, plan, house.now()))
        await asyncio.gather(
            *(
                house.bus.put_in_force(replace(always_open(config), branch=f"b{no}"), SETUP.by(), f"prepare-{no}")
                for no in range(1, branches + 1)
            )
        )
        _, token = await house.access.add_device(Role.INTEGRATION, name="bench", branch=None)
    return token


async def floor(url: str, writers: int, seconds: float) -> Run:
    pool = await asyncpg.create_pool(url, min_size=1, max_size=CONNECTIONS)
    write = floor_write(pool)
    await measure(write, writers, 0.5)
    found = await measure(write, writers, seconds)
    await pool.close()
    return Run(found.rate, found.cpu_us, 0.0)


def product(env: dict[str, str], folder: Path, token: str, *, workers: int, conns: int, seconds: float) -> Run:
    with Servers(folder, folder / "server.log", env, workers=workers) as servers:
        port = servers.url.rpartition(":")[2]
        blast = subprocess.Popen(
            [str(compiled("blast")), "ws", "--port", port, "--conns", str(conns), "--seconds", str(seconds),
             "--warmup", "2", "--ws-header", f"Authorization: Bearer {token}", "--body", ISSUE],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert blast.stdout is not None
        blast.stdout.readline()
        before = cpu_s([servers.pid])
        said = json.loads(blast.stdout.readline())
        spent = cpu_s([servers.pid]) - before
        if blast.wait() or said["refused"] or said["lost"] or said["mismatched"]:
            raise RuntimeError(f"the generator says: {said}")
    return Run(said["ok"] / seconds, spent / said["ok"] * 1e6, said["latency_p99_us"] / 1000)


def middle(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--branches", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    numbers = [int(part) for part in asked.workers.split(",")]
    RUNS.mkdir(exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=RUNS)))
        postgres = stack.enter_context(Postgres(folder / "postgres"))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        url = postgres.new_database()
        env = {"LAYSO_DATABASE": url, "LAYSO_REDIS": valkey.url, "LAYSO_DATA": str(folder)}
        token = asyncio.run(prepare(env, asked.branches))
        bare: list[Run] = []
        ours: dict[int, list[Run]] = {workers: [] for workers in numbers}
        for _ in range(asked.rounds):
            bare.append(uvloop.run(floor(url, asked.branches, asked.seconds)))
            for workers in numbers:
                ours[workers].append(
                    product(env, folder, token, workers=workers, conns=asked.branches, seconds=asked.seconds)
                )
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {asked.branches} branches, {asked.rounds} rounds of {asked.seconds:g} s")
    print("| workers | issued /s | ÷ bare inserts /s | server CPU µs a ticket | ÷ one worker's | p99 ms |")
    print("|---:|---|---|---|---|---|")
    print(f"| floor | {middle([run.rate for run in bare])} | 1 | {middle([run.cpu_us for run in bare])} | – | – |")
    for workers, runs in ours.items():
        rates = [run.rate / one.rate for run, one in zip(runs, bare, strict=True)]
        cpus = [run.cpu_us / one.cpu_us for run, one in zip(runs, ours[numbers[0]], strict=True)]
        columns = [middle([run.rate for run in runs]), middle(rates, 2), middle([run.cpu_us for run in runs])]
        columns += [middle(cpus, 2), middle([run.p99_ms for run in runs], 1)]
        print(f"| {workers} | {' | '.join(columns)} |")


if __name__ == "__main__":
    main()
