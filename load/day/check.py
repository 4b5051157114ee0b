"""Does the day add up? Read from the journal's file by plain SQL and JSON, by none of the server's code."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct

FINAL = {
    "ticket.finished": "finished",
    "ticket.no_show": "no_show",
    "ticket.cancelled": "cancelled",
    "ticket.voided": "voided",
    "ticket.rebooked": "rebooked",
    "ticket.expired": "expired",
}
REOPENS = frozenset({"ticket.reinstated", "ticket.undone"})


class Day(Struct, frozen=True):
    """What the journal says happened."""

    numbers: dict[str, str]
    ends: dict[str, str]
    calls: dict[int, str]
    jobs: dict[str, str]
    """Print jobs and the numbers on them; a job is named by its ticket and the seq that asked for it."""
    reports: dict[str, str]
    """The last outcome that was reported of each job."""
    seqs: list[int]


def read_day(database: Path, branch: str) -> Day:
    """Fold the events of the whole file, once more and by hand."""
    numbers: dict[str, str] = {}
    ends: dict[str, str] = {}
    calls: dict[int, str] = {}
    jobs: dict[str, str] = {}
    reports: dict[str, str] = {}
    seqs: list[int] = []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT seq, type, body FROM event WHERE branch_id = ? ORDER BY seq", (branch,))
        for seq, kind, body in rows:
            event = json.loads(body)["event"]
            seqs.append(seq)
            if kind == "ticket.issued":
                numbers[event["ticket"]] = event["number"]
                if event.get("printer"):
                    jobs[f"{event['ticket']}-{seq}"] = event["number"]
            elif kind == "paper.reported":
                reports[event["job"]] = event["outcome"]
            elif kind in FINAL:
                ends[event["ticket"]] = FINAL[kind]
            elif kind in REOPENS:
                ends.pop(event["ticket"], None)
            elif kind in ("ticket.called", "ticket.recalled"):
                calls[seq] = event["number"]
    return Day(numbers, ends, calls, jobs, reports, seqs)


def faults(
    day: Day,
    *,
    told: Mapping[str, str],
    shown: Mapping[int, str],
    records: Iterable[Mapping[str, Any]] | None = None,
    papers: Iterable[str] | None = None,
) -> list[str]:
    """Everything that does not add up: `told` are numbers by ticket that citizens were given, `shown` the calls that a
    display saw, `records` what the dossier backend received, `papers` the numbers on unmarked papers."""
    found = []
    if day.seqs != list(range(day.seqs[0], day.seqs[-1] + 1)):
        found.append("the journal has a gap")
    for number, count in Counter(day.numbers.values()).items():
        if count > 1:
            found.append(f"number {number} was given {count} times")
    found += [
        f"{ticket} was told {n} but is {day.numbers.get(ticket)}"
        for ticket, n in told.items()
        if day.numbers.get(ticket) != n
    ]
    found += [f"{number} ended in no final state" for ticket, number in day.numbers.items() if ticket not in day.ends]
    found += [f"call {seq} of {number} was not shown" for seq, number in day.calls.items() if shown.get(seq) != number]
    found += [f"call {seq} was shown but never made" for seq in shown if seq not in day.calls]
    if records is not None:
        found += _record_faults(day, list(records))
    if papers is not None:
        found += _paper_faults(day, Counter(papers))
    return found


def _record_faults(day: Day, records: list[Mapping[str, Any]]) -> list[str]:
    visits = {r["data"]["ticket"]: r for r in records if r["type"] == "vn.layso.visit.v1"}
    expected = {ticket for ticket, end in day.ends.items() if end != "voided"}
    missing = [f"no record of {day.numbers.get(ticket, ticket)}" for ticket in expected - set(visits)]
    extra = [f"a record of unknown ticket {ticket}" for ticket in set(visits) - expected]
    doubled = [f"record {r_id} came {n} times" for r_id, n in Counter(r["id"] for r in records).items() if n > 1]
    days = [r for r in records if r["type"] == "vn.layso.day.v1"]
    wrong = [] if any(sum(r["data"]["outcomes"].values()) == len(expected) for r in days) else ["no true day record"]
    return [*missing, *extra, *doubled, *wrong]


def _paper_faults(day: Day, papers: Counter[str]) -> list[str]:
    numbers = set(day.numbers.values())
    missing = [f"no paper of {number}" for number in numbers - set(papers)]
    strange = [f"{count} times {number}" for number, count in papers.items() if number not in numbers]
    doubled = [f"{count} papers of {number}" for number, count in papers.items() if count > 1]
    return [*missing, *strange, *doubled]
