"""What a manager is told of the lobby's screens: by the page's own rules, out of the devices and the board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.node import run_node

RULES = Path(__file__).parents[2] / "queue_server/web/static/manager/displays.js"
SCRIPT = """
    const {{ displaysOf, missingSince, screenCares }} = await import({rules});
    const {{ devices, board, missing, now }} = JSON.parse(await new Response(process.stdin).text());
    const at = new Date(now);
    const known = missingSince(missing, devices, at);
    const displays = displaysOf({{ devices, board, missing: known }}, at);
    console.log(JSON.stringify({{ displays, cares: screenCares(displays, board), missing: known }}));
"""
VOICE = {"zone": "sanh"}


def at(clock: str) -> str:
    return f"2026-11-23T{clock}+07:00"


def a_screen(code: str, voice: dict[str, str] | None = None) -> dict[str, Any]:
    return {"code": code, "name": {"vi": f"Màn hình {code}", "en": ""}, "voice": voice}


BOARD = {
    "screens": {"sanh": a_screen("sanh", VOICE), "cua": a_screen("cua", VOICE), "cho": a_screen("cho")},
    "voices": {"sanh": {"zone": "sanh", "device": "one", "since": None}},
    "calls": {"3": {"call": 77, "number": "A012", "at": at("09:41:00")}},
}


def a_device(name: str, screen: str | None = "sanh", audio: str = "on", **changes: Any) -> dict[str, Any]:
    report = {"screen": screen, "audio": audio, "audio_at": at("09:00:00"), "shown": 77, "size": "1920x1080"}
    known = {"id": name, "kind": "display", "name": name, "screen": None, "revoked_at": None}
    return known | {"is_connected": True, "gone_since": None, "report": report | {"player": ""}} | changes


def gone(name: str, since: str | None, **changes: Any) -> dict[str, Any]:
    return a_device(name, is_connected=False, gone_since=since and at(since), report=None, **changes)


def told(*devices: dict[str, Any], clock: str = "09:42:00", missing: Any = None, board: Any = BOARD) -> Any:
    given = {"devices": devices, "board": board, "missing": missing or {}, "now": at(clock)}
    return json.loads(run_node(SCRIPT.format(rules=json.dumps(RULES.as_uri())), json.dumps(given)))


def cares(*devices: dict[str, Any], **more: Any) -> list[tuple[str, str, str | None]]:
    return [(care["kind"], care["key"], care["since"]) for care in told(*devices, **more)["cares"]]


def test_a_screen_that_works_is_named_and_needs_nobody() -> None:
    (display,) = told(a_device("one"))["displays"]
    assert (display["row"]["name"]["vi"], display["isSpeaking"], display["isGone"]) == ("Màn hình sanh", True, False)
    assert display["shown"] == {"number": "A012", "at": at("09:41:00")}
    assert cares(a_device("one"), a_device("two", "cho", "off")) == []


def test_a_screen_is_dark_after_ten_seconds() -> None:
    others = (a_device("one"), gone("two", "09:41:49"))
    assert cares(*others, clock="09:41:58") == []
    assert cares(*others, clock="09:42:00") == [("dark", "two", at("09:41:49"))]


def test_one_that_nobody_knows_since_when_is_dark_after_ten_seconds_of_looking() -> None:
    others = (a_device("one"), gone("two", None))
    first = told(*others, clock="09:42:00")
    assert first["cares"] == []
    assert cares(*others, clock="09:42:12", missing=first["missing"]) == [("dark", "two", None)]


@pytest.mark.parametrize("change", [{"is_connected": None}, {"revoked_at": 1}, {"kind": "printer"}])
def test_what_is_no_screen_or_may_be_there_is_not_dark(change: dict[str, Any]) -> None:
    assert cares(a_device("one"), gone("two", "09:00:00") | change) == []


def test_blocked_sound_is_told_where_the_screen_should_speak() -> None:
    blocked = a_device("two", "cua", "blocked")
    assert cares(a_device("one"), blocked) == [("blocked", "two", at("09:00:00"))]
    assert cares(a_device("one"), a_device("two", "cho", "blocked")) == []
    assert cares(a_device("one"), a_device("two", "cua", "none")) == []


@pytest.mark.parametrize(
    ("devices", "since"),
    [
        ([], None),
        ([gone("one", "09:30:00")], at("09:30:00")),
        ([a_device("one", audio="blocked")], at("09:00:00")),
        ([a_device("one", audio="none"), a_device("two", "cho")], None),
    ],
)
def test_a_hall_in_which_no_screen_can_speak_stands_first(devices: list[dict[str, Any]], since: str | None) -> None:
    assert cares(*devices)[0] == ("silent", "sanh", since)
    assert [name["vi"] for name in told(*devices)["cares"][0]["names"]] == ["Màn hình sanh", "Màn hình cua"]


def test_a_speaker_that_is_away_for_a_moment_or_of_which_nobody_knows_is_no_silent_hall() -> None:
    assert cares(gone("one", "09:41:55")) == []
    assert cares(a_device("one", is_connected=None, report=None)) == []


def test_where_no_screen_is_configured_no_hall_is_silent() -> None:
    assert cares(a_device("one", ""), board={}) == []


def test_a_code_that_is_not_configured_any_more_is_said() -> None:
    lost = a_device("two", "kho")
    assert cares(a_device("one"), lost) == [("unknownScreen", "two", None)]
    chosen = gone("two", "09:41:55") | {"screen": "kho"}
    assert told(a_device("one"), chosen)["displays"][1]["isUnknown"]
