"""The journal on SQLite: one process, one connection that writes; see docs/decisions/0002."""

from queue_server.journal.sqlite.doctor import sqlite_warnings
from queue_server.journal.sqlite.journal import SqliteJournal

__all__ = ["SqliteJournal", "sqlite_warnings"]
