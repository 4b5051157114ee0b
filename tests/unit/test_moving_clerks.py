"""A supervisor sends a clerk to another counter."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.counters import CounterState
from queue_server.domain.refusals import Refusal
from tests.factories import CHIEF, LAN, MINH, Branch


def a_branch() -> Branch:
    branch = Branch()
    branch.open(1, "07:30", LAN)
    return branch


def move(branch: Branch, no: int, to: int, at: str = "08:00") -> list[Any]:
    return [record.event for record in branch.do(c.MoveClerk(counter=no, to=to), at, CHIEF)]


def test_the_clerk_goes_on_at_the_other_counter() -> None:
    branch = a_branch()
    assert move(branch, 1, 2) == [ev.CounterClosed(1, "moved"), ev.CounterOpened(2, "lan")]
    assert branch.state.counters[1].clerk is None
    assert (branch.state.counters[2].clerk, branch.state.counters[2].state) == ("lan", CounterState.OPEN)


def test_who_was_on_a_break_still_is() -> None:
    branch = a_branch()
    branch.do(c.PauseCounter(counter=1, reason="hop"), "07:50", LAN)
    assert move(branch, 1, 2)[-1] == ev.CounterPaused(2, "hop")
    assert (branch.state.counters[2].clerk, branch.state.counters[2].state) == ("lan", CounterState.PAUSED)


@pytest.mark.parametrize(
    ("no", "to", "code"), [(1, 3, "counter-taken"), (2, 4, "counter-closed"), (1, 9, "unknown-counter")]
)
def test_a_move_that_is_refused(no: int, to: int, code: str) -> None:
    branch = a_branch()
    branch.open(3, "07:31", MINH)
    with pytest.raises(Refusal) as refusal:
        move(branch, no, to)
    assert refusal.value.code == code


def test_nobody_is_taken_away_from_a_citizen() -> None:
    branch = a_branch()
    branch.issue("chung-thuc", "07:35")
    branch.served(1, "07:36")
    with pytest.raises(Refusal) as refusal:
        move(branch, 1, 2)
    assert refusal.value.code == "counter-busy"
    assert branch.state.counters[1].clerk == "lan"


def test_to_where_one_is_changes_nothing() -> None:
    assert move(a_branch(), 1, 1) == []
