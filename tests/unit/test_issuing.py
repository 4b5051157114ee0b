"""Giving numbers: when, how many, which, and for whom it is too late."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig, DayHours, Series, Text, Window
from queue_server.domain.decide import decide
from queue_server.domain.foresight import FieldOutlook, Outlook, Range
from queue_server.domain.numbering import next_ordinal, printed
from queue_server.domain.refusals import Refusal
from queue_server.protocol.problems import problem
from queue_server.realtime.live import live
from queue_server.realtime.pace import Pace
from tests.factories import CHIEF, FRIDAY, HOLIDAY, KIOSK, LAN, SATURDAY, Branch, config, field, limited, moment


def refused(branch: Branch, field_code: str, clock: str) -> tuple[str, str | None]:
    """The refusal's code and, where it says so, when to come back in Vietnamese local time."""
    with pytest.raises(Refusal) as refusal:
        branch.issue(field_code, clock)
    opens_at = refusal.value.data.get("opens_at")
    return refusal.value.code, None if opens_at is None else str(opens_at)


def with_series(series: Series) -> BranchConfig:
    whole = config()
    return replace(whole, series=(series, *whole.series[1:]))


# -- what is given -----------------------------------------------------------------------------------------------------


def test_a_number_holds_everything_that_was_told() -> None:
    branch = Branch()
    branch.open(1, "07:05")
    branch.issue("chung-thuc", "07:10")
    branch.issue("chung-thuc", "07:11")
    asked = c.Issue(
        field="chung-thuc", procedures=("2.000815",), priority="NKT", channel="helper", language="en", dossiers=3,
        steps=("tra-ket-qua",), assistance="low_counter", printer="printer-9",
    )  # fmt: skip
    (record,) = branch.do(asked, "07:12", KIOSK)
    event = record.event
    assert isinstance(event, ev.TicketIssued)
    assert (event.number, event.series, event.ordinal, event.people_ahead) == ("A003", "A", 3, 0)
    assert event.told is not None
    assert (event.procedures, event.steps, event.printer) == (("2.000815",), ("tra-ket-qua",), "printer-9")
    ticket = branch["t3"]
    assert (ticket.priority, ticket.channel, ticket.language, ticket.dossiers, ticket.assistance) == (
        "NKT", "helper", "en", 3, "low_counter",
    )  # fmt: skip
    assert (ticket.arrival_at, ticket.issued_at, ticket.queue_at) == (moment("07:12"),) * 3


def test_people_ahead_are_those_who_would_be_called_before() -> None:
    branch = Branch()
    for priority in (None, "NKT", None, "NKT"):
        branch.issue("chung-thuc", "07:10", priority=priority)
    ahead = [r.event.people_ahead for r in branch.records if isinstance(r.event, ev.TicketIssued)]
    assert ahead == [0, 0, 2, 1]


def test_a_wait_is_told_only_when_a_counter_takes_the_field() -> None:
    branch = Branch()
    branch.issue("dat-dai", "07:10")
    branch.open(4, "07:30")
    for _ in range(3):
        branch.issue("dat-dai", "07:31")
    told = [r.event.told for r in branch.records if isinstance(r.event, ev.TicketIssued)]
    assert told[0] is None
    assert [estimate.likely_s for estimate in told if estimate] == [1500, 3000, 4500]
    assert all(estimate.low_s <= estimate.likely_s <= estimate.high_s for estimate in told if estimate)


def test_every_field_counts_in_its_own_series() -> None:
    branch = Branch()
    for code in ("chung-thuc", "dat-dai", "chung-thuc", "dat-dai", "ho-tich"):
        branch.issue(code, "07:10")
    assert [t.number for t in branch.state.tickets.values()] == ["A001", "C001", "A002", "C002", "B001"]


def test_fields_may_share_a_series() -> None:
    whole = config()
    shared = replace(whole, fields=(*whole.fields, field("thue", "A", "Thuế")))
    branch = Branch(shared)
    for code in ("chung-thuc", "thue", "chung-thuc"):
        branch.issue(code, "07:10")
    assert [t.number for t in branch.state.tickets.values()] == ["A001", "A002", "A003"]


def test_numbers_start_again_every_service_day() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.today = FRIDAY
    branch.issue("chung-thuc", "07:10")
    assert branch.state.day is not None
    assert branch.state.day.date == FRIDAY
    assert [t.number for t in branch.state.tickets.values()] == ["A001"]


@pytest.mark.parametrize(
    ("kind", "ordinal", "number"),
    [
        (Series("A", "A"), 12, "A012"),
        (Series("1", "1", width=3), 5, "1005"),
        (Series("X", "", width=1, last=9999), 1234, "1234"),
        (Series("LT", "LT-", width=2), 7, "LT-07"),
        (Series("A", "A", width=2), 100, "A100"),
    ],
)
def test_a_number_is_printed_with_prefix_and_width(kind: Series, ordinal: int, number: str) -> None:
    assert printed(kind, ordinal) == number


def test_a_series_gives_its_range_and_no_more() -> None:
    branch = Branch(with_series(Series("A", "1", first=101, last=102)))
    for _ in range(2):
        branch.issue("chung-thuc", "07:10")
    assert [t.number for t in branch.state.tickets.values()] == ["1101", "1102"]
    with pytest.raises(Refusal) as refusal:
        branch.issue("chung-thuc", "07:11")
    assert (refusal.value.code, refusal.value.data) == ("series-exhausted", {"series": "A", "last": 102})
    branch.issue("ho-tich", "07:12")


def test_a_range_that_moves_during_the_day_is_kept_to() -> None:
    assert next_ordinal(Series("A", "A", first=501, last=600), 6) == 501
    assert next_ordinal(Series("A", "A", first=501, last=600), 550) == 551
    with pytest.raises(Refusal):
        next_ordinal(Series("A", "A", first=1, last=5), 6)


# -- when --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "opens_at"),
    [
        ("06:59:59", "2026-11-16T07:00:00+07:00"),
        ("11:15", "2026-11-16T12:30:00+07:00"),
        ("12:29:59", "2026-11-16T12:30:00+07:00"),
        ("16:30", "2026-11-17T07:00:00+07:00"),
    ],
)
def test_issuing_stops_at_its_own_times_and_says_when_it_goes_on(clock: str, opens_at: str) -> None:
    assert refused(Branch(at="03:00"), "chung-thuc", clock) == ("issuing-closed", opens_at)


@pytest.mark.parametrize("clock", ["07:00", "11:14:59", "12:30", "16:29:59"])
def test_issuing_has_its_own_hours_before_the_counters(clock: str) -> None:
    Branch().issue("chung-thuc", clock)


def test_those_who_wait_over_lunch_keep_their_place() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "11:10")
    branch.issue("chung-thuc", "12:30")
    branch.open(1, "13:00")
    assert branch.call_next(1, "13:00") == "t1"


def test_on_saturday_only_the_field_with_saturday_hours_is_open() -> None:
    branch = Branch(today=SATURDAY)
    branch.issue("dat-dai", "08:00")
    assert refused(branch, "chung-thuc", "08:00") == ("issuing-closed", "2026-11-23T07:00:00+07:00")
    assert refused(branch, "dat-dai", "11:15") == ("issuing-closed", "2026-11-23T07:00:00+07:00")


def test_a_holiday_opens_no_day_whatever_a_field_says() -> None:
    branch = Branch(today=HOLIDAY)
    assert branch.state.day is None
    assert refused(branch, "dat-dai", "08:00")[0] == "day-not-open"


def test_a_land_field_comes_back_after_the_holiday() -> None:
    branch = Branch(today=HOLIDAY.replace(day=23))
    assert refused(branch, "dat-dai", "16:30") == ("issuing-closed", "2026-11-25T07:00:00+07:00")


def test_a_day_that_should_have_ended_gives_no_numbers() -> None:
    """Timers may be stopped (the clock stepped): yesterday's day is not today's."""
    state = Branch().state
    with pytest.raises(Refusal, match="day-not-open"):
        decide(state, c.Issue(field="ho-tich"), KIOSK, moment("08:00", FRIDAY))


def test_a_suspended_field_gives_no_numbers_and_keeps_its_queue() -> None:
    branch = Branch()
    branch.issue("dat-dai", "07:10")
    branch.do(c.SuspendField(field="dat-dai", reason=Text("Mất kết nối phần mềm đất đai")), "08:00", CHIEF)
    with pytest.raises(Refusal) as refusal:
        branch.issue("dat-dai", "08:01")
    reason = Text("Mất kết nối phần mềm đất đai")
    assert refusal.value.data == {
        "field": "dat-dai",
        "field_name": branch.state.field("dat-dai").name,
        "reason": reason,
    }
    branch.open(4, "08:02")
    assert branch.call_next(4, "08:02") == "t1"
    branch.do(c.ResumeField(field="dat-dai"), "08:30", CHIEF)
    branch.issue("dat-dai", "08:31")


def test_suspending_needs_a_reason_and_is_done_once() -> None:
    branch = Branch()
    with pytest.raises(Refusal, match="reason-missing"):
        branch.do(c.SuspendField(field="dat-dai", reason=Text(" ")), "08:00", CHIEF)
    suspend = c.SuspendField(field="dat-dai", reason=Text("Họp"))
    assert branch.do(c.ResumeField(field="dat-dai"), "08:00", CHIEF) == []
    assert len(branch.do(suspend, "08:00", CHIEF)) == 1
    assert branch.do(suspend, "08:01", CHIEF) == []


def test_changed_hours_hold_for_today_with_a_reason() -> None:
    branch = Branch()
    shorter = DayHours(working=(Window(450, 690),), issuing=(Window(420, 600),))
    branch.do(c.ChangeHours(hours=shorter, reason=Text("Tập huấn buổi chiều")), "09:00", CHIEF)
    branch.issue("chung-thuc", "09:59")
    assert refused(branch, "chung-thuc", "10:00") == ("issuing-closed", "2026-11-17T07:00:00+07:00")
    longer = DayHours(working=(Window(450, 720),), issuing=(Window(420, 700),))
    branch.do(c.ChangeHours(hours=longer, reason=Text("Đông người"), field="chung-thuc"), "10:05", CHIEF)
    branch.issue("chung-thuc", "10:06")
    assert refused(branch, "ho-tich", "10:07")[0] == "issuing-closed"


@pytest.mark.parametrize("windows", [((500, 400),), ((400, 400),), ((400, 500), (450, 600)), ((0, 49 * 60),)])
def test_changed_hours_must_be_in_order(windows: tuple[tuple[int, int], ...]) -> None:
    wrong = DayHours(working=tuple(Window(*w) for w in windows))
    with pytest.raises(Refusal, match="hours-out-of-order"):
        Branch().do(c.ChangeHours(hours=wrong, reason=Text("Thử")), "09:00", CHIEF)


def test_changed_hours_need_a_reason() -> None:
    with pytest.raises(Refusal, match="reason-missing"):
        Branch().do(c.ChangeHours(hours=DayHours(), reason=Text("")), "09:00", CHIEF)


# -- how many, and too late --------------------------------------------------------------------------------------------


NOBODY_MORE = FieldOutlook(Range(9000, 8000, 9900), Range(900, 600, 1200), 12, 0, 300.0, 9.0, 3.0, takes_more=False)
NOT_EVEN_PRIORITY = replace(NOBODY_MORE, takes_more_priority=False)
ENDING = limited(ends_by_forecast=True)


def given(
    seen: FieldOutlook, whole: BranchConfig = ENDING, *, at: str = "10:00", field: str = "chung-thuc", **asked: Any
) -> bool:
    """Whether a number is given at 10:00 by what is foreseen for certification."""
    outlook = Outlook(moment(at), {}, {"chung-thuc": seen})
    command, by = c.Issue(field=field, **asked), replace(KIOSK, fresh_id="t1")
    try:
        return bool(decide(Branch(whole, at="10:00").state, command, by, moment("10:00"), outlook))
    except Refusal as refusal:
        if refusal.code != "no-capacity":
            raise
        return False


def test_who_would_not_be_called_before_closing_is_told_to_come_another_day() -> None:
    """Numbers are given again at 12:30, but this is for the whole day."""
    branch = Branch(ENDING, at="10:00")
    outlook = Outlook(moment("10:00"), {}, {"chung-thuc": NOBODY_MORE})
    with pytest.raises(Refusal) as refusal:
        decide(branch.state, c.Issue(field="chung-thuc"), replace(KIOSK, fresh_id="t1"), moment("10:00"), outlook)
    assert refusal.value.code == "no-capacity"
    assert refusal.value.data == {
        "field": "chung-thuc",
        "field_name": branch.state.field("chung-thuc").name,
        "opens_at": "2026-11-17T07:00:00+07:00",
    }
    told = problem(refusal.value.code, refusal.value.data)
    assert told.detail == (
        "Hôm nay các quầy không còn phục vụ kịp lĩnh vực Chứng thực. Mời quay lại 07:00 ngày 17/11/2026."
    )


def test_a_branch_ends_by_the_forecast_only_when_it_is_configured_so() -> None:
    assert not given(NOBODY_MORE)
    assert given(NOBODY_MORE, config())


def test_priority_is_given_as_long_as_it_would_be_called_and_an_appointment_always() -> None:
    assert given(NOBODY_MORE, priority="NKT")
    assert not given(NOT_EVEN_PRIORITY, priority="NKT")
    assert given(NOT_EVEN_PRIORITY, appointment=moment("10:30"))
    assert not given(NOT_EVEN_PRIORITY, appointment=moment("09:00"))  # an hour too late for it


def test_without_a_fresh_forecast_of_the_field_numbers_are_given() -> None:
    assert not given(NOBODY_MORE, at="09:57")
    assert given(NOBODY_MORE, at="09:56:59")
    assert given(NOBODY_MORE, field="ho-tich")
    assert given(replace(NOBODY_MORE, takes_more=True))
    assert given(replace(NOBODY_MORE, pace=0.0))  # nobody is there for it: a counter may still open


def test_the_live_figures_say_what_issuing_goes_by() -> None:
    state = Branch(ENDING, at="10:00").state

    def shown(seen: FieldOutlook) -> tuple[bool | None, bool | None]:
        whole = live(state, moment("10:00"), Pace(state), Outlook(moment("10:00"), {}, {"chung-thuc": seen}))
        assert whole.ends_by_forecast
        return whole.fields["chung-thuc"].takes_more, whole.fields["chung-thuc"].takes_more_priority

    assert shown(NOBODY_MORE) == (False, True)
    assert shown(NOT_EVEN_PRIORITY) == (False, False)
    assert shown(replace(NOBODY_MORE, pace=0.0)) == (None, None)


@pytest.mark.parametrize(
    "command", [c.Issue(field="chung-thuc"), c.CallNext(counter=1), c.Call(ticket="t1", counter=1)]
)
def test_a_hurried_command_is_refused_after_its_deadline(command: c.Command) -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.open(1, "07:30")
    late = replace(LAN, deadline=moment("07:30:15"))
    with pytest.raises(Refusal, match="too-late"):
        branch.do(command, "07:30:16", late)
    branch.do(command, "07:30:15", late)


def test_other_commands_know_no_deadline() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.do(c.Cancel(ticket="t1"), "07:40", replace(KIOSK, deadline=moment("07:30")))


def test_unknown_fields_steps_and_classes_are_refused() -> None:
    branch = Branch()
    with pytest.raises(Refusal, match="unknown-field"):
        branch.issue("thue", "07:10")
    with pytest.raises(Refusal, match="unknown-field"):
        branch.issue("ho-tich", "07:10", steps=("thue",))
    with pytest.raises(Refusal, match="unknown-class"):
        branch.issue("ho-tich", "07:10", priority="VIP")


# -- paper -------------------------------------------------------------------------------------------------------------


def test_a_paper_is_asked_for_where_the_number_is_taken() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.issue("chung-thuc", "07:11", by=c.By("citizen:1"))
    assert [(p.ticket, p.printer, p.is_reprint) for p in branch.state.papers.values()] == [("t1", "printer-1", False)]


def test_a_reprint_goes_to_the_named_printer_the_nearest_or_the_last() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.do(c.Reprint(ticket="t1", printer="printer-2"), "07:11")
    branch.do(c.Reprint(ticket="t1"), "07:12")
    branch.do(c.Reprint(ticket="t1"), "07:13", KIOSK)
    printers = [paper.printer for paper in branch.state.papers.values()]
    assert printers == ["printer-1", "printer-2", "printer-2", "printer-1"]
    assert [paper.is_reprint for paper in branch.state.papers.values()] == [False, True, True, True]


def test_a_reprint_without_any_printer_is_refused() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10", by=c.By("citizen:1"))
    with pytest.raises(Refusal, match="no-printer"):
        branch.do(c.Reprint(ticket="t1"), "07:11")


def test_a_printers_report_is_taken_once() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    (job,) = branch.state.papers
    report = c.ReportPaper(job=job, outcome="failed", reason="hết giấy")
    assert len(branch.do(report, "07:11")) == 1
    assert branch.do(report, "07:12") == []
    assert branch.do(c.ReportPaper(job="t0-1", outcome="printed"), "07:12") == []
    branch.do(c.ReportPaper(job=job, outcome="reprinted"), "07:13")
    assert branch.state.papers[job].outcome == "reprinted"
