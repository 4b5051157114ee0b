"""What a screen shows, as a picture that somebody has asked for: a row for each device, which one process is asked for,
another has the screen take, and any gives out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from queue_server.journal.port import Database, Journal

LARGEST = 400_000
"""Bytes; a board of 960×540 takes about 60,000."""
ASKED_TIME = timedelta(seconds=60)
"""Nobody waits any longer, and a screen that comes back later need not show itself."""
KEPT = timedelta(days=1)

ASK = (
    "INSERT INTO device_picture (device_id, asked_at) VALUES (?, ?) ON CONFLICT (device_id) DO UPDATE"
    " SET asked_at = excluded.asked_at, taken_at = NULL, picture = NULL"
    " WHERE device_picture.taken_at IS NOT NULL OR device_picture.asked_at < ?"
)
ASKED = "SELECT device_id, asked_at FROM device_picture WHERE taken_at IS NULL AND asked_at >= ?"
PUT = (
    "UPDATE device_picture SET taken_at = ?, picture = ?"
    " WHERE device_id = ? AND taken_at IS NULL AND asked_at >= ?"
)  # fmt: skip
NEWEST = "SELECT taken_at, picture FROM device_picture WHERE device_id = ? AND taken_at IS NOT NULL"


class Picture(Struct, frozen=True):
    """A JPEG, and when it came."""

    taken_at: datetime
    data: bytes


class Pictures:
    """Pictures in the journal's database, by the clock that all processes share, which runs `speed` times as fast in a
    demonstration."""

    def __init__(self, journal: Journal, now: Callable[[], datetime], *, speed: float = 1.0) -> None:
        self._journal = journal
        self._now = now
        self._speed = speed

    async def ask(self, device: str) -> None:
        """Want one. The last goes; where one is asked for already, that stays as it is."""
        values = device, _seconds(self._now()), self._oldest()
        await self._journal.run(lambda db: db.execute(ASK, values).rowcount)

    async def asked(self) -> dict[str, int]:
        """The devices that are asked for one, and since when (seconds since the epoch)."""
        oldest = self._oldest()
        return dict(await self._journal.run(lambda db: db.execute(ASKED, (oldest,)).fetchall()))

    async def put(self, device: str, data: bytes) -> bool:
        """A device gives its own; False where nobody has asked for it."""
        values = _seconds(self._now()), data, device, self._oldest()
        return await self._journal.run(lambda db: db.execute(PUT, values).rowcount) > 0

    async def newest(self, device: str) -> Picture | None:
        row = await self._journal.run(lambda db: db.execute(NEWEST, (device,)).fetchone())
        return Picture(datetime.fromtimestamp(row[0], UTC), bytes(row[1])) if row else None

    def _oldest(self) -> int:
        return _seconds(self._now() - ASKED_TIME * self._speed)


def forget(db: Database, now: datetime) -> int:
    """Remove what was asked for a day ago; how many."""
    return db.execute("DELETE FROM device_picture WHERE asked_at < ?", (_seconds(now - KEPT),)).rowcount


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
