"""A whole Gò Vấp day on a fast clock: `python -m load.day --visits 700 --speed 600`. Exit status 0: it adds up."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter as Tally
from pathlib import Path

from load.day.whole import whole_day


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=700)
    parser.add_argument("--speed", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="layso-day-") as folder:
        found = whole_day(Path(folder), **vars(given))
    faults = found.faults()
    summary = {
        "visits": found.visits,
        "issued": len(found.day.numbers),
        "turned_away": dict(found.log.turned_away),
        "ends": dict(Tally(found.day.ends.values())),
        "calls": len(found.day.calls),
        "events": len(found.day.seqs),
        "papers": len(found.papers),
        "records": len(found.records),
        "refusals": dict(found.log.refusals),
        "wall_s": round(found.wall_s, 1),
        "faults": faults[:20],
    }
    print(json.dumps(summary, ensure_ascii=False, indent=1))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
