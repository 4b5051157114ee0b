"""Help at a dispenser: called for by whoever stands there, answered by somebody of staff."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain import events as ev
from queue_server.domain.commands import AnswerHelp, By, CallHelper
from queue_server.domain.state import BranchState


def call_helper(state: BranchState, command: CallHelper, by: By, now: datetime) -> list[ev.Event]:
    """Nothing while staff have been told already. Without a service day, too: people wait before numbers are given."""
    device = by.actor.removeprefix("device:")
    return [] if device in state.help else [ev.HelpCalled(device)]


def answer_help(state: BranchState, command: AnswerHelp, by: By, now: datetime) -> list[ev.Event]:
    """Nothing when somebody else has answered."""
    return [ev.HelpAnswered(command.device)] if command.device in state.help else []
