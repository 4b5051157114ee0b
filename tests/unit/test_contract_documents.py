"""The published contract names every route and every frame, and is itself valid."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Mount, Route

from queue_server.protocol.problems import PROBLEMS
from queue_server.web import dispatch
from queue_server.web.api import commands
from queue_server.web.application import routes
from queue_server.web.contract import asyncapi, openapi
from tests import rights
from tests.rights import CHANNELS, ROLES, ROWS

GENERIC = {
    "/branches/{branch}/counters/{no}/{name}": dispatch.COUNTER_COMMANDS,
    "/tickets/{id}/{name}": dispatch.TICKET_COMMANDS,
    "/branches/{branch}/{name}": commands.NAMED,
}
UNDOCUMENTED = {"/openapi.json", "/asyncapi.json"}

FRAMES = {
    "subscribe", "unsubscribe", "command", "report", "welcome", "snapshot", "event", "beat", "result", "error",
    "order", "goodbye",
}  # fmt: skip
"""Written from the architecture, section 5; and what a lobby screen says of itself and is ordered to do, and how a
stream of events ends."""


WHERE_THE_BRANCH_LETS_THEM = {"call": {"clerk"}}


def served() -> set[tuple[str, str]]:
    api = next(route for route in routes() if isinstance(route, Mount) and route.path == "/api/v1")
    found: set[tuple[str, str]] = set()
    for route in api.routes:
        assert isinstance(route, Route)
        path = re.sub(r":\w+}", "}", route.path)
        for method in (route.methods or set()) - {"HEAD"}:
            names = GENERIC.get(path)
            concrete = [path] if names is None else [path.replace("{name}", name) for name in names]
            found |= {(method, one) for one in concrete}
    return {(method, path) for method, path in found if path not in UNDOCUMENTED}


def documented() -> set[tuple[str, str]]:
    paths = openapi.document()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def test_every_route_is_documented_and_every_operation_is_served() -> None:
    assert documented() == served()


def test_every_path_parameter_is_described() -> None:
    for path, methods in openapi.document()["paths"].items():
        for operation in methods.values():
            described = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert described == set(re.findall(r"{(\w+)}", path))


def test_every_change_needs_a_key() -> None:
    """Looking up what is kept of a visit is none; it is asked in a body, so that no token stands in an address."""
    for method, path in served():
        operation = openapi.document()["paths"][path][method.lower()]
        has_key = any(p["name"] == "Idempotency-Key" for p in operation["parameters"])
        entering = ("/session", "/account", "/pairings", "/devices")
        is_entering = path.startswith(entering) and not path.endswith("/confirm")
        is_reading = method == "GET" or path.endswith("/visits/export")
        assert has_key == (not is_reading and not is_entering), (method, path)


def named(needs: str) -> set[str]:
    """The roles of a sentence: "clerk, helper or integration; or who has the ticket's token"."""
    found = set(re.split(", | or |; or ", needs))
    return {"holder" if role == "who has the ticket's token" else role for role in found}


def addresses(row: rights.Row) -> set[str]:
    """Where it is documented: a command at any address that ends with its name."""
    paths = openapi.document()["paths"]
    if row.kind != "command":
        return {row.subject.removeprefix("/api/v1")} & set(paths) if row.subject.startswith("/api/") else set()
    path = "/branches/{branch}/tickets" if row.subject == "issue" else f"/{row.subject}"
    return {address for address in paths if address.endswith(path) and "{" in address and "post" in paths[address]}


@pytest.mark.parametrize("row", [row for row in ROWS if row.kind not in ("channel", "frame", "WS", "MOUNT")], ids=str)
def test_an_operation_names_who_may(row: rights.Row) -> None:
    """By the matrix that is written by hand."""
    method = "post" if row.kind == "command" else row.kind.lower()
    for address in addresses(row):
        said = openapi.document()["paths"][address][method]["description"]
        if "nobody in particular" in said:
            assert row.roles() == set(ROLES)
        else:
            also = WHERE_THE_BRANCH_LETS_THEM.get(row.subject, set())
            let_in = row.roles() or {role for (role, _), sign in row.signs.items() if sign == "4"}
            assert named(said.removeprefix("Needs: ").rstrip(".")) == let_in | also


def test_every_operation_says_what_it_accepts() -> None:
    """Those that are not behind the matrix, by hand."""
    document = openapi.document()
    assert "security" not in document
    accepted = {
        f"{method.upper()} {path}": [next(iter(scheme), "") for scheme in operation["security"]]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {where: schemes for where, schemes in accepted.items() if not schemes or "" in schemes} == {
        "GET /branches": ["", "bearer", "session"],
        "GET /branches/suggest": ["", "bearer", "session"],
        "GET /branches/{branch}": ["", "bearer", "session"],
        "GET /branches/{branch}/board": ["", "bearer", "session"],
        "GET /branches/{branch}/events": ["", "bearer", "session"],
        "GET /branches/{branch}/procedures": ["", "bearer", "session"],
        "GET /branches/{branch}/fields/{field}/another-day": ["", "bearer", "session"],
        "GET /me": ["", "bearer", "session"],
        "POST /session": [],
        "DELETE /session": ["", "session"],
        "POST /session/device": [],
        "POST /pairings": [],
        "POST /pairings/collect": [],
    }
    holders = {where for where, schemes in accepted.items() if "ticketToken" in schemes}
    assert holders == {
        "GET /tickets/{id}", "DELETE /tickets/{id}", "POST /tickets/{id}/cancel", "POST /tickets/{id}/postpone",
        "POST /tickets/{id}/rate",
    }  # fmt: skip
    assert accepted["POST /branches/{branch}/end-day"] == ["session"]
    assert accepted["POST /branches/{branch}/tickets"] == ["bearer", "session"]
    schemes = {scheme for named in accepted.values() for scheme in named if scheme}
    assert schemes == set(document["components"]["securitySchemes"])


def test_a_socket_says_how_to_show_who_asks_and_who_may_follow_what() -> None:
    document = asyncapi.document()
    ways = [reference["$ref"].rpartition("/")[2] for reference in document["servers"]["this"]["security"]]
    assert ways == list(document["components"]["securitySchemes"]) == ["bearer", "session"]
    said = {name.partition(":")[0]: channel["needs"] for name, channel in document["x-channels"].items()}
    for kind, row in CHANNELS.items():
        everybody = "nobody in particular" if row.roles() == set(ROLES) else None
        assert said[kind] == everybody or named(said[kind]) == row.roles()
    for word in ("Authorization: Bearer", "session cookie", "`nobody`", "4401", "4403", "ticket:TOKEN"):
        assert word in document["info"]["description"]


@pytest.mark.parametrize("document", [openapi.document(), asyncapi.document()], ids=["openapi", "asyncapi"])
def test_schemas_are_valid_and_references_resolve(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document)):
        assert reference in schemas


def test_asyncapi_lists_the_frames_of_the_architecture() -> None:
    document = asyncapi.document()
    assert set(document["components"]["messages"]) == FRAMES
    assert set(document["x-commands"]) == {
        *dispatch.TICKET_COMMANDS, *dispatch.COUNTER_COMMANDS, *dispatch.BRANCH_COMMANDS,
    }  # fmt: skip


def test_a_stream_of_events_carries_what_a_socket_tells_and_takes_nothing() -> None:
    document = asyncapi.document()
    stream, socket = document["channels"]["stream"], document["channels"]["socket"]
    assert (stream["address"], socket["address"]) == ("/sse/v1", "/ws/v1")
    assert set(stream["messages"]) == FRAMES - {"subscribe", "unsubscribe", "command", "report"}
    assert set(socket["messages"]) == FRAMES
    of_stream = [one for one in document["operations"].values() if one["channel"]["$ref"].endswith("stream")]
    assert [one["action"] for one in of_stream] == ["send"]


def test_every_problem_has_both_sentences() -> None:
    for code, said in PROBLEMS.items():
        assert said.vi, code
        assert said.en, code
        assert set(re.findall(r"{(\w+)}", said.vi)) == set(re.findall(r"{(\w+)}", said.en)), code


def test_the_documents_name_no_path_of_this_machine() -> None:
    text = json.dumps([openapi.document(), asyncapi.document()])
    assert str(Path.cwd()) not in text
