"""HTTP under gevent, one connection at a time, going on to the next server when one is away."""

from __future__ import annotations

import time
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import msgspec
from geventhttpclient import HTTPClient
from geventhttpclient.url import URL

from load.locust.line import Trouble

if TYPE_CHECKING:
    from load.locust.world import World

HTTP = "HTTP"
CONNECT_S = 5.0
ANSWER_S = 15.0


class Api:
    """`start` is the branch's place in the fleet: it says which server is tried first."""

    def __init__(self, world: World, start: int, *, token: str = "", session: str = "") -> None:
        self._world = world
        self._servers = world.servers_of(start)
        self._headers: dict[str, str] = {}
        if token:
            self._headers["authorization"] = f"Bearer {token}"
        if session:
            self._headers["cookie"] = f"layso={session}"
        self._client: Any = None

    def ask(
        self,
        method: str,
        path: str,
        name: str,
        *,
        body: object = None,
        expected: tuple[int, ...] = (200,),
        **headers: str,
    ) -> tuple[int, bytes]:
        """Status and body; another status than expected is a failure of the run, and so is no answer (status 0).

        A lost answer is asked for once more, at the next server: every change carries its key.
        """
        began = time.perf_counter()
        given = self._headers | {key.replace("_", "-"): value for key, value in headers.items()}
        data = msgspec.json.encode(body) if body is not None else b""
        fault: Exception | None = None
        for _ in range(len(self._servers) + 1):
            try:
                status, content = self._exchange(method, path, data, given)
            except (OSError, HTTPException) as away:
                fault = Trouble(f"no answer: {type(away).__name__}")
                self.close()
                self._servers.rotate(-1)
                continue
            fault = None if status in expected else Trouble(f"status {status}: {_code(content)}")
            self._world.fire(HTTP, name, began, fault)
            return status, content
        self._world.fire(HTTP, name, began, fault)
        return 0, b""

    def _exchange(self, method: str, path: str, data: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._client is None:
            self._client = HTTPClient.from_url(
                URL(self._servers[0]), concurrency=1, connection_timeout=CONNECT_S, network_timeout=ANSWER_S
            )
        answer = self._client.request(method, path, body=data, headers=headers)
        return answer.status_code, bytes(answer.read())

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _code(content: bytes) -> str:
    """The problem's code, where the answer is one."""
    try:
        return str(msgspec.json.decode(content).get("code", ""))
    except (msgspec.DecodeError, AttributeError):
        return ""
