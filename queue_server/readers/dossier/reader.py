"""The dossier reader: in order per branch, each record after its undo time, parked when the receiver calls it wrong."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from queue_server.domain import events as ev
from queue_server.domain.events import Recorded
from queue_server.domain.tickets import LIVE, Ticket
from queue_server.domain.training import home_of
from queue_server.journal.port import Database, Journal
from queue_server.readers.dossier import records
from queue_server.readers.dossier.delivery import Delivered, Outcome, Refused, Sender, TryAgain
from queue_server.readers.reader import Progress, TryLater

log = logging.getLogger(__name__)

CLOCKS = timedelta(seconds=1)
"""A change may still be undone by a clock that is so much behind."""

FINAL = (ev.TicketFinished, ev.TicketNoShow, ev.TicketCancelled, ev.TicketRebooked, ev.TicketExpired)


class DossierReader:
    """Posts what is final."""

    name = "dossier"
    types: frozenset[str] | None = None

    def __init__(
        self,
        journal: Journal,
        sender: Sender,
        now: Callable[[], datetime],
        undo_time: Callable[[str], Awaitable[timedelta]],
        *,
        speed: float = 1.0,
    ) -> None:
        """`undo_time` says of a branch for how long a change may be taken back."""
        self._journal = journal
        self._sender = sender
        self._now = now
        self._undo_time = undo_time
        self._speed = speed

    async def handle(self, branch_id: str, events: Sequence[Recorded]) -> Progress:
        """Up to one record a call, so that the cursor follows each delivery."""
        if home_of(branch_id) is not None:
            return Progress(events[-1].seq)  # of a training copy nobody is told
        undo_time = await self._undo_time(branch_id) + CLOCKS
        for item in events:
            if not isinstance(item.event, ev.DayClosed) and not _is_final(item.event):
                continue
            early = (item.at + undo_time - self._now()).total_seconds()
            if early > 0 and not isinstance(item.event, ev.DayClosed):
                return Progress(item.seq - 1, early / self._speed)
            record = await self._record(branch_id, item)
            if record is not None:
                await self._deliver(branch_id, record)
                return Progress(item.seq, is_heard=True)
        return Progress(events[-1].seq)

    async def _record(self, branch_id: str, item: Recorded) -> records.CloudEvent | None:
        """The record that this event calls for; None when a later event speaks for the ticket, or it is never sent."""
        if isinstance(item.event, ev.DayClosed):
            rows = await self._journal.tickets_of_day(branch_id, item.day)
            return records.day(branch_id, item.day, (_ticket.decode(row.body) for row in rows), item.at)
        found = await self._journal.find_ticket(item.event.ticket)  # type: ignore[union-attr]
        if found is None:
            return None
        ticket = _ticket.decode(found[1].body)
        is_spoken_for = ticket.last.seq != item.seq or ticket.final_at is None
        if is_spoken_for or ticket.state in records.NEVER_SENT:
            return None
        return records.visit(branch_id, found[1].day, ticket)

    async def _deliver(self, branch_id: str, record: records.CloudEvent) -> None:
        body = _encoder.encode(record)
        outcome = await self._sender.send(body)
        if isinstance(outcome, TryAgain):
            raise TryLater(outcome.reason)
        if isinstance(outcome, Refused):
            log.error("The dossier backend refused record %s: %d %s", record.id, outcome.status, outcome.answer)
            row = (record.id, branch_id, outcome.status, outcome.answer, body, int(time.time()))
            await self._journal.run(lambda db: _park(db, row))

    async def resend(self, branch_id: str, record_id: str) -> Outcome | None:
        """Send a parked record again, now; None when there is no such record."""
        body = await self._journal.run(lambda db: _parked_body(db, branch_id, record_id))
        if body is None:
            return None
        outcome = await self._sender.send(body)
        await self._journal.run(lambda db: _resent(db, record_id, outcome))
        return outcome


def _is_final(event: ev.Event) -> bool:
    """Whether a ticket is over by this event; also again, because its reinstating was undone."""
    return isinstance(event, FINAL) or (isinstance(event, ev.TicketUndone) and event.to not in LIVE)


def parked(db: Database, branch_id: str) -> list[dict[str, Any]]:
    """The branch's parked records, newest first."""
    rows = db.execute(
        "SELECT id, status, answer, parked_at FROM parked_record WHERE branch = ? ORDER BY parked_at DESC, id",
        (branch_id,),
    )
    names = ("id", "status", "answer", "parked_at")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _park(db: Database, row: tuple[Any, ...]) -> int:
    return db.execute(
        "INSERT INTO parked_record (id, branch, status, answer, body, parked_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO NOTHING",
        row,
    ).rowcount


def _parked_body(db: Database, branch_id: str, record_id: str) -> bytes | None:
    row = db.execute("SELECT body FROM parked_record WHERE branch = ? AND id = ?", (branch_id, record_id)).fetchone()
    return bytes(row[0]) if row else None


def _resent(db: Database, record_id: str, outcome: Outcome) -> None:
    match outcome:
        case Delivered():
            db.execute("DELETE FROM parked_record WHERE id = ?", (record_id,))
        case Refused(status, answer):
            db.execute("UPDATE parked_record SET status = ?, answer = ? WHERE id = ?", (status, answer, record_id))


_encoder = msgspec.json.Encoder()
_ticket = msgspec.json.Decoder(Ticket)
