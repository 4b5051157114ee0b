"""What people do in a simulation besides waiting and being served, each where it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from load.simulate.calendar import Calendar
from load.simulate.centre import Centre
from load.simulate.metrics import metrics_of
from load.simulate.people import Hall, Shift, Turn
from load.simulate.rules import Product
from load.simulate.sites import FIRST_DAY, play_days, read_site
from load.simulate.visits import HABITS, Part, Visit, draw_day
from queue_server.domain.configuration import Desk, RoutingRule
from queue_server.domain.tickets import StintKind
from tests.factories import MONDAY, config

FIELD = "chung-thuc"
OPENS_S = 7.5 * 3600
CLOSES_S = 11.5 * 3600


class Played:
    """One morning at the counters of one field."""

    def __init__(self, visits: Sequence[Visit], *, counters: int = 1, rule: RoutingRule | None = None) -> None:
        desks = tuple(Desk(no, (FIELD,)) for no in range(1, counters + 1))
        calendar = Calendar()
        self.centre = Centre(config(counters=desks, rule=rule or RoutingRule()), MONDAY)
        hall = Hall(self.centre, calendar, Product(), 0.0, opens_s=OPENS_S)
        hall.staff({desk.no: Shift(((OPENS_S, CLOSES_S),)) for desk in desks})
        hall.expect(visits)
        calendar.run()
        self.day = hall.close()

    @property
    def turns(self) -> list[Turn]:
        return self.day.turns

    def stints(self, number: int) -> list[tuple[StintKind, float]]:
        """Of the visit with this number: what, and for how long."""
        ticket = self.centre.state.ticket(self.turns[number].ticket)
        return [(each.kind, (each.end - each.start).total_seconds()) for each in ticket.stints if each.end is not None]


def visit(number: int, minute: float, service_s: float = 600.0, **more: object) -> Visit:
    """Somebody who comes so many minutes after the opening."""
    return replace(Visit(number, OPENS_S + minute * 60, FIELD, service_s), **more)


def held(number: int, minute: float, away_s: float) -> Visit:
    return visit(number, minute, parts=(Part(FIELD, 100.0, then="hold", away_s=away_s), Part(FIELD, 50.0)))


# -- holds -------------------------------------------------------------------------------------------------------------


def test_who_was_held_goes_on_before_the_next_new_number():
    played = Played([held(0, 0, 300), visit(1, 1), visit(2, 2)])
    wait, walk, service, hold = StintKind.WAITING, StintKind.WALKING, StintKind.SERVICE, StintKind.HOLD
    assert played.stints(0) == [
        (wait, 0), (walk, 0), (service, 100), (hold, 300), (wait, 300), (walk, 0), (service, 50)
    ]  # fmt: skip
    assert [turn.wait_s for turn in played.turns] == [0, 40, 630]
    assert {turn.outcome for turn in played.turns} == {"finished"}
    assert played.day.busy_s == {1: 1350}


def test_a_clerk_stays_for_somebody_who_is_on_hold_at_closing_time():
    last = visit(0, 220, parts=(Part(FIELD, 1300.0, then="hold", away_s=1200), Part(FIELD, 50.0)))
    (turn,) = Played([last]).turns
    assert turn.arrived_s + 1300 > CLOSES_S
    assert turn.outcome == "finished"
    assert turn.ended_s == turn.arrived_s + 1300 + 1200 + 50


# -- give-ups ----------------------------------------------------------------------------------------------------------


def test_who_has_waited_longer_than_their_patience_goes():
    played = Played([visit(0, 0), visit(1, 1, patience_s=300.0), visit(2, 2, patience_s=480.0)])
    first, second, third = played.turns
    assert (second.called_s, second.ended_s, second.outcome) == (None, OPENS_S + 360, "cancelled")
    assert (third.wait_s, third.outcome) == (480, "finished"), "called in the very instant"
    assert first.outcome == "finished"
    assert metrics_of([played.day], {1: frozenset({FIELD})}).gave_up == 1


def test_patience_counts_from_the_opening_for_those_who_came_before():
    played = Played([visit(0, 0, 900), visit(1, -20, patience_s=600.0), visit(2, -30)])
    assert [turn.outcome for turn in played.turns] == ["finished", "cancelled", "finished"]
    assert played.turns[1].ended_s == OPENS_S + 600


# -- appointments ------------------------------------------------------------------------------------------------------


def test_the_wait_of_an_appointment_counts_from_the_appointed_time():
    slot_s = OPENS_S + 900
    played = Played([visit(0, 0, 1200), visit(1, 5), visit(2, 10, slot_s=slot_s), visit(3, 12, 60.0)])
    assert [turn.wait_s for turn in played.turns] == [0, 1500, 300, 1680]
    assert [round(turn.called_s or 0) for turn in played.turns][2] == OPENS_S + 1200, "before the one who came first"
    metrics = metrics_of([played.day], {1: frozenset({FIELD})})
    assert metrics.appointments is not None
    assert metrics.appointments.mean == 5
    assert metrics.ordinary is not None
    assert metrics.ordinary.count == 3


def test_who_is_called_before_the_appointed_time_has_not_waited():
    played = Played([visit(0, 10, slot_s=OPENS_S + 900)])
    assert played.turns[0].called_s == OPENS_S + 600
    assert played.turns[0].wait_s == 0


# -- bulk submitters ---------------------------------------------------------------------------------------------------


def bulk(number: int, minute: float, dossiers: int) -> Visit:
    return visit(number, minute, dossiers=dossiers, parts=(Part(FIELD, 240.0, each_s=180.0),))


def test_a_bulk_submitter_has_turns_of_so_many_and_others_go_between():
    played = Played([bulk(0, 0, 12), visit(1, 1), visit(2, 2)], rule=RoutingRule(bulk_dossiers=5))
    services = [took for kind, took in played.stints(0) if kind is StintKind.SERVICE]
    assert services == [240 + 5 * 180, 240 + 5 * 180, 240 + 2 * 180]
    assert [turn.wait_s for turn in played.turns] == [0, 1140 - 60, 1140 + 600 - 120]
    assert played.turns[0].calls == 3
    assert played.turns[0].outcome == "finished"


def test_without_a_rule_everything_is_done_in_one_turn():
    played = Played([bulk(0, 0, 12), visit(1, 1)])
    assert [turn.calls for turn in played.turns] == [1, 1]
    assert played.turns[1].wait_s == 240 + 12 * 180 - 60


# -- drawing -----------------------------------------------------------------------------------------------------------


def drawn(*habits: str) -> list[Visit]:
    return draw_day(read_site("go-vap", day="stress", habits=habits).demand, FIRST_DAY, 7)


def test_without_habits_nobody_has_any():
    for each in drawn():
        assert (each.parts, each.patience_s, each.slot_s, each.dossiers) == ((), None, None, 1)


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_leaves_arrivals_fields_and_services_as_they_are(habit: str):
    def same(visits: Sequence[Visit]) -> list[tuple[object, ...]]:
        return [(each.arrival_s, each.field, each.service_s, each.priority, each.transfers_to) for each in visits]

    assert same(drawn(habit)) == same(drawn())
    assert drawn(habit) != drawn()


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_is_the_same_whatever_others_there_are(habit: str):
    alone, together = drawn(habit), drawn(*HABITS)
    for one, other in zip(alone, together, strict=True):
        assert one.patience_s in (None, other.patience_s)
        assert one.slot_s in (None, other.slot_s)
        assert one.dossiers in (1, other.dossiers)


def test_so_many_have_a_habit_as_the_sites_figures_say():
    def shares(day: int) -> Counter[str]:
        site = read_site("go-vap", day="stress", habits=HABITS)
        visits = draw_day(site.demand, FIRST_DAY, day)
        filing = [each for each in visits if each.field != "tra-ket-qua" and each.comes and not each.transfers_to]
        return Counter(
            visits=len(visits),
            slots=sum(each.slot_s is not None for each in visits),
            filing=len(filing),
            held=sum(len(each.parts) == 2 for each in filing),
            bulk=sum(each.dossiers > 1 for each in filing),
            patient=sum(each.patience_s is not None for each in visits),
        )

    total = sum((shares(seed) for seed in range(5)), Counter())
    assert total["slots"] / total["visits"] == pytest.approx(0.15, abs=0.015)
    assert total["held"] / total["filing"] == pytest.approx(0.1, abs=0.015)
    assert total["bulk"] / total["filing"] == pytest.approx(0.02, abs=0.007)
    assert total["patient"] == total["visits"]


def test_a_busy_monday_with_every_habit_ends():
    site = read_site("go-vap", day="stress", habits=HABITS, bulk_dossiers=5)
    (day,) = play_days(site, Product(), days=1, seed=1)
    assert day.ineligible == 0
    assert {turn.outcome for turn in day.turns} <= {"finished", "no_show", "cancelled", "forgotten", "expired"}
    metrics = metrics_of([day], site.takes)
    assert metrics.gave_up > 50
    assert metrics.appointments is not None
    assert any(turn.calls > 2 for turn in day.turns), "a bulk submitter's turns"
