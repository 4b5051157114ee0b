"""One's own account: its password, its second factor and its sessions. Who owes something first may do this too."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.access.sessions import SessionInfo
from queue_server.access.tries import PASSWORDS_OF_A_NAME
from queue_server.domain.refusals import Refusal
from queue_server.web.answering import json
from queue_server.web.api.entering import signed_in, with_session
from queue_server.web.asking import account_of, body_of, browser_of, decode, house_of


class NewPassword(Struct, frozen=True, forbid_unknown_fields=True):
    old: str
    new: str


class Code(Struct, frozen=True, forbid_unknown_fields=True):
    code: str


class Password(Struct, frozen=True, forbid_unknown_fields=True):
    password: str


class Account(Struct, frozen=True):
    """Who one is; `owes` as in `SignedIn`. `this` is the session that asks."""

    username: str
    name: str
    role: str
    branch: str | None
    owes: str
    has_second_factor: bool
    this: str
    sessions: list[SessionInfo]


class RecoveryCodes(Struct, frozen=True):
    """Each opens the account once in the place of the second factor; told only now."""

    codes: list[str]


_new_password = msgspec.json.Decoder(NewPassword)
_code = msgspec.json.Decoder(Code)
_password = msgspec.json.Decoder(Password)


async def account(request: Request) -> Response:
    """GET /account: who one is, and where one is signed in."""
    who, access = await account_of(request), house_of(request).access
    person = await access.person(who.clerk)
    sessions = await access.sessions.of_account(who.clerk)
    has_one = person is not None and person.has_second_factor
    this = next((each.id for each in sessions if who.session.startswith(each.id)), "")
    return json(Account(who.clerk, who.name, who.role, who.branch, who.owes, has_one, this, sessions))


async def change_password(request: Request) -> Response:
    """POST /account/password {old, new}: all sessions end, and this browser gets a new one."""
    who, house = await account_of(request), house_of(request)
    asked = decode(_new_password, await body_of(request))
    async with house.tries.counted((PASSWORDS_OF_A_NAME, who.clerk)):
        await house.access.change_password(who.clerk, asked.old, asked.new)
    return await _anew(request, who)


async def begin_second_factor(request: Request) -> Response:
    """POST /account/second-factor: a new secret, for an app."""
    who = await account_of(request)
    return json(await house_of(request).access.second_factors.begin(who.clerk))


async def confirm_second_factor(request: Request) -> Response:
    """PUT /account/second-factor {code}: it counts from now on; other sessions end, and this one gets a new token."""
    who, house = await account_of(request), house_of(request)
    asked = decode(_code, await body_of(request))
    async with house.tries.counted((PASSWORDS_OF_A_NAME, who.clerk)):
        codes = await house.access.second_factors.confirm(who.clerk, asked.code)
    await house.access.end_sessions(who.clerk)
    return await _anew(request, who, RecoveryCodes(codes))


async def remove_second_factor(request: Request) -> Response:
    """DELETE /account/second-factor {password}: for whom it is not obligatory."""
    who, house = await account_of(request), house_of(request)
    asked = decode(_password, await body_of(request))
    if who.role is Role.ADMINISTRATOR and house.access.sessions.needs_second_factor:
        raise Refusal("second-factor-kept")
    async with house.tries.counted((PASSWORDS_OF_A_NAME, who.clerk)):
        if not await house.access.is_password(who.clerk, asked.password):
            raise Refusal("wrong-password")
    await house.access.second_factors.remove(who.clerk)
    await house.access.end_sessions(who.clerk)
    return await _anew(request, who)


async def end_sessions(request: Request) -> Response:
    """DELETE /account/sessions[/{session}]: this one of one's own, or all but the one that asks."""
    who = await account_of(request)
    only = request.path_params.get("session", "")
    access = house_of(request).access
    ended = await access.end_sessions(who.clerk, but="" if only else who.session, only=only)
    if only and not ended:
        raise Refusal("not-found")
    return Response(status_code=204)


async def _anew(request: Request, who: Who, answer: object = None) -> Response:
    """With other rights, under another token."""
    access = house_of(request).access
    token, now = await access.let_in(who.clerk, browser=browser_of(request))
    return with_session(request, json(signed_in(now) if answer is None else answer), token)


routes = [
    Route("/account", account, methods=["GET"]),
    Route("/account/password", change_password, methods=["POST"]),
    Route("/account/second-factor", begin_second_factor, methods=["POST"]),
    Route("/account/second-factor", confirm_second_factor, methods=["PUT"]),
    Route("/account/second-factor", remove_second_factor, methods=["DELETE"]),
    Route("/account/sessions", end_sessions, methods=["DELETE"]),
    Route("/account/sessions/{session}", end_sessions, methods=["DELETE"]),
]
