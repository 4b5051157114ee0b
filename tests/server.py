"""A server process that tests start, kill and start again, and a client of its API.

    with DemoServer(tmp_path) as centre:
        ticket = centre.api("dispenser").issue("chung-thuc")
        centre.kill()
        centre.restart()

Ready means that `/readyz` answers; a process that ends instead fails the test with its log.
"""

from __future__ import annotations

import json
import os
import signal
import time
from http.client import HTTPException
from pathlib import Path
from shutil import copytree
from subprocess import TimeoutExpired
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener
from uuid import uuid4

import msgspec
from msgspec import Struct

from queue_server.protocol.problems import Problem
from tests.demo_server import BRANCH, PASSWORD
from tests.forks import Forked

ROOT = Path(__file__).parents[1]
READY_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0
ANSWER_WITHIN_S = 10.0
POLL_S = 0.02

_opener = build_opener(ProxyHandler({}))
"""Never by a proxy, whatever the environment says."""


class Refused(Exception):
    """The server refused; `problem` says what and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}")
        self.problem = problem

    @property
    def code(self) -> str:
        return self.problem.code


class Ticket(Struct, frozen=True):
    """A ticket as the server answers a command about it; what it did not say is empty."""

    id: str
    state: str
    position: str
    number: str = ""
    field: str = ""
    counter: int | None = None
    people_ahead: int | None = None
    times_called: int = 0
    token: str = ""


class CounterNow(Struct, frozen=True):
    no: int
    state: str
    position: str


class Api:
    """The HTTP API as one device or integration, by its token; nobody without one."""

    def __init__(self, base: str, token: str | None = None, *, branch: str = BRANCH, language: str = "vi") -> None:
        self._base = base
        self._token = token
        self._language = language
        self.branch = branch

    def request(
        self, method: str, path: str, body: object = None, *, key: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of an answer; a change carries a fresh key unless one is given.

        Raises:
            Refused: the answer was a problem.
        """
        request = Request(self._base + path, method=method)
        request.add_header("Accept-Language", self._language)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token}")
        if method != "GET":
            request.add_header("Idempotency-Key", key or uuid4().hex)
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body or {}).encode()
        try:
            with _opener.open(request, timeout=ANSWER_WITHIN_S) as answer:
                content = answer.read()
                return answer.status, json.loads(content) if content else None
        except HTTPError as refusal:
            with refusal:
                raise Refused(msgspec.json.decode(refusal.read(), type=Problem)) from None

    def get(self, path: str) -> Any:
        return self.request("GET", f"/api/v1{path}")[1]

    def post(self, path: str, *, key: str | None = None, **body: object) -> Any:
        return self.request("POST", f"/api/v1{path}", body, key=key)[1]

    # -- commands ------------------------------------------------------------------------------------------------------

    def issue(self, field: str, *, key: str | None = None, **asked: object) -> Ticket:
        """A new number: `priority`, `language`, `dossiers`, `procedures`, `steps`, `channel` …"""
        return self._ticket(self.post(f"/branches/{self.branch}/tickets", key=key, field=field, **asked))

    def call_next(self, no: int, *, key: str | None = None) -> Ticket | None:
        """The ticket that is called to this counter; None when nobody waits for it."""
        answer = self.post(f"/branches/{self.branch}/counters/{no}/call-next", key=key)
        return None if answer is None else self._ticket(answer)

    def counter(self, no: int, name: str, *, key: str | None = None, **args: object) -> CounterNow:
        """`open`, `pause`, `close`, `assign`"""
        answer = self.post(f"/branches/{self.branch}/counters/{no}/{name}", key=key, **args)
        return msgspec.convert(answer, CounterNow)

    def ticket(self, ticket_id: str, name: str, *, key: str | None = None, **args: object) -> Ticket:
        """`recall`, `start`, `finish`, `no-show`, `hold`, `transfer` …"""
        return self._ticket(self.post(f"/tickets/{ticket_id}/{name}", key=key, **args))

    def branch_command(self, name: str, *, key: str | None = None, **args: object) -> None:
        """`suspend`, `unsuspend`, `change-hours`, `end-day`, `report-paper`, `take-advice`"""
        self.post(f"/branches/{self.branch}/{name}", key=key, **args)

    @staticmethod
    def _ticket(answer: object) -> Ticket:
        return msgspec.convert(answer, Ticket)

    # -- looking -------------------------------------------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """The branch: fields, counters, classes."""
        found: dict[str, Any] = self.get(f"/branches/{self.branch}")
        return found

    def board(self) -> dict[str, Any]:
        """The rows of the board: `day`, `fields`, `counters`, `calls`, each by key."""
        rows: dict[str, Any] = self.get(f"/branches/{self.branch}/board")["data"]
        return rows

    def follow(self, ticket_id: str) -> dict[str, Any]:
        """A ticket with its state, for staff and integrations."""
        found: dict[str, Any] = self.get(f"/tickets/{ticket_id}")
        return found

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """The public part of the journal after a position, all pages of it."""
        found: list[dict[str, Any]] = []
        has_more = True
        while has_more:
            page = self.get(f"/branches/{self.branch}/events?since={since}")
            found += page["events"]
            since, has_more = page["next"], page["has_more"]
        return found


class DemoServer:
    """`tests.demo_server` as a process of its own: real uvicorn, real SQLite, a demo branch.

    `port` stays the same over `restart`; `log` is what the process wrote. `data` is a stopped one's folder to copy.
    """

    branch = BRANCH
    password = PASSWORD
    module = "tests.demo_server"

    def __init__(self, folder: Path, *arguments: str, data: Path | None = None) -> None:
        self.data = folder / "data"
        if data is not None:
            copytree(data, self.data)
        self.log = folder / "server.log"
        self._arguments = arguments
        self._process: Forked | None = None
        self.port = 0
        self.tokens: dict[str, str] = {}
        self.devices: dict[str, str] = {}
        self.start()

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        where = ("--data", str(self.data), "--port", str(self.port))
        self._process = Forked(self.module, *where, *self._arguments, log=self.log)
        with self._process.stdout() as out:
            said = out.readline()
        if not said:
            self._fail("ended before it was ready")
        told = json.loads(said)
        self.port, self.tokens, self.devices = told["port"], told["tokens"], told["devices"]
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        give_up_at = time.monotonic() + READY_WITHIN_S
        while not self.is_ready():
            if time.monotonic() > give_up_at:
                self._fail(f"was not ready within {READY_WITHIN_S:.0f} s")
            try:
                self._process.wait(POLL_S)
            except TimeoutExpired:
                continue
            self._fail("ended before it was ready")

    def is_ready(self) -> bool:
        try:
            with _opener.open(f"{self.url}/readyz", timeout=1.0) as answer:
                return bool(answer.status == 200)
        except (OSError, HTTPException):
            return False

    def kill(self) -> None:
        """SIGKILL, as when the power goes."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: the server says goodbye to everybody first."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Start again on the same port and data; a process that still runs is killed first."""
        self.kill()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.kill(process.pid, how)
        try:
            process.wait(STOP_WITHIN_S)
        except TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def _fail(self, how: str) -> None:
        self.kill()
        raise AssertionError(f"The demo server {how}:\n{self.log.read_text(errors='replace')}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- using ---------------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def api(self, kind: str = "integration", *, language: str = "vi") -> Api:
        """The API as one of the demo's devices: integration, dispenser, display, printer; "nobody" without a token."""
        return Api(self.url, self.tokens.get(kind), language=language)
