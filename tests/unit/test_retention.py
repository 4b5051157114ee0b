"""What is kept of people goes when its time is over: at branches that nobody opens, and from the files too."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import PersonalRow
from queue_server.journal.sqlite import SqliteJournal
from queue_server.readers.retention import Retention
from tests.contract.journal_rows import NOON, batch
from tests.hosts import HandClock

pytestmark = pytest.mark.anyio

MARK = "Nguyễn Thị Đánh Dấu"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def row(ends: datetime) -> PersonalRow:
    return PersonalRow("t1", 1, "note", MARK, b"salt", "digest", ends)


class Keeper:
    """A retention with a clock that is moved by hand; every look is due."""

    def __init__(self, journal: MemoryJournal | SqliteJournal) -> None:
        self.clock = HandClock(NOON)
        self.is_in_doubt = False
        self.also_asked: list[datetime] = []
        self.retention = Retention(
            journal, self.clock.now, lambda: self.is_in_doubt, also=self._also, speed=float("inf")
        )

    async def _also(self, now: datetime) -> int:
        self.also_asked.append(now)
        return 0


async def test_rows_of_a_branch_that_does_nothing_more_go_at_their_instant() -> None:
    journal = MemoryJournal()
    keeper = Keeper(journal)
    await journal.append(replace(batch("idle", 0), personal=[row(NOON + timedelta(hours=1))]))
    keeper.clock.to(NOON + timedelta(minutes=59))
    await keeper.retention.look()
    assert len(await journal.personal_of("idle", "t1")) == 1
    keeper.clock.to(NOON + timedelta(hours=1))
    await keeper.retention.look()
    assert await journal.personal_of("idle", "t1") == []
    assert keeper.also_asked == [NOON + timedelta(minutes=59), NOON + timedelta(hours=1)]


async def test_a_clock_in_doubt_deletes_nothing() -> None:
    journal = MemoryJournal()
    keeper = Keeper(journal)
    await journal.append(replace(batch("b1", 0), personal=[row(NOON)]))
    keeper.clock.to(NOON + timedelta(days=400))
    keeper.is_in_doubt = True
    await keeper.retention.look()
    assert len(await journal.personal_of("b1", "t1")) == 1
    keeper.is_in_doubt = False
    await keeper.retention.look()
    assert await journal.personal_of("b1", "t1") == []


async def test_one_process_of_all_deletes() -> None:
    journal = MemoryJournal()
    one, two = Keeper(journal), Keeper(journal)
    await one.retention.look()
    await two.retention.look()
    assert (len(one.also_asked), len(two.also_asked)) == (1, 0)
    await one.retention.stop()
    await two.retention.look()
    assert len(two.also_asked) == 1


def is_kept(folder: Path) -> bool:
    return any(MARK.encode() in file.read_bytes() for file in folder.iterdir() if file.is_file())


async def test_nothing_of_it_is_left_in_the_files_of_a_running_server(tmp_path: Path) -> None:
    """As a control: it was there before, and the deleting alone leaves it in the log."""
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    keeper = Keeper(journal)
    await journal.append(replace(batch("b1", 0), personal=[row(NOON)]))
    assert is_kept(tmp_path)
    assert await journal.forget_personal(NOON) == 1
    assert is_kept(tmp_path)
    await journal.append(replace(batch("b1", 1), personal=[replace(row(NOON), seq=2)]))
    await keeper.retention.look()
    assert not is_kept(tmp_path)
    await journal.append(batch("b1", 2))
    await journal.close()
    assert not is_kept(tmp_path)


async def test_a_log_that_somebody_reads_is_emptied_later(tmp_path: Path) -> None:
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    keeper = Keeper(journal)
    await journal.append(replace(batch("b1", 0), personal=[row(NOON)]))

    def while_read(connection: object) -> None:
        connection.execute("SELECT * FROM personal").fetchone()  # type: ignore[attr-defined]

    reader = journal._reader  # the snapshot of somebody who reads
    reader.execute("BEGIN")
    while_read(reader)
    await keeper.retention.look()
    assert is_kept(tmp_path)
    reader.execute("COMMIT")
    await keeper.retention.look()
    assert not is_kept(tmp_path)
    await journal.close()
