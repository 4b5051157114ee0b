"""Backups and the way back, on either database: what the command line says about them."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from queue_server.app import DATABASE
from queue_server.journal.backup import BackupFailed, back_up_stopped, keep_newest, name_at
from queue_server.journal.backup import restore as restore_sqlite
from queue_server.journal.migrations import NewerDatabase
from queue_server.journal.port import Head
from queue_server.settings import Settings


def place_of(settings: Settings) -> str:
    """The database as it may be told to anybody."""
    if not settings.database:
        return str(settings.data / DATABASE)
    parts = urlsplit(settings.database)
    return f"PostgreSQL at {parts.netloc.rpartition('@')[2]}{parts.path}"


# -- backup and restore ------------------------------------------------------------------------------------------------


def make_backup(settings: Settings, file: Path | None, *, keep: int | None) -> int:
    """Into a file, or named by the instant into the folder of backups, of which the newest so many are kept."""
    target = file or settings.backups_folder / name_at(datetime.now(UTC))
    if target.exists():
        print(f"No backup was made: {target} exists. Name another file.", file=sys.stderr)
        return 1
    if not settings.database and not (settings.data / DATABASE).exists():
        print(f"No backup was made: there is no database in {settings.data}.", file=sys.stderr)
        return 1
    try:
        _back_up(settings, target)
    except (BackupFailed, NewerDatabase) as fault:
        print(f"No backup was made: {fault}", file=sys.stderr)
        return 1
    print(f"{target}: {target.stat().st_size // 1024 + 1} kB of {place_of(settings)}")
    if keep is not None and file is None:
        keep_newest(target.parent, keep)
    return 0


def _back_up(settings: Settings, target: Path) -> None:
    if not settings.database:
        back_up_stopped(settings.data / DATABASE, target)
        return
    from queue_server.journal.transfer.whole import back_up

    asyncio.run(back_up(settings.database, target))


def restore_backup(settings: Settings, backup: Path) -> int:
    """Make a database out of a backup: that of an empty data folder, or an empty one of PostgreSQL."""
    if not backup.is_file():
        print(f"Nothing was restored: there is no file {backup}.", file=sys.stderr)
        return 1
    try:
        heads = _restore_postgres(settings, backup) if settings.database else _restore_sqlite(settings, backup)
    except (OSError, BackupFailed, NewerDatabase) as fault:
        print(f"Nothing was restored: {fault}", file=sys.stderr)
        return 1
    if heads is None:
        return 1
    print(f"Restored {backup.name} to {place_of(settings)}:")
    for head in heads:
        print(f"  {head.branch_id}: {head.seq} events")
    print("Start the server; displays and consoles take everything anew by themselves.")
    return 0


def _restore_sqlite(settings: Settings, backup: Path) -> list[Head] | None:
    target = settings.data / DATABASE
    try:
        return restore_sqlite(backup, target)
    except FileExistsError:
        print(f"{target} exists. Move it away first, with its -wal and -shm, or name an empty folder.", file=sys.stderr)
    return None


def _restore_postgres(settings: Settings, backup: Path) -> list[Head] | None:
    from queue_server.journal.transfer.copying import NotTheSame
    from queue_server.journal.transfer.whole import NotEmpty, restore

    try:
        return asyncio.run(restore(backup, settings.database))
    except NotEmpty:
        print(
            f"{place_of(settings)} is not empty. Make another database (createdb), put its name into LAYSO_DATABASE, "
            "and restore again.",
            file=sys.stderr,
        )
    except NotTheSame as fault:
        print(f"Nothing was restored: in {fault} something else was written than the file holds.", file=sys.stderr)
    return None
