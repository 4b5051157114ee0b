"""Frames for /ws/v1 that are right, nearly right and none at all, by every role.

After each handful somebody asks for a channel that is none: the answer shows that the server took all that came before,
and takes more. A connection that it has closed, as it may, is opened again.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any
from uuid import uuid4

from msgspec import Struct
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from load.fuzz.requests import REAL, Tickets
from queue_server.protocol import SUBPROTOCOL
from queue_server.protocol.frames import MAX_FRAME_BYTES
from queue_server.web import dispatch
from tests.contract.asking_rights import Hall, Who, arguments
from tests.contract.rights_server import FREE
from tests.demo_server import BRANCH, NEAR
from tests.rights import CHANNELS, COMMANDS, ROWS

HANDFUL = 25
WITHIN_S = 20.0
MAY_CLOSE = {1002, 1003, 1007, 1009, 4401, 4403, 4503, 4429}
"""What a peer is told that sends what is no WebSocket, or too much of it, and who is not let in."""


class Framed(Struct):
    """What came of it."""

    frames: int = 0
    answers: Counter[str] = Counter()
    closed: Counter[int] = Counter()
    faults: list[str] = []


class FrameFuzz:
    """`count` frames in all, or as many as there is time for, by every identity in turn and by some that are none."""

    def __init__(self, hall: Hall, tickets: Tickets, count: int, *, seed: int, until: float) -> None:
        self._until = until
        self._hall = hall
        self._count = count
        self._random = Random(seed)
        self._tickets = tickets
        self.framed = Framed()
        self._makers: tuple[tuple[Callable[[Who], bytes], int], ...] = (
            (self._command, 10), (self._subscription, 5), (self._nearly, 4), (self._garbage, 2), (self._report, 1),
            (self._unsubscription, 1), (self._nested, 1),
        )  # fmt: skip

    def run(self) -> Framed:
        identities = [*ROWS[0].signs, ("forged", "token"), ("forged", "cookie"), ("forged", "scheme")]
        while self.framed.frames < self._count and time.monotonic() < self._until:
            for who in identities:
                self._talk(who, min(20, 1 + self._count // HANDFUL // len(identities)))
        return self.framed

    def _talk(self, who: Who, handfuls: int) -> None:
        """A connection, and on it some handfuls; it ends when the server wants."""
        address = f"ws://127.0.0.1:{self._hall.server.port}/ws/v1"
        self._is_spoilt = False
        try:
            with connect(
                address, additional_headers=self._shown(who), subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None,
                close_timeout=2,
            ) as line:  # fmt: skip
                for _ in range(handfuls):
                    self._handful(line, who)
                    self._fence(line, who)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else 1006
            self.framed.closed[code] += 1
            if code not in MAY_CLOSE and not self._is_spoilt:
                self.framed.faults.append(f"{who}: closed with {code}")
        except TimeoutError:
            self.framed.faults.append(f"{who}: nothing is answered any more")

    def _shown(self, who: Who) -> dict[str, str]:
        forged = {
            "token": {"Authorization": f"Bearer {uuid4().hex}"},
            "cookie": {"Cookie": f"__Host-layso={uuid4().hex}"},
            "scheme": {"Authorization": "Basic dXNlcjpwYXNz"},
        }
        network = f"{self._random.randrange(65536):x}:{self._random.randrange(65536):x}"
        address = {"X-Forwarded-For": f"2001:db8:{network}::1"}
        return address | forged[who[1]] if who[0] == "forged" else self._hall.headers(who)

    def _handful(self, line: ClientConnection, who: Who) -> None:
        makers, weights = zip(*self._makers, strict=True)
        for _ in range(HANDFUL):
            data = self._random.choices(makers, weights)[0](who)
            self._send(line, data)
            self.framed.frames += 1

    def _send(self, line: ClientConnection, data: bytes) -> None:
        """Mostly as text in one piece; in several, as bytes, as text that is no UTF-8, or far too long."""
        how = self._random.random()
        if how < 0.003:
            self._write(line, b"\xc3\x28" + data)
        elif how < 0.005:
            self._write(line, b'"' + b"x" * (5 * MAX_FRAME_BYTES))
        elif how < 0.03:
            line.send(data)
        elif how < 0.1:
            text = data.decode("utf-8", "replace")
            cut = self._random.randrange(len(text) + 1)
            line.send(iter((text[:cut], "", text[cut:])))
        else:
            line.send(data.decode("utf-8", "replace"))

    def _write(self, line: ClientConnection, data: bytes) -> None:
        """Past the library's own checks: a frame as it stands. What is sent after it meets a closed connection."""
        self._is_spoilt = True
        with suppress(OSError):
            line.socket.sendall(Frame(Opcode.TEXT, data).serialize(mask=True))

    def _fence(self, line: ClientConnection, who: Who) -> None:
        """Read until what was asked for last is answered, since frames are taken in order."""
        fence = f"none:{uuid4().hex}"
        line.send(json.dumps({"type": "subscribe", "channel": fence}))
        while True:
            found = json.loads(line.recv(WITHIN_S))
            self._judge(found, who)
            if found.get("channel") == fence:
                return

    def _judge(self, found: dict[str, Any], who: Who) -> None:
        kind = found["type"]
        if kind == "error":
            kind = found["problem"]["code"]
            if found["problem"]["status"] >= 500 and kind not in ("unavailable", "disk-full"):
                self.framed.faults.append(f"{who}: {found}")
        self.framed.answers[kind] += 1

    # -- what is sent --------------------------------------------------------------------------------------------------

    def _command(self, who: Who) -> bytes:
        name = self._random.choice(list(COMMANDS))
        branch = self._random.choice((BRANCH, NEAR)) if name != "end-day" else FREE
        args = arguments().get(name, {}) | {}
        for key in set(args) & set(REAL):
            args[key] = self._random.choice(REAL[key])
        if name in dispatch.TICKET_COMMANDS:
            args["ticket"] = self._tickets.one(branch).id
        else:
            args["branch"] = branch
        if name in dispatch.COUNTER_COMMANDS:
            args["counter"] = self._random.choice(REAL["counter"])
        key = uuid4().hex if self._random.random() < 0.9 else "the-same-key"
        return _json({"type": "command", "id": key, "name": name, "args": args})

    def _subscription(self, who: Who) -> bytes:
        kind = self._random.choice(list(CHANNELS))
        branch = self._random.choice((BRANCH, NEAR, "nowhere", ""))
        channel = {
            "counter": f"{branch}/{self._random.choice((1, 4, 99, -1, '٣', '1e9'))}",
            "ticket": self._random.choice((self._tickets.one(BRANCH).token, "x.y", "a" * 180)),
            "ahead": self._random.choice((self._tickets.one(NEAR).token, "." * 60)),
            "printer": self._random.choice(list(self._hall.server.devices.values())),
        }.get(kind, branch)
        since = self._random.choice((None, None, "x.1", f"{uuid4().hex}.999999999999999", "a.0"))
        return _json({"type": "subscribe", "channel": f"{kind}:{channel}"} | ({"since": since} if since else {}))

    def _unsubscription(self, who: Who) -> bytes:
        return _json({"type": "unsubscribe", "channel": self._random.choice((f"board:{BRANCH}", "none:", "x" * 200))})

    def _report(self, who: Who) -> bytes:
        shown = self._random.choice((0, 7, 2**63, -1, "x"))
        return _json({"type": "report", "screen": "sanh" * self._random.randrange(30), "shown": shown, "audio": "on"})

    def _nearly(self, who: Who) -> bytes:
        """A right frame with something wrong in it: a byte, a key, a type, its end."""
        data = bytearray(self._random.choice((self._command, self._subscription, self._report))(who))
        match self._random.randrange(4):
            case 0:
                data[self._random.randrange(len(data))] = self._random.randrange(256)
            case 1:
                del data[self._random.randrange(len(data)) :]
            case 2:
                data = bytearray(data.replace(b'"type"', self._random.choice((b'"typ"', b'"type": 1, "x"')), 1))
            case _:
                data += self._random.randbytes(self._random.randrange(1, 9))
        return bytes(data)

    def _garbage(self, who: Who) -> bytes:
        letters = '\x00\ud7ff\uffff\U0001f600{}[]",:\\u0000nulltrue-1e999'
        length = self._random.choice((0, 1, 7, 300, MAX_FRAME_BYTES + 1))
        return "".join(self._random.choices(letters, k=length)).encode()

    def _nested(self, who: Who) -> bytes:
        depth = self._random.choice((10, 900, 5000))
        return b'{"type":"command","id":"12345678","name":"issue","args":' + b"[" * depth + b"]" * depth + b"}"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
