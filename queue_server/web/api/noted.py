"""What lies beside the journal of a ticket, for the staff of its branch."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.branches.history import loaded
from queue_server.domain.events import Recorded
from queue_server.protocol.resources import TicketNote, TicketNotes
from queue_server.web.answering import json
from queue_server.web.asking import asker_of, house_of
from queue_server.web.house import House


async def notes(request: Request) -> Response:
    """GET /tickets/{id}/notes: what colleagues wrote about a ticket, and the codes of its dossiers."""
    house, ticket = house_of(request), request.path_params["id"]
    who = await asker_of(request)
    branch = await house.bus.branch_of(ticket)
    who.require_page("notes", branch)
    rows = await house.journal.personal_of(branch, ticket)
    written = {row.digest: await _event(house, branch, row.seq) for row in rows if row.kind == "note"}
    names = await house.access.names(_clerk(event.actor) for event in written.values())
    found = [
        TicketNote(row.value, event.at, event.actor, names.get(_clerk(event.actor), ""), row.delete_after)
        for row in rows
        if (event := written.get(row.digest)) is not None
    ]
    return json(TicketNotes(ticket, found, list(dict.fromkeys(row.value for row in rows if row.kind == "dossier"))))


async def _event(house: House, branch: str, seq: int) -> Recorded:
    (stored,) = await house.journal.read(branch, seq - 1, 1)
    return loaded(branch, stored)


def _clerk(actor: str) -> str:
    return actor.removeprefix("account:")


routes = [Route("/tickets/{id}/notes", notes, methods=["GET"])]
