"""The ASGI application: routes and handlers around a `House`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from queue_server.domain.refusals import Refusal
from queue_server.journal.port import JournalUnavailable
from queue_server.web import media, pages, stream
from queue_server.web.answering import on_failure
from queue_server.web.api import (
    another_day,
    commands,
    dossier,
    entering,
    managing,
    noted,
    notices,
    papers,
    pictures,
    procedures,
    reading,
    slips,
)
from queue_server.web.asking import house_of
from queue_server.web.contract import routes as contract
from queue_server.web.house import House
from queue_server.web.metrics import metrics
from queue_server.web.pages.rendering import is_for_a_person, trouble
from queue_server.web.socket import socket_app

HERE = Path(__file__).parent

Life = Callable[[Starlette], AbstractAsyncContextManager[None]]


async def healthz(request: Request) -> Response:
    """Alive: the loop turns."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Ready: the journal answers."""
    await house_of(request).journal.head("")
    return PlainTextResponse("ok")


def routes() -> list[BaseRoute]:
    return [
        Mount(
            "/api/v1",
            routes=[
                *commands.routes,
                *reading.routes,
                *noted.routes,
                *entering.routes,
                *dossier.routes,
                *papers.routes,
                *procedures.routes,
                *slips.routes,
                *another_day.routes,
                *managing.routes,
                *pictures.routes,
                *notices.routes,
                *contract.routes,
            ],
        ),
        WebSocketRoute("/ws/v1", _Socket()),
        *stream.routes,
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        *media.routes,
        *pages.routes,
        Mount("/static/protocol", _Files(directory=HERE.parent / "protocol" / "js")),
        Mount("/static/display", _Files(directory=HERE.parent.parent / "display_client" / "static")),
        Mount("/static", _Files(directory=HERE / "static")),
    ]


class _Files(StaticFiles):
    """Static files are asked for anew each time, which costs a 304: modules import each other without `?v=`, and a page
    must never mix two releases."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


async def _on_failure(request: Request, fault: Exception) -> Response:
    """A page for who opens a page, a problem for everybody else."""
    return trouble(request, fault) if is_for_a_person(request) else await on_failure(request, fault)


def house_in(app: Any) -> House:
    """The house of a running application."""
    house: House = app.state.house
    return house


class _Socket:
    """An object, so that Starlette hands it the bare ASGI call."""

    __call__ = staticmethod(socket_app)


def application(open_house: Callable[[], AbstractAsyncContextManager[House]]) -> Starlette:
    """The application; `open_house` opens every part at start-up and closes it at the end."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_house() as house:
            app.state.house = house
            yield

    handlers = dict.fromkeys((Refusal, JournalUnavailable, HTTPException, Exception), _on_failure)
    return Starlette(routes=routes(), lifespan=lifespan, exception_handlers=handlers)
