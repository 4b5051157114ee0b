"""The clerk's console at /clerk, and what it asks for besides the feed: who sits where, and who was absent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.access.rights import COMMANDS
from queue_server.domain.configuration import PriorityClass
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket, TicketState
from queue_server.realtime.views import name
from queue_server.web.answering import json
from queue_server.web.asking import house_of, state_asked, who_of
from queue_server.web.pages.staff import page_at_a_branch

ABSENT = frozenset({TicketState.NO_SHOW, TicketState.CANCELLED})
ABSENT_MAX = 60
WORKER = Path(__file__).parent.parent / "static" / "clerk" / "worker.js"


async def clerk(request: Request) -> Response:
    """GET /clerk?branch=…"""
    return await page_at_a_branch(request, "clerk", "clerk.html")


async def people(request: Request) -> Response:
    """GET /clerk/people?branch=…: who sits where, what counters help with, the priority classes, and whether
    the asker may call a ticket out of turn; for staff. Among the names are those of who goes to a counter that called
    for somebody."""
    state = await state_asked(request, "clerk")
    at = {str(c.no): c.clerk for c in state.counters.values() if c.clerk is not None}
    coming = {alarm.answered_by for alarm in state.alarms.values() if alarm.answered_by is not None}
    people = {*at.values(), *coming}
    names = await house_of(request).access.names(people)
    return json(
        {
            "at": at,
            "names": {account: names.get(account, account) for account in people},
            "helps": {str(c.no): c.helps for c in state.counters.values() if c.helps},
            "classes": [_class(each) for each in state.configured.classes],
            "may_call_chosen": "call" in COMMANDS[(await who_of(request)).role],
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


async def worker(request: Request) -> Response:
    """GET /clerk/worker.js: it answers for the console's page, which lies above it."""
    headers = {"cache-control": "no-cache", "service-worker-allowed": "/clerk"}
    return FileResponse(WORKER, media_type="text/javascript", headers=headers)


routes: list[BaseRoute] = [
    Route("/clerk", clerk),
    Route("/clerk/worker.js", worker),
    Route("/clerk/people", people),
    Route("/clerk/absent", absent),
]
