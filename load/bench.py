"""The benchmarks of the product against their floors.

python -m load.bench \\
    issue|issue-ws|slow-commit|call-next|call-display|broadcast|broadcast-told|idle-memory|idle-cpu

Floor and product alternate; each run is a fresh process on core 0, the generator on core 1.
`--against floor` runs the floor in the product's place: the ratios must then be near 1.0.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NoReturn

from load import measure
from load.compiling import compiled
from load.measure import Blast, Figures, Launch, Ratio, Reading, Server, Variant, drive
from load.product import COMMIT_DELAY, start_product

FLOOR_DELAY = "FLOOR_COMMIT_DELAY_MS"
KEY = ("--header", "Idempotency-Key: %K")


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    scenario: str
    against: str
    rounds: int
    seconds: float
    clients: tuple[int, ...]
    displays: int
    requests: int
    out: Path | None


# --- floors ----------------------------------------------------------------------------------


def start_script(name: str, with_db: bool, folder: Path, env: Mapping[str, str]) -> Server:
    port = measure.free_port()
    argv = [measure.PYTHON, str(measure.HERE / name), "--port", str(port)]
    argv += ["--db", str(folder / "floor.db")] if with_db else []
    server = Server(measure.spawn(argv, folder, env), port, folder)
    measure.await_port(server)
    return server


start_floor: Launch = partial(start_script, "floor.py", True)
start_broadcast_floor: Launch = partial(start_script, "broadcast_floor.py", False)


# --- what the generator is told --------------------------------------------------------------


def issue_http(server: Server) -> tuple[str, ...]:
    body = json.dumps({"field": server.procedure_field, "channel": "api"})
    path = f"/api/v1/branches/{server.branch}/tickets"
    return ("--path", path, "--body", body, "--expect", "201", *KEY)


def issue_ws(server: Server) -> tuple[str, ...]:
    args = {"branch": server.branch, "field": server.procedure_field}
    frame = {"type": "command", "id": "%K", "name": "issue", "args": args}
    return ("--body", json.dumps(frame))


def call_http(server: Server, counter: str) -> tuple[str, ...]:
    path = f"/api/v1/branches/{server.branch}/counters/{counter}/call-next"
    then = ("--then-path", server.after_call) if server.after_call else ()
    return ("--path", path, "--expect", "200", *KEY, *then)


def subscribe(server: Server) -> tuple[str, ...]:
    frame = {"type": "subscribe", "channel": f"board:{server.branch}"}
    return ("--first", json.dumps(frame), "--await", "snapshot")


def tell_shown(server: Server) -> tuple[str, ...]:
    """Each display tells of each call that it has shown it, as paired screens do."""
    args = {"branch": server.branch, "call": "%I", "is_spoken": False}
    frame = {"type": "command", "id": "%K", "name": "report-call", "args": args}
    return ("--seen", json.dumps(frame).replace('"%I"', "%I"))


def displays(server: Server, count: int, seconds: float) -> Blast:
    """Quiet displays, until the block is left."""
    return Blast("hold", server, "--conns", str(count), "--seconds", str(seconds), *subscribe(server))


def fill(server: Server, count: int) -> None:
    """Let people wait, and counters be open, before calls are measured."""
    if server.before_calls:
        server.before_calls(server)
    size = ("--conns", "8", "--requests", str(count), "--seconds", "120")
    drive(server, "http", *size, *issue_http(server))


# --- one measured run of each kind -----------------------------------------------------------


def run_issue(mode: str, clients: int, options: Options, server: Server) -> Figures:
    told = issue_http(server) if mode == "http" else issue_ws(server)
    size = ("--conns", str(clients), "--seconds", str(options.seconds), "--warmup", "1")
    if not options.displays:
        return drive(server, mode, *size, *told)
    with displays(server, options.displays, options.seconds + 60):
        return drive(server, mode, *size, *told)


def run_call_next(options: Options, server: Server) -> Figures:
    count = options.requests or 3000
    fill(server, count + 10)
    size = ("--conns", "8", "--requests", str(count), "--seconds", "120")
    with displays(server, max(options.displays, 1), 300):
        return drive(server, "http", *size, *call_http(server, "%C"))


def run_show(count: int, turns: int, gap_ms: int, server: Server, *, is_told: bool = False) -> Figures:
    """Calls one after another, each until every display has shown it, and tells so where `is_told`."""
    warm = 0.5
    fill(server, turns + int(warm * 1000 / gap_ms) + 10)
    size = ("--conns", str(count), "--requests", str(turns), "--gap-ms", str(gap_ms))
    told = ("--seconds", "300", "--warmup", str(warm), *call_http(server, "1"), *subscribe(server))
    seen = tell_shown(server) if is_told else ()
    return drive(server, "show", *size, *told, *seen)


def run_memory(count: int, server: Server) -> Figures:
    """Growth of the server's memory per connection, after the connections had some traffic."""
    drive(server, "http", "--conns", "4", "--requests", "20", *issue_http(server))
    base = server.rss_kb()
    with displays(server, count, 600) as held:
        time.sleep(3)
        before = Reading.take(server)
        fresh = server.rss_kb()
        drive(server, "http", "--conns", "1", "--requests", "10", *issue_http(server))
        time.sleep(3)
        figures = measure.conditions(server, before, Reading.take(server))
        said = held.go()
    figures["kb_fresh"] = (fresh - base) / said["alive"]
    figures["kb"] = (figures["rss_kb"] - base) / said["alive"]
    figures["alive"], figures["frames"] = float(said["alive"]), float(said["frames"])
    return figures


def run_idle(seconds: float, server: Server) -> Figures:
    """CPU of a server with 50 displays and nothing to do."""
    with displays(server, 50, seconds + 120) as held:
        time.sleep(5)
        before = Reading.take(server)
        time.sleep(seconds)
        figures = measure.conditions(server, before, Reading.take(server))
        figures["alive"] = float(held.go()["alive"])
    figures["percent"] = 100 * figures["cpu_s"] / figures["wall_s"]
    return figures


# --- what is compared with what --------------------------------------------------------------


@dataclass(frozen=True)
class Goal:
    """A figure of the product, as a multiple of another variant's, or as it is."""

    figure: str
    limit: float
    than: str | None = "floor"
    at_least: bool = False

    def met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {self.limit:g}" + (f"× {self.than}" if self.than else "")


@dataclass(frozen=True)
class Plan:
    title: str
    variants: tuple[Variant, ...]
    goals: tuple[Goal, ...]


def pair(options: Options, run: Callable[[Server], Figures], floor: Launch = start_floor) -> tuple[Variant, ...]:
    """Floor and product under the same load."""
    product: Launch = start_product if options.against == "product" else floor
    slow = options.scenario == "slow-commit"
    idle = options.scenario.startswith("idle-")
    most_other = 1.0 if idle else measure.MOST_OTHER  # others' work moves neither kB nor idle CPU
    floor_env = {FLOOR_DELAY: "2"} if slow else {}
    product_env = {FLOOR_DELAY: "2", COMMIT_DELAY: "2"} if slow else {}
    return (
        Variant("floor", floor, run, floor_env, most_other),
        Variant("product", product, run, product_env, most_other),
    )


def plan_issue(options: Options, clients: int) -> Plan:
    variants = pair(options, partial(run_issue, "http", clients, options))
    return Plan(f"issue, HTTP, {clients} clients", variants, (Goal("cpu_us", 1.3),))


def plan_issue_ws(options: Options, clients: int) -> Plan:
    """Compared with the floor over websocket, and with the floor over HTTP as well."""
    variants = pair(options, partial(run_issue, "ws", clients, options))
    over_http = Variant("floor-http", start_floor, partial(run_issue, "http", clients, options))
    goals = (Goal("cpu_us", 0.8), Goal("cpu_us", 0.8, "floor-http"))
    return Plan(f"issue, websocket, {clients} clients", (*variants, over_http), goals)


def plan_slow_commit(options: Options, clients: int) -> Plan:
    variants = pair(options, partial(run_issue, "http", clients, options))
    goal = Goal("rate", 5, at_least=True)
    return Plan(f"issue, HTTP, 2 ms per commit, {clients} clients", variants, (goal,))


def plan_call_next(options: Options, _: int) -> Plan:
    variants = pair(options, partial(run_call_next, options))
    return Plan("call-next, 8 counters", variants, (Goal("latency_p99_us", 1.5),))


def plan_call_display(options: Options, _: int) -> Plan:
    variants = pair(options, partial(run_show, 50, options.requests or 600, 5))
    return Plan("call to display, 50 displays", variants, (Goal("display_p99_us", 1.5),))


def plan_broadcast(options: Options, _: int) -> Plan:
    run = partial(run_show, 1000, options.requests or 30, 200)
    variants = pair(options, run, start_broadcast_floor)
    return Plan("last of 1,000 displays", variants, (Goal("last_p50_us", 1.5),))


def plan_broadcast_told(options: Options, _: int) -> Plan:
    """The floor's displays tell nothing."""
    run = partial(run_show, 1000, options.requests or 30, 200)
    floor, _product = pair(options, run, start_broadcast_floor)
    _floor, product = pair(options, partial(run, is_told=True), start_broadcast_floor)
    return Plan("last of 1,000 displays that tell what they show", (floor, product), (Goal("last_p50_us", 1.5),))


def plan_idle_memory(options: Options, clients: int) -> Plan:
    variants = pair(options, partial(run_memory, clients))
    return Plan(f"memory, {clients} connections", variants, (Goal("kb", 35, None),))


def plan_idle_cpu(options: Options, _: int) -> Plan:
    variants = pair(options, partial(run_idle, options.seconds))[1:]
    return Plan(f"idle, 50 displays, {options.seconds:g} s", variants, (Goal("percent", 0.5, None),))


@dataclass(frozen=True)
class Scenario:
    plan: Callable[[Options, int], Plan]
    rounds: int = 5
    seconds: float = 5
    clients: tuple[int, ...] = (0,)


SCENARIOS = {
    "issue": Scenario(plan_issue, clients=(16, 64)),
    "issue-ws": Scenario(plan_issue_ws, clients=(16, 64)),
    "slow-commit": Scenario(plan_slow_commit, clients=(64,)),
    "call-next": Scenario(plan_call_next),
    "call-display": Scenario(plan_call_display),
    "broadcast": Scenario(plan_broadcast),
    "broadcast-told": Scenario(plan_broadcast_told),
    "idle-memory": Scenario(plan_idle_memory, rounds=1, clients=(5000,)),
    "idle-cpu": Scenario(plan_idle_cpu, rounds=1, seconds=300),
}


# --- what is reported ------------------------------------------------------------------------

HEAD = (
    "| date | benchmark | rounds | figure | floor | product | median (min–max) | goal | met "
    "| rate /s | p50 ms | p99 ms | fsync p50 µs | stolen | generator | other work | repeats |"
)
Results = Sequence[dict[str, Figures]]


def in_words(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def both(results: Results, goal: Goal, key: str, scale: float = 1) -> str:
    """Medians of the compared variants: floor / product; a dash where there is no such figure."""
    names = [name for name in (goal.than or "floor", "product") if name in results[0]]
    if key not in results[0]["product"]:
        return "–"
    return " / ".join(in_words(measure.middle(results, name, key) * scale) for name in names)


def value(results: Results, goal: Goal) -> Ratio:
    if goal.than:
        return Ratio.of(results, goal.figure, "product", goal.than)
    return Ratio.spread([one["product"][goal.figure] for one in results])


def row(options: Options, plan: Plan, results: Results, goal: Goal) -> str:
    """One row of the table in load/README.md."""
    found = value(results, goal)
    floor, _, product = both(results, goal, goal.figure).rpartition(" / ")
    worst = partial(measure.worst, results)
    cells = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        plan.title + (" (floor against itself)" if options.against == "floor" else ""),
        str(len(results)),
        goal.figure,
        floor or "–",
        product,
        str(found),
        str(goal),
        "yes" if goal.met(found.median) else "**no**",
        both(results, goal, "rate"),
        both(results, goal, "latency_p50_us", 1e-3),
        both(results, goal, "latency_p99_us", 1e-3),
        both(results, goal, "fsync_us"),
        f"{worst('stolen'):.1%}",
        f"{worst('load'):.0%}",
        f"{worst('other'):.0%}",
        f"{worst('repeats'):.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def warnings(results: Results) -> list[str]:
    found = []
    if measure.worst(results, "load") > measure.MOST_LOAD:
        found.append("the generator used more than 70 % of its core: latencies and rates are its own")
    if measure.worst(results, "stolen") > measure.MOST_STOLEN:
        found.append("more than 10 % stolen even after repeats: do not use this row")
    if measure.worst(results, "other") > measure.MOST_OTHER:
        found.append("other processes took much of the server's core: trust CPU, not latencies")
    if measure.worst(results, "closed"):
        found.append(f"connections closed by the server: {measure.worst(results, 'closed'):.0f}")
    if measure.SERVER_CORE == measure.LOAD_CORE:
        found.append("only one core: server and generator shared it")
    return found


def report(options: Options, plan: Plan, results: Results) -> None:
    rows = [row(options, plan, results, goal) for goal in plan.goals]
    print("\n".join([HEAD, "|---" * (HEAD.count("|") - 1) + "|", *rows]))
    for warning in warnings(results):
        print("warning:", warning)
    sys.stdout.flush()
    keep = measure.RUNS / "results"
    keep.mkdir(parents=True, exist_ok=True)
    name = f"{options.scenario}-{options.against}-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    (keep / name).write_text(json.dumps({"plan": plan.title, "results": results}, indent=1))
    if options.out:
        with options.out.open("a") as out:
            out.write("\n".join(rows) + "\n")


def read_options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--against", choices=("product", "floor"), default="product")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--clients", help="comma-separated, e.g. 16,64")
    parser.add_argument("--displays", type=int, default=1, help="displays connected while issuing")
    parser.add_argument("--requests", type=int, default=0, help="calls per run, where calls are counted")
    parser.add_argument("--out", type=Path, help="file to append the table rows to")
    said = parser.parse_args(argv)
    usual = SCENARIOS[said.scenario]
    clients = tuple(int(part) for part in said.clients.split(",")) if said.clients else usual.clients
    rounds, seconds = said.rounds or usual.rounds, said.seconds or usual.seconds
    return Options(
        said.scenario,
        said.against,
        rounds,
        seconds,
        clients,
        said.displays,
        said.requests,
        said.out,
    )


def interrupted(*_: object) -> NoReturn:
    sys.exit(143)


def main(argv: Sequence[str] | None = None) -> None:
    options = read_options(argv)
    signal.signal(signal.SIGTERM, interrupted)
    measure.raise_file_limit()
    compiled("blast")
    os.sched_setaffinity(0, {measure.LOAD_CORE})
    with measure.alone():
        for clients in options.clients:
            plan = SCENARIOS[options.scenario].plan(options, clients)
            report(options, plan, measure.alternate(plan.variants, options.rounds))


if __name__ == "__main__":
    main()
