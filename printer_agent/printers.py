"""The printers of one dispenser, in the order in which they are wanted, and what is wrong with each.

One that cannot print comes last until it is well again, so that only the first paper after its failure waits for it.
Where there is another one, a printer that has failed is asked now and then how it is, whether papers come or not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from printer_agent.outcome import NotStarted, Outcome, PrinterOptions, Unknown
from printer_agent.status import Reason, Status
from printer_agent.wire import Wire

LOOK_AGAIN_S = 3.0
SUSPECT_S = 60.0
"""As long a printer that took a paper and never said that it is out comes last, however well it says it is."""


@dataclass(frozen=True, slots=True)
class Printer:
    """`name` is its address as it was set: the ledger and the technician know it by that."""

    name: str
    wire: Wire
    options: PrinterOptions


class Printers:
    """`on_change` is told what each has, by name: "ok", or a `Reason`; "" until it was tried."""

    def __init__(
        self,
        printers: Sequence[Printer],
        *,
        on_change: Callable[[dict[str, str]], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._all = list(printers)
        self._on_change = on_change
        self._clock = clock
        self._said = {printer.name: "" for printer in printers}
        self._failed: dict[str, float] = {}  # name → when it may be asked how it is
        self._has_failed = asyncio.Event()

    def in_order(self) -> list[Printer]:
        """Those that can print first, each group as it was set."""
        return sorted(self._all, key=lambda printer: printer.name in self._failed)

    def note(self, printer: Printer, outcome: Outcome) -> None:
        """What became of a paper tells how its printer is."""
        match outcome:
            case Unknown(reason=Reason.TIMEOUT):
                self._fail(printer, Reason.TIMEOUT, rest_s=SUSPECT_S)
            case NotStarted(reason) | Unknown(reason):
                self._fail(printer, reason)
            case _:
                self._is_well(printer, outcome.warning)

    def trouble(self) -> str:
        """Every fault and warning as one word; with several printers "paper_out (1), near_end (2)", by their places."""
        found = [(place, self._said[printer.name]) for place, printer in enumerate(self._all, 1)]
        wrong = [(place, said) for place, said in found if said not in ("", "ok")]
        if len(self._all) == 1:
            return wrong[0][1] if wrong else ""
        return ", ".join(f"{said} ({place})" for place, said in wrong)

    async def watch(self) -> None:
        """Ask those that failed until they are well. A single one is asked by the next paper anyway."""
        if len(self._all) < 2:
            return
        while True:
            await self._has_failed.wait()
            await asyncio.sleep(LOOK_AGAIN_S)
            await self.look()

    async def look(self) -> None:
        """Ask each that failed, and may be believed, how it is now."""
        for printer in self._all:
            if self._failed.get(printer.name, float("inf")) <= self._clock():
                await self._look(printer)

    async def _look(self, printer: Printer) -> None:
        found = await printer.wire.status()
        if printer.name not in self._failed:
            return  # a paper came out meanwhile
        if not isinstance(found, Status):
            self._fail(printer, found)
        elif found.fault:
            self._fail(printer, found.fault)
        else:
            self._is_well(printer, found.warning)

    def _fail(self, printer: Printer, reason: Reason, *, rest_s: float = 0.0) -> None:
        self._failed[printer.name] = max(self._failed.get(printer.name, 0.0), self._clock() + rest_s)
        self._has_failed.set()
        self._say(printer, reason.value)

    def _is_well(self, printer: Printer, warning: Reason | None) -> None:
        self._failed.pop(printer.name, None)
        if not self._failed:
            self._has_failed.clear()
        self._say(printer, warning.value if warning else "ok")

    def _say(self, printer: Printer, said: str) -> None:
        self._said[printer.name] = said
        self._on_change(dict(self._said))
