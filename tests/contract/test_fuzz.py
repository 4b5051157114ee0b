"""A short run of `load.fuzz`, as a test; and that it would see what it looks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from load.fuzz.effects import CAUSES, Happened, Identities, is_allowed
from queue_server.domain.events import EventType, type_of
from tests.rights import COMMANDS

IDENTITIES = Identities({"display-own": "d1", "dispenser-other": "d2", "integration-whole": "d3"})


@pytest.mark.timeout(300)
def test_no_request_and_no_frame_breaks_the_server_or_does_what_it_may_not(tmp_path: Path) -> None:
    from load.fuzz.play import play  # Schemathesis takes a second, of everybody who collects this

    found = play(tmp_path, requests=40, frames=300, seed=7)
    assert found.faults == []
    assert found.answered.requests >= 40
    assert found.framed.frames >= 300
    assert sum(found.events.values()) >= 10, "it must come as far as the journal"


@pytest.mark.parametrize(
    ("actor", "kind", "branch", "ticket", "expected"),
    [
        ("account:clerk-own", "ticket.recalled", "go-vap", "", True),
        ("account:clerk-own", "ticket.recalled", "go-vap-b", "", False),
        ("account:clerk-other", "ticket.recalled", "go-vap-b", "", True),
        ("account:supervisor-whole", "ticket.recalled", "go-vap-b", "", True),
        ("account:helper-own", "ticket.recalled", "go-vap", "", False),
        ("account:auditor-whole", "ticket.cancelled", "go-vap", "", False),
        ("account:manager-own", "branch.configured", "go-vap", "", True),
        ("account:supervisor-own", "branch.configured", "go-vap", "", False),
        ("device:d2", "ticket.issued", "go-vap-b", "", True),
        ("device:d2", "ticket.issued", "go-vap", "", False),
        ("device:d3", "ticket.finished", "go-vap-b", "", True),
        ("ticket:t1", "ticket.cancelled", "go-vap", "t1", True),
        ("ticket:t1", "ticket.cancelled", "go-vap", "t2", False),
        ("ticket:t1", "ticket.voided", "go-vap", "t1", False),
        ("account:stranger", "ticket.issued", "go-vap", "", False),
        ("nobody", "ticket.issued", "go-vap", "", False),
        ("timer", "day.closed", "go-vap", "", True),
        ("account:administrator-whole", "never.heard", "go-vap", "", False),
    ],
)
def test_an_event_is_held_against_the_matrix(
    actor: str, kind: str, branch: str, ticket: str, expected: bool
) -> None:  # fmt: skip
    assert is_allowed(Happened(branch, 1, kind, actor, ticket), IDENTITIES) == expected


def test_every_cause_is_in_the_matrix_and_every_event_has_one() -> None:
    causes = {cause for named in CAUSES.values() for cause in named}
    assert {cause for cause in causes if " " not in cause} <= set(COMMANDS)
    only_the_servers = {"day.opened", "voice.given"}
    assert {type_of(kind) for kind in EventType.__args__} - only_the_servers == set(CAUSES)
