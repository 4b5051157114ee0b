"""The ticket dispenser at /dispenser/{branch}: the page; fields and numbers come by the feed."""

from __future__ import annotations

from msgspec import to_builtins
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.directory.languages import OWN
from queue_server.realtime.views import name
from queue_server.web.asking import house_of, who_of
from queue_server.web.pages.rendering import page


async def dispenser(request: Request) -> Response:
    """GET /dispenser/{branch}: Vietnamese unless `?lang=` names another one of its languages, whatever the kiosk's own
    browser prefers."""
    house = house_of(request)
    host = await house.bus.host(request.path_params["branch"])
    config = host.state.configured
    languages = await house.languages.offered(config.languages)
    wanted = request.query_params.get("lang", "vi")
    return page(
        request,
        "dispenser.html",
        who=await who_of(request),
        branch_code=config.branch,
        lang=wanted if wanted in languages else "vi",
        further=[code for code in languages if code not in OWN],
        branch=config.branch,
        zone=config.timezone,
        branch_name=name(config.name),
        names=to_builtins({"branch": name(config.name), "organisation": name(config.organisation)}),
    )


routes: list[BaseRoute] = [Route("/dispenser/{branch}", dispenser)]
