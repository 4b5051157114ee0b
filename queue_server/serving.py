"""Running the application under uvicorn, with the flags that were measured."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import Callable

import uvicorn

from queue_server.app import DATABASE, make_app
from queue_server.journal.port import JournalUnavailable
from queue_server.journal.sqlite.connections import lock
from queue_server.protocol.frames import MAX_FRAME_BYTES
from queue_server.settings import Settings
from queue_server.web.wires import DirectProtocol

BACKLOG = 2048
PING_S = 30.0


def server_of(settings: Settings) -> _Announcing:
    """A server that is ready to run; `access_log` off and no compression of frames, both of which cost more than
    they bring (measured in `load/README.md`)."""
    return _Announcing(
        uvicorn.Config(
            make_app(settings),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            ws=DirectProtocol,
            ws_max_size=4 * MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=PING_S,
            ws_ping_timeout=PING_S,
            backlog=BACKLOG,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )


def bind(settings: Settings) -> socket.socket:
    """The listening socket, bound before anything is printed about it; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    return listener


class _Announcing(uvicorn.Server):
    """Says when it is ready to serve."""

    on_ready: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.on_ready is not None:
            self.on_ready()


def serve(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> int:
    """Serve until stopped; `on_ready` gets the address when the first request can be answered."""
    try:
        if not settings.database:
            settings.data.mkdir(parents=True, exist_ok=True)
            with lock(settings.data / DATABASE):
                pass
    except JournalUnavailable as fault:
        print(f"Cannot serve: {fault.detail}. Stop that server, or choose another folder with --data.", file=sys.stderr)
        return 2
    try:
        listener = bind(settings)
    except OSError as fault:
        print(f"Cannot listen on {settings.host}:{settings.port}: {fault.strerror}", file=sys.stderr)
        return 2
    _spare_the_collector()
    server = server_of(settings)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    server.on_ready = (lambda: on_ready(f"http://{shown}:{port}")) if on_ready is not None else None
    server.run([listener])
    return 0 if server.started else 1


def _spare_the_collector() -> None:
    """Tickets and events cannot form cycles and live as long as their day, so the collector looks at them in vain.
    What is loaded by now is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
