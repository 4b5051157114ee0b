"""The way in: `/` lists the pages in plain words, `/sign-in` lets an account in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.access.identity import Who
from queue_server.access.rights import PAGES, Role
from queue_server.realtime.views import name
from queue_server.web.asking import house_of, page_language_of, who_of
from queue_server.web.pages.rendering import page

HOMES: dict[Role, str] = {
    Role.CLERK: "/clerk",
    Role.HELPER: "/helper",
    Role.SUPERVISOR: "/manager",
    Role.MANAGER: "/manager",
}
"""Where an account lands after signing in; the others see the list of pages."""


async def start(request: Request) -> Response:
    """GET /: the branches and their pages."""
    who = await who_of(request)
    branches = await _branches(request, who)
    return page(request, "start.html", who=who, branches=branches, staff_pages=_staff_pages(who))


async def _branches(request: Request, who: Who) -> list[dict[str, Any]]:
    """The branches that this asker has to do with; all of them for who belongs to none, but training copies for who has
    signed in."""
    configs = [each.config for each in await house_of(request).listing.all()]
    return [
        {
            "code": config.branch,
            "path": quote(config.branch),
            "name": name(config.name),
            "organisation": name(config.organisation),
            "is_training": config.is_training,
        }
        for config in configs
        if who.is_at(config.branch) and not (config.is_training and who.role is Role.NOBODY)
    ]


def _staff_pages(who: Who) -> list[str]:
    """The consoles that this account may open; before signing in, all of them, for they ask who is there."""
    return [each for each in ("helper", "clerk", "manager") if who.role is Role.NOBODY or who.role in PAGES[each]]


async def sign_in(request: Request) -> Response:
    """GET /sign-in?next=…: the form; its script posts to /api/v1/session."""
    who = await who_of(request)
    return page(request, "sign_in.html", who=who, next=local_path(request.query_params.get("next")), homes=HOMES)


def local_path(wanted: str | None) -> str:
    """A path of this site, or "" for anything that a browser might take for another one."""
    is_local = wanted is not None and wanted.startswith("/") and wanted[1:2] not in ("/", "\\") and wanted.isprintable()
    return wanted if wanted is not None and is_local else ""


def sign_in_address(request: Request) -> str:
    """/sign-in that comes back to the page that is asked for."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/sign-in?{urlencode({'next': here} | ({'lang': 'en'} if page_language_of(request) == 'en' else {}))}"


routes: list[BaseRoute] = [
    Route("/", start),
    Route("/sign-in", sign_in),
]
