"""A day's report: the figures of a small day worked out by hand, and books that add up whatever happens."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain import upcast
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import LIVE, Estimate, TicketState
from queue_server.domain.visits import is_waiting_first
from queue_server.journal.port import StoredEvent
from queue_server.protocol.rows import Live
from queue_server.readers.statistics.course import course
from queue_server.readers.statistics.day import (
    Books,
    CounterDay,
    DayReport,
    Estimates,
    Services,
    Waits,
    day_report,
    estimates,
    percentile,
)
from queue_server.realtime.live import live
from queue_server.realtime.pace import Pace
from queue_server.web.pages.report import COLUMNS, Sayings, csv_of
from tests.factories import CHIEF, KIOSK, MINH, MONDAY, VIETNAM, Branch, minutes, moment

NOBODY = Waits(0, None, None, None, None, 0, 0)
NOTHING = Services(0, None, 0)
UNTOLD = Estimates(0, None, None, 0, 0)


def stored(branch: Branch) -> list[StoredEvent]:
    """The day's events as they lie in a journal."""
    return [StoredEvent(record.seq, record.day, *upcast.store(record)) for record in branch.records]


def report_of(branch: Branch, now: datetime) -> DayReport:
    found = course(stored(branch), now)
    assert found is not None
    return day_report(branch.today, found, list(branch.state.tickets.values()), now)


def small_day() -> Branch:
    """Seven numbers, of which one was a test; counter 1 is open from 07:30 to 12:00 and from 13:00 on."""
    branch = Branch()
    first = branch.issue("chung-thuc", "07:00")
    branch.issue("chung-thuc", "07:10")
    cancelled = branch.issue("ho-tich", "07:20")
    branch.open(1, "07:30")
    assert branch.served(1, "07:30") == first
    branch.do(c.Finish(ticket=first), "07:36")
    absent = branch.call_next(1, "07:36")
    branch.do(c.NoShow(ticket=absent), "07:40")
    branch.do(c.Void(ticket=branch.issue("chung-thuc", "07:45"), reason="test"), "07:46")
    branch.do(c.Cancel(ticket=cancelled), "07:50")
    branch.issue("chung-thuc", "08:00")
    branch.issue("dat-dai", "08:00")
    two_dossiers = branch.call_next(1, "08:04")
    branch.do(c.Start(ticket=two_dossiers), "08:05")
    branch.do(c.Finish(ticket=two_dossiers, outcome="supplement", dossiers=2), "08:15")
    branch.do(c.PauseCounter(counter=1, reason="Nghỉ trưa"), "12:00")
    branch.open(1, "13:00")
    branch.issue("chung-thuc", "16:20")
    branch.served(1, "16:30")
    return branch


def ended_day() -> Branch:
    """The same, ended at 17:00: the land number is rebooked, the last service was forgotten."""
    branch = small_day()
    branch.do(c.EndDay(leftovers="rebook"), "17:00", CHIEF)
    return branch


@pytest.fixture(scope="module")
def ended() -> DayReport:
    return report_of(ended_day(), moment("18:00"))


def field_of(report: DayReport, code: str):
    return next(field for field in report.fields if field.code == code)


# -- by hand -----------------------------------------------------------------------------------------------------------


def test_the_books_of_the_day_add_up(ended: DayReport):
    # issued, finished, no_show, cancelled, rebooked, expired, present, voided
    assert ended.total.books == Books(6, 3, 1, 1, 1, 0, 0, 1)
    assert field_of(ended, "chung-thuc").books == Books(4, 3, 1, 0, 0, 0, 0, 1)
    assert field_of(ended, "ho-tich").books == Books(1, 0, 0, 1, 0, 0, 0, 0)
    assert field_of(ended, "dat-dai").books == Books(1, 0, 0, 0, 1, 0, 0, 0)
    assert field_of(ended, "tra-ket-qua").books == Books(0, 0, 0, 0, 0, 0, 0, 0)
    assert ended.given == 7
    assert ended.is_balanced


def test_waits_run_to_the_first_call_or_to_the_end(ended: DayReport):
    # Certification waited 30, 26, 4 and 10 minutes: the median is between 10 and 26, and 30 is not over 30.
    assert field_of(ended, "chung-thuc").waits == Waits(4, 1050, 1080, 1800, 1800, 2, 0)
    # Cancelled after 30 minutes without a call; rebooked after nine hours.
    assert field_of(ended, "ho-tich").waits == Waits(1, 1800, 1800, 1800, 1800, 1, 0)
    assert field_of(ended, "dat-dai").waits == Waits(1, 32400, 32400, 32400, 32400, 1, 1)
    assert field_of(ended, "tra-ket-qua").waits == NOBODY
    # 4 + 10 + 26 + 30 + 30 + 540 minutes of six people.
    assert ended.total.waits == Waits(6, 6400, 1680, 32400, 32400, 4, 1)


def test_what_was_told_is_measured_against_the_first_call(ended: DayReport):
    # At 08:00 and at 16:20 the counter was free: nobody waits, told as under five minutes. It was 4 and 10.
    # The first two came before any counter was open and were told nothing; the test of 07:45 does not count.
    assert field_of(ended, "chung-thuc").estimates == Estimates(2, 420, -420, 1, 1)
    assert field_of(ended, "ho-tich").estimates == UNTOLD
    assert field_of(ended, "dat-dai").estimates == UNTOLD
    assert ended.total.estimates == Estimates(2, 420, -420, 1, 1)


def test_people_who_were_told_too_much_and_too_little_weigh_alike():
    branch = Branch()
    branch.issue("dat-dai", "07:10")  # told nothing
    branch.open(4, "07:30")
    for _ in range(5):
        branch.issue("dat-dai", "07:31")  # told 25, 50, 75, 100 and 125 minutes, from 0.6 to 1.6 times as long
    branch.do(c.Postpone(ticket="t5"), "07:32", KIOSK)
    for clock in ("07:31", "07:41", "08:31", "08:41"):
        called = branch.served(4, clock)
        branch.do(c.Finish(ticket=called), clock)
    postponed = branch.served(4, "08:50")
    assert postponed == "t5"
    branch.do(c.Finish(ticket=postponed), "08:51")
    branch.served(4, "08:51")
    report = report_of(branch, moment("09:00"))
    # 10, 60, 70 and 80 minutes: 15 too much and not within 15 to 40, 10 too little, 5 and 45 too much.
    assert field_of(report, "dat-dai").estimates == Estimates(4, 75 * 60 // 4, 55 * 60 // 4, 1, 3)
    assert report.total.estimates == field_of(report, "dat-dai").estimates


def test_a_call_that_was_undone_is_none():
    branch = Branch()
    branch.open(1, "07:30")
    branch.issue("chung-thuc", "07:30")
    called = branch.call_next(1, "07:31")
    assert report_of(branch, moment("07:32")).total.estimates.people == 1
    branch.do(c.Undo(ticket=called), "07:31:05")
    assert report_of(branch, moment("07:32")).total.estimates == UNTOLD
    assert branch.call_next(1, "07:40") == called
    assert report_of(branch, moment("07:41")).total.estimates.error_s == 600


def test_five_minutes_are_not_over_five_and_the_range_has_both_its_ends():
    told = Estimate(600, 300, 900, moment("08:00"))
    waits = [timedelta(seconds=seconds) for seconds in (298, 300, 900, 901)]
    assert estimates((told, wait) for wait in waits) == Estimates(4, 301, 0, 1, 2)


@pytest.mark.parametrize(("low_s", "high_s", "within"), [(0, 0, (0, 300)), (59, 301, (0, 360)), (610, 700, (600, 900))])
def test_the_range_is_judged_in_the_minutes_in_which_it_is_told(low_s: int, high_s: int, within: tuple[int, int]):
    """Under 5 minutes, under 6, and 10 to 15."""
    told = Estimate(low_s, low_s, high_s, moment("08:00"))
    first, last = within
    waits = [timedelta(seconds=seconds) for seconds in (first - 1, first, last, last + 1)]
    assert [estimates([(told, wait)]).within for wait in waits] == [0, 1, 1, 0]


def test_the_sheet_says_which_way_the_forecast_lay():
    def said(bias_s: int, lang: str) -> str:
        return Sayings(lang, VIETNAM).bias(Estimates(3, 300, bias_s, 0, 2))

    assert said(90, "vi") == "trung bình báo dư 1,5 phút"
    assert said(-90, "vi") == "trung bình báo thiếu 1,5 phút"
    assert said(90, "en") == "1.5 min too much on average"
    assert said(-90, "en") == "1.5 min too little on average"
    assert said(-2, "vi") == "không lệch về phía nào"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0,0"), (2, "0,0"), (3, "0,1"), (555, "9,3"), (558, "9,3"), (561, "9,4")]
)
def test_minutes_are_told_to_the_tenth_and_halves_up(seconds: int, said: str):
    assert Sayings("vi", VIETNAM).minutes(seconds) == said


def test_a_forgotten_service_counts_but_not_in_the_mean(ended: DayReport):
    # Six and ten minutes; the third ended with the day.
    assert field_of(ended, "chung-thuc").services == Services(3, 480, 1)
    assert field_of(ended, "ho-tich").services == NOTHING
    assert ended.total.services == Services(3, 480, 1)
    assert ended.total.outcomes == {"done": 1, "forgotten": 1, "supplement": 1}
    assert ended.total.dossiers == 1 + 2 + 1


def test_a_pause_is_not_open_time(ended: DayReport):
    assert ended.counters == (CounterDay(1, Services(3, 480, 1), round(8.5 * 3600)),)


def test_hours_are_the_branch_s_and_without_gaps(ended: DayReport):
    assert [each.hour for each in ended.hours] == list(range(7, 17))
    busy = {each.hour: (each.issued, each.called) for each in ended.hours if each.issued or each.called}
    assert busy == {7: (3, 2), 8: (2, 1), 16: (1, 1)}


def test_while_the_day_is_open_some_are_still_in_the_centre():
    report = report_of(small_day(), moment("16:40"))
    assert report.total.books == Books(6, 2, 1, 1, 0, 0, 2, 1)
    assert report.ended_at is None
    assert report.is_balanced
    assert field_of(report, "dat-dai").waits == NOBODY  # it still waits for a first call
    assert report.counters[0].open_s == round((4.5 + 3 + 40 / 60) * 3600)


def test_a_number_stays_in_the_field_that_it_was_drawn_for():
    branch = Branch()
    branch.open(1, "07:30")
    moved = branch.issue("chung-thuc", "07:30")
    branch.served(1, "07:40")
    branch.do(c.Transfer(ticket=moved, field="ho-tich"), "07:45")
    branch.open(3, "07:45", MINH)
    branch.served(3, "07:50", MINH)
    branch.do(c.Finish(ticket=moved), "08:00", MINH)
    report = report_of(branch, moment("08:00"))
    assert field_of(report, "chung-thuc").books.finished == 1
    assert field_of(report, "ho-tich").books.issued == 0
    assert field_of(report, "chung-thuc").waits.mean_s == 600
    assert field_of(report, "chung-thuc").services == Services(1, 300, 0)
    assert field_of(report, "ho-tich").services == Services(1, 600, 0)
    assert report.total.services == Services(2, 450, 0)  # one number, two services
    assert [each.services.count for each in report.counters] == [1, 1]


def test_a_rebooked_number_begins_its_wait_when_its_field_opens():
    branch = ended_day()
    branch.today = MONDAY + timedelta(days=1)
    branch.wait("03:00")
    branch.records = [record for record in branch.records if record.day == branch.today]
    branch.open(4, "07:30")
    branch.served(4, "07:42")
    report = report_of(branch, moment("08:00", branch.today))
    assert report.given == 1
    assert report.is_balanced
    assert field_of(report, "dat-dai").waits.mean_s == 12 * 60


def test_an_event_that_is_missing_is_seen(ended: DayReport):
    branch = ended_day()
    events = [event for event in stored(branch) if not (event.type == "ticket.issued" and event.seq > 20)]
    found = course(events, moment("18:00"))
    assert found is not None
    assert not day_report(MONDAY, found, list(branch.state.tickets.values()), moment("18:00")).is_balanced


def test_a_day_that_was_never_opened_has_no_course():
    assert course([], moment("18:00")) is None


def test_a_percentile_is_a_wait_that_somebody_had():
    waits = [minutes(n) for n in range(1, 21)]
    assert percentile(waits, 50) == minutes(10)
    assert percentile(waits, 95) == minutes(19)
    assert percentile(waits[:1], 95) == minutes(1)


def test_the_table_has_a_row_for_each_field_and_a_total(ended: DayReport):
    text = csv_of(ended, "vi")
    assert text.startswith("\ufeffLĩnh vực,Cấp,Hoàn thành")
    rows = list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))
    assert [row["Lĩnh vực"] for row in rows] == ["Chứng thực", "Hộ tịch", "Đất đai", "Trả kết quả", "Tổng"]
    assert rows[0]["Chờ trung bình (giây)"] == "1050"
    assert rows[0]["Chờ quá 15 phút (%)"] == "50"
    assert rows[3]["Chờ trung bình (giây)"] == ""
    told = ("Số người đã báo dự báo và đã gọi", "Sai số dự báo (giây)", "Trong khoảng đã báo (%)")
    assert [[row[name] for name in told] for row in (rows[0], rows[1], rows[-1])] == [
        ["2", "420", "50"], ["0", "", ""], ["2", "420", "50"],
    ]  # fmt: skip
    assert [rows[0][name] for name in ("Báo thiếu quá 5 phút (người)", "Báo thiếu quá 5 phút (%)")] == ["1", "50"]
    assert rows[0]["Dự báo dư (+) hoặc thiếu (−), trung bình (giây)"] == "-420"
    for column in COLUMNS[1:10]:
        assert sum(int(row[column.vi]) for row in rows[:-1]) == int(rows[-1][column.vi])
    assert csv_of(ended, "en").startswith("\ufeffField,Issued,Finished")


def test_advice_that_was_taken_is_told_below_the_fields():
    branch = ended_day()
    (*_, last) = branch.records
    foreseen = ev.Foreseen(("chung-thuc", "ho-tich"), moment("08:00"), moment("10:00"), 12.5, 1860, 1320)
    taken = ev.AdviceTaken("open", ("ho-tich", "chung-thuc"), foreseen, 2)
    branch.records.append(ev.Recorded(last.seq + 1, last.day, moment("08:01"), moment("08:01"), CHIEF.actor, taken))
    rows = list(csv.reader(StringIO(csv_of(report_of(branch, moment("18:00")), "vi"))))
    # From 08:00 to 10:00 somebody for certification waited four minutes.
    assert rows[-3:] == [
        [],
        [
            "Gợi ý đã làm theo", "Làm theo lúc", "Dự tính từ", "Dự tính đến", "Số người dự tính",
            "Chờ trung bình dự tính nếu không làm (giây)", "Chờ trung bình dự tính nếu làm (giây)", "Số người thực tế",
            "Chờ trung bình thực tế (giây)",
        ],
        ["Mở quầy 2 cho Hộ tịch, Chứng thực", "08:01", "08:00", "10:00", "12", "1860", "1320", "1", "240"],
    ]  # fmt: skip
    in_english = csv_of(report_of(branch, moment("18:00")), "en").splitlines()[-1]
    assert in_english.startswith('"Open counter 2 for ')


# -- whatever happens --------------------------------------------------------------------------------------------------

FIELDS = ("chung-thuc", "ho-tich", "dat-dai", "tra-ket-qua")
Step = Callable[[Branch, datetime], object]


def issue(field: str) -> Step:
    return lambda branch, at: branch.issue(field, at, KIOSK, dossiers=2)


def of_counter(no: int, kind: Callable[..., c.Command]) -> Step:
    return lambda branch, at: branch.do(kind(counter=no), at, CHIEF)


def of_ticket(index: int, make: Callable[[str], c.Command]) -> Step:
    def step(branch: Branch, at: datetime) -> None:
        tickets = sorted(branch.state.tickets)
        if tickets:
            branch.do(make(tickets[index % len(tickets)]), at, CHIEF)

    return step


KINDS: tuple[Callable[[str], c.Command], ...] = (
    lambda ticket: c.Start(ticket=ticket),
    lambda ticket: c.Finish(ticket=ticket),
    lambda ticket: c.NoShow(ticket=ticket),
    lambda ticket: c.Cancel(ticket=ticket),
    lambda ticket: c.Void(ticket=ticket),
    lambda ticket: c.Hold(ticket=ticket),
    lambda ticket: c.Resume(ticket=ticket, counter=2),
    lambda ticket: c.ReturnToQueue(ticket=ticket),
    lambda ticket: c.Postpone(ticket=ticket),
    lambda ticket: c.Reinstate(ticket=ticket),
    lambda ticket: c.Undo(ticket=ticket),
    lambda ticket: c.EndService(ticket=ticket),
    lambda ticket: c.Transfer(ticket=ticket, field="dat-dai"),
    lambda ticket: c.Amend(ticket=ticket, field="ho-tich", reason="Chọn nhầm"),
)

steps = st.one_of(
    st.sampled_from(FIELDS).map(issue),
    st.builds(of_counter, st.integers(1, 5), st.sampled_from([c.OpenCounter, c.PauseCounter, c.CloseCounter])),
    st.builds(of_counter, st.integers(1, 5), st.just(c.CallNext)),
    st.builds(of_ticket, st.integers(0, 30), st.sampled_from(KINDS)),
)
days = st.lists(st.tuples(st.integers(0, 900), steps), max_size=60)
endings = st.sampled_from([None, "rebook", "expire"])


def lived(day: list[tuple[int, Step]], ending: str | None, look: Callable[[Branch, datetime], None]) -> datetime:
    branch, at = Branch(at="07:30"), moment("07:30")
    for seconds, step in day:
        at += timedelta(seconds=seconds)
        try:
            step(branch, at)
        except Refusal:
            continue
        finally:
            look(branch, at)
    if ending is not None:
        branch.do(c.EndDay(leftovers=ending), at, CHIEF)  # type: ignore[arg-type]
    look(branch, at)
    return at


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days, endings)
def test_books_add_up_whatever_happens(day: list[tuple[int, Step]], ending: str | None):
    seen: list[Branch] = []
    at = lived(day, ending, lambda branch, _: seen.append(branch))
    branch = seen[-1]
    report = report_of(branch, at)
    tickets = list(branch.state.tickets.values())
    assert report.is_balanced
    assert sum(field.books.issued for field in report.fields) == report.total.books.issued
    assert sum(field.waits.people for field in report.fields) == report.total.waits.people
    for parts in (report.fields, report.counters):
        assert sum(part.services.count for part in parts) == report.total.services.count
        assert sum(part.services.inexact for part in parts) == report.total.services.inexact
    still = sum(1 for ticket in tickets if is_waiting_first(ticket))
    assert report.total.waits.people + still == report.total.books.issued
    assert report.total.books.present == sum(1 for ticket in tickets if ticket.state in LIVE)
    assert (report.ended_at is None) or report.total.books.present == 0
    waits = report.total.waits
    if waits.median_s is not None and waits.p95_s is not None and waits.longest_s is not None:
        assert 0 <= waits.median_s <= waits.p95_s <= waits.longest_s
    assert waits.over_30 <= waits.over_15 <= waits.people
    told = report.total.estimates
    assert sum(field.estimates.people for field in report.fields) == told.people <= waits.people
    assert max(told.within, told.too_little) <= told.people
    assert told.error_s is None or told.bias_s is None or abs(told.bias_s) <= told.error_s
    assert sum(hour.issued for hour in report.hours) == report.total.books.issued
    assert sum(counter.open_s for counter in report.counters) <= 5 * (at - moment("07:30")).total_seconds() + 5


# -- the live figures --------------------------------------------------------------------------------------------------


class Watcher:
    """Follows a branch's changes as the hub does."""

    def __init__(self) -> None:
        self.pace: Pace | None = None

    def look(self, branch: Branch, _: datetime) -> None:
        if self.pace is None:
            branch.state.mark()
            self.pace = Pace(branch.state)
        self.pace.see(branch.state.changes())
        branch.state.mark()


def shown(state: BranchState, at: datetime, pace: Pace) -> Live:
    return live(state, at, pace)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days, endings)
def test_live_figures_that_follow_changes_are_those_of_a_fresh_count(day: list[tuple[int, Step]], ending: str | None):
    watcher, seen = Watcher(), []

    def look(branch: Branch, at: datetime) -> None:
        watcher.look(branch, at)
        seen.append(branch)

    at = lived(day, ending, look) + minutes(20)
    state = seen[-1].state
    assert watcher.pace is not None
    assert shown(state, at, watcher.pace) == shown(state, at, Pace(state))


def test_the_last_hour_and_long_waits_are_counted():
    branch = Branch(at="07:30")
    branch.open(1, "07:30")
    for clock in ("07:30", "07:40", "08:20"):
        branch.issue("chung-thuc", clock)
    first = branch.served(1, "08:20")
    branch.do(c.Finish(ticket=first), "08:30")
    field = live(branch.state, moment("08:35"), Pace(branch.state)).fields["chung-thuc"]
    assert (field.came_hour, field.served_hour) == (2, 1)  # 07:30 is 65 minutes ago
    assert (field.over_15, field.over_30) == (2, 2)  # 50 minutes until its call, and 55 so far
    assert field.oldest_at == moment("07:40")
    assert branch[first].state is TicketState.FINISHED
    later = live(branch.state, moment("09:31"), Pace(branch.state)).fields["chung-thuc"]
    assert (later.came_hour, later.served_hour) == (0, 0)
    assert (later.over_15, later.over_30) == (3, 3)
