"""A fault in a file is told by its path and a sentence."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from queue_server.directory.faults import InvalidDirectory
from queue_server.directory.importing import read_document, read_organisation
from queue_server.directory.schema import LimitsBlock, RuleBlock
from queue_server.domain import configuration as domain

BRANCH: dict[str, Any] = {
    "code": "hall",
    "name": "Trung tâm",
    "agencies": [{"code": "phuong", "name": "Phường"}],
    "series": [{"code": "A", "prefix": "A"}, {"code": "H", "prefix": "H"}],
    "fields": [
        {"code": "chung-thuc", "name": "Chứng thực", "series": "A", "agency": "phuong"},
        {"code": "ho-tich", "name": {"vi": "Hộ tịch", "en": "Civil status"}, "series": "H", "agency": "phuong"},
    ],
    "counters": [{"no": "1-2", "fields": ["chung-thuc"]}, {"no": 3, "fields": ["ho-tich"], "helps": ["chung-thuc"]}],
    "hours": {"mon-fri": {"working": ["07:30-11:30", "13:00-17:00"], "issuing": ["07:00-11:15"]}},
}


def write(folder: Path, **keys: Any) -> Path:
    path = folder / "place.yaml"
    content = {"code": "place", "name": "Nơi này", "branches": [BRANCH], **keys}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """The branch with another value at that path; None removes it."""
    branch = deepcopy(BRANCH)
    place: Any = branch
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return branch


def faults(path: Path) -> list[str]:
    with pytest.raises(InvalidDirectory) as found:
        read_organisation(path)
    return [str(fault) for fault in found.value.faults]


def test_a_good_file_is_read(tmp_path: Path):
    (branch,) = read_organisation(write(tmp_path)).branches
    assert [counter.no for counter in branch.counters] == [1, 2, 3]
    assert list(branch.hours) == ["mon", "tue", "wed", "thu", "fri"]


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("fields", 1, "series"), "X", "fields[1].series: unknown series 'X'"),
        (
            ("fields", 1, "agency"),
            "phuon",
            "fields[1].agency: unknown agency 'phuon'; did you mean 'phuong'?",
        ),
        (("fields", 1, "code"), None, "fields[1].code: is missing"),
        (("fields", 1, "colour"), "red", "fields[1].colour: is an unknown key"),
        (("fields", 1, "cap"), {"day": -1}, "fields[1].cap.day: input should be greater than or equal to 0, but is -1"),
        (("fields", 1, "cap"), {"day": 50, "morning": 60}, "fields[1].cap: morning (60) is more than day (50)"),
        (
            ("fields", 1, "cap"),
            {"day": 50, "channels": {"kiosk": 51}},
            "fields[1].cap: kiosk (51) is more than day (50)",
        ),
        (
            ("fields", 1, "cap"),
            {"day": 50, "morning": 30, "afternoon": 30},
            "fields[1].cap: morning (30) and afternoon (30) are more than day (50)",
        ),
        (("series",), None, "series: is missing"),
        (("series", 1, "code"), "A", "series[1].code: 'A' stands here twice"),
        (("series", 1, "prefix"), "A", "series[1].prefix: 'A' prints the same numbers as series 'A'"),
        (
            ("series", 1),
            {"code": "H", "prefix": "H", "first": 9, "last": 5},
            "series[1]: last (5) is less than first (9)",
        ),
        (
            ("series", 1),
            {"code": "H", "prefix": "H", "last": 1000},
            "series[1]: last (1000) does not fit into 3 digits",
        ),
        (
            ("series", 1, "emergency"),
            "900",
            "series[1].emergency: must be numbers such as 900-999, but is '900'",
        ),
        (
            ("series", 1, "emergency"),
            "900-1200",
            "series[1]: emergency (900-1200) is no part of 1-999",
        ),
        (("series", 1, "emergency"), "20-10", "series[1]: emergency (20-10) is no part of 1-999"),
        (("series", 1, "emergency"), "1-999", "series[1]: emergency (1-999) leaves no number to give"),
        (
            ("counters", 1, "fields"),
            ["ho-tick"],
            "counters[1].fields[0]: unknown field 'ho-tick'; did you mean 'ho-tich'?",
        ),
        (
            ("counters", 1, "helps"),
            ["ho-tich"],
            "counters[1].helps[0]: 'ho-tich' is already one of the counter's own fields",
        ),
        (("counters", 1, "no"), 2, "counters[1].no: '2' stands here twice"),
        (("counters", 0, "no"), "5-1", "counters[0].no: counters are numbered 1 to 999, and a run goes upwards: '5-1'"),
        (
            ("counters", 1, "fields"),
            ["chung-thuc"],
            "fields[1]: no counter takes 'ho-tich': its tickets would wait for ever",
        ),
        (
            ("hours", "mon-fri", "working"),
            ["07:30"],
            "hours.mon-fri.working[0]: must be a window such as 07:30-11:30, but is '07:30'",
        ),
        (
            ("hours", "mon-fri", "working"),
            ["11:30-07:30"],
            "hours.mon-fri.working[0]: ends before it begins: '11:30-07:30'",
        ),
        (
            ("hours", "mon-fri", "working"),
            ["13:00-17:00", "07:30-11:30"],
            "hours.mon-fri.working: windows must be in order and must not overlap",
        ),
        (
            ("hours", "mon-fri", "issuing"),
            ["07:00-18:00"],
            "hours.mon-fri: numbers are given after the counters have closed",
        ),
        (
            ("hours", "mon-fri", "working"),
            ["02:00-11:30"],
            "hours.mon: window 02:00-11:30 begins before the service day does (03:00)",
        ),
        (("hours", "monday"), {}, "hours.monday: unknown weekday 'monday'; write mon … sun, or a run such as mon-fri"),
        (("hours", "mon"), {}, "hours: 'mon' is named twice"),
        (
            ("holidays",),
            [{"date": "24/11/2026", "name": "x", "source": "y"}],
            "holidays[0].date: must be a date such as 2026-11-24, but is '24/11/2026'",
        ),
        (("timezone",), "Asia/Saigonn", "timezone: unknown time zone 'Asia/Saigonn'"),
        (("parent",), "hal", "parent: unknown branch 'hal'; did you mean 'hall'?"),
        (("parent",), "hall", "parent: 'hall' would stand below itself"),
        (("like",), "point", "like: unknown template 'point'"),
        (("rule",), {"priority_run": "two"}, "rule.priority_run: must be a whole number"),
        (
            ("demand",),
            {"visits": [{"code": "usual", "per_day": 9}], "mix": {"ho-tich": 90}},
            "demand.mix: shares add up to 90, not to 100",
        ),
        (
            ("screens",),
            [{"code": "sanh", "agency": "phuon"}],
            "screens[0].agency: unknown agency 'phuon'; did you mean 'phuong'?",
        ),
        (("screens",), [{"code": "sanh", "floor": 9}], "screens[0]: 'sanh' shows no counter of this branch"),
        (
            ("screens",),
            [{"code": "quay", "layout": "counter"}],
            "screens[0].counter: a screen of one counter names it",
        ),
        (
            ("screens",),
            [{"code": "sanh", "accent": "#0b8b6a"}],
            "screens[0].accent: '#0b8b6a' is too light: white on it has 4.3:1, and a hall needs 7:1",
        ),
        (("mark",), "X", "mark: input should be 'S', 'C', 'D', 'B' or 'A', but is 'X'"),
    ],
)
def test_a_fault_is_told_with_its_path(tmp_path: Path, path: tuple[str | int, ...], value: Any, fault: str):
    assert f"branches[0].{fault}" in faults(write(tmp_path, branches=[changed(*path, to=value)]))


@pytest.mark.parametrize("accent", ["#0b5b47", "#000000", "#595959"])
def test_a_dark_accent_is_taken(tmp_path: Path, accent: str):
    screens = [{"code": "sanh", "accent": accent}]
    assert read_organisation(write(tmp_path, branches=[changed("screens", to=screens)])).branches


def test_all_faults_are_told_at_once(tmp_path: Path):
    branch = changed("fields", 0, "series", to="X")
    branch["fields"][1]["agency"] = "Y"
    assert len(faults(write(tmp_path, branches=[branch]))) == 2


@pytest.mark.parametrize(
    ("key", "value", "hides"),
    [("agency", "Y", False), ("colour", "red", True), ("service_time_s", "long", True), ("name", None, True)],
)
def test_faults_of_form_say_that_the_rest_could_not_be_checked(tmp_path: Path, key: str, value: Any, hides: bool):
    branch = changed("fields", 0, "series", to="X")
    if value is None:
        del branch["fields"][1][key]
    else:
        branch["fields"][1][key] = value
    with pytest.raises(InvalidDirectory) as found:
        read_organisation(write(tmp_path, branches=[branch]))
    told = str(found.value)
    assert ("could not be checked" in told) is hides
    assert ("unknown series 'X'" in told) is not hides


def test_a_shared_file_beside_the_file_goes_before_the_shipped_one(tmp_path: Path):
    path = write(tmp_path, shared="shared/vietnam.yaml")
    (shipped,) = read_organisation(path).branches
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "vietnam.yaml").write_text("notice: Ours", "utf-8")
    (ours,) = read_organisation(path).branches
    assert [notice.vi for notice in (ours.notice,) if notice] == ["Ours"]
    assert shipped.holidays
    assert not ours.holidays


def test_a_shared_file_that_is_nowhere_is_told_where_it_should_be(tmp_path: Path):
    with pytest.raises(InvalidDirectory) as found:
        read_organisation(write(tmp_path, shared="shared/none.yaml"))
    assert str(found.value).startswith(f"{tmp_path / 'shared' / 'none.yaml'}: cannot be read")


def test_a_fault_of_a_template_is_told_there_and_once(tmp_path: Path):
    template = {
        key: value for key, value in changed("fields", 0, "series", to="X").items() if key not in ("code", "name")
    }
    twins = [{"like": "hall", "code": code, "name": code} for code in ("one", "two")]
    path = write(tmp_path, templates={"hall": template}, branches=twins)
    assert faults(path) == ["templates.hall.fields[0].series: unknown series 'X'"]


def test_a_fault_of_the_shared_file_is_told_there(tmp_path: Path):
    (tmp_path / "shared.yaml").write_text("holidays: [{date: 2026-11-24, name: x, source: y, off: true}]", "utf-8")
    with pytest.raises(InvalidDirectory, match=r"shared\.yaml: holidays\[0\]\.off: is an unknown key"):
        read_organisation(write(tmp_path, shared="shared.yaml"))


def test_two_branches_may_not_have_one_code(tmp_path: Path):
    assert "branches[1].code: 'hall' is the code of another branch too" in faults(
        write(tmp_path, branches=[BRANCH] * 2)
    )


def test_a_template_may_not_be_like_itself(tmp_path: Path):
    path = write(tmp_path, templates={"a": {"like": "b"}, "b": {"like": "a"}}, branches=[{"like": "a", "code": "x"}])
    assert faults(path) == ["templates.b.like: template 'a' is like itself"]


def test_numbers_clash_where_prefixes_only_look_different(tmp_path: Path):
    series = [{"code": "A", "prefix": "1"}, {"code": "H", "prefix": "", "width": 4, "first": 1500, "last": 1600}]
    assert "branches[0].series[1].prefix: '' prints the same numbers as series 'A'" in faults(
        write(tmp_path, branches=[changed("series", to=series)])
    )


def test_a_branch_completes_hours_and_holidays_of_what_is_below_it(tmp_path: Path):
    day = {"name": "x", "source": "y"}
    branch = {**BRANCH, "hours": {"sat": {"working": ["07:30-11:30"]}}, "holidays": [{"date": "2027-01-02", **day}]}
    below = {"hours": BRANCH["hours"], "holidays": [{"date": "2027-01-01", **day}]}
    (found,) = read_organisation(write(tmp_path, defaults=below, branches=[branch])).branches
    assert list(found.hours) == ["mon", "tue", "wed", "thu", "fri", "sat"]
    assert [holiday.date for holiday in found.holidays] == ["2027-01-01", "2027-01-02"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code: a\ncode: b", r"line 2, column 1: 'code' stands here twice"),
        ("code: [a", r"line 1, column 9: expected ',' or '\]'"),
        ("- a", "must hold a mapping of keys and values"),
        ("code: a\nname: N", "branches: is missing"),
        ("code: go vap\nname: N\nbranches: [{}]", "code: string should match pattern"),
    ],
)
def test_a_file_that_is_none_is_told_by_its_name(tmp_path: Path, text: str, message: str):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidDirectory, match=rf"bad\.yaml: {message}"):
        read_organisation(path)


def test_a_missing_file_is_told(tmp_path: Path):
    with pytest.raises(InvalidDirectory, match=r"none\.yaml: cannot be read"):
        read_organisation(tmp_path / "none.yaml")


def test_words_that_old_yaml_takes_for_something_else_stay_words(tmp_path: Path):
    path = tmp_path / "plain.yaml"
    branch = BRANCH | {"counters": [{"no": 1, "fields": ["chung-thuc", "ho-tich"]}]}
    text = yaml.safe_dump({"code": "a", "branches": [branch]}, allow_unicode=True).replace("'no': 1", "no: 1")
    path.write_text(f"{text}name: on\n", encoding="utf-8")
    found = read_organisation(path)
    assert found.name.vi == "on"
    assert found.branches[0].counters[0].no == 1


def test_texts_are_kept_composed():
    document = read_document({**read_plain(), "name": "Trung ta\u0302m"})
    assert document.name.vi == "Trung tâm"


def test_a_stored_document_tells_its_faults_too():
    with pytest.raises(InvalidDirectory, match=r"branches\[hall\]\.hours: is missing"):
        read_document({key: value for key, value in read_plain().items() if key != "hours"}, "branches[hall]")


def read_plain() -> dict[str, Any]:
    return {**BRANCH, "counters": [{"no": 1, "fields": ["chung-thuc", "ho-tich"]}]}


def test_rule_and_limits_have_the_domains_keys():
    assert set(LimitsBlock.model_fields) - {"mark"} == set(domain.Limits.__struct_fields__)
    assert set(RuleBlock.model_fields) - {"mark"} == set(domain.RoutingRule.__struct_fields__)
