"""AsyncAPI 3 out of the frames and rows that are sent."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

import msgspec

from queue_server import __version__
from queue_server.access.identity import NOBODY
from queue_server.access.rights import CHANNELS as MAY_FOLLOW
from queue_server.protocol import SUBPROTOCOL, frames, rows
from queue_server.protocol.frames import Close
from queue_server.web import dispatch
from queue_server.web.contract.security import asyncapi_scheme, needs

REF = "#/components/schemas/{name}"
WAYS_IN = ("bearer", "session")
"""Ticket tokens go into the name of a channel; the connection is nobody's then."""

WHO = f"""\
Who asks is settled when the connection opens, by the headers of its first request, and holds until it closes:
`Authorization: Bearer TOKEN` of a device or an integration, else the session cookie, which a browser sends by itself.
The actor is told in `welcome`.

- Without either, or with a session that has ended, the connection is welcomed as `{NOBODY.actor}`. It may follow
  `board:` and `live:`, and `ticket:` and `ahead:` of a ticket whose token it has; every command, `helper:` and
  `counter:` are answered with an `error`, `unauthenticated`.
- With a token that is not valid, or any other `Authorization`, it is closed with {Close.UNAUTHENTICATED} before a
  `welcome`; a stream of events is answered with a problem instead. A connection whose device is removed later is closed
  with the same code.
- With the `Origin` of another site it is closed with {Close.FORBIDDEN}, whoever asks.
- A ticket's token is part of a channel's name, `ticket:TOKEN`, and proves nothing else: its holder's commands go over
  HTTP. A forged one is answered `unknown-ticket`; another device's `printer:` is `unknown-channel`, as none at all is.
- A command may be given by whom its HTTP operation names, a channel be followed by whom `x-channels` names; what is not
  public, within the asker's own branch. Everybody else is answered with an `error`, `forbidden`.

Sentences are Vietnamese or, by `?lang=en` or `Accept-Language`, English.\
"""

CHANNELS: dict[str, tuple[str, dict[str, type]]] = {
    "board:{branch}": (
        "What everybody in the hall may know. Numbered.",
        {
            "day": rows.DayRow,
            "fields": rows.FieldRow,
            "counters": rows.CounterRow,
            "calls": rows.CallRow,
            "notices": rows.NoticeRow,
        },
    ),
    "helper:{branch}": (
        "Everybody who is in the house, with claimed priorities and needs. Numbered; helpers and who runs the branch.",
        {"tickets": rows.HelpedTicketRow},
    ),
    "alarms:{branch}": (
        "Counters whose clerks need somebody now, until somebody answers. Numbered; helpers and who runs the branch.",
        {"alarms": rows.AlarmRow},
    ),
    "counter:{branch}/{no}": (
        "A clerk's own counter: what is in hand, and who waits in its fields. Numbered; staff only.",
        {"counter": rows.DeskRow, "tickets": rows.DeskTicketRow, "queue": rows.QueueRow},
    ),
    "ticket:{token}": (
        "A citizen's own ticket, today's hours and its field, for who has its token. Numbered.",
        {"ticket": rows.TicketRow, "day": rows.DayRow, "fields": rows.FieldRow},
    ),
    "rating:{branch}/{no}": (
        "How satisfied whom is asked at a counter. Numbered; that counter's satisfaction device only.",
        {"counter": rows.AskingRow, "asked": rows.AskedRow},
    ),
    "printer:{device}": ("The papers that a printer owes. Numbered; that device only.", {"jobs": rows.JobRow}),
}


@cache
def document() -> dict[str, Any]:
    """The whole document; made once."""
    incoming, outgoing = get_args(frames.ClientFrame), get_args(frames.ServerFrame)
    row_types = [row for _, tables in CHANNELS.values() for row in tables.values()]
    commands = [
        *dispatch.TICKET_COMMANDS.values(),
        *dispatch.COUNTER_COMMANDS.values(),
        *dispatch.BRANCH_COMMANDS.values(),
    ]
    types = list(dict.fromkeys([*incoming, *outgoing, *row_types, rows.Live, rows.Next, rows.Ahead, *commands]))
    shapes, components = msgspec.json.schema_components(types, ref_template=REF)
    named = dict(zip(types, shapes, strict=True))
    messages = {_tag(frame): _message(frame, named) for frame in (*incoming, *outgoing)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lấy Số",
            "version": __version__,
            "description": f"{(frames.__doc__ or '').strip()}\n\nSub-protocol: `{SUBPROTOCOL}`.\n\n{WHO}",
        },
        "servers": {"this": _server("wss"), "http": _server("https")},
        "channels": {
            "socket": {
                "address": "/ws/v1",
                "servers": [{"$ref": "#/servers/this"}],
                "messages": {tag: {"$ref": f"#/components/messages/{tag}"} for tag in messages},
            },
            "stream": {
                "address": "/sse/v1",
                "description": "The frames of `toClient` as events, where a proxy lets no WebSocket through.",
                "servers": [{"$ref": "#/servers/http"}],
                "messages": {_tag(frame): {"$ref": f"#/components/messages/{_tag(frame)}"} for frame in outgoing},
            },
        },
        "operations": {
            "toServer": _operation("receive", "socket", incoming),
            "toClient": _operation("send", "socket", outgoing),
            "toBrowser": _operation("send", "stream", outgoing),
        },
        "components": {
            "messages": messages,
            "schemas": components,
            "securitySchemes": {name: asyncapi_scheme(name) for name in WAYS_IN},
        },
        "x-channels": _channels(named),
        "x-commands": {
            name: named[kind]
            for commands in (dispatch.TICKET_COMMANDS, dispatch.COUNTER_COMMANDS, dispatch.BRANCH_COMMANDS)
            for name, kind in commands.items()
        },
        "x-close-codes": {code: value for code, value in vars(frames.Close).items() if isinstance(value, int)},
    }


def _server(protocol: str) -> dict[str, Any]:
    return {
        "host": "localhost",
        "protocol": protocol,
        "description": f"Without either a connection is welcomed as `{NOBODY.actor}`: see the description.",
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in WAYS_IN],
    }


def _channels(named: dict[type, Any]) -> dict[str, Any]:
    numbered = {
        name: {"description": said, "tables": {table: named[row] for table, row in tables.items()}}
        for name, (said, tables) in CHANNELS.items()
    }
    live = {
        "description": "How a branch is doing now; the newest snapshot replaces the last.",
        "data": named[rows.Live],
    }
    following = {
        "description": "Whom a counter would call now, and why; staff only. The newest snapshot replaces the last.",
        "data": named[rows.Next],
    }
    ahead = {
        "description": "How far a citizen's ticket is, for who has its token; the newest snapshot replaces the last.",
        "data": named[rows.Ahead],
    }
    channels = {**numbered, "live:{branch}": live, "next:{branch}/{no}": following, "ahead:{token}": ahead}
    return {name: {**said, "needs": needs(MAY_FOLLOW[name.partition(":")[0]])} for name, said in channels.items()}


def _tag(frame: type) -> str:
    return str(frame.__struct_config__.tag)  # type: ignore[attr-defined]


def _message(frame: type, named: dict[type, Any]) -> dict[str, Any]:
    summary = (frame.__doc__ or "").split("\n\n")[0].replace("\n    ", " ")
    return {"name": _tag(frame), "summary": summary, "contentType": "application/json", "payload": named[frame]}


def _operation(action: str, channel: str, frames_: tuple[type, ...]) -> dict[str, Any]:
    refs = [{"$ref": f"#/channels/{channel}/messages/{_tag(frame)}"} for frame in frames_]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": refs}
