"""What must hold of calls and screens, judged by a branch's records alone: by hand, not by the state's own rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.events import Recorded
from tests.factories import TIMER

REMEMBERED = 24
"""So many calls a board remembers; of others nothing is told."""


def judge_calls(records: Sequence[Recorded]) -> None:
    """Each call is told of once, one screen at a time has the voice, and who is absent by time alone was called often
    enough."""
    _told_once(records)
    _spoken_by_one(records)
    _nobody_is_absent_unheard(records)


def is_call(record: Recorded) -> bool:
    return isinstance(record.event, ev.TicketCalled | ev.TicketRecalled)


def _told_once(records: Sequence[Recorded]) -> None:
    calls = {record.seq for record in records if is_call(record)}
    told = [
        (type(record.event), record.event.call, record.seq)
        for record in records
        if isinstance(record.event, ev.CallShown | ev.CallSpoken)
    ]
    assert len({(kind, call) for kind, call, _ in told}) == len(told)
    assert all(call in calls and call < seq for _, call, seq in told)


def _spoken_by_one(records: Sequence[Recorded]) -> None:
    """The voice goes from one to another, and never behind what was spoken: that would be said twice."""
    voices: dict[str, str] = {}
    calls: list[Recorded] = []
    spoken: set[int] = set()
    for record in records:
        event = record.event
        if isinstance(event, ev.DayOpened):
            voices, calls = {}, []
        elif is_call(record):
            calls = [*calls[1 - REMEMBERED :], record]
        elif isinstance(event, ev.CallSpoken):
            spoken.add(event.call)
        elif isinstance(event, ev.VoiceGiven):
            assert voices.get(event.zone, "") != event.device
            voices[event.zone] = event.device
            assert all(call.at <= event.since for call in calls if call.seq in spoken)


def _nobody_is_absent_unheard(records: Sequence[Recorded]) -> None:
    undone = {record.event.undone_seq for record in records if isinstance(record.event, ev.TicketUndone)}
    for at, record in enumerate(records):
        if isinstance(record.event, ev.TicketNoShow) and record.actor == TIMER.actor:
            before = [each for each in records[:at] if each.seq not in undone]
            _was_called_often_enough(before, record, record.event.ticket)


def _was_called_often_enough(before: list[Recorded], absent: Recorded, ticket: str) -> None:
    config = _in_force(before)
    last = max(
        i for i, each in enumerate(before) if isinstance(each.event, ev.TicketCalled) and each.event.ticket == ticket
    )
    first = before[last].event
    assert isinstance(first, ev.TicketCalled)
    calls = {before[last].seq: before[last].at} | {
        each.seq: each.at
        for each in before[last:]
        if isinstance(each.event, ev.TicketRecalled) and each.event.ticket == ticket
    }
    most, patience = config.limits.no_show_after_calls, timedelta(seconds=config.limits.no_show_after_s)
    assert most is not None
    if any(screen.voice is not None and screen.counter in (None, first.counter) for screen in config.screens):
        heard = {call: at for call, at in _spoken(before) if call in calls}
        assert len(heard) >= most, "where a screen speaks, only what was spoken counts"
        assert max(calls) in heard, "nobody is absent whose last call was not spoken"
        assert absent.at - heard[max(calls)] >= patience
    else:
        assert first.times + len(calls) - 1 >= most
        assert absent.at - calls[max(calls)] >= patience


def _spoken(records: Sequence[Recorded]) -> Iterator[tuple[int, datetime]]:
    return ((each.event.call, each.at) for each in records if isinstance(each.event, ev.CallSpoken))


def _in_force(records: Sequence[Recorded]) -> BranchConfig:
    events = (each.event for each in reversed(records))
    return next(event.config for event in events if isinstance(event, ev.BranchConfigured | ev.DayOpened))
