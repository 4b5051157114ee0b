"""All branches in short, without loading any: a province has hundreds, and lists of them are often asked for."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from queue_server.branches.bus import CommandBus
from queue_server.branches.history import loaded
from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.hours import day_in_viet_nam, service_day
from queue_server.journal.port import Journal, JournalUnavailable


class Listed(Struct, frozen=True):
    """A branch, its configuration (of where it is loaded; else as its day began) and its position."""

    config: BranchConfig
    position: str


class Listing:
    """Configurations are kept as long as the days that they belong to last."""

    def __init__(self, journal: Journal, bus: CommandBus) -> None:
        self._journal = journal
        self._bus = bus
        self._known: dict[str, tuple[str, int, BranchConfig]] = {}

    async def all(self) -> list[Listed]:
        """Every branch that was ever configured, by its code."""
        heads = await self._journal.heads()
        if any(self._known.get(head.branch_id, ("", 0))[:2] != (head.epoch, head.day_seq) for head in heads):
            await self._learn({head.branch_id: head.epoch for head in heads})
        return [
            Listed(self._config(head.branch_id), f"{head.epoch}.{head.seq}")
            for head in heads
            if head.branch_id in self._known
        ]

    async def calendars(self) -> list[BranchConfig]:
        """Of every branch a configuration that it has, or had lately: whose days are asked for often, and hardly ever
        begin at another hour."""
        heads = await self._journal.heads()
        if any(head.branch_id not in self._known for head in heads):
            await self._learn({head.branch_id: head.epoch for head in heads})
        return [self._config(head.branch_id) for head in heads if head.branch_id in self._known]

    def today(self, branch_id: str, now: datetime) -> date:
        """The service day that a branch is in; where it is not known here, as most of them count it."""
        host = self._bus.loaded(branch_id)
        known = self._known.get(branch_id)
        config = host.state.config if host is not None else known[2] if known is not None else None
        return service_day(config, now) if config is not None else day_in_viet_nam(now)

    async def _learn(self, epochs: dict[str, str]) -> None:
        """Whose day a newer release has begun is not known here; the others are."""
        for branch_id, stored in (await self._journal.day_events()).items():
            known = self._known.get(branch_id)
            if branch_id in epochs and (known is None or known[:2] != (epochs[branch_id], stored.seq)):
                try:
                    event = loaded(branch_id, stored).event
                except JournalUnavailable:
                    continue
                if isinstance(event, ev.DayOpened | ev.BranchConfigured):
                    self._known[branch_id] = (epochs[branch_id], stored.seq, event.config)

    def _config(self, branch_id: str) -> BranchConfig:
        host = self._bus.loaded(branch_id)
        return self._known[branch_id][2] if host is None else host.state.configured
