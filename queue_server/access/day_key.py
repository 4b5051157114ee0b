"""The key of the service day: what a citizen's identity number is turned into something else with.

A number has twelve digits, so whoever has its bare hash finds it in minutes. With a key nobody can who has not the key;
and each day's key follows from the day before's by a step that cannot be gone back, after which the old one is
overwritten. So with a database, its backups and today's key nobody finds out who came yesterday.

The file lies outside the database, belongs to one machine and goes into no backup. Hosts of one installation begin with
the same file, and have the same key each day from then on.
"""

from __future__ import annotations

import fcntl
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

KEY_BYTES = 32
PERSON_LETTERS = 32
"""128 bits: no two people of a day are taken for one."""
DAY = timedelta(days=1)


class DayKey(Struct, frozen=True):
    """The key of one service day, and so of every later one."""

    day: date
    key: bytes

    def on(self, day: date) -> DayKey | None:
        """The key of that day; None of an earlier one, which nobody has any more."""
        if day < self.day:
            return None
        key = self.key
        for _ in range((day - self.day).days):
            key = _turned(key, "next day")
        return DayKey(day, key)

    def set_back_to(self, day: date) -> DayKey:
        """Another key for a day whose own has gone: the clock had been ahead. Every host comes to the same."""
        return DayKey(day, _turned(self.key, f"back to {day}"))

    def person(self, identity: str) -> str:
        """What stands for somebody on this day."""
        return _turned(self.key, f"person {identity}").hex()[:PERSON_LETTERS]

    @property
    def noted(self) -> bytes:
        """The day, and a mark that tells whether two hosts have the same key, and nothing else."""
        return f"{self.day} {_turned(self.key, 'mark').hex()[:16]}".encode()


def is_of_same_day(noted: bytes, other: bytes) -> bool:
    return noted.split()[0] == other.split()[0]


def _turned(key: bytes, words: str) -> bytes:
    return hmac.new(key, words.encode(), sha256).digest()


def drawn(day: date) -> DayKey:
    return DayKey(day, os.urandom(KEY_BYTES))


class DamagedKey(Exception):
    """The file holds no key."""


class KeyFile:
    """Where this machine keeps it. Its processes wait for one another."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> DayKey | None:
        """As it is; None while there is none.

        Raises:
            OSError, DamagedKey
        """
        try:
            day, key = self.path.read_text(encoding="ascii").split()
            found = DayKey(date.fromisoformat(day), bytes.fromhex(key))
        except FileNotFoundError:
            return None
        except ValueError:
            raise DamagedKey(f"{self.path} holds no key") from None
        if len(found.key) != KEY_BYTES:
            raise DamagedKey(f"{self.path} holds no key")
        return found

    def step_to(self, day: date, at_latest: date) -> DayKey:
        """The key of `day`, after which the file has none of an earlier one. A key of a day after `at_latest` is of a
        clock that was ahead; one of the days between is another process's, whose clock shows a moment more.

        Raises:
            OSError, DamagedKey
        """
        with self._alone():
            found = self.read()
            if found is None:
                key = drawn(day)
            elif found.day > at_latest:
                key = found.set_back_to(day)
            else:
                key = found.on(day) or found
            if key != found:
                self._write(key)
            return key

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, key: DayKey) -> None:
        """Whole or not at all, whenever the power goes; then nothing of the old one is left on the disk."""
        partial = self.path.with_name(f"{self.path.name}.partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{key.day} {key.key.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        old = self.path.open("rb+") if self.path.exists() else None
        partial.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        if old is not None:
            with old:
                old.write(bytes(os.fstat(old.fileno()).st_size))
                old.flush()
                os.fsync(old.fileno())
