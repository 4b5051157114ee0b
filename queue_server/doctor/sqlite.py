"""A database on SQLite: its file, its days, its backups."""

from __future__ import annotations

import os
import pwd
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from queue_server.doctor.findings import Finding, note
from queue_server.doctor.journals import TORN, TORN_SENTENCE
from queue_server.domain import upcast
from queue_server.domain.events import Recorded
from queue_server.journal.backup import last_good
from queue_server.journal.migrations import NewerDatabase, refuse_newer
from queue_server.journal.port import JournalUnavailable
from queue_server.journal.sqlite.connections import damage, lock, revision
from queue_server.journal.sqlite.doctor import has_wal_reset_fault, sqlite_warnings
from queue_server.settings import Settings

BACKUP_AGE = timedelta(days=4)
"""A long weekend; used while a server has the database open and its days cannot be read."""
TOLERANCE = timedelta(seconds=60)
MENDED = (3, 51, 3)


class Damaged(Exception):
    """What SQLite has to say about the file."""


class Days(Struct, frozen=True):
    """What the database says: its newest instant, when its days were closed, newest first, and which branches' journals
    have a gap."""

    newest_at: datetime | None = None
    closed_at: tuple[datetime, ...] = ()
    torn: tuple[str, ...] = ()


def examine(settings: Settings, database: Path, now: datetime) -> Iterator[Finding]:
    """Everything that can be known without changing anything."""
    if not database.exists():
        yield Finding(_missing(database))
        return
    yield from _rights(database)
    try:
        days = _read_days(database)
    except NewerDatabase as fault:
        days = Days()
        yield Finding(f"The database cannot be used: {fault}.")
    except upcast.UnknownEvent as fault:
        days = Days()
        yield Finding(f"A newer release has written here: {fault}. Start that release, or a newer one.")
    except (sqlite3.Error, Damaged, OSError) as fault:
        days = Days()
        yield Finding(f"The database cannot be read: {fault}. Move it away and restore a backup.")
    if days is None:
        yield note("A server has the database open: it watches clock and days; only files were looked at.")
    elif days.torn:
        yield Finding(TORN_SENTENCE.format(", ".join(days.torn)))
    if settings.redis:
        yield note("LAYSO_REDIS is not used: a database on SQLite has one process.")
    yield from _sqlite(database)
    yield from _backups(settings.backups_folder, days, now)
    yield from _clock(settings, database, days, now)


# -- one thing each ----------------------------------------------------------------------------------------------------


def _missing(database: Path) -> str:
    """A server that still has it open holds the only copy: nothing may be put beside it."""
    if database.with_name(f"{database.name}.lock").exists():
        try:
            lock(database).close()
        except JournalUnavailable:
            return (
                f"{database} was moved or removed while a server has it open. If it was moved, put it back, with its "
                "-wal; the server goes on then. If it is gone, stop the server and restore the last good backup."
            )
    return f"There is no database in {database.parent}. Import an organisation, or restore a backup."


def _rights(database: Path) -> Iterator[Finding]:
    for file in (database, database.parent):
        if not os.access(file, os.R_OK | os.W_OK):
            yield Finding(
                f"{file} belongs to {_user(file.stat().st_uid)}, and {_user(os.geteuid())}, who asks this, may not "
                f"write it. If the server runs as {_user(os.geteuid())}: sudo chown {_user(os.geteuid())} {file}"
            )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _sqlite(database: Path) -> Iterator[Finding]:
    if has_wal_reset_fault(sqlite3.sqlite_version_info[:3]):
        yield note(sqlite_warnings(database)[0])
    for sentence in sqlite_warnings(database, MENDED):
        yield Finding(sentence)


def _backups(folder: Path, days: Days | None, now: datetime) -> Iterator[Finding]:
    last = last_good(folder)
    if last is None:
        is_due = days is not None and bool(days.closed_at)
        hint = "Look at the server's log for why." if is_due else "The first one is made when a day ends."
        yield Finding(f"There is no backup in {folder}. {hint}", is_due)
        return
    yield note(f"The last good backup is {last[0].name}.")
    limit = days.closed_at[1] if days is not None and len(days.closed_at) > 1 else None
    is_old = last[1] < limit if limit is not None else days is None and now - last[1] > BACKUP_AGE
    if is_old:
        yield Finding(f"It is older than a service day. Look at the server's log, and whether {folder} can be written.")


def _clock(settings: Settings, database: Path, days: Days | None, now: datetime) -> Iterator[Finding]:
    files = [database, database.with_name(f"{database.name}-wal")]
    last = last_good(settings.backups_folder)
    instants = [datetime.fromtimestamp(file.stat().st_mtime, UTC) for file in files if file.exists()]
    instants += [last[1]] if last is not None else []
    instants += [days.newest_at] if days is not None and days.newest_at is not None else []
    newest = max(instants)
    if now < newest - TOLERANCE:
        yield Finding(
            f"The clock shows {now:%Y-%m-%d %H:%M} UTC, but there is something of {newest:%Y-%m-%d %H:%M}: "
            "it is behind, and no day will open. Set the clock."
        )


# -- the database, while no server has it ------------------------------------------------------------------------------


def _read_days(database: Path) -> Days | None:
    """What its events say; None while a server has it open, for a second program must not touch it then."""
    try:
        held = lock(database)
    except JournalUnavailable:
        return None
    with held, closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)) as db:
        db.execute("PRAGMA query_only = ON")
        if complaint := damage(db):
            raise Damaged(complaint)
        refuse_newer(revision(db))
        branches = [row[0] for row in db.execute("SELECT branch_id FROM branch_head")]
        newest = [event.at for branch in branches for event in _last(db, branch, 1)]
        torn = [row[0] for row in db.execute(TORN)]
        closed = [[event.recorded_at for event in _last(db, branch, 2, "day.closed")] for branch in branches]
    last = max(closed, key=lambda found: found[:1], default=[])
    return Days(max(newest, default=None), tuple(last), tuple(torn))


def _last(db: sqlite3.Connection, branch: str, count: int, event_type: str = "") -> list[Recorded]:
    """The branch's last events, newest first, of one type or of any."""
    rows = db.execute(
        "SELECT seq, day, type, v, body FROM event WHERE branch_id = ? AND ? IN ('', type) ORDER BY seq DESC LIMIT ?",
        (branch, event_type, count),
    )
    return [_recorded(row) for row in rows]


def _recorded(row: tuple[int, str, str, int, bytes]) -> Recorded:
    seq, day, event_type, version, body = row
    return upcast.load(seq, date.fromisoformat(day), event_type, version, body)
