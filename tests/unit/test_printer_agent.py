"""The agent's decisions, with a server, a channel and a printer that do as the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from printer_agent import agent as agent_module
from printer_agent.agent import ATTEMPTS_MAX, Agent
from printer_agent.board import Board
from printer_agent.ledger import JobState, Ledger, LedgerError
from printer_agent.outcome import PrinterOptions
from printer_agent.printers import Printer, Printers
from printer_agent.server import Me, Server, ServerRefused, ServerUnreachable, _fault
from printer_agent.status import Status
from printer_agent.wire import NotStarted, Outcome, Page, Printed, Reason, Unknown, Wire
from queue_server.protocol import problems
from queue_server.protocol.client import Client, NoAnswer, Refused
from queue_server.protocol.feed import Changes, Update
from queue_server.protocol.resources import TextLine

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
Report = tuple[str, str, str]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_module, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(agent_module, "REPORT_AGAIN_S", 0.001)


class FakeWire:
    """A printer that does as the test says; then it prints, and is well."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.outcomes: list[Outcome] = []
        self.statuses: list[Status | Reason] = []
        self.pages: list[tuple[str, bool, Page]] = []

    async def print(self, page: Page, on_first_byte: Callable[[], None]) -> Outcome:
        outcome = self.outcomes.pop(0) if self.outcomes else Printed()
        if not isinstance(outcome, NotStarted):
            on_first_byte()
            self._world.printed.append(self._world.asked)
            self.pages.append((*self._world.asked, page))
        self._world.on_print()
        return outcome

    async def status(self) -> Status | Reason:
        return self.statuses.pop(0) if self.statuses else Status()

    @property
    def papers(self) -> list[tuple[str, bool]]:
        return [(job, is_marked) for job, is_marked, _ in self.pages]


class World:
    """The agent with everything around it. `outcomes` are the first printer's answers, in order; then it prints.
    `second` is a printer that stands in, where there is one."""

    def __init__(self, folder: Path, *, second: PrinterOptions | None = None) -> None:
        self.first, self.second = FakeWire(self), FakeWire(self)
        wires = [(self.first, PrinterOptions()), *([(self.second, second)] if second else [])]
        self.said = asyncio.Event()
        both = [Printer(f"p{n}", cast(Wire, wire), options) for n, (wire, options) in enumerate(wires, 1)]
        self.printers = Printers(both, on_change=lambda _: self.said.set())
        self.no_picture: list[Exception] = []
        self.answers: list[Exception] = []
        self.printed: list[tuple[str, bool]] = []
        self.reports: list[Report] = []
        self.keys: list[str] = []
        self.rows: dict[str, Any] = {}
        self.time = NOW
        self.on_print: Callable[[], None] = lambda: None
        self.ledger = Ledger(folder / "ledger.db")
        self._updates: asyncio.Queue[Update] = asyncio.Queue()
        self.asked: tuple[str, bool] = ("", False)
        self._heard = asyncio.Event()
        self.agent = Agent(
            Me("device:p", "printer", "", "b"),
            client=cast(Client, self),
            server=cast(Server, self),
            printers=self.printers,
            ledger=self.ledger,
            board=Board(folder / "status.json"),
        )

    @property
    def outcomes(self) -> list[Outcome]:
        return self.first.outcomes

    @outcomes.setter
    def outcomes(self, outcomes: list[Outcome]) -> None:
        self.first.outcomes = outcomes

    # the channel

    def owe(self, *jobs: str, age_s: int = 0, is_reprint: bool = False) -> None:
        asked = (NOW - timedelta(seconds=age_s)).isoformat()
        for job in jobs:
            row = {"job": job, "number": job, "asked_at": asked, "max_age_s": 300, "is_reprint": is_reprint}
            self.rows[job] = row
        self.tell([("jobs", job, self.rows[job]) for job in jobs])

    def tell(self, changes: Changes | None) -> None:
        self._updates.put_nowait(Update({"jobs": dict(self.rows)}, changes))

    async def subscribe(self, _channel: str) -> AsyncIterator[Update]:
        while True:
            yield await self._updates.get()

    def now(self) -> datetime:
        return self.time

    async def command(self, _name: str, args: dict[str, str], *, key: str) -> None:
        if self.answers:
            raise self.answers.pop(0)
        self.reports.append((args["job"], args["outcome"], args["reason"]))
        self.keys.append(key)
        if args["outcome"] != "delayed":
            self.rows.pop(args["job"], None)
            self.tell([("jobs", args["job"], None)])
        self._heard.set()

    # the server and the printer

    async def picture(self, job: str, *, width: int, is_marked: bool) -> bytes:
        if self.no_picture:
            raise self.no_picture.pop(0)
        self.asked = (job, is_marked)
        out = BytesIO()
        Image.new("1", (width, 8), 1).save(out, "PNG")
        return out.getvalue()

    async def text(self, job: str, *, columns: int, is_marked: bool) -> tuple[TextLine, ...]:
        self.asked = (job, is_marked)
        return (TextLine("A" * columns),)

    # running

    async def run_until(self, is_done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            running = group.create_task(self.agent.run())
            while not is_done():
                self._heard.clear()
                await self._heard.wait()
            self.agent.stop()
            await running

    async def run_until_reported(self, count: int) -> list[Report]:
        await self.run_until(lambda: len(self.reports) >= count)
        return self.reports


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_papers_are_printed_in_the_order_of_their_events_and_reported(world: World) -> None:
    world.owe("t-10", "t-9", "t-261123-8")
    reports = await world.run_until_reported(3)
    assert world.printed == [("t-261123-8", False), ("t-9", False), ("t-10", False)]
    assert reports == [(job, "printed", "") for job, _ in world.printed]


async def test_a_warning_goes_along_with_the_report(world: World) -> None:
    world.outcomes = [Printed(Reason.NEAR_END)]
    world.owe("t-1")
    assert await world.run_until_reported(1) == [("t-1", "printed", "near_end")]


async def test_a_printer_that_cannot_print_is_reported_once_for_each_reason_and_waited_for(world: World) -> None:
    world.outcomes = [NotStarted(reason) for reason in (Reason.PAPER_OUT, Reason.PAPER_OUT, Reason.COVER_OPEN)]
    world.owe("t-1")
    reports = await world.run_until_reported(3)
    assert reports == [("t-1", "delayed", "paper_out"), ("t-1", "delayed", "cover_open"), ("t-1", "printed", "")]
    assert world.printed == [("t-1", False)]


async def test_after_an_unknown_end_the_next_paper_is_marked(world: World) -> None:
    world.outcomes = [Unknown(Reason.UNREACHABLE)]
    world.owe("t-1")
    assert (await world.run_until_reported(2))[-1] == ("t-1", "reprinted", "")
    assert world.printed == [("t-1", False), ("t-1", True)]


async def test_what_a_crash_left_begun_is_printed_marked(world: World) -> None:
    world.ledger.receive("t-1")
    world.ledger.begin("t-1")
    world.owe("t-1")
    assert await world.run_until_reported(1) == [("t-1", "reprinted", "")]
    assert world.printed == [("t-1", True)]


async def test_what_a_crash_left_printed_is_only_reported(world: World) -> None:
    world.ledger.receive("t-1")
    world.ledger.begin("t-1")
    world.ledger.finish("t-1", "near_end")
    world.owe("t-1")
    assert await world.run_until_reported(1) == [("t-1", "printed", "near_end")]
    assert world.printed == []


async def test_a_paper_that_somebody_asked_for_again_is_a_reprint(world: World) -> None:
    world.owe("t-1", is_reprint=True)
    assert await world.run_until_reported(1) == [("t-1", "reprinted", "")]


async def test_what_is_too_old_is_not_printed(world: World) -> None:
    world.owe("t-1", age_s=301)
    world.owe("t-2", age_s=299)
    assert await world.run_until_reported(2) == [("t-1", "too_old", ""), ("t-2", "printed", "")]
    assert world.printed == [("t-2", False)]


async def test_what_grows_too_old_while_it_waits_says_why_it_waited(world: World) -> None:
    world.outcomes = [NotStarted(Reason.PAPER_OUT)] * 3
    world.on_print = lambda: setattr(world, "time", NOW + timedelta(seconds=301 if len(world.outcomes) == 0 else 0))
    world.owe("t-1")
    assert (await world.run_until_reported(2))[-1] == ("t-1", "too_old", "paper_out")


async def test_what_began_and_grew_too_old_is_unconfirmed(world: World) -> None:
    world.ledger.receive("t-1")
    world.ledger.begin("t-1")
    world.owe("t-1", age_s=301)
    assert await world.run_until_reported(1) == [("t-1", "too_old", "unconfirmed")]


async def test_a_printer_that_confirms_nothing_does_not_use_up_the_roll(world: World) -> None:
    world.outcomes = [Unknown(Reason.TIMEOUT)] * 99
    world.owe("t-1")
    assert (await world.run_until_reported(2))[-1] == ("t-1", "failed", "timeout")
    assert world.printed == [("t-1", False), *[("t-1", True)] * (ATTEMPTS_MAX - 1)]


async def test_a_picture_that_cannot_be_had_yet_is_asked_for_again(world: World) -> None:
    world.no_picture = [ServerUnreachable("gone"), ServerRefused(429, "busy", "")]
    world.owe("t-1")
    assert await world.run_until_reported(1) == [("t-1", "printed", "")]


async def test_a_job_that_the_server_does_not_know_is_dropped_and_holds_nobody_up(world: World) -> None:
    world.no_picture = [ServerRefused(404, "unknown-job", "")]
    world.owe("t-1", "t-2")
    assert await world.run_until_reported(1) == [("t-2", "printed", "")]
    job = world.ledger.job("t-1")
    assert job is not None
    assert job.state is JobState.GIVEN_UP


async def test_a_job_that_is_taken_back_while_it_waits_is_dropped(world: World) -> None:
    def take_back() -> None:
        del world.rows["t-1"]
        world.tell([("jobs", "t-1", None)])
        world.on_print = lambda: None

    world.outcomes = [NotStarted(Reason.OFFLINE)] * 1
    world.on_print = take_back
    world.owe("t-1", "t-2")
    assert (await world.run_until_reported(2))[-1] == ("t-2", "printed", "")
    assert world.printed == [("t-2", False)]


async def test_a_token_that_is_not_valid_any_more_ends_the_agent(world: World) -> None:
    world.no_picture = [ServerRefused(401, "unauthenticated", "")]
    world.owe("t-1")
    with pytest.raises(ExceptionGroup) as ended:
        await world.run_until_reported(1)
    assert ended.group_contains(ServerRefused, depth=2)


async def test_a_report_is_repeated_with_its_key_until_it_is_heard(world: World) -> None:
    busy = Refused(problems.problem("unavailable", {}))
    world.answers = [NoAnswer(), busy, NoAnswer()]
    world.owe("t-1")
    await world.run_until_reported(1)
    assert world.keys == ["paper/t-1/printed/"]


async def test_a_report_that_is_refused_does_not_hold_up_the_next_paper(world: World) -> None:
    world.answers = [Refused(problems.problem("forbidden", {}))]
    world.owe("t-1", "t-2")
    assert await world.run_until_reported(1) == [("t-2", "printed", "")]


async def test_a_job_that_a_restored_server_owes_again_is_reported_again_and_not_printed(world: World) -> None:
    world.owe("t-1")

    def owed_again() -> bool:
        if len(world.reports) == 1:
            world.owe("t-1")
            world.tell(None)
        return len(world.reports) >= 2

    await world.run_until(owed_again)
    assert world.printed == [("t-1", False)]
    assert set(world.reports) == {("t-1", "printed", "")}


async def test_a_job_that_began_before_is_never_begun_with_an_unmarked_picture(world: World) -> None:
    """The last guard before the first byte, should the steps above it ever be wrong."""
    world.ledger.receive("t-1")
    world.ledger.begin("t-1")
    with pytest.raises(LedgerError, match="not marked"):
        world.agent._begin("t-1", "p1", is_marked=False)


@pytest.mark.parametrize(
    ("status", "expected"), [(429, ServerUnreachable), (503, ServerUnreachable), (401, ServerRefused)]
)
async def test_who_is_told_to_wait_comes_back_and_who_is_refused_does_not(
    status: int, expected: type[Exception]
) -> None:
    said = {"type": "", "title": "", "status": status, "code": "some", "detail": "Hãy đợi 7 giây."}
    fault = _fault(status, json.dumps(said).encode())
    assert isinstance(fault, expected)
    assert "Hãy đợi 7 giây." in str(fault)
