"""The clerk's console at /clerk, and what it asks for besides the feed: who sits where, and who was absent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.domain.configuration import PriorityClass
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket, TicketState
from queue_server.realtime.views import name
from queue_server.web.answering import json
from queue_server.web.asking import house_of, state_asked, who_of
from queue_server.web.house import House
from queue_server.web.pages.entrance import sign_in_address
from queue_server.web.pages.rendering import page, trouble

ABSENT = frozenset({TicketState.NO_SHOW, TicketState.CANCELLED})
ABSENT_MAX = 60


async def clerk(request: Request) -> Response:
    """GET /clerk?branch=…: the console; the branch is the account's, or chosen when the account has none."""
    who = await who_of(request)
    if who.role is Role.NOBODY:
        return RedirectResponse(sign_in_address(request), 303, {"cache-control": "no-store"})
    wanted = request.query_params.get("branch")
    try:
        who.require_page("clerk", wanted)
    except Refusal as refusal:
        return trouble(request, refusal)
    branches = [choice async for choice in _branches(house_of(request), who)]
    if wanted is None and len(branches) == 1:
        wanted = branches[0]["code"]
    chosen = next((choice for choice in branches if choice["code"] == wanted), None)
    if wanted is not None and chosen is None:
        return trouble(request, Refusal("unknown-branch", branch=wanted))
    return page(request, "clerk.html", who=who, branch=chosen, branches=branches)


async def _branches(house: House, who: Who) -> AsyncIterator[dict[str, Any]]:
    """The branches at which this account may work."""
    for config in [each.config for each in await house.listing.all()]:
        if who.branch in (None, config.branch):
            yield {"code": config.branch, "name": name(config.name), "zone": config.timezone}


async def people(request: Request) -> Response:
    """GET /clerk/people?branch=…: who sits where, what counters help with, and the priority classes; for staff."""
    state = await state_asked(request, "clerk")
    at = {str(c.no): c.clerk for c in state.counters.values() if c.clerk is not None}
    names = await house_of(request).access.names(at.values())
    return json(
        {
            "at": at,
            "names": {clerk: names.get(clerk, clerk) for clerk in at.values()},
            "helps": {str(c.no): c.helps for c in state.counters.values() if c.helps},
            "classes": [_class(each) for each in state.configured.classes],
        }
    )


def _class(each: PriorityClass) -> dict[str, Any]:
    return {"code": each.code, "name": msgspec.to_builtins(name(each.name))}


async def absent(request: Request) -> Response:
    """GET /clerk/absent?branch=…: today's no-shows and cancelled tickets, latest first; for staff."""
    state = await state_asked(request, "clerk")
    gone = sorted(_gone(state), key=lambda ticket: str(ticket.final_at), reverse=True)
    return json({"tickets": [_absent_row(ticket) for ticket in gone[:ABSENT_MAX]]})


def _gone(state: BranchState) -> Iterator[Ticket]:
    """Those that have not used up their returns; whether the half-day allows it is decided when it is asked for."""
    most = state.configured.limits.reinstate_max
    return (t for t in state.tickets.values() if t.state in ABSENT and t.times_reinstated < most)


def _absent_row(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "number": ticket.number,
        "field": ticket.field,
        "state": ticket.state.value,
        "at": ticket.final_at,
        "counter": ticket.counter,
    }


routes: list[BaseRoute] = [
    Route("/clerk", clerk),
    Route("/clerk/people", people),
    Route("/clerk/absent", absent),
]
