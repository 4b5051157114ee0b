"""Pictures of lobby screens: asked for by who keeps the devices, given by the screen itself."""

from __future__ import annotations

from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.pictures import LARGEST
from queue_server.access.rights import Role
from queue_server.domain.refusals import Refusal
from queue_server.web.answering import NO_STORE
from queue_server.web.asking import asker_of, body_of, house_of

JPEG = b"\xff\xd8\xff"


async def ask(request: Request) -> Response:
    """POST /devices/{id}/picture: have a screen take one. While one is asked for, asking again changes nothing."""
    house, device = house_of(request), await _screen_of(request)
    await house.pictures.ask(device)
    house.picturing.wake()
    return Response(status_code=202, headers=NO_STORE)


async def picture(request: Request) -> Response:
    """GET /devices/{id}/picture: the newest, with the time at which it came."""
    found = await house_of(request).pictures.newest(await _screen_of(request))
    if found is None:
        raise Refusal("no-picture")
    headers = NO_STORE | {"last-modified": format_datetime(found.taken_at, usegmt=True)}
    return Response(found.data, media_type="image/jpeg", headers=headers)


async def _screen_of(request: Request) -> str:
    """The id of the lobby screen in the address, for who keeps the devices of its branch."""
    who, device = await asker_of(request), request.path_params["id"]
    who.require_page("devices")
    known = await house_of(request).access.devices(who.branch, with_training=True)
    if not any(each.id == device and each.kind == Role.DISPLAY and each.revoked_at is None for each in known):
        raise Refusal("not-found")
    return str(device)


async def give(request: Request) -> Response:
    """PUT /devices/me/picture: a screen's own, when it was asked for; the body is a JPEG."""
    who = await asker_of(request)
    if who.role is not Role.DISPLAY or who.device is None:
        raise Refusal("forbidden")
    data = await body_of(request, LARGEST)
    if not data.startswith(JPEG):
        raise Refusal("media-format")
    if not await house_of(request).pictures.put(who.device, data):
        raise Refusal("picture-not-asked")
    return Response(status_code=204)


routes = [
    Route("/devices/me/picture", give, methods=["PUT"]),
    Route("/devices/{id}/picture", ask, methods=["POST"]),
    Route("/devices/{id}/picture", picture, methods=["GET"]),
]
