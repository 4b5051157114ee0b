"""python-escpos printers with a deadline: every call ends in time, whatever hangs on the other side of the cable.

Library traps that are closed here: `Network` waits 60 s by default, its time-out counts per call and not per job, and
closing it sends whatever still waits, to a printer that may have paper again in ten minutes;
`Usb` reads with the library's own time-out; `File` cannot read and blocks for ever on a USB printer without paper.
Serial ports and Windows' spooler are in modules of their own; all need the library's optional packages only when used.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Any

from escpos.exceptions import DeviceNotFoundError
from escpos.printer import File, Network, Usb

from printer_agent.line import PROFILE, Deadline, Printer
from printer_agent.serial_line import SerialTarget, TimedSerial
from printer_agent.spooler import TimedWindows, WindowsTarget
from printer_agent.status import Reason

_DEVICE = os.O_RDWR | os.O_APPEND | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
_DISCARD = struct.pack("ii", 1, 0)  # SO_LINGER 0: closing drops unsent bytes and resets the connection


@dataclass(frozen=True, slots=True)
class NetworkTarget:
    host: str
    port: int = 9100


@dataclass(frozen=True, slots=True)
class UsbTarget:
    """A printer by its USB ids; needs the package pyusb."""

    vendor_id: int
    product_id: int
    in_endpoint: int = 0x82
    out_endpoint: int = 0x01


@dataclass(frozen=True, slots=True)
class FileTarget:
    """A device such as /dev/usb/lp0. Status works where the device can be read; on Windows it is a plain file."""

    path: str


Target = NetworkTarget | UsbTarget | FileTarget | SerialTarget | WindowsTarget


class _Unasked:
    """A line whose system says nothing of the printer; the printer itself is asked."""

    def fault(self) -> Reason | None:
        return None


class TimedNetwork(_Unasked, Network):  # type: ignore[misc]
    """TCP; one connection a job, since most printers serve one client at a time."""

    _device: Any

    def __init__(self, target: NetworkTarget, deadline: Deadline, connect_time: float) -> None:
        self._deadline = deadline
        super().__init__(target.host, target.port, timeout=deadline.left(connect_time), profile=PROFILE)

    def open(self, raise_not_found: bool = True) -> None:
        """As the library's, which leaves the socket open when nobody answers and knows no IPv6."""
        self.device = socket.create_connection((self.host, self.port), self.timeout)

    def abort(self) -> None:
        """Close and take back what the printer has not received: it shall not come out later, as half a ticket."""
        if self._device:
            self._device.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
            self._device.close()
            self._device = False

    def _raw(self, msg: bytes) -> None:
        self.device.settimeout(self._deadline.left())
        self.device.sendall(msg)

    def send(self, data: bytes) -> None:
        self._raw(data)

    def listen(self, seconds: float) -> bytes:
        """What has come within `seconds`; empty when nothing has. A closed connection is an error."""
        self.device.settimeout(self._deadline.left(seconds))
        try:
            data: bytes = self.device.recv(64)
        except TimeoutError:
            return b""
        if not data:
            raise ConnectionResetError("the printer has closed the connection")
        return data

    def finish(self, seconds: float) -> None:
        """Let the last bytes arrive: closing with unread answers resets the connection and may lose them."""
        self.device.shutdown(socket.SHUT_WR)
        self.device.settimeout(self._deadline.left(seconds))
        try:
            while self.device.recv(64):
                pass
        except OSError:
            return


class TimedUsb(_Unasked, Usb):  # type: ignore[misc]
    """USB through pyusb, whose time-outs count in milliseconds."""

    def __init__(self, target: UsbTarget, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__(
            target.vendor_id,
            target.product_id,
            in_ep=target.in_endpoint,
            out_ep=target.out_endpoint,
            profile=PROFILE,
        )

    def _raw(self, msg: bytes) -> None:
        self.device.write(self.out_ep, msg, _milliseconds(self._deadline.left()))

    def send(self, data: bytes) -> None:
        self._raw(data)

    def listen(self, seconds: float) -> bytes:
        timeout = _milliseconds(self._deadline.left(seconds))
        try:
            return bytes(self.device.read(self.in_ep, 64, timeout))
        except OSError as error:  # USBTimeoutError is one; the module is only there with pyusb
            if "time" in str(error).lower():
                return b""
            raise

    def abort(self) -> None:
        self.close()

    def finish(self, seconds: float) -> None:
        """A bulk transfer is complete when `write` returns."""


class TimedFile(_Unasked, File):  # type: ignore[misc]
    """A device file, opened for both ways and without blocking."""

    def __init__(self, target: FileTarget, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__(target.path, profile=PROFILE)

    def open(self, raise_not_found: bool = True) -> None:
        try:
            handle = os.open(self.devfile, _DEVICE)
        except OSError as error:
            raise DeviceNotFoundError(f"{self.devfile}: {error}") from error
        self.device = os.fdopen(handle, "wb", buffering=0)

    def _raw(self, msg: bytes) -> None:
        device: Any = self.device
        view = memoryview(msg)
        while view:
            self._wait(self._deadline.left())
            view = view[device.write(view) or 0 :]

    def send(self, data: bytes) -> None:
        self._raw(data)

    def _wait(self, seconds: float) -> None:
        """Until the device takes more. Windows can wait for sockets only, and a plain file always takes more."""
        if sys.platform != "win32" and not select.select([], [self.device], [], seconds)[1]:
            raise TimeoutError

    def listen(self, seconds: float) -> bytes:
        if sys.platform == "win32":
            return b""
        else:
            device: Any = self.device
            ready, _, _ = select.select([device], [], [], self._deadline.left(seconds))
            return os.read(device.fileno(), 64) if ready else b""

    def abort(self) -> None:
        self.close()

    def finish(self, seconds: float) -> None:
        """The kernel keeps what was written."""


def connect(target: Target, deadline: Deadline, connect_time: float) -> Printer:
    """An open printer. Raises `DeviceNotFoundError` when it cannot be reached, `RuntimeError` without its package."""
    printer = _make(target, deadline, connect_time)
    printer.open()
    return printer


def require(target: Target) -> None:
    """Raises `RuntimeError`, which says what to install, where this kind of line lacks its package."""
    _make(target, Deadline(1.0), 1.0)


def _make(target: Target, deadline: Deadline, connect_time: float) -> Printer:
    made: Printer
    match target:
        case NetworkTarget():
            made = TimedNetwork(target, deadline, connect_time)
        case UsbTarget():
            if not Usb.is_usable():  # before it is half made: the library closes that, and complains again
                raise RuntimeError("A USB printer named by its ids needs the package pyusb: pip install pyusb")
            made = TimedUsb(target, deadline)
        case FileTarget():
            made = TimedFile(target, deadline)
        case SerialTarget():
            made = TimedSerial(target, deadline)
        case WindowsTarget():
            made = TimedWindows(target, deadline)
    return made


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
