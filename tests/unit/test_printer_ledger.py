"""The agent's ledger: what it said is on the disk, whatever happens to the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from printer_agent.ledger import KEPT_TIME, Begun, JobState, Ledger, LedgerError, LedgerInUseError

ROOT = Path(__file__).parents[2]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite", clock=clock)) as opened:
        yield opened


def test_a_job_goes_from_received_to_begun_to_done(ledger, clock):
    assert ledger.receive("j1").is_first
    clock.now += 1
    assert ledger.begin("j1") == Begun(first=True, attempts=1)
    clock.now += 1
    ledger.finish("j1")
    job = ledger.job("j1")
    assert (job.state, job.attempts) == (JobState.DONE, 1)
    assert (job.received_at, job.begun_at, job.ended_at) == (1_000_000, 1_000_001, 1_000_002)
    assert ledger.open_jobs() == []


def test_a_job_delivered_twice_is_recognised_in_every_state(ledger):
    states = []
    ledger.receive("j1")
    for step in (lambda: None, lambda: ledger.begin("j1"), lambda: ledger.finish("j1")):
        step()
        again = ledger.receive("j1")
        assert not again.is_first
        states.append(again.job.state)
    assert states == [JobState.RECEIVED, JobState.BEGUN, JobState.DONE]


def test_a_second_beginning_is_not_the_first(ledger):
    ledger.receive("j1")
    ledger.begin("j1")
    assert ledger.begin("j1") == Begun(first=False, attempts=2)


def test_a_job_that_has_ended_cannot_begin(ledger):
    ledger.receive("j1")
    ledger.begin("j1")
    ledger.finish("j1")
    with pytest.raises(LedgerError, match="must not be printed again"):
        ledger.begin("j1")
    ledger.receive("j2")
    ledger.give_up("j2", "too_old")
    with pytest.raises(LedgerError, match="given_up"):
        ledger.begin("j2")


def test_half_a_paper_is_known_of_each_printer_and_over_a_restart(ledger, tmp_path):
    ledger.receive("j1")
    assert ledger.begin("j1", "left").first
    assert not ledger.begin("j1", "right").first, "what may have come out of one is marked on the other"
    ledger.finish("j1", "", "right")
    assert (ledger.is_dirty("left"), ledger.is_dirty("right")) == (True, False)
    ledger.close()
    with closing(Ledger(tmp_path / "ledger.sqlite")) as again:
        assert (again.is_dirty("left"), again.is_dirty("right")) == (True, False)
        again.receive("j2")
        again.begin("j2", "left")
        again.finish("j2", "", "left")
        assert not again.is_dirty("left")


def test_the_first_end_stands(ledger):
    ledger.receive("j1")
    ledger.begin("j1")
    ledger.finish("j1")
    ledger.finish("j1")
    with pytest.raises(LedgerError, match="already ended"):
        ledger.give_up("j1", "paper_out")
    assert ledger.job("j1").state is JobState.DONE


def test_a_job_given_up_keeps_its_reason(ledger):
    ledger.receive("j1")
    ledger.give_up("j1", "paper_out")
    assert (ledger.job("j1").state, ledger.job("j1").reason) == (JobState.GIVEN_UP, "paper_out")


def test_a_job_that_never_came_is_refused(ledger):
    for step in (ledger.begin, ledger.finish):
        with pytest.raises(LedgerError, match="never received"):
            step("nobody")
    assert ledger.job("nobody") is None


def test_open_jobs_are_told_oldest_first(ledger, clock):
    for job_id in ("z", "a", "m"):
        ledger.receive(job_id)
        clock.now += 1
    ledger.begin("a")
    ledger.give_up("m", "too_old")
    assert [(job.job_id, job.state) for job in ledger.open_jobs()] == [("z", "received"), ("a", "begun")]


def test_old_rows_are_forgotten_and_young_ones_kept(ledger, clock):
    for job_id in ("done", "waiting", "touched"):
        ledger.receive(job_id)
    ledger.begin("done")
    ledger.finish("done")
    clock.now += KEPT_TIME - 1
    assert ledger.prune() == 0
    ledger.begin("touched")
    clock.now += 2
    assert ledger.prune() == 2
    assert ledger.job("touched") is not None
    assert ledger.job("done") is None


def test_everything_is_there_after_a_restart(tmp_path: Path, clock: Clock):
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path, clock=clock)) as first:
        first.receive("j1")
        first.begin("j1")
    with closing(Ledger(path, clock=clock)) as second:
        assert [job.state for job in second.open_jobs()] == [JobState.BEGUN]


def test_two_agents_cannot_share_a_ledger(tmp_path: Path, ledger: Ledger):
    with pytest.raises(LedgerInUseError, match="another printer agent"):
        Ledger(tmp_path / "ledger.sqlite")
    assert ledger.receive("j1").is_first


def test_a_damaged_ledger_is_refused_and_not_overwritten(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database, but somebody's file" * 200)
    with pytest.raises(LedgerError, match="move it away"):
        Ledger(path)
    assert path.read_bytes().startswith(b"no database")


def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path):
    with pytest.raises(LedgerError, match="unable to open"):
        Ledger(tmp_path / "missing" / "ledger.sqlite")


# A real process, killed

PRINTER = """
import sys
from pathlib import Path
from printer_agent.ledger import Ledger

ledger = Ledger(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    job = f"j{number:06}"
    ledger.receive(job)
    ledger.begin(job)
    print("begun", job, flush=True)
    if number == int(sys.argv[2]) - 1:
        sys.stdin.read()
    ledger.finish(job)
    print("done", job, flush=True)
"""


def start(path: Path, jobs: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRINTER, str(path), str(jobs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def kill(process: subprocess.Popen[str]) -> str:
    """End it as a power cut would; returns what it had still said."""
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    return rest


@pytest.mark.faults
def test_a_job_interrupted_by_a_kill_must_be_marked_when_it_is_printed_again(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    process = start(path, 1)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun j000000\n"
    kill(process)
    with closing(Ledger(path)) as ledger:
        [job] = ledger.open_jobs()
        assert (job.job_id, job.state, job.attempts) == ("j000000", JobState.BEGUN, 1)
        assert not ledger.receive("j000000").is_first
        assert ledger.begin("j000000") == Begun(first=False, attempts=2)


@pytest.mark.faults
@pytest.mark.parametrize("lines", [1, 2, 57, 400])
def test_nothing_that_was_said_is_lost_by_a_kill_at_any_moment(tmp_path: Path, lines: int):
    path = tmp_path / "ledger.sqlite"
    process = start(path, 1_000_000)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(lines)]
    said += [line + "\n" for line in kill(process).split("\n") if line.count(" ") == 1 and len(line.split()[1]) == 7]
    order = list(JobState)
    with closing(Ledger(path)) as ledger:
        for line in said:
            state, job_id = line.split()
            known = ledger.job(job_id)
            assert known is not None
            assert order.index(known.state) >= order.index(JobState(state))
        assert len(ledger.open_jobs()) <= 1
