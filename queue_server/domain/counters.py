"""A counter during a service day. "Serving" is not stored: a counter serves while a ticket is served at it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from queue_server.domain.tickets import Stream


class CounterState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PAUSED = "paused"


class Runs(Struct, frozen=True, gc=False, omit_defaults=True):
    """What was called last at a counter: so many of priority in a row, of those who were due in a row, and so many
    others since the last one of priority."""

    priority: int = 0
    due: int = 0
    ordinary: int = 0

    def then(self, stream: Stream) -> Runs:
        match stream:
            case Stream.PRIORITY:
                return Runs(priority=self.priority + 1)
            case Stream.DUE:
                return Runs(due=self.due + 1, ordinary=self.ordinary + 1)
            case Stream.ORDINARY:
                return Runs(ordinary=self.ordinary + 1)


class Counter(Struct, frozen=True, omit_defaults=True):
    """Who is at a counter since when; `fields` are what it takes today, `helps` what it may take besides. `runs_before`
    are those before its last call, for an undo of it: nothing else is called there as long as it can be taken back."""

    no: int
    fields: tuple[str, ...]
    helps: tuple[str, ...] = ()
    state: CounterState = CounterState.CLOSED
    clerk: str | None = None
    since: datetime | None = None
    reason: str | None = None
    runs: Runs = Runs()
    runs_before: Runs = Runs()
    is_retired: bool = False

    @property
    def is_open(self) -> bool:
        return self.state is CounterState.OPEN

    @property
    def takes(self) -> tuple[str, ...]:
        """All its fields, those it helps with last, each once."""
        return tuple(dict.fromkeys((*self.fields, *self.helps)))

    def can_serve(self, field: str) -> bool:
        return field in self.fields or field in self.helps
