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


def signal_all(pid: int, number: signal.Signals) -> None:
    """The parent gets it first: it starts nobody anew meanwhile."""
    for one in family(pid):
        with suppress(ProcessLookupError):
            os.kill(one, number)
