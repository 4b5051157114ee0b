"""Advice that is taken: carried out where that needs nobody's legs, and noted with what was foreseen."""

from __future__ import annotations

from datetime import datetime, timedelta

from queue_server.domain import events as ev
from queue_server.domain.commands import AssignCounter, By, TakeAdvice
from queue_server.domain.decide.counters import assign_counter
from queue_server.domain.decide.issuing import require_day
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.taken import is_done, was_taken

HOLDS = timedelta(minutes=10)
"""What was foreseen earlier than that says nothing of what is done now."""


def take_advice(state: BranchState, command: TakeAdvice, by: By, now: datetime) -> list[ev.Event]:
    """Nothing when it was taken and done already, and its time is not over."""
    require_day(state, now)
    foreseen = command.foreseen
    for code in (*command.fields, *foreseen.fields):
        state.field(code)
    if not (abs(now - foreseen.at) <= HOLDS and foreseen.at < foreseen.until):
        raise Refusal("advice-outdated")
    asked = (command.kind, command.counter, command.fields, command.lender)
    if was_taken(state, *asked, now) and is_done(state, *asked, now):
        return []
    taken = ev.AdviceTaken(command.kind, command.fields, foreseen, command.counter, command.lender)
    return [*_carried_out(state, command, by, now), taken]


def _carried_out(state: BranchState, command: TakeAdvice, by: By, now: datetime) -> list[ev.Event]:
    """A counter is opened by who sits down there (without a clerk it serves nobody, and would be reckoned with), and
    closed by who gets up."""
    if command.kind in ("lend", "mobile"):
        return []
    counter = state.counter(command.counter or 0)
    if command.kind in ("open", "close"):
        return []
    fields = tuple(dict.fromkeys((*counter.fields, *command.fields)))
    helps = tuple(code for code in counter.helps if code not in fields)
    return assign_counter(state, AssignCounter(counter=counter.no, fields=fields, helps=helps), by, now)
