"""A whole Gò Vấp day on a fast clock: `python -m load.day --visits 700 --speed 600`.

Starts the demo on its configured hours and a dossier receiver, plays the day, and checks that everything adds up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from load.day.check import faults, read_day
from load.day.play import play
from load.day.visits import go_vap, plan, profile
from queue_server.readers.dossier.receiver import Inbox, make_server

START = "2026-11-23T06:50:00+07:00"
"""A Monday."""
RECORDS_WITHIN_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=700)
    parser.add_argument("--speed", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="layso-day-") as folder:
        return run(Path(folder), given.visits, given.speed, given.seed)


def run(folder: Path, count: int, speed: float, seed: int) -> int:
    inbox = Inbox()
    receiver = make_server(inbox, 0)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    server = start(folder, speed, f"http://127.0.0.1:{receiver.server_address[1]}/")
    try:
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())
        branch = go_vap()
        visits = plan(branch, profile(), count=count, seed=seed)
        counters = [counter.no for counter in read_counters(said)]
        began = time.monotonic()
        log = asyncio.run(play(said["url"], said["tokens"], said["branch"], counters, visits, speed))
        day = read_day(folder / "data" / "layso.db", said["branch"])
        await_records(inbox, len(day.ends))
    finally:
        with server:
            server.terminate()
        receiver.shutdown()
    found = faults(day, told=log.numbers, shown=log.calls_shown, records=inbox.summary()["records"])
    summary = {
        "visits": count,
        "issued": len(day.numbers),
        "turned_away": dict(log.turned_away),
        "ends": _tally(day.ends),
        "calls": len(day.calls),
        "events": len(day.seqs),
        "records": len(inbox.summary()["records"]),
        "refusals": dict(log.refusals),
        "wall_s": round(time.monotonic() - began, 1),
        "faults": found[:20],
    }
    print(json.dumps(summary, ensure_ascii=False, indent=1))
    return 1 if found else 0


def start(folder: Path, speed: float, dossier_url: str) -> subprocess.Popen[str]:
    command = [
        sys.executable, "-m", "queue_server", "demo", "--json", "--port", "0", "--data", str(folder / "data"),
        "--hours", "configured", "--clock-start", START, "--clock-speed", str(speed),
    ]  # fmt: skip
    environment = os.environ | {"LAYSO_DOSSIER_URL": dossier_url}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def read_counters(said: dict[str, Any]) -> Any:
    from load.day.visits import CONFIG
    from queue_server.directory.importing import read_organisation

    return read_organisation(CONFIG / "organisations" / "go-vap.yaml").config(said["branch"]).counters


def await_records(inbox: Inbox, count: int) -> None:
    until = time.monotonic() + RECORDS_WITHIN_S
    while inbox.summary()["deliveries"] < count + 1 and time.monotonic() < until:
        time.sleep(0.1)


def _tally(ends: dict[str, str]) -> dict[str, int]:
    tally: dict[str, int] = {}
    for end in ends.values():
        tally[end] = tally.get(end, 0) + 1
    return tally


if __name__ == "__main__":
    sys.exit(main())
