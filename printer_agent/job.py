"""The steps of one print job, blocking: look, send, be sure.

GS r is answered when the printer *gets to it*, behind the cut: that is the proof. DLE EOT is answered on arrival and
proves only that the printer is there. Both are needed: a printer that has stopped for want of paper answers the second
and never the first.

Real printers also obey real-time commands (open the drawer, clear the buffer, switch off) that turn up by chance
among the dots of a picture; `defused` changes one dot where that would happen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from escpos.exceptions import DeviceNotFoundError
from PIL import Image, ImageOps

from printer_agent.line import Deadline, Printer
from printer_agent.links import Target, connect
from printer_agent.outcome import NotStarted, Outcome, Printed, PrinterOptions, Unknown
from printer_agent.status import (
    ASK_IN_ORDER,
    ASK_OFFLINE_CAUSE,
    ASK_PAPER,
    ASK_PRINTER,
    NO_REPORTS,
    Reason,
    Replies,
    Status,
    is_offline,
    read_status,
)
from printer_agent.text import Text, text_bytes

Page = Image.Image | Text

_FRAGMENT_ROWS = 128  # one GS v 0; small, so that half a picture can be filled up with few zeros
_REAL_TIME = re.compile(rb"\x10[\x04\x05\x14]")  # DLE EOT, DLE ENQ, DLE DC4
_FEED_AND_CUT = {"partial": b"\x1dV\x42\x00", "full": b"\x1dV\x41\x00", "none": b"\x1bJ\xa0"}  # ESC J: 20 mm
_POLL_TIME = 0.25  # seconds between looks at a printer that has not confirmed yet
DIAGNOSIS_TIME = 4.0  # seconds to ask a printer, on a new connection, why a job broke


def print_picture(
    target: Target,
    options: PrinterOptions,
    page: Page,
    *,
    on_first_byte: Callable[[], None],
    is_dirty: bool = False,
) -> Outcome:
    """Print a picture of mode "1", or text, on a fresh connection; blocks, `options.job_time` at most."""
    if isinstance(page, Image.Image) and page.width > options.width:
        raise ValueError(f"a picture of {page.width} dots on a printer of {options.width}")
    deadline = Deadline(options.job_time)
    try:
        printer = connect(target, deadline, options.connect_time)
    except (DeviceNotFoundError, OSError):
        return NotStarted(Reason.UNREACHABLE)
    try:
        safe = defused(page) if isinstance(page, Image.Image) else page
        outcome = _Job(printer, options, on_first_byte).run(safe, is_dirty=is_dirty)
        if isinstance(outcome, Unknown):
            printer.abort()
        return outcome
    except _BrokenError as broken:
        told = _told(printer)
        printer.abort()  # before asking again: most printers serve one client at a time
        return Unknown(told or _named(target, options, broken.reason))
    finally:
        printer.close()


def ask_status(target: Target, options: PrinterOptions, *, within: float | None = None) -> Status | Reason:
    """The status on a connection of its own, or `UNREACHABLE` or `TIMEOUT`; takes `within` seconds at most."""
    try:
        printer = connect(target, Deadline(within or options.job_time), options.connect_time)
    except (DeviceNotFoundError, OSError):
        return Reason.UNREACHABLE
    try:
        if options.confirms == "none":
            return Status(printer.fault())
        return _Talk(printer, options.answer_time).status()
    except TimeoutError:
        return Reason.TIMEOUT
    except OSError:
        return Reason.UNREACHABLE
    finally:
        printer.close()


def _told(printer: Printer) -> Reason | None:
    with suppress(OSError):
        return printer.fault()
    return None


def _named(target: Target, options: PrinterOptions, reason: Reason) -> Reason:
    """The cause behind a broken job, if the printer will tell it on a new connection."""
    status = ask_status(target, options, within=DIAGNOSIS_TIME)
    return status.fault or reason if isinstance(status, Status) else reason


class _BrokenError(Exception):
    """The line failed after the first byte."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Talk:
    """Questions and answers on an open line."""

    def __init__(self, printer: Printer, answer_time: float) -> None:
        self._printer = printer
        self._answer_time = answer_time
        self.replies = Replies()

    def status(self) -> Status:
        return read_status(self._ask(ASK_PRINTER), self._ask(ASK_OFFLINE_CAUSE), self._ask(ASK_PAPER))

    def _ask(self, question: bytes) -> int:
        self.replies.at_once.clear()
        self._printer.send(question)
        deadline = Deadline(self._answer_time)
        while not self.replies.at_once:
            self.replies.feed(self._printer.listen(deadline.left()))
        return self.replies.at_once[-1]

    def wait_until_passed(self) -> Reason | None:
        """None as soon as the printer has got past everything sent so far; the fault, when it has stopped before.

        A printer whose buffer is full hears no question: silence means nothing until the job's time is over.
        """
        self.replies.in_order.clear()
        self._printer.send(ASK_IN_ORDER)
        while True:
            if self._is_passed():
                return None
            if fault := self.status().fault:
                return None if self.replies.in_order else fault

    def _is_passed(self) -> bool:
        """False when the printer says that it is offline."""
        self.replies.at_once.clear()
        is_asked = False
        while not self.replies.in_order:
            self.replies.feed(self._printer.listen(_POLL_TIME))
            if self.replies.at_once:
                if is_offline(self.replies.at_once.pop()):
                    return False
                is_asked = False
            elif not is_asked:
                self._printer.send(ASK_PRINTER)
                is_asked = True
        if is_asked:
            self._settle()
        return True

    def _settle(self) -> None:
        """Take the answer that is still on its way, or the next question would get it."""
        deadline = Deadline(self._answer_time)
        while not self.replies.at_once:
            self.replies.feed(self._printer.listen(deadline.left()))


class _Job:
    """The steps of one job: look, send, be sure."""

    def __init__(self, printer: Printer, options: PrinterOptions, on_first_byte: Callable[[], None]) -> None:
        self._printer = printer
        self._options = options
        self._on_first_byte = on_first_byte
        self._talk = _Talk(printer, options.answer_time)

    def run(self, page: Page, *, is_dirty: bool) -> Outcome:
        try:
            fault = self._printer.fault() if self._options.confirms == "none" else self._talk.status().fault
        except OSError as error:
            return NotStarted(_reason(error))
        if fault:
            return NotStarted(fault)
        self._on_first_byte()
        try:
            self._send(page, is_dirty=is_dirty)
            return self._confirm()
        except OSError as error:
            raise _BrokenError(_reason(error)) from error

    def _send(self, page: Page, *, is_dirty: bool) -> None:
        if is_dirty:
            self._printer.send(bytes(self._options.width // 8 * _FRAGMENT_ROWS))
            self._printer.send(_FEED_AND_CUT[self._options.cut])
        self._printer.hw("INIT")
        self._printer.send(NO_REPORTS)
        if isinstance(page, Image.Image):
            self._printer.image(page, impl="bitImageRaster", fragment_height=_FRAGMENT_ROWS)
        else:
            self._printer.send(text_bytes(page))
        self._printer.send(_FEED_AND_CUT[self._options.cut])

    def _confirm(self) -> Outcome:
        if self._options.confirms == "none":
            self._printer.finish(self._options.answer_time)
            return Printed()
        if self._options.confirms == "in_order":
            fault = self._talk.wait_until_passed()
            return Unknown(fault) if fault else Printed(self._warning())
        status = self._talk.status()
        self._printer.finish(_POLL_TIME)
        return Unknown(status.fault) if status.fault else Printed(status.warning)

    def _warning(self) -> Reason | None:
        """The paper is out: a printer that falls silent now takes nothing of that back."""
        try:
            return self._talk.status().warning
        except OSError as error:
            return _reason(error)


def _reason(error: OSError) -> Reason:
    return Reason.TIMEOUT if isinstance(error, TimeoutError) else Reason.UNREACHABLE


def defused(picture: Image.Image) -> Image.Image:
    """The same picture without byte pairs that a printer takes for a real-time command; one dot is made black.

    The pair is looked for in the bytes as sent, across row ends too, where a change in the first byte suffices.
    """
    picture = picture.convert("1")
    dots = bytearray(ImageOps.invert(picture.convert("L")).convert("1").tobytes())
    hits = [found.start() for found in _REAL_TIME.finditer(dots)]
    if not hits:
        return picture
    for at in hits:
        dots[at] |= 0x08
    changed = Image.frombytes("1", picture.size, bytes(dots))
    return ImageOps.invert(changed.convert("L")).convert("1")
