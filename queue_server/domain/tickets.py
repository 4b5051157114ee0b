"""A ticket and its history: one citizen's turn on one service day, as a value."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace


class TicketState(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    HELD = "held"
    FINISHED = "finished"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    VOIDED = "voided"
    REBOOKED = "rebooked"
    EXPIRED = "expired"


class Stream(StrEnum):
    """In which of its field's queues a waiting ticket stands: statutory priority, those who are owed a turn (an
    appointment that was kept, or a return), and everybody else."""

    PRIORITY = "priority"
    DUE = "due"
    ORDINARY = "ordinary"


LIVE = frozenset({TicketState.WAITING, TicketState.CALLED, TicketState.SERVING, TicketState.HELD})
AT_COUNTER = frozenset({TicketState.CALLED, TicketState.SERVING})


Level = Literal["very_satisfied", "satisfied", "neutral", "dissatisfied"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""How satisfied a citizen is, best first."""


class StintKind(StrEnum):
    WAITING = "waiting"
    WALKING = "walking"
    SERVICE = "service"
    HOLD = "hold"


KIND_OF = {
    TicketState.WAITING: StintKind.WAITING,
    TicketState.CALLED: StintKind.WALKING,
    TicketState.SERVING: StintKind.SERVICE,
    TicketState.HELD: StintKind.HOLD,
}


class Stint(Struct, frozen=True, gc=False, omit_defaults=True):
    """One interval of a visit: waiting, walking to the counter, service or hold; `end` is None while it runs.

    `ended` names the event that ended it; `is_inexact` marks a start or an end that nobody saw (an arrival during a
    power cut, a forgotten service).
    """

    kind: StintKind
    start: datetime
    field: str
    step: int = 0
    counter: int | None = None
    clerk: str | None = None
    end: datetime | None = None
    ended: str | None = None
    is_inexact: bool = False


class Estimate(Struct, frozen=True, gc=False):
    """A wait as told to a citizen, in seconds from `made_at`: the likely value and an 80 % range."""

    likely_s: int
    low_s: int
    high_s: int
    made_at: datetime


class Mark(Struct, frozen=True, gc=False, omit_defaults=True):
    """The last change of a ticket: what `undo` needs to know whether it may be taken back, and by whom."""

    seq: int
    actor: str
    at: datetime
    type: str


class Rebooking(Struct, frozen=True, gc=False):
    """The ticket that a citizen has instead on another day, with the number told on paper."""

    day: date
    as_ticket: str
    number: str
    series: str
    ordinal: int


class Rating(Struct, frozen=True, gc=False, omit_defaults=True):
    """How satisfied the citizen was, and the codes of the reasons that were named; `comment` stands for their words."""

    level: Level
    at: datetime
    reasons: tuple[str, ...] = ()
    comment: str = ""


class Ticket(Struct, frozen=True, gc=False, omit_defaults=True):
    """One citizen's turn. `arrival_at` starts the wait; `queue_at` orders the queue (the same, unless reinstated).

    `appointment` is an appointed time that the citizen kept; `is_returning` is somebody who comes back from a hold.
    `dossiers_done` counts those of a bulk submitter's earlier turns. `counter` is where the ticket is called, served or
    held; `only_counter` and `only_clerk` bind a waiting ticket; it goes `back` to that counter with its next step.
    `held_for` is why it was held last; colleagues wrote so many `notes`, and entered so many `codes` of dossiers.
    `revision` grows each time the ticket becomes final, so that a later correction outranks an earlier record.
    `person` stands for a citizen whose card was scanned; no row, record or paper shows it.
    """

    id: str
    number: str
    series: str
    ordinal: int
    field: str
    state: TicketState
    issued_at: datetime
    arrival_at: datetime
    queue_at: datetime
    last: Mark
    stints: tuple[Stint, ...]
    priority: str | None = None
    is_priority_confirmed: bool = True
    channel: str = "dispenser"
    language: str = "vi"
    procedures: tuple[str, ...] = ()
    dossiers: int = 1
    assistance: str | None = None
    counter: int | None = None
    clerk: str | None = None
    only_counter: int | None = None
    only_clerk: str | None = None
    back: int | None = None
    bound_at: datetime | None = None
    not_before: datetime | None = None
    appointment: datetime | None = None
    is_returning: bool = False
    dossiers_done: int = 0
    call: int = 0
    times_called: int = 0
    times_postponed: int = 0
    times_reinstated: int = 0
    held_for: str = ""
    notes: int = 0
    codes: int = 0
    steps: tuple[str, ...] = ()
    step: int = 0
    told: Estimate | None = None
    outcome: str | None = None
    final_at: datetime | None = None
    rebooked: Rebooking | None = None
    revision: int = 0
    person: str | None = None
    rating: Rating | None = None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def has_priority(self) -> bool:
        return self.priority is not None and self.is_priority_confirmed

    @property
    def stream(self) -> Stream:
        if self.has_priority:
            return Stream.PRIORITY
        is_expected = self.appointment is not None and not self.dossiers_done
        return Stream.DUE if self.is_returning or is_expected else Stream.ORDINARY

    @property
    def dossiers_left(self) -> int:
        return max(0, self.dossiers - self.dossiers_done)

    @property
    def further(self) -> tuple[str, ...]:
        """The fields in which the visit goes on after this one."""
        return self.steps[self.step :]

    @property
    def came_from(self) -> int | None:
        """The counter at which it was last before it came to where it is now."""
        places = (stint.counter for stint in reversed(self.stints))
        return next((no for no in places if no is not None and no != self.counter), None)

    @property
    def order(self) -> tuple[datetime, datetime, int]:
        """Where it stands in its queue; the series ordinal breaks ties of one instant."""
        return (self.queue_at, self.arrival_at, self.ordinal)


def enter(ticket: Ticket, state: TicketState, mark: Mark, *, is_inexact: bool = False, **changes: object) -> Ticket:
    """The ticket in another state: the running stint ends with this event, and the next one begins."""
    ended = ticket.stints
    if ended and ended[-1].end is None:
        start = min(ended[-1].start, mark.at)  # a rebooked ticket may go before its day's wait has begun
        is_inexact = is_inexact or ended[-1].is_inexact
        last = replace(ended[-1], start=start, end=mark.at, ended=mark.type, is_inexact=is_inexact)
        ended = (*ended[:-1], last)
    moved = replace(ticket, state=state, last=mark, **changes)
    kind = KIND_OF.get(state)
    if kind is None:
        return replace(moved, stints=ended, final_at=mark.at, revision=ticket.revision + 1)
    stint = Stint(kind, mark.at, moved.field, moved.step, moved.counter, moved.clerk)
    return replace(moved, stints=(*ended, stint), final_at=None)
