"""The commands over HTTP: the path names branch, counter or ticket, the body is the command's arguments."""

from __future__ import annotations

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.domain.refusals import Refusal
from queue_server.web import dispatch
from queue_server.web.answering import json
from queue_server.web.asking import asker_of, body_of, deadline_of, holder_of, house_of, key_of

NAMED = {name: kind for name, kind in dispatch.BRANCH_COMMANDS.items() if name != "issue"}
"""Issuing has a path of its own: it makes a ticket."""


async def issue(request: Request) -> Response:
    """POST /branches/{branch}/tickets → 201 with number, people ahead, wait, and the token to follow it."""
    return await _carry_out(request, "issue", status=201, branch=request.path_params["branch"])


async def branch_command(request: Request) -> Response:
    """POST /branches/{branch}/{name}"""
    name, branch = request.path_params["name"], request.path_params["branch"]
    _require_known(name, NAMED)
    return await _carry_out(request, name, branch=branch)


async def counter_command(request: Request) -> Response:
    """POST /branches/{branch}/counters/{no}/{name}; call-next answers 204 when nobody waits."""
    name, branch, no = (request.path_params[part] for part in ("name", "branch", "no"))
    _require_known(name, dispatch.COUNTER_COMMANDS)
    return await _carry_out(request, name, branch=branch, counter=no)


async def ticket_command(request: Request) -> Response:
    """POST /tickets/{id}/{name}; by who has its token too, whose body is only read where it rates: no words of a
    citizen's go into the journal."""
    name, ticket = request.path_params["name"], request.path_params["id"]
    _require_known(name, dispatch.TICKET_COMMANDS)
    holder = holder_of(request, ticket)
    if holder is None:
        return await _carry_out(request, name, ticket=ticket)
    house = house_of(request)
    holder.require_command(name, await house.bus.branch_of(ticket))
    args = await body_of(request) if name == "rate" else b""
    command = replace(dispatch.decode(name, args), ticket=ticket)
    return json(await dispatch.carry_out(house, holder, command, key_of(request), deadline_of(request)))


async def _carry_out(request: Request, name: str, *, status: int = 200, **address: object) -> Response:
    house = house_of(request)
    who = await asker_of(request)
    key = key_of(request)
    command = replace(dispatch.decode(name, await body_of(request)), **address)
    answer = await dispatch.carry_out(house, who, command, key, deadline_of(request))
    return json(answer, status)


def _require_known(name: str, commands: dict[str, type]) -> None:
    if name not in commands:
        raise Refusal("unknown-command", name=name)


routes = [
    Route("/branches/{branch}/tickets", issue, methods=["POST"]),
    Route("/branches/{branch}/counters/{no:int}/{name}", counter_command, methods=["POST"]),
    Route("/tickets/{id}/{name}", ticket_command, methods=["POST"]),
    Route("/branches/{branch}/{name}", branch_command, methods=["POST"]),
]
