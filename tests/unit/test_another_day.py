"""When to come instead: the field's next working day, and its quiet hour."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from queue_server.domain.another_day import another_day, quiet_hour
from queue_server.domain.arrivals import Arrivals
from queue_server.domain.configuration import DayHours, Hours, Window
from tests.factories import FRIDAY, ISSUING, MORNING, OFFICE, Branch, config, field

WEEK = {"mon": 1.0, "tue": 1.0, "wed": 1.0, "thu": 0.95, "fri": 0.9}


def known(*hours: tuple[str, float], days: dict[str, float] = WEEK) -> Arrivals:
    """Ten have come in each quarter of an hour from 07:00 to 16:30, but so many in those of the named hours."""
    steps = dict.fromkeys(range(7 * 4, 16 * 4 + 2), 10.0)
    for clock, count in hours:
        first = int(clock[:2]) * 4 + int(clock[3:]) // 15
        steps |= dict.fromkeys(range(first, first + 4), count)
    return Arrivals(days=days, steps=steps)


def test_a_field_has_its_own_next_working_day() -> None:
    state = Branch(today=FRIDAY).state
    land, copies = another_day(state, "dat-dai"), another_day(state, "chung-thuc")
    assert land is not None
    assert copies is not None
    assert (land.date, land.hours) == (date(2026, 11, 21), MORNING)
    assert (copies.date, copies.hours, copies.quiet) == (date(2026, 11, 23), OFFICE, None)


def test_where_no_day_is_in_sight_there_is_none() -> None:
    never = field("thue", "D", hours=Hours(weekly=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DayHours())))
    whole = config()
    assert another_day(Branch(replace(whole, fields=(*whole.fields, never))).state, "thue") is None


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        (known(("10:00", 2)), Window(600, 660)),
        (known(("10:00", 2), ("14:00", 2)), Window(600, 660)),
        (known(("10:00", 2), ("14:00", 1)), Window(14 * 60, 15 * 60)),
        (known(("10:00", 6)), None),
        (known(), None),
        (known(("15:30", 0)), None),
        (known(("10:00", 2), days={"mon": 1.0, "tue": 1.0, "wed": 1.0}), None),
        (Arrivals(), None),
    ],
    ids=["few", "the earlier one", "the fewest", "too many", "alike", "the last hour", "three days", "nothing"],
)
def test_an_hour_is_quiet_when_clearly_fewer_come_than_otherwise(arrivals: Arrivals, expected: Window | None) -> None:
    assert quiet_hour(arrivals, ISSUING) == expected


def test_a_day_without_numbers_has_no_quiet_hour() -> None:
    assert quiet_hour(known(), ()) is None
