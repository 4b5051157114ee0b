"""What goes back: JSON, problems, and one place where a refusal becomes an HTTP answer."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from queue_server.domain.refusals import Refusal
from queue_server.journal.port import JournalUnavailable
from queue_server.protocol.problems import Problem, problem
from queue_server.web.asking import language_of

log = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()

NO_STORE = {"cache-control": "no-store"}


def json(value: Any, status: int = 200) -> Response:
    return Response(_encoder.encode(value), status, media_type="application/json", headers=NO_STORE)


def raw_json(data: bytes) -> Response:
    return Response(data, media_type="application/json", headers=NO_STORE)


def problem_answer(said: Problem) -> Response:
    """The problem as an answer; "nobody is waiting" is an empty one."""
    if said.status == 204:
        return Response(status_code=204, headers=NO_STORE)
    headers = dict(NO_STORE)
    if said.status == 503:
        headers["retry-after"] = "2"
    if said.status == 429:
        headers["retry-after"] = str(said.data["retry_s"])
    if said.status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(_encoder.encode(said), said.status, media_type="application/problem+json", headers=headers)


def refusal_problem(fault: Exception, language: str) -> Problem:
    """Any failure as a problem for a person; what nobody expected is logged with a reference."""
    match fault:
        case Refusal():
            return problem(fault.code, fault.data, language)
        case JournalUnavailable():
            return problem("disk-full" if fault.reason == "disk-full" else "unavailable", {}, language)
        case HTTPException():
            return problem("not-found", {}, language)
        case _:
            reference = uuid4().hex[:8]
            log.error("Unexpected failure, reference %s.", reference, exc_info=fault)
            return problem("internal", {"reference": reference}, language)


async def on_failure(request: Request, fault: Exception) -> Response:
    """Starlette's handler for every exception."""
    if isinstance(fault, HTTPException) and fault.status_code == 405:
        fault = Refusal("method-not-allowed", method=request.method)
    return problem_answer(refusal_problem(fault, language_of(request)))
