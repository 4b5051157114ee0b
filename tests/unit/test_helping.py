"""What helpers do at the door: claimed priorities are confirmed, needs are noted, and their channel shows it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.realtime.channels import NumberedChannel
from queue_server.realtime.hub import view_of
from queue_server.realtime.live import live
from queue_server.realtime.pace import Pace
from tests.factories import HOA, KIOSK, TIMER, Branch, config, limited, moment, replayed


@pytest.fixture
def branch() -> Branch:
    """A priority that is claimed at the dispenser has to be confirmed here."""
    return Branch(limited(confirms_priority=True))


def shown(branch: Branch) -> dict[str, dict[str, object]]:
    """The tickets of helper:go-vap by number, as JSON."""
    channel = NumberedChannel("helper:go-vap", view_of("helper:go-vap"), "e", branch.state)
    rows = msgspec.json.decode(channel.data()).get("tickets", {})
    return {row["number"]: row for row in rows.values()}


def test_a_claimed_priority_waits_its_turn_until_it_is_confirmed(branch: Branch) -> None:
    first = branch.issue("chung-thuc", "07:10")
    claimed = branch.issue("chung-thuc", "07:11", priority="NKT")
    assert branch.queue("chung-thuc") == [first, claimed]
    branch.do(c.Amend(ticket=claimed, is_priority_confirmed=True), "07:12", HOA)
    assert branch.queue("chung-thuc") == [claimed, first]


def test_who_claims_is_told_of_everybody_who_is_called_before(branch: Branch) -> None:
    branch.issue("chung-thuc", "07:10")
    branch.issue("chung-thuc", "07:11", priority="NKT")
    event = branch.records[-1].event
    assert isinstance(event, ev.TicketIssued)
    assert (event.people_ahead, event.is_priority_confirmed) == (1, False)


@pytest.mark.parametrize("channel", ["helper", "clerk"])
def test_a_priority_that_staff_give_counts_at_once(branch: Branch, channel: str) -> None:
    first = branch.issue("chung-thuc", "07:10")
    given = branch.issue("chung-thuc", "07:11", HOA, priority="NKT", channel=channel)
    assert branch.queue("chung-thuc") == [given, first]


@pytest.mark.parametrize("channel", ["kiosk", "phone", "web", "api"])
def test_where_no_staff_stands_it_is_a_claim(branch: Branch, channel: str) -> None:
    first = branch.issue("chung-thuc", "07:10")
    claimed = branch.issue("chung-thuc", "07:11", priority="NKT", channel=channel)
    assert branch.queue("chung-thuc") == [first, claimed]


def test_elsewhere_a_claim_counts_at_once() -> None:
    branch = Branch(config())
    first = branch.issue("chung-thuc", "07:10")
    claimed = branch.issue("chung-thuc", "07:11", priority="NKT")
    assert branch.queue("chung-thuc") == [claimed, first]


def test_a_claim_that_is_not_so_is_taken_away(branch: Branch) -> None:
    claimed = branch.issue("chung-thuc", "07:10", priority="NKT")
    branch.do(c.Amend(ticket=claimed, priority=""), "07:11", HOA)
    assert branch[claimed].priority is None
    assert not branch[claimed].has_priority


def test_a_class_that_staff_name_is_confirmed(branch: Branch) -> None:
    first = branch.issue("chung-thuc", "07:10")
    claimed = branch.issue("chung-thuc", "07:11", priority="NKT")
    branch.do(c.Amend(ticket=claimed, priority="NCT75"), "07:12", HOA)
    assert branch.queue("chung-thuc") == [claimed, first]
    other = branch.issue("chung-thuc", "07:13", priority="NKT")
    branch.do(c.Amend(ticket=other, priority=""), "07:14", HOA)
    branch.do(c.Amend(ticket=other, priority="NKT"), "07:15", HOA)
    assert branch.queue("chung-thuc") == [claimed, other, first]


def test_a_need_is_noted_and_taken_away_again(branch: Branch) -> None:
    ticket = branch.issue("chung-thuc", "07:10", HOA, assistance="low_counter")
    assert branch[ticket].assistance == "low_counter"
    branch.do(c.Amend(ticket=ticket, assistance="guide"), "07:11", HOA)
    assert branch[ticket].assistance == "guide"
    branch.do(c.Amend(ticket=ticket, assistance=""), "07:12", HOA)
    assert branch[ticket].assistance is None
    assert branch.do(c.Amend(ticket=ticket, assistance=""), "07:13", HOA) == []


def test_helpers_see_who_is_in_the_house_with_claims_and_needs(branch: Branch) -> None:
    branch.issue("chung-thuc", "07:10", KIOSK, priority="NCT75")
    branch.issue("dat-dai", "07:11", HOA, channel="helper", assistance="sign_language", dossiers=3, language="en")
    gone = branch.issue("ho-tich", "07:12")
    branch.do(c.Cancel(ticket=gone), "07:13", HOA)
    branch.open(4, "07:30")
    branch.call_next(4, "07:31")
    rows = shown(branch)
    assert sorted(rows) == ["A001", "C001"]
    claim, called = rows["A001"], rows["C001"]
    assert (claim["priority"], claim["is_priority_confirmed"], claim["state"]) == ("NCT75", False, "waiting")
    assert (called["assistance"], called["state"], called["counter"]) == ("sign_language", "called", 4)
    assert (called["dossiers"], called["language"], called["channel"]) == (3, "en", "helper")


# -- help at a dispenser -----------------------------------------------------------------------------------------------


def test_help_is_called_for_until_somebody_answers() -> None:
    branch = Branch(config())
    (called,) = branch.do(c.CallHelper(), "07:10", KIOSK)
    assert called.event == ev.HelpCalled("kiosk-1")
    assert live(branch.state, moment("07:11"), Pace(branch.state)).help_called == {"kiosk-1": moment("07:10")}
    assert branch.do(c.CallHelper(), "07:12", KIOSK) == []
    (answered,) = branch.do(c.AnswerHelp(device="kiosk-1"), "07:13", HOA)
    assert answered.event == ev.HelpAnswered("kiosk-1")
    assert live(branch.state, moment("07:14"), Pace(branch.state)).help_called == {}
    assert branch.do(c.AnswerHelp(device="kiosk-1"), "07:15", HOA) == []
    assert len(branch.do(c.CallHelper(), "07:16", KIOSK)) == 1


def test_two_dispensers_call_each_for_itself_and_the_next_day_begins_without() -> None:
    branch = Branch(config())
    branch.do(c.CallHelper(), "07:10", KIOSK)
    branch.do(c.CallHelper(), "07:11", replace(KIOSK, actor="device:kiosk-2"))
    branch.do(c.AnswerHelp(device="kiosk-1"), "07:12", HOA)
    assert branch.state.help == {"kiosk-2": moment("07:11")}
    assert replayed(branch.records).help == branch.state.help
    branch.do(c.EndDay(), "17:30", HOA)
    branch.do(c.OpenDay(day=branch.today + timedelta(days=1)), "17:31", TIMER)
    assert branch.state.help == {}
