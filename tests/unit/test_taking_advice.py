"""Advice that is taken: carried out, noted once, and held against what came, by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.advice import Advice, Advices, Effect, Near
from queue_server.domain.counters import CounterState
from queue_server.domain.foresight import Asked
from queue_server.domain.refusals import Refusal
from queue_server.domain.taken import asked_by, left_to_do
from tests.factories import CHIEF, HOA, Branch, moment, replayed
from tests.unit.test_day_report import report_of

FORESEEN = ev.Foreseen(("chung-thuc", "ho-tich"), moment("08:00"), moment("08:30"), 12.5, 1860, 1320)
OPEN = c.TakeAdvice(kind="open", counter=2, fields=("chung-thuc", "ho-tich"), foreseen=FORESEEN)
LEND = c.TakeAdvice(kind="lend", lender="thu-duc", fields=("dat-dai",), foreseen=FORESEEN)
TEAM = c.TakeAdvice(kind="mobile", lender="doi-1", fields=("dat-dai",), foreseen=FORESEEN)
CLOSE = c.TakeAdvice(kind="close", counter=2, fields=("dat-dai",), foreseen=FORESEEN)


def advised(kind: str, no: int, *fields: str, lender: str = "") -> Advices:
    effect, near = Effect(20.0, 900.0, 600.0, 0.0, 0.0), Near(fields, 7200.0, 12.0, 900.0, 600.0)
    return Advices(moment("08:00"), [Advice(kind, fields, effect, near, no, lender)])


# -- taking it ---------------------------------------------------------------------------------------------------------


def test_that_somebody_is_sent_to_a_counter_is_noted_and_its_clerk_opens_it() -> None:
    branch = Branch()
    before = dict(branch.state.counters)
    (taken,) = branch.do(OPEN, "08:01", CHIEF)
    assert taken.event == ev.AdviceTaken("open", ("chung-thuc", "ho-tich"), FORESEEN, 2)
    assert branch.state.counters == before
    assert branch.state.day is not None
    assert branch.state.day.taken == (taken.event,)
    assert replayed(branch.records).day == branch.state.day


def test_a_counter_takes_a_field_besides_its_own_and_helps_with_it_no_more() -> None:
    branch = Branch()
    branch.open(3, "07:30")
    assigned, _ = branch.do(
        c.TakeAdvice(kind="assign", counter=3, fields=("chung-thuc",), foreseen=FORESEEN), "08:01", CHIEF
    )
    assert assigned.event == ev.CounterAssigned(3, ("ho-tich", "chung-thuc"), ())


def test_people_of_another_branch_are_only_noted() -> None:
    branch = Branch()
    before = dict(branch.state.counters)
    (taken,) = branch.do(LEND, "08:01", CHIEF)
    assert taken.event == ev.AdviceTaken("lend", ("dat-dai",), FORESEEN, None, "thu-duc")
    assert branch.state.counters == before


@pytest.mark.parametrize("command", [TEAM, CLOSE], ids=lambda command: command.kind)
def test_that_a_team_was_asked_for_or_a_clerk_told_to_close_is_only_noted(command: c.TakeAdvice) -> None:
    branch = Branch()
    branch.open(2, "07:30")
    before = dict(branch.state.counters)
    (taken,) = branch.do(command, "08:01", CHIEF)
    assert taken.event == ev.AdviceTaken(command.kind, ("dat-dai",), FORESEEN, command.counter, command.lender)
    assert branch.state.counters == before


def test_who_was_asked_to_come_is_known_until_what_was_foreseen_is_over() -> None:
    branch = Branch()
    for command in (OPEN, LEND, TEAM):
        branch.do(command, "08:01", CHIEF)
    at, until = FORESEEN.at, FORESEEN.until
    asked = (Asked("lend", "thu-duc", ("dat-dai",), at, until), Asked("mobile", "doi-1", ("dat-dai",), at, until))
    assert asked_by(branch.state, moment("08:29:59")) == asked
    assert asked_by(branch.state, moment("08:30")) == ()


@pytest.mark.parametrize("command", [OPEN, LEND], ids=lambda command: command.kind)
def test_what_two_managers_take_is_noted_once(command: c.TakeAdvice) -> None:
    branch = Branch()
    branch.do(command, "08:01", CHIEF)
    again = replace(command, foreseen=replace(FORESEEN, at=moment("08:01:30")))
    assert branch.do(again, "08:02", replace(CHIEF, clerk="deputy", actor="account:deputy")) == []


def test_when_its_time_is_over_the_same_may_be_taken_again() -> None:
    branch = Branch()
    branch.do(LEND, "08:01", CHIEF)
    later = replace(FORESEEN, at=moment("08:30"), until=moment("09:00"))
    assert len(branch.do(replace(LEND, foreseen=later), "08:31", CHIEF)) == 1


@pytest.mark.parametrize(
    ("changes", "at", "code"),
    [
        ({}, "08:10:01", "advice-outdated"),
        ({}, "07:49:59", "advice-outdated"),
        ({"foreseen": replace(FORESEEN, until=moment("08:00"))}, "08:01", "advice-outdated"),
        ({"fields": ("nothing",)}, "08:01", "unknown-field"),
        ({"foreseen": replace(FORESEEN, fields=("nothing",))}, "08:01", "unknown-field"),
        ({"counter": 99}, "08:01", "unknown-counter"),
        ({"counter": None}, "08:01", "unknown-counter"),
        ({}, "02:30", "day-not-open"),
    ],
)
def test_what_cannot_be_taken_is_refused_and_notes_nothing(changes: dict[str, object], at: str, code: str) -> None:
    branch = Branch(at="02:00") if code == "day-not-open" else Branch()
    known = len(branch.records)
    with pytest.raises(Refusal) as refused:
        branch.do(replace(OPEN, **changes), at, CHIEF)
    assert refused.value.code == code
    assert "advice.taken" not in branch.types()[known:]


def test_at_ten_minutes_it_still_holds() -> None:
    assert len(Branch().do(OPEN, "08:10", CHIEF)) == 1


# -- what is left to do ------------------------------------------------------------------------------------------------


def test_advice_that_was_followed_by_anybody_is_not_given_again() -> None:
    branch = Branch()
    opening, helping = advised("open", 2, "chung-thuc"), advised("assign", 2, "dat-dai")
    assert left_to_do(branch.state, opening, moment("08:00")) == opening
    assert left_to_do(branch.state, helping, moment("08:00")).found == []  # it does not work
    branch.open(2, "08:01")
    assert left_to_do(branch.state, opening, moment("08:02")).found == []
    assert left_to_do(branch.state, helping, moment("08:02")) == helping
    branch.do(c.AssignCounter(counter=2, fields=("ho-tich",), helps=("dat-dai",)), "08:03", CHIEF)
    assert left_to_do(branch.state, helping, moment("08:03")).found == []


def test_a_counter_that_is_closed_or_whose_clerk_was_told_need_not_be_closed() -> None:
    branch = Branch()
    closing = advised("close", 2, "dat-dai")
    assert left_to_do(branch.state, closing, moment("08:00")).found == []
    branch.open(2, "08:01")
    assert left_to_do(branch.state, closing, moment("08:02")) == closing
    branch.do(CLOSE, "08:03", CHIEF)
    assert left_to_do(branch.state, closing, moment("08:04")).found == []


def test_whom_to_borrow_is_not_said_again_until_it_is_known_what_came_of_it() -> None:
    branch, borrowing = Branch(), advised("lend", 0, "dat-dai", lender="thu-duc")
    assert left_to_do(branch.state, borrowing, moment("08:00")) == borrowing
    branch.do(LEND, "08:01", CHIEF)
    assert left_to_do(branch.state, borrowing, moment("08:29")).found == []
    assert left_to_do(branch.state, advised("lend", 0, "dat-dai", lender="tan-binh"), moment("08:29")).found
    assert left_to_do(branch.state, borrowing, moment("08:30")) == borrowing


# -- what came ---------------------------------------------------------------------------------------------------------


def compared_day() -> Branch:
    """Half an hour from 08:00 on is compared; numbered are those who count."""
    branch = Branch()
    branch.issue("chung-thuc", "07:30")  # called before; on to a field of those at 08:05: comes back to a queue
    branch.issue("chung-thuc", "07:40")  # 1: from 08:00 to 08:10
    branch.issue("ho-tich", "07:50")  # 2: all the half hour
    branch.issue("chung-thuc", "07:55")  # a test
    branch.open(1, "07:30")
    assert branch.served(1, "07:45") == "t1"
    branch.do(OPEN, "08:00", CHIEF)
    branch.do(c.Void(ticket="t4", reason="test"), "08:02", CHIEF)
    branch.do(c.Transfer(ticket="t1", field="ho-tich"), "08:05")
    assert branch.served(1, "08:10") == "t2"
    branch.issue("chung-thuc", "08:20")  # 3: five minutes
    branch.do(c.Finish(ticket="t2"), "08:24")
    branch.issue("dat-dai", "08:24")  # of another field
    assert branch.served(1, "08:25") == "t5"
    branch.do(c.Postpone(ticket=branch.issue("chung-thuc", "08:26")), "08:27", HOA)  # 4: three minutes and one more
    branch.issue("chung-thuc", "08:30")  # too late
    return branch


def test_what_came_is_the_mean_wait_of_those_concerned_within_the_time_that_was_foreseen() -> None:
    branch = compared_day()
    (said,) = report_of(branch, moment("08:30")).advice
    assert (said.kind, said.counter, said.fields) == ("open", 2, ("chung-thuc", "ho-tich"))
    assert (said.taken_at, said.at, said.until) == (moment("08:00"), moment("08:00"), moment("08:30"))
    assert (said.people, said.without_s, said.with_s) == (12.5, 1860, 1320)
    # Ten, thirty, five and four minutes.
    assert (said.came_people, said.came_s) == (4, 49 * 60 // 4)


def test_until_its_time_is_over_nothing_is_said_of_what_came() -> None:
    (said,) = report_of(compared_day(), moment("08:29:59")).advice
    assert (said.came_people, said.came_s) == (None, None)


def test_a_day_that_ends_earlier_ends_the_comparison() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:58")
    branch.do(OPEN, "08:00", CHIEF)
    branch.do(c.EndDay(leftovers="expire"), "08:12", CHIEF)
    (said,) = report_of(branch, moment("08:12")).advice
    assert (said.came_people, said.came_s) == (1, 12 * 60)


def test_of_nobody_there_is_no_mean() -> None:
    branch = Branch()
    branch.do(OPEN, "08:00", CHIEF)
    (said,) = report_of(branch, moment("09:00")).advice
    assert (said.came_people, said.came_s) == (0, None)


def test_a_new_day_begins_without_advice() -> None:
    branch = Branch()
    branch.do(OPEN, "08:00", CHIEF)
    branch.do(c.EndDay(leftovers="expire"), "17:00", CHIEF)
    branch.today += timedelta(days=1)
    branch.wait("07:00")
    assert branch.state.day is not None
    assert branch.state.day.taken == ()
    assert branch.state.counters[2].state is CounterState.CLOSED
