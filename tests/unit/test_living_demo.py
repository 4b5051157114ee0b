"""The hall of `./run --live`, and how its told waits are looked at."""

from __future__ import annotations

from itertools import islice
from statistics import fmean

import pytest

from load.day.visits import go_vap
from load.live import visits_of
from load.told import Belief, report, told_of
from queue_server.demo import HURRY, ORGANISATION, easily_entered, hurried
from queue_server.directory.importing import read_organisation
from queue_server.directory.plan import branch_config
from queue_server.domain import commands as c
from queue_server.settings import read_settings
from tests.factories import LAN, Branch


def test_services_take_as_long_as_the_demos_centre_believes() -> None:
    config = hurried(branch_config(go_vap(), read_organisation(ORGANISATION).name), HURRY)
    visits = list(islice(visits_of(HURRY, seed=1), 2100))
    for field in config.fields:
        drawn = fmean(visit.service_s for visit in visits if visit.field == field.code)
        assert drawn == pytest.approx(field.service_time_s, rel=0.3), field.code
    assert {field.code: field.service_time_s for field in config.fields}["chung-thuc"] == 75


def test_whether_the_demo_asks_for_a_second_factor_is_what_was_set() -> None:
    assert easily_entered(read_settings({})).second_factor == "off"
    for wanted in ("on", "off"):
        assert easily_entered(read_settings({"LAYSO_SECOND_FACTOR": wanted})).second_factor == wanted


def a_morning() -> Branch:
    """One counter; of four people the last one still waits, for longer than told, and one was told nothing."""
    branch = Branch()
    branch.issue("chung-thuc", "07:29")
    branch.open(1, "07:30", LAN)
    branch.served(1, "07:30", LAN)
    for _ in range(3):
        branch.issue("chung-thuc", "07:31")  # told 5, 10 and 15 minutes, from 0.6 to 1.6 times as long
    branch.do(c.Finish(ticket="t1"), "07:36", LAN)
    branch.served(1, "07:36", LAN)
    branch.do(c.Finish(ticket="t2"), "07:40", LAN)
    branch.served(1, "08:01", LAN)
    branch.do(c.Finish(ticket="t3"), "08:02", LAN)
    return branch


def test_told_waits_are_held_against_what_came() -> None:
    """The second waited 5 minutes as told, the third 30 and not 6 to 16, the fourth over 24."""
    found = told_of(a_morning().records)
    assert [(each.number, each.is_called, each.is_within, each.true_s) for each in found] == [
        ("A002", True, True, 300.0),
        ("A003", True, False, 1800.0),
        ("A004", False, False, 1860.0),
    ]
    assert found[1].came == Belief(1, 300.0, 1)
    assert (found[1].belief.counters, found[1].belief.people) == (4, 1), "others are still expected to open"
    said = list(report(found))
    assert "| all | 3 | 33% | 720 | -720 | 1320 |" in said
    assert any(line.startswith("| A004 | chung-thuc | 2.0 | 900 (540–1500) | over 1860 | 4, ") for line in said)
