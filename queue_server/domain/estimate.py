"""How long a new arrival will wait. A first, cheap version: pending work over the open counters that take the field.

It is told as a range, or not at all when nobody is open for the field ("Chưa dự tính được").
"""

from __future__ import annotations

from datetime import datetime

from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Estimate

LOW, HIGH = 0.6, 1.6
"""The range around the likely value, wide on purpose until it is measured against what came true."""


def estimate_wait(state: BranchState, field: str, people_ahead: int, now: datetime) -> Estimate | None:
    """The wait of somebody who joins this field behind `people_ahead`; None when it cannot honestly be said."""
    counters = state.open_counters(field)
    if not counters:
        return None
    service_s = state.field(field).service_time_s
    free = sum(
        1
        for counter in state.counters.values()
        if counter.is_open and counter.can_serve(field) and state.at_counter(counter.no) is None
    )
    if people_ahead < free:
        return Estimate(0, 0, service_s // 2, now)
    likely = (people_ahead - free + 1) * service_s / counters
    return Estimate(round(likely), round(likely * LOW), round(likely * HIGH), now)
