"""The WebSocket at /ws/v1, sub-protocol `layso.v1`: subscriptions, commands and their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec
from starlette.websockets import WebSocket

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.branches.answers import Answer
from queue_server.domain import commands as c
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import JournalUnavailable
from queue_server.protocol import SUBPROTOCOL, frames
from queue_server.protocol.frames import MAX_FRAME_BYTES, Close
from queue_server.realtime.connection import Wire
from queue_server.web import dispatch
from queue_server.web.asking import language_of, who_of
from queue_server.web.house import House
from queue_server.web.peer import Peer
from queue_server.web.wires import EXTENSION, DirectProtocol, Receive, Scope, Send, SocketWire

COMMANDS_UNDER_WAY = 64


class Socket(Peer):
    """One WebSocket connection."""

    def __init__(self, house: House, who: Who, language: str, wire: Wire) -> None:
        super().__init__(house, who, language, wire)
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way = 0

    # -- frames in -------------------------------------------------------------------------------------------------

    def on_text(self, text: bytes) -> None:
        """Take a frame; what is not one is answered with a problem that says why."""
        try:
            if len(text) > MAX_FRAME_BYTES:
                raise Refusal("too-large", limit=MAX_FRAME_BYTES)
            frame = frames.client_decoder.decode(text)
        except msgspec.DecodeError as fault:
            self.refuse(Refusal("malformed", fault=str(fault)), frames.id_in(text))
            return
        except (Refusal, UnicodeDecodeError) as fault:
            self.refuse(fault if isinstance(fault, Refusal) else Refusal("malformed", fault="Expected UTF-8"))
            return
        match frame:
            case frames.Command() if self._house.hub.is_leaving:
                pass  # it is sent again after the goodbye, to whoever serves then
            case frames.Command():
                self._on_command(frame)
            case frames.Subscribe():
                self._start(self.subscribe(frame))
            case frames.Unsubscribe():
                self._house.hub.unsubscribe(self.connection, frame.channel)
            case frames.Report():
                self.report(frame)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="socket work")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- commands --------------------------------------------------------------------------------------------------

    def _on_command(self, frame: frames.Command) -> None:
        """Straight to a host that is loaded, without a task; its answer is sent when the batch is durable."""
        try:
            if self._who.role is Role.NOBODY:
                raise Refusal("unauthenticated")
            command = dispatch.decode(frame.name, frame.args)
            host = self._house.bus.loaded(command.branch) if isinstance(command, c.BranchCommand) else None
            if host is None or self._under_way >= COMMANDS_UNDER_WAY:
                self._start(self._carry_out(frame, command))
                return
            self._who.require_command(frame.name, host.branch_id)
            asked = dispatch.for_the_branch(self._house, self._who, command, host, self._deadline(frame))
            answer = host.submit(asked.command, asked.by, frame.id, asked.words)
        except Refusal as refusal:
            self.refuse(refusal, frame.id)
            return
        self._under_way += 1
        answer.add_done_callback(lambda done: self._on_answer(frame.id, command, done))

    def _deadline(self, frame: frames.Command) -> Any:
        return frame.deadline or self._house.deadline()

    def _on_answer(self, key: str, command: c.Command, done: asyncio.Future[Answer]) -> None:
        self._under_way -= 1
        fault = done.exception()
        if fault is None:
            self._answer(key, dispatch.with_token(self._house, command, done.result()))
        elif isinstance(fault, Exception):
            self.refuse(fault, key)

    async def _carry_out(self, frame: frames.Command, command: c.Command) -> None:
        try:
            answer = await dispatch.carry_out(self._house, self._who, command, frame.id, self._deadline(frame))
        except Exception as fault:  # the edge of this connection: every failure becomes a problem
            self.refuse(fault, frame.id)
        else:
            self._answer(frame.id, answer)

    def _answer(self, key: str, answer: Answer | None) -> None:
        self.send(frames.Result(key, answer))

    def refuse(self, fault: Exception, key: str | None = None, channel: str | None = None) -> None:
        if key is not None and isinstance(fault, Refusal) and fault.code == "nobody-waiting":
            self._answer(key, None)
            return
        super().refuse(fault, key, channel)


async def socket_app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI endpoint."""
    websocket = WebSocket(scope, receive, send)
    house: House = scope["app"].state.house
    subprotocol = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
    try:
        if not await house.pulse.is_felt():
            raise JournalUnavailable("unavailable")
        who = await who_of(websocket)
    except (Refusal, JournalUnavailable) as fault:
        await websocket.accept(subprotocol)
        await websocket.close(_goodbye(fault))
        return
    await websocket.accept(subprotocol)
    protocol: DirectProtocol | None = scope.get("extensions", {}).get(EXTENSION)
    socket = Socket(house, who, language_of(websocket), SocketWire(send) if protocol is None else protocol)
    with socket.welcomed():
        if protocol is not None:
            protocol.listener = socket.on_text
        await _read_until_gone(receive, socket)


def _goodbye(fault: Refusal | JournalUnavailable) -> int:
    """Why somebody is not let in; while nobody can be asked who it is, they are to come back."""
    if isinstance(fault, JournalUnavailable):
        return Close.COME_BACK
    return Close.FORBIDDEN if fault.code == "wrong-origin" else Close.UNAUTHENTICATED


async def _read_until_gone(receive: Receive, socket: Socket) -> None:
    """Frames come by the listener where there is one; here come the others, and word that the peer has gone."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        if message["type"] == "websocket.receive":
            text = message.get("text")
            socket.on_text(message.get("bytes") or b"" if text is None else text.encode())
