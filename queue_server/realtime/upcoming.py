"""next:BRANCH/NO, whom a counter would call now, and why."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain.routing import choose_next, waited_s
from queue_server.domain.state import BranchState
from queue_server.protocol import rows
from queue_server.protocol.reasons import sentence


def upcoming(state: BranchState, no: int, now: datetime) -> rows.Next:
    """Whom `decide` would call at this instant, with the sentence that the call would have."""
    counter = state.counters.get(no)
    choice = choose_next(state, counter, now) if counter is not None and state.config is not None else None
    if counter is None or choice is None:
        return rows.Next(None, None)
    return rows.Next(choice.ticket.id, sentence(choice.reason, waited_s(choice.ticket, now), choice.candidates))
