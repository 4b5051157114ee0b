"""The HTTP API as somebody who signed in: a supervisor, a manager, the administrator."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.request import ProxyHandler, Request, build_opener

from tests.demo_server import PASSWORD
from tests.server import Api

T = TypeVar("T")
_opener = build_opener(ProxyHandler({}))


def sign_in(url: str, username: str, password: str = PASSWORD) -> str:
    """The session cookie of an account, as a header."""
    body = json.dumps({"username": username, "password": password}).encode()
    with _opener.open(Request(f"{url}/api/v1/session", body, method="POST"), timeout=10) as answer:
        return str(answer.headers["set-cookie"]).partition(";")[0]


class StaffApi(Api):
    """`StaffApi(centre.url, "quang").branch_command("end-day", leftovers="rebook")`"""

    def __init__(self, url: str, username: str) -> None:
        super().__init__(url)
        self._cookie = sign_in(url, username)

    def request(
        self, method: str, path: str, body: object = None, *, key: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        return super().request(method, path, body, key=key, **{"Cookie": self._cookie, **headers})


def eventually(look: Callable[[], T], *, within_s: float = 20.0) -> T:
    """What `look` finds, as soon as it is true."""
    give_up_at = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.05)
    return found
