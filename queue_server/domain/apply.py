"""The fold: `apply(state, recorded)` makes an event true. It reads no clock and no directory, and refuses nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from queue_server.domain import caps, overtaking
from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig, Desk
from queue_server.domain.counters import Counter, CounterState
from queue_server.domain.devices import is_device, with_one_more
from queue_server.domain.events import Recorded, type_of
from queue_server.domain.state import (
    CALLS_KEPT,
    TODAY,
    Alarm,
    BranchState,
    CallShown,
    ChangedHours,
    Day,
    FieldDay,
    Paper,
    Speaker,
    Suspension,
)
from queue_server.domain.tickets import Mark, Rating, StintKind, Stream, Ticket, TicketState, enter


def apply(state: BranchState, recorded: Recorded) -> None:
    """Fold one event into the state; `recorded.seq` becomes the state's position."""
    _APPLY[type(recorded.event)](state, recorded, recorded.event)
    state.seq = recorded.seq
    state.at = recorded.at


# -- the day -----------------------------------------------------------------------------------------------------------


def _day_opened(state: BranchState, rec: Recorded, event: ev.DayOpened) -> None:
    state.forget_day()
    state.calls_made = 0
    state.configure(event.config)
    state.put("day", TODAY, Day(rec.day, rec.at, {}, learnt=event.learnt))
    for ticket in event.booked:
        state.put("booked", ticket.id, ticket)
    _lay_out(state, event.config, None, rec.at)
    for ticket in event.carried:
        state.put_ticket(ticket)
        _take_ordinal(state, ticket, rec.at)
        _watch_cover(state, ticket.field, rec.at)


def _day_closed(state: BranchState, rec: Recorded, event: ev.DayClosed) -> None:
    if state.day is not None:
        state.put("day", TODAY, replace(state.day, ended_at=rec.at))


def _branch_configured(state: BranchState, rec: Recorded, event: ev.BranchConfigured) -> None:
    was = state.config
    state.configure(event.config)
    _lay_out(state, event.config, was, rec.at)


def _lay_out(state: BranchState, config: BranchConfig, was: BranchConfig | None, at: datetime) -> None:
    """Fields and counters as configured; what today added to them (clerk, assignment, suspension, counts) stays."""
    for code in set(state.fields) - {field.code for field in config.fields}:
        state.put("fields", code, None)
    for field in config.fields:
        if field.code not in state.fields:
            state.put("fields", field.code, FieldDay(field.code))
    for no in set(state.counters) - {desk.no for desk in config.counters}:
        state.put("counters", no, None)
    planned = {desk.no: (desk.fields, desk.helps) for desk in was.counters} if was else {}
    for desk in config.counters:
        is_replanned = planned.get(desk.no) != (desk.fields, desk.helps)
        state.put("counters", desk.no, _laid_out(state, desk, is_replanned=is_replanned))
    for code in state.fields:
        _watch_cover(state, code, at)


def _laid_out(state: BranchState, desk: Desk, *, is_replanned: bool) -> Counter:
    was = state.counters.get(desk.no)
    if was is None:
        return Counter(desk.no, desk.fields, desk.helps, is_retired=desk.is_retired)
    fields, helps = (desk.fields, desk.helps) if is_replanned else (was.fields, was.helps)
    return replace(was, fields=_known(state, fields), helps=_known(state, helps), is_retired=desk.is_retired)


def _known(state: BranchState, codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code for code in codes if code in state.fields)


def _hours_changed(state: BranchState, rec: Recorded, event: ev.HoursChanged) -> None:
    if state.day is not None:
        changed = {**state.day.changed, event.field or "": ChangedHours(event.hours, event.reason, rec.at)}
        state.put("day", TODAY, replace(state.day, changed=changed))


def _field_suspended(state: BranchState, rec: Recorded, event: ev.FieldSuspended) -> None:
    suspension = Suspension(event.reason, rec.at, rec.actor)
    state.put("fields", event.field, replace(state.fields[event.field], suspended=suspension))


def _field_resumed(state: BranchState, rec: Recorded, event: ev.FieldResumed) -> None:
    state.put("fields", event.field, replace(state.fields[event.field], suspended=None))


# -- counters ----------------------------------------------------------------------------------------------------------


def _counter_opened(state: BranchState, rec: Recorded, event: ev.CounterOpened) -> None:
    _set_counter(state, rec, event.counter, state=CounterState.OPEN, clerk=event.clerk, reason=None)


def _counter_paused(state: BranchState, rec: Recorded, event: ev.CounterPaused) -> None:
    _set_counter(state, rec, event.counter, state=CounterState.PAUSED, reason=event.reason)


def _counter_closed(state: BranchState, rec: Recorded, event: ev.CounterClosed) -> None:
    _set_counter(state, rec, event.counter, state=CounterState.CLOSED, clerk=None, reason=event.reason or None)


def _counter_assigned(state: BranchState, rec: Recorded, event: ev.CounterAssigned) -> None:
    was = state.counters[event.counter]
    _set_counter(state, rec, event.counter, fields=event.fields, helps=event.helps)
    for code in {*was.fields, *was.helps} - {*event.fields, *event.helps}:
        _watch_cover(state, code, rec.at)


def _advice_taken(state: BranchState, rec: Recorded, event: ev.AdviceTaken) -> None:
    if state.day is not None:
        state.put("day", TODAY, replace(state.day, taken=(*state.day.taken, event)))


def _help_called(state: BranchState, rec: Recorded, event: ev.HelpCalled) -> None:
    state.put("help", event.device, rec.at)


def _help_answered(state: BranchState, rec: Recorded, event: ev.HelpAnswered) -> None:
    state.put("help", event.device, None)


def _alarm_raised(state: BranchState, rec: Recorded, event: ev.AlarmRaised) -> None:
    state.put("alarms", event.counter, Alarm(rec.at, event.clerk))


def _alarm_answered(state: BranchState, rec: Recorded, event: ev.AlarmAnswered) -> None:
    alarm = state.alarms[event.counter]
    state.put("alarms", event.counter, replace(alarm, answered_by=event.clerk, answered_at=rec.at))


def _call_shown(state: BranchState, rec: Recorded, event: ev.CallShown) -> None:
    for slot, call in _calls(state, event.call):
        state.put("calls", slot, replace(call, shown_at=rec.at))


def _call_spoken(state: BranchState, rec: Recorded, event: ev.CallSpoken) -> None:
    for slot, call in _calls(state, event.call):
        state.put("calls", slot, replace(call, spoken_at=rec.at))
        if _is_of_this_walk(state.tickets.get(call.ticket), call):
            state.put("heard", call.ticket, state.heard.get(call.ticket, 0) + 1)


def _is_of_this_walk(ticket: Ticket | None, call: CallShown) -> bool:
    """Whether its citizen has not been back in the queue since: a screen may tell of it late."""
    stints = reversed(ticket.stints) if ticket is not None else ()
    walk = next((stint for stint in stints if stint.kind is StintKind.WALKING), None)
    return walk is not None and call.at >= walk.start


def _calls(state: BranchState, seq: int) -> list[tuple[int, CallShown]]:
    return [(slot, call) for slot, call in state.calls.items() if call.call == seq]


def _voice_given(state: BranchState, rec: Recorded, event: ev.VoiceGiven) -> None:
    state.put("voices", event.zone, Speaker(event.device, event.since))


def _set_counter(branch: BranchState, rec: Recorded, no: int, **changes: Any) -> None:
    was = branch.counters[no]
    counter = replace(was, **changes)
    if counter.state is not was.state:
        counter = replace(counter, since=rec.at)
    branch.put("counters", no, counter)
    for code in {*counter.fields, *counter.helps}:
        _watch_cover(branch, code, rec.at)


def _watch_cover(state: BranchState, code: str, at: datetime) -> None:
    """Note since when people wait in a field that no open counter takes."""
    field = state.fields.get(code)
    if field is None:
        return
    is_uncovered = state.waiting_count(code) > 0 and not state.open_counters(code)
    if is_uncovered != (field.uncovered_at is not None):
        state.put("fields", code, replace(field, uncovered_at=at if is_uncovered else None))


# -- tickets -----------------------------------------------------------------------------------------------------------


def _issued(state: BranchState, rec: Recorded, event: ev.TicketIssued) -> None:
    mark = Mark(rec.seq, rec.actor, rec.at, "ticket.issued")
    blank = Ticket(
        id=event.ticket,
        number=event.number,
        series=event.series,
        ordinal=event.ordinal,
        field=event.field,
        state=TicketState.WAITING,
        issued_at=rec.at,
        arrival_at=event.arrival_at,
        queue_at=event.queue_at or event.arrival_at,
        last=mark,
        stints=(),
        priority=event.priority,
        is_priority_confirmed=event.is_priority_confirmed,
        channel=event.channel,
        language=event.language,
        procedures=event.procedures,
        dossiers=event.dossiers,
        assistance=event.assistance,
        steps=event.steps,
        told=event.told,
        appointment=event.appointment,
        person=event.person,
        only_counter=event.only_counter,
        bound_at=rec.at if event.only_counter is not None else None,
    )
    ticket = enter(blank, TicketState.WAITING, mark)
    if event.is_inexact:
        since = replace(ticket.stints[0], start=event.arrival_at, is_inexact=True)
        ticket = replace(ticket, stints=(since,))
        _count_issued(state, ticket, event.arrival_at)  # the machine's own numbers go on from where they are
    else:
        _take_ordinal(state, ticket, rec.at)
    state.put_ticket(ticket)
    if event.printer:
        _ask_paper(state, rec, event.ticket, event.printer, is_reprint=False)
    if is_device(rec.actor):
        _count_given(state, rec)
    _watch_cover(state, event.field, rec.at)


def _count_given(state: BranchState, rec: Recorded) -> None:
    given = with_one_more(state.given.get(rec.actor, ()), rec.at, state.configured.limits)
    if given:
        state.put("given", rec.actor, given)


def _take_ordinal(state: BranchState, ticket: Ticket, given_at: datetime) -> None:
    if ticket.ordinal > state.series.get(ticket.series, 0):
        state.put("series", ticket.series, ticket.ordinal)
    _count_issued(state, ticket, given_at)


def _count_issued(state: BranchState, ticket: Ticket, given_at: datetime) -> None:
    day = state.fields.get(ticket.field)
    if day is not None:
        state.put("fields", ticket.field, caps.counted(state.configured, day, ticket.channel, given_at))


def _move(state: BranchState, rec: Recorded, ticket_id: str, to: TicketState, **changes: Any) -> Ticket:
    """The common step of the life cycle: another state, the old value kept for an undo."""
    was = state.tickets[ticket_id]
    mark = Mark(rec.seq, rec.actor, rec.at, type_of(rec.event))
    now = enter(was, to, mark, **changes)
    state.put_ticket(now, undo_to=was)
    _watch_cover(state, was.field, rec.at)
    if now.field != was.field:
        _watch_cover(state, now.field, rec.at)
    return now


_UNBOUND: dict[str, Any] = {"only_counter": None, "only_clerk": None, "bound_at": None, "not_before": None}
_AWAY: dict[str, Any] = {"counter": None, "clerk": None}


def _called(state: BranchState, rec: Recorded, event: ev.TicketCalled) -> None:
    stream = state.tickets[event.ticket].stream
    ticket = _move(
        state, rec, event.ticket, TicketState.CALLED,
        counter=event.counter, clerk=event.clerk, call=rec.seq, times_called=event.times, is_returning=False,
        **_UNBOUND,
    )  # fmt: skip
    if ticket.id in state.heard:
        state.put("heard", ticket.id, None)
    if not event.is_resumed:
        counter = state.counters[event.counter]
        runs = counter.runs.then(stream)
        state.put("counters", event.counter, replace(counter, runs=runs, runs_before=counter.runs))
        if stream is Stream.PRIORITY:
            overtaking.note_call(state, counter, ticket)
    _show_call(state, rec, ticket, event.why)


def _recalled(state: BranchState, rec: Recorded, event: ev.TicketRecalled) -> None:
    was = state.tickets[event.ticket]
    mark = Mark(rec.seq, rec.actor, rec.at, "ticket.recalled")
    now = replace(was, call=rec.seq, times_called=event.times, last=mark)
    call = state.call(was)
    state.put_ticket(now)
    _show_call(state, rec, now, call.why if call else None)


def _show_call(state: BranchState, rec: Recorded, ticket: Ticket, why: ev.Why | None) -> None:
    slot = state.calls_made % CALLS_KEPT
    state.calls_made += 1
    call = CallShown(
        rec.seq, ticket.id, ticket.number, ticket.field, ticket.counter or 0, ticket.times_called, rec.at, why,
        ticket.language,
    )  # fmt: skip
    state.put("calls", slot, call)


def _serving(state: BranchState, rec: Recorded, event: ev.TicketServing) -> None:
    was = state.tickets[event.ticket]
    clerk = event.clerk or was.clerk
    _move(state, rec, event.ticket, TicketState.SERVING, counter=event.counter, clerk=clerk, only_counter=None)


def _finished(state: BranchState, rec: Recorded, event: ev.TicketFinished) -> None:
    dossiers = event.dossiers or state.tickets[event.ticket].dossiers
    _move(
        state, rec, event.ticket, TicketState.FINISHED,
        outcome=event.outcome, dossiers=dossiers, is_inexact=event.is_inexact,
    )  # fmt: skip


def _no_show(state: BranchState, rec: Recorded, event: ev.TicketNoShow) -> None:
    _move(state, rec, event.ticket, TicketState.NO_SHOW, outcome="no_show")


def _returned(state: BranchState, rec: Recorded, event: ev.TicketReturned) -> None:
    _move(state, rec, event.ticket, TicketState.WAITING, not_before=event.not_before, **_AWAY)


def _postponed(state: BranchState, rec: Recorded, event: ev.TicketPostponed) -> None:
    times = state.tickets[event.ticket].times_postponed + 1
    _move(
        state, rec, event.ticket, TicketState.WAITING,
        not_before=event.not_before, times_postponed=times, **_AWAY,
    )  # fmt: skip


def _held(state: BranchState, rec: Recorded, event: ev.TicketHeld) -> None:
    _move(state, rec, event.ticket, TicketState.HELD, only_counter=event.only_counter, held_for=event.reason)


def _ready(state: BranchState, rec: Recorded, event: ev.TicketReady) -> None:
    bound_at = rec.at if state.tickets[event.ticket].only_counter is not None else None
    _move(state, rec, event.ticket, TicketState.WAITING, is_returning=True, bound_at=bound_at, **_AWAY)


def _turn_done(state: BranchState, rec: Recorded, event: ev.TicketTurnDone) -> None:
    done = state.tickets[event.ticket].dossiers_done + event.dossiers
    _move(state, rec, event.ticket, TicketState.WAITING, queue_at=rec.at, dossiers_done=done, **_AWAY)


def _amended(state: BranchState, rec: Recorded, event: ev.TicketAmended) -> None:
    was = state.tickets[event.ticket]
    mark = Mark(rec.seq, rec.actor, rec.at, "ticket.amended")
    now = replace(was, last=mark, **_amendments(event))
    if now.field != was.field:
        stints = (*was.stints[:-1], replace(was.stints[-1], field=now.field))
        now = replace(now, stints=stints, only_counter=None, only_clerk=None, bound_at=None)
    state.put_ticket(now, undo_to=was)
    if event.printer:
        _ask_paper(state, rec, event.ticket, event.printer, is_reprint=False)
    for code in {was.field, now.field}:
        _watch_cover(state, code, rec.at)


def _amendments(event: ev.TicketAmended) -> dict[str, Any]:
    names = ("field", "priority", "is_priority_confirmed", "dossiers", "assistance")
    changes = {name: value for name in names if (value := getattr(event, name)) is not None}
    return changes | {name: None for name in ("priority", "assistance") if changes.get(name) == ""}


def _transferred(state: BranchState, rec: Recorded, event: ev.TicketTransferred) -> None:
    bound_at = rec.at if event.only_counter or event.only_clerk else None
    _move(
        state, rec, event.ticket, TicketState.WAITING,
        field=event.field, only_counter=event.only_counter, only_clerk=event.only_clerk, bound_at=bound_at, **_AWAY,
    )  # fmt: skip


def _step_done(state: BranchState, rec: Recorded, event: ev.TicketStepDone) -> None:
    was = state.tickets[event.ticket]
    steps = was.steps if event.further is None else (*was.steps[: was.step], event.field, *event.further)
    changes: dict[str, Any] = {"field": event.field, "steps": steps, "step": was.step + 1, "back": event.back}
    if event.counter is not None:
        changes |= {"counter": event.counter, "clerk": event.clerk}
        _move(state, rec, event.ticket, TicketState.CALLED, **changes)
        return
    if event.only_counter is not None:
        changes |= {"only_counter": event.only_counter, "bound_at": rec.at, "is_returning": True}
    _move(state, rec, event.ticket, TicketState.WAITING, **changes, **_AWAY)


def _cancelled(state: BranchState, rec: Recorded, event: ev.TicketCancelled) -> None:
    _move(state, rec, event.ticket, TicketState.CANCELLED, outcome="cancelled")


def _voided(state: BranchState, rec: Recorded, event: ev.TicketVoided) -> None:
    _move(state, rec, event.ticket, TicketState.VOIDED, outcome=f"void_{event.reason}")


def _reinstated(state: BranchState, rec: Recorded, event: ev.TicketReinstated) -> None:
    times = state.tickets[event.ticket].times_reinstated + 1
    _move(
        state, rec, event.ticket, TicketState.WAITING,
        queue_at=event.queue_at, times_reinstated=times, outcome=None, **_AWAY, **_UNBOUND,
    )  # fmt: skip


def _undone(state: BranchState, rec: Recorded, event: ev.TicketUndone) -> None:
    now = state.tickets[event.ticket]
    before = state.before[event.ticket]
    mark = Mark(rec.seq, rec.actor, rec.at, "ticket.undone")
    revision = now.revision + (before.final_at is not None)
    said = {"rating": now.rating, "notes": now.notes, "codes": now.codes}
    state.put_ticket(replace(before, last=mark, revision=revision, **said))
    if event.undone_type == "ticket.called":
        _take_down(state, now)
        if before.state is TicketState.WAITING:  # a held one that was called back had not counted
            _take_back_call(state, now)
    for code in {now.field, before.field}:
        _watch_cover(state, code, rec.at)


def _take_back_call(state: BranchState, ticket: Ticket) -> None:
    overtaking.take_back_call(state, ticket.call)
    counter = state.counters.get(ticket.counter or 0)
    if counter is not None:
        state.put("counters", counter.no, replace(counter, runs=counter.runs_before))


def _take_down(state: BranchState, ticket: Ticket) -> None:
    for slot, call in list(state.calls.items()):
        if call.ticket == ticket.id and call.call == ticket.call:
            state.put("calls", slot, None)


def _rebooked(state: BranchState, rec: Recorded, event: ev.TicketRebooked) -> None:
    _move(state, rec, event.ticket, TicketState.REBOOKED, outcome="rebooked", rebooked=event.into)
    if event.printer:
        _ask_paper(state, rec, event.ticket, event.printer, is_reprint=False)


def _expired(state: BranchState, rec: Recorded, event: ev.TicketExpired) -> None:
    _move(state, rec, event.ticket, TicketState.EXPIRED, outcome="expired")


def _rated(state: BranchState, rec: Recorded, event: ev.TicketRated) -> None:
    rating = Rating(event.level, rec.at, event.reasons, event.comment)
    _annotate(state, replace(state.tickets[event.ticket], rating=rating))


# -- paper -------------------------------------------------------------------------------------------------------------


def _paper_requested(state: BranchState, rec: Recorded, event: ev.PaperRequested) -> None:
    _ask_paper(state, rec, event.ticket, event.printer, is_reprint=event.is_reprint)


def _ask_paper(state: BranchState, rec: Recorded, ticket_id: str, printer: str, *, is_reprint: bool) -> None:
    job = f"{ticket_id}-{rec.seq}"
    state.put("papers", job, Paper(job, ticket_id, printer, rec.at, is_reprint))


def _paper_reported(state: BranchState, rec: Recorded, event: ev.PaperReported) -> None:
    paper = state.papers.get(event.job)
    if paper is not None:
        state.put("papers", event.job, replace(paper, outcome=event.outcome, reason=event.reason))


def _noted(state: BranchState, rec: Recorded, event: ev.TicketNoted) -> None:
    """The words lie beside the journal, and are read there; that there are some is known here."""
    ticket = state.tickets[event.ticket]
    _annotate(state, replace(ticket, notes=ticket.notes + 1))


def _dossiers_recorded(state: BranchState, rec: Recorded, event: ev.TicketDossiersRecorded) -> None:
    ticket = state.tickets[event.ticket]
    _annotate(state, replace(ticket, codes=ticket.codes + len(event.digests)))


def _annotate(state: BranchState, annotated: Ticket) -> None:
    """What the ticket's last change was, and whether it may be undone, stays."""
    state.put_ticket(annotated, undo_to=state.before.get(annotated.id))


_APPLY: dict[type, Callable[[BranchState, Recorded, Any], None]] = {
    ev.DayOpened: _day_opened,
    ev.DayClosed: _day_closed,
    ev.BranchConfigured: _branch_configured,
    ev.HoursChanged: _hours_changed,
    ev.FieldSuspended: _field_suspended,
    ev.FieldResumed: _field_resumed,
    ev.CounterOpened: _counter_opened,
    ev.CounterPaused: _counter_paused,
    ev.CounterClosed: _counter_closed,
    ev.CounterAssigned: _counter_assigned,
    ev.AdviceTaken: _advice_taken,
    ev.HelpCalled: _help_called,
    ev.HelpAnswered: _help_answered,
    ev.AlarmRaised: _alarm_raised,
    ev.AlarmAnswered: _alarm_answered,
    ev.CallShown: _call_shown,
    ev.CallSpoken: _call_spoken,
    ev.VoiceGiven: _voice_given,
    ev.TicketIssued: _issued,
    ev.TicketCalled: _called,
    ev.TicketRecalled: _recalled,
    ev.TicketServing: _serving,
    ev.TicketFinished: _finished,
    ev.TicketNoShow: _no_show,
    ev.TicketReturned: _returned,
    ev.TicketPostponed: _postponed,
    ev.TicketHeld: _held,
    ev.TicketReady: _ready,
    ev.TicketTurnDone: _turn_done,
    ev.TicketAmended: _amended,
    ev.TicketTransferred: _transferred,
    ev.TicketStepDone: _step_done,
    ev.TicketCancelled: _cancelled,
    ev.TicketVoided: _voided,
    ev.TicketReinstated: _reinstated,
    ev.TicketUndone: _undone,
    ev.TicketRebooked: _rebooked,
    ev.TicketExpired: _expired,
    ev.TicketRated: _rated,
    ev.TicketNoted: _noted,
    ev.TicketDossiersRecorded: _dossiers_recorded,
    ev.PaperRequested: _paper_requested,
    ev.PaperReported: _paper_reported,
}
