"""What the player keeps in its folder: the device's token, its state for `status`, and the sign that it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct


class Shown(Struct, frozen=True):
    """`browser_pid` is 0 while there is none; `page` is "starting", "waiting" (for the server) or what the page says of
    itself: "live", "stale", "connecting" …; `last_end` why the browser was started anew last."""

    pid: int
    browser: str = ""
    browser_pid: int = 0
    page: str = "starting"
    restarts: int = 0
    last_end: str = ""


def write_whole(file: Path, content: bytes) -> None:
    """For its owner's eyes only; after a power cut the file is there as a whole, old or new."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)


def read_shown(file: Path) -> Shown | None:
    """What a player wrote last; None when none has run here."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Shown)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


class Token:
    """The device's key, kept beside the browser's own storage: a profile that a power cut has spoilt is begun anew
    without showing a code again. `is_given` once the page was given it in this life of the browser."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.is_given = False
        try:
            self.value = file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            self.value = ""

    def keep(self, value: str) -> None:
        if value == self.value:
            return
        self.value = value
        if value:
            write_whole(self._file, value.encode("ascii"))
        else:
            self._file.unlink(missing_ok=True)


def hold(file: Path) -> IO[bytes] | None:
    """A lock until it is closed, or until the process ends; None when another process has it."""
    opened = file.open("ab")
    try:
        import fcntl

        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        pass  # Windows: two players are not kept apart
    except OSError:
        opened.close()
        return None
    return opened
