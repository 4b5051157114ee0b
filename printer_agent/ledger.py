"""The agent's own memory on disk: which job came, began, and ended.

The server delivers every job at least once; the ledger is what makes the paper come out once. The order is the point:
`begin` is on the disk (WAL, `synchronous=FULL`) before the first byte leaves for the printer. After a crash, a job that
began and did not end may or may not lie on somebody's palm: whoever prints it again has to mark it "IN LẠI".

Pictures are not kept: they are the server's, and a ticket is worth nothing a day later.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

KEPT_TIME = 3 * 24 * 3600.0  # seconds; longer than the server goes on delivering a job

_TABLE = """
CREATE TABLE IF NOT EXISTS job (
    job_id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('received', 'begun', 'done', 'given_up')),
    attempts INTEGER NOT NULL DEFAULT 0,
    received_at REAL NOT NULL,
    begun_at REAL,
    ended_at REAL,
    reason TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID
"""
_HALVES = """
CREATE TABLE IF NOT EXISTS half (printer TEXT PRIMARY KEY, job_id TEXT NOT NULL) STRICT, WITHOUT ROWID
"""
_COLUMNS = "job_id, state, attempts, received_at, begun_at, ended_at, reason"


class JobState(StrEnum):
    RECEIVED = "received"
    BEGUN = "begun"
    DONE = "done"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Job:
    """One job as the ledger knows it. Times in seconds since 1970, UTC; `attempts`: how often it was begun."""

    job_id: str
    state: JobState
    attempts: int
    received_at: float
    begun_at: float | None
    ended_at: float | None
    reason: str

    @property
    def is_open(self) -> bool:
        return self.state in (JobState.RECEIVED, JobState.BEGUN)


@dataclass(frozen=True, slots=True)
class Received:
    """`is_first` False: this job has been delivered before, and `job` says what became of it."""

    is_first: bool
    job: Job


@dataclass(frozen=True, slots=True)
class Begun:
    """`first` False: an earlier attempt began and may have put a paper out; this one has to be marked."""

    first: bool
    attempts: int


class LedgerError(Exception):
    """The ledger cannot be trusted or was used out of order; nothing may be printed."""


class LedgerInUseError(LedgerError):
    """Another agent holds this ledger: two agents on one printer would print everything twice."""


class Ledger:
    """Open one per agent; methods may be called from any thread and are on the disk when they return."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        with _explained(path):
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1.0)
            try:
                self._prepare()
            except sqlite3.Error:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(_TABLE)
        self._db.execute(_HALVES)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def receive(self, job_id: str) -> Received:
        """Note a delivered job; a repeat changes nothing."""
        with self._transaction():
            added = self._db.execute(
                "INSERT INTO job (job_id, state, received_at) VALUES (?, 'received', ?) ON CONFLICT DO NOTHING",
                (job_id, self._clock()),
            ).rowcount
            return Received(is_first=added == 1, job=self._known(job_id))

    def begin(self, job_id: str, printer: str = "") -> Begun:
        """Note that the job's first byte is about to leave, for this printer. Whether it is the job's first beginning
        counts over all printers. A job that has ended is refused: LedgerError."""
        with self._transaction():
            job = self._known(job_id)
            if not job.is_open:
                raise LedgerError(f"job {job_id} has ended ({job.state}) and must not be printed again")
            self._db.execute(
                "UPDATE job SET state = 'begun', attempts = attempts + 1, begun_at = ? WHERE job_id = ?",
                (self._clock(), job_id),
            )
            self._db.execute("INSERT OR REPLACE INTO half (printer, job_id) VALUES (?, ?)", (printer, job_id))
            return Begun(first=job.state is JobState.RECEIVED, attempts=job.attempts + 1)

    def finish(self, job_id: str, warning: str = "", printer: str = "") -> None:
        """The paper is out of this printer; `warning` is what was reported with it."""
        with self._transaction():
            self._end(job_id, JobState.DONE, warning)
            self._db.execute("DELETE FROM half WHERE printer = ?", (printer,))

    def give_up(self, job_id: str, reason: str) -> None:
        """No paper will come from this job; `reason` is what was reported."""
        with self._transaction():
            self._end(job_id, JobState.GIVEN_UP, reason)

    def job(self, job_id: str) -> Job | None:
        with self._lock:
            return self._find(job_id)

    def open_jobs(self) -> list[Job]:
        """Jobs without an end, oldest first; those that have begun may be on paper already."""
        with self._lock:
            rows = self._db.execute(
                f"SELECT {_COLUMNS} FROM job WHERE state IN ('received', 'begun') ORDER BY received_at, job_id"
            )
            return [_job(row) for row in rows]

    def is_dirty(self, printer: str = "") -> bool:
        """The newest job that began on this printer did not end as a paper of it: it may hold half a picture."""
        with self._lock:
            return self._db.execute("SELECT 1 FROM half WHERE printer = ?", (printer,)).fetchone() is not None

    def prune(self) -> int:
        """Forget what has not been touched for `KEPT_TIME`; returns how many rows went."""
        before = self._clock() - KEPT_TIME
        with self._transaction():
            return self._db.execute(
                "DELETE FROM job WHERE max(received_at, coalesce(begun_at, 0), coalesce(ended_at, 0)) < ?", (before,)
            ).rowcount

    def _end(self, job_id: str, state: JobState, reason: str) -> None:
        """The first end stands: a repeat of the same end is nothing, another one is an error."""
        job = self._known(job_id)
        if job.state is state:
            return
        if not job.is_open:
            raise LedgerError(f"job {job_id} has already ended ({job.state})")
        self._db.execute(
            "UPDATE job SET state = ?, ended_at = ?, reason = ? WHERE job_id = ?",
            (state.value, self._clock(), reason, job_id),
        )

    def _known(self, job_id: str) -> Job:
        job = self._find(job_id)
        if job is None:
            raise LedgerError(f"job {job_id} was never received")
        return job

    def _find(self, job_id: str) -> Job | None:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM job WHERE job_id = ?", (job_id,)).fetchone()
        return _job(row) if row else None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise LedgerError(f"the ledger could not be written: {error}") from error
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """SQLite's errors on opening, with what to do about them."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise LedgerInUseError(f"{path}: another printer agent is using it; stop that one first") from error
        raise LedgerError(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise LedgerError(f"{path}: {error}; move it away to start with an empty one") from error


def _job(row: tuple[str, str, int, float, float | None, float | None, str]) -> Job:
    job_id, state, attempts, received_at, begun_at, ended_at, reason = row
    return Job(job_id, JobState(state), attempts, received_at, begun_at, ended_at, reason)
