"""A process and all that descend from it. PostgreSQL's children have sessions of their own, so that no group holds
them all."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def family(pid: int) -> list[int]:
    """Parents first."""
    found, look = [], [pid]
    while look:
        one = look.pop(0)
        found.append(one)
        with suppress(OSError):
            look += [int(child) for child in Path(f"/proc/{one}/task/{one}/children").read_text().split()]
    return found


def signal_all(pid: int, number: signal.Signals) -> list[int]:
    """The parent gets it first: it starts nobody anew meanwhile. Who they are."""
    all_of_them = family(pid)
    for one in all_of_them:
        with suppress(ProcessLookupError):
            os.kill(one, number)
    return all_of_them


def has_ended(pid: int) -> bool:
    """It holds nothing any more, though its parent may not have asked for its status yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
