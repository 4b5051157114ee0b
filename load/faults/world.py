"""What all clients share, and how one gives commands: whoever gets no answer turns to another server with the same key,
until there is an answer. Every attempt goes into the history."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from msgspec import Struct

from load.faults.fresh import fresh
from load.faults.history import Attempt, History
from load.proof import Desk, Gone, HttpDesk, Refused, WebSocketDesk
from queue_server.protocol.feed import View

DEADLINE_S = 15.0
"""A press that is older is not worth carrying out: the citizen has walked away."""
COME_BACK = frozenset({"unavailable", "disk-full", "internal"})
"""Refusals that say nothing about the command: it is sent again."""
MOVES = 0.15
"""Share of commands for which another server is taken for no reason, as behind a proxy that balances."""
REPEATS = 0.04
"""Share of commands that are sent again although they were answered."""


class GaveUp(Exception):
    """The run is over, and there was no answer."""


class World(Struct):
    """What all who ask share: `ports` are the servers' as clients reach them, by the server's name."""

    history: History
    ports: Mapping[str, int]
    random: random.Random
    pace: float = 1.0
    """How much longer than by default people take between their commands."""
    patience: float = 1.0
    """How much longer than by default they wait for an answer."""
    is_closing: bool = False
    """Nobody begins anything new."""
    is_over: bool = False
    """Nobody waits for an answer any more."""

    async def pause(self, least_s: float, most_s: float) -> None:
        await asyncio.sleep(self.random.uniform(least_s, most_s) * self.pace)


class Client:
    """Somebody who gives one command after another."""

    def __init__(self, world: World, name: str, branch: str, token: str) -> None:
        self._world = world
        self.name = name
        self._branch = branch
        self._token = token
        self._kind = world.random.choice((HttpDesk, WebSocketDesk))
        self._answer_within_s = world.random.uniform(2.0, 5.0) * world.patience
        self._desks: dict[str, Desk] = {}
        self._server = world.random.choice(list(world.ports))

    async def ask(self, name: str, *, is_hurried: bool = False, **args: Any) -> Any:
        """The answer, however often it has to be asked for.

        Raises:
            Refused, GaveUp.
        """
        world, key = self._world, uuid4().hex
        deadline = (datetime.now(UTC) + timedelta(seconds=DEADLINE_S)).isoformat() if is_hurried else None
        if world.random.random() < MOVES:
            self._move()
        while not world.is_over:
            attempt = await self._try(name, args, key, deadline)
            if attempt.outcome == "answered":
                await self._repeat_now_and_then(name, args, key, deadline)
                return attempt.data
            if attempt.outcome == "refused" and attempt.code not in COME_BACK:
                raise Refused(attempt.code, "")
            self._move()
            await asyncio.sleep(world.random.uniform(0.05, 0.4))
        raise GaveUp

    async def _repeat_now_and_then(self, name: str, args: dict[str, Any], key: str, deadline: str | None) -> None:
        if self._world.random.random() < REPEATS:
            self._move()
            await self._try(name, args, key, deadline, is_repeat=True)

    def _move(self) -> None:
        self._server = self._world.random.choice([name for name in self._world.ports if name != self._server])

    async def _try(
        self, name: str, args: dict[str, Any], key: str, deadline: str | None, *, is_repeat: bool = False
    ) -> Attempt:
        history, server = self._world.history, self._server
        sent_at = history.now()
        data, code = None, ""
        outcome: Literal["answered", "refused", "lost"] = "answered"
        try:
            data = await self._desk(server).ask(name, args, key, deadline)
        except Refused as refusal:
            outcome, code = "refused", refusal.code
        except Gone:
            outcome = "lost"
        attempt = Attempt(
            client=self.name, branch=self._branch, server=server, key=key, name=name, args=args, sent_at=sent_at,
            ended_at=history.now(), outcome=outcome, data=data, code=code, is_repeat=is_repeat,
        )  # fmt: skip
        history.add(attempt)
        return attempt

    def _desk(self, server: str) -> Desk:
        if server not in self._desks:
            port = self._world.ports[server]
            self._desks[server] = self._kind(port, self._token, self._branch, answer_within_s=self._answer_within_s)
        return self._desks[server]

    async def look(self, channel: str) -> View:
        """What somebody who opens that channel now sees.

        Raises:
            GaveUp
        """
        while not self._world.is_over:
            try:
                return (await fresh(channel, self._server, self._world.ports[self._server], self._token)).view
            except TimeoutError:
                self._move()
        raise GaveUp

    async def close(self) -> None:
        await asyncio.gather(*(desk.close() for desk in self._desks.values()))
