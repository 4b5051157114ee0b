"""Who has hung up while waiting for its turn, after a restart, is not welcomed, and who has vanished is found out."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter as Tally
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn
import uvloop

from queue_server.serving import bind
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


async def _most_in_a_turn(http: Any) -> int:
    """Twenty ask at once; how many are welcomed, at most, in one turn of the loop."""
    turn, turns = 0, Tally[int]()

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        turns[turn] += 1
        await receive()
        await send({"type": "websocket.accept"})
        await receive()

    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        server = uvicorn.Server(
            uvicorn.Config(app, http=http, ws="websockets-sansio", lifespan="off", log_level="critical")
        )
        serving = asyncio.create_task(server.serve([listener]))
        await until(lambda: server.started)
        lines = [stack.enter_context(socket.create_connection(listener.getsockname())) for _ in range(20)]
        await until(lambda: len(server.server_state.connections) == len(lines))
        counting = asyncio.create_task(count_turns())
        for line in lines:
            line.sendall(ASK % b"/")
        await until(lambda: turns.total() == len(lines))
        counting.cancel()
        server.should_exit = True
        await serving
    return max(turns.values())


@pytest.mark.parametrize(("http", "is_one"), [(HttpProtocol, True), ("httptools", False)])
def test_one_is_welcomed_in_each_turn_so_that_a_crowd_makes_nobody_wait(http: Any, is_one: bool) -> None:
    """The second is the control: uvicorn's own class welcomes them all at once."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert (runner.run(_most_in_a_turn(http)) == 1) is is_one


def test_the_kernel_gives_up_a_peer_that_acknowledges_nothing_for_half_a_minute() -> None:
    listener = bind("127.0.0.1", 0)
    with listener:
        listener.listen()
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
