"""How long a new arrival will wait. A first, cheap version: pending work over the open counters that take the field.

It is told as a range, or not at all when nobody is open for the field ("Chưa dự tính được").
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Estimate

LOW, HIGH = 0.6, 1.6
"""The range around the likely value, wide on purpose until it is measured against what came true."""


def estimate_wait(state: BranchState, field: str, ahead: Callable[[str], int], now: datetime) -> Estimate | None:
    """The wait of somebody in this field; None when it cannot honestly be said. `ahead` says how many of a field are
    called before.

    People of other fields count as far as the counters of this field are theirs too: of a field that three open
    counters take, one of which takes this field, a third.
    """
    counters = [counter for counter in state.counters.values() if counter.is_open and counter.can_serve(field)]
    if not counters:
        return None
    people = float(ahead(field))
    work_s = people * state.field(field).service_time_s
    for code in dict.fromkeys(code for counter in counters for code in (*counter.fields, *counter.helps)):
        if code != field and (waiting := ahead(code)):
            shared = sum(counter.can_serve(code) for counter in counters) / state.open_counters(code)
            people += waiting * shared
            work_s += waiting * shared * state.field(code).service_time_s
    free = sum(state.at_counter(counter.no) is None for counter in counters)
    service_s = work_s / people if people else state.field(field).service_time_s
    if people < free:
        return Estimate(0, 0, round(service_s) // 2, now)
    likely = (people - free + 1) * service_s / len(counters)
    return Estimate(round(likely), round(likely * LOW), round(likely * HIGH), now)
