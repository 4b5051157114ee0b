"""Displays and consoles: each follows one channel by the real rules, at another server when a line is lost."""

from __future__ import annotations

import asyncio
import itertools
import random
from contextlib import suppress

from load.faults.history import LastView, Shown
from load.faults.world import World
from queue_server.protocol import frames
from queue_server.protocol.feed import FIRST_RETRY_S, LAST_RETRY_S, Channels, View, retry_wait
from queue_server.protocol.line import Line

LIVE_WITHIN_S = 2.5
"""A server that has not said welcome by then is left for the next."""
WINDOW_S = 1.5


class Screen:
    """`dismissals` are close codes after which a client must stay away: nobody here has deserved one."""

    def __init__(self, world: World, name: str, channel: str, token: str | None) -> None:
        self._world = world
        self.name = name
        self.channel = channel
        self.token = token
        self._channels = Channels()
        self._followed = self._channels.follow(channel)
        self._servers = itertools.cycle(world.random.sample(list(world.ports), len(world.ports)))
        self._server = ""
        self._line: Line | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self.dismissals: list[tuple[str, int]] = []

    @property
    def is_live(self) -> bool:
        return self._line is not None and self._line.status == "live" and self._followed.position is not None

    @property
    def position(self) -> str:
        return self._followed.position or ""

    @property
    def view(self) -> View:
        return self._followed.view

    @property
    def whereabouts(self) -> str:
        status = self._line.status if self._line is not None else "between servers"
        return f"{self._server} ({status}, {self.position or 'nothing'})"

    def open(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._follow(), name=f"screen {self.name}")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, *self._lines, return_exceptions=True)

    def last_view(self) -> LastView:
        return LastView(
            self.name, self.channel, self.position, {t: dict(rows) for t, rows in self.view.items() if rows}
        )

    # -- lines ---------------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        try:
            while True:
                await self._stay(next(self._servers))
                self._line = None
                await asyncio.sleep(retry_wait(FIRST_RETRY_S, WINDOW_S, random.random()))
        finally:
            self._line = None

    async def _stay(self, server: str) -> None:
        """One server, until its line is lost."""
        changed = asyncio.Event()
        line = Line(
            f"ws://127.0.0.1:{self._world.ports[server]}/ws/v1",
            self.token,
            on_frame=lambda frame: self._on_frame(line, frame),
            on_status=lambda _: changed.set(),
        )
        self._server, self._line = server, line
        task = asyncio.get_running_loop().create_task(self._run(line, server, changed), name=f"line {self.name}")
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(LIVE_WITHIN_S):
                    await changed.wait()
            while line.status == "live":
                changed.clear()
                await changed.wait()
        finally:
            task.cancel()  # its goodbye may take a while, and we are elsewhere by then

    async def _run(self, line: Line, server: str, changed: asyncio.Event) -> None:
        self.dismissals.append((server, await line.run()))
        changed.set()

    # -- frames --------------------------------------------------------------------------------------------------------

    def _on_frame(self, line: Line, frame: frames.ServerFrame) -> None:
        if line is not self._line:
            return
        requests: list[frames.Subscribe] = []
        match frame:
            case frames.Welcome():
                requests = self._channels.on_welcome()
            case frames.Snapshot():
                self._channels.on_snapshot(frame)
                self._show(is_snapshot=True)
            case frames.Event():
                before = self.position
                requests = self._channels.on_event(frame)
                if self.position and self.position != before:
                    self._show(is_snapshot=False)
            case frames.Beat():
                requests = self._channels.on_beat(frame)
            case frames.Error():
                asyncio.get_running_loop().call_later(LAST_RETRY_S, self._ask_again, line)
        for request in requests:
            line.send(request)

    def _ask_again(self, line: Line) -> None:
        if line is self._line:
            line.send(self._followed.request())

    def _show(self, *, is_snapshot: bool) -> None:
        while self._followed.next() is not None:
            pass
        history = self._world.history
        history.add(Shown(history.now(), self.name, self.channel, self._server, self.position, is_snapshot))
