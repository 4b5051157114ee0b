"""The manager's screen at /manager: how the branch is doing now, and its devices. What is live comes by the feed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.access.identity import Who
from queue_server.access.rights import PAGES, Role
from queue_server.realtime.views import name
from queue_server.web.asking import house_of, who_of
from queue_server.web.house import House
from queue_server.web.pages.entrance import sign_in_address
from queue_server.web.pages.rendering import page


async def manager(request: Request) -> Response:
    """GET /manager?branch=…: the branch is the account's, or chosen when the account has none."""
    who = await who_of(request)
    if who.role is Role.NOBODY:
        return RedirectResponse(sign_in_address(request), 303, {"cache-control": "no-store"})
    is_allowed = who.role in PAGES["manager"]
    branches = [choice async for choice in _branches(house_of(request), who)] if is_allowed else []
    wanted = request.query_params.get("branch") or (branches[0]["code"] if len(branches) == 1 else None)
    chosen = next((choice for choice in branches if choice["code"] == wanted), None)
    return page(
        request,
        "manager.html",
        who=who,
        status=200 if is_allowed else 403,
        branch=chosen,
        branches=branches,
        has_devices=who.role in PAGES["devices"],
        has_notices=who.role in PAGES["notices"],
        is_administrator=who.role is Role.ADMINISTRATOR,
    )


async def _branches(house: House, who: Who) -> AsyncIterator[dict[str, Any]]:
    """The branches that this account runs."""
    for config in [each.config for each in await house.listing.all()]:
        if who.branch in (None, config.branch):
            yield {
                "code": config.branch,
                "name": name(config.name),
                "zone": config.timezone,
                "boundary": config.day_boundary,
            }


routes: list[BaseRoute] = [Route("/manager", manager)]
