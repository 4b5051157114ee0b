"""A scenario: which branches there are, what stands in them, and how many people come. Read from `scenarios/`.

Branches are those of an organisation's file as it is, or kinds that are laid over a model's branch, as templates are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from msgspec import Struct
from pydantic import Field

from load.fleet import names
from queue_server.directory.importing import SHIPPED, Organisation, read_organisation
from queue_server.directory.layers import Layer, expand, part_as_json
from queue_server.directory.reading import read_yaml
from queue_server.directory.schema import BranchDocument, BranchPart, OrganisationFile
from queue_server.directory.values import Block, Code, Text, TextBlock, Words

T = TypeVar("T")

SCENARIOS = Path(__file__).parent / "scenarios"
NAMES = tuple(sorted(path.stem for path in SCENARIOS.glob("*.yaml")))
UNITS = {"ward": ("phường", "Ward"), "commune": ("xã", "Commune"), "zone": ("đặc khu", "Special Zone")}

Count = Annotated[int, Field(ge=1)]


class Equipment(Block):
    """What stands in a branch, by its counters; `phones` are those of the whole fleet, shared out by visits."""

    counters_per_dispenser: Count
    counters_per_display: Count
    phones: Annotated[int, Field(ge=0)]
    managers: Annotated[int, Field(ge=0)] = 1


class OrganisationRow(Block):
    code: Code
    name: Text
    units: Count | None = None


class Kind(Block):
    """Branches that are alike: `part` is laid over the model's branch. `places` name the first of them."""

    code: Code
    unit: Literal["ward", "commune", "zone"]
    count: Count
    part: BranchPart
    places: list[Words] = Field(default_factory=list)


class Scenario(Block):
    """`day` is the code of the visits that come on the day of a run, where a branch has it, else "usual"."""

    code: Code
    what: Words
    day: Code
    equipment: Equipment
    organisation: str | None = None
    model: str | None = None
    organisations: list[OrganisationRow] = Field(default_factory=list)
    kinds: list[Kind] = Field(default_factory=list)
    clusters: int = 0


class Site(Struct, frozen=True):
    """One branch of a fleet. `visits` are those of the whole day."""

    document: BranchDocument
    kind: str
    cluster: int | None
    visits: int
    dispensers: int
    displays: int
    managers: int
    phones: int

    @property
    def connections(self) -> int:
        """Clerks, displays, dispensers and their printers, managers and phones."""
        return len(self.document.counters) + self.displays + 2 * self.dispensers + self.managers + self.phones


class Fleet(Struct, frozen=True):
    """Organisations as they are to be imported, and the sites among them that take part."""

    scenario: Scenario
    organisations: tuple[Organisation, ...]
    sites: tuple[Site, ...]


class _Place(Struct, frozen=True):
    """A branch that is still to be written."""

    organisation: str
    kind: Kind
    name: str
    number: int


def read_scenario(name: str) -> Scenario:
    return Scenario.model_validate(read_yaml(SCENARIOS / f"{name}.yaml"))


def plan(scenario: Scenario, *, branches: int | None = None, seed: int = 1) -> Fleet:
    """The fleet, or so many of its branches, evenly picked."""
    if scenario.organisation is not None:
        organisation = read_organisation(SHIPPED / scenario.organisation)
        documents = _picked(organisation.branches, branches)
        kinds = [(document.kind, None) for document in documents]
        return Fleet(scenario, (organisation,), _sites(scenario, documents, kinds, len(organisation.branches)))
    all_places = list(_places(scenario, seed))
    places = _picked(all_places, branches)
    organisations = _organisations(scenario, places)
    known = {document.code: document for organisation in organisations for document in organisation.branches}
    documents = [known[_code(place)] for place in places]
    clusters = [(place.kind.code, place.number % scenario.clusters if scenario.clusters else None) for place in places]
    return Fleet(scenario, organisations, _sites(scenario, documents, clusters, len(all_places)))


def visits_on(document: BranchDocument, day: str) -> int:
    """How many people come on that day, or on a usual one."""
    assert document.demand is not None
    per_day = {visits.code: visits.per_day for visits in document.demand.visits}
    return per_day.get(day, per_day["usual"])


def _picked(items: Sequence[T], count: int | None) -> list[T]:
    """So many of them, evenly spread; all without a count."""
    wanted = min(count or len(items), len(items))
    return [items[place * len(items) // wanted] for place in range(wanted)]


# -- what stands where -------------------------------------------------------------------------------------------------


def _sites(
    scenario: Scenario, documents: Sequence[BranchDocument], kinds: Sequence[tuple[str, int | None]], whole: int
) -> tuple[Site, ...]:
    equipment = scenario.equipment
    visits = [visits_on(document, scenario.day) for document in documents]
    phones = _shared_out(round(equipment.phones * len(documents) / whole), visits)
    return tuple(
        Site(
            document=document,
            kind=kind,
            cluster=cluster,
            visits=visits[place],
            dispensers=-(-len(document.counters) // equipment.counters_per_dispenser),
            displays=-(-len(document.counters) // equipment.counters_per_display),
            managers=equipment.managers,
            phones=phones[place],
        )
        for place, (document, (kind, cluster)) in enumerate(zip(documents, kinds, strict=True))
    )


def _shared_out(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in these proportions that add up to the total."""
    found, passed, given = [], 0, 0
    for weight in weights:
        passed += weight
        upto = round(total * passed / sum(weights))
        found.append(upto - given)
        given = upto
    return found


# -- branches of kinds -------------------------------------------------------------------------------------------------


def _places(scenario: Scenario, seed: int) -> Iterator[_Place]:
    """Every branch of the scenario by organisation and name. With several organisations the kinds are mixed."""
    kinds = [kind for kind in scenario.kinds for _ in range(kind.count)]
    given = {kind.code: iter(kind.places) for kind in scenario.kinds}
    taken = [place for kind in scenario.kinds for place in kind.places]
    units = [row.units or len(kinds) for row in scenario.organisations]
    assert sum(units) == len(kinds), f"{scenario.code}: {sum(units)} units, {len(kinds)} branches"
    if len(units) > 1:
        random.Random(seed).shuffle(kinds)
    number = 0
    for row, count in zip(scenario.organisations, units, strict=True):
        fresh = names.places(seed + number, taken=taken)
        for kind in kinds[number : number + count]:
            yield _Place(row.code, kind, next(given[kind.code], None) or next(fresh), number)
            number += 1


def _code(place: _Place) -> str:
    return f"{place.organisation}-{names.slug(place.name)}"


def _organisations(scenario: Scenario, places: Sequence[_Place]) -> tuple[Organisation, ...]:
    """The organisations that have one of these branches. Branches of a kind differ in code and name alone."""
    models = _models(scenario)
    found = []
    for row in scenario.organisations:
        documents = tuple(
            models[place.kind.code].model_copy(update={"code": _code(place), "name": _name(place)})
            for place in places
            if place.organisation == row.code
        )
        if documents:
            found.append(Organisation(row.code, row.name, documents))
    return tuple(found)


def _models(scenario: Scenario) -> dict[str, BranchDocument]:
    """One complete branch of each kind, by the directory's own way from templates to documents."""
    assert scenario.model is not None
    model = read_yaml(SHIPPED / scenario.model)
    shared = BranchPart.model_validate(read_yaml(SHIPPED / model["shared"]))
    codes = [kind.code for kind in scenario.kinds]
    file = OrganisationFile(
        code=scenario.code,
        name=TextBlock(vi=scenario.what),
        templates={
            "model": BranchPart.model_validate(model["branches"][0]),
            **{
                code: kind.part.model_copy(update={"like": "model"})
                for code, kind in zip(codes, scenario.kinds, strict=True)
            },
        },
        branches=[BranchPart(like=code, code=code) for code in codes],
    )
    return {branch.document.code: branch.document for branch in expand(file, Layer("shared", part_as_json(shared)))}


def _name(place: _Place) -> TextBlock:
    vi, en = UNITS[place.kind.unit]
    return TextBlock(
        vi=f"Trung tâm Phục vụ hành chính công {vi} {place.name}", en=f"{place.name} {en} Public Service Centre"
    )
