"""Whether another setting of the rule would meet the goals better, above all in the loaded ward.

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

UNCAPPED = RoutingRule(overtaken_most=None)
BOUNDS: dict[str, RoutingRule] = {
    "2 in a row, then who waited over 30 min": UNCAPPED,
    "1 in a row, then who waited over 5 min": RoutingRule(priority_run=1, ordinary_after_s=300, overtaken_most=None),
    **{
        f"overtaken {most} times, priority waits up to {patience} min": RoutingRule(
            overtaken_most=most, priority_patience_s=patience * 60
        )
        for most, patience in (
            (6, 5), (8, 5), (6, 10), (6, 15), (6, 30), (6, 60), (6, 90), (12, 600), (14, 600),
        )
    },
}  # fmt: skip
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
                bounded = [Task(case, "product", seed, given.days, bounds=rule) for seed in given.seeds]
                _row(case, name, [*others, *pool.map(play, bounded, chunksize=1)])


def _row(case: str, name: str, played: Iterable[Played]) -> None:
    found = {each.name: each for each in figures(case, played)}
    cells = (
        f"{each.value:.2f} (judged {each.judged:.2f}, goal {each.most:g}){'' if each.is_met else ' **no**'}"
        for each in map(found.__getitem__, SHOWN)
    )
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
