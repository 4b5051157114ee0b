"""Numbers for power cuts: never given by the machine, and entered afterwards from the list that was kept by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import Block, BranchConfig, Cap, Series, Text
from queue_server.domain.numbering import emergency_ordinal, is_exhausted, next_ordinal
from queue_server.domain.refusals import Refusal
from queue_server.domain.tickets import TicketState
from queue_server.readers.dossier.records import visit
from queue_server.readers.statistics.day import Course, day_report
from tests.factories import CHIEF, HOA, LAN, MONDAY, Branch, config, moment


def with_block(series: Series | None = None) -> BranchConfig:
    """Certification has ten numbers on paper, 990 to 999; the other fields have none."""
    whole = config()
    return replace(whole, series=(series or Series("A", "A", emergency=Block(990, 999)), *whole.series[1:]))


def line(number: str, clock: str, *, field: str = "chung-thuc", is_served: bool = False) -> c.KeptLine:
    return c.KeptLine(number=number, field=field, arrival_at=moment(clock), is_served=is_served)


def entered(branch: Branch, *lines: c.KeptLine, at: str = "09:00") -> list[ev.EventType]:
    return [record.event for record in branch.do(c.EnterList(lines=lines), at, HOA)]


def refused(branch: Branch, *lines: c.KeptLine, at: str = "09:00") -> Refusal:
    before = branch.state.seq
    with pytest.raises(Refusal) as refusal:
        entered(branch, *lines, at=at)
    assert branch.state.seq == before
    return refusal.value


def numbers(branch: Branch, field: str = "chung-thuc") -> list[str]:
    return [branch[ticket].number for ticket in branch.queue(field)]


# -- numbering ---------------------------------------------------------------------------------------------------------


@st.composite
def series(draw: st.DrawFn) -> Series:
    first = draw(st.integers(1, 30))
    last = draw(st.integers(first + 1, first + 40))
    start = draw(st.integers(first, last))
    end = draw(st.integers(start, last))
    return Series("A", "A", first=first, last=last, emergency=Block(start, end))


@given(series())
def test_the_machine_gives_every_number_but_those_of_the_block(one: Series) -> None:
    assert one.emergency is not None
    free = {*range(one.first, one.last + 1)} - {*range(one.emergency.first, one.emergency.last + 1)}
    given_out: list[int] = []
    last: int | None = None
    while not is_exhausted(one, last):
        last = next_ordinal(one, last)
        given_out.append(last)
    assert given_out == sorted(free)
    with pytest.raises(Refusal, match="series-exhausted"):
        next_ordinal(one, last)


@pytest.mark.parametrize("written", ["A995", "a995", "A 995", "995", " a 995 "])
def test_a_number_is_read_as_people_write_it(written: str) -> None:
    assert emergency_ordinal(Series("A", "A", emergency=Block(990, 999)), written) == 995


@pytest.mark.parametrize("written", ["B995", "A012", "A", "", "99५", "-995", "A9950"])
def test_what_is_no_number_of_the_block_is_none(written: str) -> None:
    assert emergency_ordinal(Series("A", "A", emergency=Block(990, 999)), written) is None


def test_a_prefix_that_is_a_digit_is_no_trap() -> None:
    one = Series("1", "1", emergency=Block(150, 199))
    assert emergency_ordinal(one, "1150") == 150
    assert emergency_ordinal(one, "150") == 150


def test_rebooking_keeps_away_from_the_block_too() -> None:
    small = with_block(Series("A", "A", first=1, last=5, emergency=Block(1, 2)))
    branch = Branch(replace(small, limits=replace(small.limits, leftovers="rebook")))
    for _ in range(2):
        branch.issue("chung-thuc", "16:00")
    branch.do(c.EndDay(), "17:00", CHIEF)
    promised = [t.rebooked.number for t in branch.state.tickets.values() if t.rebooked]
    assert promised == ["A003", "A004"]


# -- the list ----------------------------------------------------------------------------------------------------------


def test_who_still_waits_goes_on_waiting_and_who_was_served_is_finished() -> None:
    branch = Branch(with_block())
    entered(branch, line("990", "07:40", is_served=True), line("991", "07:45"), line("A992", "07:50"))
    assert numbers(branch) == ["A991", "A992"]
    served, first, _ = branch.state.tickets.values()
    assert (served.state, served.outcome, served.channel) == (TicketState.FINISHED, "done", "list")
    assert (first.state, first.arrival_at, first.issued_at) == (TicketState.WAITING, moment("07:45"), moment("09:00"))
    assert all(stint.is_inexact for ticket in (served, first) for stint in ticket.stints)


def test_the_machine_goes_on_from_its_own_last_number() -> None:
    branch = Branch(with_block())
    branch.issue("chung-thuc", "07:10")
    entered(branch, line("995", "07:45"))
    branch.issue("chung-thuc", "09:05")
    assert numbers(branch) == ["A001", "A995", "A002"]


def test_a_wait_that_began_by_the_list_stays_inexact_when_it_ends() -> None:
    branch = Branch(with_block())
    entered(branch, line("990", "07:45"))
    branch.open(1, "09:01")
    ticket = branch.served(1, "09:02")
    branch.do(c.Finish(ticket=ticket), "09:10", LAN)
    waiting, walking, service = branch[ticket].stints
    assert (waiting.start, waiting.is_inexact) == (moment("07:45"), True)
    assert not walking.is_inexact
    assert not service.is_inexact


def test_neither_hours_nor_a_suspension_nor_a_cap_refuse_what_was_given_already() -> None:
    whole = with_block()
    capped = replace(whole, fields=(replace(whole.fields[0], cap=Cap(1)), *whole.fields[1:]))
    branch = Branch(capped)
    branch.issue("chung-thuc", "07:10")
    branch.do(c.SuspendField(field="chung-thuc", reason=Text("Mất điện")), "07:30", CHIEF)
    entered(branch, line("990", "10:00"), at="11:40")
    assert numbers(branch) == ["A001", "A990"]


Lines = list[tuple[int, int, bool]]


@given(
    st.lists(
        st.tuples(st.integers(990, 999), st.integers(0, 119), st.booleans()), min_size=1, unique_by=lambda x: x[0]
    ),
    st.integers(0, 6),
)
def test_the_order_of_the_list_is_kept_whatever_times_it_says(kept: Lines, before: int) -> None:
    branch = Branch(with_block())
    for _ in range(before):
        branch.issue("chung-thuc", "07:00")
    lines = [
        replace(line(str(no), "07:01"), arrival_at=moment("07:01") + timedelta(minutes=ago), is_served=is_served)
        for no, ago, is_served in kept
    ]
    entered(branch, *lines, at="09:01")
    branch.issue("chung-thuc", "09:02")
    waiting = [f"A{no}" for no, _, is_served in kept if not is_served]
    own = [f"A{no:03}" for no in range(1, before + 1)]
    assert numbers(branch) == [*own, *waiting, f"A{before + 1:03}"]
    arrivals = {ticket.number: ticket.arrival_at for ticket in branch.state.tickets.values()}
    assert all(arrivals[f"A{no}"] == moment("07:01") + timedelta(minutes=ago) for no, ago, _ in kept)


def test_the_list_of_one_field_does_not_push_back_another() -> None:
    whole = with_block()
    both = replace(whole, series=(whole.series[0], Series("B", "B", emergency=Block(990, 999)), *whole.series[2:]))
    branch = Branch(both)
    entered(branch, line("A990", "08:30"), line("B990", "07:40", field="ho-tich"), line("A991", "08:30"))
    by_number = {ticket.number: ticket for ticket in branch.state.tickets.values()}
    assert by_number["B990"].queue_at == moment("07:40")
    assert by_number["A991"].queue_at - moment("08:30") < timedelta(seconds=1)


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_a_number_that_was_entered_is_not_entered_again() -> None:
    branch = Branch(with_block())
    entered(branch, line("990", "07:40"))
    again = refused(branch, line("991", "07:45"), line("a990", "07:50"))
    assert (again.code, again.data["number"], again.data["line"]) == ("number-taken", "A990", 2)
    assert numbers(branch) == ["A990"]


def test_a_number_that_stands_twice_in_the_list_is_refused_with_the_whole_list() -> None:
    branch = Branch(with_block())
    twice = refused(branch, line("990", "07:40"), line("A990", "07:50"))
    assert (twice.code, twice.data["line"]) == ("number-taken", 2)
    assert numbers(branch) == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"number": "A012"}, "not-reserved"),
        ({"number": "xyz"}, "not-reserved"),
        ({"field": "dat-dai"}, "nothing-reserved"),
        ({"field": "khong-co"}, "unknown-field"),
        ({"arrival_at": moment("09:01")}, "arrival-not-today"),
        ({"arrival_at": moment("16:00", MONDAY - timedelta(days=1))}, "arrival-not-today"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], code: str) -> None:
    assert refused(Branch(with_block()), replace(line("990", "07:40"), **wrong)).code == code


def test_there_must_be_a_service_day() -> None:
    branch = Branch(with_block())
    branch.do(c.EndDay(), "08:00", CHIEF)
    assert refused(branch, line("990", "07:40")).code == "day-not-open"


# -- figures -----------------------------------------------------------------------------------------------------------


def test_the_books_count_them_and_no_figure_of_waits_does() -> None:
    branch = Branch(with_block())
    branch.open(1, "07:30")
    branch.issue("chung-thuc", "07:35")
    branch.do(c.Finish(ticket=branch.served(1, "07:45")), "07:50", LAN)
    entered(branch, line("990", "07:40", is_served=True), line("991", "07:45"))
    branch.do(c.Finish(ticket=branch.served(1, "09:30")), "09:36", LAN)
    tickets = list(branch.state.tickets.values())
    course = Course(branch.state.configured, moment("03:00"), None, 3, {})
    report = day_report(MONDAY, course, tickets, moment("10:00"))
    assert (report.total.books.issued, report.total.books.finished) == (3, 3)
    assert (report.total.waits.people, report.total.waits.mean_s) == (1, 600)
    assert (report.total.services.count, report.total.services.mean_s) == (2, 330)


def test_the_dossier_backend_is_told_that_it_is_inexact() -> None:
    branch = Branch(with_block())
    entered(branch, line("990", "07:40", is_served=True))
    (served,) = branch.state.tickets.values()
    record = visit("go-vap", date(2026, 11, 16), served).data
    assert record.is_inexact  # type: ignore[union-attr]
    assert served.final_at == datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
