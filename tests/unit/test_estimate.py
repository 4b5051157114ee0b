"""What a new arrival is told, against figures worked out by hand."""

from __future__ import annotations

from queue_server.domain.commands import By
from queue_server.domain.configuration import Desk
from queue_server.domain.estimate import pending_wait
from queue_server.realtime.phone import ahead
from tests.factories import Branch, config, field, moment

FIELDS = (
    field("chung-thuc", "A", "Chứng thực", service_time_s=300),
    field("ho-tich", "B", "Hộ tịch", service_time_s=600),
    field("dat-dai", "C", "Đất đai", service_time_s=1500),
)


NOW = moment("08:00")


def branch_of(*desks: Desk) -> Branch:
    branch = Branch(config(fields=FIELDS, counters=desks))
    for desk in desks:
        branch.open(desk.no, "07:30", By(f"account:clerk-{desk.no}", clerk=f"clerk-{desk.no}"))
    return branch


def likely(branch: Branch, code: str, people: int = 0) -> int | None:
    state = branch.state
    told = pending_wait(state, code, lambda field: people if field == code else state.waiting_count(field), NOW)
    return told.likely_s if told else None


def test_who_comes_to_a_free_counter_waits_for_nobody() -> None:
    assert likely(branch_of(Desk(1, ("chung-thuc",))), "chung-thuc") == 0


def test_without_an_open_counter_nothing_is_told() -> None:
    assert likely(branch_of(Desk(1, ("chung-thuc",))), "ho-tich") is None


def test_a_counter_that_takes_everything_has_everybody_in_front_of_it() -> None:
    """Three of 300 s, of whom the first goes to the free counter at once."""
    branch = branch_of(Desk(1, ("chung-thuc",), ("ho-tich",)))
    for _ in range(3):
        branch.issue("chung-thuc", "07:40")
    assert likely(branch, "ho-tich") == 900
    assert likely(branch, "chung-thuc", 3) == 900


def test_people_of_another_field_count_as_far_as_the_counters_are_shared() -> None:
    """Four of 600 s; of their two counters one takes certification too, so two of them are in front of that one."""
    branch = branch_of(Desk(1, ("chung-thuc", "ho-tich")), Desk(2, ("ho-tich",)), Desk(3, ("dat-dai",)))
    for _ in range(4):
        branch.issue("ho-tich", "07:40")
    assert likely(branch, "chung-thuc") == 1200
    assert likely(branch, "dat-dai") == 0


def test_who_has_come_later_is_not_in_front_of_a_phone() -> None:
    """One of 300 s before it, two after; the first goes to the free counter at once."""
    branch = branch_of(Desk(1, ("chung-thuc",), ("ho-tich",)))
    branch.issue("chung-thuc", "07:40")
    mine = branch.issue("ho-tich", "07:41")
    for _ in range(2):
        branch.issue("chung-thuc", "07:42")
    shown = ahead(branch.state, mine, NOW)
    assert shown.people == 0
    assert shown.wait is not None
    assert shown.wait.likely_s == 300


def test_who_has_priority_is_behind_priority_only() -> None:
    branch = branch_of(Desk(1, ("chung-thuc",), ("ho-tich",)))
    for _ in range(3):
        branch.issue("chung-thuc", "07:40")
    first = branch.issue("ho-tich", "07:41", priority="NCT75")
    told = branch.state.tickets[first].told
    assert told is not None
    assert told.likely_s == 0


def test_who_is_in_a_counters_hand_keeps_it_busy() -> None:
    branch = branch_of(Desk(1, ("chung-thuc",)))
    branch.issue("chung-thuc", "07:40")
    branch.call_next(1, "07:41", By("account:clerk-1", clerk="clerk-1"))
    assert likely(branch, "chung-thuc") == 300
