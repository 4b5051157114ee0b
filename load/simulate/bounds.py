"""Whether another rule would meet the goals that the loaded ward misses.

    python -m load.simulate.bounds [--case busy monday] [--days 5] [--seeds 1 2 3 4 5] [--workers 2]

Plays the same people by the rule with each bound, by the reference and by oldest-first, and prints what the goals look
at. The more often somebody ordinary goes first, the fewer are overtaken, and the longer people with priority wait. Then
the same by a rule that the product has not: whoever was overtaken so often goes before anybody with priority.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from datetime import datetime

from load.simulate.goals import CASES, RULES, Played, Task, figures, play
from load.simulate.rules import callable_here, specialists_first
from queue_server.domain import commands as c
from queue_server.domain.configuration import RoutingRule
from queue_server.domain.counters import Counter
from queue_server.domain.routing import choose_next
from queue_server.domain.state import BranchState


class Capped:
    """The product's rule, but whoever was overtaken so often, by a counter that takes them, is called next there."""

    name = "product"

    def __init__(self, most: int) -> None:
        self._most = most
        self._overtaken: Tally[str] = Tally()

    def next(self, state: BranchState, counter: Counter, now: datetime) -> c.Command | None:
        waiting = list(callable_here(state, counter, now))
        choice = choose_next(state, counter, now)
        if choice is None:
            return None
        called = choice.ticket
        often = [t for t in waiting if not t.has_priority and self._overtaken[t.id] >= self._most]
        if often and called.has_priority:
            called = min(often, key=lambda t: t.order)
        self._overtaken.update(t.id for t in waiting if t is not called and t.arrival_at < called.arrival_at)
        return c.Call(ticket=called.id, counter=counter.no)

    def order(self, state: BranchState, idle: Sequence[Counter], now: datetime) -> Sequence[Counter]:
        return specialists_first(idle)


BOUNDS: dict[str, RoutingRule] = {
    f"{run} in a row, then who waited over {after} min": RoutingRule(priority_run=run, ordinary_after_s=after * 60)
    for run, after in ((3, 30), (2, 30), (2, 5), (1, 60), (1, 30), (1, 5))
}
CAPS = (12, 8, 7, 6)
SHOWN = ("eligible overtakes p99", "eligible overtakes most", "priority p95 ÷ reference", "ordinary p95 ÷ oldest")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=sorted(CASES), nargs="+", default=["busy", "monday"])
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        for case in given.case:
            plain = [Task(case, rule, seed, given.days) for rule in RULES if rule != "product" for seed in given.seeds]
            others = pool.map(play, plain, chunksize=1)
            print(f"\n## {case}\n\n| rule | {' | '.join(SHOWN)} |\n|---|{'---:|' * len(SHOWN)}", flush=True)
            for name, rule in BOUNDS.items():
                bounded = [Task(case, "product", seed, given.days, rule) for seed in given.seeds]
                _row(case, name, [*others, *pool.map(play, bounded, chunksize=1)])
            for most in CAPS:
                capped = [(Task(case, "product", seed, given.days, RoutingRule()), most) for seed in given.seeds]
                _row(case, f"overtaken {most} times, then next", [*others, *pool.starmap(_capped, capped, chunksize=1)])


def _capped(task: Task, most: int) -> Played:
    return play(task, Capped(most))


def _row(case: str, name: str, played: Iterable[Played]) -> None:
    found = {each.name: each for each in figures(case, played)}
    cells = (
        f"{each.value:.2f} (judged {each.judged:.2f}, goal {each.most:g}){'' if each.is_met else ' **no**'}"
        for each in map(found.__getitem__, SHOWN)
    )
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
