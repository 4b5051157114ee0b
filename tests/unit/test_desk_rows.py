"""What a clerk's console is told of a number that has a past: notes and codes by count, whence, and why it was held."""

from __future__ import annotations

from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.protocol import rows
from queue_server.realtime.views import CounterView
from tests.factories import LAN, MINH, Branch, config


def a_branch() -> Branch:
    branch = Branch(config())
    branch.open(1, "07:30")
    branch.open(2, "07:30", MINH)
    return branch


def note(branch: Branch, ticket: str, at: str) -> None:
    branch.do(c.Note(ticket=ticket), at, replace(LAN, digests=("a note",)))


def in_hand(branch: Branch, ticket: str, no: int) -> tuple[int, int, int | None, str]:
    row = CounterView(no).row(branch.state, ("tickets", ticket))
    assert isinstance(row, rows.DeskTicketRow)
    return row.notes, row.codes, row.came_from, row.held_for


def in_queue(branch: Branch, ticket: str, no: int) -> tuple[int, int, int | None]:
    row = CounterView(no).row(branch.state, ("queue", ticket))
    assert isinstance(row, rows.QueueRow)
    return row.notes, row.codes, row.came_from


def test_a_number_that_was_transferred_brings_its_past_with_it() -> None:
    branch = a_branch()
    ticket = branch.issue("chung-thuc", "07:31")
    assert in_queue(branch, ticket, 1) == (0, 0, None)
    branch.call_next(1, "07:35")
    note(branch, ticket, "07:36")
    branch.do(c.RecordDossiers(ticket=ticket), "07:37", replace(LAN, digests=("one", "another")))
    assert in_hand(branch, ticket, 1) == (1, 2, None, "")
    branch.do(c.Transfer(ticket=ticket, counter=2), "07:38")
    assert in_queue(branch, ticket, 2) == (1, 2, 1)
    branch.call_next(2, "07:40", MINH)
    assert in_hand(branch, ticket, 2) == (1, 2, 1, "")


def test_why_it_was_held_is_still_said_when_it_goes_on() -> None:
    branch = a_branch()
    ticket = branch.issue("chung-thuc", "07:31")
    branch.served(1, "07:35")
    branch.do(c.Hold(ticket=ticket, reason="Thiếu giấy tờ"), "07:36")
    branch.do(c.Resume(ticket=ticket, counter=1), "07:50")
    assert in_hand(branch, ticket, 1) == (0, 0, None, "Thiếu giấy tờ")


def test_why_it_was_called_says_no_wait_besides_the_one_that_stands_there() -> None:
    """A number that was transferred has waited for less than it has been in the house."""
    branch = a_branch()
    ticket = branch.issue("chung-thuc", "07:31")
    branch.call_next(1, "07:45")
    row = CounterView(1).row(branch.state, ("tickets", ticket))
    assert isinstance(row, rows.DeskTicketRow)
    assert row.why is not None
    assert (row.waited_s, row.why.vi) == (14 * 60, "Chờ lâu nhất trong số 1 người đang chờ quầy này.")


def test_what_was_written_stays_when_the_last_step_is_taken_back() -> None:
    branch = a_branch()
    ticket = branch.issue("chung-thuc", "07:31")
    branch.call_next(1, "07:35")
    branch.do(c.Start(ticket=ticket), "07:36")
    note(branch, ticket, "07:36")
    branch.do(c.Undo(ticket=ticket), "07:36")
    assert branch[ticket].state == "called"
    assert in_hand(branch, ticket, 1)[0] == 1
