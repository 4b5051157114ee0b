"""The directory's tables. A branch is one document; its shape is that of `schema.BranchDocument`.

`document` is what the browser edits and what is put in force, `imported` the file as it was last imported: an import
compares both with the file. `imported` is null for what no file names. `updated_at` is in microseconds since
1970-01-01 UTC, as in the journal.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel


class OrganisationRow(SQLModel, table=True):
    """Who runs branches. `name` is {"vi": …, "en": …}."""

    __tablename__: ClassVar[str] = "organisation"

    code: str = Field(primary_key=True)
    name: dict[str, Any] = Field(sa_type=JSON)
    imported: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    updated_at: int = Field(sa_type=BigInteger)


class BranchRow(SQLModel, table=True):
    """A branch; its id is its code. One that was given up is retired, never deleted: its journal names it."""

    __tablename__: ClassVar[str] = "branch"

    id: str = Field(primary_key=True)
    organisation_code: str = Field(foreign_key="organisation.code", index=True)
    parent: str | None = None
    document: dict[str, Any] = Field(sa_type=JSON)
    imported: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    updated_at: int = Field(sa_type=BigInteger)
    is_retired: bool = False


class SlipRow(SQLModel, table=True):
    """A dossier's appointment slip, as the backend said last. `key` is its code without points and dashes, `version`
    the backend's own, which grows. One that was taken away is kept without the rest for a while, so that what was said
    before and comes later does not bring it back. `told_at` is in microseconds, as `updated_at`."""

    __tablename__: ClassVar[str] = "slip"

    branch: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    told_at: int = Field(sa_type=BigInteger)
    slip: dict[str, Any] | None = Field(default=None, sa_type=JSON)
