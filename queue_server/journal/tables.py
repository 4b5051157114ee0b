"""The journal's tables, for migrations, administration and reports. The hot path uses prepared statements instead.

Instants are INTEGER microseconds since 1970-01-01 UTC (exact, ordered, eight bytes, the same on every database);
service days are ISO text (`2026-11-22`), which orders the same. `body` is JSON in UTF-8 and is never rewritten.
Directory and access tables live in `queue_server/directory/tables.py`, in the same metadata and database.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field, SQLModel

CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}
"""Small rows lie in the primary key's tree itself: one page to write less. Events and tickets are too large for that:
they are appended to a table, and only their keys are sorted in (with 64 branches this halves the pages of a commit;
see docs/decisions/0002)."""


class BranchHead(SQLModel, table=True):
    """Where a branch's journal ends; every append moves it `WHERE seq = expected`."""

    __tablename__: ClassVar[str] = "branch_head"
    __table_args__: ClassVar[Any] = CLUSTERED

    branch_id: str = Field(primary_key=True)
    epoch: str
    seq: int = Field(sa_type=BigInteger)
    day_seq: int = Field(sa_type=BigInteger)
    first_seq: int = Field(default=1, sa_type=BigInteger)
    due_at: int | None = Field(default=None, sa_type=BigInteger)


class JournalEvent(SQLModel, table=True):
    """One event. `seq` starts at 1 and has no gaps within its branch."""

    __tablename__: ClassVar[str] = "event"

    branch_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    day: str
    type: str
    v: int
    body: bytes = Field(sa_type=LargeBinary)


class AcceptedCommand(SQLModel, table=True):
    """A command that was accepted, under the key that its sender gave it."""

    __tablename__: ClassVar[str] = "command"
    __table_args__: ClassVar[Any] = CLUSTERED

    branch_id: str = Field(primary_key=True)
    actor: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    first_seq: int = Field(sa_type=BigInteger)
    last_seq: int = Field(sa_type=BigInteger)
    day: str


class TicketProjection(SQLModel, table=True):
    """What a ticket is now: a projection of the journal, written in the same transaction."""

    __tablename__: ClassVar[str] = "ticket"
    __table_args__: ClassVar[Any] = (Index("ix_ticket_branch_day", "branch_id", "day"),)

    id: str = Field(primary_key=True)
    branch_id: str
    day: str
    number: str
    field: str
    state: str
    issued_at: int = Field(sa_type=BigInteger)
    final_at: int | None = Field(default=None, sa_type=BigInteger)
    body: bytes = Field(sa_type=LargeBinary)


class Personal(SQLModel, table=True):
    """Something about a person, beside the journal: events hold its digest. Deleting the row is all that erasure is."""

    __tablename__: ClassVar[str] = "personal"
    __table_args__: ClassVar[Any] = (
        Index("ix_personal_ticket", "branch_id", "ticket_id"),
        Index("ix_personal_delete_after", "branch_id", "delete_after"),
    )

    branch_id: str = Field(primary_key=True)
    digest: str = Field(primary_key=True, max_length=64)
    ticket_id: str
    seq: int = Field(sa_type=BigInteger)
    kind: str
    value: str
    salt: bytes = Field(sa_type=LargeBinary)
    delete_after: int = Field(sa_type=BigInteger)


class ReaderCursor(SQLModel, table=True):
    """A durable reader's place in one branch; moving it is conditional on the fence."""

    __tablename__: ClassVar[str] = "cursor"
    __table_args__: ClassVar[Any] = CLUSTERED

    reader: str = Field(primary_key=True)
    branch_id: str = Field(primary_key=True)
    seq: int = Field(default=0, sa_type=BigInteger)
    fence: int = Field(default=0, sa_type=BigInteger)
    holder: str = Field(default="")
    lease_until: int = Field(default=0, sa_type=BigInteger)
