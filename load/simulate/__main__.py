"""Days of a centre, simulated with the product's own rules.

    python -m load.simulate go-vap --days 5 --seed 1 [--rule oldest] [--day stress] [--json] [--plot FILE.png]
        [--with holds,appointments,give-ups,bulk [--turn 5]]
    python -m load.simulate --recorded JOURNAL --branch CODE --date 2026-11-30 [--open 21:dat-dai,kinh-doanh]
        [--close 7] [--rule oldest] [--json] [--plot FILE.png]

The first draws people as the site's demand has them. The second takes a day that a branch really had out of a journal
(a data folder whose server is stopped, or a backup), plays it again as it was and, where anything is to be changed,
once more with the changes: counters that are open as well, in these fields, counters that stay closed, another rule.

Times are in minutes. `--json` prints the metrics of all days together as one object, of a recorded day an object by
name; `--plot` also draws them (of a recorded day the last one), which needs matplotlib: it is in the environment of
`requirements/load.txt`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import msgspec

from load.simulate.metrics import Metrics, metrics_of
from load.simulate.people import Day, Rule
from load.simulate.progress import Progress
from load.simulate.recorded import RecordedDay, read_day
from load.simulate.replay import play_again, with_counter, without_counter
from load.simulate.rules import Oldest, Product, Reference
from load.simulate.sites import NAMES, play_days, read_site
from load.simulate.tables import beside, table
from load.simulate.visits import HABITS
from queue_server.domain.upcast import UnknownEvent
from queue_server.journal.backup import BackupFailed
from queue_server.journal.migrations import NewerDatabase
from queue_server.journal.port import JournalUnavailable

RULES: dict[str, type[Rule]] = {"product": Product, "oldest": Oldest, "reference": Reference}

Draw = Callable[[Sequence[Day], str, Path], None]


def main() -> int:
    parser = _parser()
    given = parser.parse_args()
    draw = _drawing(parser) if given.plot is not None else None
    if given.recorded is not None:
        return _again(parser, given, draw)
    if given.site is None or given.date is not None or given.open or given.close:
        parser.error("name a site; or --recorded with --branch and --date, and what to --open or --close")
    return _drawn(parser, given, draw)


def _drawn(parser: argparse.ArgumentParser, given: argparse.Namespace, draw: Draw | None) -> int:
    try:
        site = read_site(
            given.site, branch=given.branch, day=given.day, habits=getattr(given, "with"), bulk_dossiers=given.turn
        )
    except LookupError as fault:
        parser.error(str(fault))
    began = time.perf_counter()
    progress = Progress(given.days, is_wanted=not given.json)
    rule = RULES[given.rule]()
    days = list(play_days(site, rule, days=given.days, seed=given.seed, judge=given.judge, tell=progress.tell))
    progress.end()
    metrics = metrics_of(days, site.takes)
    if given.json:
        print(msgspec.json.encode(metrics, order="sorted").decode())
    else:
        print(table(metrics))
        print(f"{time.perf_counter() - began:.1f} s", file=sys.stderr)
    if draw is not None:
        who = f"{given.branch or given.site}, {given.day} visits"
        draw(days, f"{who}, {given.days} days of seed {given.seed}, rule {given.rule}", given.plot)
    return 0


def _again(parser: argparse.ArgumentParser, given: argparse.Namespace, draw: Draw | None) -> int:
    """A recorded day beside itself."""
    if given.site is not None or given.branch is None or given.date is None:
        parser.error("--recorded needs --branch and --date, and no site")
    try:
        recorded = read_day(given.recorded, given.branch, given.date)
        changed = _changed(recorded, given)
    except (LookupError, BackupFailed, NewerDatabase, UnknownEvent) as fault:
        parser.error(str(fault.args[0] if isinstance(fault, KeyError) else fault))
    except JournalUnavailable as fault:
        parser.error(f"{fault}; stop the server, or give a backup")
    played = {"recorded": (recorded.day, recorded), "again": (play_again(recorded, Product()), recorded)}
    if changed != recorded or given.rule != Product.name:
        played["changed"] = (play_again(changed, RULES[given.rule]()), changed)
    metrics: dict[str, Metrics] = {name: metrics_of([day], of.takes) for name, (day, of) in played.items()}
    print(msgspec.json.encode(metrics, order="sorted").decode() if given.json else beside(metrics))
    if draw is not None:
        name, (day, _) = list(played.items())[-1]
        draw([day], f"{given.branch}, {given.date}, {name}", given.plot)
    return 0


def _changed(recorded: RecordedDay, given: argparse.Namespace) -> RecordedDay:
    for no, fields in given.open:
        recorded = with_counter(recorded, no, fields)
    for no in given.close:
        recorded = without_counter(recorded, no)
    return recorded


def _drawing(parser: argparse.ArgumentParser) -> Draw:
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
    parser.add_argument("site", choices=NAMES, nargs="?")
    parser.add_argument("--branch", help="another branch of the site than its centre; the branch of a recorded day")
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--day", default="usual", help="the name of the visits that come")
    parser.add_argument(
        "--with", type=_habits, default=(), metavar="HABITS", help=f"what people do besides: {','.join(HABITS)}"
    )
    parser.add_argument(
        "--turn", type=int, metavar="DOSSIERS", help="of a bulk submitter, where the site's rule has no number"
    )
    parser.add_argument("--rule", choices=sorted(RULES), default="product")
    parser.add_argument("--judge", action="store_true", help="tell waits by plays, and compare them")
    parser.add_argument("--recorded", type=Path, metavar="JOURNAL", help="a data folder, or a backup")
    parser.add_argument("--date", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument(
        "--open", type=_counter, nargs="+", default=[], metavar="NO:FIELD,FIELD", help="a counter more, all day"
    )
    parser.add_argument("--close", type=int, nargs="+", default=[], metavar="NO", help="this counter stays closed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw who waits when, and how long")
    return parser


def _habits(said: str) -> tuple[str, ...]:
    habits = tuple(said.split(","))
    unknown = set(habits) - set(HABITS)
    if unknown:
        raise argparse.ArgumentTypeError(f"no {', '.join(sorted(unknown))}; there are {', '.join(HABITS)}")
    return habits


def _counter(said: str) -> tuple[int, tuple[str, ...]]:
    no, colon, fields = said.partition(":")
    if not colon or not fields:
        raise argparse.ArgumentTypeError(f"{said} is no counter with its fields, such as 21:dat-dai,kinh-doanh")
    try:
        return int(no), tuple(fields.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{no} is no counter's number") from None


if __name__ == "__main__":
    sys.exit(main())
