"""A command on its way through a host, and the memory of those that were accepted."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

import msgspec
from msgspec import Struct

from queue_server.branches.answers import Answer
from queue_server.branches.personal import Words, is_said_again
from queue_server.domain.commands import By, Command, ReportCall, TicketCommand
from queue_server.domain.events import Recorded
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Journal

KEYS_REMEMBERED = 32
"""Accepted commands of a branch that are known without asking the journal, which knows all: a repeat comes soon."""

REPORTS_REMEMBERED = 64
"""Screens tell of a call within seconds, and of its end within a minute."""


class Pending:
    """A command, and where its answer goes. `words` came with it and go beside the journal: the fingerprint tells
    nothing of them, since it is kept longer than they may be."""

    __slots__ = ("by", "command", "events", "fingerprint", "future", "key", "refusal", "words")

    def __init__(
        self, command: Command, by: By, key: str, future: asyncio.Future[Answer], words: Sequence[Words] = ()
    ) -> None:
        self.command = command
        self.by = by
        self.key = key
        self.words = words
        self.future = future
        self.fingerprint = blake2b(_encoder.encode(command), digest_size=16).digest()
        self.events: list[Recorded] = []
        self.refusal: Refusal | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """Two of one identity are one command."""
        return (self.by.actor, self.key)

    @property
    def ticket(self) -> str:
        """Whose words they are."""
        assert isinstance(self.command, TicketCommand)
        return self.command.ticket

    def answer(self, value: Answer) -> None:
        if not self.future.done():
            self.future.set_result(value)

    def fail(self, fault: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(fault)


class Repeat(Struct, frozen=True):
    """An accepted command, to answer a repeat of it."""

    fingerprint: bytes
    first_seq: int
    last_seq: int


class Repeats:
    """The accepted commands of one branch: the newest from memory, all from the journal's command table."""

    def __init__(self, branch_id: str, journal: Journal) -> None:
        self._branch_id = branch_id
        self._journal = journal
        self._recent: OrderedDict[tuple[str, str], Repeat] = OrderedDict()

    def remember(self, accepted: Pending) -> None:
        events = accepted.events
        self._recent[accepted.identity] = Repeat(accepted.fingerprint, events[0].seq, events[-1].seq)
        if len(self._recent) > KEYS_REMEMBERED:
            self._recent.popitem(last=False)

    async def find(self, pending: Pending, *, ask_journal: bool) -> Repeat | None:
        """The accepted command of the same identity."""
        known = self._recent.get(pending.identity)
        if known is None and ask_journal:
            row = await self._journal.find_command(self._branch_id, *pending.identity)
            known = Repeat(row.fingerprint, row.first_seq, row.last_seq) if row is not None else None
        return known

    async def is_same(self, pending: Pending, known: Repeat) -> bool:
        """Whether a repeat asks for what was accepted. Its words are held against the rows: nothing else tells of
        them."""
        if known.fingerprint != pending.fingerprint:
            return False
        if not pending.words:
            return True
        rows = await self._journal.personal_of(self._branch_id, pending.ticket)
        return is_said_again(pending.words, [row for row in rows if known.first_seq <= row.seq <= known.last_seq])


class Reports:
    """What many screens tell of one call is decided once, for the first of them; the others get its answer."""

    def __init__(self) -> None:
        self._first: OrderedDict[tuple[int, bool], asyncio.Future[Answer]] = OrderedDict()

    def find(self, report: ReportCall) -> asyncio.Future[Answer] | None:
        """The answer of whoever told the same before, on its way or given; None where that one failed."""
        first = self._first.get((report.call, report.is_spoken))
        if first is None or (first.done() and (first.cancelled() or first.exception() is not None)):
            return None
        return first

    def remember(self, report: ReportCall, answer: asyncio.Future[Answer]) -> None:
        self._first[report.call, report.is_spoken] = answer
        if len(self._first) > REPORTS_REMEMBERED:
            self._first.popitem(last=False)


_encoder = msgspec.json.Encoder()
