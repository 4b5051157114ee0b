"""The product with a clock that can be set: `python -m load.faults.offset FILE serve …`.

FILE holds how many seconds this process's wall clock is ahead of the machine's. The machine's own is never touched.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from queue_server import cli
from queue_server.branches.clock import WallClock


def offset_clock(file: Path) -> None:
    """From now on what this process asks for the time shows the machine's and what the file says. Not the monotonic
    clock: nobody sets that."""
    with file.open("rb") as opened:
        shared = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)
    machine, machine_ns = time.time, time.time_ns

    def ahead_s() -> float:
        offset_s: float = struct.unpack("d", shared[:])[0]
        return offset_s

    def now(self: WallClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead_s())

    WallClock.now = now  # type: ignore[method-assign]
    time.time = lambda: machine() + ahead_s()
    time.time_ns = lambda: machine_ns() + int(ahead_s() * 1e9)


if __name__ == "__main__":
    offset_clock(Path(sys.argv[1]))
    sys.exit(cli.main(sys.argv[2:]))
