"""The journal's port. Every implementation passes `tests/contract/test_journal.py`.

Positions: `(branch_id, seq)` is the key of an event, `seq` starts at 1 and has no gaps. `epoch` names one history: it
is drawn when a branch's journal is created, restored or moved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Head(Struct, frozen=True):
    """Where a branch's journal ends. `day_seq` is the seq of its newest `day.opened` or, before any, of its first
    event: replay starts there. `due_at` is when time next asks something of the branch."""

    branch_id: str
    epoch: str
    seq: int
    day_seq: int
    first_seq: int = 1
    due_at: datetime | None = None


class StoredEvent(Struct, frozen=True):
    """An event as it lies in the journal; `body` is never rewritten."""

    seq: int
    day: date
    type: str
    v: int
    body: bytes


class CommandRow(Struct, frozen=True):
    """An accepted command: whoever sends the same key again gets the answer made of the same events."""

    actor: str
    key: str
    fingerprint: bytes
    first_seq: int
    last_seq: int
    day: date


class TicketRow(Struct, frozen=True):
    """The projection of a ticket: columns to search by, and the whole ticket as JSON in `body`."""

    id: str
    day: date
    number: str
    field: str
    state: str
    issued_at: datetime
    body: bytes
    final_at: datetime | None = None


class PersonalRow(Struct, frozen=True):
    """Something about a person: it lies beside the journal, and goes at `delete_after` or when somebody asks for it.

    `seq` is the event that points to it, by `digest`: which is worth nothing to whoever has not got the row, since the
    `salt` goes with it.
    """

    ticket_id: str
    seq: int
    kind: str
    value: str
    salt: bytes
    digest: str
    delete_after: datetime


class Batch(Struct, frozen=True):
    """What one branch adds in one transaction, expecting its head at `expected` (0: no journal yet).

    `day_seq` 0 leaves the head's as it was; `due_at` always replaces it.
    """

    branch_id: str
    expected: int
    events: Sequence[StoredEvent]
    commands: Sequence[CommandRow] = ()
    tickets: Sequence[TicketRow] = ()
    personal: Sequence[PersonalRow] = ()
    day_seq: int = 0
    due_at: datetime | None = None


class Written(Struct, frozen=True, array_like=True):
    """A hint that somebody has appended to a branch: from `prev` to `seq`, with the events where they are few.

    Whoever stands at `prev` may take the events as read; everybody else, and who gets none, reads the journal.
    """

    branch_id: str
    epoch: str
    prev: int
    seq: int
    events: Sequence[StoredEvent] = ()


class Appended(Struct, frozen=True):
    """The batch is durable; `epoch` is the branch's."""

    epoch: str


class Conflict(Struct, frozen=True):
    """Another writer was faster: the head is not where the batch expected it. Nothing was written."""

    seq: int


class KeyTaken(Struct, frozen=True):
    """A command of the batch had been accepted before. Nothing was written."""

    actor: str
    key: str


Outcome = Appended | Conflict | KeyTaken


class JournalUnavailable(Exception):
    """The journal cannot be written (or read) now, or the outcome of a write is unknown.

    `reason` is "disk-full", "unavailable" or "closed".
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail or reason


class Cursor(Struct, frozen=True):
    """A durable reader's place in one branch. `fence` grows with each take-over; only its holder may move it."""

    reader: str
    branch_id: str
    seq: int
    fence: int
    holder: str
    lease_until: datetime


class Result(Protocol):
    """What a statement gave: rows of what it selects or returns, and how many it touched."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """The connection that `Journal.run` lends: statements with `?` for values, in a transaction that it ends itself.

    Statements are such as every database understands; the standard library's SQLite connection is one of these.
    """

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Result: ...

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> object: ...


class Journal(Protocol):
    """Appends, reads, and the readers' cursors. All times of leases are the database's own.

    `is_shared` says that other processes may write too: what a process knows of a branch may be out of date.
    """

    @property
    def is_shared(self) -> bool: ...

    @property
    def answered_at(self) -> float:
        """When it last answered anybody of this process, by the monotonic clock; 0 where nobody waits for answers."""

    async def now(self) -> datetime:
        """What the database's clock shows at some instant between the call and its return."""

    async def heads(self) -> list[Head]:
        """The heads of all branches."""

    async def day_events(self) -> dict[str, StoredEvent]:
        """Of every branch the event at which its newest day begins (`Head.day_seq`): it carries the configuration."""

    async def due(self, at: datetime) -> list[str]:
        """The branches of which time asks something by then."""

    async def head(self, branch_id: str) -> Head | None:
        """The head as it is at some instant after the call."""

    async def read(self, branch_id: str, after: int, limit: int = 1000) -> list[StoredEvent]:
        """Events with `seq > after`, in order, at most `limit`."""

    async def having(self, types: Collection[str], after: Mapping[str, int]) -> set[str]:
        """The branches of `after` that have an event of one of these types with a `seq` above what stands there."""

    async def append(self, batch: Batch) -> Outcome:
        """Write the batch durably, or nothing of it. Batches of many branches share a commit.

        Raises:
            JournalUnavailable: nothing may be assumed about whether the batch was written.
            ValueError: the batch is malformed: see `batches.check`.
        """

    async def append_together(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        """Write all batches, of different branches, in one transaction or none (a ticket moves between branches).

        Where one is refused, those that were in order get Conflict with the seq where their head still is.
        """

    async def find_command(self, branch_id: str, actor: str, key: str) -> CommandRow | None: ...

    async def find_ticket(self, ticket_id: str) -> tuple[str, TicketRow] | None:
        """The branch and the projection of a ticket, or None."""

    async def tickets_of_day(self, branch_id: str, day: date) -> list[TicketRow]: ...

    async def personal_of(self, branch_id: str, ticket_id: str) -> list[PersonalRow]:
        """What is still kept of a ticket's citizen, in the order of its events."""

    async def forget_personal(self, branch_id: str, now: datetime) -> int:
        """Delete the personal rows whose time is over; returns how many."""

    async def forget_commands(self, branch_id: str, before: date) -> int:
        """Delete command rows of service days before that one; returns how many."""

    async def renew_epoch(self, branch_id: str, epoch: str) -> None:
        """Begin a new history, unless that epoch is no longer the branch's: what clients have seen since is void."""

    async def take_cursor(self, reader: str, branch_id: str, holder: str, lease_s: float) -> Cursor | None:
        """Take or renew the cursor (created at 0). None while another holder's lease runs."""

    async def move_cursor(self, cursor: Cursor, seq: int) -> bool:
        """Move it if its fence is still the newest; False tells a stopped holder that it was overtaken."""

    async def cursor_seq(self, reader: str, branch_id: str) -> int:
        """Where that reader is (0 when it never ran)."""

    async def cursor_seqs(self, reader: str) -> dict[str, int]:
        """Where that reader is in every branch in which it ever ran."""

    async def run(self, work: Callable[[Database], T]) -> T:
        """Run a short function on the journal's database, in a transaction of its own, between batches."""

    async def close(self) -> None:
        """Finish what was accepted and close. Later calls raise JournalUnavailable("closed")."""
