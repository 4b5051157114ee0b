"""The chain over journals, and the trail of who may do what; see `chain.py` and `trail.py`."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel


class AuditLink(SQLModel, table=True):
    """The chain's value after the event `seq`, and the marks of the events since the link before."""

    __tablename__ = "audit_link"

    branch_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    value: bytes
    marks: bytes


class AccessEvent(SQLModel, table=True):
    """Something that was done about accounts, devices, sessions or somebody's data. `no` has no gaps; `at` is in
    microseconds; `value` chains it to the one before."""

    __tablename__ = "access_event"
    __table_args__: ClassVar[Any] = (Index("ix_access_event_at", "at"),)

    no: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: int = Field(sa_type=BigInteger)
    actor: str
    action: str
    subject: str
    branch: str | None = None
    detail: str
    value: bytes
