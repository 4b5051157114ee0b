"""To the OpenID provider at /sign-in/sso, and back from it at /sign-in/sso/back."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.access.single_sign_on import LASTS_S, SingleSignOn
from queue_server.access.tries import SIGN_ONS, SIGN_ONS_FROM_AN_ADDRESS
from queue_server.domain.refusals import Refusal
from queue_server.web.api.entering import LOCAL, with_session
from queue_server.web.asking import address_of, browser_of, house_of, session_token
from queue_server.web.pages.entrance import HOMES, local_path

COOKIE, PLAIN_COOKIE = "__Host-layso-sso", "layso-sso"


def _provider(request: Request) -> SingleSignOn:
    found = house_of(request).single_sign_on
    if found is None:
        raise Refusal("not-found")
    return found


def _back(request: Request) -> str:
    """Where the provider sends the browser to: what was registered there."""
    public = house_of(request).settings.public_url.rstrip("/")
    return f"{public or str(request.base_url).rstrip('/')}/sign-in/sso/back"


async def begin(request: Request) -> Response:
    """GET /sign-in/sso?next=…"""
    provider = _provider(request)
    await house_of(request).tries.count(SIGN_ONS_FROM_AN_ADDRESS, address_of(request))
    address, cookie = await provider.begin(_back(request), local_path(request.query_params.get("next")))
    answer = RedirectResponse(address, 303, {"cache-control": "no-store"})
    is_secure = request.url.scheme == "https" or request.url.hostname in LOCAL
    name = COOKIE if is_secure else PLAIN_COOKIE
    answer.set_cookie(name, cookie, max_age=LASTS_S, secure=is_secure, httponly=True, samesite="lax", path="/")
    return answer


async def finish(request: Request) -> Response:
    """GET /sign-in/sso/back?code&state: the browser gets a session; what it had begun is used up, however it ends."""
    house, provider = house_of(request), _provider(request)
    query, cookies = request.query_params, request.cookies
    cookie = cookies.get(COOKIE) or cookies.get(PLAIN_COOKIE) or ""
    under_way = provider.under_way(cookie, query.get("state", ""))
    try:
        await house.tries.count(SIGN_ONS, under_way.state)
    except Refusal:
        raise Refusal("sso-failed") from None
    if "code" not in query:
        raise Refusal("sso-failed")
    found = await provider.finish(under_way, _back(request), query["code"])
    token, who = await house.access.let_in_from_elsewhere(
        found.username, is_strong=found.is_strong, browser=browser_of(request), instead_of=session_token(request)
    )
    after = under_way.after or HOMES.get(who.role, "/")
    answer = RedirectResponse(
        f"/account?{urlencode({'next': after})}" if who.owes else after, 303, {"cache-control": "no-store"}
    )
    for name in (COOKIE, PLAIN_COOKIE):
        answer.delete_cookie(name, secure=name == COOKIE)
    return with_session(request, answer, token)


routes: list[BaseRoute] = [Route("/sign-in/sso", begin), Route("/sign-in/sso/back", finish)]
