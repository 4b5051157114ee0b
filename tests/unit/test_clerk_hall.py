"""What a clerk is told of the hall: whether a screen has shown the called number, by the console's own rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.node import run_node

VIEW = Path(__file__).parents[2] / "queue_server/web/static/clerk/view.js"
SCRIPT = """
    const {{ hallOf }} = await import({view});
    const {{ hand, status, now }} = JSON.parse(await new Response(process.stdin).text());
    const line = status && {{ ...status, since: new Date(status.since) }};
    console.log(JSON.stringify(hallOf(hand, line, new Date(now))));
"""


def at(clock: str) -> str:
    return f"2026-11-23T{clock}+07:00"


LIVE = {"state": "live", "since": at("07:30:00")}
CALLED = {
    "state": "called", "is_watched": True, "called_at": at("09:00:00"), "shown_at": None, "spoken_at": None,
    "spoken_after": None,
}  # fmt: skip


def hall(hand: dict[str, Any] | None, clock: str, status: dict[str, str] | None = LIVE) -> str:
    given = json.dumps({"hand": hand, "status": status, "now": at(clock)})
    said: str = json.loads(run_node(SCRIPT.format(view=json.dumps(VIEW.as_uri())), given))
    return said


def test_a_number_that_no_screen_has_shown_after_three_seconds_is_an_alert() -> None:
    assert hall(CALLED, "09:00:03") == ""
    assert hall(CALLED, "09:00:04") == "unshown"


def test_the_alert_goes_when_a_screen_has_and_is_said_quietly() -> None:
    shown = CALLED | {"shown_at": at("09:00:20")}
    assert hall(shown, "09:00:21") == "shown"
    assert hall(shown | {"spoken_at": at("09:00:30")}, "09:00:31") == "spoken"


def test_a_voice_that_is_still_behind_is_said_until_it_has_spoken() -> None:
    shown = CALLED | {"shown_at": at("09:00:01")}
    assert hall(shown | {"spoken_after": 3}, "09:00:02") == "waiting"
    assert hall(shown | {"spoken_after": 0}, "09:00:20") == "next"
    assert hall(CALLED | {"spoken_after": 3}, "09:00:05") == "unshown"


@pytest.mark.parametrize("change", [{"is_watched": False}, {"called_at": None}, {"state": "serving"}])
def test_where_nobody_waits_for_a_screen_nothing_is_said(change: dict[str, Any]) -> None:
    assert hall(CALLED | change, "09:05:00") == ""


def test_nothing_is_said_without_a_number() -> None:
    assert hall(None, "09:05:00") == ""


def test_a_console_that_is_cut_off_or_was_says_nothing_it_cannot_know() -> None:
    assert hall(CALLED, "09:05:00", None) == ""
    assert hall(CALLED, "09:05:00", {"state": "reconnecting", "since": at("09:00:01")}) == ""
    back = {"state": "live", "since": at("09:05:00")}
    assert hall(CALLED, "09:05:02", back) == ""
    assert hall(CALLED, "09:05:04", back) == "unshown"
