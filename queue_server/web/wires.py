"""Wires of connections: straight into uvicorn's protocol where we can, through ASGI where we cannot.

`DirectProtocol` hands whole messages to a listener and writes ready frames to the transport: no queue, no task switch
and no pause of reading per message. It leans on uvicorn's class, which is no public API, so uvicorn is pinned and the
same contract tests run over `SocketWire`, which needs nothing but ASGI. So does the stream of events.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from queue_server.protocol import frames
from queue_server.realtime.connection import Message, Parcel

log = logging.getLogger(__name__)

EXTENSION = "layso.direct"
CLOSE_GRACE_S = 3.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Listener = Callable[[bytes], None]


class Door:
    """Lets those in who ask for a WebSocket, as they came, one in each turn of the loop.

    After a restart everybody comes at once. A turn is short while there is little to do, and hundreds a second come in;
    the busier the process, the longer the turn: who is in goes before who wants to come in. Who waits for longer than
    it has patience has gone before it is its turn, and has come again: to a server that went on welcoming those, nobody
    would ever get through.
    """

    def __init__(self) -> None:
        self._waiting: deque[HttpProtocol] = deque()
        self._task: asyncio.Task[None] | None = None

    def ask(self, protocol: HttpProtocol) -> None:
        protocol.transport.pause_reading()
        self._waiting.append(protocol)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._let_in(), name="door")

    async def _let_in(self) -> None:
        while self._waiting:
            protocol = self._waiting.popleft()
            if protocol.transport.is_closing():
                continue
            if has_hung_up(protocol.transport):
                protocol.transport.abort()
                continue
            try:
                protocol.come_in()
            except Exception:  # the supervisor of this door: it stays open for the others
                log.exception("Somebody could not be let in.")
                protocol.transport.abort()
            await asyncio.sleep(0)
        self._task = None


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol; who asks for a WebSocket waits at the process's door."""

    def handle_websocket_upgrade(self) -> None:
        door: Door = self.app_state.setdefault("layso.door", Door())
        door.ask(self)

    def come_in(self) -> None:
        self.transport.resume_reading()
        super().handle_websocket_upgrade()


def has_hung_up(transport: asyncio.Transport) -> bool:
    """Whether the peer's end, or a fault, is the next that will be read; without waiting and without reading it."""
    looked = socket.socket(fileno=transport.get_extra_info("socket").fileno())
    try:
        return looked.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        looked.detach()


class DirectProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol with a side door for the socket endpoint."""

    listener: Listener | None = None

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    def send_receive_event_to_app(self) -> None:
        if self.listener is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if not self.close_sent:
            self.listener(data)

    # Wire

    def write(self, message: Message | Parcel) -> None:
        """A ready frame goes straight to the transport."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(message.framed)

    def pending(self) -> int:
        return self.transport.get_write_buffer_size()

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, and hang up on a peer that does not answer: it may not even be reading."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(CLOSE_GRACE_S, self.transport.abort)


class AsgiWire(ABC):
    """Queues frames and lets one task send them, on any ASGI server."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[Message] = []
        self._bytes = 0
        self._sender: asyncio.Task[None] | None = None

    @abstractmethod
    def _sent(self, message: Message) -> MutableMapping[str, Any]:
        """What a frame is to ASGI."""

    @abstractmethod
    def _farewell(self, code: int, reason: str) -> MutableMapping[str, Any]:
        """What the end is."""

    def write(self, message: Message | Parcel) -> None:
        self._waiting += message.parts()
        self._bytes += sum(len(each.payload) for each in message.parts())
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._drain(), name="wire sender")

    async def _drain(self) -> None:
        try:
            while self._waiting:
                messages, self._waiting = self._waiting, []
                for message in messages:
                    await self._send(self._sent(message))
                    self._bytes -= len(message.payload)
        except (OSError, RuntimeError):
            self._waiting.clear()  # the peer has gone; the endpoint hears of it by its own receive
        finally:
            self._sender = None

    def pending(self) -> int:
        return self._bytes

    def close(self, code: int, reason: str) -> None:
        self._closer = asyncio.ensure_future(self._send(self._farewell(code, reason)))


class SocketWire(AsgiWire):
    """A WebSocket."""

    def _sent(self, message: Message) -> MutableMapping[str, Any]:
        return {"type": "websocket.send", "text": message.payload.decode()}

    def _farewell(self, code: int, reason: str) -> MutableMapping[str, Any]:
        return {"type": "websocket.close", "code": code, "reason": reason}


class StreamWire(AsgiWire):
    """A body that goes on: a stream of events."""

    def _sent(self, message: Message) -> MutableMapping[str, Any]:
        return {"type": "http.response.body", "body": message.event, "more_body": True}

    def _farewell(self, code: int, reason: str) -> MutableMapping[str, Any]:
        last = Message(frames.encoder.encode(frames.Goodbye(code, reason)))
        return {"type": "http.response.body", "body": last.event, "more_body": False}
