"""Knowing whether an agent runs: a lock in its state folder, which the system lets go of when the process ends.

Asking a process id would not do: on Windows that question ends the process, and ids are given out again.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO


def hold(file: Path) -> IO[bytes] | None:
    """The lock, until it is closed; None when another process has it."""
    opened = file.open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            opened.seek(0)
            msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        opened.close()
        return None
    return opened


def is_held(file: Path) -> bool:
    """Whether a process has it now."""
    if not file.exists():
        return False
    held = hold(file)
    if held is not None:
        held.close()
    return held is None
