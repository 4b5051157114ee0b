"""What every line to a printer has: a deadline, and the calls by which a job is sent and asked about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from printer_agent.status import Reason

PROFILE = "TM-T20II"
"""Decides the greatest width of a picture; python-escpos knows no 576 dots by default, and remarks on every picture."""


class Deadline:
    """A point in time for a whole job; what is left shrinks from call to call."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self, most: float | None = None) -> float:
        """Seconds left, at most `most`; TimeoutError when none are."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError
        return left if most is None else min(left, most)


class Printer(Protocol):
    """What we use of a python-escpos printer, and what a deadline adds."""

    def open(self, raise_not_found: bool = ...) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def hw(self, hw: str) -> None: ...
    def image(self, img_source: Any, *, impl: str, fragment_height: int) -> None: ...
    def send(self, data: bytes) -> None: ...
    def listen(self, seconds: float) -> bytes: ...
    def finish(self, seconds: float) -> None: ...

    def fault(self) -> Reason | None:
        """What the system says of a printer that cannot be asked itself; None where it says nothing."""
        ...
