"""Every implementation of the journal's port, one after another."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Journal
from queue_server.journal.sqlite import SqliteJournal

JOURNALS = ("memory", "sqlite")


async def open_journal(kind: str, folder: Path) -> Journal:
    if kind == "memory":
        return MemoryJournal()
    return await SqliteJournal.open(folder / "journal.db")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=JOURNALS)
async def journal(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Journal]:
    found = await open_journal(request.param, tmp_path)
    yield found
    await found.close()
