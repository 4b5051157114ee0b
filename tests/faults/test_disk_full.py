"""The disk is full: issuing stops and says so, reading goes on, nothing is lost, and it works again afterwards."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from queue_server.journal.port import Appended, Batch, JournalUnavailable
from queue_server.journal.sqlite import SqliteJournal
from queue_server.journal.sqlite.pace import Pace
from tests.contract.journal_rows import batch, head, seqs

pytestmark = [pytest.mark.faults, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def next_batch(seq: int) -> Batch:
    return batch("b1", seq, 20, keys=(f"k{seq}",), tickets=(f"t{seq}",))


async def fill(journal: SqliteJournal) -> int:
    """Append until the journal refuses; returns the seq of the last batch that was acknowledged."""
    acknowledged = 0

    async def append() -> None:
        nonlocal acknowledged
        while True:
            assert isinstance(await journal.append(next_batch(acknowledged)), Appended)
            acknowledged += 20

    with pytest.raises(JournalUnavailable) as refused:
        await append()
    assert refused.value.reason == "disk-full"
    return acknowledged


async def ensure_it_only_refuses_to_write(journal: SqliteJournal, seq: int) -> None:
    """The same batch again: a smaller one might still fit."""
    for _ in range(3):
        with pytest.raises(JournalUnavailable) as refused:
            await journal.append(next_batch(seq))
        assert refused.value.reason == "disk-full"
    assert (await head(journal, "b1")).seq == seq
    assert await seqs(journal, "b1") == list(range(1, seq + 1))
    assert await journal.find_command("b1", "device:kiosk", f"k{seq}") is None
    assert await journal.find_ticket(f"t{seq}") is None
    assert await journal.find_ticket("t0") is not None


async def ensure_it_works(journal: SqliteJournal, seq: int) -> None:
    assert isinstance(await journal.append(next_batch(seq)), Appended)
    assert await seqs(journal, "b1") == list(range(1, seq + 21))


@pytest.mark.parametrize("limit_s", [0.0, 1000.0], ids=["in-thread", "inline"])
async def test_a_database_that_may_not_grow(tmp_path: Path, limit_s: float):
    journal = await SqliteJournal.open(tmp_path / "journal.db", pace=Pace(limit_s=limit_s))
    limit = "PRAGMA max_page_count = {}"
    await journal.run(lambda connection: connection.execute(limit.format(120)).fetchone())
    seq = await fill(journal)
    assert seq > 0
    await ensure_it_only_refuses_to_write(journal, seq)
    await journal.run(lambda connection: connection.execute(limit.format(100_000)).fetchone())
    await ensure_it_works(journal, seq)
    await journal.close()


@pytest.mark.root
@pytest.mark.parametrize("limit_s", [0.0, 1000.0], ids=["in-thread", "inline"])
async def test_a_disk_that_is_full(small_disk: Path, limit_s: float):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2_000_000))
    journal = await SqliteJournal.open(small_disk / "journal.db", pace=Pace(limit_s=limit_s))
    seq = await fill(journal)
    assert seq > 0
    await ensure_it_only_refuses_to_write(journal, seq)
    ballast.unlink()
    await ensure_it_works(journal, seq)
    await journal.close()


@pytest.mark.root
async def test_what_was_acknowledged_is_there_after_a_restart_on_the_full_disk(small_disk: Path):
    journal = await SqliteJournal.open(small_disk / "journal.db")
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2_000_000))
    seq = await fill(journal)
    await journal.close()
    ballast.unlink()
    again = await SqliteJournal.open(small_disk / "journal.db")
    assert await seqs(again, "b1") == list(range(1, seq + 1))
    await ensure_it_works(again, seq)
    await again.close()


async def test_work_on_a_full_disk_is_refused_too(tmp_path: Path):
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    await journal.run(lambda connection: connection.execute("PRAGMA max_page_count = 60").fetchone())
    with pytest.raises(JournalUnavailable) as refused:
        await journal.run(lambda connection: connection.execute("CREATE TABLE t AS SELECT zeroblob(4000000) AS x"))
    assert refused.value.reason == "disk-full"
    assert isinstance(await journal.append(batch("b1", 0)), Appended)
    await journal.close()
