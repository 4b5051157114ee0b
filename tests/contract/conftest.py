"""Every implementation of the journal's port, one after another; and a centre with its printer and agent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Journal
from queue_server.journal.postgres import PostgresJournal
from queue_server.journal.sqlite import SqliteJournal

if TYPE_CHECKING:  # a run of a few tests does not import what it does not use
    from tests.databases.postgres import Postgres
    from tests.printing import AgentProcess
    from tests.server import DemoServer
    from tests.simulators.printer import PrinterSimulator

DURABLE = ("sqlite", "postgres")

Open = Callable[[], Awaitable[Journal]]


@pytest.fixture(params=("memory", *DURABLE))
def open_journal(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the journal of this test: an empty one, and what is in it when it is opened again."""
    if request.param == "memory":
        return in_memory
    if request.param == "sqlite":
        return lambda: SqliteJournal.open(tmp_path / "journal.db")
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.new_database()
    return lambda: PostgresJournal.open(url)


async def in_memory() -> Journal:
    return MemoryJournal()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def journal(open_journal: Open, anyio_backend: str) -> AsyncIterator[Journal]:
    found = await open_journal()
    yield found
    await found.close()


@pytest.fixture
def centre(tmp_path: Path, prepared: Path) -> Iterator[DemoServer]:
    """A real server process with the demo branch."""
    from tests.server import DemoServer

    with DemoServer(tmp_path, data=prepared) as server:
        yield server


@pytest.fixture
def printer() -> Iterator[PrinterSimulator]:
    from tests.simulators.printer import PrinterSimulator

    with PrinterSimulator() as simulator:
        yield simulator


@pytest.fixture
def agent(centre: DemoServer, printer: PrinterSimulator, tmp_path: Path) -> AgentProcess:
    """The agent of the centre's printer; not started yet."""
    from tests.printing import AgentProcess

    return AgentProcess.of(centre, printer, tmp_path)
