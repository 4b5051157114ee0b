"""A day that a branch really had, out of its journal, to be played again: as it was, and with changes.

Every ticket becomes a visit with its own arrival, services and absences, every counter's opening a spell of work; what
managers changed in the day happens again. A clerk who did not call although somebody waited has a pause. Not kept: the
order in which clerks called by hand, which of several free counters took somebody who had just come and how soon, a
transfer's named counter or clerk, and what came after a number that was given up.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from load.simulate.people import Day, Shift, Turn
from load.simulate.visits import Part, Then, Visit
from queue_server.app import DATABASE
from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain import hours, upcast
from queue_server.domain.apply import apply
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Stint, StintKind, Ticket, TicketState
from queue_server.domain.visits import first_field
from queue_server.journal.backup import opened

EVENTS = "SELECT seq, day, type, v, body FROM event WHERE branch_id = ? AND day = ? ORDER BY seq"
BRANCHES = "SELECT branch_id FROM branch_head ORDER BY branch_id"
DAYS = "SELECT min(day), max(day) FROM event WHERE branch_id = ?"

Spell = tuple[float, float]


class RecordedDay(Struct, frozen=True):
    """What was in force, who came, when counters were open and what managers changed; `day` is how it went. Seconds
    count from the day's midnight."""

    config: BranchConfig
    date: date
    opens_s: float
    visits: tuple[Visit, ...]
    shifts: Mapping[int, Shift]
    changes: tuple[tuple[float, c.Command], ...]
    day: Day

    @property
    def takes(self) -> dict[int, frozenset[str]]:
        """The fields that each counter takes or helps with."""
        return {desk.no: frozenset((*desk.fields, *desk.helps)) for desk in self.config.counters}


# -- reading -----------------------------------------------------------------------------------------------------------


def read_day(place: Path, branch: str, day: date) -> RecordedDay:
    """A branch's day, as `read_records` finds it."""
    return day_of(read_records(place, branch, day))


def read_records(place: Path, branch: str, day: date | None = None) -> list[ev.Recorded]:
    """The events of a branch's day, or of its last one, from its opening on: out of a data folder whose server is
    stopped, or out of a backup.

    Raises:
        LookupError: there is no such branch or day.
        JournalUnavailable: a server has it open.
        BackupFailed: it is damaged, or no journal.
        NewerDatabase, UnknownEvent: a newer release wrote it.
    """
    file = place / DATABASE if place.is_dir() else place
    if not file.is_file():
        raise LookupError(f"there is no journal {file}")
    with opened(file) as db:
        known = [code for (code,) in db.execute(BRANCHES)]
        first, last = db.execute(DAYS, (branch,)).fetchone()
        wanted = day.isoformat() if day is not None else last
        stored = db.execute(EVENTS, (branch, wanted)).fetchall()
    if branch not in known:
        raise LookupError(f"the journal has no branch {branch}, only {', '.join(known) or 'none'}")
    records = [upcast.load(seq, date.fromisoformat(on), kind, v, body) for seq, on, kind, v, body in stored]
    found = list(itertools.dropwhile(lambda record: not isinstance(record.event, ev.DayOpened), records))
    if not found:
        raise LookupError(f"{branch} was not open on {wanted}; its journal goes from {first} to {last}")
    return found


def day_of(records: Iterable[ev.Recorded]) -> RecordedDay:
    """The day whose events these are; what lies before its opening belongs to none."""
    return _Reading(list(itertools.dropwhile(lambda record: not isinstance(record.event, ev.DayOpened), records))).day()


class CallMade(Struct):
    """One call of a ticket, and until when it occupied its counter."""

    counter: int
    waits_from_s: float
    called_s: float
    ended_s: float
    part: Part


class _Reading:
    """The records of one day, from its opening on."""

    def __init__(self, records: Sequence[ev.Recorded]) -> None:
        opening = records[0].event
        assert isinstance(opening, ev.DayOpened)
        self._records = records
        self._state = BranchState()
        for record in records:
            apply(self._state, record)
        self._config = opening.config
        self._date = records[0].day
        self._midnight = hours.instant(self._config, self._date, 0)
        self._planned = hours.planned(self._config, self._date)
        tickets = [each for each in self._state.tickets.values() if each.state is not TicketState.VOIDED]
        self._tickets = sorted(tickets, key=lambda ticket: (self._arrived_s(ticket), ticket.issued_at, ticket.ordinal))
        self._calls = {ticket.id: calls_of(ticket, self._seconds) for ticket in self._tickets}

    def day(self) -> RecordedDay:
        spells = _spells(self._records, self._seconds)
        self._note_pauses(spells)
        usual = _usual(self._calls.values())
        turns = [self._turn(number, ticket, usual) for number, ticket in enumerate(self._tickets)]
        commands = ((self._seconds(record.at), _command(record.event)) for record in self._records[1:])
        return RecordedDay(
            config=self._config,
            date=self._date,
            opens_s=self._opens_s,
            visits=tuple(turn.visit for turn in turns),
            shifts={no: Shift(tuple(found), gives_up_s=found[-1][1]) for no, found in spells.items()},
            changes=tuple((at, command) for at, command in commands if command is not None),
            day=Day("recorded", turns=turns),
        )

    def _seconds(self, at: datetime) -> float:
        return (at - self._midnight).total_seconds()

    @property
    def _opens_s(self) -> float:
        return self._planned.working[0].start * 60.0 if self._planned.working else 0.0

    def _arrived_s(self, ticket: Ticket) -> float:
        """Whoever was rebooked from an earlier day comes when the first numbers are given."""
        if ticket.issued_at >= hours.boundary(self._config, self._date):
            return self._seconds(ticket.issued_at)
        return self._planned.issuing[0].start * 60.0 if self._planned.issuing else self._opens_s

    def _turn(self, number: int, ticket: Ticket, usual: Mapping[str, float]) -> Turn:
        made = self._calls[ticket.id]
        arrived_s, code = self._arrived_s(ticket), first_field(ticket)
        slot_s = None if ticket.appointment is None else self._seconds(ticket.appointment)
        clock_s = max(arrived_s, self._opens_s, slot_s or 0.0)
        ended_s = self._seconds(ticket.final_at or self._records[-1].at)
        has_gone = not made and ticket.state is TicketState.CANCELLED
        believed_s = usual.get(code, float(self._state.field(code).service_time_s))
        visit = Visit(
            number=number,
            arrival_s=arrived_s,
            field=code,
            service_s=believed_s,
            priority=ticket.priority if ticket.has_priority else None,
            slot_s=slot_s,
            dossiers=ticket.dossiers,
            patience_s=max(0.0, ended_s - clock_s) if has_gone else None,
            parts=tuple(call.part for call in made),
        )
        return Turn(
            visit=visit,
            ticket=ticket.id,
            arrived_s=arrived_s,
            clock_s=clock_s,
            told=ticket.told,
            called_s=made[0].called_s if made else None,
            counter=made[0].counter if made else None,
            ended_s=ended_s,
            outcome=ticket.outcome or ticket.state.value,
        )

    def _note_pauses(self, spells: Mapping[int, list[Spell]]) -> None:
        """When a clerk did not call although somebody waited: at the beginning of a spell, after a service, and until
        the end of the spell."""
        at_counter: dict[int, list[CallMade]] = {}
        for call in sorted(itertools.chain.from_iterable(self._calls.values()), key=lambda call: call.called_s):
            at_counter.setdefault(call.counter, []).append(call)
        for no, own in spells.items():
            for place, (begins_s, ends_s) in enumerate(own):
                within = [call for call in at_counter.get(no, ()) if begins_s <= call.called_s < ends_s]
                if not within:
                    continue
                if within[0].waits_from_s < begins_s:
                    own[place] = (within[0].called_s, ends_s)
                for call, following in itertools.pairwise(within):
                    if following.waits_from_s <= call.ended_s:
                        call.part = replace(call.part, pause_s=max(0.0, following.called_s - call.ended_s))
                last = within[-1]
                if self._somebody_waits(no, last.ended_s):
                    last.part = replace(last.part, pause_s=max(0.0, ends_s - last.ended_s))

    def _somebody_waits(self, no: int, now_s: float) -> bool:
        """For this counter, and is not called at that instant."""
        desk = self._state.desk(no)
        return any(
            stint.kind is StintKind.WAITING
            and stint.field in (*desk.fields, *desk.helps)
            and self._seconds(stint.start) < now_s < self._seconds(stint.end or stint.start)
            for ticket in self._tickets
            for stint in ticket.stints
        )


def calls_of(ticket: Ticket, seconds: Callable[[datetime], float]) -> list[CallMade]:
    """A ticket's calls in order, until it was given up."""
    found: list[CallMade] = []
    waits_from_s = 0.0
    for place, stint in enumerate(ticket.stints):
        begins_s, ends_s = seconds(stint.start), seconds(stint.end or stint.start)
        if stint.kind is StintKind.WAITING:
            waits_from_s = begins_s
        elif stint.kind is StintKind.HOLD and found:
            found[-1].part = replace(found[-1].part, away_s=ends_s - begins_s)
        elif stint.kind is StintKind.WALKING and _goes_on(ticket.stints, place):
            found[-1].part = replace(found[-1].part, service_s=ends_s - found[-1].called_s - found[-1].part.walk_s)
            found[-1].ended_s = ends_s
        elif stint.kind is StintKind.WALKING:
            then: Then = "return" if stint.ended in ("ticket.returned", "ticket.postponed") else "finish"
            part = Part(stint.field, None, ends_s - begins_s, then=then)
            found.append(CallMade(stint.counter or 0, waits_from_s, begins_s, ends_s, part))
        elif stint.kind is StintKind.SERVICE:
            _serve(found, ticket.stints, place, seconds)
        if stint.ended == "ticket.no_show":
            break
    return found


def _goes_on(stints: Sequence[Stint], place: int) -> bool:
    """A step that is done at the same counter, with no waiting before it."""
    return place > 0 and stints[place - 1].kind is StintKind.SERVICE and stints[place - 1].ended == "ticket.step_done"


def _serve(found: list[CallMade], stints: Sequence[Stint], place: int, seconds: Callable[[datetime], float]) -> None:
    """The service after a call, or of somebody who stood at the counter already."""
    stint = stints[place]
    begins_s, ends_s = seconds(stint.start), seconds(stint.end or stint.start)
    before = stints[place - 1].kind if place else StintKind.WAITING
    if before is not StintKind.WALKING:
        found.append(CallMade(stint.counter or 0, begins_s, begins_s, ends_s, Part(stint.field, 0.0)))
    call = found[-1]
    then: Then = "finish"
    if stint.ended == "ticket.held":
        then = "hold"
    elif stint.ended in ("ticket.transferred", "ticket.step_done"):
        then = "transfer"
    call.part = replace(call.part, service_s=(call.part.service_s or 0.0) + ends_s - begins_s, then=then)
    call.ended_s = ends_s


def _spells(records: Iterable[ev.Recorded], seconds: Callable[[datetime], float]) -> dict[int, list[Spell]]:
    """When each counter was open, the empty spells left out."""
    began: dict[int, float] = {}
    found: dict[int, list[Spell]] = {}
    now_s = 0.0

    def end(no: int) -> None:
        begins_s = began.pop(no, now_s)
        if begins_s < now_s:
            found.setdefault(no, []).append((begins_s, now_s))

    for record in records:
        now_s = seconds(record.at)
        match record.event:
            case ev.CounterOpened(counter=no):
                began.setdefault(no, now_s)
            case ev.CounterPaused(counter=no) | ev.CounterClosed(counter=no):
                end(no)
    for no in list(began):
        end(no)
    return found


def _usual(calls: Iterable[Sequence[CallMade]]) -> dict[str, float]:
    """The mean service of each field on this day, for those who were never called."""
    services: dict[str, list[float]] = {}
    for call in itertools.chain.from_iterable(calls):
        if call.part.service_s is not None:
            services.setdefault(call.part.field, []).append(call.part.service_s)
    return {code: statistics.fmean(found) for code, found in services.items()}


def _command(event: ev.Event) -> c.Command | None:
    """What a manager did, as the command for it."""
    match event:
        case ev.CounterAssigned(counter=no, fields=fields, helps=helps):
            return c.AssignCounter(counter=no, fields=fields, helps=helps)
        case ev.HoursChanged(hours=changed, reason=reason, field=code):
            return c.ChangeHours(hours=changed, reason=reason, field=code)
        case ev.FieldSuspended(field=code, reason=reason):
            return c.SuspendField(field=code, reason=reason)
        case ev.FieldResumed(field=code):
            return c.ResumeField(field=code)
        case ev.BranchConfigured(config=config):
            return c.Configure(config=config)
    return None
