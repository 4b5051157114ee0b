"""WebSocket frames, JSON text, sub-protocol `layso.v1`. One type per message; unknown fields are refused.

Where a proxy lets no WebSocket through, `GET /sse/v1?channel=NAME&since=POSITION&channel=…` sends the server's frames
as events of a `text/event-stream`, each `data:` a frame. The address names what is followed: to each `channel` the
`since` in the same place, empty for a snapshot; in `report`, a frame of that type as JSON. Whoever wants something else
opens another. Commands go over HTTP then. A stream ends with a `goodbye`, where a WebSocket has a close code.

A position is "EPOCH.SEQ". On a numbered channel a client takes an `event` when `prev <= its position < seq`, ignores
one with `seq <=` its position, and subscribes anew when `prev` is ahead of it or the epoch differs: something is
missing. `changes` are rows: `[table, key, row]` sets a row, `[table, key, null]` removes it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from queue_server.protocol.problems import Problem

MAX_FRAME_BYTES = 16 * 1024
"""The largest frame that a client may send."""

Key = Annotated[str, Meta(min_length=8, max_length=128)]
Channel = Annotated[str, Meta(min_length=3, max_length=200)]
Position = Annotated[str, Meta(pattern=r"^[0-9a-z]{1,32}\.[0-9]{1,15}$")]


class Subscribe(Struct, frozen=True, tag_field="type", tag="subscribe", forbid_unknown_fields=True):
    """Ask for a channel; `since` resumes after a position, without it a snapshot comes first."""

    channel: Channel
    since: Position | None = None


class Unsubscribe(Struct, frozen=True, tag_field="type", tag="unsubscribe", forbid_unknown_fields=True):
    channel: Channel


class Command(Struct, frozen=True, tag_field="type", tag="command", forbid_unknown_fields=True):
    """Ask for a change. `id` is its idempotency key; `deadline` (15 s from arrival by default) bounds issue, call."""

    id: Key
    name: str
    args: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    deadline: Annotated[datetime, Meta(tz=True)] | None = None


Audio = Literal["on", "blocked", "none", "off"]
"""Whether sound comes out: it does; the browser waits for a touch; there is none; it is not wanted."""


class Report(Struct, frozen=True, tag_field="type", tag="report", forbid_unknown_fields=True):
    """What a lobby screen says of itself, when it begins and when something differs; it is not answered. `screen` is
    its code in the configuration, `audio_at` since when its sound is as it is, `shown` its newest call, `size` in
    pixels ("1920x1080"), `player` the version of the program that keeps it alive, `memory_mb` and `restarts` what that
    one knows."""

    screen: Annotated[str, Meta(max_length=64)] = ""
    audio: Audio = "none"
    audio_at: Annotated[datetime, Meta(tz=True)] | None = None
    shown: Annotated[int, Meta(ge=0)] = 0
    size: Annotated[str, Meta(max_length=16)] = ""
    build: Annotated[str, Meta(max_length=40)] = ""
    player: Annotated[str, Meta(max_length=40)] = ""
    memory_mb: Annotated[int, Meta(ge=0)] = 0
    restarts: Annotated[int, Meta(ge=0)] = 0


ClientFrame = Subscribe | Unsubscribe | Command | Report


class Welcome(Struct, frozen=True, tag_field="type", tag="welcome"):
    """First frame of a connection. A page that sees another build reloads itself in a quiet moment; `clock_speed` is 1
    but in demonstrations."""

    build: str
    at: datetime
    reconnect_window_s: float
    beat_s: float
    actor: str
    clock_speed: float = 1.0


class Snapshot(Struct, frozen=True, tag_field="type", tag="snapshot"):
    """All rows of a channel, by table and key, at a position; of `live:` and `ahead:` the newest replaces the last."""

    channel: str
    seq: str
    data: dict[str, Any]


class Event(Struct, frozen=True, tag_field="type", tag="event"):
    channel: str
    seq: str
    prev: str
    changes: list[tuple[str, str, Any]]


class Beat(Struct, frozen=True, tag_field="type", tag="beat"):
    """Sent after silence, with the newest position of each numbered channel of this connection."""

    at: datetime
    positions: dict[str, str]


class Result(Struct, frozen=True, tag_field="type", tag="result"):
    """The answer to a command that was carried out; `data` is what the HTTP call would answer, null for "nobody"."""

    id: str
    data: Any


class Error(Struct, frozen=True, tag_field="type", tag="error"):
    """A refusal, of a command (`id`) or of a subscription (`channel`)."""

    problem: Problem
    id: str | UnsetType = UNSET
    channel: str | UnsetType = UNSET


class Order(Struct, frozen=True, tag_field="type", tag="order"):
    """What a lobby screen is to do, without an answer. "picture": have its player take one of what it shows, and bring
    it by `PUT /devices/me/picture`; whoever has no player does nothing."""

    what: Literal["picture"]


class Goodbye(Struct, frozen=True, tag_field="type", tag="goodbye"):
    """The last frame of a stream of events; `code` is a close code."""

    code: int
    reason: str


ServerFrame = Welcome | Snapshot | Event | Beat | Result | Error | Order | Goodbye


class Close:
    """Close codes. Below 4400 a client comes back by itself, from 4400 on it must not without a change."""

    GOING_AWAY = 1001
    COME_BACK = 4000
    TOO_SLOW = 4001
    MALFORMED = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    TAKEN_OVER = 4409
    TOO_LARGE = 1009


encoder = msgspec.json.Encoder()
client_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
server_decoder: msgspec.json.Decoder[ServerFrame] = msgspec.json.Decoder(ServerFrame)


class _Named(Struct):
    id: str | None = None


_named = msgspec.json.Decoder(_Named)


def id_in(text: bytes) -> str | None:
    """The id of a command that is malformed otherwise, so that its sender knows what was refused."""
    try:
        return _named.decode(text).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def position(epoch: str, seq: int) -> str:
    return f"{epoch}.{seq}"


def parse_position(text: str) -> tuple[str, int]:
    epoch, _, seq = text.rpartition(".")
    return epoch, int(seq)
