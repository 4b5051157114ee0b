"""What every answer carries, so that browsers keep our rules; and whose pages may ask for a change, or for a socket."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.types import Message, Receive, Scope, Send

from queue_server.domain.refusals import Refusal
from queue_server.web.answering import problem_answer, refusal_problem
from queue_server.web.asking import SAFE, language_of, require_same_origin

Header = tuple[bytes, bytes]

HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""Of every answer that says nothing else."""
BY_TLS: tuple[Header, ...] = (
    (b"strict-transport-security", b"max-age=31536000"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""Where browsers trust the address; on plain http they take no notice, and say so in their console."""
NO_PAGE: Header = (b"content-security-policy", b"default-src 'none'; connect-src 'self'; frame-ancestors 'none'")
"""The policy of what is no page of ours, where no script runs: pages have their own, scripts and styles need none."""
SCRIPTS = ("/static/", "/display/worker.js")


class Guarded(Starlette):
    """The application, guarded on its outside: what fails further in is guarded too."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _guarded(message["headers"], scope)}
            await send(message)

        try:
            if scope["method"] not in SAFE:
                require_same_origin(HTTPConnection(scope))
        except Refusal as refusal:
            request = Request(scope)
            answer = problem_answer(refusal_problem(refusal, language_of(request)))
            await answer(scope, receive, guarded)
            return
        await super().__call__(scope, receive, guarded)


def _guarded(headers: Iterable[Header], scope: Scope) -> list[Header]:
    """With those that it lacks."""
    own = list(headers)
    said = {name for name, _ in own}
    ours = [*HEADERS, *(BY_TLS if scope["scheme"] == "https" else ())]
    if not scope["path"].startswith(SCRIPTS):
        ours.append(NO_PAGE)
    return own + [header for header in ours if header[0] not in said]
