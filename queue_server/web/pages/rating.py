"""The satisfaction device at /rating: at which counter it stands is said where it was let in; what it shows comes by
the feed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.directory.languages import OWN
from queue_server.web.asking import house_of, who_of
from queue_server.web.pages.rendering import page


async def rating(request: Request) -> Response:
    """GET /rating[/{branch}]: Vietnamese until somebody is asked in another language."""
    house = house_of(request)
    languages = await house.languages.offered(house.languages.known())
    branch = request.path_params.get("branch", "")
    if branch:
        await house.bus.host(branch)
    return page(
        request,
        "rating.html",
        who=await who_of(request),
        lang="vi",
        further=[code for code in languages if code not in OWN],
        branch=branch,
    )


routes: list[BaseRoute] = [Route("/rating", rating), Route("/rating/{branch}", rating)]
