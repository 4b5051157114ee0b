"""The country on this machine: 3,321 communes, 60,000 open connections, the peak hour's traffic, and what breaks.

    python -m load.country --minutes 10 --workers 6 [--branches 3321] [--connections 60000] [--out FILE]

PostgreSQL, Valkey, workers, 60,000 clients and the callers share this machine. Every screen, console, dispenser,
manager and phone of the scenario's is one connection of the swarm, subscribed to what its page subscribes to; callers
issue 60 numbers a second and call 60, over all branches, each call being begun and finished. Then one worker is killed,
then all of them, while the traffic goes on; and the same number of connections to a bare endpoint is killed in the same
way, as the floor. CPU is user and system time of the serving processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from secrets import token_hex
from threading import Thread
from typing import Any

from msgspec import Struct, field

from load.fleet.notes import BranchNotes, FleetNotes
from load.fleet.prepare import prepare
from load.fleet.scenario import plan as plan_fleet
from load.fleet.scenario import read_scenario
from load.fleet.servers import Servers
from load.measure import RUNS, alone, raise_file_limit
from load.reconnects import BRANCHES, BareWorkers, back_after, cpu_s, rss_kb, with_players
from load.reconnects import killed as bare_killed
from load.swarm import Display, Swarm
from load.swarm_latency import Call, latencies
from queue_server.access.rights import Role
from queue_server.access.store import Access
from queue_server.app import open_journal
from queue_server.protocol.client import Client, NoAnswer, Refused
from queue_server.settings import read_settings
from tests.databases.postgres import Postgres
from tests.databases.valkey import Valkey

WITHIN_S = 600.0
A_SECOND = 60
ANSWER_WITHIN_S = 5.0
ANSWER_TURNS = 6
WINDOW_S = 300.0
"""60,000 come back within it, as the welcome says."""


# -- who is connected --------------------------------------------------------------------------------------------------


def displays_of(notes: FleetNotes, most: int) -> list[Display]:
    """Everybody of the fleet, branch by branch; at most so many."""
    found = [each for shard, branch in enumerate(notes.branches) for each in _of_branch(shard, branch)]
    return found[:most]


def _of_branch(shard: int, branch: BranchNotes) -> Iterator[Display]:
    path = f"/ws/v1?lang=vi&branch={branch.code}"
    board, live = f"board:{branch.code}", f"live:{branch.code}"
    for token in (*branch.displays, *branch.dispensers):
        yield Display(shard, (board, live), path, token)
    for printer in branch.printers:
        yield Display(shard, (f"printer:{printer.device}",), path, printer.token)
    for counter in branch.counters:
        yield Display(shard, (board, f"counter:{branch.code}/{counter.no}"), path, cookie=counter.session)
    for session in branch.managers:
        yield Display(shard, (board, live), path, cookie=session)
    for _ in range(branch.phones):
        yield Display(shard, (board,), path)


# -- what happens meanwhile --------------------------------------------------------------------------------------------


class Traffic(Struct):
    """What the callers saw. Seconds from a press to its answer, repeats included."""

    issues: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    noted: list[Call] = field(default_factory=list)
    nobody: int = 0
    refused: list[str] = field(default_factory=list)
    unanswered: int = 0


class Callers:
    """Numbers are issued and called at a steady rate, whatever the server does; each branch by its own worker, as long
    as that lives. Runs in a thread with a loop of its own."""

    def __init__(self, urls: Sequence[str], token: str, notes: FleetNotes, rate: float) -> None:
        self.traffic = Traffic()
        self._urls = urls
        self._clients: list[Client] = []
        self._token = token
        self._branches = notes.branches
        self._rate = rate
        self._chance = random.Random(1)
        self._busy: set[tuple[str, int]] = set()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread(target=lambda: asyncio.run(self._run()), name="callers", daemon=True)
        self._thread.start()

    def stop(self) -> Traffic:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        return self.traffic

    def take(self) -> Traffic:
        """What was seen until now; what comes is noted anew."""
        taken, self.traffic = self.traffic, Traffic()
        return taken

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            for url in self._urls:
                self._clients.append(await stack.enter_async_context(Client(url, self._token)))
            group = await stack.enter_async_context(asyncio.TaskGroup())
            next_at = self._loop.time()
            while not self._stop.is_set():
                next_at += self._chance.expovariate(self._rate)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(next_at):
                        await self._stop.wait()
                shard = self._chance.randrange(len(self._branches))
                group.create_task(self._visit(shard, self._branches[shard]))

    async def _visit(self, shard: int, branch: BranchNotes) -> None:
        """Somebody takes a number, and whoever is next at a free counter of that field is called, served, done."""
        chosen = self._chance.choices(branch.fields, [max(each.percent, 0.01) for each in branch.fields])[0]
        issue = {"branch": branch.code, "field": chosen.code, "channel": "kiosk"}
        await self._ask(shard, "issue", issue, self.traffic.issues)
        able = [each.no for each in branch.counters if chosen.code in each.takes]
        free = [no for no in able if (branch.code, no) not in self._busy]
        if not free:
            return
        counter = self._chance.choice(free)
        self._busy.add((branch.code, counter))
        began_ns = time.monotonic_ns()
        called = await self._ask(shard, "call-next", {"branch": branch.code, "counter": counter}, self.traffic.calls)
        if called is None:
            self.traffic.nobody += 1
        else:
            self.traffic.noted.append(Call(f"board:{branch.code}", called["position"], began_ns))
            await self._ask(shard, "start", {"ticket": called["id"]})
            await self._ask(shard, "finish", {"ticket": called["id"]})
        self._busy.discard((branch.code, counter))

    async def _ask(self, shard: int, name: str, args: dict[str, Any], took: list[float] | None = None) -> Any:
        """By the branch's own worker, else by the next one that lives, with the same key, as by a proxy."""
        began, key = time.monotonic(), token_hex(16)
        order = [self._clients[(shard + n) % len(self._clients)] for n in range(len(self._clients))]
        for _ in range(ANSWER_TURNS):
            client = next((each for each in order if each.status == "live"), order[0])
            try:
                answer = await client.command(name, args, key=key, within_s=ANSWER_WITHIN_S)
            except Refused as refusal:
                self.traffic.refused.append(f"{name}: {refusal.problem.code}")
                return None
            except NoAnswer:
                continue
            break
        else:
            self.traffic.unanswered += 1
            return None
        if took is not None:
            took.append(time.monotonic() - began)
        return answer


def share(values: list[float], part: float) -> float | None:
    """A quantile, in ms."""
    found = sorted(values)
    return round(found[min(len(found) - 1, int(len(found) * part))] * 1000, 1) if found else None


def said_of(traffic: Traffic) -> dict[str, Any]:
    refused: dict[str, int] = {}
    for each in traffic.refused:
        refused[each] = refused.get(each, 0) + 1
    return {
        "issues": len(traffic.issues),
        "issue_p50_ms": share(traffic.issues, 0.5),
        "issue_p99_ms": share(traffic.issues, 0.99),
        "calls": len(traffic.noted),
        "call_p50_ms": share(traffic.calls, 0.5),
        "call_p99_ms": share(traffic.calls, 0.99),
        "nobody_waited": traffic.nobody,
        "refused": refused,
        "unanswered": traffic.unanswered,
    }


# -- the run -----------------------------------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_workers(servers: Servers, swarm: Swarm, callers: Callers, count: int) -> dict[str, Any]:
    """SIGKILL to so many; until everybody is back, and until as many workers run as before."""
    workers = children(servers.pid)
    dead, spared = workers[:count], workers[count:]
    cpu, before = cpu_s(spared), swarm.status()
    callers.take()
    killed_ns = time.monotonic_ns()
    for pid in dead:
        os.kill(pid, signal.SIGKILL)
    loss = back_after(swarm, killed_ns)
    after = swarm.status()
    assert before is not None
    assert after is not None
    now = [pid for pid in children(servers.pid) if pid not in dead]
    return {
        **loss.report(),
        "connects_each": round((after.connects - before.connects) / loss.lost, 2),
        "server_cpu_us": round((cpu_s(now) - cpu) / loss.lost * 1e6, 1),
        "meanwhile": said_of(callers.take()),
    }


async def organisation_token(env: dict[str, str]) -> str:
    journal = await open_journal(read_settings(env))
    try:
        access = await Access.open(journal, Path("second-factor.key"))
        _, token = await access.add_device(Role.INTEGRATION, name="callers", branch=None)
    finally:
        await journal.close()
    return token


def play(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {"date": time.strftime("%Y-%m-%d %H:%M"), "workers": asked.workers}
    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(folder / "postgres"))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        env = {"LAYSO_DATABASE": postgres.new_database(), "LAYSO_REDIS": valkey.url, "LAYSO_DATA": str(folder)}
        env["LAYSO_RECONNECT_WINDOW_S"] = str(asked.window)
        fleet = plan_fleet(read_scenario("country"), branches=asked.branches)
        notes, took = asyncio.run(prepare(fleet, read_settings(env)))
        tell(found, "prepared", {"branches": len(notes.branches), "connections": notes.connections, **took.seconds})
        token = asyncio.run(organisation_token(env))
        plan = displays_of(notes, asked.connections)
        servers = stack.enter_context(Servers(folder, folder / "server.log", env, workers=asked.workers))
        base_rss, base_cpu = rss_kb(servers.pids), cpu_s(servers.pids)
        ports = [int(url.rpartition(":")[2]) for url in servers.urls]
        swarm = stack.enter_context(
            Swarm(plan, ports, folder / "swarm", rate=asked.rate, window_s=asked.window, is_recording=True)
        )
        swarm.wait_subscribed(WITHIN_S)
        tell(found, "connected", {
            "connections": len(plan),
            "cpu_us_each": round((cpu_s(servers.pids) - base_cpu) / len(plan) * 1e6, 1),
            "rss_kb_each": round((rss_kb(servers.pids) - base_rss) / len(plan), 2),
        })  # fmt: skip
        callers = Callers(servers.urls, token, notes, A_SECOND * len(notes.branches) / BRANCHES)
        began, cpu = time.monotonic(), (cpu_s(servers.pids), 0.0, cpu_s([postgres.pid]))
        noted: list[Call] = []
        time.sleep(asked.minutes * 60)
        seconds = time.monotonic() - began
        traffic = callers.take()
        noted += traffic.noted
        players = sorted(set(with_players(servers.pids)) - set(servers.pids))  # they begin with the traffic
        counted = (servers.pids, players, [postgres.pid])
        tell(found, "peak", {
            "seconds": round(seconds),
            **said_of(traffic),
            **{
                f"{name}_cpu_percent": round((cpu_s(pids) - before) / seconds * 100, 1)
                for name, pids, before in zip(("server", "of_it_plays", "postgres"), counted, cpu, strict=True)
            },
            "rss_kb_each": round((rss_kb(servers.pids) - base_rss) / len(plan), 2),
            "of_it_players_mb": round(rss_kb(players) / 1024),
        })  # fmt: skip
        tell(found, "one killed", kill_workers(servers, swarm, callers, 1))
        time.sleep(5)
        tell(found, "all killed", kill_workers(servers, swarm, callers, asked.workers))
        callers.stop()
        tell(found, "swarm", swarm.stop().report())
        shown = latencies(noted, swarm.arrivals())
        tell(found, "call to display", {name: getattr(shown, name) for name in shown.__struct_fields__})
    tell(found, "floor", floor(folder, len(plan), asked.workers, asked.window, asked.rate))
    return found


def floor(folder: Path, displays: int, workers: int, window_s: float, rate: float) -> dict[str, Any]:
    """The same deaths at a bare endpoint with as many workers and connections."""
    plan = [Display(number % 3321, ()) for number in range(displays)]
    with BareWorkers(workers) as bare:
        cpu = cpu_s(bare.pids)
        with Swarm(plan, bare.ports, folder / "bare", is_bare=True, window_s=window_s, rate=rate) as swarm:
            swarm.wait_subscribed(WITHIN_S)
            found: dict[str, Any] = {"cpu_us_each": round((cpu_s(bare.pids) - cpu) / displays * 1e6, 1)}
            found["one killed"] = bare_killed(bare, swarm, [0])
            found["all killed"] = bare_killed(bare, swarm, range(workers))
    return found


def tell(found: dict[str, Any], name: str, figures: dict[str, Any]) -> None:
    found[name] = figures
    print(f"{name}: {json.dumps(figures)}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--branches", type=int, default=3321)
    parser.add_argument("--connections", type=int, default=60_000)
    parser.add_argument("--window", type=float, default=WINDOW_S, help="seconds within which clients come back")
    parser.add_argument("--rate", type=float, default=500.0, help="new connections a second at the start")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    raise_file_limit()
    RUNS.mkdir(exist_ok=True)
    with alone(), tempfile.TemporaryDirectory(dir=RUNS) as name:
        found = play(Path(name), asked)
    text = json.dumps(found, indent=1)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
