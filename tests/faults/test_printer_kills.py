"""An agent that is killed at any moment: never two unmarked papers of one ticket, never none.

The full run of 30 kills is `python -m load.printer_kills`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.printer_kills import Figures, Killing, slow_printers
from tests.server import DemoServer

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]

KILLS, BETWEEN = 6, 2


def killed(folder: Path, *, seed: int, forgets: bool = False, printers: int = 1) -> Figures:
    with DemoServer(folder) as centre, slow_printers(printers) as there:
        return Killing(centre, there, folder, seed=seed, forgets=forgets).run(KILLS, between=BETWEEN)


def test_a_killed_agent_leaves_one_unmarked_paper_at_most_and_no_ticket_without(tmp_path: Path) -> None:
    found = killed(tmp_path, seed=20261123)
    assert found.is_right(), found
    assert found.kills >= KILLS
    assert found.between >= BETWEEN
    assert found.marked >= BETWEEN


def test_with_two_printers_that_fail_too_there_is_one_unmarked_paper_of_both_at_most(tmp_path: Path) -> None:
    found = killed(tmp_path, seed=11, printers=2)
    assert found.is_right(), found
    assert min(found.moments["out"], found.moments["dropped"]) >= 1
    assert found.marked >= 1


def test_control_without_its_memory_the_same_kills_leave_doubles(tmp_path: Path) -> None:
    found = killed(tmp_path, seed=20261123, forgets=True)
    assert found.unmarked_doubles, found
    assert found.marked == 0
