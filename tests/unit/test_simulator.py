"""The simulator against what knows nothing of it: the recursions of Lindley and of Kiefer and Wolfowitz, and `ciw`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence

import ciw
import pytest
from msgspec.structs import replace

from load.simulate.calendar import Calendar
from load.simulate.centre import Centre
from load.simulate.people import Day, Hall, Rule, Shift
from load.simulate.rules import Oldest, Product, Reference
from load.simulate.sites import FIRST_DAY, play_days, read_site
from load.simulate.visits import Visit, draw_day
from queue_server.domain.configuration import WEEKDAYS, BranchConfig, DayHours, Desk, Hours, RoutingRule, Series, Window
from tests.factories import MONDAY, config, field

DAY = Window(180, 1620)
FROM_S = 4 * 3600.0
MICROMINUTE_S = 60e-6

Draw = Callable[[random.Random], float]


def hall_of(counters: int) -> BranchConfig:
    """One field, so many counters, open around the clock."""
    always = dict.fromkeys(WEEKDAYS, DayHours((DAY,), (DAY,)))
    return replace(
        config(),
        fields=(field("a", "A"),),
        series=(Series("A", "A", width=5, last=99_999),),
        counters=tuple(Desk(no, ("a",)) for no in range(1, counters + 1)),
        hours=Hours(always),
        rule=RoutingRule(mode="strict"),
    )


def played(counters: int, arrivals: Sequence[float], services: Sequence[float], rule: type = Product) -> Day:
    drawn = enumerate(zip(arrivals, services, strict=True))
    return played_by(counters, [Visit(n, FROM_S + at, "a", took) for n, (at, took) in drawn], rule)


def played_by(counters: int, visits: Sequence[Visit], rule: type = Product) -> Day:
    calendar, whole = Calendar(), hall_of(counters)
    hall = Hall(Centre(whole, MONDAY), calendar, rule(), 0.0, opens_s=FROM_S)
    hall.staff({desk.no: Shift(((FROM_S, 26 * 3600.0),), gives_up_s=26 * 3600.0) for desk in whole.counters})
    hall.expect(visits)
    calendar.run()
    return hall.day


def waits_of(day: Day) -> list[float]:
    """Of everybody, in order of arrival."""
    return [turn.wait_s for turn in day.turns if turn.wait_s is not None]


def lindley(arrivals: Sequence[float], services: Sequence[float]) -> list[float]:
    waits = [0.0]
    for before, at, took in zip(arrivals, arrivals[1:], services, strict=False):
        waits.append(max(0.0, waits[-1] + took - (at - before)))
    return waits


def kiefer_wolfowitz(counters: int, arrivals: Sequence[float], services: Sequence[float]) -> list[float]:
    waits, work, last = [], [0.0] * counters, 0.0
    for at, took in zip(arrivals, services, strict=True):
        work = sorted(max(0.0, left - (at - last)) for left in work)
        waits.append(work[0])
        work[0] += took
        last = at
    return waits


def of_ciw(counters: int, people: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> dict[str, list[float]]:
    """The library's waits of each class in order of arrival, out of arrivals and services; classes named first go
    first."""
    network = ciw.create_network(
        number_of_servers=[counters],
        arrival_distributions={name: [ciw.dists.Sequential(gaps(arrivals))] for name, (arrivals, _) in people.items()},
        service_distributions={name: [ciw.dists.Sequential(services)] for name, (_, services) in people.items()},
        priority_classes={name: place for place, name in enumerate(people)},
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(sum(len(arrivals) for arrivals, _ in people.values()))
    records = sorted(simulation.get_all_records(), key=lambda record: record.arrival_date)
    return {name: [each.waiting_time for each in records if each.customer_class == name] for name in people}


def gaps(arrivals: Sequence[float]) -> list[float]:
    """From each arrival to the next; nobody comes after the last one, since a sequence begins anew at its end."""
    return [at - before for before, at in zip([0.0, *arrivals], arrivals, strict=False)] + [math.inf]


LAWS: dict[str, tuple[Draw, Draw]] = {
    "exponential": (lambda c: c.expovariate(1.0), lambda c: c.expovariate(1 / 0.9)),
    "log-normal": (lambda c: c.lognormvariate(-0.5, 1.0), lambda c: c.lognormvariate(-0.35, 0.7)),
    "uneven": (lambda c: c.choice([0.01, 0.1, 3.2]), lambda c: c.lognormvariate(-0.5, 0.9)),
}


def drawn(law: str, count: int, scale_s: float, counters: int) -> tuple[list[float], list[float]]:
    chance = random.Random(f"{law} {counters}")
    gap, service = LAWS[law]
    at, arrivals = 0.0, []
    for _ in range(count):
        at += gap(chance) * scale_s
        arrivals.append(at)
    return arrivals, [service(chance) * scale_s * counters for _ in range(count)]


@pytest.mark.parametrize("rule", [Product, Oldest, Reference])
@pytest.mark.parametrize("law", sorted(LAWS))
def test_one_counter_is_lindleys_recursion(law: str, rule: type) -> None:
    arrivals, services = drawn(law, 400, 60.0, 1)
    day = played(1, arrivals, services, rule)
    found = waits_of(day)
    assert found == pytest.approx(lindley(arrivals, services), abs=MICROMINUTE_S)
    assert max(found) > 600, "a queue, not an empty hall"


@pytest.mark.parametrize("law", sorted(LAWS))
def test_five_counters_are_kiefers_and_wolfowitzs_recursion(law: str) -> None:
    arrivals, services = drawn(law, 400, 60.0, 5)
    found = waits_of(played(5, arrivals, services))
    assert found == pytest.approx(kiefer_wolfowitz(5, arrivals, services), abs=MICROMINUTE_S)
    assert max(found) > 600


@pytest.mark.parametrize("counters", [1, 5])
def test_everybody_waits_as_long_as_in_ciw(counters: int) -> None:
    arrivals, services = drawn("log-normal", 1000, 60.0, counters)
    found = waits_of(played(counters, arrivals, services))
    assert found == pytest.approx(of_ciw(counters, {"": (arrivals, services)})[""], abs=MICROMINUTE_S)
    assert max(found) > 600


def test_with_priority_everybody_waits_as_long_as_in_ciw() -> None:
    arrivals, services = drawn("log-normal", 1000, 60.0, 3)
    visits = [
        Visit(number, FROM_S + at, "a", took, priority="NCT75" if number % 4 == 0 else None)
        for number, (at, took) in enumerate(zip(arrivals, services, strict=True))
    ]
    turns = played_by(3, visits).turns
    expected = of_ciw(
        3,
        {
            name: (
                [at for number, at in enumerate(arrivals) if (number % 4 == 0) == has_priority],
                [took for number, took in enumerate(services) if (number % 4 == 0) == has_priority],
            )
            for name, has_priority in (("priority", True), ("ordinary", False))
        },
    )
    found = {
        name: [turn.wait_s for turn in turns if (turn.visit.priority is not None) == has_priority]
        for name, has_priority in (("priority", True), ("ordinary", False))
    }
    for name, waits in found.items():
        assert waits == pytest.approx(expected[name], abs=MICROMINUTE_S)
    assert max(filter(None, found["ordinary"])) > 2 * max(filter(None, found["priority"]))


def busiest_monday(rule: type[Rule]) -> Day:
    return next(play_days(read_site("go-vap", day="stress"), rule(), days=1, seed=1))


@pytest.mark.parametrize("rule", [Product, Oldest, Reference])
def test_the_busiest_monday_ends_and_the_same_people_come_whatever_the_rule(rule: type[Rule]) -> None:
    """Land is served until the day is ended over its last services."""
    once = busiest_monday(rule)
    assert len(once.turns) > 1000
    assert once.ineligible == 0
    assert {turn.outcome for turn in once.turns} <= {"finished", "no_show", "forgotten", "expired"}
    assert all(turn.outcome == "expired" for turn in once.turns if turn.called_s is None)
    people = {visit.number: visit for visit in draw_day(read_site("go-vap", day="stress").demand, FIRST_DAY, 1)}
    assert [turn.visit for turn in once.turns] == [people[turn.visit.number] for turn in once.turns]
    assert len(once.turns) + sum(once.turned_away.values()) == len(people)


def test_a_day_comes_again_with_its_seed() -> None:
    site = read_site("go-vap")
    once, again = (next(play_days(site, Product(), days=1, seed=1)) for _ in range(2))
    assert [(turn.ticket, turn.called_s, turn.outcome) for turn in once.turns] == [
        (turn.ticket, turn.called_s, turn.outcome) for turn in again.turns
    ]


def test_only_every_so_many_th_is_told_a_wait() -> None:
    site = read_site("binhduong", branch="binhduong-p01")
    (day,) = play_days(site, Product(), days=1, seed=1, judge=True, told_every=20)
    told = {turn.visit.number for turn in day.turns if turn.told is not None}
    assert told
    assert told <= set(range(0, 10_000, 20))
    assert all(turn.judged and turn.judged.exact is None for turn in day.turns if turn.visit.number not in told)


def test_every_visit_is_served_once_and_none_by_a_counter_that_does_not_take_its_field() -> None:
    arrivals, services = drawn("exponential", 200, 60.0, 3)
    day = played(3, arrivals, services)
    assert len({turn.ticket for turn in day.turns}) == len(day.turns) == 200
    assert {turn.outcome for turn in day.turns} == {"finished"}
    assert day.ineligible == 0
    assert sum(day.busy_s.values()) == pytest.approx(sum(services))
