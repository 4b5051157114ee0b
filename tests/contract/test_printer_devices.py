"""Printers behind device files; and the simulator itself, against python-escpos."""

from __future__ import annotations

import os
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from escpos.printer import Dummy

from printer_agent.job import print_picture
from printer_agent.wire import FileTarget, NotStarted, Printed, Reason
from tests.contract.printer_jobs import OPTIONS, Begin, a_picture
from tests.simulators.escpos_decoder import Decoder, picture_digest
from tests.simulators.printer import Fault, PrinterSimulator

# Device files


def test_a_device_that_cannot_be_read_gets_the_same_bytes(tmp_path: Path):
    device = tmp_path / "lp0"
    device.touch()
    picture = a_picture()
    options = replace(OPTIONS, confirms="none")
    assert print_picture(FileTarget(str(device)), options, picture, on_first_byte=Begin()) == Printed()
    decoder = Decoder(576, lambda _: None)
    decoder.feed(device.read_bytes())
    assert [paper.digest() for paper in decoder.papers] == [picture_digest(picture)]


def test_a_device_that_is_not_there_is_unreachable(tmp_path: Path):
    target = FileTarget(str(tmp_path / "lp0"))
    assert print_picture(target, OPTIONS, a_picture(), on_first_byte=Begin()) == NotStarted(Reason.UNREACHABLE)


@pytest.fixture
def device(printer: PrinterSimulator) -> Iterator[FileTarget]:
    """The simulated printer behind a device file that can be read and written, like /dev/usb/lp0."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    line = socket.create_connection(printer.address)
    pumps = [
        threading.Thread(target=_pump, args=(lambda: os.read(ours, 4096), line.sendall)),
        threading.Thread(target=_pump, args=(lambda: line.recv(64), lambda data: os.write(ours, data))),
    ]
    for pump in pumps:
        pump.start()
    yield FileTarget(os.ttyname(theirs))
    os.close(theirs)
    line.shutdown(socket.SHUT_RDWR)
    for pump in pumps:
        pump.join(10)
    os.close(ours)
    line.close()


def _pump(read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
    with suppress(OSError):
        while data := read():
            write(data)


def test_a_device_file_prints_and_tells_its_status(printer, device):
    picture = a_picture()
    assert print_picture(device, OPTIONS, picture, on_first_byte=Begin()) == Printed()
    assert printer.wait_for_papers(1)[0].digest() == picture_digest(picture)
    printer.set(Fault.PAPER_OUT)
    assert print_picture(device, OPTIONS, picture, on_first_byte=Begin()) == NotStarted(Reason.PAPER_OUT)


# The simulator itself, against python-escpos


@pytest.mark.parametrize("impl", ["bitImageRaster", "graphics"])
def test_the_simulator_reads_both_picture_commands_of_the_library(impl):
    picture = a_picture(height=100)
    decoder, dummy = Decoder(576, lambda _: None), Dummy(profile="TM-T20II")
    dummy.image(picture, impl=impl)
    dummy.cut()
    for byte in dummy.output:  # in the smallest portions
        decoder.feed(bytes((byte,)))
    assert [paper.digest() for paper in decoder.papers] == [picture_digest(picture)]
    assert decoder.complaints == []


def test_the_simulator_reads_text_and_qr_codes_and_feeds():
    decoder, dummy = Decoder(576, lambda _: None), Dummy(profile="TM-T20II")
    dummy.text("A 012\n")
    dummy.qr("https://hangdoi.vn/t/7Q4KX2M9", native=True)
    dummy.cut()
    decoder.feed(dummy.output)
    [paper] = decoder.papers
    assert (paper.text, paper.qr_codes) == ("A 012\n", ("https://hangdoi.vn/t/7Q4KX2M9",))
    assert paper.tail_dots == 7 * 34


def test_the_simulator_complains_and_does_not_guess():
    decoder = Decoder(576, lambda _: None)
    decoder.feed(b"\x1bZ\x1dV\x09\x07\x1b@")
    assert decoder.complaints == ["unknown command 1b 5a", "unknown cut 9", "unknown byte 07"]
