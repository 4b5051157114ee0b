"""`run.json`: what ran, on what, and what the server's own books say; with figures and samples the whole of a run."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from load.fleet.servers import ROOT

PACKAGES = ("locust", "gevent", "websocket-client", "starlette", "uvicorn", "websockets", "msgspec", "asyncpg")


class Books(Struct, frozen=True):
    """Tickets issued by what people were told and by the server, and who waits at the end by the server.
    `unanswered` presses may have made a ticket or not."""

    told: int
    unanswered: int
    issued: int
    waiting: int

    @property
    def agree(self) -> bool:
        return self.told <= self.issued <= self.told + self.unanswered


class Run(Struct, frozen=True):
    """`starts` is the people's clock at first, "07:00"; `minutes` are the wall's. `database_bytes` are before the
    first ticket and after the last, with the server stopped."""

    scenario: str
    what: str
    day: str
    seed: int
    branches: int
    counters: int
    visits: int
    connections: int
    minutes: float
    hurry: float
    starts: str
    servers: int
    locusts: int
    database: str
    command: str
    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    prepared: dict[str, Any]
    started_in_s: float
    books: Books
    database_bytes: tuple[int, int]


def machine() -> dict[str, str]:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?"
    )
    memory_kb = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores, {model}",
        "memory": f"{memory_kb / 1024**2:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def versions() -> dict[str, str]:
    found = {
        "Lấy Số": _commit(),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str:
    """The release and the commit that ran, marked where files differ from it."""
    from queue_server import __version__

    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return f"{__version__} ({asked.stdout.strip() or 'no repository'})"


def command_line() -> str:
    """This process's command as somebody else would type it."""
    module = f"load.{Path(sys.argv[0]).stem}" if Path(sys.argv[0]).stem != "__main__" else "load.report"
    return " ".join(["python", "-m", module, *sys.argv[1:]])


def write_run(file: Path, run: Run) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1))


def read_run(file: Path) -> Run:
    return msgspec.json.decode(file.read_bytes(), type=Run)
