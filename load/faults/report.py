"""What a run has shown, for people."""

from __future__ import annotations

import math
from collections import Counter as Tally
from collections.abc import Iterable, Sequence

from load.faults.history import AnyRecord, Attempt, Broken, Delivered, Recovered
from load.faults.rules.answers import leaves_events
from load.faults.rules.evidence import Violation


def report(records: Iterable[AnyRecord], violations: Sequence[Violation], seconds: float) -> str:
    records = list(records)
    broken = [record for record in records if isinstance(record, Broken)]
    attempts = [record for record in records if isinstance(record, Attempt)]
    answered = {a.key for a in attempts if a.outcome == "answered" and leaves_events(a)}
    lost = sum(attempt.outcome == "lost" for attempt in attempts)
    delivered = sum(isinstance(record, Delivered) for record in records)
    lines = [
        f"{len(broken)} faults in {seconds / 60:.1f} min: {_tally(f'{b.kind} {b.what}' for b in broken)}",
        f"{len(answered)} acknowledged commands in {len(attempts)} attempts, {lost} without an answer",
        f"refused: {_tally(a.code for a in attempts if a.outcome == 'refused')}",
        f"{delivered} records delivered",
        _recovery([record for record in records if isinstance(record, Recovered)]),
        f"{len(violations)} violations{''.join(f'{chr(10)}  {violation}' for violation in violations)}",
    ]
    return "\n".join(lines)


def _tally(names: Iterable[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(Tally(names).items())) or "nothing"


def _recovery(rounds: Sequence[Recovered]) -> str:
    times = sorted(each.after_s for each in rounds if each.after_s is not None)
    if not times:
        return "nothing had to recover"
    slowest = sorted(rounds, key=lambda each: -(each.after_s or 1e9))[:5]
    said = ", ".join(f"{'never' if e.after_s is None else f'{e.after_s:.2f} s'} after {e.kind}" for e in slowest)
    p50, p95 = quantile(times, 0.5), quantile(times, 0.95)
    return f"displays agreed again after p50 {p50:.2f} s, p95 {p95:.2f} s ({len(times)} times; longest: {said})"


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest of these that so many are not above."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
