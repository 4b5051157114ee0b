"""The small rules of the SQLite journal: where to commit, how long to gather, what to warn of."""

from pathlib import Path

import pytest

from queue_server.journal.gathering import Gathering
from queue_server.journal.sqlite import sqlite_warnings
from queue_server.journal.sqlite.doctor import has_wal_reset_fault
from queue_server.journal.sqlite.pace import Pace


def commit(pace: Pace, took_s: float, at: float, times: int = 1) -> None:
    for _ in range(times):
        pace.note(took_s, at)


def test_the_loop_commits_while_the_disk_is_fast():
    pace = Pace()
    commit(pace, 0.0003, at=0, times=1000)
    assert pace.is_fast(0)


def test_a_few_slower_commits_are_borne():
    pace = Pace()
    commit(pace, 0.0002, at=0, times=50)
    commit(pace, 0.003, at=0, times=2)
    assert pace.is_fast(0)


def test_a_slow_disk_moves_commits_to_the_thread():
    pace = Pace()
    commit(pace, 0.003, at=0, times=3)
    assert not pace.is_fast(0)


def test_one_long_stall_is_enough():
    pace = Pace()
    commit(pace, 0.05, at=0)
    assert not pace.is_fast(0.9)
    assert pace.is_fast(1.0)


def test_each_trial_that_fails_doubles_the_rest_up_to_a_minute():
    pace, now, rests = Pace(), 0.0, []
    for _ in range(8):
        commit(pace, 0.05, at=now)
        began = now
        while not pace.is_fast(now):
            now += 0.5
        rests.append(now - began)
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_trial_that_went_well_for_long_begins_with_a_short_rest_again():
    pace = Pace()
    commit(pace, 0.05, at=0)
    commit(pace, 0.05, at=10)
    commit(pace, 0.0001, at=20, times=200)
    commit(pace, 0.05, at=20)
    assert pace.is_fast(21)


def test_no_limit_means_never():
    pace = Pace(limit_s=0)
    assert not pace.is_fast(1e9)


def test_who_is_alone_does_not_wait():
    gathering = Gathering()
    assert [gathering.is_worth_a_turn(1, 0) for _ in range(3)] == [False] * 3


def test_it_waits_while_turns_bring_more():
    gathering = Gathering(quiet_turns=2, longest_s=1)
    asked = [gathering.is_worth_a_turn(count, 0) for count in (2, 3, 5, 5, 6, 6, 6)]
    assert asked == [True, True, True, True, True, True, False]


def test_it_waits_only_so_long():
    gathering = Gathering(quiet_turns=2, longest_s=0.002)
    assert gathering.is_worth_a_turn(2, 0.0)
    assert gathering.is_worth_a_turn(3, 0.001)
    assert not gathering.is_worth_a_turn(4, 0.002)


def test_after_company_one_waits_once_more():
    gathering = Gathering(quiet_turns=1, longest_s=1)
    assert [gathering.is_worth_a_turn(2, 0) for _ in range(2)] == [True, False]
    assert [gathering.is_worth_a_turn(1, 0) for _ in range(2)] == [True, False]
    assert not gathering.is_worth_a_turn(1, 0)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)
def test_versions_with_the_wal_reset_fault(version: tuple[int, int, int], expected: bool):
    assert has_wal_reset_fault(version) is expected


def test_a_sound_version_and_a_small_wal_give_no_warning(tmp_path: Path):
    assert sqlite_warnings(tmp_path / "journal.db", (3, 51, 3)) == []


def test_warnings_name_the_version_and_the_size(tmp_path: Path):
    with (tmp_path / "journal.db-wal").open("wb") as wal:
        wal.truncate(65 * 1024 * 1024)
    fault, large = sqlite_warnings(tmp_path / "journal.db", (3, 40, 1))
    assert "3.40.1" in fault
    assert "65 MB" in large
