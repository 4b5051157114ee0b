"""A printer of Windows' spooler, by its name there: bytes go through it raw, as the printer's own language.

Nothing can be read back. What the spooler itself knows is used: whether the printer is there and well, and whether
our document has left its queue; one that does not leave in time is deleted, so that it does not come out an hour later.
Needs the package pywin32.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from escpos.escpos import Escpos
from escpos.exceptions import DeviceNotFoundError

from printer_agent.line import PROFILE, Deadline
from printer_agent.status import Reason

NEEDS = "A printer of Windows needs the package pywin32: pip install pywin32"
DOCUMENT = "Lay So"
JOB_PRINTED, JOB_DELETE = 0x80, 5  # JOB_STATUS_PRINTED, JOB_CONTROL_DELETE
WORKS_OFFLINE = 0x400  # PRINTER_ATTRIBUTE_WORK_OFFLINE
_POLL_S = 0.05
_FAULTS = (
    (0x400000, Reason.COVER_OPEN),  # PRINTER_STATUS_DOOR_OPEN
    (0x10, Reason.PAPER_OUT),
    (0x8 | 0x2 | 0x100000, Reason.FAULT),  # PAPER_JAM, ERROR, USER_INTERVENTION
    (0x80 | 0x1000 | 0x1, Reason.OFFLINE),  # OFFLINE, NOT_AVAILABLE, PAUSED
)


@dataclass(frozen=True, slots=True)
class WindowsTarget:
    """A printer by the name that Windows shows."""

    name: str


class TimedWindows(Escpos):  # type: ignore[misc]
    """One document a job. It begins with the first byte, so that a look at the printer leaves no empty document."""

    def __init__(self, target: WindowsTarget, deadline: Deadline) -> None:
        self._handle: Any = None  # first: the library closes what was only half made too
        try:
            self._api: Any = importlib.import_module("win32print")
        except ImportError:
            raise RuntimeError(NEEDS) from None
        super().__init__(profile=PROFILE)
        self._name = target.name
        self._deadline = deadline
        self._job: int | None = None
        self._is_open = False

    def open(self, raise_not_found: bool = True) -> None:
        try:
            with self._explained():
                self._handle = self._api.OpenPrinter(self._name)
        except OSError as error:
            raise DeviceNotFoundError(f"{self._name}: {error}") from error

    def fault(self) -> Reason | None:
        with self._explained():
            said = self._api.GetPrinter(self._handle, 2)
        if said["Attributes"] & WORKS_OFFLINE:
            return Reason.OFFLINE
        return next((reason for bits, reason in _FAULTS if said["Status"] & bits), None)

    def _raw(self, msg: bytes) -> None:
        with self._explained():
            if self._job is None:
                self._job = self._api.StartDocPrinter(self._handle, 1, (DOCUMENT, None, "RAW"))
                self._is_open = True
                self._api.StartPagePrinter(self._handle)
            while msg:
                self._deadline.left()
                msg = msg[self._api.WritePrinter(self._handle, bytes(msg)) :]

    def send(self, data: bytes) -> None:
        self._raw(data)

    def listen(self, seconds: float) -> bytes:
        raise OSError("Windows' spooler lets nothing through from the printer; leave `confirms` out")

    def finish(self, seconds: float) -> None:
        """Until the document has left the queue. As long as the whole job may take: it is the only word there is.

        Raises:
            TimeoutError: it is still there.
        """
        self._end_document()
        while self._is_queued():
            time.sleep(self._deadline.left(_POLL_S))

    def _is_queued(self) -> bool:
        try:
            status: int = self._api.GetJob(self._handle, self._job, 1)["Status"]
        except Exception as error:
            if _is_windows(error):
                return False  # the queue knows it no more
            raise
        return not status & JOB_PRINTED

    def abort(self) -> None:
        """Take the document back, as far as it is still in the queue."""
        with suppress(OSError):
            self._end_document()
        with suppress(OSError), self._explained():
            if self._job is not None:
                self._api.SetJob(self._handle, self._job, 0, None, JOB_DELETE)

    def close(self) -> None:
        if self._handle is None:
            return
        handle = self._handle
        with suppress(OSError):
            self._end_document()
        self._handle = None
        with suppress(OSError), self._explained():
            self._api.ClosePrinter(handle)

    def _end_document(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        with self._explained():
            self._api.EndPagePrinter(self._handle)
            self._api.EndDocPrinter(self._handle)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """pywin32's errors as the system errors that every other line raises."""
        try:
            yield
        except Exception as error:
            if _is_windows(error):
                raise OSError(*error.args[:1], str(error)) from error
            raise


def _is_windows(error: Exception) -> bool:
    """`pywintypes.error`, told by its name: it is no OSError, and its module is only there with pywin32."""
    return type(error).__module__ == "pywintypes"


def printers() -> list[str]:
    """The names of all printers of this Windows; none elsewhere, or without pywin32."""
    try:
        api: Any = importlib.import_module("win32print")
    except ImportError:
        return []
    local, connected = 2, 4  # PRINTER_ENUM_LOCAL, PRINTER_ENUM_CONNECTIONS
    return [name for _, _, name, _ in api.EnumPrinters(local | connected, None, 1)]
