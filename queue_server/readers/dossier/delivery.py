"""Sending one record by HTTP POST, and what the answer means."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from msgspec import Struct

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
TIMEOUT_S = 10.0
SENDS_AT_ONCE = 16
"""As many branches as a reader works for at the same time."""
WRONG_RECORD = frozenset({400, 413, 422})
"""Answers that say that this record itself is wrong: sending it again would not help."""
ANSWER_KEPT = 500


class Delivered(Struct, frozen=True):
    pass


class Refused(Struct, frozen=True):
    """The receiver will never take this record."""

    status: int
    answer: str


class TryAgain(Struct, frozen=True):
    """The receiver cannot take anything now, or nobody knows whether it did."""

    reason: str


Outcome = Delivered | Refused | TryAgain


class Sender(Protocol):
    async def send(self, body: bytes) -> Outcome: ...


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is no delivery: urllib would follow it by GET, without the record and with the token."""

    def redirect_request(self, *_: object) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


class HttpSender:
    """POSTs to one address, in threads of its own: slow backends hold up nothing else."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url
        self._threads = ThreadPoolExecutor(SENDS_AT_ONCE, thread_name_prefix="dossier")
        self._headers = {"content-type": CONTENT_TYPE, "user-agent": "layso"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    async def send(self, body: bytes) -> Outcome:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._post, body)

    def _post(self, body: bytes) -> Outcome:
        request = urllib.request.Request(self._url, body, self._headers, method="POST")
        try:
            with _opener.open(request, timeout=TIMEOUT_S):
                return Delivered()
        except urllib.error.HTTPError as fault:
            answer = fault.read(ANSWER_KEPT).decode("utf-8", "replace")
            if fault.code in WRONG_RECORD:
                return Refused(fault.code, answer)
            return TryAgain(f"{fault.code} {answer}")
        except (OSError, ValueError) as fault:
            return TryAgain(str(fault))
