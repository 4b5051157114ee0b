"""Running the application under uvicorn, with the flags that were measured."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack

import uvicorn
from msgspec import Struct
from starlette.applications import Starlette

from queue_server.app import make_app
from queue_server.protocol.frames import MAX_FRAME_BYTES
from queue_server.settings import Settings
from queue_server.supervising import RunningWorker, Supervisor
from queue_server.troubles import TROUBLES, sentence
from queue_server.web.application import house_in
from queue_server.web.wires import DirectProtocol, HttpProtocol

BACKLOG = 2048
PING_S = 300.0
"""For peers that only hang, and for those behind a proxy. A ping costs as much as five beats."""
VANISHED_S = 30.0
"""Whoever has not acknowledged a beat for so long is gone: the kernel sees it at no cost."""


def server_of(settings: Settings) -> Server:
    """A server that is ready to run; `access_log` off and no compression of frames, both of which cost more than
    they bring (measured in `load/README.md`)."""
    logging.getLogger("uvicorn.error").addFilter(_without_frames)
    return Server(
        uvicorn.Config(
            make_app(settings),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            lifespan="off",  # by the server itself, which says in a sentence why it cannot begin
            http=HttpProtocol,
            ws=DirectProtocol,
            ws_max_size=4 * MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=PING_S,
            ws_ping_timeout=VANISHED_S,
            backlog=BACKLOG,
            forwarded_allow_ips=settings.trusted_proxies,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )


def _without_frames(record: logging.LogRecord) -> bool:
    """At its least level the WebSocket library writes down what people send: that is not logged at any level."""
    return record.levelno > logging.DEBUG


def bind(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """A socket to listen on, bound before anything is printed about it; port 0 takes a free one. Where it `is_shared`
    other processes may listen on the same port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; who is accepted here has it, too
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(VANISHED_S * 1000))
    if is_shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    return listener


class Server(uvicorn.Server):
    """Says when it is ready to serve, and whether there is a branch; says goodbye before it stops."""

    on_ready: Callable[[bool], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._life = AsyncExitStack()
        app = self.config.app
        assert isinstance(app, Starlette)
        try:
            await self._life.enter_async_context(app.router.lifespan_context(app))
        except TROUBLES as fault:
            print(f"Cannot serve. {sentence(fault)}", file=sys.stderr)
            self.should_exit = True
            for each in sockets or ():
                each.close()
            return
        await super().startup(sockets)
        if self.started and self.on_ready is not None:
            self.on_ready(bool(await house_in(app).journal.heads()))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Nobody new comes in; what is under way is answered; everybody is told to come back, and only then we go."""
        for server in self.servers:
            server.close()
        await house_in(self.config.app).say_goodbye()
        await super().shutdown(sockets)
        await self._life.aclose()


class Served(Struct, frozen=True):
    """Where it is served, and whether there is a branch; `workers` are the processes, where they are several."""

    url: str
    has_branch: bool
    workers: list[RunningWorker] = []


def serve(settings: Settings, *, on_ready: Callable[[Served], None] = lambda _: None) -> int:
    """Serve until stopped; `on_ready` is told when the first request can be answered."""
    listeners: list[socket.socket] = []
    try:
        for port in _ports(settings):
            listeners.append(bind(settings.host, port, is_shared=bool(listeners) and settings.workers > 1))
    except OSError as fault:
        print(f"Cannot listen on {settings.host}:{port}: {fault.strerror}", file=sys.stderr)
        return 2
    url = _url_of(listeners[0])
    if settings.workers == 1:
        spare_the_collector()
        server = server_of(settings)
        server.on_ready = lambda has_branch: on_ready(Served(url, has_branch))
        server.run(listeners)
        return 0 if server.started else 1
    listeners[0].listen(BACKLOG)
    supervisor = Supervisor(settings, listeners[0], listeners[1:])
    return asyncio.run(supervisor.run(lambda has_branch, workers: on_ready(Served(url, has_branch, workers))))


def _ports(settings: Settings) -> list[int]:
    """The common port, and one for each worker; 0 takes free ones."""
    first = settings.worker_port
    own = [] if first is None else [first + no if first else 0 for no in range(settings.workers)]
    return [settings.port, *own]


def _url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def spare_the_collector() -> None:
    """Tickets and events cannot form cycles and live as long as their day, so the collector looks at them in vain.
    What is loaded by now is never looked at again, and what is looked at, is so in small parts: a million objects at
    once were a second in which nobody got an answer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 2, 1_000)
