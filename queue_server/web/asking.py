"""What a request brings: who asks, in which language, with which key and body."""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from starlette.requests import HTTPConnection, Request

from queue_server.access.identity import NOBODY, Who
from queue_server.access.rights import Role
from queue_server.access.tries import WRONG_TOKENS
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.web.house import House

T = TypeVar("T")

COOKIE = "__Host-layso"
PLAIN_COOKIE = "layso"
BODY_MAX = 64 * 1024
KEY_MIN, KEY_MAX = 8, 128
TOO_DEEP = "Nested too deeply"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NETWORK_BITS = 64
"""Of IPv6 whoever has one address has this whole network."""


def house_of(request: HTTPConnection) -> House:
    house: House = request.app.state.house
    return house


def language_of(request: HTTPConnection) -> str:
    """ "en" when asked for by `?lang=en` or preferred by the browser, else "vi"."""
    wanted = request.query_params.get("lang") or request.headers.get("accept-language", "vi")
    return "en" if wanted.lower().startswith("en") else "vi"


def page_language_of(request: HTTPConnection) -> str:
    """Pages are Vietnamese unless their switch says otherwise: many a centre's PC has an English browser."""
    return "en" if request.query_params.get("lang", "").lower().startswith("en") else "vi"


def address_of(request: HTTPConnection) -> str:
    """Whom tries are counted for: the client's address, as far as the proxies before us are believed."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), NETWORK_BITS), strict=False))
    return str(address)


async def who_of(request: HTTPConnection) -> Who:
    """The asker, by bearer token or session cookie; NOBODY without either.

    Raises:
        Refusal: `wrong-token` for anything but a good bearer token in `Authorization`, or `too-many-tries`.
    """
    house = house_of(request)
    access = house.access
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise Refusal("wrong-token")
            return await access.by_bearer(token.strip())
        except Refusal:
            await house.tries.count(WRONG_TOKENS, address_of(request))
            raise
    cookie = session_token(request)
    if cookie is None:
        return NOBODY
    is_change = request.scope.get("method", "GET") not in SAFE
    return await access.by_session(cookie, is_use=is_change or is_page(request))


def is_page(request: HTTPConnection) -> bool:
    """Whether somebody opens a page, and not a program that calls the API, or a page that keeps itself up to date."""
    is_one = not request.url.path.startswith(("/api/", "/static/"))
    return is_one and request.scope.get("method") == "GET" and "text/html" in request.headers.get("accept", "")


async def account_of(request: HTTPConnection) -> Who:
    """The account that asks, also one that owes something first and has no rights until then.

    Raises:
        Refusal: `unauthenticated` for nobody, `forbidden` for a device or a program; what `who_of` raises.
    """
    who = await who_of(request)
    if not who.session:
        raise Refusal("unauthenticated" if who.role is Role.NOBODY else "forbidden")
    return who


async def asker_of(request: HTTPConnection) -> Who:
    """The asker, where nobody may ask. Comes before every other look at the request.

    Raises:
        Refusal: `unauthenticated` for nobody; what `who_of` raises.
    """
    who = await who_of(request)
    if who.role is Role.NOBODY:
        raise Refusal("unauthenticated")
    return who


async def state_asked(request: HTTPConnection, page: str) -> BranchState:
    """The confirmed state of the branch of `?branch=`, for who may open this page there.

    Raises:
        Refusal: `unauthenticated`, `forbidden`, `unknown-branch`.
    """
    branch = request.query_params.get("branch", "")
    who = await asker_of(request)
    who.require_page(page, branch)
    host = await house_of(request).bus.host(branch)
    return await host.settled()


def holder_of(request: HTTPConnection, ticket_id: str) -> Who | None:
    """The ticket's own citizen, by its token (`Ticket-Token` or `?token=`); None without that ticket's.

    Raises:
        Refusal: `unknown-ticket` for a forged token.
    """
    token = request.headers.get("ticket-token") or request.query_params.get("token")
    if token is None or house_of(request).access.ticket_tokens.ticket_of(token) != ticket_id:
        return None
    return Who(f"ticket:{ticket_id}", Role.HOLDER)


def session_token(request: HTTPConnection) -> str | None:
    if "cookie" not in request.headers:
        return None
    return request.cookies.get(COOKIE) or request.cookies.get(PLAIN_COOKIE)


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_of(request: HTTPConnection) -> str:
    """What the asker's browser is called, such as "Chrome, Windows": enough to know one's own again, and no more."""
    agent = request.headers.get("user-agent", "")
    found = (next((name for mark, name in marks if mark in agent), "") for marks in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, found))


def require_same_origin(request: HTTPConnection) -> None:
    """Cookies go along with requests that other sites' pages make, and so does the address of who reads them; their
    Origin gives them away. Programs send none."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refusal("wrong-origin")


def key_of(request: Request) -> str:
    """The idempotency key of a change.

    Raises:
        Refusal: `key-missing`, `key-length`.
    """
    key = request.headers.get("idempotency-key", "")
    if not key:
        raise Refusal("key-missing")
    if not KEY_MIN <= len(key) <= KEY_MAX:
        raise Refusal("key-length", length=len(key))
    return key


def deadline_of(request: Request) -> datetime:
    """Until when issue and call may still be carried out: `Deadline` (ISO instant), by default 15 s from now."""
    given = request.headers.get("deadline")
    if given is None:
        return house_of(request).deadline()
    try:
        deadline = datetime.fromisoformat(given)
    except ValueError:
        raise Refusal("malformed", where="Deadline", fault="Expected an ISO 8601 instant") from None
    if deadline.tzinfo is None:
        raise Refusal("malformed", where="Deadline", fault="Expected an instant with its zone")
    return deadline


async def body_of(request: Request, limit: int = BODY_MAX) -> bytes:
    """The body, at most `limit` bytes.

    Raises:
        Refusal: `too-large`.
    """
    length = request.headers.get("content-length")
    if length is not None and (not length.isdigit() or int(length) > limit):
        raise Refusal("too-large", limit=limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Refusal("too-large", limit=limit)
    return bytes(body)


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """A typed value out of JSON.

    Raises:
        Refusal: `malformed`, with the fault and its path.
    """
    try:
        return decoder.decode(body or b"{}")
    except msgspec.DecodeError as fault:
        raise Refusal("malformed", fault=str(fault)) from None
    except UnicodeDecodeError:
        raise Refusal("malformed", fault="Expected UTF-8") from None
    except RecursionError:
        raise Refusal("malformed", fault=TOO_DEEP) from None
