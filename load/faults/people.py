"""Those who give commands: dispensers, clerks, helpers."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from msgspec import Struct

from load.faults.halls import FIELDS, Hall
from load.faults.world import Client, GaveUp, World
from load.proof import Refused

WAITING_MOST = 25
"""No more tickets are issued in a hall while so many wait."""
ENDS = {"called": "no-show", "serving": "finish", "held": "cancel"}
"""How somebody goes who was left at a counter."""


class Queue(Struct):
    """What the people of a hall know of it: how many were given a number and not called yet."""

    waiting: int = 0


class Dispenser:
    """Gives numbers; of those who took one, some cancel it at the helper's desk."""

    def __init__(self, world: World, hall: Hall, queue: Queue, number: int) -> None:
        name = f"{hall.branch}/dispenser-{number}"
        self._world = world
        self._queue = queue
        self._device = Client(world, name, hall.branch, hall.dispenser)
        self._helper = Client(world, f"{name}/helper", hall.branch, hall.clerk)

    async def work(self) -> None:
        try:
            while not self._world.is_closing:
                if self._queue.waiting < WAITING_MOST:
                    with suppress(Refused):
                        await self._issue()
                await self._world.pause(0.3, 1.4)
        except GaveUp:
            return
        finally:
            await self._device.close()
            await self._helper.close()

    async def _issue(self) -> None:
        field = self._world.random.choice(FIELDS)
        issued = await self._device.ask("issue", is_hurried=True, field=field)
        self._queue.waiting += 1
        if self._world.random.random() < 0.04:
            await self._helper.ask("cancel", ticket=issued["id"])
            self._queue.waiting -= 1


class Clerk:
    """Calls, serves and finishes, one ticket after another."""

    def __init__(self, world: World, hall: Hall, queue: Queue, counter: int) -> None:
        self._world = world
        self._hall = hall
        self._queue = queue
        self._counter = counter
        self._client = Client(world, f"{hall.branch}/counter-{counter}", hall.branch, hall.clerk)
        self._ticket = ""

    async def work(self) -> None:
        try:
            await self._client.ask("open", counter=self._counter)
            while not self._world.is_closing:
                try:
                    await self._serve_somebody()
                except Refused:
                    await self._sort_out()
        except GaveUp:
            return
        finally:
            await self._client.close()

    async def _serve_somebody(self) -> None:
        called = await self._client.ask("call-next", is_hurried=True, counter=self._counter)
        if called is None:
            self._queue.waiting = max(0, self._queue.waiting - 1)  # some went in ways that nobody counted
            await self._world.pause(0.1, 0.5)
            return
        self._queue.waiting -= 1
        self._ticket = called["id"]
        chance = self._world.random.random()
        await self._world.pause(0.1, 0.6)
        if chance < 0.12:
            await self._give("recall")
        if chance < 0.2:
            await self._give("no-show")
            return
        await self._start()
        await self._world.pause(0.3, 1.5)
        if chance < 0.3:
            await self._give("hold", here_only=True)
            await self._give("resume", counter=self._counter, quietly=True)
        await self._give("finish")

    async def _give(self, name: str, **args: Any) -> None:
        await self._client.ask(name, ticket=self._ticket, **args)

    async def _start(self) -> None:
        """Where a service begins by itself, that may have been sooner."""
        with suppress(Refused):
            await self._give("start")

    async def _sort_out(self) -> None:
        """The console shows who is here, and they go: a call that came late may have brought somebody."""
        console = await self._client.look(f"counter:{self._hall.branch}/{self._counter}")
        for row in console.get("tickets", {}).values():
            with suppress(Refused):
                await self._client.ask(ENDS[row["state"]], ticket=row["id"])
        await self._world.pause(0.2, 0.6)
