"""Service days, opening hours and instants: pure arithmetic on a configuration."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from queue_server.domain import hours
from queue_server.domain.configuration import BranchConfig, DayHours, Exceptional, Hours, Text, Window
from tests.factories import FRIDAY, HOLIDAY, MONDAY, MORNING, OFFICE, SATURDAY, config, moment

SUNDAY = date(2026, 11, 22)
LAND = next(f for f in config().fields if f.code == "dat-dai")
CIVIL = next(f for f in config().fields if f.code == "ho-tich")


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-15T19:59:59+00:00", date(2026, 11, 15)),
        ("2026-11-15T20:00:00+00:00", MONDAY),
        ("2026-11-16T16:59:59+00:00", MONDAY),
        ("2026-11-16T17:00:00+00:00", MONDAY),
        ("2026-11-16T19:59:59+00:00", MONDAY),
        ("2026-11-16T20:00:00+00:00", date(2026, 11, 17)),
        ("2026-11-16T03:00:00+07:00", MONDAY),
        ("2026-12-31T20:00:00+00:00", date(2027, 1, 1)),
    ],
)
def test_a_service_day_runs_from_three_to_three_in_vietnam(at: str, day: date) -> None:
    assert hours.service_day(config(), datetime.fromisoformat(at)) == day


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.integers(0, 6 * 60))  # noqa: DTZ001
def test_every_instant_lies_within_its_service_day(naive: datetime, day_boundary: int) -> None:
    configuration, at = replace(config(), day_boundary=day_boundary), naive.replace(tzinfo=UTC)
    day = hours.service_day(configuration, at)
    assert hours.boundary(configuration, day) <= at < hours.boundary(configuration, day + timedelta(days=1))


def test_minutes_of_a_day_may_pass_midnight() -> None:
    assert hours.instant(config(), MONDAY, 0) == moment("00:00")
    assert hours.instant(config(), MONDAY, 26 * 60) == moment("02:00", MONDAY + timedelta(days=1))
    assert hours.instant(config(), MONDAY, 450).tzinfo is UTC


def test_a_weekdays_plan_is_the_branchs_or_the_fields() -> None:
    assert hours.planned(config(), FRIDAY) == OFFICE
    assert hours.planned(config(), FRIDAY, LAND) == OFFICE
    assert hours.planned(config(), SATURDAY, LAND) == MORNING
    assert hours.planned(config(), SATURDAY, CIVIL) == hours.CLOSED
    assert hours.planned(config(), SUNDAY, LAND) == hours.CLOSED


def test_a_dated_exception_outranks_weekday_and_field() -> None:
    assert hours.planned(config(), HOLIDAY, LAND) == hours.CLOSED
    worked = {SUNDAY.isoformat(): Exceptional(MORNING, Text("Làm bù"))}
    swapped = replace(config(), hours=replace(config().hours, dates=worked))
    assert hours.planned(swapped, SUNDAY, CIVIL) == MORNING
    assert hours.planned(swapped, HOLIDAY, CIVIL) == OFFICE


def test_a_field_may_be_closed_on_a_day_of_the_branch() -> None:
    closed = replace(CIVIL, hours=Hours(weekly={"fri": DayHours()}))
    assert hours.planned(config(), FRIDAY, closed) == hours.CLOSED
    assert hours.next_working_day(config(), FRIDAY - timedelta(days=1), field=closed) == date(2026, 11, 23)


@pytest.mark.parametrize(("day", "works"), [(FRIDAY, True), (SATURDAY, True), (SUNDAY, False), (HOLIDAY, False)])
def test_a_day_on_which_any_field_works_is_a_working_day(day: date, works: bool) -> None:
    assert hours.is_working_day(config(), day) == works


def test_the_next_working_day_skips_weekends_and_holidays() -> None:
    assert hours.next_working_day(config(), FRIDAY) == SATURDAY
    assert hours.next_working_day(config(), SATURDAY) == date(2026, 11, 23)
    assert hours.next_working_day(config(), date(2026, 11, 23)) == date(2026, 11, 25)
    assert hours.next_working_day(config(), FRIDAY, field=CIVIL) == date(2026, 11, 23)
    assert hours.next_working_day(config(), FRIDAY, field=LAND) == SATURDAY


def test_a_branch_that_never_works_has_no_next_day() -> None:
    whole = config()
    never = replace(whole, hours=Hours(), fields=tuple(replace(f, hours=None) for f in whole.fields))
    assert hours.next_working_day(never, MONDAY) is None


@pytest.mark.parametrize(
    ("clock", "inside"),
    [("07:29:59", False), ("07:30", True), ("11:29:59", True), ("11:30", False), ("13:00", True), ("17:00", False)],
)
def test_windows_are_half_open(clock: str, inside: bool) -> None:
    assert hours.contains(config(), MONDAY, OFFICE.working, moment(clock)) == inside


def test_later_starts_of_the_day() -> None:
    assert list(hours.starts_after(config(), MONDAY, OFFICE.issuing, moment("06:00"))) == [
        moment("07:00"), moment("12:30"),
    ]  # fmt: skip
    assert list(hours.starts_after(config(), MONDAY, OFFICE.issuing, moment("07:00"))) == [moment("12:30")]


def test_closing_is_the_end_of_the_last_working_window() -> None:
    assert hours.closing(config(), MONDAY, OFFICE) == moment("17:00")
    assert hours.closing(config(), MONDAY, MORNING) == moment("11:30")
    assert hours.closing(config(), MONDAY, hours.CLOSED) is None
    night: BranchConfig = config()
    late = DayHours(working=(Window(18 * 60, 25 * 60),))
    assert hours.closing(night, MONDAY, late) == moment("01:00", MONDAY + timedelta(days=1))
