"""Windows' spooler and serial ports, by modules that take the calls as pywin32 and pyserial do. No Windows was there.

The stand-ins check the order and the types of what they are given; the bytes go through the simulator's decoder.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from printer_agent import spooler
from printer_agent.job import ask_status, print_picture
from printer_agent.links import require
from printer_agent.outcome import NotStarted, Printed, PrinterOptions, Unknown
from printer_agent.serial_line import SerialTarget, ports
from printer_agent.spooler import WindowsTarget
from printer_agent.status import Reason, Status
from tests.contract.printer_jobs import Begin, a_picture
from tests.simulators.escpos_decoder import Decoder, picture_digest

NAME = "POS-80"
UNREAD = PrinterOptions(confirms="none")
HASTY = PrinterOptions(confirms="none", job_time=0.3)

WinError = type("error", (Exception,), {"__module__": "pywintypes"})


class Spooler(ModuleType):
    """`win32print`. `leaves`: whether documents leave the queue; `status` and `attributes` are the printer's."""

    def __init__(self) -> None:
        super().__init__("win32print")
        self.calls: list[str] = []
        self.document = b""
        self.leaves = True
        self.status = self.attributes = 0
        self.fails_at = ""
        self._is_open = self._is_page = False

    def _note(self, call: str, handle: object) -> None:
        assert handle == 7
        self.calls.append(call)
        if call == self.fails_at:
            raise WinError(5, call, "Access is denied.")

    def OpenPrinter(self, name: str) -> int:  # noqa: N802
        if name != NAME:
            raise WinError(1801, "OpenPrinter", "The printer name is invalid.")
        self._note("open", 7)
        return 7

    def GetPrinter(self, handle: int, level: int) -> dict[str, Any]:  # noqa: N802
        assert level == 2
        self._note("look", handle)
        return {"Status": self.status, "Attributes": self.attributes}

    def StartDocPrinter(self, handle: int, level: int, about: tuple[str, str | None, str]) -> int:  # noqa: N802
        name, file, kind = about
        assert (level, type(name), file, kind) == (1, str, None, "RAW")
        self._note("begin document", handle)
        self._is_open = True
        return 42

    def StartPagePrinter(self, handle: int) -> None:  # noqa: N802
        assert self._is_open
        self._note("begin page", handle)
        self._is_page = True

    def WritePrinter(self, handle: int, data: bytes) -> int:  # noqa: N802
        """Takes less than it is given, as it may."""
        assert self._is_page
        assert type(data) is bytes
        assert handle == 7
        if self.fails_at == "write":
            raise WinError(5, "WritePrinter", "Access is denied.")
        self.document += data[:1000]
        return len(data[:1000])

    def EndPagePrinter(self, handle: int) -> None:  # noqa: N802
        assert self._is_page
        self._note("end page", handle)
        self._is_page = False

    def EndDocPrinter(self, handle: int) -> None:  # noqa: N802
        assert self._is_open
        assert not self._is_page
        self._note("end document", handle)
        self._is_open = False

    def GetJob(self, handle: int, job: int, level: int) -> dict[str, Any]:  # noqa: N802
        assert (handle, job, level, self._is_open) == (7, 42, 1, False)
        if self.leaves:
            raise WinError(87, "GetJob", "The parameter is incorrect.")
        return {"Status": 0x10}  # JOB_STATUS_PRINTING

    def SetJob(self, handle: int, job: int, level: int, info: None, command: int) -> None:  # noqa: N802
        assert (job, level, info, command) == (42, 0, None, 5)
        self._note("delete", handle)

    def ClosePrinter(self, handle: int) -> None:  # noqa: N802
        assert not self._is_open
        self._note("close", handle)

    def EnumPrinters(self, flags: int, name: None, level: int) -> tuple[tuple[int, str, str, str], ...]:  # noqa: N802
        assert (flags, name, level) == (6, None, 1)
        return ((0x800000, f"{NAME},driver,", NAME, ""),)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Spooler:
    module = Spooler()
    monkeypatch.setitem(sys.modules, "win32print", module)
    return module


def test_a_document_of_the_spooler_is_the_paper(windows):
    picture = a_picture()
    assert print_picture(WindowsTarget(NAME), UNREAD, picture, on_first_byte=Begin()) == Printed()
    decoder = Decoder(576, lambda _: None)
    decoder.feed(windows.document)
    assert [paper.digest() for paper in decoder.papers] == [picture_digest(picture)]
    begun, ended = ["open", "look", "begin document", "begin page"], ["end page", "end document", "close"]
    assert windows.calls == begun + ended


@pytest.mark.parametrize(
    ("status", "attributes", "reason"),
    [
        (0x10, 0, Reason.PAPER_OUT),
        (0x400010, 0, Reason.COVER_OPEN),
        (0x8, 0, Reason.FAULT),
        (0x80, 0, Reason.OFFLINE),
        (0, 0x400, Reason.OFFLINE),
    ],
)
def test_what_the_spooler_knows_of_the_printer_keeps_a_job_from_starting(windows, status, attributes, reason):
    windows.status, windows.attributes = status, attributes
    begin = Begin()
    assert print_picture(WindowsTarget(NAME), UNREAD, a_picture(), on_first_byte=begin) == NotStarted(reason)
    assert ask_status(WindowsTarget(NAME), UNREAD) == Status(reason)
    assert (begin.calls, windows.document) == (0, b"")
    assert "begin document" not in windows.calls


def test_a_document_that_stays_in_the_queue_is_taken_back_and_unknown(windows):
    windows.leaves = False
    assert print_picture(WindowsTarget(NAME), HASTY, a_picture(), on_first_byte=Begin()) == Unknown(Reason.TIMEOUT)
    assert windows.calls.index("delete") == windows.calls.index("end document") + 2, "after a look at the printer"


def test_why_it_stays_is_told_where_the_spooler_knows(windows):
    windows.leaves = False
    begin = Begin(lambda: setattr(windows, "status", 0x10))
    assert print_picture(WindowsTarget(NAME), HASTY, a_picture(), on_first_byte=begin) == Unknown(Reason.PAPER_OUT)


def test_an_error_of_windows_inside_the_job_leaves_the_paper_unknown(windows):
    windows.fails_at = "write"
    outcome = print_picture(WindowsTarget(NAME), UNREAD, a_picture(), on_first_byte=Begin())
    assert outcome == Unknown(Reason.UNREACHABLE)
    assert windows.calls[-1] == "close"


def test_a_printer_that_windows_does_not_have_is_unreachable(windows):
    outcome = print_picture(WindowsTarget("none"), UNREAD, a_picture(), on_first_byte=Begin())
    assert outcome == NotStarted(Reason.UNREACHABLE)


def test_the_printers_of_windows_are_found(windows):
    assert spooler.printers() == [NAME]


# -- serial ports ------------------------------------------------------------------------------------------------------


class Port:
    """A port with a printer that answers as one that is well; a question to the paper sensor says `paper`."""

    def __init__(self, *, port: str, baudrate: int, timeout: float, write_timeout: float, dsrdtr: bool) -> None:
        assert (port, baudrate, dsrdtr) == ("COM3", 9600, True)
        self.timeout: float = timeout
        self.write_timeout: float = write_timeout
        self.written = b""
        self.is_closed = False
        self._answers = bytearray()
        self._decoder = Decoder(576, lambda _: self._answers.append(0))

    @property
    def papers(self) -> list[Any]:
        return self._decoder.papers

    def write(self, data: bytes) -> int:
        assert type(data) is bytes
        assert self.write_timeout > 0
        self._answers += bytes(0x12 for at in range(len(data)) if data[at : at + 2] == b"\x10\x04")
        self._decoder.feed(data)
        return len(data)

    @property
    def in_waiting(self) -> int:
        return len(self._answers)

    def read(self, size: int) -> bytes:
        found, self._answers = bytes(self._answers[:size]), self._answers[size:]
        return found

    def reset_output_buffer(self) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Port]:
    """The ports that were opened, in order."""
    found: list[Port] = []

    def serial(**given: Any) -> Port:
        found.append(Port(**given))
        return found[-1]

    module: Any = ModuleType("serial")
    module.Serial, module.SerialTimeoutException = serial, type("SerialTimeoutException", (OSError,), {})
    tools: Any = ModuleType("serial.tools.list_ports")
    tools.comports = lambda: [SimpleNamespace(device="COM4"), SimpleNamespace(device="COM3")]
    for name, each in (("serial", module), ("serial.tools", ModuleType("serial.tools")), (tools.__name__, tools)):
        monkeypatch.setitem(sys.modules, name, each)
    return found


def test_a_paper_goes_over_a_serial_port_and_is_confirmed(opened):
    picture = a_picture()
    outcome = print_picture(SerialTarget("COM3", 9600), PrinterOptions(), picture, on_first_byte=Begin())
    assert outcome == Printed()
    [port] = opened
    assert [paper.digest() for paper in port.papers] == [picture_digest(picture)]
    assert port.is_closed


def test_a_serial_port_that_takes_nothing_more_is_unknown(opened, monkeypatch):
    def stuck() -> None:
        def write(data: bytes) -> int:
            raise sys.modules["serial"].SerialTimeoutException

        monkeypatch.setattr(opened[0], "write", write)

    outcome = print_picture(SerialTarget("COM3", 9600), PrinterOptions(), a_picture(), on_first_byte=Begin(stuck))
    assert outcome == Unknown(Reason.TIMEOUT)


def test_serial_ports_are_found(opened):
    assert ports() == ["COM3", "COM4"]


@pytest.mark.parametrize(
    ("target", "package", "module"),
    [(WindowsTarget(NAME), "pywin32", "win32print"), (SerialTarget("COM3"), "pyserial", "serial")],
)
def test_a_line_without_its_package_says_what_to_install(target, package, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RuntimeError, match=f"pip install {package}"):
        require(target)
