"""Connections: the one that writes, those that only read, and what their errors mean."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from queue_server.journal import migrations
from queue_server.journal.port import JournalUnavailable

BUSY_S = 5.0
CACHE_KB = 16_384
"""Pages that a transaction changed stay in memory; a cache that overflows would write them twice."""
WAL_KEPT_BYTES = 64 * 1024 * 1024
"""A WAL that once grew beyond this is cut back to it; a smaller one keeps its size, since overwriting a file is cheaper
to sync than growing it."""

WRITER_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 0",  # a checkpoint inside a COMMIT would hold up whoever commits; see writer.py
    f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}",
    f"PRAGMA cache_size = -{CACHE_KB}",
    "PRAGMA foreign_keys = ON",  # the journal's own tables have none, so its statements do not pay for this
    "PRAGMA secure_delete = ON",  # what retention deletes shall not be found in free pages
    "PRAGMA temp_store = MEMORY",
)


def make_private(path: Path) -> None:
    """An empty file that only its user may read, unless it is there: it will hold password hashes and keys of papers.
    What SQLite puts beside it gets the same rights."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def open_writer(path: Path) -> sqlite3.Connection:
    """The connection that writes and checkpoints: there is never a second one. Brings the schema up to date.

    Raises:
        JournalUnavailable: the file cannot be opened, or is damaged.
        migrations.NewerDatabase: a newer release wrote it.
    """
    connection = None
    try:
        make_private(path)
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        for setting in WRITER_SETTINGS:
            connection.execute(setting)
        complaint = damage(connection)
        if complaint:
            raise JournalUnavailable("unavailable", f"{path} is damaged ({complaint})")
        _bring_up_to_date(connection)
        connection.execute("BEGIN IMMEDIATE")  # the WAL is there from here on
        connection.execute("COMMIT")
    except BaseException as fault:
        if connection:
            connection.close()
        if isinstance(fault, sqlite3.Error):
            raise unavailable(fault) from fault
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. It needs the writer's to be open, whose shared memory it reads."""
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as fault:
        raise unavailable(fault) from fault
    return connection


def damage(connection: sqlite3.Connection) -> str:
    """What is wrong with the file itself; empty when nothing is. Some 1 ms for each MB in memory, more from a disk."""
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    return "" if found == "ok" else " ".join(found.split())


def revision(connection: sqlite3.Connection) -> str | None:
    """The schema's revision, or None of an empty database."""
    table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if table else None
    return str(row[0]) if row else None


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Migrate through this very connection; alembic and SQLAlchemy are only imported when there is something to do."""
    found = revision(connection)
    if found == migrations.latest():
        return
    migrations.refuse_newer(found)
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    connection.execute("PRAGMA foreign_keys = OFF")  # a table that is copied must not empty those that refer to it
    with create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool).connect() as session:
        session.exec_driver_sql("BEGIN IMMEDIATE")
        migrations.upgrade(session)
        session.commit()
    connection.execute("PRAGMA foreign_keys = ON")


def unavailable(fault: BaseException) -> JournalUnavailable:
    """What an error of SQLite or of the system means to the caller."""
    is_full = getattr(fault, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or "disk is full" in str(fault)
    return JournalUnavailable("disk-full" if is_full else "unavailable", str(fault))


def roll_back(connection: sqlite3.Connection) -> None:
    """End a failed transaction. Some errors have ended it already, and an unwell disk may refuse this too."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def lock(path: Path) -> IO[bytes]:
    """Keep every other process from opening this journal for writing. The system lets go when the process ends.

    Raises:
        JournalUnavailable: another process has it.
    """
    file = path.with_name(path.name + ".lock").open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        file.close()
        raise JournalUnavailable("unavailable", f"another process has {path} open") from fault
    return file
