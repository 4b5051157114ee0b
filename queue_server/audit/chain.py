"""The chain over a branch's journal: each value is made of the one before and of an event, as it lies there.

Links are kept now and then (`readers/chaining.py`), not with each event: the way of a press stays as short as it was.
A link also has a mark of each of its events, so that the first one that was changed is named. Events hold digests of
what is personal, never the words, so the chain fits when those are deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct

from queue_server.branches.personal import digest_of
from queue_server.journal.port import Database

BEGINNING = bytes(32)
"""The value before the first event."""
MARK_BYTES = 8
AT_ONCE = 1000

_HEADS = "SELECT branch_id, first_seq, seq FROM branch_head ORDER BY branch_id"
_EVENTS = "SELECT seq, day, type, v, body FROM event WHERE branch_id = ? AND seq > ? ORDER BY seq LIMIT ?"
_LINKS = "SELECT seq, value, marks FROM audit_link WHERE branch_id = ? ORDER BY seq"
_NEWEST = "SELECT seq, value FROM audit_link WHERE branch_id = ? ORDER BY seq DESC LIMIT 1"
_ADD = (
    "INSERT INTO audit_link (branch_id, seq, value, marks) SELECT ?, ?, ?, ?"
    " WHERE NOT EXISTS (SELECT 1 FROM audit_link WHERE branch_id = ? AND seq > ?)"
)
_PERSONAL = "SELECT digest, seq, kind, value, salt FROM personal WHERE branch_id = ? ORDER BY seq, digest"
_BODY = "SELECT body FROM event WHERE branch_id = ? AND seq = ?"

Row = Sequence[Any]
"""seq, day, type, version and body of an event."""


def leaf(branch_id: str, row: Row) -> bytes:
    """What stands for an event in the chain: its bytes, and its place."""
    seq, day, event_type, version, body = row
    return sha256(f"{branch_id}\n{seq}\n{day}\n{event_type}\n{version}\n".encode() + bytes(body)).digest()


def after(value: bytes, event: bytes) -> bytes:
    return sha256(value + event).digest()


# -- going on ----------------------------------------------------------------------------------------------------------


def newest(db: Database, branch_id: str) -> tuple[int, bytes]:
    """Where the chain is, and its value there."""
    found = db.execute(_NEWEST, (branch_id,)).fetchone()
    return (found[0], bytes(found[1])) if found is not None else (0, BEGINNING)


def lengthen(db: Database, branch_id: str) -> int:
    """Add a link for the events after the newest one, so many at a time; where the chain is then. Of two processes that
    do this at once only one adds it."""
    seq, value = start, _ = newest(db, branch_id)
    marks = bytearray()
    for row in db.execute(_EVENTS, (branch_id, seq, AT_ONCE)).fetchall():
        if row[0] != seq + 1:
            break  # whoever verifies will find it
        event = leaf(branch_id, row)
        seq, value = row[0], after(value, event)
        marks += event[:MARK_BYTES]
    if seq > start:
        db.execute(_ADD, (branch_id, seq, value, bytes(marks), branch_id, start))
    return seq


# -- verifying ---------------------------------------------------------------------------------------------------------


class Place(Struct, frozen=True):
    """A value that was kept elsewhere: of a branch's journal after that event, or of the trail ("") after that row."""

    name: str
    seq: int
    value: str

    def __str__(self) -> str:
        return f"{self.name}/{self.seq}/{self.value}"


class Misfit(Struct, frozen=True):
    """The first thing that does not fit, at this seq: "changed", "missing", "unlinked" (link and event do not fit, and
    nobody can say which was changed), "personal" or "against" (not what was kept)."""

    seq: int
    why: str


class Verified(Struct, frozen=True):
    """What was found of a branch, or of the trail: its newest value, and how far the links went."""

    newest: Place
    linked_seq: int
    misfit: Misfit | None = None


def verify(db: Database, against: Iterable[Place] = ()) -> Iterator[Verified]:
    """Every branch, computed anew from its first event."""
    kept = list(against)
    for branch_id, first_seq, seq in db.execute(_HEADS).fetchall():
        yield _verify_branch(db, branch_id, first_seq, seq, [place for place in kept if place.name == branch_id])


def _verify_branch(db: Database, branch_id: str, first_seq: int, head_seq: int, kept: Sequence[Place]) -> Verified:
    links = [(seq, bytes(value), bytes(marks)) for seq, value, marks in db.execute(_LINKS, (branch_id,)).fetchall()]
    linked_seq = links[-1][0] if links else 0
    end = max([head_seq, linked_seq, *(place.seq for place in kept)])
    value = BEGINNING if first_seq == 1 else next((v for seq, v, _ in links if seq == first_seq - 1), b"")
    values = {seq: value for seq, value, _ in links}
    marks = _Marks(links)
    at, misfit = first_seq - 1, None if value else Misfit(first_seq, "unlinked")
    while misfit is None and at < end:
        page = db.execute(_EVENTS, (branch_id, at, AT_ONCE)).fetchall()
        for row in page or [(0, "", "", 0, b"")]:
            event = leaf(branch_id, row)
            misfit = _misfit(at + 1, row, event, marks)
            if misfit is not None:
                break
            at, value = row[0], after(value, event)
            misfit = _misfit_after(at, value, values, kept)
            if misfit is not None or at == end:
                break
    misfit = misfit or _changed_words(db, branch_id)
    return Verified(Place(branch_id, at, value.hex()), linked_seq, misfit)


class _Marks:
    """The marks of events, asked for in their order: years of them are not spread out in memory."""

    def __init__(self, links: Sequence[tuple[int, bytes, bytes]]) -> None:
        self._links = iter(links)
        self._first, self._marks = 0, b""

    def of(self, seq: int) -> bytes:
        """Empty where there is none."""
        while seq >= self._first + len(self._marks) // MARK_BYTES:
            link = next(self._links, None)
            if link is None:
                return b""
            end, _, self._marks = link
            self._first = end - len(self._marks) // MARK_BYTES + 1
        place = (seq - self._first) * MARK_BYTES
        return self._marks[place : place + MARK_BYTES] if place >= 0 else b""


def _misfit(expected: int, row: Row, event: bytes, marks: _Marks) -> Misfit | None:
    if row[0] != expected:
        return Misfit(expected, "missing")
    mark = marks.of(expected)
    return Misfit(expected, "changed") if mark and mark != event[:MARK_BYTES] else None


def _misfit_after(seq: int, value: bytes, links: dict[int, bytes], kept: Iterable[Place]) -> Misfit | None:
    if links.get(seq, value) != value:
        return Misfit(seq, "unlinked")
    is_other = any(place.seq == seq and place.value != value.hex() for place in kept)
    return Misfit(seq, "against") if is_other else None


def _changed_words(db: Database, branch_id: str) -> Misfit | None:
    """What is still kept of people is what was written: by its digest in the event."""
    for digest, seq, kind, value, salt in db.execute(_PERSONAL, (branch_id,)).fetchall():
        body = db.execute(_BODY, (branch_id, seq)).fetchone()
        if digest_of(bytes(salt), kind, value) != digest or body is None or digest.encode() not in bytes(body[0]):
            return Misfit(seq, "personal")
    return None
