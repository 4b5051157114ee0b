"""What a load run measured: latencies by kind of request in windows of time, kept so that files of several processes
add up exactly."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct, field

LEAST_MS = 0.05
STEP = 1.04
"""Latencies are kept to 4 %."""
WINDOW_S = 5


class Histogram(Struct):
    """How many values lie in each step; `top` is the largest."""

    steps: dict[int, int] = field(default_factory=dict)
    top: float = 0.0

    def add(self, value: float) -> None:
        step = max(0, math.ceil(math.log(max(value, LEAST_MS) / LEAST_MS, STEP)))
        self.steps[step] = self.steps.get(step, 0) + 1
        self.top = max(self.top, value)

    def merge(self, other: Histogram) -> None:
        for step, count in other.steps.items():
            self.steps[step] = self.steps.get(step, 0) + count
        self.top = max(self.top, other.top)

    @property
    def count(self) -> int:
        return sum(self.steps.values())

    def quantile(self, share: float) -> float:
        """The value that this share lies at or below; 0 without values."""
        wanted, passed = share * self.count, 0
        for step in sorted(self.steps):
            passed += self.steps[step]
            if passed >= wanted:
                return min(self.top, LEAST_MS * STEP**step)
        return self.top


class Kind(Struct):
    """One kind of request in one window."""

    times: Histogram = field(default_factory=Histogram)
    failures: int = 0


class Window(Struct):
    """`waiting` and `at_counters` are how many people there are at its end, as far as the players know."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    waiting: int = 0
    at_counters: int = 0


class Figures(Struct):
    """Of one process, or of several together. The doors opened at `began_at` (wall time); windows are numbered by wall
    time // `WINDOW_S`; `waits` are seconds from number to first call by the people's clock, `lag` is how late the
    process itself was, in ms."""

    began_at: float = 0.0
    windows: dict[int, Window] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    waits: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)

    def window(self, at: float) -> Window:
        number = int(at // WINDOW_S)
        found = self.windows.get(number)
        if found is None:
            found = self.windows[number] = Window()
        return found

    def note(self, at: float, kind: str, ms: float, fault: str | None) -> None:
        kinds = self.window(at).kinds
        if kind not in kinds:
            kinds[kind] = Kind()
        if fault is None:
            kinds[kind].times.add(ms)
        else:
            kinds[kind].failures += 1
            text = f"{kind}: {fault}"
            self.failures[text] = self.failures.get(text, 0) + 1

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + by

    def total(self) -> dict[str, Kind]:
        """Every kind over the whole run."""
        found: dict[str, Kind] = {}
        for window in self.windows.values():
            for name, kind in window.kinds.items():
                known = found.setdefault(name, Kind())
                known.times.merge(kind.times)
                known.failures += kind.failures
        return found


def together(parts: Iterable[Figures]) -> Figures:
    """The figures of several processes as one."""
    whole = Figures()
    for part in parts:
        whole.began_at = max(whole.began_at, part.began_at)
        for number, window in part.windows.items():
            into = whole.windows.setdefault(number, Window())
            into.waiting += window.waiting
            into.at_counters += window.at_counters
            for name, kind in window.kinds.items():
                known = into.kinds.setdefault(name, Kind())
                known.times.merge(kind.times)
                known.failures += kind.failures
        whole.failures = dict(Counter(whole.failures) + Counter(part.failures))
        whole.counts = dict(Counter(whole.counts) + Counter(part.counts))
        whole.waits.merge(part.waits)
        whole.lag.merge(part.lag)
    return whole


def write_figures(file: Path, figures: Figures) -> None:
    file.write_bytes(msgspec.json.encode(figures))


def read_figures(file: Path) -> Figures:
    return msgspec.json.decode(file.read_bytes(), type=Figures)
