"""The command bus: from a command and its branch (or ticket) to the host that decides it. The same for every
transport.

Where one process serves a journal it has all hosts loaded, so that time is kept at every branch. Where several do, each
has those that somebody asked it for.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from queue_server.branches.answers import Answer
from queue_server.branches.clock import Clock, Watch
from queue_server.branches.host import BranchHost, Publish
from queue_server.branches.personal import Words
from queue_server.domain.commands import By, Command, Configure
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import Change
from queue_server.journal.port import Batch, Journal

log = logging.getLogger(__name__)

IDLE_S = 600.0
"""A host that nobody has needed for so long is dropped where another process, or this one, can load it again."""
TICKETS_KNOWN = 50_000
"""Tickets of which the branch is known without asking the journal: the busiest day of a large city's process."""


def fresh_id() -> str:
    """An unused ticket id: 48 bits of time in milliseconds, so that ids are ordered, and 56 random ones, in hex."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(7).hex()}"


class CommandBus:
    """Loads hosts when they are first needed and hands commands to them."""

    def __init__(self, journal: Journal, clock: Clock, watch: Watch, publish: Publish) -> None:
        self._journal = journal
        self._clock = clock
        self._also_publish = publish
        self.watch = watch
        self._hosts: dict[str, BranchHost] = {}
        self._where: OrderedDict[str, str] = OrderedDict()
        self._loading: dict[str, asyncio.Task[BranchHost]] = {}

    def __iter__(self) -> Iterator[BranchHost]:
        return iter(self._hosts.values())

    def loaded(self, branch_id: str) -> BranchHost | None:
        return self._hosts.get(branch_id)

    def _publish(self, host: BranchHost, changes: list[Change], own: Batch | None) -> None:
        for change in changes:
            if change.table == "tickets":
                self._remember(str(change.key), host.branch_id)
        self._also_publish(host, changes, own)

    def _remember(self, ticket_id: str, branch_id: str) -> None:
        self._where[ticket_id] = branch_id
        if len(self._where) > TICKETS_KNOWN:
            self._where.popitem(last=False)

    async def host(self, branch_id: str) -> BranchHost:
        """The branch's host, loaded.

        Raises:
            Refusal: `unknown-branch`.
        """
        host = self._hosts.get(branch_id)
        if host is not None:
            return host
        if await self._journal.head(branch_id) is None:
            raise Refusal("unknown-branch", branch=branch_id)
        return await self._load(branch_id)

    async def _load(self, branch_id: str) -> BranchHost:
        """Never a second one: readers of a channel would be divided between them."""
        if branch_id in self._hosts:
            return self._hosts[branch_id]
        task = self._loading.get(branch_id)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._loaded(branch_id), name=f"load {branch_id}")
            self._loading[branch_id] = task
            task.add_done_callback(lambda _: self._loading.pop(branch_id, None))
        return await asyncio.shield(task)

    async def _loaded(self, branch_id: str) -> BranchHost:
        host = BranchHost(branch_id, self._journal, self._clock, self.watch, self._publish)
        await host.load()
        self._hosts[branch_id] = host
        return host

    async def carry_out(
        self, branch_id: str, command: Command, by: By, key: str, words: Sequence[Words] = ()
    ) -> Answer:
        """Have the branch decide the command; returns after it is durable.

        Raises:
            Refusal: it may not be carried out, and nothing changed.
        """
        host = self._hosts.get(branch_id) or await self.host(branch_id)
        return await host.submit(command, by, key, words)

    async def put_in_force(self, config: BranchConfig, by: By, key: str) -> Answer:
        """Configure a branch, also one that has no journal yet."""
        host = await self._load(config.branch)
        return await host.submit(Configure(config=config), by, key)

    async def branch_of(self, ticket_id: str) -> str:
        """Which branch a ticket is at.

        Raises:
            Refusal: `unknown-ticket`.
        """
        known = self._where.get(ticket_id)
        if known is not None:
            return known
        found = await self._journal.find_ticket(ticket_id)
        if found is None:
            raise Refusal("unknown-ticket", ticket=ticket_id)
        self._remember(ticket_id, found[0])
        return found[0]

    async def start(self) -> None:
        """Where nobody else keeps time, load every branch that has a journal."""
        if not self._journal.is_shared:
            for head in await self._journal.heads():
                await self.host(head.branch_id)

    def drop_idle(self, is_read: Callable[[str], bool]) -> None:
        """Let go of hosts that nobody needs; `is_read` tells of which branch somebody reads a channel."""
        if not self._journal.is_shared:
            return
        before = time.monotonic() - IDLE_S
        for host in list(self._hosts.values()):
            if host.used_at < before and host.is_idle and not is_read(host.branch_id):
                host.close()
                del self._hosts[host.branch_id]

    async def drain(self, *, within_s: float) -> None:
        """Wait until what was submitted has been answered, but no longer than that."""
        try:
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(host.drained() for host in self._hosts.values()))
        except TimeoutError:
            log.warning("Some commands are still under way after %.0f s.", within_s)

    def close(self) -> None:
        for host in self._hosts.values():
            host.close()
