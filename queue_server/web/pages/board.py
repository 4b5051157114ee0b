"""A branch's board for phones, at /b/{branch}: whom the counters call, and how each field is doing. Public.

What it shows first is in its HTML, so that a bad line need bring nothing else for it; the rows come along, and the feed
goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queue_server.domain import hours
from queue_server.domain.configuration import BranchConfig
from queue_server.protocol.resources import Board, BoardData
from queue_server.protocol.rows import CallRow, Live, Span
from queue_server.realtime.views import name
from queue_server.web.asking import house_of, page_language_of, who_of
from queue_server.web.pages.rendering import page, policy_of_old_browsers

SCRIPTS = (
    "/static/protocol/wires.js",
    "/static/protocol/feed.js",
    "/static/page.js",
    "/static/times.js",
    "/static/phone.js",
    "/static/display/display_texts.js",
    "/static/display/display_screen.js",
    "/static/display/display_view.js",
)
"""Classic scripts, in the order in which they need each other; the page's own modules come after them."""
CALLS_SHOWN = 8


async def board(request: Request) -> Response:
    """GET /b/{branch}: Vietnamese unless `?lang=en`."""
    house = house_of(request)
    host = await house.bus.host(request.path_params["branch"])
    live = await house.hub.live(host)
    channel = await house.hub.snapshot(host, f"board:{host.branch_id}")
    frame = channel.snapshot(host.state.seq)
    config, now = host.state.configured, house.now()
    is_english = page_language_of(request) == "en"
    answer = page(
        request,
        "board.html",
        who=await who_of(request),
        branch_code=host.branch_id,
        scripts=SCRIPTS,
        code=host.branch_id,
        zone=config.timezone,
        branch=name(config.name),
        others=[("vi", "Tiếng Việt")] if is_english else [("en", "English")],
        at=now.isoformat(),
        rows=_in_html(frame),
        figures=_in_html(_encoder.encode(live)),
        has_classes=bool(config.classes),
        **_first(_decoder.decode(frame).data, live, now, config, "all day" if is_english else "cả ngày"),
    )
    answer.headers["content-security-policy"] = policy_of_old_browsers(request)
    return answer


def _in_html(data: bytes) -> Markup:
    """JSON that ends no element, whatever is written in it."""
    return Markup(data.decode().replace("<", "\\u003c"))


def _first(rows: BoardData, live: Live, now: datetime, config: BranchConfig, all_day: str) -> dict[str, Any]:
    """What is to be seen before any script has run: calls, people waiting, today's hours."""
    zone, day = hours.zone(config.timezone), rows.day.get("today")
    fields = [row for row in sorted(rows.fields.values(), key=lambda row: row.order) if not row.is_retired]
    called = [call for call in _newest(rows.calls.values()) if _is_called(rows, call)]
    return {
        "clock": f"{now.astimezone(zone):%H:%M}",
        "called": called,
        "recent": [call for call in _newest(rows.calls.values()) if call not in called][:CALLS_SHOWN],
        "fields": [(row, live.fields[row.code].waiting) for row in fields],
        "spans": _spans(day.working, zone, all_day) if day else "",
        "notice": day.notice if day else name(config.notice),
    }


def _newest(calls: Sequence[CallRow] | Any) -> list[CallRow]:
    """The newest call of each number, the newest first."""
    found: dict[str, CallRow] = {}
    for call in sorted(calls, key=lambda call: call.call, reverse=True):
        found.setdefault(call.number, call)
    return list(found.values())


def _is_called(rows: BoardData, call: CallRow) -> bool:
    """Whether its counter still waits for this number."""
    counter = rows.counters.get(str(call.counter))
    there = counter.ticket if counter is not None else None
    return there is not None and (there.number, there.state) == (call.number, "called")


def _spans(spans: Sequence[Span], zone: tzinfo, all_day: str) -> str:
    """A whole day in words: its clock times would read as none."""
    clocks = ((f"{span.start.astimezone(zone):%H:%M}", f"{span.end.astimezone(zone):%H:%M}") for span in spans)
    return ", ".join(f"{start}–{end}" if start != end else all_day for start, end in clocks)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Board)

routes: list[BaseRoute] = [Route("/b/{branch}", board)]
