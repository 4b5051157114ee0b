"""The life cycle of tickets and counters: every command in every state, against tables written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest

from queue_server.domain import commands as c
from queue_server.domain import lifecycle
from queue_server.domain.counters import CounterState
from queue_server.domain.decide import DECISIONS
from queue_server.domain.refusals import Refusal
from queue_server.domain.tickets import LIVE, TicketState
from tests.factories import CHIEF, KIOSK, LAN, Branch, limited, snapshot

TICKETS = """
                waiting    called     serving    held       finished  no_show    cancelled  voided   rebooked  expired
call            called     -          -          -          -         -          -          -        -         -
recall          -          called     -          -          -         -          -          -        -         -
start           -          serving    -          -          -         -          -          -        -         -
finish          -          -          finished   -          -         -          -          -        -         -
no-show         -          no_show    -          -          -         -          -          -        -         -
return          -          waiting    -          -          -         -          -          -        -         -
postpone        waiting    waiting    -          -          -         -          -          -        -         -
hold            -          -          held       -          -         -          -          -        -         -
ready           -          -          -          waiting    -         -          -          -        -         -
resume          -          -          -          called     -         -          -          -        -         -
resume quietly  -          -          -          serving    -         -          -          -        -         -
amend           waiting    called     serving    held       -         -          -          -        -         -
transfer        -          waiting    waiting    waiting    -         -          -          -        -         -
next-step       -          -          waiting    -          -         -          -          -        -         -
next-step here  -          -          called     -          -         -          -          -        -         -
cancel          cancelled  cancelled  -          cancelled  -         -          -          -        -         -
void            voided     voided     -          -          -         -          -          -        -         -
reinstate       -          -          -          -          -         waiting    waiting    -        -         -
end-service     -          -          finished   -          -         -          -          -        -         -
reprint         waiting    called     serving    held       finished  no_show    cancelled  voided   rebooked  expired
note            waiting    called     serving    held       finished  no_show    cancelled  voided   rebooked  expired
record-dossiers waiting    called     serving    held       finished  no_show    cancelled  voided   rebooked  expired
rate            -          -          -          -          finished  -          -          -        -         -
"""
"""Command by state: the state after it, or "-" for a refusal that names the state."""
ANNOTATIONS = ("reprint", "note", "record-dossiers", "rate")
"""Commands that change no state, and stand in no table of the code."""

COUNTERS = """
           closed   open     paused
open       open     open     open
pause      -        paused   paused
close      closed   closed   closed
call-next  -        open     -
assign     closed   open     paused
"""

TICKET = "t1"
GIVEN: dict[str, Callable[[], c.Command]] = {
    "call": lambda: c.Call(ticket=TICKET, counter=2),
    "recall": lambda: c.Recall(ticket=TICKET),
    "start": lambda: c.Start(ticket=TICKET),
    "finish": lambda: c.Finish(ticket=TICKET),
    "no-show": lambda: c.NoShow(ticket=TICKET),
    "return": lambda: c.ReturnToQueue(ticket=TICKET),
    "postpone": lambda: c.Postpone(ticket=TICKET),
    "hold": lambda: c.Hold(ticket=TICKET),
    "ready": lambda: c.Ready(ticket=TICKET),
    "resume": lambda: c.Resume(ticket=TICKET),
    "resume quietly": lambda: c.Resume(ticket=TICKET, quietly=True),
    "amend": lambda: c.Amend(ticket=TICKET, dossiers=7),
    "transfer": lambda: c.Transfer(ticket=TICKET, field="ho-tich"),
    "next-step": lambda: c.NextStep(ticket=TICKET, field="ho-tich"),
    "next-step here": lambda: c.NextStep(ticket=TICKET, field="ho-tich", here=True),
    "cancel": lambda: c.Cancel(ticket=TICKET),
    "void": lambda: c.Void(ticket=TICKET),
    "reinstate": lambda: c.Reinstate(ticket=TICKET),
    "end-service": lambda: c.EndService(ticket=TICKET),
    "reprint": lambda: c.Reprint(ticket=TICKET),
    "note": lambda: c.Note(ticket=TICKET),
    "record-dossiers": lambda: c.RecordDossiers(ticket=TICKET),
    "rate": lambda: c.Rate(ticket=TICKET, level="satisfied"),
}

PATHS: dict[str, tuple[str, ...]] = {
    "waiting": (),
    "called": ("call",),
    "serving": ("call", "start"),
    "held": ("call", "start", "hold"),
    "finished": ("call", "start", "finish"),
    "no_show": ("call", "no-show"),
    "cancelled": ("cancel",),
    "voided": ("void",),
}
"""How a ticket comes into each state (the end of the day makes the other two)."""


def cells(table: str) -> list[tuple[str, str, str]]:
    """(row, column, cell) of a table in the form above."""
    head, *rows = (line for line in table.splitlines() if line.strip())
    columns = head.split()
    parts = [(row[: head.index(columns[0])].strip(), row[head.index(columns[0]) :].split()) for row in rows]
    return [(name, column, cell) for name, row in parts for column, cell in zip(columns, row, strict=True)]


def branch_with_ticket(state: str) -> Branch:
    """A branch at 08:00 with ticket t1 of "chung-thuc" in this state; counter 2 is open."""
    branch = Branch(limited(leftovers="rebook" if state == "rebooked" else "expire"))
    branch.issue("chung-thuc", "07:10")
    branch.open(2, "07:30")
    for step in PATHS.get(state, ()):
        branch.do(GIVEN[step](), "07:59:30")
    if state in ("rebooked", "expired"):
        branch.do(c.EndDay(), "07:59:30", CHIEF)
    assert branch[TICKET].state == state
    return branch


@pytest.mark.parametrize(("command", "state", "expected"), cells(TICKETS))
def test_a_ticket_command_leads_to_the_tables_state_or_is_refused(command: str, state: str, expected: str) -> None:
    branch = branch_with_ticket(state)
    if expected != "-":
        branch.do(GIVEN[command](), "08:00")
        assert branch[TICKET].state == expected
        return
    before = snapshot(branch.state)
    with pytest.raises(Refusal) as refusal:
        branch.do(GIVEN[command](), "08:00")
    named = {"number": "A001", "state": state, "command": command.split(" ")[0]}
    assert (refusal.value.code, refusal.value.data) == ("ticket-state", named)
    assert snapshot(branch.state) == before


@pytest.mark.parametrize("state", sorted(TicketState))
def test_undo_goes_to_the_state_before_the_last_change(state: str) -> None:
    branch = branch_with_ticket(state)
    if state in ("waiting", "rebooked", "expired"):
        with pytest.raises(Refusal) as refusal:
            branch.do(c.Undo(ticket=TICKET), "07:59:40")
        assert refusal.value.code == ("nothing-to-undo" if state == "waiting" else "day-not-open")
        return
    branch.do(c.Undo(ticket=TICKET), "07:59:40")
    last = PATHS[state][:-1]
    assert branch[TICKET].state == next(name for name, path in PATHS.items() if path == last)


def test_the_hand_written_table_names_every_state_and_every_command() -> None:
    table = cells(TICKETS)
    assert {state for _, state, _ in table} == set(TicketState)
    named = {name.split(" ")[0] for name, _, _ in table}
    assert named | {"undo"} == {c.name_of(command) for command in get_args(c.TicketCommands)}


def test_the_documented_table_says_what_the_hand_written_one_says() -> None:
    documented = {
        (command, source.value)
        for command, row in lifecycle.TICKETS.items()
        for source in row.source
    }  # fmt: skip
    table = [cell for cell in cells(TICKETS) if cell[0] not in ANNOTATIONS]
    assert documented == {(name.split(" ")[0], state) for name, state, cell in table if cell != "-"}
    for name, _, cell in table:
        if cell != "-":
            assert cell in lifecycle.TICKETS[name.split(" ")[0]].target


def test_a_documented_event_is_the_one_that_the_command_leaves() -> None:
    for command, state, cell in cells(TICKETS):
        if cell == "-" or command in (*ANNOTATIONS, "resume quietly"):
            continue
        branch = branch_with_ticket(state)
        branch.do(GIVEN[command](), "08:00")
        assert branch.types(last=1) == [lifecycle.TICKETS[command.split(" ")[0]].event]


def branch_with_counter(state: str) -> Branch:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    if state != "closed":
        branch.open(2, "07:30")
    if state == "paused":
        branch.do(c.PauseCounter(counter=2, reason="họp"), "07:31")
    assert branch.state.counters[2].state == state
    return branch


COUNTER_COMMANDS: dict[str, c.Command] = {
    "open": c.OpenCounter(counter=2),
    "pause": c.PauseCounter(counter=2, reason="nghỉ trưa"),
    "close": c.CloseCounter(counter=2),
    "call-next": c.CallNext(counter=2),
    "assign": c.AssignCounter(counter=2, fields=("tra-ket-qua",)),
}


@pytest.mark.parametrize(("command", "state", "expected"), cells(COUNTERS))
def test_a_counter_command_leads_to_the_tables_state_or_is_refused(command: str, state: str, expected: str) -> None:
    branch = branch_with_counter(state)
    if expected == "-":
        with pytest.raises(Refusal) as refusal:
            branch.do(COUNTER_COMMANDS[command], "08:00")
        code = "counter-closed" if command == "call-next" else "counter-state"
        assert (refusal.value.code, refusal.value.data["state"]) == (code, state)
        expected = state
    else:
        branch.do(COUNTER_COMMANDS[command], "08:00")
    assert branch.state.counters[2].state == expected


def test_the_documented_counter_table_says_what_the_hand_written_one_says() -> None:
    documented = {(name, s.value): row[1].value for name, row in lifecycle.COUNTERS.items() for s in row[0]}
    table = {(name, state): cell for name, state, cell in cells(COUNTERS) if name in lifecycle.COUNTERS and cell != "-"}
    assert documented == {key: cell for key, cell in table.items() if key != ("close", "closed")}
    assert {state for _, state, _ in cells(COUNTERS)} == set(CounterState)


@pytest.mark.parametrize(("command", "state"), [("open", "open"), ("close", "closed")])
def test_asking_for_what_is_already_so_leaves_no_event(command: str, state: str) -> None:
    branch = branch_with_counter(state)
    assert branch.do(COUNTER_COMMANDS[command], "08:00") == []


def test_every_command_has_a_decision() -> None:
    named = {kind for union in get_args(c.AnyCommand) for kind in get_args(union) or (union,)}
    assert named == set(DECISIONS)


@pytest.mark.parametrize(
    "command",
    [
        c.Recall(ticket="x"),
        c.Amend(ticket="x"),
        c.Undo(ticket="x"),
        c.Reprint(ticket="x"),
        c.Call(ticket="x", counter=2),
    ],
)
def test_an_unknown_ticket_is_refused(command: c.Command) -> None:
    with pytest.raises(Refusal, match="unknown-ticket"):
        branch_with_ticket("waiting").do(command, "08:00")


def test_only_live_states_keep_a_ticket_in_the_queue() -> None:
    assert {state.value for state in LIVE} == {"waiting", "called", "serving", "held"}
    for state in sorted(TicketState):
        branch = branch_with_ticket(state)
        assert branch[TICKET].is_live == (state in LIVE)
        assert branch.state.count("chung-thuc", state) == 1


def test_who_may_act_at_a_counter() -> None:
    branch = branch_with_ticket("called")
    stranger = c.By("account:minh", clerk="minh")
    with pytest.raises(Refusal, match="counter-taken"):
        branch.do(c.Start(ticket=TICKET), "08:00", stranger)
    branch.do(c.Start(ticket=TICKET), "08:00", CHIEF)
    with pytest.raises(Refusal, match="counter-taken"):
        branch.do(c.Finish(ticket=TICKET), "08:01", stranger)
    branch.do(c.Finish(ticket=TICKET), "08:01", LAN)
    assert branch[TICKET].state is TicketState.FINISHED


def test_a_citizen_may_cancel_while_called_without_being_the_clerk() -> None:
    branch = branch_with_ticket("called")
    branch.do(c.Cancel(ticket=TICKET), "08:00", KIOSK)
    assert branch.state.at_counter(2) is None
