"""What a swarm says: lines of JSON of several processes, taken together. load/README.md explains each figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct


class Times:
    """Durations in seconds, in buckets of 1.6 % at most; of several processes together."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()

    def add(self, buckets: dict[int, int], shift_s: float = 0.0) -> None:
        for bucket, count in buckets.items():
            self._counts[bucket_s(bucket) + shift_s] += count

    def __len__(self) -> int:
        return self._counts.total()

    def until(self, share: float, of: int | None = None) -> float | None:
        """The time within which this share (of as many as are here, or of more) was done; None: not yet."""
        rank = max(1, -int(-share * (len(self) if of is None else of) // 1))
        for duration in sorted(self._counts):
            rank -= self._counts[duration]
            if rank <= 0:
                return duration
        return None

    def report(self, of: int | None = None) -> dict[str, float | None]:
        return {f"p{share:g}_s": rounded(self.until(share / 100, of)) for share in (50, 99, 100)}


def bucket_s(bucket: int) -> float:
    """The middle of a bucket of `count_in` in client/swarm.c."""
    if bucket < 64:
        return bucket * 1e-6
    width: int = 1 << (bucket // 64 - 1)
    return (64 + bucket % 64 + 0.5) * width * 1e-6


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


class Episode(Struct, frozen=True, forbid_unknown_fields=True):
    """From the first line lost until all are subscribed again, in one process."""

    began_ns: int
    ended_ns: int
    """0: it lasts."""
    lost: int
    welcomed: dict[int, int]
    subscribed: dict[int, int]


class Counts(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of one process, or all of them together; counts are since the start. See load/README.md."""

    at_ns: int
    planned: int
    connected: int
    subscribed: int
    away: int
    stopped: int
    connects: int
    reconnects: int
    silent: int
    frames: int
    events: int
    snapshots: int
    bytes: int
    pings: int
    gaps: int
    behind: int
    epochs: int
    steps_back: int
    repeats: int
    problems: int
    malformed: int
    silence_ms: int
    longest_silence_ms: int
    cpu_s: float
    rss_kb: int
    refused: dict[str, int]
    closed: dict[str, int]
    losses: list[Episode] = []
    first_us: dict[int, int] = {}
    again_us: dict[int, int] = {}
    is_summary: bool = False


class Loss(Struct, frozen=True):
    """What one death did to all: times count from the first line lost."""

    began_ns: int
    lost: int
    welcomed: Times
    subscribed: Times

    def report(self) -> dict[str, Any]:
        return {
            "lost": self.lost,
            "welcomed": self.welcomed.report(self.lost),
            "subscribed": self.subscribed.report(self.lost),
        }


class Summary(Struct, frozen=True):
    """The end of a run. `first` and `again` are from connect() to subscribed, at the start and after a loss."""

    counts: Counts
    first: Times
    again: Times

    def report(self) -> dict[str, Any]:
        said = msgspec.to_builtins(self.counts)
        for left_out in ("losses", "first_us", "again_us", "is_summary", "at_ns"):
            del said[left_out]
        return {**said, "first": self.first.report(), "again": self.again.report()}


def together(lines: Sequence[Counts]) -> Counts:
    """The figures of all processes as one; losses and histograms are left to `Loss` and `Times`."""
    merged: dict[str, Any] = {}
    for name in Counts.__struct_fields__:
        values = [getattr(line, name) for line in lines]
        if name.endswith("silence_ms"):
            merged[name] = max(values)
        elif name == "at_ns":
            merged[name] = min(values)
        elif name in ("refused", "closed"):
            merged[name] = dict(sum(map(Counter, values), Counter()))
        elif isinstance(values[0], int | float):
            merged[name] = sum(values)
    return Counts(**{**merged, "is_summary": all(line.is_summary for line in lines)})


def summary_of(lines: Sequence[Counts]) -> Summary:
    summary = Summary(together(lines), Times(), Times())
    for line in lines:
        summary.first.add(line.first_us)
        summary.again.add(line.again_us)
    return summary


def loss_of(episodes: Iterable[Episode]) -> Loss:
    """Episodes of several processes that one death began."""
    found = list(episodes)
    began_ns = min(episode.began_ns for episode in found)
    loss = Loss(began_ns, sum(episode.lost for episode in found), Times(), Times())
    for episode in found:
        shift_s = (episode.began_ns - began_ns) / 1e9
        loss.welcomed.add(episode.welcomed, shift_s)
        loss.subscribed.add(episode.subscribed, shift_s)
    return loss
