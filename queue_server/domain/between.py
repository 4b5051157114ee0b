"""Where to go: for a citizen whose field any branch takes, the branches by the time until being called.

Pure: options in, ranking out. Nobody is ever sent: advice is given when it saves enough, and counts the people who are
already under way on earlier advice, so that it does not move the jam.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from queue_server.domain.configuration import Position
from queue_server.domain.foresight import Range

SAVES_LEAST_S = 300.0
"""Less is not worth the way."""
ROADS, METRES_A_SECOND, SETTING_OUT_S = 1.4, 20 / 3.6, 180.0
"""A way is so much longer than the straight line, at 20 km/h through a town, after the time to set out. (Assumed.)"""
EARTH_M = 6_371_000.0


class Option(Struct, frozen=True):
    """A branch that takes the field. `wait` is that of somebody who came now, None where nobody can say; so many people
    are under way to it, each of whom lets those behind wait `pace` longer. Seconds."""

    branch: str
    travel_s: float
    wait: Range | None
    pace_s: float = 0.0
    under_way: float = 0.0
    takes_more: bool = True


class Suggestion(Struct, frozen=True):
    """A branch with the time until being called there: the way, and the wait of somebody who arrives then. `saves_s` is
    against staying: infinite where nobody is taken any more, and less than nothing where nobody can say how long one
    waits. `is_advised` when it is worth the way. Seconds."""

    branch: str
    travel_s: float
    wait: Range
    total: Range
    saves_s: float
    is_advised: bool


def suggest_branch(
    options: Iterable[Option], here: str | None, *, saves_least_s: float = SAVES_LEAST_S
) -> list[Suggestion]:
    """The branches of which something can be said and that still take somebody, the soonest first. `here` is where the
    citizen would go without advice; None: the nearest."""
    known = [option for option in options if option.wait is not None]
    reachable = [option for option in known if option.takes_more]
    usual = next((option for option in known if option.branch == here), None)
    if here is None:
        usual = min(reachable, key=lambda option: option.travel_s, default=None)
    stays_s = -math.inf if usual is None else _total(usual).likely if usual.takes_more else math.inf
    found = []
    for option in reachable:
        total = _total(option)
        saves_s = stays_s - total.likely
        is_advised = option is not usual and saves_s >= saves_least_s
        found.append(Suggestion(option.branch, option.travel_s, _wait(option), total, saves_s, is_advised))
    return sorted(found, key=lambda each: (each.total.likely, each.travel_s, each.branch))


def _wait(option: Option) -> Range:
    """Of somebody who arrives behind those who are under way. What changes meanwhile is not foreseen."""
    assert option.wait is not None
    later_s = option.under_way * option.pace_s
    return Range(option.wait.likely + later_s, option.wait.low, option.wait.high + later_s)


def _total(option: Option) -> Range:
    wait, way_s = _wait(option), option.travel_s
    return Range(way_s + wait.likely, way_s + wait.low, way_s + wait.high)


def travel_s(one: Position, other: Position) -> float:
    """How long the way takes, by what is assumed of roads."""
    north = math.radians(other.latitude - one.latitude)
    east = math.radians(other.longitude - one.longitude) * math.cos(math.radians((one.latitude + other.latitude) / 2))
    return SETTING_OUT_S + ROADS * EARTH_M * math.hypot(north, east) / METRES_A_SECOND
