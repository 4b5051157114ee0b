"""Who may do what: the matrix once more, written by hand, and compared with what is decided, row by row."""

from __future__ import annotations

import pytest

from queue_server.access.identity import Who
from queue_server.access.rights import COMMANDS, Role
from queue_server.domain.refusals import Refusal
from queue_server.web import dispatch

ROLES = (
    "clerk", "helper", "supervisor", "manager", "administrator", "integration", "dispenser", "display", "printer",
    "rating", "holder", "nobody",
)  # fmt: skip

#                 clerk helper supervisor manager admin integration dispenser display printer rating holder nobody
MATRIX = """
issue             +     +      +          +       +     +           +         -       -       -      -      -
amend             +     +      +          +       +     +           -         -       -       -      -      -
cancel            +     +      +          +       +     +           -         -       -       -      +      -
void              +     +      +          +       +     +           -         -       -       -      -      -
postpone          +     +      +          +       +     +           -         -       -       -      +      -
ready             +     +      +          +       +     +           -         -       -       -      -      -
reinstate         +     +      +          +       +     +           -         -       -       -      -      -
reprint           +     +      +          +       +     +           -         -       -       -      -      -
undo              +     +      +          +       +     +           -         -       -       -      -      -
note              +     +      +          +       +     +           -         -       -       -      -      -
record-dossiers   +     -      +          +       +     +           -         -       -       -      -      -
rate              -     -      -          -       -     -           -         -       -       +      +      -
open              +     -      +          +       +     +           -         -       -       -      -      -
pause             +     -      +          +       +     +           -         -       -       -      -      -
close             +     -      +          +       +     +           -         -       -       -      -      -
call-next         +     -      +          +       +     +           -         -       -       -      -      -
call              +     -      +          +       +     +           -         -       -       -      -      -
recall            +     -      +          +       +     +           -         -       -       -      -      -
start             +     -      +          +       +     +           -         -       -       -      -      -
finish            +     -      +          +       +     +           -         -       -       -      -      -
no-show           +     -      +          +       +     +           -         -       -       -      -      -
return            +     -      +          +       +     +           -         -       -       -      -      -
hold              +     -      +          +       +     +           -         -       -       -      -      -
resume            +     -      +          +       +     +           -         -       -       -      -      -
transfer          +     -      +          +       +     +           -         -       -       -      -      -
next-step         +     -      +          +       +     +           -         -       -       -      -      -
assign            -     -      +          +       +     -           -         -       -       -      -      -
move              -     -      +          +       +     -           -         -       -       -      -      -
enter-list        -     +      +          +       +     -           -         -       -       -      -      -
call-helper       -     -      -          -       -     -           +         -       -       -      -      -
answer-help       -     +      +          +       +     -           -         -       -       -      -      -
end-service       -     -      +          +       +     -           -         -       -       -      -      -
suspend           -     -      +          +       +     -           -         -       -       -      -      -
unsuspend         -     -      +          +       +     -           -         -       -       -      -      -
change-hours      -     -      +          +       +     -           -         -       -       -      -      -
end-day           -     -      +          +       +     -           -         -       -       -      -      -
take-advice       -     -      +          +       +     -           -         -       -       -      -      -
configure         -     -      -          -       +     -           -         -       -       -      -      -
report-paper      -     -      -          -       -     -           -         -       +       -      -      -
open-day          -     -      -          -       -     -           -         -       -       -      -      -
imply-start       -     -      -          -       -     -           -         -       -       -      -      -
report-call       -     -      -          -       -     -           -         +       -       -      -      -
give-voice        -     -      -          -       -     -           -         -       -       -      -      -

board:            +     +      +          +       +     +           +         +       +       +      +      +
live:             +     +      +          +       +     +           +         +       +       +      +      +
ticket:           +     +      +          +       +     +           +         +       +       +      +      +
ahead:            +     +      +          +       +     +           +         +       +       +      +      +
helper:           -     +      +          +       +     -           -         -       -       -      -      -
counter:          +     -      +          +       +     +           -         -       -       -      -      -
printer:          -     -      -          -       +     -           -         -       +       -      -      -
rating:           -     -      -          -       -     -           -         -       -       +      -      -
"""

ROWS = [line.split() for line in MATRIX.splitlines() if line]
PUBLIC = {"board:", "live:", "ticket:", "ahead:"}


def answer_to(role: str, what: str, at: str) -> str:
    """A plus, or the code of the refusal."""
    who = Who(f"somebody:{role}", Role(role), branch="go-vap")
    try:
        if what.endswith(":"):
            who.require_channel(what[:-1], at)
        else:
            who.require_command(what, at)
    except Refusal as refusal:
        return refusal.code
    return "+"


def no(role: str) -> str:
    return "unauthenticated" if role == "nobody" else "forbidden"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_who_may(row: list[str]) -> None:
    what, *marks = row
    expected = {role: "+" if mark == "+" else no(role) for role, mark in zip(ROLES, marks, strict=True)}
    assert {role: answer_to(role, what, "go-vap") for role in ROLES} == expected


@pytest.mark.parametrize("what", [row[0] for row in ROWS])
def test_at_another_branch_only_what_is_public(what: str) -> None:
    expected = {role: "+" if what in PUBLIC else no(role) for role in ROLES}
    assert {role: answer_to(role, what, "thu-duc") for role in ROLES} == expected


def test_the_matrix_is_whole() -> None:
    commands = {row[0] for row in ROWS if not row[0].endswith(":")}
    assert {role.value for role in Role} == set(ROLES)
    given = {"issue", *dispatch.TICKET_COMMANDS, *dispatch.COUNTER_COMMANDS, *dispatch.BRANCH_COMMANDS}
    assert given <= commands
    assert set().union(*COMMANDS.values()) <= commands
