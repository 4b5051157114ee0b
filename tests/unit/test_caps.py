"""Caps: how many numbers are given by day, half-day and channel, and when there are some again."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from queue_server.domain import caps
from queue_server.domain import commands as c
from queue_server.domain.configuration import Block, BranchConfig, Cap, DayHours, Text, Window
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import FieldDay
from queue_server.protocol.problems import problem
from queue_server.protocol.rows import CapLeft, LiveField
from queue_server.realtime.live import live
from queue_server.realtime.pace import Pace
from tests.factories import CHIEF, FRIDAY, HOA, KIOSK, SATURDAY, WORKING, Branch, config, limited, moment

LAND, OTHER = "dat-dai", "ho-tich"
TUESDAY_MORNING, TODAY_NOON = "2026-11-17T07:00:00+07:00", "2026-11-16T12:30:00+07:00"


def capped(cap: Cap, whole: BranchConfig | None = None) -> BranchConfig:
    """Land has this cap: numbers from 07:00 to 11:15 and from 12:30 to 16:30, and on Saturday morning."""
    whole = whole or config()
    return replace(whole, fields=tuple(replace(f, cap=cap) if f.code == LAND else f for f in whole.fields))


def used_up(branch: Branch, at: str, channel: Any = "kiosk") -> tuple[str, str | None]:
    """What is used up when a number is refused, and when there are some again."""
    with pytest.raises(Refusal) as refusal:
        branch.issue(LAND, at, channel=channel)
    assert refusal.value.code == "cap-reached"
    bound, opens_at = refusal.value.data["bound"], refusal.value.data["opens_at"]
    return str(bound), None if opens_at is None else str(opens_at)


def give(branch: Branch, *times: str, channel: Any = "kiosk") -> None:
    for at in times:
        branch.issue(LAND, at, channel=channel)


def row(branch: Branch, at: str) -> LiveField:
    return live(branch.state, branch.instant(at), Pace(branch.state)).fields[LAND]


# -- what is counted ---------------------------------------------------------------------------------------------------


def test_a_field_gives_no_more_than_its_day_allows_and_what_was_taken_back_counts() -> None:
    branch = Branch(capped(Cap(day=3)))
    give(branch, "07:10", "07:11", "12:40")
    branch.do(c.Cancel(ticket="t1"), "12:41", KIOSK)
    branch.do(c.Void(ticket="t2", reason="test"), "12:42", CHIEF)
    with pytest.raises(Refusal) as refusal:
        branch.issue(LAND, "13:13")
    assert refusal.value.data == {
        "field": LAND,
        "field_name": branch.state.field(LAND).name,
        "bound": "day",
        "opens_at": TUESDAY_MORNING,
    }
    branch.issue(OTHER, "13:14")


def test_each_half_day_has_its_own_numbers_and_what_is_left_of_one_does_not_move() -> None:
    branch = Branch(capped(Cap(morning=2, afternoon=1)))
    give(branch, "07:10", "11:14")
    assert used_up(branch, "11:14:30") == ("morning", TODAY_NOON)
    give(branch, "12:30")
    assert used_up(branch, "12:31") == ("afternoon", TUESDAY_MORNING)
    spare = Branch(capped(Cap(morning=2, afternoon=1)))
    give(spare, "07:10", "12:30")
    assert used_up(spare, "12:31") == ("afternoon", TUESDAY_MORNING)


def test_where_the_afternoon_has_no_bound_of_its_own_it_has_what_is_left_of_the_day() -> None:
    branch = Branch(capped(Cap(day=4, morning=2)))
    give(branch, "07:10", "12:30", "12:31", "12:32")
    assert used_up(branch, "12:33") == ("day", TUESDAY_MORNING)


def test_when_both_are_used_up_the_day_is_told() -> None:
    branch = Branch(capped(Cap(day=2, morning=2, afternoon=2)))
    give(branch, "07:10", "07:11")
    assert used_up(branch, "07:12") == ("day", TUESDAY_MORNING)


def test_each_channel_has_its_own_numbers_and_staff_may_not_exceed_theirs() -> None:
    branch = Branch(capped(Cap(channels={"kiosk": 1, "helper": 2})))
    give(branch, "07:10")
    assert used_up(branch, "07:11") == ("kiosk", TUESDAY_MORNING)
    give(branch, "07:12", channel="helper")
    give(branch, "07:13", channel="clerk")
    assert used_up(branch, "07:14", channel="clerk") == ("helper", TUESDAY_MORNING)
    for channel in ("phone", "web", "api"):
        give(branch, "07:15", channel=channel)
    assert branch.state.fields[LAND].issued_by == {"kiosk": 1, "helper": 2, "online": 3}


def test_a_half_day_without_numbers_is_passed_over() -> None:
    branch = Branch(capped(Cap(day=1, morning=0)), today=FRIDAY)
    assert used_up(branch, "08:00") == ("morning", "2026-11-20T12:30:00+07:00")
    give(branch, "12:30")
    assert used_up(branch, "12:31") == ("day", "2026-11-23T12:30:00+07:00"), "on Saturday it works in the morning only"


def test_where_a_channel_has_no_numbers_at_all_no_day_is_told() -> None:
    assert used_up(Branch(capped(Cap(channels={"kiosk": 0}))), "07:10") == ("kiosk", None)


def test_within_one_window_the_second_half_begins_at_noon() -> None:
    branch = Branch(capped(Cap(morning=1, afternoon=1)))
    through = DayHours(working=WORKING, issuing=(Window(7 * 60, 14 * 60),))
    branch.do(c.ChangeHours(hours=through, reason=Text("Đông người")), "07:05", CHIEF)
    give(branch, "07:10")
    assert used_up(branch, "11:59:59") == ("morning", "2026-11-16T12:00:00+07:00")
    give(branch, "12:00")
    assert used_up(branch, "12:01") == ("afternoon", TUESDAY_MORNING)


def test_numbers_of_a_list_count_to_the_half_in_which_their_citizens_came_and_to_no_channel() -> None:
    whole = capped(Cap(morning=2, channels={"kiosk": 1}))
    whole = replace(whole, series=tuple(replace(s, emergency=Block(990, 999)) for s in whole.series))
    branch = Branch(whole)
    lines = tuple(c.KeptLine(f"C99{i}", LAND, moment("08:00")) for i in range(3))
    branch.do(c.EnterList(lines=lines), "12:45", CHIEF)
    assert branch.state.fields[LAND] == FieldDay(LAND, 3, 3, {}, None, moment("12:45"))
    give(branch, "12:46")
    assert used_up(branch, "12:47") == ("kiosk", TUESDAY_MORNING)


def test_who_was_not_served_yesterday_takes_one_of_the_mornings_numbers() -> None:
    branch = Branch(capped(Cap(morning=1), limited(leftovers="rebook")), today=FRIDAY)
    give(branch, "16:00")
    branch.wait(moment("07:30", SATURDAY))
    today = branch.state.fields[LAND]
    assert (today.issued, today.issued_morning, today.issued_by) == (1, 1, {})


def test_a_new_cap_counts_what_has_been_given_before_it() -> None:
    branch = Branch()
    give(branch, "07:10", "07:11")
    branch.do(c.Configure(config=capped(Cap(morning=2))), "07:12", CHIEF)
    assert used_up(branch, "07:13") == ("morning", TODAY_NOON)


# -- what is told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "opens_at", "vi", "en"),
    [
        (
            "morning",
            TODAY_NOON,
            "Đã hết số Đất đai của buổi sáng nay. Mời lấy số lại từ 12:30 ngày 16/11/2026.",
            "The numbers for Đất đai this morning have all been given. Please come back from 12:30 on 16/11/2026.",
        ),
        (
            "day",
            None,
            "Đã hết số Đất đai của hôm nay. Mời lấy số lại từ ngày làm việc tiếp theo.",
            "The numbers for Đất đai today have all been given. Please come back from the next working day.",
        ),
    ],
)
def test_a_refusal_says_what_is_used_up_and_when_to_come(bound: str, opens_at: str | None, vi: str, en: str) -> None:
    name = Branch().state.field(LAND).name
    data = {"field": LAND, "field_name": name, "bound": bound, "opens_at": opens_at}
    assert problem("cap-reached", data).detail == vi
    assert problem("cap-reached", data, "en").detail == en


def test_the_live_figures_say_what_is_left_to_each_channel() -> None:
    branch = Branch(capped(Cap(day=5, morning=3, channels={"kiosk": 2, "helper": 9})))
    give(branch, "07:10")
    now = row(branch, "07:11")
    assert now.cap_left == 2
    assert now.cap_left_by == {"kiosk": CapLeft(1), "helper": CapLeft(2), "online": CapLeft(2)}
    give(branch, "07:12")
    give(branch, "07:13", channel="helper")
    now = row(branch, "07:14")
    assert now.cap_left == 0
    assert now.cap_left_by == {
        "kiosk": CapLeft(0, moment("07:00", branch.today.replace(day=17))),
        "helper": CapLeft(0, moment("12:30")),
        "online": CapLeft(0, moment("12:30")),
    }
    at_lunch = row(branch, "11:45")  # of the afternoon
    assert (at_lunch.cap_left, at_lunch.cap_left_by["helper"]) == (2, CapLeft(2))


def test_without_a_cap_there_is_nothing_to_say() -> None:
    now = row(Branch(), "07:11")
    assert (now.cap_left, now.cap_left_by) == (None, {})


def test_today_is_over_when_neither_dispenser_nor_helper_has_a_number_left() -> None:
    branch = Branch(capped(Cap(morning=1, channels={"kiosk": 2, "helper": 1})))
    give(branch, "07:10")
    assert not caps.is_over(branch.state, LAND, moment("07:11")), "there are some in the afternoon"
    give(branch, "12:30")
    assert not caps.is_over(branch.state, LAND, moment("12:31")), "a helper has one"
    branch.issue(LAND, "12:32", HOA, channel="helper")
    assert caps.is_over(branch.state, LAND, moment("12:33"))
    assert not caps.is_over(branch.state, OTHER, moment("12:33"))
