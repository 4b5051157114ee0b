"""A PostgreSQL whose schema changes under journals that stay: what each was doing goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from queue_server.journal.port import Appended, Conflict, Database
from queue_server.journal.postgres import PostgresJournal
from tests.contract.journal_rows import batch, seqs
from tests.databases.postgres import Postgres

pytestmark = pytest.mark.anyio

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
