"""The product with a clock that can be set: `python -m load.faults.offset FILE serve …`.

FILE holds how many seconds this process's wall clock is ahead of the machine's. The machine's own is never touched.
"""

from __future__ import annotations

import mmap
import struct
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from queue_server import cli
from queue_server.branches.clock import WallClock


def offset_clock(file: Path) -> None:
    """From now on every `WallClock` of this process shows the machine's time and what the file says."""
    with file.open("rb") as opened:
        shared = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)

    def now(self: WallClock) -> datetime:
        (offset_s,) = struct.unpack("d", shared[:])
        return datetime.now(UTC) + timedelta(seconds=offset_s)

    WallClock.now = now  # type: ignore[method-assign]


if __name__ == "__main__":
    offset_clock(Path(sys.argv[1]))
    sys.exit(cli.main(sys.argv[2:]))
