"""Stored events: every version ever written loads, the golden day replays, and nothing unknown is skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec.structs import replace

from queue_server.domain import events as ev
from queue_server.domain import upcast
from queue_server.domain.apply import apply
from queue_server.domain.configuration import Cap
from queue_server.domain.events import type_of
from queue_server.domain.state import BranchState
from queue_server.domain.upcast import UnknownEvent
from tests.factories import replayed, snapshot
from tests.golden.make import AT, DAY, GOLDEN, SEQ, Line, golden_day, samples, summary

TYPES = sorted(str(kind.__struct_config__.tag) for kind in get_args(ev.EventType))
STORED = sorted(GOLDEN.glob("v*/*.json"))
SINGLE = [path for path in STORED if not path.name.startswith("day.summary")]


def load(path: Path) -> ev.Recorded:
    return upcast.load(SEQ, DAY, path.stem, version_in(path), path.read_bytes())


def version_in(path: Path) -> int:
    return int(path.parent.name.removeprefix("v"))


DAYS = sorted(GOLDEN.glob("v*/day.jsonl"))
"""A day as each generation of events stored it."""


def lines(path: Path) -> list[Line]:
    return [msgspec.json.decode(text, type=Line) for text in path.read_bytes().splitlines()]


# -- samples -----------------------------------------------------------------------------------------------------------


def test_every_type_has_a_sample_of_every_version() -> None:
    wanted = {(name, v) for name in TYPES for v in range(1, upcast.version_of(name) + 1)}
    assert {(path.stem, version_in(path)) for path in SINGLE} == wanted


@pytest.mark.parametrize("path", SINGLE, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_loads_as_what_it_was(path: Path) -> None:
    recorded = load(path)
    assert type_of(recorded.event) == path.stem
    assert (recorded.seq, recorded.day, recorded.at, recorded.recorded_at) == (SEQ, DAY, AT, AT)
    event_type, version, body = upcast.store(recorded)
    assert (event_type, version) == (path.stem, upcast.version_of(path.stem))
    assert upcast.load(SEQ, DAY, event_type, version, body) == recorded


@pytest.mark.parametrize("event", samples(), ids=type_of)
def test_a_sample_of_the_newest_version_holds_every_field(event: ev.Event) -> None:
    version = upcast.version_of(type_of(event))
    stored = msgspec.json.decode((GOLDEN / f"v{version}" / f"{type_of(event)}.json").read_bytes())
    assert set(stored["event"]) == {"type", *event.__struct_fields__}
    assert load(GOLDEN / f"v{version}" / f"{type_of(event)}.json").event == event


@pytest.mark.parametrize("path", SINGLE, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_stored_bytes_are_what_this_build_would_write(path: Path) -> None:
    if version_in(path) == upcast.version_of(path.stem):
        assert upcast.store(load(path)) == (path.stem, version_in(path), path.read_bytes())


# -- a whole day -------------------------------------------------------------------------------------------------------


def folded(path: Path) -> BranchState:
    state = BranchState()
    for item in lines(path):
        apply(state, item.recorded)
    return state


@pytest.mark.parametrize("path", DAYS, ids=lambda path: path.parent.name)
def test_a_golden_day_replays_to_its_summary(path: Path) -> None:
    assert summary(folded(path)) == msgspec.json.decode(path.with_name("day.summary.json").read_bytes())


def test_the_golden_day_is_long_and_varied_enough() -> None:
    newest = lines(DAYS[-1])
    types = {item.type for item in newest}
    assert len(newest) > 50
    assert len(types) >= len(TYPES) - 1
    assert newest[0].type == "day.opened"
    assert newest[-1].type == "day.closed"


def decided(state: BranchState) -> dict[str, Any]:
    """What rules decide. How long a wait is told to be is an estimate, and may become better."""
    found = snapshot(state)
    tickets, before = (
        {key: replace(ticket, told=None) for key, ticket in rows.items()}
        for rows in (found["tables"]["tickets"], found["before"])
    )
    return found | {"tables": found["tables"] | {"tickets": tickets}, "before": before}


def test_todays_rules_still_decide_the_golden_day() -> None:
    """Not a promise to stored journals: when a rule changes on purpose, this day shows what changes."""
    assert decided(replayed(golden_day())) == decided(folded(DAYS[-1]))


# -- what this build does not know -------------------------------------------------------------------------------------

BODY: dict[str, Any] = {"at": AT, "recorded_at": AT, "actor": "x", "event": {"type": "ticket.no_show", "ticket": "t7"}}


def body(**event: object) -> bytes:
    return msgspec.json.encode({**BODY, "event": {**BODY["event"], **event}})


def test_an_unknown_type_is_not_skipped() -> None:
    with pytest.raises(UnknownEvent, match=r"ticket\.teleported"):
        upcast.load(SEQ, DAY, "ticket.teleported", 1, body(type="ticket.teleported"))


@pytest.mark.parametrize("version", [0, 2, 99])
def test_an_unknown_version_is_not_skipped(version: int) -> None:
    with pytest.raises(UnknownEvent, match=rf"ticket\.no_show v{version}"):
        upcast.load(SEQ, DAY, "ticket.no_show", version, body())


@pytest.mark.parametrize(
    "wrong", [body(ticket=7), body(ticket=None), b'{"at":"2026-11-23T01:02:03Z"}', b"{", b"", b"\xff\xfe"]
)
def test_a_body_that_does_not_fit_is_not_skipped(wrong: bytes) -> None:
    with pytest.raises(UnknownEvent):
        upcast.load(SEQ, DAY, "ticket.no_show", 1, wrong)


def test_a_body_of_another_type_than_its_row_says_is_not_applied() -> None:
    with pytest.raises(UnknownEvent):
        upcast.load(SEQ, DAY, "ticket.expired", 1, body())


# -- lifting -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def third_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if "ticket.no_show" had called its ticket "id" in version 1 and "number" in version 2."""
    monkeypatch.setitem(ev.VERSIONS, "ticket.no_show", 3)
    monkeypatch.setitem(upcast.LIFTS, ("ticket.no_show", 1), lambda event: renamed(event, "id", "number"))
    monkeypatch.setitem(upcast.LIFTS, ("ticket.no_show", 2), lambda event: renamed(event, "number", "ticket"))


def renamed(event: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in event.items()}


@pytest.mark.usefixtures("third_version")
@pytest.mark.parametrize(("version", "name"), [(1, "id"), (2, "number"), (3, "ticket")])
def test_an_old_version_is_lifted_step_by_step(version: int, name: str) -> None:
    stored = msgspec.json.encode({**BODY, "event": {"type": "ticket.no_show", name: "t7"}})
    recorded = upcast.load(SEQ, DAY, "ticket.no_show", version, stored)
    assert recorded.event == ev.TicketNoShow("t7")
    assert (recorded.at, recorded.actor) == (AT, "x")
    assert upcast.store(recorded)[1] == 3


@pytest.mark.parametrize("cap", [None, 40])
def test_a_daily_cap_of_the_first_version_bounds_the_day(cap: int | None) -> None:
    stored = msgspec.json.decode((GOLDEN / "v1" / "branch.configured.json").read_bytes())
    stored["event"]["config"]["fields"][0]["daily_cap"] = cap
    event = upcast.load(SEQ, DAY, "branch.configured", 1, msgspec.json.encode(stored)).event
    assert isinstance(event, ev.BranchConfigured)
    assert [field.cap for field in event.config.fields] == [Cap(day=cap), Cap(), Cap(), Cap()]


@pytest.mark.usefixtures("third_version")
def test_a_lift_that_does_not_fit_is_not_skipped() -> None:
    with pytest.raises(UnknownEvent):
        upcast.load(SEQ, DAY, "ticket.no_show", 1, body(ticket=None, id=7))
    with pytest.raises(UnknownEvent):
        upcast.load(SEQ, DAY, "ticket.no_show", 2, b"{")
