"""What a numbered channel shows: rows that are pure functions of the confirmed state.

A view names its keys, says which of them a domain change may touch, and makes the row. Snapshots and deltas both come
from these rows, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct, convert

from queue_server.domain import events as ev
from queue_server.domain import hours, speech
from queue_server.domain.configuration import DayHours, Field, Screen, Text, Voice
from queue_server.domain.counters import Counter
from queue_server.domain.overtaking import overtaken_since
from queue_server.domain.state import TODAY, BranchState, CallShown, Change, Paper
from queue_server.domain.tickets import Estimate, StintKind, Ticket, TicketState
from queue_server.protocol import rows
from queue_server.protocol.reasons import Other, sentence

RowKey = tuple[str, str]
"""(table, key) of a row on a channel."""


class View(Protocol):
    def keys(self, state: BranchState) -> Iterator[RowKey]:
        """Every row there is now."""

    def touched(self, state: BranchState, change: Change) -> Iterable[RowKey] | None:
        """The rows that this change may touch; None when it may be any."""

    def row(self, state: BranchState, key: RowKey) -> Struct | None:
        """The row as it is now, or None when there is none."""


def name(text: Text) -> rows.Name:
    return rows.Name(text.vi, text.en or text.vi, text.more)


def told(estimate: Estimate | None) -> rows.Told | None:
    return rows.Told(estimate.likely_s, estimate.low_s, estimate.high_s, estimate.made_at) if estimate else None


class BoardView:
    """board:BRANCH, what everybody in the hall may know."""

    def keys(self, state: BranchState) -> Iterator[RowKey]:
        if state.day is not None:
            yield "day", TODAY
        yield from (("fields", code) for code in state.fields)
        yield from (("counters", str(no)) for no in state.counters)
        yield from (("calls", str(slot)) for slot in state.calls)
        yield from (("screens", screen.code) for screen in (state.config.screens if state.config else ()))
        yield from (("voices", zone) for zone in state.voices)
        yield from (("notices", notice.code) for notice in (state.config.notices if state.config else ()))

    def touched(self, state: BranchState, change: Change) -> Iterable[RowKey] | None:
        match change.table:
            case "day":
                return None
            case "fields":
                return [("fields", change.key)] if is_shown_differently(change) else ()
            case "calls" if change.old and change.new and change.old.call == change.new.call:
                return ()  # that a screen has shown it is for staff
            case "counters" | "calls" | "voices":
                return [(change.table, str(change.key))]
            case "tickets":
                return [("counters", str(no)) for no in _counters_of(change)]
            case _:
                return ()

    def row(self, state: BranchState, key: RowKey) -> Struct | None:
        match key[0]:
            case "day":
                return day_row(state)
            case "fields":
                return field_row(state, key[1])
            case "counters":
                return _counter_row(state, int(key[1]))
            case "screens":
                return next(
                    (_screen_row(state, each) for each in state.configured.screens if each.code == key[1]), None
                )
            case "notices":
                return _notice_row(state, key[1])
            case "voices":
                voice = state.voices.get(key[1])
                return rows.SpeakerRow(key[1], voice.device, voice.since) if voice is not None else None
            case _:
                call = state.calls.get(int(key[1]))
                return _call_row(call) if call is not None else None


def is_shown_differently(change: Change) -> bool:
    """A field's row shows its suspension; that one more number was issued is on the `live:` channel."""
    old, new = change.old, change.new
    return old is None or new is None or old.suspended != new.suspended


def _counters_of(change: Change) -> set[int]:
    """The counters at which a changed ticket was or is called or served."""
    sides = (side for side in (change.old, change.new) if side is not None)
    return {side.counter for side in sides if side.counter is not None}


def _spans(state: BranchState, planned: DayHours, which: str) -> list[rows.Span]:
    config, day = state.configured, state.day
    if day is None:
        return []
    windows = planned.working if which == "working" else planned.issuing
    return [
        rows.Span(hours.instant(config, day.date, w.start), hours.instant(config, day.date, w.end)) for w in windows
    ]


def day_row(state: BranchState) -> rows.DayRow | None:
    config, day = state.configured, state.day
    if day is None:
        return None
    changed = day.changed.get("")
    today = changed.hours if changed else hours.planned(config, day.date)
    exceptional = config.hours.dates.get(day.date.isoformat())
    reason = changed.reason if changed else exceptional.reason if exceptional else None
    return rows.DayRow(
        date=day.date.isoformat(),
        organisation=name(config.organisation),
        branch=name(config.name),
        working=_spans(state, today, "working"),
        issuing=_spans(state, today, "issuing"),
        ended_at=day.ended_at,
        reason=name(reason) if reason else None,
        notice=name(config.notice),
        logo=config.logo,
        is_training=config.is_training,
    )


def field_row(state: BranchState, code: str) -> rows.FieldRow | None:
    today, day = state.fields.get(code), state.day
    if today is None:
        return None
    config = state.configured
    field = state.field(code)
    changed = (day.changed.get(code) or day.changed.get("")) if day else None
    offered = changed.hours if changed else hours.planned(config, day.date, field) if day else hours.CLOSED
    return rows.FieldRow(
        code=code,
        name=name(field.name),
        examples=name(field.examples),
        agency=field.agency,
        zone=field.zone,
        working=_spans(state, offered, "working"),
        issuing=_spans(state, offered, "issuing"),
        suspended=name(today.suspended.reason) if today.suspended else None,
        suspended_at=today.suspended.since if today.suspended else None,
        reason=name(changed.reason) if changed else None,
        returns_at=_returns_at(state, field),
        is_retired=field.is_retired,
        asks_procedure=field.asks_procedure,
        is_anywhere=field.is_anywhere,
        order=state.place_of(code),
        service=field.service,
        steps=list(state.steps_of(field)),
    )


def _returns_at(state: BranchState, field: Field) -> datetime | None:
    """When numbers of this field are first given on the next day on which it works."""
    config, day = state.configured, state.day
    following = hours.next_working_day(config, day.date, field=field) if day else None
    if following is None:
        return None
    starts = (window.start for window in hours.planned(config, following, field).issuing)
    return next((hours.instant(config, following, start) for start in starts), None)


def _counter_row(state: BranchState, no: int) -> rows.CounterRow | None:
    counter = state.counters.get(no)
    if counter is None:
        return None
    desk = state.desk(no)
    ticket = state.at_counter(no)
    return rows.CounterRow(
        no=no,
        name=name(desk.name),
        zone=desk.zone,
        floor=desk.floor,
        state=counter.state.value,
        reason=counter.reason or "",
        since=counter.since,
        fields=list(counter.fields),
        ticket=rows.AtCounter(ticket.number, ticket.state.value, ticket.stints[-1].start) if ticket else None,
    )


def _screen_row(state: BranchState, screen: Screen) -> rows.ScreenRow:
    desks = [desk for desk in state.configured.counters if screen.shows(desk)]
    fields = dict.fromkeys(code for desk in desks for code in (*desk.fields, *desk.helps))
    return rows.ScreenRow(
        code=screen.code,
        name=name(screen.name),
        layout=screen.layout,
        counters=[desk.no for desk in desks],
        fields=list(fields),
        least_s=screen.least_s,
        theme=screen.theme,
        accent=screen.accent,
        voice=_voice_row(screen.voice) if screen.voice else None,
    )


def _voice_row(voice: Voice) -> rows.VoiceRow:
    loud = [(each.window.start, each.window.end, each.percent) for each in voice.loud]
    return rows.VoiceRow(voice.zone, voice.reading, voice.repeats, voice.percent, loud)


def _notice_row(state: BranchState, code: str) -> rows.NoticeRow | None:
    for order, notice in enumerate(state.configured.notices):
        if notice.code == code:
            return rows.NoticeRow(
                code=code,
                kind=notice.kind,
                title=name(notice.title),
                lines=[name(line) for line in notice.lines],
                media=notice.media,
                screens=list(notice.screens),
                first_day=notice.first_day,
                last_day=notice.last_day,
                weekdays=list(notice.weekdays),
                hours=[(span.start, span.end) for span in notice.hours],
                seconds=notice.seconds,
                is_priority=notice.is_priority,
                order=order,
            )
    return None


def _call_row(call: CallShown) -> rows.CallRow:
    shown = call.why.reason if call.why and call.why.reason in ("priority", "appointment") else ""
    return rows.CallRow(call.call, call.number, call.field, call.counter, call.times, call.at, shown, call.language)


class CounterView:
    """counter:BRANCH/NO, a clerk's own counter: what is in hand, and who waits in its fields."""

    def __init__(self, no: int) -> None:
        self.no = no

    def keys(self, state: BranchState) -> Iterator[RowKey]:
        counter = state.counters.get(self.no)
        if counter is None:
            return
        yield "counter", str(self.no)
        ticket = state.at_counter(self.no)
        if ticket is not None:
            yield "tickets", ticket.id
        yield from (("tickets", held.id) for held in state.held() if self._is_in_hand(state, held))
        yield from (("queue", waiting.id) for waiting in state.queue(counter))

    def touched(self, state: BranchState, change: Change) -> Iterable[RowKey] | None:
        match change.table:
            case "tickets":
                own = [("tickets", change.key), ("queue", change.key)] if self._concerns(state, change) else []
                return [*own, *self._hand(state)] if _is_called_otherwise(change) else own
            case "calls":  # why a ticket was called is told while its call is remembered
                sides = (side for side in (change.old, change.new) if side is not None)
                return [*(("tickets", side.ticket) for side in sides), *self._hand(state)]
            case "voices":
                return self._hand(state)
            case "fields":
                return [("counter", str(self.no))] if self._counts(state, change) else ()
            case "alarms" if change.key == self.no:
                return [("counter", str(self.no))]
            case "counters" if change.key == self.no:
                is_same = change.old is not None and change.new is not None and _takes(change.old) == _takes(change.new)
                return [("counter", str(self.no))] if is_same else None
            case "day":
                return None
            case _:
                return ()

    def _hand(self, state: BranchState) -> list[RowKey]:
        """Who is called here: how many are spoken before them depends on the calls of others."""
        ticket = state.at_counter(self.no)
        return [("tickets", ticket.id)] if ticket is not None and ticket.state is TicketState.CALLED else []

    def _concerns(self, state: BranchState, change: Change) -> bool:
        counter = state.counters.get(self.no)
        sides = [side for side in (change.old, change.new) if side is not None]
        return counter is not None and any(side.counter == self.no or counter.can_serve(side.field) for side in sides)

    def _counts(self, state: BranchState, change: Change) -> bool:
        """Whether somebody with priority was called before others who wait for this counter."""
        counter = state.counters.get(self.no)
        calls = [side.priority_calls if side is not None else () for side in (change.old, change.new)]
        return counter is not None and calls[0] != calls[1] and counter.can_serve(change.key)

    def _is_in_hand(self, state: BranchState, ticket: Ticket) -> bool:
        if ticket.state is TicketState.HELD:
            counter = state.counters[self.no]
            return ticket.counter == self.no or (ticket.only_counter is None and counter.can_serve(ticket.field))
        return ticket.counter == self.no and ticket.state in (TicketState.CALLED, TicketState.SERVING)

    def row(self, state: BranchState, key: RowKey) -> Struct | None:
        counter = state.counters.get(self.no)
        if counter is None:
            return None
        if key[0] == "counter":
            return self._desk(state)
        ticket = state.tickets.get(key[1])
        if ticket is None:
            return None
        if key[0] == "tickets":
            return _desk_ticket(state, ticket) if self._is_in_hand(state, ticket) else None
        is_queued = ticket.state is TicketState.WAITING and counter.can_serve(ticket.field)
        return _queue_row(ticket) if is_queued else None

    def _desk(self, state: BranchState) -> rows.DeskRow:
        counter, desk, config = state.counters[self.no], state.desk(self.no), state.configured
        return rows.DeskRow(
            no=self.no,
            name=name(desk.name),
            state=counter.state.value,
            reason=counter.reason or "",
            clerk=counter.clerk,
            since=counter.since,
            fields=list(counter.fields),
            helps=list(counter.helps),
            runs=rows.Runs(counter.runs.priority, counter.runs.due, counter.runs.ordinary),
            overtaken_since=_overtaken_since(state, counter),
            rule=convert(config.rule, rows.Rule, from_attributes=True),
            undo_s=config.limits.undo_s,
            bound_loosens_s=config.limits.bound_loosens_s,
            alarm=_alarm(state, self.no),
        )


class HelperView:
    """helper:BRANCH, everybody who is in the house."""

    def keys(self, state: BranchState) -> Iterator[RowKey]:
        yield from (("tickets", ticket.id) for ticket in state.live_tickets())

    def touched(self, state: BranchState, change: Change) -> Iterable[RowKey] | None:
        return [("tickets", change.key)] if change.table == "tickets" else ()

    def row(self, state: BranchState, key: RowKey) -> Struct | None:
        ticket = state.tickets.get(key[1])
        return _helped_row(ticket) if ticket is not None and ticket.is_live else None


def _helped_row(ticket: Ticket) -> rows.HelpedTicketRow:
    return rows.HelpedTicketRow(
        id=ticket.id,
        number=ticket.number,
        field=ticket.field,
        state=ticket.state.value,
        since=ticket.stints[-1].start,
        issued_at=ticket.issued_at,
        channel=ticket.channel,
        priority=ticket.priority,
        is_priority_confirmed=ticket.is_priority_confirmed,
        dossiers=ticket.dossiers,
        language=ticket.language,
        assistance=ticket.assistance,
        counter=ticket.counter,
        further=list(ticket.further),
    )


def _is_called_otherwise(change: Change) -> bool:
    """Whether somebody is called, or is no longer."""
    old, new = (side is not None and side.state is TicketState.CALLED for side in (change.old, change.new))
    return old is not new


def _overtaken_since(state: BranchState, counter: Counter) -> dict[str, datetime]:
    found = ((code, overtaken_since(state, code)) for code in counter.takes)
    return {code: since for code, since in found if since is not None}


def _alarm(state: BranchState, no: int) -> rows.DeskAlarm | None:
    alarm = state.alarms.get(no)
    return rows.DeskAlarm(alarm.since, alarm.answered_by, alarm.answered_at) if alarm else None


def _takes(counter: object) -> tuple[object, object]:
    return getattr(counter, "fields", None), getattr(counter, "helps", None)


def _queue_row(ticket: Ticket) -> rows.QueueRow:
    return rows.QueueRow(
        id=ticket.id,
        number=ticket.number,
        field=ticket.field,
        arrival_at=ticket.arrival_at,
        queue_at=ticket.queue_at,
        since=ticket.stints[-1].start,
        priority=ticket.priority if ticket.is_priority_confirmed else None,
        told=told(ticket.told),
        not_before=ticket.not_before,
        only_counter=ticket.only_counter,
        only_clerk=ticket.only_clerk,
        dossiers=ticket.dossiers_left,
        assistance=ticket.assistance,
        step=ticket.step,
        stream=ticket.stream.value,
        came_from=ticket.came_from,
        notes=ticket.notes,
        codes=ticket.codes,
    )


def _desk_ticket(state: BranchState, ticket: Ticket) -> rows.DeskTicketRow:
    call = state.call(ticket)
    undo = timedelta(seconds=state.configured.limits.undo_s)
    return rows.DeskTicketRow(
        id=ticket.id,
        number=ticket.number,
        field=ticket.field,
        state=ticket.state.value,
        since=ticket.stints[-1].start,
        arrival_at=ticket.arrival_at,
        times_called=ticket.times_called,
        priority=ticket.priority,
        priority_name=name(state.priority_class(ticket.priority).name) if ticket.priority else None,
        language=ticket.language,
        dossiers=ticket.dossiers,
        dossiers_done=ticket.dossiers_done,
        turn=state.configured.rule.turn(ticket.dossiers_left),
        procedures=list(ticket.procedures),
        assistance=ticket.assistance,
        further=list(ticket.further),
        back=ticket.back,
        only_counter=ticket.only_counter,
        came_from=ticket.came_from,
        held_for=ticket.held_for,
        notes=ticket.notes,
        codes=ticket.codes,
        why=reason_of(call.why if call else None, has_wait=False),
        can_undo_until=ticket.last.at + undo if ticket.id in state.before else None,
        waited_s=_waited_s(ticket),
        counter=ticket.counter,
        is_watched=_is_watched(state, ticket),
        called_at=call.at if call else None,
        shown_at=call.shown_at if call else None,
        spoken_at=call.spoken_at if call else None,
        spoken_after=speech.spoken_after(state, call) if call else None,
    )


def _is_watched(state: BranchState, ticket: Ticket) -> bool:
    """Whether a screen shows calls to the counter at which it is."""
    if ticket.counter is None:
        return False
    desk = state.desk(ticket.counter)
    return any(screen.layout != "waiting" and screen.shows(desk) for screen in state.configured.screens)


def reason_of(why: ev.Why | None, *, has_wait: bool = True) -> rows.Name | None:
    """Why somebody was called, as a sentence; without the wait where that stands beside it."""
    if why is None:
        return None
    others = [Other(each.number, each.waited_s) for each in why.considered]
    return sentence(why.reason, why.waited_s if has_wait else None, why.candidates, others)


def _waited_s(ticket: Ticket) -> int:
    """Seconds of the waits that have ended; a rebooked ticket's first may end before it has begun."""
    waits = (s.end - s.start for s in ticket.stints if s.kind is StintKind.WAITING and s.end is not None)
    return max(0, round(sum(waits, timedelta()).total_seconds()))


class PrinterView:
    """printer:DEVICE, the papers that this printer still owes."""

    def __init__(self, device: str) -> None:
        self.device = device

    def keys(self, state: BranchState) -> Iterator[RowKey]:
        yield from (("jobs", paper.job) for paper in state.papers.values() if self._owes(paper))

    def _owes(self, paper: Paper) -> bool:
        return paper.printer == self.device and paper.is_owed

    def touched(self, state: BranchState, change: Change) -> Iterable[RowKey] | None:
        return [("jobs", change.key)] if change.table == "papers" else ()

    def row(self, state: BranchState, key: RowKey) -> Struct | None:
        paper = state.papers.get(key[1])
        if paper is None or not self._owes(paper):
            return None
        ticket = state.tickets[paper.ticket]
        max_age_s = state.configured.limits.paper_max_age_s
        return rows.JobRow(paper.job, ticket.number, paper.asked_at, max_age_s, paper.is_reprint)
