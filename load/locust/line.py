"""A WebSocket connection under gevent that keeps to the rules of the protocol, as the pages' `feed.js` does: it mends
itself, follows channels without a gap, and a command on its way is sent again with its key."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import gevent
import msgspec
import websocket
from gevent.event import AsyncResult, Event
from msgspec import UNSET

from queue_server.protocol import SUBPROTOCOL, frames
from queue_server.protocol.feed import FIRST_RETRY_S, LAST_RETRY_S, STOP_FROM, Channels, Update, patience, retry_wait

if TYPE_CHECKING:
    from load.locust.world import World

CONNECT_S = 10.0
ANSWER_S = 15.0
LOST = 1006
WS = "WS"


class Refused(Exception):
    """The server said no."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code

    def __repr__(self) -> str:
        return f"refused, {self.code}"


class Trouble(Exception):
    """What must not happen on a healthy server."""

    def __repr__(self) -> str:
        return str(self)


class Line:
    """`start` is the branch's place in the fleet: it says which server is tried first."""

    def __init__(self, world: World, start: int, *, token: str = "", session: str = "") -> None:
        self._world = world
        self._servers = world.servers_of(start)
        self._headers = [f"Authorization: Bearer {token}"] if token else [f"Cookie: layso={session}"] if session else []
        self._channels = Channels()
        self._readers: dict[str, Callable[[Update], None]] = {}
        self._asked: dict[str, float] = {}
        self._pending: dict[str, tuple[bytes, AsyncResult]] = {}
        self._socket: Any = None
        self._is_live = Event()
        self._is_closed = False
        self._is_cut = False
        self._retry_s = FIRST_RETRY_S
        self._window_s = 1.5
        self._reader: Any = None

    # -- using ---------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        self._reader = gevent.spawn(self._run)
        self._is_live.wait(CONNECT_S)

    def close(self) -> None:
        self._is_closed = True
        if self._socket is not None:
            self._socket.shutdown()
        if self._reader is not None:
            self._reader.kill(block=False)

    def cut(self) -> None:
        """Lose the connection now, as when somebody trips over the cable."""
        self._is_cut = True
        if self._socket is not None:
            self._socket.shutdown()

    @staticmethod
    def clock() -> float:
        """By which commands are timed."""
        return time.perf_counter()

    def follow(self, channel: str, reader: Callable[[Update], None]) -> None:
        """`reader` gets every update of this channel from now on."""
        self._readers[channel] = reader
        request = self._channels.follow(channel).request()
        self._ask(request)

    def command(
        self,
        name: str,
        args: dict[str, Any],
        *,
        key: str = "",
        expected: frozenset[str] = frozenset(),
        is_lost: bool = False,
    ) -> Any:
        """Ask for a change and return its answer. `is_lost` cuts the line before the answer can come.

        Raises:
            Refused: a failure of the run unless it was expected.
            Trouble: no answer.
        """
        key = key or token_hex(16)
        began = time.perf_counter()
        frame = frames.encoder.encode(frames.Command(key, name, msgspec.Raw(msgspec.json.encode(args))))
        answer = AsyncResult()
        self._pending[key] = (frame, answer)
        self._send(frame)
        if is_lost:
            self.cut()
        label = f"{name} (line cut)" if is_lost else name
        try:
            at, data, refusal = answer.get(timeout=ANSWER_S)
        except gevent.Timeout:
            fault = Trouble(f"no answer within {ANSWER_S:g} s")
            self._world.fire(WS, label, began, fault)
            raise fault from None
        finally:
            del self._pending[key]
        if refusal is not None:
            is_expected = refusal.code in expected
            label = f"{name} (refused)" if is_expected else label
            self._world.fire_ms(WS, label, (at - began) * 1000, None if is_expected else refusal)
            raise refusal
        self._world.fire_ms(WS, f"{name} (nobody)" if data is None else label, (at - began) * 1000)
        return data

    # -- the connection ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        """Connect again and again, each time at the next server."""
        while True:
            code = self._connect()
            self._is_live.clear()
            self._socket = None
            if self._is_closed:
                return
            self._tell_loss(code)
            if code >= STOP_FROM:
                return
            if not self._is_cut:
                self._servers.rotate(-1)
            self._is_cut = False
            gevent.sleep(retry_wait(self._retry_s, 0.0 if self._pending else self._window_s, random.random()))
            self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)

    def _tell_loss(self, code: int) -> None:
        if self._is_cut:
            self._world.figures.count("lines cut")
        else:
            self._world.fire_ms(WS, "line", 0.0, Trouble(f"lost with code {code}"))

    def _connect(self) -> int:
        """One connection from its beginning to its end; returns the close code."""
        began = time.perf_counter()
        url = f"ws{self._servers[0].removeprefix('http')}/ws/v1"
        try:
            self._socket = websocket.create_connection(
                url,
                timeout=patience(self._window_s, is_welcome=False),
                header=self._headers,
                subprotocols=[SUBPROTOCOL],
                skip_utf8_validation=True,
            )
            return self._talk(began)
        except (OSError, websocket.WebSocketException):
            return LOST

    def _talk(self, began: float) -> int:
        while True:
            opcode, data = self._socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return struct.unpack("!H", data[:2])[0] if len(data) >= 2 else LOST
            frame = frames.server_decoder.decode(data)
            if isinstance(frame, frames.Welcome):
                self._world.fire(WS, "connect", began)
                self._socket.settimeout(patience(frame.reconnect_window_s, is_welcome=True))
            self._on_frame(frame)

    def _send(self, frame: bytes) -> None:
        """Now, or at the next welcome, which sends again what is on its way."""
        if self._is_live.is_set() and self._socket is not None:
            try:
                self._socket.send(frame)
            except (OSError, websocket.WebSocketException):
                return

    # -- frames --------------------------------------------------------------------------------------------------------

    def _on_frame(self, frame: frames.ServerFrame) -> None:
        match frame:
            case frames.Event():
                self._ask_anew(self._channels.on_event(frame), "a gap")
                self._update(frame.channel)
            case frames.Snapshot():
                self._on_snapshot(frame)
            case frames.Result():
                self._settle(frame.id, frame.data)
            case frames.Beat():
                self._ask_anew(self._channels.on_beat(frame), "behind at a beat")
            case frames.Error():
                self._on_error(frame)
            case frames.Welcome():
                self._on_welcome(frame)

    def _on_welcome(self, frame: frames.Welcome) -> None:
        self._window_s = frame.reconnect_window_s
        self._retry_s = FIRST_RETRY_S
        self._is_live.set()
        for request in self._channels.on_welcome():
            self._ask(request)
        for text, _ in list(self._pending.values()):
            self._send(text)

    def _ask(self, request: frames.Subscribe) -> None:
        self._asked[request.channel] = time.perf_counter()
        self._send(frames.encoder.encode(request))

    def _ask_anew(self, requests: list[frames.Subscribe], why: str) -> None:
        for request in requests:
            self._world.fire_ms(WS, f"follow {_kind(request.channel)}", 0.0, Trouble(why))
            self._ask(request)

    def _on_snapshot(self, frame: frames.Snapshot) -> None:
        asked = self._asked.pop(frame.channel, None)
        if asked is not None:
            self._world.fire(WS, f"subscribe {_kind(frame.channel)}", asked)
        self._channels.on_snapshot(frame)
        self._update(frame.channel)

    def _update(self, name: str) -> None:
        channel = self._channels.get(name)
        while channel is not None and (update := channel.next()) is not None:
            self._readers[name](update)

    def _on_error(self, frame: frames.Error) -> None:
        refusal = Refused(frame.problem.code, frame.problem.detail)
        if frame.id is not UNSET:
            self._settle(frame.id, None, refusal)
        else:
            kind = _kind(frame.channel) if frame.channel is not UNSET else "?"
            self._world.fire_ms(WS, f"subscribe {kind}", 0.0, refusal)

    def _settle(self, key: str, data: Any, fault: Refused | None = None) -> None:
        """Stamped here: whoever waits may be woken later."""
        pending = self._pending.get(key)
        if pending is not None and not pending[1].ready():
            pending[1].set((time.perf_counter(), data, fault))


def _kind(channel: str) -> str:
    return channel.partition(":")[0]
