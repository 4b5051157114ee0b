"""The WebSocket at /ws/v1, sub-protocol `layso.v1`: subscriptions, commands and their answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import msgspec
from msgspec import UNSET
from starlette.websockets import WebSocket

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.branches.answers import Answer
from queue_server.domain import commands as c
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import JournalUnavailable
from queue_server.protocol import SUBPROTOCOL, frames
from queue_server.protocol.frames import MAX_FRAME_BYTES, Close, parse_position
from queue_server.realtime.connection import Connection, Message
from queue_server.realtime.hub import BEAT_S
from queue_server.web import dispatch
from queue_server.web.answering import refusal_problem
from queue_server.web.asking import language_of, who_of
from queue_server.web.house import House
from queue_server.web.wires import EXTENSION, AsgiWire, DirectProtocol, Receive, Scope, Send

log = logging.getLogger(__name__)

COMMANDS_UNDER_WAY = 64
CHANNELS_PER_CONNECTION = 64


class Socket:
    """One WebSocket connection."""

    def __init__(self, house: House, who: Who, language: str, connection: Connection) -> None:
        self._house = house
        self._who = who
        self._language = language
        self.connection = connection
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
            self._refuse(Refusal("malformed", fault=str(fault)), frames.id_in(text))
            return
        except (Refusal, UnicodeDecodeError) as fault:
            self._refuse(fault if isinstance(fault, Refusal) else Refusal("malformed", fault="Expected UTF-8"))
            return
        match frame:
            case frames.Command() if self._house.hub.is_leaving:
                pass  # it is sent again after the goodbye, to whoever serves then
            case frames.Command():
                self._on_command(frame)
            case frames.Subscribe():
                self._start(self._subscribe(frame))
            case frames.Unsubscribe():
                self._house.hub.unsubscribe(self.connection, frame.channel)
            case frames.Report() if self._who.role is Role.DISPLAY and self._who.device and self._who.branch:
                self._house.speaking.report(self._who.device, self._who.branch, frame)
            case frames.Report():
                self._refuse(Refusal("forbidden"))

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
            answer = host.submit(*asked, frame.id)
        except Refusal as refusal:
            self._refuse(refusal, frame.id)
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
            self._refuse(fault, key)

    async def _carry_out(self, frame: frames.Command, command: c.Command) -> None:
        try:
            answer = await dispatch.carry_out(self._house, self._who, command, frame.id, self._deadline(frame))
        except Exception as fault:  # the edge of this connection: every failure becomes a problem
            self._refuse(fault, frame.id)
        else:
            self._answer(frame.id, answer)

    def _answer(self, key: str, answer: Answer | None) -> None:
        self.send(frames.Result(key, answer))

    def _refuse(self, fault: Exception, key: str | None = None, channel: str | None = None) -> None:
        if key is not None and isinstance(fault, Refusal) and fault.code == "nobody-waiting":
            self._answer(key, None)
            return
        problem = refusal_problem(fault, self._language)
        self.send(frames.Error(problem, UNSET if key is None else key, UNSET if channel is None else channel))

    # -- channels --------------------------------------------------------------------------------------------------

    async def _subscribe(self, frame: frames.Subscribe) -> None:
        try:
            if len(self.connection.channels) >= CHANNELS_PER_CONNECTION:
                raise Refusal("too-many-channels", limit=CHANNELS_PER_CONNECTION)
            kind, branch = await self._branch_of(frame.channel)
            host = await self._house.bus.host(branch)
            self._who.require_channel(kind, branch)
            since = parse_position(frame.since) if frame.since is not None else None
            if frame.channel.startswith("printer:"):
                self._house.take_over(self.connection, frame.channel)
            await self._house.hub.subscribe(self.connection, frame.channel, host, since)
        except Exception as fault:  # the edge of this connection: every failure becomes a problem
            self._refuse(fault, channel=frame.channel)

    async def _branch_of(self, channel: str) -> tuple[str, str]:
        """A channel's kind and its branch; neither says yet whether this asker may read it."""
        kind, _, rest = channel.partition(":")
        match kind:
            case "board" | "live" | "helper":
                branch = rest
            case "counter":
                branch, _, no = rest.rpartition("/")
                if not (no.isascii() and no.isdigit()):
                    raise Refusal("unknown-channel", channel=channel)
            case "ticket" | "ahead":
                branch = await self._house.bus.branch_of(self._house.access.ticket_tokens.ticket_of(rest))
            case "printer" if self._who.device == rest and self._who.branch is not None:
                branch = self._who.branch
            case _:
                raise Refusal("unknown-channel", channel=channel)
        return kind, branch

    # -- out -------------------------------------------------------------------------------------------------------

    def send(self, frame: frames.ServerFrame) -> None:
        self.connection.send(Message(frames.encoder.encode(frame)))

    def end(self) -> None:
        self._house.hub.leave(self.connection)
        self.connection.is_closed = True


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
    wire = AsgiWire(send) if protocol is None else protocol
    socket = Socket(house, who, language_of(websocket), Connection(wire, who.actor))
    house.hub.connections.add(socket.connection)
    socket.send(_welcome(house, who))
    if protocol is not None:
        protocol.listener = socket.on_text
    house.presence.come(who.device)
    try:
        await _read_until_gone(receive, socket)
    finally:
        socket.end()
        house.presence.go(who.device)
        if who.device is not None:
            house.speaking.gone(who.device)


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


def _welcome(house: House, who: Who) -> frames.Welcome:
    settings = house.settings
    return frames.Welcome(
        build=house.build,
        at=house.now(),
        reconnect_window_s=settings.reconnect_window_s,
        beat_s=BEAT_S,
        actor=who.actor,
        clock_speed=settings.clock_speed,
    )
