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

GENERIC = {
    "/branches/{branch}/counters/{no}/{name}": dispatch.COUNTER_COMMANDS,
    "/tickets/{id}/{name}": dispatch.TICKET_COMMANDS,
    "/branches/{branch}/{name}": commands.NAMED,
}
UNDOCUMENTED = {"/openapi.json", "/asyncapi.json"}

FRAMES = {
    "subscribe", "unsubscribe", "command", "welcome", "snapshot", "event", "beat", "result", "error",
}  # fmt: skip
"""Written from the architecture, section 5."""


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
    for method, path in served():
        operation = openapi.document()["paths"][path][method.lower()]
        has_key = any(p["name"] == "Idempotency-Key" for p in operation["parameters"])
        is_entering = path.startswith(("/session", "/pairings", "/devices")) and not path.endswith("/confirm")
        assert has_key == (method != "GET" and not is_entering), (method, path)


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


def test_every_problem_has_both_sentences() -> None:
    for code, said in PROBLEMS.items():
        assert said.vi, code
        assert said.en, code
        assert set(re.findall(r"{(\w+)}", said.vi)) == set(re.findall(r"{(\w+)}", said.en)), code


def test_the_documents_name_no_path_of_this_machine() -> None:
    text = json.dumps([openapi.document(), asyncapi.document()])
    assert str(Path.cwd()) not in text
