"""What stands in the way of a move, each with what to do; and what is to be known before it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import asyncpg

from queue_server.journal import migrations
from queue_server.journal.postgres import schema
from queue_server.journal.sqlite.connections import revision
from queue_server.moving.selection import PEOPLE

TAKEN_NAMES = "SELECT username FROM account WHERE username = ANY($1::text[]) ORDER BY username"
TAKEN_DEVICES = "SELECT id FROM device WHERE id = ANY($1::text[]) OR token_hash = ANY($2::text[]) ORDER BY id"
ORGANISATION = (
    "SELECT organisation.code, organisation.name FROM organisation"
    " JOIN branch ON branch.organisation_code = organisation.code WHERE branch.id = ?"
)
STAYING_ACCOUNTS = "SELECT username FROM account WHERE branch IS NULL AND role <> '' ORDER BY username"
STAYING_DEVICES = "SELECT id FROM device WHERE branch IS NULL AND revoked_at IS NULL ORDER BY id"
DOSSIER = "SELECT 1 FROM cursor WHERE reader = 'dossier' AND branch_id = ?"


async def obstacles(
    db: sqlite3.Connection, connection: asyncpg.Connection, branches: Sequence[str], renamed: Mapping[str, str]
) -> list[str]:
    """A sentence for each; none where the branches can go over as they are."""
    try:
        await _refuse_other_revisions(db, connection)
        _refuse_unknown_branches(db, branches)
    except _Obstacle as fault:
        return [str(fault)]
    found: list[str] = []
    for branch in branches:
        found += [fault async for fault in _of_branch(db, connection, branch, branches)]
    return found + [fault async for fault in _of_access(db, connection, branches, renamed)]


class _Obstacle(Exception):
    """Beside which no other can be looked for."""


async def _refuse_other_revisions(db: sqlite3.Connection, connection: asyncpg.Connection) -> None:
    mine, here, there = migrations.latest(), revision(db), await schema.revision(connection)
    if here != mine:
        raise _Obstacle(
            f"The file is at revision {here}, and this release works with {mine}. Start this release's server on it "
            "once (a backup: restore it into an empty folder first), stop it, and move then."
        )
    if there != mine:
        raise _Obstacle(
            f"The database is at revision {there}, and this release works with {mine}. Bring all its servers to one "
            "release, and move with the same."
        )


def _refuse_unknown_branches(db: sqlite3.Connection, branches: Sequence[str]) -> None:
    known = branches_of(db)
    unknown = [branch for branch in branches if branch not in known]
    if unknown:
        raise _Obstacle(
            f"There is no branch {', '.join(unknown)} in the file (there is: {', '.join(known) or 'none'})."
        )


def branches_of(db: sqlite3.Connection) -> list[str]:
    """The branches that have a journal in the file."""
    return [row[0] for row in db.execute("SELECT branch_id FROM branch_head ORDER BY branch_id")]


# -- branches and organisations ----------------------------------------------------------------------------------------


async def _of_branch(
    db: sqlite3.Connection, connection: asyncpg.Connection, branch: str, branches: Sequence[str]
) -> AsyncIterator[str]:
    events = await connection.fetchval("SELECT seq FROM branch_head WHERE branch_id = $1", branch)
    is_known = await connection.fetchval("SELECT count(*) FROM branch WHERE id = $1", branch)
    if events is not None or is_known:
        yield (
            f"{branch} is there already, with {events or 0} events. A branch is moved before anybody imports it there; "
            "two histories cannot become one."
        )
        return
    for (parent,) in db.execute("SELECT parent FROM branch WHERE id = ? AND parent IS NOT NULL", (branch,)):
        is_there = await connection.fetchval("SELECT count(*) FROM branch WHERE id = $1", parent)
        if parent not in branches and not is_there:
            yield f"{branch} stands below {parent}, which is not there: move that first, or both (--branch {parent})."
    for code, name in db.execute(ORGANISATION, (branch,)):
        other = await connection.fetchval("SELECT name::text FROM organisation WHERE code = $1", code)
        if other is not None and json.loads(other) != json.loads(name):
            yield (
                f"The organisation {code} has another name there: {_vi(other)}, here {_vi(name)}. If both are "
                "the same, import its file on the PC with the name that is right, and move again."
            )


def _vi(name: str) -> str:
    return f"“{json.loads(name).get('vi', '')}”"


# -- who may enter -----------------------------------------------------------------------------------------------------


async def _of_access(
    db: sqlite3.Connection, connection: asyncpg.Connection, branches: Sequence[str], renamed: Mapping[str, str]
) -> AsyncIterator[str]:
    marks = ", ".join("?" * len(branches))
    people = PEOPLE.format(ours=f"({marks})")
    here = [row[0] for row in db.execute(people, [*branches, *branches])]
    for name in renamed:
        if name not in here:
            yield f"No account {name} goes over that could be renamed (there is: {', '.join(sorted(here)) or 'none'})."
    names = [renamed.get(name, name) for name in here]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Two accounts would be called {name}. Choose another name."
    taken = [row[0] for row in await connection.fetch(TAKEN_NAMES, names)]
    if taken:
        options = " ".join(f"--rename {name}={name}.{branches[0]}" for name in taken)
        yield (
            f"These user names are taken there: {', '.join(taken)}. Give the accounts others on the way, and tell "
            f"their people: {options}"
        )
    rows = db.execute(f"SELECT id, token_hash FROM device WHERE branch IN ({marks})", branches).fetchall()
    devices = await connection.fetch(TAKEN_DEVICES, [row[0] for row in rows], [row[1] for row in rows])
    if devices:
        yield (
            f"These devices are there already: {', '.join(row[0] for row in devices)}. Revoke them on the PC's manager "
            "page or there, and pair them anew after the move."
        )


# -- to be known before ------------------------------------------------------------------------------------------------


def notes(db: sqlite3.Connection, branches: Sequence[str], *, has_dossier: bool) -> Iterator[str]:
    """What will be otherwise than one may expect."""
    accounts = [row[0] for row in db.execute(STAYING_ACCOUNTS)]
    if accounts:
        yield (
            f"These accounts stay behind, for they may do everything at every branch: {', '.join(accounts)}. "
            "Who shall work in the new place gets an account there."
        )
    devices = [row[0] for row in db.execute(STAYING_DEVICES)]
    if devices:
        yield f"These devices stay behind, for they belong to no branch: {', '.join(devices)}."
    never = [branch for branch in branches if not db.execute(DOSSIER, (branch,)).fetchone()]
    if has_dossier and never:
        yield f"The dossier backend will be sent the whole history of {', '.join(never)}: nothing was sent from here."
