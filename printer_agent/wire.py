"""One page to one printer, and an honest answer about what became of it.

The answer decides whether a citizen gets a second paper, so it never guesses: `NotStarted` only while no byte of the
job has left, `Printed` only when the printer said so behind the cut, `Unknown` for everything between.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from printer_agent.job import DIAGNOSIS_TIME, Page, ask_status, print_picture
from printer_agent.links import FileTarget, NetworkTarget, Target, UsbTarget
from printer_agent.outcome import NotStarted, Outcome, Printed, PrinterOptions, Unknown
from printer_agent.status import Reason, Status

__all__ = [
    "FileTarget",
    "NetworkTarget",
    "NotStarted",
    "Outcome",
    "Page",
    "Printed",
    "PrinterOptions",
    "Reason",
    "Status",
    "Target",
    "Unknown",
    "UsbTarget",
    "Wire",
]

_GRACE_TIME = DIAGNOSIS_TIME + 2  # beyond the job's own deadline; only a call that hangs in the system gets there


class Wire:
    """The one way to a printer: jobs one after another in a thread of their own, each bounded in time.

    `is_dirty`: the last job may have stopped inside a picture; the next one first fills up what the printer still
    expects and cuts it off, so that its own beginning is not printed as dots. Known here after an `Unknown`; after a
    crash of the agent the ledger knows it.
    """

    def __init__(self, target: Target, options: PrinterOptions | None = None, *, is_dirty: bool = False) -> None:
        self._target = target
        self._options = options or PrinterOptions()
        self._is_dirty = is_dirty
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="printer")

    async def print(self, page: Page, on_first_byte: Callable[[], None]) -> Outcome:
        """Print once. `on_first_byte` runs in the printing thread just before the job's first byte leaves; if it
        raises, nothing is sent and the error comes out here."""
        gate = _Gate(on_first_byte)
        job = asyncio.wrap_future(self._thread.submit(self._print, page, gate))
        try:
            done, _ = await asyncio.wait({job}, timeout=self._options.job_time + _GRACE_TIME)
        except asyncio.CancelledError:
            gate.shut()
            raise
        if done:
            return job.result()
        return NotStarted(Reason.TIMEOUT) if gate.shut() else Unknown(Reason.TIMEOUT)

    async def status(self) -> Status | Reason:
        """The printer's status, or why there is none. Waits for a job that is being printed."""
        return await asyncio.wrap_future(self._thread.submit(self._ask))

    def _ask(self) -> Status | Reason:
        return ask_status(self._target, self._options, within=DIAGNOSIS_TIME)

    def close(self) -> None:
        """No more jobs; one that is being printed is finished."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _print(self, page: Page, gate: _Gate) -> Outcome:
        try:
            outcome = print_picture(
                self._target, self._options, page, on_first_byte=gate.pass_once, is_dirty=self._is_dirty
            )
        except _ShutError:
            return NotStarted(Reason.TIMEOUT)
        if not isinstance(outcome, NotStarted):
            self._is_dirty = isinstance(outcome, Unknown)
        return outcome


class _ShutError(Exception):
    """Nobody waits for this job any more."""


class _Gate:
    """Passed once or shut, never both: what was reported as not started is not printed a minute later."""

    def __init__(self, on_pass: Callable[[], None]) -> None:
        self._on_pass = on_pass
        self._lock = threading.Lock()
        self._state: Literal["open", "passed", "shut"] = "open"

    def pass_once(self) -> None:
        with self._lock:
            if self._state == "shut":
                raise _ShutError
            self._on_pass()
            self._state = "passed"

    def shut(self) -> bool:
        """True: nothing has passed and nothing will."""
        with self._lock:
            if self._state == "open":
                self._state = "shut"
            return self._state == "shut"
