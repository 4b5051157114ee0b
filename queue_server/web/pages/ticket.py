"""A citizen's own ticket on the phone, at /t/{token}: where the QR code on the paper leads. The token is the right."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from queue_server.access.identity import NOBODY
from queue_server.branches.bus import CommandBus
from queue_server.branches.host import BranchHost
from queue_server.directory.languages import OWN
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.refusals import Refusal
from queue_server.domain.tickets import Rebooking, Ticket
from queue_server.realtime.views import name
from queue_server.web.asking import house_of
from queue_server.web.pages.rendering import page, policy_of_old_browsers

SCRIPTS = (
    "/static/protocol/wires.js",
    "/static/protocol/feed.js",
    "/static/page.js",
    "/static/times.js",
    "/static/phone.js",
    "/static/ticket/texts.js",
    "/static/ticket/view.js",
    "/static/ticket/actions.js",
    "/static/ticket/means.js",
    "/static/ticket/alarm.js",
    "/static/ticket/rating.js",
    "/static/ticket/ticket.js",
)
"""Classic scripts, in the order in which they need each other."""

PRIVATE = {"referrer-policy": "no-referrer", "x-robots-tag": "noindex, nofollow"}
"""The address holds the token: it is told to nobody."""


async def ticket(request: Request) -> Response:
    """GET /t/{token}: the ticket of today; one of another day leads to its visit's ticket of today, if there is one."""
    try:
        house = house_of(request)
        wanted = house.access.ticket_tokens.ticket_of(request.path_params["token"])
        host = await _host_of(house.bus, wanted)
    except Refusal as refusal:
        if refusal.code != "unknown-ticket":
            raise
        return _private(_gone(request))
    state = await host.settled()
    if wanted in state.tickets:
        return _private(await _followed(request, host, state.tickets[wanted]))
    today = next((each for each in state.tickets if _visit(each) == _visit(wanted)), None)
    if today is not None:
        return _private(_moved(request, house.access.ticket_tokens.token(today)))
    booked = next((each for each in state.booked.values() if _visit(each.id) == _visit(wanted)), None)
    if booked is not None and booked.rebooked is not None:
        return _private(await _booked(request, state.configured, booked, booked.rebooked))
    return _private(_gone(request))


async def _host_of(bus: CommandBus, ticket_id: str) -> BranchHost:
    """The branch of a ticket's visit; a rebooked one is not in any journal before its day."""
    return await bus.host(await bus.branch_of(_visit(ticket_id)))


def _visit(ticket_id: str) -> str:
    """What the ids of a visit's tickets share: a rebooked one adds its day to the first one's."""
    return ticket_id.partition("-")[0]


def _private(answer: Response) -> Response:
    answer.headers.update(PRIVATE)
    return answer


async def _followed(request: Request, host: BranchHost, ticket: Ticket) -> Response:
    config = host.state.configured
    said = await _language(request, config, ticket)
    answer = page(
        request,
        "ticket.html",
        who=NOBODY,
        **said,
        kind="live",
        branch_code=host.branch_id,
        code=host.branch_id,
        scripts=SCRIPTS if said["lang"] in OWN else (f"/static/languages/{said['lang']}.js", *SCRIPTS),
        zone=config.timezone,
        number=ticket.number,
        field=name(host.state.field(ticket.field).name),
        branch=name(config.name),
    )
    answer.headers["content-security-policy"] = policy_of_old_browsers(request)
    return answer


async def _booked(request: Request, config: BranchConfig, ticket: Ticket, into: Rebooking) -> Response:
    """Between its old day and its new one a ticket has only a number and a date."""
    fields = {field.code: field.name for field in config.fields}
    said = await _language(request, config, ticket)
    date = said["date"].format(day=f"{into.day:%d}", month=f"{into.day:%m}", year=into.day.year)
    return page(
        request,
        "ticket.html",
        who=NOBODY,
        **said,
        kind="booked",
        branch_code=config.branch,
        scripts=(),
        number=into.number,
        field=name(fields[ticket.field]),
        branch=name(config.name),
        on=date,
    )


def _gone(request: Request) -> Response:
    return page(request, "ticket.html", who=NOBODY, status=404, kind="gone", scripts=(), branch=None)


def _moved(request: Request, token: str) -> Response:
    query = urlencode({"lang": request.query_params["lang"]}) if "lang" in request.query_params else ""
    return RedirectResponse(f"/t/{token}" + (f"?{query}" if query else ""), 303, {"cache-control": "no-store"})


async def _language(request: Request, config: BranchConfig, ticket: Ticket) -> dict[str, Any]:
    """The page's language as switched, else the one in which the number was taken, with its words; and the others."""
    languages = await house_of(request).languages.offered(config.languages)
    wanted = request.query_params.get("lang") or ticket.language
    lang = wanted if wanted in languages else "en"
    tables = languages[lang].tables
    others = [(code, language.name) for code, language in languages.items() if code != lang]
    return {"lang": lang, "words": tables["ticket"], "date": tables["times"]["date"], "others": others}


routes: list[BaseRoute] = [Route("/t/{token}", ticket)]
