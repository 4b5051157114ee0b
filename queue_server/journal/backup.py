"""Backups, and the way back; here of SQLite, in `transfer` of PostgreSQL.

A backup is one file, named by its instant in UTC, that carries its final name only after it was checked and is on the
disk. Of a running SQLite it is taken by the server itself: a foreign program that opened the database could meet
SQLite's WAL-reset fault.
"""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from queue_server.journal import migrations, rows
from queue_server.journal.batches import draw_epoch
from queue_server.journal.port import Head
from queue_server.journal.sqlite import SqliteJournal
from queue_server.journal.sqlite import statements as sql
from queue_server.journal.sqlite.connections import lock, make_private, open_reader, revision

KEPT = 14
PAGES_AT_ONCE = 1000
STAMP = "%Y%m%d-%H%M%S"
NAME = re.compile(r"journal-(\d{8}-\d{6})\.db")

_IS_WAL = b"\x02\x02"
"""Bytes 18 and 19 of a file that a server has written; of a backup they are 1."""
_TORN = """
SELECT branch_id FROM branch_head AS head
WHERE seq <> (SELECT coalesce(max(seq), 0) FROM event WHERE event.branch_id = head.branch_id)
   OR seq - first_seq + 1 <> (SELECT count(*) FROM event WHERE event.branch_id = head.branch_id)
"""


class BackupFailed(Exception):
    """No backup was made, or a file is none that can be trusted; the sentence says why."""


async def back_up(journal: SqliteJournal, folder: Path, *, at: datetime, keep: int = KEPT) -> Path:
    """Copy the journal as it is now into `folder`, check the copy, and remove the oldest beyond `keep`.

    Commands go on meanwhile: the copy is of one snapshot, so the WAL only begins anew when it is done.

    Raises:
        BackupFailed: nothing that was there before has been removed.
    """
    return await asyncio.to_thread(_back_up, journal.path, folder, at.astimezone(UTC), keep)


def back_up_stopped(path: Path, target: Path) -> None:
    """The same of a database whose server is stopped.

    Raises:
        JournalUnavailable: a server has it open.
        BackupFailed
    """
    with making(target) as partial, _in_writing_use(path) as source:
        _copy(source, partial)


def name_at(at: datetime) -> str:
    """What a backup of that instant is called."""
    return f"journal-{at.astimezone(UTC).strftime(STAMP)}.db"


def last_good(folder: Path) -> tuple[Path, datetime] | None:
    """The newest backup and its instant."""
    found = _backups(folder)
    if not found:
        return None
    name = NAME.fullmatch(found[-1].name)
    assert name
    return found[-1], datetime.strptime(name[1], STAMP).replace(tzinfo=UTC)


def restore(backup: Path, target: Path) -> list[Head]:
    """Make a database of a backup. Every branch begins a new epoch: what clients have seen since then is void.

    Raises:
        FileExistsError: `target` is there already; move it away first, with its `-wal` and `-shm`.
        JournalUnavailable: a server has `target` open.
        BackupFailed: the file is damaged, or no backup.
        NewerDatabase: a newer release wrote it.
    """
    for there in (target, target.with_name(target.name + "-wal")):
        if there.exists():
            raise FileExistsError(f"{there} exists; move it away first")
    with opened(backup) as source:  # before anything is made beside the target: what cannot be restored leaves nothing
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        with lock(target):
            try:
                _copy(source, partial)
                heads = _renew(partial)
                _publish(partial, target)
            finally:
                partial.unlink(missing_ok=True)
    return heads


@contextmanager
def making(target: Path) -> Iterator[Path]:
    """A file for the body to write; it gets its name once it was checked and is on the disk.

    Raises:
        BackupFailed: nothing is there.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        make_private(partial)
        yield partial
        with opened(partial):
            pass
        _publish(partial, target)
    except (OSError, sqlite3.Error) as fault:
        raise BackupFailed(f"{target}: {fault}") from fault
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A backup, or a database whose server is stopped and cannot start meanwhile, to read from: one snapshot, checked.

    Raises:
        JournalUnavailable: a server has it open.
        BackupFailed: it is damaged, or no journal.
        NewerDatabase: a newer release wrote it.
    """
    with ExitStack() as stack:
        try:
            if _is_of_a_server(file):
                db = stack.enter_context(_in_writing_use(file))
            else:
                db = stack.enter_context(closing(_connect(file, "mode=ro&immutable=1")))
            _check(db, file)
            db.execute("BEGIN")
        except sqlite3.Error as fault:
            raise BackupFailed(f"{file} is no journal, or damaged: {fault}") from fault
        yield db


@contextmanager
def _in_writing_use(path: Path) -> Iterator[sqlite3.Connection]:
    """Opened as a server would, so that what it left in the WAL is there; but nothing is written."""
    with lock(path), closing(_connect(path, "mode=rw")) as db:
        db.execute("PRAGMA query_only = ON")
        yield db


def _connect(file: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True, isolation_level=None)


def _is_of_a_server(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(20)[18:] == _IS_WAL


def _back_up(path: Path, folder: Path, at: datetime, keep: int) -> Path:
    target = folder / name_at(at)
    try:
        for left in folder.glob("journal-*.db.partial*"):
            left.unlink()
    except OSError as fault:
        raise BackupFailed(f"{target}: {fault}") from fault
    with making(target) as partial, closing(open_reader(path)) as source:
        _copy(source, partial)
    keep_newest(folder, keep)
    return target


def keep_newest(folder: Path, count: int) -> None:
    """Remove the oldest backups beyond so many."""
    for old in _backups(folder)[:-count]:
        old.unlink()


def _backups(folder: Path) -> list[Path]:
    """Oldest first."""
    return sorted(file for file in folder.glob("journal-*.db") if NAME.fullmatch(file.name))


def _copy(source: sqlite3.Connection, partial: Path) -> None:
    """The open transaction holds the snapshot, so that a copy in steps need not begin anew after each commit."""
    make_private(partial)
    with closing(sqlite3.connect(partial, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # it is synced as a whole, by `_publish`
        if not source.in_transaction:
            source.execute("BEGIN")
        source.execute("SELECT count(*) FROM branch_head").fetchone()
        source.backup(copy, pages=PAGES_AT_ONCE, sleep=0)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, complete without a WAL


def _check(db: sqlite3.Connection, file: Path) -> None:
    """Refuse what is damaged, no journal, or of a newer release."""
    complaints = [row[0] for row in db.execute("PRAGMA integrity_check(5)")]
    if complaints != ["ok"]:
        raise BackupFailed(f"{file} is damaged: {'; '.join(complaints)}")
    migrations.refuse_newer(revision(db))
    torn = [row[0] for row in db.execute(_TORN)]
    if torn:
        raise BackupFailed(f"{file}: events are missing in {', '.join(torn)}")


def _renew(file: Path) -> list[Head]:
    """Draw new epochs, and let every reader begin at once."""
    with closing(sqlite3.connect(file, isolation_level=None)) as copy:
        copy.execute("BEGIN IMMEDIATE")
        for (branch_id,) in copy.execute("SELECT branch_id FROM branch_head").fetchall():
            copy.execute("UPDATE branch_head SET epoch = ? WHERE branch_id = ?", (draw_epoch(), branch_id))
        copy.execute("UPDATE cursor SET holder = '', lease_until = 0")
        copy.execute("COMMIT")
        return [rows.head(row) for row in copy.execute(sql.HEADS)]


def _publish(partial: Path, target: Path) -> None:
    """Give the file its name once it is on the disk."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    if os.name != "nt":  # Windows has no folder to sync
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
