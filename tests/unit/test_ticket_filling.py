"""From the journal to the paper: what was told at the press is printed, whatever has happened since."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig, Desk, Text
from queue_server.domain.events import Recorded
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import Paper
from queue_server.domain.telling import working_spans
from queue_server.domain.tickets import Estimate
from queue_server.readers.printing.filling import Asked, filled, followed, seq_of, wait_as_told
from queue_server.readers.printing.layouts import LAYOUT, BadLayout, layout_in_force, read_layout
from queue_server.readers.printing.paper import LayoutConfig, Rebooked, TicketPaper, WaitClock, WaitMinutes
from queue_server.readers.printing.picture import draw_ticket
from queue_server.readers.printing.wording import rebooked_line, wait_line
from tests.factories import CHIEF, KIOSK, MONDAY, VIETNAM, WORKING, Branch, config, field, limited, moment

DESK = replace(CHIEF, printer="printer-1")


def last_job(branch: Branch) -> Paper:
    return list(branch.state.papers.values())[-1]


def asked_for(branch: Branch, job: Paper) -> Asked:
    """The events behind a job, as the server finds them in the journal."""
    request = branch.records[seq_of(job.job) - 1]
    return Asked(request, next((r for r in branch.records if is_issue(r, job.ticket)), None))


def is_issue(record: Recorded, ticket: str) -> bool:
    return isinstance(record.event, ev.TicketIssued) and record.event.ticket == ticket


def paper_of(branch: Branch, *, is_marked: bool = False, url: str = "") -> TicketPaper:
    job = last_job(branch)
    return filled(branch.state, job, asked_for(branch, job), url=url, is_marked=is_marked)


# -- what is told ------------------------------------------------------------------------------------------------------


def test_a_paper_says_what_was_issued() -> None:
    branch = Branch()
    branch.open(1, "07:30")
    branch.issue("chung-thuc", "08:00")
    branch.issue("chung-thuc", "08:01", priority="NKT", language="en")
    paper = paper_of(branch, url="https://x.vn/t/1")
    assert paper == TicketPaper(
        organisation="Thành phố Hồ Chí Minh",
        branch="Trung tâm Phục vụ hành chính công phường Gò Vấp",
        field="Chứng thực",
        number="A002",
        ahead=0,
        issued_at=datetime(2026, 11, 16, 8, 1, tzinfo=VIETNAM),
        wait=WaitMinutes(0, 5),
        counters=(1, 2),
        is_priority=True,
        url="https://x.vn/t/1",
        language="en",
    )


def test_a_reprint_says_what_was_told_at_the_press_and_that_it_is_one() -> None:
    branch = Branch()
    ticket = branch.issue("chung-thuc", "08:00")
    first = paper_of(branch)
    for minute in range(10, 15):
        branch.issue("chung-thuc", f"08:{minute}")
    branch.open(1, "09:00")
    branch.call_next(1, "09:00")
    branch.do(c.Reprint(ticket=ticket), "09:30", KIOSK)
    again = paper_of(branch)
    assert again.is_reprint
    assert replace(again, is_reprint=False) == first


def test_a_first_paper_can_be_marked_when_it_may_have_come_out_before() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "08:00")
    assert paper_of(branch, is_marked=True) == replace(paper_of(branch), is_reprint=True)


def test_a_priority_that_nobody_has_confirmed_is_not_printed() -> None:
    branch = Branch()
    ticket = branch.issue("chung-thuc", "08:00", priority="NKT")
    branch.do(c.Amend(ticket=ticket, is_priority_confirmed=False), "08:05")
    branch.do(c.Reprint(ticket=ticket), "08:06", KIOSK)
    assert not paper_of(branch).is_priority


def test_another_field_means_another_paper_on_which_nothing_is_told() -> None:
    branch = Branch()
    ticket = branch.issue("chung-thuc", "08:00")
    branch.do(c.Amend(ticket=ticket, field="ho-tich"), "08:05", DESK)
    paper = paper_of(branch)
    assert (paper.field, paper.number, paper.ahead, paper.wait) == ("Hộ tịch", "A001", None, None)
    assert not paper.is_reprint
    assert draw_ticket(paper, LayoutConfig()).height < draw_ticket(replace(paper, ahead=3), LayoutConfig()).height


def test_a_paper_names_everything_that_its_number_is_for_and_the_counter_that_calls_it() -> None:
    branch = Branch()
    branch.open(2, "07:30")
    ticket = branch.issue("chung-thuc", "08:00", steps=("ho-tich", "tra-ket-qua"), counter=2, language="en")
    paper = paper_of(branch)
    assert (paper.further, paper.counters) == (("Hộ tịch", "Trả kết quả"), (2,))
    assert draw_ticket(paper, LayoutConfig()).height > draw_ticket(replace(paper, further=()), LayoutConfig()).height
    branch.call_next(2, "08:01")
    branch.do(c.Start(ticket=ticket), "08:02")
    branch.do(c.NextStep(ticket=ticket), "08:05")
    branch.do(c.Reprint(ticket=ticket), "08:06", KIOSK)
    again = paper_of(branch)
    assert (again.field, again.further, again.counters) == ("Hộ tịch", ("Trả kết quả",), (2, 3))


def test_a_rebooked_ticket_says_when_and_with_which_number() -> None:
    branch = Branch(limited(leftovers="rebook"))
    ticket = branch.issue("chung-thuc", "08:00")
    branch.issue("chung-thuc", "08:01")
    branch.do(c.EndDay(), "17:00", DESK)
    papers = list(branch.state.papers.values())
    job = next(job for job in papers[2:] if job.ticket == ticket)
    paper = filled(branch.state, job, asked_for(branch, job))
    assert (paper.number, paper.rebooked) == ("A001", Rebooked(date(2026, 11, 17), "A001"))
    assert paper.rebooked is not None
    assert rebooked_line(paper.rebooked, paper.number, "vi") == ("Hẹn lại:", "17/11/2026 số A 001")
    assert followed(branch.state, job) == f"{ticket}-261117"
    english = replace(paper, language="en")
    rules = LayoutConfig(rules="Số có giá trị trong ngày.", rules_en="Valid today only.")
    assert draw_ticket(english, rules).tobytes() == draw_ticket(english, LayoutConfig()).tobytes()


def test_a_ticket_carried_over_from_another_day_was_told_nothing() -> None:
    branch = Branch(limited(leftovers="rebook"))
    branch.issue("chung-thuc", "08:00")
    branch.do(c.EndDay(), "17:00", CHIEF)
    branch.wait(moment("07:00", MONDAY + timedelta(days=1)))
    (carried,) = branch.state.tickets
    branch.do(c.Reprint(ticket=carried), moment("07:05", MONDAY + timedelta(days=1)), KIOSK)
    assert paper_of(branch).ahead is None


@pytest.mark.parametrize("job", ["", "t1", "t1-", "t1-x"])
def test_what_is_no_job_is_refused(job: str) -> None:
    with pytest.raises(Refusal, match="unknown-job"):
        seq_of(job)


def test_a_job_of_a_rebooked_ticket_still_ends_with_its_seq() -> None:
    assert seq_of("t1-261117-42") == 42


# -- where -------------------------------------------------------------------------------------------------------------


def test_a_paper_names_the_planned_counters_whoever_is_there_and_says_the_same_when_it_is_drawn_again() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    before = paper_of(branch)
    assert before.counters == (1, 2)
    branch.open(2, "07:30")
    assert paper_of(branch) == before
    branch.issue("chung-thuc", "07:31")
    assert paper_of(branch).counters == (1, 2)


def in_a_house(*desks: Desk, zone: str = "") -> BranchConfig:
    only = field("chung-thuc", "A", "Chứng thực", zone=zone)
    return config(fields=(only,), counters=desks)


@pytest.mark.parametrize(
    ("house", "floor", "zone"),
    [
        (in_a_house(Desk(1, ("chung-thuc",)), Desk(2, ("chung-thuc",))), None, ""),
        (in_a_house(Desk(1, ("chung-thuc",)), Desk(2, (), floor=2)), 1, ""),
        (in_a_house(Desk(1, ("chung-thuc",), floor=2), Desk(2, ("chung-thuc",))), None, ""),
        (in_a_house(Desk(1, ("chung-thuc",), floor=-1, zone="Khu 2"), Desk(2, ())), -1, "Khu 2"),
        (in_a_house(Desk(1, ("chung-thuc",), zone="Khu 2"), zone="Khu 1"), None, "Khu 1"),
    ],
)
def test_floor_and_zone_are_printed_where_they_tell_something(
    house: BranchConfig, floor: int | None, zone: str
) -> None:
    branch = Branch(house)
    branch.issue("chung-thuc", "08:00")
    paper = paper_of(branch)
    assert (paper.floor, paper.zone) == (floor, zone)


# -- when --------------------------------------------------------------------------------------------------------------

SPANS = [
    (moment(f"{w.start // 60:02}:{w.start % 60:02}"), moment(f"{w.end // 60:02}:{w.end % 60:02}")) for w in WORKING
]


def told(made: str, low: int, high: int) -> Estimate:
    """A wait of so many minutes."""
    return Estimate((low + high) * 30, low * 60, high * 60, moment(made))


def clock(start: str, end: str) -> WaitClock:
    return WaitClock(moment(start).astimezone(VIETNAM), moment(end).astimezone(VIETNAM))


@pytest.mark.parametrize(
    ("estimate", "wait"),
    [
        (told("08:00", 4, 9), WaitMinutes(4, 9)),
        (told("08:00", 12, 23), WaitMinutes(10, 25)),
        (told("08:00", 0, 3), WaitMinutes(0, 5)),
        (told("08:00", 40, 61), clock("08:40", "09:05")),  # over an hour
        (told("11:10", 10, 40), clock("11:20", "13:00")),  # across lunch
        (told("11:25", 10, 20), clock("13:00", "13:00")),
        (told("07:10", 25, 35), clock("07:35", "07:45")),  # before opening
        (told("16:50", 5, 30), WaitMinutes(5, 30)),  # who is inside at closing is served
    ],
)
def test_a_wait_is_told_in_minutes_or_by_the_clock(estimate: Estimate, wait: WaitMinutes | WaitClock) -> None:
    assert wait_as_told(estimate, SPANS, config()) == wait


def test_one_moment_is_told_as_a_beginning() -> None:
    assert wait_line(clock("13:00", "13:00"), moment("11:25"), "vi") == ("Dự kiến đến lượt:", "từ 13:00")


def test_a_field_with_hours_of_its_own_is_told_by_them() -> None:
    branch = Branch()
    branch.do(c.ChangeHours(hours=config().hours.weekly["mon"], reason=Text("họp"), field="ho-tich"), "08:00", CHIEF)
    assert working_spans(branch.state, "ho-tich") == SPANS
    assert working_spans(branch.state, "chung-thuc") == SPANS


# -- the layout --------------------------------------------------------------------------------------------------------


def test_the_layout_that_is_shipped_can_be_used() -> None:
    assert read_layout(LAYOUT).rules


def test_without_a_file_the_default_is_used(tmp_path: Path) -> None:
    assert read_layout(tmp_path / "none.yaml") == LayoutConfig()


def test_a_logo_is_found_beside_the_layout(tmp_path: Path) -> None:
    (tmp_path / "logo.png").touch()
    (tmp_path / "ticket.yaml").write_text("logo: logo.png\n")
    assert read_layout(tmp_path / "ticket.yaml").logo == str(tmp_path / "logo.png")


@pytest.mark.parametrize("text", ["width: 500\n", "colour: red\n", "logo: none.png\n", "- a\n", "a: [\n"])
def test_a_layout_that_cannot_be_used_is_reported_and_papers_are_printed_without_it(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "ticket.yaml"
    file.write_text(text)
    with pytest.raises(BadLayout):
        read_layout(file)
    assert layout_in_force(576, file) == LayoutConfig()
    assert str(file) in caplog.text


def test_narrow_paper_has_a_layout_of_its_own_where_there_is_one(tmp_path):
    wide, narrow = tmp_path / "ticket.yaml", tmp_path / "ticket-58.yaml"
    wide.write_text("rules: rộng\n")
    assert layout_in_force(384, wide) == LayoutConfig(width=384, rules="rộng")
    narrow.write_text("width: 384\nrules: hẹp\n")
    assert layout_in_force(384, wide) == LayoutConfig(width=384, rules="hẹp")
    assert layout_in_force(512, wide) == LayoutConfig(width=512, rules="rộng")
