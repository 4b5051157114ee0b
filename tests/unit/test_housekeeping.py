"""What is done once a day: old command keys go, and a backup of each day stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from queue_server.domain import events as ev
from queue_server.domain.events import Recorded
from queue_server.journal.backup import STAMP, BackupFailed, last_good
from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Batch, CommandRow, StoredEvent
from queue_server.readers.days import day_after, day_before, events_of_day, first_of_day
from queue_server.readers.housekeeping import Housekeeping
from queue_server.readers.reader import Progress
from tests.factories import config, minutes, moment

pytestmark = pytest.mark.anyio

THURSDAY, FRIDAY, SATURDAY, MONDAY, TUESDAY = (date(2026, 11, day) for day in (19, 20, 21, 23, 24))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def weeks(*days: date, on_saturday: str = "branch.configured") -> MemoryJournal:
    """A journal in which each of these days was opened, had a command and was closed; on the Saturday something was
    only configured."""
    journal, seq = MemoryJournal(), 0
    for day in days:
        types = [on_saturday] if day == SATURDAY else ["day.opened", "ticket.issued", "day.closed"]
        events = [StoredEvent(seq + i, day, type_, 1, b"{}") for i, type_ in enumerate(types, 1)]
        command = CommandRow("device:k", f"key-of-{day}", b"", seq + 1, seq + len(types), day)
        await journal.append(Batch("b", seq, events, [command]))
        seq += len(types)
    return journal


# -- days in a journal -------------------------------------------------------------------------------------------------


async def test_a_day_is_found_by_halving():
    journal = await weeks(THURSDAY, FRIDAY, SATURDAY, MONDAY)
    assert [await first_of_day(journal, "b", day) for day in (THURSDAY, FRIDAY, SATURDAY, MONDAY, TUESDAY)] == [
        1, 4, 7, 8, 11,
    ]  # fmt: skip
    assert [event.seq async for event in events_of_day(journal, "b", FRIDAY)] == [4, 5, 6]
    assert [event.seq async for event in events_of_day(journal, "b", TUESDAY)] == []


async def test_a_day_on_which_something_was_only_configured_is_no_service_day():
    journal = await weeks(THURSDAY, FRIDAY, SATURDAY, MONDAY)
    assert await day_before(journal, "b", MONDAY) == FRIDAY
    assert await day_before(journal, "b", THURSDAY) is None
    assert await day_after(journal, "b", FRIDAY) == MONDAY
    assert await day_after(journal, "b", MONDAY) is None
    assert await day_before(journal, "nowhere", MONDAY) is None


# -- keys --------------------------------------------------------------------------------------------------------------


async def handle(keeper: Housekeeping, *events: Recorded) -> Progress:
    found: Sequence[Recorded] = events
    return await keeper.handle("b", found)


def opened(seq: int, day: date) -> Recorded:
    at = moment("03:00", day)
    return Recorded(seq, day, at, at, "timer", ev.DayOpened(config()))


def closed(seq: int, at: datetime) -> Recorded:
    return Recorded(seq, FRIDAY, at, at, "account:chief", ev.DayClosed({}))


async def test_keys_are_kept_until_the_second_service_day_after_their_own(tmp_path: Path):
    journal = await weeks(THURSDAY, FRIDAY, SATURDAY, MONDAY, TUESDAY)
    keeper = Housekeeping(journal, Backups(tmp_path), tmp_path, lambda: moment("03:00", TUESDAY))
    await handle(keeper, opened(8, MONDAY))
    assert await journal.find_command("b", "device:k", f"key-of-{THURSDAY}") is not None
    await handle(keeper, opened(11, TUESDAY))
    kept = [
        day
        for day in (THURSDAY, FRIDAY, MONDAY, TUESDAY)
        if await journal.find_command("b", "device:k", f"key-of-{day}") is not None
    ]
    assert kept == [FRIDAY, MONDAY, TUESDAY]


async def test_what_is_old_beside_the_journal_is_forgotten_each_morning(tmp_path: Path):
    journal, now = await weeks(FRIDAY, MONDAY), moment("03:00", MONDAY)
    forgot: list[tuple[str, datetime]] = []

    async def forget(branch: str, at: datetime) -> None:
        forgot.append((branch, at))

    keeper = Housekeeping(journal, Backups(tmp_path), tmp_path, lambda: now, forget=forget)
    await handle(keeper, closed(3, moment("17:00", FRIDAY)), opened(4, MONDAY))
    assert forgot == [("b", now)]


# -- backups -----------------------------------------------------------------------------------------------------------


class Backups:
    """Makes files that look like backups; may be told to fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: list[int] = []
        self.is_broken = False

    async def __call__(self, folder: Path, at: datetime, keep: int) -> Path:
        if self.is_broken:
            raise BackupFailed("the disk is gone")
        self.kept.append(keep)
        made = folder / f"journal-{at.strftime(STAMP)}.db"
        made.touch()
        return made

    @property
    def names(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())


class Evening:
    """A housekeeping whose clock is in the test's hand."""

    def __init__(self, folder: Path, *, speed: float = 1.0) -> None:
        self.now = moment("17:00", FRIDAY)
        self.backups = Backups(folder)
        self.keeper = Housekeeping(MemoryJournal(), self.backups, folder, lambda: self.now, speed=speed)

    async def closes(self, seq: int = 9, *, after: timedelta = timedelta()) -> Progress:
        """A day is closed, and this reader hears of it `after` that."""
        at, self.now = self.now, self.now + after
        return await handle(self.keeper, closed(seq, at))


@pytest.fixture
def evening(tmp_path: Path) -> Evening:
    return Evening(tmp_path)


async def test_a_closed_day_is_kept_at_once(evening: Evening, tmp_path: Path):
    assert await evening.closes() == Progress(9)
    assert evening.backups.names == ["journal-20261120-100000.db"]
    assert evening.backups.kept == [14]
    found = last_good(tmp_path)
    assert found is not None
    assert found[1] == moment("17:00", FRIDAY)


async def test_a_backup_that_holds_the_event_already_is_enough(evening: Evening):
    event = closed(9, evening.now)
    evening.now += minutes(1)
    await handle(evening.keeper, closed(8, evening.now))
    evening.now += minutes(60)
    assert await handle(evening.keeper, event) == Progress(9)
    assert len(evening.backups.names) == 1


async def test_branches_that_end_soon_after_one_another_share_a_backup(evening: Evening):
    await evening.closes()
    evening.now += minutes(2)
    assert await evening.closes(12) == Progress(11, 480.0)
    event = closed(12, evening.now)
    evening.now += minutes(8)
    assert await handle(evening.keeper, event) == Progress(12)
    assert evening.backups.names == ["journal-20261120-101000.db"]  # the day's first one has gone
    assert evening.backups.kept == [14, 15]


async def test_the_backup_of_the_day_before_stays(evening: Evening):
    await evening.closes()
    evening.now += timedelta(days=1)
    await evening.closes(20)
    assert len(evening.backups.names) == 2


async def test_a_backup_that_cannot_be_made_is_tried_again(evening: Evening):
    evening.backups.is_broken = True
    assert await evening.closes() == Progress(8, 600.0)
    evening.backups.is_broken = False
    assert await evening.closes() == Progress(9)


async def test_a_backup_from_the_future_does_not_count(evening: Evening, tmp_path: Path):
    (tmp_path / "journal-20300101-000000.db").touch()
    await evening.closes()
    assert "journal-20261120-100000.db" in evening.backups.names


async def test_a_fast_clock_waits_less(tmp_path: Path):
    evening = Evening(tmp_path, speed=60.0)
    await evening.closes()
    evening.now += minutes(4)
    assert await evening.closes(12) == Progress(11, 6.0)
