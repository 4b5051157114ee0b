"""Killing a printer agent at chosen and at random moments, and counting what lies in citizens' hands afterwards.

Used by `tests/faults/test_printer_kills.py` (a few kills) and `load/printer_kills.py` (as many as wanted).
With a second printer that stands in, the first one also runs out of paper, or loses its line, inside a picture.
A kill counts as *between first and last byte* when the printer has torn paper in its mouth afterwards: it got the
beginning of a picture, never its end. What the kernel had taken from the agent does not count as printed.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.printing import AgentProcess, Piece, Reader, Reported, job_of, reports, wait_until_nothing_is_owed
from tests.server import DemoServer
from tests.simulators.escpos_decoder import Paper
from tests.simulators.printer import Fault, PrinterSimulator

BYTES_PER_SECOND = 60_000  # a ticket of about 40 kB takes 0.7 s
BUFFER_BYTES = 4096  # small, so that a kill leaves most of a picture unsent
JOB_BYTES = 38_000  # less than any ticket has
WAIT_S = 60.0

Moment = Literal["pressed", "connected", "inside", "cut", "out", "dropped"]
MOMENTS: tuple[Moment, ...] = ("pressed", "connected", "inside", "inside", "cut")
"""Just after the press; when the agent begins to talk to the printer; inside a picture; when a paper has been cut and
the agent does not know yet, or has not reported."""
FAULTY: tuple[Moment, ...] = ("out", "dropped", "inside", "cut")
"""Beside those, where there is a second printer: when the first has no paper left, or no line, inside a picture."""


@dataclass
class Figures:
    """What came of it. `unmarked_doubles`: tickets of which more than one unmarked paper, or part of one, came out;
    `misreported`: papers whose last report is not what lies there."""

    kills: int = 0
    between: int = 0
    tickets: int = 0
    unmarked: int = 0
    marked: int = 0
    parts: int = 0
    blank: int = 0
    unknown: int = 0
    unmarked_doubles: list[str] = field(default_factory=list)
    without_paper: list[str] = field(default_factory=list)
    misreported: list[str] = field(default_factory=list)
    moments: Counter[str] = field(default_factory=Counter)

    def is_right(self) -> bool:
        return not (self.unmarked_doubles or self.without_paper or self.misreported or self.unknown)


class Killing:
    """A centre, its printers and its agent. `forgets`: the agent's memory is lost with each kill (the control).
    Several printers share their `changed`."""

    def __init__(
        self,
        centre: DemoServer,
        printers: Sequence[PrinterSimulator],
        folder: Path,
        *,
        seed: int,
        forgets: bool = False,
    ) -> None:
        self._centre = centre
        self._printer, *others = self._printers = list(printers)
        fallback = (part for it in others for part in ("--fallback", "network:{}:{}".format(*it.address)))
        self._agent = AgentProcess(folder, centre.url, centre.tokens["printer"], self._printer.address, *fallback)
        self._choice = (*MOMENTS, *FAULTY) if others else MOMENTS
        self._first: list[Moment] = ["out", "dropped"] if others else []
        self._chance = random.Random(seed)
        self._forgets = forgets
        self._jobs: list[str] = []
        self._moments: Counter[str] = Counter()

    def run(self, kills: int, *, between: int) -> Figures:
        """Kill so many times, and go on until so many fell between first and last byte; then let everything end."""
        done = 0
        with self._agent:
            while done < kills or self._torn() < between:
                is_late = done >= kills - (between - self._torn())
                chosen = self._first.pop() if self._first else self._chance.choice(self._choice)
                self._kill(moment="inside" if is_late else chosen)
                done += 1
            self._mend()
            wait_until_nothing_is_owed(self._centre)
            self._agent.stop()
        self._printer.wait_until(lambda _: self._cut() >= len(self._jobs), WAIT_S)
        return figures(self._centre, self._printers, self._jobs, kills=done, moments=self._moments)

    def _mend(self) -> None:
        """Paper again: what the printer still holds comes out."""
        self._printer.clear(Fault.PAPER_OUT)

    def _papers(self) -> list[Paper]:
        return [paper for printer in self._printers for paper in printer.papers]

    def _torn(self) -> int:
        return sum(1 for paper in self._papers() if paper.is_torn)

    def _kill(self, moment: Moment) -> None:
        self._moments[moment] += 1
        self._mend()
        reached = self._reached(moment)
        for _ in range(self._chance.randint(1, 2)):
            self._jobs.append(job_of(self._centre.api("dispenser").issue("chung-thuc")))
        if reached is not None:
            self._printer.wait_until(reached, WAIT_S)
        self._agent.kill()
        if self._forgets:
            self._agent.wipe()
        self._agent.start()

    def _reached(self, moment: Moment) -> Callable[[PrinterSimulator], bool] | None:
        """What is true of the printer then, counted from now; with nothing else under way, so that it is a new job."""
        if moment == "pressed":
            return None
        wait_until_nothing_is_owed(self._centre)
        bytes_before, cut_before, lines_before = self._received(), self._cut(), self._connections()
        share = self._chance.randint(1500, JOB_BYTES - 12_000)
        match moment:
            case "connected":
                return lambda _: self._connections() > lines_before
            case "inside":
                return lambda _: self._received() >= bytes_before + share
            case "cut":
                return lambda _: self._cut() > cut_before
            case "out":
                self._printer.set_after(share, Fault.PAPER_OUT)
                return lambda it: Fault.PAPER_OUT in it.faults or self._cut() > cut_before
            case "dropped":
                self._printer.drop_after(share)
                return lambda _: self._received() >= bytes_before + share

    def _received(self) -> int:
        return sum(printer.received_bytes for printer in self._printers)

    def _connections(self) -> int:
        return sum(printer.connections for printer in self._printers)

    def _cut(self) -> int:
        return sum(1 for paper in self._papers() if paper.is_cut)


def figures(
    centre: DemoServer,
    printers: Sequence[PrinterSimulator],
    jobs: list[str],
    *,
    kills: int,
    moments: Counter[str],
) -> Figures:
    reader = Reader(centre, jobs)
    papers = [(paper, reader.read(paper)) for printer in printers for paper in printer.papers]
    pieces = [piece for _, piece in papers]
    whole = Counter((piece.job, piece.is_marked) for piece in pieces if piece.kind == "whole")
    in_hand = Counter(p.job for p in pieces if p.job is not None and not p.is_marked)
    kinds = Counter(piece.kind for piece in pieces)
    return Figures(
        kills=kills,
        between=sum(1 for paper, piece in papers if paper.is_torn and piece.kind == "part"),
        tickets=len(jobs),
        unmarked=sum(count for (_, is_marked), count in whole.items() if not is_marked),
        marked=sum(count for (_, is_marked), count in whole.items() if is_marked),
        parts=kinds["part"],
        blank=kinds["blank"],
        unknown=kinds["unknown"],
        unmarked_doubles=[job for job in jobs if in_hand[job] > 1],
        without_paper=[job for job in jobs if not whole[job, False] + whole[job, True]],
        misreported=_misreported(jobs, pieces, reports(centre)),
        moments=moments,
    )


def _misreported(jobs: list[str], pieces: list[Piece], said: list[Reported]) -> list[str]:
    """Jobs that were reported otherwise than their last whole paper is: a marked one is never followed by another."""
    last = {report.job: report.outcome for report in said}
    marked = {piece.job for piece in pieces if piece.kind == "whole" and piece.is_marked}
    return [job for job in jobs if last.get(job) != ("reprinted" if job in marked else "printed")]


def a_slow_printer(changed: threading.Condition | None = None) -> PrinterSimulator:
    return PrinterSimulator(bytes_per_second=BYTES_PER_SECOND, buffer_bytes=BUFFER_BYTES, changed=changed)


@contextmanager
def slow_printers(count: int) -> Iterator[list[PrinterSimulator]]:
    """So many beside one agent."""
    changed = threading.Condition()
    with ExitStack() as stack:
        yield [stack.enter_context(a_slow_printer(changed)) for _ in range(count)]
