"""A WebSocket connection that mends itself: watched, and tried again until the server says not to come back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from queue_server.protocol import SUBPROTOCOL, frames
from queue_server.protocol.feed import FIRST_RETRY_S, LAST_RETRY_S, STOP_FROM, patience, retry_wait

log = logging.getLogger(__name__)

CLOSE_S = 1.0

LOST = 1006  # the close code of a connection that was not closed but has gone


class Line:
    """`on_frame` gets every frame; `on_status` hears "live" (the server has said welcome) and "reconnecting".
    `hurry` is set while somebody waits for an answer: then it is not its turn in the window that is waited for."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        on_frame: Callable[[frames.ServerFrame], None],
        on_status: Callable[[str], None],
        hurry: asyncio.Event | None = None,
    ) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        self._on_frame = on_frame
        self._on_status = on_status
        self._hurry = hurry or asyncio.Event()
        self.status = "reconnecting"
        self._outbox: asyncio.Queue[bytes] | None = None
        self._retry_s = FIRST_RETRY_S
        self.window_s = 1.5
        """Within this time all who were lost come back, as the server has said."""

    def send(self, frame: frames.ClientFrame) -> None:
        """Send now, or not at all: who wants it sent later does so at the next welcome."""
        if self._outbox is not None:
            self._outbox.put_nowait(frames.encoder.encode(frame))

    async def run(self) -> int:
        """Connect again and again; returns the close code that means "do not come back"."""
        while True:
            code = await self._connect()
            self._set_status("reconnecting")
            if code >= STOP_FROM:
                return code
            await self._rest()
            self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)

    async def _rest(self) -> None:
        """Until the next try."""
        loop = asyncio.get_running_loop()
        soonest = loop.time() + self._retry_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(retry_wait(self._retry_s, self.window_s, random.random())):
                await self._hurry.wait()
                await asyncio.sleep(soonest - loop.time())

    async def _connect(self) -> int:
        """One connection from its beginning to its end; returns the close code."""
        try:
            async with connect(
                self._url,
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                additional_headers=self._headers,
                open_timeout=patience(self.window_s, is_welcome=False),
                close_timeout=CLOSE_S,
                ping_interval=None,
                compression=None,
                max_size=None,
                proxy=None,
            ) as socket:
                return await self._talk(socket)
        except (OSError, TimeoutError, WebSocketException) as fault:
            log.debug("No connection to %s: %s", self._url, fault)
            return LOST

    async def _talk(self, socket: ClientConnection) -> int:
        outbox: asyncio.Queue[bytes] = asyncio.Queue()
        writer = asyncio.get_running_loop().create_task(_write(socket, outbox), name="line writer")
        try:
            while True:
                async with asyncio.timeout(patience(self.window_s, is_welcome=self._outbox is not None)):
                    text = await socket.recv()
                self._take(text, outbox)
        except TimeoutError:
            socket.transport.abort()  # the line is dead though nobody said so: no goodbye would get through
            return LOST
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else LOST
        finally:
            self._outbox = None
            writer.cancel()

    def _take(self, text: str | bytes, outbox: asyncio.Queue[bytes]) -> None:
        try:
            frame = frames.server_decoder.decode(text)
        except msgspec.DecodeError as fault:
            log.warning("A frame of the server was not understood and is left out: %s", fault)
            return
        if isinstance(frame, frames.Welcome):
            self._outbox = outbox
            self.window_s = frame.reconnect_window_s
            self._retry_s = FIRST_RETRY_S
            self._set_status("live")
        self._on_frame(frame)

    def _set_status(self, status: str) -> None:
        if status != self.status:
            self.status = status
            self._on_status(status)


async def _write(socket: ClientConnection, outbox: asyncio.Queue[bytes]) -> None:
    """Frames in order; the reader notices when the connection is gone."""
    try:
        while True:
            await socket.send(await outbox.get(), text=True)
    except ConnectionClosed:
        return
