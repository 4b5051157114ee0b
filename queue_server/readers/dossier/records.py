"""The records, as CloudEvents 1.0: what is told of a visit, and what never is (identity, class, notes, tokens, clerk).

`id` is the ticket's id and its revision: a receiver keeps, for each ticket, the record of the highest revision.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from datetime import date, datetime
from hashlib import sha256

from msgspec import Struct

from queue_server.domain.tickets import Stint, StintKind, Ticket, TicketState
from queue_server.domain.visits import first_wait

VISIT = "vn.layso.visit.v1"
DAY = "vn.layso.day.v1"
NEVER_SENT = frozenset({TicketState.VOIDED})


class StintRecord(Struct, frozen=True):
    """One interval of the visit. `ended` names the event that ended it."""

    kind: str
    start: datetime
    end: datetime
    field: str
    step: int
    counter: int | None
    ended: str
    is_inexact: bool


class VisitRecord(Struct, frozen=True):
    """A visit that is over. Times in seconds: `first_wait_s` until the first call, `wait_s` all waiting together."""

    ticket: str
    revision: int
    branch: str
    service_day: date
    number: str
    field: str
    procedures: list[str]
    counter: int | None
    has_priority: bool
    channel: str
    dossiers: int
    outcome: str
    issued_at: datetime
    arrival_at: datetime
    final_at: datetime
    first_wait_s: float
    wait_s: float
    walking_s: float
    service_s: float
    hold_s: float
    is_inexact: bool
    stints: list[StintRecord]


class DayRecord(Struct, frozen=True):
    """A day's books. `digest` is SHA-256 over the sorted lines "TICKET/REVISION OUTCOME" of every visit record."""

    branch: str
    service_day: date
    outcomes: dict[str, int]
    visits: int
    digest: str


class CloudEvent(Struct, frozen=True):
    """The envelope, in structured JSON mode."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: VisitRecord | DayRecord
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


def visit(branch: str, day: date, ticket: Ticket) -> CloudEvent:
    """The record of a final ticket at its present revision."""
    assert ticket.final_at is not None
    spent = _spent(ticket.stints)
    counters = [stint.counter for stint in ticket.stints if stint.counter is not None]
    record = VisitRecord(
        ticket=ticket.id,
        revision=ticket.revision,
        branch=branch,
        service_day=day,
        number=ticket.number,
        field=ticket.field,
        procedures=list(ticket.procedures),
        counter=counters[-1] if counters else None,
        has_priority=ticket.priority is not None and ticket.is_priority_confirmed,
        channel=ticket.channel,
        dossiers=ticket.dossiers,
        outcome=ticket.outcome or ticket.state.value,
        issued_at=ticket.issued_at,
        arrival_at=ticket.arrival_at,
        final_at=ticket.final_at,
        first_wait_s=round(first_wait(ticket).total_seconds(), 3),
        wait_s=spent[StintKind.WAITING],
        walking_s=spent[StintKind.WALKING],
        service_s=spent[StintKind.SERVICE],
        hold_s=spent[StintKind.HOLD],
        is_inexact=any(stint.is_inexact for stint in ticket.stints),
        stints=[_stint(stint, ticket.final_at) for stint in ticket.stints],
    )
    name = f"{ticket.id}/{ticket.revision}"
    return CloudEvent(name, f"/branches/{branch}", VISIT, ticket.id, ticket.final_at, record)


def day(branch: str, service_day: date, tickets: Iterable[Ticket], at: datetime) -> CloudEvent:
    """The record of a day that has been closed, over all its visits."""
    sent = [t for t in tickets if t.final_at is not None and t.state not in NEVER_SENT]
    outcomes = Tally(ticket.outcome or ticket.state.value for ticket in sent)
    record = DayRecord(branch, service_day, dict(sorted(outcomes.items())), len(sent), digest(sent))
    return CloudEvent(f"{branch}/{service_day}/1", f"/branches/{branch}", DAY, f"{branch}/{service_day}", at, record)


def digest(tickets: Iterable[Ticket]) -> str:
    lines = sorted(f"{t.id}/{t.revision} {t.outcome or t.state.value}" for t in tickets)
    return sha256("\n".join(lines).encode()).hexdigest()


def _spent(stints: Iterable[Stint]) -> dict[StintKind, float]:
    spent = dict.fromkeys(StintKind, 0.0)
    for stint in stints:
        if stint.end is not None:
            spent[stint.kind] += (stint.end - stint.start).total_seconds()
    return {kind: round(seconds, 3) for kind, seconds in spent.items()}


def _stint(stint: Stint, final_at: datetime) -> StintRecord:
    return StintRecord(
        stint.kind.value,
        stint.start,
        stint.end or final_at,
        stint.field,
        stint.step,
        stint.counter,
        stint.ended or "",
        stint.is_inexact,
    )
