"""The helper's page at /helper: a number in one tap, claimed priorities to confirm, tickets to put right. What lives on
it comes by the feed; classes and printers are asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.access.rights import Role
from queue_server.access.store import DeviceInfo
from queue_server.directory import slips
from queue_server.domain.configuration import PriorityClass
from queue_server.domain.refusals import Refusal
from queue_server.realtime.views import name
from queue_server.web.answering import json
from queue_server.web.asking import house_of, state_asked, who_of
from queue_server.web.pages.entrance import sign_in_address
from queue_server.web.pages.rendering import page, trouble


async def helper(request: Request) -> Response:
    """GET /helper?branch=…: the branch is the account's, or chosen when the account has none."""
    return await page_at_a_branch(request, "helper.html", "/helper")


Context = Callable[[str], Awaitable[dict[str, Any]]]


async def page_at_a_branch(request: Request, template: str, path: str, context: Context | None = None) -> Response:
    """A helper's page of the branch that is asked for, with what `context` says of it; or a choice of branches."""
    who = await who_of(request)
    if who.role is Role.NOBODY:
        return RedirectResponse(sign_in_address(request), 303, {"cache-control": "no-store"})
    wanted = request.query_params.get("branch")
    try:
        who.require_page("helper", wanted)
    except Refusal as refusal:
        return trouble(request, refusal)
    branches = [choice for choice in await _branches(request) if who.branch in (None, choice["code"])]
    if wanted is None and len(branches) == 1:
        wanted = branches[0]["code"]
    chosen = next((choice for choice in branches if choice["code"] == wanted), None)
    if wanted is not None and chosen is None:
        return trouble(request, Refusal("unknown-branch", branch=wanted))
    more = await context(chosen["code"]) if context is not None and chosen is not None else {}
    return page(request, template, who=who, branch=chosen, branches=branches, path=path, **more)


async def _branches(request: Request) -> list[dict[str, Any]]:
    configs = [each.config for each in await house_of(request).listing.all()]
    return [{"code": each.branch, "name": name(each.name), "zone": each.timezone} for each in configs]


async def facts(request: Request) -> Response:
    """GET /helper/facts?branch=…: the priority classes, printers, dispensers and agencies, and whether slips can be
    looked up; for who may open the page there."""
    state = await state_asked(request, "helper")
    house = house_of(request)
    config = state.configured
    devices = [each for each in await house.access.devices(config.branch) if each.revoked_at is None]
    return json(
        {
            "classes": [_class(each) for each in config.classes],
            "printers": _named(devices, Role.PRINTER),
            "dispensers": _named(devices, Role.DISPENSER),
            "agencies": {agency.code: name(agency.name) for agency in config.agencies},
            "has_slips": await house.journal.run(partial(slips.has_any, branch=config.branch)),
        }
    )


def _class(each: PriorityClass) -> dict[str, Any]:
    return {"code": each.code, "name": name(each.name), "min_age": each.min_age}


def _named(devices: list[DeviceInfo], kind: Role) -> list[dict[str, str]]:
    return [{"id": each.id, "name": each.name} for each in devices if each.kind == kind]


routes: list[BaseRoute] = [
    Route("/helper", helper),
    Route("/helper/facts", facts),
]
