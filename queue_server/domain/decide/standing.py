"""Who is standing there: a citizen by their card, with the number they have already; or somebody at a device that has
given too many."""

from __future__ import annotations

import math
from datetime import datetime

from queue_server.domain import events as ev
from queue_server.domain.commands import By, Issue
from queue_server.domain.configuration import Field
from queue_server.domain.devices import pauses_until
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket


def theirs(state: BranchState, by: By, field: Field) -> Ticket | None:
    """The live ticket that whoever stands there has in this field, where they are known."""
    return state.live_of(by.person, field.code) if by.person is not None else None


def paper_again(ticket: Ticket | None, command: Issue, by: By) -> list[ev.Event]:
    """Another paper of their number."""
    if ticket is None:
        raise Refusal("unknown-ticket")
    printer = command.printer or by.printer
    if printer is None:
        raise Refusal("no-printer", number=ticket.number)
    return [ev.PaperRequested(ticket.id, printer)]


def require_first(ticket: Ticket | None, field: Field) -> None:
    """One live number for a person and field."""
    if ticket is not None:
        raise Refusal(
            "has-ticket",
            number=ticket.number,
            state=ticket.state.value,
            counter=ticket.counter,
            field=field.code,
            field_name=field.name,
        )


def require_pace(state: BranchState, by: By, now: datetime) -> None:
    """Refuse a device that gives more numbers than people can have come."""
    until = pauses_until(state.given.get(by.actor, ()), state.configured.limits, now)
    if until is not None:
        raise Refusal("too-many-numbers", retry_s=math.ceil((until - now).total_seconds()))


def proof_of(state: BranchState, command: Issue) -> str | None:
    """What the priority that is asked for is known by, where a card can show it."""
    if command.priority is None or state.priority_class(command.priority).min_age is None:
        return None
    return command.proof
