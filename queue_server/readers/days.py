"""Service days in a journal: where one begins, which came before, and what happened in it.

A journal is in order of days, so that a day is found by halving: some twenty reads of one row in years of events.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

from queue_server.domain import events as ev
from queue_server.domain import upcast
from queue_server.domain.configuration import BranchConfig
from queue_server.journal.port import Journal, JournalUnavailable, StoredEvent

EVENTS_AT_ONCE = 1000


async def first_of_day(journal: Journal, branch_id: str, day: date) -> int:
    """The seq of the first event on or after that day; the one after the last when there is none."""
    head = await journal.head(branch_id)
    if head is None:
        return 1
    low, high = head.first_seq, head.seq + 1
    while low < high:
        middle = (low + high) // 2
        found = await _event(journal, branch_id, middle)
        if found is not None and found.day < day:
            low = middle + 1
        else:
            high = middle
    return low


async def events_of_day(journal: Journal, branch_id: str, day: date) -> AsyncIterator[StoredEvent]:
    """Every event of one day, in order."""
    after = await first_of_day(journal, branch_id, day) - 1
    while page := await journal.read(branch_id, after, EVENTS_AT_ONCE):
        for event in page:
            if event.day != day:
                return
            yield event
        after = page[-1].seq


async def day_before(journal: Journal, branch_id: str, day: date) -> date | None:
    """The service day before that one: the last earlier day that was opened."""
    seq = await first_of_day(journal, branch_id, day) - 1
    while (last := await _event(journal, branch_id, seq)) is not None:
        if await was_opened(journal, branch_id, last.day):
            return last.day
        seq = await first_of_day(journal, branch_id, last.day) - 1
    return None


async def day_after(journal: Journal, branch_id: str, day: date) -> date | None:
    """The service day after that one, or None."""
    seq = await first_of_day(journal, branch_id, date.fromordinal(day.toordinal() + 1))
    while (first := await _event(journal, branch_id, seq)) is not None:
        if await was_opened(journal, branch_id, first.day):
            return first.day
        seq = await first_of_day(journal, branch_id, date.fromordinal(first.day.toordinal() + 1))
    return None


async def was_opened(journal: Journal, branch_id: str, day: date) -> bool:
    """Whether that is a service day, and not only one on which something was configured."""
    async for event in events_of_day(journal, branch_id, day):
        if event.type == "day.opened":
            return True
    return False


async def config_of_day(journal: Journal, branch_id: str) -> BranchConfig:
    """The configuration with which the branch's newest day began; before its first one, what was put in force first.

    Raises:
        JournalUnavailable: also when nothing was ever put in force.
    """
    head = await journal.head(branch_id)
    found = await _event(journal, branch_id, head.day_seq) if head is not None else None
    event = upcast.load(found.seq, found.day, found.type, found.v, found.body).event if found is not None else None
    if not isinstance(event, ev.DayOpened | ev.BranchConfigured):
        raise JournalUnavailable("unavailable", f"branch {branch_id} has no configuration")
    return event.config


async def _event(journal: Journal, branch_id: str, seq: int) -> StoredEvent | None:
    found = await journal.read(branch_id, seq - 1, 1) if seq > 0 else []
    return found[0] if found and found[0].seq == seq else None
