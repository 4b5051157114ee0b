"""What many connections cost: held by bare workers, and a reconnect to the product beside one to a bare endpoint.

    .venv/bin/python -m load.reconnects hold --displays 60000 --workers 6   # then one worker dies, then all
    .venv/bin/python -m load.reconnects cost --displays 10000               # product and floor in turn

CPU is user and system time of the server process, from /proc/PID/stat: other work on the machine makes times longer,
hardly CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from load.measure import RUNS, TICK, alone, family, free_port, raise_file_limit, stat_of
from load.proof import ROOT, Product
from load.swarm import Display, Swarm
from load.swarm_figures import Loss

WITHIN_S = 900.0
BRANCHES = 3321
HOLD_S = 30.0


def with_players(pids: Sequence[int]) -> list[int]:
    """Serving processes, and those that play outlooks for them."""
    return [each for pid in pids for each in family(pid)]


def cpu_s(pids: Sequence[int]) -> float:
    """Of these processes and those below them."""
    stats = [stat_of(pid) for pid in with_players(pids)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats if stat) / TICK


def rss_kb(pids: Sequence[int]) -> int:
    lines = [Path(f"/proc/{pid}/statm").read_text() for pid in with_players(pids)]
    return sum(int(line.split()[1]) for line in lines) * os.sysconf("SC_PAGESIZE") // 1024


def kernel_kb() -> int:
    """Memory of the kernel's own objects, sockets among them."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Slab:", "KernelStack:", "PageTables:")))


def tell(what: str, figures: dict[str, Any]) -> None:
    print(f"{what}: {json.dumps(figures)}", file=sys.stderr, flush=True)


class BareWorkers:
    """`load.bare_socket` with its workers."""

    def __init__(self, workers: int, restart_after_s: float = 1.0) -> None:
        command = [sys.executable, "-m", "load.bare_socket", "--workers", str(workers)]
        command += ["--restart-after-s", str(restart_after_s)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.ports: list[int] = []
        self.pids: list[int] = []
        self.hear()

    def hear(self) -> None:
        """The next line: it has started, or a worker that died has been started anew."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the bare endpoint ended with {self._process.wait()}")
        said = json.loads(line)
        self.ports, self.pids = said["ports"], said["pids"]

    def kill(self, numbers: Sequence[int]) -> None:
        """The others take over, and those killed come back."""
        for number in numbers:
            os.kill(self.pids[number], signal.SIGKILL)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


# -- held by bare workers ----------------------------------------------------------------------------------------------


def hold(folder: Path, displays: int, workers: int, window_s: float) -> dict[str, Any]:
    """All connected, held for a while, one worker killed, then all of them."""
    found: dict[str, Any] = {"displays": displays, "workers": workers}
    plan = [Display(number % BRANCHES, ()) for number in range(displays)]
    with BareWorkers(workers) as bare:
        server_cpu, server_rss, kernel = cpu_s(bare.pids), rss_kb(bare.pids), kernel_kb()
        began = time.monotonic()
        with Swarm(plan, bare.ports, folder, is_bare=True, window_s=window_s) as swarm:
            there = swarm.wait_subscribed(WITHIN_S)
            took_s = time.monotonic() - began
            found["connect"] = {
                "rate": round(displays / took_s),
                "client_cpu_us": round(there.cpu_s / displays * 1e6, 1),
                "server_cpu_us": round((cpu_s(bare.pids) - server_cpu) / displays * 1e6, 1),
                "client_rss_kb": round(there.rss_kb / displays, 2),
                "server_rss_kb": round((rss_kb(bare.pids) - server_rss) / displays, 2),
                "kernel_kb": round((kernel_kb() - kernel) / displays, 2),
            }
            tell("connect", found["connect"])
            found["held"] = held(bare, swarm)
            tell("held", found["held"])
            found["one killed"] = killed(bare, swarm, [0])
            tell("one killed", found["one killed"])
            found["all killed"] = killed(bare, swarm, range(workers))
            tell("all killed", found["all killed"])
            found["end"] = swarm.stop().report()
    return found


def held(bare: BareWorkers, swarm: Swarm) -> dict[str, Any]:
    """Nothing happens but pings, one for each connection in 30 s."""
    before, cpu = swarm.counts(), cpu_s(bare.pids)
    time.sleep(HOLD_S)
    after = swarm.counts()
    return {
        "s": HOLD_S,
        "client_cpu_percent": round((after.cpu_s - before.cpu_s) / HOLD_S * 100, 2),
        "server_cpu_percent": round((cpu_s(bare.pids) - cpu) / HOLD_S * 100, 2),
        "pings": after.pings - before.pings,
    }


def killed(bare: BareWorkers, swarm: Swarm, numbers: Sequence[int]) -> dict[str, Any]:
    """Kill these workers, wait until every display is connected again and until every worker is back."""
    before = swarm.counts()
    spared = cpu_s([pid for number, pid in enumerate(bare.pids) if number not in numbers])
    killed_ns = time.monotonic_ns()
    bare.kill(numbers)
    for _ in numbers:
        bare.hear()
    loss = back_after(swarm, killed_ns)
    after = swarm.counts()
    said = loss.report()
    said["connects_each"] = round((after.connects - before.connects) / loss.lost, 2)
    said["silent"] = after.silent - before.silent
    said["client_cpu_us"] = round((after.cpu_s - before.cpu_s) / loss.lost * 1e6, 1)
    said["server_cpu_us"] = round((cpu_s(bare.pids) - spared) / loss.lost * 1e6, 1)
    return said


def back_after(swarm: Swarm, killed_ns: int) -> Loss:
    """All are back, or time is up: then the times that were not reached are null."""
    try:
        return swarm.wait_resubscribed(killed_ns, WITHIN_S)
    except TimeoutError:
        loss = swarm.loss_since(killed_ns)
        if loss is None:
            raise
        return loss


# -- a reconnect to the product, and to a bare endpoint ----------------------------------------------------------------


class OneServer(Protocol):
    """A server in one process, that dies and comes back at the same port."""

    port: int

    @property
    def pid(self) -> int: ...

    def kill(self) -> None: ...

    def start(self) -> None: ...


class BareServer:
    def __init__(self) -> None:
        self.port = free_port()
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "load.bare_socket", "--ports", str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.pid = json.loads(self._process.stdout.readline())["pids"][0]

    def kill(self) -> None:
        """The parent, with which its worker ends; until that has let go of its port, where the next one would begin."""
        self._process.kill()
        self._process.wait()
        while (stat := stat_of(self.pid)) and stat[0] != "Z":
            time.sleep(0.01)
        assert self._process.stdout is not None
        self._process.stdout.close()


def storm(
    server: OneServer, folder: Path, plan: Sequence[Display], *, is_bare: bool, window_s: float
) -> dict[str, Any]:
    """CPU of the server for each connection at the start, and for each that comes back after a kill."""
    count = len(plan)
    cpu, rss = cpu_s([server.pid]), rss_kb([server.pid])
    with Swarm(plan, [server.port], folder, is_bare=is_bare, window_s=window_s) as swarm:
        swarm.wait_subscribed(WITHIN_S)
        found: dict[str, Any] = {
            "connect_cpu_us": round((cpu_s([server.pid]) - cpu) / count * 1e6, 1),
            "rss_kb": round((rss_kb([server.pid]) - rss) / count, 2),
        }
        killed_ns = time.monotonic_ns()
        server.kill()
        server.start()
        cpu = cpu_s([server.pid])
        back = back_after(swarm, killed_ns)
        found["reconnect_cpu_us"] = round((cpu_s([server.pid]) - cpu) / back.lost * 1e6, 1)
        found["back"] = back.report()
        found["end"] = swarm.stop().report()
    return found


def cost(folder: Path, displays: int, window_s: float) -> dict[str, Any]:
    """Floor and product in turn."""
    bare = BareServer()
    try:
        plan = [Display(0, ())] * displays
        floor = storm(bare, folder / "bare", plan, is_bare=True, window_s=window_s)
    finally:
        bare.kill()
    with Product(folder, env={"LAYSO_RECONNECT_WINDOW_S": str(window_s)}) as product:
        one = Display(0, (f"board:{product.branch}",), f"/ws/v1?branch={product.branch}", product.tokens["display"])
        real = storm(product, folder / "product", [one] * displays, is_bare=False, window_s=window_s)
    ratios = {name: round(real[name] / floor[name], 2) for name in ("connect_cpu_us", "reconnect_cpu_us")}
    for stage in ("welcomed", "subscribed"):
        ratios[f"all_{stage}"] = round(real["back"][stage]["p100_s"] / floor["back"][stage]["p100_s"], 2)
    return {"displays": displays, "window_s": window_s, "floor": floor, "product": real, "ratio": ratios}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("hold", "cost"))
    parser.add_argument("--displays", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--window-s", type=float, default=1.5)
    options = parser.parse_args()
    raise_file_limit()
    RUNS.mkdir(exist_ok=True)
    with alone(), tempfile.TemporaryDirectory(dir=RUNS) as name:
        if options.what == "hold":
            said = hold(Path(name), options.displays, options.workers, options.window_s)
        else:
            said = cost(Path(name), options.displays, options.window_s)
    print(json.dumps(said, indent=1))
