"""What a ticket and a branch cost, with one branch and with all communes of the country.

    python -m load.cost_curve [--branches 1,10,100,1000,3321] [--workers 2] [--rate 30] [--seconds 40] [--out FILE]
    .venv-load/bin/python -m load.cost_curve --plot FILE PICTURE        # what was measured, drawn

For each size a new PostgreSQL, Valkey and workers; one screen at every branch, so that every branch is loaded. Then
nothing happens for a while, then so many visits a second over all branches: issued, called, begun, finished. CPU of a
ticket is that of the servers for its whole visit, less what they take when nothing happens. Memory is that of all
workers, less what they take before anybody connects. The processes that play outlooks count; they are also given by
themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from load.fleet.notes import FleetNotes
from load.fleet.prepare import prepare
from load.fleet.scenario import plan as plan_fleet
from load.fleet.scenario import read_scenario
from load.fleet.servers import Servers
from load.measure import RUNS, alone, raise_file_limit

IDLE_S = 20.0
WITHIN_S = 300.0


def size(folder: Path, branches: int, asked: argparse.Namespace) -> dict[str, Any]:
    """One point of the curve."""
    from load.country import Callers, organisation_token, said_of
    from load.reconnects import cpu_s, rss_kb, with_players
    from load.swarm import Display, Swarm
    from queue_server.settings import read_settings
    from tests.databases.postgres import Postgres
    from tests.databases.valkey import Valkey

    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(folder / "postgres"))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        env = {"LAYSO_DATABASE": postgres.new_database(), "LAYSO_REDIS": valkey.url, "LAYSO_DATA": str(folder)}
        fleet = plan_fleet(read_scenario("country"), branches=branches)
        notes: FleetNotes
        notes, _ = asyncio.run(prepare(fleet, read_settings(env)))
        token = asyncio.run(organisation_token(env))
        servers = stack.enter_context(Servers(folder, folder / "server.log", env, workers=asked.workers))
        empty_kb = rss_kb(servers.pids)
        ports = [int(url.rpartition(":")[2]) for url in servers.urls]
        screens = [
            Display(shard, (f"board:{branch.code}",), f"/ws/v1?branch={branch.code}", branch.displays[0])
            for shard, branch in enumerate(notes.branches)
        ]
        swarm = stack.enter_context(Swarm(screens, ports, folder / "swarm", rate=200.0))
        swarm.wait_subscribed(WITHIN_S)
        loaded_kb = rss_kb(servers.pids)
        cpu = cpu_s(servers.pids)
        time.sleep(IDLE_S)
        idle = (cpu_s(servers.pids) - cpu) / IDLE_S
        callers = Callers(servers.urls, token, notes, asked.rate)
        time.sleep(2)
        callers.take()
        players = sorted(set(with_players(servers.pids)) - set(servers.pids))
        cpu, plays, began = cpu_s(servers.pids), cpu_s(players), time.monotonic()
        time.sleep(asked.seconds)
        took, cpu, plays = time.monotonic() - began, cpu_s(servers.pids) - cpu, cpu_s(players) - plays
        traffic = callers.take()
        callers.stop()
        return {
            "branches": len(notes.branches),
            "cpu_us_a_ticket": round((cpu - idle * took) / max(1, len(traffic.issues)) * 1e6),
            "plays_cpu_percent": round(plays / took * 100, 1),
            "plays_memory_mb": round(rss_kb(players) / 1024),
            "idle_cpu_percent": round(idle * 100, 2),
            "memory_kb_a_branch": round((loaded_kb - empty_kb) / len(notes.branches), 1),
            "memory_mb": round(loaded_kb / 1024),
            **said_of(traffic),
        }


def plot(points: list[dict[str, Any]], picture: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for place, (name, title) in enumerate(
        (("cpu_us_a_ticket", "CPU of a visit, µs"), ("memory_mb", "Memory of all workers, MB")), start=1
    ):
        axes = figure.add_subplot(1, 2, place)
        axes.plot([p["branches"] for p in points], [p[name] for p in points], marker="o")
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("branches")
        axes.set_title(title)
        axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--branches", default="1,10,100,1000,3321")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=float, default=30.0, help="visits a second, over all branches")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path, nargs=2, metavar=("FILE", "PICTURE"))
    asked = parser.parse_args()
    if asked.plot is not None:
        plot(json.loads(asked.plot[0].read_text())["points"], asked.plot[1])
        return
    raise_file_limit()
    RUNS.mkdir(exist_ok=True)
    points = []
    with alone():
        for branches in map(int, asked.branches.split(",")):
            with tempfile.TemporaryDirectory(dir=RUNS) as name:
                points.append(size(Path(name), branches, asked))
            print(json.dumps(points[-1]), file=sys.stderr, flush=True)
    said = {"date": time.strftime("%Y-%m-%d %H:%M"), "workers": asked.workers, "rate": asked.rate, "points": points}
    print(json.dumps(said, indent=1))
    if asked.out is not None:
        asked.out.write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
