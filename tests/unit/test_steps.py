"""Several procedures on one visit: what was planned, what comes in between, and the way back to the same counter."""

from __future__ import annotations

import pytest

from queue_server.domain import commands as c
from queue_server.domain.counters import Runs
from queue_server.domain.refusals import Refusal
from tests.factories import MINH, Branch, config, replayed, snapshot

DUC = c.By("account:duc", clerk="duc")


def served(*steps: str) -> Branch:
    """08:00: t1 of "ho-tich", with these steps, is served by Lan at counter 2; counter 5 (results) is Minh's."""
    branch = Branch(config())
    branch.open(2, "07:30")
    branch.open(5, "07:30", MINH)
    branch.issue("ho-tich", "07:40", steps=steps)
    branch.served(2, "08:00")
    return branch


def test_a_step_that_was_not_planned_leaves_the_plan_as_it_was() -> None:
    branch = served("chung-thuc", "dat-dai")
    branch.do(c.NextStep(ticket="t1", field="tra-ket-qua"), "08:05")
    assert (branch["t1"].field, branch["t1"].further) == ("tra-ket-qua", ("chung-thuc", "dat-dai"))
    branch.served(5, "08:06", MINH)
    branch.do(c.NextStep(ticket="t1"), "08:08", MINH)
    assert (branch["t1"].field, branch["t1"].further, branch["t1"].step) == ("chung-thuc", ("dat-dai",), 2)


def test_a_step_that_was_planned_for_later_is_not_done_twice() -> None:
    branch = served("chung-thuc", "tra-ket-qua", "dat-dai")
    branch.do(c.NextStep(ticket="t1", field="tra-ket-qua"), "08:05")
    assert (branch["t1"].field, branch["t1"].further) == ("tra-ket-qua", ("chung-thuc", "dat-dai"))


def test_a_step_without_any_plan_ends_there() -> None:
    branch = served()
    branch.do(c.NextStep(ticket="t1", field="tra-ket-qua"), "08:05")
    assert (branch["t1"].field, branch["t1"].further) == ("tra-ket-qua", ())


def test_an_unplanned_step_at_this_counter_keeps_the_plan_too() -> None:
    branch = served("dat-dai")
    branch.do(c.NextStep(ticket="t1", field="chung-thuc", here=True), "08:05")
    assert (branch["t1"].state, branch["t1"].field, branch["t1"].further) == ("called", "chung-thuc", ("dat-dai",))


def test_from_the_fee_desk_back_to_the_same_counter_before_the_next_new_number() -> None:
    branch = served("dat-dai")
    branch.open(3, "07:50", by=DUC)
    branch.do(c.NextStep(ticket="t1", field="tra-ket-qua", back=True), "08:05")
    assert (branch["t1"].back, branch["t1"].further) == (2, ("ho-tich", "dat-dai"))
    others = [branch.issue("ho-tich", "08:06"), branch.issue("chung-thuc", "08:06")]
    branch.served(5, "08:10", MINH)
    branch.do(c.CallNext(counter=5), "08:12", MINH)  # over there, too, the visit goes on
    ticket = branch["t1"]
    assert (ticket.state, ticket.field, ticket.only_counter, ticket.back) == ("waiting", "ho-tich", 2, None)
    assert branch.call_next(3, "08:13", DUC) == others[0]
    assert branch.call_next(2, "08:14") == "t1"
    assert branch["t1"].further == ("dat-dai",)


def test_the_way_back_survives_a_detour_and_a_transfer() -> None:
    branch = served()
    branch.do(c.NextStep(ticket="t1", field="tra-ket-qua", back=True), "08:05")
    branch.served(5, "08:10", MINH)
    branch.do(c.NextStep(ticket="t1", field="dat-dai"), "08:12", MINH)
    assert (branch["t1"].back, branch["t1"].further) == (2, ("ho-tich",))
    branch.open(4, "08:12", by=DUC)
    branch.served(4, "08:13", DUC)
    branch.do(c.Transfer(ticket="t1", counter=4), "08:14", DUC)
    branch.served(4, "08:15", DUC)
    branch.do(c.NextStep(ticket="t1"), "08:16", DUC)
    assert (branch["t1"].field, branch["t1"].only_counter) == ("ho-tich", 2)


def test_the_next_call_leads_a_visit_with_more_to_do_to_its_next_step() -> None:
    branch = served("tra-ket-qua")
    branch.issue("chung-thuc", "08:01")
    branch.do(c.CallNext(counter=2), "08:05")
    assert branch.types(2) == ["ticket.step_done", "ticket.called"]
    assert (branch["t1"].state, branch["t1"].field) == ("waiting", "tra-ket-qua")
    branch.served(5, "08:10", MINH)
    branch.issue("tra-ket-qua", "08:11")
    branch.do(c.CallNext(counter=5), "08:12", MINH)
    assert branch["t1"].state == "finished"


def test_a_finish_says_that_the_whole_visit_is_over() -> None:
    branch = served("tra-ket-qua")
    branch.do(c.Finish(ticket="t1"), "08:05")
    assert branch["t1"].state == "finished"


def test_an_undone_step_has_never_been() -> None:
    branch = served("tra-ket-qua")
    before = branch["t1"]
    branch.do(c.NextStep(ticket="t1", field="chung-thuc", back=True), "08:05")
    branch.do(c.Undo(ticket="t1"), "08:05:04")
    after = branch["t1"]
    assert (after.steps, after.step, after.back, after.state) == (before.steps, before.step, None, "serving")
    assert snapshot(replayed(branch.records)) == snapshot(branch.state)


# -- an undone call ----------------------------------------------------------------------------------------------------


def test_an_undone_call_does_not_count_for_the_rule() -> None:
    """Two of priority in a row, then somebody ordinary: a mis-click must not use up either's turn."""
    branch = Branch(config())
    ordinary = branch.issue("chung-thuc", "07:01")
    first, second, third = (branch.issue("chung-thuc", f"07:0{n}", priority="NKT") for n in (2, 3, 4))
    branch.open(2, "07:30")
    branch.served(2, "07:40")
    assert branch.state.counters[2].runs == Runs(priority=1)
    assert branch.call_next(2, "07:41") == second
    branch.do(c.Undo(ticket=second), "07:41:05")
    assert branch.state.counters[2].runs == Runs(priority=1)
    assert branch.call_next(2, "07:41:10") == second
    branch.do(c.Start(ticket=second), "07:41:20")
    assert branch.call_next(2, "07:42") == ordinary
    branch.do(c.Undo(ticket=ordinary), "07:42:05")
    assert branch.state.counters[2].runs == Runs(priority=2)
    assert branch[first].state == "finished"
    assert branch[third].state == "waiting"


def test_an_undone_call_of_somebody_who_was_held_leaves_the_count() -> None:
    branch = served()
    branch.do(c.Hold(ticket="t1"), "08:05")
    branch.issue("ho-tich", "08:05")
    runs = branch.state.counters[2].runs
    branch.do(c.Resume(ticket="t1", counter=2), "08:06")
    branch.do(c.Undo(ticket="t1"), "08:06:05")
    assert branch["t1"].state == "held"
    assert branch.state.counters[2].runs == runs


def test_a_counter_that_has_gone_meanwhile_does_not_hinder_a_held_ticket() -> None:
    branch = served()
    branch.do(c.Hold(ticket="t1", here_only=False), "08:05")
    branch.do(c.CloseCounter(counter=2), "08:06")
    with pytest.raises(Refusal, match="counter-closed"):
        branch.do(c.Resume(ticket="t1", counter=2), "08:07")
    branch.do(c.Resume(ticket="t1", counter=5), "08:07", MINH)
    assert branch["t1"].counter == 5
