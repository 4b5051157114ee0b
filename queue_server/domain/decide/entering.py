"""A list that was kept by hand while there was no power: its numbers were printed in advance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from queue_server.domain import events as ev
from queue_server.domain import hours
from queue_server.domain.commands import By, EnterList, KeptLine
from queue_server.domain.configuration import Series
from queue_server.domain.decide.issuing import require_day
from queue_server.domain.numbering import emergency_ordinal, printed
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState

BY_HAND = "list"
"""The channel of these tickets."""
APART = timedelta(milliseconds=1)
"""Times are rough, and often the same; in each field the order of the list is what everybody saw."""


def enter_list(state: BranchState, command: EnterList, by: By, now: datetime) -> list[ev.Event]:
    """Who still waits goes on waiting in the order of the list, who was served is finished. These numbers have been
    given already: neither hours nor a cap nor a suspension refuses them."""
    require_day(state, now)
    taken = {ticket.number for ticket in state.tickets.values()}
    entered: list[ev.Event] = []
    last: dict[str, datetime] = {}
    for place, line in enumerate(command.lines, 1):
        series = state.series_of(state.field(line.field).series)
        ordinal = _ordinal(series, line, place)
        number = printed(series, ordinal)
        if number in taken:
            raise Refusal("number-taken", number=number, line=place)
        taken.add(number)
        arrival_at = _arrival(state, line, place, now)
        before = last.get(line.field)
        queue_at = last[line.field] = arrival_at if before is None else max(arrival_at, before + APART)
        ticket = f"{by.fresh_id}{place:03x}"
        entered.append(
            ev.TicketIssued(
                ticket=ticket,
                number=number,
                series=series.code,
                ordinal=ordinal,
                field=line.field,
                arrival_at=arrival_at,
                people_ahead=0,
                channel=BY_HAND,
                queue_at=queue_at,
                is_inexact=True,
            )
        )
        if line.is_served:
            entered.append(ev.TicketFinished(ticket, is_inexact=True))
    return entered


def _ordinal(series: Series, line: KeptLine, place: int) -> int:
    ordinal = emergency_ordinal(series, line.number)
    if ordinal is None:
        block = series.emergency
        if block is None:
            raise Refusal("nothing-reserved", number=line.number, series=series.code, line=place)
        first, last = printed(series, block.first), printed(series, block.last)
        raise Refusal("not-reserved", number=line.number, first=first, last=last, line=place)
    return ordinal


def _arrival(state: BranchState, line: KeptLine, place: int, now: datetime) -> datetime:
    config = state.configured
    if line.arrival_at > now or hours.service_day(config, line.arrival_at) != hours.service_day(config, now):
        raise Refusal("arrival-not-today", number=line.number, line=place)
    return line.arrival_at.astimezone(UTC)
