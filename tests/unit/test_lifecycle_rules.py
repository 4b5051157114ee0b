"""One test for each rule that stands beside the life-cycle table: what is kept, counted, bounded and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.refusals import Refusal
from queue_server.domain.tickets import StintKind, TicketState
from tests.factories import CHIEF, KIOSK, LAN, MINH, Branch, config, limited, minutes, moment


def open_branch(**limits: int) -> Branch:
    """07:30: counter 2 (chung-thuc, ho-tich) is open with Lan, two tickets t1 and t2 of "chung-thuc" wait."""
    branch = Branch(limited(**limits))
    branch.issue("chung-thuc", "07:10")
    branch.issue("chung-thuc", "07:12")
    branch.open(2, "07:30")
    return branch


def held(**options: bool) -> Branch:
    """The same at 08:05, with t1 held at counter 2 and counter 3 (helps chung-thuc) open with Minh."""
    branch = open_branch()
    branch.open(3, "07:30", MINH)
    branch.served(2, "08:00")
    branch.do(c.Hold(ticket="t1", reason="thiếu bản sao", **options), "08:05")
    return branch


# -- calling -----------------------------------------------------------------------------------------------------------


def test_a_call_names_counter_clerk_and_why_this_one() -> None:
    branch = open_branch()
    (record,) = branch.do(c.CallNext(counter=2), "07:40")
    otherwise = ev.Considered("A002", "chung-thuc", "ordinary", 1680, 1680)
    why = ev.Why("bounded-1", "oldest", candidates=2, waited_s=1800, considered=(otherwise,))
    assert record.event == ev.TicketCalled("t1", "A001", "chung-thuc", 2, "lan", 1, why)


def test_a_call_by_hand_is_recorded_as_chosen() -> None:
    branch = open_branch()
    (record,) = branch.do(c.Call(ticket="t2", counter=2), "07:40")
    assert isinstance(record.event, ev.TicketCalled)
    assert record.event.why.reason == "chosen"
    assert branch.queue("chung-thuc") == ["t1"]


def test_a_call_by_hand_needs_a_counter_that_takes_the_field() -> None:
    branch = open_branch()
    branch.open(4, "07:30", MINH)
    with pytest.raises(Refusal, match="cannot-serve"):
        branch.do(c.Call(ticket="t1", counter=4), "07:40", MINH)


def test_calling_next_finishes_the_running_service() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    branch.do(c.CallNext(counter=2), "07:50")
    assert branch.types(last=2) == ["ticket.finished", "ticket.called"]
    assert branch["t1"].outcome == "done"
    assert branch.state.at_counter(2) == branch["t2"]


def test_calling_next_with_nobody_waiting_leaves_the_running_service() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    branch.served(2, "07:50")
    with pytest.raises(Refusal, match="nobody-waiting"):
        branch.do(c.CallNext(counter=2), "08:00")
    assert branch["t2"].state is TicketState.SERVING


def test_nobody_is_called_while_somebody_is_on_the_way() -> None:
    branch = open_branch()
    branch.call_next(2, "07:40")
    for command in (c.CallNext(counter=2), c.Call(ticket="t2", counter=2)):
        with pytest.raises(Refusal, match="counter-busy"):
            branch.do(command, "07:41")


def test_recalls_are_counted_and_shown() -> None:
    branch = open_branch()
    branch.call_next(2, "07:40")
    branch.do(c.Recall(ticket="t1"), "07:41")
    branch.do(c.Recall(ticket="t1"), "07:42")
    assert branch["t1"].times_called == 3
    assert [(call.number, call.times, call.counter) for call in branch.state.calls.values()] == [
        ("A001", 1, 2), ("A001", 2, 2), ("A001", 3, 2),
    ]  # fmt: skip
    assert {call.why and call.why.reason for call in branch.state.calls.values()} == {"oldest"}


def test_a_start_may_be_implied_by_a_delay() -> None:
    branch = open_branch(implied_start_s=90)
    branch.call_next(2, "07:40")
    assert branch.wait("07:41:29") == []
    (record,) = branch.wait("07:45")
    assert record.at == moment("07:41:30")
    assert record.event == ev.TicketServing("t1", 2, is_implied=True)
    assert record.actor == "timer"


def test_a_recall_puts_the_implied_start_off() -> None:
    branch = open_branch(implied_start_s=90)
    branch.call_next(2, "07:40")
    branch.do(c.Recall(ticket="t1"), "07:41")
    (record,) = branch.wait("07:45")
    assert record.at == moment("07:42:30")


def test_an_implied_start_that_comes_too_late_changes_nothing() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    assert branch.do(c.ImplyStart(ticket="t1"), "07:41", LAN) == []


# -- back to the queue -------------------------------------------------------------------------------------------------


def test_a_return_keeps_the_arrival_and_cools_down() -> None:
    branch = open_branch()
    branch.call_next(2, "07:40")
    branch.do(c.ReturnToQueue(ticket="t1"), "07:41")
    assert branch["t1"].arrival_at == moment("07:10")
    assert branch.queue("chung-thuc") == ["t1", "t2"]
    assert branch.call_next(2, "07:42:59") == "t2"
    branch.do(c.NoShow(ticket="t2"), "07:43")
    assert branch.call_next(2, "07:43") == "t1"


def test_a_ticket_may_be_postponed_twice_at_most() -> None:
    branch = open_branch()
    branch.do(c.Postpone(ticket="t1"), "07:40", KIOSK)
    assert branch.call_next(2, "07:54:59") == "t2"
    branch.do(c.ReturnToQueue(ticket="t2"), "07:55")
    assert branch.call_next(2, "07:55") == "t1"
    branch.do(c.Postpone(ticket="t1"), "07:56")
    assert branch["t1"].not_before == moment("08:11")
    with pytest.raises(Refusal) as refusal:
        branch.do(c.Postpone(ticket="t1"), "07:57", KIOSK)
    assert refusal.value.data == {"number": "A001", "command": "postpone", "limit": 2}


# -- hold and resume ---------------------------------------------------------------------------------------------------


def test_a_ticket_held_here_goes_on_here_only() -> None:
    branch = held()
    assert branch.state.at_counter(2) is None
    with pytest.raises(Refusal, match="held-elsewhere"):
        branch.do(c.Resume(ticket="t1", counter=3), "08:10", MINH)
    (record,) = branch.do(c.Resume(ticket="t1"), "08:10")
    assert isinstance(record.event, ev.TicketCalled)
    assert (record.event.counter, record.event.is_resumed, record.event.why.reason) == (2, True, "resumed")


def test_a_ticket_held_for_any_counter_goes_on_at_one_that_takes_its_field() -> None:
    branch = held(here_only=False)
    branch.open(4, "08:06", CHIEF)
    with pytest.raises(Refusal, match="cannot-serve"):
        branch.do(c.Resume(ticket="t1", counter=4), "08:10", CHIEF)
    branch.do(c.Resume(ticket="t1", counter=3), "08:10", MINH)
    assert branch.state.at_counter(3) == branch["t1"]
    assert branch["t1"].clerk == "minh"


def test_a_quiet_resume_shows_no_call() -> None:
    branch = held()
    shown = dict(branch.state.calls)
    (record,) = branch.do(c.Resume(ticket="t1", quietly=True), "08:10")
    assert record.event == ev.TicketServing("t1", 2, "lan")
    assert branch["t1"].clerk == "lan"
    assert branch.state.calls == shown


def test_a_held_ticket_waits_until_the_counter_is_free() -> None:
    branch = held()
    branch.served(2, "08:06")
    for quietly in (True, False):
        with pytest.raises(Refusal, match="counter-busy"):
            branch.do(c.Resume(ticket="t1", quietly=quietly), "08:10")


# -- amend -------------------------------------------------------------------------------------------------------------


def test_an_amended_field_keeps_arrival_and_number_and_asks_for_a_new_paper() -> None:
    branch = open_branch()
    (record,) = branch.do(c.Amend(ticket="t1", field="ho-tich", reason="chọn nhầm"), "07:40", KIOSK)
    ticket = branch["t1"]
    assert (ticket.number, ticket.arrival_at, ticket.field) == ("A001", moment("07:10"), "ho-tich")
    assert (branch.queue("chung-thuc"), branch.queue("ho-tich")) == (["t2"], ["t1"])
    paper = branch.state.papers[f"t1-{record.seq}"]
    assert (paper.printer, paper.is_reprint) == ("printer-1", False)
    assert ticket.stints[-1].field == "ho-tich"


def test_other_amendments_ask_for_no_paper() -> None:
    branch = open_branch()
    papers = dict(branch.state.papers)
    branch.do(c.Amend(ticket="t2", priority="NCT75", dossiers=3, assistance="guide"), "07:40", KIOSK)
    assert branch.state.papers == papers
    assert branch.queue("chung-thuc") == ["t2", "t1"]
    branch.do(c.Amend(ticket="t2", is_priority_confirmed=False), "07:41")
    assert branch.queue("chung-thuc") == ["t1", "t2"]
    branch.do(c.Amend(ticket="t2", is_priority_confirmed=True, priority=""), "07:42")
    assert branch["t2"].priority is None


@pytest.mark.parametrize(
    "same",
    [
        c.Amend(ticket="t1", field="chung-thuc", dossiers=1, priority=""),
        c.Amend(ticket="t2", is_priority_confirmed=False, priority="NKT"),
        c.Amend(ticket="t1"),
    ],
)
def test_an_amendment_to_what_is_already_so_leaves_no_event(same: c.Amend) -> None:
    branch = open_branch()
    branch.do(c.Amend(ticket="t2", priority="NKT", is_priority_confirmed=False), "07:40")
    assert branch.do(same, "07:41") == []


def test_an_unknown_field_or_class_is_refused() -> None:
    branch = open_branch()
    with pytest.raises(Refusal, match="unknown-field"):
        branch.do(c.Amend(ticket="t1", field="thue"), "07:40")
    with pytest.raises(Refusal, match="unknown-class"):
        branch.do(c.Amend(ticket="t1", priority="VIP"), "07:40")


# -- transfer and next step --------------------------------------------------------------------------------------------


def test_a_transfer_to_another_field_keeps_the_arrival() -> None:
    branch = open_branch()
    branch.issue("ho-tich", "07:35")
    branch.served(2, "07:40")
    branch.do(c.Transfer(ticket="t1", field="ho-tich"), "07:45")
    assert branch.queue("ho-tich") == ["t1", "t3"]
    assert branch["t1"].counter is None
    assert branch.call_next(2, "07:46") == "t1"


def test_a_transfer_needs_a_place_that_takes_the_field() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    with pytest.raises(Refusal, match="nowhere-to"):
        branch.do(c.Transfer(ticket="t1"), "07:45")
    with pytest.raises(Refusal, match="cannot-serve"):
        branch.do(c.Transfer(ticket="t1", counter=4), "07:45")


def test_a_planned_next_step_waits_in_its_field_with_its_arrival() -> None:
    branch = open_branch()
    branch.issue("ho-tich", "07:35", steps=("tra-ket-qua", "chung-thuc"))
    branch.do(c.Call(ticket="t3", counter=2), "07:40")
    branch.do(c.Start(ticket="t3"), "07:40")
    branch.do(c.NextStep(ticket="t3"), "07:50")
    ticket = branch["t3"]
    assert (ticket.field, ticket.step, ticket.arrival_at) == ("tra-ket-qua", 1, moment("07:35"))
    branch.open(5, "07:51", MINH)
    branch.do(c.Call(ticket="t3", counter=5), "07:52", MINH)
    branch.do(c.Start(ticket="t3"), "07:52", MINH)
    branch.do(c.NextStep(ticket="t3"), "07:55", MINH)
    assert (branch["t3"].field, branch["t3"].step) == ("chung-thuc", 2)
    assert branch.queue("chung-thuc") == ["t1", "t2", "t3"]
    assert [stint.step for stint in branch["t3"].stints] == [0, 0, 0, 1, 1, 1, 2]


def test_a_step_without_plan_names_its_field() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    with pytest.raises(Refusal, match="no-next-step"):
        branch.do(c.NextStep(ticket="t1"), "07:45")
    branch.do(c.NextStep(ticket="t1", field="tra-ket-qua"), "07:45")
    assert branch["t1"].field == "tra-ket-qua"


def test_a_next_step_here_is_called_at_once_and_silently() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    shown = dict(branch.state.calls)
    with pytest.raises(Refusal, match="cannot-serve"):
        branch.do(c.NextStep(ticket="t1", field="dat-dai", here=True), "07:45")
    branch.do(c.NextStep(ticket="t1", field="ho-tich", here=True), "07:45")
    ticket = branch["t1"]
    assert (ticket.state, ticket.field, ticket.counter, ticket.clerk) == ("called", "ho-tich", 2, "lan")
    assert branch.state.calls == shown


# -- the ends ----------------------------------------------------------------------------------------------------------


def test_a_finish_tells_outcome_and_dossiers() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    branch.do(c.Finish(ticket="t1", outcome="supplement", dossiers=4), "07:50")
    assert (branch["t1"].outcome, branch["t1"].dossiers, branch["t1"].final_at) == ("supplement", 4, moment("07:50"))


def test_a_forgotten_service_ends_inexactly() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    branch.do(c.EndService(ticket="t1"), "09:50", CHIEF)
    assert branch["t1"].outcome == "forgotten"
    assert branch["t1"].stints[-1].is_inexact


def test_a_voided_ticket_says_why() -> None:
    branch = open_branch()
    branch.do(c.Void(ticket="t1", reason="test"), "07:40")
    assert branch["t1"].outcome == "void_test"


def test_a_visit_is_a_chain_of_stints() -> None:
    branch = held()
    branch.do(c.Resume(ticket="t1"), "08:10")
    branch.do(c.Start(ticket="t1"), "08:11")
    branch.do(c.Finish(ticket="t1"), "08:15")
    stints = [(s.kind, (s.end or s.start) - s.start, s.ended, s.counter) for s in branch["t1"].stints]
    assert stints == [
        (StintKind.WAITING, minutes(50), "ticket.called", None),
        (StintKind.WALKING, minutes(0), "ticket.serving", 2),
        (StintKind.SERVICE, minutes(5), "ticket.held", 2),
        (StintKind.HOLD, minutes(5), "ticket.called", 2),
        (StintKind.WALKING, minutes(1), "ticket.serving", 2),
        (StintKind.SERVICE, minutes(4), "ticket.finished", 2),
    ]


# -- reinstate ---------------------------------------------------------------------------------------------------------


def missed() -> Branch:
    """t1 did not come at 08:00; t2, t3, t4 wait, the last with priority."""
    branch = open_branch()
    branch.issue("chung-thuc", "07:20")
    branch.issue("chung-thuc", "07:21", priority="NKT")
    branch.do(c.Call(ticket="t1", counter=2), "08:00")
    branch.do(c.NoShow(ticket="t1"), "08:01")
    return branch


def test_a_reinstated_ticket_goes_behind_the_next_two() -> None:
    branch = missed()
    branch.issue("chung-thuc", "08:02")
    branch.do(c.Reinstate(ticket="t1"), "08:05")
    assert branch.queue("chung-thuc") == ["t4", "t2", "t3", "t1", "t5"]
    assert (branch["t1"].arrival_at, branch["t1"].outcome, branch["t1"].counter) == (moment("07:10"), None, None)


def test_a_reinstated_ticket_never_gains_a_place() -> None:
    branch = open_branch()
    branch.issue("chung-thuc", "07:31")
    branch.issue("chung-thuc", "07:32")
    branch.do(c.Cancel(ticket="t4"), "07:33", KIOSK)
    branch.do(c.Reinstate(ticket="t4"), "07:34")
    assert branch.queue("chung-thuc") == ["t1", "t2", "t3", "t4"]


def test_a_reinstated_ticket_with_nobody_else_waiting_is_next() -> None:
    branch = missed()
    for ticket in ("t2", "t3", "t4"):
        branch.do(c.Cancel(ticket=ticket), "08:02")
    branch.do(c.Reinstate(ticket="t1"), "08:05")
    assert branch.call_next(2, "08:06") == "t1"


def test_reinstating_is_for_the_same_half_day() -> None:
    branch = missed()
    with pytest.raises(Refusal, match="half-day-over"):
        branch.do(c.Reinstate(ticket="t1"), "12:00")
    branch.do(c.Reinstate(ticket="t1"), "11:59:59")
    branch = missed()
    branch.call_next(2, "13:00")
    branch.do(c.NoShow(ticket="t4"), "13:01")
    branch.do(c.Reinstate(ticket="t4"), "16:00")


def test_reinstating_is_possible_twice_at_most() -> None:
    branch = missed()
    for clock in ("08:05", "08:10"):
        branch.do(c.Reinstate(ticket="t1"), clock)
        branch.do(c.Cancel(ticket="t1"), clock)
    with pytest.raises(Refusal) as refusal:
        branch.do(c.Reinstate(ticket="t1"), "08:15")
    assert refusal.value.data == {"number": "A001", "command": "reinstate", "limit": 2}


# -- undo --------------------------------------------------------------------------------------------------------------


def test_an_undone_call_is_taken_down_and_waits_as_before() -> None:
    branch = open_branch()
    before = branch["t1"]
    (called,) = branch.do(c.CallNext(counter=2), "07:40")
    (undone,) = branch.do(c.Undo(ticket="t1"), "07:40:10")
    assert undone.event == ev.TicketUndone("t1", called.seq, "ticket.called", TicketState.WAITING)
    assert branch.state.calls == {}
    assert branch.state.at_counter(2) is None
    assert branch["t1"].stints == before.stints
    assert branch.queue("chung-thuc") == ["t1", "t2"]


def test_undo_is_for_the_same_actor_only() -> None:
    branch = open_branch()
    branch.call_next(2, "07:40")
    for by in (MINH, CHIEF):
        with pytest.raises(Refusal, match="nothing-to-undo"):
            branch.do(c.Undo(ticket="t1"), "07:40:05", by)


def test_who_ended_once_and_was_counted_cannot_be_called_a_mistake() -> None:
    branch = open_branch()
    branch.call_next(2, "07:40")
    branch.do(c.NoShow(ticket="t1"), "07:41")
    branch.do(c.Reinstate(ticket="t1"), "07:45", CHIEF)
    with pytest.raises(Refusal, match="already-counted"):
        branch.do(c.Void(ticket="t1"), "07:46", CHIEF)
    branch.do(c.Cancel(ticket="t1"), "07:46", CHIEF)


def test_an_end_that_comes_back_by_undo_outranks_the_first() -> None:
    branch = open_branch()
    branch.call_next(2, "07:40")
    branch.do(c.NoShow(ticket="t1"), "07:41")
    branch.do(c.Reinstate(ticket="t1"), "07:45", CHIEF)
    branch.do(c.Undo(ticket="t1"), "07:45:05", CHIEF)
    assert (branch["t1"].state, branch["t1"].revision) == ("no_show", 2)


def test_undo_is_refused_after_ten_seconds() -> None:
    branch = open_branch()
    branch.call_next(2, "07:40")
    with pytest.raises(Refusal) as refusal:
        branch.do(c.Undo(ticket="t1"), moment("07:40:10") + timedelta(microseconds=1))
    assert (refusal.value.code, refusal.value.data["limit_s"]) == ("undo-too-late", 10)


def test_a_later_change_of_the_ticket_stands_in_the_way_of_undo() -> None:
    branch = open_branch()
    branch.call_next(2, "07:40")
    branch.do(c.Amend(ticket="t1", dossiers=2), "07:40:02", MINH)
    with pytest.raises(Refusal, match="nothing-to-undo"):
        branch.do(c.Undo(ticket="t1"), "07:40:05")
    branch.do(c.Undo(ticket="t1"), "07:40:05", MINH)
    assert (branch["t1"].state, branch["t1"].dossiers) == ("called", 1)


def test_an_undo_cannot_be_undone_nor_repeated() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    branch.do(c.Undo(ticket="t1"), "07:40:05")
    assert branch["t1"].state is TicketState.CALLED
    with pytest.raises(Refusal, match="nothing-to-undo"):
        branch.do(c.Undo(ticket="t1"), "07:40:06")


def test_undoing_an_end_needs_the_counter_to_be_free() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    branch.do(c.CallNext(counter=2), "07:50")
    with pytest.raises(Refusal, match="counter-busy"):
        branch.do(c.Undo(ticket="t1"), "07:50:05")
    branch.do(c.Undo(ticket="t2"), "07:50:06")
    branch.do(c.Undo(ticket="t1"), "07:50:07")
    assert branch.state.at_counter(2) == branch["t1"]
    assert branch["t1"].state is TicketState.SERVING


def test_undoing_an_end_needs_the_counter_to_be_open() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    branch.do(c.Finish(ticket="t1"), "07:50")
    branch.do(c.CloseCounter(counter=2), "07:50:02")
    with pytest.raises(Refusal, match="counter-closed"):
        branch.do(c.Undo(ticket="t1"), "07:50:05")


def test_an_undone_end_counts_as_a_correction() -> None:
    branch = open_branch()
    branch.served(2, "07:40")
    branch.do(c.Finish(ticket="t1"), "07:50")
    assert (branch["t1"].revision, branch["t1"].final_at) == (1, moment("07:50"))
    branch.do(c.Undo(ticket="t1"), "07:50:05")
    assert (branch["t1"].revision, branch["t1"].final_at, branch["t1"].outcome) == (1, None, None)
    branch.do(c.Finish(ticket="t1", outcome="declined"), "07:51")
    assert branch["t1"].revision == 2


def test_an_issue_cannot_be_undone() -> None:
    branch = Branch(config())
    branch.issue("chung-thuc", "07:10")
    with pytest.raises(Refusal, match="nothing-to-undo"):
        branch.do(c.Undo(ticket="t1"), "07:10:05", KIOSK)


def test_nothing_is_undone_after_the_end_of_the_day() -> None:
    branch = open_branch()
    branch.do(c.EndDay(), "17:30", CHIEF)
    with pytest.raises(Refusal, match="day-not-open"):
        branch.do(c.Undo(ticket="t1"), "17:30:05", CHIEF)
