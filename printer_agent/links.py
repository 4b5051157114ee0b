"""python-escpos printers with a deadline: every call ends in time, whatever hangs on the other side of the cable.

Library traps that are closed here: `Network` waits 60 s by default, its time-out counts per call and not per job, and
closing it sends whatever still waits, to a printer that may have paper again in ten minutes;
`Usb` reads with the library's own time-out; `File` cannot read and blocks for ever on a USB printer without paper.
The profile decides the greatest width of a picture and knows no 576 dots by default: TM-T20II does (and also keeps
the library from printing a remark on the standard output for every picture).
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from escpos.exceptions import DeviceNotFoundError
from escpos.printer import File, Network, Usb

PROFILE = "TM-T20II"
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
    """A device such as /dev/usb/lp0. Status works where the device can be read."""

    path: str


Target = NetworkTarget | UsbTarget | FileTarget


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
    """What we use of a python-escpos printer."""

    def open(self, raise_not_found: bool = ...) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def hw(self, hw: str) -> None: ...
    def image(self, img_source: Any, *, impl: str, fragment_height: int) -> None: ...
    def cut(self, mode: str = ..., feed: bool = ...) -> None: ...
    def send(self, data: bytes) -> None: ...
    def listen(self, seconds: float) -> bytes: ...
    def finish(self, seconds: float) -> None: ...


class TimedNetwork(Network):  # type: ignore[misc]
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


class TimedUsb(Usb):  # type: ignore[misc]
    """USB through pyusb, whose time-outs count in milliseconds."""

    def __init__(self, target: UsbTarget, deadline: Deadline) -> None:
        if not Usb.is_usable():
            raise RuntimeError("A USB printer needs the package pyusb; install it, or use a network or file printer.")
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


class TimedFile(File):  # type: ignore[misc]
    """A device file, opened for both ways and without blocking."""

    def __init__(self, target: FileTarget, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__(target.path, profile=PROFILE)

    def open(self, raise_not_found: bool = True) -> None:
        try:
            handle = os.open(self.devfile, os.O_RDWR | os.O_NONBLOCK | os.O_APPEND | os.O_NOCTTY)
        except OSError as error:
            raise DeviceNotFoundError(f"{self.devfile}: {error}") from error
        self.device = os.fdopen(handle, "wb", buffering=0)

    def _raw(self, msg: bytes) -> None:
        device: Any = self.device
        view = memoryview(msg)
        while view:
            _, ready, _ = select.select([], [device], [], self._deadline.left())
            if not ready:
                raise TimeoutError
            view = view[device.write(view) or 0 :]

    def send(self, data: bytes) -> None:
        self._raw(data)

    def listen(self, seconds: float) -> bytes:
        device: Any = self.device
        ready, _, _ = select.select([device], [], [], self._deadline.left(seconds))
        return os.read(device.fileno(), 64) if ready else b""

    def abort(self) -> None:
        self.close()

    def finish(self, seconds: float) -> None:
        """The kernel keeps what was written."""


def connect(target: Target, deadline: Deadline, connect_time: float) -> Printer:
    """An open printer. Raises `DeviceNotFoundError` when it cannot be reached."""
    printer = _make(target, deadline, connect_time)
    printer.open()
    return printer


def _make(target: Target, deadline: Deadline, connect_time: float) -> Printer:
    made: Printer
    match target:
        case NetworkTarget():
            made = TimedNetwork(target, deadline, connect_time)
        case UsbTarget():
            made = TimedUsb(target, deadline)
        case FileTarget():
            made = TimedFile(target, deadline)
    return made


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
