"""From the journal to a paper: which values stand on the ticket of one print job.

What was told at the press (number, people ahead, range) is read from the `ticket.issued` event, however late the paper
is printed. Where the ticket has moved to another field since, nothing was told about that one and nothing is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from queue_server.domain import events as ev
from queue_server.domain import hours
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.events import Recorded
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState, Paper
from queue_server.domain.telling import Span, clock_range, is_by_clock, minutes_range, working_spans
from queue_server.domain.tickets import Estimate
from queue_server.readers.printing.paper import Language, Rebooked, TicketPaper, Wait, WaitClock, WaitMinutes


class Asked(Struct, frozen=True):
    """The events behind a job: the one that asked for the paper, and the one that gave the number, if it is here."""

    request: Recorded
    issued: Recorded | None


class _Turn(Struct, frozen=True):
    """What the ticket was when the paper was asked for."""

    ticket: str
    number: str
    field: str
    is_priority: bool
    language: str
    issued_at: datetime
    rebooked: Rebooked | None = None


def seq_of(job: str) -> int:
    """The seq of the event that asked for this paper; a job id ends with it.

    Raises:
        Refusal: `unknown-job`.
    """
    seq = job.rpartition("-")[2]
    if not seq.isdigit():
        raise Refusal("unknown-job", job=job)
    return int(seq)


def filled(state: BranchState, job: Paper, asked: Asked, *, url: str = "", is_marked: bool = False) -> TicketPaper:
    """The paper of a job. `url` is where its ticket can be followed; `is_marked` prints it as a reprint in any case."""
    config = state.configured
    turn = _turn(state, job, asked.request)
    field = state.field(turn.field)
    told = _told(turn, asked.issued)
    bound = told.only_counter if told else None
    counters = (bound,) if bound is not None and bound in state.counters else counters_for(state, turn.field)
    further = tuple(state.field(code).name for code in _further(state, job, told))
    local = hours.zone(config.timezone)
    return TicketPaper(
        organisation=config.organisation.vi,
        branch=config.name.vi,
        field=field.name.vi,
        field_en=field.name.en,
        further=tuple(each.vi for each in further),
        further_en=tuple(each.en or each.vi for each in further),
        number=turn.number,
        ahead=told.people_ahead if told else None,
        issued_at=turn.issued_at.astimezone(local),
        wait=wait_as_told(told.told, working_spans(state, turn.field), config) if told and told.told else None,
        counters=counters,
        floor=floor_of(state, counters),
        zone=zone_of(state, turn.field, counters),
        is_priority=turn.is_priority,
        url=url or None,
        language=_language(turn.language),
        is_reprint=is_marked or job.is_reprint,
        rebooked=turn.rebooked,
        is_training=config.is_training,
    )


def followed(state: BranchState, job: Paper) -> str:
    """The ticket that the paper's code leads to: of a rebooked one, the ticket of its new day."""
    ticket = state.ticket(job.ticket)
    return ticket.rebooked.as_ticket if ticket.rebooked else ticket.id


def _turn(state: BranchState, job: Paper, request: Recorded) -> _Turn:
    event = request.event
    if isinstance(event, ev.TicketIssued):
        has_priority = event.priority is not None and event.is_priority_confirmed
        return _Turn(event.ticket, event.number, event.field, has_priority, event.language, request.at)
    ticket = state.ticket(job.ticket)
    number, rebooked, at = ticket.number, None, ticket.issued_at
    if ticket.rebooked is not None:
        number, rebooked, at = ticket.rebooked.number, Rebooked(ticket.rebooked.day, ticket.number), request.at
    return _Turn(ticket.id, number, ticket.field, ticket.has_priority, ticket.language, at, rebooked)


def _told(turn: _Turn, issued: Recorded | None) -> ev.TicketIssued | None:
    """What was told at the press, if it holds for the field in which the ticket waits now."""
    event = issued.event if issued else None
    return event if isinstance(event, ev.TicketIssued) and event.field == turn.field else None


def _further(state: BranchState, job: Paper, told: ev.TicketIssued | None) -> tuple[str, ...]:
    """Where the visit goes on after the field of the paper."""
    if told:
        return told.steps
    ticket = state.ticket(job.ticket)
    return ticket.further


def _language(code: str) -> Language:
    return "vi" if code == "vi" else "en"


# -- where -------------------------------------------------------------------------------------------------------------


def counters_for(state: BranchState, field: str) -> tuple[int, ...]:
    """The counters that take a field first of all, whoever sits there now: a paper drawn again says the same."""
    return tuple(c.no for c in state.counters.values() if field in c.fields and not c.is_retired)


def floor_of(state: BranchState, counters: Sequence[int]) -> int | None:
    """The floor that the counters share, where the branch has several."""
    has_floors = len({desk.floor for desk in state.configured.counters if not desk.is_retired}) > 1
    floors = {state.desk(no).floor for no in counters}
    return floors.pop() if has_floors and len(floors) == 1 else None


def zone_of(state: BranchState, field: str, counters: Sequence[int]) -> str:
    """ "Khu 1": the field's own zone, or the one that its counters share."""
    zones = {state.desk(no).zone for no in counters}
    return state.field(field).zone or (zones.pop() if len(zones) == 1 else "")


# -- when --------------------------------------------------------------------------------------------------------------


def wait_as_told(wait: Estimate, working: Sequence[Span], config: BranchConfig) -> Wait:
    """A range of minutes; over an hour, before opening or across lunch, the time of day."""
    if not is_by_clock(wait, working):
        return WaitMinutes(*minutes_range(wait))
    local = hours.zone(config.timezone)
    return WaitClock(*(each.astimezone(local) for each in clock_range(wait, working)))
