"""The clerk's console decides some things by itself: how a wait compares with what was told, what digits choose."""

from __future__ import annotations

from tests.node import said_by

TOLD = {"likely_s": 600, "low_s": 300, "high_s": 900, "made_at": "2026-11-16T01:00:00Z"}
UNDER_FIVE = {"likely_s": 0, "low_s": 0, "high_s": 300, "made_at": "2026-11-16T01:00:00Z"}


def test_a_wait_is_judged_by_what_was_told_only() -> None:
    cases = [(TOLD, 11), (TOLD, 12.1), (TOLD, 15), (TOLD, 15.1), (UNDER_FIVE, 3), (UNDER_FIVE, 4.1), (UNDER_FIVE, 5.1)]
    program = "cases.map(([told, minutes]) => the.bandOf(told, new Date(Date.parse(told.made_at) + minutes * 60000)))"
    assert said_by("clerk/view.js", program, cases=cases) == ["in", "late", "late", "over", "in", "late", "over"]
    assert said_by("clerk/view.js", "the.bandOf(null, new Date())") == "none"


def test_digits_choose_a_code_that_there_is() -> None:
    typed = [("", "1"), ("1", "2"), ("1", "5"), ("12", "2")]
    program = "typed.map(([before, digit]) => the.typedOn(before, digit, ['1', '2', '12', '20']))"
    assert said_by("clerk/view.js", program, typed=typed) == ["1", "12", "", "2"]
