"""Who has a ticket's token: follows it, knows how far it is, postpones and cancels it, and may do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

import pytest

from queue_server.web import dispatch
from tests.contract.test_wire import hear, say, talking
from tests.contract.wire_server import WireServer
from tests.server import Api, DemoServer, Refused, Ticket
from tests.staff import StaffApi

HOLDERS = {"postpone", "cancel", "rate"}
"""Written by hand from the brief of the citizen's page."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireServer]:
    with WireServer(tmp_path_factory.mktemp("holder"), "direct") as found:
        yield found


@pytest.fixture
def phone(server: WireServer) -> Api:
    """Nobody that has signed in."""
    return server.api("nobody")


def do(phone: Api, ticket: Ticket, name: str, *, token: str = "", key: str | None = None, **headers: str) -> Any:
    path = f"/api/v1/tickets/{ticket.id}/{name}"
    return phone.request("POST", path, {}, key=key, Ticket_Token=token or ticket.token, **headers)[1]


def state_of(server: WireServer, ticket: Ticket) -> str:
    found: str = server.api().follow(ticket.id)["state"]
    return found


# -- what may be done --------------------------------------------------------------------------------------------------


def test_a_citizen_cancels_and_the_journal_says_so(server: WireServer, phone: Api) -> None:
    ticket = server.api().issue("dat-dai")
    answer = do(phone, ticket, "cancel")
    assert (answer["id"], answer["number"], answer["state"]) == (ticket.id, ticket.number, "cancelled")
    assert state_of(server, ticket) == "cancelled"


def test_a_called_citizen_postpones_as_often_as_is_allowed(server: WireServer) -> None:
    api, phone = server.api(), server.api("nobody", language="en")
    ticket = api.issue("dat-dai")
    api.counter(4, "open")
    api.ticket(ticket.id, "call", counter=4)
    assert do(phone, ticket, "postpone")["not_before"]
    assert state_of(server, ticket) == "waiting"
    do(phone, ticket, "postpone")
    with pytest.raises(Refused, match="times today, which is the limit") as refused:
        do(phone, ticket, "postpone")
    assert refused.value.code == "limit-reached"
    api.counter(4, "close")


def test_a_press_that_is_sent_twice_happens_once(server: WireServer, phone: Api) -> None:
    ticket, key = server.api().issue("dat-dai"), uuid4().hex
    assert do(phone, ticket, "postpone", key=key) == do(phone, ticket, "postpone", key=key)
    with talking(server, None) as line:
        say(line, "subscribe", channel=f"ticket:{ticket.token}")
        row = hear(line, "snapshot")["data"]["ticket"][ticket.id]
    assert (row["postpones_left"], row["postpone_s"], row["state"]) == (1, 900, "waiting")
    assert row["not_before"]


@pytest.mark.parametrize("name", sorted(set(dispatch.TICKET_COMMANDS) - HOLDERS))
def test_nothing_else_may_be_done(server: WireServer, phone: Api, name: str) -> None:
    ticket = server.api().issue("dat-dai")
    with pytest.raises(Refused) as refused:
        do(phone, ticket, name)
    assert refused.value.code == "forbidden"


@pytest.mark.parametrize("name", sorted(HOLDERS))
def test_a_token_is_no_right_to_another_ticket(server: WireServer, phone: Api, name: str) -> None:
    mine, other = server.api().issue("dat-dai"), server.api().issue("dat-dai")
    for token, code in ((mine.token, "unauthenticated"), (f"{other.id}.0123456789abcdef", "unknown-ticket")):
        with pytest.raises(Refused) as refused:
            do(phone, other, name, token=token)
        assert refused.value.code == code
    assert state_of(server, other) == "waiting"


def test_another_sites_page_may_not_use_a_token(server: WireServer, phone: Api) -> None:
    ticket = server.api().issue("dat-dai")
    with pytest.raises(Refused) as refused:
        do(phone, ticket, "cancel", Origin="https://example.org")
    assert refused.value.code == "wrong-origin"
    do(phone, ticket, "cancel", Origin=server.url)


def test_no_words_of_a_citizens_are_taken(server: WireServer, phone: Api) -> None:
    ticket = server.api().issue("dat-dai")
    path, words = f"/api/v1/tickets/{ticket.id}/cancel", "Nguyen Van A 0901234567"
    phone.request("POST", path, {"reason": words}, Ticket_Token=ticket.token)
    assert state_of(server, ticket) == "cancelled"
    server.stop()
    try:
        kept = b"".join(file.read_bytes() for file in server.data.rglob("*") if file.is_file())
    finally:
        server.start()
    assert ticket.id.encode() in kept
    assert words.encode() not in kept


# -- how far it is -----------------------------------------------------------------------------------------------------


def people_ahead(server: WireServer, ticket: Ticket) -> Any:
    with talking(server, None) as line:
        say(line, "subscribe", channel=f"ahead:{ticket.token}")
        return hear(line, "snapshot")["data"]["people"]


def test_people_ahead_are_those_who_were_told_and_priority_comes_first(server: WireServer) -> None:
    api = server.api()
    first, second = api.issue("kinh-doanh"), api.issue("kinh-doanh")
    assert people_ahead(server, first) == first.people_ahead
    assert people_ahead(server, second) == second.people_ahead == (first.people_ahead or 0) + 1
    before = api.issue("kinh-doanh", priority="NKT")
    assert people_ahead(server, before) == before.people_ahead
    assert people_ahead(server, second) == second.people_ahead + 1
    api.ticket(first.id, "cancel")
    assert people_ahead(server, second) == second.people_ahead
    assert people_ahead(server, first) is None


def test_every_phone_of_a_ticket_hears_the_newest(server: WireServer) -> None:
    """Also one that had its figure before another phone came and got a newer one."""
    api = server.api()
    first, second = api.issue("ho-tich"), api.issue("ho-tich")
    with talking(server, None) as line, talking(server, None) as other:
        say(line, "subscribe", channel=f"ahead:{second.token}")
        assert hear(line, "snapshot")["data"] == {"people": 1, "wait": None}
        api.ticket(first.id, "cancel")
        say(other, "subscribe", channel=f"ahead:{second.token}")
        assert hear(other, "snapshot")["data"]["people"] == 0
        assert hear(line, "snapshot", within_s=4.0)["data"]["people"] == 0


def test_a_phone_hears_nothing_of_what_happens_behind_it(server: WireServer) -> None:
    api = server.api()
    ticket = api.issue("ho-tich")
    with talking(server, None) as line:
        say(line, "subscribe", channel=f"ahead:{ticket.token}")
        hear(line, "snapshot")
        for _ in range(5):
            api.issue("ho-tich")
        assert hear(line, "snapshot", "beat", within_s=8.0)["type"] == "beat"


@pytest.mark.parametrize("token", ["nonsense", "0123.forged", "sớm.0123456789abcdef"])
def test_only_the_token_tells_it(server: WireServer, token: str) -> None:
    with talking(server, None) as line:
        say(line, "subscribe", channel=f"ahead:{token}")
        assert hear(line, "error")["problem"]["code"] == "unknown-ticket"


def test_the_tickets_channel_says_why_its_own_field_is_suspended(server: WireServer) -> None:
    ticket, staff = server.api().issue("kinh-doanh"), StaffApi(server.url, "tam")
    with talking(server, None) as line:
        say(line, "subscribe", channel=f"ticket:{ticket.token}")
        rows = hear(line, "snapshot")["data"]
        assert set(rows["fields"]) == {"kinh-doanh"}
        assert len(rows["day"]) == 1
        staff.branch_command("suspend", field="dat-dai", reason={"vi": "Việc khác"})
        staff.branch_command("suspend", field="kinh-doanh", reason={"vi": "Mất điện"})
        ((table, code, row),) = hear(line, "event")["changes"]
    assert (table, code, row["suspended"]["vi"]) == ("fields", "kinh-doanh", "Mất điện")
    for field in ("dat-dai", "kinh-doanh"):
        staff.branch_command("unsuspend", field=field)


# -- the page ----------------------------------------------------------------------------------------------------------


def get(server: DemoServer, path: str) -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path, headers={"Accept": "text/html"})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, answer.read().decode()
    finally:
        connection.close()


def test_the_page_is_told_to_nobody(server: WireServer) -> None:
    ticket = server.api().issue("dat-dai")
    for path, status in ((f"/t/{ticket.token}", 200), ("/t/nothing", 404), (f"/t/{ticket.id}.0123456789abcdef", 404)):
        found, headers, html = get(server, path)
        assert found == status
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-robots-tag"] == "noindex, nofollow"
        assert headers["cache-control"] == "no-store"
        assert "http" not in html.replace("https://schema", "")
    assert "Số này không còn hiệu lực" in html
    assert "This number is no longer valid" in html


def test_a_rebooked_ticket_is_found_by_either_paper_on_both_days(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The first paper's token and that of the paper with the new day's number."""
    today, tomorrow = "2026-11-23T08:00:00+07:00", "2026-11-24T08:00:00+07:00"
    with DemoServer(tmp_path_factory.mktemp("day-1"), "--clock-start", today) as first:
        old = first.api().issue("dat-dai").token
        StaffApi(first.url, "quang").branch_command("end-day", leftovers="rebook")
        assert get(first, f"/t/{old}")[0] == 200
    with DemoServer(tmp_path_factory.mktemp("day-2"), "--clock-start", tomorrow, data=first.data) as second:
        status, headers, _ = get(second, f"/t/{old}?lang=en")
        new = headers["location"].partition("?")[0]
        assert (status, headers["location"]) == (303, f"{new}?lang=en")
        assert headers["referrer-policy"] == "no-referrer"
        status, _, html = get(second, new)
        assert (status, "K001" in html) == (200, True)
    with DemoServer(
        tmp_path_factory.mktemp("day-3"), "--clock-start", "2026-11-23T12:00:00+07:00", data=first.data
    ) as evening:
        status, headers, _ = get(evening, new)
        assert (status, headers["location"]) == (303, f"/t/{old}")
