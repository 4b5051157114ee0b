"""Appointment slips: the dossier backend tells how its dossiers stand, dispensers and staff ask for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.tries import SLIPS_ASKED
from queue_server.directory.slips import Told, find, put
from queue_server.domain.commands import Code, CounterNo
from queue_server.domain.estimate import arrival_wait
from queue_server.domain.foresight import Outlook
from queue_server.domain.refusals import Refusal
from queue_server.domain.slips import Slip, SlipState, slip_key, where_to
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Stream
from queue_server.domain.wishing import counter_for
from queue_server.protocol.resources import SlipNow, SlipsTaken
from queue_server.realtime.views import told
from queue_server.web.answering import json
from queue_server.web.asking import asker_of, body_of, decode, house_of, key_of

DossierCode = Annotated[str, Meta(min_length=1, max_length=64)]
Version = Annotated[int, Meta(ge=0, le=2**53)]
AT_ONCE = 200


class SlipTold(Struct, frozen=True, forbid_unknown_fields=True):
    """A dossier: where its result is collected and which counter took it. `version` is the sender's own and grows with
    each change, as a sequence or an instant does: of two the larger one counts, whichever comes last."""

    code: DossierCode
    version: Version
    field: Code
    state: SlipState
    counter: CounterNo | None = None
    agency: Code | None = None
    due_at: Annotated[datetime, Meta(tz=True)] | None = None


class SlipGone(Struct, frozen=True, forbid_unknown_fields=True):
    """A dossier that nobody asks for any more: its result was collected."""

    code: DossierCode
    version: Version


class TellSlips(Struct, frozen=True, forbid_unknown_fields=True):
    slips: Annotated[tuple[SlipTold, ...], Meta(max_length=AT_ONCE)] = ()
    gone: Annotated[tuple[SlipGone, ...], Meta(max_length=AT_ONCE)] = ()


_tell = msgspec.json.Decoder(TellSlips)


async def tell(request: Request) -> Response:
    """PUT /branches/{branch}/slips {slips, gone}: all of them or, where one is wrong, none. The same again changes
    nothing."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(branch)
    who.require_page("tell-slips", branch)
    key_of(request)
    asked = decode(_tell, await body_of(request))
    newest: dict[str, Told] = {}
    for key, each in _told(asked, await host.settled()):
        if key not in newest or each.version >= newest[key].version:
            newest[key] = each
    taken = await house.journal.run(partial(put, branch=branch, told=newest, now=house.now()))
    return json(SlipsTaken(branch, taken, len(newest) - taken))


def _told(asked: TellSlips, state: BranchState) -> Iterator[tuple[str, Told]]:
    agencies = {agency.code for agency in state.configured.agencies}
    for each in asked.slips:
        state.field(each.field)
        if each.counter is not None:
            state.desk(each.counter)
        if each.agency is not None and each.agency not in agencies:
            raise Refusal("unknown-agency", agency=each.agency)
        slip = Slip(each.code, each.field, each.state, each.counter, each.agency or "", each.due_at)
        yield _key(each.code), Told(each.version, slip)
    for gone in asked.gone:
        yield _key(gone.code), Told(gone.version, None)


def _key(code: str) -> str:
    key = slip_key(code)
    if key is None:
        raise Refusal("wrong-slip-code", slip=code)
    return key


async def slip(request: Request) -> Response:
    """GET /branches/{branch}/slips/{code}: for dispensers and staff, who must not guess."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(branch)
    who.require_page("slips", branch)
    code = request.path_params["code"]
    key = _key(code)
    state = await host.settled()
    async with house.tries.counted((SLIPS_ASKED, who.actor)):
        found = await house.journal.run(partial(find, branch=branch, key=key))
        if found is None or found.field not in state.fields:
            raise Refusal("unknown-slip", slip=code)
    return json(_now(state, found, house.now(), host.outlook))


def _now(state: BranchState, slip: Slip, now: datetime, outlook: Outlook | None) -> SlipNow:
    """Where its citizen goes now, and how long for that counter, as a number would be given."""
    field, counter = where_to(state.configured, slip)
    counter = counter_for(state, state.field(field), counter, now, outlook)
    ahead = partial(state.ahead, stream=Stream.ORDINARY, entry=((now, now),))
    wait = told(arrival_wait(state, field, Stream.ORDINARY, ahead, now, outlook, counter))
    return SlipNow(slip.code, slip.state, field, counter, slip.agency, slip.due_at, wait)


routes = [
    Route("/branches/{branch}/slips", tell, methods=["PUT"]),
    Route("/branches/{branch}/slips/{code}", slip, methods=["GET"]),
]
