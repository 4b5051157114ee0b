"""What was answered: it is in the journal, it is said again when it is asked for again, and it never goes back."""

from __future__ import annotations

from collections.abc import Iterator

from load.faults.history import Attempt
from load.faults.rules.evidence import Ask, Evidence, Violation, grouped, position_of
from load.faults.world import COME_BACK


def leaves_events(attempt: Attempt) -> bool:
    """Opening an open counter, or calling when nobody waits, leaves nothing in the journal."""
    return attempt.name != "open" and attempt.data is not None


def acknowledged_is_there(evidence: Evidence) -> Iterator[Violation]:
    for ask in evidence.asks.values():
        for answer in ask.answers[:1]:
            command = evidence.commands.get(ask.key)
            if command is not None:
                yield from _same_story(evidence, answer)
            elif leaves_events(answer):
                yield Violation("lost", f"{_of(answer)} was acknowledged, and is not in the journal")


def _same_story(evidence: Evidence, answer: Attempt) -> Iterator[Violation]:
    """The answer tells what the command's events tell. (One that said "nobody" may have happened on a later try.)"""
    command = evidence.commands[answer.key]
    position = position_of(answer.data)
    if position is None:
        return
    events = evidence.events_of(command)
    last = events[-1] if events else None
    if last is None or command.branch != answer.branch or position[1] != command.last:
        if leaves_events(answer):
            yield Violation("story", f"{_of(answer)} was answered at {position[1]}, and ended at {command.last}")
        return
    for name, there in (("id", "ticket"), ("number", "number"), ("counter", "counter")):
        told, written = answer.data.get(name), last.event.get(there)
        if told is not None and written is not None and told != written:
            yield Violation("story", f"{_of(answer)} was answered {name} {told}, and its event says {written}")


def repeats_equal(evidence: Evidence) -> Iterator[Violation]:
    for ask in evidence.asks.values():
        told = [answer for answer in ask.answers if answer.data is not None]
        if ask.key in evidence.commands and any(answer.data != told[0].data for answer in told):
            yield Violation("repeat", f"{_of(ask.first)} got different answers: {[a.data for a in told]}")
        yield from _refused_after_answer(ask)


def _refused_after_answer(ask: Ask) -> Iterator[Violation]:
    accepted_at = min((a.ended_at for a in ask.answers if leaves_events(a)), default=None)
    for attempt in ask.attempts:
        is_no = attempt.outcome == "refused" and attempt.code not in COME_BACK
        is_nobody = attempt.outcome == "answered" and attempt.data is None
        if accepted_at is not None and attempt.sent_at > accepted_at and (is_no or is_nobody):
            yield Violation("repeat", f"{_of(attempt)} was accepted, and then {attempt.code or 'nobody waits'}")


def positions_grow(evidence: Evidence) -> Iterator[Violation]:
    """To one client, of one branch: no answer is older than one that came before its question. Of two attempts that
    were on their way together either may come first. The epoch never changes, since no history was replaced."""
    epochs = {head.branch: head.epoch for head in evidence.dump.heads}
    firsts = [ask.answers[0] for ask in evidence.asks.values() if ask.answers and not ask.answers[0].is_repeat]
    for (client, branch), answers in grouped(firsts, lambda a: (a.client, a.branch)).items():
        told = [(a, position) for a in answers if (position := position_of(a.data)) is not None]
        asked = sorted(told, key=lambda each: each[0].sent_at)
        heard = sorted(((a.ended_at, position[1]) for a, position in told), reverse=True)
        newest = 0
        for answer, (epoch, seq) in asked:
            while heard and heard[-1][0] <= answer.sent_at:
                newest = max(newest, heard.pop()[1])
            if epoch != epochs.get(branch):
                yield Violation("epoch", f"{client} was answered in {epoch}, {branch} is in {epochs.get(branch)}")
            if seq < newest:
                yield Violation("position", f"{client} had seen {newest}, and {_of(answer)} is at {seq}")


def _of(attempt: Attempt) -> str:
    return f"{attempt.name} of {attempt.client} by {attempt.server} at {attempt.sent_at:.3f} s (key {attempt.key})"


RULES = (acknowledged_is_there, repeats_equal, positions_grow)
