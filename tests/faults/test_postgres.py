"""PostgreSQL dies and comes back under a journal that stays."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from queue_server.journal.port import Appended, Conflict, JournalUnavailable
from queue_server.journal.postgres import PostgresJournal
from tests.contract.journal_rows import batch
from tests.databases.postgres import Postgres

pytestmark = [pytest.mark.anyio, pytest.mark.faults]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """Of this test alone, and one that waits for the disk."""
    with Postgres(tmp_path) as running:
        yield running


class Writer:
    """Appends to a branch of its own, and remembers what was acknowledged and what nobody knows."""

    def __init__(self, journal: PostgresJournal, branch: str) -> None:
        self._journal = journal
        self.branch = branch
        self.acknowledged = 0
        self.in_doubt: str | None = None
        self.is_going = asyncio.Event()

    async def write_until_it_fails(self) -> None:
        for number in range(1_000_000):
            key = f"key-{number:08}"
            try:
                outcome = await self._journal.append(batch(self.branch, self.acknowledged, keys=(key,)))
            except JournalUnavailable:
                self.in_doubt = key
                return
            assert isinstance(outcome, Appended)
            self.acknowledged += 1
            if self.acknowledged == 20:
                self.is_going.set()


async def test_what_was_acknowledged_is_there_after_a_kill_and_the_journal_goes_on(server: Postgres) -> None:
    journal = await PostgresJournal.open(server.url())
    writers = [Writer(journal, f"b{number}") for number in range(6)]
    tasks = [asyncio.create_task(writer.write_until_it_fails()) for writer in writers]
    await asyncio.gather(*[writer.is_going.wait() for writer in writers])
    server.kill()
    await asyncio.gather(*tasks)
    with pytest.raises(JournalUnavailable):
        await journal.heads()
    server.start()
    heads = {head.branch_id: head.seq for head in await journal.heads()}
    for writer in writers:
        assert writer.in_doubt is not None
        has_happened = await journal.find_command(writer.branch, "device:kiosk", writer.in_doubt) is not None
        assert heads[writer.branch] == writer.acknowledged + has_happened
        again = await journal.append(batch(writer.branch, writer.acknowledged, keys=(writer.in_doubt,)))
        assert isinstance(again, Conflict if has_happened else Appended)
    await journal.close()


class Relay:
    """A line to the server on which its last words arrive, and that it has hung up does not."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self.has_come = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._ends: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> str:
        """The address by which it leads there."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return self._target._replace(netloc=f"{self._target.username}@127.0.0.1:{port}").geturl()

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for end in self._ends:
            end.close()
        await asyncio.gather(*self._tasks, *(end.wait_closed() for end in self._ends), return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._ends += (writer, back)
        for source, target in ((reader, back), (there, writer)):
            self._tasks.append(asyncio.create_task(self._carry(source, target)))

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
            if b"FATAL" in data:
                self.has_come.set()
                return
        target.close()


async def test_a_connection_whose_server_said_goodbye_and_did_not_hang_up_is_left(server: Postgres) -> None:
    """asyncpg has heard the error and waits for more; whoever takes that connection from the pool is told the truth."""
    relay = Relay(server.url())
    async with relay as url:
        journal = await PostgresJournal.open(url, connections=1)
        assert isinstance(await journal.append(batch("b1", 0)), Appended)
        other = await asyncpg.connect(server.url())
        await other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'layso'")
        await other.close()
        await relay.has_come.wait()
        await asyncio.sleep(0)
        with pytest.raises(JournalUnavailable):
            await journal.heads()
        assert [head.seq for head in await journal.heads()] == [1]
        await journal.close()


async def test_control_a_server_that_does_not_wait_for_the_disk_is_asked_for_as_such(tmp_path: Path) -> None:
    """What the other test stands on: this server was started with fsync and full pages."""
    with Postgres(tmp_path / "durable") as durable, Postgres(tmp_path / "hasty", is_durable=False) as hasty:
        found = []
        for one in (durable, hasty):
            journal = await PostgresJournal.open(one.url())
            found.append(await journal.run(lambda db: db.execute("SELECT current_setting('fsync')").fetchone()[0]))
            await journal.close()
    assert found == ["on", "off"]


async def test_where_no_server_is_the_journal_does_not_open(server: Postgres) -> None:
    server.stop()
    with pytest.raises(JournalUnavailable):
        await PostgresJournal.open(server.url())
