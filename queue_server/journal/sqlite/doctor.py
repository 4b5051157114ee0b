"""What `doctor` should say about the SQLite in use and about a database's files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

MOST_WAL_BYTES = 64 * 1024 * 1024

Version = tuple[int, int, int]


def has_wal_reset_fault(version: Version) -> bool:
    """Several connections that write or checkpoint may damage the database (SQLite's release notes of 3.51.3)."""
    if version >= (3, 51, 3):
        return False
    mended = {(3, 50): 7, (3, 44): 6}.get(version[:2])
    return mended is None or version[2] < mended


def sqlite_warnings(path: Path | str, version: Version = sqlite3.sqlite_version_info[:3]) -> list[str]:
    """Sentences for the administrator; none when all is well."""
    found = []
    if has_wal_reset_fault(version):
        found.append(
            f"SQLite {'.'.join(map(str, version))} has the WAL-reset fault (mended in 3.51.3, 3.50.7 and 3.44.6). "
            "Lấy Số avoids it by writing through one connection only: let no other program open the database."
        )
    wal = Path(f"{path}-wal")
    size = wal.stat().st_size if wal.exists() else 0
    if size > MOST_WAL_BYTES:
        found.append(
            f"{wal.name} holds {size // 1024**2} MB (more than {MOST_WAL_BYTES // 1024**2}): something keeps an old "
            "snapshot open. Look for a program that reads the database, then restart the server."
        )
    return found
