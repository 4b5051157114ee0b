"""A branch in virtual time: the same `decide` and `apply` as a host, each command a batch in a journal in memory."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import hours, upcast
from queue_server.domain.apply import apply
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.decide import decide
from queue_server.domain.events import BranchConfigured, DayOpened, Event, Recorded
from queue_server.domain.foresight import Outlook
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket
from queue_server.domain.timers import Due, due
from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Appended, Batch, StoredEvent

T = TypeVar("T")

MANAGER = c.By("account:manager", clerk="manager", may_override=True)
KIOSK = c.By("kiosk")
"""All dispensers of the hall; no one device with a limit of its own."""
HELPER = c.By("account:helper", clerk="helper")
CITIZEN = c.By("phone")
TIMER = c.By("timer", may_override=True)


class Centre:
    """One branch over one or more days. Seconds count from the first day's local midnight."""

    def __init__(self, config: BranchConfig, first_day: date) -> None:
        self.state = BranchState()
        self.state.mark()
        self.midnight = hours.instant(config, first_day, 0)
        self.journal = MemoryJournal()
        self._tickets = 0
        self._day_seq = 0
        self._due_seq = -1
        self._due_item: Due | None = None
        self.outlook: Outlook | None = None
        self.do(c.Configure(config=config), MANAGER, config.day_boundary * 60)
        self.wait(config.day_boundary * 60)

    def instant(self, seconds: float) -> datetime:
        return self.midnight + timedelta(seconds=seconds)

    def seconds(self, instant: datetime) -> float:
        return (instant - self.midnight).total_seconds()

    def ticket(self, ticket_id: str, seconds: float) -> Ticket:
        """As it is then."""
        self.wait(seconds)
        return self.state.ticket(ticket_id)

    def wait(self, seconds: float) -> None:
        """What time itself has asked for until then, each thing at its own instant."""
        now = self.instant(seconds)
        while (item := self._due(now)) is not None and item.at <= now:
            self._carry_out(item.command, TIMER, item.at)

    def _due(self, now: datetime) -> Due | None:
        """What time asks next; looked up again only when something has happened, or no day is open."""
        state = self.state
        if self._due_seq != state.seq or state.day is None or state.day.ended_at is not None:
            self._due_seq, self._due_item = state.seq, due(state, now)
        return self._due_item

    def do(self, command: c.Command, by: c.By, seconds: float) -> list[Event]:
        """What the command makes happen, durable in the journal.

        Raises:
            Refusal: it may not be carried out, and nothing changed.
        """
        self.wait(seconds)
        if isinstance(command, c.Issue):
            self._tickets += 1
            by = replace(by, fresh_id=f"t{self._tickets}")
        return self._carry_out(command, by, self.instant(seconds))

    def _carry_out(self, command: c.Command, by: c.By, now: datetime) -> list[Event]:
        state = self.state
        at = now if state.at is None else max(now, state.at)
        decided = decide(state, command, by, at, self.outlook)
        if not decided:
            return decided
        expected = state.seq
        stored = [self._apply(event, by.actor, at) for event in decided]
        state.mark()
        batch = Batch(state.configured.branch, expected, stored, day_seq=self._day_seq)
        outcome = _run(self.journal.append(batch))
        if not isinstance(outcome, Appended):
            raise RuntimeError(f"the journal refuses a batch: {outcome}")
        return decided

    def _apply(self, event: Event, actor: str, at: datetime) -> StoredEvent:
        state = self.state
        record = Recorded(state.seq + 1, self._day_of(event, at), at, at, actor, event)  # type: ignore[arg-type]
        apply(state, record)
        if isinstance(event, DayOpened) or self._day_seq == 0:
            self._day_seq = record.seq
        return StoredEvent(record.seq, record.day, *upcast.store(record))

    def _day_of(self, event: Event, at: datetime) -> date:
        if isinstance(event, DayOpened | BranchConfigured):
            return hours.service_day(event.config, at)
        day = self.state.day
        return day.date if day is not None else hours.service_day(self.state.configured, at)


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """A coroutine that waits for nothing but its next turn."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as done:
            value: T = done.value
            return value
