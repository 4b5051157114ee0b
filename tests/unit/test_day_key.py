"""The key of the service day: the same for everybody on that day, and gone when it has passed."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from queue_server.access.day_key import DamagedKey, DayKey, KeyFile, drawn
from queue_server.access.persons import Persons, note
from queue_server.doctor import cards
from queue_server.journal.memory import MemoryJournal
from queue_server.settings import Settings

MONDAY, TUESDAY, WEDNESDAY, SUNDAY = (date(2026, 11, day) for day in (16, 17, 18, 22))
NUMBER = "001090123456"


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys" / "day.key")


# -- the key -----------------------------------------------------------------------------------------------------------


def test_a_person_is_the_same_all_day_and_another_one_the_next_day() -> None:
    key = drawn(MONDAY)
    following = key.on(TUESDAY)
    assert following is not None
    assert key.person(NUMBER) == key.person(NUMBER)
    assert len({key.person(NUMBER), key.person("001090123457"), following.person(NUMBER), key.key.hex()}) == 4


def test_a_later_day_follows_and_an_earlier_one_does_not() -> None:
    key = DayKey(TUESDAY, b"k" * 32)
    wednesday = key.on(WEDNESDAY)
    assert wednesday is not None
    assert key.on(SUNDAY) == wednesday.on(SUNDAY)
    assert key.on(TUESDAY) == key
    assert key.on(MONDAY) is None


def test_two_draws_differ() -> None:
    assert drawn(MONDAY).key != drawn(MONDAY).key


# -- its file ----------------------------------------------------------------------------------------------------------


def test_a_restart_finds_the_days_key(file: KeyFile) -> None:
    first = file.step_to(MONDAY, MONDAY)
    assert KeyFile(file.path).step_to(MONDAY, MONDAY) == first
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_who_was_away_for_days_comes_to_the_key_of_who_was_not(file: KeyFile, tmp_path: Path) -> None:
    """And so do two hosts that began with the same file."""
    file.step_to(MONDAY, MONDAY)
    away = KeyFile(tmp_path / "away.key")
    away.path.write_bytes(file.path.read_bytes())
    for day in (TUESDAY, WEDNESDAY, SUNDAY):
        stepped = file.step_to(day, day)
    assert away.step_to(SUNDAY, SUNDAY) == stepped


def test_nothing_of_yesterdays_key_is_left(file: KeyFile) -> None:
    monday = file.step_to(MONDAY, MONDAY)
    with file.path.open("rb") as old:
        file.step_to(TUESDAY, TUESDAY)
        assert set(old.read()) == {0}
    left = b"".join(each.read_bytes() for each in file.path.parent.iterdir())
    assert monday.key.hex().encode() not in left


def test_a_clock_that_is_set_back_gets_a_key_that_every_host_comes_to(file: KeyFile, tmp_path: Path) -> None:
    ahead = file.step_to(SUNDAY, SUNDAY)
    other = KeyFile(tmp_path / "other.key")
    other.path.write_bytes(file.path.read_bytes())
    again = file.step_to(MONDAY, MONDAY)
    assert again.day == MONDAY
    assert other.step_to(MONDAY, MONDAY) == again
    assert again.on(SUNDAY) != ahead


def test_a_clock_that_is_a_moment_behind_takes_nothing_back(file: KeyFile) -> None:
    stepped = file.step_to(TUESDAY, TUESDAY)
    assert file.step_to(MONDAY, TUESDAY) == stepped
    assert file.read() == stepped


@pytest.mark.parametrize("content", ["", "nonsense", "2026-11-16 abcd", "16/11/2026 " + "00" * 32])
def test_a_damaged_file_is_not_taken_for_a_key(file: KeyFile, content: str) -> None:
    file.path.parent.mkdir()
    file.path.write_text(content)
    with pytest.raises(DamagedKey):
        file.step_to(MONDAY, MONDAY)
    assert file.path.read_text() == content


def _step(path: Path, day: date, together: object, found: object) -> None:
    together.wait()  # type: ignore[attr-defined]
    found.put(KeyFile(path).step_to(day, day).key)  # type: ignore[attr-defined]


def test_workers_that_step_at_once_come_to_one_key(file: KeyFile) -> None:
    """Without the lock each of the first ones would draw its own."""
    here = multiprocessing.get_context("spawn")
    together, found = here.Barrier(3), here.Queue()
    workers = [here.Process(target=_step, args=(file.path, MONDAY, together, found)) for _ in range(3)]
    for worker in workers:
        worker.start()
    keys = {found.get(timeout=30) for _ in workers}
    for worker in workers:
        worker.join()
    kept = file.read()
    assert kept is not None
    assert keys == {kept.key}


# -- who keeps it ------------------------------------------------------------------------------------------------------


class OwnJournal(MemoryJournal):
    is_shared = False


class Calendar:
    """The earliest service day of all branches."""

    def __init__(self) -> None:
        self.day = MONDAY
        self.is_in_doubt = False

    async def earliest(self, later: timedelta) -> date:
        return self.day

    def persons(self, file: KeyFile) -> Persons:
        return Persons(OwnJournal(), file, self.earliest, lambda: self.is_in_doubt)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


def test_a_branch_whose_day_has_begun_has_its_key_while_another_is_still_in_the_day_before(
    calendar: Calendar, file: KeyFile
) -> None:
    persons = calendar.persons(file)
    asyncio.run(persons.step())
    monday, tuesday = persons.person(NUMBER, MONDAY), persons.person(NUMBER, TUESDAY)
    calendar.day = TUESDAY
    asyncio.run(persons.step())
    assert monday is not None
    assert persons.person(NUMBER, TUESDAY) == tuesday != monday
    assert persons.person(NUMBER, MONDAY) is None


def test_by_a_clock_in_doubt_no_key_is_given_up(calendar: Calendar, file: KeyFile) -> None:
    persons = calendar.persons(file)
    asyncio.run(persons.step())
    before = persons.person(NUMBER, MONDAY)
    calendar.day, calendar.is_in_doubt = SUNDAY, True
    asyncio.run(persons.step())
    calendar.day, calendar.is_in_doubt = MONDAY, False
    asyncio.run(persons.step())
    assert persons.person(NUMBER, MONDAY) == before


def test_hosts_of_one_journal_note_the_first_ones_key_of_each_day() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB)")
        ours, theirs = drawn(MONDAY), drawn(MONDAY)
        assert note(db, ours.noted) == ours.noted
        assert note(db, theirs.noted) == ours.noted
        tuesday = theirs.on(TUESDAY)
        assert tuesday is not None
        assert note(db, tuesday.noted) == tuesday.noted


def test_without_a_key_cards_say_nothing_and_nothing_fails(
    calendar: Calendar, file: KeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    file.path.parent.mkdir()
    file.path.write_text("nonsense")
    persons = calendar.persons(file)
    asyncio.run(persons.step())
    asyncio.run(persons.step())
    assert persons.person(NUMBER, MONDAY) is None
    assert len(caplog.records) == 1
    file.path.unlink()
    asyncio.run(persons.step())
    assert persons.person(NUMBER, MONDAY) is not None


# -- what the doctor says ----------------------------------------------------------------------------------------------


def test_the_doctor_sees_that_another_host_has_another_key(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert list(cards.examine(settings)) == []
    ours = KeyFile(settings.day_key_file).step_to(MONDAY, MONDAY)
    theirs = drawn(MONDAY)
    assert list(cards.examine(settings, ours.noted)) == []
    (found,) = cards.examine(settings, theirs.noted)
    assert "not the other hosts' key" in found.sentence
    tuesday = theirs.on(TUESDAY)
    assert tuesday is not None
    assert list(cards.examine(settings, tuesday.noted)) == []  # of another day one cannot tell


def test_the_doctor_sees_a_key_that_others_may_read_or_nobody(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, day_key=tmp_path / "elsewhere.key")
    KeyFile(settings.day_key_file).step_to(MONDAY, MONDAY)
    settings.day_key_file.chmod(0o644)
    (found,) = cards.examine(settings)
    assert "chmod 600" in found.sentence
    settings.day_key_file.write_text("")
    (found,) = cards.examine(settings)
    assert "cannot be read" in found.sentence
