"""History and dump, joined: which command left which event, and between which instants that must have been.

The server decides a command somewhere between its first sending and its first answer. A command that was never answered
may have been decided at any time after it was sent, or never. The journal's order narrows both: an event is no earlier
than those before it on the same ticket, and no later than those after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

from msgspec import Struct

from load.faults.dump import CommandRow, Dump, EventRow, TicketRow
from load.faults.history import AnyRecord, Attempt

R = TypeVar("R")

NEVER = float("inf")
STATE_AFTER = {
    "ticket.issued": "waiting",
    "ticket.called": "called",
    "ticket.recalled": "called",
    "ticket.serving": "serving",
    "ticket.finished": "finished",
    "ticket.no_show": "no_show",
    "ticket.returned": "waiting",
    "ticket.held": "held",
    "ticket.cancelled": "cancelled",
}
STATES_BEFORE = {
    "ticket.called": {"waiting", "held"},
    "ticket.recalled": {"called"},
    "ticket.serving": {"called", "held"},
    "ticket.finished": {"serving"},
    "ticket.no_show": {"called"},
    "ticket.returned": {"called"},
    "ticket.held": {"serving"},
    "ticket.cancelled": {"waiting", "called", "held"},
}
"""The life cycle as far as the load goes, written here by hand."""
AT_COUNTER = frozenset({"called", "serving"})
FINAL = frozenset({"finished", "no_show", "cancelled"})


class Violation(Struct, frozen=True):
    """A rule that was broken, and by what."""

    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


class Ask(Struct):
    """One command with all its attempts."""

    key: str
    attempts: list[Attempt]

    @property
    def first(self) -> Attempt:
        return self.attempts[0]

    @property
    def answers(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.outcome == "answered"]

    @property
    def sent_at(self) -> float:
        return self.attempts[0].sent_at

    @property
    def answered_at(self) -> float:
        """When its sender knew that it was carried out: "nobody waits" is decided afresh at the next attempt."""
        return min((answer.ended_at for answer in self.answers if answer.data is not None), default=NEVER)


class Step(Struct):
    """One event of a ticket: the state after it, where the ticket was then, and when it happened at the earliest and at
    the latest."""

    seq: int
    state: str
    counter: int | None
    key: str
    from_at: float
    until_at: float


class Evidence:
    def __init__(self, records: Iterable[AnyRecord], dump: Dump) -> None:
        self.records = list(records)
        self.dump = dump

    def of(self, kind: type[R]) -> Iterator[R]:
        return (record for record in self.records if isinstance(record, kind))

    @cached_property
    def asks(self) -> dict[str, Ask]:
        found: dict[str, Ask] = {}
        for attempt in sorted(self.of(Attempt), key=lambda attempt: attempt.sent_at):
            found.setdefault(attempt.key, Ask(attempt.key, [])).attempts.append(attempt)
        return found

    @cached_property
    def commands(self) -> dict[str, CommandRow]:
        return {row.key: row for row in self.dump.commands}

    @cached_property
    def events(self) -> dict[str, list[EventRow]]:
        """By branch, in order."""
        return grouped(self.dump.events, lambda row: row.branch)

    @cached_property
    def tickets(self) -> dict[str, TicketRow]:
        return {row.id: row for row in self.dump.tickets}

    @cached_property
    def key_at(self) -> dict[tuple[str, int], str]:
        """Which command left an event."""
        return {
            (row.branch, seq): row.key for row in self.dump.commands for seq in range(row.first, row.last + 1)
        }  # fmt: skip

    def events_of(self, command: CommandRow) -> Sequence[EventRow]:
        """What it has left; the journal is known to have no gap, or else that is reported."""
        return self.events.get(command.branch, [])[command.first - 1 : command.last]

    @cached_property
    def courses(self) -> dict[str, list[Step]]:
        """By ticket, its events in order, with the instants between which each happened."""
        found: dict[str, list[Step]] = defaultdict(list)
        for row in self.dump.events:
            state, ticket = STATE_AFTER.get(row.type), row.event.get("ticket")
            if state is not None and ticket is not None:
                before = found[ticket][-1].counter if found[ticket] else None
                found[ticket].append(self._step(row, state, row.event.get("counter", before)))
        for course in found.values():
            for earlier, later in pairwise(course):
                later.from_at = max(later.from_at, earlier.from_at)
            for later, earlier in pairwise(reversed(course)):
                earlier.until_at = min(earlier.until_at, later.until_at)
        return dict(found)

    def _step(self, row: EventRow, state: str, counter: int | None) -> Step:
        key = self.key_at.get((row.branch, row.seq), "")
        ask = self.asks.get(key)
        from_at, until_at = (ask.sent_at, ask.answered_at) if ask is not None else (-NEVER, NEVER)
        return Step(row.seq, state, counter, key, from_at, until_at)

    def possible(self, ticket: str, attempt: Attempt) -> list[Step]:
        """After which of its events a ticket may have been while this attempt was decided. One that is refused was not
        carried out before: else its first answer would have been given again."""
        found: list[Step] = []
        course = self.courses.get(ticket, [])
        for number, step in enumerate(course):
            if step.key == attempt.key:
                break
            left_at = course[number + 1].until_at if number + 1 < len(course) else NEVER
            if step.from_at < attempt.ended_at and left_at > attempt.sent_at:
                found.append(step)
        return found


def grouped(rows: Iterable[R], key: Callable[[R], Any]) -> dict[Any, list[R]]:
    found: dict[Any, list[R]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def position_of(data: Any) -> tuple[str, int] | None:
    """Epoch and seq of an answer."""
    text = data.get("position") if isinstance(data, dict) else None
    if text is None:
        return None
    epoch, _, seq = text.rpartition(".")
    return epoch, int(seq)
