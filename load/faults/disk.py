"""PostgreSQL on a small disk of its own, which can be full: a tmpfs, and so for root only."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType

from tests.databases.postgres import NOBODY, Postgres

SIZE = "2g"
LEFT_BYTES = 256 * 1024
"""What a full disk still takes."""
SETTINGS = {"max_wal_size": "64MB", "min_wal_size": "32MB"}


class SmallDisk(Postgres):
    """Its data are on a tmpfs; that takes memory only for what is there, full or not."""

    def _move_to_nobody(self) -> None:
        super()._move_to_nobody()
        self.data.mkdir()
        options = f"size={SIZE},mode=0700,uid={NOBODY},gid={NOBODY}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(self.data)], check=True)

    def start(self) -> None:
        self._settings |= SETTINGS
        super().start()

    def fill(self) -> None:
        """Whoever writes from now on hears that there is no space."""
        used = os.statvfs(self.data)
        bytes_used = (used.f_blocks - used.f_bfree) * used.f_frsize
        self._resize(str(bytes_used + LEFT_BYTES))

    def free(self) -> None:
        self._resize(SIZE)

    def _resize(self, size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.data)], check=True)

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        subprocess.run(["umount", "-l", str(self.data)], check=True)
        super().__exit__(kind, fault, trace)


def open_postgres(folder: Path, port: int) -> Postgres:
    """On a small disk where we may mount one."""
    return SmallDisk(folder, port=port) if os.geteuid() == 0 else Postgres(folder, port=port)
