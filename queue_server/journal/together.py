"""Many who ask the database for one thing each at the same time, and one query that answers them all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

AT_ONCE = 1000
"""Keys in one query; the rest follows in the next."""


class Together(Generic[K, V]):
    """Looks values up by key. Nobody is answered by a query that began before the question, so that what is found is as
    new as that; while a query is on its way those who come gather for the next."""

    def __init__(self, find: Callable[[list[K]], Awaitable[Mapping[K, V]]], *, at_once: int = AT_ONCE) -> None:
        self._find = find
        self._at_once = at_once
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._runner: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """The value, None where there is none. Raises what `find` raises."""
        loop = asyncio.get_running_loop()
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = loop.create_future()
        if self._runner is None:
            self._runner = loop.create_task(self._run(), name="together")
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._answer(self._take())
        finally:
            self._runner = None

    def _take(self) -> dict[K, asyncio.Future[V | None]]:
        if len(self._waiting) <= self._at_once:
            taken, self._waiting = self._waiting, {}
            return taken
        return {key: self._waiting.pop(key) for key in list(self._waiting)[: self._at_once]}

    async def _answer(self, asked: dict[K, asyncio.Future[V | None]]) -> None:
        try:
            found = await self._find(list(asked))
        except Exception as fault:  # the fault of everybody who asked
            for future in asked.values():
                if not future.done():
                    future.set_exception(fault)
                    future.exception()  # whoever has gone meanwhile need not hear of it
            return
        for key, future in asked.items():
            if not future.done():
                future.set_result(found.get(key))
