"""A group: what waits together is written together, in one transaction. Nothing here commits."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from queue_server.journal.batches import draw_epoch
from queue_server.journal.port import Appended, Batch, Conflict, KeyTaken, Outcome
from queue_server.journal.sqlite import statements as sql
from queue_server.journal.sqlite.connections import roll_back, unavailable

Small = Callable[[sqlite3.Cursor], Any]

ENTRY_FAULTS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ValueError,
    TypeError,
    OverflowError,
)
"""What one entry's values can cause. Every other error concerns the database, and so the whole group."""


class Entry(Struct, eq=False):
    """What one caller waits for: batches that are written all or not at all, or one small statement."""

    future: asyncio.Future[Any]
    batches: Sequence[Batch] = ()
    small: Small | None = None


class GroupWriter:
    """Writes groups through the writing connection. Refusals and faults of one entry leave the others untouched."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._epochs: dict[str, str] = {}

    def forget(self) -> None:
        """A commit failed, or others wrote: what is known of the heads may be wrong."""
        self._epochs.clear()

    def write(self, group: Sequence[Entry]) -> list[Any]:
        """One result for each entry, in an open transaction; an exception among them is that entry's alone.

        Raises:
            sqlite3.Error: the whole group failed; roll back.
        """
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            if self._write_at_once([batch for entry in group for batch in entry.batches]):
                return [self._accepted(entry) for entry in group]
        except ENTRY_FAULTS:
            pass  # somebody's row is refused: find out whose
        roll_back(self._connection)
        self._cursor.execute("BEGIN IMMEDIATE")
        return [self._write_alone(entry) for entry in group]

    def _write_at_once(self, batches: Sequence[Batch]) -> bool:
        """All batches, one statement for each table. False: one of them is to be refused, or begins a branch."""
        if not batches:
            return True
        self._cursor.executemany(sql.MOVE_HEAD, map(sql.head_row, batches))
        if self._cursor.rowcount != len(batches):
            return False
        self._cursor.executemany(sql.ADD_COMMAND, sql.command_rows(batches))
        self._add_rest(batches)
        return True

    def _add_rest(self, batches: Sequence[Batch]) -> None:
        self._cursor.executemany(sql.ADD_EVENT, sql.event_rows(batches))
        self._cursor.executemany(sql.PUT_TICKET, sql.ticket_rows(batches))
        personal = sql.personal_rows(batches)
        if personal:
            self._cursor.executemany(sql.ADD_PERSONAL, personal)

    def _accepted(self, entry: Entry) -> Any:
        if entry.small:
            return self._small(entry.small)
        return [Appended(self._epoch(batch.branch_id)) for batch in entry.batches]

    def _small(self, small: Small) -> Any:
        """A statement that fails has undone itself."""
        try:
            return small(self._cursor)
        except ENTRY_FAULTS as fault:
            return fault

    def _epoch(self, branch_id: str) -> str:
        found = self._epochs.get(branch_id)
        if found is None:
            found = self._cursor.execute(sql.EPOCH_OF, (branch_id,)).fetchone()[0]
            self._epochs[branch_id] = found
        return found

    def _write_alone(self, entry: Entry) -> Any:
        """One entry behind a savepoint, so that it can be undone without the others."""
        if entry.small:
            return self._small(entry.small)
        self._cursor.execute("SAVEPOINT entry")
        try:
            refusals = [self._try(batch) for batch in entry.batches]
        except ENTRY_FAULTS as fault:
            self._undo()
            return unavailable(fault) if isinstance(fault, sqlite3.Error) else fault
        if not any(refusals):
            self._cursor.execute("RELEASE entry")
            return [Appended(self._epoch(batch.branch_id)) for batch in entry.batches]
        self._undo()
        return self._refused(entry.batches, refusals)

    def _undo(self) -> None:
        self._cursor.execute("ROLLBACK TO entry")
        self._cursor.execute("RELEASE entry")

    def _refused(self, batches: Sequence[Batch], refusals: Sequence[Outcome | None]) -> list[Outcome]:
        """Those that would have been accepted alone are told where their heads (still) are."""
        pairs = zip(batches, refusals, strict=True)
        return [refusal or Conflict(self._seq(batch.branch_id)) for batch, refusal in pairs]

    def _seq(self, branch_id: str) -> int:
        row = self._cursor.execute(sql.SEQ_OF, (branch_id,)).fetchone()
        return row[0] if row else 0

    def _try(self, batch: Batch) -> Conflict | KeyTaken | None:
        """Write one batch, the head first: a conflict has written nothing yet."""
        cursor = self._cursor
        if batch.expected:
            cursor.execute(sql.MOVE_HEAD, sql.head_row(batch))
        else:
            cursor.execute(sql.ADD_HEAD, sql.new_head_row(batch, draw_epoch()))
        if cursor.rowcount != 1:
            return Conflict(self._seq(batch.branch_id))
        for row in sql.command_rows([batch]):
            try:
                cursor.execute(sql.ADD_COMMAND, row)
            except sqlite3.IntegrityError:
                return KeyTaken(row[1], row[2])
        self._add_rest([batch])
        return None
