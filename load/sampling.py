"""What processes use while a load runs: CPU, memory and open files, from /proc."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from load.measure import TICK, core_times, family, stat_of

EVERY_S = 1.0


class Use(Struct, frozen=True):
    """Of one process and all that descend from it. `files` are open ones, connections among them."""

    cpu_s: float
    rss_kb: int
    files: int


class Sample(Struct, frozen=True):
    """`at` is wall time, `busy_s` CPU time of the whole machine since its start, `stolen_s` what its host took."""

    at: float
    uses: dict[str, Use]
    busy_s: float
    stolen_s: float


def use_of(pid: int) -> Use:
    """What a family of processes has used and uses now; nothing when it has ended."""
    cpu_ticks, rss_kb, files = 0, 0, 0
    for one in family(pid):
        stat = stat_of(one)
        if stat:
            cpu_ticks += sum(map(int, stat[11:15] if one == pid else stat[11:13]))
            rss_kb += int(stat[21]) * os.sysconf("SC_PAGE_SIZE") // 1024
            files += _files_of(one)
    return Use(cpu_ticks / TICK, rss_kb, files)


def _files_of(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def size_of(folder: Path, pattern: str = "*") -> int:
    """Bytes of the files below a folder; those that go away meanwhile do not count."""
    total = 0
    for path in folder.rglob(pattern):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


class Sampler:
    """A thread that takes a sample each second, between `with` and its end."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.samples: list[Sample] = []
        self._pids = dict(pids)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def _run(self) -> None:
        while not self._is_over.is_set():
            self._take()
            self._is_over.wait(EVERY_S)
        self._take()

    def _take(self) -> None:
        cores = [core_times(core) for core in sorted(os.sched_getaffinity(0))]
        busy_s = sum(sum(times) - times[3] - times[4] for times in cores) / TICK
        stolen_s = sum(times[7] for times in cores) / TICK
        uses = {name: use_of(pid) for name, pid in self._pids.items()}
        self.samples.append(Sample(time.time(), uses, busy_s, stolen_s))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()


def write_samples(file: Path, samples: list[Sample]) -> None:
    file.write_bytes(msgspec.json.encode(samples))


def read_samples(file: Path) -> list[Sample]:
    return msgspec.json.decode(file.read_bytes(), type=list[Sample])
