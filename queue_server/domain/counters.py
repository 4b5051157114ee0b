"""A counter during a service day. "Serving" is not stored: a counter serves while a ticket is served at it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class CounterState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PAUSED = "paused"


class Counter(Struct, frozen=True, omit_defaults=True):
    """Who is at a counter since when; `fields` are what it takes today, `helps` what it may take besides."""

    no: int
    fields: tuple[str, ...]
    helps: tuple[str, ...] = ()
    state: CounterState = CounterState.CLOSED
    clerk: str | None = None
    since: datetime | None = None
    reason: str | None = None
    priority_run: int = 0
    is_retired: bool = False

    @property
    def is_open(self) -> bool:
        return self.state is CounterState.OPEN

    def can_serve(self, field: str) -> bool:
        return field in self.fields or field in self.helps
