"""After a restart: who has hung up while waiting for its turn is not welcomed, whoever still waits is."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
import uvicorn
import uvloop

from queue_server.web.wires import HttpProtocol
from tests.waiting import until

ASK = (
    b"GET %b HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: bGF5c28tbGF5c28tbGF5cw==\r\n\r\n"
)


async def _welcomed(http: Any) -> list[str]:
    """Whom a server welcomes that was busy while one came and went, and another came."""
    welcomed: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        welcomed.append(scope["path"])
        await send({"type": "websocket.accept"})
        await receive()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, http=http, ws="websockets-sansio", lifespan="off", log_level="critical")
        )
        serving = asyncio.create_task(server.serve([listener]))
        await until(lambda: server.started)
        # What follows lets the server do nothing, until it waits itself.
        with socket.create_connection(listener.getsockname()) as gone:
            gone.sendall(ASK % b"/gone")
        with socket.create_connection(listener.getsockname()) as waiting:
            waiting.sendall(ASK % b"/waiting")
            await until(lambda: "/waiting" in welcomed)
        server.should_exit = True
        await serving
    return welcomed


@pytest.mark.parametrize(("http", "expected"), [(HttpProtocol, ["/waiting"]), ("httptools", ["/gone", "/waiting"])])
def test_who_has_gone_before_its_turn_is_not_welcomed(http: Any, expected: list[str]) -> None:
    """The second is the control: uvicorn's own class welcomes both."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert sorted(runner.run(_welcomed(http))) == expected
