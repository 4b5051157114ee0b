"""Who may do what: `rights.txt`, by hand, and every cell of it asked of a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from queue_server.access import rights
from queue_server.domain import commands as c
from queue_server.web import dispatch
from queue_server.web.application import routes
from queue_server.web.contract import openapi
from tests.contract.asking_rights import ADMINISTRATOR, Answered, Asked, Hall, Who, sign
from tests.contract.rights_server import FREE, RightsServer
from tests.rights import CHANNELS, COMMANDS, ROLES, ROWS, Row
from tests.server import Api
from tests.staff import StaffApi, sign_in

GENERIC = {
    "/api/v1/branches/{branch}/counters/{no}/{name}",
    "/api/v1/tickets/{id}/{name}",
    "/api/v1/branches/{branch}/{name}",
    "/api/v1/branches/{branch}/tickets",
}
"""Addresses of commands."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OTHERS = [row for row in ROWS if row.kind in (*METHODS, "MOUNT")]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with RightsServer(tmp_path_factory.mktemp("rights")) as server:
        found = Hall(server)
        yield found
        found.close()


def is_documented(path: str, method: str, answered: Answered) -> bool:
    """Whether the published document says that this may be answered."""
    of_the_api = openapi.document()["paths"].get(path.removeprefix("/api/v1"), {}) if path.startswith("/api/") else {}
    said = of_the_api.get(method.lower())
    if said is None or path == "/api/v1/openapi.json":
        return True
    status, code = answered
    responses = said["responses"]
    return str(status) in responses and (not code or code in responses[str(status)]["description"].split(", "))


@pytest.mark.parametrize("row", OTHERS, ids=str)
def test_a_request_is_let_in_or_refused(hall: Hall, row: Row) -> None:
    method = "GET" if row.kind == "MOUNT" else row.kind
    found: dict[Who, str] = {}
    for who in row.signs:
        if row.subject == "/sse/v1":
            answered = hall.stream(who, "channel=board:go-vap")
        else:
            answered = hall.ask(who, method, hall.asked(row.kind, row.subject, who))
        assert is_documented(row.subject, method, answered), (who, answered)
        found[who] = sign(*answered)
    assert found == row.signs


@pytest.mark.parametrize("row", [row for row in OTHERS if row.kind == "GET" and row.subject != "/sse/v1"], ids=str)
def test_head_says_no_more_than_get(hall: Hall, row: Row) -> None:
    for who, expected in row.signs.items():
        if expected != "+":
            assert sign(*hall.ask(who, "HEAD", hall.asked(row.kind, row.subject, who))) == expected, who


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_let_in_or_refused(hall: Hall, name: str) -> None:
    """By HTTP, where there is no address for what only the server gives itself, and by WebSocket."""
    row = COMMANDS[name]
    path, args = hall.command(name)
    is_from_outside = name in dispatch.DECODERS
    template = next((one for one in openapi.document()["paths"] if one.endswith(f"/{name}")), "")
    for who, expected in row.signs.items():
        answered = hall.ask(who, "POST", Asked(path, args))
        assert sign(*answered) == (expected if is_from_outside else "4"), (who, answered)
        assert not template or is_documented(f"/api/v1{template}", "POST", answered), (who, answered)
        answered = hall.give(who, name, hall.framed(name))
        assert sign(*answered) == ("1" if who[0] == "holder" else expected), (who, answered)


@pytest.mark.parametrize("kind", CHANNELS)
def test_a_channel_is_shown_or_refused(hall: Hall, kind: str) -> None:
    channel = hall.channel(kind)
    for who, expected in CHANNELS[kind].signs.items():
        assert sign(*hall.follow(who, channel)) == expected, who
        assert sign(*hall.stream(who, f"channel={channel}")) == expected, who


def test_only_a_lobby_screen_reports_how_it_is(hall: Hall) -> None:
    row = next(row for row in ROWS if str(row) == "frame report")
    for who, expected in row.signs.items():
        assert sign(*hall.report(who)) == expected, who
        assert sign(*hall.stream(who, "report={}")) == expected, who


def test_everybody_is_let_into_the_socket(hall: Hall) -> None:
    row = next(row for row in ROWS if row.kind == "WS")
    for who, expected in row.signs.items():
        assert hall.socket(who).subprotocol == "layso.v1"
        assert expected == "+"


# -- nothing else ------------------------------------------------------------------------------------------------------


def test_every_method_that_is_not_in_the_matrix_is_refused(hall: Hall) -> None:
    listed = {(row.kind, row.subject) for row in OTHERS}
    for subject in {row.subject for row in OTHERS if row.kind != "MOUNT"}:
        for method in METHODS:
            path = hall.asked(method, subject, ADMINISTRATOR).path
            if (method, subject) not in listed:
                assert hall.ask(ADMINISTRATOR, method, Asked(path))[0] in (404, 405), (method, subject)


@pytest.mark.parametrize("path", ["/admin/none", "/api/v1/nothing", "/api/v2/branches", "/api/v1/branches/go-vap/x/y"])
def test_an_address_that_is_not_in_the_matrix_is_none(hall: Hall, path: str) -> None:
    for method in METHODS:
        assert hall.ask(ADMINISTRATOR, method, Asked(path))[0] in (404, 405)


def test_every_role_is_in_the_matrix() -> None:
    assert set(ROLES) == {role.value for role in rights.Role}


def test_every_route_is_in_the_matrix_and_the_other_way_round() -> None:
    served = {one for one in _served(routes()) if one[1] not in GENERIC}
    assert served == {(row.kind, row.subject) for row in ROWS if row.kind in (*METHODS, "MOUNT", "WS")}


def test_every_command_is_in_the_matrix_and_the_other_way_round() -> None:
    assert set(COMMANDS) == {c.name_of(kind) for kind in _kinds(c.Command) if c.name_of(kind)}  # type: ignore[arg-type]
    assert {name for name, row in COMMANDS.items() if row.roles()} == set(dispatch.DECODERS)


def test_every_channel_is_in_the_matrix_and_the_other_way_round() -> None:
    assert set(CHANNELS) == set(rights.CHANNELS)


def _served(found: list[BaseRoute], under: str = "") -> Iterator[tuple[str, str]]:
    for route in found:
        path = under + re.sub(r":\w+}", "}", getattr(route, "path", ""))
        if isinstance(route, Mount):
            yield from _served(list(route.routes), path) if route.routes else [("MOUNT", path)]
        elif isinstance(route, WebSocketRoute):
            yield "WS", path
        else:
            assert isinstance(route, Route), f"{route} is of a kind that this test does not know"
            yield from ((method, path) for method in (route.methods or METHODS) if method != "HEAD")


def _kinds(of: type[c.Command]) -> Iterator[type[c.Command]]:
    """Those that are given: neither the bases, nor what a client's is made of."""
    for kind in of.__subclasses__():
        if kind.__module__ == c.__name__ and kind.__struct_config__.tag != kind.__name__:
            yield kind
        yield from _kinds(kind)


# -- what one line cannot say ------------------------------------------------------------------------------------------


def test_a_clerk_calls_a_ticket_out_of_turn_only_where_the_branch_lets_clerks(hall: Hall) -> None:
    api = Api(hall.server.url, hall.server.tokens["integration-whole"], branch=FREE)
    ticket = api.issue("dat-dai")
    cookie = {"Cookie": sign_in(hall.server.url, "clerk-free")}
    clerk = Api(hall.server.url, branch=FREE)
    clerk.request("POST", f"/api/v1/branches/{FREE}/counters/4/open", **cookie)
    called = clerk.request("POST", f"/api/v1/tickets/{ticket.id}/call", {"counter": 4}, **cookie)[1]
    assert called["state"] == "called"
    why = clerk.request("GET", f"/api/v1/tickets/{ticket.id}/calls", **cookie)[1]["calls"][0]
    assert (why["rule"], why["reason"]) == ("by-hand", "chosen")


def test_a_branchs_manager_sees_its_own_devices_and_the_organisations_sees_all(hall: Hall) -> None:
    def seen(situation: str) -> set[str]:
        found = StaffApi(hall.server.url, f"manager-{situation}").get("/devices")["devices"]
        return {device["branch"] for device in found}

    assert (seen("own"), seen("other")) == ({"go-vap"}, {"go-vap-b"})
    assert seen("whole") == {"go-vap", "go-vap-b", None}
