"""The trail beside the journals: who signed in, and who changed an account, a device, or somebody's data.

`note` is called inside the transaction of the change itself: both are there, or neither. Nothing personal stands in it
but the names of accounts; what somebody typed does not.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from queue_server.audit.chain import BEGINNING, Misfit, Place, Verified
from queue_server.journal.port import Database

TRAIL = ""
"""The trail's name among the chains: no branch has it."""
COMMAND_LINE = "setup"
"""Who does something at the machine itself."""


class Action(StrEnum):
    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGNED_OUT = "signed-out"
    ACCOUNT_PUT = "account-put"
    ACCOUNT_ENDED = "account-ended"
    PASSWORD_PUT = "password-put"
    SECOND_FACTOR_PUT = "second-factor-put"
    SECOND_FACTOR_ENDED = "second-factor-ended"
    POSTING_PUT = "posting-put"
    POSTING_ENDED = "posting-ended"
    DEVICE_ADDED = "device-added"
    DEVICE_CHANGED = "device-changed"
    DEVICE_REVOKED = "device-revoked"
    PAIRED = "paired"
    TOKEN_ROTATED = "token-rotated"
    SESSION_ENDED = "session-ended"
    CONFIGURED = "configured"
    EXPORTED = "exported"
    ERASED = "erased"
    VERIFIED = "verified"


class Entry(Struct, frozen=True):
    """Who did what to whom or what, at which branch (None: at none, or at all)."""

    actor: str
    action: str
    subject: str = ""
    branch: str | None = None
    detail: str = ""


class Kept(Struct, frozen=True):
    """An entry in its place; `at` is in microseconds."""

    no: int
    at: int
    entry: Entry


_NEXT = (
    "INSERT INTO revision (name, value) VALUES ('trail', 1)"
    " ON CONFLICT (name) DO UPDATE SET value = revision.value + 1 RETURNING value"
)
"""Two transactions wait for one another here."""
_COUNT = "SELECT value FROM revision WHERE name = 'trail'"
_VALUE = "SELECT value FROM access_event WHERE no = ?"
_ENTRY = "no, at, actor, action, subject, branch, detail"
_ADD = f"INSERT INTO access_event ({_ENTRY}, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ROWS = f"SELECT {_ENTRY}, value FROM access_event WHERE no > ? ORDER BY no LIMIT ?"
_BETWEEN = f"SELECT {_ENTRY} FROM access_event WHERE at >= ? AND at < ? ORDER BY no LIMIT ?"
AT_ONCE = 1000


def note(db: Database, entry: Entry) -> None:
    """Add it, in the caller's transaction."""
    no: int = db.execute(_NEXT).fetchone()[0]
    before = db.execute(_VALUE, (no - 1,)).fetchone()
    at = time.time_ns() // 1000
    value = _value(bytes(before[0]) if before is not None else BEGINNING, no, at, entry)
    db.execute(_ADD, (no, at, entry.actor, entry.action, entry.subject, entry.branch, entry.detail, value))


def _value(before: bytes, no: int, at: int, entry: Entry) -> bytes:
    return sha256(before + msgspec.json.encode([no, at, entry])).digest()


def between(db: Database, first: int, end: int, limit: int) -> list[Kept]:
    """The entries from one instant to before another, in microseconds."""
    return [Kept(no, at, Entry(*rest)) for no, at, *rest in db.execute(_BETWEEN, (first, end, limit)).fetchall()]


def verify(db: Database, against: Iterable[Place] = ()) -> Verified:
    """The whole trail, computed anew."""
    kept = {place.seq: place.value for place in against if place.name == TRAIL}
    count = db.execute(_COUNT).fetchone()
    end = max([count[0] if count is not None else 0, *kept])
    no, value, misfit = 0, BEGINNING, None
    for row in _rows(db):
        misfit = _misfit(no + 1, row, value)
        if misfit is not None:
            break
        no, value = row[0], bytes(row[-1])
        if kept.get(no, value.hex()) != value.hex():
            misfit = Misfit(no, "against")
            break
    if misfit is None and no < end:
        misfit = Misfit(no + 1, "missing")
    return Verified(Place(TRAIL, no, value.hex()), no, misfit)


def _rows(db: Database) -> Iterator[Any]:
    no = 0
    while page := db.execute(_ROWS, (no, AT_ONCE)).fetchall():
        yield from page
        no = page[-1][0]


def _misfit(expected: int, row: Any, before: bytes) -> Misfit | None:
    no, at, *rest, value = row
    if no != expected:
        return Misfit(expected, "missing")
    return None if _value(before, no, at, Entry(*rest)) == bytes(value) else Misfit(no, "changed")
