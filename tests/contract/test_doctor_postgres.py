"""What the doctor finds at a real PostgreSQL, where each fault was really made."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from queue_server.doctor import connecting, doctor, machine, postgres
from queue_server.domain import upcast
from queue_server.domain.events import FieldResumed, Recorded
from queue_server.journal.backup import name_at
from queue_server.journal.migrations import latest
from queue_server.journal.postgres import PostgresJournal
from queue_server.settings import Settings
from tests.contract.journal_rows import batch
from tests.databases.postgres import Postgres, receiving
from tests.databases.valkey import free_port
from tests.staff import eventually

RECEIVER = "https://dossier.example.vn/"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One whose settings may be changed for a while."""
    with Postgres(tmp_path_factory.mktemp("ill"), max_connections="40", archive_mode="on") as running:
        configure(running, "archive_command", "/bin/true")
        yield running


@pytest.fixture(scope="module")
def url(server: Postgres) -> str:
    """A database with a journal of one branch."""

    async def fill() -> None:
        journal = await PostgresJournal.open(found)
        await journal.append(batch("go-vap", 0, 10))
        await journal.close()

    found = server.new_database()
    asyncio.run(fill())
    return found


def sql(url: str, *statements: str, values: tuple[Any, ...] = ()) -> Any:
    """What the last of them gives; `values` are for that one."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1], *values)
        finally:
            await connection.close()

    return asyncio.run(run())


@contextmanager
def changed(url: str, there: str, back: str) -> Iterator[None]:
    sql(url, there)
    try:
        yield
    finally:
        sql(url, back)


@contextmanager
def configured(server: Postgres, name: str, value: str) -> Iterator[None]:
    """With another setting, for a while."""
    before = sql(server.url(), f"SHOW {name}")
    configure(server, name, value)
    try:
        yield
    finally:
        configure(server, name, before)


def configure(server: Postgres, name: str, value: str) -> None:
    sql(server.url(), f"ALTER SYSTEM SET {name} = '{value}'", "SELECT pg_reload_conf()")
    eventually(lambda: sql(server.url(), f"SHOW {name}") == value)


def look(url: str, **settings: Any) -> tuple[list[str], list[str]]:
    """What is wrong, and what is good to know."""
    found = asyncio.run(postgres.examine(Settings(database=url, **settings)))
    return [f.sentence for f in found if f.is_wrong], [f.sentence for f in found if not f.is_wrong]


def test_nothing_is_wrong_with_a_server_as_it_should_be(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    copy = tmp_path / name_at(NOW)
    copy.touch()
    wrong, notes = look(url, backups=tmp_path)
    assert wrong == []
    assert f"The last copy is {copy.name}." in notes
    assert "No server is connected to this database just now." in notes
    assert any(one.startswith("No standby is connected: if this machine is lost") for one in notes)
    assert doctor(Settings(database=url, data=tmp_path), tmp_path / "layso.db") == 0
    said = capsys.readouterr().out
    assert "There is no Redis (LAYSO_REDIS)" in said
    assert said.endswith("Nothing is wrong.\n")


# -- getting in --------------------------------------------------------------------------------------------------------


def test_where_nobody_listens_the_address_is_named():
    port = free_port()
    (said,), _ = look(f"postgresql://layso:secret@127.0.0.1:{port}/layso")
    assert said.startswith(f"Nobody answers at 127.0.0.1:{port} (")
    assert "secret" not in said


def test_a_machine_that_says_nothing_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connecting, "ANSWER_WITHIN_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        (said,), _ = look(f"postgresql://layso@{place}/layso")
    assert said.startswith(f"{place} says nothing within")


def test_a_name_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch):
    async def connect(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncpg, "connect", connect)  # a real look-up would leave this machine
    (said,), _ = look("postgresql://layso@db.invalid/layso")
    assert said.startswith("No machine is called db.invalid (Name or service not known).")


def test_a_database_that_is_not_there_is_told_with_how_to_make_it(server: Postgres):
    (said,), _ = look(server.url("nowhere"))
    assert "has no database nowhere. Make it: createdb --owner layso nowhere" in said


@pytest.mark.parametrize(
    ("role", "says"),
    [
        ("wary:wrong", "does not take the password of wary"),
        ("unwelcome:x", "does not let unwelcome in from here"),
        ("unknown:x", "does not let unknown in from here"),
    ],
)
def test_who_is_not_let_in_is_told_why(server: Postgres, role: str, says: str):
    rules = server.data / "pg_hba.conf"
    before = rules.read_text()
    sql(server.url(), "DROP ROLE IF EXISTS wary", "CREATE ROLE wary LOGIN PASSWORD 'right'")
    rules.write_text(f"host all wary 127.0.0.1/32 scram-sha-256\nhost all unwelcome 127.0.0.1/32 reject\n{before}")
    sql(server.url(), "SELECT pg_reload_conf()")
    try:
        eventually(lambda: sql(server.url(), "SELECT count(*) FROM pg_hba_file_rules WHERE type = 'host'") > 2)
        (said,), _ = look(server.url().replace("layso@", f"{role}@"))
    finally:
        rules.write_text(before)
        sql(server.url(), "SELECT pg_reload_conf()")
    assert says in said


def test_a_server_without_tls_is_told_where_tls_is_asked_for(server: Postgres):
    (said,), _ = look(f"{server.url()}?sslmode=require")
    assert "speaks no TLS, which LAYSO_DATABASE asks for (sslmode)" in said


def test_an_address_with_a_wrong_option_is_told(server: Postgres):
    (said,), _ = look(f"{server.url()}?sslmode=perhaps")
    assert said.startswith("LAYSO_DATABASE cannot be used: ")


# -- what the server promises ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("fsync", "fsync is off: a power cut may destroy the whole database"),
        ("full_page_writes", "full_page_writes is off: a power cut may leave pages half written"),
        ("autovacuum", "autovacuum is off: the table branch_head"),
        ("synchronous_commit", "synchronous_commit is off: after a crash, numbers that were given out are unknown"),
    ],
)
def test_a_setting_that_loses_data_is_told(server: Postgres, url: str, setting: str, says: str):
    with configured(server, setting, "off"):
        (said,), _ = look(url)
    assert said.startswith(says)


def test_processes_that_may_want_more_connections_than_there_are(url: str):
    assert look(url, workers=4)[0] == []
    (said,), _ = look(url, workers=5)
    assert said.startswith(
        "max_connections leaves 37 for users, and 40 may be wanted: 5 processes with 8 each on 1 host"
    )


def test_a_clock_that_is_not_the_database_s(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres, "now_here", lambda: datetime.now(UTC) - timedelta(seconds=90))
    (said,), _ = look(url)
    assert said.startswith("This machine's clock is 90 s behind the database's")


def test_a_version_that_gets_no_corrections_any_more(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres, "OLDEST", 990000)  # an older server cannot be had
    (said,), _ = look(url)
    assert "is too old: Lấy Số supports 99 and newer" in said


def test_a_transaction_that_somebody_left_open(url: str, monkeypatch: pytest.MonkeyPatch):
    async def open_and_look() -> list[str]:
        forgotten = await asyncpg.connect(url, server_settings={"application_name": "psql"})
        transaction = forgotten.transaction()
        await transaction.start()
        found = await postgres.examine(Settings(database=url))
        await forgotten.close()
        return [one.sentence for one in found if one.is_wrong]

    monkeypatch.setattr(postgres, "LONG", timedelta(0))
    assert any(
        one.startswith("A transaction is open for 0 minutes") and "psql" in one for one in asyncio.run(open_and_look())
    )


def test_a_disk_of_the_database_that_is_nearly_full(url: str, server: Postgres, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine, "DISK_LOW_BYTES", 2**60)
    (said,), _ = look(url)
    assert said.startswith(f"The disk of {server.data} has only ")


def test_who_may_not_see_all_is_told_how_to(server: Postgres, url: str):
    database = url.rpartition("/")[2]
    sql(
        url,
        "DROP ROLE IF EXISTS plain",
        "CREATE ROLE plain LOGIN",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain",
    )
    wrong, notes = look(server.url(database).replace("layso@", "plain@"))
    sql(url, "DROP OWNED BY plain", "DROP ROLE plain")
    assert wrong == []
    assert any("GRANT pg_monitor TO plain" in one for one in notes)


# -- standbys and the archive ------------------------------------------------------------------------------------------


def test_an_archive_that_throws_away_is_no_archive(server: Postgres, url: str, tmp_path: Path):
    said = "The log is thrown away instead of archived"
    wrong, notes = look(url)
    assert (wrong, [one.startswith(said) for one in notes].count(True)) == ([], 1)
    with configured(server, "archive_command", f"cp %p {tmp_path}/%f"):
        assert not any(one.startswith(said) for one in look(url)[1])


def test_a_standby_that_nobody_waits_for_and_one_that_is_waited_for(server: Postgres, url: str, tmp_path: Path):
    with receiving(server, tmp_path):
        assert any(one.startswith("The standby is asynchronous") for one in look(url)[1])
        with configured(server, "synchronous_standby_names", "*"):
            eventually(lambda: sql(server.url(), "SELECT sync_state FROM pg_stat_replication") == "sync")
            wrong, notes = look(url)
            assert wrong == []
            assert not any("tandby" in one for one in notes)
            (said,), _ = look(f"{url}?synchronous_commit=local")
            assert said.startswith("synchronous_commit is local, so no standby is waited for")


def test_a_standby_that_is_waited_for_and_not_there(server: Postgres, url: str):
    with configured(server, "synchronous_standby_names", "hanoi"):
        (said,), _ = look(url)
    assert said.startswith(
        "No standby is connected, and every command waits for one (synchronous_standby_names = hanoi)"
    )


def test_a_slot_that_nobody_reads_fills_the_disk(server: Postgres, url: str):
    slot = "SELECT pg_create_physical_replication_slot('gone', true)", "SELECT pg_drop_replication_slot('gone')"
    with changed(url, *slot):
        (said,), _ = look(url)
    assert said.startswith("Nobody reads the replication slot gone")


# -- what is in it -----------------------------------------------------------------------------------------------------


def test_an_empty_database_says_what_to_do(server: Postgres):
    (said,), _ = look(server.new_database(is_empty=True))
    assert said == "The database is empty. Import an organisation, restore a backup, or move a branch into it."


def test_a_schema_of_another_release(url: str):
    back = f"UPDATE alembic_version SET version_num = '{latest()}'"
    with changed(url, "UPDATE alembic_version SET version_num = '0004'", back):
        assert (
            f"The schema is at 0004: the first server of this release to start brings it to {latest()}." in look(url)[1]
        )
    with changed(url, "UPDATE alembic_version SET version_num = '9999'", back):
        (said,), _ = look(url)
        assert said.startswith("The database cannot be used: the database is at revision 9999")
        with changed(url, f"INSERT INTO revision VALUES ('schema/9999', {int(latest())})", "DELETE FROM revision"):
            assert any(one.startswith("A newer release has brought the schema to 9999") for one in look(url)[1])


@pytest.mark.parametrize(
    ("harm", "back"),
    [
        ("UPDATE event SET seq = -1 WHERE seq = 7", "UPDATE event SET seq = 7 WHERE seq = -1"),
        ("UPDATE event SET seq = -1 WHERE seq = 1", "UPDATE event SET seq = 1 WHERE seq = -1"),
        ("UPDATE branch_head SET seq = 11", "UPDATE branch_head SET seq = 10"),
        ("UPDATE branch_head SET seq = 9", "UPDATE branch_head SET seq = 10"),
    ],
)
def test_a_journal_with_a_gap_or_a_wrong_head(url: str, harm: str, back: str):
    with changed(url, harm, back):
        (said,), _ = look(url)
    assert said.startswith("Events are missing in go-vap, or the head is not where they end")


def test_a_branch_of_which_nobody_keeps_time(url: str):
    with changed(url, "UPDATE branch_head SET due_at = 1", "UPDATE branch_head SET due_at = NULL"):
        (said,), _ = look(url)
    assert said.startswith("Time asks something of go-vap since 1970-01-01 00:00 UTC, and nobody does it.")


def test_a_reader_that_has_stopped(url: str):
    old = Recorded(5, date(2026, 11, 22), NOW, NOW - timedelta(hours=2), "timer", FieldResumed("ho-tich"))
    event_type, version, body = upcast.store(old)
    sql(url, "UPDATE event SET type = $1, v = $2, body = $3 WHERE seq = 5", values=(event_type, version, body))
    with changed(url, "INSERT INTO cursor VALUES ('dossier', 'go-vap', 4, 1, '', 0)", "DELETE FROM cursor"):
        assert look(url)[0] == []  # nobody wants it to run
        (said,), _ = look(url, dossier_url=RECEIVER)
        assert said.startswith("The reader dossier has got no further since ")
        assert "at go-vap (6 events)" in said
        with changed(url, "UPDATE event SET v = 99 WHERE seq = 5", "UPDATE event SET v = 1 WHERE seq = 5"):
            (said,), _ = look(url, dossier_url=RECEIVER)
            assert said.startswith("A newer release has written at go-vap: field.resumed v99")


def test_copies_that_are_missing_or_old(url: str, tmp_path: Path):
    (said,), _ = look(url, backups=tmp_path)
    assert said == f"There is no copy in {tmp_path}. Make one each night: queue-server backup --keep 14"
    (tmp_path / name_at(NOW - timedelta(days=2))).touch()
    (said,), _ = look(url, backups=tmp_path)
    assert "is older than a day and a half" in said


# -- last, since the archiver takes its time to come back --------------------------------------------------------------


def test_an_archive_that_fails(server: Postgres, url: str):
    configure(server, "archive_command", "/bin/false")
    sql(url, "SELECT pg_switch_wal()")
    eventually(lambda: sql(url, "SELECT failed_count FROM pg_stat_archiver") > 0)
    (said,), _ = look(url)
    assert said.startswith("The log is not archived since ")
