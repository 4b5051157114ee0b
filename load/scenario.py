"""A load run from nothing to its report, in one command.

    python -m load.scenario binhduong --minutes 11 --hurry 60        # a whole day of 10.5 hours, sixty times as fast
    python -m load.scenario hcmc --minutes 10 --from 08:00           # ten minutes of the busiest hour at true pace

Prepares the fleet in a folder beside this file (on a disk, never on a tmpfs), starts the product, plays the people by
Locust, samples what everything uses, and writes the report into `load/results/DATE-SCENARIO`. Needs the environment of
`requirements/load.txt`. The exit status is 1 when anything failed that should not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from msgspec import Struct

from load.figures import Figures, read_figures, together
from load.fleet.notes import NAME, FleetNotes, read_notes
from load.fleet.scenario import NAMES
from load.fleet.servers import ROOT, Servers, clean_environment
from load.measure import RUNS, raise_file_limit
from load.run import Books, Run, command_line, machine, versions, write_run
from load.sampling import Sampler, size_of, write_samples

RESULTS = ROOT / "load" / "results"
LOCUSTFILE = ROOT / "load" / "locust" / "locustfile.py"
GOES_HOME_S = 60
START = "2026-11-23T05:00:00+07:00"
"""What the servers' clock shows before anything is prepared: a Monday."""

_opener = build_opener(ProxyHandler({}))


class Place(Struct, frozen=True):
    """Where the branches' journals are: the settings that say so, how many bytes they take, and who keeps them."""

    kind: str
    settings: dict[str, str]
    size: Callable[[], int]
    pids: dict[str, int] = {}


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    raise_file_limit()
    out = given.out or RESULTS / f"{_now():%Y-%m-%d}-{given.scenario}"
    with _work_folder(given.keep) as folder:
        run = _play(given, folder)
        shutil.rmtree(out, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "load.report", folder, "--out", out], cwd=ROOT, check=True)
    figures = run[1]
    failed = sum(figures.failures.values())
    print(f"{out / 'report.md'}: {figures.counts.get('issued', 0)} tickets, {failed} failures")
    return 1 if failed or not run[0].books.agree else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m load.scenario", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenario", choices=NAMES)
    parser.add_argument("--minutes", type=float, required=True, metavar="M", help="so long by the wall")
    parser.add_argument("--hurry", type=float, default=1.0, metavar="X", help="people live X times as fast (1)")
    parser.add_argument(
        "--from", dest="starts", default="07:00", metavar="T", help="the people's clock at first (07:00)"
    )
    parser.add_argument("--branches", type=int, metavar="N", help="so many of the branches, evenly picked")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="server processes; several need --postgres")
    parser.add_argument("--locusts", type=int, default=1, metavar="N", help="Locust processes, each with its branches")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server of its own")
    parser.add_argument("--valkey", action="store_true", help="with signals over a Valkey server of its own")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the report goes")
    parser.add_argument("--keep", action="store_true", help="leave the work folder where it is")
    return parser


@contextmanager
def _work_folder(is_kept: bool) -> Iterator[Path]:
    folder = RUNS / f"scenario-{_now():%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        if is_kept:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


# -- one run -----------------------------------------------------------------------------------------------------------


def _play(given: argparse.Namespace, folder: Path) -> tuple[Run, Figures]:
    """Everything but the report; what was measured lies in the folder."""
    with ExitStack() as stack:
        place = stack.enter_context(_postgres(folder)) if given.postgres else _files(folder)
        settings = place.settings | _clock(given.hurry)
        if given.valkey:
            settings["LAYSO_REDIS"] = stack.enter_context(_valkey(folder))
        prepared = _prepare(given, folder / "data", settings)
        notes, before = read_notes(folder / "data" / NAME), place.size()
        with Servers(folder / "data", folder / "server.log", settings, workers=given.workers) as servers:
            _play_people(given, folder, servers, place)
            figures = together(read_figures(file) for file in sorted(folder.glob("figures-*.json")))
            books = _books(servers.urls[0], notes, figures)
        run = _run(given, notes, place, prepared, servers.started_in_s, books, (before, place.size()))
    write_run(folder / "run.json", run)
    return run, figures


def _play_people(given: argparse.Namespace, folder: Path, servers: Servers, place: Place) -> None:
    """Locust from beginning to end, and what everything used meanwhile."""
    locusts = _start_locusts(given, folder, servers.urls)
    pids = {f"server {number}": pid for number, pid in enumerate(servers.pids)} | place.pids
    pids |= {f"locust {number}": process.pid for number, process in enumerate(locusts)}
    with Sampler(pids) as sampler:
        _await_all(locusts, folder, given.minutes * 60 + 2 * GOES_HOME_S)
    write_samples(folder / "samples.json", sampler.samples)


def _clock(hurry: float) -> dict[str, str]:
    """One clock for all processes, as fast as the people's: the server shall see a day as long as theirs. It starts so
    early that none of it is after the end of the service day, at three at night."""
    return {"LAYSO_CLOCK_START": START, "LAYSO_CLOCK_SPEED": str(hurry), "LAYSO_CLOCK_ORIGIN": _now().isoformat()}


def _now() -> datetime:
    return datetime.now(UTC)


def _files(folder: Path) -> Place:
    return Place("SQLite", {}, lambda: size_of(folder / "data", "layso.db*"))


@contextmanager
def _postgres(folder: Path) -> Iterator[Place]:
    from tests.databases.postgres import Postgres

    with Postgres(folder / "postgres") as server:
        url = server.new_database(is_empty=True)
        yield Place(
            "PostgreSQL", {"LAYSO_DATABASE": url}, lambda: asyncio.run(_database_size(url)), {"postgres": server.pid}
        )


async def _database_size(url: str) -> int:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        size: int = await connection.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await connection.close()
    return size


@contextmanager
def _valkey(folder: Path) -> Iterator[str]:
    from tests.databases.valkey import Valkey

    with Valkey(folder / "valkey") as server:
        yield server.url


def _prepare(given: argparse.Namespace, data: Path, settings: Mapping[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "load.fleet", "prepare", given.scenario, "--data", str(data)]
    command += ["--seed", str(given.seed)]
    command += ["--branches", str(given.branches)] if given.branches else []
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environment(settings), stdout=subprocess.PIPE, text=True, check=True
    )
    print(done.stdout.strip(), flush=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _start_locusts(given: argparse.Namespace, folder: Path, urls: Sequence[str]) -> list[subprocess.Popen[bytes]]:
    started = []
    for part in range(given.locusts):
        command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"]
        command += ["--run-time", f"{given.minutes * 60:.0f}s", "--csv", str(folder / f"locust-{part}")]
        command += ["--fleet", str(folder / "data" / NAME), "--part", f"{part}/{given.locusts}"]
        command += ["--hurry", str(given.hurry), "--from", given.starts, "--stop-timeout", f"{GOES_HOME_S}s"]
        command += ["--figures", str(folder / f"figures-{part}.json")]
        command += [word for url in urls for word in ("--server", url)]
        with (folder / f"locust-{part}.log").open("wb") as log:
            started.append(subprocess.Popen(command, cwd=ROOT, env=clean_environment({}), stdout=log, stderr=log))
    return started


def _await_all(processes: Sequence[subprocess.Popen[bytes]], logs: Path, within_s: float) -> None:
    """Until all have ended as they should: with status 0, or 1 when they saw failures."""
    until = time.monotonic() + within_s
    try:
        for number, process in enumerate(processes):
            if process.wait(max(1.0, until - time.monotonic())) not in (0, 1):
                log = (logs / f"locust-{number}.log").read_text(errors="replace")
                raise RuntimeError(f"Locust {number} ended with {process.returncode}:\n{log[-3000:]}")
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _books(url: str, notes: FleetNotes, figures: Figures) -> Books:
    """What people were told against what the server says, branch by branch."""
    issued = waiting = 0
    for branch in notes.branches:
        with _opener.open(f"{url}/api/v1/branches/{branch.code}", timeout=60) as answer:
            fields = json.loads(answer.read())["fields"]
        issued += sum(field["issued"] for field in fields)
        waiting += sum(field["waiting"] for field in fields)
    told, pressed = figures.counts.get("issued", 0), figures.counts.get("pressed", 0)
    return Books(told=told, unanswered=pressed - told, issued=issued, waiting=waiting)


def _run(
    given: argparse.Namespace,
    notes: FleetNotes,
    place: Place,
    prepared: dict[str, Any],
    started_in_s: float,
    books: Books,
    bytes_before_and_after: tuple[int, int],
) -> Run:
    return Run(
        scenario=notes.scenario,
        what=notes.what,
        day=notes.day,
        seed=notes.seed,
        branches=len(notes.branches),
        counters=notes.counters,
        visits=notes.visits,
        connections=notes.connections,
        minutes=given.minutes,
        hurry=given.hurry,
        starts=given.starts,
        servers=given.workers,
        locusts=given.locusts,
        database=place.kind + (", signals over Valkey" if given.valkey else ""),
        command=command_line(),
        date=f"{_now():%Y-%m-%d %H:%M} UTC",
        machine=machine(),
        versions=versions(),
        prepared=prepared,
        started_in_s=started_in_s,
        books=books,
        database_bytes=bytes_before_and_after,
    )


if __name__ == "__main__":
    sys.exit(main())
