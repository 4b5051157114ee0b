"""The staff of a branch and their postings, for administrators and managers; tokens of devices and programs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.access.sessions import SessionInfo
from queue_server.access.staff import EmployerKind, Member, NewMember, NewPosting
from queue_server.access.store import DeviceInfo
from queue_server.access.tries import PASSWORDS_OF_A_NAME
from queue_server.domain.refusals import Refusal
from queue_server.protocol.rows import Name
from queue_server.realtime.views import name
from queue_server.web.answering import json
from queue_server.web.asking import SAFE, asker_of, body_of, decode, house_of, key_of

Words = Annotated[str, Meta(min_length=1, max_length=120)]


class About(Struct, frozen=True, forbid_unknown_fields=True):
    """A member of staff. `role` null has no standing appointment, `branch` null with a role is every branch."""

    name: Words
    role: Role | None
    branch: str | None
    employer_kind: EmployerKind = "state"
    employer: Annotated[str, Meta(max_length=120)] = ""


class AddMember(About, frozen=True, forbid_unknown_fields=True, kw_only=True):
    username: Annotated[str, Meta(max_length=40)]


class AddPosting(Struct, frozen=True, forbid_unknown_fields=True):
    """Both days included; `agency` is one of the branch's, or ""."""

    account: Annotated[str, Meta(max_length=64)]
    branch: str
    role: Role
    first_day: date
    last_day: date
    agency: str = ""
    substitutes: str | None = None


class AddProgram(Struct, frozen=True, forbid_unknown_fields=True):
    name: Words
    branch: str | None


class StaffNow(Struct, frozen=True):
    """Those who work at a branch or will, its agencies by code, and its service day."""

    today: date
    agencies: dict[str, Name]
    staff: list[Member]


class OncePassword(Struct, frozen=True):
    """To be changed at the next sign-in; told only now."""

    password: str


class PostingAdded(Struct, frozen=True):
    posting: str


class SessionsNow(Struct, frozen=True):
    sessions: list[SessionInfo]


class ProgramAdded(Struct, frozen=True):
    """The token is told only now."""

    device: str
    token: str


_add = msgspec.json.Decoder(AddMember)
_about = msgspec.json.Decoder(About)
_posting = msgspec.json.Decoder(AddPosting)
_program = msgspec.json.Decoder(AddProgram)


async def _manager(request: Request) -> Who:
    who = await asker_of(request)
    who.require_page("staff")
    if request.method not in SAFE:
        key_of(request)
    return who


# -- accounts ----------------------------------------------------------------------------------------------------------


async def staff(request: Request) -> Response:
    """GET /branches/{branch}/staff"""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    host = await house.bus.host(branch)
    who.require_page("staff", branch)
    config = host.state.configured
    agencies = {each.code: name(each.name) for each in config.agencies}
    return json(StaffNow(house.access.sessions.today(branch), agencies, await house.staff.at(who, branch)))


async def add(request: Request) -> Response:
    """POST /staff: an account and its password for once."""
    who = await _manager(request)
    asked = decode(_add, await body_of(request))
    password = await house_of(request).staff.add(who, await _member(request, asked.username, asked))
    return json(OncePassword(password), 201)


async def change(request: Request) -> Response:
    """PUT /staff/{username}: name, employer, standing appointment."""
    who = await _manager(request)
    asked = decode(_about, await body_of(request))
    await house_of(request).staff.change(who, await _member(request, request.path_params["username"], asked))
    return Response(status_code=204)


async def _member(request: Request, username: str, asked: About) -> NewMember:
    if asked.branch is not None:
        await house_of(request).bus.host(asked.branch)
    return NewMember(username, asked.name, asked.role, asked.branch, asked.employer_kind, asked.employer)


async def lock(request: Request) -> Response:
    """DELETE /staff/{username}: the account is nobody's any more."""
    who = await _manager(request)
    await house_of(request).staff.lock(who, request.path_params["username"])
    return Response(status_code=204)


async def reset_password(request: Request) -> Response:
    """POST /staff/{username}/reset-password: a password for once; a lock-out is lifted, sessions end."""
    who, house, username = await _manager(request), house_of(request), request.path_params["username"]
    password = await house.staff.reset_password(who, username)
    await house.tries.forget(PASSWORDS_OF_A_NAME, username)
    return json(OncePassword(password))


async def unlock(request: Request) -> Response:
    """POST /staff/{username}/unlock: wrong passwords until now do not count."""
    who, house, username = await _manager(request), house_of(request), request.path_params["username"]
    await house.staff.mine(who, username)
    await house.tries.forget(PASSWORDS_OF_A_NAME, username)
    return Response(status_code=204)


async def reset_second_factor(request: Request) -> Response:
    """POST /staff/{username}/reset-second-factor: as if there were none; sessions end."""
    who = await _manager(request)
    await house_of(request).staff.reset_second_factor(who, request.path_params["username"])
    return Response(status_code=204)


async def sessions(request: Request) -> Response:
    """GET /staff/{username}/sessions: where the account is signed in."""
    who, house, username = await _manager(request), house_of(request), request.path_params["username"]
    await house.staff.mine(who, username)
    return json(SessionsNow(await house.access.sessions.of_account(username)))


async def end_sessions(request: Request) -> Response:
    """DELETE /staff/{username}/sessions"""
    who, house, username = await _manager(request), house_of(request), request.path_params["username"]
    await house.staff.mine(who, username)
    await house.access.end_sessions(username, by=who.actor)
    return Response(status_code=204)


# -- postings ----------------------------------------------------------------------------------------------------------


async def post(request: Request) -> Response:
    """POST /postings: somebody's work at a branch, from a service day to another."""
    who, house = await _manager(request), house_of(request)
    asked = decode(_posting, await body_of(request))
    config = (await house.bus.host(asked.branch)).state.configured
    if asked.agency and asked.agency not in {each.code for each in config.agencies}:
        raise Refusal("unknown-agency", agency=asked.agency)
    new = NewPosting(
        asked.account, asked.branch, asked.role, asked.agency, asked.first_day, asked.last_day, asked.substitutes
    )
    return json(PostingAdded(await house.staff.post(who, new)), 201)


async def end_posting(request: Request) -> Response:
    """DELETE /postings/{id}: it gives no rights from now on."""
    who = await _manager(request)
    await house_of(request).staff.end_posting(who, request.path_params["id"])
    return Response(status_code=204)


# -- tokens ------------------------------------------------------------------------------------------------------------


async def add_program(request: Request) -> Response:
    """POST /programs {name, branch}: lets in another program; null is every branch."""
    who, house = await _administrator(request), house_of(request)
    key_of(request)
    asked = decode(_program, await body_of(request))
    if asked.branch is not None:
        await house.bus.host(asked.branch)
    if who.branch not in (None, asked.branch):
        raise Refusal("forbidden")
    device, token = await house.access.add_device(Role.INTEGRATION, name=asked.name, branch=asked.branch, by=who.actor)
    return json(ProgramAdded(device, token), 201)


async def rotate_token(request: Request) -> Response:
    """POST /devices/{id}/token: a new token; the former one is good for a day, or until the new one is used."""
    who, house = await _administrator(request), house_of(request)
    device = await _device(request, who)
    return json(ProgramAdded(device.id, await house.access.rotate_token(device.id, by=who.actor)))


async def _administrator(request: Request) -> Who:
    who = await asker_of(request)
    if who.role is not Role.ADMINISTRATOR:
        raise Refusal("forbidden")
    return who


async def _device(request: Request, who: Who) -> DeviceInfo:
    known = await house_of(request).access.devices(who.branch)
    wanted = request.path_params["id"]
    found = next((each for each in known if each.id == wanted and each.revoked_at is None), None)
    if found is None:
        raise Refusal("not-found")
    return found


routes = [
    Route("/branches/{branch}/staff", staff, methods=["GET"]),
    Route("/staff", add, methods=["POST"]),
    Route("/staff/{username}", change, methods=["PUT"]),
    Route("/staff/{username}", lock, methods=["DELETE"]),
    Route("/staff/{username}/reset-password", reset_password, methods=["POST"]),
    Route("/staff/{username}/unlock", unlock, methods=["POST"]),
    Route("/staff/{username}/reset-second-factor", reset_second_factor, methods=["POST"]),
    Route("/staff/{username}/sessions", sessions, methods=["GET"]),
    Route("/staff/{username}/sessions", end_sessions, methods=["DELETE"]),
    Route("/postings", post, methods=["POST"]),
    Route("/postings/{id}", end_posting, methods=["DELETE"]),
    Route("/programs", add_program, methods=["POST"]),
    Route("/devices/{id}/token", rotate_token, methods=["POST"]),
]
