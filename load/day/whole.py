"""A whole day with everything that belongs to it: the demo on its configured hours and a fast clock, a printer behind
its agent, a dossier receiver; and whether what they saw adds up with the journal."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from PIL import Image

from load.day.check import Day, faults, read_day
from load.day.hall import Log
from load.day.play import play
from load.day.visits import CONFIG, go_vap, plan, profile
from queue_server.directory.importing import read_organisation
from queue_server.readers.dossier.receiver import Inbox, make_server
from tests.simulators.printer import PrinterSimulator

START = "2026-11-23T06:50:00+07:00"
"""A Monday."""
AFTERWARDS_S = 120.0
"""Papers and records of a day take their time on a busy machine; all of them together this long at most."""
NOBODYS = "a paper of nobody"


class WholeDay(Struct):
    """What everybody saw. `papers` are the numbers on them, in order; `reports` what the agent said of each job."""

    visits: int
    day: Day
    log: Log
    records: list[dict[str, Any]]
    papers: list[str]
    reports: dict[str, str]
    complaints: list[str]
    wall_s: float

    def faults(self) -> list[str]:
        """Everything that does not add up; none when all is well."""
        found = faults(
            self.day, told=self.log.numbers, shown=self.log.calls_shown, records=self.records, papers=self.papers
        )
        came = len(self.day.numbers) + sum(self.log.turned_away.values())
        if came != self.visits:
            found.append(f"{came} people came, {self.visits} were sent")
        found += [f"job {job} was reported as {self.reports.get(job)}" for job in self._unprinted()]
        return [*found, *self.complaints]

    def _unprinted(self) -> list[str]:
        return [job for job in self.day.jobs if self.reports.get(job) != "printed"]


def whole_day(folder: Path, *, visits: int, speed: float, seed: int = 1) -> WholeDay:
    """Play it in an empty folder."""
    began = time.monotonic()
    with PrinterSimulator() as printer, _receiver() as (inbox, address):
        host, port = printer.address
        server = _start(folder, speed, address, f"network:{host}:{port}")
        with server:
            try:
                assert server.stdout is not None
                said = json.loads(server.stdout.readline())
                people = plan(go_vap(), profile(), count=visits, seed=seed)
                log = asyncio.run(play(said["url"], said["tokens"], said["branch"], _counters(said), people, speed))
                database = folder / "data" / "layso.db"
                day = read_day(database, said["branch"])
                until = time.monotonic() + AFTERWARDS_S
                _wait(until, lambda: len(printer.papers) >= len(day.jobs))
                _wait(until, lambda: len(read_day(database, said["branch"]).reports) >= len(day.jobs))
                _wait(until, lambda: inbox.summary()["deliveries"] > len(day.ends))
                pictures = {_picture(said, job): number for job, number in day.jobs.items()}
            finally:
                server.terminate()
        return WholeDay(
            visits=visits,
            day=day,
            log=log,
            records=inbox.summary()["records"],
            papers=[pictures.get(paper.image.tobytes(), NOBODYS) for paper in printer.papers],
            reports=read_day(database, said["branch"]).reports,
            complaints=printer.complaints,
            wall_s=time.monotonic() - began,
        )


@contextmanager
def _receiver() -> Iterator[tuple[Inbox, str]]:
    inbox = Inbox()
    receiver = make_server(inbox, 0)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        yield inbox, f"http://127.0.0.1:{receiver.server_address[1]}/"
    finally:
        receiver.shutdown()
        receiver.server_close()


def _start(folder: Path, speed: float, dossier_url: str, printer: str) -> subprocess.Popen[str]:
    command = [
        sys.executable, "-m", "queue_server", "demo", "--json", "--port", "0", "--data", str(folder / "data"),
        "--hours", "configured", "--clock-start", START, "--clock-speed", str(speed), "--printer", printer,
    ]  # fmt: skip
    environment = os.environ | {"LAYSO_DOSSIER_URL": dossier_url}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def _counters(said: dict[str, Any]) -> list[int]:
    config = read_organisation(CONFIG / "organisations" / "go-vap.yaml").config(said["branch"])
    return [counter.no for counter in config.counters]


def _picture(said: dict[str, Any], job: str) -> bytes:
    """The dots of a job's paper, as the server draws them."""
    request = urllib.request.Request(f"{said['url']}/api/v1/print-jobs/{job}")
    request.add_header("Authorization", f"Bearer {said['tokens']['printer']}")
    with urllib.request.urlopen(request) as answer:
        return Image.open(io.BytesIO(answer.read())).convert("1").tobytes()


def _wait(until: float, holds: Callable[[], bool]) -> None:
    """Until it is so, or for so long that the checks shall say what is missing."""
    while not holds() and time.monotonic() < until:
        threading.Event().wait(0.1)
