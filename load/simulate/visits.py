"""Who comes on a day: each visit from chances of its own, so that two rules meet the same people on the same day."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping
from datetime import date
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from load.day.visits import log_normal
from queue_server.directory.demand import DemandProfile
from queue_server.directory.schema import BranchDocument
from queue_server.domain.configuration import WEEKDAYS

HALF_HOUR_S = 1800.0
UNANSWERED_S = 90.0
"""Nobody comes: called again after three quarters of a minute, and given up after as long again."""

HABITS = ("holds", "appointments", "give-ups", "bulk")
"""What a demand has only where it is asked for."""
NOT_FILED = frozenset({"tra-ket-qua", "nop-phi"})
"""Fields whose visitors bring no papers of which one could be missing."""
HELD = (600.0, 0.8)
"""Mean seconds until somebody who was held is back with everything, and coefficient of variation. (Assumed.)"""
PATIENCE = (5400.0, 0.5)
"""The same of the wait after which somebody goes. (Assumed.)"""
BULK_PERCENT = 2.0
"""Of those who file. (Assumed.)"""
BULK_DOSSIERS = (5, 20)
"""How many a bulk submitter brings, each number as likely as the others. (Assumed.)"""
SLOT_S = 900.0

Then = Literal["finish", "hold", "transfer", "return"]


class Part(Struct, frozen=True):
    """What follows one call of a visit: the walk, the service, and how it ends. Seconds.

    With `service_s` None nobody comes, and the number is given up after `walk_s`, or put back to its place by a
    "return". `each_s` is added for every dossier of the turn. After a "hold" the citizen is ready again in `away_s`; a
    "transfer" goes to the next part's field. `pause_s` later the clerk calls again.
    """

    field: str
    service_s: float | None
    walk_s: float = 0.0
    each_s: float = 0.0
    then: Then = "finish"
    away_s: float = 0.0
    pause_s: float = 0.0


class Visit(Struct, frozen=True):
    """One citizen. Times in seconds: `arrival_s` after the day's midnight, the others as long as they take.

    `service_s` is what it takes a clerk of ordinary speed; `transfers_to` is another field to which the first counter
    sends the citizen, with `second_service_s` there; `slot_s` the appointed time of somebody with an appointment.
    Who has waited `patience_s` without being called goes. `parts` say it call by call, where they are given.
    """

    number: int
    arrival_s: float
    field: str
    service_s: float
    priority: str | None = None
    comes: bool = True
    walk_s: float = 0.0
    transfers_to: str | None = None
    second_service_s: float = 0.0
    slot_s: float | None = None
    dossiers: int = 1
    patience_s: float | None = None
    parts: tuple[Part, ...] = ()

    @property
    def course(self) -> tuple[Part, ...]:
        """What happens at each call in turn."""
        if self.parts:
            return self.parts
        if not self.comes:
            return (Part(self.field, None, UNANSWERED_S),)
        if self.transfers_to is None:
            return (Part(self.field, self.service_s, self.walk_s),)
        first = Part(self.field, self.service_s / 2, self.walk_s, then="transfer")
        return first, Part(self.transfers_to, self.second_service_s, self.walk_s)


class Demand(Struct, frozen=True):
    """What comes to one branch on an ordinary day, before the weekday's factor.

    `services` holds each field's mean and coefficient of variation; percentages are of visits.
    """

    visits: float
    mix: Mapping[str, float]
    services: Mapping[str, tuple[float, float]]
    arrivals: Mapping[float, float]
    weekdays: Mapping[str, float]
    priority_percent: float = 8.0
    classes: Mapping[str, float] = field(default_factory=lambda: {"NCT75": 100.0})
    no_show_percent: float = 0.0
    transfer_percent: float = 0.0
    appointment_percent: float = 0.0
    late_no_show_percent: float = 15.0
    walk_s: float = 0.0
    surge: Mapping[str, float] = {}
    hold_percent: float = 0.0
    bulk_percent: float = 0.0
    bulk_s: tuple[float, float] = (0.0, 0.0)
    """What a bulk submitter's turn takes to begin, and each of its dossiers."""
    patience: tuple[float, float] | None = None
    """Mean and coefficient of variation; None where nobody goes."""


def demand_of(
    document: BranchDocument, profile: DemandProfile, *, day: str = "usual", habits: Collection[str] = ()
) -> Demand:
    """A configured branch's demand, on days of this name. `habits` are such of `HABITS` as people have there."""
    block = document.demand
    if block is None:
        raise ValueError(f"{document.code} has no demand")
    visits = {each.code: each.per_day for each in block.visits}
    return Demand(
        visits=visits.get(day, visits["usual"]),
        mix=block.mix,
        services={each.code: (each.service_time_s, each.service_time_cv) for each in document.fields},
        arrivals={_seconds(at): percent for at, percent in profile.arrivals.percent.items()},
        weekdays={str(day): factor for day, factor in profile.factors.weekday.items()},
        priority_percent=block.priority_percent,
        classes=profile.priority_classes.percent,
        no_show_percent=profile.behaviour.no_show["walk_in"],
        transfer_percent=profile.behaviour.transfer,
        walk_s=20.0,
        appointment_percent=profile.behaviour.online_number if "appointments" in habits else 0.0,
        late_no_show_percent=profile.behaviour.no_show["appointment"],
        hold_percent=profile.behaviour.hold if "holds" in habits else 0.0,
        bulk_percent=BULK_PERCENT if "bulk" in habits else 0.0,
        bulk_s=(profile.extra.bulk_start_s, profile.extra.bulk_dossier_s),
        patience=PATIENCE if "give-ups" in habits else None,
    )


def draw_day(demand: Demand, day: date, seed: int | str) -> list[Visit]:
    """The visits of this day in order of arrival; the same for the same seed, whatever else is drawn."""
    chance = random.Random(f"{seed}/{day}")
    expected = demand.visits * demand.weekdays.get(WEEKDAYS[day.weekday()], 1.0)
    weights = {code: percent * demand.surge.get(code, 1.0) for code, percent in demand.mix.items()}
    expected *= sum(weights.values()) / sum(demand.mix.values())
    arrivals = sorted(_arrival(chance, demand.arrivals) for _ in range(_poisson(chance, expected)))
    visits = []
    for number, arrival_s in enumerate(arrivals):
        visit = _visit(demand, weights, number, arrival_s, random.Random(f"{seed}/{day}/{number}"))
        visits.append(_with_habits(demand, visit, f"{seed}/{day}/{number}"))
    return visits


def _visit(demand: Demand, weights: Mapping[str, float], number: int, arrival_s: float, chance: random.Random) -> Visit:
    field = pick(chance, weights)
    has_priority = _happens(chance, demand.priority_percent)
    has_slot = _happens(chance, demand.appointment_percent)
    stays_away = _happens(chance, demand.late_no_show_percent if has_slot else demand.no_show_percent)
    is_transferred = _happens(chance, demand.transfer_percent)
    second = pick(chance, weights)
    service_s, second_service_s = (log_normal(chance, *demand.services[code]) for code in (field, second))
    slot_s = math.ceil(arrival_s / SLOT_S) * SLOT_S if has_slot else None
    return Visit(
        number=number,
        arrival_s=arrival_s,
        field=field,
        service_s=service_s,
        priority=pick(chance, demand.classes) if has_priority else None,
        comes=not stays_away,
        walk_s=demand.walk_s * (0.5 + chance.random()),
        transfers_to=second if is_transferred and second != field else None,
        second_service_s=second_service_s,
        slot_s=slot_s,
    )


def _with_habits(demand: Demand, visit: Visit, seed: str) -> Visit:
    """Each habit has chances of its own, so that one more leaves the others' people as they are."""
    if demand.patience is not None:
        chance = random.Random(f"{seed}/give-ups")
        visit = replace(visit, patience_s=log_normal(chance, *demand.patience))
    if visit.field in NOT_FILED or not visit.comes or visit.transfers_to is not None:
        return visit
    chance = random.Random(f"{seed}/bulk")
    if _happens(chance, demand.bulk_percent):
        return _in_bulk(demand, visit, chance)
    chance = random.Random(f"{seed}/holds")
    if _happens(chance, demand.hold_percent):
        half = Part(visit.field, visit.service_s / 2, visit.walk_s)
        return replace(visit, parts=(replace(half, then="hold", away_s=log_normal(chance, *HELD)), half))
    return visit


def _in_bulk(demand: Demand, visit: Visit, chance: random.Random) -> Visit:
    """As much slower or faster than others as this service is."""
    begins_s, each_s = demand.bulk_s
    pace = visit.service_s / demand.services[visit.field][0]
    part = Part(visit.field, begins_s * pace, visit.walk_s, each_s * pace)
    return replace(visit, dossiers=chance.randint(*BULK_DOSSIERS), parts=(part,))


def pick(chance: random.Random, shares: Mapping[str, float]) -> str:
    return chance.choices(list(shares), list(shares.values()))[0]


def _happens(chance: random.Random, percent: float) -> bool:
    return chance.random() * 100 < percent


def _arrival(chance: random.Random, arrivals: Mapping[float, float]) -> float:
    return chance.choices(list(arrivals), list(arrivals.values()))[0] + chance.random() * HALF_HOUR_S


def _poisson(chance: random.Random, mean: float) -> int:
    """A Poisson number, by its exponential gaps."""
    count, left = 0, mean
    while (left := left - chance.expovariate(1.0)) > 0:
        count += 1
    return count


def _seconds(at: str) -> float:
    hour, minute = at.split(":")
    return int(hour) * 3600.0 + int(minute) * 60.0
