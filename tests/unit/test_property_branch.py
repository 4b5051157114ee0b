"""Whatever is asked of a branch, in whatever order: what must hold after every step.

A machine of random commands, legal and illegal, with jumps in time over lunch, nights, weekends and a holiday.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain import lifecycle, upcast
from queue_server.domain.apply import apply
from queue_server.domain.configuration import (
    Block,
    BranchConfig,
    Cap,
    DayHours,
    Desk,
    Hours,
    RoutingRule,
    Screen,
    Series,
    Text,
    Voice,
    Window,
)
from queue_server.domain.counters import CounterState
from queue_server.domain.decide import decide
from queue_server.domain.events import Recorded
from queue_server.domain.refusals import Refusal
from queue_server.domain.routing import choose_next, may_call
from queue_server.domain.state import NOBODY, BranchState
from queue_server.domain.tickets import AT_COUNTER, KIND_OF, Stream, Ticket, TicketState
from queue_server.domain.timers import due
from tests.factories import (
    CHIEF,
    HOA,
    KIOSK,
    LAN,
    MINH,
    MORNING,
    OFFICE,
    SCREEN,
    TIMER,
    Branch,
    field,
    limited,
    moment,
    replayed,
    snapshot,
)
from tests.unit.told_calls import is_call, judge_calls

KNOWN = replace(KIOSK, actor="device:kiosk-2", person="p1")
"""A dispenser at which somebody has shown a card."""
PEOPLE = {by.actor: by for by in (LAN, MINH, HOA, CHIEF, KIOSK, KNOWN)}
ANYBODY = "whoever is there"
"""Stands for the actor who may: the clerk at the counter, or who changed the ticket last."""


def configurations() -> dict[str, BranchConfig]:
    """What may come into force: other hours, a field gone, a field in another series, other counters, short series."""
    whole = limited(leftovers="rebook", implied_start_s=90, no_show_after_calls=2, no_show_after_s=9)
    hall = Screen("sanh", voice=Voice("sanh"))
    desks = Screen("quay-1", counter=1, voice=Voice("quay")), Screen("quay-2", counter=2)
    short = replace(whole, series=(Series("A", "A", last=15, emergency=Block(6, 8)), *whole.series[1:]))
    fewer = replace(
        short,
        fields=tuple(f for f in short.fields if f.code != "ho-tich"),
        counters=(Desk(1, ("chung-thuc",)), Desk(2, ("dat-dai", "tra-ket-qua"), helps=("chung-thuc",))),
        series=tuple(s for s in short.series if s.code != "B"),
    )
    moved = replace(
        short,
        fields=tuple(replace(f, series="A") if f.code == "ho-tich" else f for f in short.fields),
        limits=replace(short.limits, leftovers="expire", implied_start_s=None, no_show_after_calls=1),
    )
    cap = Cap(3, morning=2, channels={"kiosk": 2})
    more = replace(
        short,
        fields=(
            *(replace(f, service="collect") if f.code == "tra-ket-qua" else f for f in short.fields),
            field("thue", "B", "Thuế", cap=cap, hours=Hours(weekly={"sat": MORNING}), steps=("tra-ket-qua",)),
        ),
        counters=(*short.counters, Desk(6, ("thue", "ho-tich"))),
        limits=replace(short.limits, numbers_a_minute=4, numbers_an_hour=9),
    )
    capped = RoutingRule(overtaken_most=1, priority_patience_s=900, priority_run=9)
    graded = RoutingRule("graded", bulk_dossiers=2, pressure_weight=0.5, ordinary_ceiling_s=900, overtaken_most=1)
    interleaved = RoutingRule("interleaved", helping_after_s=300, bulk_dossiers=3, ordinary_run=1)
    return {
        "short": replace(short, rule=graded, screens=(hall, *desks)),
        "fewer": replace(fewer, rule=RoutingRule("strict", bulk_dossiers=1), screens=(hall,)),
        "moved": replace(moved, rule=capped, screens=desks),
        "more": replace(more, rule=interleaved),
    }


CONFIGS = configurations()


# -- commands ----------------------------------------------------------------------------------------------------------

FIELDS = st.sampled_from(["chung-thuc", "chung-thuc", "ho-tich", "ho-tich", "dat-dai", "tra-ket-qua", "thue"])
COUNTERS = st.sampled_from([1, 1, 2, 2, 3, 4, 5, 6, 9])
PRIORITY = st.sampled_from([None, None, None, "NCT75", "NKT", "VIP"])
TICKETS = st.tuples(st.sampled_from("!!!?"), st.integers(0, 12)).map(lambda drawn: "{}{}".format(*drawn))
"""A ticket by its age among those that the command may be given for ("!0" is the newest), or among all ("?0")."""


def a(command: type[c.Command], **asked: Any) -> st.SearchStrategy[c.Command]:
    return st.builds(command, **asked)


APPOINTMENTS = st.none() | st.sampled_from(["07:31", "08:00", "09:15", "14:00"]).map(moment)
ISSUES = a(
    c.Issue,
    field=FIELDS,
    priority=PRIORITY,
    steps=st.lists(FIELDS, max_size=2).map(tuple),
    dossiers=st.sampled_from([1, 1, 4]),
    appointment=APPOINTMENTS,
    again=st.sampled_from([False, False, False, True]),
    counter=st.none() | COUNTERS,
)
WORK = st.one_of(
    a(c.CallNext, counter=COUNTERS),
    a(c.Start, ticket=TICKETS),
    a(c.Finish, ticket=TICKETS),
    a(c.NoShow, ticket=TICKETS),
    a(c.Call, ticket=TICKETS, counter=COUNTERS),
    a(c.Hold, ticket=TICKETS, here_only=st.booleans()),
    a(c.Ready, ticket=TICKETS),
    a(c.Resume, ticket=TICKETS, counter=st.sampled_from([0, 0, 1, 2, 3]), quietly=st.booleans()),
)
SECOND_THOUGHTS = st.one_of(
    a(c.Undo, ticket=TICKETS),
    a(c.Recall, ticket=TICKETS),
    a(c.ReturnToQueue, ticket=TICKETS),
    a(c.Postpone, ticket=TICKETS),
    a(c.Reinstate, ticket=TICKETS),
    a(c.Cancel, ticket=TICKETS),
    a(c.Void, ticket=TICKETS),
    a(c.EndService, ticket=TICKETS),
    a(c.ImplyStart, ticket=TICKETS),
    a(c.Reprint, ticket=TICKETS),
    a(
        c.Amend,
        ticket=TICKETS,
        field=st.none() | FIELDS,
        priority=st.sampled_from([None, "", "NKT"]),
        is_priority_confirmed=st.sampled_from([None, True, False]),
    ),
    a(
        c.Transfer,
        ticket=TICKETS,
        field=st.none() | FIELDS,
        counter=st.none() | COUNTERS,
        clerk=st.sampled_from([None, None, "minh", "duc"]),
    ),
    a(c.NextStep, ticket=TICKETS, field=st.none() | FIELDS, here=st.booleans(), back=st.booleans()),
)
ENDINGS: list[c.TicketCommand] = [
    c.Finish(),
    c.Hold(),
    c.Hold(here_only=False),
    c.Transfer(field="ho-tich"),
    c.Transfer(counter=2),
    c.Transfer(clerk="minh"),
    c.NextStep(field="tra-ket-qua"),
    c.NextStep(),
    c.NextStep(field="tra-ket-qua", back=True),
    c.Recall(),
    c.NoShow(),
    c.ReturnToQueue(),
]
UNDOABLE = (
    ev.TicketCalled,
    ev.TicketServing,
    ev.TicketFinished,
    ev.TicketHeld,
    ev.TicketReady,
    ev.TicketTurnDone,
    ev.TicketTransferred,
    ev.TicketStepDone,
    ev.TicketReturned,
    ev.TicketNoShow,
    ev.TicketPostponed,
    ev.TicketAmended,
    ev.TicketReinstated,
    ev.TicketCancelled,
    ev.TicketVoided,
)
WAITS_AGAIN = (
    ev.TicketReturned,
    ev.TicketPostponed,
    ev.TicketReady,
    ev.TicketTurnDone,
    ev.TicketTransferred,
    ev.TicketStepDone,
    ev.TicketReinstated,
)
COUNTER_WORK = st.one_of(
    a(c.OpenCounter, counter=COUNTERS, take_over=st.booleans()),
    a(c.PauseCounter, counter=COUNTERS, reason=st.sampled_from(["", "họp"])),
    a(c.CloseCounter, counter=COUNTERS),
    a(c.AssignCounter, counter=COUNTERS, fields=st.lists(FIELDS, min_size=1, max_size=2).map(tuple)),
)
KINDS = ["open", "assign", "lend", "mobile", "close"]
HOUSE = st.one_of(
    a(c.SuspendField, field=FIELDS, reason=st.sampled_from([Text("Mất điện"), Text(" ")])),
    a(c.ResumeField, field=FIELDS),
    a(
        c.ChangeHours,
        field=st.none() | FIELDS,
        reason=st.just(Text("Tập huấn")),
        hours=st.sampled_from([OFFICE, MORNING, DayHours(), DayHours((Window(9, 5),))]),
    ),
    a(c.CallHelper),
    a(c.RaiseAlarm, counter=COUNTERS),
    a(c.AnswerAlarm, counter=COUNTERS),
    a(c.AnswerHelp, device=st.sampled_from([CHIEF.actor, "kiosk-1"])),
    a(c.ReportPaper, job=st.sampled_from(["t1-9", "t2-10", "t3-11"]), outcome=st.just("printed")),
)
SCREENS = st.one_of(
    a(c.ReportCall, call=st.sampled_from([1, 1, 1, 2, 3, 9]), is_spoken=st.booleans()),
    a(
        c.GiveVoice,
        zone=st.sampled_from(["sanh", "quay"]),
        device=st.sampled_from(["display-1", "display-2", ""]),
        since=st.just(moment("07:05")),
        instead_of=st.sampled_from(["", "", "display-1", "display-2"]),
    ),
)
"""A report's `call` is the newest for 1, the one before for 2; a voice is given with what it is at that moment."""
KEPT = st.lists(
    st.tuples(st.sampled_from([6, 7, 8, 8, 9]), st.just("chung-thuc"), st.integers(-1, 90), st.booleans()),
    min_size=1,
    max_size=3,
)
"""Lines of a list that was kept by hand: ordinal, field, minutes ago, whether served."""
ANY = st.one_of(ISSUES, WORK, SECOND_THOUGHTS, COUNTER_WORK, HOUSE, SCREENS)
BY = st.sampled_from([ANYBODY, ANYBODY, ANYBODY, *PEOPLE])
MOMENTS = st.sampled_from([0, 1, 4, 9, 15, 60, 130, 300]).map(lambda s: timedelta(seconds=s))
JUMPS = st.sampled_from([0.3, 0.5, 0.5, 1, 1, 4, 13, 100]).map(lambda h: timedelta(hours=h))


class AnyBranch(RuleBasedStateMachine):
    """Runs a branch like a host, and beside it a second state that reads only what the journal would hold."""

    @initialize(config=st.sampled_from(["short", "moved", *CONFIGS]))
    def start(self, config: str) -> None:
        self.now = moment("07:05")
        self.branch = Branch(CONFIGS[config])
        self.shadow = BranchState()
        self.read = 0
        self.priority_calls: dict[int, tuple[datetime, tuple[str, ...]]] = {}
        for counter, by in ((1, LAN), (2, MINH)):
            self.branch.open(counter, self.now, by)
        for code in ("chung-thuc", "dat-dai", "chung-thuc"):
            self.branch.issue(code, self.now)

    # -- steps ---------------------------------------------------------------------------------------------------------

    @rule(fields=st.lists(FIELDS, min_size=1, max_size=5), priority=PRIORITY)
    def people_arrive(self, fields: list[str], priority: str | None) -> None:
        for code in fields:
            self.ask(c.Issue(field=code, priority=priority), KIOSK.actor, timedelta(seconds=20))

    @rule(counter=COUNTERS, service=MOMENTS, ending=st.sampled_from(ENDINGS))
    def a_clerk_serves(self, counter: int, service: timedelta, ending: c.TicketCommand) -> None:
        """Open, call, start and one of the endings, by the clerk who may."""
        self.ask(c.OpenCounter(counter=counter), ANYBODY, timedelta())
        self.ask(c.CallNext(counter=counter), ANYBODY, timedelta(seconds=5))
        ticket = self.branch.state.at_counter(counter)
        if ticket is None:
            return
        if not isinstance(ending, c.Recall | c.NoShow | c.ReturnToQueue):
            self.ask(c.Start(ticket=ticket.id), ANYBODY, timedelta(seconds=40))
        self.ask(replace(ending, ticket=ticket.id), ANYBODY, service)

    @rule(counter=COUNTERS, code=FIELDS, ending=st.sampled_from([c.Finish(), c.Finish(), *ENDINGS]))
    def somebody_with_priority_comes(self, counter: int, code: str, ending: c.TicketCommand) -> None:
        """Two of them, while others wait; and one of all is called."""
        for _ in range(2):
            self.ask(c.Issue(field=code, priority="NKT"), HOA.actor, timedelta(seconds=20))
        self.a_clerk_serves(counter, timedelta(seconds=60), ending)

    @rule(command=ISSUES, by=BY, after=MOMENTS)
    def issue(self, command: c.Command, by: str, after: timedelta) -> None:
        self.ask(command, by, after)

    @rule(lines=KEPT, after=MOMENTS)
    def enter_list(self, lines: list[tuple[int, str, int, bool]], after: timedelta) -> None:
        """After a power cut: numbers of the block and others, new ones and ones that were entered before."""
        kept = [
            c.KeptLine(number=f"A{no:03}", field=code, arrival_at=self.now - timedelta(minutes=ago), is_served=served)
            for no, code, ago, served in lines
        ]
        self.ask(c.EnterList(lines=tuple(kept)), HOA.actor, after)

    @rule(command=WORK, by=BY, after=MOMENTS)
    def work(self, command: c.Command, by: str, after: timedelta) -> None:
        self.ask(command, by, after)

    @rule(counter=COUNTERS, after=MOMENTS)
    def call_next(self, counter: int, after: timedelta) -> None:
        self.ask(c.CallNext(counter=counter), ANYBODY, after)

    @rule(command=SECOND_THOUGHTS, by=BY, after=MOMENTS)
    def think_again(self, command: c.Command, by: str, after: timedelta) -> None:
        self.ask(command, by, after)

    @rule(back=st.integers(1, 3), after=st.sampled_from([1, 3, 11]))
    def undo(self, back: int, after: int) -> None:
        """What happened last, or a little before, is taken back by whoever did it."""
        changed = [record.event.ticket for record in self.branch.records if isinstance(record.event, UNDOABLE)]
        if changed:
            self.ask(c.Undo(ticket=changed[-min(back, len(changed))]), ANYBODY, timedelta(seconds=after))

    @rule(command=COUNTER_WORK, by=BY, after=MOMENTS)
    def counter(self, command: c.Command, by: str, after: timedelta) -> None:
        self.ask(command, by, after)

    @rule(command=SCREENS, after=MOMENTS)
    def screen(self, command: c.Command, after: timedelta) -> None:
        self.ask(command, SCREEN.actor, after)

    @rule(
        counter=st.sampled_from([1, 2, 3]),
        recalls=st.integers(0, 2),
        reports=st.sets(st.integers(0, 2)),
        speaks=st.sampled_from([None, "display-1", "display-2", ""]),
        after=MOMENTS,
    )
    def a_clerk_calls_and_nobody_comes(
        self, counter: int, recalls: int, reports: set[int], speaks: str | None, after: timedelta
    ) -> None:
        """Some of the calls are spoken, and another screen may get the voice; then time passes."""
        self.ask(c.CallNext(counter=counter), ANYBODY, timedelta(seconds=1))
        for call in range(recalls + 1):
            ticket = self.branch.state.at_counter(counter)
            if ticket is not None and call:
                self.ask(c.Recall(ticket=ticket.id), ANYBODY, timedelta(seconds=2))
            if call in reports:
                self.ask(c.ReportCall(call=1, is_spoken=True), SCREEN.actor, timedelta(seconds=2))
        if speaks is not None:
            before = self.branch.state.voices.get("sanh", NOBODY).device
            given = c.GiveVoice(zone="sanh", device=speaks, instead_of=before, since=self.now)
            self.ask(given, TIMER.actor, timedelta(seconds=2))
        self.pass_time(after)

    @rule(command=HOUSE, after=MOMENTS)
    def house(self, command: c.Command, after: timedelta) -> None:
        self.ask(command, CHIEF.actor, after)

    @rule(kind=st.sampled_from(KINDS), counter=COUNTERS, code=FIELDS, by=BY, after=MOMENTS)
    def take_advice(self, kind: Any, counter: int, code: str, by: str, after: timedelta) -> None:
        foreseen = ev.Foreseen((code,), self.now, self.now + timedelta(minutes=10), 8.0, 900, 600)
        no = None if kind in ("lend", "mobile") else counter
        self.ask(c.TakeAdvice(kind=kind, counter=no, fields=(code,), foreseen=foreseen), by, after)

    @rule(config=st.sampled_from([*CONFIGS]), after=MOMENTS)
    def configure(self, config: str, after: timedelta) -> None:
        self.ask(c.Configure(config=CONFIGS[config]), CHIEF.actor, after)

    @rule(jump=JUMPS)
    def time_passes(self, jump: timedelta) -> None:
        self.pass_time(jump)

    @precondition(lambda self: len(self.branch.state.live_tickets()) > 7)
    @rule(leftovers=st.sampled_from([None, "rebook", "expire"]), after=MOMENTS)
    def end_day(self, leftovers: Any, after: timedelta) -> None:
        self.ask(c.EndDay(leftovers=leftovers), CHIEF.actor, after)

    @precondition(lambda self: self.branch.state.day is None or self.branch.state.day.ended_at)
    @rule()
    def morning(self) -> None:
        """On to an hour of the next working day, with both clerks at their counters."""
        item = due(self.branch.state, self.now)
        assert item is not None
        self.pass_time(item.at - self.now + timedelta(hours=5))
        for counter, by in ((1, LAN), (2, MINH)):
            self.ask(c.OpenCounter(counter=counter), by.actor, timedelta())

    @rule(
        asked=st.lists(st.tuples(ANY, BY, MOMENTS), min_size=1, max_size=6),
        config=st.sampled_from([None, None, *CONFIGS]),
        jump=st.none() | JUMPS,
    )
    def tentative(
        self, asked: list[tuple[c.Command, str, timedelta]], config: str | None, jump: timedelta | None
    ) -> None:
        """Several commands whose append is refused: everything is as it was, and until then `changes` told it all."""
        branch, state = self.branch, self.branch.state
        kept = (len(branch.records), len(branch.timers), branch.tickets_made, self.now)
        state.mark()
        before = snapshot(state)
        for command, by, after in asked:
            self.ask(command, by, after)
        if config is not None:
            self.ask(c.Configure(config=CONFIGS[config]), CHIEF.actor, timedelta())
        if jump is not None:
            self.pass_time(jump)
        assert with_changes(before["tables"], state) == snapshot(state)["tables"]
        state.rollback()
        records, timers, branch.tickets_made, self.now = kept
        del branch.records[records:], branch.timers[timers:]
        assert snapshot(state) == before
        assert state.changes() == []

    def pass_time(self, jump: timedelta) -> None:
        self.now += jump
        first = len(self.branch.timers)
        self.branch.wait(self.now)
        carried_out = [item.at for item in self.branch.timers[first:]]
        assert carried_out == sorted(carried_out)

    def ask(self, command: c.Command, by: str, after: timedelta) -> None:
        """Have a command decided; a refusal changes nothing."""
        self.pass_time(after)
        if isinstance(command, c.CallNext):
            self.nobody_is_overtaken_more_often_than_the_rule_allows()
        command = self.resolved(command)
        before, known = snapshot(self.branch.state), len(self.branch.records)
        if self.is_refused(command, self.person(command, by)):
            assert snapshot(self.branch.state) == before
        self.note_priority_calls(known)

    def note_priority_calls(self, known: int) -> None:
        """By seq, of those who had priority when they were called: the arrival, and the fields of the counter."""
        calls, state = self.priority_calls, self.branch.state
        for seq in [seq for seq in calls if seq > known]:
            del calls[seq]  # it was tentative
        for record in self.branch.records[known:]:
            event = record.event
            if isinstance(event, ev.TicketCalled) and not event.is_resumed and state.ticket(event.ticket).has_priority:
                calls[record.seq] = state.ticket(event.ticket).arrival_at, state.counter(event.counter).takes

    def is_refused(self, command: c.Command, by: c.By) -> bool:
        try:
            self.branch.do(command, self.now, by)
        except Refusal:
            return True
        return False

    def resolved(self, command: c.Command) -> c.Command:
        if isinstance(command, c.ReportCall):
            calls = [record.seq for record in self.branch.records if is_call(record)]
            return replace(command, call=calls[-min(command.call, len(calls))] if calls else 1)
        if isinstance(command, c.GiveVoice):
            return replace(command, since=self.now - timedelta(seconds=10))
        asked = getattr(command, "ticket", "")
        if asked[:1] not in ("!", "?"):
            return command
        tickets = list(self.branch.state.tickets.values())[::-1]
        row = lifecycle.TICKETS.get(c.name_of(command))
        if asked[0] == "!" and row is not None:
            tickets = [ticket for ticket in tickets if ticket.state in row.source] or tickets
        age = int(asked[1:])
        return replace(command, ticket=tickets[age % len(tickets)].id if tickets else "t0")

    def person(self, command: c.Command, by: str) -> c.By:
        if by != ANYBODY:
            return {**PEOPLE, SCREEN.actor: SCREEN, TIMER.actor: TIMER}[by]
        state = self.branch.state
        ticket = state.tickets.get(getattr(command, "ticket", ""))
        if isinstance(command, c.Undo) and ticket is not None:
            return PEOPLE.get(ticket.last.actor, LAN)
        no = getattr(command, "counter", 0) or (ticket.counter if ticket else 0)
        counter = state.counters.get(no or 0)
        usual = {2: MINH, 4: HOA}.get(no or 0, LAN)
        return PEOPLE.get(f"account:{counter.clerk}", usual) if counter else usual

    # -- what always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def everything_holds(self) -> None:
        self.the_journal_tells_everything()
        self.a_reader_of_the_journal_would_decide_the_same()
        self.indexes_say_what_the_rows_say()
        self.numbers_are_unique()
        self.nobody_is_at_two_counters_and_no_counter_has_two()
        self.the_books_add_up()
        self.nobody_is_overtaken_more_often_than_the_rule_allows()
        self.every_visit_is_a_chain_of_stints()
        self.every_ticket_has_its_place()
        self.what_is_due_lies_ahead_and_is_done_once()
        self.time_in_the_journal_never_goes_back()
        judge_calls(self.branch.records)

    def the_journal_tells_everything(self) -> None:
        for record in self.branch.records[self.read :]:
            apply(self.shadow, through_bytes(record))
        self.read = len(self.branch.records)
        assert snapshot(self.shadow) == snapshot(self.branch.state)

    def a_reader_of_the_journal_would_decide_the_same(self) -> None:
        ours, theirs = self.branch.state, self.shadow
        end = c.EndDay(leftovers="rebook")
        assert decide(ours, end, TIMER, self.now) == decide(theirs, end, TIMER, self.now)
        for counter in ours.counters.values():
            assert choose_next(ours, counter, self.now) == choose_next(theirs, counter, self.now)

    def indexes_say_what_the_rows_say(self) -> None:
        state = self.branch.state
        said, counted = snapshot(state), recomputed(state)
        assert {name: said[name] for name in counted} == counted
        for code, day in state.fields.items():
            is_uncovered = state.waiting_count(code) > 0 and state.open_counters(code) == 0
            assert (day.uncovered_at is not None) == is_uncovered

    def numbers_are_unique(self) -> None:
        tickets = self.branch.state.tickets.values()
        assert len({ticket.number for ticket in tickets}) == len(tickets)
        promised = [(t.rebooked.day, t.rebooked.number) for t in self.branch.state.rebooked() if t.rebooked]
        assert len(set(promised)) == len(promised)

    def nobody_is_at_two_counters_and_no_counter_has_two(self) -> None:
        state = self.branch.state
        at = Tally(ticket.counter for ticket in state.tickets.values() if ticket.state in AT_COUNTER)
        assert all(count == 1 for count in at.values())
        for no in at:
            assert no is not None
            assert state.counters[no].state is not CounterState.CLOSED
        clerks = Tally(counter.clerk for counter in state.counters.values() if counter.clerk not in (None, "", "chief"))
        assert all(count == 1 for count in clerks.values())

    def the_books_add_up(self) -> None:
        state = self.branch.state
        given = sum(day.issued for day in state.fields.values())
        for row in state.fields.values():
            assert row.issued_morning <= row.issued
            assert sum(row.issued_by.values()) <= row.issued
        ended = [ticket for ticket in state.tickets.values() if not ticket.is_live]
        assert len(state.live_tickets()) + len(ended) == len(state.tickets)
        assert given <= len(state.tickets)  # less where a field has gone since
        if state.day is None or state.day.ended_at is not None:
            assert state.live_tickets() == []
        closed = next((r.event for r in reversed(self.branch.records) if isinstance(r.event, ev.DayClosed)), None)
        if closed and state.day and state.day.ended_at:
            assert closed.counts == Tally(ticket.state.value for ticket in ended)

    def nobody_is_overtaken_more_often_than_the_rule_allows(self) -> None:
        """Whom each counter would call, judged by what the events say."""
        state, rule = self.branch.state, self.branch.state.configured.rule
        if rule.overtaken_most is None or rule.mode not in ("bounded", "interleaved"):
            return
        overtaken = self.overtaken()
        for counter in state.counters.values():
            choice = choose_next(state, counter, self.now)
            if choice is None or not (choice.ticket.has_priority or choice.reason == "overtaken"):
                continue
            here = [ticket for ticket in state.queue(counter) if may_call(state, counter, ticket, self.now)]
            often = {t.id for t in here if t.stream is Stream.ORDINARY and overtaken[t.id] >= rule.overtaken_most}
            longest = max((self.now - t.queue_at).total_seconds() for t in here if t.has_priority)
            if choice.ticket.has_priority:
                assert not often or longest > rule.priority_patience_s
            else:
                assert often
                assert longest <= rule.priority_patience_s

    def overtaken(self) -> Tally[str]:
        """How often each waiting ticket was overtaken by priority: an arrival after its wait began, called by a counter
        that took its field."""
        records = self.branch.records
        undone = {record.event.undone_seq for record in records if isinstance(record.event, ev.TicketUndone)}
        began: dict[str, datetime] = {}
        today = 0
        for record in records:
            event = record.event
            if isinstance(event, ev.DayOpened):
                today, began = record.seq, {ticket.id: ticket.arrival_at for ticket in event.carried}
            elif isinstance(event, ev.TicketIssued):
                began[event.ticket] = event.arrival_at
            elif isinstance(event, WAITS_AGAIN) and record.seq not in undone:
                began[event.ticket] = record.at
        calls = [call for seq, call in self.priority_calls.items() if seq > today and seq not in undone]
        waiting = (ticket for ticket in self.branch.state.tickets.values() if ticket.state is TicketState.WAITING)
        return Tally(
            ticket.id
            for ticket in waiting
            for came, takes in calls
            if ticket.field in takes and came > began[ticket.id]
        )

    def every_visit_is_a_chain_of_stints(self) -> None:
        for ticket in self.branch.state.tickets.values():
            require_chain(ticket)

    def every_ticket_has_its_place(self) -> None:
        state = self.branch.state
        for ticket in state.live_tickets():
            state.field(ticket.field)
            if ticket.state is TicketState.WAITING:
                assert ticket.counter is None
                assert any(ticket is other for other in state.waiting_in(ticket.field))

    def what_is_due_lies_ahead_and_is_done_once(self) -> None:
        item = due(self.branch.state, self.now)
        is_replanned = isinstance(self.branch.records[-1].event, ev.HoursChanged | ev.BranchConfigured)
        assert item is None or item.at > self.now or is_replanned  # hours may be changed into the past
        keys = [timer.key for timer in self.branch.timers]
        assert len(keys) == len(set(keys))
        if self.branch.timers:
            last = self.branch.timers[-1]
            if isinstance(last.command, c.OpenDay):
                assert decide(self.branch.state, last.command, TIMER, last.at) == []

    def time_in_the_journal_never_goes_back(self) -> None:
        recent = self.branch.records[-20:]
        times: list[datetime] = [record.at for record in recent]
        assert times == sorted(times)
        days = [record.day for record in recent]
        assert days == sorted(days)
        assert [record.seq for record in recent] == list(range(recent[0].seq, recent[-1].seq + 1))

    def teardown(self) -> None:
        if not hasattr(self, "branch"):
            return
        records, now = self.branch.records, snapshot(self.branch.state)
        assert snapshot(replayed(records)) == now
        opened = [record.seq for record in records if isinstance(record.event, ev.DayOpened)]
        if opened:
            assert snapshot(replayed(records[opened[-1] - 1 :])) == now


def through_bytes(record: Recorded) -> Recorded:
    event_type, version, body = upcast.store(record)
    return upcast.load(record.seq, record.day, event_type, version, body)


def with_changes(tables: dict[str, dict[Any, Any]], state: BranchState) -> dict[str, dict[Any, Any]]:
    """The tables as they were at the mark, changed by what `changes` says, each change a real one."""
    changed = {name: dict(rows) for name, rows in tables.items()}
    for change in state.changes():
        assert changed[change.table].get(change.key) == change.old != change.new
        if change.new is None:
            del changed[change.table][change.key]
        else:
            changed[change.table][change.key] = change.new
    return changed


def is_owed_a_turn(ticket: Ticket) -> bool:
    """Who comes back from a hold, and who kept an appointment and has not had a part of it done."""
    return ticket.is_returning or (ticket.appointment is not None and ticket.dossiers_done == 0)


def recomputed(state: BranchState) -> dict[str, Any]:
    """Every index, worked out from the rows alone."""
    tickets, counters = state.tickets.values(), state.counters.values()
    open_codes = (code for counter in counters if counter.is_open for code in {*counter.fields, *counter.helps})
    return {
        "priority": queues(tickets, lambda t: t.priority is not None and t.is_priority_confirmed),
        "due": queues(tickets, lambda t: not t.has_priority and is_owed_a_turn(t)),
        "ordinary": queues(tickets, lambda t: not t.has_priority and not is_owed_a_turn(t)),
        "at_counter": {t.counter: t.id for t in tickets if t.state in AT_COUNTER},
        "held": {t.id for t in tickets if t.state is TicketState.HELD},
        "of_person": {"p1": known} if (known := {t.id for t in tickets if t.person and t.is_live}) else {},
        "open_for": dict(Tally(open_codes)),
        "tally": dict(Tally((t.field, t.state) for t in tickets)),
    }


def queues(tickets: Iterable[Ticket], is_in: Callable[[Ticket], bool]) -> dict[str, list[tuple[Any, str]]]:
    found: dict[str, list[tuple[Any, str]]] = {}
    for ticket in tickets:
        if ticket.state is TicketState.WAITING and is_in(ticket):
            found.setdefault(ticket.field, []).append((ticket.order, ticket.id))
    return {code: sorted(queue) for code, queue in found.items()}


def require_chain(ticket: Ticket) -> None:
    stints = ticket.stints
    for one, following in pairwise(stints):
        assert one.ended is not None
        if one.ended in ("ticket.no_show", "ticket.cancelled"):
            assert one.end is not None
            assert one.end <= following.start  # who is reinstated was away
        else:
            assert one.end == following.start
    for stint in stints:
        assert stint.end is None or stint.start <= stint.end
    assert [stint.end for stint in stints].count(None) == ticket.is_live
    last = stints[-1]
    if ticket.is_live:
        assert (last.kind, last.field, last.counter, last.step) == (
            KIND_OF[ticket.state], ticket.field, ticket.counter, ticket.step,
        )  # fmt: skip
    else:
        assert last.end == ticket.final_at


TestAnyBranch = AnyBranch.TestCase
TestAnyBranch.settings = settings(
    max_examples=60,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
