"""Records that the receiver called wrong: kept aside, so that the stream goes on."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class ParkedRecord(SQLModel, table=True):
    """`status` and `answer` are the receiver's."""

    __tablename__ = "parked_record"

    id: str = Field(primary_key=True)
    branch: str = Field(index=True)
    status: int
    answer: str
    body: bytes
    parked_at: int = Field(sa_type=BigInteger)
