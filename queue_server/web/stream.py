"""The stream of events at /sse/v1, for pages behind a proxy that lets no WebSocket through: the same frames, one way.

What a WebSocket's client says stands in the address, since nothing can be said later: whoever wants something else
opens another stream, and resumes. So it is the same process that hears it, where there are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from queue_server.access.identity import Who
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import JournalUnavailable
from queue_server.protocol.frames import Report, Subscribe
from queue_server.web.asking import decode, house_of, language_of, who_of
from queue_server.web.house import House
from queue_server.web.peer import CHANNELS_PER_CONNECTION, Peer
from queue_server.web.wires import Receive, Scope, Send, StreamWire

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep frames until there are many
]

_report = msgspec.json.Decoder(Report)


async def stream(request: Request) -> Response:
    """GET /sse/v1?channel=NAME&since=POSITION&channel=…&report={…}"""
    if request.method != "GET":
        raise Refusal("method-not-allowed", method=request.method)
    house = house_of(request)
    if house.hub.is_leaving or not await house.pulse.is_felt():
        raise JournalUnavailable("unavailable")
    who = await who_of(request)
    said = request.query_params.get("report")
    report = decode(_report, said.encode()) if said is not None else None
    return _Stream(house, who, language_of(request), _channels(request.query_params), report)


def _channels(query: QueryParams) -> Sequence[Subscribe]:
    """What is asked for: to each `channel` the `since` in the same place.

    Raises:
        Refusal: `malformed`, `too-many-channels`.
    """
    names, positions = query.getlist("channel"), query.getlist("since")
    if len(names) > CHANNELS_PER_CONNECTION:
        raise Refusal("too-many-channels", limit=CHANNELS_PER_CONNECTION)
    pairs = [{"channel": name, "since": since or None} for name, since in zip_longest(names, positions)]
    try:
        return msgspec.convert([{"type": "subscribe", **pair} for pair in pairs], list[Subscribe])
    except msgspec.ValidationError as fault:
        raise Refusal("malformed", fault=str(fault)) from None


class _Stream(Response):
    """An answer that goes on until either side has had enough."""

    def __init__(
        self, house: House, who: Who, language: str, channels: Sequence[Subscribe], report: Report | None
    ) -> None:
        self._whose = (house, who, language)
        self._channels = channels
        self._report = report
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        peer = Peer(*self._whose, StreamWire(send))
        with peer.welcomed():
            if self._report is not None:
                peer.report(self._report)
            for channel in self._channels:
                await peer.subscribe(channel)
            while (await receive())["type"] != "http.disconnect":
                pass


routes = [Route("/sse/v1", stream)]
