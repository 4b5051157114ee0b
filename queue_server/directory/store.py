"""The directory's rows, by plain statements on the connection that `Journal.run` gives to its work.

It is inside a transaction of its own; nothing here begins or commits.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from queue_server.journal.port import Database

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StoredOrganisation(Struct, frozen=True):
    code: str
    name: dict[str, Any]
    imported: dict[str, Any] | None


class StoredBranch(Struct, frozen=True):
    """`document` is what is in force or will be; `imported` the file's, or None for what no file names."""

    code: str
    organisation: str
    document: dict[str, Any]
    imported: dict[str, Any] | None
    is_retired: bool


def organisations(connection: Database) -> list[StoredOrganisation]:
    rows = connection.execute("SELECT code, name, imported FROM organisation ORDER BY code")
    return [StoredOrganisation(code, _loaded(name), _loaded(imported)) for code, name, imported in rows]


def branches(connection: Database, organisation: str | None = None) -> list[StoredBranch]:
    """The branches of one organisation, or all."""
    rows = connection.execute(
        "SELECT id, organisation_code, document, imported, is_retired FROM branch"
        " WHERE organisation_code = coalesce(?, organisation_code) ORDER BY organisation_code, id",
        (organisation,),
    )
    return [
        StoredBranch(code, owner, _loaded(document), _loaded(imported), bool(is_retired))
        for code, owner, document, imported, is_retired in rows
    ]


def owners(connection: Database) -> dict[str, str]:
    """The organisation of every branch, by the branch's code."""
    return dict(connection.execute("SELECT id, organisation_code FROM branch").fetchall())


def hold(connection: Database, branch: str) -> None:
    """Until this transaction ends nobody else changes that branch: it is read, and written as changed, in one go."""
    connection.execute("UPDATE branch SET updated_at = updated_at WHERE id = ?", (branch,))


def put_organisation(connection: Database, row: StoredOrganisation, now: datetime) -> None:
    connection.execute(
        "INSERT INTO organisation (code, name, imported, updated_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (code) DO UPDATE SET name = excluded.name, imported = excluded.imported,"
        " updated_at = excluded.updated_at",
        (row.code, _dumped(row.name), _dumped(row.imported), _microseconds(now)),
    )


def put_branch(connection: Database, row: StoredBranch, now: datetime) -> None:
    connection.execute(
        "INSERT INTO branch (id, organisation_code, parent, document, imported, updated_at, is_retired)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET parent = excluded.parent,"
        " document = excluded.document, imported = excluded.imported, updated_at = excluded.updated_at,"
        " is_retired = excluded.is_retired",
        (
            row.code,
            row.organisation,
            row.document.get("parent"),
            _dumped(row.document),
            _dumped(row.imported),
            _microseconds(now),
            row.is_retired,
        ),
    )


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _dumped(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
