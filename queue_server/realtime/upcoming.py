"""next:BRANCH/NO, whom a counter would call now, and why."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain.state import BranchState
from queue_server.domain.upcoming import who_is_next
from queue_server.protocol import rows
from queue_server.protocol.reasons import sentence


def upcoming(state: BranchState, no: int, now: datetime) -> rows.Next:
    """With the sentence that the call would have; how long it has waited is seen beside it, as it grows."""
    found = who_is_next(state, no, now)
    if found is None:
        return rows.Next(None, None)
    return rows.Next(found.ticket, sentence(found.reason, None, found.candidates))
