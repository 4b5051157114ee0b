"""Signing in and out, pairing devices, and listing them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import asdict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.identity import Who, device_actor
from queue_server.access.rights import Role
from queue_server.access.store import DeviceInfo
from queue_server.access.tries import (
    CODES_ASKED,
    CODES_COLLECTED,
    CODES_CONFIRMED,
    PASSWORDS_FROM_AN_ADDRESS,
    PASSWORDS_OF_A_NAME,
    WRONG_TOKENS,
)
from queue_server.domain.commands import CounterNo
from queue_server.domain.refusals import Refusal
from queue_server.protocol.frames import Report
from queue_server.protocol.resources import SignedIn
from queue_server.web.answering import json
from queue_server.web.asking import (
    COOKIE,
    PLAIN_COOKIE,
    address_of,
    asker_of,
    body_of,
    browser_of,
    decode,
    house_of,
    key_of,
    session_token,
)

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """`code` is of an authenticator app, or one of the recovery codes, where the account has a second factor."""

    username: str
    password: str
    code: str | None = None


class DeviceSignIn(Struct, frozen=True, forbid_unknown_fields=True):
    token: str


class AskPairing(Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["dispenser", "display", "printer", "rating"]


class CollectPairing(Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    secret: str


class ConfirmPairing(Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    name: str
    branch: str
    printer: str | None = None
    screen: str | None = None
    counter: CounterNo | None = None


class DeviceNow(DeviceInfo, frozen=True, kw_only=True):
    """A device, and whether it is connected now, to whichever process; null when nobody knows. `gone_since` is since
    when it is not, where that is known; `report` what a lobby screen says of itself."""

    is_connected: bool | None
    gone_since: datetime | None
    report: Report | None


class Devices(Struct, frozen=True):
    devices: list[DeviceNow]


_report = msgspec.json.Decoder(Report)
_sign_in = msgspec.json.Decoder(SignIn)
_device_sign_in = msgspec.json.Decoder(DeviceSignIn)
_ask_pairing = msgspec.json.Decoder(AskPairing)
_collect_pairing = msgspec.json.Decoder(CollectPairing)
_confirm_pairing = msgspec.json.Decoder(ConfirmPairing)


async def sign_in(request: Request) -> Response:
    """POST /session {username, password, code?}: sets the session cookie; the browser's former session ends."""
    asked = decode(_sign_in, await body_of(request))
    house, address = house_of(request), address_of(request)
    async with house.tries.counted((PASSWORDS_FROM_AN_ADDRESS, address), (PASSWORDS_OF_A_NAME, asked.username)):
        token, who = await house.access.sign_in(
            asked.username,
            asked.password,
            code=asked.code,
            browser=browser_of(request),
            instead_of=session_token(request),
        )
    await house.tries.forget(PASSWORDS_OF_A_NAME, asked.username)
    return with_session(request, json(signed_in(who)), token)


async def sign_in_device(request: Request) -> Response:
    """POST /session/device {token}: a browser that is a device; sets the session cookie."""
    asked = decode(_device_sign_in, await body_of(request))
    house = house_of(request)
    async with house.tries.failures(WRONG_TOKENS, address_of(request)):
        token, who = await house.access.sign_in_device(asked.token)
    return with_session(request, json(signed_in(who)), token)


async def sign_out(request: Request) -> Response:
    """DELETE /session"""
    token = session_token(request)
    if token is not None:
        await house_of(request).access.sign_out(token)
    answer = Response(status_code=204)
    for name in (COOKIE, PLAIN_COOKIE):
        answer.delete_cookie(name, secure=name == COOKIE)
    return answer


def signed_in(who: Who) -> SignedIn:
    return SignedIn(who.role, who.name, who.branch, who.owes)


def with_session(request: Request, answer: Response, token: str) -> Response:
    """The session cookie: `Secure` and `__Host-` on https and localhost; in clear only where a setting allows it."""
    settings = house_of(request).settings
    if request.url.scheme == "https" or request.url.hostname in LOCAL:
        answer.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="lax", path="/")
    elif settings.plain_http:
        answer.set_cookie(PLAIN_COOKIE, token, httponly=True, samesite="lax", path="/")
    else:
        raise Refusal("https-needed")
    return answer


async def ask_pairing(request: Request) -> Response:
    """POST /pairings {kind}: a new device asks for a code to show."""
    asked = decode(_ask_pairing, await body_of(request))
    house = house_of(request)
    await house.tries.count(CODES_ASKED, address_of(request))
    return json(await house.pairings.ask(Role(asked.kind)), 201)


async def collect_pairing(request: Request) -> Response:
    """POST /pairings/collect {code, secret}: the device's token, or 204 while nobody has confirmed it."""
    asked = decode(_collect_pairing, await body_of(request))
    house = house_of(request)
    async with house.tries.failures(CODES_COLLECTED, address_of(request)):
        token = await house.pairings.collect(asked.code, asked.secret)
    return json({"token": token}) if token is not None else Response(status_code=204)


async def confirm_pairing(request: Request) -> Response:
    """POST /pairings/confirm {code, name, branch, printer?, screen?, counter?}: lets the device in."""
    house, who = house_of(request), await asker_of(request)
    key_of(request)
    asked = decode(_confirm_pairing, await body_of(request))
    host = await house.bus.host(asked.branch)
    who.require_page("devices", asked.branch)
    if asked.screen is not None:
        host.state.screen(asked.screen)
    if asked.counter is not None:
        host.state.counter(asked.counter)
    require_printer(await house.access.devices(asked.branch), asked.printer, asked.branch)
    async with house.tries.counted((CODES_CONFIRMED, who.actor)):
        device = await house.pairings.confirm(
            asked.code,
            name=asked.name,
            branch=asked.branch,
            printer=asked.printer,
            screen=asked.screen,
            by=who.actor,
            counter=asked.counter,
        )
    return json({"device": device}, 201)


def require_printer(devices: Iterable[DeviceInfo], printer: str | None, branch: str | None) -> None:
    """It is one of the branch's own, where one is named.

    Raises:
        Refusal: `not-found`
    """
    if printer is not None and not any(
        each.id == printer and each.kind == Role.PRINTER and each.branch == branch and each.revoked_at is None
        for each in devices
    ):
        raise Refusal("not-found")


async def devices(request: Request) -> Response:
    """GET /devices: the devices of the asker's branch, and which of them are connected."""
    house, who = house_of(request), await asker_of(request)
    who.require_page("devices")
    known = await house.access.devices(who.branch, with_training=True)
    ids = [device.id for device in known]
    connected, gone = await house.presence.connected(ids), await house.presence.gone_since(ids)
    reports = {device: _report.decode(text) for device, text in (await house.presence.reports(ids)).items()}
    return json(
        Devices(
            [
                DeviceNow(
                    **asdict(each),
                    is_connected=connected[each.id],
                    gone_since=gone.get(each.id),
                    report=reports.get(each.id),
                )
                for each in known
            ]
        )
    )


async def revoke_device(request: Request) -> Response:
    """DELETE /devices/{id}: its token, sessions and connections end."""
    who = await asker_of(request)
    who.require_page("devices")
    house, device = house_of(request), request.path_params["id"]
    known = {device.id for device in await house.access.devices(who.branch, with_training=True)}
    if device not in known:
        raise Refusal("not-found")
    await house.access.revoke_device(device, by=who.actor)
    house.hub.expel({device_actor(device)})
    return Response(status_code=204)


routes = [
    Route("/session", sign_in, methods=["POST"]),
    Route("/session", sign_out, methods=["DELETE"]),
    Route("/session/device", sign_in_device, methods=["POST"]),
    Route("/pairings", ask_pairing, methods=["POST"]),
    Route("/pairings/collect", collect_pairing, methods=["POST"]),
    Route("/pairings/confirm", confirm_pairing, methods=["POST"]),
    Route("/devices", devices, methods=["GET"]),
    Route("/devices/{id}", revoke_device, methods=["DELETE"]),
]
