"""The ticket dispenser at /dispenser/{branch}: the page; fields and numbers come by the feed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.realtime.views import name
from queue_server.web.asking import house_of, who_of
from queue_server.web.pages.rendering import page


async def dispenser(request: Request) -> Response:
    """GET /dispenser/{branch}: Vietnamese unless `?lang=en`, whatever the kiosk's own browser prefers."""
    host = await house_of(request).bus.host(request.path_params["branch"])
    config = host.state.configured
    return page(
        request,
        "dispenser.html",
        who=await who_of(request),
        lang="en" if request.query_params.get("lang") == "en" else "vi",
        branch=config.branch,
        zone=config.timezone,
        branch_name=name(config.name),
        organisation=name(config.organisation),
    )


routes: list[BaseRoute] = [Route("/dispenser/{branch}", dispenser)]
