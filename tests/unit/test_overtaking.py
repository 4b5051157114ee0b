"""How often ordinary citizens see somebody with priority who came later called first, and who is next then."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import RoutingRule
from tests.factories import CHIEF, HOA, KIOSK, LAN, MINH, Branch, config, replayed, snapshot


def hall(**rule: Any) -> Branch:
    """Twice is the most, and those with priority wait for ten minutes at most; t1 is ordinary. A counter is open."""
    named = {"overtaken_most": 2, "priority_patience_s": 600, "priority_run": 100} | rule
    branch = Branch(config(rule=RoutingRule(**named)))
    branch.issue("chung-thuc", "07:10")
    branch.open(1, "07:30")
    return branch


def priority_called(branch: Branch, *clocks: str, counter: int = 1, field: str = "chung-thuc", by: c.By = LAN) -> None:
    """At each of these times somebody with priority comes, is called at once and goes."""
    for clock in clocks:
        ticket = branch.issue(field, clock, priority="NKT")
        branch.do(c.Call(ticket=ticket, counter=counter), clock, by)
        branch.do(c.NoShow(ticket=ticket), clock, by)


def next_at(branch: Branch, clock: str, counter: int = 1, by: c.By = LAN) -> tuple[str, str]:
    """Who is called then, and why."""
    event = branch.do(c.CallNext(counter=counter), clock, by)[-1].event
    assert isinstance(event, ev.TicketCalled)
    return event.ticket, event.why.reason


@pytest.mark.parametrize(
    ("rule", "clocks", "expected"),
    [
        ({}, ["07:31"], ("t3", "priority")),
        ({}, ["07:31", "07:32"], ("t1", "overtaken")),
        ({"overtaken_most": 3}, ["07:31", "07:32"], ("t4", "priority")),
        ({"overtaken_most": None}, ["07:31", "07:32", "07:33"], ("t5", "priority")),
        ({"mode": "interleaved", "ordinary_run": 0}, ["07:31", "07:32"], ("t1", "overtaken")),
        ({"mode": "strict"}, ["07:31", "07:32", "07:33"], ("t5", "priority")),
        ({"mode": "graded", "priority_head_start_s": 3600}, ["07:31", "07:32", "07:33"], ("t5", "priority")),
    ],
)
def test_who_was_overtaken_as_often_as_the_rule_allows_is_next(
    rule: dict[str, Any], clocks: list[str], expected: tuple[str, str]
) -> None:
    branch = hall(**rule)
    priority_called(branch, *clocks)
    branch.issue("chung-thuc", "07:35", priority="NKT")
    assert next_at(branch, "07:36") == expected


@pytest.mark.parametrize(("clock", "expected"), [("07:45", ("t1", "overtaken")), ("07:45:01", ("t4", "priority"))])
def test_priority_that_has_waited_longer_than_its_patience_goes_first_all_the_same(
    clock: str, expected: tuple[str, str]
) -> None:
    branch = hall()
    priority_called(branch, "07:31", "07:32")
    branch.issue("chung-thuc", "07:35", priority="NKT")
    assert next_at(branch, clock) == expected


def test_only_those_who_came_later_overtake() -> None:
    """t2 came before t3, and goes first by right; t1 has seen three, t3 two."""
    branch = hall()
    branch.issue("chung-thuc", "07:11", priority="NKT")
    branch.issue("chung-thuc", "07:12")
    for clock in ("07:31", "07:32"):
        branch.issue("chung-thuc", clock, priority="NKT")
    calls = []
    for clock in ("07:33", "07:34", "07:35", "07:36", "07:37"):
        called, why = next_at(branch, clock)
        branch.do(c.NoShow(ticket=called), clock)
        calls.append((called, why))
    assert calls == [
        ("t2", "priority"), ("t4", "priority"), ("t1", "overtaken"), ("t5", "priority"), ("t3", "oldest"),
    ]  # fmt: skip


def test_a_claimed_priority_that_is_confirmed_keeps_its_arrival() -> None:
    """t2 came before t3, whatever was known of it then; so t3 has been overtaken once."""
    branch = hall()
    branch.do(c.Cancel(ticket="t1"), "07:30", KIOSK)
    claimed = branch.issue("chung-thuc", "07:30:10", priority="NKT")
    branch.do(c.Amend(ticket=claimed, is_priority_confirmed=False), "07:30:20", HOA)
    branch.issue("chung-thuc", "07:30:30")  # t3
    priority_called(branch, "07:31")
    branch.do(c.Amend(ticket=claimed, is_priority_confirmed=True), "07:32", HOA)
    assert next_at(branch, "07:33") == ("t2", "priority")
    branch.do(c.NoShow(ticket="t2"), "07:33")
    branch.issue("chung-thuc", "07:34", priority="NKT")
    assert next_at(branch, "07:35") == ("t5", "priority")


def test_calls_of_a_counter_overtake_those_who_wait_in_all_its_fields_and_no_others() -> None:
    branch = hall()
    for code in ("ho-tich", "dat-dai"):
        branch.issue(code, "07:12")  # t2, t3
    branch.open(2, "07:30", MINH)  # certification and civil status
    branch.open(4, "07:30", HOA)  # land
    priority_called(branch, "07:31", counter=2, field="ho-tich", by=MINH)
    priority_called(branch, "07:32", counter=2, field="chung-thuc", by=MINH)
    for code in ("ho-tich", "dat-dai", "chung-thuc"):
        branch.issue(code, "07:33", priority="NKT")
    assert next_at(branch, "07:34", 1) == ("t1", "overtaken")
    assert next_at(branch, "07:34", 2, MINH) == ("t2", "overtaken")
    assert next_at(branch, "07:34", 4, HOA) == ("t7", "priority")


def test_whoever_comes_to_wait_elsewhere_has_not_been_overtaken_there() -> None:
    branch = hall()
    branch.open(3, "07:30", MINH)  # civil status
    branch.do(c.Call(ticket="t1", counter=1), "07:31")
    priority_called(branch, "07:32", "07:33", counter=3, field="ho-tich", by=MINH)
    branch.do(c.Transfer(ticket="t1", field="ho-tich"), "07:34")
    branch.issue("ho-tich", "07:35", priority="NKT")
    assert next_at(branch, "07:36", 3, MINH) == ("t4", "priority")


def test_who_returns_to_the_queue_hides_nobody_behind() -> None:
    branch = hall()
    branch.issue("chung-thuc", "07:11")  # t2
    priority_called(branch, "07:31", "07:32")  # t3, t4
    branch.do(c.Call(ticket="t1", counter=1), "07:33")
    branch.do(c.ReturnToQueue(ticket="t1"), "07:34")
    branch.issue("chung-thuc", "07:35", priority="NKT")  # t5
    calls = []
    for clock in ("07:37", "07:38", "07:39"):
        called, why = next_at(branch, clock)
        branch.do(c.NoShow(ticket=called), clock)
        calls.append((called, why))
    assert calls == [("t1", "overtaken"), ("t2", "overtaken"), ("t5", "priority")]


def test_who_returned_to_the_queue_alone_goes_behind_priority() -> None:
    branch = hall()
    priority_called(branch, "07:31", "07:32")  # t2, t3
    branch.do(c.Call(ticket="t1", counter=1), "07:33")
    branch.do(c.ReturnToQueue(ticket="t1"), "07:34")
    branch.issue("chung-thuc", "07:35", priority="NKT")  # t4
    assert next_at(branch, "07:37") == ("t4", "priority")


def test_an_amended_field_keeps_the_wait() -> None:
    """Who pressed the wrong field has waited since then, also in the right one."""
    branch = hall()
    branch.issue("dat-dai", "07:11")  # t2
    priority_called(branch, "07:31", "07:32")
    branch.do(c.Cancel(ticket="t1"), "07:33", KIOSK)
    branch.do(c.Amend(ticket="t2", field="chung-thuc"), "07:33", HOA)
    branch.issue("chung-thuc", "07:35", priority="NKT")
    assert next_at(branch, "07:36") == ("t2", "overtaken")


def test_a_call_that_is_taken_back_has_overtaken_nobody() -> None:
    branch = hall()
    priority_called(branch, "07:31")
    second = branch.issue("chung-thuc", "07:32", priority="NKT")
    fields = dict(branch.state.fields)
    branch.do(c.Call(ticket=second, counter=1), "07:33")
    assert branch.state.fields != fields
    branch.do(c.Undo(ticket=second), "07:33:05")
    assert branch.state.fields == fields
    assert next_at(branch, "07:34") == ("t3", "priority")
    assert snapshot(replayed(branch.records)) == snapshot(branch.state)


def test_who_is_resumed_after_a_hold_overtakes_nobody_again() -> None:
    branch = hall()
    held = branch.issue("chung-thuc", "07:31", priority="NKT")
    branch.do(c.Call(ticket=held, counter=1), "07:31")
    branch.do(c.Start(ticket=held), "07:31")
    branch.do(c.Hold(ticket=held), "07:32")
    branch.do(c.Resume(ticket=held), "07:33")
    branch.do(c.NoShow(ticket=held), "07:34")
    branch.issue("chung-thuc", "07:35", priority="NKT")
    assert next_at(branch, "07:36") == ("t3", "priority")


def test_ordinary_citizens_go_in_their_own_order_while_priority_stands_back() -> None:
    """t2 has waited longer than t3, in another field of counter 2."""
    branch = hall()
    branch.do(c.Cancel(ticket="t1"), "07:30", KIOSK)
    branch.issue("chung-thuc", "07:30:10")  # t2
    branch.issue("ho-tich", "07:30:20")  # t3
    branch.open(2, "07:30", MINH)
    branch.open(3, "07:30", HOA)  # civil status
    priority_called(branch, "07:31", "07:32", counter=3, field="ho-tich", by=HOA)
    branch.issue("ho-tich", "07:33", priority="NKT")
    calls = []
    for clock in ("07:34", "07:35", "07:36"):
        called, why = next_at(branch, clock, 2, MINH)
        branch.do(c.NoShow(ticket=called), clock, MINH)
        calls.append((called, why))
    assert calls == [("t2", "overtaken"), ("t3", "overtaken"), ("t6", "priority")]


def test_who_is_owed_a_turn_goes_before_who_was_overtaken() -> None:
    branch = hall()
    branch.do(c.Cancel(ticket="t1"), "07:30", KIOSK)
    branch.issue("chung-thuc", "07:30", appointment=branch.instant("07:30"))  # t2
    branch.issue("chung-thuc", "07:30:30")  # t3
    priority_called(branch, "07:31", "07:32")
    branch.issue("chung-thuc", "07:35", priority="NKT")
    assert next_at(branch, "07:36") == ("t2", "appointment")
    branch.do(c.NoShow(ticket="t2"), "07:36")
    assert next_at(branch, "07:37") == ("t3", "overtaken")


def test_how_often_is_counted_within_a_day() -> None:
    branch = hall()
    priority_called(branch, "07:31", "07:32")
    branch.do(c.EndDay(), "17:30", CHIEF)
    branch.today = branch.today.replace(day=branch.today.day + 1)
    branch.wait("07:00")
    assert all(row.priority_calls == () for row in branch.state.fields.values())
