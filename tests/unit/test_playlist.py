"""Which notices a lobby screen shows when: the pure script, run in node. Monday, 23 November 2026, in Vietnam."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.node import node
from tests.unit.test_old_screens import file_of

SCRIPTS = ("/static/page.js", "/static/times.js", "/static/display/display_texts.js", "/static/display/playlist.js")
WORLD = """
const fs = require("fs"), vm = require("vm");
const [files, input] = JSON.parse(fs.readFileSync(0, "utf8"));
const root = {lang: "vi", getAttribute: () => "Asia/Ho_Chi_Minh"};
const sandbox = {document: {documentElement: root}, Intl, console, addEventListener() {}};
sandbox.window = sandbox;
vm.createContext(sandbox);
files.forEach((file) => vm.runInContext(fs.readFileSync(file, "utf8"), sandbox, {filename: file}));
const list = sandbox.LaySo.playlist, any = () => true;
const now = new Date(input.now), rows = input.rows, codes = (found) => found.map((row) => row.code);
console.log(JSON.stringify((() => { SCRIPT })()));
"""
PLAIN: dict[str, Any] = {
    "kind": "image", "title": {"vi": "Ảnh", "en": "Ảnh"}, "lines": [], "media": "", "screens": [], "first_day": None,
    "last_day": None, "weekdays": [], "hours": [], "seconds": 15, "is_priority": False,
}  # fmt: skip


def run(script: str, *notices: dict[str, Any], now: str = "2026-11-23T09:00:00+07:00") -> Any:
    """What the script answers of notices in this order, each named by a letter unless it says its code."""
    rows = {}
    for order, notice in enumerate(notices):
        code = notice.get("code", "abcdef"[order])
        rows[code] = PLAIN | {"code": code, "order": order, "media": code * 3} | notice
    files = [str(file_of(address)) for address in SCRIPTS]
    done = subprocess.run(
        [node(), "-e", WORLD.replace("SCRIPT", script)],
        input=json.dumps([files, {"rows": dict(reversed(rows.items())), "now": now}]),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SHOWN = "return codes(list.shown(rows, 'sanh', now, any))"


@pytest.mark.parametrize(
    ("bounds", "now", "is_shown"),
    [
        ({}, "2026-11-23T03:00:00+07:00", True),
        ({"first_day": "2026-11-23"}, "2026-11-22T23:59:59+07:00", False),
        ({"first_day": "2026-11-23"}, "2026-11-22T17:00:00Z", True),
        ({"last_day": "2026-11-23"}, "2026-11-23T23:59:59+07:00", True),
        ({"last_day": "2026-11-23"}, "2026-11-24T00:00:00+07:00", False),
        ({"weekdays": ["mon", "fri"]}, "2026-11-23T09:00:00+07:00", True),
        ({"weekdays": ["sun"]}, "2026-11-23T00:30:00+07:00", False),
        ({"weekdays": ["sun"]}, "2026-11-22T09:00:00+07:00", True),
        ({"hours": [[450, 690], [780, 1020]]}, "2026-11-23T07:29:59+07:00", False),
        ({"hours": [[450, 690], [780, 1020]]}, "2026-11-23T07:30:00+07:00", True),
        ({"hours": [[450, 690], [780, 1020]]}, "2026-11-23T11:30:00+07:00", False),
        ({"hours": [[450, 690], [780, 1020]]}, "2026-11-23T13:00:00+07:00", True),
        ({"hours": [[1320, 1440]]}, "2026-11-23T23:59:00+07:00", True),
        ({"screens": ["cua"]}, "2026-11-23T09:00:00+07:00", False),
        ({"screens": ["cua", "sanh"]}, "2026-11-23T09:00:00+07:00", True),
        ({"weekdays": ["mon"], "hours": [[0, 60]]}, "2026-11-23T09:00:00+07:00", False),
    ],
)
def test_a_notice_is_shown_within_its_days_hours_and_screens(bounds: dict[str, Any], now: str, is_shown: bool) -> None:
    assert run(SHOWN, bounds, now=now) == (["a"] if is_shown else [])


def test_they_come_in_the_order_of_the_list() -> None:
    assert run(SHOWN, {}, {"weekdays": ["tue"]}, {}) == ["a", "c"]


def test_while_one_is_urgent_no_other_is_shown_unless_it_cannot_be() -> None:
    notices: tuple[dict[str, Any], ...] = ({}, {"is_priority": True}, {"is_priority": True, "weekdays": ["tue"]}, {})
    assert run(SHOWN, *notices) == ["b"]
    cannot = "return codes(list.shown(rows, 'sanh', now, (row) => row.code !== 'b'))"
    assert run(cannot, *notices) == ["a", "b", "d"], "the place is not left blank for it"


@pytest.mark.parametrize(
    ("current", "broken", "following"),
    [
        (None, [], "a"),
        ("a", [], "b"),
        ("c", [], "a"),
        ("a", ["b"], "c"),
        ("c", ["a", "b"], "c"),
        ("gone", [], "a"),
        ("b", ["a", "b", "c"], None),
    ],
)
def test_one_follows_another_and_what_cannot_be_shown_is_left_out(
    current: str | None, broken: list[str], following: str | None
) -> None:
    script = f"""const found = list.next(list.shown(rows, 'sanh', now, any), {json.dumps(current)},
      (row) => {json.dumps(broken)}.indexOf(row.code) < 0);
    return found && found.code"""
    assert run(script, {}, {}, {}) == following


def test_the_bar_of_every_screen_names_what_is_urgent() -> None:
    words = {
        "kind": "text",
        "title": {"vi": "Mất điện lúc 10:00", "en": ""},
        "lines": [{"vi": "Mời ngồi chờ.", "en": ""}],
    }
    notices: tuple[dict[str, Any], ...] = ({}, words | {"is_priority": True}, {"is_priority": True, "screens": ["cua"]})
    label = {"kind": "urgent", "label": "Thông báo"}
    assert run("return list.urgent(rows, 'sanh', now)", *notices) == [
        label | {"text": "Mất điện lúc 10:00. Mời ngồi chờ."}
    ]
    assert [each["text"] for each in run("return list.urgent(rows, 'cua', now)", *notices)] == [
        "Mất điện lúc 10:00. Mời ngồi chờ.",
        "Ảnh.",
    ]
    assert run("return list.urgent(undefined, '', now)") == []


def test_files_of_what_is_shown_now_are_fetched_first_and_none_of_what_is_over() -> None:
    notices: tuple[dict[str, Any], ...] = (
        {"last_day": "2026-11-22"},
        {"first_day": "2026-12-01"},
        {},
        {"media": "ccc"},
        {"screens": ["cua"]},
        {"kind": "text", "media": ""},
    )
    assert run("return list.wanted(rows, 'sanh', now)", *notices) == ["ccc", "bbb"]
    assert run("return list.named(rows)", *notices) == ["aaa", "bbb", "ccc", "ccc", "eee"], "another screen may need it"
