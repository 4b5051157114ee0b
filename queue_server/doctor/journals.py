"""Branches whose journal has a gap, and readers that lag behind: looked for by the newest day only, which is quick."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from queue_server.doctor.findings import Finding
from queue_server.domain import upcast
from queue_server.journal.rows import instant, micros

if TYPE_CHECKING:
    import asyncpg

TORN = """
SELECT branch_id FROM branch_head AS head
WHERE (SELECT count(*) FROM event WHERE event.branch_id = head.branch_id AND event.seq BETWEEN day_seq AND head.seq)
        <> head.seq - day_seq + 1
   OR EXISTS (SELECT 1 FROM event WHERE event.branch_id = head.branch_id AND event.seq > head.seq)
   OR NOT EXISTS (SELECT 1 FROM event WHERE event.branch_id = head.branch_id AND event.seq = head.first_seq)
ORDER BY branch_id
"""
"""One statement sees one state, also while everybody writes."""
TORN_SENTENCE = (
    "Events are missing in {}, or the head is not where they end: something else than Lấy Số has written there, or the "
    "disk has lost it. Stop the servers, keep a copy of the database, and restore the last good backup."
)
UNKNOWN = "A newer release has written at {}: {}. This one cannot serve that branch: upgrade this host."
OVERDUE = "SELECT branch_id, due_at FROM branch_head WHERE due_at < $1 ORDER BY due_at"
BEHIND = """
SELECT cursor.reader, cursor.branch_id, head.seq - cursor.seq AS behind,
    event.seq, event.day, event.type, event.v, event.body
FROM cursor
JOIN branch_head AS head ON head.branch_id = cursor.branch_id
JOIN event ON event.branch_id = cursor.branch_id AND event.seq = cursor.seq + 1
WHERE cursor.reader = ANY($1::text[]) ORDER BY behind DESC LIMIT 20
"""
OVERDUE_BY = timedelta(minutes=2)
LATE = timedelta(hours=1)
NAMED = 5
"""How many branches a sentence names."""


async def examine(connection: asyncpg.Connection, now: datetime, readers: Sequence[str]) -> list[Finding]:
    """`now` is the database's clock; `readers` are those that should be running."""
    found = []
    torn = [row[0] for row in await connection.fetch(TORN)]
    if torn:
        found.append(Finding(TORN_SENTENCE.format(_some(torn))))
    overdue = await connection.fetch(OVERDUE, micros(now - OVERDUE_BY))
    if overdue:
        since = instant(overdue[0][1])
        found.append(
            Finding(
                f"Time asks something of {_some([row[0] for row in overdue])} since {since:%Y-%m-%d %H:%M} UTC, and "
                "nobody does it. Is a server running? If one is, look at its log, and whether its clock was confirmed."
            )
        )
    return found + await _readers(connection, now, readers)


async def _readers(connection: asyncpg.Connection, now: datetime, readers: Sequence[str]) -> list[Finding]:
    behind: dict[str, list[str]] = {}
    since: dict[str, datetime] = {}
    found: list[Finding] = []
    for reader, branch, count, seq, day, event_type, version, body in await connection.fetch(BEHIND, readers):
        try:
            recorded_at = upcast.load(seq, date.fromisoformat(day), event_type, version, body).recorded_at
        except upcast.UnknownEvent as fault:
            found.append(Finding(UNKNOWN.format(branch, fault)))
            continue
        if now - recorded_at > LATE:
            behind.setdefault(reader, []).append(f"{branch} ({count} events)")
            since[reader] = min(since.get(reader, recorded_at), recorded_at)
    return found + [
        Finding(
            f"The reader {reader} has got no further since {since[reader]:%Y-%m-%d %H:%M} UTC at {_some(branches)}. "
            f"Look for “The reader {reader} failed” in the servers' logs"
            + (", and whether LAYSO_DOSSIER_URL answers." if reader == "dossier" else ".")
        )
        for reader, branches in behind.items()
    ]


def _some(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
