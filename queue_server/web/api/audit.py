"""The audit trail of a branch, looked through by day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.identity import Who
from queue_server.audit.search import Line, Wanted, search
from queue_server.domain.hours import service_day
from queue_server.domain.refusals import Refusal
from queue_server.web.answering import json
from queue_server.web.asking import asker_of, house_of, language_of
from queue_server.web.house import House

LINES_A_PAGE = 300


class AuditPage(Struct, frozen=True):
    """Lines of one service day, the earliest first; `page` of `pages`, from 1."""

    branch: str
    day: date
    page: int
    pages: int
    count: int
    lines: list[Line]


async def audit(request: Request) -> Response:
    """GET /branches/{branch}/audit?day=&person=&counter=&number=&action=&page="""
    house, branch = house_of(request), request.path_params["branch"]
    who = await asker_of(request)
    await house.bus.host(branch)
    who.require_page("audit", branch)
    return json(await found(house, who, branch, request.query_params, language_of(request)))


async def found(house: House, who: Who, branch: str, asked: Mapping[str, str], lang: str) -> AuditPage:
    """What is asked for, today unless a day is named.

    Raises:
        Refusal: `malformed`
    """
    config = (await (await house.bus.host(branch)).settled()).configured
    wanted = Wanted(
        day=_day(asked.get("day")) or service_day(config, house.now()),
        person=asked.get("person", ""),
        counter=_whole("counter", asked),
        number=asked.get("number", ""),
        action=asked.get("action", ""),
    )
    lines = await search(house.journal, config, wanted, house.access.names, lang, sees_all=who.branch is None)
    pages = max(1, -(-len(lines) // LINES_A_PAGE))
    page = min(max(1, _whole("page", asked) or 1), pages)
    shown = lines[(page - 1) * LINES_A_PAGE : page * LINES_A_PAGE]
    return AuditPage(branch, wanted.day, page, pages, len(lines), shown)


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("malformed", where="day", fault="Expected a date such as 2026-11-22") from None


def _whole(name: str, asked: Mapping[str, str]) -> int | None:
    text = asked.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refusal("malformed", where=name, fault="Expected a whole number")
    return int(text)


routes = [Route("/branches/{branch}/audit", audit, methods=["GET"])]
