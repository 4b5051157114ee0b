"""A client of the contract for programs: a connection that mends itself, channels, and commands that happen once.

async with Client("http://127.0.0.1:8000", token) as client:
    async for update in client.subscribe("printer:printer-x"):
        await client.command("report-paper", {"branch": "go-vap", "job": …, "outcome": "printed"}, key=…)
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

import msgspec
from msgspec import UNSET

from queue_server.protocol import frames
from queue_server.protocol.feed import Channels, Update, ask_again_wait
from queue_server.protocol.line import Line
from queue_server.protocol.problems import Problem

log = logging.getLogger(__name__)

DEADLINE_S = 15.0
TRY_AGAIN_FROM = 500
"""Problems with such a status are the server's own, and pass."""


class ClientError(Exception):
    """Base of what this client raises."""


class Refused(ClientError):
    """The server said no. `problem` says what and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem


class NoAnswer(ClientError):
    """The deadline is over: the command may or may not have been carried out. The same key asks again."""


class Stopped(ClientError):
    """The server closed the connection with a code that means "do not come back" (4401: the token is not valid)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the server closed the connection for good (code {code})")
        self.code = code


class Subscription:
    """An async iterator over a channel's updates; ends when it or the client is closed."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name
        self.changed = asyncio.Event()
        self.fault: ClientError | None = None
        self.is_closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Update:
        while True:
            channel = self._client.channels.get(self.name)
            update = channel.next() if channel is not None else None
            if update is not None:
                return update
            if self.fault is not None:
                raise self.fault
            if self.is_closed:
                raise StopAsyncIteration
            self.changed.clear()
            await self.changed.wait()

    def close(self) -> None:
        self._client.unsubscribe(self.name)

    def end(self, fault: ClientError | None = None) -> None:
        self.fault = fault
        self.is_closed = True
        self.changed.set()


class _Pending:
    """A command on its way."""

    __slots__ = ("args", "expires_at", "future", "name")

    def __init__(self, name: str, args: bytes, future: asyncio.Future[Any], expires_at: float) -> None:
        self.name = name
        self.args = args
        self.future = future
        self.expires_at = expires_at

    def settle(self, data: Any, fault: ClientError | None = None) -> None:
        if self.future.done():
            return
        if fault is None:
            self.future.set_result(data)
        else:
            self.future.set_exception(fault)


class Client:
    """`server` is its http(s) address. Open with `async with`; `on_status` hears "live" and "reconnecting"."""

    def __init__(
        self, server: str, token: str | None = None, *, on_status: Callable[[str], None] = lambda _: None
    ) -> None:
        url = f"ws{server.rstrip('/').removeprefix('http')}/ws/v1"
        self._is_awaited = asyncio.Event()
        self._line = Line(url, token, on_frame=self._on_frame, on_status=on_status, hurry=self._is_awaited)
        self.channels = Channels()
        self._subscriptions: dict[str, Subscription] = {}
        self._pending: dict[str, _Pending] = {}
        self._clock = (datetime.now(UTC), 0.0, 1.0)
        self._fault: Stopped | None = None
        self._runner: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._set_clock(datetime.now(UTC), 1.0)
        self._runner = asyncio.get_running_loop().create_task(self._run(), name="client")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        self._end_all(None, NoAnswer("the client was closed"))

    async def _run(self) -> None:
        try:
            self._fault = Stopped(await self._line.run())
        except Exception:
            log.exception("The connection's task has failed.")
            self._fault = Stopped(0)
        self._end_all(self._fault, self._fault)

    def _end_all(self, fault: ClientError | None, of_commands: ClientError) -> None:
        for subscription in self._subscriptions.values():
            subscription.end(fault)
        for pending in self._pending.values():
            pending.settle(None, of_commands)

    # -- using ---------------------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        return self._line.status

    def now(self) -> datetime:
        """The server's time now, as far as it has been told; the clock of a small box is not to be trusted."""
        at, heard, speed = self._clock
        return at + timedelta(seconds=(asyncio.get_running_loop().time() - heard) * speed)

    def subscribe(self, channel: str) -> Subscription:
        """Follow a channel, over lost connections too; iterating raises Refused or Stopped."""
        request = self.channels.follow(channel).request()
        self._subscriptions[channel] = subscription = Subscription(self, channel)
        if self._fault is not None:
            subscription.end(self._fault)
        self._line.send(request)
        return subscription

    def unsubscribe(self, channel: str) -> None:
        self.channels.forget(channel)
        self._line.send(frames.Unsubscribe(channel))
        subscription = self._subscriptions.pop(channel, None)
        if subscription is not None:
            subscription.end()

    async def command(
        self, name: str, args: dict[str, Any] | None = None, *, key: str | None = None, within_s: float = DEADLINE_S
    ) -> Any:
        """Ask for a change and return its answer. Sent when there is a connection, which is tried for at once, and
        again with the same key after each reconnect until the deadline, so that it happens once.

        Raises:
            Refused, NoAnswer, Stopped.
        """
        if self._fault is not None:
            raise self._fault
        key = key or token_hex(16)
        if key in self._pending:
            raise ValueError(f"the key {key} is on its way already")
        loop = asyncio.get_running_loop()
        pending = _Pending(name, msgspec.json.encode(args or {}), loop.create_future(), loop.time() + within_s)
        self._pending[key] = pending
        self._is_awaited.set()
        self._send_command(key, pending)
        try:
            async with asyncio.timeout_at(pending.expires_at):
                return await pending.future
        except TimeoutError:
            raise NoAnswer(f"no answer to {name} within {within_s:g} s") from None
        finally:
            self._pending.pop(key, None)
            if not self._pending:
                self._is_awaited.clear()

    def _send_command(self, key: str, pending: _Pending) -> None:
        left_s = max(0.0, pending.expires_at - asyncio.get_running_loop().time()) * self._clock[2]
        deadline = self.now() + timedelta(seconds=left_s)
        self._line.send(frames.Command(key, pending.name, msgspec.Raw(pending.args), deadline))

    # -- frames --------------------------------------------------------------------------------------------------------

    def _on_frame(self, frame: frames.ServerFrame) -> None:
        match frame:
            case frames.Welcome():
                self._on_welcome(frame)
            case frames.Snapshot():
                self.channels.on_snapshot(frame)
                self._wake(frame.channel)
            case frames.Event():
                self._ask(self.channels.on_event(frame))
                self._wake(frame.channel)
            case frames.Beat():
                self._set_clock(frame.at, self._clock[2])
                self._ask(self.channels.on_beat(frame))
            case frames.Result():
                self._settle(frame.id, frame.data)
            case frames.Error():
                self._on_error(frame)

    def _on_welcome(self, frame: frames.Welcome) -> None:
        self._set_clock(frame.at, frame.clock_speed)
        self._ask(self.channels.on_welcome())
        for key, pending in self._pending.items():
            self._send_command(key, pending)

    def _set_clock(self, at: datetime, speed: float) -> None:
        self._clock = (at, asyncio.get_running_loop().time(), speed)

    def _ask(self, requests: list[frames.Subscribe]) -> None:
        for request in requests:
            self._line.send(request)

    def _wake(self, channel: str) -> None:
        if channel in self._subscriptions:
            self._subscriptions[channel].changed.set()

    def _settle(self, key: str, data: Any, fault: ClientError | None = None) -> None:
        pending = self._pending.get(key)
        if pending is not None:
            pending.settle(data, fault)

    def _on_error(self, frame: frames.Error) -> None:
        if frame.id is not UNSET:
            self._settle(frame.id, None, Refused(frame.problem))
        elif frame.channel is not UNSET and frame.channel in self._subscriptions:
            self._on_channel_refused(frame.channel, frame.problem)
        else:
            log.warning("The server did not take a frame: %s", frame.problem.detail)

    def _on_channel_refused(self, name: str, problem: Problem) -> None:
        if problem.status >= TRY_AGAIN_FROM:
            wait_s = ask_again_wait(self._line.window_s, random.random())
            asyncio.get_running_loop().call_later(wait_s, self._ask_again, name)
        else:
            self._subscriptions[name].end(Refused(problem))

    def _ask_again(self, name: str) -> None:
        channel = self.channels.get(name)
        if channel is not None:
            self._line.send(channel.request())
