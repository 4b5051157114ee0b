"""Random faults under load, and whether everything held.

    python -m load.faults [--faults 100] [--minutes 30] [--seed 1] [--keep FOLDER]

Exit status 0: no violation. `--keep` leaves history and dump in FOLDER, for `python -m load.faults.check`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from load.faults.check import check
from load.faults.draw import draw
from load.faults.dump import write_dump
from load.faults.report import report
from load.faults.run import Size, run_rounds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--branches", type=int, default=8)
    parser.add_argument("--pace", type=float, default=1.0, help="how much longer people take between commands")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # whoever stops us: what we have started ends too
    size = Size(servers=asked.servers, branches=asked.branches, pace=asked.pace)
    names = [f"server{number + 1}" for number in range(asked.servers)]
    seconds = asked.minutes * 60
    rounds = draw(asked.faults, seconds, asked.seed, names, has_disk=os.geteuid() == 0)
    with tempfile.TemporaryDirectory() as folder:
        kept = asked.keep or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        say = partial(print, flush=True)
        history, found = asyncio.run(run_rounds(kept, size, rounds, seconds=seconds, seed=asked.seed, say=say))
        took = time.monotonic() - began
        write_dump(kept / "dump.json", found)
        violations = check(history.records, found)
        print(report(history.records, violations, took))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
