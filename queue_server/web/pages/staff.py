"""How every page of staff opens: who asks is signed in, may open it, and is at a branch or chooses one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from queue_server.access.rights import Role
from queue_server.domain.refusals import Refusal
from queue_server.realtime.views import name
from queue_server.web.asking import house_of, who_of
from queue_server.web.pages.entrance import sign_in_address
from queue_server.web.pages.rendering import page, trouble

Context = Callable[[str], Awaitable[dict[str, Any]]]


async def page_at_a_branch(request: Request, room: str, template: str, context: Context | None = None) -> Response:
    """A page for who may open `room`, a key of `PAGES`, with what `context` says of the branch.

    The branch is the one that is asked for, the account's, or the only one; otherwise, and where `?branch=` names none,
    the page is a choice of branches.
    """
    who = await who_of(request)
    if who.role is Role.NOBODY:
        return RedirectResponse(sign_in_address(request), 303, {"cache-control": "no-store"})
    wanted = request.query_params.get("branch", who.branch) or None
    try:
        who.require_page(room, wanted)
    except Refusal as refusal:
        return trouble(request, refusal, who=who)
    branches = [choice for choice in await _branches(request) if who.is_at(choice["code"])]
    if wanted is None and len(branches) == 1:
        wanted = branches[0]["code"]
    chosen = next((choice for choice in branches if choice["code"] == wanted), None)
    if wanted is not None and chosen is None:
        return trouble(request, Refusal("unknown-branch", branch=wanted))
    more = await context(chosen["code"]) if context is not None and chosen is not None else {}
    code = chosen["code"] if chosen is not None else ""
    return page(
        request, template, who=who, branch_code=code, branch=chosen, branches=branches, path=request.url.path, **more
    )


async def _branches(request: Request) -> list[dict[str, Any]]:
    configs = [each.config for each in await house_of(request).listing.all()]
    return [
        {"code": each.branch, "name": name(each.name), "zone": each.timezone, "boundary": each.day_boundary}
        for each in configs
    ]
