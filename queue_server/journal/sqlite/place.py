"""Whether the database's files are where they were opened: what is written into a removed file is lost with it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

ENDINGS = ("", "-wal")


class MovedAway(OSError):
    """The path of an open file leads to nothing, or to another file. SQLite goes on writing into the one it opened."""


class Place:
    """The files behind a path, by device and inode, as they were when this was made. Looking takes some 2 us."""

    def __init__(self, path: Path) -> None:
        """All files must be there: they are after the first transaction."""
        self._files = [(name, _identity(name)) for name in (f"{path}{ending}" for ending in ENDINGS)]
        self._is_known_missing = False

    def ensure(self) -> None:
        """
        Raises:
            MovedAway: until the files are back.
        """
        for name, identity in self._files:
            if _found(name) != identity:
                fault = MovedAway(
                    f"{name} was moved, removed or replaced while the server had it open. Nothing more is accepted: "
                    "put that very file back, or stop the server and restore a backup"
                )
                if not self._is_known_missing:
                    log.error("%s", fault)
                self._is_known_missing = True
                raise fault
        self._is_known_missing = False


def _identity(name: str) -> tuple[int, int]:
    found = os.stat(name)
    return found.st_dev, found.st_ino


def _found(name: str) -> tuple[int, int] | None:
    try:
        return _identity(name)
    except OSError:
        return None
