"""How often people must be overtaken whatever the rule, on days of more and more visits.

    python -m load.simulate.unavoidable [--visits 700 770 840] [--days 5] [--seeds 1 2] [--workers 2]

Oldest-first lets people in a crowded field wait as short as their number allows. Whoever has priority, comes meanwhile
and may wait no longer than the goal says (1.35 times p95 of the reference) has to pass those who are still waiting
then: so many overtakes no rule avoids, but by letting priority wait. Printed for each day beside what the product and
the reference bring; p99 of the ordinary people of that day.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from load.simulate.goals import RULES, Goals
from load.simulate.metrics import Called, Metrics, is_ordinary, metrics_of, quantile
from load.simulate.people import Day
from load.simulate.sites import play_days, read_site

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")


class Task(Struct, frozen=True):
    visits: float
    seed: int
    days: int


class Row(Struct, frozen=True):
    """A day: the mean wait and p95 of priority in minutes, and what ordinary people saw."""

    task: Task
    day: str
    people: int
    unavoidable: float
    by_rule: Mapping[str, Metrics]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=float, nargs="+", default=[700, 770, 840], help="of a usual day")
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    tasks = [Task(visits, seed, given.days) for visits in given.visits for seed in given.seeds]
    print("| usual day, seed | | people | unavoidable | product: p99 / most; mean, priority p95 | reference |")
    print("|---|---|---:|---:|---|---|", flush=True)
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        for rows in pool.imap(play, tasks):
            for row in rows:
                product, reference = (_cell(row.by_rule[rule]) for rule in ("product", "reference"))
                print(f"| {row.task.visits:g}, {row.task.seed} | {row.day} | {row.people} | {row.unavoidable:.1f} "
                      f"| {product} | {reference} |", flush=True)  # fmt: skip


def play(task: Task) -> list[Row]:
    site = read_site("go-vap")
    site = replace(site, demand=replace(site.demand, visits=task.visits))
    days = {rule: list(play_days(site, made(), days=task.days, seed=task.seed)) for rule, made in RULES.items()}
    return list(_rows(task, days, site.takes))


def _rows(task: Task, days: Mapping[str, list[Day]], takes: Mapping[int, frozenset[str]]) -> Iterator[Row]:
    for number in range(task.days):
        found = {rule: metrics_of([played[number]], takes) for rule, played in days.items()}
        priority, everybody = found["reference"].priority, found["product"].all
        assert priority is not None
        assert everybody is not None
        patience_s = Goals().priority * priority.p95 * 60
        passed = unavoidable(days["oldest"][number], takes, patience_s)
        yield Row(task, WEEKDAYS[number % 5], everybody.count, passed, found)


def unavoidable(day: Day, takes: Mapping[int, frozenset[str]], patience_s: float) -> float:
    """p99 of how many with priority come while somebody ordinary waits oldest-first, at a counter that takes that
    field too, and have waited for `patience_s` before that turn comes."""
    called = [Called(turn.arrived_s, turn.called_s, turn) for turn in day.turns if turn.called_s is not None]
    priority = [each for each in called if each.turn.visit.priority is not None]
    counts = [
        sum(
            mine.arrived_s < each.arrived_s < mine.called_s - patience_s
            and mine.turn.visit.field in takes[each.turn.counter or 0]
            for each in priority
        )
        for mine in called
        if is_ordinary(mine.turn)
    ]
    return quantile(sorted(counts), 0.99)


def _cell(found: Metrics) -> str:
    eligible = found.overtakes["eligible"]
    assert found.all is not None
    assert found.priority is not None
    return f"{eligible.p99:.1f} / {eligible.most}; {found.all.mean:.0f}, {found.priority.p95:.0f}"


if __name__ == "__main__":
    main()
