"""The waits that people were told with their numbers, against what came true: of a recorded day, or the living demo's.

    python -m load.told DATA [--branch CODE] [--day YYYY-MM-DD]   # a data folder whose server is stopped, or a backup
    python -m load.told --live 30                                 # plays `./run --live` for half an hour first

One table for each quarter of an hour of arrivals, from the first of the day on. Whoever is not called yet counts as
missed when the range is over, and is left out until then. Below them the misses: what was believed when the number was
given (counters for the field, mean seconds from a call to the next, people ahead), and what happened until then.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from statistics import fmean

from msgspec import Struct

from load.proof import Product
from load.simulate.recorded import read_records
from queue_server.domain import events as ev
from queue_server.domain.apply import apply
from queue_server.domain.learning import Learnt, services_of
from queue_server.domain.scene import learnt_by, scene_of
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Estimate, StintKind, Ticket
from queue_server.domain.visits import first_field, is_waiting_first, told_and_true
from queue_server.foreseeing.foreseer import LEARNS_S

PART_S = 15 * 60.0


class Belief(Struct, frozen=True):
    """When a number was given: counters for its field that work or are expected to, the mean seconds that one is
    occupied, and who waits for the field."""

    counters: int
    service_s: float
    people: int


class Told(Struct, frozen=True):
    """Somebody who was told a wait. `arrived_s` counts from the day's first number; `true_s` is at least so much where
    nobody has called yet."""

    number: str
    field: str
    arrived_s: float
    estimate: Estimate
    true_s: float
    is_called: bool
    belief: Belief
    came: Belief
    """The counters that called its field meanwhile, the mean of what ended in it, and how many were called."""

    @property
    def is_within(self) -> bool:
        """The range as people read it, which should hold for four out of five at least."""
        return self.is_called and self.estimate.low_s <= round(self.true_s) <= self.estimate.high_s

    @property
    def is_known(self) -> bool:
        """Whether it can be judged already."""
        return self.is_called or self.true_s > self.estimate.high_s


def told_of(records: Sequence[ev.Recorded]) -> list[Told]:
    """Everybody of a day's records, in order of arrival, who was told a wait and can be judged."""
    state, beliefs = BranchState(), dict[str, Belief]()
    learnt, learnt_at = Learnt(), records[0].at
    for record in records:
        apply(state, record)
        if isinstance(record.event, ev.TicketIssued):
            if not beliefs or (record.at - learnt_at).total_seconds() > LEARNS_S:
                learnt, learnt_at = learnt_by(state), record.at
            beliefs[record.event.ticket] = _belief(state, state.ticket(record.event.ticket), record.at, learnt)
    tickets = list(state.tickets.values())
    first_at, now = tickets[0].issued_at if tickets else records[-1].at, records[-1].at
    found = (_told(ticket, tickets, beliefs.get(ticket.id), first_at, now) for ticket in tickets)
    return [each for each in found if each is not None and each.is_known]


def _belief(state: BranchState, ticket: Ticket, now: datetime, learnt: Learnt) -> Belief:
    scene = scene_of(state, now, learnt)
    assert scene is not None
    field = scene.fields.index(ticket.field)
    takers = [place for place in scene.places if place.spells and any(code == field for code, _ in place.takes)]
    service_s = fmean(place.laws[field].mean_s for place in takers) if takers else 0.0
    return Belief(len(takers), service_s, state.waiting_count(ticket.field) - 1)


def _told(
    ticket: Ticket, tickets: Sequence[Ticket], belief: Belief | None, first_at: datetime, now: datetime
) -> Told | None:
    judged, estimate = told_and_true(ticket), ticket.told
    if estimate is None or belief is None or (judged is None and not is_waiting_first(ticket)):
        return None
    called_at = ticket.stints[0].end or now
    return Told(
        number=ticket.number,
        field=first_field(ticket),
        arrived_s=(ticket.issued_at - first_at).total_seconds(),
        estimate=estimate,
        true_s=(called_at - estimate.made_at).total_seconds(),
        is_called=judged is not None,
        belief=belief,
        came=_came(first_field(ticket), tickets, ticket.issued_at, called_at),
    )


def _came(code: str, tickets: Iterable[Ticket], since: datetime, until: datetime) -> Belief:
    """What happened in this field in the meantime."""
    calls: list[int | None] = []
    services: list[float] = []
    for ticket in tickets:
        calls += [
            stint.counter
            for stint in ticket.stints
            if stint.kind is StintKind.WALKING and stint.field == code and since <= stint.start < until
        ]
        if ticket.final_at is not None and since <= ticket.final_at <= until:
            services += [seconds for field, _, seconds, _ in services_of(ticket) if field == code]
    return Belief(len(set(calls)), fmean(services) if services else 0.0, len(calls))


# -- saying it ---------------------------------------------------------------------------------------------------------


def report(found: Sequence[Told]) -> Iterator[str]:
    parts = sorted({int(each.arrived_s // PART_S) for each in found})
    for part in parts:
        within = [each for each in found if int(each.arrived_s // PART_S) == part]
        yield f"\n## Who came in minutes {part * 15}–{part * 15 + 15}\n"
        yield "| field | people | within the range | mean error, s | bias, s | mean wait, s |"
        yield "|---|---:|---:|---:|---:|---:|"
        yield _row("all", within)
        for code in dict.fromkeys(each.field for each in within):
            yield _row(code, [each for each in within if each.field == code])
    yield "\n## Missed\n"
    yield "| number | field | minute | told, s | true, s | believed: counters, seconds, ahead | came: the same |"
    yield "|---|---|---:|---|---:|---|---|"
    for each in found:
        if not each.is_within:
            yield _miss(each)


def _row(name: str, found: Sequence[Told]) -> str:
    errors = [each.estimate.likely_s - each.true_s for each in found]
    figures = f"{fmean(each.is_within for each in found):.0%} | {fmean(map(abs, errors)):.0f} | {fmean(errors):+.0f}"
    return f"| {name} | {len(found)} | {figures} | {fmean(each.true_s for each in found):.0f} |"


def _miss(each: Told) -> str:
    told = f"{each.estimate.likely_s} ({each.estimate.low_s}–{each.estimate.high_s})"
    true = f"{each.true_s:.0f}" if each.is_called else f"over {each.true_s:.0f}"
    believed, came = (f"{x.counters}, {x.service_s:.0f}, {x.people}" for x in (each.belief, each.came))
    return f"| {each.number} | {each.field} | {each.arrived_s / 60:.1f} | {told} | {true} | {believed} | {came} |"


# -- the command -------------------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--live", type=float, metavar="MINUTES")
    parser.add_argument("--branch", default="go-vap")
    parser.add_argument("--day", type=date.fromisoformat, help="the last one, unless it is said")
    given = parser.parse_args()
    if (given.data is None) == (given.live is None):
        parser.error("name a data folder, or --live")
    with tempfile.TemporaryDirectory(prefix="layso-told-") as folder:
        data = given.data
        if given.live is not None:
            with Product(Path(folder), "--live") as hall:
                data = hall.data
                time.sleep(given.live * 60)
        for line in report(told_of(read_records(data, given.branch, given.day))):
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
