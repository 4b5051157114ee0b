"""What anybody may read: branches, boards, the public part of the journal; and a ticket by its token."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import asdict, astuple
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.rights import STAFF, Role
from queue_server.directory import slips
from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain import upcast
from queue_server.domain.between import Suggestion
from queue_server.domain.configuration import BranchConfig, Position
from queue_server.domain.events import type_of
from queue_server.domain.refusals import Refusal
from queue_server.protocol.resources import (
    Agency,
    BoardData,
    Branch,
    Branches,
    BranchShort,
    BranchSuggested,
    CallReason,
    CandidatePassed,
    FieldNow,
    Me,
    PriorityClass,
    PublicEvents,
    Suggested,
    TicketCalls,
    TicketNow,
)
from queue_server.protocol.rows import FieldRow, LiveField, Told
from queue_server.realtime.phone import TicketView
from queue_server.realtime.signals.port import Advised
from queue_server.realtime.views import name, reason_of
from queue_server.web import dispatch
from queue_server.web.answering import json, raw_json
from queue_server.web.asking import asker_of, deadline_of, holder_of, house_of, key_of, who_of
from queue_server.web.house import House

EVENTS_PER_PAGE = 1000
SUGGESTED_MOST = 5
CALLED = str(ev.TicketCalled.__struct_config__.tag)
SEQ = re.compile("[0-9]{1,15}")

PUBLIC_EVENTS: Mapping[type[ev.Event], tuple[str, ...]] = {
    ev.DayOpened: (),
    ev.DayClosed: ("counts",),
    ev.HoursChanged: ("hours", "reason", "field"),
    ev.FieldSuspended: ("field", "reason"),
    ev.FieldResumed: ("field",),
    ev.CounterOpened: ("counter",),
    ev.CounterPaused: ("counter",),
    ev.CounterClosed: ("counter",),
    ev.TicketIssued: ("number", "field", "people_ahead"),
    ev.TicketCalled: ("number", "field", "counter", "times"),
    ev.TicketRecalled: ("number", "counter", "times"),
}
"""The events that anybody may read, and of each only these parts."""


async def branches(request: Request) -> Response:
    """Every branch, in short."""
    house = house_of(request)
    listed = await house.listing.all()
    return json(Branches([BranchShort(**_short(each.config, each.position)) for each in listed]))


def _short(config: BranchConfig, position: str) -> dict[str, Any]:
    return {
        "branch": config.branch,
        "name": name(config.name),
        "organisation": name(config.organisation),
        "timezone": config.timezone,
        "position": position,
    }


async def suggest(request: Request) -> Response:
    """GET /branches/suggest?field=CODE&from=BRANCH, or &latitude=…&longitude=…: branches by the time until being
    called, of a field that any branch takes.

    What a dispenser or staff ask is asked for somebody who stands there, and counts as a part of one under way. Of
    anybody else nobody knows, and whoever asks a hundred times must not move the advice.
    """
    house, asked = house_of(request), request.query_params
    is_for_somebody = (await who_of(request)).role in STAFF | {Role.DISPENSER}
    field, here = asked.get("field", ""), asked.get("from")
    if not field:
        raise Refusal("malformed", where="field", fault="Expected a field's code")
    at = _position(asked)
    configs = {listed.config.branch: listed.config for listed in await house.listing.all()}
    if here is not None and here not in configs:
        raise Refusal("unknown-branch", branch=here)
    now = house.now()
    found = house.elsewhere.suggest(configs.values(), field, now, here=here, at=at)[:SUGGESTED_MOST]
    advised = next((each for each in found if each.is_advised), None)
    if advised is not None and is_for_somebody:
        house.signals.send(Advised(advised.branch, field, house.elsewhere.advise(advised, field, now)))
    return json(Suggested(field, [_suggested(each, configs[each.branch], now) for each in found]))


def _position(asked: Mapping[str, str]) -> Position | None:
    if "latitude" not in asked and "longitude" not in asked:
        return None
    try:
        latitude, longitude = (float(asked[name]) for name in ("latitude", "longitude"))
    except (KeyError, ValueError):
        raise Refusal("malformed", where="latitude", fault="Expected two numbers, latitude and longitude") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise Refusal("malformed", where="latitude", fault="Expected degrees north and east")
    return Position(latitude, longitude)


def _suggested(each: Suggestion, config: BranchConfig, now: datetime) -> BranchSuggested:
    saves_s = round(each.saves_s) if math.isfinite(each.saves_s) else None
    wait, total = (Told(round(of.likely), max(0, round(of.low)), round(of.high), now) for of in (each.wait, each.total))
    return BranchSuggested(
        branch=config.branch,
        name=name(config.name),
        address=name(config.address),
        travel_s=round(each.travel_s),
        wait=wait,
        total=total,
        saves_s=saves_s,
        is_advised=each.is_advised,
    )


async def branch(request: Request) -> Response:
    """A branch with its fields, people waiting, wait estimates, counters, agencies and priority classes."""
    house = house_of(request)
    host = await house.bus.host(request.path_params["branch"])
    board = await house.hub.snapshot(host, f"board:{host.branch_id}")
    state = host.state
    shown = _board_data.decode(board.data())
    now = (await house.hub.live(host)).fields
    config = state.configured
    answer = Branch(
        **_short(state.configured, host.position),
        day=shown.day.get("today"),
        fields=[
            _field_now(row, now[row.code])
            for row in sorted(shown.fields.values(), key=lambda row: row.order)
            if not row.is_retired
        ],
        counters=list(shown.counters.values()),
        agencies=[Agency(agency.code, name(agency.name)) for agency in config.agencies],
        classes=[PriorityClass(k.code, name(k.name), name(k.explanation), k.min_age) for k in config.classes],
        languages=[code for code in await house.languages.offered(config.languages) if code in config.languages],
        confirms_priority=config.limits.confirms_priority,
        has_slips=await house.journal.run(partial(slips.has_any, branch=config.branch)),
    )
    return json(answer)


def _field_now(row: FieldRow, now: LiveField) -> FieldNow:
    names = FieldNow.__struct_fields__
    return FieldNow(**{name: value for name, value in (asdict(now) | asdict(row)).items() if name in names})


async def board(request: Request) -> Response:
    """GET /branches/{branch}/board: what the lobby shows now, with its position."""
    house = house_of(request)
    host = await house.bus.host(request.path_params["branch"])
    name = f"board:{host.branch_id}"
    channel = await house.hub.snapshot(host, name)
    return raw_json(channel.snapshot(host.state.seq))


async def events(request: Request) -> Response:
    """GET /branches/{branch}/events?since=SEQ: the public part of the journal, a page at a time."""
    house = house_of(request)
    host = await house.bus.host(request.path_params["branch"])
    since = request.query_params.get("since", "0").rpartition(".")[2]
    if not SEQ.fullmatch(since):
        raise Refusal("malformed", where="since", fault="Expected a position, or its number")
    stored = await house.journal.read(host.branch_id, int(since), EVENTS_PER_PAGE)
    recorded = (upcast.load(e.seq, e.day, e.type, e.v, e.body) for e in stored)
    public = [_public(item) for item in recorded if type(item.event) in PUBLIC_EVENTS]
    last = stored[-1].seq if stored else int(since)
    return json(PublicEvents(host.epoch, public, last, len(stored) == EVENTS_PER_PAGE))


def _public(item: ev.Recorded) -> dict[str, Any]:
    parts = {name: getattr(item.event, name) for name in PUBLIC_EVENTS[type(item.event)]}
    return {"seq": item.seq, "at": item.at, "type": type_of(item.event), **parts}


async def configuration(request: Request) -> Response:
    """GET /branches/{branch}/configuration: what is in force; for who runs the branch, and auditors."""
    house, code = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(code)
    who.require_page("configuration", code)
    return json((await host.settled()).configured)


async def ticket(request: Request) -> Response:
    """GET /tickets/{id}: a ticket, for its token (`Ticket-Token` or `?token=`) or for staff and integrations."""
    house = house_of(request)
    ticket_id = request.path_params["id"]
    who = holder_of(request, ticket_id) or await asker_of(request)
    branch_id = await house.bus.branch_of(ticket_id)
    who.require_command("cancel", branch_id)
    host = await house.bus.host(branch_id)
    state = await host.settled()
    row = TicketView(ticket_id).row(state, ("ticket", ticket_id))
    if row is None:
        raise Refusal("unknown-ticket", ticket=ticket_id)
    outcome = state.tickets[ticket_id].outcome
    return json(TicketNow(**asdict(row), id=ticket_id, position=host.position, outcome=outcome))


async def calls(request: Request) -> Response:
    """GET /tickets/{id}/calls: why a ticket of today was called when it was, and no other; for staff and auditors."""
    house = house_of(request)
    ticket_id = request.path_params["id"]
    who = await asker_of(request)
    branch_id = await house.bus.branch_of(ticket_id)
    who.require_page("calls", branch_id)
    state = await (await house.bus.host(branch_id)).settled()
    if ticket_id not in state.tickets:
        raise Refusal("unknown-ticket", ticket=ticket_id)
    found = [_reason(at, event) async for at, event in _calls_of(house, branch_id, ticket_id)]
    return json(TicketCalls(ticket_id, state.tickets[ticket_id].number, found))


async def _calls_of(house: House, branch_id: str, ticket_id: str) -> AsyncIterator[tuple[datetime, ev.TicketCalled]]:
    """Only what names the ticket is decoded: a day has thousands of events."""
    head = await house.journal.head(branch_id)
    after, mark = head.day_seq - 1 if head is not None else 0, ticket_id.encode()
    while page := await house.journal.read(branch_id, after, EVENTS_PER_PAGE):
        after = page[-1].seq
        for stored in page:
            if mark in stored.body and stored.type == CALLED:
                recorded = upcast.load(stored.seq, stored.day, stored.type, stored.v, stored.body)
                if isinstance(recorded.event, ev.TicketCalled) and recorded.event.ticket == ticket_id:
                    yield recorded.at, recorded.event


def _reason(at: datetime, event: ev.TicketCalled) -> CallReason:
    why = event.why
    considered = [CandidatePassed(*astuple(each)) for each in why.considered]
    return CallReason(
        at, event.counter, event.times, why.rule, why.reason, reason_of(why), why.waited_s, why.candidates, considered
    )


async def cancel(request: Request) -> Response:
    """DELETE /tickets/{id}: cancelled by its citizen (with the token) or by staff."""
    house = house_of(request)
    ticket_id = request.path_params["id"]
    who = holder_of(request, ticket_id) or await asker_of(request)
    command = c.Cancel(ticket=ticket_id)
    return json(await dispatch.carry_out(house, who, command, key_of(request), deadline_of(request)))


async def who_am_i(request: Request) -> Response:
    """GET /me: who the server takes the asker for."""
    who = await who_of(request)
    is_known = who.role is not Role.NOBODY
    has_printer = who.printer is not None
    return json(Me(who.actor, who.role.value, who.name, who.branch, is_known, has_printer, who.screen, who.counter))


_board_data = msgspec.json.Decoder(BoardData)

routes = [
    Route("/branches", branches),
    Route("/branches/suggest", suggest),
    Route("/branches/{branch}", branch),
    Route("/branches/{branch}/board", board),
    Route("/branches/{branch}/events", events),
    Route("/branches/{branch}/configuration", configuration),
    Route("/tickets/{id}/calls", calls),
    Route("/tickets/{id}", ticket, methods=["GET"]),
    Route("/tickets/{id}", cancel, methods=["DELETE"]),
    Route("/me", who_am_i),
]
