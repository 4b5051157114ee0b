"""The kills under load, fewer of them: what a broken build does wrong is seen at the first or the second."""

from __future__ import annotations

from pathlib import Path

from load.kills import kill_often


def test_two_kills_under_load(tmp_path: Path) -> None:
    assert kill_often(tmp_path, 2).faults == []
