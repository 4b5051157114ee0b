"""Limits: how often somebody may try something. A leaky bucket for each subject, known by one instant (GCRA).

Every implementation passes `tests/contract/test_limits.py`.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Protocol

from msgspec import Struct

SLACK_S = 1e-3
"""Instants are sums of fractions, rounded to microseconds on the way: what is due in so little time is due."""


class Limit(Struct, frozen=True):
    """`burst` tries at once, and one more each `every_s`."""

    name: str
    burst: int
    every_s: float


class Limits(Protocol):
    """Counts tries by limit and subject. Never fails: a limit that cannot be looked up is a weaker one, no fault."""

    async def take(self, limit: Limit, subject: str) -> float:
        """Count one try: 0 when it may be made. Else it is not counted, and may be made after so many seconds."""

    async def give_back(self, limit: Limit, subject: str) -> None:
        """A try that was counted does not count after all."""

    async def forget(self, limit: Limit, subject: str) -> None:
        """No try counts any more."""


def bucket_of(limit: Limit, subject: str) -> str:
    """Its name: short whatever a stranger sends as a subject, and nothing that leads to a person."""
    return f"{limit.name}:{blake2b(subject.encode(), digest_size=16).hexdigest()}"
