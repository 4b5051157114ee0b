"""How fast a branch goes: who came and was served in the last hour, and who has waited long today.

Counted once over all tickets, then kept by what changed since, so that a hall with thousands of numbers costs no more
than one with ten.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from queue_server.domain.state import BranchState, Change
from queue_server.domain.tickets import StintKind, Ticket, TicketState
from queue_server.domain.visits import first_field, first_wait, is_wait_known, is_waiting_first

HOUR = 60
LIMITS = {minutes: timedelta(minutes=minutes) for minutes in (15, 30)}
"""Waits that citizens feel."""

UNCOUNTED_MAX = 1000
"""So many tickets are remembered while nobody asks."""

Entry = tuple[str, str, int]
"""(what, field, minute): "came" and "served" in that minute, "long" for a first wait over so many minutes."""


class FieldPace(Struct, frozen=True):
    """A field's last 60 minutes, and how many have waited over 15 and 30 minutes today."""

    came: int
    served: int
    over_15: int
    over_30: int


class Pace:
    """The tallies of one branch; `see` every batch of changes, or make a new one."""

    def __init__(self, state: BranchState) -> None:
        self._state = state
        self._was: dict[str, Ticket | None] = {}
        self._tallies: defaultdict[tuple[str, str], Tally[int]] = defaultdict(Tally)
        for ticket in state.tickets.values():
            self._count(ticket, 1)

    def see(self, changes: Iterable[Change]) -> None:
        """These changes are confirmed: remember what their tickets were, and count them when somebody asks."""
        for change in changes:
            if change.table == "tickets":
                self._was.setdefault(change.key, change.old)
        if len(self._was) > UNCOUNTED_MAX:
            self._settle()

    def of(self, field: str, now: datetime) -> FieldPace:
        """A field's pace, out of the confirmed state."""
        self._settle()
        late = Tally(minutes for ticket in self._waiting_first(field) for minutes in _passed(first_wait(ticket, now)))
        long = self._tallies["long", field]
        return FieldPace(
            came=_lately(self._tallies["came", field], _minute(now)),
            served=_lately(self._tallies["served", field], _minute(now)),
            over_15=long[15] + late[15],
            over_30=long[30] + late[30],
        )

    def _settle(self) -> None:
        for ticket_id, was in self._was.items():
            self._count(was, -1)
            self._count(self._state.tickets.get(ticket_id), 1)
        self._was.clear()

    def _count(self, ticket: Ticket | None, how_often: int) -> None:
        for what, field, minute in _entries(ticket):
            self._tallies[what, field][minute] += how_often

    def _waiting_first(self, field: str) -> Iterator[Ticket]:
        return filter(is_waiting_first, self._state.waiting_in(field))


def _entries(ticket: Ticket | None) -> Iterator[Entry]:
    """What one ticket adds to the tallies; its first wait once that is over."""
    if ticket is None or ticket.state is TicketState.VOIDED:
        return
    field = first_field(ticket)
    yield "came", field, _minute(ticket.arrival_at)
    for stint in ticket.stints:
        if stint.kind is StintKind.SERVICE and stint.end is not None and stint.ended != "ticket.held":
            yield "served", stint.field, _minute(stint.end)
    if not is_waiting_first(ticket) and is_wait_known(ticket):
        yield from (("long", field, minutes) for minutes in _passed(first_wait(ticket)))


def _lately(minutes: Tally[int], minute: int) -> int:
    """How many in the last hour; most branches have fewer busy minutes in a day than an hour has minutes."""
    first = minute - HOUR + 1
    if len(minutes) < HOUR:
        return sum(count for at, count in minutes.items() if first <= at <= minute)
    return sum(minutes[at] for at in range(first, minute + 1))


def _passed(wait: timedelta) -> Iterator[int]:
    return (minutes for minutes, limit in LIMITS.items() if wait > limit)


def _minute(at: datetime) -> int:
    return int(at.timestamp() // 60)
