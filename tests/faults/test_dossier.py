"""Wait times for the dossier backend: a real server, a real receiver, and everything that may go wrong between them.

The server's clock runs ten times as fast: the undo time of ten seconds is one second.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from load.proof import Product, opened
from queue_server.readers.dossier.receiver import Inbox, make_server
from tests.server import Api, Refused, Ticket
from tests.staff import eventually, sign_in

pytestmark = pytest.mark.faults

SPEED = 10.0
STARTS = datetime.fromisoformat("2026-11-23T13:00:00+07:00")
UNDO_S = 10.0

ENVELOPE = {"id", "source", "type", "subject", "time", "data", "specversion", "datacontenttype"}
VISIT = {
    "ticket", "revision", "branch", "service_day", "number", "field", "procedures", "counter", "has_priority",
    "channel", "dossiers", "outcome", "issued_at", "arrival_at", "final_at", "first_wait_s", "wait_s", "walking_s",
    "service_s", "hold_s", "is_inexact", "stints",
}  # fmt: skip
STINT = {"kind", "start", "end", "field", "step", "counter", "ended", "is_inexact"}
DAY = {"branch", "service_day", "outcomes", "visits", "digest"}
"""Written by hand: a field that leads to a person must not slip in."""


class Attempt:
    """One POST as the backend saw it."""

    def __init__(self, record: dict[str, Any], status: int) -> None:
        self.record = record
        self.id: str = record["id"]
        self.subject: str = record["subject"]
        self.status = status
        self.at = time.monotonic()


class Backend(Inbox):
    """The receiver with a memory of every attempt; `kills` is called before the next answer leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts: list[Attempt] = []
        self.kills: Callable[[], None] | None = None

    def take(self, record: dict[str, Any]) -> int:
        status = super().take(record)
        self.attempts.append(Attempt(record, status))
        kills, self.kills = self.kills, None
        if kills is not None:
            kills()
        return status

    def of(self, *tickets: str) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.subject in tickets]

    def accepted(self, *tickets: str) -> list[str]:
        return [attempt.id for attempt in self.of(*tickets) if attempt.status < 300]


class House:
    """A server, its backend, and hands for the queue."""

    def __init__(self, folder: Path) -> None:
        self.backend = Backend()
        self._receiver = make_server(self.backend, 0)
        self.address = f"http://127.0.0.1:{self._receiver.server_address[1]}/records"
        self._thread = threading.Thread(target=self._receiver.serve_forever, args=(0.02,))
        self._thread.start()
        self._began = time.monotonic()
        env = {"LAYSO_DOSSIER_URL": self.address, "LAYSO_DOSSIER_TOKEN": "secret-of-the-backend"}
        self.server = Product(folder, *self._clock(), env=env)

    def _clock(self) -> list[str]:
        """The clock goes on over a restart, as that of a machine does."""
        now = STARTS + timedelta(seconds=(time.monotonic() - self._began) * SPEED)
        return ["--clock-start", now.isoformat(), "--clock-speed", str(SPEED)]

    def restart(self) -> None:
        self.server.kill()
        self.server.options = tuple(self._clock())
        self.server.start()

    def close(self) -> None:
        self.server.stop()
        self._receiver.shutdown()
        self._receiver.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def api(self) -> Api:
        return Api(self.url, self.server.tokens["integration"], branch=self.server.branch)

    def staff(self, role: str, method: str, path: str, **body: object) -> Any:
        account = self.server.accounts[role]
        cookie = sign_in(self.url, account["username"], account["password"])
        return Api(self.url).request(method, f"/api/v1/branches/{self.server.branch}{path}", body, Cookie=cookie)[1]

    # -- the queue -----------------------------------------------------------------------------------------------------

    def issue(self, field: str = "kinh-doanh", **asked: object) -> Ticket:
        return self.api.issue(field, **asked)  # type: ignore[arg-type]

    def served(self, **asked: object) -> Ticket:
        """Somebody who came, was called to counter 12 and served."""
        issued = self.issue(**asked)
        self.call(issued)
        self.api.ticket(issued.id, "start")
        return self.api.ticket(issued.id, "finish")

    def call(self, ticket: Ticket) -> None:
        self.api.counter(12, "open")
        self.api.ticket(ticket.id, "call", counter=12)

    def cancelled(self) -> Ticket:
        return self.api.ticket(self.issue().id, "cancel")

    def until_told(self, *ids: str) -> None:
        eventually(lambda: set(ids) <= {a.id for a in self.backend.attempts if a.status < 300}, within_s=60)

    def events_of(self, ticket: str) -> list[tuple[str, datetime]]:
        """Type and time of a ticket's events, read from the file."""
        with opened(self.server.database) as db:
            rows = db.execute(
                "SELECT type, json_extract(CAST(body AS TEXT), '$.at') FROM event "
                "WHERE json_extract(CAST(body AS TEXT), '$.event.ticket') = ? ORDER BY seq",
                (ticket,),
            ).fetchall()
        return [(kind, datetime.fromisoformat(at)) for kind, at in rows]

    def finals(self) -> list[str]:
        """The last final event of each ticket that was not voided, in the journal's order."""
        with opened(self.server.database) as db:
            rows = db.execute(
                "SELECT json_extract(CAST(body AS TEXT), '$.event.ticket') AS ticket, max(seq) FROM event WHERE type IN "
                "('ticket.finished', 'ticket.no_show', 'ticket.cancelled', 'ticket.rebooked', 'ticket.expired') "
                "GROUP BY ticket ORDER BY 2"
            ).fetchall()
        return [ticket for ticket, _ in rows]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("dossier"))
    yield made
    made.close()


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


# -- what arrives ------------------------------------------------------------------------------------------------------


def test_every_visit_that_is_over_arrives_once_in_order_and_after_its_undo_time(house: House) -> None:
    endings: list[tuple[Ticket, float]] = []
    for number in range(6):
        issued = house.issue()
        if number % 3:
            house.call(issued)
            ended = house.api.ticket(issued.id, "no-show")
        else:
            ended = house.api.ticket(issued.id, "cancel")
        endings.append((ended, time.monotonic()))
    ids = [f"{ticket.id}/1" for ticket, _ in endings]
    house.until_told(*ids)
    assert house.backend.accepted(*[ticket.id for ticket, _ in endings]) == ids
    for attempt, (ticket, ended_at) in zip(house.backend.of(*[t.id for t, _ in endings]), endings, strict=True):
        assert (attempt.at - ended_at) * SPEED > UNDO_S, ticket.number
        assert attempt.record["data"]["outcome"] == ticket.state


def test_the_times_are_those_of_the_journal(house: House) -> None:
    """Recomputed here from the events of one visit with everything in it."""
    issued = house.issue(priority="NCT75") if False else house.issue(dossiers=2)
    house.call(issued)
    for name in ("recall", "start", "hold", "resume", "start"):
        house.api.ticket(issued.id, name)
    house.api.ticket(issued.id, "finish", outcome="supplement", dossiers=3)
    house.until_told(f"{issued.id}/1")
    record = house.backend.newest[issued.id]
    events = house.events_of(issued.id)
    kinds = [kind.removeprefix("ticket.") for kind, _ in events]
    assert kinds == ["issued", "called", "recalled", "serving", "held", "called", "serving", "finished"]
    at = [when for _, when in events]

    def seconds(*pairs: tuple[int, int]) -> float:
        return round(sum((at[end] - at[start]).total_seconds() for start, end in pairs), 3)

    data = record["data"]
    assert (data["first_wait_s"], data["wait_s"]) == (seconds((0, 1)), seconds((0, 1)))
    assert data["walking_s"] == seconds((1, 3), (5, 6))
    assert data["service_s"] == seconds((3, 4), (6, 7))
    assert data["hold_s"] == seconds((4, 5))
    assert (data["outcome"], data["dossiers"], data["counter"], data["is_inexact"]) == ("supplement", 3, 12, False)
    assert [datetime.fromisoformat(data[name]) for name in ("arrival_at", "final_at")] == [at[0], at[7]]
    assert datetime.fromisoformat(record["time"]) == at[7]
    assert [stint["kind"] for stint in data["stints"]] == [
        "waiting", "walking", "service", "hold", "walking", "service",
    ]  # fmt: skip


def test_what_was_voided_is_never_told(house: House) -> None:
    voided = house.issue()
    house.api.ticket(voided.id, "void", reason="test")
    after = house.cancelled()
    house.until_told(f"{after.id}/1")
    assert house.backend.of(voided.id) == []


def test_what_was_undone_is_never_told(house: House) -> None:
    issued = house.issue()
    house.call(issued)
    house.api.ticket(issued.id, "no-show")
    assert house.api.ticket(issued.id, "undo").state == "called"
    after = house.cancelled()
    house.until_told(f"{after.id}/1")
    assert house.backend.of(issued.id) == []
    house.api.ticket(issued.id, "start")
    house.api.ticket(issued.id, "finish")
    house.until_told(f"{issued.id}/1")
    assert [a.record["data"]["outcome"] for a in house.backend.of(issued.id)] == ["done"]


def test_who_is_reinstated_has_a_later_record_of_a_higher_revision(house: House) -> None:
    issued = house.issue()
    house.call(issued)
    house.api.ticket(issued.id, "no-show")
    house.until_told(f"{issued.id}/1")
    house.api.ticket(issued.id, "reinstate")
    house.call(issued)
    house.api.ticket(issued.id, "start")
    house.api.ticket(issued.id, "finish")
    house.until_told(f"{issued.id}/2")
    assert house.backend.accepted(issued.id) == [f"{issued.id}/1", f"{issued.id}/2"]
    outcomes = [(a.record["data"]["revision"], a.record["data"]["outcome"]) for a in house.backend.of(issued.id)]
    assert outcomes == [(1, "no_show"), (2, "done")]
    assert house.backend.newest[issued.id]["id"] == f"{issued.id}/2"


def test_nothing_leads_to_a_person(house: House) -> None:
    """The class of a priority, the clerk, what was said and the token stay here."""
    look = house.api.look()
    priority = look["classes"][0]["code"]
    issued = house.issue(priority=priority, assistance="sign_language", language="en")
    house.api.ticket(issued.id, "amend", reason="bà Nguyễn Thị Bí Mật, 0912345678")
    house.call(issued)
    house.api.ticket(issued.id, "start")
    house.api.ticket(issued.id, "hold", reason="thiếu CCCD 079123456789")
    house.api.ticket(issued.id, "cancel", reason="về lấy giấy")
    house.until_told(f"{issued.id}/1")
    record = house.backend.newest[issued.id]
    assert set(record) == ENVELOPE
    assert set(record["data"]) == VISIT
    assert {key for stint in record["data"]["stints"] for key in stint} == STINT
    assert record["data"]["has_priority"] is True
    text = json.dumps(record, ensure_ascii=False)
    for secret in (priority, "sign_language", "Bí Mật", "0912345678", "079123456789", "về lấy giấy", issued.token):
        assert secret not in text
    for word in ("device:", "account:", "clerk", "secret-of-the-backend"):
        assert word not in text


# -- a backend that is unwell ------------------------------------------------------------------------------------------


def test_who_says_503_is_asked_again_with_the_same_record(house: House) -> None:
    quiet(house)
    house.backend.answers = [503, 503]
    first, second = house.cancelled(), house.cancelled()
    house.until_told(f"{first.id}/1", f"{second.id}/1")
    attempts = house.backend.of(first.id, second.id)
    assert [(a.subject, a.status) for a in attempts] == [
        (first.id, 503), (first.id, 503), (first.id, 202), (second.id, 202),
    ]  # fmt: skip
    assert len({json.dumps(a.record, sort_keys=True) for a in attempts[:3]}) == 1, "the same bytes each time"
    waits = [later.at - a.at for a, later in zip(attempts, attempts[1:3], strict=False)]
    assert waits[0] > 0.7
    assert waits[1] > waits[0]


def test_a_record_that_is_wrong_is_parked_and_the_stream_goes_on(house: House) -> None:
    quiet(house)
    house.backend.answers = [422]
    wrong, right = house.cancelled(), house.cancelled()
    house.until_told(f"{right.id}/1")
    assert [(a.subject, a.status) for a in house.backend.of(wrong.id, right.id)] == [(wrong.id, 422), (right.id, 202)]
    (parked,) = house.staff("manager", "GET", "/dossier")["parked"]
    assert (parked["id"], parked["status"]) == (f"{wrong.id}/1", 422)

    resend = f"/dossier/resend?id={wrong.id}/1"
    house.backend.answers = [422]
    with pytest.raises(Refused) as refused:
        house.staff("manager", "POST", resend)
    assert refused.value.code == "record-refused"
    assert len(house.staff("manager", "GET", "/dossier")["parked"]) == 1
    assert house.staff("manager", "POST", resend) == {"is_delivered": True}
    assert house.staff("manager", "GET", "/dossier")["parked"] == []
    assert house.backend.newest[wrong.id]["id"] == f"{wrong.id}/1"
    with pytest.raises(Refused) as unknown:
        house.staff("manager", "POST", resend)
    assert unknown.value.code == "unknown-record"


def quiet(house: House) -> None:
    """Until everything before was told, so that ordered answers meet this test's records."""
    told = house.cancelled()
    house.until_told(f"{told.id}/1")


def test_a_server_killed_after_the_send_sends_the_same_again(own_house: House) -> None:
    """The backend has the record, the cursor has not moved: it comes twice, under one id, and counts once."""
    house = own_house
    before = house.cancelled()
    house.until_told(f"{before.id}/1")
    pid = house.server.pid
    house.backend.kills = lambda: os.kill(pid, signal.SIGKILL)
    doubled, after = house.cancelled(), house.served()
    eventually(lambda: house.backend.kills is None, within_s=30)
    house.server.kill()
    end_leases(house.server.database)
    house.restart()
    house.until_told(f"{after.id}/1")
    ids = [a.id for a in house.backend.attempts]
    assert ids == [f"{before.id}/1", f"{doubled.id}/1", f"{doubled.id}/1", f"{after.id}/1"]
    one, other = (a.record for a in house.backend.of(doubled.id))
    assert one == other
    assert set(house.backend.newest) == {before.id, doubled.id, after.id}


def end_leases(database: Path) -> None:
    """30 s pass: the lease of the process that was killed ends."""
    with closing(sqlite3.connect(database)) as db, db:
        assert db.execute("UPDATE cursor SET lease_until = 0").rowcount > 0


def test_a_day_ends_with_a_record_that_proves_completeness(own_house: House) -> None:
    """Counts and digest recomputed from the visits that arrived; what was voided is in neither."""
    house = own_house
    for _ in range(2):
        house.served()
    house.cancelled()
    house.api.ticket(house.issue().id, "void")
    reinstated = house.cancelled()
    house.until_told(f"{reinstated.id}/1")
    house.api.ticket(reinstated.id, "reinstate")
    for _ in range(2):
        house.issue()
    forgotten = house.issue()
    house.call(forgotten)
    house.api.ticket(forgotten.id, "start")
    house.staff("supervisor", "POST", "/end-day", leftovers="rebook")
    day_id = f"{house.server.branch}/2026-11-23/1"
    house.until_told(day_id)

    assert house.backend.attempts[-1].id == day_id, "it comes after every visit of its day"
    record = house.backend.attempts[-1].record
    assert (set(record), set(record["data"])) == (ENVELOPE, DAY)
    visits = [r["data"] for subject, r in house.backend.newest.items() if r["type"] == "vn.layso.visit.v1"]
    assert all(visit["service_day"] == "2026-11-23" for visit in visits)
    outcomes = dict(sorted(Tally(visit["outcome"] for visit in visits).items()))
    lines = sorted(f"{visit['ticket']}/{visit['revision']} {visit['outcome']}" for visit in visits)
    assert record["data"]["outcomes"] == outcomes == {"cancelled": 1, "done": 2, "forgotten": 1, "rebooked": 3}
    assert record["data"]["visits"] == len(visits) == 7
    assert record["data"]["digest"] == sha256("\n".join(lines).encode()).hexdigest()
    assert house.backend.newest[forgotten.id]["data"]["is_inexact"] is True
    order = [attempt.subject for attempt in house.backend.attempts if attempt.id != f"{reinstated.id}/1"]
    assert order == [*house.finals(), f"{house.server.branch}/2026-11-23"]
