"""PostgreSQL as `Journal.run` lends it: plain calls from a worker thread, carried out on the loop's connection."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import asyncpg

T = TypeVar("T")

_GIVES_ROWS = re.compile(r"^\s*(SELECT|WITH)\b|\bRETURNING\b", re.IGNORECASE)


class LentResult:
    """Rows as tuples; of a statement that gives none, how many it touched."""

    def __init__(self, rows: list[tuple[Any, ...]], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[Any]:
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)


class Lent:
    """A connection inside a transaction, for a function that runs in a thread."""

    def __init__(self, connection: asyncpg.Connection, loop: asyncio.AbstractEventLoop) -> None:
        self._connection = connection
        self._loop = loop

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> LentResult:
        return self._on_the_loop(self._execute(numbered(statement), values))

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> None:
        self._on_the_loop(self._connection.executemany(numbered(statement), list(rows)))

    async def _execute(self, statement: str, values: Sequence[Any]) -> LentResult:
        if _GIVES_ROWS.search(statement):
            found = [tuple(row) for row in await self._connection.fetch(statement, *values)]
            return LentResult(found, len(found))
        status: str = await self._connection.execute(statement, *values)
        count = status.rpartition(" ")[2]
        return LentResult([], int(count) if count.isdigit() else -1)

    def _on_the_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def lend(connection: asyncpg.Connection, work: Callable[[Lent], T]) -> T:
    """`work` in a transaction of its own, in a thread."""
    async with connection.transaction():
        return await asyncio.to_thread(work, Lent(connection, asyncio.get_running_loop()))


@lru_cache(maxsize=256)
def numbered(statement: str) -> str:
    """`?` as PostgreSQL writes it: "a = ? AND b = ?" → "a = $1 AND b = $2". Our statements hold no `?` of their own."""
    first, *rest = statement.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
