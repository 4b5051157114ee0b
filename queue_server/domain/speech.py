"""What is spoken where, and what is spoken before it: screens of one zone speak one call after another."""

from __future__ import annotations

from queue_server.domain.configuration import ANY_SCREEN, Screen
from queue_server.domain.state import BranchState, CallShown, Speaker
from queue_server.domain.tickets import TicketState


def screens(state: BranchState) -> tuple[Screen, ...]:
    return state.configured.screens or (ANY_SCREEN,)


def heard_in(state: BranchState, zone: str) -> set[int]:
    """The counters whose calls are spoken in a zone."""
    found = [each for each in screens(state) if each.voice and each.voice.zone == zone]
    return {desk.no for desk in state.configured.counters if any(screen.shows(desk) for screen in found)}


def is_still_called(state: BranchState, call: CallShown) -> bool:
    """Whether its citizen is still being waited for."""
    ticket = state.tickets.get(call.ticket)
    return ticket is not None and ticket.state is TicketState.CALLED and ticket.call == call.call


def spoken_after(state: BranchState, call: CallShown) -> int | None:
    """How many calls are spoken before this one; None where it does not wait for that: it has been spoken, or no screen
    has the voice for it."""
    if call.spoken_at is not None:
        return None
    found = [_before(state, call, zone, voice) for zone, voice in state.voices.items() if voice.device]
    return min((count for count in found if count is not None), default=None)


def _before(state: BranchState, call: CallShown, zone: str, voice: Speaker) -> int | None:
    """They come in the order of the calls, so one that is older than what was spoken last was left out."""
    counters = heard_in(state, zone)
    calls = [each for each in state.calls.values() if each.counter in counters and _is_its_own(voice, each)]
    if call not in calls:
        return None
    last = max((each.call for each in calls if each.spoken_at is not None), default=0)
    return sum(last < each.call < call.call and is_still_called(state, each) for each in calls)


def _is_its_own(voice: Speaker, call: CallShown) -> bool:
    return voice.since is None or call.at > voice.since
