"""The manager's screen at /manager: how the branch is doing now, and its devices. What is live comes by the feed."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.access.rights import PAGES, Role
from queue_server.web.asking import who_of
from queue_server.web.pages.staff import page_at_a_branch


async def manager(request: Request) -> Response:
    """GET /manager?branch=…"""

    async def context(_: str) -> dict[str, Any]:
        role = (await who_of(request)).role
        return {
            "has_devices": role in PAGES["devices"],
            "has_notices": role in PAGES["notices"],
            "is_administrator": role is Role.ADMINISTRATOR,
        }

    return await page_at_a_branch(request, "manager", "manager.html", context)


routes: list[BaseRoute] = [Route("/manager", manager)]
