"""What the proofs share: the product as a process that is killed and started again, raw clients, and its journal file.

The journal is read by SQL of its own, not by the product's code: what is proved does not lean on what it is about.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

ROOT = Path(__file__).resolve().parent.parent
START_WITHIN_S = 60.0
ANSWER_WITHIN_S = 30.0
MORNING = "2026-11-23T08:00:00+07:00"
"""Its clock starts here unless told otherwise: a run in the small hours would cross the day's end, which closes all."""


class Product:
    """`python -m queue_server demo` as a process of its own; the same port and data over `restart`."""

    def __init__(self, folder: Path, *options: str, env: Mapping[str, str] | None = None) -> None:
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.options = options if "--clock-start" in options else ("--clock-start", MORNING, *options)
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("LAYSO_")} | dict(
            env or {}
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.branch = ""
        self.tokens: dict[str, str] = {}
        self.accounts: dict[str, dict[str, str]] = {}
        self.start()

    def start(self) -> None:
        """Start, and wait until it says that it is ready."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Start, and do not wait."""
        command = [sys.executable, "-m", "queue_server", "demo", "--json"]
        command += ["--port", str(self.port), "--data", str(self.data), *self.options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=subprocess.PIPE, stderr=log)

    def await_ready(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended before it was ready:\n{self.log.read_text()[-3000:]}")
        said = json.loads(line)
        self.port = int(said["url"].rpartition(":")[2])
        self.branch, self.tokens = said["branch"], said["tokens"]
        self.accounts = {account["role"]: account for account in said["accounts"]}

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def database(self) -> Path:
        return self.data / "layso.db"

    def kill(self) -> None:
        """SIGKILL to this one process, as when the power goes."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.kill(process.pid, how)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


# -- clients -----------------------------------------------------------------------------------------------------------


class Refused(Exception):
    """The server said no."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class Gone(Exception):
    """The line was lost before the answer: nobody knows whether it was carried out."""


class Desk(Protocol):
    """Somebody who gives one command after another."""

    async def ask(self, name: str, args: dict[str, Any], key: str, deadline: str | None = None) -> Any:
        """What the server answers; None when nobody waits. `deadline` is an ISO instant.

        Raises:
            Refused, Gone.
        """

    async def close(self) -> None: ...


class HttpDesk:
    """Commands over HTTP/1.1 on one connection that stays open."""

    def __init__(self, port: int, token: str, branch: str, *, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._port = port
        self._token = token
        self._branch = branch
        self._answer_within_s = answer_within_s
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, name: str, args: dict[str, Any], key: str, deadline: str | None = None) -> Any:
        rest = dict(args)
        if name == "issue":
            path = f"/branches/{self._branch}/tickets"
        elif "ticket" in rest:
            path = f"/tickets/{rest.pop('ticket')}/{name}"
        elif "counter" in rest:
            path = f"/branches/{self._branch}/counters/{rest.pop('counter')}/{name}"
        else:
            path = f"/branches/{self._branch}/{name}"
        status, body = await self.request("POST", path, rest, key, deadline)
        if status >= 400:
            raise Refused(body["code"], body["detail"])
        return body

    async def request(
        self, method: str, path: str, body: object = None, key: str = "", deadline: str | None = None
    ) -> tuple[int, Any]:
        """One exchange. The server hangs up on lines that were idle for 5 s: then it is sent once more on a new one,
        with its key."""
        try:
            async with asyncio.timeout(self._answer_within_s):
                if self._line is not None:
                    try:
                        return await self._exchange(*self._line, method, path, body, key, deadline)
                    except (ConnectionError, asyncio.IncompleteReadError):
                        await self.close()
                self._line = await asyncio.open_connection("127.0.0.1", self._port)
                return await self._exchange(*self._line, method, path, body, key, deadline)
        except (OSError, EOFError, TimeoutError, ValueError, IndexError) as fault:
            await self.close()
            raise Gone(repr(fault)) from fault

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        method: str,
        path: str,
        body: object,
        key: str,
        deadline: str | None,
    ) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else b""
        lines = [f"{method} /api/v1{path} HTTP/1.1", "host: proof", f"authorization: Bearer {self._token}"]
        lines += [f"content-length: {len(data)}", "content-type: application/json", f"idempotency-key: {key}"]
        lines += [f"deadline: {deadline}"] if deadline is not None else []
        writer.write("\r\n".join([*lines, "", ""]).encode() + data)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        sizes = [line.partition(":")[2] for line in head.split("\r\n") if line.startswith("content-length:")]
        content = await reader.readexactly(int(sizes[0])) if sizes else b""
        return int(head.split(" ", 2)[1]), json.loads(content) if content else None

    async def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line[1].close()
            with suppress(OSError):
                await line[1].wait_closed()


class WebSocketDesk:
    """Commands over one WebSocket connection."""

    def __init__(self, port: int, token: str, branch: str, *, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._url = f"ws://127.0.0.1:{port}/ws/v1"
        self._token = token
        self._branch = branch
        self._answer_within_s = answer_within_s
        self._line: ClientConnection | None = None

    async def ask(self, name: str, args: dict[str, Any], key: str, deadline: str | None = None) -> Any:
        addressed = args if "ticket" in args else {"branch": self._branch, **args}
        command = {"type": "command", "id": key, "name": name, "args": addressed, "deadline": deadline}
        try:
            async with asyncio.timeout(self._answer_within_s):
                line = await self._open()
                await line.send(json.dumps(command))
                while True:
                    frame = json.loads(await line.recv())
                    if frame.get("id") == key:
                        break
        except (OSError, EOFError, TimeoutError, WebSocketException) as fault:
            await self.close()
            raise Gone(repr(fault)) from fault
        if frame["type"] == "error":
            raise Refused(frame["problem"]["code"], frame["problem"]["detail"])
        return frame["data"]

    async def _open(self) -> ClientConnection:
        if self._line is None:
            self._line = await connect(
                self._url,
                subprotocols=[Subprotocol("layso.v1")],
                additional_headers={"Authorization": f"Bearer {self._token}"},
                compression=None,
                ping_interval=None,
                close_timeout=1,
                proxy=None,
            )
        return self._line

    async def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            with suppress(ConnectionClosed, OSError):
                await line.close()


# -- the journal, read from outside ------------------------------------------------------------------------------------


class Books(Struct, frozen=True):
    """What the journal file holds. `faults` are sentences; none when all is well."""

    events: int
    numbers: dict[str, str]
    """Ticket → number."""
    calls: dict[str, list[int]]
    """Ticket → the counters to which it was called, in order."""
    commands: dict[str, tuple[int, int]]
    """Key → first and last seq."""
    faults: list[str]


EVENT = "json_extract(CAST(body AS TEXT), '$.event.{}')"
CHECKS = {
    "the journal has a gap or a double": "SELECT (SELECT count(*) FROM event) - max(seq) FROM event",
    "the head is not at the last event": "SELECT h.seq - (SELECT max(seq) FROM event) FROM branch_head h",
    "a number was given twice": f"""
        SELECT count(*) - count(DISTINCT day || ' ' || {EVENT.format("number")})
        FROM event WHERE type = 'ticket.issued'""",
    "a series has a gap": f"""
        SELECT sum(gap) FROM (
            SELECT max({EVENT.format("ordinal")}) - count(*) AS gap FROM event
            WHERE type = 'ticket.issued' GROUP BY day, {EVENT.format("series")})""",
    "a ticket has two births": f"""
        SELECT count(*) - count(DISTINCT {EVENT.format("ticket")}) FROM event WHERE type = 'ticket.issued'""",
    "a counter called somebody while another was there": f"""
        WITH calls AS (
            SELECT seq, {EVENT.format("ticket")} AS ticket,
                   lead(seq) OVER (PARTITION BY {EVENT.format("counter")} ORDER BY seq) AS next
            FROM event WHERE type = 'ticket.called'),
        ends AS (
            SELECT {EVENT.format("ticket")} AS ticket, min(seq) AS seq FROM event
            WHERE type IN ('ticket.finished', 'ticket.no_show') GROUP BY 1)
        SELECT count(*) FROM calls LEFT JOIN ends USING (ticket)
        WHERE calls.next IS NOT NULL AND (ends.seq IS NULL OR ends.seq > calls.next)""",
    "the ticket table does not say what the events say": f"""
        SELECT count(*) FROM (
            SELECT {EVENT.format("ticket")} AS id, {EVENT.format("number")} AS number
            FROM event WHERE type = 'ticket.issued'
            EXCEPT SELECT id, number FROM ticket)""",
    "a command left no event, or shares one": """
        SELECT count(*) FROM (
            SELECT first_seq, last_seq, lag(last_seq, 1, 0) OVER (PARTITION BY branch_id ORDER BY first_seq) AS before
            FROM command)
        WHERE first_seq <= before OR last_seq < first_seq""",
}
"""What must be 0, in SQL of our own."""


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def read_books(database: Path) -> Books:
    """The books of a journal with one branch."""
    with opened(database) as db:
        faults = [f"{text}: {found}" for text, query in CHECKS.items() if (found := db.execute(query).fetchone()[0])]
        faults += [f"integrity: {row[0]}" for row in db.execute("PRAGMA quick_check") if row[0] != "ok"]
        issued = db.execute(
            f"SELECT {EVENT.format('ticket')}, {EVENT.format('number')} FROM event WHERE type = 'ticket.issued'"
        ).fetchall()
        calls: dict[str, list[int]] = {}
        for ticket, counter in db.execute(
            f"SELECT {EVENT.format('ticket')}, {EVENT.format('counter')} FROM event "
            "WHERE type = 'ticket.called' ORDER BY seq"
        ):
            calls.setdefault(ticket, []).append(counter)
        commands = {
            key: (first, last) for key, first, last in db.execute("SELECT key, first_seq, last_seq FROM command")
        }
        (events,) = db.execute("SELECT count(*) FROM event").fetchone()
    return Books(events, dict(issued), calls, commands, faults)


def wait_until(holds: Any, *, within_s: float, what: str) -> float:
    """Seconds until it is so."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within_s:
            raise TimeoutError(f"{what}: not within {within_s:g} s")
        time.sleep(0.005)
    return time.monotonic() - began
