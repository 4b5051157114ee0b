"""next:BRANCH/NO says whom the counter would call now, and why; how long it has waited stands beside it, and grows."""

from __future__ import annotations

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.realtime.upcoming import upcoming
from tests.factories import MINH, Branch, config, moment


def test_it_is_the_one_who_is_called_for_the_reason_that_is_given() -> None:
    branch = Branch(config())
    branch.issue("chung-thuc", "07:10")
    branch.issue("ho-tich", "07:12")
    branch.issue("ho-tich", "07:15", priority="NKT")
    branch.open(2, "07:30")
    told = []
    for clock in ("07:40", "07:42", "07:44"):
        at = moment(clock)
        said = upcoming(branch.state, 2, at)
        event = branch.do(c.CallNext(counter=2), at)[-1].event
        assert isinstance(event, ev.TicketCalled)
        assert event.ticket == said.ticket
        branch.do(c.Start(ticket=event.ticket), at)
        assert said.why is not None
        told.append((event.number, said.why.vi, said.why.en))
    assert told == [
        ("B002", "Thuộc đối tượng ưu tiên.", "Has statutory priority."),
        (
            "A001",
            "Chờ lâu nhất trong số 2 người đang chờ quầy này.",
            "Has waited longest of 2 waiting for this counter.",
        ),
        (
            "B001",
            "Chờ lâu nhất trong số 1 người đang chờ quầy này.",
            "Has waited longest of 1 waiting for this counter.",
        ),
    ]


def test_nobody_is_next_where_nobody_may_be_called() -> None:
    branch = Branch(config())
    branch.open(4, "07:30", MINH)
    branch.issue("chung-thuc", "07:31")
    assert upcoming(branch.state, 4, moment("07:40")).ticket is None
    assert upcoming(branch.state, 77, moment("07:40")).why is None
