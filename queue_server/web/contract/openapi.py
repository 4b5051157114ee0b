"""OpenAPI 3.1 out of the operations and the types that validate them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from queue_server import __version__
from queue_server.domain.commands import Command
from queue_server.protocol.problems import PROBLEMS, Problem
from queue_server.web.asking import KEY_MAX, KEY_MIN
from queue_server.web.contract.operations import Operation, operations
from queue_server.web.contract.security import SCHEMES, needs, security

REF = "#/components/schemas/{name}"
ADDRESS = frozenset({"name", "branch", "counter", "ticket"})
"""Parts of a command that the path gives over HTTP."""


@cache
def document() -> dict[str, Any]:
    """The whole document; made once."""
    listed = list(operations())
    types = [Problem, *(kind for op in listed for kind in (op.request, op.answer) if kind is not None)]
    shapes, components = msgspec.json.schema_components(list(dict.fromkeys(types)), ref_template=REF)
    named = dict(zip(dict.fromkeys(types), shapes, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for op in listed:
        body = _body(op, named, components)
        paths.setdefault(op.path, {})[op.method.lower()] = _described(op, named, body)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lấy Số",
            "version": __version__,
            "description": (
                "Queues of public service centres. Every change needs an Idempotency-Key: a repeat gets the first "
                "answer. Every refusal is a problem (RFC 9457) with a stable code and a sentence for a person, in "
                "Vietnamese or, by Accept-Language or ?lang=en, in English. A change from another site's page "
                "(its Origin) is refused (403). First it is looked who asks (401), then "
                "whether there is such a branch, which is no secret (404), then who may (403): the roles that an "
                "operation names, each within its own branch; an account without a branch works for all of them. What "
                "changes is told by WebSocket or as a stream of events: see asyncapi.json."
            ),
        },
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {name: scheme.openapi for name, scheme in SCHEMES.items()},
        },
    }


def _body(op: Operation, named: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any] | None:
    """The request's schema. A command's name and address are in the path, so its body does not have them."""
    if op.takes != "application/json":
        return {"type": "string", "format": "binary"}
    if op.request is None:
        return None
    if not (isinstance(op.request, type) and issubclass(op.request, Command)):
        shape: dict[str, Any] = named[op.request]
        return shape
    whole = components[op.request.__name__]
    in_path = ADDRESS & (
        {"name"} | set(re.findall(r"{(\w+)}", op.path.replace("{no}", "{counter}").replace("{id}", "{ticket}")))
    )
    return {
        "type": "object",
        "title": whole["title"],
        "properties": {name: part for name, part in whole["properties"].items() if name not in in_path},
        "required": [name for name in whole.get("required", ()) if name not in in_path],
        "additionalProperties": False,
    }


def _described(op: Operation, named: dict[Any, Any], body: dict[str, Any] | None) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{op.method.lower()} {op.path}".replace("/", "-").replace(" -", "-"),
        "summary": op.summary,
        "description": f"Needs: {needs(op.who)}.",
        "tags": [op.tag],
        "security": security(op.who),
        "parameters": _parameters(op),
        "responses": _responses(op, named),
    }
    if body is not None:
        is_needed = bool(body.get("required")) or "$ref" in body or op.request is None
        described["requestBody"] = {"required": is_needed, "content": {op.takes: {"schema": body}}}
    return described


def _parameters(op: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", op.path)
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if name == "no" else "string"}}
        for name in names
    ]
    found += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in op.query]
    if op.is_change:
        key = {"type": "string", "minLength": KEY_MIN, "maxLength": KEY_MAX}
        found.append({"name": "Idempotency-Key", "in": "header", "required": True, "schema": key})
    if op.summary == "Issue a ticket" or op.path.endswith(("/call-next", "/call")):
        found.append({"name": "Deadline", "in": "header", "schema": {"type": "string", "format": "date-time"}})
    return found


def _responses(op: Operation, named: dict[Any, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {str(op.status): {"description": "Done"}}
    if op.media != "application/json":
        answers[str(op.status)]["content"] = {op.media: {"schema": {"type": "string", "format": "binary"}}}
    elif op.answer is not None:
        answers[str(op.status)]["content"] = {op.media: {"schema": named[op.answer]}}
    if op.path.endswith("/call-next"):
        answers["204"] = {"description": "Nobody is waiting for this counter"}
    if op.path.endswith("/collect"):
        answers["204"] = {"description": "Nobody has let the device in yet"}
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(op.refusals()):
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    for status, codes in sorted(by_status.items()):
        answers[str(status)] = {
            "description": ", ".join(codes),
            "content": {"application/problem+json": {"schema": named[Problem]}},
        }
        if status in (429, 503):
            answers[str(status)]["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return answers
