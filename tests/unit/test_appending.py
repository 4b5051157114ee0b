"""Batches that wait together: nobody is forgotten, whenever they come."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest

from queue_server.journal.port import Appended, Batch
from queue_server.journal.postgres import appending as module
from queue_server.journal.postgres.appending import GROUPS_AT_ONCE, Appending
from tests.contract.journal_rows import batch

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_who_comes_while_the_last_group_ends_is_written_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the very turn of the loop in which all that were writing find nobody more."""
    written = asyncio.Event()

    async def write_group(_: Any, batches: list[Batch]) -> list[Appended]:
        await written.wait()
        return [Appended("e")] * len(batches)

    @asynccontextmanager
    async def connect() -> Any:
        yield None

    async def come_late() -> list[Any]:
        await written.wait()
        return [appending.append(batch("late", 0)), appending.append(batch("later", 0))]

    monkeypatch.setattr(module, "_write_group", write_group)
    appending = Appending(connect)
    first = []
    for number in range(GROUPS_AT_ONCE):
        first.append(appending.append(batch(f"b{number}", 0)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    late = asyncio.ensure_future(come_late())
    await asyncio.sleep(0)
    written.set()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*first, *await late) == [Appended("e")] * 4
    await appending.drain()
