"""Who is standing there: one live number for a person and field, a priority that a card shows, a device's pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig, PriorityClass, Text
from queue_server.domain.devices import pauses_until
from queue_server.domain.refusals import Refusal
from queue_server.readers.dossier import records
from tests.factories import HOA, KIOSK, LAN, MONDAY, Branch, config, limited, moment, replayed, snapshot

BA = replace(KIOSK, person="ba")
"""Whoever stands at the dispenser with this card."""
ONG = replace(KIOSK, person="ong")


def aged(**limits: Any) -> BranchConfig:
    """A card shows who is 75."""
    classes = (PriorityClass("NCT75", Text("Người từ 75 tuổi"), min_age=75), PriorityClass("NKT", Text("Khuyết tật")))
    return replace(limited(**limits), classes=classes)


@pytest.fixture
def branch() -> Branch:
    return Branch(config())


def refused(branch: Branch, command: c.Issue, at: str, by: c.By) -> Refusal:
    with pytest.raises(Refusal) as told:
        branch.do(command, at, by)
    return told.value


# -- one live number for a person and field ----------------------------------------------------------------------------


def test_a_second_number_of_the_same_field_is_refused_with_the_first_one(branch: Branch) -> None:
    branch.issue("chung-thuc", "07:10", BA)
    found = refused(branch, c.Issue(field="chung-thuc"), "07:11", BA)
    assert (found.code, found.data["number"], found.data["state"], found.data["counter"]) == (
        "has-ticket", "A001", "waiting", None,
    )  # fmt: skip
    branch.open(1, "07:30")
    called = branch.call_next(1, "07:31")
    assert branch[called].number == "A001"
    found = refused(branch, c.Issue(field="chung-thuc"), "07:32", BA)
    assert (found.data["state"], found.data["counter"]) == ("called", 1)


def test_other_fields_other_people_and_strangers_get_numbers(branch: Branch) -> None:
    branch.issue("chung-thuc", "07:10", BA)
    for by, field in ((BA, "ho-tich"), (ONG, "chung-thuc"), (KIOSK, "chung-thuc"), (KIOSK, "chung-thuc")):
        branch.issue(field, "07:11", by)
    assert len(branch.state.tickets) == 5


def test_helpers_are_told_of_the_number_too(branch: Branch) -> None:
    branch.issue("chung-thuc", "07:10", BA)
    asked = c.Issue(field="chung-thuc", channel="helper")
    assert refused(branch, asked, "07:11", replace(HOA, person="ba")).code == "has-ticket"


@pytest.mark.parametrize("ending", [c.Cancel, c.Void, c.NoShow, c.Finish])
def test_whose_turn_has_ended_may_take_another_number(branch: Branch, ending: type[c.TicketCommand]) -> None:
    ticket = branch.issue("chung-thuc", "07:10", BA)
    branch.open(1, "07:30")
    if ending in (c.NoShow, c.Finish):
        branch.call_next(1, "07:31")
    if ending is c.Finish:
        branch.do(c.Start(ticket=ticket), "07:32")
    branch.do(ending(ticket=ticket), "07:33")
    branch.issue("chung-thuc", "07:40", BA)
    assert refused(branch, c.Issue(field="chung-thuc"), "07:41", BA).data["number"] == "A002"


def test_who_was_brought_to_another_field_has_a_number_there(branch: Branch) -> None:
    ticket = branch.issue("chung-thuc", "07:10", BA)
    branch.do(c.Amend(ticket=ticket, field="ho-tich"), "07:11", HOA)
    assert refused(branch, c.Issue(field="ho-tich"), "07:12", BA).data["number"] == "A001"
    second = branch.issue("chung-thuc", "07:13", BA)
    branch.do(c.Amend(ticket=second, field="ho-tich"), "07:14", HOA)  # staff may: two in one field
    branch.do(c.Cancel(ticket=ticket), "07:15", HOA)
    assert refused(branch, c.Issue(field="ho-tich"), "07:16", BA).data["number"] == "A002"


def test_it_is_known_from_the_journal_and_forgotten_with_the_day() -> None:
    branch = Branch(limited(leftovers="rebook"))
    branch.issue("chung-thuc", "07:10", BA)
    assert snapshot(replayed(branch.records)) == snapshot(branch.state)
    branch.do(c.EndDay(), "17:30", LAN)
    branch.today += timedelta(days=1)
    branch.wait("07:00")
    (carried,) = branch.state.tickets.values()
    assert carried.person is None
    branch.issue("chung-thuc", "07:10", BA)


def test_no_record_says_who_it_was(branch: Branch) -> None:
    ticket = branch.issue("chung-thuc", "07:10", replace(KIOSK, person="5c1f0e77"))
    branch.do(c.Cancel(ticket=ticket), "07:20")
    assert branch[ticket].person == "5c1f0e77"
    assert b"5c1f0e77" not in msgspec.json.encode(records.visit("go-vap", MONDAY, branch[ticket]))


# -- its paper again ---------------------------------------------------------------------------------------------------


def test_the_paper_of_the_number_that_they_have_comes_again(branch: Branch) -> None:
    ticket = branch.issue("chung-thuc", "07:10", BA)
    (asked,) = branch.do(c.Issue(field="chung-thuc", again=True), "07:12", BA)
    assert asked.event == ev.PaperRequested(ticket, "printer-1")


def test_nobody_gets_the_paper_of_somebody_else(branch: Branch) -> None:
    branch.issue("chung-thuc", "07:10", BA)
    again = c.Issue(field="chung-thuc", again=True)
    for by in (ONG, KIOSK):
        assert refused(branch, again, "07:11", by).code == "unknown-ticket"
    assert refused(branch, again, "07:11", replace(BA, printer=None)).code == "no-printer"


# -- a priority that the card shows ------------------------------------------------------------------------------------


def issued(branch: Branch, at: str, **asked: Any) -> ev.TicketIssued:
    (record,) = branch.do(c.Issue(field="chung-thuc", **asked), at, BA if asked.get("proof") else KIOSK)
    assert isinstance(record.event, ev.TicketIssued)
    return record.event


def test_the_age_on_a_card_counts_at_once_and_a_claim_does_not() -> None:
    branch = Branch(aged(confirms_priority=True))
    shown = issued(branch, "07:10", priority="NCT75", proof="card")
    claimed = issued(branch, "07:11", priority="NCT75")
    assert (shown.is_priority_confirmed, shown.proof) == (True, "card")
    assert (claimed.is_priority_confirmed, claimed.proof) == (False, None)
    assert branch.queue("chung-thuc") == [shown.ticket, claimed.ticket]


def test_no_card_shows_any_other_class() -> None:
    event = issued(Branch(aged(confirms_priority=True)), "07:10", priority="NKT", proof="card")
    assert (event.is_priority_confirmed, event.proof) == (False, None)


def test_a_card_without_a_class_proves_nothing() -> None:
    event = issued(Branch(aged(confirms_priority=True)), "07:10", proof="card")
    assert (event.priority, event.is_priority_confirmed, event.proof) == (None, True, None)


# -- a device's pace ---------------------------------------------------------------------------------------------------


@dataclass
class Pressed:
    """A dispenser that gives four numbers a minute and six an hour."""

    branch: Branch

    def at(self, *times: str, by: c.By = KIOSK) -> list[int | None]:
        """Of each press the seconds after which another may come; None where a number came."""
        return [self._press(time, by) for time in times]

    def _press(self, at: str, by: c.By) -> int | None:
        try:
            self.branch.issue("chung-thuc", at, by)
        except Refusal as refusal:
            return dict(refusal.data).get("retry_s")  # type: ignore[return-value]
        return None


@pytest.fixture
def pressed() -> Pressed:
    return Pressed(Branch(limited(numbers_a_minute=4, numbers_an_hour=6)))


def test_no_minute_has_more_numbers_and_no_hour(pressed: Pressed) -> None:
    assert pressed.at("07:10:00", "07:10:01", "07:10:02", "07:10:30") == [None] * 4
    assert pressed.at("07:10:31", "07:10:59") == [29, 1]
    assert pressed.at("07:11:00", "07:11:00", "07:11:01") == [None, 1, None]
    assert pressed.at("07:30:00", "08:09:59", "08:10:00") == [2400, 1, None]


def test_each_device_has_its_own_and_helpers_have_none(pressed: Pressed) -> None:
    assert pressed.at(*["07:10:00"] * 4) == [None] * 4
    assert pressed.at("07:10:01", by=replace(KIOSK, actor="device:kiosk-2")) == [None]
    assert pressed.at(*["07:10:02"] * 8, by=HOA) == [None] * 8
    assert pressed.at("07:10:03") == [57]


def test_a_restart_forgets_nothing_and_what_is_kept_stays_small(pressed: Pressed) -> None:
    assert pressed.at(*(f"{hour:02}:{minute:02}" for hour in (7, 8, 9) for minute in (10, 20))) == [None] * 6
    pressed.at("10:00", "10:10")
    kept = replayed(pressed.branch.records).given
    assert kept == pressed.branch.state.given
    assert len(kept[KIOSK.actor]) == 6


def test_a_clock_that_was_set_back_stops_no_device() -> None:
    branch = Branch(limited(numbers_a_minute=1))
    branch.issue("chung-thuc", "09:00")
    given = branch.state.given[KIOSK.actor]
    assert given == (moment("09:00"),)
    limits = branch.state.configured.limits
    assert pauses_until(given, limits, moment("08:59:59")) is None
    assert pauses_until(given, limits, moment("09:00:59")) == moment("09:01")


def test_without_a_limit_nothing_is_kept(branch: Branch) -> None:
    for _ in range(40):
        branch.issue("chung-thuc", "07:10")
    assert branch.state.given == {}
