"""Every implementation of the journal's port, one after another; and a centre with its printer and agent."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Journal
from queue_server.journal.sqlite import SqliteJournal
from tests.printing import AgentProcess
from tests.server import DemoServer
from tests.simulators.printer import PrinterSimulator

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


@pytest.fixture
def centre(tmp_path: Path, prepared: Path) -> Iterator[DemoServer]:
    """A real server process with the demo branch."""
    with DemoServer(tmp_path, data=prepared) as server:
        yield server


@pytest.fixture
def printer() -> Iterator[PrinterSimulator]:
    with PrinterSimulator() as simulator:
        yield simulator


@pytest.fixture
def agent(centre: DemoServer, printer: PrinterSimulator, tmp_path: Path) -> AgentProcess:
    """The agent of the centre's printer; not started yet."""
    return AgentProcess.of(centre, printer, tmp_path)
