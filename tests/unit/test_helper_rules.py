"""The helper's pages decide some things by themselves: which keys press a field, what a line of a list says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.node import said_by

A = {"code": "chung-thuc", "name": {"vi": "Chứng thực"}, "prefix": "A", "width": 3, "first": 900, "last": 999}
H = {"code": "ho-tich", "name": {"vi": "Hộ tịch"}, "prefix": "H", "width": 3, "first": 900, "last": 999}
TODAY = {"midnight": "2026-11-15T17:00:00Z", "boundary": 180}
"""Monday 16 November in Viet Nam."""


def said(module: str, expression: str, **values: Any) -> Any:
    """What an expression is, with the functions of the helper's module and these values."""
    return said_by(f"helper/{module}", expression, **values)


# -- keys --------------------------------------------------------------------------------------------------------------


def board(fields: int) -> dict[str, Any]:
    return {"fields": {f"f{i}": {"code": f"f{i}", "order": i, "is_retired": False} for i in range(1, fields + 1)}}


def pressed(fields: int, digits: str) -> list[str]:
    """The fields that these digits press, one after the other."""
    program = """[...digits].reduce(({ text, found }, digit) => {
      const now = the.typed(text, digit, the.keyedFields(board));
      return { text: now.text, found: now.field ? [...found, now.field] : found };
    }, { text: "", found: [] }).found"""
    found: list[str] = said("view.js", program, digits=digits, board=board(fields))
    return found


def test_one_digit_presses_one_of_nine_fields() -> None:
    assert pressed(9, "1995") == ["f1", "f9", "f9", "f5"]
    assert pressed(5, "07") == []


def test_of_more_fields_each_has_two_digits() -> None:
    assert pressed(23, "011223") == ["f1", "f12", "f23"]
    assert pressed(12, "9") == []


def test_after_the_last_class_comes_none() -> None:
    classes = [{"code": "NCT75"}, {"code": "NKT"}]
    program = "[null, 'NCT75', 'NKT'].map((code) => the.nextClass(classes, code))"
    assert said("view.js", program, classes=classes) == ["NCT75", "NKT", None]


# -- lines -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "minutes"),
    [("0740", 460), ("740", 460), ("7:40", 460), ("7h40", 460), ("07.40", 460), ("7", 420), ("13", 780), ("0000", 0)],
)
def test_a_time_is_read_as_people_write_it(written: str, minutes: int) -> None:
    assert said("lines.js", "the.minutesOf(written)", written=written) == minutes


@pytest.mark.parametrize("written", ["", "abc", "2460", "0760", "7:4a", "12345"])
def test_what_is_no_time_is_none(written: str) -> None:
    assert said("lines.js", "the.minutesOf(written)", written=written) is None


@pytest.mark.parametrize(
    ("written", "chosen", "field"),
    [
        ("A905", "ho-tich", "chung-thuc"),
        ("h905", "chung-thuc", "ho-tich"),
        ("905", "ho-tich", "ho-tich"),
        ("A012", "ho-tich", "ho-tich"),
        ("X905", "ho-tich", "ho-tich"),
    ],
)
def test_the_letter_tells_the_field(written: str, chosen: str, field: str) -> None:
    found = said("lines.js", "the.fieldOf(blocks, written, chosen)", blocks=[A, H], written=written, chosen=chosen)
    assert found == field


def test_where_fields_share_a_series_the_chosen_one_stays() -> None:
    shared = [A, {**A, "code": "thue"}]
    assert said("lines.js", "the.fieldOf(blocks, 'A905', 'thue')", blocks=shared) == "thue"


def line_of(others: list[dict[str, Any]] | None = None, **typed: Any) -> Any:
    now = "2026-11-16T02:00:00Z"
    whole = {"number": "a 905", "field": "chung-thuc", "isServed": True, "time": "0740", **typed}
    program = "the.lineOf(typed, blocks, others, today, new Date(now))"
    return said("lines.js", program, typed=whole, blocks=[A, H], others=others or [], today=TODAY, now=now)


def test_a_line_is_what_was_written() -> None:
    assert line_of() == {"line": {"number": "A905", "field": "chung-thuc", "isServed": True, "minutes": 460}}


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"number": "A012"}, "number"),
        ({"field": "khong-co"}, "field"),
        ({"time": "99"}, "time"),
        ({"time": "0901"}, "future"),
        ({"time": "0230"}, "future"),
    ],
)
def test_what_is_wrong_has_a_name(typed: dict[str, Any], fault: str) -> None:
    """Half past two is the next morning: the service day begins at three."""
    assert line_of(**typed)["fault"] == fault


def test_a_number_stands_once_in_a_list() -> None:
    assert line_of([{"number": "A905"}])["fault"] == "twice"


def test_lines_become_the_commands_lines() -> None:
    lines = [{"number": "A905", "field": "chung-thuc", "isServed": False, "minutes": 460}]
    assert said("lines.js", "the.kept(lines, today)", lines=lines, today=TODAY) == [
        {"number": "A905", "field": "chung-thuc", "arrival_at": "2026-11-16T00:40:00.000Z", "is_served": False}
    ]
