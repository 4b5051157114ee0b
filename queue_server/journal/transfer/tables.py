"""The tables of a SQLite database, as it says itself, and the rows of them that are to go elsewhere.

Rows are compared as they are copied: in the order of their keys, one by one, in bounded memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from graphlib import TopologicalSorter
from typing import Any

from msgspec import Struct

from queue_server.journal.batches import draw_epoch
from queue_server.journal.postgres.lent import numbered
from queue_server.journal.rows import Row

OWN = ("alembic_version",)
"""What the migrations keep for themselves."""
BY_BRANCH = ("event", "command", "ticket", "personal")
"""Tables that grow: they go branch by branch, so that an index gives their order."""


Change = Callable[[dict[str, Any]], dict[str, Any]]
"""What a row becomes on the way: to be said anew each time, and the same."""


class Table(Struct, frozen=True):
    """`types` are SQLite's names of them, by column."""

    name: str
    types: dict[str, str]
    key: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.types)


class Part(Struct, frozen=True):
    """Rows of one table: those of a condition (with `?`), or all. A table whose rows change on the way stays small."""

    table: Table
    where: str = ""
    values: Sequence[str] = ()
    change: Change | None = None


def tables(db: sqlite3.Connection) -> list[Table]:
    """Every table that holds something of ours; those that others refer to come first."""
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if row[0] not in OWN]
    parents = {name: {row[2] for row in db.execute(f"PRAGMA foreign_key_list({name})")} for name in sorted(names)}
    return [_table(db, name) for name in TopologicalSorter(parents).static_order()]


def _table(db: sqlite3.Connection, name: str) -> Table:
    found = db.execute(f"PRAGMA table_info({name})").fetchall()
    key = sorted((place, column) for _, column, _, _, _, place in found if place)
    return Table(name, {column: kind for _, column, kind, *_ in found}, tuple(column for _, column in key))


def beginning_anew(branches: Sequence[str]) -> dict[str, Change]:
    """How rows change, by table, when a journal comes to another place: every branch begins a new epoch, so that what
    clients have seen of it is void, and every reader's lease is free."""
    epochs = {branch: draw_epoch() for branch in branches}
    return {
        "branch_head": lambda row: row | {"epoch": epochs[row["branch_id"]]},
        "cursor": lambda row: row | {"holder": "", "lease_until": 0},
    }


def of_branches(table: Table, branches: Sequence[str]) -> list[Part]:
    """A part for each branch."""
    return [Part(table, "branch_id = ?", (branch,)) for branch in branches]


def rows_in(db: sqlite3.Connection, part: Part) -> Iterator[Row]:
    """The rows of a file as they are to be elsewhere."""
    table = part.table
    booleans = [place for place, kind in enumerate(table.types.values()) if kind == "BOOLEAN"]
    statement = f"SELECT {', '.join(table.columns)} FROM {table.name}{_where(part)} ORDER BY {', '.join(table.key)}"
    rows = (_with_booleans(row, booleans) for row in db.execute(statement, tuple(part.values)))
    return rows if part.change is None else iter(_changed(table, rows, part.change))


def _changed(table: Table, rows: Iterable[Row], change: Change) -> list[Row]:
    found = [change(dict(zip(table.columns, row, strict=True))) for row in rows]
    found.sort(key=lambda row: [row[column] for column in table.key])
    return [tuple(row.values()) for row in found]


def _with_booleans(row: Row, places: Sequence[int]) -> Row:
    if not places:
        return row
    return tuple(bool(value) if place in places else value for place, value in enumerate(row))


def _where(part: Part) -> str:
    return f" WHERE {part.where}" if part.where else ""


def insert(table: Table) -> str:
    """Adds a row to a file."""
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({', '.join('?' * len(table.types))})"


def select(part: Part, *, is_ordered: bool) -> str:
    """The rows in PostgreSQL, each value as a file has it, in the order of `rows_in`."""
    table = part.table
    columns = ", ".join(f"{name}::text" if kind == "JSON" else name for name, kind in table.types.items())
    order = ", ".join(f'{name} COLLATE "C"' if _is_text(table.types[name]) else name for name in table.key)
    return f"SELECT {columns} FROM {table.name}{numbered(_where(part))}{f' ORDER BY {order}' if is_ordered else ''}"


def _is_text(kind: str) -> bool:
    return "CHAR" in kind
