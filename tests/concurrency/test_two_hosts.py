"""Two server processes on one PostgreSQL that tell each other nothing: small; ten thousand rounds: `load.two_hosts`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from load.two_hosts import play, step_back, two_hosts
from tests.databases.postgres import Postgres

ROUNDS = 60


def test_what_is_done_at_one_the_other_knows_at_once(postgres: Postgres, tmp_path: Path) -> None:
    with two_hosts(tmp_path, postgres.new_database()) as (first, second):
        report = asyncio.run(play(first, second, rounds=ROUNDS))
    assert report.rounds == ROUNDS
    assert report.faults == []


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        ({"type": "snapshot", "seq": "e.7"}, None),
        ({"type": "snapshot", "seq": "e.8"}, None),
        ({"type": "snapshot", "seq": "e.6"}, "a step back"),
        ({"type": "snapshot", "seq": "f.9"}, "another epoch"),
        ({"type": "event", "seq": "e.9", "prev": "e.7"}, None),
        ({"type": "event", "seq": "e.9", "prev": "e.5"}, None),
        ({"type": "event", "seq": "e.9", "prev": "e.8"}, "a gap"),
        ({"type": "event", "seq": "e.6", "prev": "e.5"}, "a step back"),
        ({"type": "error", "problem": {"code": "unknown-branch"}}, "refused with unknown-branch"),
    ],
)
def test_control_a_first_frame_that_is_too_old_is_seen(frame: dict[str, Any], fault: str | None) -> None:
    assert step_back("e.7", frame) == fault
