"""The goals of balancing, looked at on days that the founding sites might have.

    python -m load.simulate.goals [--days 5] [--seeds 1 2 3] [--case busy …] [--told-every N] [--workers 2]

Every case plays the same people by the product's rule, by the study's reference and by oldest-first, and compares the
days in pairs; the waits that the product tells are compared with plays that know the true laws of service, and with the
wait of the last one who was called. A ratio is judged by the end of its paired 95 % interval that favours the rule: a
difference that may be none is none. What 99 of 100 ordinary people see at most is a figure of a day, and its mean over
the days is judged in the same way. The exit status is 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from load.simulate.metrics import Estimates, Metrics, estimates, metrics_of
from load.simulate.people import Rule
from load.simulate.rules import Oldest, Product, Reference
from load.simulate.sites import play_days, read_site, unlike_beliefs
from queue_server.domain.configuration import RoutingRule

RULES: Mapping[str, type[Rule]] = {"product": Product, "reference": Reference, "oldest": Oldest}


class Goals(Struct, frozen=True):
    """The most that each figure may be. Ratios, and counts of people."""

    mean: float = 1.01
    priority: float = 1.35
    ordinary: float = 1.28
    longest: float = 1.35
    eligible_p99: float = 6
    eligible: float = 14
    unjust: float = 8
    exact: float = 1.05
    last: float = 0.65


class Case(Struct, frozen=True):
    site: str
    branch: str | None
    day: str
    goals: Goals
    visits: float | None = None
    """So many a day, where it is not what the site has."""
    is_unlike: bool = False
    """Services take a third more or less than is believed, and counters are a quarter faster or slower: what was learnt
    is judged from the fifth day on."""
    told_every: int = 1
    """Only every so many-th is told a wait, where playing it for all would take hours: of hundreds who wait, each play
    calls all."""
    weekdays: frozenset[int] = frozenset(range(5))
    """Only these days are judged; Mondays bring a quarter more people."""


HEAVY = Goals(ordinary=1.22, longest=1.25, eligible_p99=8, eligible=20, unjust=10)
SMALL = Goals(ordinary=1.15, longest=1.30, eligible_p99=3, eligible=7, unjust=6, last=0.60)
SPECIAL = Goals(ordinary=1.12, longest=1.20, eligible_p99=2, eligible=5, unjust=4, last=0.60)
CASES: Mapping[str, Case] = {
    "busy": Case("go-vap", None, "usual", Goals(), weekdays=frozenset(range(1, 5))),
    "learning": Case("binhduong", "binhduong-b01", "usual", Goals(exact=9.9), is_unlike=True),
    "monday": Case("go-vap", None, "usual", HEAVY, weekdays=frozenset({0})),
    "heavy": Case("go-vap", None, "stress", HEAVY, told_every=10),
    "small": Case("binhduong", "binhduong-p01", "usual", SMALL, visits=80),
    "binhdinh": Case("binhdinh", None, "usual", SPECIAL),
    "bentre": Case("bentre", None, "usual", SPECIAL),
    "khanhhoa": Case("khanhhoa", None, "peak", SPECIAL),
    "binhduong": Case("binhduong", None, "usual", SPECIAL),
    "binhduong-ward": Case("binhduong", "binhduong-b01", "usual", Goals()),
}


class Played(Struct, frozen=True):
    """One case, rule and seed: the figures of all its days and of each."""

    case: str
    rule: str
    seed: int
    whole: Metrics
    days: list[Metrics]
    estimates: list[Estimates]
    """Of each day on which somebody was told a wait."""


class Task(Struct, frozen=True):
    case: str
    rule: str
    seed: int
    days: int
    told_every: int | None = None
    """Other than the case's."""
    bounds: RoutingRule | None = None
    """Instead of the site's own; who comes is then told no wait."""


def play(task: Task) -> Played:
    case = CASES[task.case]
    site = read_site(case.site, branch=case.branch, day=case.day)
    if case.visits is not None:
        site = replace(site, demand=replace(site.demand, visits=case.visits))
    if task.bounds is not None:
        site = replace(site, config=replace(site.config, rule=task.bounds))
    judged = task.rule == "product" and task.bounds is None
    if case.is_unlike:
        site = unlike_beliefs(site, task.seed)
    played = play_days(
        site,
        RULES[task.rule](),
        days=task.days,
        seed=task.seed,
        judge=judged,
        believed=case.is_unlike,
        told_every=task.told_every or case.told_every,
    )
    days = [day for number, day in enumerate(played) if number % 5 in case.weekdays]
    if case.is_unlike:
        days = days[4:]
    told = [found for day in days if (found := estimates(day.turns)) is not None] if judged else []
    whole = metrics_of(days, site.takes)
    return Played(task.case, task.rule, task.seed, whole, [metrics_of([day], site.takes) for day in days], told)


# -- judging -----------------------------------------------------------------------------------------------------------


class Figure(Struct, frozen=True):
    """A goal's figure: its value, the favourable end of its interval where it has one, and the most it may be."""

    name: str
    value: float
    judged: float
    most: float
    least: float = 0.0

    @property
    def is_met(self) -> bool:
        return self.least <= self.judged <= self.most


def figures(name: str, played: Iterable[Played]) -> list[Figure]:
    """All of a case's, over its seeds."""
    goals = CASES[name].goals
    by_rule: dict[str, list[Played]] = {rule: [] for rule in RULES}
    for each in sorted(played, key=lambda each: each.seed):
        by_rule[each.rule].append(each)
    product, reference, oldest = (by_rule[rule] for rule in RULES)

    def ratio(title: str, of: Callable[[Metrics], float], others: Sequence[Played], most: float) -> Figure:
        mine = [of(day) for each in product for day in each.days]
        theirs = [of(day) for each in others for day in each.days]
        return paired(title, mine, theirs, most)

    overtakes = [day.overtakes for each in product for day in each.days]
    found = [
        ratio("mean wait ÷ reference", lambda m: m.all.mean if m.all else 0.0, reference, goals.mean),
        ratio("priority p95 ÷ reference", lambda m: m.priority.p95 if m.priority else 0.0, reference, goals.priority),
        ratio("ordinary p95 ÷ oldest", lambda m: m.ordinary.p95 if m.ordinary else 0.0, oldest, goals.ordinary),
        ratio("longest wait ÷ oldest", lambda m: m.all.longest if m.all else 0.0, oldest, goals.longest),
        mean_of("eligible overtakes p99", [each["eligible"].p99 for each in overtakes], goals.eligible_p99),
        plain("eligible overtakes most", max(each["eligible"].most for each in overtakes), goals.eligible),
        plain("unjust overtakes most", max(each["unjust"].most for each in overtakes), goals.unjust),
        plain("ineligible calls", sum(each.whole.ineligible for each in product), 0),
    ]
    told = [day for each in product for day in each.estimates]

    def against(title: str, mine: str, theirs: str, most: float) -> None:
        both = [(getattr(day, mine), getattr(day, theirs)) for day in told if getattr(day, theirs) is not None]
        if both:
            found.append(paired(title, [one for one, _ in both], [other for _, other in both], most))

    against("estimate error ÷ true laws", "error", "exact", goals.exact)
    against("estimate error ÷ last called", "against_last", "last", goals.last)
    against("estimate error ÷ nothing learnt", "error", "believed", 0.9)
    if told:
        coverage = sum(day.coverage * day.count for day in told) / sum(day.count for day in told)
        found.append(Figure("80 % range covers", coverage, coverage, 0.86, 0.77))
    return found


def plain(name: str, value: float, most: float) -> Figure:
    return Figure(name, value, value, most)


def mean_of(name: str, values: Sequence[float], most: float) -> Figure:
    """A figure of each day: their mean, judged by the lower end of its 95 % interval."""
    spread = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    mean = statistics.mean(values)
    return Figure(name, mean, mean - 1.96 * spread, most)


def paired(name: str, mine: Sequence[float], theirs: Sequence[float], most: float) -> Figure:
    """A ratio of sums over days, judged by the lower end of the 95 % interval of the paired differences."""
    if not sum(theirs):
        return Figure(name, 1.0, 1.0, most)
    value = sum(mine) / sum(theirs)
    residuals = [one - value * other for one, other in zip(mine, theirs, strict=True)]
    spread = statistics.stdev(residuals) * len(residuals) ** 0.5 if len(residuals) > 1 else 0.0
    return Figure(name, value, value - 1.96 * spread / sum(theirs), most)


# -- the command -------------------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--case", choices=sorted(CASES), nargs="+", default=list(CASES))
    parser.add_argument("--told-every", type=int, help="only every so many-th visit is told a wait (1; heavy: 10)")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    tasks = [
        Task(case, rule, seed, given.days, given.told_every)
        for case in given.case
        for seed in given.seeds
        for rule in RULES
    ]
    by_case: dict[str, list[Played]] = {case: [] for case in given.case}
    missed = 0
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        for played in pool.imap_unordered(play, tasks):
            by_case[played.case].append(played)
            if len(by_case[played.case]) == len(given.seeds) * len(RULES):
                missed += _report(played.case, by_case[played.case])
    return 1 if missed else 0


def _report(name: str, played: Sequence[Played]) -> int:
    means = {rule: [each.whole.all.mean for each in played if each.rule == rule and each.whole.all] for rule in RULES}
    said = ", ".join(f"{rule} {statistics.mean(values):.1f}" for rule, values in means.items() if values)
    told = [day for each in played for day in each.estimates]
    print(f"\n## {name}: mean wait in minutes {said}")
    if told:
        print(f"estimate error {statistics.mean(day.error for day in told):.1f} min, "
              f"bias {statistics.mean(day.bias for day in told):+.1f}, "
              f"{statistics.mean(day.late for day in told):.0%} over 5 min late")  # fmt: skip
    print("\n| | value | judged | goal | |\n|---|---:|---:|---:|---|")
    found = figures(name, played)
    for each in found:
        goal = f"{each.least:g}–{each.most:g}" if each.least else f"≤ {each.most:g}"
        print(f"| {each.name} | {each.value:.2f} | {each.judged:.2f} | {goal} | {'' if each.is_met else 'MISSED'} |")
    sys.stdout.flush()
    return sum(not each.is_met for each in found)


if __name__ == "__main__":
    sys.exit(main())
