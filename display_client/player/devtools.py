"""A browser's DevTools: commands with their answers, and events. Chromium's protocol, of which we use what is old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

ANSWER_S = 10.0
CLOSE_S = 1.0

OnEvent = Callable[[str, dict[str, Any]], None]


class DevToolsError(Exception):
    """The browser refused a command; the message says why."""


class NoAnswer(DevToolsError):
    """A command was not answered in time."""


class Gone(DevToolsError):
    """The browser cannot be spoken to any more."""


class DevTools:
    """A connection to the whole browser. `attach` chooses the page that commands go to; `on_event` hears each event by
    its method and parameters. A command raises DevToolsError, of which NoAnswer and Gone are two."""

    def __init__(self, address: str, on_event: OnEvent) -> None:
        self._address = address
        self._on_event = on_event
        self._session: str | None = None
        self._no = 0
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._socket: ClientConnection
        self._reader: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        try:  # without pings, which a busy browser may leave unanswered; a picture is larger than a usual message
            self._socket = await connect(
                self._address, max_size=None, ping_interval=None, close_timeout=CLOSE_S, proxy=None
            )
        except (OSError, WebSocketException) as fault:
            raise Gone(f"no DevTools at {self._address}: {fault}") from None
        self._reader = asyncio.get_running_loop().create_task(self._read(), name="devtools")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def send(self, method: str, *, within: float = ANSWER_S, **parameters: object) -> dict[str, Any]:
        self._no += 1
        no = self._no
        frame = {"id": no, "method": method, "params": parameters}
        if self._session is not None:
            frame["sessionId"] = self._session
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[no] = answer
        try:
            async with asyncio.timeout(within):
                await self._socket.send(msgspec.json.encode(frame).decode())
                return await answer
        except WebSocketException as fault:
            raise Gone(str(fault)) from None
        except TimeoutError:
            raise NoAnswer(f"no answer to {method} within {within:g} s") from None
        finally:
            self._asked.pop(no, None)

    async def attach(self) -> None:
        """To the browser's first page."""
        found = await self.send("Target.getTargets")
        pages = [each["targetId"] for each in found["targetInfos"] if each["type"] == "page"]
        if not pages:
            raise DevToolsError("the browser has no page")
        attached = await self.send("Target.attachToTarget", targetId=pages[0], flatten=True)
        self._session = attached["sessionId"]

    async def evaluate(self, script: str, *, within: float = ANSWER_S) -> Any:
        """The value of an expression in the page, as JSON."""
        answer = await self.send("Runtime.evaluate", expression=script, returnByValue=True, within=within)
        if "exceptionDetails" in answer:
            raise DevToolsError(str(answer["exceptionDetails"].get("text")))
        return answer["result"].get("value")

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                self._on_frame(msgspec.json.decode(message))
        except WebSocketException:
            pass
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Gone("the browser has gone"))

    def _on_frame(self, frame: dict[str, Any]) -> None:
        if "id" not in frame:
            self._on_event(frame["method"], frame.get("params", {}))
            return
        answer = self._asked.get(frame["id"])
        if answer is None or answer.done():
            return
        if "error" in frame:
            answer.set_exception(DevToolsError(frame["error"]["message"]))
        else:
            answer.set_result(frame.get("result", {}))
