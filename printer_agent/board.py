"""What `printer-agent status` shows: a small file that the running agent keeps up to date."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace


class Shown(Struct, frozen=True):
    """`server` is "live" or "reconnecting"; `printers`, by name, "" until a paper was tried, "ok", or what keeps it
    from printing, or (`near_end`) what to see to next. `owed` papers wait. Times are this machine's."""

    pid: int
    server: str = "reconnecting"
    printers: dict[str, str] = {}
    owed: int = 0
    last_number: str = ""
    last_printed_at: datetime | None = None
    since: datetime | None = None


class Board:
    """Written on change only, and as a whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.shown = Shown(os.getpid())

    def show(self, **changes: object) -> None:
        shown = replace(self.shown, **changes)
        if shown == self.shown:
            return
        self.shown = replace(shown, since=datetime.now(UTC))
        draft = self._file.with_suffix(".new")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(self.shown)))
        with suppress(PermissionError):  # Windows, while somebody reads it; the next change brings this one too
            draft.replace(self._file)


def read_board(file: Path) -> Shown | None:
    """What the agent showed last; None when none has run here."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Shown)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
