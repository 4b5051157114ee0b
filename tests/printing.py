"""What tests of printing share: an agent process to start, kill and start again, and a reader of papers.

A paper is told by its dots: each is compared with the server's pictures of every job, unmarked and marked.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path
from subprocess import TimeoutExpired
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self
from urllib.request import Request, urlopen
from uuid import uuid4

import msgspec
from PIL import Image, ImageChops, ImageOps

from printer_agent.board import read_board
from printer_agent.job import defused
from printer_agent.server import Server
from printer_agent.settings import STATUS
from queue_server.protocol.client import Client
from tests.demo_server import PASSWORD
from tests.forks import Forked
from tests.server import DemoServer, Ticket
from tests.simulators.escpos_decoder import Paper
from tests.simulators.printer import PrinterSimulator

STOP_WITHIN_S = 30.0
WAIT_S = 60.0
POLL_S = 0.05


class AgentProcess:
    """`printer-agent run` as a process of its own. `wipe` takes its memory of jobs away."""

    def __init__(self, folder: Path, server: str, token: str, printer: tuple[str, int], *arguments: str) -> None:
        self.state = folder / "agent"
        self.log = folder / "agent.log"
        folder.mkdir(parents=True, exist_ok=True)
        token_file = folder / "agent-token"
        token_file.write_text(token)
        self._arguments = [
            "run", "--server", server, "--token-file", str(token_file),
            "--printer", f"network:{printer[0]}:{printer[1]}", "--state", str(self.state), *arguments,
        ]  # fmt: skip
        self._process: Forked | None = None

    @classmethod
    def of(cls, centre: DemoServer, printer: PrinterSimulator, folder: Path) -> Self:
        return cls(folder, centre.url, centre.tokens["printer"], printer.address)

    def start(self) -> None:
        self._process = Forked("printer_agent.cli", *self._arguments, log=self.log)

    def wait_until_live(self) -> None:
        """Until it follows its channel."""
        assert self._process is not None
        give_up_at = time.monotonic() + WAIT_S
        pid = self._process.pid
        while (shown := read_board(self.state / STATUS)) is None or (shown.pid, shown.server) != (pid, "live"):
            assert time.monotonic() < give_up_at, self.log.read_text(errors="replace")
            with suppress(TimeoutExpired):
                self._process.wait(POLL_S)

    def kill(self) -> None:
        """SIGKILL, as when the power goes."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM: the paper that is being printed is finished first. Returns the exit status."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """The exit status of an agent that ends by itself."""
        assert self._process is not None
        return self._process.wait(STOP_WITHIN_S)

    def wipe(self) -> None:
        for file in self.state.glob("ledger.db*"):
            file.unlink()

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            os.kill(process.pid, how)
        return process.wait(STOP_WITHIN_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if fault is not None:
            fault.add_note(self.log.read_text(errors="replace"))


# -- what the server says ----------------------------------------------------------------------------------------------


def job_of(ticket: Ticket) -> str:
    """The job of a ticket's first paper: its id, and the seq of the event that gave the number."""
    return f"{ticket.id}-{ticket.position.rpartition('.')[2]}"


def owed(centre: DemoServer) -> set[str]:
    """The jobs that the printer owes, by the journal: a job is named by its ticket and the seq that asked for it."""
    jobs: set[str] = set()
    for seq, event in events(centre):
        if event.get("printer"):
            jobs.add(f"{event['ticket']}-{seq}")
        elif event.get("outcome") not in (None, "delayed"):
            jobs.discard(event.get("job", ""))
    return jobs


def wait_until_owed(centre: DemoServer, count: int) -> None:
    give_up_at = time.monotonic() + WAIT_S
    while len(left := owed(centre)) != count:
        assert time.monotonic() < give_up_at, f"the printer owes {left}"
        threading.Event().wait(POLL_S)


def wait_until_nothing_is_owed(centre: DemoServer) -> None:
    wait_until_owed(centre, 0)


def wait_for_live(centre: DemoServer, until: Callable[[dict[str, Any]], bool]) -> None:
    """Until staff see it."""
    asyncio.run(_wait_for_live(centre, until))


async def _wait_for_live(centre: DemoServer, until: Callable[[dict[str, Any]], bool]) -> None:
    async with asyncio.timeout(WAIT_S), Client(centre.url) as client:
        async for update in client.subscribe(f"live:{centre.branch}"):
            if until(update.view):
                return


class Reported(NamedTuple):
    job: str
    outcome: str
    reason: str


def reports(centre: DemoServer) -> list[Reported]:
    """Every report in the journal, in order."""
    found = (event for _, event in events(centre) if "job" in event)
    return [Reported(event["job"], event["outcome"], event.get("reason", "")) for event in found]


def events(centre: DemoServer) -> list[tuple[int, dict[str, Any]]]:
    """Everything in the journal, by plain SQL."""
    with closing(sqlite3.connect(f"file:{centre.data / 'layso.db'}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT seq, body FROM event ORDER BY seq").fetchall()
    return [(seq, msgspec.json.decode(body)["event"]) for seq, body in rows]


def signed_in(centre: DemoServer, username: str, method: str, path: str, body: object) -> None:
    """A change by somebody with an account."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
    sign_in = Request(f"{centre.url}/api/v1/session", method="POST", headers=headers)
    sign_in.data = msgspec.json.encode({"username": username, "password": PASSWORD})
    with urlopen(sign_in, timeout=10) as answer:
        cookie = answer.headers["set-cookie"].partition(";")[0]
    change = Request(f"{centre.url}/api/v1{path}", method=method, headers={**headers, "Cookie": cookie})
    change.data = msgspec.json.encode(body)
    with urlopen(change, timeout=10):
        pass


# -- what came out of the printer --------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """A piece of paper and what it is. `job` is None where too little is on it to tell, and for blank ones.

    "whole": all that the server drew; "part": its upper part, of a broken job; "blank": nothing.
    """

    kind: Literal["whole", "part", "blank", "unknown"]
    job: str | None
    is_marked: bool


class Reader:
    """Knows the pictures of some jobs, and tells which a piece of paper shows."""

    def __init__(self, centre: DemoServer, jobs: Iterable[str]) -> None:
        self.pictures = asyncio.run(_pictures(centre, list(jobs)))

    def read(self, paper: Paper) -> Piece:
        shown = trimmed(paper.image)
        if shown is None:
            return Piece("blank", None, False)
        for (job, is_marked), picture in self.pictures.items():
            if same(picture, shown):
                return Piece("whole", job, is_marked)
        found = [key for key, picture in self.pictures.items() if is_top_of(shown, picture)]
        if not found:
            return Piece("unknown", None, False)
        return Piece("part", *found[0]) if len(found) == 1 else Piece("part", None, False)


async def _pictures(centre: DemoServer, jobs: list[str]) -> dict[tuple[str, bool], Image.Image]:
    server = Server(centre.url, centre.tokens["integration"])  # a printer sees its own jobs only
    found: dict[tuple[str, bool], Image.Image] = {}
    for job in jobs:
        for is_marked in (False, True):
            png = await server.picture(job, width=576, is_marked=is_marked)
            picture = trimmed(defused(Image.open(BytesIO(png))))
            assert picture is not None
            found[job, is_marked] = picture
    return found


def trimmed(image: Image.Image) -> Image.Image | None:
    """Without the white below the last dot; None when there is no dot."""
    box = ImageOps.invert(image.convert("L")).getbbox() if image.height else None
    return image.convert("1").crop((0, 0, image.width, box[3])) if box else None


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and one.tobytes() == other.tobytes()


def is_top_of(part: Image.Image, whole: Image.Image) -> bool:
    if part.width != whole.width or part.height > whole.height:
        return False
    top = whole.crop((0, 0, part.width, part.height))
    return ImageChops.difference(top.convert("L"), part.convert("L")).getbbox() is None
