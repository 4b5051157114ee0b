"""The service day: opening, closing the books, what was missed while the machine was off, and what comes back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig, DayHours, Hours, Series, Text, Window
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Rebooking, TicketState
from queue_server.domain.timers import due
from tests.factories import (
    CHIEF,
    FRIDAY,
    KIOSK,
    LAN,
    MINH,
    MONDAY,
    MORNING,
    OFFICE,
    SATURDAY,
    TIMER,
    Branch,
    config,
    field,
    limited,
    minutes,
    moment,
    replayed,
    snapshot,
)

TUESDAY = MONDAY + timedelta(days=1)
MONDAY_AFTER = MONDAY + timedelta(days=7)


def busy(configuration: BranchConfig, today: date = MONDAY) -> Branch:
    """16:00: t1 is served at counter 1, t2 called to counter 2, t3 held by it, t4 and t5 wait; t6 was cancelled."""
    branch = Branch(configuration, today=today)
    branch.open(1, "07:30", LAN)
    branch.open(2, "07:30", MINH)
    for minute, code in enumerate(("chung-thuc", "chung-thuc", "ho-tich", "ho-tich", "chung-thuc", "dat-dai")):
        branch.issue(code, f"15:0{minute}")
    branch.served(1, "15:30", LAN)
    branch.do(c.Call(ticket="t3", counter=2), "15:30", MINH)
    branch.do(c.Start(ticket="t3"), "15:31", MINH)
    branch.do(c.Hold(ticket="t3"), "15:32", MINH)
    branch.do(c.Call(ticket="t2", counter=2), "15:40", MINH)
    branch.do(c.Cancel(ticket="t6"), "15:50", KIOSK)
    branch.wait("16:00")
    return branch


# -- the day boundary --------------------------------------------------------------------------------------------------


def test_a_day_opens_at_three_in_the_morning_vietnamese_time() -> None:
    branch = Branch(at="03:00")
    opened = branch.records[-1]
    assert (opened.at.isoformat(), opened.day) == ("2026-11-15T20:00:00+00:00", MONDAY)
    assert branch.state.day is not None
    assert branch.state.day.opened_at == opened.at


def test_an_hour_before_the_boundary_belongs_to_the_day_before() -> None:
    late = replace(config(), hours=Hours(weekly={"mon": DayHours((Window(20 * 60, 26 * 60),), (Window(0, 26 * 60),))}))
    branch = Branch(late)
    branch.issue("chung-thuc", moment("01:30", TUESDAY))
    assert branch.records[-1].day == MONDAY
    assert due_at(branch) == moment("03:00", TUESDAY)


def due_at(branch: Branch) -> object:
    item = due(branch.state, branch.state.at or moment("07:00"))
    return item.at if item else None


def test_days_without_work_are_not_opened() -> None:
    branch = Branch(today=FRIDAY)
    for ahead in range(6):
        branch.wait(moment("12:00", FRIDAY + timedelta(days=ahead)))
    opened = [r.day.isoformat() for r in branch.records if isinstance(r.event, ev.DayOpened)]
    assert opened == ["2026-11-20", "2026-11-21", "2026-11-23", "2026-11-25"]


def test_a_branch_without_configuration_asks_for_nothing() -> None:
    assert due(BranchState(), moment("07:00")) is None


def test_opening_a_day_twice_changes_nothing() -> None:
    branch = Branch()
    assert branch.do(c.OpenDay(day=MONDAY), "08:00", TIMER) == []
    with pytest.raises(Refusal, match="day-still-open"):
        branch.do(c.OpenDay(day=TUESDAY), "08:00", TIMER)


def test_a_timers_key_is_the_same_in_every_process() -> None:
    branch = Branch()
    item = due(branch.state, moment("08:00"))
    assert item is not None
    assert item.key == "timer/end-day/2026-11-16/2026-11-16T13:00:00+00:00"
    assert item == due(replayed(branch.records), moment("11:00"))


# -- the end -----------------------------------------------------------------------------------------------------------


def test_the_day_ends_three_hours_after_closing() -> None:
    branch = busy(config())
    records = branch.wait(moment("23:00"))
    assert {record.at for record in records} == {moment("20:00")}
    assert {record.actor for record in records} == {"timer"}
    assert branch.types(last=len(records)) == [
        "ticket.finished", "ticket.expired", "ticket.expired", "ticket.expired", "ticket.expired",
        "counter.closed", "counter.closed", "day.closed",
    ]  # fmt: skip


def test_the_books_add_up() -> None:
    branch = busy(config())
    issued = len(branch.state.tickets)
    branch.do(c.EndDay(reason="hết giờ"), "17:30", CHIEF)
    closed = branch.records[-1].event
    assert closed == ev.DayClosed({"cancelled": 1, "expired": 4, "finished": 1}, "hết giờ")
    assert sum(branch.books().values()) == issued == sum(closed.counts.values())
    assert branch.books() == closed.counts


def test_a_forgotten_service_ends_with_the_day_inexactly() -> None:
    branch = busy(config())
    branch.do(c.EndDay(), "17:30", CHIEF)
    assert (branch["t1"].outcome, branch["t1"].stints[-1].is_inexact) == ("forgotten", True)
    assert [branch[t].stints[-1].is_inexact for t in ("t2", "t3", "t4")] == [False] * 3


def test_an_ended_day_has_nobody_waiting_and_no_counter_open() -> None:
    branch = busy(config())
    branch.do(c.EndDay(), "17:30", CHIEF)
    assert branch.state.live_tickets() == []
    assert {counter.state for counter in branch.state.counters.values()} == {"closed"}
    assert {counter.clerk for counter in branch.state.counters.values()} == {None}
    assert branch.do(c.EndDay(), "17:31", CHIEF) == []
    for command in (c.OpenCounter(counter=1), c.Issue(field="ho-tich")):
        with pytest.raises(Refusal, match="day-not-open"):
            branch.do(command, "17:32")


def test_after_the_end_the_next_working_day_is_due() -> None:
    branch = busy(config(), today=FRIDAY)
    branch.do(c.EndDay(), "17:30", CHIEF)
    assert due_at(branch) == moment("03:00", SATURDAY)


def test_shorter_hours_end_the_day_sooner() -> None:
    branch = Branch()
    branch.do(c.ChangeHours(hours=MORNING, reason=Text("Tập huấn")), "09:00", CHIEF)
    assert due_at(branch) == moment("14:30")
    branch.do(c.ChangeHours(hours=OFFICE, reason=Text("Bão"), field="dat-dai"), "10:00", CHIEF)
    assert due_at(branch) == moment("20:00")


def test_a_day_ends_at_the_next_boundary_at_the_latest() -> None:
    branch = Branch(limited(end_day_after_s=20 * 3600))
    assert due_at(branch) == moment("03:00", TUESDAY)
    branch = Branch()
    branch.do(c.ChangeHours(hours=DayHours(), reason=Text("Lũ lụt")), "09:00", CHIEF)
    assert due_at(branch) == moment("03:00", TUESDAY)


def test_an_end_that_was_missed_is_written_at_its_own_time() -> None:
    branch = busy(config())
    branch.today = TUESDAY
    branch.issue("ho-tich", "07:05")
    closed, opened, issued = branch.records[-3:]
    assert (closed.at, closed.day) == (moment("20:00"), MONDAY)
    assert (opened.at, opened.day) == (moment("03:00", TUESDAY), TUESDAY)
    assert (issued.at, issued.day) == (moment("07:05", TUESDAY), TUESDAY)
    assert branch["t7"].number == "B001"


def test_after_a_long_stop_only_the_present_day_is_opened() -> None:
    branch = busy(config())
    branch.wait(moment("08:00", MONDAY + timedelta(days=3)))
    days = [r.day for r in branch.records if isinstance(r.event, ev.DayOpened)]
    assert days == [MONDAY, MONDAY + timedelta(days=3)]


def test_hours_changed_into_the_past_end_the_day_now() -> None:
    branch = Branch()
    early = DayHours(working=(Window(420, 540),), issuing=(Window(420, 540),))
    branch.do(c.ChangeHours(hours=early, reason=Text("Mất điện")), "15:00", CHIEF)
    branch.wait("15:01")
    assert branch.records[-1].at == moment("15:00")
    assert branch.types(last=1) == ["day.closed"]


# -- rebooking ---------------------------------------------------------------------------------------------------------


def rebooking(today: date = MONDAY) -> Branch:
    branch = busy(limited(leftovers="rebook"), today)
    branch.do(c.EndDay(), "17:30", CHIEF)
    return branch


def test_who_is_left_is_rebooked_with_the_next_days_numbers() -> None:
    branch = rebooking()
    into = {ticket.id: ticket.rebooked for ticket in branch.state.tickets.values() if ticket.rebooked}
    assert into == {
        "t2": Rebooking(TUESDAY, "t2-261117", "A001", "A", 1),
        "t3": Rebooking(TUESDAY, "t3-261117", "B001", "B", 1),
        "t4": Rebooking(TUESDAY, "t4-261117", "B002", "B", 2),
        "t5": Rebooking(TUESDAY, "t5-261117", "A002", "A", 2),
    }
    assert branch.books() == {"finished": 1, "rebooked": 4, "cancelled": 1}
    assert asked_of(branch) == [("t2", "printer-1"), ("t3", "printer-1"), ("t4", "printer-1"), ("t5", "printer-1")]


def asked_of(branch: Branch) -> list[tuple[str, str]]:
    """The papers that the newest command asked for, and where they come out."""
    at = branch.records[-1].at
    return [(paper.ticket, paper.printer) for paper in branch.state.papers.values() if paper.asked_at == at]


def test_who_ends_the_day_beside_a_printer_gets_the_papers_there() -> None:
    branch = busy(limited(leftovers="rebook"))
    branch.do(c.EndDay(), "17:30", replace(CHIEF, printer="printer-9"))
    assert asked_of(branch) == [(ticket, "printer-9") for ticket in ("t2", "t3", "t4", "t5")]


def test_the_timer_prints_nothing_since_nobody_is_there() -> None:
    branch = busy(limited(leftovers="rebook"))
    branch.wait("23:00")
    assert branch.books()["rebooked"] == 4
    assert asked_of(branch) == []


def test_the_supervisor_may_choose_what_becomes_of_the_leftovers() -> None:
    branch = busy(config())
    branch.do(c.EndDay(leftovers="rebook"), "17:30", CHIEF)
    assert branch["t4"].state is TicketState.REBOOKED
    branch = busy(limited(leftovers="rebook"))
    branch.do(c.EndDay(leftovers="expire"), "17:30", CHIEF)
    assert branch["t4"].state is TicketState.EXPIRED


def test_rebooked_tickets_are_first_in_their_field_on_the_new_day() -> None:
    branch = rebooking()
    branch.today = TUESDAY
    branch.issue("chung-thuc", "07:01")
    branch.issue("chung-thuc", "07:02", priority="NKT")
    assert branch.queue("chung-thuc") == ["t8", "t2-261117", "t5-261117", "t7"]
    assert [branch[t].number for t in branch.queue("chung-thuc")] == ["A004", "A001", "A002", "A003"]
    opened = next(r for r in reversed(branch.records) if isinstance(r.event, ev.DayOpened))
    assert isinstance(opened.event, ev.DayOpened)
    assert [t.id for t in opened.event.carried] == ["t2-261117", "t3-261117", "t4-261117", "t5-261117"]
    assert snapshot(replayed(branch.records[opened.seq - 1 :])) == snapshot(branch.state)


def test_a_rebooked_ticket_waits_from_the_opening_on() -> None:
    branch = rebooking()
    branch.today = TUESDAY
    branch.open(1, "07:30")
    branch.call_next(1, "07:45")
    event = branch.records[-1].event
    assert isinstance(event, ev.TicketCalled)
    assert event.why.waited_s == 15 * 60
    stint = branch["t2-261117"].stints[0]
    assert (stint.start, stint.end) == (moment("07:30", TUESDAY), moment("07:45", TUESDAY))


def test_a_rebooked_ticket_called_or_cancelled_before_opening_has_not_waited() -> None:
    branch = rebooking()
    branch.today = TUESDAY
    branch.open(1, "07:20")
    branch.call_next(1, "07:20")
    event = branch.records[-1].event
    assert isinstance(event, ev.TicketCalled)
    assert event.why.waited_s == 0
    stint = branch["t2-261117"].stints[0]
    assert stint.start == stint.end == moment("07:20", TUESDAY)


def test_rebooked_tickets_without_a_counter_are_noted_as_uncovered() -> None:
    branch = rebooking()
    branch.wait(moment("03:00", TUESDAY))
    uncovered = {code for code, day in branch.state.fields.items() if day.uncovered_at}
    assert uncovered == {"chung-thuc", "ho-tich"}
    assert branch.state.fields["ho-tich"].uncovered_at == moment("03:00", TUESDAY)


def test_rebooking_skips_days_on_which_the_field_does_not_work() -> None:
    branch = rebooking(FRIDAY)
    assert {t.rebooked.day for t in branch.state.tickets.values() if t.rebooked} == {MONDAY_AFTER}
    branch.today = SATURDAY
    branch.issue("dat-dai", "07:10")
    assert branch.queue("ho-tich") == []
    assert list(branch.state.booked) == ["t2", "t3", "t4", "t5"]
    assert branch.books() == {"waiting": 1}
    branch.today = MONDAY_AFTER
    branch.wait("07:00")
    assert branch.queue("ho-tich") == ["t3-261123", "t4-261123"]
    assert branch.state.booked == {}
    numbers = [t.number for t in branch.state.tickets.values()]
    assert sorted(numbers) == ["A001", "A002", "B001", "B002", "C001"]


def test_numbers_promised_on_two_days_for_the_same_day_differ() -> None:
    whole = limited(leftovers="rebook")
    saturday = Hours(weekly={"sat": MORNING})
    lent = replace(whole, fields=(*whole.fields, field("ho-ngheo", "B", "Hộ nghèo", hours=saturday)))
    branch = Branch(lent, today=FRIDAY)
    branch.issue("ho-tich", "16:00")
    branch.today = SATURDAY
    branch.issue("ho-ngheo", "10:00")
    branch.do(c.EndDay(), "12:00", CHIEF)
    promised = [t.rebooked.number for t in branch.state.rebooked() if t.rebooked]
    assert promised == ["B001", "B002"]
    branch.today = MONDAY_AFTER
    branch.wait("07:00")
    assert [t.number for t in branch.state.tickets.values()] == ["B001", "B002"]


def test_a_machine_that_was_off_on_the_promised_day_carries_its_tickets_on() -> None:
    branch = rebooking()
    branch.wait(moment("08:00", MONDAY + timedelta(days=3)))
    assert branch.queue("ho-tich") == ["t3-261117", "t4-261117"]


def test_who_would_get_no_number_expires() -> None:
    whole = limited(leftovers="rebook")
    short = replace(whole, series=tuple(replace(s, last=2) for s in whole.series))
    branch = Branch(replace(short, series=(Series("A", "A", last=9), *short.series[1:])))
    for minute, code in enumerate(("ho-tich", "ho-tich", "chung-thuc")):
        branch.issue(code, f"15:0{minute}")
    branch.do(c.Amend(ticket="t3", field="ho-tich"), "15:05")
    branch.do(c.EndDay(), "17:30", CHIEF)
    assert [branch[t].state for t in ("t1", "t2", "t3")] == ["rebooked", "rebooked", "expired"]


def test_an_amended_ticket_gets_a_number_of_its_field() -> None:
    branch = Branch(limited(leftovers="rebook"))
    branch.issue("chung-thuc", "15:00")
    branch.do(c.Amend(ticket="t1", field="dat-dai"), "15:01")
    branch.do(c.EndDay(), "17:30", CHIEF)
    rebooked = branch["t1"].rebooked
    assert rebooked is not None
    assert rebooked.number == "C001"


def test_a_rebooked_ticket_may_be_rebooked_again_under_its_first_name() -> None:
    branch = rebooking()
    branch.today = TUESDAY
    branch.do(c.EndDay(), "17:30", CHIEF)
    rebooked = branch["t2-261117"].rebooked
    assert rebooked is not None
    assert rebooked.as_ticket == "t2-261118"


def test_the_steps_still_to_come_are_carried() -> None:
    branch = Branch(limited(leftovers="rebook"))
    branch.issue("chung-thuc", "15:00", steps=("ho-tich", "tra-ket-qua"))
    branch.open(2, "15:00")
    branch.served(2, "15:01")
    branch.do(c.NextStep(ticket="t1"), "15:10")
    branch.do(c.EndDay(), "17:30", CHIEF)
    branch.wait(moment("07:00", TUESDAY))
    (ticket,) = branch.state.tickets.values()
    assert (ticket.field, ticket.step, ticket.steps) == ("ho-tich", 0, ("tra-ket-qua",))


# -- what a new day forgets --------------------------------------------------------------------------------------------


def test_a_new_day_begins_with_empty_tables() -> None:
    branch = busy(config())
    branch.do(c.SuspendField(field="dat-dai", reason=Text("Họp")), "16:01", CHIEF)
    branch.do(c.AssignCounter(counter=5, fields=("ho-tich",)), "16:02", CHIEF)
    branch.do(c.ChangeHours(hours=MORNING, reason=Text("Thử"), field="ho-tich"), "16:03", CHIEF)
    branch.wait(moment("07:00", TUESDAY))
    state = branch.state
    assert not any((state.tickets, state.calls, state.papers, state.series, state.before))
    assert state.day is not None
    assert state.day.changed == {}
    assert state.fields["dat-dai"].suspended is None
    assert state.counters[5].fields == ("tra-ket-qua",)
    assert snapshot(state) == snapshot(replayed(branch.records))


def test_a_counter_of_a_new_day_starts_closed_as_configured() -> None:
    branch = busy(config())
    branch.wait(moment("07:00", TUESDAY))
    desks = {desk.no: desk for desk in config().counters}
    for no, counter in branch.state.counters.items():
        assert (counter.state, counter.fields, counter.helps) == ("closed", desks[no].fields, desks[no].helps)


def test_events_are_never_before_the_ones_before_them() -> None:
    branch = busy(config())
    branch.do(c.Cancel(ticket="t4"), moment("16:00") - minutes(30), KIOSK)
    times = [record.at for record in branch.records]
    assert times == sorted(times)
