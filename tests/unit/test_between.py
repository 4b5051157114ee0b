"""Where to go: the ranking by hand, and what is known of branches that nobody here has loaded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from queue_server.domain.advice import Visiting
from queue_server.domain.between import Option, suggest_branch, travel_s
from queue_server.domain.configuration import BranchConfig, Position, Team, Text
from queue_server.domain.foresight import Asked, FieldOutlook, Outlook, Range
from queue_server.foreseeing.elsewhere import COMPLY, Elsewhere
from tests.factories import config, moment

NOW = moment("08:00")
HOME, NEAR, FAR = Position(10.84, 106.66), Position(10.85, 106.67), Position(10.95, 106.80)


def option(branch: str, travel_min: float, wait_min: float | None, **changes: Any) -> Option:
    wait = None if wait_min is None else Range(60 * wait_min, 48 * wait_min, 90 * wait_min)
    return replace(Option(branch, 60 * travel_min, wait), **changes)


# -- ranking -----------------------------------------------------------------------------------------------------------


def test_the_branch_with_the_least_way_and_wait_is_first() -> None:
    found = suggest_branch([option("here", 0, 60), option("near", 10, 20), option("far", 40, 0)], "here")
    assert [(each.branch, each.total.likely / 60) for each in found] == [("near", 30), ("far", 40), ("here", 60)]
    assert [(each.saves_s / 60, each.is_advised) for each in found] == [(30, True), (20, True), (0, False)]
    assert found[0].total == Range(1800, 600 + 960, 600 + 1800)


@pytest.mark.parametrize(("wait", "is_advised"), [(15, True), (15.1, False)])
def test_less_than_five_minutes_are_not_worth_the_way(wait: float, is_advised: bool) -> None:
    found = {each.branch: each for each in suggest_branch([option("here", 0, 30), option("near", 10, wait)], "here")}
    assert found["near"].is_advised is is_advised
    assert not found["here"].is_advised


def test_people_under_way_let_those_behind_wait_longer() -> None:
    near = option("near", 10, 0, pace_s=240.0, under_way=5.0)
    (first, second) = suggest_branch([option("here", 0, 20), near], "here")
    assert (first.branch, second.wait.likely, second.is_advised) == ("here", 1200.0, False)


def test_of_a_branch_of_which_nothing_can_be_said_or_that_is_full_nothing_is_said() -> None:
    found = suggest_branch([option("here", 0, 60), option("a", 5, None), option("b", 5, 0, takes_more=False)], "here")
    assert [each.branch for each in found] == ["here"]


def test_where_the_own_branch_takes_nobody_every_other_is_better() -> None:
    (found,) = suggest_branch([option("here", 0, 60, takes_more=False), option("near", 10, 20)], "here")
    assert (found.branch, found.is_advised) == ("near", True)


@pytest.mark.parametrize("here", [[], [option("here", 0, None)]])
def test_nobody_is_sent_away_from_a_branch_of_which_nobody_can_say_anything(here: list[Option]) -> None:
    (found,) = suggest_branch([*here, option("near", 10, 0)], "here")
    assert (found.branch, found.is_advised) == ("near", False)


def test_who_is_at_no_branch_would_go_to_the_nearest() -> None:
    found = suggest_branch([option("a", 5, 50), option("b", 10, 20)], None)
    assert [(each.branch, each.is_advised, each.saves_s / 60) for each in found] == [("b", True, 25), ("a", False, 0)]
    assert suggest_branch([], None) == []


OPTIONS = st.lists(
    st.tuples(st.integers(0, 60), st.none() | st.integers(0, 90), st.booleans(), st.integers(0, 8)), max_size=8
)


@given(OPTIONS)
def test_advice_never_costs_time(drawn: list[tuple[int, int | None, bool, int]]) -> None:
    options = [
        option(f"b{place}", travel, wait, takes_more=takes, under_way=float(way), pace_s=60.0)
        for place, (travel, wait, takes, way) in enumerate(drawn)
    ]
    found = suggest_branch(options, "b0")
    own = next((each for each in found if each.branch == "b0"), None)
    for each in found:
        assert each.total.low <= each.total.likely <= each.total.high
        if own is not None and each.is_advised:
            assert each.total.likely <= own.total.likely - 300


def test_the_way_is_longer_than_the_straight_line() -> None:
    assert travel_s(HOME, HOME) == 180
    north = travel_s(HOME, Position(10.85, 106.66))
    assert north == pytest.approx(180 + 1.4 * 1112 / (20 / 3.6), rel=0.01)
    assert travel_s(HOME, FAR) == travel_s(FAR, HOME) > travel_s(HOME, NEAR)


# -- what is known -----------------------------------------------------------------------------------------------------


def branch(code: str, place: Position | None, **changes: Any) -> BranchConfig:
    whole = config(branch=code, place=place)
    fields = tuple(replace(each, is_anywhere=each.code == "chung-thuc") for each in whole.fields)
    return replace(whole, fields=fields, **changes)


def outlook(minutes: float, *, people: int = 5, at: float = 0.0) -> Outlook:
    field = FieldOutlook(Range(60 * minutes, 48 * minutes, 90 * minutes), None, people, 0, 120.0, 5, 0, takes_more=True)
    return Outlook(NOW - timedelta(seconds=at), {"t1": None}, {"chung-thuc": field, "dat-dai": field})


CONFIGS = [branch("home", HOME), branch("near", NEAR), branch("far", FAR), branch("nowhere", None)]


def suggested(elsewhere: Elsewhere, field: str = "chung-thuc", here: str | None = "home") -> list[tuple[str, bool]]:
    found = elsewhere.suggest(CONFIGS, field, NOW, here=here, at=None)
    return [(each.branch, each.is_advised) for each in found]


def test_branches_are_ranked_by_their_newest_outlooks() -> None:
    elsewhere = Elsewhere()
    for code, minutes in (("home", 60), ("near", 10), ("far", 5), ("nowhere", 0)):
        elsewhere.learn(code, outlook(minutes))
    elsewhere.learn("near", outlook(90, at=60))  # older than what is known
    assert suggested(elsewhere) == [("near", True), ("home", False), ("far", False)]


def test_where_no_numbers_are_given_any_more_nobody_is_sent_and_who_stands_there_is_told_of_the_others() -> None:
    elsewhere = Elsewhere()
    for code, minutes, shut in (("home", 0, ("chung-thuc",)), ("near", 5, ("chung-thuc",)), ("far", 90, ("dat-dai",))):
        elsewhere.learn(code, replace(outlook(minutes), shut=shut))
    assert suggested(elsewhere) == [("far", True)]


def test_a_field_that_is_bound_to_a_place_is_never_sent_away() -> None:
    elsewhere = Elsewhere()
    for code, minutes in (("home", 60), ("near", 0)):
        elsewhere.learn(code, outlook(minutes))
    assert suggested(elsewhere, "dat-dai") == [("home", False)]


def test_an_old_outlook_counts_only_where_nobody_waited() -> None:
    elsewhere = Elsewhere()
    elsewhere.learn("home", outlook(60))
    elsewhere.learn("near", outlook(10, at=181))
    assert suggested(elsewhere) == [("home", False)]
    elsewhere = Elsewhere()
    elsewhere.learn("home", outlook(60))
    elsewhere.learn("near", outlook(0, people=0, at=3600))
    assert suggested(elsewhere) == [("near", True), ("home", False)]


def test_nobody_is_sent_to_a_branch_that_is_shut_when_he_comes() -> None:
    """Nothing has happened there since eight, and so it looks as it did."""
    elsewhere = Elsewhere()
    elsewhere.learn("near", outlook(0, people=0))
    for clock, is_suggested in (("11:20", True), ("11:28", False), ("12:59", True), ("16:58", False), ("19:00", False)):
        found = elsewhere.suggest(CONFIGS, "chung-thuc", moment(clock), here=None, at=HOME)
        assert bool(found) is is_suggested, clock


def test_advice_does_not_move_the_jam() -> None:
    elsewhere = Elsewhere()
    for code, minutes in (("home", 30), ("near", 5)):
        elsewhere.learn(code, outlook(minutes))
    advised = 0
    while (found := elsewhere.suggest(CONFIGS, "chung-thuc", NOW, here="home", at=None))[0].is_advised:
        elsewhere.advise(found[0], "chung-thuc", NOW)
        advised += 1
    assert 5 < advised < 40
    assert elsewhere.under_way("near", "chung-thuc", NOW) == pytest.approx(COMPLY * advised)
    assert elsewhere.under_way("near", "chung-thuc", NOW + timedelta(hours=1)) == 0


def test_a_mobile_team_comes_to_one_branch_of_its_organisation_at_a_time() -> None:
    team = Team("doi-1", Text("Đội 1"), 2, ("chung-thuc",), NEAR)
    home, near, far = (replace(each, teams=(team,)) for each in (CONFIGS[0], CONFIGS[1], branch("far-off", FAR)))
    configs = [home, near, far]
    elsewhere = Elsewhere()
    assert elsewhere.teams(configs, "home", NOW) == {"doi-1": Visiting(2, travel_s(NEAR, HOME), ("chung-thuc",))}
    until = NOW + timedelta(hours=2)
    asked = Asked("mobile", "doi-1", ("chung-thuc",), NOW, until)
    elsewhere.learn("near", replace(outlook(5), asked=(asked,)))
    assert elsewhere.asked(NOW) == [("near", asked)]
    assert elsewhere.teams(configs, "home", NOW) == {}
    assert list(elsewhere.teams(configs, "home", until)) == ["doi-1"]
    other = replace(near, organisation=Text("Nơi khác"))
    assert list(elsewhere.teams([home, other], "home", NOW)) == ["doi-1"], "another organisation's team of that name"


def test_somebody_may_come_from_where_the_fewest_wait_if_it_is_not_far() -> None:
    elsewhere = Elsewhere()
    for code, people in (("home", 30), ("near", 9), ("far", 0), ("nowhere", 0)):
        elsewhere.learn(code, outlook(10, people=people))
    assert elsewhere.lenders(CONFIGS, "home", NOW) == {"near": travel_s(HOME, NEAR)}
    beside = [branch(f"beside-{people}", NEAR) for people in (4, 0, 7)]
    for people in (4, 0, 7):
        elsewhere.learn(f"beside-{people}", outlook(10, people=people))
    assert list(elsewhere.lenders([*CONFIGS, *beside], "home", NOW)) == ["beside-0", "beside-4"]
    assert elsewhere.lenders(CONFIGS, "nowhere", NOW) == {}
    assert elsewhere.lenders(CONFIGS, "unknown", NOW) == {}


def test_nobody_comes_from_another_organisation_or_from_where_nothing_is_known_any_more() -> None:
    elsewhere = Elsewhere()
    elsewhere.learn("near", outlook(10, people=9))
    other = [CONFIGS[0], branch("near", NEAR, organisation=Text("Tỉnh khác"))]
    assert elsewhere.lenders(other, "home", NOW) == {}
    assert elsewhere.lenders(CONFIGS, "home", NOW + timedelta(minutes=4)) == {}


def test_without_a_place_of_its_own_a_branch_suggests_itself_only() -> None:
    elsewhere = Elsewhere()
    for code in ("home", "nowhere"):
        elsewhere.learn(code, outlook(60))
    assert suggested(elsewhere, here="nowhere") == [("nowhere", False)]
    there = elsewhere.suggest(CONFIGS, "chung-thuc", NOW, here=None, at=NEAR)
    assert [each.branch for each in there] == ["home"]
