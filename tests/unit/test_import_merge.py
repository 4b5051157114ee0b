"""Importing again: a three-way merge of documents, matched by code."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from queue_server.directory.merge import ABSENT, describe, merge

LAND = {"code": "dat-dai", "name": {"vi": "Đất đai"}, "service_time_s": 1500}
CIVIL = {"code": "ho-tich", "name": {"vi": "Hộ tịch"}, "service_time_s": 600}
COPIES = {"code": "chung-thuc", "name": {"vi": "Chứng thực"}, "service_time_s": 300}


def document(*fields: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"fields": list(fields), **keys}


def kinds(base: Any, file: Any, current: Any, *, overwrite: bool = False) -> dict[str, str]:
    return {d.path: d.kind for d in merge(base, file, current, overwrite=overwrite).differences}


def codes(merged: dict[str, Any]) -> list[str]:
    return [thing["code"] for thing in merged["fields"]]


def test_nothing_differs_where_nothing_changed():
    same = document(LAND, CIVIL)
    assert merge(same, same, same).differences == ()


def test_a_change_of_the_file_is_followed():
    base, file = document(LAND), document({**LAND, "service_time_s": 1200})
    merged = merge(base, file, base)
    assert merged.document == file
    (difference,) = merged.differences
    assert (difference.path, difference.old, difference.new) == ("fields[dat-dai].service_time_s", 1500, 1200)
    assert difference.kind == "changed"


def test_a_change_of_the_browser_stays_and_is_no_conflict():
    base, current = document(LAND), document({**LAND, "service_time_s": 1200})
    merged = merge(base, base, current)
    assert merged.document == current
    assert [d.kind for d in merged.differences] == ["kept-browser"]
    assert merged.conflicts == ()
    assert merged.changes == ()


def test_where_both_changed_the_browser_stays_and_it_is_a_conflict():
    base, file, current = (document({**LAND, "service_time_s": time}) for time in (1500, 1200, 1800))
    merged = merge(base, file, current)
    assert merged.document == current
    assert [(d.path, d.old, d.new) for d in merged.conflicts] == [("fields[dat-dai].service_time_s", 1800, 1200)]


def test_changes_of_both_to_different_things_both_hold():
    base = document(LAND, CIVIL)
    file = document({**LAND, "service_time_s": 1200}, CIVIL)
    current = document({**LAND, "name": {"vi": "Nhà đất"}}, CIVIL)
    assert merge(base, file, current).document == document(
        {**LAND, "name": {"vi": "Nhà đất"}, "service_time_s": 1200}, CIVIL
    )


def test_the_same_change_on_both_sides_is_no_difference():
    changed = document({**LAND, "service_time_s": 1200})
    assert merge(document(LAND), changed, changed).differences == ()


def test_told_to_overwrite_the_file_holds_everywhere():
    base, file = document(LAND, CIVIL), document({**LAND, "service_time_s": 1200}, CIVIL)
    current = document({**LAND, "service_time_s": 1800}, {**CIVIL, "name": {"vi": "Khai sinh"}}, COPIES)
    merged = merge(base, file, current, overwrite=True)
    assert merged.document == file
    assert merged.conflicts == ()
    assert {d.kind for d in merged.differences} == {"changed", "removed"}


def test_things_are_matched_by_code_and_never_by_name():
    renamed = document({**LAND, "name": {"vi": "Nhà đất"}})
    assert kinds(document(LAND), renamed, document(LAND)) == {"fields[dat-dai].name.vi": "changed"}
    recoded = document({**LAND, "code": "nha-dat"})
    assert kinds(document(LAND), recoded, document(LAND)) == {"fields[dat-dai]": "removed", "fields[nha-dat]": "added"}


def test_counters_are_matched_by_number_and_dates_by_date():
    base = {"counters": [{"no": 1, "fields": ["a"]}], "holidays": [{"date": "2027-01-01", "source": "x"}]}
    file = {"counters": [{"no": 1, "fields": ["a", "b"]}], "holidays": [{"date": "2027-01-01", "source": "y"}]}
    assert kinds(base, file, base) == {"counters[1].fields": "changed", "holidays[2027-01-01].source": "changed"}


def test_a_thing_that_the_file_adds_stands_where_the_file_has_it():
    merged = merge(document(LAND, CIVIL), document(LAND, COPIES, CIVIL), document(LAND, CIVIL)).document
    assert codes(merged) == ["dat-dai", "chung-thuc", "ho-tich"]


def test_a_thing_that_the_browser_added_stays():
    current = document(LAND, COPIES, CIVIL)
    merged = merge(document(LAND, CIVIL), document(LAND, CIVIL), current)
    assert codes(merged.document) == ["dat-dai", "chung-thuc", "ho-tich"]
    assert [(d.path, d.kind) for d in merged.differences] == [("fields[chung-thuc]", "kept-browser")]


def test_a_thing_that_left_the_file_goes_unless_the_browser_changed_it():
    base, file = document(LAND, CIVIL), document(LAND)
    assert merge(base, file, base).document == file
    edited = document(LAND, {**CIVIL, "service_time_s": 1})
    merged = merge(base, file, edited)
    assert merged.document == edited
    assert [(d.path, d.new) for d in merged.conflicts] == [("fields[ho-tich]", ABSENT)]


def test_a_thing_that_the_browser_removed_does_not_come_back():
    base, current = document(LAND, CIVIL), document(LAND)
    assert merge(base, base, current).document == current
    changed = document(LAND, {**CIVIL, "service_time_s": 1})
    merged = merge(base, changed, current)
    assert merged.document == current
    assert len(merged.conflicts) == 1


def test_an_order_changed_by_one_side_holds():
    base, turned = document(LAND, CIVIL), document(CIVIL, LAND)
    assert merge(base, turned, base).document == turned
    assert merge(base, base, turned).document == turned
    assert kinds(base, turned, base) == {"fields (order)": "changed"}
    assert kinds(base, base, turned) == {"fields (order)": "kept-browser"}


def test_orders_changed_by_both_are_a_conflict_that_the_browser_wins():
    base, file, current = document(LAND, CIVIL, COPIES), document(CIVIL, LAND, COPIES), document(COPIES, CIVIL, LAND)
    merged = merge(base, file, current)
    assert merged.document == current
    assert [d.path for d in merged.conflicts] == ["fields (order)"]


def test_without_a_base_the_file_only_adds():
    file, current = document(LAND, CIVIL), document({**LAND, "service_time_s": 1})
    merged = merge(ABSENT, file, current)
    assert merged.document == document({**LAND, "service_time_s": 1}, CIVIL)
    assert [d.path for d in merged.conflicts] == ["fields[dat-dai].service_time_s"]


def test_a_merge_changes_none_of_its_documents():
    sides = [document(LAND, CIVIL), document(CIVIL, COPIES), document(LAND, CIVIL, name={"vi": "x"})]
    before = deepcopy(sides)
    merge(*sides)
    assert sides == before


def test_differences_print_one_a_line():
    base = document(LAND, CIVIL, notice={"vi": "Cũ"})
    file = document({**LAND, "service_time_s": 1200}, COPIES, notice={"vi": "Mới"})
    current = document(LAND, CIVIL, notice={"vi": "Khác"})
    assert describe(merge(base, file, current).differences).splitlines() == [
        "~ fields[dat-dai].service_time_s: 1500 → 1200",
        "- fields[ho-tich]: Hộ tịch goes",
        "+ fields[chung-thuc]: Chứng thực",
        "= notice.vi: Khác stays (both changed; the file has Mới)",
    ]
