"""What a simulated day came to, in minutes: waits, who overtook whom, and how good the estimates were."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from load.simulate.people import Day, Turn


class Waits(Struct, frozen=True):
    """Of so many who were called; minutes."""

    count: int
    mean: float
    p50: float
    p95: float
    longest: float
    over_15: float
    over_30: float


class Overtakes(Struct, frozen=True):
    """How often an ordinary citizen saw somebody who came later called first."""

    mean: float
    p99: float
    most: int


class Estimates(Struct, frozen=True):
    """What people were told against what came true, in minutes. `told` is the share who were told anything."""

    count: int
    told: float
    error: float
    bias: float
    late: float
    coverage: float
    exact: float | None = None
    """The error of plays that know the true laws of service, of the same people."""
    believed: float | None = None
    """The error of plays that have learnt nothing, of the same people."""
    last: float | None = None
    """The error of "as long as the last one who was called"; of those of the same people for whom there was one."""
    against_last: float | None = None
    """Our own error over those same people."""


class Metrics(Struct, frozen=True, omit_defaults=True):
    """Of several days together; those who were overtaken are counted day by day. `ordinary` are neither those with
    priority nor those with an appointment, whose waits count from the appointed time."""

    rule: str
    days: int
    all: Waits | None
    priority: Waits | None
    ordinary: Waits | None
    fields: dict[str, Waits | None]
    overtakes: dict[str, Overtakes]
    estimates: Estimates | None
    turned_away: dict[str, int]
    ineligible: int
    appointments: Waits | None = None
    gave_up: int = 0
    """How many went before they were called."""


def metrics_of(days: Sequence[Day], takes: Mapping[int, frozenset[str]]) -> Metrics:
    """`takes` holds the fields of each counter."""
    turns = [turn for day in days for turn in day.turns]
    return Metrics(
        rule=days[0].rule,
        days=len(days),
        all=waits(turns),
        priority=waits(turn for turn in turns if turn.visit.priority is not None),
        ordinary=waits(filter(is_ordinary, turns)),
        fields={
            code: waits(turn for turn in turns if turn.visit.field == code)
            for code in dict.fromkeys(turn.visit.field for turn in turns)
        },
        overtakes=overtakes(days, takes),
        estimates=estimates(turns),
        turned_away=dict(sum((Counter(day.turned_away) for day in days), Counter[str]())),
        ineligible=sum(day.ineligible for day in days),
        appointments=waits(turn for turn in turns if turn.visit.slot_s is not None),
        gave_up=sum(turn.called_s is None and turn.outcome == "cancelled" for turn in turns),
    )


def waits(turns: Iterable[Turn]) -> Waits | None:
    found = sorted(turn.wait_s / 60 for turn in turns if turn.wait_s is not None)
    if not found:
        return None
    return Waits(
        count=len(found),
        mean=sum(found) / len(found),
        p50=quantile(found, 0.5),
        p95=quantile(found, 0.95),
        longest=found[-1],
        over_15=share(found, lambda wait: wait > 15),
        over_30=share(found, lambda wait: wait > 30),
    )


def waiting_over(day: Day, every_s: float) -> list[tuple[float, int]]:
    """How many wait for their first call at each such second after the day's midnight, from the first arrival on until
    nobody waits any more."""
    stays = [(turn.arrived_s - day.starts_s, turn.left_s - day.starts_s) for turn in day.turns]
    if not stays:
        return []
    first = math.floor(min(begin for begin, _ in stays) / every_s)
    last = math.ceil(max(end for _, end in stays) / every_s)
    instants = [place * every_s for place in range(first, last + 1)]
    arrived, gone = (sorted(ends) for ends in zip(*stays, strict=True))
    return [(at, bisect_right(arrived, at) - bisect_right(gone, at)) for at in instants]


def quantile(ordered: Sequence[float], part: float) -> float:
    """Of values in order, between neighbours by their distance."""
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def share(values: Sequence[float], holds: Callable[[float], bool]) -> float:
    return sum(map(holds, values)) / len(values)


class Called(NamedTuple):
    """Somebody who was called."""

    arrived_s: float
    called_s: float
    turn: Turn


def is_ordinary(turn: Turn) -> bool:
    return turn.visit.priority is None and turn.visit.slot_s is None


def overtakes(days: Iterable[Day], takes: Mapping[int, frozenset[str]]) -> dict[str, Overtakes]:
    """All, eligible (by a counter that takes my field) and unjust ones (eligible, and the other was ordinary too)."""
    counts: dict[str, list[int]] = {"all": [], "eligible": [], "unjust": []}
    for day in days:
        called = [Called(turn.arrived_s, turn.called_s, turn) for turn in day.turns if turn.called_s is not None]
        for mine in called:
            if not is_ordinary(mine.turn):
                continue
            field = mine.turn.visit.field
            first = [each for each in called if mine.arrived_s < each.arrived_s and each.called_s < mine.called_s]
            eligible = [each for each in first if field in takes[each.turn.counter or 0]]
            counts["all"].append(len(first))
            counts["eligible"].append(len(eligible))
            counts["unjust"].append(sum(is_ordinary(each.turn) for each in eligible))
    return {name: _overtakes(sorted(found)) for name, found in counts.items()}


def _overtakes(found: list[int]) -> Overtakes:
    if not found:
        return Overtakes(0.0, 0.0, 0)
    return Overtakes(sum(found) / len(found), quantile(found, 0.99), found[-1])


def estimates(turns: Sequence[Turn]) -> Estimates | None:
    """Of everybody who was called. What is told is the time from then on, though counters may open only later."""
    called = [(turn.told, turn.called_s - turn.arrived_s) for turn in turns if turn.called_s is not None]
    told = [(each, true) for each, true in called if each is not None]
    if not told:
        return None
    errors = [(each.likely_s - true) / 60 for each, true in told]
    return Estimates(
        count=len(told),
        told=len(told) / len(called),
        error=sum(map(abs, errors)) / len(errors),
        bias=sum(errors) / len(errors),
        late=share(errors, lambda error: error < -5),
        coverage=sum(each.low_s <= true <= each.high_s for each, true in told) / len(told),
        **_compared(turns),
    )


def _compared(turns: Sequence[Turn]) -> dict[str, float | None]:
    """Mean errors in minutes of what others would have said to the same people, each with ours beside it."""
    exact: list[float] = []
    believed: list[float] = []
    last: list[float] = []
    ours: list[float] = []
    for turn in turns:
        if turn.called_s is None or turn.told is None or turn.judged is None:
            continue
        true = turn.called_s - turn.arrived_s
        if turn.judged.exact is not None:
            exact.append(abs(turn.judged.exact - true) / 60)
        if turn.judged.believed is not None:
            believed.append(abs(turn.judged.believed - true) / 60)
        if turn.judged.last is not None:
            last.append(abs(turn.judged.last - true) / 60)
            ours.append(abs(turn.told.likely_s - true) / 60)
    return {"exact": _mean(exact), "believed": _mean(believed), "last": _mean(last), "against_last": _mean(ours)}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
