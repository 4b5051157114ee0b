"""Help at a dispenser, called for by whoever stands there, and at a counter, by its clerk; answered by staff."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain import events as ev
from queue_server.domain.commands import AnswerAlarm, AnswerHelp, By, CallHelper, RaiseAlarm
from queue_server.domain.decide.calling import require_hand
from queue_server.domain.state import BranchState


def call_helper(state: BranchState, command: CallHelper, by: By, now: datetime) -> list[ev.Event]:
    """Nothing while staff have been told already. Without a service day, too: people wait before numbers are given."""
    device = by.actor.removeprefix("device:")
    return [] if device in state.help else [ev.HelpCalled(device)]


def answer_help(state: BranchState, command: AnswerHelp, by: By, now: datetime) -> list[ev.Event]:
    """Nothing when somebody else has answered."""
    return [ev.HelpAnswered(command.device)] if command.device in state.help else []


def raise_alarm(state: BranchState, command: RaiseAlarm, by: By, now: datetime) -> list[ev.Event]:
    """Nothing while it stands already."""
    counter = state.counter(command.counter)
    require_hand(counter, by)
    alarm = state.alarms.get(counter.no)
    is_raised = alarm is not None and alarm.answered_by is None
    return [] if is_raised else [ev.AlarmRaised(counter.no, by.clerk)]


def answer_alarm(state: BranchState, command: AnswerAlarm, by: By, now: datetime) -> list[ev.Event]:
    """Nothing when somebody else has answered."""
    alarm = state.alarms.get(command.counter)
    if alarm is None or alarm.answered_by is not None:
        return []
    return [ev.AlarmAnswered(command.counter, by.clerk)]
