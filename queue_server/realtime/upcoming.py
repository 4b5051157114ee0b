"""next:BRANCH/NO, whom a counter would call now, and why."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain.routing import choose_next, explain
from queue_server.domain.state import BranchState
from queue_server.protocol import rows
from queue_server.realtime.views import reason_of


def upcoming(state: BranchState, no: int, now: datetime) -> rows.Next:
    """The newest of what `decide` would do, with the sentence that the call would have."""
    counter = state.counters.get(no)
    choice = choose_next(state, counter, now) if counter is not None and state.config is not None else None
    if counter is None or choice is None:
        return rows.Next(None, None)
    return rows.Next(choice.ticket.id, reason_of(explain(state, counter, now, choice)))
