"""How the dossier backend is doing, and records that it called wrong."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.domain.refusals import Refusal
from queue_server.readers.dossier.delivery import Delivered
from queue_server.readers.dossier.reader import DossierReader, parked
from queue_server.web.answering import json
from queue_server.web.asking import asker_of, house_of, key_of


async def status(request: Request) -> Response:
    """GET /branches/{branch}/dossier: whether there is a backend, how far it has been told, what is parked."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(branch)
    who.require_page("manager", branch)
    told = await house.journal.cursor_seq(DossierReader.name, branch)
    waiting = await house.journal.run(partial(parked, branch_id=branch))
    return json(
        {"is_configured": house.dossier is not None, "told_seq": told, "seq": host.state.seq, "parked": waiting}
    )


async def resend(request: Request) -> Response:
    """POST /branches/{branch}/dossier/resend?id=RECORD: send a parked record again, now."""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    await house.bus.host(branch)
    who.require_page("devices", branch)
    key_of(request)
    if house.dossier is None:
        raise Refusal("no-dossier")
    outcome = await house.dossier.resend(branch, request.query_params.get("id", ""))
    if outcome is None:
        raise Refusal("unknown-record")
    if not isinstance(outcome, Delivered):
        raise Refusal("record-refused")
    return json({"is_delivered": True})


routes = [
    Route("/branches/{branch}/dossier", status, methods=["GET"]),
    Route("/branches/{branch}/dossier/resend", resend, methods=["POST"]),
]
