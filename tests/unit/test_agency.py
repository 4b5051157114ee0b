"""Who is posted for an agency sits at its counters, or at those of none."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain.configuration import Agency, Text
from queue_server.domain.refusals import Refusal
from tests.factories import LAN, Branch, config

LAND = replace(LAN, agency="dat-dai")


@pytest.fixture
def branch() -> Branch:
    """Counter 1 is the ward's, 2 the land office's, the others are nobody's."""
    made = config()
    owners = {1: "phuong", 2: "dat-dai"}
    desks = tuple(replace(desk, agency=owners.get(desk.no, "")) for desk in made.counters)
    agencies = (Agency("phuong", Text("Phường")), Agency("dat-dai", Text("Đất đai")))
    return Branch(replace(made, counters=desks, agencies=agencies))


def opened(branch: Branch, no: int, by: c.By) -> str:
    try:
        branch.do(c.OpenCounter(branch="go-vap", counter=no), "07:30", by)
    except Refusal as refusal:
        return refusal.code
    return "open"


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (LAND, ["other-agency", "open", "open"]),
        (LAN, ["open", "open", "open"]),
        (replace(LAND, may_override=True), ["open", "open", "open"]),
    ],
    ids=["posted for one", "posted for any", "supervisor"],
)
def test_which_counters_may_be_opened(branch: Branch, by: c.By, expected: list[str]) -> None:
    assert [opened(branch, no, by) for no in (1, 2, 3)] == expected


def test_the_refusal_names_both_agencies(branch: Branch) -> None:
    with pytest.raises(Refusal) as refused:
        branch.open(1, "07:30", LAND)
    assert refused.value.data == {"counter": 1, "agency": Text("Phường"), "own": Text("Đất đai")}


def test_who_was_moved_there_goes_on_there(branch: Branch) -> None:
    """A supervisor may set somebody to another agency's counter; to open it again after a pause is no new choice."""
    branch.open(1, "07:30")
    branch.do(c.PauseCounter(branch="go-vap", counter=1), "08:00")
    branch.do(c.OpenCounter(branch="go-vap", counter=1), "08:05", LAND)
    assert branch.state.counter(1).is_open
