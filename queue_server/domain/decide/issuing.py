"""Giving a number, and correcting what was asked for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

from msgspec.structs import replace

from queue_server.domain import caps, hours
from queue_server.domain import events as ev
from queue_server.domain.commands import STAFFED, Amend, By, Issue
from queue_server.domain.configuration import BranchConfig, Field
from queue_server.domain.decide.paper import printer_for
from queue_server.domain.decide.standing import paper_again, proof_of, require_first, require_pace, theirs
from queue_server.domain.estimate import arrival_wait, people_ahead, takes_more
from queue_server.domain.foresight import Outlook
from queue_server.domain.lifecycle import require
from queue_server.domain.numbering import next_ordinal, printed
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState, Day
from queue_server.domain.telling import as_told, working_spans
from queue_server.domain.tickets import Stream, Ticket
from queue_server.domain.wishing import counter_for


def issue(state: BranchState, command: Issue, by: By, now: datetime, outlook: Outlook | None = None) -> list[ev.Event]:
    config = state.configured
    field = state.field(command.field)
    further = tuple(map(state.field, command.steps))
    already = theirs(state, by, field)
    if command.again:
        return paper_again(already, command, by)
    require_first(already, field)
    for each in (field, *further):
        _require_offered(state, config, each, now)
    _require_left(state, field, command.channel, now)
    require_pace(state, by, now)
    if command.priority is not None:
        state.priority_class(command.priority)
    proof = proof_of(state, command)
    series = state.series_of(field.series)
    ordinal = next_ordinal(series, state.series.get(series.code))
    appointment = kept_appointment(config, command.appointment, now)
    queue_at = appointment or now
    is_confirmed = command.channel in STAFFED or not config.limits.confirms_priority or proof is not None
    for each in (field, *further):
        _require_capacity(state, each, _stream_of(command, appointment), now, outlook)
    only_counter = counter_for(state, field, command.counter, now, outlook)
    stream = _stream_of(command, appointment, is_confirmed=is_confirmed)
    entry = ((queue_at, now, ordinal),)
    ahead = partial(state.ahead, stream=stream, entry=entry)
    bound = state.counter(only_counter) if only_counter is not None else None
    wait = arrival_wait(state, field.code, stream, ahead, now, outlook, only_counter)
    return [
        ev.TicketIssued(
            ticket=by.fresh_id,
            number=printed(series, ordinal),
            series=series.code,
            ordinal=ordinal,
            field=field.code,
            arrival_at=now,
            people_ahead=people_ahead(state, field.code, stream, bound, entry, now),
            told=as_told(wait, working_spans(state, field.code)) if wait is not None else None,
            priority=command.priority,
            is_priority_confirmed=command.priority is None or is_confirmed,
            channel=command.channel,
            language=command.language,
            procedures=command.procedures,
            dossiers=command.dossiers,
            assistance=command.assistance,
            steps=command.steps or state.steps_of(field),
            printer=command.printer or by.printer,
            queue_at=appointment,
            appointment=appointment,
            person=by.person,
            proof=proof,
            only_counter=only_counter,
        )
    ]


def kept_appointment(config: BranchConfig, appointment: datetime | None, now: datetime) -> datetime | None:
    """The appointed time of somebody who comes in time for it; None for who comes too late or on another day."""
    if appointment is None or hours.service_day(config, appointment) != hours.service_day(config, now):
        return None
    return appointment if now <= appointment + timedelta(seconds=config.rule.late_after_s) else None


def _stream_of(command: Issue, appointment: datetime | None, *, is_confirmed: bool = True) -> Stream:
    if command.priority is not None and is_confirmed:
        return Stream.PRIORITY
    return Stream.DUE if appointment is not None else Stream.ORDINARY


def _require_offered(state: BranchState, config: BranchConfig, field: Field, now: datetime) -> None:
    """Refuse a number that the branch does not give now, saying why and when to come back."""
    if field.is_retired:
        raise Refusal("field-not-offered", field=field.code, field_name=field.name)
    day = require_day(state, now)
    today = state.fields[field.code]
    if today.suspended is not None:
        reason = today.suspended.reason
        raise Refusal("field-suspended", field=field.code, field_name=field.name, reason=reason)
    offered = hours.in_force(config, day, field)
    if not hours.contains(config, day.date, offered.issuing, now):
        opens_at = opens_next(config, day, field, now)
        raise Refusal("issuing-closed", field=field.code, field_name=field.name, opens_at=opens_at)


def _require_left(state: BranchState, field: Field, channel: str, now: datetime) -> None:
    """Refuse what a cap no longer allows, staff as well, saying what is used up and when numbers are given again."""
    way = caps.CHANNELS[channel]
    rest = caps.rest(state, field.code, way, now)
    if rest is not None and rest.left == 0:
        again = caps.gives_again(state, field.code, way, now)
        opens_at = _local(state.configured, again) if again is not None else None
        raise Refusal("cap-reached", field=field.code, field_name=field.name, bound=rest.bound, opens_at=opens_at)


def _require_capacity(state: BranchState, field: Field, stream: Stream, now: datetime, outlook: Outlook | None) -> None:
    """Where the branch ends by the forecast, refuse a number that is not foreseen to be called before closing. An
    appointment that is kept was promised: it is never refused."""
    config = state.configured
    if not config.limits.ends_by_forecast or stream is Stream.DUE:
        return
    if takes_more(outlook, field.code, stream, now) is False:
        opens_at = _opens_on_another_day(config, require_day(state, now), field)
        raise Refusal("no-capacity", field=field.code, field_name=field.name, opens_at=opens_at)


def require_day(state: BranchState, now: datetime) -> Day:
    """The open service day, or a refusal."""
    day = state.day
    if day is None or day.ended_at is not None or day.date != hours.service_day(state.configured, now):
        raise Refusal("day-not-open", opens_at=None)
    return day


def opens_next(config: BranchConfig, day: Day, field: Field, now: datetime) -> str | None:
    """When numbers of this field are given again, as an ISO instant in the branch's zone."""
    later_today = next(hours.starts_after(config, day.date, hours.in_force(config, day, field).issuing, now), None)
    if later_today is not None:
        return _local(config, later_today)
    return _opens_on_another_day(config, day, field)


def _opens_on_another_day(config: BranchConfig, day: Day, field: Field) -> str | None:
    following: date | None = hours.next_working_day(config, day.date, field=field)
    if following is None:
        return None
    starts = (hours.instant(config, following, w.start) for w in hours.planned(config, following, field).issuing)
    return next((_local(config, start) for start in starts), None)


def _local(config: BranchConfig, at: datetime) -> str:
    return at.astimezone(hours.zone(config.timezone)).isoformat()


def amend(state: BranchState, command: Amend, by: By, now: datetime) -> list[ev.Event]:
    ticket = state.ticket(command.ticket)
    require(ticket, "amend")
    field = state.field(command.field or ticket.field)
    if command.field is not None and field.is_retired:
        raise Refusal("field-not-offered", field=field.code, field_name=field.name)
    if command.priority:
        state.priority_class(command.priority)
        if command.is_priority_confirmed is None:
            command = replace(command, is_priority_confirmed=True)  # staff see who stands there
    wanted = {
        name: value
        for name in ("field", "priority", "is_priority_confirmed", "dossiers", "assistance")
        if (value := getattr(command, name)) is not None and value != _current(ticket, name)
    }
    if not wanted:
        return []
    printer = printer_for(state, ticket.id, by) if "field" in wanted else None
    return [ev.TicketAmended(ticket=ticket.id, reason=command.reason, printer=printer, **wanted)]


def _current(ticket: Ticket, name: str) -> object:
    value = getattr(ticket, name)
    return "" if value is None else value
