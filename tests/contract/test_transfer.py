"""What is in the one database is in the other, byte for byte: backup and restore across SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import create_engine

from queue_server.app import DATABASE
from queue_server.cli import main
from queue_server.journal import migrations
from queue_server.journal.backup import BackupFailed, back_up_stopped, last_good, name_at, opened
from queue_server.journal.port import JournalUnavailable
from queue_server.journal.postgres import PostgresJournal
from queue_server.journal.sqlite import SqliteJournal
from queue_server.journal.sqlite.connections import lock
from queue_server.journal.transfer import copying, whole
from queue_server.journal.transfer.tables import Table, insert, tables
from tests.contract.journal_rows import batch
from tests.databases.postgres import Postgres
from tests.databases.valkey import free_port

pytestmark = pytest.mark.anyio

TEXTS = (
    "",
    "Số A012",
    "số a012",
    "A-b",
    "AB",
    "aB",
    "a b",
    "Đà Nẵng",
    "đ",
    "z",
    "Z",
    "0",
    "ﬀ",
    "\u0301",
    "😀",
    "'\"\\",
    "\t\n",
)
"""Among them some that languages order otherwise than their bytes."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def empty(postgres: Postgres) -> str:
    return postgres.new_database(is_empty=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with all that columns can hold, in every table, and journals without gaps."""
    path = tmp_path / "journal.db"
    migrations.upgrade(create_engine(f"sqlite:///{path}"))
    chance = random.Random(20_261_122)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        for table in tables(db):
            db.execute(f"DELETE FROM {table.name}")
            rows = {tuple(row[: len(table.key)]): row for row in _rows(table, chance)}
            db.executemany(insert(table), rows.values())
        db.execute("COMMIT")
    return path


def _rows(table: Table, chance: random.Random) -> Iterator[tuple[Any, ...]]:
    if table.name == "branch_head":
        yield from [(branch, "e", 40, 1, 1, None) for branch in TEXTS]
    elif table.name == "event":
        yield from [
            (b, seq, "2026-11-22", chance.choice(TEXTS), seq, _bytes(chance)) for b in TEXTS for seq in range(1, 41)
        ]
    else:
        for _ in range(60):
            yield tuple(_value(column, kind, chance) for column, kind in table.types.items())


def _value(column: str, kind: str, chance: random.Random) -> Any:
    if kind == "BLOB":
        return _bytes(chance)
    if kind == "BOOLEAN":
        return chance.randrange(2)
    if kind == "JSON":
        return chance.choice(['{"vi":  "Số",\n"b":1,"a":1.50,"b":2}', "{}", '{"x": "\\u0110"}'])
    if kind in ("BIGINT", "INTEGER"):
        return chance.randrange(2**31 if kind == "INTEGER" else 2**63)
    if column in ("organisation_code", "code"):
        return "only"
    return chance.choice(TEXTS) + (
        str(chance.randrange(10**6)) if column in ("token_hash", "id") else chance.choice(TEXTS)
    )


def _bytes(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((0, 1, 60)))


def content(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for what a journal that begins anew has of its own."""
    with closing(sqlite3.connect(file)) as db:
        found = {}
        for table in tables(db):
            columns = [name for name in table.columns if name not in ("epoch", "holder", "lease_until")]
            key = ", ".join(table.key)
            found[table.name] = db.execute(f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY {key}").fetchall()
    return found


async def count_tables(url: str) -> int:
    connection = await asyncpg.connect(url)
    found: int = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    return found


async def test_what_a_file_holds_is_the_same_after_the_way_through_postgresql(file: Path, empty: str, tmp_path: Path):
    await whole.restore(file, empty)
    await whole.back_up(empty, tmp_path / "again.db")
    assert content(tmp_path / "again.db") == content(file)
    assert all(content(file).values())


async def test_every_branch_begins_anew_and_every_reader_is_free(file: Path, empty: str, tmp_path: Path):
    heads = await whole.restore(file, empty)
    assert sorted(head.branch_id for head in heads) == sorted(TEXTS)
    assert len({head.epoch for head in heads} | {"e"}) == len(TEXTS) + 1
    connection = await asyncpg.connect(empty)
    assert await connection.fetch("SELECT 1 FROM cursor WHERE holder <> '' OR lease_until <> 0") == []
    await connection.close()


async def test_a_backup_of_an_older_release_is_brought_up_to_date(empty: str, tmp_path: Path):
    path = tmp_path / "old.db"
    with create_engine(f"sqlite:///{path}").begin() as connection:
        migrations.upgrade(connection, "0001")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO branch_head VALUES ('b1', 'e', 1, 1, 1, NULL)")
        db.execute("INSERT INTO event VALUES ('b1', 1, '2026-11-22', 'day.opened', 1, x'00ff')")
    await whole.restore(path, empty)
    journal = await PostgresJournal.open(empty)
    assert [event.body for event in await journal.read("b1", 0)] == [b"\x00\xff"]
    await journal.close()
    await whole.back_up(empty, tmp_path / "new.db")
    with opened(tmp_path / "new.db") as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchone() == (migrations.latest(),)


async def test_commands_go_on_during_a_backup_and_it_is_one_snapshot(postgres: Postgres, tmp_path: Path):
    url = postgres.new_database()
    journal = await PostgresJournal.open(url)
    going, is_done = asyncio.Event(), False

    async def append() -> None:
        seq = 0
        while not is_done:
            await journal.append_together([batch("b1", seq, 5), batch("b2", seq, 5)])
            seq += 5
            going.set()

    writer = asyncio.create_task(append())
    await going.wait()
    await whole.back_up(url, tmp_path / "made.db")
    is_done = True
    await writer
    with opened(tmp_path / "made.db") as db:  # which refuses a journal with a gap
        seqs = {row[0] for row in db.execute("SELECT seq FROM branch_head")}
    assert len(seqs) == 1
    await journal.close()


async def test_a_database_that_is_not_empty_is_left_alone(file: Path, postgres: Postgres):
    url = postgres.new_database()
    with pytest.raises(whole.NotEmpty):
        await whole.restore(file, url)


async def test_what_is_not_written_as_it_was_read_leaves_nothing(
    file: Path, empty: str, monkeypatch: pytest.MonkeyPatch
):
    async def copy_in(connection: asyncpg.Connection, db: sqlite3.Connection, part: Any) -> None:
        await copying.copy_in(connection, db, part)
        await connection.execute("UPDATE event SET body = 'x' WHERE branch_id = 'z' AND seq = 40")

    monkeypatch.setattr(whole, "copy_in", copy_in)
    with pytest.raises(copying.NotTheSame, match="event"):
        await whole.restore(file, empty)
    assert await count_tables(empty) == 0


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ("DELETE FROM event WHERE branch_id = 'z' AND seq = 7", "events are missing in z"),
        ("UPDATE account SET name = 'a' || char(0)", "invalid byte sequence"),
    ],
)
async def test_a_file_that_cannot_be_restored_leaves_nothing(file: Path, empty: str, harm: str, says: str):
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(harm)
    with pytest.raises((BackupFailed, JournalUnavailable), match=says):
        await whole.restore(file, empty)
    assert await count_tables(empty) == 0


async def test_a_database_without_a_schema_has_nothing_to_back_up(empty: str, tmp_path: Path):
    with pytest.raises(BackupFailed, match="nothing of Lấy Số"):
        await whole.back_up(empty, tmp_path / "made.db")
    assert not (tmp_path / "made.db").exists()


async def test_a_server_s_database_is_read_with_what_lies_in_its_wal(empty: str, tmp_path: Path):
    path = tmp_path / "journal.db"
    journal = await SqliteJournal.open(path)
    await journal.append(batch("b1", 0, 3))
    with pytest.raises(JournalUnavailable, match="another process has"):
        await whole.restore(path, empty)
    with pytest.raises(JournalUnavailable, match="another process has"):
        back_up_stopped(path, tmp_path / "made.db")
    copy = tmp_path / "copy.db"
    for ending in ("", "-wal"):
        copy.with_name(copy.name + ending).write_bytes(path.with_name(path.name + ending).read_bytes())
    await journal.close()
    back_up_stopped(copy, tmp_path / "made.db")
    heads = await whole.restore(tmp_path / "made.db", empty)
    assert [(head.branch_id, head.seq) for head in heads] == [("b1", 3)]


# -- the command line --------------------------------------------------------------------------------------------------


def test_the_command_line_backs_up_and_restores_postgresql(
    postgres: Postgres, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("LAYSO_BACKUPS", str(tmp_path / "backups"))
    monkeypatch.setenv("LAYSO_DATABASE", postgres.new_database(is_empty=True))
    assert main(["restore", str(file)]) == 0
    assert "  Đà Nẵng: 40 events\n" in capsys.readouterr().out
    older = tmp_path / "backups" / name_at(datetime(2026, 11, 22, tzinfo=UTC))
    older.parent.mkdir()
    older.touch()
    assert main(["backup", "--keep", "1"]) == 0
    made = last_good(tmp_path / "backups")
    assert made is not None
    assert [made[0]] == list((tmp_path / "backups").iterdir())
    assert capsys.readouterr().out.startswith(f"{made[0]}: ")
    assert content(made[0]) == content(file)
    assert main(["restore", str(made[0])]) == 1
    assert "is not empty. Make another database (createdb)" in capsys.readouterr().err
    assert main(["backup", str(made[0])]) == 1
    assert "exists. Name another file." in capsys.readouterr().err


def test_the_command_line_backs_up_a_folder_whose_server_is_stopped(
    tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
):
    data, made = tmp_path / "data", str(tmp_path / "made.db")
    assert main(["backup", made, "--data", str(data)]) == 1
    assert "No backup was made: there is no database in" in capsys.readouterr().err
    assert main(["restore", str(file), "--data", str(data)]) == 0
    assert main(["backup", made, "--data", str(data)]) == 0
    assert content(Path(made)) == content(file)
    with lock(data / DATABASE):
        assert main(["backup", str(tmp_path / "second.db"), "--data", str(data)]) == 2
    assert "stop it first (systemctl stop queue-server)" in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any, file: Path
):
    monkeypatch.setenv("LAYSO_DATABASE", f"postgresql://layso@127.0.0.1:{free_port()}/layso")
    for command in (["backup", str(tmp_path / "made.db")], ["restore", str(file)], ["move", str(file), "--all"]):
        assert main(command) == 2
        assert "The database cannot be used: " in capsys.readouterr().err
    assert not (tmp_path / "made.db").exists()
