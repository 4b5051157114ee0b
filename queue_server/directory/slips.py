"""The slips that the dossier backend tells, by plain statements on the connection that `Journal.run` gives to its work.

What it says first may come last: of a dossier the largest version counts, also where that takes the slip away.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from queue_server.domain.slips import Slip
from queue_server.journal.port import Database

KEPT = timedelta(days=180)
"""Of what nobody has told anything for so long nobody asks any more; a dossier that takes longer is told again."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_PUT = (
    "INSERT INTO slip (branch, key, version, told_at, slip) VALUES (?, ?, ?, ?, ?) ON CONFLICT (branch, key) DO UPDATE"
    " SET version = excluded.version, told_at = excluded.told_at, slip = excluded.slip"
    " WHERE excluded.version >= slip.version"
)
_decoder = msgspec.json.Decoder(Slip)


class Told(NamedTuple):
    """A version of a slip; None where it is taken away."""

    version: int
    slip: Slip | None


def put(connection: Database, branch: str, told: Mapping[str, Told], now: datetime) -> int:
    """Keep what is told, by key; how many were newer than what was known, or the same."""
    rows = (
        (branch, key, version, _microseconds(now), msgspec.json.encode(slip).decode() if slip is not None else None)
        for key, (version, slip) in sorted(told.items())  # in one order, so that two at once do not wait for each other
    )
    return sum(connection.execute(_PUT, row).rowcount for row in rows)


def find(connection: Database, branch: str, key: str) -> Slip | None:
    row = connection.execute("SELECT slip FROM slip WHERE branch = ? AND key = ?", (branch, key)).fetchone()
    return None if row is None or row[0] is None else _decoder.decode(row[0])


def has_any(connection: Database, branch: str) -> bool:
    """Whether a backend tells this branch's slips."""
    return connection.execute("SELECT key FROM slip WHERE branch = ? LIMIT 1", (branch,)).fetchone() is not None


def forget(connection: Database, now: datetime) -> int:
    """Of long ago, at every branch."""
    return connection.execute("DELETE FROM slip WHERE told_at < ?", (_microseconds(now - KEPT),)).rowcount


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
