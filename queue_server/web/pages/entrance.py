"""The way in: `/` lists the pages in plain words, `/sign-in` lets an account in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.access.identity import Who
from queue_server.access.rights import PAGES, Role
from queue_server.domain.hours import service_day
from queue_server.realtime.views import name
from queue_server.web.asking import house_of, page_language_of, who_of
from queue_server.web.pages.rendering import page

HOMES: dict[Role, str] = {
    Role.CLERK: "/clerk",
    Role.HELPER: "/helper",
    Role.SUPERVISOR: "/manager",
    Role.MANAGER: "/manager",
    Role.AUDITOR: "/audit",
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
    house = house_of(request)
    configs, now = [each.config for each in await house.listing.all()], house.now()
    return [
        {
            "code": config.branch,
            "path": quote(config.branch),
            "name": name(config.name),
            "organisation": name(config.organisation),
            "today": service_day(config, now),
            "is_training": config.is_training,
        }
        for config in configs
        if who.is_at(config.branch) and not (config.is_training and who.role is Role.NOBODY)
    ]


def _staff_pages(who: Who) -> list[str]:
    """The pages that this account may open; before signing in, those of the consoles, for they ask who is there."""
    consoles = [each for each in ("helper", "clerk", "manager") if who.role is Role.NOBODY or who.role in PAGES[each]]
    further = [each for each in ("staff", "reports", "audit") if who.role in PAGES[each]]
    return [*consoles, *(each for each in further if each != "reports" or not consoles)]


async def sign_in(request: Request) -> Response:
    """GET /sign-in?next=…&anew=1: the form; its script posts to /api/v1/session. Who is signed in has nothing to do
    here, unless it is `anew`."""
    who, after = await who_of(request), local_path(request.query_params.get("next"))
    if who.owes in ("password", "second-factor"):
        lang = {"lang": "en"} if page_language_of(request) == "en" else {}
        return RedirectResponse(f"/account?{urlencode({'next': after} | lang)}", 303, {"cache-control": "no-store"})
    if who.clerk and who.role is not Role.NOBODY and "anew" not in request.query_params:
        return RedirectResponse(after or _home(request, who), 303, {"cache-control": "no-store"})
    return page(request, "sign_in.html", who=who, next=after, homes=HOMES, sso=_sso(request))


def _home(request: Request, who: Who) -> str:
    return f"{HOMES.get(who.role, '/')}{'?lang=en' if page_language_of(request) == 'en' else ''}"


def _sso(request: Request) -> str:
    """What the button for single sign-on says; "" where there is none."""
    house = house_of(request)
    return "" if house.single_sign_on is None else house.settings.oidc_name or "sso"


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
