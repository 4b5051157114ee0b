"""A printer on a serial port: COM3 of Windows, /dev/ttyUSB0 of Linux. Needs the package pyserial."""

from __future__ import annotations

import importlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from escpos.escpos import Escpos
from escpos.exceptions import DeviceNotFoundError

from printer_agent.line import PROFILE, Deadline
from printer_agent.status import Reason

NEEDS = "A printer on a serial port needs the package pyserial: pip install pyserial"
BAUD = 115_200


@dataclass(frozen=True, slots=True)
class SerialTarget:
    """`baud` must be what the printer's switches say. Eight bits, no parity, flow control by DSR/DTR: the usual."""

    port: str
    baud: int = BAUD


class TimedSerial(Escpos):  # type: ignore[misc]
    """Both ways, so that the printer can be asked and confirms its papers as on any other line."""

    def __init__(self, target: SerialTarget, deadline: Deadline) -> None:
        self._port: Any = None  # first: the library closes what was only half made too
        try:
            self._serial: Any = importlib.import_module("serial")
        except ImportError:
            raise RuntimeError(NEEDS) from None
        super().__init__(profile=PROFILE)
        self._target = target
        self._deadline = deadline

    def open(self, raise_not_found: bool = True) -> None:
        try:
            self._port = self._serial.Serial(
                port=self._target.port, baudrate=self._target.baud, timeout=0, write_timeout=0, dsrdtr=True
            )
        except (OSError, ValueError) as error:  # SerialException is an OSError; ValueError: a rate that cannot be
            raise DeviceNotFoundError(f"{self._target.port}: {error}") from error

    def _raw(self, msg: bytes) -> None:
        self._port.write_timeout = self._deadline.left()
        try:
            self._port.write(msg)
        except self._serial.SerialTimeoutException:
            raise TimeoutError from None

    def send(self, data: bytes) -> None:
        self._raw(data)

    def listen(self, seconds: float) -> bytes:
        """What has come within `seconds`; empty when nothing has."""
        self._port.timeout = self._deadline.left(seconds)
        return bytes(self._port.read(1)) + bytes(self._port.read(self._port.in_waiting))

    def fault(self) -> Reason | None:
        return None

    def abort(self) -> None:
        """What has not left yet shall not leave, nor be waited for."""
        with suppress(OSError):
            self._port.reset_output_buffer()

    def finish(self, seconds: float) -> None:
        """Until the last byte has left."""
        self._port.flush()

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None


def ports() -> list[str]:
    """The serial ports of this machine; none without pyserial."""
    try:
        tools: Any = importlib.import_module("serial.tools.list_ports")
    except ImportError:
        return []
    return sorted(port.device for port in tools.comports())
