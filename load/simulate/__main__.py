"""Days of a centre, simulated with the product's own rules.

    python -m load.simulate go-vap --days 5 --seed 1 [--rule oldest] [--day stress] [--json] [--plot FILE.png]

Times are in minutes. `--json` prints the metrics of all days together as one object; `--plot` also draws them, which
needs matplotlib: it is in the environment of `requirements/load.txt`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from load.simulate.metrics import Metrics, metrics_of
from load.simulate.people import Day, Rule
from load.simulate.progress import Progress
from load.simulate.rules import Oldest, Product, Reference
from load.simulate.sites import NAMES, play_days, read_site

RULES: dict[str, type[Rule]] = {"product": Product, "oldest": Oldest, "reference": Reference}


def main() -> int:
    parser = _parser()
    given = parser.parse_args()
    try:
        site = read_site(given.site, branch=given.branch, day=given.day)
    except LookupError as fault:
        parser.error(str(fault))
    draw = _drawing(parser) if given.plot is not None else None
    began = time.perf_counter()
    progress = Progress(given.days, is_wanted=not given.json)
    rule = RULES[given.rule]()
    days = list(play_days(site, rule, days=given.days, seed=given.seed, judge=given.judge, tell=progress.tell))
    progress.end()
    metrics = metrics_of(days, site.takes)
    if given.json:
        print(msgspec.json.encode(metrics, order="sorted").decode())
    else:
        print(_table(metrics))
        print(f"{time.perf_counter() - began:.1f} s", file=sys.stderr)
    if draw is not None:
        who = f"{given.branch or given.site}, {given.day} visits"
        title = f"{who}, {given.days} days of seed {given.seed}, rule {given.rule}"
        draw(days, title, given.plot)
    return 0


def _drawing(parser: argparse.ArgumentParser) -> Callable[[Sequence[Day], str, Path], None]:
    """Looked for before anything is played."""
    try:
        from load.simulate.picture import draw
    except ModuleNotFoundError as fault:
        if (fault.name or "").partition(".")[0] != "matplotlib":
            raise
        parser.error(
            "--plot needs matplotlib, which is not installed here; it is in the environment of requirements/load.txt "
            "(see load/README.md)"
        )
    return draw


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m load.simulate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("site", choices=NAMES)
    parser.add_argument("--branch", help="another branch of the site than its centre")
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--day", default="usual", help="the name of the visits that come")
    parser.add_argument("--rule", choices=sorted(RULES), default="product")
    parser.add_argument("--judge", action="store_true", help="tell waits by plays, and compare them")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw who waits when, and how long")
    return parser


def _table(metrics: Metrics) -> str:
    lines = [
        "| of whom | called | mean | p50 | p95 | longest | > 15 | > 30 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    groups = {"all": metrics.all, "priority": metrics.priority, "ordinary": metrics.ordinary, **metrics.fields}
    for name, waits in groups.items():
        if waits is not None:
            minutes = " | ".join(f"{value:.1f}" for value in (waits.mean, waits.p50, waits.p95, waits.longest))
            lines.append(f"| {name} | {waits.count} | {minutes} | {waits.over_15:.0%} | {waits.over_30:.0%} |")
    for name, each in metrics.overtakes.items():
        lines.append(f"overtaken, {name}: mean {each.mean:.2f}, p99 {each.p99:.0f}, most {each.most}")
    if metrics.estimates is not None:
        told = metrics.estimates
        lines.append(f"estimates: {told.told:.0%} told, error {told.error:.1f}, bias {told.bias:+.1f}, "
                     f"{told.late:.0%} over 5 min late, the range covers {told.coverage:.0%}")  # fmt: skip
        if told.exact and told.last and told.against_last:
            lines.append(f"  error ÷ plays with the true laws {told.error / told.exact:.2f}, "
                         f"÷ the last one called {told.against_last / told.last:.2f}")  # fmt: skip
    away = Counter(metrics.turned_away)
    lines.append(f"turned away: {dict(away) or 'nobody'}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
