"""One run: people and screens at work, faults round after round, and at the end everything that the checker needs."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from msgspec import Struct

from load.faults.breaker import Breaker
from load.faults.draw import GAP_S, Fault, Round
from load.faults.dump import Dump, dump
from load.faults.fleet import Fleet
from load.faults.fresh import cancelled, fresh
from load.faults.history import AnyRecord, Broken, Delivered, Dismissed, History, Recovered
from load.faults.people import Clerk, Dispenser, Queue
from load.faults.screens import Screen
from load.faults.truth import Truth
from load.faults.world import World

LAG_S = 1.0
"""A display agrees when it shows what the journal had so long ago, and what it had when the component returned."""
STEADY = 4
"""So many looks in a row, of which each finds that all agree."""
LOOK_S = 0.05
AGREE_WITHIN_S = 45.0
ANSWERED_WITHIN_S = 45.0
"""After the last fault everybody has an answer by then."""
TOLD_WITHIN_S = 120.0
"""And the dossier backend has every record: readers pause for up to a minute after failures."""


class Size(Struct, frozen=True):
    """How many of everything; displays are of each branch."""

    servers: int = 3
    branches: int = 8
    counters: int = 4
    dispensers: int = 2
    displays: int = 2
    pace: float = 1.0


class Run:
    """Open with `async with`; `begin`, break something as often as wanted, `rest`, and look at `ending`."""

    def __init__(self, folder: Path, size: Size, *, seed: int = 1) -> None:
        self._folder = folder
        self._size = size
        self._chance = random.Random(seed)
        self._stack = AsyncExitStack()
        self._people: list[asyncio.Task[None]] = []
        self.screens: list[Screen] = []
        self.fleet = Fleet(folder, servers=size.servers, branches=size.branches, counters=size.counters)

    async def __aenter__(self) -> Run:
        await self._stack.__aenter__()
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        self.history = self._stack.enter_context(History(self._folder / "history.jsonl"))
        await self._stack.enter_async_context(self.fleet)
        self.breaker = Breaker(self.fleet)
        self.world = World(self.history, self.fleet.ports, self._chance, self._size.pace)
        for hall in self.fleet.halls:
            for number in range(self._size.displays):
                self.screens.append(Screen(self.world, f"{hall.branch}/display-{number}", f"board:{hall.branch}", None))
            console = f"counter:{hall.branch}/{hall.counters[0]}"
            self.screens.append(Screen(self.world, f"{hall.branch}/console", console, hall.clerk))
        self._channels = {screen.channel: screen for screen in self.screens}
        self.truth = Truth(self.fleet.database, self._channels_by_branch())
        await self.truth.start()
        self._stack.push_async_callback(self.truth.stop)
        for screen in self.screens:
            screen.open()
            self._stack.push_async_callback(screen.close)
        watching = asyncio.get_running_loop().create_task(self.fleet.watch(self.history), name="watch")
        self._stack.push_async_callback(cancelled, watching)
        self._stack.push_async_callback(self._leave)

    def _channels_by_branch(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._channels:
            found.setdefault(branch_of(name), []).append(name)
        return found

    async def _leave(self) -> None:
        self.world.is_closing = self.world.is_over = True
        for task in self._people:
            task.cancel()
        await asyncio.gather(*self._people, return_exceptions=True)

    # -- at work -------------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Everybody begins to work, and every screen shows it."""
        self.world.is_closing = False
        for hall in self.fleet.halls:
            queue = Queue()
            people: list[Dispenser | Clerk] = [
                Dispenser(self.world, hall, queue, number) for number in range(self._size.dispensers)
            ]
            people += [Clerk(self.world, hall, queue, no) for no in hall.counters]
            for person in people:
                self._people.append(asyncio.get_running_loop().create_task(person.work()))
        if await self.until_agreed() is None:
            raise RuntimeError("the displays do not even agree before anything is broken")

    async def break_round(self, number: int, faults: Sequence[Fault]) -> float | None:
        """Carry these faults out; how long after the last component's return everybody agreed."""
        await asyncio.gather(*(self._break(number, fault) for fault in faults))
        took = await self.until_agreed()
        self.history.add(Recovered(number, " + ".join(fault.name for fault in faults), took, self.last))
        return took

    async def _break(self, number: int, fault: Fault) -> None:
        await asyncio.sleep(fault.after_s)
        async with self.broken(fault, number):
            await asyncio.sleep(fault.for_s)

    @asynccontextmanager
    async def broken(self, fault: Fault, number: int = 0) -> AsyncIterator[None]:
        """Broken inside, back again at the end, and in the history."""
        at = self.history.now()
        async with self.breaker.broken(fault):
            yield
        detail = f"{fault.server} {fault.amount:g}".strip()
        self.history.add(Broken(number, fault.kind, fault.what, at, self.history.now(), detail))

    def disagreeing(self, since: float, lag_s: float) -> list[str]:
        """The screens that are not live, or do not show what the journal had then and a moment ago; where they are."""
        moment = max(since, time.monotonic() - lag_s)
        if not self.truth.is_current(moment):
            return ["the journal itself"]
        return [
            f"{screen.name} at {screen.whereabouts}"
            for screen in self.screens
            if not screen.is_live or not self.truth.is_shown(screen.channel, screen.position, screen.view, moment)
        ]

    async def until_agreed(self, within_s: float = AGREE_WITHIN_S, *, lag_s: float = LAG_S) -> float | None:
        """Seconds until all screens agree with the journal and go on doing so; None when they do not. `last` are then
        those for whom it took longest."""
        began = time.monotonic()
        agreed_at, steady = began, 0
        self.last: list[str] = []
        while steady < STEADY:
            if behind := self.disagreeing(began, lag_s):
                self.last, steady, agreed_at = behind, 0, time.monotonic() + LOOK_S
            else:
                steady += 1
            if time.monotonic() - began > within_s:
                return None
            await asyncio.sleep(LOOK_S)
        return max(0.0, agreed_at - began)

    # -- the end -------------------------------------------------------------------------------------------------------

    async def rest(self) -> None:
        """Everybody finishes what is begun, and gets the last answers."""
        self.world.is_closing = True
        people, self._people = self._people, []
        if people:
            _, late = await asyncio.wait(people, timeout=ANSWERED_WITHIN_S)
            self.world.is_over = bool(late)
            await asyncio.gather(*people)
        await self.until_agreed()
        await self._until_told()

    async def ending(self) -> list[AnyRecord]:
        """What screens show now and a new reader would get, and what the backend was told."""
        found: list[AnyRecord] = [screen.last_view() for screen in self.screens]
        for screen in self.screens:
            found += [Dismissed(screen.name, server, code) for server, code in screen.dismissals]
        for name, screen in self._channels.items():
            for server, port in self.fleet.ports.items():
                found.append(await fresh(name, server, port, screen.token))
        return found + [Delivered(record) for record in self.fleet.backend.inbox.deliveries]

    async def _until_told(self) -> None:
        """Until the dossier reader is at the end of every branch; where it does not get there the checker says so."""
        until = time.monotonic() + TOLD_WITHIN_S
        while time.monotonic() < until:
            found = await dump(self.fleet.database)
            told = {cursor.branch: cursor.seq for cursor in found.cursors if cursor.reader == "dossier"}
            if all(told.get(head.branch, 0) == head.seq for head in found.heads):
                return
            await asyncio.sleep(0.3)


def branch_of(channel: str) -> str:
    return channel.partition(":")[2].partition("/")[0]


async def run_rounds(
    folder: Path, size: Size, rounds: Sequence[Round], *, seconds: float, seed: int, say: Callable[[str], None]
) -> tuple[History, Dump]:
    """All rounds, each when its time has come and the one before is over; people work for that long at least."""
    async with Run(folder, size, seed=seed) as run:
        await run.begin()
        say(f"{run.history.now():7.1f} s  all are at work")
        began = time.monotonic()
        for number, each in enumerate(rounds, 1):
            await asyncio.sleep(max(GAP_S, began + each.at - time.monotonic()))
            took = await run.break_round(number, each.faults)
            after = "NOT AGREED" if took is None else f"agreed after {took:.2f} s"
            say(f"{run.history.now():7.1f} s  {number:3}  {' + '.join(map(described, each.faults))}: {after}")
        await asyncio.sleep(max(GAP_S, began + seconds - time.monotonic()))
        await run.rest()
        for record in await run.ending():
            run.history.add(record)
        return run.history, await dump(run.fleet.database)


def described(fault: Fault) -> str:
    of = f" of {fault.server}" if fault.server else ""
    amount = f" by {fault.amount:g} s" if fault.amount else ""
    return f"{fault.name}{of}{amount} for {fault.for_s:.1f} s"
