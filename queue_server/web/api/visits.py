"""What is kept of one citizen's visit, to be handed over or erased, for who is responsible for a branch."""

from __future__ import annotations

from datetime import date

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.domain.refusals import Refusal
from queue_server.readers import visit
from queue_server.web.answering import json
from queue_server.web.asking import asker_of, body_of, decode, house_of, key_of
from queue_server.web.house import House


class VisitAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """By the token on the paper, or by its number and day. In a body, so that neither stands in an address."""

    token: str | None = None
    number: str | None = None
    day: date | None = None


_asked = msgspec.json.Decoder(VisitAsked)


async def export(request: Request) -> Response:
    """POST /branches/{branch}/visits/export {token} or {number, day}"""
    house, ticket, actor = await _ticket(request)
    found = await visit.visit_of(house.journal, ticket)
    await visit.note_export(house.journal, found, actor)
    return json(found)


async def erase(request: Request) -> Response:
    """POST /branches/{branch}/visits/erase {token} or {number, day}: a second time there is nothing left to delete."""
    house, ticket, actor = await _ticket(request)
    key_of(request)
    found = await visit.erase(house.journal, ticket, actor)
    await house.retention.scrub()
    return json(found)


async def _ticket(request: Request) -> tuple[House, str, str]:
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    await house.bus.host(branch)
    who.require_page("visits", branch)
    asked = decode(_asked, await body_of(request))
    return house, await _found(house, branch, asked), who.actor


async def _found(house: House, branch: str, asked: VisitAsked) -> str:
    if asked.token is not None:
        ticket = house.access.ticket_tokens.ticket_of(asked.token)
        if await house.bus.branch_of(ticket) != branch:
            raise Refusal("unknown-ticket", ticket=ticket)
        return ticket
    if asked.number is None or asked.day is None:
        raise Refusal("malformed", where="$", fault="Expected a token, or a number and a day")
    return await visit.find_visit(house.journal, branch, asked.day, asked.number)


routes = [
    Route("/branches/{branch}/visits/export", export, methods=["POST"]),
    Route("/branches/{branch}/visits/erase", erase, methods=["POST"]),
]
