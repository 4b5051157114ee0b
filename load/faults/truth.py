"""Where the journal is, and what every channel should show by it: followed beside the system, straight from the
database, to measure how far displays are behind."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from contextlib import suppress
from datetime import date

import asyncpg

from queue_server.domain import upcast
from queue_server.domain.apply import apply
from queue_server.domain.state import BranchState
from queue_server.protocol.feed import View
from queue_server.protocol.frames import parse_position
from queue_server.realtime.channels import NumberedChannel
from queue_server.realtime.hub import view_of

EVERY_S = 0.05
HEADS = "SELECT branch_id, epoch, seq FROM branch_head"
EVENTS = "SELECT seq, day, type, v, body FROM event WHERE branch_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq"
FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
ANSWER_WITHIN_S = 2.0


class Course:
    """One channel: the newest position at which it differs from before, and when that was seen."""

    def __init__(self, name: str, epoch: str, state: BranchState) -> None:
        self.channel = NumberedChannel(name, view_of(name), epoch, state)
        self._changes: deque[tuple[float, int]] = deque([(0.0, state.seq)], maxlen=4096)

    def advance(self, state: BranchState) -> None:
        if self.channel.advance(state, state.changes()) is not None:
            self._changes.append((time.monotonic(), self.channel.last))

    def view(self) -> View:
        """What it shows now."""
        shown: View = json.loads(self.channel.data())
        return {table: rows for table, rows in shown.items() if rows}

    def seq_at(self, moment: float) -> int:
        """The newest change that the journal had then."""
        return next((seq for at, seq in reversed(self._changes) if at <= moment), 0)


class Truth:
    """All branches. `looked_at` is when the journal last answered."""

    def __init__(self, url: str, channels: dict[str, list[str]]) -> None:
        self._url = url
        self._channels = channels
        self._states: dict[str, BranchState] = {}
        self.courses: dict[str, Course] = {}
        self.looked_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._look(await asyncpg.connect(self._url), is_last=True)
        self._task = asyncio.get_running_loop().create_task(self._run(), name="truth")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            with suppress(*FAULTS):
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    connection = await asyncpg.connect(self._url)
                await self._look(connection)
            await asyncio.sleep(EVERY_S)

    async def _look(self, connection: asyncpg.Connection, *, is_last: bool = False) -> None:
        """Again and again, as long as the connection answers."""
        try:
            while True:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    heads = await connection.fetch(HEADS)
                    for branch, epoch, seq in heads:
                        await self._follow(connection, branch, epoch, seq)
                self.looked_at = time.monotonic()
                if is_last:
                    return
                await asyncio.sleep(EVERY_S)
        finally:
            connection.terminate()

    async def _follow(self, connection: asyncpg.Connection, branch: str, epoch: str, seq: int) -> None:
        state = self._states.setdefault(branch, BranchState())
        state.mark()
        if seq > state.seq:
            rows = await connection.fetch(EVENTS, branch, state.seq, seq)
            for number, day, kind, version, body in rows:
                apply(state, upcast.load(number, date.fromisoformat(day), kind, version, body))
        for name in self._channels.get(branch, ()):
            if name not in self.courses:
                self.courses[name] = Course(name, epoch, state)
            self.courses[name].advance(state)

    def is_current(self, since: float) -> bool:
        """Whether the journal has answered since then."""
        if self._task is not None and self._task.done():
            self._task.result()
        return self.looked_at >= since

    def is_shown(self, channel: str, position: str, view: View, moment: float) -> bool:
        """Whether this is no older than what the journal had then. (What came and went between two looks of a
        server, is on no display: then the position stays behind, and what is shown is right.)"""
        epoch, seq = parse_position(position)
        course = self.courses[channel]
        if epoch == course.channel.epoch and seq >= course.seq_at(moment):
            return True
        return {table: rows for table, rows in view.items() if rows} == course.view()
