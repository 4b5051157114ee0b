"""A living hall for whoever looks: citizens come and clerks call, through the real interfaces, until told to stop.

Services take as long as the demo's centre believes (a part of their real time, so that something happens while one
looks); people walk, are called again and come back as fast as anywhere.

Started by `./run --live`; by itself: `python -m load.live --server http://127.0.0.1:8000 --notes DATA/demo.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from load.day.hall import Clerk, Dispenser, Log, Pace
from load.day.visits import Visit, go_vap, plan, profile
from queue_server.protocol.client import Client, ClientError

FREE_COUNTERS = frozenset({5, 8, 15})
"""Left for a person who wants to try."""
BUSY_HOUR_VISITS = 76
"""Where services take their real time: what those counters can just do."""
FIRST_RUSH, PRESS_S = 25, 2.0
"""People who stand there already when the doors open, one behind the other."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--notes", type=Path, required=True, help="the demo's notes, with branch and tokens")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    notes = json.loads(given.notes.read_text(encoding="utf-8"))
    try:
        asyncio.run(_live(given.server, notes["branch"], notes["tokens"], notes.get("hurry", 1.0), given.seed))
    except KeyboardInterrupt:
        pass
    except ClientError as fault:
        print(f"The living hall stopped: {fault}", file=sys.stderr)
        return 1
    return 0


async def _live(server: str, branch: str, tokens: dict[str, str], hurry: float, seed: int) -> None:
    async with AsyncExitStack() as stack:
        giver = await stack.enter_async_context(Client(server, tokens["dispenser"]))
        pace, log = Pace(giver, 1.0), Log()
        work = [asyncio.create_task(_come(Dispenser(giver, branch, pace, log), hurry, seed), name="citizens")]
        usual = {field.code: field.service_time_s / hurry for field in go_vap().fields}
        for counter in go_vap().counters:
            for no in _numbers(counter.no):
                if no not in FREE_COUNTERS:
                    client = await stack.enter_async_context(Client(server, tokens["integration"]))
                    clerk = Clerk(client, branch, no, pace, log, usual)
                    work.append(asyncio.create_task(clerk.work_forever(), name=f"counter {no}"))
        await asyncio.gather(*work)


def _numbers(no: int | str) -> list[int]:
    first, _, last = str(no).partition("-")
    return list(range(int(first), int(last or first) + 1))


async def _come(dispenser: Dispenser, hurry: float, seed: int) -> None:
    """People at the rate of a busy hour, as much faster as services are shorter."""
    chance = random.Random(seed)
    for number, visit in enumerate(visits_of(hurry, seed)):
        is_rush = number < FIRST_RUSH
        await asyncio.sleep(PRESS_S if is_rush else chance.expovariate(BUSY_HOUR_VISITS / 3600 * hurry))
        await dispenser.give(visit)


def visits_of(hurry: float, seed: int) -> Iterator[Visit]:
    """Day after day of people, whose services take so much less time."""
    for day in count():
        for visit in plan(go_vap(), profile(), count=700, seed=seed + day):
            yield replace(visit, service_s=visit.service_s / hurry)


if __name__ == "__main__":
    sys.exit(main())
