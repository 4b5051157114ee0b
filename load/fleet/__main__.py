"""`python -m load.fleet prepare SCENARIO --data DIR`: put a whole fleet in force, and write DIR/fleet.json."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from load.fleet.notes import NAME, write_notes
from load.fleet.prepare import prepare
from load.fleet.scenario import NAMES, plan, read_scenario
from queue_server.settings import read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m load.fleet", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    preparing = commands.add_parser("prepare", help="put a fleet in force; where, LAYSO_* says as it does for a server")
    preparing.add_argument("scenario", choices=NAMES)
    preparing.add_argument("--data", type=Path, metavar="DIR", help="folder of the database and of fleet.json")
    preparing.add_argument("--branches", type=int, metavar="N", help="so many of its branches, evenly picked")
    preparing.add_argument("--seed", type=int, default=1, metavar="S", help="for names, and who comes when (1)")
    given = parser.parse_args(arguments)
    settings = read_settings(data=given.data)
    fleet = plan(read_scenario(given.scenario), branches=given.branches, seed=given.seed)
    notes, took = asyncio.run(prepare(fleet, settings, seed=given.seed))
    write_notes(settings.data / NAME, notes)
    found = {
        "scenario": notes.scenario,
        "branches": len(notes.branches),
        "counters": notes.counters,
        "visits": notes.visits,
        "connections": notes.connections,
        "took_s": took.seconds,
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
