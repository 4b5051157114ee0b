"""What is said of a person goes beside the journal: the words into rows that end, a digest of them into the event.

A digest is made with a salt that nobody but its row has. With the row gone nobody finds out what was said, however
short it was; while it is there, who audits the journal can tell whether it was changed.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from msgspec import Struct

from queue_server.domain.configuration import BranchConfig
from queue_server.domain.hours import boundary, service_day
from queue_server.journal.port import PersonalRow

Kind = Literal["note", "dossier", "comment"]
SALT_BYTES = 16


class Keeping(Struct, frozen=True):
    """How long each kind is kept: to the end of so many service days after its own."""

    note_days: int = 1
    dossier_days: int = 90
    comment_days: int = 365

    def until(self, kind: Kind, config: BranchConfig, now: datetime) -> datetime:
        """When what is said now is deleted: the boundary of a service day of that branch."""
        days = {"note": self.note_days, "dossier": self.dossier_days, "comment": self.comment_days}[kind]
        return boundary(config, service_day(config, now) + timedelta(days=days + 1))


class Words(Struct, frozen=True):
    """Something that somebody has said of a person, on its way to its row."""

    kind: Kind
    value: str
    delete_after: datetime
    salt: bytes
    digest: str

    def row(self, ticket_id: str, seq: int) -> PersonalRow:
        return PersonalRow(ticket_id, seq, self.kind, self.value, self.salt, self.digest, self.delete_after)


def words(kind: Kind, value: str, delete_after: datetime) -> Words:
    """With a salt of its own."""
    salt = os.urandom(SALT_BYTES)
    return Words(kind, value, delete_after, salt, digest_of(salt, kind, value))


def digest_of(salt: bytes, kind: str, value: str) -> str:
    """What an event holds of it, in hex."""
    return hmac.new(salt, f"{kind}\n{value}".encode(), sha256).hexdigest()


def is_said_again(said: Sequence[Words], kept: Sequence[PersonalRow]) -> bool:
    """Whether a repeat says what is kept of the first. Of what is not kept any more nobody can tell, and so it does."""
    return not kept or sorted((each.kind, each.value) for each in said) == sorted(
        (each.kind, each.value) for each in kept
    )
