"""The helper's page at /helper: a number in one tap, claimed priorities to confirm, tickets to put right. What lives on
it comes by the feed; classes and printers are asked for."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.access.rights import Role
from queue_server.access.store import DeviceInfo
from queue_server.directory import slips
from queue_server.domain.configuration import PriorityClass
from queue_server.realtime.views import name
from queue_server.web.answering import json
from queue_server.web.asking import house_of, state_asked
from queue_server.web.pages.staff import page_at_a_branch


async def helper(request: Request) -> Response:
    """GET /helper?branch=…"""
    return await page_at_a_branch(request, "helper", "helper.html")


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
