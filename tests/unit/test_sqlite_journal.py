"""What is particular to the journal on SQLite: one writer, commits that do not hold up the loop, faults, reports."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from queue_server.journal.port import Appended, Conflict, Database, JournalUnavailable
from queue_server.journal.sqlite import SqliteJournal
from queue_server.journal.sqlite import journal as journal_module
from queue_server.journal.sqlite.pace import Pace
from tests.contract.journal_rows import batch, head, seqs, ticket

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=[0.0, 1000.0], ids=["in-thread", "inline"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[SqliteJournal]:
    found = await SqliteJournal.open(tmp_path / "journal.db", pace=Pace(limit_s=request.param, stall_s=1000))
    yield found
    await found.close()


async def append_all(journal: SqliteJournal, given: list[Any]) -> list[Any]:
    return await asyncio.gather(*(journal.append(one) for one in given), return_exceptions=True)


async def test_a_second_process_is_kept_out(journal: SqliteJournal):
    with pytest.raises(JournalUnavailable, match="another process"):
        await SqliteJournal.open(journal.path)


async def test_the_lock_is_let_go_at_the_end(journal: SqliteJournal):
    await journal.close()
    again = await SqliteJournal.open(journal.path)
    await again.close()


async def test_the_writing_connection_is_durable_and_the_wal_is_gone_after_closing(journal: SqliteJournal):
    def settings(connection: Database) -> list[Any]:
        names = ("journal_mode", "synchronous", "wal_autocheckpoint", "secure_delete")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await journal.run(settings) == ["wal", 2, 0, 1]
    await journal.append(batch("b1", 0))
    await journal.close()
    assert not journal.path.with_name("journal.db-wal").exists()


async def test_what_arrives_in_one_turn_is_one_commit(journal: SqliteJournal):
    await append_all(journal, [batch(f"b{number}", 0) for number in range(30)])
    before = journal._writer._commits
    outcomes = await append_all(journal, [batch(f"b{number}", 1) for number in range(30)])
    assert all(isinstance(one, Appended) for one in outcomes)
    assert journal._writer._commits - before == 1


async def test_a_value_that_cannot_be_stored_harms_only_its_own_batch(journal: SqliteJournal):
    await append_all(journal, [batch("b1", 0), batch("b2", 0)])
    broken = replace(batch("b2", 1), tickets=[ticket("t\ud800")])
    first, second, third = await append_all(journal, [batch("b1", 1), broken, batch("b3", 0)])
    assert isinstance(first, Appended)
    assert isinstance(second, ValueError)
    assert isinstance(third, Appended)
    assert (await head(journal, "b2")).seq == 1


async def test_a_cursor_moves_though_a_batch_of_its_group_is_refused(journal: SqliteJournal):
    cursor = await journal.take_cursor("printing", "b1", "p1", 60)
    assert cursor is not None
    moved, refused = await asyncio.gather(journal.move_cursor(cursor, 5), journal.append(batch("b1", 7)))
    assert moved
    assert refused == Conflict(0)
    assert await journal.cursor_seq("printing", "b1") == 5


async def test_a_commit_that_fails_tells_everyone_and_the_next_one_works(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
):
    await journal.append(batch("b1", 0))
    await journal.run(lambda connection: connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)").rowcount)

    def fail(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(journal._writer._groups, "_add_rest", fail)
        faults = await append_all(journal, [batch("b1", 1), batch("b2", 0)])
    assert [getattr(fault, "reason", fault) for fault in faults] == ["unavailable"] * 2
    assert await seqs(journal, "b1") == [1]
    outcomes = await append_all(journal, [batch("b1", 1), batch("b2", 0)])
    assert outcomes[1] == Appended((await head(journal, "b2")).epoch)


async def test_a_fault_of_the_writer_itself_reaches_the_callers(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
):
    def fail(_: object) -> None:
        raise LookupError("a mistake in the code")

    with monkeypatch.context() as patched:
        patched.setattr(journal._writer._groups, "_add_rest", fail)
        with pytest.raises(JournalUnavailable, match="a mistake in the code"):
            await journal.append(batch("b1", 0))
    assert isinstance(await journal.append(batch("b1", 0)), Appended)


async def test_work_that_fails_is_undone(journal: SqliteJournal):
    def work(connection: Database) -> None:
        connection.execute("DELETE FROM branch_head")
        raise LookupError

    await journal.append(batch("b1", 0))
    with pytest.raises(LookupError):
        await journal.run(work)
    assert (await head(journal, "b1")).seq == 1


async def test_work_meets_the_constraints_of_its_tables_as_they_are(journal: SqliteJournal):
    def work(connection: Database) -> None:
        connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE child (id INTEGER REFERENCES parent (id))")
        connection.execute("INSERT INTO child VALUES (1)")

    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        await journal.run(work)


async def test_an_epoch_that_work_changed_is_told_by_the_next_append(journal: SqliteJournal):
    await journal.append(batch("b1", 0))
    await journal.run(lambda connection: connection.execute("UPDATE branch_head SET epoch = 'new'").rowcount)
    assert await journal.append(batch("b1", 1)) == Appended("new")


async def test_work_has_its_turn_though_appends_never_pause(journal: SqliteJournal):
    is_done = False

    async def append(branch_id: str) -> None:
        seq = 0
        while not is_done:
            assert isinstance(await journal.append(batch(branch_id, seq)), Appended)
            seq += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(append, "b1")
        tasks.start_soon(append, "b2")
        with anyio.fail_after(10):
            assert [await journal.run(lambda _: 7) for _ in range(3)] == [7, 7, 7]
        is_done = True


async def test_work_runs_in_the_writer_s_thread(journal: SqliteJournal):
    name = await journal.run(lambda _: threading.current_thread().name)
    assert name == "journal-writer"


async def test_the_wal_is_copied_into_the_database_as_it_grows(journal: SqliteJournal):
    for seq in range(0, 12_000, 200):
        await journal.append(batch("b1", seq, 200))
    assert journal.path.stat().st_size > 500_000
    assert journal.path.with_name("journal.db-wal").stat().st_size < 2_000_000


async def test_a_delayed_commit_is_slow_but_the_loop_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAYSO_COMMIT_DELAY_MS", "60")
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    turns, began = 0, time.monotonic()
    appending = asyncio.ensure_future(journal.append(batch("b1", 0)))
    while not appending.done():
        await asyncio.sleep(0)
        turns += 1
    assert time.monotonic() - began >= 0.06
    assert turns > 100
    assert isinstance(appending.result(), Appended)
    await journal.close()


async def test_reading_goes_on_during_a_commit(tmp_path: Path):
    journal = await SqliteJournal.open(tmp_path / "journal.db", commit_delay_s=0.2)
    appending = asyncio.ensure_future(journal.append(batch("b1", 0)))
    await anyio.lowlevel.checkpoint()
    assert await journal.head("b1") is None
    assert not appending.done()
    assert isinstance(await appending, Appended)
    await journal.close()


async def test_a_report_sees_one_snapshot_and_cannot_write(journal: SqliteJournal):
    await journal.append(batch("b1", 0, 3))
    count = "SELECT count(*) FROM event"
    assert await journal.report(lambda connection: connection.execute(count).fetchone()[0]) == 3
    with pytest.raises(JournalUnavailable, match="readonly"):
        await journal.report(lambda connection: connection.execute("DELETE FROM event"))


async def test_a_report_that_takes_too_long_is_broken_off(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(journal_module, "LONGEST_REPORT_S", 0.01)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(JournalUnavailable, match="interrupted"):
        await journal.report(lambda connection: connection.execute(endless).fetchone())


async def test_a_file_that_is_no_database_is_told(tmp_path: Path):
    path = tmp_path / "journal.db"
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(JournalUnavailable, match="not a database"):
        await SqliteJournal.open(path)


# -- files that are taken away -----------------------------------------------------------------------------------------


def take_away(file: Path) -> Path:
    return file.rename(file.with_name(f"{file.name}.away"))


@pytest.mark.parametrize("ending", ["", "-wal"])
async def test_nothing_is_accepted_into_a_file_that_was_taken_away_until_it_is_back(
    journal: SqliteJournal, ending: str, caplog: pytest.LogCaptureFixture
):
    """SQLite itself goes on without a word, into a file that has no name any more."""
    await journal.append(batch("b1", 0))
    file = journal.path.with_name(f"journal.db{ending}")
    away = take_away(file)
    for work in (
        lambda: journal.append(batch("b1", 1)),
        lambda: journal.take_cursor("dossier", "b1", "me", 10.0),
        lambda: journal.run(lambda connection: connection.execute("SELECT 1").fetchone()),
        lambda: journal.head("b1"),
    ):
        with pytest.raises(JournalUnavailable, match="was moved, removed or replaced"):
            await work()
    file.write_bytes(away.read_bytes())  # a copy is another file
    with pytest.raises(JournalUnavailable, match="was moved, removed or replaced"):
        await journal.append(batch("b1", 1))
    away.replace(file)
    found = await journal.head("b1")
    assert found is not None
    assert await journal.append(batch("b1", found.seq)) == Appended(found.epoch)
    assert await seqs(journal, "b1") == list(range(1, found.seq + 2))
    assert len([record for record in caplog.records if "was moved, removed" in record.message]) == 1


async def test_a_damaged_file_is_not_opened(tmp_path: Path):
    file = tmp_path / "journal.db"
    journal = await SqliteJournal.open(file)
    await journal.append(batch("b1", 0, 300))
    await journal.close()
    content = bytearray(file.read_bytes())
    content[-8192:-4096] = bytes(range(256)) * 16
    file.write_bytes(content)
    with pytest.raises(JournalUnavailable, match=r"journal\.db is damaged"):
        await SqliteJournal.open(file)
    assert file.read_bytes() == content
