"""Lengthens the audit chain of each branch, some minutes behind its journal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from queue_server.audit.chain import lengthen
from queue_server.domain.events import Recorded
from queue_server.journal.port import Journal
from queue_server.readers.reader import Progress

CHAIN_POLL_S = 300.0
"""What is changed in the database within so long of its writing is not found; what is changed later is."""


class Chaining:
    """Reads events as they lie in the journal, not as they are understood. The chain itself says how far it is: a link
    is there once, whoever adds it."""

    name = "audit"
    types: frozenset[str] | None = None

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def handle(self, branch_id: str, events: Sequence[Recorded]) -> Progress:
        seq = await self._journal.run(partial(lengthen, branch_id=branch_id))
        is_torn = seq < events[0].seq  # an event is missing: the chain stays where it fits
        return Progress(seq, CHAIN_POLL_S if is_torn else 0.0)
