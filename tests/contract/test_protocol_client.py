"""The client for programs against a scripted server: lost lines, silence, refusals, and commands that happen once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from queue_server.protocol import client as client_module
from queue_server.protocol import line, problems
from queue_server.protocol.client import Client, NoAnswer, Refused, Stopped

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]

BOARD = "board:b"
Script = Callable[["Server"], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once."""
    monkeypatch.setattr(line, "retry_wait", lambda *_: 0.01)
    monkeypatch.setattr(client_module, "ask_again_wait", lambda *_: 0.01)


class Server:
    """One end of a connection, for a script that plays the server."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket

    async def say(self, kind: str, **rest: Any) -> None:
        await self.socket.send(msgspec.json.encode({"type": kind, **rest}), text=True)

    async def welcome(self) -> None:
        now = datetime.now(UTC).isoformat()
        await self.say("welcome", build="x", at=now, reconnect_window_s=0.0, beat_s=4.0, actor="a", clock_speed=1.0)

    async def hear(self) -> Any:
        return msgspec.json.decode(await self.socket.recv())

    async def drop(self) -> None:
        """The line breaks."""
        self.socket.transport.abort()

    async def stay(self) -> None:
        await self.socket.wait_closed()


@asynccontextmanager
async def connected(*scripts: Script, token: str | None = None) -> AsyncIterator[Client]:
    """A client of a server that plays one script for each connection; the last one for all that follow."""
    waiting = list(scripts)

    async def handler(socket: ServerConnection) -> None:
        script = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        try:
            await script(Server(socket))
        except ConnectionClosed:
            return

    async with serve(handler, "127.0.0.1", 0, subprotocols=["layso.v1"], close_timeout=0.1) as server:  # type: ignore[list-item]
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(20), Client(f"http://127.0.0.1:{port}", token) as client:
            yield client


async def silent(server: Server) -> None:
    await server.welcome()
    await server.stay()


# -- channels ----------------------------------------------------------------------------------------------------------


async def test_a_channel_is_followed_over_a_lost_line_from_where_it_was() -> None:
    heard: list[Any] = []

    async def first(server: Server) -> None:
        await server.welcome()
        heard.append(await server.hear())
        await server.say("snapshot", channel=BOARD, seq="e.5", data={"t": {"a": 1}})
        await server.say("event", channel=BOARD, seq="e.6", prev="e.5", changes=[["t", "a", 2]])
        await server.drop()

    async def second(server: Server) -> None:
        await server.welcome()
        heard.append(await server.hear())
        await server.say("event", channel=BOARD, seq="e.7", prev="e.6", changes=[["t", "a", None]])
        await server.stay()

    async with connected(first, second) as client:
        updates = client.subscribe(BOARD)
        views = [dict((await anext(updates)).view["t"]) for _ in range(3)]
    assert views == [{"a": 1}, {"a": 2}, {}]
    assert heard == [
        {"type": "subscribe", "channel": BOARD, "since": None},
        {"type": "subscribe", "channel": BOARD, "since": "e.6"},
    ]


async def test_a_server_that_falls_silent_is_left_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "patience", lambda *_, **__: 0.1)
    connections = 0

    async def mute(server: Server) -> None:
        nonlocal connections
        connections += 1
        await server.welcome()
        await server.hear()
        if connections == 2:
            await server.say("snapshot", channel=BOARD, seq="e.1", data={})
        await server.stay()

    async with connected(mute) as client:
        await anext(client.subscribe(BOARD))
    assert connections == 2


async def test_a_channel_that_the_server_refuses_raises() -> None:
    async def refusing(server: Server) -> None:
        await server.welcome()
        await server.hear()
        said = msgspec.to_builtins(problems.problem("unknown-channel", {"channel": BOARD}, "en"))
        await server.say("error", channel=BOARD, problem=said)
        await server.stay()

    async with connected(refusing) as client:
        with pytest.raises(Refused, match="unknown-channel"):
            await anext(client.subscribe(BOARD))


async def test_a_channel_that_the_server_cannot_serve_just_now_is_asked_for_again() -> None:
    async def starting(server: Server) -> None:
        await server.welcome()
        await server.hear()
        await server.say("error", channel=BOARD, problem=msgspec.to_builtins(problems.problem("come-back", {}, "en")))
        await server.hear()
        await server.say("snapshot", channel=BOARD, seq="e.1", data={"t": {}})
        await server.stay()

    async with connected(starting) as client:
        assert (await anext(client.subscribe(BOARD))).view == {"t": {}}


async def test_frames_of_a_newer_server_are_left_out() -> None:
    async def newer(server: Server) -> None:
        await server.welcome()
        await server.hear()
        await server.say("fireworks", colours=3)
        await server.say("snapshot", channel=BOARD, seq="e.1", data={})
        await server.stay()

    async with connected(newer) as client:
        assert (await anext(client.subscribe(BOARD))).view == {}


async def test_a_channel_ends_when_the_client_is_closed() -> None:
    async with connected(silent) as client:
        updates = client.subscribe(BOARD)
    assert [update async for update in updates] == []


# -- commands ----------------------------------------------------------------------------------------------------------


async def test_a_command_on_its_way_is_sent_again_with_its_key_after_a_lost_line() -> None:
    heard: list[Any] = []

    async def deaf(server: Server) -> None:
        await server.welcome()
        heard.append(await server.hear())
        await server.drop()

    async def answering(server: Server) -> None:
        await server.welcome()
        heard.append(await server.hear())
        await server.say("result", id=heard[-1]["id"], data={"number": "A001"})
        await server.stay()

    async with connected(deaf, answering) as client:
        assert await client.command("issue", {"branch": "b", "field": "f"}) == {"number": "A001"}
    first, second = ({**frame, "deadline": None} for frame in heard)
    assert first == second
    assert first["args"] == {"branch": "b", "field": "f"}


async def test_a_command_does_not_wait_for_its_turn_in_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left alone it would try again after an hour."""
    waits = 0
    at_rest = asyncio.Event()

    def an_hour(retry_s: float, *_: float) -> float:
        nonlocal waits
        waits += 1
        at_rest.set()
        return retry_s + 3600.0

    monkeypatch.setattr(line, "retry_wait", an_hour)
    monkeypatch.setattr(line, "FIRST_RETRY_S", 0.01)

    async def first(server: Server) -> None:
        await server.welcome()
        await server.hear()
        await server.drop()

    async def refuses(server: Server) -> None:
        await server.drop()

    async def then(server: Server) -> None:
        await server.welcome()
        for _ in range(2):
            await server.say("result", id=(await server.hear())["id"], data="done")
        await server.drop()

    async def last(server: Server) -> None:
        await server.welcome()
        await server.say("result", id=(await server.hear())["id"], data="again")
        await server.stay()

    async with connected(first, refuses, then, last) as client:
        on_its_way = asyncio.create_task(client.command("issue", {}))
        await at_rest.wait()
        answers = [await on_its_way, await client.command("issue", {})]
        assert answers == ["done", "done"]
        while waits < 3:
            at_rest.clear()
            await at_rest.wait()
        assert await client.command("issue", {}) == "again"


async def test_a_command_without_an_answer_says_so_at_its_deadline() -> None:
    async with connected(silent) as client:
        with pytest.raises(NoAnswer):
            await client.command("issue", within_s=0.05)


async def test_a_refused_command_raises_with_its_problem() -> None:
    async def refusing(server: Server) -> None:
        await server.welcome()
        asked = await server.hear()
        said = msgspec.to_builtins(problems.problem("forbidden", {}, "en"))
        await server.say("error", id=asked["id"], problem=said)
        await server.stay()

    async with connected(refusing) as client:
        with pytest.raises(Refused) as refused:
            await client.command("issue")
    assert refused.value.problem.code == "forbidden"


# -- the end -----------------------------------------------------------------------------------------------------------


async def test_a_code_that_means_stay_away_ends_everything() -> None:
    connections = 0

    async def locked(server: Server) -> None:
        nonlocal connections
        connections += 1
        await server.socket.close(4401)

    async with connected(locked) as client:
        updates = client.subscribe(BOARD)
        command = asyncio.ensure_future(client.command("issue"))
        with pytest.raises(Stopped, match="4401"):
            await anext(updates)
        with pytest.raises(Stopped):
            await command
        with pytest.raises(Stopped):
            await client.command("issue")
    assert connections == 1


async def test_a_code_that_means_come_back_is_followed() -> None:
    async def restarting(server: Server) -> None:
        await server.welcome()
        await server.socket.close(4000)

    async def back(server: Server) -> None:
        await server.welcome()
        await server.hear()
        await server.say("snapshot", channel=BOARD, seq="e.1", data={})
        await server.stay()

    async with connected(restarting, back) as client:
        assert (await anext(client.subscribe(BOARD))).changes is None


async def test_the_token_and_the_sub_protocol_are_offered() -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def looking(server: Server) -> None:
        request = server.socket.request
        assert request is not None
        seen.append((request.headers["authorization"], server.socket.subprotocol))
        await server.welcome()
        await server.hear()
        await server.say("snapshot", channel=BOARD, seq="e.1", data={})
        await server.stay()

    async with connected(looking, token="a-token") as client:
        await anext(client.subscribe(BOARD))
    assert seen == [("Bearer a-token", "layso.v1")]
