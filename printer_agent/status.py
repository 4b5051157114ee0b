"""What a printer's status bytes mean (ESC/POS: DLE EOT 1, 2, 4 and GS r).

Replies carry no name, only fixed bits tell them apart (Epson's table "transmission status identification"):
`0xx1xx10` answers DLE EOT, `0xx1xx00` begins an unasked report of four bytes, `00010001`/`00010011` are flow control,
`0xx0xxxx` answers GS r. `Replies` sorts them, so that an unasked report is never taken for an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ASK_PRINTER = b"\x10\x04\x01"
ASK_OFFLINE_CAUSE = b"\x10\x04\x02"
ASK_PAPER = b"\x10\x04\x04"
ASK_IN_ORDER = b"\x1dr\x01"
NO_REPORTS = b"\x1da\x00"

_REPORT_TAIL = 3  # bytes after the first of an unasked report


class Reason(StrEnum):
    """Why a paper did not come, may not have come, or (as a warning) what to see to next."""

    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    OFFLINE = "offline"
    FAULT = "fault"  # cutter stuck, head too hot
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    NEAR_END = "near_end"


@dataclass(frozen=True, slots=True)
class Status:
    """`fault` keeps the printer from printing; a roll near its end does not."""

    fault: Reason | None = None
    is_near_end: bool = False

    @property
    def warning(self) -> Reason | None:
        return self.fault or (Reason.NEAR_END if self.is_near_end else None)


def read_status(printer: int, offline_cause: int, paper: int) -> Status:
    """Join three answers. An open cover goes first: it makes many printers report the paper as missing as well."""
    is_near_end = bool(paper & 0x0C)
    faults = (
        (offline_cause & 0x04, Reason.COVER_OPEN),
        (paper & 0x60 or offline_cause & 0x20, Reason.PAPER_OUT),
        (offline_cause & 0x40, Reason.FAULT),
        (printer & 0x08, Reason.OFFLINE),
    )
    fault = next((reason for bits, reason in faults if bits), None)
    return Status(fault, is_near_end)


def is_offline(printer: int) -> bool:
    return bool(printer & 0x08)


class Replies:
    """Sorts what a printer says into answers to DLE EOT (`at_once`) and to GS r (`in_order`)."""

    def __init__(self) -> None:
        self.at_once: list[int] = []
        self.in_order: list[int] = []
        self._skip = 0

    def feed(self, data: bytes) -> None:
        for byte in data:
            if self._skip:
                self._skip -= 1
            elif byte & 0x93 == 0x12:
                self.at_once.append(byte)
            elif byte & 0x93 == 0x10:
                self._skip = _REPORT_TAIL
            elif byte & 0x90 == 0x00:
                self.in_order.append(byte)
