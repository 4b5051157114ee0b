"""What can become of a print job, and how a printer is spoken to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from printer_agent.status import Reason

Confirms = Literal["in_order", "real_time", "none"]
Cut = Literal["partial", "full", "none"]
Prints = Literal["picture", "text"]
COLUMN = 12
"""Dots of a letter in a printer's own font A."""


@dataclass(frozen=True, slots=True)
class PrinterOptions:
    """How a printer is spoken to. Times in seconds.

    `confirms`: "in_order" for printers that answer GS r (nearly all); "real_time" for those that answer DLE EOT only: a
    job counts as printed when the printer is well after the last byte was sent; "none" for devices that cannot be
    read, where a job counts as printed when its bytes were taken (by Windows' spooler: when they have left its queue).
    `prints` "text" is for printers that can print no picture; "none" of `cut` for those without a cutter.
    """

    width: int = 576
    confirms: Confirms = "in_order"
    cut: Cut = "partial"
    prints: Prints = "picture"
    connect_time: float = 3.0
    answer_time: float = 2.0
    job_time: float = 20.0

    @property
    def columns(self) -> int:
        """Letters on a line of text."""
        return self.width // COLUMN


@dataclass(frozen=True, slots=True)
class Printed:
    """The paper is out. `warning`: what to see to before the next one."""

    warning: Reason | None = None


@dataclass(frozen=True, slots=True)
class NotStarted:
    """No byte of the job has left: it can be tried again as it is."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes have left and nobody confirmed the paper: the next one must say "IN LẠI"."""

    reason: Reason


Outcome = Printed | NotStarted | Unknown
