"""One rating a visit: who may be asked, by whom it counts, and that it changes nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import Reason, Satisfaction, Text
from queue_server.domain.refusals import Refusal
from queue_server.domain.tickets import Rating, TicketState
from queue_server.realtime.asking import RatingView
from tests.factories import CHIEF, LAN, Branch, config, moment, replayed, snapshot

DEVICE = c.By("device:rating-1", counter=1)
ASKING = Satisfaction((Reason("cho-lau", Text("Chờ lâu")), Reason("giay-to", Text("Giấy tờ chưa rõ"))))


def a_branch() -> Branch:
    branch = Branch(replace(config(), satisfaction=ASKING))
    branch.open(1, "07:30")
    return branch


def a_visit(branch: Branch, start: str = "07:40", end: str = "07:50") -> str:
    ticket = branch.issue("chung-thuc", start, language="en")
    branch.served(1, start)
    branch.do(c.Finish(ticket=ticket), end)
    return ticket


def asked(branch: Branch, no: int = 1) -> Any:
    return RatingView(no).row(branch.state, ("asked", str(no)))


def test_a_visit_that_is_over_is_rated_with_reasons() -> None:
    branch = a_branch()
    ticket = a_visit(branch)
    (record,) = branch.do(c.Rate(ticket=ticket, level="neutral", reasons=("cho-lau", "cho-lau")), "07:51", by=DEVICE)
    assert record.event == ev.TicketRated(ticket, "neutral", ("cho-lau",))
    assert branch[ticket].rating == Rating("neutral", moment("07:51"), ("cho-lau",))
    assert branch[ticket].state is TicketState.FINISHED
    assert snapshot(replayed(branch.records)) == snapshot(branch.state)


def test_the_same_press_again_changes_nothing_and_another_one_is_refused() -> None:
    branch = a_branch()
    ticket = a_visit(branch)
    branch.do(c.Rate(ticket=ticket, level="satisfied"), "07:51", by=DEVICE)
    assert branch.do(c.Rate(ticket=ticket, level="satisfied"), "07:51:01", by=c.By(f"ticket:{ticket}")) == []
    with pytest.raises(Refusal) as refusal:
        branch.do(c.Rate(ticket=ticket, level="dissatisfied"), "07:52", by=c.By(f"ticket:{ticket}"))
    assert refusal.value.code == "already-rated"


@pytest.mark.parametrize(
    ("command", "by", "code"),
    [
        ({"level": "satisfied", "reasons": ("khac",)}, DEVICE, "unknown-reason"),
        ({"level": "satisfied"}, replace(DEVICE, counter=2), "not-this-counter"),
    ],
)
def test_a_rating_that_is_refused(command: dict[str, Any], by: c.By, code: str) -> None:
    branch = a_branch()
    ticket = a_visit(branch)
    with pytest.raises(Refusal) as refusal:
        branch.do(c.Rate(ticket=ticket, **command), "07:51", by=by)
    assert refusal.value.code == code
    assert branch[ticket].rating is None


def test_nobody_is_rated_while_being_served() -> None:
    branch = a_branch()
    ticket = branch.issue("chung-thuc", "07:40")
    branch.served(1, "07:40")
    with pytest.raises(Refusal) as refusal:
        branch.do(c.Rate(ticket=ticket, level="satisfied"), "07:51", by=DEVICE)
    assert refusal.value.code == "ticket-state"


def test_not_after_the_day_has_ended() -> None:
    branch = a_branch()
    ticket = a_visit(branch)
    branch.do(c.EndDay(), "08:30", by=CHIEF)
    with pytest.raises(Refusal) as refusal:
        branch.do(c.Rate(ticket=ticket, level="satisfied"), "08:31", by=DEVICE)
    assert refusal.value.code == "day-not-open"


def test_a_finish_may_still_be_undone_and_the_rating_stays() -> None:
    branch = a_branch()
    ticket = a_visit(branch)
    branch.do(c.Rate(ticket=ticket, level="satisfied"), "07:50:04", by=DEVICE)
    branch.do(c.Undo(ticket=ticket), "07:50:08", by=LAN)
    assert branch[ticket].state is TicketState.SERVING
    branch.do(c.Finish(ticket=ticket), "07:55")
    assert branch[ticket].rating == Rating("satisfied", moment("07:50:04"))
    assert asked(branch) is None
    assert snapshot(replayed(branch.records)) == snapshot(branch.state)


def test_the_device_asks_whoever_was_served_there_last_in_their_language() -> None:
    branch = a_branch()
    assert asked(branch) is None
    ticket = a_visit(branch)
    row = asked(branch)
    assert (row.ticket, row.number, row.language, row.at) == (ticket, "A001", "en", moment("07:50"))
    assert asked(branch, 2) is None
    branch.do(c.Rate(ticket=ticket, level="satisfied"), "07:51", by=DEVICE)
    assert asked(branch) is None


def test_a_call_leaves_the_last_one_time_and_the_next_service_does_not() -> None:
    branch = a_branch()
    first = a_visit(branch)
    second = branch.issue("chung-thuc", "07:51")
    branch.call_next(1, "07:51")
    assert asked(branch).ticket == first
    branch.do(c.Start(ticket=second), "07:52")
    assert asked(branch) is None
    branch.do(c.Finish(ticket=second), "07:58")
    assert asked(branch).ticket == second


def test_nobody_is_asked_of_a_service_that_was_forgotten() -> None:
    branch = a_branch()
    ticket = branch.issue("chung-thuc", "07:40")
    branch.served(1, "07:40")
    branch.do(c.EndService(ticket=ticket), "09:50", by=CHIEF)
    assert asked(branch) is None
