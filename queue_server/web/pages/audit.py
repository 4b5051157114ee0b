"""The audit trail on a page: /audit, for who looks into what was done."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.audit.words import ENTRIES, EVENTS, said
from queue_server.domain.configuration import Text
from queue_server.domain.hours import zone
from queue_server.domain.refusals import Refusal
from queue_server.web.api.audit import found
from queue_server.web.asking import house_of, page_language_of, who_of
from queue_server.web.pages.rendering import trouble
from queue_server.web.pages.staff import page_at_a_branch

ASKED = ("day", "person", "counter", "number", "action")


async def audit(request: Request) -> Response:
    """GET /audit?branch=&day=&person=&counter=&number=&action=&page="""
    lang, asked = page_language_of(request), request.query_params

    async def context(branch: str) -> dict[str, object]:
        house, who = house_of(request), await who_of(request)
        shown = await found(house, who, branch, asked, lang)
        config = (await house.bus.host(branch)).state.configured
        given = {name: asked.get(name, "") for name in ASKED} | {"day": shown.day.isoformat()}
        here = {"branch": branch, **given} | ({"lang": "en"} if lang == "en" else {})
        return {
            "shown": shown,
            "given": given,
            "zone": zone(config.timezone),
            "actions": _actions(lang),
            "href": lambda **changes: f"/audit?{urlencode(here | changes)}",
        }

    try:
        return await page_at_a_branch(request, "audit", "audit.html", context)
    except Refusal as refusal:
        return trouble(request, refusal)


def _actions(lang: str) -> list[tuple[str, str]]:
    """Every kind of thing that happens, by its words."""
    pairs = [(code, _short(text, lang)) for code, text in {**EVENTS, **ENTRIES}.items()]
    return sorted(pairs, key=lambda pair: pair[1])


class _Dots(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


def _short(text: Text, lang: str) -> str:
    return said(text, lang).format_map(_Dots()).removesuffix(" …")


routes: list[BaseRoute] = [Route("/audit", audit)]
