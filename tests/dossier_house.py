"""A server that reports its visits to a backend in the test, and hands for its queue.

The server's clock runs ten times as fast: the undo time of ten seconds is one second.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from load.proof import Product, opened
from tests.server import Api, Ticket
from tests.staff import eventually, sign_in

SPEED = 10.0
STARTS = datetime.fromisoformat("2026-11-23T13:00:00+07:00")
SECRET = "secret-of-the-backend"
FINAL = ("ticket.finished", "ticket.no_show", "ticket.cancelled", "ticket.rebooked", "ticket.expired")


class Attempt:
    """One POST as the backend saw it. `at` is by the wall's clock, `moment` by one that nobody sets."""

    status = 202

    def __init__(self, text: str, headers: dict[str, str]) -> None:
        self.at, self.moment = datetime.now(UTC), time.monotonic()
        self.text = text
        self.headers = headers
        self.record: dict[str, Any] = json.loads(text)
        self.data: dict[str, Any] = self.record["data"]
        self.id: str = self.record["id"]
        self.subject: str = self.record["subject"]
        self.revision = int(self.id.rpartition("/")[2])

    @property
    def is_accepted(self) -> bool:
        return self.status < 300


class Backend:
    """A dossier backend that remembers every attempt, and is as unwell as it is told.

    `answers` are the next statuses by subject; then all is well. `at_answer` has what is done once while the sender of
    a subject's record waits: the backend has noted the record and its answer has not left.
    """

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.followed: list[str] = []
        """Paths that were asked for by GET: whoever follows a redirect loses the record."""
        self.answers: dict[str, list[int]] = {}
        self.at_answer: dict[str, Callable[[], None]] = {}
        self._lock = threading.Lock()
        self.port = 0
        self.open()

    def take(self, text: str, headers: dict[str, str]) -> int:
        with self._lock:
            attempt = Attempt(text, headers)
            if left := self.answers.get(attempt.subject):
                attempt.status = left.pop(0)
            self.attempts.append(attempt)
            work = self.at_answer.pop(attempt.subject, None)
        if work is not None:
            work()
        return attempt.status

    def open(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """From here on connections are refused."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def of(self, *tickets: str) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.subject in tickets]

    def seen(self, *tickets: str) -> list[tuple[str, int]]:
        """Who was told of, and what was answered, in order."""
        return [(attempt.subject, attempt.status) for attempt in self.of(*tickets)]

    def accepted(self, *tickets: str) -> list[str]:
        return [attempt.id for attempt in self.of(*tickets) if attempt.is_accepted]

    def newest(self) -> dict[str, Attempt]:
        """By subject, the accepted record of the highest revision, as a backend keeps them."""
        kept: dict[str, Attempt] = {}
        for attempt in self.attempts:
            known = kept.get(attempt.subject)
            if attempt.is_accepted and (known is None or attempt.revision >= known.revision):
                kept[attempt.subject] = attempt
        return kept


def _handler(backend: Backend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer(backend.take(text, {name.lower(): value for name, value in self.headers.items()}))

        def do_GET(self) -> None:
            backend.followed.append(self.path)
            self._answer(200)

        def _answer(self, status: int) -> None:
            try:
                self.send_response(status)
                if status // 100 == 3:
                    self.send_header("location", "/moved")
                self.end_headers()
                self.wfile.write(b"{}")
            except OSError:
                pass  # who asked was killed

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class House:
    """A server, its backend, and hands for the queue."""

    def __init__(self, folder: Path) -> None:
        self.backend = Backend()
        self.tokens: list[str] = []
        self._cookies: dict[str, str] = {}
        clock = ("--clock-start", STARTS.isoformat(), "--clock-speed", str(SPEED))
        address = f"http://127.0.0.1:{self.backend.port}/records"
        env = {"LAYSO_DOSSIER_URL": address, "LAYSO_DOSSIER_TOKEN": SECRET}
        self.server = Product(folder, *clock, env=env)

    def close(self) -> None:
        self.server.stop()
        self.backend.close()

    @property
    def api(self) -> Api:
        return Api(self._url, self.server.tokens["integration"], branch=self.server.branch)

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def staff(self, role: str, method: str, path: str, **body: object) -> Any:
        if role not in self._cookies:
            account = self.server.accounts[role]
            self._cookies[role] = sign_in(self._url, account["username"], account["password"])
        path = f"/api/v1/branches/{self.server.branch}{path}"
        return Api(self._url).request(method, path, body, Cookie=self._cookies[role])[1]

    def parked(self) -> list[dict[str, Any]]:
        """As a manager sees them."""
        found: list[dict[str, Any]] = self.staff("manager", "GET", "/dossier")["parked"]
        return found

    def resend(self, record_id: str, *, role: str = "manager") -> Any:
        return self.staff(role, "POST", f"/dossier/resend?id={record_id}")

    # -- the queue -----------------------------------------------------------------------------------------------------

    def issue(self, field: str = "kinh-doanh", **asked: Any) -> Ticket:
        issued = self.api.issue(field, **asked)
        self.tokens.append(issued.token)
        return issued

    def call(self, ticket: Ticket) -> None:
        self.api.counter(12, "open")
        self.api.ticket(ticket.id, "call", counter=12)

    def served(self, **asked: Any) -> Ticket:
        """Somebody who came, was called to counter 12 and served."""
        issued = self.issue(**asked)
        self.call(issued)
        self.api.ticket(issued.id, "start")
        return self.api.ticket(issued.id, "finish")

    def no_show(self) -> Ticket:
        issued = self.issue()
        self.call(issued)
        return self.api.ticket(issued.id, "no-show")

    def cancelled(self, *answers: int) -> Ticket:
        """Somebody who went away, and what the backend says first to that."""
        issued = self.issue()
        self.backend.answers[issued.id] = list(answers)
        return self.api.ticket(issued.id, "cancel")

    # -- waiting and looking -------------------------------------------------------------------------------------------

    def until_told(self, *ids: str) -> None:
        eventually(lambda: set(ids) <= {a.id for a in self.backend.attempts if a.is_accepted}, within_s=30)

    def until_later_is_told(self) -> None:
        """Until what happens now was told, and so all that was to be told of what happened before."""
        self.until_told(f"{self.cancelled().id}/1")

    def until_in_log(self, text: str, *, times: int) -> None:
        eventually(lambda: self.server.log.read_text().count(text) >= times, within_s=30)

    def time_at(self, wall: datetime) -> datetime:
        """What the server's clock showed then."""
        origin = json.loads((self.server.data / "demo.json").read_text())["clock_origin"]
        return STARTS + (wall - datetime.fromisoformat(origin)) * SPEED

    def events_of(self, ticket: str) -> list[tuple[str, datetime]]:
        """Type and time of a ticket's events, read from the file."""
        with opened(self.server.database) as db:
            rows = db.execute(
                "SELECT type, json_extract(CAST(body AS TEXT), '$.at') FROM event "
                "WHERE json_extract(CAST(body AS TEXT), '$.event.ticket') = ? ORDER BY seq",
                (ticket,),
            ).fetchall()
        return [(kind.removeprefix("ticket."), datetime.fromisoformat(at)) for kind, at in rows]

    def finals(self) -> list[str]:
        """The tickets that are over, in the order of their last ends in the journal; none that was voided."""
        with opened(self.server.database) as db:
            rows = db.execute(
                "SELECT json_extract(CAST(body AS TEXT), '$.event.ticket') AS ticket, max(seq) FROM event "
                f"WHERE type IN {FINAL} GROUP BY ticket ORDER BY 2"
            ).fetchall()
        return [ticket for ticket, _ in rows]

    def told_seq(self) -> tuple[int, int]:
        """How far the reader's cursor is, and where the journal ends."""
        with opened(self.server.database) as db:
            (told,) = db.execute("SELECT seq FROM cursor WHERE reader = 'dossier'").fetchone()
            (end,) = db.execute("SELECT max(seq) FROM event").fetchone()
        return told, end

    def restart(self) -> None:
        """After a kill. 30 s pass at once: the lease of the process that was killed ends."""
        self.server.kill()
        with closing(sqlite3.connect(self.server.database)) as db, db:
            assert db.execute("UPDATE cursor SET lease_until = 0").rowcount > 0
        self.server.start()
