"""The organisations that are shipped: figures of the founding sites, written here by hand, and what holds for all."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path

import msgspec
import pytest
import yaml
from msgspec.structs import replace

from queue_server.directory.catalogue import Procedure, fields_of, read_procedures
from queue_server.directory.demand import read_demand
from queue_server.directory.importing import Organisation, read_document, read_organisation
from queue_server.directory.schema import BranchDocument
from queue_server.domain import hours
from queue_server.domain.between import travel_s
from queue_server.domain.commands import By
from queue_server.domain.configuration import BranchConfig, Window
from queue_server.readers.printing.paper import LayoutConfig
from tests.factories import Branch

CONFIG = Path(__file__).parents[2] / "config"
ORGANISATIONS = ("go-vap", "binhduong", "khanhhoa", "binhdinh", "bentre")

MORNING = Window(7 * 60 + 30, 11 * 60 + 30)
AFTERNOON = Window(13 * 60, 17 * 60)
SATURDAY = date(2026, 11, 28)
SUNDAY = date(2026, 11, 29)
MONDAY = date(2026, 11, 30)


@cache
def organisation(code: str) -> Organisation:
    return read_organisation(CONFIG / "organisations" / f"{code}.yaml")


@cache
def catalogue() -> list[Procedure]:
    return read_procedures(CONFIG / "catalogue" / "procedures.csv")


def documents() -> list[BranchDocument]:
    return [document for code in ORGANISATIONS for document in organisation(code).branches]


def configs() -> list[BranchConfig]:
    return [
        organisation(code).config(document.code) for code in ORGANISATIONS for document in organisation(code).branches
    ]


def branch(code: str) -> BranchDocument:
    return next(document for document in documents() if document.code == code)


def per_day(document: BranchDocument, code: str = "usual") -> int:
    assert document.demand is not None
    return next(visits.per_day for visits in document.demand.visits if visits.code == code)


def fact(organisation_code: str, what: str) -> tuple[object, str | None]:
    found = next(fact for fact in organisation(organisation_code).facts if fact.what == what)
    return found.value, found.mark


def test_every_file_is_one_of_the_founding_sites():
    assert {path.stem for path in (CONFIG / "organisations").glob("*.yaml")} == set(ORGANISATIONS)


@pytest.mark.parametrize(
    ("code", "sites", "counters", "visits"),
    [
        ("binhduong", 68, 356, 7910),
        ("khanhhoa", 1, 24, 147),
        ("binhdinh", 12, 108, 1210),
        ("go-vap", 1, 20, 700),
        ("bentre", 1, 20, 295),
    ],
)
def test_sites_counters_and_visits_are_those_of_the_sources(code: str, sites: int, counters: int, visits: int):
    branches = organisation(code).branches
    assert len(branches) == sites
    assert sum(len(document.counters) for document in branches) == counters
    assert sum(per_day(document) for document in branches) == visits


def test_go_vap_has_15_counters_of_its_own_and_5_for_other_places():
    counters = branch("go-vap").counters
    others = [counter.no for counter in counters if "phi-dia-gioi" in counter.fields]
    assert [counter.no for counter in counters] == list(range(1, 21))
    assert others == [16, 17, 18, 19, 20]


def test_go_vap_splits_its_15_counters_by_field():
    counters = branch("go-vap").counters
    split = {
        code: sum(code in counter.fields for counter in counters)
        for code in ("chung-thuc", "ho-tich", "dat-dai", "kinh-doanh", "xay-dung", "bao-tro", "tra-ket-qua")
    }
    assert list(split.values()) == [5, 3, 3, 1, 1, 1, 1]


def test_go_vap_gets_600_to_800_visits_a_day_of_107_minutes_in_ten():
    document = branch("go-vap")
    assert document.demand is not None
    assert [per_day(document, code) for code in ("low", "high", "stress")] == [600, 800, 1000]
    times = {field.code: field.service_time_s for field in document.fields}
    mean_s = sum(times[code] * share / 100 for code, share in document.demand.mix.items())
    assert round(mean_s / 60, 1) == 10.7


def test_go_vap_knows_its_procedures_by_number():
    assert fact("go-vap", "procedures of the commune level") == (154, "S")
    assert fact("go-vap", "procedures of the department level") == (1182, "S")


def test_binhduong_is_a_tree_of_one_centre_19_branches_and_48_points():
    branches = organisation("binhduong").branches
    kinds = {kind: [d for d in branches if d.kind == kind] for kind in ("centre", "branch", "point")}
    assert {kind: len(found) for kind, found in kinds.items()} == {"centre": 1, "branch": 19, "point": 48}
    assert {d.parent for d in kinds["branch"]} == {"binhduong"}
    assert {d.parent for d in kinds["point"]} <= {d.code for d in kinds["branch"]}
    assert branch("binhduong-p17").parent == "binhduong-b04"


def test_binhduong_has_counters_for_other_places_everywhere():
    assert [
        sum("phi-dia-gioi" in counter.fields for counter in branch(code).counters)
        for code in ("binhduong-b01", "binhduong-b10", "binhduong-p01")
    ] == [3, 2, 1]
    assert all(
        any("phi-dia-gioi" in counter.fields for counter in d.counters) for d in organisation("binhduong").branches
    )


def test_khanhhoa_seats_23_agencies_in_four_zones():
    document = branch("khanhhoa")
    assert len(document.agencies) == 23
    assert {counter.zone for counter in document.counters} == {"Khu 1", "Khu 2", "Khu 3", "Khu 4"}
    assert fact("khanhhoa", "agencies at the opening") == (21, "C")


def test_binhdinh_has_twelve_counters_staffed_by_the_post():
    assert sum(counter.agency == "buu-dien" for counter in branch("binhdinh").counters) == 12
    assert fact("binhdinh", "groups of linked procedures") == (5, "S")


def test_bentre_takes_16_departments_on_two_floors_and_gives_results_back_where_they_were_filed():
    document = branch("bentre")
    floors = [counter.floor for counter in document.counters[:18]]
    assert (floors.count(1), floors.count(2)) == (10, 8)
    assert len([agency for agency in document.agencies if agency.code != "buu-dien"]) == 16
    assert all("tra-ket-qua" in counter.fields for counter in document.counters[:18])


@pytest.mark.parametrize("config", configs(), ids=lambda config: config.branch)
def test_every_branch_makes_a_configuration_that_survives_the_journal(config: BranchConfig):
    assert msgspec.json.decode(msgspec.json.encode(config), type=BranchConfig) == config
    assert config.organisation.vi
    assert config.name.en
    fields = {field.code for field in config.fields}
    assert all(fields >= {*desk.fields, *desk.helps} for desk in config.counters)
    assert {field.series for field in config.fields} <= {series.code for series in config.series}


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.code)
def test_every_document_reads_back_as_itself(document: BranchDocument):
    assert read_document(document.as_json()) == document


@pytest.mark.parametrize("code", ["go-vap", "binhduong", "binhduong-p01", "khanhhoa", "binhdinh", "bentre"])
def test_every_field_gives_a_number_that_some_counter_calls(code: str):
    config = next(config for config in configs() if config.branch == code)
    hall = Branch(config, today=MONDAY, at="07:00")
    for field in config.fields:
        counter = next(desk.no for desk in config.counters if field.code in desk.fields)
        if not hall.state.counters[counter].is_open:
            hall.open(counter, "07:31", By(f"account:{counter}", clerk=f"clerk-{counter}"))
        ticket = hall.issue(field.code, "07:31")
        assert hall.served(counter, "07:31", By(f"account:{counter}", clerk=f"clerk-{counter}")) == ticket


def test_only_what_belongs_to_no_place_may_be_done_at_another_branch_and_then_it_is_known_where_branches_are():
    anywhere = {
        code: {field.code for document in organisation(code).branches for field in document.fields if field.is_anywhere}
        for code in ORGANISATIONS
    }
    assert {code: fields for code, fields in anywhere.items() if fields} == {
        "binhduong": {"chung-thuc", "phi-dia-gioi"},
        "binhdinh": {"chung-thuc"},
    }
    places = {config.branch: config.place for config in configs() if config.place}
    assert len(places) == 10 + 12
    assert all(8 < place.latitude < 24 and 102 < place.longitude < 110 for place in places.values())
    assert 30 * 60 < travel_s(places["binhduong-b01"], places["binhduong-b03"]) < 60 * 60  # Thuận An is next door


def test_prefixes_use_the_letters_that_do_not_sound_alike():
    prefixes = {series.prefix for config in configs() for series in config.series}
    assert all(re.fullmatch(r"[AHKMQRSU]{1,2}|[1-9]", prefix) for prefix in prefixes)


def test_no_branch_shows_more_than_eleven_fields():
    assert max(len(config.fields) for config in configs()) == 11


def test_weekdays_have_a_lunch_and_issuing_that_ends_before_the_counters_do():
    for config in configs():
        day = hours.planned(config, MONDAY)
        assert day.working == (MORNING, AFTERNOON)
        assert day.issuing == (Window(7 * 60, 11 * 60 + 15), Window(12 * 60 + 30, 16 * 60 + 30))


def test_saturday_morning_is_only_for_marked_fields_of_go_vap():
    config = organisation("go-vap").config("go-vap")
    open_fields = {f.code for f in config.fields if hours.planned(config, SATURDAY, f).working == (MORNING,)}
    assert open_fields == {"dat-dai", "chung-thuc", "ho-tich"}
    assert not hours.planned(config, SATURDAY).working
    assert not hours.is_working_day(config, SUNDAY)


def test_holidays_close_the_branch_and_an_unconfirmed_law_does_not():
    config = organisation("go-vap").config("go-vap")
    closed = [date(2027, 1, 1), *(date(2027, 2, day) for day in range(4, 11)), date(2027, 4, 16), date(2027, 9, 2)]
    assert not any(hours.is_working_day(config, day) for day in closed)
    assert hours.is_working_day(config, date(2026, 11, 24))
    culture_day = next(holiday for holiday in branch("go-vap").holidays if holiday.date == "2026-11-24")
    assert culture_day.unconfirmed
    assert culture_day.source


def test_the_classes_in_force_are_those_of_current_practice():
    config = organisation("go-vap").config("go-vap")
    assert [each.code for each in config.classes] == ["NCT75", "PNMT", "NKT", "NCC", "TE"]
    assert {each.code for each in branch("go-vap").classes} >= {"NCT60", "KC"}


def test_rule_and_limits_are_the_defaults_of_the_domain_but_for_what_a_device_may_give():
    config = organisation("go-vap").config("go-vap")
    defaults = BranchConfig("", config.name, config.name, (), (), (), (), (), config.hours)
    limits = replace(defaults.limits, numbers_a_minute=30, numbers_an_hour=600)
    assert (config.rule, config.limits) == (defaults.rule, limits)
    assert {each.code: each.min_age for each in config.classes if each.min_age} == {"NCT75": 75}


def test_the_profile_of_a_day_puts_a_fifth_into_the_peak_hour():
    profile = read_demand(CONFIG / "demand" / "common.yaml")
    shares = profile.arrivals.percent
    assert sum(shares.values()) == 100
    assert shares["08:00"] + shares["08:30"] == 21
    assert set(profile.priority_classes.percent) == {each.code for each in branch("go-vap").classes if each.is_on}


def test_the_catalogue_is_shared_out_over_the_fields_of_go_vap():
    fields = next(config for config in configs() if config.branch == "go-vap").fields
    assert len(catalogue()) == 693
    found = list(zip(catalogue(), fields_of(catalogue(), fields), strict=True))
    assert not {p.field_vi for p, code in found if p.level in ("xa", "tinh") and code is None}
    assert {p.field_vi for p, code in found if code == "chung-thuc"} == {"Chứng thực"}
    assert "tra-ket-qua" not in {code for _, code in found}


def test_every_group_that_a_field_names_is_in_the_catalogue():
    known = {(procedure.level, procedure.field_vi) for procedure in catalogue()}
    named = {
        (level, group)
        for document in documents()
        for field in document.fields
        for level, groups in field.catalogue.items()
        for group in groups
        if group != "*"
    }
    assert named <= known


@pytest.mark.parametrize(("file", "width"), [("ticket.yaml", 576), ("ticket-58.yaml", 384)])
def test_the_ticket_layouts_are_ones_that_the_printers_know(file: str, width: int):
    layout = yaml.safe_load((CONFIG / "layouts" / file).read_text(encoding="utf-8"))
    assert msgspec.convert(layout, LayoutConfig).width == width
