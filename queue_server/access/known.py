"""What was found for a key, kept in memory until somebody says that something has changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from queue_server.journal.together import Together

V = TypeVar("V")

KNOWN_MAX = 100_000
"""Tokens whose owners are kept in memory: some 40 MB, and more than a process can have connections."""


class Known(Generic[V]):
    """What was found for a key, until it is forgotten; who is looking for the same or another key shares a query."""

    def __init__(self, find: Callable[[list[str]], Awaitable[Mapping[str, V]]]) -> None:
        self._together = Together[str, V](find)
        self._kept: OrderedDict[str, V] = OrderedDict()
        self._age = 0

    async def get(self, key: str) -> V | None:
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        age = self._age
        found = await self._together.get(key)
        if found is not None and age == self._age:  # nothing was forgotten meanwhile
            self._kept[key] = found
            if len(self._kept) > KNOWN_MAX:
                self._kept.popitem(last=False)
        return found

    async def get_anew(self, key: str) -> V | None:
        """As it is now, whatever is kept."""
        self._kept.pop(key, None)
        return await self.get(key)

    def forget(self) -> None:
        self._age += 1
        self._kept.clear()
