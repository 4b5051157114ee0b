"""Nobody was refused, nor told that nobody waits, because of a state that was no longer so."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from msgspec import Struct

from load.faults.halls import COUNTERS
from load.faults.history import Attempt, Broken
from load.faults.rules.evidence import AT_COUNTER, NEVER, Evidence, Violation, grouped
from load.faults.world import COME_BACK, DEADLINE_S

SOURCES = {
    "recall": {"called"},
    "start": {"called"},
    "finish": {"serving"},
    "no-show": {"called"},
    "hold": {"serving"},
    "resume": {"held"},
    "cancel": {"waiting", "called", "held"},
}
EXPECTED = COME_BACK - {"internal"} | {"too-late", "ticket-state", "counter-busy", "counter-closed", "unknown-ticket"}
"""What may be refused at all; of each (but the first two) it is looked at whether it was right."""
CLOCK_S = 2.0
"""A deadline may be missed by so much that an answer took."""


class Waits(Struct, frozen=True):
    """Tickets that certainly waited, in order of when that was known; and until when, at most, of those so far."""

    known_at: list[float]
    until: list[float]

    def somebody(self, from_at: float, until_at: float) -> bool:
        """Whether one of them waited from before the first instant to after the second."""
        before = bisect_left(self.known_at, from_at)
        return before > 0 and self.until[before - 1] > until_at


def nobody_waits(evidence: Evidence) -> Iterator[Violation]:
    """A ticket was acknowledged before the call was sent, and nobody had asked for it until after it was answered."""
    waits = _waits(evidence)
    for attempt in evidence.of(Attempt):
        if attempt.name != "call-next" or attempt.outcome != "answered" or attempt.data is not None:
            continue
        for field in COUNTERS[attempt.args["counter"]]:
            here = waits.get((attempt.branch, field))
            if here is not None and here.somebody(attempt.sent_at, attempt.ended_at):
                yield Violation("false-nobody", f"{_of(attempt)}: somebody waited for {field}")


def _waits(evidence: Evidence) -> dict[tuple[str, str], Waits]:
    found: list[tuple[str, str, float, float]] = []
    for ticket, course in evidence.courses.items():
        row = evidence.tickets.get(ticket)
        if row is not None and course[0].until_at < NEVER:
            taken_at = course[1].from_at if len(course) > 1 else NEVER
            found.append((row.branch, row.field, course[0].until_at, taken_at))
    waits: dict[tuple[str, str], Waits] = {}
    for place, rows in grouped(found, lambda row: row[:2]).items():
        rows.sort(key=lambda row: row[2])
        waits[place] = Waits([row[2] for row in rows], list(accumulate((row[3] for row in rows), max)))
    return waits


def refused_rightly(evidence: Evidence) -> Iterator[Violation]:
    jumps = [record for record in evidence.of(Broken) if record.kind == "jump"]
    for attempt in evidence.of(Attempt):
        if attempt.outcome != "refused":
            continue
        if attempt.code not in EXPECTED:
            yield Violation("refusal", f"{_of(attempt)}: {attempt.code}")
        elif attempt.code == "too-late" and not _is_late(evidence, attempt, jumps):
            yield Violation("false-refusal", f"{_of(attempt)}: too late")
        elif attempt.code not in COME_BACK and not _is_explained(evidence, attempt):
            yield Violation("false-refusal", f"{_of(attempt)}: {attempt.code}")


def _is_late(evidence: Evidence, attempt: Attempt, jumps: list[Broken]) -> bool:
    """By its deadline, or by a clock that was set while it was on its way."""
    pressed_at = evidence.asks[attempt.key].sent_at
    has_jumped = any(
        attempt.server in jump.detail and jump.at < attempt.ended_at and jump.back_at > attempt.sent_at
        for jump in jumps
    )
    return has_jumped or attempt.ended_at > pressed_at + DEADLINE_S - CLOCK_S


def _is_explained(evidence: Evidence, attempt: Attempt) -> bool:
    """Whether there was an instant, while it was on its way, at which it had to be refused."""
    match attempt.code:
        case "unknown-ticket":
            course = evidence.courses.get(attempt.args["ticket"])
            return course is None or course[0].until_at > attempt.sent_at
        case "ticket-state":
            steps = evidence.possible(attempt.args["ticket"], attempt)
            return any(step.state not in SOURCES[attempt.name] for step in steps)
        case "counter-busy":
            states = {"called"} if attempt.name == "call-next" else AT_COUNTER
            return _may_be_there(evidence, attempt, states)
        case "counter-closed":
            return _may_be_closed(evidence, attempt)
        case _:
            return True


def _may_be_there(evidence: Evidence, attempt: Attempt, states: set[str] | frozenset[str]) -> bool:
    counter = attempt.args["counter"]
    here = {
        row.event["ticket"]
        for row in evidence.events.get(attempt.branch, [])
        if row.event.get("counter") == counter and "ticket" in row.event
    }
    return any(
        step.state in states and step.counter == counter
        for ticket in here
        for step in evidence.possible(ticket, attempt)
    )


def _may_be_closed(evidence: Evidence, attempt: Attempt) -> bool:
    """Nobody here closes a counter: once its opening was acknowledged, it is open."""
    opened_at = min(
        (
            ask.answered_at
            for ask in evidence.asks.values()
            if ask.first.name == "open" and ask.first.branch == attempt.branch and ask.first.args == attempt.args
        ),
        default=NEVER,
    )
    return opened_at > attempt.sent_at


def _of(attempt: Attempt) -> str:
    where = f"{attempt.sent_at:.3f}–{attempt.ended_at:.3f} s"
    return f"{attempt.name} {attempt.args} of {attempt.client} by {attempt.server} at {where} (key {attempt.key})"


RULES = (nobody_waits, refused_rightly)
