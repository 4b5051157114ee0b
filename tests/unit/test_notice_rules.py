"""The manager's board of notices decides some things by itself: what is typed, and how it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.node import run_node

MANAGER = Path(__file__).parents[2] / "queue_server" / "web" / "static" / "manager"
WORDS = """(key, values) => [key, ...Object.values(values || {})].join(" ")"""
PLAIN: dict[str, Any] = {
    "code": "tb-1", "kind": "image", "title": {"vi": "Ảnh", "en": ""}, "lines": [], "media": "a" * 64, "screens": [],
    "first_day": None, "last_day": None, "weekdays": [], "hours": [], "seconds": 15, "is_priority": False,
}  # fmt: skip


def said(expression: str, **values: Any) -> Any:
    given = "".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
    script = f"import * as the from {json.dumps((MANAGER / 'notice_rules.js').as_uri())}; {given}"
    return json.loads(run_node(f"{script} console.log(JSON.stringify({expression}) || 'null');"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Always"),
        ({"first_day": "2026-11-23", "last_day": "2026-11-23"}, "OnDay 23/11/2026"),
        ({"first_day": "2026-11-23", "last_day": "2026-12-31"}, "From 23/11/2026 until 31/12/2026"),
        ({"weekdays": ["fri", "mon"]}, "Day.mon, day.fri"),
        ({"last_day": "2026-12-31", "hours": [[450, 690], [780, 1440]]}, "Until 31/12/2026 · 07:30–11:30, 13:00–24:00"),
    ],
)
def test_when_a_notice_is_shown_is_said_in_words(changes: dict[str, Any], words: str) -> None:
    assert said(f"the.scheduleWords(notice, {WORDS})", notice=PLAIN | changes) == words


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("", []),
        ("7:30-11:30, 13-17", [[450, 690], [780, 1020]]),
        ("07:30–11:30; 1300-2400", [[450, 690], [780, 1440]]),
        ("11:30-07:30", None),
        ("07:30", None),
        ("07:30-11:30, 11:00-12:00", None),
        ("22:00-02:00", None),
    ],
)
def test_hours_are_read_as_people_write_them(typed: str, hours: list[list[int]] | None) -> None:
    assert said("the.hoursOf(typed)", typed=typed) == hours


@pytest.mark.parametrize(
    ("typed", "day"),
    [("23/11/2026", "2026-11-23"), (" 1.2.2027 ", "2027-02-01"), ("", ""), ("30/02/2027", None), ("11/23/2026", None)],
)
def test_days_are_read_the_vietnamese_way(typed: str, day: str | None) -> None:
    assert said("the.dayOf(typed)", typed=typed) == day


def test_a_form_is_the_notice_that_it_was_made_of() -> None:
    notice = PLAIN | {
        "kind": "text", "media": "", "lines": [{"vi": "Một", "en": ""}, {"vi": "Hai", "en": "Two"}],
        "first_day": "2026-11-23", "weekdays": ["mon"], "hours": [[450, 690]], "screens": ["sanh"], "is_priority": True,
    }  # fmt: skip
    assert said("the.noticeOf(notice, the.formOf(notice))", notice=notice) == notice
    assert said("the.faultsOf(the.formOf(notice))", notice=notice) == {}


@pytest.mark.parametrize(
    ("typed", "faults"),
    [
        ({"title": " "}, {"title": "titleNeeded"}),
        ({"first": "24/11/2026", "last": "23/11/2026"}, {"last": "daysWrong"}),
        ({"first": "2026"}, {"first": "dayWrong"}),
        ({"hours": "7 giờ"}, {"hours": "hoursWrong"}),
        ({"seconds": "2"}, {"seconds": "secondsWrong"}),
        ({"seconds": "10"}, {}),
        ({"seconds": "601"}, {"seconds": "secondsWrong"}),
        ({"lines": "\n".join("123456789")}, {"lines": "linesWrong"}),
        ({"linesEn": "a" * 201}, {"lines": "linesWrong"}),
    ],
)
def test_what_is_wrong_is_said_before_it_is_sent(typed: dict[str, str], faults: dict[str, str]) -> None:
    assert said("the.faultsOf({...the.formOf(notice), ...typed})", notice=PLAIN, typed=typed) == faults


@pytest.mark.parametrize(
    ("kind", "megabytes", "limit"),
    [("image/png", 10, 0), ("image/png", 11, 10), ("video/mp4", 200, 0), ("video/mp4", 201, 200), ("text/html", 2, 1)],
)
def test_a_file_that_is_too_large_is_not_sent(kind: str, megabytes: int, limit: int) -> None:
    assert said("the.limitExceeded(file)", file={"type": kind, "size": megabytes * 1024 * 1024}) == limit


def test_the_list_is_put_in_order_and_codes_are_drawn() -> None:
    three = [PLAIN | {"code": code} for code in ("tb-1", "tb-4", "tb-3")]
    codes = "({code}) => code"
    assert said(f"the.moved(list, 'tb-3', -1).map({codes})", list=three) == ["tb-1", "tb-3", "tb-4"]
    assert said(f"the.moved(list, 'tb-1', 1).map({codes})", list=three) == ["tb-4", "tb-1", "tb-3"]
    assert said("the.newNotice('text', '', '', ['tb-1', 'tb-4', 'tb-3']).code") == "tb-5"
    assert said(f"the.withNotice(list, {{code: 'tb-4', seconds: 9}}).map({codes})", list=three) == [
        "tb-1", "tb-4", "tb-3",
    ]  # fmt: skip
