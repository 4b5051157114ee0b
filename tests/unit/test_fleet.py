"""The fleets of load runs: their figures, written here by hand from the domain's facts, and a small one in force."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from functools import cache
from pathlib import Path

import pytest

from load.fleet.notes import BranchNotes, FleetNotes, read_notes, write_notes
from load.fleet.prepare import prepare
from load.fleet.scenario import NAMES, Fleet, Site, plan, read_scenario
from queue_server.access.rights import Role
from queue_server.app import open_house
from queue_server.domain.commands import CallNext, Issue
from queue_server.settings import Settings
from queue_server.web.house import House

PEAK_HOUR = 0.21
"""Of a day's visits: 11 and 10 percent in the half-hours from 08:00."""


@cache
def fleet(name: str) -> Fleet:
    return plan(read_scenario(name))


def counters(sites: tuple[Site, ...]) -> int:
    return sum(len(site.document.counters) for site in sites)


def visits(sites: tuple[Site, ...], day: str) -> int:
    found = 0
    for site in sites:
        assert site.document.demand is not None
        found += next(each.per_day for each in site.document.demand.visits if each.code == day)
    return found


def test_there_are_four():
    assert NAMES == ("binhduong", "country", "go-vap", "hcmc")


@pytest.mark.parametrize(
    ("name", "branches", "desks", "people", "connections"),
    [
        ("go-vap", 1, 20, 700, 20 + 4 + 2 * 2 + 1 + 22),
        ("binhduong", 68, 356, 7_910, 356 + 90 + 2 * 69 + 68 + 250),
        ("hcmc", 168, 1_154, 35_940, 1_154 + 283 + 2 * 169 + 168 + 1_132),
        ("country", 3_321, 29_544, 1_028_649, 60_000),
    ],
)
def test_sizes(name: str, branches: int, desks: int, people: int, connections: int):
    sites = fleet(name).sites
    assert (len(sites), counters(sites)) == (branches, desks)
    assert sum(site.visits for site in sites) == people
    assert sum(site.connections for site in sites) == connections


def test_binh_duong_has_a_centre_nineteen_branches_and_forty_eight_points():
    found = Tally((site.kind, site.visits, len(site.document.counters)) for site in fleet("binhduong").sites)
    assert found == {("centre", 350, 24): 1, ("branch", 320, 12): 9, ("branch", 180, 8): 10, ("point", 60, 3): 48}


def test_ho_chi_minh_city_has_168_units_in_38_clusters():
    sites = fleet("hcmc").sites
    kinds = Tally(site.kind for site in sites)
    assert kinds["go-vap"] + kinds["hub"] == 38
    assert kinds["go-vap"] + kinds["hub"] + kinds["ward"] == 113
    assert (kinds["commune"], kinds["zone"]) == (54, 1)
    assert {site.cluster for site in sites} == set(range(38))
    assert len({site.cluster for site in sites[:38]}) == 38, "each cluster has a hub"


def test_an_ordinary_day_of_the_city_is_as_reported_and_the_surge_its_double():
    sites = fleet("hcmc").sites
    assert visits(sites, "usual") == pytest.approx(168 * 107, rel=0.01)
    assert visits(sites, "surge") == 2 * visits(sites, "usual")


def test_the_country_has_its_communes_and_provinces():
    kinds = Tally(site.kind for site in fleet("country").sites)
    assert kinds == {"ward": 687, "commune": 2_621, "zone": 13}
    units = {each.code: len(each.branches) for each in fleet("country").organisations}
    assert len(units) == 34
    assert [units[code] for code in ("ho-chi-minh", "gia-lai", "vinh-long", "khanh-hoa")] == [168, 135, 124, 65]


def test_the_countrys_peak_hour_brings_sixty_tickets_a_second():
    sites = fleet("country").sites
    assert visits(sites, "peak") * PEAK_HOUR / 3600 == pytest.approx(60, rel=0.001)
    assert visits(sites, "usual") == pytest.approx(3_321 * 37, rel=0.02)


def test_every_branch_has_a_code_and_a_name_of_its_own_within_its_organisation():
    for organisation in fleet("country").organisations:
        codes = [document.code for document in organisation.branches]
        names = [document.name.vi for document in organisation.branches]
        assert len(set(codes)) == len(codes)
        assert len(set(names)) == len(names)


def test_some_of_the_branches_are_a_fair_sample():
    sites = plan(read_scenario("hcmc"), branches=84).sites
    kinds = Tally(site.kind for site in sites)
    assert kinds == {"go-vap": 1, "hub": 18, "ward": 38, "commune": 27}
    assert sum(site.phones for site in sites) == 1_132 / 2


# -- in force ----------------------------------------------------------------------------------------------------------


def prepared(folder: Path) -> tuple[FleetNotes, Settings]:
    settings = Settings(data=folder)
    notes, _ = asyncio.run(prepare(plan(read_scenario("hcmc"), branches=5), settings))
    return notes, settings


async def serve_one(house: House, branch: BranchNotes) -> str:
    """A number from the branch's dispenser, called by the clerk of a counter that takes its field."""
    dispenser = await house.access.by_bearer(branch.dispensers[0])
    field = branch.fields[0].code
    ticket = await house.bus.carry_out(
        branch.code, Issue(branch=branch.code, field=field), dispenser.by(), "press-1234"
    )
    clerk = await house.access.by_session(branch.counters[0].session)
    await house.bus.carry_out(
        branch.code, CallNext(branch=branch.code, counter=branch.counters[0].no), clerk.by(), "call-12345"
    )
    host = await house.bus.host(branch.code)
    called = host.state.at_counter(branch.counters[0].no)
    assert called is not None
    assert called.id == getattr(ticket, "id", None)
    return called.number


def test_five_branches_are_put_in_force_and_serve(tmp_path: Path):
    notes, settings = prepared(tmp_path)

    async def look() -> None:
        async with open_house(settings) as house:
            assert len(await house.journal.heads()) == len(notes.branches) == 5
            for branch in notes.branches:
                state = (await house.bus.host(branch.code)).state
                assert all(counter.is_open for counter in state.counters.values())
                assert len(state.counters) == len(branch.counters)
                assert (await serve_one(house, branch)).endswith("001")
                assert (await house.access.by_session(branch.managers[0])).role is Role.MANAGER
                assert (await house.access.by_bearer(branch.displays[0])).branch == branch.code
                dispenser = await house.access.by_bearer(branch.dispensers[0])
                assert dispenser.printer == branch.printers[0].device

    asyncio.run(look())


def test_notes_are_for_their_owner_alone(tmp_path: Path):
    notes = FleetNotes("go-vap", "…", "usual", 1, [])
    write_notes(tmp_path / "fleet.json", notes)
    assert read_notes(tmp_path / "fleet.json") == notes
    assert (tmp_path / "fleet.json").stat().st_mode & 0o077 == 0
