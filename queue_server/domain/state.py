"""The state of one branch: tables of values, changed only by `put`, with an undo log.

A host decides and applies a batch on this one state before the journal has it (the tentative state). `mark` starts the
log, `rollback` takes every change back when the append is refused, `changes` says what differs when it was accepted:
those rows, and no others, reach the projections, the channels and the ticket table.
Indexes are derived from the rows inside `put`, so they can never disagree with them.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter as Tally
from collections.abc import Iterator
from datetime import date, datetime
from itertools import takewhile
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from queue_server.domain.configuration import (
    BranchConfig,
    CapChannel,
    DayHours,
    Desk,
    Field,
    PriorityClass,
    Screen,
    Series,
    Text,
)
from queue_server.domain.counters import Counter
from queue_server.domain.events import AdviceTaken, Why
from queue_server.domain.learning import Learnt
from queue_server.domain.refusals import Refusal
from queue_server.domain.tickets import Stream, Ticket, TicketState

CALLS_KEPT = 24
"""How many calls a lobby board remembers: more than twenty counters calling in one second."""

Table = Literal[
    "day",
    "fields",
    "series",
    "counters",
    "tickets",
    "calls",
    "papers",
    "booked",
    "help",
    "given",
    "voices",
    "heard",
    "alarms",
]
TODAY = "today"
DELAYED = "delayed"


class ChangedHours(Struct, frozen=True):
    hours: DayHours
    reason: Text
    since: datetime


class Day(Struct, frozen=True):
    """The service day: its date, when it was opened and ended, and hours that differ from the plan.

    `changed` is keyed by field code, "" for the whole branch; `learnt` is what the days before have taught; `taken` is
    the advice that was taken today.
    """

    date: date
    opened_at: datetime
    changed: dict[str, ChangedHours]
    ended_at: datetime | None = None
    learnt: Learnt = Learnt()
    taken: tuple[AdviceTaken, ...] = ()


class Suspension(Struct, frozen=True):
    reason: Text
    since: datetime
    actor: str


class PriorityCall(NamedTuple):
    """A ticket with priority that came then was called, by the event of this seq."""

    arrival_at: datetime
    call: int


class FieldDay(Struct, frozen=True, gc=False):
    """A field's day so far. Of the numbers `issued`, so many in the morning, and so many through each channel of a cap.
    `uncovered_at`: since when people wait in it while no open counter takes it. `priority_calls` are those of counters
    that took it, whoever came first in front."""

    code: str
    issued: int = 0
    issued_morning: int = 0
    issued_by: dict[CapChannel, int] = {}
    suspended: Suspension | None = None
    uncovered_at: datetime | None = None
    priority_calls: tuple[PriorityCall, ...] = ()


class CallShown(Struct, frozen=True, gc=False):
    """A call as the lobby gets it, in the order of `call` (the event's seq). `shown_at` and `spoken_at` are when a
    screen first told that it has been."""

    call: int
    ticket: str
    number: str
    field: str
    counter: int
    times: int
    at: datetime
    why: Why | None
    language: str
    shown_at: datetime | None = None
    spoken_at: datetime | None = None


class Speaker(Struct, frozen=True):
    """Which device speaks in a zone, "" while none can, and after which calls its own begin."""

    device: str
    since: datetime | None = None


NOBODY = Speaker("")


class Alarm(Struct, frozen=True, gc=False):
    """A counter's last call for help, raised by its clerk; `answered_by` is who goes there."""

    since: datetime
    clerk: str
    answered_by: str | None = None
    answered_at: datetime | None = None


class Paper(Struct, frozen=True, gc=False):
    """A print job; `outcome` is None until the printer agent has reported. One that is "delayed" is still owed."""

    job: str
    ticket: str
    printer: str
    asked_at: datetime
    is_reprint: bool = False
    outcome: str | None = None
    reason: str = ""

    @property
    def is_owed(self) -> bool:
        return self.outcome in (None, DELAYED)


class Change(NamedTuple):
    table: Table
    key: Any
    old: Any
    new: Any


class BranchState:
    """What is true at one branch after event `seq`. Read freely; change only through `put` and `configure`."""

    def __init__(self) -> None:
        self.seq = 0
        self.at: datetime | None = None
        self.config: BranchConfig | None = None
        self.tables: dict[Table, dict[Any, Any]] = {
            "day": {}, "fields": {}, "series": {}, "counters": {}, "tickets": {}, "calls": {}, "papers": {},
            "booked": {}, "help": {}, "given": {}, "voices": {}, "heard": {}, "alarms": {},
        }  # fmt: skip
        self.tickets: dict[str, Ticket] = self.tables["tickets"]
        self.counters: dict[int, Counter] = self.tables["counters"]
        self.fields: dict[str, FieldDay] = self.tables["fields"]
        self.series: dict[str, int] = self.tables["series"]
        self.calls: dict[int, CallShown] = self.tables["calls"]
        self.papers: dict[str, Paper] = self.tables["papers"]
        self.booked: dict[str, Ticket] = self.tables["booked"]
        self.help: dict[str, datetime] = self.tables["help"]
        self.given: dict[str, tuple[datetime, ...]] = self.tables["given"]
        """When each device gave its last numbers, as many of them as its limits need."""
        self.voices: dict[str, Speaker] = self.tables["voices"]
        """By zone."""
        self.heard: dict[str, int] = self.tables["heard"]
        """How often each ticket was spoken of since it was last called from the queue."""
        self.alarms: dict[int, Alarm] = self.tables["alarms"]
        """By counter."""
        self.before: dict[str, Ticket] = {}
        self.calls_made = 0
        self._log: list[tuple[Table, Any, Any]] = []
        self._orders: dict[Table, list[Any]] = {}
        self._marks: tuple[Any, ...] = ()
        self._before_log: list[tuple[str, Ticket | None]] = []
        self._catalogue: _Catalogue = _Catalogue(None)
        self._reset_indexes()

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def day(self) -> Day | None:
        return self.tables["day"].get(TODAY)

    @property
    def configured(self) -> BranchConfig:
        if self.config is None:
            raise Refusal("branch-not-configured")
        return self.config

    def field(self, code: str) -> Field:
        try:
            return self._catalogue.fields[code]
        except KeyError:
            raise Refusal("unknown-field", field=code) from None

    def steps_of(self, field: Field) -> tuple[str, ...]:
        """Where a visit that begins in this field goes on, as configured: without fields that have gone."""
        known = (self._catalogue.fields.get(code) for code in field.steps)
        return tuple(each.code for each in known if each is not None and not each.is_retired)

    def place_of(self, code: str) -> int:
        """A field's place among all, from 0, as configured."""
        return list(self._catalogue.fields).index(code)

    def screen(self, code: str) -> Screen:
        found = next((each for each in self.configured.screens if each.code == code), None)
        if found is None:
            raise Refusal("unknown-screen", screen=code)
        return found

    def desk(self, no: int) -> Desk:
        try:
            return self._catalogue.desks[no]
        except KeyError:
            raise Refusal("unknown-counter", counter=no) from None

    def series_of(self, code: str) -> Series:
        return self._catalogue.series[code]

    def priority_class(self, code: str) -> PriorityClass:
        try:
            return self._catalogue.classes[code]
        except KeyError:
            raise Refusal("unknown-class", priority=code) from None

    def ticket(self, ticket_id: str) -> Ticket:
        try:
            return self.tickets[ticket_id]
        except KeyError:
            raise Refusal("unknown-ticket", ticket=ticket_id) from None

    def counter(self, no: int) -> Counter:
        try:
            return self.counters[no]
        except KeyError:
            raise Refusal("unknown-counter", counter=no) from None

    def waiting_count(self, field: str) -> int:
        return sum(len(queues.get(field, ())) for queues in self._queues.values())

    def waiting(self, field: str, stream: Stream) -> Iterator[Ticket]:
        """Waiting tickets of one of a field's streams, in queue order."""
        return (self.tickets[entry[1]] for entry in self._queues[stream].get(field, ()))

    def waiting_in(self, field: str) -> Iterator[Ticket]:
        """Everybody who waits in a field; each stream in queue order, those who are called first in front."""
        return (ticket for stream in Stream for ticket in self.waiting(field, stream))

    def ahead_of(self, ticket: Ticket, field: str) -> int:
        """How many of a field would be called before this waiting ticket, as it was counted when it was issued."""
        return self.ahead(field, ticket.stream, (ticket.order, ticket.id))

    def ahead(self, field: str, stream: Stream, entry: tuple[Any, ...]) -> int:
        """How many of a field stand in an earlier stream, or in this one before `entry`, which begins as `Ticket.order`
        does."""
        earlier = takewhile(lambda each: each is not stream, Stream)
        place = bisect_left(self._queues[stream].get(field, ()), entry)
        return place + sum(len(self._queues[each].get(field, ())) for each in earlier)

    def those_ahead(self, field: str, stream: Stream, entry: tuple[Any, ...]) -> Iterator[Ticket]:
        """Whom `ahead` counts."""
        for each in takewhile(lambda each: each is not stream, Stream):
            yield from self.waiting(field, each)
        queue = self._queues[stream].get(field, [])
        yield from (self.tickets[each[1]] for each in queue[: bisect_left(queue, entry)])

    def queue(self, counter: Counter) -> Iterator[Ticket]:
        """Everybody waiting in the counter's fields, callable now or not; per field and stream in queue order."""
        for code in counter.takes:
            yield from self.waiting_in(code)

    def at_counter(self, no: int) -> Ticket | None:
        """The ticket that is called to, or served at, this counter."""
        ticket_id = self._at_counter.get(no)
        return self.tickets[ticket_id] if ticket_id else None

    def call(self, ticket: Ticket) -> CallShown | None:
        """Its newest call, as long as a board remembers it."""
        return next((call for call in self.calls.values() if call.call == ticket.call), None)

    def held(self) -> Iterator[Ticket]:
        return (self.tickets[ticket_id] for ticket_id in self._held)

    def live_of(self, person: str, field: str) -> Ticket | None:
        """The live ticket of this person in this field; the first one, should there be two."""
        theirs = (self.tickets[ticket_id] for ticket_id in self._of_person.get(person, ()))
        return next((ticket for ticket in theirs if ticket.field == field), None)

    def count(self, field: str, state: TicketState) -> int:
        """How many of the day's tickets of this field are in this state."""
        return self._tally[field, state]

    def open_counters(self, field: str) -> int:
        """How many open counters take this field."""
        return self._open_for[field]

    def live_tickets(self) -> list[Ticket]:
        return [ticket for ticket in self.tickets.values() if ticket.is_live]

    def rebooked(self) -> list[Ticket]:
        """Tickets, of this day and of earlier ones, that have a turn on a day to come."""
        return [*self.booked.values(), *(ticket for ticket in self.tickets.values() if ticket.rebooked)]

    # -- changing --------------------------------------------------------------------------------------------------

    def put(self, table: Table, key: Any, row: Any) -> None:
        """Set a row (None removes it), note what it was, and keep the indexes true."""
        rows = self.tables[table]
        old = rows.get(key)
        if row is None and table not in self._orders:
            self._orders[table] = list(rows)
        self._log.append((table, key, old))
        self._set(table, key, old, row)

    def put_ticket(self, ticket: Ticket, *, undo_to: Ticket | None = None) -> None:
        """Set a ticket; `undo_to` is the value that an undo of this change would restore."""
        self._before_log.append((ticket.id, self.before.get(ticket.id)))
        self._set_before(ticket.id, undo_to)
        self.put("tickets", ticket.id, ticket)

    def configure(self, config: BranchConfig) -> None:
        self.config = config
        self._catalogue = _Catalogue(config)

    def forget_day(self) -> None:
        """Empty every table before a new service day. Part of a fold; the rows are noted like any change."""
        for table, rows in self.tables.items():
            for key in list(rows):
                self.put(table, key, None)
        self._before_log.extend(self.before.items())
        self.before.clear()

    # -- tentative and confirmed -----------------------------------------------------------------------------------

    def mark(self) -> None:
        """From here on changes are tentative: `rollback` returns to this point."""
        self._log.clear()
        self._orders.clear()
        self._before_log.clear()
        self._marks = (self.seq, self.at, self.config, self.calls_made)

    def rollback(self) -> None:
        self.seq, self.at, config, self.calls_made = self._marks
        if config is not self.config:
            self.config = config
            self._catalogue = _Catalogue(config)
        for table, key, old in reversed(self._log):
            self._set(table, key, self.tables[table].get(key), old)
        for table, order in self._orders.items():
            rows = self.tables[table]
            for key in order:  # a row that was removed came back as the last one
                if key in rows:
                    rows[key] = rows.pop(key)
        for ticket_id, before in reversed(self._before_log):
            self._set_before(ticket_id, before)
        self.mark()

    def changes(self) -> list[Change]:
        """Every row that differs from the mark, once, with its value then and now."""
        first: dict[tuple[Table, Any], Any] = {}
        for table, key, old in self._log:
            first.setdefault((table, key), old)
        tables = self.tables
        return [
            Change(table, key, old, new)
            for (table, key), old in first.items()
            if (new := tables[table].get(key)) is not old and new != old
        ]

    # -- indexes ---------------------------------------------------------------------------------------------------

    def _reset_indexes(self) -> None:
        self._queues: dict[Stream, dict[str, list[tuple[Any, str]]]] = {stream: {} for stream in Stream}
        self._at_counter: dict[int, str] = {}
        self._held: dict[str, None] = {}
        self._of_person: dict[str, dict[str, None]] = {}
        self._open_for: Tally[str] = Tally()
        self._tally: Tally[tuple[str, TicketState]] = Tally()

    def _set(self, table: Table, key: Any, old: Any, row: Any) -> None:
        if table == "tickets":
            if old is not None:
                self._unindex(old)
            if row is not None:
                self._index(row)
        elif table == "counters":
            self._count_open(old, -1)
            self._count_open(row, +1)
        if row is None:
            self.tables[table].pop(key, None)
        else:
            self.tables[table][key] = row

    def _count_open(self, counter: Counter | None, by: int) -> None:
        if counter is not None and counter.is_open:
            for code in counter.takes:
                self._open_for[code] += by

    def _set_before(self, ticket_id: str, before: Ticket | None) -> None:
        if before is None:
            self.before.pop(ticket_id, None)
        else:
            self.before[ticket_id] = before

    def _queue_of(self, ticket: Ticket) -> list[tuple[Any, str]]:
        return self._queues[ticket.stream].setdefault(ticket.field, [])

    def _index(self, ticket: Ticket) -> None:
        self._tally[ticket.field, ticket.state] += 1
        if ticket.person is not None and ticket.is_live:
            self._of_person.setdefault(ticket.person, {})[ticket.id] = None
        match ticket.state:
            case TicketState.WAITING:
                insort(self._queue_of(ticket), (ticket.order, ticket.id))
            case TicketState.CALLED | TicketState.SERVING if ticket.counter is not None:
                self._at_counter[ticket.counter] = ticket.id
            case TicketState.HELD:
                self._held[ticket.id] = None

    def _unindex(self, ticket: Ticket) -> None:
        self._tally[ticket.field, ticket.state] -= 1
        if ticket.person is not None and ticket.is_live:
            theirs = self._of_person[ticket.person]
            del theirs[ticket.id]
            if not theirs:
                del self._of_person[ticket.person]
        match ticket.state:
            case TicketState.WAITING:
                queue = self._queue_of(ticket)
                del queue[bisect_left(queue, (ticket.order, ticket.id))]
            case TicketState.CALLED | TicketState.SERVING if ticket.counter is not None:
                if self._at_counter.get(ticket.counter) == ticket.id:
                    del self._at_counter[ticket.counter]
            case TicketState.HELD:
                self._held.pop(ticket.id, None)


class _Catalogue:
    """A configuration's parts by code."""

    def __init__(self, config: BranchConfig | None) -> None:
        self.fields: dict[str, Field] = {f.code: f for f in config.fields} if config else {}
        self.desks: dict[int, Desk] = {d.no: d for d in config.counters} if config else {}
        self.series: dict[str, Series] = {s.code: s for s in config.series} if config else {}
        self.classes: dict[str, PriorityClass] = {c.code: c for c in config.classes} if config else {}
