"""The simulator against queueing theory: its mean waits beside those that formulas give.

    python -m load.simulate.theory [--case mm1 …] [--percent 1.0] [--workers 2]

Each case runs seeds 1, 2, 3 … and all are reported, until the standard error of the mean over seeds is small enough:
so many percent of the formula's value. A case holds when the mean lies within three standard errors of it. Times are in
mean services. The exit status is 1 when a case does not hold.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import random
import statistics
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import count

from msgspec import Struct

from load.day.visits import log_normal
from load.simulate.calendar import Calendar
from load.simulate.centre import Centre
from load.simulate.people import Hall, Shift
from load.simulate.rules import Product
from load.simulate.sites import FIRST_DAY
from load.simulate.visits import Visit
from queue_server.domain.configuration import (
    WEEKDAYS,
    BranchConfig,
    DayHours,
    Desk,
    Field,
    Hours,
    PriorityClass,
    RoutingRule,
    Series,
    Text,
    Window,
)

BEGINS_S, ENDS_S = 4 * 3600.0, 26 * 3600.0
WARM_UP, COUNTED = 5_000, 40_000
MEAN_S = 1.0
ENOUGH_SEEDS = 5
STRICT = RoutingRule(mode="strict")

Law = Callable[[random.Random], float]


class Case(Struct, frozen=True):
    """So many counters at a load between 0 and 1, and each class's share and mean wait by the formula, in services.
    The class "" is everybody without priority."""

    counters: int
    load: float
    service: Law
    waits: Mapping[str, float]
    priority_share: float = 0.0


def erlang_c(counters: int, load: float) -> float:
    """The probability of waiting."""
    offered = counters * load
    blocked = 1.0
    for no in range(1, counters + 1):
        blocked = offered * blocked / (no + offered * blocked)
    return blocked / (1 - load * (1 - blocked))


def mmc_wait(counters: int, load: float) -> float:
    return erlang_c(counters, load) / (counters * (1 - load))


def two_classes(counters: int, load: float, share: float) -> dict[str, float]:
    """Cobham: non-preemptive priority of a share of all, the same exponential services in both classes.

    The wait for the first counter that falls free while all are busy is the same as without classes.
    """
    busy = erlang_c(counters, load) / counters
    first = load * share
    return {"P": busy / (1 - first), "": busy / ((1 - first) * (1 - load))}


def mg1_wait(load: float, variation: float) -> float:
    """Pollaczek and Khinchine."""
    return load / (1 - load) * (1 + variation**2) / 2


def _exponential(chance: random.Random) -> float:
    return chance.expovariate(1 / MEAN_S)


CASES = {
    "mm1": Case(1, 0.7, _exponential, {"": mmc_wait(1, 0.7)}),
    "mmc": Case(5, 0.8, _exponential, {"": mmc_wait(5, 0.8)}),
    "two-classes": Case(3, 0.75, _exponential, two_classes(3, 0.75, 0.3), priority_share=0.3),
    "mg1": Case(1, 0.7, lambda chance: log_normal(chance, MEAN_S, 0.7), {"": mg1_wait(0.7, 0.7)}),
}


def hall_of(counters: int) -> BranchConfig:
    always = dict.fromkeys(WEEKDAYS, DayHours((Window(180, 1620),), (Window(180, 1620),)))
    text = Text("Lý thuyết")
    return BranchConfig(
        branch="theory", name=text, organisation=text, agencies=(), series=(Series("A", "A", 6, last=999_999),),
        fields=(Field("a", text, "A", ""),), counters=tuple(Desk(no, ("a",)) for no in range(1, counters + 1)),
        classes=(PriorityClass("P", text),), hours=Hours(always), rule=STRICT,
    )  # fmt: skip


def run(case: Case, seed: int) -> dict[str, float]:
    """The mean wait of each class in one run, the beginning left out."""
    chance = random.Random(seed)
    at, visits = BEGINS_S, []
    for number in range(WARM_UP + COUNTED):
        at += chance.expovariate(case.load * case.counters / MEAN_S)
        priority = "P" if chance.random() < case.priority_share else None
        visits.append(Visit(number, at, "a", case.service(chance), priority=priority))
    if at > ENDS_S:
        raise RuntimeError("more than a day")
    calendar = Calendar()
    hall = Hall(Centre(hall_of(case.counters), FIRST_DAY), calendar, Product(), 0.0, opens_s=0.0)
    hall.staff({no: Shift(((BEGINS_S, ENDS_S),), gives_up_s=ENDS_S) for no in range(1, case.counters + 1)})
    hall.expect(visits)
    calendar.run()
    counted = hall.day.turns[WARM_UP:]
    return {
        name: statistics.fmean(
            turn.wait_s / MEAN_S for turn in counted if turn.wait_s is not None and (turn.visit.priority or "") == name
        )
        for name in case.waits
    }


def runs(name: str, workers: int) -> Iterator[dict[str, float]]:
    """The case's runs of seeds 1, 2, 3 … in this order, so many at once."""
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        started = deque(pool.apply_async(_run, (name, seed)) for seed in range(1, workers + 1))
        for seed in count(workers + 1):
            yield started.popleft().get()
            started.append(pool.apply_async(_run, (name, seed)))


def _run(name: str, seed: int) -> dict[str, float]:
    """Cases hold functions, which go to another process only by name."""
    return run(CASES[name], seed)


def judge(name: str, percent: float, workers: int) -> bool:
    case = CASES[name]
    found: dict[str, list[float]] = {each: [] for each in case.waits}
    seed = 0
    for seed, waits in enumerate(runs(name, workers), start=1):
        for each, wait in waits.items():
            found[each].append(wait)
        said = (f"{each or 'ordinary'} {wait:.4f}" for each, wait in waits.items())
        print(f"{name} seed {seed}:", *said, flush=True)
        if seed >= ENOUGH_SEEDS and all(_error(found[each]) <= case.waits[each] * percent / 100 for each in found):
            break
    holds = True
    for each, expected in case.waits.items():
        mean, error = statistics.fmean(found[each]), _error(found[each])
        away = (mean - expected) / error
        holds = holds and abs(away) <= 3
        judged = f"{mean:.4f} ± {error:.4f} by {seed} seeds, formula {expected:.4f}: {away:+.2f} errors"
        print(f"{name} {each or 'ordinary'}: {judged}", flush=True)
    return holds


def _error(values: list[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.inf


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=sorted(CASES), nargs="*", default=sorted(CASES))
    parser.add_argument("--percent", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    held = [judge(name, asked.percent, asked.workers) for name in asked.case]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
