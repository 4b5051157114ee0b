"""How often ordinary citizens are overtaken by priority: somebody who came after their wait began is called first.

Each field keeps when those with priority came who were called by a counter that takes it, in that order. Whoever waits
there since before the sixth last of them came has been overtaken six times: one instant of a field tells it of all.
"""

from __future__ import annotations

from bisect import insort
from datetime import datetime

from msgspec.structs import replace

from queue_server.domain.counters import Counter
from queue_server.domain.state import BranchState, PriorityCall
from queue_server.domain.tickets import Ticket


def note_call(state: BranchState, counter: Counter, ticket: Ticket) -> None:
    """This ticket with priority was called before all who wait in the counter's fields."""
    for code in counter.takes:
        field = state.fields.get(code)
        if field is not None:
            calls = [*field.priority_calls]
            insort(calls, PriorityCall(ticket.arrival_at, ticket.call))
            state.put("fields", code, replace(field, priority_calls=tuple(calls)))


def take_back_call(state: BranchState, call: int) -> None:
    """It was no call after all."""
    for code, field in state.fields.items():
        calls = tuple(each for each in field.priority_calls if each.call != call)
        if len(calls) < len(field.priority_calls):
            state.put("fields", code, replace(field, priority_calls=calls))


def overtaken_since(state: BranchState, code: str) -> datetime | None:
    """Whose wait in this field began before then has been overtaken as often as the rule allows; None: nobody's."""
    most = state.configured.rule.overtaken_most
    calls = state.fields[code].priority_calls
    return calls[-most].arrival_at if most is not None and len(calls) >= most else None
