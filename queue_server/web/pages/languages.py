"""The words of a further language as a script, /static/languages/CODE.js: a page loads those that it is offered in."""

from __future__ import annotations

import json

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.web.asking import house_of

SCRIPT = """"use strict";
window.LaySo = window.LaySo || {{}};
LaySo.languages = LaySo.languages || {{}};
LaySo.languages.{code} = {tables};
"""


async def language(request: Request) -> Response:
    """GET /static/languages/{code}.js: as it was read at the start, so that a page's build names it."""
    house, code = house_of(request), request.path_params["code"]
    found = await house.languages.offered([code]) if code in house.languages.known() else {}
    if code not in found:
        raise HTTPException(404)
    headers = {"etag": f'"{house.build}"', "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    script = SCRIPT.format(code=code, tables=json.dumps(found[code].tables, ensure_ascii=False))
    return Response(script, media_type="text/javascript", headers=headers)


routes: list[BaseRoute] = [Route("/static/languages/{code}.js", language)]
