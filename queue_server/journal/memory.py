"""The journal in memory: the twin that tests and demonstrations use. Nothing is kept when the process ends."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from queue_server.journal.batches import check_all, draw_epoch, last_seq
from queue_server.journal.port import (
    Appended,
    Batch,
    CommandRow,
    Conflict,
    Cursor,
    Head,
    JournalUnavailable,
    KeyTaken,
    Outcome,
    PersonalRow,
    StoredEvent,
    TicketRow,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


class _Branch(Struct):
    head: Head
    events: list[StoredEvent] = field(default_factory=list)
    commands: dict[tuple[str, str], CommandRow] = field(default_factory=dict)
    personal: list[PersonalRow] = field(default_factory=list)


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryJournal:
    """Appends take one turn of the loop, as a commit does, so that callers meet the same order of things."""

    is_shared = True
    answered_at = 0.0
    """Several hosts may use one, as processes use one database."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._branches: dict[str, _Branch] = {}
        self._tickets: dict[str, tuple[str, TicketRow]] = {}
        self._cursors: dict[tuple[str, str], Cursor] = {}
        self._is_closed = False
        self._accepted = 0
        self._drained = asyncio.Event()

    async def now(self) -> datetime:
        self._ensure_open()
        return self._clock()

    async def heads(self) -> list[Head]:
        self._ensure_open()
        return [branch.head for branch in self._branches.values()]

    async def day_events(self) -> dict[str, StoredEvent]:
        return {
            head.branch_id: (await self.read(head.branch_id, head.day_seq - 1, 1))[0] for head in await self.heads()
        }

    async def due(self, at: datetime) -> list[str]:
        due = [(head.due_at, head.branch_id) for head in await self.heads() if head.due_at is not None]
        return [branch_id for due_at, branch_id in sorted(due) if due_at <= at]

    async def head(self, branch_id: str) -> Head | None:
        self._ensure_open()
        branch = self._branches.get(branch_id)
        return branch.head if branch else None

    async def read(self, branch_id: str, after: int, limit: int = 1000) -> list[StoredEvent]:
        self._ensure_open()
        branch = self._branches.get(branch_id)
        if branch is None or limit <= 0:
            return []
        start = bisect_right(branch.events, after, key=lambda event: event.seq)
        return branch.events[start : start + limit]

    async def having(self, types: Collection[str], after: Mapping[str, int]) -> set[str]:
        self._ensure_open()
        return {
            branch_id
            for branch_id, seq in after.items()
            if branch_id in self._branches
            and any(event.type in types and event.seq > seq for event in self._branches[branch_id].events)
        }

    async def append(self, batch: Batch) -> Outcome:
        return (await self.append_together([batch]))[0]

    async def append_together(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        self._ensure_open()
        check_all(batches)
        with self._accepting():
            await asyncio.sleep(0)
            return self._write(batches)

    async def find_command(self, branch_id: str, actor: str, key: str) -> CommandRow | None:
        self._ensure_open()
        branch = self._branches.get(branch_id)
        return branch.commands.get((actor, key)) if branch else None

    async def find_ticket(self, ticket_id: str) -> tuple[str, TicketRow] | None:
        self._ensure_open()
        return self._tickets.get(ticket_id)

    async def tickets_of_day(self, branch_id: str, day: date) -> list[TicketRow]:
        self._ensure_open()
        found = [row for branch, row in self._tickets.values() if branch == branch_id and row.day == day]
        return sorted(found, key=lambda row: row.id)

    async def personal_of(self, branch_id: str, ticket_id: str) -> list[PersonalRow]:
        self._ensure_open()
        branch = self._branches.get(branch_id)
        found = [row for row in branch.personal if row.ticket_id == ticket_id] if branch else []
        return sorted(found, key=lambda row: (row.seq, row.digest))

    async def forget_personal(self, branch_id: str, now: datetime) -> int:
        self._ensure_open()
        branch = self._branches.get(branch_id)
        if branch is None:
            return 0
        before = len(branch.personal)
        branch.personal = [row for row in branch.personal if row.delete_after > now]
        return before - len(branch.personal)

    async def forget_commands(self, branch_id: str, before: date) -> int:
        self._ensure_open()
        branch = self._branches.get(branch_id)
        if branch is None:
            return 0
        old = [key for key, row in branch.commands.items() if row.day < before]
        for key in old:
            del branch.commands[key]
        return len(old)

    async def renew_epoch(self, branch_id: str, epoch: str) -> None:
        self._ensure_open()
        branch = self._branches.get(branch_id)
        if branch is not None and branch.head.epoch == epoch:
            branch.head = replace(branch.head, epoch=draw_epoch())

    async def take_cursor(self, reader: str, branch_id: str, holder: str, lease_s: float) -> Cursor | None:
        self._ensure_open()
        now = self._clock()
        old = self._cursors.get((reader, branch_id)) or Cursor(reader, branch_id, 0, 0, "", now)
        if old.holder != holder and old.lease_until > now:
            return None
        fence = old.fence if old.holder == holder else old.fence + 1
        taken = replace(old, fence=fence, holder=holder, lease_until=now + timedelta(seconds=lease_s))
        self._cursors[reader, branch_id] = taken
        return taken

    async def move_cursor(self, cursor: Cursor, seq: int) -> bool:
        self._ensure_open()
        place = (cursor.reader, cursor.branch_id)
        current = self._cursors.get(place)
        if current is None or current.fence != cursor.fence:
            return False
        self._cursors[place] = replace(current, seq=seq)
        return True

    async def cursor_seq(self, reader: str, branch_id: str) -> int:
        self._ensure_open()
        cursor = self._cursors.get((reader, branch_id))
        return cursor.seq if cursor else 0

    async def cursor_seqs(self, reader: str) -> dict[str, int]:
        self._ensure_open()
        return {branch: cursor.seq for (name, branch), cursor in self._cursors.items() if name == reader}

    async def run(self, work: Callable[..., T]) -> T:
        self._ensure_open()
        with self._accepting():
            await asyncio.sleep(0)
            return work(None)

    async def close(self) -> None:
        self._is_closed = True
        if self._accepted:
            await self._drained.wait()

    def _ensure_open(self) -> None:
        if self._is_closed:
            raise JournalUnavailable("closed")

    @contextmanager
    def _accepting(self) -> Iterator[None]:
        self._accepted += 1
        try:
            yield
        finally:
            self._accepted -= 1
            if self._is_closed and not self._accepted:
                self._drained.set()

    def _write(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Write all, or none: a batch that is refused leaves the others where their heads are."""
        refusals = [self._refusal(batch) for batch in batches]
        if any(refusals):
            return [
                refused or Conflict(self._seq(batch.branch_id))
                for refused, batch in zip(refusals, batches, strict=True)
            ]
        return [self._write_one(batch) for batch in batches]

    def _seq(self, branch_id: str) -> int:
        branch = self._branches.get(branch_id)
        return branch.head.seq if branch else 0

    def _refusal(self, batch: Batch) -> Conflict | KeyTaken | None:
        seq = self._seq(batch.branch_id)
        branch = self._branches.get(batch.branch_id)
        if seq != batch.expected:
            return Conflict(seq)
        seen = set(branch.commands) if branch else set()
        for command in batch.commands:
            if (command.actor, command.key) in seen:
                return KeyTaken(command.actor, command.key)
            seen.add((command.actor, command.key))
        return None

    def _write_one(self, batch: Batch) -> Appended:
        branch = self._branches.get(batch.branch_id)
        if branch is None:
            branch = _Branch(Head(batch.branch_id, draw_epoch(), 0, 1))
            self._branches[batch.branch_id] = branch
        day_seq = batch.day_seq or branch.head.day_seq
        branch.head = replace(branch.head, seq=last_seq(batch), day_seq=day_seq, due_at=batch.due_at)
        branch.events.extend(batch.events)
        branch.commands.update(((row.actor, row.key), row) for row in batch.commands)
        branch.personal.extend(batch.personal)
        self._tickets.update((row.id, (batch.branch_id, row)) for row in batch.tickets)
        return Appended(branch.head.epoch)
