"""Backups of a running journal, with real files."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from queue_server.journal.backup import BackupFailed, back_up, last_good, restore
from queue_server.journal.migrations import NewerDatabase
from queue_server.journal.port import Appended, JournalUnavailable
from queue_server.journal.sqlite import SqliteJournal
from tests.contract.journal_rows import batch, head, seqs

pytestmark = pytest.mark.anyio

EVENING = datetime(2026, 11, 22, 11, 30, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def journal(tmp_path: Path, anyio_backend: str) -> AsyncIterator[SqliteJournal]:
    found = await SqliteJournal.open(tmp_path / "journal.db")
    await found.append(batch("b1", 0, 300, keys=("k1",), tickets=("t1",)))
    await found.append(batch("b2", 0, 2))
    yield found
    await found.close()


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def remove_database(path: Path) -> None:
    """The files, but not the lock."""
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink()


async def test_a_backup_is_named_by_its_instant(journal: SqliteJournal, tmp_path: Path):
    made = await back_up(journal, tmp_path / "backups", at=EVENING)
    assert made.name == "journal-20261122-113000.db"
    assert last_good(tmp_path / "backups") == (made, EVENING)
    assert names(tmp_path / "backups") == [made.name]


async def test_there_is_no_last_backup_before_the_first(tmp_path: Path):
    assert last_good(tmp_path) is None
    (tmp_path / "journal-20261122-113000.db.partial").touch()
    assert last_good(tmp_path) is None


async def test_a_restored_journal_has_all_events_and_new_epochs(journal: SqliteJournal, tmp_path: Path):
    before = {one.branch_id: one for one in await journal.heads()}
    made = await back_up(journal, tmp_path / "backups", at=EVENING)
    heads = restore(made, tmp_path / "restored" / "journal.db")
    again = await SqliteJournal.open(tmp_path / "restored" / "journal.db")
    assert await again.heads() == heads
    assert [(one.branch_id, one.seq) for one in heads] == [("b1", 300), ("b2", 2)]
    assert all(one.epoch != before[one.branch_id].epoch for one in heads)
    assert heads[0].epoch != heads[1].epoch
    assert await again.read("b1", 0) == await journal.read("b1", 0)
    assert await again.find_command("b1", "device:kiosk", "k1") is not None
    assert await again.find_ticket("t1") is not None
    assert await again.append(batch("b1", 300)) == Appended(heads[0].epoch)
    await again.close()


async def test_commands_go_on_during_a_backup_and_it_is_one_snapshot(journal: SqliteJournal, tmp_path: Path):
    is_done = False

    async def append() -> None:
        while not is_done:
            for branch_id in ("b1", "b2"):
                seq = (await head(journal, branch_id)).seq
                await journal.append(batch(branch_id, seq, 50))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(append)
        made = await back_up(journal, tmp_path / "backups", at=EVENING)
        is_done = True
    kept = restore(made, tmp_path / "restored.db")
    assert kept[0].seq <= (await head(journal, "b1")).seq
    assert 0 <= (kept[0].seq - 300) - (kept[1].seq - 2) <= 50
    assert await seqs(journal, "b2") == list(range(1, (await head(journal, "b2")).seq + 1))


async def test_only_the_newest_are_kept(journal: SqliteJournal, tmp_path: Path):
    for day in range(4):
        await back_up(journal, tmp_path / "backups", at=EVENING + timedelta(days=day), keep=2)
    assert names(tmp_path / "backups") == ["journal-20261124-113000.db", "journal-20261125-113000.db"]


async def test_what_a_crash_left_is_cleared_away(journal: SqliteJournal, tmp_path: Path):
    left = tmp_path / "journal-20261121-113000.db.partial"
    left.touch()
    await back_up(journal, tmp_path, at=EVENING)
    assert not left.exists()


async def test_a_folder_that_cannot_be_written_is_told(journal: SqliteJournal, tmp_path: Path):
    (tmp_path / "backups").touch()
    with pytest.raises(BackupFailed, match="backups"):
        await back_up(journal, tmp_path / "backups", at=EVENING)


async def test_an_existing_database_is_never_overwritten(journal: SqliteJournal, tmp_path: Path):
    made = await back_up(journal, tmp_path / "backups", at=EVENING)
    with pytest.raises(FileExistsError, match="move it away"):
        restore(made, journal.path)


async def test_a_database_in_use_is_not_restored_over(journal: SqliteJournal, tmp_path: Path):
    made = await back_up(journal, tmp_path / "backups", at=EVENING)
    other = await SqliteJournal.open(tmp_path / "other.db")
    remove_database(tmp_path / "other.db")
    with pytest.raises(JournalUnavailable, match="another process"):
        restore(made, tmp_path / "other.db")
    await other.close()


async def test_a_damaged_backup_is_refused(journal: SqliteJournal, tmp_path: Path):
    made = await back_up(journal, tmp_path / "backups", at=EVENING)
    whole = made.read_bytes()
    made.write_bytes(whole[:8192] + b"\xaa" * 8192 + whole[16384:])
    with pytest.raises(BackupFailed, match="damaged"):
        restore(made, tmp_path / "restored.db")
    assert "restored.db.partial" not in names(tmp_path)


async def test_a_backup_that_lacks_an_event_is_refused(journal: SqliteJournal, tmp_path: Path):
    made = await back_up(journal, tmp_path / "backups", at=EVENING)
    with closing(sqlite3.connect(made)) as copy, copy:
        copy.execute("DELETE FROM event WHERE branch_id = 'b1' AND seq = 7")
    with pytest.raises(BackupFailed, match="missing in b1"):
        restore(made, tmp_path / "restored.db")


async def test_a_newer_release_s_backup_is_refused(journal: SqliteJournal, tmp_path: Path):
    made = await back_up(journal, tmp_path / "backups", at=EVENING)
    with closing(sqlite3.connect(made)) as copy, copy:
        copy.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match="9999"):
        restore(made, tmp_path / "restored.db")
