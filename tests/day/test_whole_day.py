"""A whole Gò Vấp day: 700 visits on its arrival profile, on a fast clock, through real processes. Every ticket ends in
exactly one final state, on screen, on paper and at the dossier receiver."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from load.day.__main__ import await_records, read_counters, start
from load.day.check import faults, read_day
from load.day.play import play
from load.day.visits import go_vap, plan, profile
from queue_server.readers.dossier.receiver import Inbox, make_server
from tests.simulators.printer import PrinterSimulator

VISITS = 700
SPEED = 500.0
PAPERS_WITHIN_S = 200.0
"""A day's papers take their time on a busy machine: 80 ms each, one after another."""


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, str]]:
    found = Inbox()
    receiver = make_server(found, 0)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    yield found, f"http://127.0.0.1:{receiver.server_address[1]}/"
    receiver.shutdown()
    receiver.server_close()


def start_agent(folder: Path, said: dict[str, Any], printer: PrinterSimulator) -> subprocess.Popen[bytes]:
    state = folder / "agent"
    state.mkdir()
    token = state / "token"
    token.touch(mode=0o600)
    token.write_text(said["tokens"]["printer"])
    host, port = printer.address
    command = [
        sys.executable, "-m", "printer_agent", "run", "--server", said["url"], "--printer", f"network:{host}:{port}",
        "--state", str(state),
    ]  # fmt: skip
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def picture(said: dict[str, Any], job: str) -> bytes:
    """The dots of a job's paper, as the server draws them."""
    request = urllib.request.Request(f"{said['url']}/api/v1/print-jobs/{job}")
    request.add_header("Authorization", f"Bearer {said['tokens']['printer']}")
    with urllib.request.urlopen(request) as answer:
        return Image.open(io.BytesIO(answer.read())).convert("1").tobytes()


def jobs_of(database: Path) -> dict[str, str]:
    """Each print job and its ticket, by plain SQL and the naming that the contract gives: TICKET-SEQ."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT seq, body FROM event WHERE type = 'ticket.issued'").fetchall()
    issued = ((seq, json.loads(body)["event"]) for seq, body in rows)
    return {f"{event['ticket']}-{seq}": event["number"] for seq, event in issued if event.get("printer")}


def await_reports(database: Path, count: int) -> dict[str, str]:
    """What the agent has reported of each job, once it has reported all; by plain SQL."""
    until = time.monotonic() + PAPERS_WITHIN_S
    while True:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT body FROM event WHERE type = 'paper.reported' ORDER BY seq").fetchall()
        events = [json.loads(body)["event"] for (body,) in rows]
        reported = {event["job"]: event["outcome"] for event in events}
        done = [job for job, outcome in reported.items() if outcome != "delayed"]
        if len(done) >= count or time.monotonic() > until:
            return reported
        threading.Event().wait(0.1)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_everybody_is_served_shown_printed_and_told(tmp_path: Path, inbox: tuple[Inbox, str]) -> None:
    received, address = inbox
    server = start(tmp_path, SPEED, address)
    agent: subprocess.Popen[bytes] | None = None
    try:
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())
        with PrinterSimulator() as printer:
            agent = start_agent(tmp_path, said, printer)
            visits = plan(go_vap(), profile(), count=VISITS, seed=7)
            counters = [desk.no for desk in read_counters(said)]
            log = asyncio.run(play(said["url"], said["tokens"], said["branch"], counters, visits, SPEED))
            database = tmp_path / "data" / "layso.db"
            day = read_day(database, said["branch"])
            jobs = jobs_of(database)
            reported = await_reports(database, len(jobs))
            papers = printer.papers
            await_records(received, len(day.ends))
            by_dots = {picture(said, job): number for job, number in jobs.items()}
            printed = [by_dots.get(paper.image.tobytes(), "a paper of nobody") for paper in papers]
    finally:
        for process in (agent, server):
            if process is not None:
                with process:
                    process.terminate()
    assert len(day.numbers) + sum(log.turned_away.values()) == VISITS
    assert len(day.numbers) > VISITS * 0.97
    assert set(Counter(day.ends.values())) <= {"finished", "no_show", "expired"}
    records = received.summary()["records"]
    assert faults(day, told=log.numbers, shown=log.calls_shown, records=records) == []
    assert {job: reported.get(job) for job in jobs} == dict.fromkeys(jobs, "printed")
    assert [number for number, count in Counter(printed).items() if count > 1] == []
    assert set(printed) <= set(jobs.values())
    assert printer.complaints == []
