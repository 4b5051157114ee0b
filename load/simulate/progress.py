"""How far a simulation is, on one line of a terminal that is gone when it has ended."""

from __future__ import annotations

import sys
from typing import TextIO

CLEAR = "\r\x1b[K"


class Progress:
    """Silent where nobody looks: on a stream that is no terminal, or when told to be."""

    def __init__(self, days: int, *, is_wanted: bool = True, stream: TextIO | None = None) -> None:
        self._days = days
        self._stream = stream or sys.stderr
        self._is_shown = is_wanted and self._stream.isatty()
        self._said = ""

    def tell(self, done: float) -> None:
        """So many days are done, the running one as the part of it that is over."""
        number = min(int(done) + 1, self._days)
        self._write(f"day {number} of {self._days}, {done / self._days:.0%}")

    def end(self) -> None:
        if self._is_shown and self._said:
            self._stream.write(CLEAR)
            self._stream.flush()

    def _write(self, said: str) -> None:
        if self._is_shown and said != self._said:
            self._stream.write(CLEAR + said)
            self._stream.flush()
            self._said = said
