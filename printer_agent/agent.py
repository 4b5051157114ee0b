"""The agent: follows its printer's channel, prints each paper once and in order, and reports what became of it.

The server delivers a job until its end is reported, so nothing here needs to be remembered but what the ledger keeps:
whether a paper may have come out. A paper goes to the first printer that can print it; what may have come out of one
is marked on the next. Where none can, it holds up the papers behind it; they keep their order, and each is given up
when it is too old for anybody to wait for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from secrets import token_hex
from typing import Any, Protocol

import msgspec
from PIL import Image

from printer_agent.board import Board
from printer_agent.ledger import Job, JobState, Ledger, LedgerError
from printer_agent.printers import Printer, Printers
from printer_agent.server import Server, ServerRefused, ServerUnreachable
from printer_agent.text import Text
from printer_agent.wire import Page, Printed
from queue_server.protocol.client import Client, ClientError, NoAnswer, Refused
from queue_server.protocol.feed import Changes
from queue_server.protocol.rows import JobRow

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 4.0
ATTEMPTS_MAX = 5
"""How often a job is begun: a printer that takes papers and confirms none must not use up the roll."""
REPORT_AGAIN_S = 1.0
GOODBYE_S = 3.0
WITHDRAWN = "withdrawn"
NO_PICTURE = "no_picture"
UNCONFIRMED = "unconfirmed"


class Place(Protocol):
    """Where the agent is: its device and branch, as the server knows them."""

    @property
    def device(self) -> str: ...
    @property
    def branch(self) -> str | None: ...


class Agent:
    """Runs until `stop`, or until the server will not have it any more: ServerRefused, Refused or Stopped."""

    def __init__(
        self,
        place: Place,
        *,
        client: Client,
        server: Server,
        printers: Printers,
        ledger: Ledger,
        board: Board,
        rest_s: float = 0.0,
    ) -> None:
        self._place = place
        self._client = client
        self._server = server
        self._printers = printers
        self._ledger = ledger
        self._board = board
        self._rest_s = rest_s
        self._rows: dict[str, JobRow] = {}
        self._ended: set[str] = set()
        self._told: tuple[str, str] | None = None
        self._page: tuple[tuple[str, bool, str, int], Page] | None = None
        self._reports: dict[str, asyncio.Task[None]] = {}
        self._group = asyncio.TaskGroup()
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        async with self._group:
            follower = self._group.create_task(self._follow(), name="follow")
            watcher = self._group.create_task(self._printers.watch(), name="watch")
            await self._work()
            reports = list(self._reports.values())
            if reports:
                await asyncio.wait(reports, timeout=GOODBYE_S)
            for task in (follower, watcher, *reports):
                task.cancel()

    def stop(self) -> None:
        """Finish the paper that is being printed, and no more."""
        self._stopping.set()
        self._news.set()

    async def _follow(self) -> None:
        async for update in self._client.subscribe(f"printer:{self._place.device}"):
            if update.changes is None:
                self._rows = msgspec.convert(update.view.get("jobs", {}), dict[str, JobRow])
                self._ended = set()
            else:
                self._follow_changes(update.changes)
            self._board.show(owed=len(self._rows))
            self._news.set()

    def _follow_changes(self, changes: Changes) -> None:
        """One by one: a printer that is down may owe hundreds."""
        for _, job, row in changes:
            if row is None:
                self._rows.pop(job, None)
                self._ended.discard(job)
            else:
                self._rows[job] = msgspec.convert(row, JobRow)

    # -- printing ------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            row = self._next()
            if row is None:
                await self._news.wait()
            else:
                await self._carry_out(row)
                if self._rest_s:
                    await self._pause(self._rest_s)

    def _next(self) -> JobRow | None:
        """The oldest paper that is owed and has not ended here."""
        owed = (row for row in self._rows.values() if row.job not in self._ended)
        return min(owed, key=_order, default=None)

    async def _carry_out(self, row: JobRow) -> None:
        """Print this paper or give it up, whichever comes first."""
        job = self._ledger.receive(row.job).job
        reason = UNCONFIRMED if job.state is JobState.BEGUN else ""
        pause_s = FIRST_PAUSE_S
        while job.is_open:
            if self._stopping.is_set():
                return
            if end := self._end_without_paper(row, job):
                self._give_up(row, f"{end} {reason}")
            elif reason := await self._try(row, job) or "":
                self._delay(row.job, reason)
                await self._pause(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            job = self._ledger.receive(row.job).job
        self._end(row, job)

    def _end_without_paper(self, row: JobRow, job: Job) -> str | None:
        if row.job not in self._rows:
            return WITHDRAWN
        if self._client.now() - row.asked_at > timedelta(seconds=row.max_age_s):
            return "too_old"
        return "failed" if job.attempts >= ATTEMPTS_MAX else None

    async def _try(self, row: JobRow, job: Job) -> str | None:
        """Each printer once, until one prints; returns why there is no confirmed paper."""
        for printer in self._printers.in_order():
            if self._stopping.is_set() or self._end_without_paper(row, job):
                break
            is_marked = job.state is JobState.BEGUN
            try:
                page = await self._get_page(row.job, printer, is_marked=is_marked)
            except (ServerUnreachable, ServerRefused) as fault:
                return self._on_no_picture(row, fault)
            if await self._is_printed(row, printer, page, is_marked=is_marked):
                return None
            job = self._ledger.receive(row.job).job
        return self._printers.trouble()

    async def _is_printed(self, row: JobRow, printer: Printer, page: Page, *, is_marked: bool) -> bool:
        """One attempt. After a beginning on any printer, unless it ended as a paper, the next one has to be marked."""
        begin = partial(self._begin, row.job, printer.name, is_marked=is_marked)
        outcome = await printer.wire.print(page, begin)
        self._printers.note(printer, outcome)
        if not isinstance(outcome, Printed):
            log.warning("Number %s is not printed by %s: %s.", row.number, printer.name, outcome.reason)
            return False
        self._ledger.finish(row.job, self._printers.trouble(), printer.name)
        self._board.show(last_number=row.number, last_printed_at=datetime.now(UTC))
        log.info("Number %s is printed%s.", row.number, ", marked as a reprint" if is_marked else "")
        return True

    def _begin(self, job: str, printer: str, *, is_marked: bool) -> None:
        """On the disk before the first byte leaves; in the printing thread."""
        begun = self._ledger.begin(job, printer)
        if not begun.first and not is_marked:
            raise LedgerError(f"job {job} has begun before and its paper is not marked")

    async def _get_page(self, job: str, printer: Printer, *, is_marked: bool) -> Page:
        options = printer.options
        key = (job, is_marked, options.prints, options.width)
        if self._page is None or self._page[0] != key:
            self._page = key, await self._fetch(job, printer, is_marked=is_marked)
        return self._page[1]

    async def _fetch(self, job: str, printer: Printer, *, is_marked: bool) -> Page:
        options = printer.options
        if options.prints == "text":
            return Text(await self._server.text(job, columns=options.columns, is_marked=is_marked))
        png = await self._server.picture(job, width=options.width, is_marked=is_marked)
        return Image.open(BytesIO(png)).convert("1")

    def _on_no_picture(self, row: JobRow, fault: ServerUnreachable | ServerRefused) -> str | None:
        if isinstance(fault, ServerRefused) and fault.status == 401:
            raise fault
        log.warning("No picture of number %s: %s", row.number, fault)
        if isinstance(fault, ServerRefused) and fault.code == "unknown-job":
            self._give_up(row, WITHDRAWN)
            return None
        return NO_PICTURE

    def _give_up(self, row: JobRow, end: str) -> None:
        log.warning("Number %s is given up: %s.", row.number, end.strip())
        self._ledger.give_up(row.job, end.strip())

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    # -- reporting -----------------------------------------------------------------------------------------------------

    def _end(self, row: JobRow, job: Job) -> None:
        """Report a job's end until the server has heard it; meanwhile the next paper is printed."""
        self._ended.add(row.job)
        if job.state is JobState.DONE:
            is_marked = row.is_reprint or job.attempts > 1
            self._start(row.job, self._report(row.job, "reprinted" if is_marked else "printed", job.reason))
        elif not job.reason.startswith(WITHDRAWN):
            outcome, _, reason = job.reason.partition(" ")
            self._start(row.job, self._report(row.job, outcome, reason))

    def _delay(self, job: str, reason: str) -> None:
        """Say once for each reason that a paper is late, so that staff can see to the printer."""
        if reason != NO_PICTURE and self._told != (job, reason):
            self._told = (job, reason)
            self._start(f"{job} {reason}", self._report_delay(job, reason))

    def _start(self, what: str, report: Coroutine[Any, Any, None]) -> None:
        """Report beside the printing; a snapshot may ask for a report that is still on its way."""
        if what in self._reports:
            report.close()
            return
        task = self._reports[what] = self._group.create_task(report, name=f"report {what}")
        task.add_done_callback(lambda _: self._reports.pop(what, None))

    async def _report(self, job: str, outcome: str, reason: str) -> None:
        """The key is made of what is said, so that saying it again, after a crash too, is one report."""
        key = f"paper/{job}/{outcome}/{reason}"
        while True:
            try:
                await self._client.command("report-paper", self._args(job, outcome, reason), key=key)
                return
            except NoAnswer:
                continue
            except Refused as refusal:
                if refusal.problem.status < 500:
                    log.error("The report %s was refused: %s", key, refusal.problem.detail)
                    return
                await asyncio.sleep(REPORT_AGAIN_S)
            except ClientError:
                return  # the follower hears it too, and ends the agent

    async def _report_delay(self, job: str, reason: str) -> None:
        """Each time by a key of its own: the same may be news again. What is not heard is said by the paper's end."""
        try:
            await self._client.command("report-paper", self._args(job, "delayed", reason), key=token_hex(16))
        except ClientError as fault:
            log.warning("The server was not told that a paper is late: %s", fault)

    def _args(self, job: str, outcome: str, reason: str) -> dict[str, str | None]:
        return {"branch": self._place.branch, "job": job, "outcome": outcome, "reason": reason}


def _order(row: JobRow) -> tuple[int, str]:
    """Jobs end with the seq of the event that asked for them."""
    seq = row.job.rpartition("-")[2]
    return (int(seq) if seq.isdigit() else 0, row.job)
