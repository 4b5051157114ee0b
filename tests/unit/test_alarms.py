"""A quiet call for somebody at a counter: raised by its clerk, answered by staff, seen by nobody else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.realtime.alarms import AlarmsView
from queue_server.realtime.live import live
from queue_server.realtime.pace import Pace
from queue_server.realtime.views import BoardView, CounterView, View
from tests.factories import CHIEF, HOA, LAN, MINH, Branch, config, moment, replayed, snapshot


def shown(view: View, state: BranchState) -> dict[str, Any]:
    return {f"{key[0]}/{key[1]}": msgspec.to_builtins(view.row(state, key)) for key in view.keys(state)}


@pytest.fixture
def branch() -> Branch:
    branch = Branch(config())
    branch.open(2, "07:30")
    return branch


def test_an_alarm_stands_until_somebody_answers(branch: Branch) -> None:
    (raised,) = branch.do(c.RaiseAlarm(counter=2), "08:00", LAN)
    assert raised.event == ev.AlarmRaised(2, "lan")
    assert branch.do(c.RaiseAlarm(counter=2), "08:01", LAN) == []
    row = shown(AlarmsView(), branch.state)["alarms/2"]
    assert (row["no"], row["clerk"], row["since"]) == (2, "lan", "2026-11-16T01:00:00Z")
    (answered,) = branch.do(c.AnswerAlarm(counter=2), "08:02", HOA)
    assert answered.event == ev.AlarmAnswered(2, "hoa")
    assert shown(AlarmsView(), branch.state) == {}
    desk = shown(CounterView(2), branch.state)["counter/2"]["alarm"]
    assert (desk["answered_by"], desk["answered_at"]) == ("hoa", "2026-11-16T01:02:00Z")
    assert branch.do(c.AnswerAlarm(counter=2), "08:03", CHIEF) == []
    assert len(branch.do(c.RaiseAlarm(counter=2), "08:04", LAN)) == 1
    assert snapshot(replayed(branch.records)) == snapshot(branch.state)


def test_only_who_sits_there_or_runs_the_branch_raises_one(branch: Branch) -> None:
    with pytest.raises(Refusal, match="counter-taken"):
        branch.do(c.RaiseAlarm(counter=2), "08:00", MINH)
    assert len(branch.do(c.RaiseAlarm(counter=2), "08:00", CHIEF)) == 1
    with pytest.raises(Refusal, match="unknown-counter"):
        branch.do(c.RaiseAlarm(counter=77), "08:00", LAN)


def test_neither_the_board_nor_the_live_figures_know_of_it(branch: Branch) -> None:
    quiet = (shown(BoardView(), branch.state), live(branch.state, moment("08:05"), Pace(branch.state)))
    branch.do(c.RaiseAlarm(counter=2), "08:00", LAN)
    assert (shown(BoardView(), branch.state), live(branch.state, moment("08:05"), Pace(branch.state))) == quiet


def test_the_counters_own_channel_hears_of_it(branch: Branch) -> None:
    branch.state.mark()
    branch.do(c.RaiseAlarm(counter=2), "08:00", LAN)
    (change,) = branch.state.changes()
    assert list(CounterView(2).touched(branch.state, change) or ()) == [("counter", "2")]
    assert list(CounterView(3).touched(branch.state, change) or ()) == []
    assert list(BoardView().touched(branch.state, change) or ()) == []
