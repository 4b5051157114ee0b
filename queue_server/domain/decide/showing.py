"""What screens tell of calls, and which of them speaks."""

from __future__ import annotations

from datetime import datetime

from queue_server.domain import events as ev
from queue_server.domain.commands import By, GiveVoice, ReportCall
from queue_server.domain.state import NOBODY, BranchState


def report_call(state: BranchState, command: ReportCall, by: By, now: datetime) -> list[ev.Event]:
    """Nothing when another screen was first, or the call is no longer remembered."""
    call = next((each for each in state.calls.values() if each.call == command.call), None)
    if call is None or (call.spoken_at if command.is_spoken else call.shown_at) is not None:
        return []
    kind = ev.CallSpoken if command.is_spoken else ev.CallShown
    return [kind(command.call, by.actor.removeprefix("device:"))]


def give_voice(state: BranchState, command: GiveVoice, by: By, now: datetime) -> list[ev.Event]:
    """Nothing when the zone is another one's meanwhile: two processes that see the same silence agree. What was spoken
    already is not spoken again."""
    voice = state.voices.get(command.zone, NOBODY)
    if voice.device != command.instead_of or voice.device == command.device:
        return []
    spoken = [call.at for call in state.calls.values() if call.spoken_at is not None]
    return [ev.VoiceGiven(command.zone, command.device, max([command.since, *spoken]))]
