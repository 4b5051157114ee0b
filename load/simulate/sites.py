"""Centres to simulate, out of `config/organisations`, and their days one after another."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from load.day.visits import CONFIG, profile
from load.simulate.calendar import Calendar
from load.simulate.centre import Centre
from load.simulate.forecast import Forecast, true_laws
from load.simulate.people import Day, Hall, Rule, Shift
from load.simulate.visits import Demand, demand_of, draw_day
from queue_server.directory.importing import read_organisation
from queue_server.directory.plan import branch_config
from queue_server.domain import hours
from queue_server.domain.configuration import BranchConfig

NAMES = ("bentre", "binhdinh", "binhduong", "go-vap", "khanhhoa")
FIRST_DAY = date(2026, 11, 30)
"""A Monday."""
DAY_S = 86_400.0
TOLD_A_DAY = 50


class Site(Struct, frozen=True):
    """One centre: what is in force there and who comes."""

    config: BranchConfig
    demand: Demand
    speeds: dict[int, float] = {}
    """Of counters that are faster (1.2 takes a sixth less time) or slower than usual."""

    @property
    def takes(self) -> dict[int, frozenset[str]]:
        """The fields that each counter takes or helps with."""
        return {desk.no: frozenset((*desk.fields, *desk.helps)) for desk in self.config.counters}


def read_site(
    name: str,
    *,
    branch: str | None = None,
    day: str = "usual",
    habits: Collection[str] = (),
    bulk_dossiers: int | None = None,
) -> Site:
    """A founding site by name: its centre, or another branch. `day` names the visits that come, such as "stress"; with
    `habits` people do more than wait and be served; `bulk_dossiers` are a turn's, where the site's rule says no number.

    Raises:
        LookupError: there is no such branch.
    """
    organisation = read_organisation(CONFIG / "organisations" / f"{name}.yaml")
    known = {document.code: document for document in organisation.branches}
    if branch is not None and branch not in known:
        raise LookupError(f"{name} has no branch {branch}, only {', '.join(known)}")
    document = known[branch] if branch is not None else organisation.branches[0]
    config = branch_config(document, organisation.name)
    if config.rule.bulk_dossiers is None and bulk_dossiers is not None:
        config = replace(config, rule=replace(config.rule, bulk_dossiers=bulk_dossiers))
    return Site(config, demand_of(document, profile(), day=day, habits=habits))


def unlike_beliefs(site: Site, seed: int, *, means: float = 0.3, speeds: float = 0.25) -> Site:
    """The site with fields whose services take so much longer or shorter than is believed, and counters that are so
    much faster or slower; on the whole as much work as before."""
    chance = random.Random(f"{seed}/unlike")
    services = {
        code: (mean_s * (1 + chance.choice((-means, means))), cv) for code, (mean_s, cv) in site.demand.services.items()
    }
    work = sum(share * services[code][0] for code, share in site.demand.mix.items())
    before = sum(share * site.demand.services[code][0] for code, share in site.demand.mix.items())
    visits = site.demand.visits * before / work
    fast = {desk.no: 1 + chance.choice((-speeds, speeds)) for desk in site.config.counters}
    return replace(site, demand=replace(site.demand, services=services, visits=visits), speeds=fast)


def play_days(
    site: Site,
    rule: Rule,
    *,
    days: int,
    seed: int,
    judge: bool = False,
    believed: bool = False,
    told_every: int = 1,
    tell: Callable[[float], None] | None = None,
) -> Iterator[Day]:
    """So many working days, from a Monday on. The same seed brings the same people whatever the rule. With `judge` they
    are told a wait by plays and not by a rule of thumb, and it is compared with plays that know the true laws; or
    only every so many-th of them. `tell` hears now and then how many days are done."""
    centre, calendar = Centre(site.config, FIRST_DAY), Calendar()
    speeds = {desk.no: site.speeds.get(desk.no, 1.0) for desk in site.config.counters}
    laws = true_laws(site.demand, speeds)
    forecast = Forecast(centre, laws, believed=believed, every=told_every) if judge else None
    played, day = 0, FIRST_DAY
    while played < days:
        windows = hours.planned(site.config, day).working
        if windows:
            spells = tuple((window.start * 60.0, window.end * 60.0) for window in windows)
            starts_s = (day - FIRST_DAY).days * DAY_S
            hall = Hall(centre, calendar, rule, starts_s, opens_s=spells[0][0], forecast=forecast)
            hall.expect(draw_day(site.demand, day, seed))
            hall.staff(
                {desk.no: Shift(spells, speeds[desk.no]) for desk in site.config.counters if not desk.is_retired}
            )
            if tell is not None:
                _tell_on_the_way(calendar, starts_s, spells, played, tell)
            calendar.run()
            played += 1
            yield hall.close()
        day += timedelta(days=1)


def _tell_on_the_way(
    calendar: Calendar,
    starts_s: float,
    spells: Sequence[tuple[float, float]],
    played: int,
    tell: Callable[[float], None],
) -> None:
    """So many times while counters are open."""
    opens_s, closes_s = spells[0][0], spells[-1][1]
    for step in range(TOLD_A_DAY):
        done = step / TOLD_A_DAY
        at = starts_s + opens_s + (closes_s - opens_s) * done
        calendar.at(at, lambda done=done: tell(played + done))  # type: ignore[misc]
