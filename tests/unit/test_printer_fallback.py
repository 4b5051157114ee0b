"""An agent with two printers: which one prints, what is marked, and what staff are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from printer_agent import agent as agent_module
from printer_agent import printers as printers_module
from printer_agent.agent import ATTEMPTS_MAX
from printer_agent.outcome import PrinterOptions
from printer_agent.printers import SUSPECT_S, Printer, Printers
from printer_agent.status import Status
from printer_agent.text import Text
from printer_agent.wire import NotStarted, Printed, Reason, Unknown, Wire
from tests.unit.test_printer_agent import FakeWire, World

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_module, "FIRST_PAUSE_S", 0.001)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, second=PrinterOptions(width=384))


async def test_a_paper_whose_printer_cannot_print_comes_out_of_the_next_one_unmarked(world: World) -> None:
    world.first.outcomes = [NotStarted(Reason.PAPER_OUT)]
    world.owe("t-1")
    assert await world.run_until_reported(1) == [("t-1", "printed", "paper_out (1)")]
    assert (world.first.papers, world.second.papers) == ([], [("t-1", False)])


async def test_each_printer_gets_the_width_that_it_has(world: World) -> None:
    world.first.outcomes = [NotStarted(Reason.PAPER_OUT)]
    world.owe("t-1")
    await world.run_until_reported(1)
    assert [cast(Image.Image, page).width for _, _, page in world.second.pages] == [384]


async def test_a_printer_of_letters_gets_text(tmp_path: Path) -> None:
    world = World(tmp_path, second=PrinterOptions(width=384, prints="text"))
    world.first.outcomes = [NotStarted(Reason.OFFLINE)]
    world.owe("t-1")
    await world.run_until_reported(1)
    assert [cast(Text, page).lines[0].text for _, _, page in world.second.pages] == ["A" * 32]


async def test_what_may_have_come_out_of_the_first_is_marked_on_the_second(world: World) -> None:
    world.first.outcomes = [Unknown(Reason.PAPER_OUT)]
    world.owe("t-1")
    assert await world.run_until_reported(1) == [("t-1", "reprinted", "paper_out (1)")]
    assert (world.first.papers, world.second.papers) == ([("t-1", False)], [("t-1", True)])


async def test_what_may_have_come_out_before_a_crash_is_marked_on_either(world: World) -> None:
    world.ledger.receive("t-1")
    world.ledger.begin("t-1", "p1")
    world.first.outcomes = [NotStarted(Reason.UNREACHABLE)]
    world.owe("t-1")
    assert await world.run_until_reported(1) == [("t-1", "reprinted", "unreachable (1)")]
    assert world.second.papers == [("t-1", True)]
    assert (world.ledger.is_dirty("p1"), world.ledger.is_dirty("p2")) == (True, False)


async def test_where_none_can_print_staff_are_told_of_each(world: World) -> None:
    world.first.outcomes = [NotStarted(Reason.PAPER_OUT)]
    world.second.outcomes = [NotStarted(Reason.COVER_OPEN)]
    world.owe("t-1")
    reports = await world.run_until_reported(2)
    assert reports[0] == ("t-1", "delayed", "paper_out (1), cover_open (2)")
    assert reports[1][:2] == ("t-1", "printed")
    assert len(world.printed) == 1


async def test_after_a_failure_the_next_papers_do_not_wait_for_the_first_printer(world: World) -> None:
    world.first.outcomes = [NotStarted(Reason.UNREACHABLE), *[Unknown(Reason.UNREACHABLE)] * 9]
    world.owe("t-1", "t-2", "t-3")
    await world.run_until_reported(3)
    assert world.second.papers == [("t-1", False), ("t-2", False), ("t-3", False)]
    assert len(world.first.outcomes) == 9


async def test_a_printer_that_is_well_again_is_the_first_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printers_module, "LOOK_AGAIN_S", 0.001)
    world.first.outcomes = [NotStarted(Reason.PAPER_OUT)]
    world.first.statuses = [Status(Reason.PAPER_OUT), Reason.UNREACHABLE, Status(is_near_end=True)]
    world.owe("t-1")

    async def go_on_when_well() -> None:
        while world.printers.trouble() != "near_end (1)":
            world.said.clear()
            await world.said.wait()
        world.owe("t-2")

    async with asyncio.TaskGroup() as group:
        group.create_task(go_on_when_well())
        reports = await world.run_until_reported(2)
    assert world.second.papers == [("t-1", False)]
    assert world.first.papers == [("t-2", False)]
    assert reports[1] == ("t-2", "printed", "")


async def test_two_printers_that_confirm_nothing_do_not_use_up_the_rolls(world: World) -> None:
    world.first.outcomes = [Unknown(Reason.TIMEOUT)] * 99
    world.second.outcomes = [Unknown(Reason.TIMEOUT)] * 99
    world.owe("t-1")
    assert (await world.run_until_reported(2))[-1] == ("t-1", "failed", "timeout (1), timeout (2)")
    assert world.printed == [("t-1", False), *[("t-1", True)] * (ATTEMPTS_MAX - 1)]


# -- the order alone ---------------------------------------------------------------------------------------------------


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def two(clock: Callable[[], float]) -> tuple[Printers, list[Printer]]:
    wires = [FakeWire(cast(World, None)) for _ in range(2)]
    both = [Printer(name, cast(Wire, wire), PrinterOptions()) for name, wire in zip("ab", wires, strict=True)]
    return Printers(both, clock=clock), both


async def test_a_printer_that_swallows_papers_is_not_believed_for_a_while() -> None:
    """It says that it is well: with that alone every other paper would wait for it in vain."""
    clock = Clock()
    printers, (a, b) = two(clock)
    printers.note(a, Unknown(Reason.TIMEOUT))
    await printers.look()
    assert printers.in_order() == [b, a]
    clock.now += SUSPECT_S
    await printers.look()
    assert printers.in_order() == [a, b]


def test_those_that_failed_keep_their_order_behind_the_others() -> None:
    printers, (a, b) = two(Clock())
    printers.note(b, NotStarted(Reason.OFFLINE))
    printers.note(a, NotStarted(Reason.OFFLINE))
    assert printers.in_order() == [a, b]
    printers.note(b, Printed(Reason.NEAR_END))
    assert printers.in_order() == [b, a]
    assert printers.trouble() == "offline (1), near_end (2)"
