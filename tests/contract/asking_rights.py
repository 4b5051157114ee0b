"""How each line of the rights matrix is asked of a real server, by every role, and read as a sign of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from hashlib import sha256
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

from msgspec import UNSET, Struct, UnsetType
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from queue_server.protocol import SUBPROTOCOL
from queue_server.web import dispatch
from tests.contract.rights_server import RightsServer
from tests.demo_server import BRANCH, PASSWORD
from tests.printing import job_of
from tests.staff import sign_in

DEVICES = ("integration", "dispenser", "display", "printer", "rating")
SLIP = "H29.17-261120-0001"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
JPEG = b"\xff\xd8\xff" + bytes(32)
NOT_THERE = ("not-found", "unknown-ticket", "unknown-job", "unknown-channel", "unknown-command", "unknown-branch")
FILES = {"/static": "page.js", "/static/display": "display.js", "/static/protocol": "feed.js"}
WITHIN_S = 15.0

ENDING = ("manager", "administrator")
"""Who ends what others have made; what was ended is not there for the next one."""
ABOUT = {"name": "Nhân viên", "role": "clerk", "branch": BRANCH}
Who = tuple[str, str]
"""A role, and its situation."""
ADMINISTRATOR = ("administrator", "whole")
Answered = tuple[int, str]
"""Status, and the code of a problem."""


def now(**later: float) -> str:
    return (datetime.now(UTC) + timedelta(**later)).isoformat()


def arguments() -> dict[str, dict[str, Any]]:
    """What each command takes, so that nothing is wrong but who asks; the others take nothing."""
    hours = {"working": [[450, 690]], "issuing": [[450, 690]]}
    foreseen = {"fields": ["dat-dai"], "at": now(), "until": now(hours=2), "people": 12.0}
    return {
        "issue": {"field": "ho-tich"},
        "assign": {"fields": ["dat-dai"]},
        "call": {"counter": 4},
        "transfer": {"field": "dat-dai"},
        "enter-list": {"lines": [{"number": "A901", "field": "chung-thuc", "arrival_at": now()}]},
        "report-paper": {"job": "none", "outcome": "printed"},
        "answer-help": {"device": "nobody"},
        "report-call": {"call": 1},
        "suspend": {"field": "ho-tich", "reason": {"vi": "Mất điện"}},
        "unsuspend": {"field": "ho-tich"},
        "change-hours": {"hours": hours, "reason": {"vi": "Tập huấn"}, "field": "dat-dai"},
        "note": {"text": "Đã có bản sao"},
        "record-dossiers": {"codes": ["H29.17-261120-0001"]},
        "raise-alarm": {"counter": 4},
        "answer-alarm": {"counter": 4},
        "move": {"to": 5},
        "rate": {"level": "satisfied"},
        "take-advice": {
            "kind": "lend",
            "lender": "thu-duc",
            "fields": ["dat-dai"],
            "foreseen": foreseen | {"without_s": 900, "with_s": 600},
        },
    }


class Asked(Struct, frozen=True):
    """A request: its path with what it needs, JSON or bytes."""

    path: str
    body: dict[str, Any] | bytes | UnsetType = UNSET
    without_cookie: bool = False


class Hall:
    """A server, everybody who may ask it, and things to ask about, all of them at the branch that is "own"."""

    def __init__(self, server: RightsServer) -> None:
        self.server = server
        self.shown: dict[Who, dict[str, str]] = {("nobody", "own"): {}}
        self._sockets: dict[Who, ClientConnection] = {}
        self._open = ExitStack()
        api = server.api("dispenser-own")
        self.ticket, self.another = api.issue("ho-tich"), api.issue("ho-tich")
        self.day = str(api.board()["day"]["today"]["date"])

    def headers(self, who: Who) -> dict[str, str]:
        """How somebody says who it is. Each comes from an address of its own: nobody uses up another's tries."""
        if who not in self.shown:
            self.shown[who] = self._shown(*who)
        address = f"198.51.100.{1 + list(self.shown).index(who)}"
        return {"X-Forwarded-For": address, **self.shown[who]}

    def _shown(self, role: str, situation: str) -> dict[str, str]:
        if role == "nobody":
            return {}
        if role == "holder":
            return {"Ticket-Token": (self.ticket if situation == "own" else self.another).token}
        if role in DEVICES:
            return {"Authorization": f"Bearer {self.server.tokens[f'{role}-{situation}']}"}
        return {"Cookie": sign_in(self.server.url, f"{role}-{situation}")}

    # -- by HTTP -------------------------------------------------------------------------------------------------------

    def ask(self, who: Who, method: str, asked: Asked) -> Answered:
        headers = {"Idempotency-Key": uuid4().hex} | self.headers(who)
        if asked.without_cookie:
            headers.pop("Cookie", None)
        body = asked.body if isinstance(asked.body, bytes) else b"" if asked.body is UNSET else json.dumps(asked.body)
        return self.send(method, asked.path, b"" if method in ("GET", "HEAD") else body, headers)

    def send(self, method: str, path: str, body: bytes | str, headers: dict[str, str]) -> Answered:
        line = HTTPConnection("127.0.0.1", self.server.port, timeout=WITHIN_S)
        with closing(line):
            line.request(method, path, body or None, headers)
            answer = line.getresponse()
            content = answer.read()
        is_problem = answer.getheader("content-type") == "application/problem+json"
        return answer.status, json.loads(content)["code"] if is_problem and content else ""

    def stream(self, who: Who, query: str) -> Answered:
        """The first frame of a stream of events after its welcome; a report that is taken is not answered."""
        line = HTTPConnection("127.0.0.1", self.server.port, timeout=WITHIN_S)
        with closing(line):
            line.request("GET", f"/sse/v1?{query}&channel=none:", headers=self.headers(who))
            answer = line.getresponse()
            frames = [json.loads(self._event(answer)) for _ in range(2)]
        return _of_frame(frames[1])

    @staticmethod
    def _event(answer: Any) -> bytes:
        while not (line := answer.readline()).startswith(b"data: "):
            assert line, "the stream ended"
        return bytes(line[6:])

    # -- by WebSocket --------------------------------------------------------------------------------------------------

    def socket(self, who: Who) -> ClientConnection:
        if who not in self._sockets:
            shown = self.headers(who)
            subprotocols = [Subprotocol(SUBPROTOCOL)]
            address = f"ws://127.0.0.1:{self.server.port}/ws/v1"
            opening = connect(address, additional_headers=shown, subprotocols=subprotocols, proxy=None)
            self._sockets[who] = self._open.enter_context(opening)
            assert json.loads(self._sockets[who].recv(WITHIN_S))["type"] == "welcome"
        return self._sockets[who]

    def say(self, who: Who, is_answer: Callable[[dict[str, Any]], bool], **frame: Any) -> Answered:
        """Send a frame; what comes back to it. Frames of channels come in between."""
        socket = self.socket(who)
        socket.send(json.dumps(frame))
        while True:
            found = json.loads(socket.recv(WITHIN_S))
            if is_answer(found):
                return _of_frame(found)

    def give(self, who: Who, name: str, args: dict[str, Any]) -> Answered:
        key = uuid4().hex
        return self.say(who, lambda found: found.get("id") == key, type="command", id=key, name=name, args=args)

    def follow(self, who: Who, channel: str) -> Answered:
        kinds = ("snapshot", "error")
        answered = self.say(
            who,
            lambda found: found["type"] in kinds and found.get("channel") == channel,
            type="subscribe",
            channel=channel,
        )
        self.socket(who).send(json.dumps({"type": "unsubscribe", "channel": channel}))
        return answered

    def report(self, who: Who) -> Answered:
        """Frames are taken in order: whatever comes before the answer to the next one is the report's."""
        self.socket(who).send(json.dumps({"type": "report"}))
        return self.say(who, lambda found: found["type"] == "error", type="subscribe", channel="none:")

    # -- what to ask for -----------------------------------------------------------------------------------------------

    def requests(self) -> dict[str, Callable[[Who], Asked]]:
        """What every line needs that is not told by its path."""
        devices = self.server.devices
        fixed: dict[str, Asked] = {
            "GET /api/v1/branches/suggest": Asked("/api/v1/branches/suggest?field=chung-thuc"),
            "DELETE /api/v1/session": Asked("/api/v1/session", without_cookie=True),
            "POST /api/v1/session": Asked(
                "/api/v1/session", {"username": "clerk-free", "password": PASSWORD}, without_cookie=True
            ),
            "POST /api/v1/session/device": Asked(
                "/api/v1/session/device", {"token": self.server.tokens["dispenser-own"]}
            ),
            "POST /api/v1/pairings": Asked("/api/v1/pairings", {"kind": "display"}),
            "GET /api/v1/tickets/{id}": Asked(f"/api/v1/tickets/{self.ticket.id}"),
            "DELETE /api/v1/tickets/{id}": Asked(f"/api/v1/tickets/{self.ticket.id}"),
            "PATCH /api/v1/devices/{id}": Asked(f"/api/v1/devices/{devices['dispenser-own']}", {"printer": None}),
            "DELETE /api/v1/devices/{id}": Asked(f"/api/v1/devices/{devices['spare']}"),
            "POST /api/v1/devices/{id}/picture": Asked(f"/api/v1/devices/{devices['display-own']}/picture"),
            "PUT /api/v1/devices/me/picture": Asked("/api/v1/devices/me/picture", JPEG),
            "POST /api/v1/devices/{id}/token": Asked(f"/api/v1/devices/{devices['turned']}/token"),
            "POST /api/v1/programs": Asked("/api/v1/programs", {"name": "Phần mềm", "branch": BRANCH}),
            "POST /api/v1/account/password": Asked("/api/v1/account/password", {"old": "wrong", "new": "other"}),
            "PUT /api/v1/account/second-factor": Asked("/api/v1/account/second-factor", {"code": "000000"}),
            "DELETE /api/v1/account/second-factor": Asked("/api/v1/account/second-factor", {"password": "wrong"}),
            "DELETE /api/v1/account/sessions/{session}": Asked("/api/v1/account/sessions/none"),
            "POST /api/v1/branches/{branch}/visits/export": Asked(
                f"/api/v1/branches/{BRANCH}/visits/export", {"token": self.ticket.token}
            ),
            "POST /api/v1/branches/{branch}/visits/erase": Asked(
                f"/api/v1/branches/{BRANCH}/visits/erase", {"token": self.ticket.token}
            ),
            "PUT /api/v1/media": Asked("/api/v1/media?name=a.png", PNG),
            "PUT /api/v1/branches/{branch}/notices": Asked(
                f"/api/v1/branches/{BRANCH}/notices", {"version": 1, "notices": []}
            ),
            "PUT /api/v1/branches/{branch}/slips": Asked(
                f"/api/v1/branches/{BRANCH}/slips",
                {"slips": [{"code": SLIP, "version": 1, "field": "tra-ket-qua", "state": "ready"}]},
            ),
        }
        at_own = ("/clerk", "/clerk/people", "/clerk/absent", "/helper", "/helper/facts", "/helper/list", "/manager")
        for page in (*at_own, "/helper/numbers", "/helper/blocks", "/admin", "/audit"):
            fixed[f"GET {page}"] = Asked(f"{page}?branch={BRANCH}")
        made: dict[str, Callable[[Who], Asked]] = {what: partial(_same, asked) for what, asked in fixed.items()}
        made["POST /api/v1/pairings/confirm"] = self._confirming
        made["POST /api/v1/pairings/collect"] = self._collecting
        made["GET /api/v1/devices/{id}/picture"] = self._picture
        made["GET /media/{sha256}"] = self._media
        made["POST /api/v1/staff"] = lambda _: Asked("/api/v1/staff", {"username": uuid4().hex[:12], **ABOUT})
        for line in ("PUT", "POST reset-password", "POST reset-second-factor", "POST unlock", "GET sessions",
                     "DELETE sessions"):  # fmt: skip
            method, _, what = line.partition(" ")
            path = f"/api/v1/staff/{{username}}{f'/{what}' if what else ''}"
            made[f"{method} {path}"] = partial(self._about_a_clerk, path, ABOUT if method == "PUT" else UNSET)
        made["DELETE /api/v1/staff/{username}"] = self._ending_a_clerk
        made["POST /api/v1/postings"] = lambda _: Asked("/api/v1/postings", self._posting())
        made["DELETE /api/v1/postings/{id}"] = self._ending_a_posting
        return made

    def asked(self, kind: str, subject: str, who: Who) -> Asked:
        made = self.requests().get(f"{kind} {subject}")
        if made is not None:
            return made(who)
        if kind == "MOUNT":
            return Asked(f"{subject}/{FILES[subject]}")
        known = {
            "branch": BRANCH, "field": "ho-tich", "no": "4", "id": self.ticket.id, "job": job_of(self.ticket),
            "date": self.day, "token": self.ticket.token, "code": "zh" if "languages" in subject else SLIP,
            "screen": "sanh", "username": "clerk-own", "session": "none", "sha256": sha256(PNG).hexdigest(),
        }  # fmt: skip
        return Asked(re.sub(r"{(\w+)}", lambda part: known[part[1]], subject))

    def _clerk(self) -> str:
        """A new one, who belongs to the branch that is asked for."""
        username = uuid4().hex[:12]
        answered = self.ask(ADMINISTRATOR, "POST", Asked("/api/v1/staff", {"username": username, **ABOUT}))
        assert answered == (201, ""), answered
        return username

    @cached_property
    def clerk(self) -> str:
        """One who stays."""
        return self._clerk()

    def _about_a_clerk(self, path: str, body: dict[str, Any] | UnsetType, _: Who) -> Asked:
        return Asked(path.format(username=self.clerk), body)

    def _ending_a_clerk(self, who: Who) -> Asked:
        """Of those who might, each ends another one."""
        return Asked(f"/api/v1/staff/{self._clerk() if who[0] in ENDING else self.clerk}")

    def _posting(self) -> dict[str, Any]:
        days = {"first_day": self.day, "last_day": self.day}
        return {"account": self.clerk, "branch": BRANCH, "role": "helper", **days}

    def _ending_a_posting(self, who: Who) -> Asked:
        if who[0] not in ENDING:
            return Asked("/api/v1/postings/none")
        headers = {"Idempotency-Key": uuid4().hex} | self.headers(ADMINISTRATOR)
        made = self.server.api("nobody").request(
            "POST", "/api/v1/postings", self._posting() | {"account": self._clerk()}, **headers
        )[1]
        return Asked(f"/api/v1/postings/{made['posting']}")

    def _pair(self) -> dict[str, str]:
        address = {"X-Forwarded-For": f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"}
        found: dict[str, str] = self.server.api("nobody").request(
            "POST", "/api/v1/pairings", {"kind": "display"}, **address
        )[1]
        return found

    def _confirming(self, _: Who) -> Asked:
        return Asked("/api/v1/pairings/confirm", {"code": self._pair()["code"], "name": "Máy", "branch": BRANCH})

    def _collecting(self, _: Who) -> Asked:
        pair = self._pair()
        return Asked("/api/v1/pairings/collect", {"code": pair["code"], "secret": pair["secret"]})

    def _picture(self, _: Who) -> Asked:
        path = f"/api/v1/devices/{self.server.devices['display-own']}/picture"
        self.ask(ADMINISTRATOR, "POST", Asked(path))
        self.ask(("display", "own"), "PUT", Asked("/api/v1/devices/me/picture", JPEG))
        return Asked(path)

    def _media(self, _: Who) -> Asked:
        self.ask(ADMINISTRATOR, "PUT", Asked("/api/v1/media?name=a.png", PNG))
        return self.asked("", "/media/{sha256}", ADMINISTRATOR)

    def command(self, name: str) -> tuple[str, dict[str, Any]]:
        """A command's address by HTTP, and its arguments there."""
        args = arguments().get(name, {})
        if name == "issue":
            return f"/api/v1/branches/{BRANCH}/tickets", args
        if name in dispatch.TICKET_COMMANDS or name == "imply-start":
            return f"/api/v1/tickets/{self.ticket.id}/{name}", args
        if name in dispatch.COUNTER_COMMANDS:
            return f"/api/v1/branches/{BRANCH}/counters/4/{name}", args
        return f"/api/v1/branches/{BRANCH}/{name}", args

    def framed(self, name: str) -> dict[str, Any]:
        """Its arguments by WebSocket, with its address."""
        args = arguments().get(name, {})
        if name in dispatch.TICKET_COMMANDS:
            return {"ticket": self.ticket.id, **args}
        return {"branch": BRANCH, **({"counter": 4} if name in dispatch.COUNTER_COMMANDS else {}), **args}

    def channel(self, kind: str) -> str:
        subjects = {
            "ticket": self.ticket.token,
            "ahead": self.ticket.token,
            "counter": f"{BRANCH}/4",
            "next": f"{BRANCH}/4",
            "rating": f"{BRANCH}/4",
            "printer": self.server.devices["printer-own"],
        }
        return f"{kind}:{subjects.get(kind, BRANCH)}"

    def close(self) -> None:
        self._open.close()


def _same(asked: Asked, _: Who) -> Asked:
    return asked


def _of_frame(frame: dict[str, Any]) -> Answered:
    if frame["type"] != "error":
        return 200, ""
    if frame.get("channel") == "none:":
        return 200, "the next one's"
    return frame["problem"]["status"], frame["problem"]["code"]


def sign(status: int, code: str) -> str:
    """An answer as a sign of the matrix; what is refused for another reason than who asks was let in."""
    if status in (401, 403, 303):
        return {401: "1", 403: "3", 303: "s"}[status]
    assert status not in (400, 405, 429, 500, 502, 503), (status, code)
    return "4" if status == 404 and code in ("", *NOT_THERE) else "+"
