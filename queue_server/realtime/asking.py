"""What a satisfaction device follows: rating:BRANCH/NO, the visit that ended last at its counter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from queue_server.domain.configuration import Satisfaction
from queue_server.domain.state import BranchState, Change
from queue_server.domain.tickets import Ticket, TicketState
from queue_server.protocol import rows
from queue_server.realtime.views import RowKey, name

FORGOTTEN = "forgotten"


class RatingView:
    """rating:BRANCH/NO."""

    def __init__(self, no: int) -> None:
        self.no = no
        self._keys: list[RowKey] = [("counter", str(no)), ("asked", str(no))]

    def keys(self, state: BranchState) -> Iterator[RowKey]:
        yield from self._keys

    def touched(self, state: BranchState, change: Change) -> Iterable[RowKey] | None:
        if change.table == "day":
            return None
        if change.table != "tickets":
            return ()
        sides = [side for side in (change.old, change.new) if side is not None]
        return self._keys[1:] if any(side.counter == self.no for side in sides) else ()

    def row(self, state: BranchState, key: RowKey) -> Struct | None:
        if self.no not in state.counters:
            return None
        return self._counter(state) if key[0] == "counter" else self._asked(state)

    def _counter(self, state: BranchState) -> rows.AskingRow:
        config = state.configured
        asking = config.satisfaction
        return rows.AskingRow(
            no=self.no,
            name=name(state.desk(self.no).name),
            organisation=name(config.organisation),
            branch=name(config.name),
            reasons=reason_rows(asking),
            asks_all=asking.asks_all,
            asks_s=asking.asks_s,
            takes_comments=asking.takes_comments,
            is_training=config.is_training,
        )

    def _asked(self, state: BranchState) -> rows.AskedRow | None:
        """Nobody while somebody else is served here: a call still leaves the last one time to press, for whoever calls
        the next one ends a service by it."""
        current = state.at_counter(self.no)
        if current is not None and current.state is TicketState.SERVING:
            return None
        ended = (t for t in state.tickets.values() if t.counter == self.no and t.state is TicketState.FINISHED)
        last = max(ended, key=_ended, default=None)
        if last is None or last.final_at is None or not may_be_asked(last):
            return None
        return rows.AskedRow(last.id, last.number, last.language, last.final_at)


def _ended(ticket: Ticket) -> int:
    return ticket.last.seq


def may_be_asked(ticket: Ticket) -> bool:
    """Whether its citizen may say how satisfied they are: once, and not where a forgotten service was ended."""
    return ticket.state is TicketState.FINISHED and ticket.rating is None and ticket.outcome != FORGOTTEN


def reason_rows(asking: Satisfaction) -> list[rows.ReasonRow]:
    return [rows.ReasonRow(reason.code, name(reason.name)) for reason in asking.reasons]
