"""`fleet.json`: what a load run must know of a fleet that was prepared, tokens included; for its owner's eyes only."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

NAME = "fleet.json"


class FieldNotes(Struct, frozen=True):
    """A field, its share of the visits in percent, and its service times (log-normal)."""

    code: str
    percent: float
    service_time_s: int
    service_time_cv: float


class CounterNotes(Struct, frozen=True):
    """A counter, its clerk's account, the token of their session (a browser's cookie), and the fields that it takes,
    or may help with."""

    no: int
    clerk: str
    session: str
    takes: list[str]


class PrinterNotes(Struct, frozen=True):
    device: str
    token: str


class BranchNotes(Struct, frozen=True):
    """One branch. `dispensers` and `displays` are device tokens (the printer beside the first dispenser is the first),
    `managers` session tokens; `visits` come on the whole day, `phones` may follow tickets at a time."""

    code: str
    name: str
    kind: str
    cluster: int | None
    visits: int
    priority_percent: float
    fields: list[FieldNotes]
    counters: list[CounterNotes]
    dispensers: list[str]
    printers: list[PrinterNotes]
    displays: list[str]
    managers: list[str]
    phones: int


class FleetNotes(Struct, frozen=True):
    scenario: str
    what: str
    day: str
    seed: int
    branches: list[BranchNotes]

    @property
    def counters(self) -> int:
        return sum(len(branch.counters) for branch in self.branches)

    @property
    def visits(self) -> int:
        return sum(branch.visits for branch in self.branches)

    @property
    def connections(self) -> int:
        """When everybody is there."""
        return sum(
            len(b.counters) + len(b.dispensers) + len(b.printers) + len(b.displays) + len(b.managers) + b.phones
            for b in self.branches
        )


def write_notes(file: Path, notes: FleetNotes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(msgspec.json.encode(notes))


def read_notes(file: Path) -> FleetNotes:
    return msgspec.json.decode(file.read_bytes(), type=FleetNotes)
