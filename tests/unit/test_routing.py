"""Who is called next, who is bound to whom, and fields that nobody takes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import RoutingRule
from queue_server.domain.refusals import Refusal
from tests.factories import CHIEF, HOA, KIOSK, LAN, MINH, Branch, config, moment


def reason(branch: Branch) -> str:
    event = branch.records[-1].event
    assert isinstance(event, ev.TicketCalled)
    return event.why.reason


def called_in_turn(branch: Branch, counter: int, clocks: list[str]) -> list[tuple[str, str]]:
    """(ticket, reason) of one call after the other; each ticket is finished at once."""
    calls = []
    for clock in clocks:
        ticket = branch.served(counter, clock)
        calls.append(
            (
                ticket,
                next(call.why.reason for call in branch.state.calls.values() if call.ticket == ticket and call.why),
            )
        )
        branch.do(c.Finish(ticket=ticket), clock)
    return calls


# -- order -------------------------------------------------------------------------------------------------------------


def test_the_one_who_came_first_is_next_over_all_fields_of_the_counter() -> None:
    branch = Branch()
    for clock, code in (("07:01", "ho-tich"), ("07:02", "chung-thuc"), ("07:03", "dat-dai"), ("07:04", "ho-tich")):
        branch.issue(code, clock)
    branch.open(2, "07:30")
    assert called_in_turn(branch, 2, ["07:31", "07:32", "07:33"]) == [(t, "oldest") for t in ("t1", "t2", "t4")]


def test_priority_goes_first_within_a_ceiling() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:05")
    for minute in range(10, 16):
        branch.issue("chung-thuc", f"07:{minute}", priority="NCT75")
    branch.open(1, "07:30")
    clocks = ["07:31", "07:32", "07:33", "07:35:01", "07:37", "07:38", "07:39"]
    assert called_in_turn(branch, 1, clocks) == [
        ("t2", "priority"),
        ("t3", "priority"),
        ("t4", "priority"),  # at 07:33 the ordinary one has not waited for half an hour
        ("t1", "ordinary_bound"),
        ("t5", "priority"),
        ("t6", "priority"),
        ("t7", "priority"),
    ]


def test_an_ordinary_call_begins_the_count_of_priority_calls_again() -> None:
    rule = RoutingRule(priority_run=1, ordinary_after_s=0)
    branch = Branch(config(rule=rule))
    for minute in range(10, 13):
        branch.issue("chung-thuc", f"07:{minute}")
        branch.issue("chung-thuc", f"07:{minute}", priority="NKT")
    branch.open(1, "07:30")
    calls = called_in_turn(branch, 1, [f"07:{minute}" for minute in range(31, 37)])
    assert [why for _, why in calls] == ["priority", "ordinary_bound"] * 2 + ["priority", "oldest"]


def test_a_resumed_ticket_does_not_count_as_an_ordinary_call() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10", priority="NKT")
    branch.open(1, "07:30")
    branch.served(1, "07:31")
    branch.do(c.Hold(ticket="t1"), "07:32")
    assert branch.state.counters[1].runs.priority == 1
    branch.do(c.Resume(ticket="t1"), "07:40")
    assert branch.state.counters[1].runs.priority == 1


def test_a_priority_ticket_called_by_hand_counts_as_a_priority_call() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10", priority="NKT")
    branch.open(1, "07:30")
    branch.do(c.Call(ticket="t1", counter=1), "07:31")
    assert branch.state.counters[1].runs.priority == 1


def test_an_unconfirmed_priority_waits_as_ordinary() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.issue("chung-thuc", "07:11", priority="NKT")
    branch.do(c.Amend(ticket="t2", is_priority_confirmed=False), "07:12")
    branch.open(1, "07:30")
    assert branch.call_next(1, "07:31") == "t1"


def test_a_helping_counter_takes_the_fields_that_it_helps_with() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.open(3, "07:30")
    assert branch.call_next(3, "07:31") == "t1"


def test_candidates_are_counted_once_where_a_counter_both_takes_and_helps() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    branch.open(3, "07:30")
    branch.do(c.AssignCounter(counter=3, fields=("ho-tich",), helps=("ho-tich",)), "07:30", CHIEF)
    branch.call_next(3, "07:31")
    event = branch.records[-1].event
    assert isinstance(event, ev.TicketCalled)
    assert event.why.candidates == 1


def test_the_preview_lists_everybody_in_the_counters_fields() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    branch.issue("chung-thuc", "07:11")
    branch.issue("ho-tich", "07:12", priority="NKT")
    branch.issue("dat-dai", "07:13")
    assert [t.id for t in branch.state.queue(branch.state.counters[3])] == ["t3", "t1", "t2"]


# -- bindings ----------------------------------------------------------------------------------------------------------


def transferred(**to: int | str) -> Branch:
    """t1 of "ho-tich" was transferred at 08:00 by Lan at counter 2; Minh is at counter 3, Hoa at counter 5."""
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    branch.open(2, "07:30", LAN)
    branch.open(3, "07:30", MINH)
    branch.open(5, "07:30", HOA)
    branch.served(2, "07:50")
    branch.do(c.Transfer(ticket="t1", **to), "08:00")  # type: ignore[arg-type]
    return branch


def waits_for(branch: Branch, clock: str) -> set[int]:
    """At which counters the ticket could be called at that time."""
    able = set()
    for counter, by in ((2, LAN), (3, MINH), (5, HOA)):
        if not branch.state.counters[counter].is_open:
            continue
        with suppress(Refusal):
            branch.call_next(counter, clock, by)
            able.add(counter)
            branch.do(c.Undo(ticket="t1"), clock, by)
    return able


def test_a_ticket_transferred_to_a_counter_waits_for_it() -> None:
    branch = transferred(counter=3)
    assert waits_for(branch, "08:01") == {3}
    assert waits_for(branch, "09:30") == {3}


def test_a_ticket_transferred_to_a_clerk_follows_the_clerk() -> None:
    branch = transferred(clerk="minh")
    assert waits_for(branch, "08:01") == {3}
    branch.do(c.CloseCounter(counter=3), "08:02", MINH)
    branch.do(c.CloseCounter(counter=5), "08:02", HOA)
    branch.open(5, "08:03", MINH)
    branch.do(c.OpenCounter(counter=3), "08:03", HOA)
    assert branch.state.counters[5].clerk == "minh"
    with pytest.raises(Refusal, match="nobody-waiting"):
        branch.call_next(3, "08:04", HOA)
    assert branch.call_next(5, "08:04", MINH) == "t1"


@pytest.mark.parametrize("to", [{"counter": 3}, {"clerk": "minh"}])
def test_a_binding_loosens_after_ten_minutes_of_absence(to: dict[str, int | str]) -> None:
    branch = transferred(**to)
    branch.do(c.PauseCounter(counter=3, reason="họp"), "08:20", MINH)
    assert waits_for(branch, "08:29:59") == set()
    assert waits_for(branch, "08:30") == {2, 5}


def test_a_binding_to_somebody_who_is_not_there_loosens_ten_minutes_after_the_transfer() -> None:
    branch = transferred(clerk="duc")
    assert waits_for(branch, "08:09:59") == set()
    assert waits_for(branch, "08:10") == {2, 3, 5}


def test_a_binding_to_a_counter_that_no_longer_takes_the_field_loosens() -> None:
    branch = transferred(counter=3)
    branch.do(c.AssignCounter(counter=3, fields=("tra-ket-qua",)), "08:05", CHIEF)
    assert waits_for(branch, "08:06") == set()
    assert waits_for(branch, "08:10") == {2, 5}


def test_an_amended_field_ends_the_binding() -> None:
    branch = transferred(counter=3)
    branch.do(c.Amend(ticket="t1", field="tra-ket-qua"), "08:01")
    assert branch.call_next(5, "08:02", HOA) == "t1"


def test_a_call_ends_the_binding() -> None:
    branch = transferred(counter=3)
    branch.call_next(3, "08:01", MINH)
    branch.do(c.ReturnToQueue(ticket="t1"), "08:02", MINH)
    assert waits_for(branch, "08:05") == {2, 3, 5}


# -- counters ----------------------------------------------------------------------------------------------------------


def test_one_clerk_has_one_counter() -> None:
    branch = Branch()
    branch.open(1, "07:30")
    branch.open(2, "07:31")
    assert branch.types(last=2) == ["counter.closed", "counter.opened"]
    branch.issue("ho-tich", "07:32")
    branch.call_next(2, "07:33")
    with pytest.raises(Refusal, match="counter-busy"):
        branch.open(1, "07:34")


def test_a_counter_is_taken_over_only_on_purpose() -> None:
    branch = Branch()
    branch.open(1, "07:30")
    with pytest.raises(Refusal, match="counter-taken"):
        branch.open(1, "07:31", MINH)
    branch.do(c.OpenCounter(counter=1, take_over=True), "07:31", MINH)
    assert branch.state.counters[1].clerk == "minh"


def test_a_nameless_client_may_open_several_counters() -> None:
    branch = Branch()
    integration = c.By("device:keypad")
    branch.open(1, "07:30", integration)
    branch.open(2, "07:30", integration)
    assert branch.state.open_counters("chung-thuc") == 2


def test_a_counter_closes_only_when_nobody_is_at_it() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.open(1, "07:30")
    branch.served(1, "07:31")
    with pytest.raises(Refusal, match="counter-busy"):
        branch.do(c.CloseCounter(counter=1), "07:32")
    branch.do(c.PauseCounter(counter=1, reason="nghỉ trưa"), "07:32")
    branch.do(c.Finish(ticket="t1"), "07:33")
    branch.do(c.CloseCounter(counter=1), "07:34")


def test_a_pause_says_since_when_and_why() -> None:
    branch = Branch()
    branch.open(1, "07:30")
    branch.do(c.PauseCounter(counter=1, reason="họp"), "09:00")
    branch.do(c.PauseCounter(counter=1, reason="nghỉ trưa"), "11:30")
    counter = branch.state.counters[1]
    assert (counter.reason, counter.since, counter.clerk) == ("nghỉ trưa", moment("09:00"), "lan")
    branch.open(1, "13:00")
    assert (branch.state.counters[1].reason, branch.state.counters[1].since) == (None, moment("13:00"))


def test_an_assignment_needs_an_open_day_and_known_fields() -> None:
    branch = Branch()
    with pytest.raises(Refusal, match="unknown-field"):
        branch.do(c.AssignCounter(counter=1, fields=("thue",)), "07:30", CHIEF)
    branch.do(c.EndDay(), "17:30", CHIEF)
    with pytest.raises(Refusal, match="day-not-open"):
        branch.do(c.AssignCounter(counter=1, fields=("ho-tich",)), "17:31", CHIEF)


# -- uncovered fields --------------------------------------------------------------------------------------------------


def uncovered(branch: Branch) -> dict[str, str]:
    """Local times since when fields are uncovered."""
    vietnam = {code: day.uncovered_at for code, day in branch.state.fields.items() if day.uncovered_at}
    return {code: f"{at.hour + 7:02}:{at.minute:02}" for code, at in vietnam.items()}


def test_a_field_with_people_and_no_open_counter_is_noted_until_one_opens() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    branch.issue("ho-tich", "07:12")
    assert uncovered(branch) == {"ho-tich": "07:10"}
    branch.open(3, "07:30")
    assert uncovered(branch) == {}
    branch.do(c.PauseCounter(counter=3), "09:00")
    assert uncovered(branch) == {"ho-tich": "09:00"}
    branch.open(2, "09:05", MINH)
    assert uncovered(branch) == {}


def test_a_field_whose_last_person_goes_is_no_longer_noted() -> None:
    branch = Branch()
    branch.issue("dat-dai", "07:10")
    branch.do(c.Cancel(ticket="t1"), "07:20", KIOSK)
    assert uncovered(branch) == {}


def test_an_assignment_uncovers_and_covers_fields() -> None:
    branch = Branch()
    branch.open(4, "07:30")
    branch.issue("dat-dai", "07:40")
    branch.do(c.AssignCounter(counter=4, fields=("ho-tich",)), "08:00", CHIEF)
    assert uncovered(branch) == {"dat-dai": "08:00"}
    branch.do(c.AssignCounter(counter=4, fields=("ho-tich",), helps=("dat-dai",)), "08:05", CHIEF)
    assert uncovered(branch) == {}


def test_an_amendment_moves_the_note_to_the_new_field() -> None:
    branch = Branch()
    branch.issue("dat-dai", "07:10")
    branch.do(c.Amend(ticket="t1", field="ho-tich"), "07:20")
    assert uncovered(branch) == {"ho-tich": "07:20"}


def test_a_configuration_that_takes_the_last_counter_away_uncovers_from_now() -> None:
    branch = Branch()
    branch.open(4, "07:30")
    branch.issue("dat-dai", "07:40")
    whole = config()
    counters = tuple(replace(d, fields=("ho-tich",)) if d.no == 4 else d for d in whole.counters)
    branch.do(c.Configure(config=replace(whole, counters=counters)), "08:00", CHIEF)
    assert uncovered(branch) == {"dat-dai": "08:00"}
