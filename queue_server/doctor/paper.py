"""The address in the codes on paper: whether there is one, and whether it answers."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException

from queue_server.doctor.findings import Finding, note

ANSWER_WITHIN_S = 5.0
ANSWER = b"ok"
"""What `/healthz` says."""


def examine(public_url: str) -> Iterator[Finding]:
    """Tried here only: a paper is not held up by a line that is slow, and a code printed today is scanned later."""
    if not public_url:
        yield note("There is no public address (LAYSO_PUBLIC_URL): papers carry no code to follow the number by phone.")
        return
    address = f"{public_url.rstrip('/')}/healthz"
    try:
        with urllib.request.urlopen(address, timeout=ANSWER_WITHIN_S) as answer:
            said = answer.read(len(ANSWER) + 1)
    except (OSError, HTTPException) as fault:
        yield _unanswered(address, _why(fault))
        return
    if said.strip() != ANSWER:
        yield _unanswered(address, "something else answers")


def _why(fault: Exception) -> str:
    if isinstance(fault, urllib.error.HTTPError):
        fault.close()
        return f"status {fault.code}"
    reason = fault.reason if isinstance(fault, urllib.error.URLError) else fault
    return str(reason) or type(reason).__name__


def _unanswered(address: str, why: str) -> Finding:
    return Finding(
        f"{address} does not answer as this server ({why}): the code on every paper leads there. Correct "
        "LAYSO_PUBLIC_URL, or the proxy, name and certificate behind it; without one, remove the setting. If phones do "
        "reach it and only this machine does not, that is no fault."
    )
