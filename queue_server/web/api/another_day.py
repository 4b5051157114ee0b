"""When to come instead, for whom today is too late."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.domain import hours
from queue_server.domain.another_day import another_day
from queue_server.domain.configuration import Window
from queue_server.protocol.resources import AnotherDay
from queue_server.protocol.rows import Span
from queue_server.web.answering import json
from queue_server.web.asking import house_of


async def next_day(request: Request) -> Response:
    """GET /branches/{branch}/fields/{field}/another-day: the field's next working day, and its quiet hour."""
    host, code = await house_of(request).bus.host(request.path_params["branch"]), request.path_params["field"]
    state = host.state
    found = another_day(state, code)
    if found is None:
        return json(AnotherDay(host.branch_id, code))

    def span(window: Window) -> Span:
        return Span(*(hours.instant(state.configured, found.date, minutes) for minutes in (window.start, window.end)))

    working, issuing = ([span(window) for window in windows] for windows in (found.hours.working, found.hours.issuing))
    return json(AnotherDay(host.branch_id, code, working, issuing, span(found.quiet) if found.quiet else None))


routes = [Route("/branches/{branch}/fields/{field}/another-day", next_day)]
