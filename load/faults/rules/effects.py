"""What readers did outside: at least once, in order, under ids that stay the same, and nothing left out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from load.faults.history import Delivered
from load.faults.rules.evidence import FINAL, Evidence, Violation, grouped

VISIT = "vn.layso.visit.v1"
READER = "dossier"


def told_all(evidence: Evidence) -> Iterator[Violation]:
    told = {record["id"]: record for record in _visits(evidence)}
    for ticket in evidence.dump.tickets:
        name = f"{ticket.id}/{ticket.revision}"
        if ticket.state in FINAL and name not in told:
            yield Violation("untold", f"the backend was not told of {name} ({ticket.branch}, {ticket.number})")
        elif ticket.state in FINAL and told[name]["data"]["outcome"] != ticket.outcome:
            yield Violation("record", f"{name} was told as {told[name]['data']['outcome']}, and is {ticket.outcome}")
    for name, record in told.items():
        if record["subject"] not in evidence.tickets:
            yield Violation("record", f"the backend was told of {name}, which is no ticket")
    for name in evidence.dump.parked:
        yield Violation("parked", f"the backend, which takes everything, is said to have refused {name}")


def stable_ids(evidence: Evidence) -> Iterator[Violation]:
    for name, records in grouped(_visits(evidence), lambda record: record["id"]).items():
        if any(record != records[0] for record in records):
            yield Violation("record", f"{name} was told in different ways")


def in_order(evidence: Evidence) -> Iterator[Violation]:
    """Of each branch in the order of the journal, where the first telling of each counts."""
    ended = {ticket: course[-1].seq for ticket, course in evidence.courses.items()}
    first: dict[str, dict[str, Any]] = {}
    for record in _visits(evidence):
        first.setdefault(record["subject"], record)
    known = (subject for subject in first if subject in evidence.tickets)
    for branch, subjects in grouped(known, lambda subject: evidence.tickets[subject].branch).items():
        for before, after in pairwise(subjects):
            if ended[before] > ended[after]:
                yield Violation("order", f"{branch}: {before} was told before {after}, and ended after it")


def cursors_at_the_end(evidence: Evidence) -> Iterator[Violation]:
    at = {cursor.branch: cursor.seq for cursor in evidence.dump.cursors if cursor.reader == READER}
    for head in evidence.dump.heads:
        seq = at.get(head.branch, 0)
        if seq != head.seq:
            yield Violation("cursor", f"{READER} is at {seq} of {head.branch}, which ends at {head.seq}")


def _visits(evidence: Evidence) -> list[dict[str, Any]]:
    return [each.record for each in evidence.of(Delivered) if each.record["type"] == VISIT]


RULES = (told_all, stable_ids, in_order, cursors_at_the_end)
