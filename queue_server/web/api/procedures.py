"""What a branch can do for somebody: its procedures, found by a few typed words."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.domain.refusals import Refusal
from queue_server.protocol.resources import ProcedureFound, ProceduresFound
from queue_server.web.answering import json
from queue_server.web.asking import house_of

QUERY_MOST = 200
FOUND_USUALLY, FOUND_MOST = 20, 500


async def procedures(request: Request) -> Response:
    """GET /branches/{branch}/procedures?q=WORDS&field=CODE&limit=N: procedures that these words may mean, best first;
    all of the field without words."""
    house, asked = house_of(request), request.query_params
    query, field, limit = asked.get("q", ""), asked.get("field", ""), asked.get("limit", str(FOUND_USUALLY))
    if len(query) > QUERY_MOST:
        raise Refusal("malformed", where="q", fault=f"At most {QUERY_MOST} characters")
    if not (limit.isdecimal() and len(limit) < 4 and 1 <= int(limit) <= FOUND_MOST):
        raise Refusal("malformed", where="limit", fault=f"A number from 1 to {FOUND_MOST}")
    host = await house.bus.host(request.path_params["branch"])
    config = host.state.configured
    if field and all(each.code != field for each in config.fields):
        raise Refusal("unknown-field", field=field)
    found = await house.lookup.find(config, query, field, int(limit))
    shown = [ProcedureFound(each.code, each.name_vi, code, each.field_vi) for each, code in found]
    return json(ProceduresFound(config.branch, shown))


routes = [Route("/branches/{branch}/procedures", procedures)]
