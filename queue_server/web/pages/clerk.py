"""The clerk's console at /clerk, and what it asks for besides the feed: who sits where, and who was absent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.access.identity import Who
from queue_server.access.rights import MAY_OVERRIDE
from queue_server.domain.configuration import BranchConfig, PriorityClass
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket, TicketState
from queue_server.domain.training import home_of
from queue_server.realtime.views import name
from queue_server.web.answering import json
from queue_server.web.asking import house_of, state_asked, who_of
from queue_server.web.dispatch import may_call_chosen
from queue_server.web.pages.staff import page_at_a_branch

ABSENT = frozenset({TicketState.NO_SHOW, TicketState.CANCELLED})
ABSENT_MAX = 60
ACCOUNT = "account:"
WORKER = Path(__file__).parent.parent / "static" / "clerk" / "worker.js"


async def clerk(request: Request) -> Response:
    """GET /clerk?branch=…"""
    return await page_at_a_branch(request, "clerk", "clerk.html")


async def people(request: Request) -> Response:
    """GET /clerk/people?branch=…: who sits where, what counters help with, which are other agencies' than the
    asker's, the priority classes, and whether the asker may call a ticket out of turn; for staff. Among the names are
    those of who goes to a counter that called for somebody. `helped` is what somebody else did last with a number of
    the asker's counter; in a training copy `real` is the counter that the asker has left open in earnest."""
    state = await state_asked(request, "clerk")
    who = await who_of(request)
    at = {str(c.no): c.clerk for c in state.counters.values() if c.clerk is not None}
    coming = {alarm.answered_by for alarm in state.alarms.values() if alarm.answered_by is not None}
    helped = _changed_by_somebody_else(who, state)
    people = {*at.values(), *coming, *([helped["by"]] if helped else [])}
    names = await house_of(request).access.names(people)
    return json(
        {
            "at": at,
            "names": {account: names.get(account, account) for account in people},
            "helps": {str(c.no): c.helps for c in state.counters.values() if c.helps},
            "helped": helped,
            "real": await _left_open(request, who, state.configured),
            "others": _of_other_agencies(who, state.configured),
            "classes": [_class(each) for each in state.configured.classes],
            "may_call_chosen": may_call_chosen(who, state.configured),
        }
    )


def _changed_by_somebody_else(who: Who, state: BranchState) -> dict[str, Any] | None:
    """The last change of a ticket of the asker's counter by another account, as when a supervisor helps there."""
    own = {counter.no for counter in state.counters.values() if who.clerk and counter.clerk == who.clerk}
    marks = {
        ticket.id: ticket.last
        for ticket in state.tickets.values()
        if _is_of_another(ticket.last.actor, who) and own.intersection(stint.counter for stint in ticket.stints)
    }
    last = max(marks, key=lambda ticket: marks[ticket].seq, default=None)
    if last is None:
        return None
    return {"ticket": last, "type": marks[last].type, "by": marks[last].actor.removeprefix(ACCOUNT)}


def _is_of_another(actor: str, who: Who) -> bool:
    return actor.startswith(ACCOUNT) and actor != who.actor


async def _left_open(request: Request, who: Who, config: BranchConfig) -> dict[str, Any] | None:
    """Where somebody who practises sits in earnest: nobody calls there meanwhile."""
    home = home_of(config.branch)
    if home is None or not who.clerk:
        return None
    try:
        real = await (await house_of(request).bus.host(home)).settled()
    except Refusal:  # it has moved to another house
        return None
    left = next((each.no for each in real.counters.values() if each.is_open and each.clerk == who.clerk), None)
    if left is None:
        return None
    return {"branch": home, "name": msgspec.to_builtins(name(real.configured.name)), "no": left}


def _of_other_agencies(who: Who, config: BranchConfig) -> dict[str, Any]:
    """The names of those whose counters are not for somebody who is posted for another agency, by counter."""
    if not who.agency or who.role in MAY_OVERRIDE:
        return {}
    names = {agency.code: msgspec.to_builtins(name(agency.name)) for agency in config.agencies}
    return {str(desk.no): names[desk.agency] for desk in config.counters if desk.agency not in ("", who.agency)}


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
