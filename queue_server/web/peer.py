"""One peer, whichever wire it came by: welcomed, subscribed to channels, told why not, and missed when it has gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import UNSET

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.domain.refusals import Refusal
from queue_server.protocol import frames
from queue_server.protocol.frames import parse_position
from queue_server.realtime.connection import Connection, Message, Wire
from queue_server.realtime.hub import BEAT_S
from queue_server.web.answering import refusal_problem
from queue_server.web.house import House

CHANNELS_PER_CONNECTION = 64


class Peer:
    """A connection and who it is."""

    def __init__(self, house: House, who: Who, language: str, wire: Wire) -> None:
        self._house = house
        self._who = who
        self._language = language
        self.connection = Connection(wire, who.actor, who)

    @contextmanager
    def welcomed(self) -> Iterator[None]:
        """Let in, for as long as this lasts."""
        house, device = self._house, self._who.device
        house.hub.connections.add(self.connection)
        self.send(self._welcome())
        house.presence.come(device)
        if device is not None and self._who.role is Role.DISPLAY:
            house.picturing.come(self.connection, device)
        try:
            yield
        finally:
            house.hub.leave(self.connection)
            self.connection.is_closed = True
            house.presence.go(device)
            if device is not None:
                house.speaking.gone(self, device)
                house.picturing.gone(self.connection, device)

    def _welcome(self) -> frames.Welcome:
        settings = self._house.settings
        return frames.Welcome(
            build=self._house.build,
            at=self._house.now(),
            reconnect_window_s=settings.reconnect_window_s,
            beat_s=BEAT_S,
            actor=self._who.actor,
            clock_speed=settings.clock_speed,
        )

    def report(self, report: frames.Report) -> None:
        """What it says of itself; of nobody but a lobby screen."""
        who = self._who
        if who.role is not Role.DISPLAY or not who.device or not who.branch:
            self.refuse(Refusal("forbidden"))
            return
        self._house.speaking.report(self, who.device, who.branch, report)

    async def subscribe(self, frame: frames.Subscribe) -> None:
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
            self.refuse(fault, channel=frame.channel)

    async def _branch_of(self, channel: str) -> tuple[str, str]:
        """A channel's kind and its branch; neither says yet whether this asker may read it."""
        kind, _, rest = channel.partition(":")
        match kind:
            case "board" | "live" | "helper" | "alarms":
                branch = rest
            case "counter" | "next":
                branch, _, no = rest.rpartition("/")
                if not (no.isascii() and no.isdigit()):
                    raise Refusal("unknown-channel", channel=channel)
            case "ticket" | "ahead":
                branch = await self._house.bus.branch_of(self._house.access.ticket_tokens.ticket_of(rest))
            case "rating" if self._who.branch is not None and rest == f"{self._who.branch}/{self._who.counter}":
                branch = self._who.branch
            case "printer" if self._who.device == rest and self._who.branch is not None:
                branch = self._who.branch
            case _:
                raise Refusal("unknown-channel", channel=channel)
        return kind, branch

    def refuse(self, fault: Exception, key: str | None = None, channel: str | None = None) -> None:
        problem = refusal_problem(fault, self._language)
        self.send(frames.Error(problem, UNSET if key is None else key, UNSET if channel is None else channel))

    def send(self, frame: frames.ServerFrame) -> None:
        self.connection.send(Message(frames.encoder.encode(frame)))
