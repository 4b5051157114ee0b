"""What the agent asks of the server over HTTP: who it is, pictures of papers, and to be paired."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import quote

import msgspec
from msgspec import Struct

from queue_server.protocol.problems import Problem
from queue_server.protocol.resources import PaperText, TextLine

TIMEOUT_S = 10.0
TRY_AGAIN_FROM = 500
TOO_MANY_TRIES = 429


class ServerUnreachable(Exception):
    """No answer, or one that says "later"; the message says which."""


class ServerRefused(Exception):
    """The server said no; `status` and `code` say what."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code


class Me(Struct, frozen=True):
    """Whom the server takes this device for."""

    actor: str
    role: str
    name: str
    branch: str | None

    @property
    def device(self) -> str:
        return self.actor.partition(":")[2]


class PairingWait(Struct, frozen=True):
    code: str
    secret: str
    expires_in_s: int


class _Token(Struct, frozen=True):
    token: str


class Server:
    """The HTTP API as one device. Calls raise ServerUnreachable or ServerRefused."""

    def __init__(self, address: str, token: str | None = None) -> None:
        self._base = f"{address.rstrip('/')}/api/v1"
        self._token = token
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the server is in the house

    async def me(self) -> Me:
        return msgspec.json.decode(await self._call("GET", "/me"), type=Me)

    async def picture(self, job: str, *, width: int, is_marked: bool) -> bytes:
        """The paper of a print job, a PNG."""
        return await self._call("GET", f"/print-jobs/{quote(job, safe='')}?width={width}&marked={int(is_marked)}")

    async def text(self, job: str, *, columns: int, is_marked: bool) -> tuple[TextLine, ...]:
        """The paper of a print job in plain letters, so many on a line."""
        path = f"/print-jobs/{quote(job, safe='')}/text?columns={columns}&marked={int(is_marked)}"
        return msgspec.json.decode(await self._call("GET", path), type=PaperText).lines

    async def ask_pairing(self) -> PairingWait:
        return msgspec.json.decode(await self._call("POST", "/pairings", {"kind": "printer"}), type=PairingWait)

    async def collect_pairing(self, wait: PairingWait) -> str | None:
        """The token, once somebody has confirmed the code."""
        asked = {"code": wait.code, "secret": wait.secret}
        body = await self._call("POST", "/pairings/collect", asked)
        return msgspec.json.decode(body, type=_Token).token if body else None

    async def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> bytes:
        return await asyncio.to_thread(self._open, method, path, body)

    def _open(self, method: str, path: str, body: dict[str, str] | None) -> bytes:
        data = None if body is None else msgspec.json.encode(body)
        request = urllib.request.Request(self._base + path, data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise _fault(refusal.code, refusal.read()) from None
        except (OSError, HTTPException) as fault:
            raise ServerUnreachable(str(fault) or type(fault).__name__) from None


def _fault(status: int, body: bytes) -> ServerUnreachable | ServerRefused:
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:
        problem = Problem("", "", status, "", "no problem details; is this the right address?")
    if status >= TRY_AGAIN_FROM or status == TOO_MANY_TRIES:
        return ServerUnreachable(f"{status} {problem.detail}")
    return ServerRefused(status, problem.code, problem.detail)
