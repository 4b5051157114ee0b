"""Visits for the dossier backend: a real server, a real receiver, and everything that may go wrong between them."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter as Tally
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from tests.dossier_house import SECRET, Attempt, House
from tests.server import Refused
from tests.staff import eventually

pytestmark = pytest.mark.faults

UNDO = timedelta(seconds=10)
FIRST_PAUSES_S = (0.8, 1.6)
"""One second and two, a fifth less at most."""

ENVELOPE = {"id", "source", "type", "subject", "time", "data", "specversion", "datacontenttype"}
VISIT = {
    "ticket", "revision", "branch", "service_day", "number", "field", "procedures", "counter", "has_priority",
    "channel", "dossiers", "outcome", "issued_at", "arrival_at", "final_at", "first_wait_s", "wait_s", "walking_s",
    "service_s", "hold_s", "is_inexact", "stints",
}  # fmt: skip
STINT = {"kind", "start", "end", "field", "step", "counter", "ended", "is_inexact"}
DAY = {"branch", "service_day", "outcomes", "visits", "digest"}
"""Written by hand: a field that leads to a person must not slip in."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Where nobody is killed nothing is accepted twice."""
    with opened_house(tmp_path_factory.mktemp("dossier")) as house:
        yield house
    accepted = Tally(attempt.id for attempt in house.backend.attempts if attempt.is_accepted)
    assert set(accepted.values()) == {1}


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    with opened_house(tmp_path) as house:
        yield house


@contextmanager
def opened_house(folder: Path) -> Iterator[House]:
    """Whatever a test was about: nothing that ever arrived leads to a person."""
    with closing(House(folder)) as house:
        yield house
    for attempt in house.backend.attempts:
        ensure_nobody_is_in(attempt, house.tokens)


def ensure_nobody_is_in(attempt: Attempt, tokens: list[str]) -> None:
    is_visit = attempt.record["type"] == "vn.layso.visit.v1"
    assert set(attempt.record) == ENVELOPE
    assert set(attempt.data) == (VISIT if is_visit else DAY)
    assert {key for stint in attempt.data.get("stints", []) for key in stint} <= STINT
    assert attempt.data.get("outcome", "").startswith("void") is False
    for word in ("device:", "account:", "clerk", SECRET, *tokens):
        assert word not in attempt.text


def ids_of(*tickets: str) -> list[str]:
    return [f"{ticket}/1" for ticket in tickets]


# -- what arrives ------------------------------------------------------------------------------------------------------


def test_every_visit_that_is_over_arrives_once_in_order_and_after_its_undo_time(house: House) -> None:
    ended = [house.no_show() if number % 3 else house.cancelled() for number in range(6)]
    tickets = [ticket.id for ticket in ended]
    house.until_told(*ids_of(*tickets))
    assert house.backend.accepted(*tickets) == ids_of(*tickets)
    for attempt, ticket in zip(house.backend.of(*tickets), ended, strict=True):
        kind, at = house.events_of(ticket.id)[-1]
        assert attempt.data["outcome"] == kind == ticket.state
        assert house.time_at(attempt.at) - at > UNDO, ticket.number
        assert attempt.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
        assert attempt.headers["authorization"] == f"Bearer {SECRET}"


def test_what_is_told_can_no_longer_be_undone(house: House) -> None:
    """Tried as soon as the backend has the record: the server works on while it waits for an answer."""
    said: list[str] = []

    def undo(ticket: str) -> None:
        try:
            said.append(house.api.ticket(ticket, "undo").state)
        except Refused as refused:
            said.append(refused.code)

    issued = [house.issue().id for _ in range(3)]
    for ticket in issued:
        house.backend.at_answer[ticket] = partial(undo, ticket)
        house.api.ticket(ticket, "cancel")
    eventually(lambda: len(said) == 3)
    assert said == ["undo-too-late"] * 3


def test_the_times_are_those_of_the_journal(house: House) -> None:
    """Recomputed here from the events of one visit with everything in it."""
    issued = house.issue(dossiers=2)
    house.call(issued)
    for name in ("recall", "start", "hold", "resume", "start"):
        house.api.ticket(issued.id, name)
    house.api.ticket(issued.id, "finish", outcome="supplement", dossiers=3)
    house.until_told(f"{issued.id}/1")
    (attempt,) = house.backend.of(issued.id)
    kinds, at = zip(*house.events_of(issued.id), strict=True)
    assert kinds == ("issued", "called", "recalled", "serving", "held", "called", "serving", "finished")

    def seconds(*pairs: tuple[int, int]) -> float:
        return round(sum((at[end] - at[start]).total_seconds() for start, end in pairs), 3)

    data = attempt.data
    assert (data["first_wait_s"], data["wait_s"]) == (seconds((0, 1)), seconds((0, 1)))
    assert data["walking_s"] == seconds((1, 3), (5, 6))
    assert data["service_s"] == seconds((3, 4), (6, 7))
    assert data["hold_s"] == seconds((4, 5))
    assert (data["outcome"], data["dossiers"], data["counter"], data["is_inexact"]) == ("supplement", 3, 12, False)
    assert [datetime.fromisoformat(data[name]) for name in ("arrival_at", "final_at")] == [at[0], at[7]]
    assert datetime.fromisoformat(attempt.record["time"]) == at[7]
    assert [stint["kind"] for stint in data["stints"]] == [
        "waiting", "walking", "service", "hold", "walking", "service",
    ]  # fmt: skip


def test_what_was_voided_is_never_told(house: House) -> None:
    voided = house.issue()
    house.api.ticket(voided.id, "void", reason="test")
    house.until_later_is_told()
    assert house.backend.of(voided.id) == []


def test_what_was_undone_is_never_told(house: House) -> None:
    undone = house.no_show()
    assert house.api.ticket(undone.id, "undo").state == "called"
    house.until_later_is_told()
    assert house.backend.of(undone.id) == []
    house.api.ticket(undone.id, "start")
    house.api.ticket(undone.id, "finish")
    house.until_told(f"{undone.id}/2")  # a revision that was taken back is not given again
    assert [attempt.data["outcome"] for attempt in house.backend.of(undone.id)] == ["done"]


def test_who_is_over_again_because_the_reinstating_was_undone_is_told(house: House) -> None:
    ended = house.no_show()
    house.api.ticket(ended.id, "reinstate")
    assert house.api.ticket(ended.id, "undo").state == "no_show"
    house.until_later_is_told()
    assert house.backend.accepted(ended.id) == [f"{ended.id}/2"]  # it has become final once more
    assert house.backend.newest()[ended.id].data["outcome"] == "no_show"


def test_who_is_reinstated_has_a_later_record_of_a_higher_revision(house: House) -> None:
    late, early = house.no_show(), house.cancelled()
    house.api.ticket(early.id, "reinstate")  # before its record went out: the next one speaks for it
    house.until_told(f"{late.id}/1")
    house.api.ticket(late.id, "reinstate")
    for ticket in (late, early):
        house.call(ticket)
        house.api.ticket(ticket.id, "start")
        house.api.ticket(ticket.id, "finish")
    house.until_told(f"{late.id}/2", f"{early.id}/2")
    told = [(a.id, a.data["revision"], a.data["outcome"]) for a in house.backend.of(late.id, early.id)]
    assert told == [(f"{late.id}/1", 1, "no_show"), (f"{late.id}/2", 2, "done"), (f"{early.id}/2", 2, "done")]


def test_nothing_leads_to_a_person(house: House) -> None:
    """The class of a priority, the clerk, what was said and the token stay here."""
    priority = house.api.look()["classes"][0]["code"]
    issued = house.issue(priority=priority, assistance="sign_language", language="en")
    house.api.ticket(issued.id, "amend", reason="bà Nguyễn Thị Bí Mật")
    house.call(issued)
    house.api.ticket(issued.id, "start")
    house.api.ticket(issued.id, "hold", reason="thiếu căn cước")
    house.api.ticket(issued.id, "cancel", reason="về lấy giấy")
    house.until_told(f"{issued.id}/1")
    (attempt,) = house.backend.of(issued.id)
    ensure_nobody_is_in(attempt, [issued.token])
    assert {key for stint in attempt.data["stints"] for key in stint} == STINT
    assert attempt.data["has_priority"] is True
    text = json.dumps(attempt.record, ensure_ascii=False)
    for secret in (priority, "sign_language", "Bí Mật", "0912345678", "079123456789", "về lấy giấy"):
        assert secret not in text


# -- a backend that is unwell ------------------------------------------------------------------------------------------


def test_through_bad_hours_each_record_is_accepted_once_and_in_order(house: House) -> None:
    """A redirect is no delivery: who followed it would have lost the record."""
    a, b, c, d = (house.cancelled(*answers).id for answers in ((), (302,), (), (401,)))
    house.until_told(*ids_of(a, b, c, d))
    assert house.backend.seen(a, b, c, d) == [(a, 202), (b, 302), (b, 202), (c, 202), (d, 401), (d, 202)]
    assert house.backend.accepted(a, b, c, d) == ids_of(a, b, c, d)
    assert house.backend.followed == []


def test_who_says_503_is_asked_again_later_and_later_with_the_same_record(house: House) -> None:
    first, second = house.cancelled(503, 503).id, house.cancelled().id
    house.until_told(*ids_of(first, second))
    assert house.backend.seen(first, second) == [(first, 503), (first, 503), (first, 202), (second, 202)]
    attempts = house.backend.of(first)
    assert len({attempt.text for attempt in attempts}) == 1, "the same bytes each time"
    waits = [later.moment - one.moment for one, later in pairwise(attempts)]
    assert all(wait > least for wait, least in zip(waits, FIRST_PAUSES_S, strict=True)), waits


def test_while_connections_are_refused_records_wait(house: House) -> None:
    house.backend.close()
    refused = house.server.log.read_text().count("Connection refused")
    first, second = house.cancelled().id, house.served().id
    house.until_in_log("Connection refused", times=refused + 2)
    assert house.backend.seen(first, second) == []
    house.backend.open()
    house.until_told(*ids_of(first, second))
    assert house.backend.seen(first, second) == [(first, 202), (second, 202)]


def test_a_record_that_is_wrong_is_parked_and_the_stream_goes_on(house: House) -> None:
    a, b, c, right = (house.cancelled(*answers).id for answers in ((400,), (413,), (422,), ()))
    house.until_told(f"{right}/1")
    assert house.backend.seen(a, b, c, right) == [(a, 400), (b, 413), (c, 422), (right, 202)]
    parked = {found["id"]: found["status"] for found in house.parked()}
    assert parked == {f"{a}/1": 400, f"{b}/1": 413, f"{c}/1": 422}

    refuse_to_resend(house, f"{a}/1", "forbidden", role="clerk")
    house.backend.answers[a] = [422, 503]
    refuse_to_resend(house, f"{a}/1", "record-refused")
    refuse_to_resend(house, f"{a}/1", "record-refused")
    assert {found["id"]: found["status"] for found in house.parked()} == parked | {f"{a}/1": 422}
    for ticket in (a, b, c):
        assert house.resend(f"{ticket}/1") == {"is_delivered": True}
    assert house.parked() == []
    assert house.backend.accepted(a, b, c) == ids_of(a, b, c)
    assert len({attempt.text for attempt in house.backend.of(a)}) == 1, "the bytes that were parked"
    refuse_to_resend(house, f"{a}/1", "unknown-record")


def refuse_to_resend(house: House, record_id: str, code: str, *, role: str = "manager") -> None:
    with pytest.raises(Refused) as refused:
        house.resend(record_id, role=role)
    assert refused.value.code == code


# -- a server that dies ------------------------------------------------------------------------------------------------


def test_a_server_killed_after_the_send_sends_the_same_again(own_house: House) -> None:
    """The backend has the record, the cursor has not moved: it comes twice, under one id, and counts once."""
    house = own_house
    parked, before, doubled = house.cancelled(422).id, house.cancelled().id, house.issue().id
    house.until_told(f"{before}/1")
    is_all_done, is_killed = threading.Event(), threading.Event()
    pid = house.server.pid

    def kill() -> None:
        assert is_all_done.wait(8)
        os.kill(pid, signal.SIGKILL)
        is_killed.set()

    house.backend.at_answer[doubled] = kill
    house.api.ticket(doubled, "cancel")
    after = [house.served().id, house.no_show().id]
    is_all_done.set()
    assert is_killed.wait(30)
    assert house.backend.seen(doubled, *after) == [(doubled, 202)]
    house.restart()
    house.until_told(*ids_of(*after))
    house.until_later_is_told()
    assert house.backend.accepted(before, doubled, *after) == ids_of(before, doubled, doubled, *after)
    assert len({attempt.text for attempt in house.backend.of(doubled)}) == 1
    assert [found["id"] for found in house.parked()] == ids_of(parked), "what was parked is durable"
    house.resend(f"{parked}/1")
    assert set(house.backend.newest()) == set(house.finals())


# -- the day's books ---------------------------------------------------------------------------------------------------


def test_a_day_ends_with_a_record_that_proves_completeness(own_house: House) -> None:
    """Counts and digest recomputed from the visits that arrived; what was voided is in neither, what is parked is."""
    house = own_house
    parked = house.cancelled(422).id
    served = [house.served().id for _ in range(2)]
    voided = house.issue().id
    house.api.ticket(voided, "void")
    reinstated = house.no_show().id
    house.until_told(*ids_of(*served, reinstated))
    house.api.ticket(reinstated, "reinstate")
    waiting = [house.issue().id for _ in range(2)]
    forgotten = house.issue()
    house.call(forgotten)
    house.api.ticket(forgotten.id, "start")
    house.staff("supervisor", "POST", "/end-day", leftovers="rebook")
    day_id = f"{house.server.branch}/2026-11-23/1"
    house.until_told(day_id)

    day = house.backend.attempts[-1]
    assert (day.id, day.subject) == (day_id, f"{house.server.branch}/2026-11-23"), "after every visit of its day"
    assert set(day.data) == DAY
    assert day.data["outcomes"] == {"cancelled": 1, "done": 2, "forgotten": 1, "rebooked": 3}
    assert day.data["visits"] == 7
    assert day.data["digest"] != digest_of(visits_at(house)), "one is parked, and that shows"
    house.resend(f"{parked}/1")
    visits = visits_at(house)
    assert day.data["outcomes"] == Tally(str(visit.data["outcome"]) for visit in visits)
    assert day.data["digest"] == digest_of(visits)
    assert {visit.subject for visit in visits} == {parked, *served, reinstated, *waiting, forgotten.id}
    assert {visit.data["service_day"] for visit in visits} == {day.data["service_day"]} == {"2026-11-23"}
    assert [visit.id for visit in visits if visit.revision > 1] == [f"{reinstated}/2"]
    assert [visit.subject for visit in visits if visit.data["is_inexact"]] == [forgotten.id]
    in_order = [a.subject for a in house.backend.attempts if a.id not in (day_id, f"{reinstated}/1")]
    assert in_order == [*house.finals(), parked]


def visits_at(house: House) -> list[Attempt]:
    """What the backend keeps."""
    return [kept for kept in house.backend.newest().values() if kept.record["type"] == "vn.layso.visit.v1"]


def digest_of(visits: list[Attempt]) -> str:
    lines = sorted(f"{visit.id} {visit.data['outcome']}" for visit in visits)
    return sha256("\n".join(lines).encode()).hexdigest()
