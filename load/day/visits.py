"""Who comes on a day, drawn from a branch's demand and the shared profile; the same seed draws the same people."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from queue_server.directory.demand import DemandProfile, read_demand
from queue_server.directory.importing import read_organisation
from queue_server.directory.schema import BranchDocument

CONFIG = Path(__file__).parents[2] / "config"
HALF_HOUR_S = 1800


class Visit(Struct, frozen=True):
    """One citizen: when they come (seconds after midnight), what for, and how it will go."""

    arrival_s: float
    field: str
    priority: str | None
    comes_when_called: bool
    service_s: float
    is_held: bool
    transfers_to: str | None


def go_vap() -> BranchDocument:
    return read_organisation(CONFIG / "organisations" / "go-vap.yaml").branches[0]


def profile() -> DemandProfile:
    return read_demand(CONFIG / "demand" / "common.yaml")


def plan(branch: BranchDocument, demand: DemandProfile, *, count: int, seed: int) -> list[Visit]:
    """`count` visits over the arrival profile, in order of arrival."""
    assert branch.demand is not None
    services = {field.code: (field.service_time_s, field.service_time_cv) for field in branch.fields}
    return draw(demand, branch.demand.mix, services, branch.demand.priority_percent, count=count, seed=seed)


def draw(
    demand: DemandProfile,
    mix: Mapping[str, float],
    services: Mapping[str, tuple[float, float]],
    priority_percent: float,
    *,
    count: int,
    seed: int,
) -> list[Visit]:
    """The same for a mix of fields in percent, and the mean and variation of each field's service."""
    chance = random.Random(seed)
    arrivals = sorted(_arrival(chance, demand.arrivals.percent) for _ in range(count))
    visits = []
    for arrival_s in arrivals:
        field = _pick(chance, mix)
        has_priority = chance.random() * 100 < priority_percent
        is_transferred = chance.random() * 100 < demand.behaviour.transfer
        visits.append(
            Visit(
                arrival_s=arrival_s,
                field=field,
                priority=_pick(chance, demand.priority_classes.percent) if has_priority else None,
                comes_when_called=chance.random() * 100 >= demand.behaviour.no_show["walk_in"],
                service_s=log_normal(chance, *services[field]),
                is_held=chance.random() * 100 < demand.behaviour.hold,
                transfers_to=_pick(chance, mix) if is_transferred else None,
            )
        )
    return visits


def log_normal(chance: random.Random, mean: float, cv: float) -> float:
    """A draw of the log-normal law with this mean and coefficient of variation."""
    variance = math.log(1 + cv * cv)
    return chance.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))


def _arrival(chance: random.Random, percent: Mapping[str, float]) -> float:
    hours, minutes = _pick(chance, percent).split(":")
    return int(hours) * 3600 + int(minutes) * 60 + chance.random() * HALF_HOUR_S


def _pick(chance: random.Random, shares: Mapping[str, float]) -> str:
    return chance.choices(list(shares), list(shares.values()))[0]
