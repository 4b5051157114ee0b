"""Several branches at once: people go where they always go, or where the product suggests, if they follow advice.

    python -m load.simulate.network [--branches 12] [--days 3] [--seeds 1 2 3] [--comply 0.45]

Branches like a ward of Bình Dương, of which some are overrun and others idle; homes lie around the branch where their
people usually go. Each day is played twice with the same people: by habit, and with advice when they set out (only in
fields that any branch takes). What is compared is the time from setting out to being called. The exit status is 1 when
a goal of balancing between branches is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import sys
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from load.simulate.calendar import Calendar
from load.simulate.centre import Centre
from load.simulate.forecast import Forecast
from load.simulate.goals import Figure, paired
from load.simulate.metrics import quantile
from load.simulate.people import Hall, Shift
from load.simulate.rules import Product
from load.simulate.sites import DAY_S, FIRST_DAY, Site, read_site
from load.simulate.visits import Visit, draw_day
from queue_server.domain import hours
from queue_server.domain.between import travel_s
from queue_server.domain.configuration import BranchConfig, Position
from queue_server.foreseeing.elsewhere import Elsewhere

BOUND = frozenset({"dat-dai", "xay-dung", "kinh-doanh"})
"""Fields that belong to the citizen's own place."""
UNEVEN = 0.5
"""Spread of the logarithm of how many come to a branch."""
KILOMETRES = 12.0
HOME_KM = 2.0
KM_A_DEGREE = 111.2
OUTLOOK_EVERY_S = 60.0


class Person(Struct, frozen=True):
    """Sets out at `visit.arrival_s`, usually to branch `usual`."""

    visit: Visit
    usual: str
    home: Position
    follows: bool


class Trip(Struct):
    person: Person
    branch: str
    travel_s: float
    advised: bool = False


class Played(Struct, frozen=True):
    """Of one day: minutes from setting out to the call of everybody who was called, by branch the waits; how many were
    called, and how many went elsewhere."""

    minutes: list[float]
    waits: dict[str, list[float]]
    redirected: float


class Network:
    """The branches of one seed."""

    def __init__(self, count: int, seed: int) -> None:
        chance = random.Random(f"{seed}/network")
        site = read_site("binhduong", branch="binhduong-b01")
        factors = [chance.lognormvariate(0, UNEVEN) for _ in range(count)]
        whole = sum(factors)
        self.sites: dict[str, Site] = {}
        for number, factor in enumerate(factors, 1):
            config = _anywhere(replace(site.config, branch=f"b{number}", place=_somewhere(chance)))
            demand = replace(site.demand, visits=site.demand.visits * factor * count / whole)
            self.sites[config.branch] = Site(config, demand)

    def people(self, day: int, seed: int, comply: float) -> list[Person]:
        found = []
        for code, site in self.sites.items():
            date = FIRST_DAY + timedelta(days=day)
            for visit in draw_day(site.demand, date, f"{seed}/{code}"):
                chance = random.Random(f"{seed}/{code}/{day}/{visit.number}/home")
                place = site.config.place
                assert place is not None
                home = Position(
                    place.latitude + chance.gauss(0, HOME_KM) / KM_A_DEGREE,
                    place.longitude + chance.gauss(0, HOME_KM) / KM_A_DEGREE,
                )
                found.append(Person(visit, code, home, chance.random() < comply))
        return found


def _somewhere(chance: random.Random) -> Position:
    return Position(11 + chance.random() * KILOMETRES / KM_A_DEGREE, 106.7 + chance.random() * KILOMETRES / KM_A_DEGREE)


def _anywhere(config: BranchConfig) -> BranchConfig:
    fields = tuple(replace(field, is_anywhere=field.code not in BOUND) for field in config.fields)
    return replace(config, fields=fields)


class Course:
    """One day of the whole network, with or without advice."""

    def __init__(self, network: Network, people: Sequence[Person], day: int, *, with_advice: bool) -> None:
        self._calendar = Calendar()
        self._elsewhere = Elsewhere()
        self._configs = [site.config for site in network.sites.values()]
        self._starts_s = day * DAY_S
        self._with_advice = with_advice
        self._trips: list[Trip] = []
        self._halls: dict[str, Hall] = {}
        self._forecasts: dict[str, Forecast] = {}
        date = FIRST_DAY + timedelta(days=day)
        for code, site in network.sites.items():
            centre = Centre(site.config, date)
            windows = hours.planned(site.config, date).working
            spells = tuple((window.start * 60.0, window.end * 60.0) for window in windows)
            hall = Hall(centre, self._calendar, Product(), 0.0, opens_s=spells[0][0])
            hall.staff({desk.no: Shift(spells) for desk in site.config.counters if not desk.is_retired})
            self._halls[code] = hall
            if with_advice:
                self._forecasts[code] = Forecast(centre, {})
        for person in people:
            self._calendar.at(person.visit.arrival_s, partial(self._set_out, person))
        if with_advice:
            for at in range(7 * 3600, 17 * 3600, int(OUTLOOK_EVERY_S)):
                self._calendar.at(at, self._look)

    def _look(self) -> None:
        for code, forecast in self._forecasts.items():
            outlook = forecast.newest(self._calendar.now)
            if outlook is not None:
                self._elsewhere.learn(code, outlook)

    def _set_out(self, person: Person) -> None:
        config = next(each for each in self._configs if each.branch == person.usual)
        assert config.place is not None
        trip = Trip(person, person.usual, travel_s(person.home, config.place))
        if self._with_advice:
            self._advise(person, trip)
        self._trips.append(trip)
        arrives_s = self._calendar.now + trip.travel_s
        self._calendar.at(arrives_s, partial(self._halls[trip.branch].arrive, person.visit))

    def _advise(self, person: Person, trip: Trip) -> None:
        now = self._halls[person.usual].instant(self._calendar.now)
        found = self._elsewhere.suggest(self._configs, person.visit.field, now, here=person.usual, at=person.home)
        best = found[0] if found and found[0].is_advised else None
        if best is None:
            return
        self._elsewhere.advise(best, person.visit.field, now)
        if person.follows:
            trip.branch, trip.travel_s, trip.advised = best.branch, best.travel_s, True

    def play(self) -> Played:
        self._calendar.run()
        days = {code: hall.close() for code, hall in self._halls.items()}
        turns = {(code, id(turn.visit)): turn for code, day in days.items() for turn in day.turns}
        minutes, waits = [], dict[str, list[float]]()
        for trip in self._trips:
            turn = turns.get((trip.branch, id(trip.person.visit)))
            if turn is None or turn.wait_s is None:
                continue
            minutes.append((trip.travel_s + turn.wait_s) / 60)
            waits.setdefault(trip.branch, []).append(turn.wait_s / 60)
        redirected = sum(trip.advised for trip in self._trips) / len(self._trips)
        return Played(minutes, waits, redirected)


class Pair(Struct, frozen=True):
    habit: Played
    advice: Played


def play(task: tuple[int, int, int, float]) -> Pair:
    count, seed, day, comply = task
    network = Network(count, seed)
    people = network.people(day, seed, comply)
    habit, advice = (Course(network, people, day, with_advice=is_on).play() for is_on in (False, True))
    return Pair(habit, advice)


def figures(pairs: Sequence[Pair]) -> list[Figure]:
    def ratio(name: str, of: object, most: float) -> Figure:
        assert callable(of)
        return paired(name, [of(pair.advice) for pair in pairs], [of(pair.habit) for pair in pairs], most)

    return [
        ratio("travel + wait ÷ habit", lambda played: statistics.mean(played.minutes), 0.72),
        ratio("travel + wait p95 ÷ habit", lambda played: quantile(sorted(played.minutes), 0.95), 1.0),
        ratio("worst branch's mean wait ÷ habit", _worst, 0.60),
    ]


def _worst(played: Played) -> float:
    return max(statistics.mean(waits) for waits in played.waits.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--branches", type=int, default=12)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--comply", type=float, default=0.45)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    tasks = [(given.branches, seed, day, given.comply) for seed in given.seeds for day in range(given.days)]
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        pairs = pool.map(play, tasks, chunksize=1)
    for task, pair in zip(tasks, pairs, strict=True):
        habit, advice = statistics.mean(pair.habit.minutes), statistics.mean(pair.advice.minutes)
        print(
            f"seed {task[1]}, day {task[2] + 1}: {habit:.1f} → {advice:.1f} min, worst branch's wait "
            f"{_worst(pair.habit):.0f} → {_worst(pair.advice):.0f} min, {pair.advice.redirected:.0%} went elsewhere"
        )
    print("\n| | value | judged | goal | |\n|---|---:|---:|---:|---|")
    found = figures(pairs)
    for each in found:
        missed = "" if each.is_met else "MISSED"
        print(f"| {each.name} | {each.value:.2f} | {each.judged:.2f} | ≤ {each.most:g} | {missed} |")
    return 0 if all(each.is_met for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
