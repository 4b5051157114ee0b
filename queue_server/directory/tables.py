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


class MediaRow(SQLModel, table=True):
    """A file that was uploaded for screens. Its id is drawn when it begins to come; it has a `sha256` once all of it is
    here. `mime` is what its content is. `wanted_at` is when somebody last uploaded it, or was about to name it in a
    notice. Nothing stands in the way of the same content twice."""

    __tablename__: ClassVar[str] = "media"

    id: str = Field(primary_key=True, max_length=32)
    sha256: str | None = Field(default=None, index=True, max_length=64)
    mime: str
    size: int = Field(sa_type=BigInteger)
    name: str
    uploaded_by: str
    uploaded_at: int = Field(sa_type=BigInteger)
    wanted_at: int = Field(sa_type=BigInteger)


class MediaPieceRow(SQLModel, table=True):
    """The content of such a file, in pieces of 256 kB; the last one may be shorter."""

    __tablename__: ClassVar[str] = "media_piece"

    media_id: str = Field(primary_key=True, max_length=32)
    place: int = Field(primary_key=True)
    data: bytes
