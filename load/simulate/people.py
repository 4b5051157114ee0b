"""The clerks of a centre and what its citizens do, in virtual time. Which ticket is next, a rule says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from msgspec import Struct, field

from load.simulate.calendar import Calendar
from load.simulate.centre import CITIZEN, HELPER, KIOSK, MANAGER, Centre
from load.simulate.forecast import Forecast
from load.simulate.visits import Part, Visit
from queue_server.domain import commands as c
from queue_server.domain.counters import Counter
from queue_server.domain.estimate import newcomer_wait
from queue_server.domain.events import Event, TicketCalled, TicketFinished, TicketIssued
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Estimate, TicketState

BOOKS_S = 26 * 3600.0
"""When a service day has ended for certain, and the next one has not begun."""


class Rule(Protocol):
    """Who is called next, and who takes a new ticket when several counters are free."""

    name: str

    def next(self, state: BranchState, counter: Counter, now: datetime) -> c.Command | None:
        """The command by which this free counter calls somebody; None when it leaves it."""

    def order(self, state: BranchState, idle: Sequence[Counter], now: datetime) -> Sequence[Counter]:
        """Free counters in the order in which they may call."""


class Shift(Struct, frozen=True):
    """When a counter is staffed, in seconds after midnight: spells of work. `speed` 1.2 takes a sixth less time.

    After the last spell a clerk stays until nobody waits for the counter, but not after `gives_up_s`.
    """

    spells: tuple[tuple[float, float], ...]
    speed: float = 1.0
    gives_up_s: float = 18.5 * 3600


class Judged(Struct, frozen=True):
    """What others would have told this citizen: `exact` twenty plays that know the true laws of service, `believed`
    such as have learnt nothing, `last` the wait of the last one of the field who was called. Seconds; None where they
    had nothing to say."""

    exact: float | None
    believed: float | None
    last: float | None


class Turn(Struct):
    """What became of a visit. Instants in seconds of the calendar; `wait_s` until the first call, from when the clock
    starts: at issue, at the opening of the counters, or at the appointed time. `told` is not rounded as for people;
    of a recorded day it is what they were told."""

    visit: Visit
    ticket: str
    arrived_s: float
    clock_s: float
    told: Estimate | None
    judged: Judged | None = None
    called_s: float | None = None
    counter: int | None = None
    calls: int = 0
    started_s: float | None = None
    ended_s: float = 0.0
    outcome: str = ""

    @property
    def part(self) -> Part:
        """What follows the call that was made last; a bulk submitter's turns may be more than were foreseen."""
        course = self.visit.course
        return course[min(self.calls, len(course)) - 1]

    @property
    def left_s(self) -> float:
        """When the first wait was over: by a call, or without one."""
        return self.ended_s if self.called_s is None else self.called_s

    @property
    def wait_s(self) -> float | None:
        return None if self.called_s is None else max(0.0, self.called_s - self.clock_s)


class Day(Struct):
    """One simulated day: every visit that got a number, how many got none, and how long each counter worked.
    `starts_s` is its midnight on the calendar."""

    rule: str
    starts_s: float = 0.0
    turns: list[Turn] = field(default_factory=list)
    turned_away: dict[str, int] = field(default_factory=dict)
    busy_s: dict[int, float] = field(default_factory=dict)
    ineligible: int = 0


class Hall:
    """People of one day at one centre."""

    def __init__(
        self,
        centre: Centre,
        calendar: Calendar,
        rule: Rule,
        starts_s: float,
        *,
        opens_s: float,
        forecast: Forecast | None = None,
    ) -> None:
        self._centre = centre
        self._calendar = calendar
        self._rule = rule
        self._starts_s = starts_s
        self._opens_s = opens_s
        self._forecast = forecast
        self._last_wait_s: dict[str, float] = {}
        self._idle: set[int] = set()
        self._by_ticket: dict[str, Turn] = {}
        self._shifts: dict[int, Shift] = {}
        self.day = Day(rule.name, starts_s)

    # -- what is to come -----------------------------------------------------------------------------------------------

    def expect(self, visits: Sequence[Visit]) -> None:
        for visit in visits:
            self._calendar.at(self._starts_s + visit.arrival_s, lambda visit=visit: self.arrive(visit))  # type: ignore[misc]

    def staff(self, shifts: dict[int, Shift]) -> None:
        self._shifts = shifts
        for no, shift in shifts.items():
            for begins, _ in shift.spells:
                self._calendar.at(self._starts_s + begins, lambda no=no: self._begin_spell(no))  # type: ignore[misc]

    def intend(self, changes: Sequence[tuple[float, c.Command]]) -> None:
        """What managers do, in seconds after midnight."""
        for at, command in changes:
            self._calendar.at(self._starts_s + at, lambda command=command: self._manage(command))  # type: ignore[misc]

    def close(self) -> Day:
        """The books, when everything has happened: whoever was not served by then was not served."""
        for turn in self.day.turns:
            ticket = self._centre.ticket(turn.ticket, self._starts_s + BOOKS_S)
            turn.outcome = turn.outcome or ticket.outcome or ticket.state.value
            turn.ended_s = self._centre.seconds(ticket.final_at) if ticket.final_at is not None else self._calendar.now
        return self.day

    # -- citizens ------------------------------------------------------------------------------------------------------

    def instant(self, seconds: float) -> datetime:
        return self._centre.instant(seconds)

    def arrive(self, visit: Visit) -> None:
        """Somebody comes now."""
        now = self._calendar.now
        is_told = self._forecast is None or self._forecast.is_asked(visit)
        others = self._forecast.look(visit, now) if self._forecast is not None and is_told else (None, None)
        try:
            issued = self._do(self._asks(visit), KIOSK)[0]
        except Refusal as refusal:
            self.day.turned_away[refusal.code] = self.day.turned_away.get(refusal.code, 0) + 1
            return
        assert isinstance(issued, TicketIssued)
        clock_s = max(now, self._starts_s + self._opens_s, self._starts_s + (visit.slot_s or 0.0))
        judged = Judged(*others, self._last_wait_s.get(visit.field))
        told = self._foreseen(issued.ticket) if is_told else None
        turn = Turn(visit, issued.ticket, now, clock_s, told, judged)
        self._by_ticket[issued.ticket] = turn
        self.day.turns.append(turn)
        if visit.patience_s is not None:
            self._calendar.at(clock_s + visit.patience_s, lambda: self._lose_patience(turn))
        self._offer()

    def _foreseen(self, ticket_id: str) -> Estimate | None:
        """Its wait before it is rounded for people, who are told a wider range."""
        state, now = self._centre.state, self._centre.instant(self._calendar.now)
        return newcomer_wait(state, state.ticket(ticket_id), now, self._centre.outlook)

    def _lose_patience(self, turn: Turn) -> None:
        ticket = self._centre.ticket(turn.ticket, self._calendar.now)
        if turn.called_s is None and ticket.state is TicketState.WAITING:
            self._do(c.Cancel(ticket=turn.ticket), CITIZEN)

    def _come_back(self, turn: Turn) -> None:
        if self._has_day_ended(turn):
            return
        self._do(c.Ready(ticket=turn.ticket), HELPER)
        self._offer()
        self._offer_when_loose()

    def _asks(self, visit: Visit) -> c.Issue:
        slot_s = visit.slot_s
        appointment = self._centre.instant(self._starts_s + slot_s) if slot_s is not None else None
        return c.Issue(field=visit.field, priority=visit.priority, dossiers=visit.dossiers, appointment=appointment)

    # -- managers ------------------------------------------------------------------------------------------------------

    def _manage(self, command: c.Command) -> None:
        with suppress(Refusal):  # it may have become pointless on a day that goes otherwise
            self._do(command, MANAGER)
        self._offer()

    # -- clerks --------------------------------------------------------------------------------------------------------

    def _begin_spell(self, no: int) -> None:
        if self._centre.state.counter(no).is_open:
            return  # whoever is served there kept the clerk from going
        self._do(c.OpenCounter(counter=no), _clerk(no))
        self.day.busy_s.setdefault(no, 0.0)
        self._free(no)

    def _free(self, no: int) -> None:
        """The counter has nobody: its clerk goes when the spell is over, else is offered the next one."""
        now, shift = self._calendar.now - self._starts_s, self._shifts[no]
        spell = next((spell for spell in reversed(shift.spells) if spell[0] <= now), shift.spells[0])
        is_over = now >= spell[1]
        is_last = spell is shift.spells[-1]
        if is_over and (not is_last or now >= shift.gives_up_s or not self._somebody_for(no)):
            self._end_spell(no)
            return
        if not is_over:
            self._calendar.at(self._starts_s + spell[1], lambda: self._look_at_the_time(no))
        self._idle.add(no)
        self._offer()

    def _look_at_the_time(self, no: int) -> None:
        if no in self._idle:
            self._idle.discard(no)
            self._free(no)

    def _end_spell(self, no: int) -> None:
        self._do(c.CloseCounter(counter=no), _clerk(no))
        state = self._centre.state
        if any(ticket.only_counter == no for ticket in state.queue(state.counter(no))):
            self._offer_when_loose()

    def _offer_when_loose(self) -> None:
        """Whoever is bound to a counter that has closed may go to others after a while."""
        self._calendar.after(self._centre.state.configured.limits.bound_loosens_s, self._offer)

    def _somebody_for(self, no: int) -> bool:
        """Who waits for this counter, or will come back to it."""
        state = self._centre.state
        waits = any(True for _ in state.queue(state.counter(no)))
        return waits or any(ticket.only_counter == no for ticket in state.held())

    def _offer(self) -> None:
        """Free counters call, one after another, until none finds anybody."""
        centre = self._centre
        called = True
        while called and self._idle:
            now = centre.instant(self._calendar.now)
            idle = [centre.state.counter(no) for no in sorted(self._idle)]
            called = any(self._calls(counter, now) for counter in self._rule.order(centre.state, idle, now))

    def _calls(self, counter: Counter, now: datetime) -> bool:
        command = self._rule.next(self._centre.state, counter, now)
        if command is None:
            return False
        try:
            called = self._do(command, _clerk(counter.no))[-1]
        except Refusal as refusal:
            if refusal.code != "nobody-waiting":
                raise
            return False
        assert isinstance(called, TicketCalled)
        self._idle.discard(counter.no)
        if not counter.can_serve(called.field):
            self.day.ineligible += 1
        self._on_called(called.ticket, counter.no)
        return True

    def _on_called(self, ticket_id: str, no: int) -> None:
        now = self._calendar.now
        turn = self._by_ticket[ticket_id]
        turn.calls += 1
        if turn.called_s is None:
            turn.called_s, turn.counter = now, no
            self._last_wait_s[turn.visit.field] = now - turn.arrived_s
        follows = self._nobody_came if turn.part.service_s is None else self._start
        self._calendar.after(turn.part.walk_s, lambda: follows(turn, no))

    def _has_day_ended(self, turn: Turn) -> bool:
        """The service day ends hours after closing, whoever is still at a counter."""
        ticket = self._centre.ticket(turn.ticket, self._calendar.now)
        if not ticket.is_live:
            turn.outcome = ticket.outcome or ticket.state.value
        return not ticket.is_live

    def _nobody_came(self, turn: Turn, no: int) -> None:
        if self._has_day_ended(turn):
            return
        if turn.part.then == "return":
            self._put_back(turn, no)
        else:
            self._do(c.NoShow(ticket=turn.ticket), _clerk(no))
            turn.outcome = "no_show"
        self._go_on(turn, no)

    def _put_back(self, turn: Turn, no: int) -> None:
        """It may be called again after a while."""
        self._do(c.ReturnToQueue(ticket=turn.ticket), _clerk(no))
        self._calendar.after(self._centre.state.configured.limits.cool_down_s, self._offer)

    def _start(self, turn: Turn, no: int) -> None:
        now = self._calendar.now
        if self._has_day_ended(turn):
            return
        self._do(c.Start(ticket=turn.ticket), _clerk(no))
        turn.started_s = now if turn.started_s is None else turn.started_s
        took = self._work_s(turn) / self._shifts[no].speed
        self.day.busy_s[no] += took
        self._calendar.after(took, lambda: self._end(turn, no))

    def _work_s(self, turn: Turn) -> float:
        part, state = turn.part, self._centre.state
        dossiers = state.configured.rule.turn(state.ticket(turn.ticket).dossiers_left) if part.each_s else 0
        return (part.service_s or 0.0) + part.each_s * dossiers

    def _end(self, turn: Turn, no: int) -> None:
        if self._has_day_ended(turn):
            return
        part, rest = turn.part, turn.visit.course[turn.calls :]
        if part.then == "hold":
            self._do(c.Hold(ticket=turn.ticket), _clerk(no))
            self._calendar.after(part.away_s, lambda: self._come_back(turn))
        elif part.then == "transfer" and rest and rest[0].field in self._centre.state.fields:
            self._do(c.Transfer(ticket=turn.ticket, field=rest[0].field), _clerk(no))
        elif isinstance(self._do(c.Finish(ticket=turn.ticket), _clerk(no))[0], TicketFinished):
            turn.outcome = "finished"
        self._go_on(turn, no)

    def _go_on(self, turn: Turn, no: int) -> None:
        """The clerk calls again, at once or after a pause."""
        if turn.part.pause_s:
            self._calendar.after(turn.part.pause_s, lambda: self._free(no))
        else:
            self._free(no)

    def _do(self, command: c.Command, by: c.By) -> list[Event]:
        return self._centre.do(command, by, self._calendar.now)


def _clerk(no: int) -> c.By:
    return c.By(f"account:clerk{no}", clerk=f"clerk{no}")
