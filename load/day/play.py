"""Plays a day against a running server: everybody comes, works, watches and goes home."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from load.day.hall import Clerk, Dispenser, Log, Pace, shares, watch_board
from load.day.visits import Visit
from queue_server.protocol.client import Client

DISPENSERS = 2


async def play(
    server: str, tokens: Mapping[str, str], branch: str, counters: Sequence[int], visits: Sequence[Visit], speed: float
) -> Log:
    """A whole day by the server's fast clock; returns when the day's books are closed."""
    log = Log()
    async with AsyncExitStack() as stack:
        display = await stack.enter_async_context(Client(server, tokens["display"]))
        givers = [await stack.enter_async_context(Client(server, tokens["dispenser"])) for _ in range(DISPENSERS)]
        workers = [await stack.enter_async_context(Client(server, tokens["integration"])) for _ in counters]
        closed = asyncio.create_task(watch_board(display, branch, log), name="display")
        await _ready([display, *givers, *workers])
        pace = Pace(display, speed)
        await pace.until(pace.at(7 * 3600))
        dealt = zip(givers, shares(visits, DISPENSERS), strict=True)
        dispensers = [Dispenser(client, branch, pace, log).run(part) for client, part in dealt]
        clerks = [Clerk(client, branch, no, pace, log).run() for client, no in zip(workers, counters, strict=True)]
        await asyncio.gather(*dispensers, *clerks)
        await closed
    return log


async def _ready(clients: Sequence[Client]) -> None:
    while any(client.status != "live" for client in clients):
        await asyncio.sleep(0.01)
