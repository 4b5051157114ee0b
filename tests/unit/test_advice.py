"""Who is to come, by hand; and what staff might do about it, in scenes where the answer is known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from queue_server.domain.advice import (
    Advice,
    Advices,
    Lender,
    Near,
    Question,
    Visiting,
    advise,
    compare,
    consider,
    lend,
    outcomes,
    send,
    span_of,
    spare,
)
from queue_server.domain.arrivals import Arrivals, after, expected, is_after_a_break, still_expected, usual_visits
from queue_server.domain.foresight import Busy, Scene
from queue_server.domain.learning import Law
from queue_server.domain.scene import could_open, expected_of, learnt_by, scene_of
from queue_server.foreseeing.player import answer
from tests.factories import HOLIDAY, MONDAY, Branch, config, moment
from tests.unit.test_foresight import counter, scene, waits

# -- who is to come ----------------------------------------------------------------------------------------------------


def day_of(branch_day: date, *clocks: str, code: str = "chung-thuc") -> Branch:
    branch = Branch(today=branch_day)
    for clock in clocks:
        branch.issue(code, clock)
    return branch


def test_a_day_adds_its_visits_to_what_was_known() -> None:
    branch = day_of(MONDAY, "07:05", "07:14", "07:16")
    branch.issue("dat-dai", "07:30")
    known = after(Arrivals(), branch.state.configured, MONDAY, branch.state.tickets.values(), 0.95)
    assert (known.visits, known.days) == ({"mon": 4.0}, {"mon": 1.0})
    assert known.steps == {28: 2.0, 29: 1.0, 30: 1.0}
    assert known.fields == {"chung-thuc": 3.0, "dat-dai": 1.0}
    again = after(known, branch.state.configured, MONDAY + timedelta(days=7), branch.state.tickets.values(), 0.95)
    assert (again.visits, again.days) == ({"mon": 7.8}, {"mon": 1.95})


def test_a_day_without_anybody_teaches_nothing_but_time_passes() -> None:
    known = Arrivals({"mon": 100.0}, {"mon": 1.0}, {30: 100.0}, {"dat-dai": 100.0})
    assert after(known, config(), MONDAY, [], 0.95) == known.faded(0.95)


def test_a_weekday_is_drawn_towards_all_days() -> None:
    known = Arrivals({"mon": 300.0, "tue": 100.0, "wed": 100.0}, {"mon": 2.0, "tue": 1.0, "wed": 1.0})
    assert usual_visits(known, "mon") == pytest.approx((300 + 125) / 3)
    assert usual_visits(known, "fri") == 125.0
    assert usual_visits(Arrivals(), "mon") is None


def test_a_day_is_shared_out_over_fields_and_quarters() -> None:
    known = Arrivals({"mon": 400.0}, {"mon": 3.0}, {30: 30.0, 31: 10.0}, {"a": 3.0, "b": 1.0})
    found = expected(known, config(), MONDAY)
    assert found is not None
    usual = (400 + 400 / 3) / 4
    assert found["a"] == {30: pytest.approx(usual * 0.75 * 0.75), 31: pytest.approx(usual * 0.75 * 0.25)}
    assert sum(sum(steps.values()) for steps in found.values()) == pytest.approx(usual)
    assert expected(Arrivals(), config(), MONDAY) is None


def test_after_a_break_more_come_than_usual() -> None:
    assert is_after_a_break(config(), HOLIDAY + timedelta(days=1))
    assert not is_after_a_break(config(), MONDAY), "Sunday is no break: nobody works then anyway"
    calm = Arrivals({"wed": 100.0}, {"wed": 1.0}, {30: 1.0}, {"a": 1.0}, (300.0, 200.0))
    after_it = expected(calm, config(), HOLIDAY + timedelta(days=1))
    assert after_it is not None
    assert after_it["a"][30] == pytest.approx(100 * (300 + 100) / (200 + 100))


def test_today_is_scaled_by_how_it_has_gone() -> None:
    known = Arrivals({"mon": 100.0}, {"mon": 1.0}, {30: 50.0, 32: 25.0, 33: 25.0}, {"a": 1.0})
    half_past_eight = moment("08:07:30")  # step 32, half over
    usual = usual_visits(known, "mon")
    assert usual == 100.0
    found = still_expected(known, config(), MONDAY, half_past_eight, {"a": 155})
    assert found is not None
    pace = (155 + 30) / (50 + 12.5 + 30)
    assert found["a"] == {32: pytest.approx(12.5 * pace), 33: pytest.approx(25 * pace)}


def test_before_a_branch_has_seen_a_day_the_last_hour_goes_on() -> None:
    branch = day_of(MONDAY, "07:05", "08:10", "08:20")
    found = expected_of(branch.state, moment("08:30"), learnt_by(branch.state))
    assert found == {"chung-thuc": [(7200.0, 4.0)]}


def test_the_next_monday_expects_what_this_one_brought() -> None:
    branch = day_of(MONDAY, *(f"07:{minute:02}" for minute in range(10, 40)))
    branch.wait(moment("06:50", MONDAY + timedelta(days=1)))
    found = expected_of(branch.state, moment("06:50", MONDAY + timedelta(days=1)), learnt_by(branch.state))
    spans = found["chung-thuc"]
    assert sum(count for _, count in spans) == pytest.approx(30)
    assert spans[0] == (600.0, 0.0)  # the rest of the present quarter


# -- what might be done ------------------------------------------------------------------------------------------------

CLOSED = counter(9, 0)
LATER = {"a": [(3600.0, 6.0)], "b": [(3600.0, 0.5)]}


def jam() -> Scene:
    """Twelve wait in "a", whose only open counter is busy; nobody in "b", whose counter is free."""
    return scene(counter(1, 0, busy=Busy(0, 10.0)), counter(2, 1), waiting=waits(*range(-90, -78)), closes=20_000.0)


def figures(near: Near) -> tuple[object, ...]:
    return near.fields, near.span_s, near.people, near.wait_before, near.wait_after


def by_kind(found: list[Advice]) -> dict[str, Advice]:
    return {each.kind: each for each in found}


def test_in_a_jam_opening_a_counter_or_helping_out_is_advised_with_its_effect() -> None:
    found = by_kind(advise(jam(), [CLOSED], LATER).found)
    assert set(found) == {"open", "assign"}
    assert (found["open"].no, found["open"].fields) == (9, ("a",))
    assert (found["assign"].no, found["assign"].fields) == (2, ("a",))
    effect = found["open"].effect
    assert effect.wait_after < 0.65 * effect.wait_before
    assert effect.people == pytest.approx(12 + 6.5, abs=3)
    assert effect.saves_s == pytest.approx(effect.people * (effect.wait_before - effect.wait_after))


def test_the_effect_is_also_told_of_those_concerned_and_of_the_next_two_hours_only() -> None:
    found = by_kind(advise(jam(), [CLOSED], {}).found)
    # Twelve calls of five minutes from 290 s on; or six of them, and six from now on.
    without, with_it = 290 + 300 * 5.5, (6 * 290 + 2 * 300 * 15) / 12
    assert figures(found["open"].near) == (("a",), 7200.0, 12.0, pytest.approx(without), pytest.approx(with_it))
    assert figures(found["assign"].near) == (("b", "a"), 7200.0, 12.0, pytest.approx(without), pytest.approx(with_it))


def test_what_comes_after_closing_does_not_count_in_it() -> None:
    near = by_kind(advise(replace(jam(), closes=1195.0), [CLOSED], {}).found)["open"].near
    # Calls at 290, 590, 890 and 1190, and at 0, 300, 600 and 900; whoever is not called has waited until closing.
    called = 290 + 590 + 890 + 1190
    assert near.span_s == 1195.0
    assert near.wait_before == pytest.approx((called + 8 * 1195) / 12)
    assert near.wait_after == pytest.approx((called + 1800 + 4 * 1195) / 12)


def test_of_those_who_come_only_the_people_of_its_fields_are_counted() -> None:
    expected_then = {"a": [(3600.0, 400.0)], "b": [(3600.0, 400.0)]}
    near = by_kind(advise(jam(), [CLOSED], expected_then).found)["open"].near
    assert near.people == pytest.approx(412, abs=30)


def test_after_closing_the_next_two_hours_count_all_the_same() -> None:
    assert span_of(replace(jam(), closes=-60.0)) == 7200.0


def test_where_nobody_waits_nothing_is_advised() -> None:
    assert advise(scene(counter(1, 0), counter(2, 1), waiting=[]), [CLOSED], LATER).found == []
    assert advise(scene(counter(1, 0), counter(2, 1), waiting=waits(-60)), [CLOSED], LATER).found == []


def test_a_counter_that_takes_something_else_is_of_no_use() -> None:
    assert all(each.no != 8 for each in advise(jam(), [counter(8, 1)], LATER).found)


def test_nobody_is_asked_to_do_the_work_of_another_agency() -> None:
    ward, land = {"a": "ward", "b": "ward"}, {"a": "ward", "b": "land"}
    assert set(by_kind(advise(jam(), [CLOSED], LATER, agencies=ward).found)) == {"open", "assign"}
    assert set(by_kind(advise(jam(), [CLOSED], LATER, agencies=land).found)) == {"open"}
    assert set(by_kind(consider(Question(jam(), [CLOSED], LATER, {}, land)).found)) == {"open"}


def test_who_would_not_be_served_before_closing_would_be() -> None:
    late = replace(jam(), closes=1195.0)  # with calls at 290, 590, 890, 1190, and at 0, 300, 600, 900
    effect = by_kind(advise(late, [CLOSED], {}).found)["open"].effect
    assert effect.unserved_before == 8.0
    assert effect.unserved_after == 4.0


def test_a_change_that_only_chance_makes_better_is_none() -> None:
    law = Law.of(300.0, 1.5)
    noisy = scene(counter(1, 0, laws=(law, law)), waiting=waits(*range(-90, -60)))
    drawn = [outcomes(noisy, LATER, seed) for seed in range(16)]
    advised = [compare(one, other) for one in drawn for other in drawn]
    assert len(advised) - advised.count(None) < 0.1 * len(advised)


def test_the_same_people_come_whatever_is_changed() -> None:
    one = outcomes(jam(), LATER, 1)
    other = outcomes(replace(jam(), places=(*jam().places, CLOSED)), LATER, 1)
    assert [each.people for each in one] == [each.people for each in other]
    assert all(before.waited > after.waited for before, after in zip(one, other, strict=True))


def test_staff_are_lent_by_the_branch_that_misses_them_least() -> None:
    idle = scene(counter(1, 0), counter(2, 0), counter(3, 1), waiting=[])
    busy = scene(counter(1, 0, busy=Busy(0, 10.0)), counter(2, 1), waiting=waits(*range(-80, -70)))
    found = lend(jam(), LATER, {"idle": Lender(idle, LATER), "busy": Lender(busy, LATER)})
    assert found[0].lender == "idle"
    assert found[0].fields == ("a",)
    assert found[0].cost is not None
    assert -found[0].cost.saves_s < 0.1 * found[0].effect.saves_s
    alone = scene(counter(1, 0), waiting=[])
    assert lend(jam(), LATER, {"alone": Lender(alone, LATER)}) == []


def test_nobody_is_lent_who_cannot_do_the_work() -> None:
    others = scene(counter(1, 1), counter(2, 1), waiting=[])
    assert lend(jam(), LATER, {"others": Lender(others, LATER)}) == []


def test_who_comes_from_far_helps_when_he_is_there() -> None:
    idle = scene(counter(1, 0), counter(2, 0), waiting=[])
    (near,) = lend(jam(), {}, {"idle": Lender(idle, {})})
    (far,) = lend(jam(), {}, {"idle": Lender(idle, {}, way_s=600.0)})
    # From now on six calls from 0 s and six from 290 s on; or after ten minutes: 290 and 590 alone, then by turns
    # at 600 and 890 and five minutes each time later.
    assert near.near.wait_after == pytest.approx((6 * 290 + 2 * 300 * 15) / 12)
    assert far.near.wait_after == pytest.approx((290 + 590 + 5 * 600 + 5 * 890 + 2 * 300 * 10) / 12)
    assert lend(jam(), {}, {"idle": Lender(idle, {}, way_s=3500.0)}) == [], "too late for anybody"


def test_a_team_comes_with_all_its_people_for_the_most_pressed_field_that_it_does() -> None:
    teams = {"one": Visiting(1, 0.0), "two": Visiting(2, 0.0), "other": Visiting(4, 0.0, ("b",))}
    found = send(jam(), {}, teams)
    assert [(each.kind, each.lender, each.fields) for each in found] == [
        ("mobile", "two", ("a",)),
        ("mobile", "one", ("a",)),
    ]
    # One guest: six calls from now on and six from 290 s on. Two: four from 290 s on, and two times four from now on.
    assert found[1].near.wait_after == pytest.approx((6 * 290 + 2 * 300 * 15) / 12)
    assert found[0].near.wait_after == pytest.approx((4 * 290 + 3 * 300 * 6) / 12)
    assert send(jam(), {}, {"far": Visiting(2, 3500.0)}) == [], "too late for anybody"
    assert send(scene(counter(1, 0), waiting=[]), LATER, teams) == []


def quiet(closes: float = 20_000.0) -> Scene:
    """Nobody waits; two counters take "a" and one of them "b" too, which is the only other one's."""
    return replace(scene(counter(1, 0), counter(2, 0), counter(3, 1), waiting=[]), closes=closes)


def test_where_nothing_helps_a_counter_that_is_hardly_missed_may_close() -> None:
    seldom = {"a": [(3600.0, 2.0)], "b": [(3600.0, 1.0)]}
    (first, second) = spare(quiet(), seldom)
    assert {first.no, second.no} == {1, 2}, "nobody else takes what the third one does"
    assert (first.kind, first.fields) == ("close", ("a",))
    assert 0 <= first.effect.wait_after - first.effect.wait_before < 60
    assert [each.kind for each in consider(Question(quiet(), [CLOSED], seldom)).found] == ["close"]
    assert "close" not in by_kind(consider(Question(jam(), [CLOSED], LATER)).found)


def test_no_counter_is_closed_that_is_missed_or_of_which_nobody_knows() -> None:
    assert spare(quiet(), {"a": [(3600.0, 20.0)]}) == [], "twenty of five minutes an hour are too many for one"
    assert spare(quiet(), {}) == [], "nobody knows who comes"
    assert spare(quiet(closes=3599.0), LATER) == []
    busy = scene(counter(1, 0, busy=Busy(0, 10.0)), counter(2, 0, busy=Busy(0, 10.0)), waiting=[])
    assert spare(replace(busy, closes=20_000.0), LATER) == [], "nobody sends a clerk away from a citizen"


def test_of_all_that_might_be_done_one_branch_at_most_lends() -> None:
    idle = Lender(scene(counter(1, 0), counter(2, 0), waiting=[]), LATER)
    found = consider(Question(jam(), [CLOSED], LATER, {"one": idle, "two": idle})).found
    assert sorted(each.kind for each in found) == ["assign", "lend", "open"]
    assert [each.effect.saves_s for each in found] == sorted((each.effect.saves_s for each in found), reverse=True)


# -- from a branch -----------------------------------------------------------------------------------------------------


def test_a_branchs_closed_counters_are_what_could_be_opened() -> None:
    branch = Branch()
    branch.open(1, "07:30")
    for minute in range(31, 56):
        branch.issue("chung-thuc", f"07:{minute}")
    now = moment("08:00")
    branch.wait(now)
    found = scene_of(branch.state, now)
    assert found is not None
    closed = could_open(branch.state, found)
    assert [place.no for place in closed] == [2, 3, 4, 5]
    assert closed[0].spells == ((0.0, 3.5 * 3600), (5 * 3600.0, 9 * 3600.0))
    expected_then = expected_of(branch.state, now, learnt_by(branch.state))
    said = answer(Question(found, closed, expected_then))
    assert isinstance(said, Advices)
    assert {each.no for each in said.found if each.kind == "open"} <= {2, 3, 5}
    assert said.found[0].kind == "open"
    assert said.found[0].fields[0] == "chung-thuc", "the most pressed field is named first"
