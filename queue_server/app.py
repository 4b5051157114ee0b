"""The composition root: the one place that knows every concrete class and puts the house together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from starlette.applications import Starlette

from queue_server import __version__
from queue_server.access.store import Access
from queue_server.branches.bus import CommandBus
from queue_server.branches.clock import Clock, FastClock, WallClock, Watch
from queue_server.branches.host import BranchHost
from queue_server.domain.state import Change
from queue_server.journal.backup import back_up
from queue_server.journal.port import Journal
from queue_server.journal.sqlite import SqliteJournal
from queue_server.readers.dossier.delivery import HttpSender
from queue_server.readers.dossier.reader import DossierReader
from queue_server.readers.housekeeping import Housekeeping
from queue_server.readers.reader import Readers
from queue_server.realtime.hub import Hub
from queue_server.settings import Settings
from queue_server.web.application import application
from queue_server.web.house import House

DATABASE = "layso.db"
DAILY_POLL_S = 60.0
"""Housekeeping is woken when a day opens or ends; it looks this often in case that was missed."""


def clock_of(settings: Settings) -> Clock:
    if settings.clock_start is None:
        return WallClock()
    return FastClock(settings.clock_start, settings.clock_speed, origin=settings.clock_origin)


def build_name() -> str:
    """This release and what its pages are made of: another value makes pages reload themselves."""
    here = Path(__file__).parent
    digest = blake2b(digest_size=6)
    for folder in (here / "web", here / "protocol", here.parent / "display_client"):
        for file in sorted(folder.rglob("*")):
            if file.suffix in {".js", ".css", ".html"}:
                digest.update(file.read_bytes())
    return f"{__version__}+{digest.hexdigest()}"


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Open every part in order; close them in the other order, telling readers to come back."""
    async with AsyncExitStack() as stack:
        settings.data.mkdir(parents=True, exist_ok=True)
        journal = await SqliteJournal.open(settings.data / DATABASE)
        stack.push_async_callback(journal.close)
        clock = clock_of(settings)
        hub = Hub(clock.now)

        async def undo_time(branch_id: str) -> timedelta:
            return timedelta(seconds=(await bus.host(branch_id)).state.configured.limits.undo_s)

        dossier = dossier_of(settings, journal, clock, undo_time)
        readers = Readers([dossier] if dossier is not None else [], journal)
        daily = Readers([housekeeping_of(settings, journal, clock)], journal, poll_s=DAILY_POLL_S)

        def publish(host: BranchHost, changes: list[Change]) -> None:
            hub.publish(host, changes)
            readers.wake()
            if any(change.table == "day" for change in changes):
                daily.wake()

        bus = CommandBus(journal, clock, Watch(clock, speed=settings.clock_speed), publish)
        stack.callback(bus.close)
        access = await Access.open(journal)
        await bus.start()
        hub.start()
        stack.push_async_callback(hub.stop)
        for each in (readers, daily):
            each.start()
            stack.push_async_callback(each.stop)
        yield House(settings, journal, bus, hub, access, clock.now, build_name(), dossier)


def dossier_of(
    settings: Settings, journal: Journal, clock: Clock, undo_time: Callable[[str], Awaitable[timedelta]]
) -> DossierReader | None:
    if not settings.dossier_url:
        return None
    sender = HttpSender(settings.dossier_url, settings.dossier_token)
    return DossierReader(journal, sender, clock.now, undo_time, speed=settings.clock_speed)


def housekeeping_of(settings: Settings, journal: SqliteJournal, clock: Clock) -> Housekeeping:
    def make(folder: Path, at: datetime, keep: int) -> Awaitable[Path]:
        return back_up(journal, folder, at=at, keep=keep)

    return Housekeeping(journal, make, settings.backups_folder, clock.now, speed=settings.clock_speed)


def make_app(
    settings: Settings, house: Callable[[Settings], AbstractAsyncContextManager[House]] = open_house
) -> Starlette:
    """The application for these settings."""
    return application(lambda: house(settings))
