"""What screens tell of calls: the first one counts, staff see it, and whoever was heard often enough is absent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from queue_server.directory.media import named_in
from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig, Limits, Loud, Screen, Voice, Window
from queue_server.domain.tickets import TicketState
from queue_server.realtime.channels import NumberedChannel
from queue_server.realtime.hub import view_of
from tests.factories import LAN, SCREEN, TIMER, Branch, limited, moment

HALL = Screen("sanh", floor=1, voice=Voice("sanh"))
OTHER = c.By("device:display-2")


def with_screens(*screens: Screen, **limits: Any) -> BranchConfig:
    return replace(limited(**limits), screens=screens)


def called(branch: Branch, at: str = "07:31") -> str:
    """A number that counter 1 has called."""
    ticket = branch.issue("chung-thuc", "07:10")
    branch.open(1, "07:30", LAN)
    branch.do(c.CallNext(counter=1), at, LAN)
    return ticket


def call_of(branch: Branch, ticket: str) -> int:
    return branch.state.tickets[ticket].call


def rows(branch: Branch, channel: str) -> dict[str, dict[str, Any]]:
    shown = NumberedChannel(channel, view_of(channel), "e", branch.state)
    found: dict[str, dict[str, Any]] = msgspec.json.decode(shown.data())
    return found


def test_the_first_screen_that_has_shown_a_call_counts() -> None:
    branch = Branch(with_screens(HALL))
    ticket = called(branch)
    call = call_of(branch, ticket)
    (shown,) = branch.do(c.ReportCall(call=call), "07:31:01", SCREEN)
    assert shown.event == ev.CallShown(call, "display-1")
    assert branch.do(c.ReportCall(call=call), "07:31:02", OTHER) == []
    (spoken,) = branch.do(c.ReportCall(call=call, is_spoken=True), "07:31:12", OTHER)
    assert spoken.event == ev.CallSpoken(call, "display-2")
    assert branch.do(c.ReportCall(call=call, is_spoken=True), "07:31:13", SCREEN) == []


def test_a_call_that_nobody_remembers_is_no_news() -> None:
    branch = Branch(with_screens(HALL))
    assert branch.do(c.ReportCall(call=999), "07:31", SCREEN) == []


def test_the_clerk_sees_what_the_hall_saw() -> None:
    branch = Branch(with_screens(HALL))
    ticket = called(branch)
    row = rows(branch, "counter:go-vap/1")["tickets"][ticket]
    assert (row["is_watched"], row["shown_at"], row["spoken_at"]) == (True, None, None)
    branch.do(c.ReportCall(call=call_of(branch, ticket)), "07:31:01", SCREEN)
    branch.do(c.ReportCall(call=call_of(branch, ticket), is_spoken=True), "07:31:12", SCREEN)
    row = rows(branch, "counter:go-vap/1")["tickets"][ticket]
    assert (row["shown_at"], row["spoken_at"]) == ("2026-11-16T00:31:01Z", "2026-11-16T00:31:12Z")


def test_a_recall_is_another_call() -> None:
    branch = Branch(with_screens(HALL))
    ticket = called(branch)
    branch.do(c.ReportCall(call=call_of(branch, ticket)), "07:31:01", SCREEN)
    branch.do(c.Recall(ticket=ticket), "07:32", LAN)
    assert rows(branch, "counter:go-vap/1")["tickets"][ticket]["shown_at"] is None


def test_what_was_shown_is_no_frame_for_the_hall() -> None:
    """Else each screen's report would cost a frame to all of them."""
    branch = Branch(with_screens(HALL))
    ticket = called(branch)
    channel = NumberedChannel("board:go-vap", view_of("board:go-vap"), "e", branch.state)
    branch.state.mark()
    branch.do(c.ReportCall(call=call_of(branch, ticket)), "07:31:01", SCREEN)
    assert branch.state.changes()
    assert channel.advance(branch.state, branch.state.changes()) is None


def test_a_report_does_not_stand_in_the_way_of_an_undo() -> None:
    branch = Branch(with_screens(HALL))
    ticket = called(branch)
    branch.do(c.ReportCall(call=call_of(branch, ticket)), "07:31:01", SCREEN)
    branch.do(c.Undo(ticket=ticket), "07:31:05", LAN)
    assert branch.state.tickets[ticket].state is TicketState.WAITING


def test_a_counter_that_no_screen_shows_is_not_watched() -> None:
    others = replace(HALL, code="quay-2", floor=None, counter=2), replace(HALL, code="cua", layout="waiting")
    branch = Branch(with_screens(replace(HALL, floor=9), *others))
    ticket = called(branch)
    assert not rows(branch, "counter:go-vap/1")["tickets"][ticket]["is_watched"]


def test_a_screen_says_which_counters_it_shows_and_how() -> None:
    loud = Voice("tang-1", "nam", 1, 90, (Loud(Window(450, 480), 60),))
    screen = Screen("q2", counter=2, layout="counter", least_s=12, theme="light", accent="#0b6b57", voice=loud)
    row = rows(Branch(with_screens(screen)), "board:go-vap")["screens"]["q2"]
    assert row == {
        "code": "q2", "name": {"vi": "", "en": ""}, "layout": "counter", "counters": [2],
        "fields": ["chung-thuc", "ho-tich"], "least_s": 12, "theme": "light", "accent": "#0b6b57",
        "voice": {"zone": "tang-1", "reading": "nam", "repeats": 1, "percent": 90, "loud": [[450, 480, 60]]},
    }  # fmt: skip


# -- the voice ---------------------------------------------------------------------------------------------------------


def give(device: str, instead_of: str = "", since: str = "07:30") -> c.GiveVoice:
    return c.GiveVoice(zone="sanh", device=device, instead_of=instead_of, since=moment(since))


def test_a_voice_is_given_once_whoever_asks() -> None:
    branch = Branch(with_screens(HALL))
    assert len(branch.do(give("display-1"), "07:30", TIMER)) == 1
    assert branch.do(give("display-2"), "07:30", TIMER) == []
    assert rows(branch, "board:go-vap")["voices"]["sanh"]["device"] == "display-1"
    assert len(branch.do(give("display-2", "display-1"), "07:40", TIMER)) == 1
    assert branch.do(give("display-3", "display-1"), "07:40", TIMER) == []


def test_what_was_spoken_is_not_spoken_again_by_who_takes_over() -> None:
    branch = Branch(with_screens(HALL))
    branch.do(give("display-1"), "07:30", TIMER)
    ticket = called(branch, "07:31")
    branch.do(c.ReportCall(call=call_of(branch, ticket), is_spoken=True), "07:31:10", SCREEN)
    branch.do(give("display-2", "display-1", since="07:30:20"), "07:31:30", TIMER)
    assert rows(branch, "board:go-vap")["voices"]["sanh"]["since"] == "2026-11-16T00:31:00Z"


def test_a_new_day_asks_anew_who_speaks() -> None:
    branch = Branch(with_screens(HALL))
    branch.do(give("display-1"), "07:30", TIMER)
    branch.wait(moment("06:00", branch.today.replace(day=17)))
    assert not branch.state.voices


def still_to_speak(branch: Branch, counters: tuple[int, ...] = (1, 2, 3)) -> list[int | None]:
    """What the clerks of these counters are told of who is in hand: how many are spoken before."""
    told = [rows(branch, f"counter:go-vap/{no}")["tickets"] for no in counters]
    return [next(iter(tickets.values()))["spoken_after"] for tickets in told]


def three_called(branch: Branch) -> list[str]:
    """At counters 1 to 3, one after another."""
    tickets = [branch.issue("chung-thuc", "07:10") for _ in range(3)]
    for no, ticket in enumerate(tickets, 1):
        clerk = c.By(f"account:{no}", clerk=str(no))
        branch.open(no, "07:30", clerk)
        branch.do(c.Call(ticket=ticket, counter=no), f"07:31:0{no}", clerk)
    return tickets


def test_a_clerk_is_told_how_many_are_spoken_before() -> None:
    branch = Branch(with_screens(HALL))
    branch.do(give("display-1"), "07:30", TIMER)
    tickets = three_called(branch)
    assert still_to_speak(branch) == [0, 1, 2]
    branch.do(c.ReportCall(call=call_of(branch, tickets[0]), is_spoken=True), "07:31:10", SCREEN)
    assert still_to_speak(branch) == [None, 0, 1]
    branch.do(c.Start(ticket=tickets[1]), "07:31:11", c.By("account:2", clerk="2"))
    assert still_to_speak(branch, (3,)) == [0]  # who has come is not called any more


def test_who_was_left_out_is_not_waited_for() -> None:
    branch = Branch(with_screens(HALL))
    branch.do(give("display-1"), "07:30", TIMER)
    tickets = three_called(branch)
    branch.do(c.ReportCall(call=call_of(branch, tickets[1]), is_spoken=True), "07:31:20", SCREEN)
    assert still_to_speak(branch) == [0, None, 0]


@pytest.mark.parametrize("voices", [[], [("", "display-1")], [("display-2", "display-1")]])
def test_where_no_screen_will_speak_it_nothing_is_waited_for(voices: list[tuple[str, str]]) -> None:
    """Nobody has the voice; it was lost; who has it now begins after that."""
    branch = Branch(with_screens(HALL))
    if voices:
        branch.do(give("display-1"), "07:30", TIMER)
    three_called(branch)
    for device, before in voices:
        branch.do(give(device, before, since="07:31:30"), "07:31:40", TIMER)
    assert still_to_speak(branch) == [None] * 3


def test_a_counter_of_another_zone_waits_for_its_own_voice() -> None:
    upstairs = replace(HALL, code="lau", counter=3, floor=None, voice=Voice("lau"))
    branch = Branch(with_screens(replace(HALL, floor=None, zone="không"), upstairs))
    branch.do(replace(give("display-1"), zone="lau"), "07:30", TIMER)
    three_called(branch)
    assert still_to_speak(branch) == [None, None, 0]


def test_each_clerk_hears_at_once_when_the_voice_has_come_nearer() -> None:
    branch = Branch(with_screens(HALL))
    branch.do(give("display-1"), "07:30", TIMER)
    tickets = three_called(branch)
    channel = NumberedChannel("counter:go-vap/3", view_of("counter:go-vap/3"), "e", branch.state)
    branch.state.mark()
    branch.do(c.ReportCall(call=call_of(branch, tickets[0]), is_spoken=True), "07:31:10", SCREEN)
    assert channel.advance(branch.state, branch.state.changes()) is not None
    assert channel.data() == NumberedChannel("counter:go-vap/3", view_of("counter:go-vap/3"), "e", branch.state).data()


# -- who does not come -------------------------------------------------------------------------------------------------


def absent_at(branch: Branch, ticket: str, until: str) -> str | None:
    """When somebody became absent by time alone."""
    done = branch.wait(until)
    found = [record.at for record in done if record.event == ev.TicketNoShow(ticket)]
    return found[0].isoformat() if found else None


def test_where_nothing_speaks_calls_count() -> None:
    branch = Branch(with_screens(no_show_after_calls=2, no_show_after_s=60))
    ticket = called(branch, "08:00")
    assert absent_at(branch, ticket, "08:20") is None
    branch.do(c.Recall(ticket=ticket), "08:20", LAN)
    assert absent_at(branch, ticket, "08:20:59") is None
    assert absent_at(branch, ticket, "08:22") == "2026-11-16T01:21:00+00:00"


def test_where_a_screen_speaks_only_what_was_spoken_counts() -> None:
    branch = Branch(with_screens(HALL, no_show_after_calls=2, no_show_after_s=60))
    ticket = called(branch, "08:00")
    branch.do(c.ReportCall(call=call_of(branch, ticket), is_spoken=True), "08:00:10", SCREEN)
    branch.do(c.Recall(ticket=ticket), "08:01", LAN)
    branch.do(c.Recall(ticket=ticket), "08:02", LAN)
    assert absent_at(branch, ticket, "08:30") is None
    branch.do(c.ReportCall(call=call_of(branch, ticket), is_spoken=True), "08:30", SCREEN)
    assert absent_at(branch, ticket, "08:35") == "2026-11-16T01:31:00+00:00"


def test_what_was_spoken_before_a_return_to_the_queue_does_not_count() -> None:
    branch = Branch(with_screens(HALL, no_show_after_calls=2, no_show_after_s=60))
    ticket = called(branch, "08:00")
    branch.do(c.ReportCall(call=call_of(branch, ticket), is_spoken=True), "08:00:10", SCREEN)
    branch.do(c.ReturnToQueue(ticket=ticket), "08:01", LAN)
    branch.do(c.Call(ticket=ticket, counter=1), "08:10", LAN)
    branch.do(c.ReportCall(call=call_of(branch, ticket), is_spoken=True), "08:10:10", SCREEN)
    assert absent_at(branch, ticket, "08:30") is None


def test_a_late_report_of_a_call_before_a_return_to_the_queue_does_not_count() -> None:
    branch = Branch(with_screens(HALL, no_show_after_calls=2, no_show_after_s=60))
    ticket = called(branch, "08:00")
    before = call_of(branch, ticket)
    branch.do(c.ReturnToQueue(ticket=ticket), "08:01", LAN)
    branch.do(c.Call(ticket=ticket, counter=1), "08:10", LAN)
    branch.do(c.ReportCall(call=before, is_spoken=True), "08:10:05", SCREEN)
    branch.do(c.ReportCall(call=call_of(branch, ticket), is_spoken=True), "08:10:10", SCREEN)
    assert absent_at(branch, ticket, "08:30") is None


def test_a_screen_that_speaks_for_other_counters_is_not_waited_for() -> None:
    branch = Branch(with_screens(replace(HALL, counter=2), no_show_after_calls=1, no_show_after_s=60))
    ticket = called(branch, "08:00")
    assert absent_at(branch, ticket, "08:05") == "2026-11-16T01:01:00+00:00"


@pytest.mark.parametrize(("calls", "absent"), [("11:29:30", "13:15"), ("13:01", "13:15"), ("13:16", "13:17")])
def test_nobody_is_absent_in_the_break_or_soon_after_it(calls: str, absent: str) -> None:
    branch = Branch(with_screens(no_show_after_calls=1, no_show_after_s=60))
    ticket = called(branch, calls)
    assert absent_at(branch, ticket, "14:00") == moment(absent).isoformat()


def test_it_is_for_staff_to_say_who_is_absent_unless_it_is_configured() -> None:
    branch = Branch(with_screens(HALL))
    ticket = called(branch, "08:00")
    assert branch.state.configured.limits == Limits()
    assert absent_at(branch, ticket, "10:00") is None


# -- the organisation's mark -------------------------------------------------------------------------------------------


def test_a_branchs_own_mark_reaches_its_screens_and_its_file_is_kept() -> None:
    branch = Branch(replace(with_screens(HALL), logo="ab" * 32))
    assert rows(branch, "board:go-vap")["day"]["today"]["logo"] == "ab" * 32
    assert list(named_in({"logo": "ab" * 32, "notices": [{"media": "cd" * 32}, {"code": "text"}]})) == [
        "cd" * 32,
        "ab" * 32,
    ]
