"""What belongs to a branch, and how it goes over."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import asyncpg
from msgspec import Struct

from queue_server.access.statements import BUMP
from queue_server.access.tokens import former_key_name
from queue_server.directory.media import named_in
from queue_server.domain import upcast
from queue_server.domain.apply import apply
from queue_server.domain.state import BranchState
from queue_server.journal.postgres.lent import numbered
from queue_server.journal.rows import Row
from queue_server.journal.transfer.copying import NotTheSame, compare, copy_in
from queue_server.journal.transfer.tables import BY_BRANCH, Change, Part, beginning_anew, of_branches, rows_in, tables

LEFT = frozenset({"access_event", "device_picture", "pairing", "recovery_code", "revision", "secret"})
"""Tables that stay: the trail of what was done at that machine, codes of ten minutes, pictures of a day, the national
catalogue, what processes tell each other, the installation's keys (of which those of tickets go along under other
names), and second factors, which only the old place can read: they are set up anew."""
EVENTS = "SELECT seq, day, type, v, body FROM event WHERE branch_id = ? AND seq >= ? ORDER BY seq"
PEOPLE = (
    "SELECT username FROM account WHERE branch IN {ours} OR (role = ''"
    " AND username IN (SELECT account FROM posting WHERE branch IN {ours} AND ended_at IS NULL))"
)
"""The staff of branches: who is appointed there, and who has no standing appointment and is posted there."""
KEY = "SELECT value FROM secret WHERE name = 'ticket-token'"
FORMER_KEYS = "SELECT name, value FROM secret WHERE name LIKE ?"
PUT_SECRET = "INSERT INTO secret (name, value) VALUES ($1, $2)"


class Moved(Struct, frozen=True):
    """A branch that goes over: how much of it there is, and the state that its newest day's events make."""

    branch: str
    day_seq: int
    events: int
    tickets: int
    state: BranchState


class Selection(Struct, frozen=True):
    """What goes over."""

    moved: Sequence[Moved]
    parts: Sequence[Part]
    secrets: Sequence[tuple[str, bytes]]

    def rows(self, db: sqlite3.Connection, table: str) -> Iterator[Row]:
        """What goes over of one table."""
        return (row for part in self.parts if part.table.name == table for row in rows_in(db, part))


# -- what goes over ----------------------------------------------------------------------------------------------------


def select(
    db: sqlite3.Connection, branches: Sequence[str], renamed: Mapping[str, str], organisations: Iterable[str]
) -> Selection:
    """All that belongs to these branches. `renamed` gives accounts another user name on the way; of the organisations
    those go along that are not among the ones `organisations` names.

    Raises:
        upcast.UnknownEvent: this release could not serve one of them.
    """
    moved = [_moved(db, branch) for branch in branches]
    return Selection(moved, list(_parts(db, branches, renamed, organisations)), list(_secrets(db, branches)))


def _moved(db: sqlite3.Connection, branch: str) -> Moved:
    (day_seq,) = db.execute("SELECT day_seq FROM branch_head WHERE branch_id = ?", (branch,)).fetchone()
    state = state_of(day_seq, db.execute(EVENTS, (branch, day_seq)))
    return Moved(branch, day_seq, _count(db, "event", branch), _count(db, "ticket", branch), state)


def _count(db: sqlite3.Connection, table: str, branch: str) -> int:
    found: int = db.execute(f"SELECT count(*) FROM {table} WHERE branch_id = ?", (branch,)).fetchone()[0]
    return found


def state_of(day_seq: int, rows: Iterable[Row]) -> BranchState:
    """What a day's events make of a branch."""
    state = BranchState()
    state.seq = max(0, day_seq - 1)
    for seq, day, event_type, version, body in rows:
        apply(state, upcast.load(seq, date.fromisoformat(day), event_type, version, body))
    return state


def _parts(
    db: sqlite3.Connection, branches: Sequence[str], renamed: Mapping[str, str], organisations: Iterable[str]
) -> Iterator[Part]:
    known = list(organisations)
    files = sorted(_files_of(db, branches))
    ours, others, ids = (f"({_marks(values)})" if values else "('')" for values in (branches, known, files))
    people = PEOPLE.format(ours=ours)
    conditions: dict[str, tuple[str, Sequence[str]]] = {
        "branch_head": (f"branch_id IN {ours}", branches),
        "cursor": (f"branch_id IN {ours}", branches),
        "parked_record": (f"branch IN {ours}", branches),
        "slip": (f"branch IN {ours}", branches),
        "media": (f"id IN {ids}", files),
        "media_piece": (f"media_id IN {ids}", files),
        "organisation": (
            f"code IN (SELECT organisation_code FROM branch WHERE id IN {ours}) AND code NOT IN {others}",
            [*branches, *known],
        ),
        "branch": (f"id IN {ours}", branches),
        "account": (f"username IN ({people})", [*branches, *branches]),
        "posting": (f"branch IN {ours} AND account IN ({people})", [*branches, *branches, *branches]),
        "device": (f"branch IN {ours}", branches),
        "session": (
            f"account IN ({people}) OR device IN (SELECT id FROM device WHERE branch IN {ours})",
            [*branches, *branches, *branches],
        ),
    }
    changes = beginning_anew(branches) | _renaming(renamed)
    for table in tables(db):
        if table.name in BY_BRANCH:
            yield from of_branches(table, branches)
        elif table.name not in LEFT:
            where, values = conditions[table.name]
            yield Part(table, where, values, changes.get(table.name))


def _files_of(db: sqlite3.Connection, branches: Sequence[str]) -> Iterator[str]:
    """The ids of the files that their notices name."""
    rows = db.execute(f"SELECT document FROM branch WHERE id IN ({_marks(branches)})", branches)
    wanted = {sha256 for (document,) in rows for sha256 in named_in(json.loads(document))}
    return (media_id for media_id, sha256 in db.execute("SELECT id, sha256 FROM media") if sha256 in wanted)


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _renaming(renamed: Mapping[str, str]) -> dict[str, Change]:
    return {
        "account": lambda row: (
            row | {"username": renamed.get(row["username"], row["username"]), "otp_secret": None, "otp_since": None}
        ),
        "posting": lambda row: (
            row | {column: renamed.get(row[column], row[column]) for column in ("account", "substitutes")}
        ),
        "session": lambda row: row | {"account": renamed.get(row["account"], row["account"])},
    }


def _secrets(db: sqlite3.Connection, branches: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """By which papers and phones stay valid."""
    key = db.execute(KEY).fetchone()
    for branch in branches:
        (last,) = db.execute("SELECT max(id) FROM ticket WHERE branch_id = ?", (branch,)).fetchone()
        if key is not None and last is not None:
            yield former_key_name(branch, last), key[0]
        yield from db.execute(FORMER_KEYS, (former_key_name(branch, "%"),))


# -- moving ------------------------------------------------------------------------------------------------------------


async def move(db: sqlite3.Connection, connection: asyncpg.Connection, selection: Selection) -> None:
    """Write, read back, compare, and only then commit.

    Raises:
        NotTheSame: nothing was kept.
        asyncpg.UniqueViolationError: something of it has come into the database meanwhile; nothing was written.
    """
    async with connection.transaction():
        for part in selection.parts:
            await copy_in(connection, db, part)
        await connection.executemany(PUT_SECRET, selection.secrets)
        await connection.execute(BUMP)
        for part in selection.parts:
            await compare(connection, db, part)
        for moved in selection.moved:
            await _compare_states(connection, moved)


async def _compare_states(connection: asyncpg.Connection, moved: Moved) -> None:
    there = state_of(moved.day_seq, await connection.fetch(numbered(EVENTS), moved.branch, moved.day_seq))
    if _picture(there) != _picture(moved.state):
        raise NotTheSame(f"the state of {moved.branch}")


def _picture(state: BranchState) -> tuple[object, ...]:
    return state.seq, state.at, state.config, state.tables, state.before, state.calls_made
