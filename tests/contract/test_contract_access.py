"""What comes before rights, over HTTP: who asks is looked at first, a token that is none is told so, and a branch that
is none is unknown to everybody. Who may do what is in `rights.txt`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

import pytest
from msgspec import Struct

from queue_server.web.contract import openapi
from tests.contract.wire_server import WireServer
from tests.demo_server import ACCOUNTS, BRANCH
from tests.printing import job_of
from tests.server import Refused
from tests.staff import StaffApi, sign_in

DEVICES = ("integration", "dispenser", "display", "printer", "rating")
USERS = {role.value: username for username, (role, _, _) in ACCOUNTS.items()}
HOLDER = "who has the ticket's token"

SLIP = "H29.17-261120-0001"
HOURS = {"working": [[450, 690]], "issuing": [[450, 690]]}
FORESEEN = {
    "fields": ["dat-dai"],
    "at": datetime.now(UTC).isoformat(),
    "until": (datetime.now(UTC) + timedelta(hours=2)).isoformat(),
    "people": 12.0,
    "without_s": 900,
    "with_s": 600,
}
BODIES: dict[str, dict[str, Any]] = {
    "/branches/{branch}/tickets": {"field": "ho-tich"},
    "/branches/{branch}/counters/{no}/assign": {"fields": ["dat-dai"]},
    "/branches/{branch}/counters/{no}/move": {"to": 2},
    "/tickets/{id}/call": {"counter": 4},
    "/tickets/{id}/rate": {"level": "satisfied"},
    "/tickets/{id}/transfer": {"field": "dat-dai"},
    "/tickets/{id}/note": {"text": "Thiếu bản sao"},
    "/tickets/{id}/record-dossiers": {"codes": [SLIP]},
    "/branches/{branch}/enter-list": {
        "lines": [{"number": "A901", "field": "chung-thuc", "arrival_at": datetime.now(UTC).isoformat()}]
    },
    "/branches/{branch}/report-paper": {"job": "none", "outcome": "printed"},
    "/branches/{branch}/answer-help": {"device": "nobody"},
    "/branches/{branch}/raise-alarm": {"counter": 2},
    "/branches/{branch}/answer-alarm": {"counter": 2},
    "/branches/{branch}/report-call": {"call": 1},
    "/branches/{branch}/suspend": {"field": "ho-tich", "reason": {"vi": "Mất điện"}},
    "/branches/{branch}/unsuspend": {"field": "ho-tich"},
    "/branches/{branch}/change-hours": {"hours": HOURS, "reason": {"vi": "Tập huấn"}, "field": "dat-dai"},
    "/branches/{branch}/take-advice": {
        "kind": "lend",
        "lender": "thu-duc",
        "fields": ["dat-dai"],
        "foreseen": FORESEEN,
    },
    "/branches/{branch}/slips": {"slips": [{"code": SLIP, "version": 1, "field": "tra-ket-qua", "state": "ready"}]},
    "/branches/{branch}/notices": {"version": 1, "notices": []},
    "/session": {"username": "nobody", "password": "wrong"},
    "/session/device": {"token": "wrong"},
    "/pairings": {"kind": "display"},
    "/pairings/collect": {"code": "000000", "secret": "wrong"},
    "/pairings/confirm": {"code": "000000", "name": "Máy", "branch": BRANCH},
    "/devices/{id}": {"printer": None},
    "/account/password": {"old": "wrong", "new": "mười hai chữ"},
    "/account/second-factor": {"code": "000000"},
    "/staff": {"username": "?", "name": "Bình", "role": "clerk", "branch": BRANCH},
    "/staff/{username}": {"name": "Bình", "role": "clerk", "branch": BRANCH},
    "/postings": {
        "account": "nobody",
        "branch": BRANCH,
        "role": "clerk",
        "first_day": "2026-11-30",
        "last_day": "2026-12-31",
    },
    "/programs": {"name": "Hệ thống hồ sơ", "branch": BRANCH},
}
"""What each operation takes, so that nothing is wrong but who asks; the others take an empty body."""


class Doing(Struct, frozen=True):
    """One documented operation."""

    method: str
    path: str
    said: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def security(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.said["security"]
        return found

    @property
    def is_secured(self) -> bool:
        return bool(self.security) and {} not in self.security

    @property
    def schemes(self) -> set[str]:
        return {name for alternative in self.security for name in alternative}

    @property
    def roles(self) -> set[str]:
        """Those whom the description names; everybody's operation names none."""
        named = re.split(", | or |; or ", self.said["description"].removeprefix("Needs: ").rstrip("."))
        return {"holder" if name == HOLDER else name for name in named}

    def codes(self, status: int) -> list[str]:
        return str(self.said["responses"].get(str(status), {"description": ""})["description"]).split(", ")


OPERATIONS = [
    Doing(method.upper(), path, said)
    for path, methods in openapi.document()["paths"].items()
    for method, said in methods.items()
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireServer]:
    with WireServer(tmp_path_factory.mktemp("access"), "direct") as found:
        yield found


@pytest.fixture(scope="module")
def ids(server: WireServer) -> dict[str, str]:
    ticket = server.api("dispenser").issue("ho-tich")
    return {
        "branch": BRANCH,
        "field": "ho-tich",
        "no": "4",
        "id": ticket.id,
        "job": job_of(ticket),
        "date": "2026-11-23",
        "token": ticket.token,
        "code": SLIP,
        "username": "nobody",
        "session": "nobody",
    }


@pytest.fixture(scope="module")
def shown(server: WireServer, ids: dict[str, str]) -> dict[str, dict[str, str]]:
    """What each role shows, as headers."""
    return {
        **{role: {"Authorization": f"Bearer {server.tokens[role]}"} for role in DEVICES},
        **{role: {"Cookie": sign_in(server.url, username)} for role, username in USERS.items()},
        "holder": {"Ticket-Token": ids["token"]},
    }


def given_to(doing: Doing) -> dict[str, Any]:
    if str(doing) == "DELETE /account/second-factor":
        return {"password": "wrong"}
    return BODIES.get(doing.path, {})


def ask(server: WireServer, doing: Doing, ids: dict[str, str], **headers: str) -> tuple[int, str]:
    """Status, and the code of a problem; each problem is one that the document lists."""
    known = ids | {"id": "nobody"} if doing.path.startswith(("/devices", "/postings")) else ids
    path = re.sub(r"{(\w+)}", lambda part: known[part[1]], doing.path)
    given = {"Idempotency-Key": uuid4().hex, **headers}
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        body = None if doing.method == "GET" else json.dumps(given_to(doing))
        connection.request(doing.method, f"/api/v1{path}", body, given)
        answer = connection.getresponse()
        status, content = answer.status, answer.read()
    finally:
        connection.close()
    assert str(status) in doing.said["responses"], (str(doing), status, content)
    code = json.loads(content)["code"] if status >= 400 else ""
    assert not code or code in doing.codes(status), (str(doing), status, code)
    return status, code


@pytest.mark.parametrize("doing", OPERATIONS, ids=str)
def test_nobody_is_asked_who_it_is_where_the_document_says_so(
    server: WireServer, ids: dict[str, str], doing: Doing
) -> None:
    """First of all: before the key, the body, the branch and the ticket are looked at."""
    nothing = {name: "nothing" if name != "no" else "99" for name in ids}
    for known in (ids, nothing):
        for headers in ({}, {"Idempotency-Key": ""}, {"Cookie": "__Host-layso=ended"}):
            found = ask(server, doing, known, **headers)
            assert (found == (401, "unauthenticated")) == doing.is_secured


@pytest.mark.parametrize("doing", [one for one in OPERATIONS if one.is_secured], ids=str)
def test_a_token_that_is_none_is_told_so(server: WireServer, ids: dict[str, str], doing: Doing) -> None:
    for authorization in ("Bearer nonsense", "Basic dXNlcjpwYXNz"):
        assert ask(server, doing, ids, Authorization=authorization) == (401, "wrong-token")


SCHEMES = {
    **{role: {"bearer", "session"} for role in DEVICES},
    **{role: {"session"} for role in USERS},
    "holder": {"ticketToken", "ticketTokenInQuery"},
}
"""How each role can say who it is."""


@pytest.mark.parametrize("doing", [one for one in OPERATIONS if one.is_secured], ids=str)
def test_an_operation_accepts_what_its_roles_can_show(doing: Doing) -> None:
    assert doing.schemes == set().union(*(SCHEMES[role] for role in doing.roles))


def test_a_tickets_token_may_be_in_the_address(server: WireServer, ids: dict[str, str]) -> None:
    follow = next(one for one in OPERATIONS if str(one) == "GET /tickets/{id}")
    assert ask(server, follow, {**ids, "id": f"{ids['id']}?token={ids['token']}"}) == (200, "")


@pytest.mark.parametrize("doing", [one for one in OPERATIONS if "{branch}" in one.path], ids=str)
def test_a_branch_that_is_none_is_unknown_to_whoever_asks(
    server: WireServer, ids: dict[str, str], shown: dict[str, dict[str, str]], doing: Doing
) -> None:
    for headers in shown.values():
        expected = (
            (401, "unauthenticated") if "Ticket-Token" in headers and doing.is_secured else (404, "unknown-branch")
        )
        assert ask(server, doing, {**ids, "branch": "nowhere"}, **headers) == expected


def test_no_device_is_let_in_at_a_branch_that_is_none(server: WireServer) -> None:
    admin = StaffApi(server.url, "admin")
    code = admin.post("/pairings", kind="display")["code"]
    with pytest.raises(Refused) as refused:
        admin.post("/pairings/confirm", code=code, name="Máy", branch="nowhere")
    assert refused.value.code == "unknown-branch"
    assert all(device["branch"] == BRANCH for device in admin.get("/devices")["devices"])
