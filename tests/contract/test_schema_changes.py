"""A PostgreSQL whose schema changes under journals that stay: what each was doing goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from queue_server.journal import migrations
from queue_server.journal.port import Appended, Conflict, Database, JournalUnavailable
from queue_server.journal.postgres import PostgresJournal, schema
from tests.contract.journal_rows import batch, seqs
from tests.databases.postgres import Postgres

pytestmark = pytest.mark.anyio

REVISIONS = migrations.revisions()
CHANGES = (
    "ALTER TABLE event ALTER COLUMN v TYPE bigint",
    "ALTER TABLE branch_head ALTER COLUMN epoch TYPE text",
    "ALTER TABLE ticket ADD COLUMN later text",
)
"""Of the first two, statements that are prepared already would give other types than before."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.new_database()


@pytest.fixture
async def journal(url: str, anyio_backend: str) -> AsyncIterator[PostgresJournal]:
    found = await PostgresJournal.open(url, connections=2)
    yield found
    await found.close()


async def change(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def versions(db: Database) -> list[int]:
    return [row[0] for row in db.execute("SELECT v FROM event ORDER BY seq").fetchall()]


async def test_what_was_prepared_before_a_migration_works_after_it(journal: PostgresJournal, url: str):
    await journal.append_together([batch("b1", 0, tickets=("t1",)), batch("b2", 0)])
    await asyncio.gather(*[journal.run(versions) for _ in range(4)])
    await journal.append_together([batch("b1", 1, tickets=("t1",)), batch("b2", 1)])
    await change(url, *CHANGES)
    assert await asyncio.gather(*[journal.run(versions) for _ in range(4)]) == [[1, 1, 1, 1]] * 4
    await change(url, "ALTER TABLE event ALTER COLUMN v TYPE integer")
    both = await journal.append_together([batch("b1", 2, tickets=("t1",)), batch("b2", 2)])
    assert [type(one) for one in both] == [Appended, Appended]
    assert isinstance(await journal.append(batch("b1", 3, tickets=("t1",))), Appended)
    assert await journal.append(batch("b1", 3)) == Conflict(4)
    assert await seqs(journal, "b1") == [1, 2, 3, 4]


async def test_what_is_written_together_is_written_once_by_statements_that_were_outdated(
    journal: PostgresJournal, url: str
):
    await journal.append_together([batch("b1", 0), batch("b2", 0)])
    await journal.append_together([batch("b1", 1), batch("b2", 1)])
    await change(url, CHANGES[1])
    await journal.append_together([batch("b1", 2), batch("b2", 2)])
    assert [(head.branch_id, head.seq) for head in await journal.heads()] == [("b1", 3), ("b2", 3)]


# -- which release may serve -------------------------------------------------------------------------------------------


async def mark(url: str, at: str, oldest: int) -> None:
    """As a newer release's migration leaves the database."""
    await change(url, f"UPDATE alembic_version SET version_num = '{at}'")
    await change(url, f"INSERT INTO revision VALUES ('schema/{at}', {oldest})")


async def test_a_newer_schema_that_only_adds_is_served_by_this_release_too(url: str):
    await mark(url, "9998", int(migrations.latest()))
    journal = await PostgresJournal.open(url)
    assert isinstance(await journal.append(batch("b1", 0)), Appended)
    await journal.close()


async def test_a_newer_schema_that_took_something_away_is_not(url: str):
    await mark(url, "9998", int(migrations.latest()) + 1)
    with pytest.raises(migrations.NewerDatabase, match="revision 9998"):
        await PostgresJournal.open(url)


async def test_what_an_earlier_revision_said_does_not_hold_for_a_later_one(url: str):
    await mark(url, "9998", int(migrations.latest()))
    await change(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrations.NewerDatabase, match="revision 9999"):
        await PostgresJournal.open(url)


# -- a migration waits for nobody, and nobody for it -------------------------------------------------------------------


async def test_a_migration_that_cannot_have_its_table_lets_the_others_go_on(
    journal: PostgresJournal, url: str, monkeypatch: pytest.MonkeyPatch
):
    """A report holds the table; commands queue up behind the migration only until it gives up; it tries again."""
    tries: asyncio.Queue[None] = asyncio.Queue()
    hold = schema.hold

    async def heard(session: AsyncConnection) -> None:
        tries.put_nowait(None)
        await hold(session)

    monkeypatch.setattr(schema, "hold", heard)
    monkeypatch.setattr(migrations, "upgrade", add_a_column)
    monkeypatch.setattr(migrations, "revisions", lambda: [*REVISIONS, "9999"])
    async with report_of(url) as ends:
        migration = asyncio.create_task(schema.bring_up_to_date(url))
        await tries.get()
        assert isinstance(await journal.append(batch("b1", 0)), Appended)
        await tries.get()
        assert isinstance(await journal.append(batch("b1", 1)), Appended)
        await ends()
        await migration
    assert isinstance(await journal.append(batch("b1", 2)), Appended)
    await change(url, "UPDATE event SET later = 'there'")


@pytest.mark.parametrize("is_held", [True, False], ids=["held first", "control"])
async def test_a_migration_and_an_append_never_wait_for_each_other(
    url: str, monkeypatch: pytest.MonkeyPatch, is_held: bool
):
    """An append that has begun goes on where the migration holds all tables first; without that one of both fails."""

    def alter(connection: Connection) -> None:
        add_a_column(connection)
        has_event.set()
        connection.execute(text("ALTER TABLE branch_head ADD COLUMN later text"))

    async def hold(session: AsyncConnection) -> None:
        has_event.set()
        if is_held:
            await whole(session)

    whole, has_event = schema.hold, asyncio.Event()
    monkeypatch.setattr(schema, "hold", hold)
    monkeypatch.setattr(migrations, "upgrade", alter)
    monkeypatch.setattr(migrations, "revisions", lambda: [*REVISIONS, "9999"])
    append = await asyncpg.connect(url)
    begun = append.transaction()
    await begun.start()
    await append.execute("INSERT INTO branch_head VALUES ('b1', 'e', 1, 1, 1)")
    migration = asyncio.create_task(schema.bring_up_to_date(url))
    await has_event.wait()
    await wait_for_a_waiter(append)
    has_failed = False
    try:
        await append.execute("INSERT INTO event VALUES ('b1', 1, '2026-11-22', 't', 1, '')")
        await begun.commit()
    except asyncpg.DeadlockDetectedError:
        has_failed = True
    await append.close()
    try:
        await migration
    except JournalUnavailable:
        has_failed = True
    assert has_failed is not is_held


async def wait_for_a_waiter(connection: asyncpg.Connection) -> None:
    """Until somebody waits for a lock that this connection has."""
    for _ in range(1000):
        if await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            return
    raise AssertionError("nobody waits")


async def test_a_migration_that_never_gets_its_table_says_who_may_hold_it(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(migrations, "revisions", lambda: [*REVISIONS, "9999"])
    monkeypatch.setattr(migrations, "upgrade", add_a_column)
    monkeypatch.setattr(schema, "HELD_WITHIN_S", 0.05)
    monkeypatch.setattr(schema, "TRIES", 2)
    monkeypatch.setattr(schema, "APART_S", 0.0)
    async with report_of(url):
        with pytest.raises(JournalUnavailable, match="something keeps a table from it: a backup, a report"):
            await PostgresJournal.open(url)


def add_a_column(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE event ADD COLUMN later text"))


@asynccontextmanager
async def report_of(url: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Somebody who has read the events and has not ended the transaction yet; what is yielded ends it."""
    report = await asyncpg.connect(url)
    try:
        held = report.transaction()
        await held.start()
        await report.fetch("SELECT * FROM event")
        yield held.rollback
    finally:
        await report.close()
