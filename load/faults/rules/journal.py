"""The journal by itself: gapless, of accepted commands only, with a life cycle that nobody left, and its projection."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from itertools import pairwise

from load.faults.dump import EventRow
from load.faults.rules.evidence import (
    AT_COUNTER,
    STATE_AFTER,
    STATES_BEFORE,
    Evidence,
    Violation,
    grouped,
)


def seq_without_gaps(evidence: Evidence) -> Iterator[Violation]:
    heads = {head.branch: head.seq for head in evidence.dump.heads}
    for branch, events in evidence.events.items():
        if [row.seq for row in events] != list(range(1, len(events) + 1)):
            yield Violation("seq-gap", f"{branch} has {len(events)} events, the last is {events[-1].seq}")
        if heads.get(branch) != events[-1].seq:
            yield Violation("head", f"{branch} ends at {events[-1].seq}, its head is at {heads.get(branch)}")


def commands_disjoint(evidence: Evidence) -> Iterator[Violation]:
    """Every event belongs to exactly one accepted command."""
    for branch, rows in grouped(evidence.dump.commands, lambda row: row.branch).items():
        ordered = sorted(rows, key=lambda row: row.first)
        for before, after in pairwise(ordered):
            if after.first <= before.last:
                yield Violation("ranges", f"{branch}: {before.key} and {after.key} share event {after.first}")
        owned = {seq for row in rows for seq in range(row.first, row.last + 1)}
        for row in evidence.events.get(branch, []):
            if row.seq not in owned:
                yield Violation("orphan", f"{branch}: event {row.seq} ({row.type}) belongs to no command")


def keys_once(evidence: Evidence) -> Iterator[Violation]:
    for key, count in Tally(row.key for row in evidence.dump.commands if row.actor != "timer").items():
        if count > 1:
            yield Violation("key-twice", f"{key} was accepted {count} times")
    timers = Tally((row.branch, row.key) for row in evidence.dump.commands if row.actor == "timer")
    for (branch, key), count in timers.items():
        if count > 1:
            yield Violation("key-twice", f"{branch}: {key} was done {count} times")


def numbers_once(evidence: Evidence) -> Iterator[Violation]:
    issued = [row for row in evidence.dump.events if row.type == "ticket.issued"]
    for (branch, day, number), count in Tally((row.branch, row.day, row.event["number"]) for row in issued).items():
        if count > 1:
            yield Violation("number-twice", f"{number} was given {count} times in {branch} on {day}")
    for ticket, count in Tally(row.event["ticket"] for row in issued).items():
        if count > 1:
            yield Violation("number-twice", f"the ticket {ticket} was born {count} times")


def called_once(evidence: Evidence) -> Iterator[Violation]:
    """A ticket goes its way step by step, and at a counter is one at a time."""
    for branch, events in evidence.events.items():
        states: dict[str, str] = {}
        places: dict[str, int] = {}
        for row in (row for row in events if row.type in STATE_AFTER):
            ticket, counter = row.event["ticket"], row.event.get("counter")
            before = states.get(ticket)
            if row.type != "ticket.issued" and before not in STATES_BEFORE[row.type]:
                rule = "called-twice" if row.type == "ticket.called" else "life-cycle"
                yield Violation(rule, f"{branch}: {row.type} of {ticket} at {row.seq}, which was {before}")
            states[ticket] = STATE_AFTER[row.type]
            if states[ticket] not in AT_COUNTER:
                places.pop(ticket, None)
            elif counter is not None:
                places[ticket] = counter
                yield from _crowd(row, branch, places, counter)


def _crowd(row: EventRow, branch: str, places: dict[str, int], counter: int) -> Iterator[Violation]:
    there = [ticket for ticket, place in places.items() if place == counter]
    if len(there) > 1:
        yield Violation("two-at-a-counter", f"{branch}: {there} are at counter {counter} since {row.seq}")


def tickets_as_events_say(evidence: Evidence) -> Iterator[Violation]:
    folded: dict[str, tuple[str, str, str, str]] = {}
    for row in evidence.dump.events:
        ticket = row.event.get("ticket")
        if row.type == "ticket.issued":
            folded[row.event["ticket"]] = (row.branch, row.event["number"], row.event["field"], "waiting")
        elif ticket in folded and row.type in STATE_AFTER:
            folded[ticket] = (*folded[ticket][:3], STATE_AFTER[row.type])
    found = {row.id: (row.branch, row.number, row.field, row.state) for row in evidence.dump.tickets}
    for ticket in folded.keys() | found.keys():
        if folded.get(ticket) != found.get(ticket):
            yield Violation(
                "projection", f"{ticket} is {found.get(ticket)}, and by its events {folded.get(ticket)}"
            )  # fmt: skip


RULES = (seq_without_gaps, commands_disjoint, keys_once, numbers_once, called_once, tickets_as_events_say)
