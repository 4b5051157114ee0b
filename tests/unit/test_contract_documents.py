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
from tests.unit.test_rights import ROLES, ROWS

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
        is_entering = path.startswith(("/session", "/pairings", "/devices")) and not path.endswith("/confirm")
        is_reading = method == "GET" or path.endswith("/visits/export")
        assert has_key == (not is_reading and not is_entering), (method, path)


def named(needs: str) -> set[str]:
    """The roles of a sentence: "clerk, helper or integration; or who has the ticket's token"."""
    found = set(re.split(", | or |; or ", needs))
    return {"holder" if role == "who has the ticket's token" else role for role in found}


@pytest.mark.parametrize("row", [row for row in ROWS if not row[0].endswith(":")], ids=lambda row: row[0])
def test_a_commands_operation_names_who_may_give_it(row: list[str]) -> None:
    """By the matrix that is written by hand."""
    command, *marks = row
    path = "/branches/{branch}/tickets" if command == "issue" else f"/{command}"
    found = [said["post"] for address, said in openapi.document()["paths"].items() if address.endswith(path)]
    may = {role for role, mark in zip(ROLES, marks, strict=True) if mark == "+"}
    for operation in [one for one in found if one["tags"][0] in ("tickets", "counters", "branches")]:
        assert named(operation["description"].removeprefix("Needs: ").rstrip(".")) == may


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
    for kind, *marks in [row for row in ROWS if row[0].endswith(":")]:
        may = {role for role, mark in zip(ROLES, marks, strict=True) if mark == "+"}
        everybody = "nobody in particular" if may == set(ROLES) else None
        own = {"printer"} if kind == "printer:" else may
        assert said[kind[:-1]] == everybody or named(said[kind[:-1]]) == own
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
