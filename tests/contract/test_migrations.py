"""The schema that the migrations make is the schema of the models; a newer database is left alone."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from queue_server.journal import migrations
from queue_server.journal.postgres import PostgresJournal
from queue_server.journal.sqlite import SqliteJournal
from tests.databases.postgres import Postgres

T = TypeVar("T")


def schema(connection: Connection) -> dict[str, str]:
    """Every table and index by name, in SQLite's own words."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name <> 'alembic_version'"))
    return {name: " ".join((sql or "").split()) for name, sql in rows}


def test_models_and_migrations_agree():
    with create_engine("sqlite://").begin() as connection:
        migrations.upgrade(connection)
        assert compare_metadata(MigrationContext.configure(connection), migrations.metadata()) == []


async def in_postgres(url: str, look: Callable[[Connection], T]) -> T:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), poolclass=NullPool)
    async with engine.connect() as connection:
        return await connection.run_sync(look)


@pytest.mark.anyio
async def test_models_and_migrations_agree_on_postgresql(postgres: Postgres):
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), migrations.metadata()))

    assert await in_postgres(postgres.new_database(), differences) == []


@pytest.mark.anyio
async def test_of_many_that_start_at_once_on_an_empty_postgresql_each_finds_the_schema(postgres: Postgres):
    url = postgres.new_database(is_empty=True)
    journals = await asyncio.gather(*[PostgresJournal.open(url) for _ in range(4)])
    assert [await journal.heads() for journal in journals] == [[]] * 4
    for journal in journals:
        await journal.close()


@pytest.mark.anyio
async def test_a_newer_postgresql_is_refused(postgres: Postgres):
    url = postgres.new_database()
    journal = await PostgresJournal.open(url)
    await journal.run(lambda db: db.execute("UPDATE alembic_version SET version_num = '9999'"))
    await journal.close()
    with pytest.raises(migrations.NewerDatabase):
        await PostgresJournal.open(url)


def test_the_journal_s_tables_are_the_same_to_the_letter():
    with create_engine("sqlite://").begin() as migrated, create_engine("sqlite://").begin() as modelled:
        migrations.upgrade(migrated)
        migrations.metadata().create_all(modelled)
        found, wanted = schema(migrated), schema(modelled)
    for name in ("branch_head", "event", "command", "ticket", "ix_ticket_branch_day", "cursor"):
        assert found[name] == wanted[name]
    assert "WITHOUT ROWID" in found["command"]


def test_the_history_is_a_straight_line_in_the_order_of_its_files():
    scripts = ScriptDirectory.from_config(migrations.config())
    line = [one.revision for one in scripts.walk_revisions()]
    assert line[::-1] == migrations.revisions()
    assert scripts.get_heads() == [migrations.latest()]


def test_upgrading_again_changes_nothing(tmp_path: Path):
    engine = create_engine(f"sqlite:///{tmp_path / 'some.db'}")
    migrations.upgrade(engine)
    with engine.connect() as connection:
        before = schema(connection)
    migrations.upgrade(engine)
    with engine.connect() as connection:
        assert schema(connection) == before
    engine.dispose()


def test_a_newer_database_is_refused():
    with create_engine("sqlite://").begin() as connection:
        migrations.upgrade(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(migrations.NewerDatabase, match=r"revision 9999.*start the release that wrote it"):
            migrations.upgrade(connection)


@pytest.mark.anyio
async def test_the_server_does_not_open_a_newer_database(tmp_path: Path):
    path = tmp_path / "journal.db"
    journal = await SqliteJournal.open(path)
    await journal.run(lambda connection: connection.execute("UPDATE alembic_version SET version_num = '9999'"))
    await journal.close()
    for _ in range(2):  # the lock was let go
        with pytest.raises(migrations.NewerDatabase):
            await SqliteJournal.open(path)


@pytest.mark.anyio
async def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "journal.db"
    whole = migrations.upgrade

    def break_off(connection: Connection) -> None:
        whole(connection)
        raise RuntimeError("power cut")

    monkeypatch.setattr(migrations, "upgrade", break_off)
    with pytest.raises(RuntimeError, match="power cut"):
        await SqliteJournal.open(path)
    with create_engine(f"sqlite:///{path}").connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0
