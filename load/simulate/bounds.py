"""Whether another bound of the rule would meet the goals that the loaded ward misses.

    python -m load.simulate.bounds [--case busy monday] [--days 5] [--seeds 1 2 3 4 5] [--workers 2]

Plays the same people by the rule with each bound, by the reference and by oldest-first, and prints what the goals look
at. The more often somebody ordinary goes first, the fewer are overtaken, and the longer people with priority wait.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterable

from load.simulate.goals import CASES, RULES, Played, Task, figures, play
from queue_server.domain.configuration import RoutingRule

BOUNDS: dict[str, RoutingRule] = {
    f"{run} in a row, then who waited over {after} min": RoutingRule(priority_run=run, ordinary_after_s=after * 60)
    for run, after in ((3, 30), (2, 30), (2, 15), (2, 5), (1, 60), (1, 45), (1, 30), (1, 15), (1, 5))
}
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
            bounded = [
                Task(case, "product", seed, given.days, rule) for rule in BOUNDS.values() for seed in given.seeds
            ]
            played = pool.map(play, [*plain, *bounded], chunksize=1)
            _report(case, played[: len(plain)], played[len(plain) :], len(given.seeds))


def _report(case: str, plain: list[Played], bounded: list[Played], seeds: int) -> None:
    print(f"\n## {case}\n\n| bound | {' | '.join(SHOWN)} |\n|---|{'---:|' * len(SHOWN)}")
    for no, name in enumerate(BOUNDS):
        print(f"| {name} | {' | '.join(_cells(case, [*plain, *bounded[no * seeds : (no + 1) * seeds]]))} |", flush=True)


def _cells(case: str, played: Iterable[Played]) -> list[str]:
    found = {each.name: each for each in figures(case, played)}
    return [
        f"{each.value:.2f} (judged {each.judged:.2f}, goal {each.most:g}){'' if each.is_met else ' **no**'}"
        for each in map(found.__getitem__, SHOWN)
    ]


if __name__ == "__main__":
    main()
