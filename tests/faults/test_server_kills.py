"""kill -9 under load: what was acknowledged is there, nothing happened twice, and every screen comes back by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from load.kills import RESUMED_WITHIN_S, kill_often, start_with

pytestmark = [pytest.mark.faults, pytest.mark.slow]

FIRST_ANSWER_WITHIN_S, REPLAYED_WITHIN_S = 4.0, 1.0
"""Alone on the machine 0.8 and 0.16 s (`python -m load.kills --starts`; the goal is 2 s). Beside other tests 3.0 and
0.26 s were seen."""


def test_five_kills_under_load(tmp_path: Path) -> None:
    report = kill_often(tmp_path, 5)
    assert report.faults == []
    assert report.kills == 5
    assert report.unanswered >= 5
    assert report.acknowledged > 100
    assert report.longest_resume_s < RESUMED_WITHIN_S


@pytest.mark.parametrize(
    ("visits", "waiting", "events"), [(700, 0, 4900), (0, 2000, 2000)], ids=["700 visits", "2,000 tickets"]
)
def test_a_start_with_a_full_day(tmp_path: Path, visits: int, waiting: int, events: int) -> None:
    start = start_with(tmp_path, visits, waiting)
    print(start)
    assert start.tickets == visits + waiting
    assert start.events >= events
    assert start.first_answer_s < FIRST_ANSWER_WITHIN_S
    assert start.replay_s < REPLAYED_WITHIN_S
