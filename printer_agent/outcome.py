"""What can become of a print job, and how a printer is spoken to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from printer_agent.status import Reason


@dataclass(frozen=True, slots=True)
class PrinterOptions:
    """How a printer is spoken to. Times in seconds.

    `confirms`: "in_order" for printers that answer GS r (nearly all); "real_time" for those that answer DLE EOT only: a
    job counts as printed when the printer is well after the last byte was sent; "none" for devices that cannot be
    read, where a job counts as printed when its bytes were taken.
    """

    width: int = 576
    confirms: Literal["in_order", "real_time", "none"] = "in_order"
    cut: Literal["partial", "full"] = "partial"
    connect_time: float = 3.0
    answer_time: float = 2.0
    job_time: float = 20.0


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
