"""Stored events to today's types. Stored bytes are never rewritten: each old version has one pure lift, here.

A type or version that this build does not know stops the branch (`UnknownEvent`); it is never skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec

from queue_server.domain.events import VERSIONS, EventType, Recorded, type_of

Lift = Callable[[dict[str, Any]], dict[str, Any]]


def _same(event: dict[str, Any]) -> dict[str, Any]:
    """What came new has a default that says how it was."""
    return event


def _with_caps(event: dict[str, Any]) -> dict[str, Any]:
    """A field's `daily_cap` became the day's bound of its `cap`; nobody counted how often one was overtaken."""
    config = event["config"]
    fields = [{**field, "cap": {"day": field.get("daily_cap")}} for field in config["fields"]]
    rule = {**config.get("rule", {}), "overtaken_most": None}
    return {**event, "config": {**config, "fields": fields, "rule": rule}}


LIFTS: dict[tuple[str, int], Lift] = {
    ("branch.configured", 1): _with_caps,
    ("day.opened", 1): _with_caps,
    ("ticket.issued", 1): _same,
    ("ticket.called", 1): _same,
    ("ticket.step_done", 1): _same,
}
"""(type, version) → the function that makes an event of the next version out of one of this version."""


class UnknownEvent(Exception):
    """The journal holds an event that this build does not know: a newer release wrote it."""


class Stored(msgspec.Struct, frozen=True):
    """An event's body as it lies in the journal, beside its columns seq, day, type and v."""

    at: datetime
    recorded_at: datetime
    actor: str
    event: EventType


class _StoredRaw(msgspec.Struct, frozen=True):
    at: datetime
    recorded_at: datetime
    actor: str
    event: dict[str, Any]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Stored)
_raw_decoder = msgspec.json.Decoder(_StoredRaw)


def version_of(event_type: str) -> int:
    return VERSIONS.get(event_type, 1)


def store(recorded: Recorded) -> tuple[str, int, bytes]:
    """Type, version and body of an event, as the journal keeps them."""
    event_type = type_of(recorded.event)
    body = _encoder.encode(Stored(recorded.at, recorded.recorded_at, recorded.actor, recorded.event))
    return event_type, version_of(event_type), body


def load(seq: int, day: date, event_type: str, version: int, body: bytes) -> Recorded:
    """The event that lies in the journal, lifted to today's version.

    Raises:
        UnknownEvent: its type or version is not known here, or its body is not one of that type.
    """
    current = version_of(event_type)
    try:
        stored = _decoder.decode(body) if version == current else _lifted(event_type, version, current, body)
    except msgspec.DecodeError as fault:
        raise UnknownEvent(f"{event_type} v{version} at {seq}: {fault}") from fault
    if type_of(stored.event) != event_type:
        raise UnknownEvent(f"{event_type} v{version} at {seq}: its body is {type_of(stored.event)}")
    return Recorded(seq, day, stored.at, stored.recorded_at, stored.actor, stored.event)


def _lifted(event_type: str, version: int, current: int, body: bytes) -> Stored:
    raw = _raw_decoder.decode(body)
    event = raw.event
    for v in range(version, current):
        lift = LIFTS.get((event_type, v))
        if lift is None:
            raise UnknownEvent(f"{event_type} v{v}")
        event = lift(event)
    if version > current:
        raise UnknownEvent(f"{event_type} v{version}")
    return Stored(raw.at, raw.recorded_at, raw.actor, msgspec.convert(event, EventType))
