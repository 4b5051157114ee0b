"""The staff of a branch, its postings and tokens at /admin, for administrators and managers; one's own at /account."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.web.asking import house_of, who_of
from queue_server.web.pages.entrance import local_path, sign_in_address
from queue_server.web.pages.rendering import page
from queue_server.web.pages.staff import page_at_a_branch


async def admin(request: Request) -> Response:
    """GET /admin?branch=…"""

    async def context(_: str) -> dict[str, Any]:
        return {"is_second_factor_off": not house_of(request).access.sessions.needs_second_factor}

    return await page_at_a_branch(request, "staff", "admin.html", context)


async def account(request: Request) -> Response:
    """GET /account?next=…: also for who owes something first, and then goes on to `next`."""
    who = await who_of(request)
    if not who.session or who.owes == "posting":
        return RedirectResponse(sign_in_address(request), 303, {"cache-control": "no-store"})
    return page(request, "account.html", who=who, next=local_path(request.query_params.get("next")))


routes: list[BaseRoute] = [Route("/admin", admin), Route("/account", account)]
