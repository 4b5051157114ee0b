"""Signals between processes. Nothing of them is the truth: who misses one finds what it said in the database.

Every implementation passes `tests/contract/test_signals.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from queue_server.domain.foresight import Outlook
from queue_server.journal.port import Written

EVENTS_MAX_BYTES = 32 * 1024
"""Events of a larger batch are not sent along: whoever needs them reads them."""


class AccessChanged(Struct, frozen=True):
    """An account, a device or its rights are not what they were."""


class Taken(Struct, frozen=True):
    """A reader elsewhere wants to be the only one of this channel."""

    channel: str


class Foreseen(Struct, frozen=True):
    """The newest outlook of a branch, made by another process."""

    branch_id: str
    outlook: Outlook


class Advised(Struct, frozen=True):
    """Somebody was advised elsewhere to go to this branch, and would be there then."""

    branch_id: str
    field: str
    arrives_at: datetime


class Missed(Struct, frozen=True):
    """Signals may have been lost: look at everything."""


Sent = Written | AccessChanged | Taken | Foreseen | Advised
Signal = Sent | Missed
Listener = Callable[[Signal], None]


class Signals(Protocol):
    """To all other processes and from them, in the order of each sender."""

    @property
    def is_live(self) -> bool:
        """Whether what others say is heard now; without it one has to look for oneself."""

    def send(self, signal: Sent) -> None:
        """Tell the others. Never waits, never fails; nobody hears an own signal."""

    def start(self, listener: Listener) -> None:
        """Listen from now on. `Missed` comes whenever listening begins (again)."""

    async def stop(self) -> None: ...


def light(signal: Sent) -> Sent:
    """As it is sent: a batch without its events where they are many."""
    if not isinstance(signal, Written) or sum(len(event.body) for event in signal.events) <= EVENTS_MAX_BYTES:
        return signal
    return Written(signal.branch_id, signal.epoch, signal.prev, signal.seq)
