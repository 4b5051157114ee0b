"""Tools of the benchmarks: servers pinned to one core, the generator on another, and honest ratios.

A *variant* is one server under one load. Variants are run in turn, each in a fresh process with a
fresh folder, for several rounds; a ratio compares two variants of the same round, and what is
reported is the median of these ratios with their smallest and largest.
"""

import fcntl
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from load.compiling import compiled

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RUNS = HERE / ".run"
PYTHON = str(ROOT / ".venv" / "bin" / "python")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
MOST_STOLEN = 0.10
MOST_OTHER = 0.25
MOST_LOAD = 0.70
TICK = os.sysconf("SC_CLK_TCK")

Figures = dict[str, float]


# --- the machine -----------------------------------------------------------------------------


def core_times(core: int) -> list[int]:
    """Ticks of one core: user, nice, system, idle, iowait, irq, softirq, steal."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            return [int(part) for part in line.split()[1:9]]
    raise LookupError(f"no core {core} in /proc/stat")


def shares(before: Sequence[int], after: Sequence[int]) -> tuple[float, float]:
    """Share of busy and of stolen time between two readings of a core."""
    spent = [b - a for a, b in zip(before, after, strict=True)]
    whole = max(sum(spent), 1)
    return (whole - spent[3] - spent[4] - spent[7]) / whole, spent[7] / whole


def fsync_p50_us(folder: Path, times: int = 200) -> float:
    """Median of writing 4 kB and fdatasync, in the folder where the server writes."""
    took: list[float] = []
    path = folder / "fsync.probe"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        for _ in range(times):
            began = time.perf_counter()
            os.write(handle, b"\0" * 4096)
            os.fdatasync(handle)
            took.append((time.perf_counter() - began) * 1e6)
    finally:
        os.close(handle)
        path.unlink()
    return statistics.median(took)


def pin(core: int) -> Callable[[], None]:
    return lambda: os.sched_setaffinity(0, {core})


def raise_file_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- servers ---------------------------------------------------------------------------------


def stat_of(pid: int) -> list[str]:
    """Fields of /proc/PID/stat after the name: [1] is the parent, [11:15] the CPU ticks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {int(p.name): stat_of(int(p.name)) for p in Path("/proc").glob("[0-9]*")}
    found = [pid]
    for one in found:
        found += [child for child, stat in parents.items() if stat and int(stat[1]) == one]
    return found


@dataclass
class Server:
    """A running server, and what a client must know to use it."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    branch: str = "b1"
    procedure_field: str = "ho-tich"
    token: str = "none"
    display_token: str = "none"
    after_call: str | None = None  # path asked after each call-next, %I is the ticket's id
    before_calls: Callable[["Server"], None] | None = None  # e.g. opens counters 1 to 8

    def cpu_seconds(self) -> float:
        """CPU of all threads and children, reaped children included."""
        stats = [stat_of(pid) for pid in family(self.process.pid)]
        return sum(sum(map(int, stat[11:15])) for stat in stats if stat) / TICK

    def rss_kb(self) -> int:
        pages = [Path(f"/proc/{pid}/statm").read_text() for pid in family(self.process.pid)]
        return sum(int(line.split()[1]) for line in pages) * resource.getpagesize() // 1024

    def stop(self) -> None:
        """End this server and, should they outlive it, its own children; never anything else."""
        others = family(self.process.pid)[1:]
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in others:
            if stat_of(pid):
                os.kill(pid, 9)


Launch = Callable[[Path, Mapping[str, str]], Server]


def spawn(argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a server process on the server's core; what it says is kept in its folder."""
    with (folder / "stdout.log").open("w") as out, (folder / "stderr.log").open("w") as log:
        return subprocess.Popen(
            argv,
            cwd=ROOT,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            preexec_fn=pin(SERVER_CORE),
        )


def await_port(server: Server, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    server.stop()
    log = (server.folder / "stderr.log").read_text()[-2000:]
    raise RuntimeError(f"{server.process.args!r} did not open port {server.port}:\n{log}")


@contextmanager
def running(launch: Launch, env: Mapping[str, str]) -> Iterator[Server]:
    """A fresh server in a fresh folder on the disk of this repository (never a tmpfs)."""
    folder = RUNS / f"{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir(parents=True)
    try:
        server = launch(folder, env)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone(seconds: float = 1800) -> Iterator[None]:
    """Two benchmarks at once would measure each other: the second one waits."""
    RUNS.mkdir(exist_ok=True)
    until = time.monotonic() + seconds
    with (RUNS / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                print("waiting for another benchmark", file=sys.stderr, flush=True)
                time.sleep(5)
        yield


# --- the generator ---------------------------------------------------------------------------


class Blast:
    """One generator process on the generator's core; see client/blast.c."""

    def __init__(self, mode: str, server: Server, *options: str) -> None:
        bearer = f"Authorization: Bearer {server.token}"
        shown = f"Authorization: Bearer {server.display_token}"
        seen = bearer if mode == "ws" else shown
        common = ["--port", str(server.port), "--header", bearer, "--ws-header", seen]
        self.process = subprocess.Popen(
            [str(compiled("blast")), mode, *common, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=pin(LOAD_CORE),
        )
        self.ready = self._line()
        if self.ready["failed"]:
            self.stop()
            raise RuntimeError(f"{self.ready['failed']} connections failed")

    def _line(self) -> dict[str, Any]:
        line = pipe(self.process.stdout).readline()
        if not line:
            raise RuntimeError(f"blast ended early with {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def go(self) -> dict[str, Any]:
        """Let it start (or, in hold, stop), and wait for its figures; blast bounds its own time."""
        stdin = pipe(self.process.stdin)
        stdin.write("go\n")
        stdin.flush()
        return self._line()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()

    def __enter__(self) -> "Blast":
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()


def pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@dataclass
class Reading:
    """The clocks at one instant."""

    at: float
    cpu: float
    server_core: list[int]
    load_core: list[int]

    @classmethod
    def take(cls, server: Server) -> "Reading":
        cores = core_times(SERVER_CORE), core_times(LOAD_CORE)
        return cls(time.monotonic(), server.cpu_seconds(), *cores)


def conditions(server: Server, before: Reading, after: Reading) -> Figures:
    """What the server used, and what disturbed it."""
    wall = after.at - before.at
    busy, stolen = shares(before.server_core, after.server_core)
    stolen_load = shares(before.load_core, after.load_core)[1]
    cpu = after.cpu - before.cpu
    return {
        "wall_s": wall,
        "cpu_s": cpu,
        "server_load": cpu / wall,
        "other": max(0.0, busy - cpu / wall),
        "stolen": max(stolen, stolen_load),
        "rss_kb": float(server.rss_kb()),
    }


def drive(server: Server, mode: str, *options: str) -> Figures:
    """One measured run of the generator against a server."""
    fsync = fsync_p50_us(server.folder)
    with Blast(mode, server, "--gate", *options) as blast:
        before = Reading.take(server)
        said = blast.go()
        after = Reading.take(server)
    if said["ok"] == 0 or said["refused"] or said["lost"] or said["mismatched"]:
        raise RuntimeError(f"not every command was acknowledged: {said}")
    figures = conditions(server, before, after)
    figures |= {key: float(value) for key, value in said.items() if isinstance(value, int | float)}
    figures["cpu_us"] = (after.cpu - before.cpu) / said["ok"] * 1e6
    figures["load"] = said["cpu_s"] / said["seconds"]
    figures["cpu_s"] = after.cpu - before.cpu
    figures["fsync_us"] = fsync
    return figures


# --- rounds and ratios -----------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """One server under one load."""

    name: str
    launch: Launch
    run: Callable[[Server], Figures]
    env: Mapping[str, str] = field(default_factory=dict)
    most_other: float = MOST_OTHER

    def calm(self, figures: Figures) -> bool:
        """Not more than 10 % stolen by the host, nor too much taken by other processes here."""
        return figures["stolen"] <= MOST_STOLEN and figures["other"] <= self.most_other


def once(variant: Variant) -> Figures:
    """One run; a disturbed one is repeated, twice at most, and the calmest then counts."""
    tried: list[Figures] = []
    while not tried or (not variant.calm(tried[-1]) and len(tried) < 3):
        with running(variant.launch, variant.env) as server:
            tried.append(variant.run(server))
    calm = variant.calm(tried[-1])
    best = tried[-1] if calm else min(tried, key=lambda one: one["stolen"] + one["other"])
    return best | {"repeats": float(len(tried) - 1)}


def alternate(variants: Sequence[Variant], rounds: int) -> list[dict[str, Figures]]:
    """All variants in each round, the order turned round every time."""
    results: list[dict[str, Figures]] = []
    for number in range(rounds):
        order = variants if number % 2 == 0 else variants[::-1]
        results.append({variant.name: once(variant) for variant in order})
        print(f"round {number + 1}/{rounds}: {results[-1]}", file=sys.stderr, flush=True)
    return results


@dataclass(frozen=True)
class Ratio:
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, results: Sequence[dict[str, Figures]], key: str, upper: str, lower: str) -> "Ratio":
        return cls.spread([one[upper][key] / one[lower][key] for one in results])

    @classmethod
    def spread(cls, found: Sequence[float]) -> "Ratio":
        return cls(statistics.median(found), min(found), max(found))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}–{self.most:.2f})"


def middle(results: Sequence[dict[str, Figures]], name: str, key: str) -> float:
    return statistics.median(one[name].get(key, 0.0) for one in results)


def worst(results: Sequence[dict[str, Figures]], key: str) -> float:
    return max(figures.get(key, 0.0) for one in results for figures in one.values())
