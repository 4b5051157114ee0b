"""When a branch is foreseen, and by whom of several processes."""

from __future__ import annotations

import gc
import math
import time
from datetime import timedelta
from typing import Any, cast
from weakref import ref

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain.advice import Advices, Question
from queue_server.domain.configuration import BranchConfig, Cap, Text
from queue_server.domain.foresight import Outlook, Scene, foresee
from queue_server.domain.state import BranchState
from queue_server.foreseeing.foreseer import AGAIN_S, EVERY_S, MISSED_S, Foreseer
from queue_server.foreseeing.plays import Plays
from tests.factories import CHIEF, MINH, Branch, config, limited, moment

pytestmark = pytest.mark.anyio


class PlaysHere:
    """It advises nothing, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    async def play(self, scene: Scene) -> Outlook:
        return foresee(scene, plays=2)

    async def advise(self, question: Question) -> Advices:
        self.asked.append(question)
        return Advices(question.scene.at, [])


class Host:
    """As much of a host as is asked for."""

    def __init__(self, branch: Branch) -> None:
        self.branch_id = "go-vap"
        self.state = branch.state
        self.is_settled, self.is_closed = True, False
        self.outlook: Outlook | None = None

    async def settled(self) -> BranchState:
        return self.state


class Here:
    """A process at 08:00 with a branch, and what it has told others."""

    def __init__(self, whole: BranchConfig | None = None, *, waiting: int = 1) -> None:
        self.branch = branch = Branch(whole)
        branch.open(1, "07:30")
        for _ in range(waiting):
            branch.issue("chung-thuc", "07:31")
        self.host: Any = Host(branch)
        self.told: list[bool] = []
        self.plays = PlaysHere()
        self.foreseer = Foreseer(
            cast(Plays, self.plays), lambda: moment("08:00"), lambda *said: self.told.append(said[2])
        )

    @property
    def due_in(self) -> float:
        return self.foreseer._course(self.host).due_at - time.monotonic()

    async def advise(self, *lenders: tuple[Any, float]) -> Advices | None:
        async def found() -> list[tuple[Any, float]]:
            return [*lenders]

        return await self.foreseer.advise(self.host, found, {})

    async def make(self) -> None:
        await self.foreseer._make(self.host)
        assert isinstance(self.host.outlook, Outlook)


async def again_in(whole: BranchConfig, *, waiting: int) -> float:
    """After so many seconds."""
    here = Here(whole, waiting=waiting)
    await here.make()
    return here.due_in


async def test_a_branch_is_foreseen_again_while_somebody_waits() -> None:
    assert await again_in(config(), waiting=1) == pytest.approx(AGAIN_S, abs=2)
    assert await again_in(config(), waiting=0) == math.inf


async def test_a_forecast_by_which_issuing_ends_never_grows_old() -> None:
    """All are busy and nobody waits: who comes now is refused, and still in five minutes."""
    assert await again_in(limited(ends_by_forecast=True), waiting=0) == pytest.approx(AGAIN_S, abs=2)


async def test_an_outlook_says_of_what_no_more_numbers_are_given() -> None:
    whole = config()
    cap = replace(whole.fields[0], cap=Cap(day=1))
    here = Here(replace(whole, fields=(cap, *whole.fields[1:])), waiting=1)
    here.branch.do(c.SuspendField(field="dat-dai", reason=Text("Mất điện")), "07:50", CHIEF)
    await here.make()
    assert here.host.outlook.shut == ("chung-thuc", "dat-dai")


# -- of several processes ----------------------------------------------------------------------------------------------


def from_elsewhere(outlook: Outlook, *, later_s: float) -> Outlook:
    return replace(outlook, at=outlook.at + timedelta(seconds=later_s))


async def test_who_wrote_last_makes_it_soon_and_all_others_only_when_it_does_not_come() -> None:
    here = Here()
    here.foreseer.see(here.host, is_own=True)
    assert here.due_in <= EVERY_S
    here.foreseer.see(here.host, is_own=False)
    assert MISSED_S - 1 <= here.due_in <= 1.3 * MISSED_S


async def test_changes_in_a_row_are_one_outlook_at_most_every_five_seconds() -> None:
    here = Here()
    here.foreseer.see(here.host, is_own=True)
    first = here.foreseer._course(here.host).due_at
    for _ in range(100):
        here.foreseer.see(here.host, is_own=True)
    assert here.foreseer._course(here.host).due_at == first
    assert len(here.foreseer._plans) == 1
    await here.make()
    here.foreseer.see(here.host, is_own=True)
    assert EVERY_S - 1 <= here.due_in <= EVERY_S


async def test_an_outlook_from_elsewhere_is_told_and_put_off_what_was_planned_here() -> None:
    here = Here()
    await here.make()
    here.foreseer.see(here.host, is_own=False)
    here.foreseer.hear(here.host, from_elsewhere(here.host.outlook, later_s=3))
    assert here.told == [True, False]
    assert here.due_in >= MISSED_S - 1
    here.foreseer.hear(here.host, from_elsewhere(here.host.outlook, later_s=-1))
    assert here.told == [True, False], "an older one is none"


async def test_what_was_written_here_since_is_not_put_off_by_an_outlook_from_elsewhere() -> None:
    here = Here()
    await here.make()
    here.foreseer.see(here.host, is_own=True)
    here.foreseer.hear(here.host, from_elsewhere(here.host.outlook, later_s=3))
    assert here.due_in <= EVERY_S


async def test_advice_is_worked_out_once_as_long_as_the_same_counters_are_open() -> None:
    here = Here()
    first = await here.advise()
    here.branch.issue("chung-thuc", "07:40")
    assert await here.advise() == first
    assert len(here.plays.asked) == 1
    here.branch.open(2, "07:45", MINH)
    await here.advise()
    here.branch.do(c.AssignCounter(counter=2, fields=("dat-dai",)), "07:50")
    await here.advise()
    assert [len(question.closed) for question in here.plays.asked] == [4, 3, 3]
    assert here.plays.asked[0].agencies["dat-dai"] == "ubnd"


async def test_when_the_day_has_ended_nothing_is_advised_any_more() -> None:
    here = Here()
    assert await here.advise() is not None
    here.branch.do(c.EndDay(leftovers="expire"), "07:50", CHIEF)
    assert await here.advise() is None
    assert len(here.plays.asked) == 1


async def test_who_might_lend_somebody_is_played_too_unless_no_day_is_open_there() -> None:
    here, there, shut = Here(), Here(waiting=3), Here()
    shut.branch.do(c.EndDay(leftovers="expire"), "07:50", CHIEF)
    there.host.branch_id, shut.host.branch_id = "there", "shut"
    await here.advise((there.host, 600.0), (shut.host, 300.0))
    (question,) = here.plays.asked
    assert {branch: (len(of.scene.waiting), of.way_s) for branch, of in question.lenders.items()} == {
        "there": (3, 600.0)
    }


async def test_a_branch_that_was_let_go_is_not_foreseen_and_not_kept() -> None:
    here = Here()
    here.foreseer.see(here.host, is_own=True)
    here.host.is_closed = True
    here.foreseer._plans[0] = (0.0, *here.foreseer._plans[0][1:])
    here.foreseer._course(here.host).due_at = 0.0
    assert here.foreseer._due() is None
    gone = ref(here.host)
    del here.host
    gc.collect()
    assert gone() is None
    assert len(here.foreseer._courses) == 0
