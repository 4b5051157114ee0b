"""The counter at which somebody is wanted best, as where the dossier lies."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain.configuration import Field
from queue_server.domain.counters import CounterState
from queue_server.domain.estimate import at_counters
from queue_server.domain.foresight import Outlook
from queue_server.domain.state import BranchState

SLOWER_S = 600
"""By so much later a citizen is not made to wait for one counter where another of the agency would do."""


def counter_for(
    state: BranchState, field: Field, wish: int | None, now: datetime, outlook: Outlook | None
) -> int | None:
    """The counter that is wanted, where it takes the field today; None where it is closed, or would call much later
    than another of its agency does."""
    if wish is None:
        return None
    counter = state.counter(wish)
    if counter.state is CounterState.CLOSED or not counter.can_serve(field.code):
        return None
    agency = state.desk(wish).agency
    waits = {no: wait.likely for no, wait in at_counters(outlook, field.code, now).items() if no in state.counters}
    others = (wait for no, wait in waits.items() if state.desk(no).agency == agency)
    is_much_later = wish in waits and waits[wish] > min(others) + SLOWER_S
    return None if is_much_later else wish
