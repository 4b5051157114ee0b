"""The composition root: the one place that knows every concrete class and puts the house together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from queue_server import __version__
from queue_server.access.day_key import KeyFile
from queue_server.access.limits.memory import MemoryLimits
from queue_server.access.limits.port import Limits
from queue_server.access.pairing import Pairings
from queue_server.access.persons import Persons
from queue_server.access.pictures import Pictures
from queue_server.access.pictures import forget as forget_pictures
from queue_server.access.staff import Staff
from queue_server.access.store import Access
from queue_server.access.tries import Tries
from queue_server.access.watching import RightsWatch
from queue_server.branches.bus import CommandBus
from queue_server.branches.clock import Clock, FastClock, JournalClock, WallClock, Watch
from queue_server.branches.following import Following, Pulse, Timekeeper
from queue_server.branches.host import BranchHost
from queue_server.branches.listing import Listing
from queue_server.branches.timing import Timing
from queue_server.directory import media, slips
from queue_server.directory.languages import SHIPPED as LANGUAGES
from queue_server.directory.languages import Languages
from queue_server.directory.lookup import SHIPPED, Lookup
from queue_server.domain.foresight import Outlook
from queue_server.domain.hours import service_day
from queue_server.domain.state import Change
from queue_server.foreseeing.elsewhere import Elsewhere
from queue_server.foreseeing.foreseer import Foreseer
from queue_server.foreseeing.plays import Plays
from queue_server.journal.backup import back_up
from queue_server.journal.batches import last_seq
from queue_server.journal.port import Batch, Journal, Written
from queue_server.journal.sqlite import SqliteJournal
from queue_server.readers.chaining import CHAIN_POLL_S, Chaining
from queue_server.readers.days import config_of_day
from queue_server.readers.dossier.delivery import HttpSender
from queue_server.readers.dossier.reader import DossierReader
from queue_server.readers.housekeeping import Housekeeping
from queue_server.readers.reader import Readers
from queue_server.readers.retention import Retention
from queue_server.realtime.hub import Hub
from queue_server.realtime.picturing import Picturing
from queue_server.realtime.presence.local import LocalPresence
from queue_server.realtime.presence.port import Presence
from queue_server.realtime.signals.local import LocalSignals
from queue_server.realtime.signals.port import AccessChanged, Advised, Foreseen, Missed, Signal, Signals, Taken
from queue_server.realtime.speaking import Speaking
from queue_server.settings import Settings
from queue_server.web.application import application
from queue_server.web.house import House

if TYPE_CHECKING:
    from queue_server.access.single_sign_on import SingleSignOn

DATABASE = "layso.db"
DAILY_POLL_S = 60.0
"""Housekeeping is woken when a day opens or ends; it looks this often in case that was missed."""


def clock_of(settings: Settings) -> Clock:
    if settings.clock_start is None:
        return WallClock()
    return FastClock(settings.clock_start, settings.clock_speed, origin=settings.clock_origin)


def build_name() -> str:
    """This release, what its pages are made of and their languages: another value makes pages reload themselves."""
    here = Path(__file__).parent
    digest = blake2b(digest_size=6)
    for folder in (here / "web", here / "protocol", here.parent / "display_client", LANGUAGES):
        for file in sorted(folder.rglob("*")):
            if file.suffix in {".js", ".css", ".html", ".yaml"}:
                digest.update(file.read_bytes())
    return f"{__version__}+{digest.hexdigest()}"


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Open every part in order; close them in the other order, telling readers to come back."""
    async with AsyncExitStack() as stack:
        journal = await open_journal(settings)
        stack.push_async_callback(journal.close)
        clock = clock_of(settings)
        if journal.is_shared and settings.clock_start is None:
            clock = await _common_clock(stack, journal)
        hub = Hub(clock.now)
        signals, presence, limits = await _shared(stack, settings, journal, clock)

        async def undo_time(branch_id: str) -> timedelta:
            """As of now where the branch is loaded, else as its day began."""
            host = bus.loaded(branch_id)
            config = await config_of_day(journal, branch_id) if host is None else host.state.configured
            return timedelta(seconds=config.limits.undo_s)

        dossier = dossier_of(settings, journal, clock, undo_time)
        readers = Readers([dossier] if dossier is not None else [], journal)

        async def media_in_force() -> set[str]:
            configs = [each.config for each in await listing.all()]
            return {config.logo for config in configs} | {notice.media for each in configs for notice in each.notices}

        daily = Readers([housekeeping_of(settings, journal, clock, media_in_force)], journal, poll_s=DAILY_POLL_S)

        def publish(host: BranchHost, changes: list[Change], own: Batch | None) -> None:
            hub.publish(host, changes)
            readers.wake(host.branch_id)
            if any(change.table == "day" for change in changes):
                daily.wake(host.branch_id)
            foreseer.see(host, is_own=own is not None)
            if own is not None and journal.is_shared:
                signals.send(written(host, own))

        def on_outlook(host: BranchHost, outlook: Outlook, is_own: bool) -> None:
            hub.refresh(host)
            elsewhere.learn(host.branch_id, outlook)
            if is_own and journal.is_shared:
                signals.send(Foreseen(host.branch_id, outlook))

        elsewhere = Elsewhere()
        foreseer = Foreseer(Plays(), clock.now, on_outlook, speed=settings.clock_speed)
        bus = CommandBus(journal, clock, Watch(clock, speed=settings.clock_speed), publish)
        stack.callback(bus.close)
        listing = Listing(journal, bus)
        access = await Access.open(journal, settings.second_factor_key_file)
        access.sessions.today = lambda branch: listing.today(branch, clock.now())
        access.sessions.needs_second_factor = settings.second_factor == "on"
        rights = RightsWatch(access, hub, is_told=lambda: signals.is_live or not journal.is_shared)

        def on_changed() -> None:
            signals.send(AccessChanged())
            rights.wake()

        access.on_changed = on_changed
        await bus.start()
        foreseer.start()
        stack.push_async_callback(foreseer.stop)
        hub.start()
        stack.push_async_callback(hub.stop)
        presence.start()
        stack.push_async_callback(presence.stop)
        speaking = Speaking(bus, presence, clock.now, speed=settings.clock_speed)
        speaking.start()
        stack.push_async_callback(speaking.stop)
        pictures = Pictures(journal, clock.now, speed=settings.clock_speed)
        picturing = Picturing(pictures.asked)
        picturing.start()
        stack.push_async_callback(picturing.stop)
        persons = await _persons(settings, journal, listing, bus, clock)
        persons.start()
        stack.push_async_callback(persons.stop)
        retention = Retention(
            journal,
            clock.now,
            lambda: bus.watch.has_stepped,
            also=lambda now: journal.run(partial(slips.forget, now=now)),
            speed=settings.clock_speed,
        )
        auditing = Readers([Chaining(journal)], journal, poll_s=CHAIN_POLL_S / settings.clock_speed)
        for each in (readers, daily, auditing, retention):
            each.start()
            stack.push_async_callback(each.stop)
        house = House(
            settings=settings,
            journal=journal,
            bus=bus,
            listing=listing,
            hub=hub,
            access=access,
            pairings=Pairings(journal, access),
            staff=Staff(journal, access),
            signals=signals,
            presence=presence,
            speaking=speaking,
            pictures=pictures,
            picturing=picturing,
            tries=Tries(limits),
            persons=persons,
            keeping=settings.keeping,
            retention=retention,
            pulse=Pulse(journal, hub.send_away),
            foreseer=foreseer,
            elsewhere=elsewhere,
            now=clock.now,
            build=build_name(),
            lookup=Lookup(settings.catalogue or SHIPPED),
            languages=Languages(),
            single_sign_on=await single_sign_on_of(settings, access),
            dossier=dossier,
        )
        rights.start()
        stack.push_async_callback(rights.stop)
        if journal.is_shared:
            _join_others(stack, house, clock, rights, on_written=readers.wake)
        yield house


async def _persons(settings: Settings, journal: Journal, listing: Listing, bus: CommandBus, clock: Clock) -> Persons:
    """With today's key, before anybody asks."""

    async def earliest_day(later: timedelta) -> date:
        now = clock.now() + later
        return min((service_day(each, now) for each in await listing.calendars()), default=now.date())

    persons = Persons(journal, KeyFile(settings.day_key_file), earliest_day, lambda: bus.watch.has_stepped)
    await persons.step()
    return persons


async def _common_clock(stack: AsyncExitStack, journal: Journal) -> Clock:
    """The database's, by which all processes go."""
    clock = JournalClock(await journal.now())
    timing = Timing(journal, clock)
    timing.start()
    stack.push_async_callback(timing.stop)
    return clock


async def _shared(
    stack: AsyncExitStack, settings: Settings, journal: Journal, clock: Clock
) -> tuple[Signals, Presence, Limits]:
    """What processes share: by Redis where others may use the journal. Its library is loaded only then."""
    if not settings.redis or not journal.is_shared:
        return LocalSignals(), LocalPresence(clock.now, is_alone=not journal.is_shared), MemoryLimits()
    from queue_server.access.limits.redis import RedisLimits
    from queue_server.realtime.presence.redis import RedisPresence
    from queue_server.realtime.redis_client import redis_at
    from queue_server.realtime.signals.redis import RedisSignals

    client = await stack.enter_async_context(redis_at(settings.redis))
    return RedisSignals(client), RedisPresence(client, clock.now), RedisLimits(client)


def _join_others(
    stack: AsyncExitStack, house: House, clock: Clock, rights: RightsWatch, on_written: Callable[[str], None]
) -> None:
    """Hear what other processes of the journal do, and tell them."""
    journal, signals, hub = house.journal, house.signals, house.hub
    following = Following(journal, house.bus, is_told=lambda: signals.is_live, is_read=hub.is_read)

    def on_signal(signal: Signal) -> None:
        match signal:
            case Written():
                following.hear(signal)
                on_written(signal.branch_id)
            case AccessChanged():
                rights.wake()
            case Advised():
                house.elsewhere.expect(signal.branch_id, signal.field, signal.arrives_at)
            case Foreseen():
                house.elsewhere.learn(signal.branch_id, signal.outlook)
                if (host := house.bus.loaded(signal.branch_id)) is not None:
                    house.foreseer.hear(host, signal.outlook)
            case Taken():
                hub.take_over(signal.channel)
            case Missed():
                following.wake()
                rights.wake()

    signals.start(on_signal)
    stack.push_async_callback(signals.stop)
    for each in (following, Timekeeper(journal, house.bus, clock), house.pulse):
        each.start()
        stack.push_async_callback(each.stop)


def written(host: BranchHost, batch: Batch) -> Written:
    """What others are told of a batch that this process wrote."""
    return Written(batch.branch_id, host.epoch, batch.expected, last_seq(batch), batch.events)


async def open_journal(settings: Settings) -> Journal:
    """The journal on PostgreSQL where there is one, else on SQLite in the data folder.

    Raises:
        JournalUnavailable, NewerDatabase
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not settings.database:
        return await SqliteJournal.open(settings.data / DATABASE)
    from queue_server.journal.postgres import PostgresJournal

    return await PostgresJournal.open(settings.database)


async def single_sign_on_of(settings: Settings, access: Access) -> SingleSignOn | None:
    """Its library is loaded only where there is a provider."""
    if not settings.oidc_issuer:
        return None
    from queue_server.access.single_sign_on import SingleSignOn

    return SingleSignOn(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_secret,
        claim=settings.oidc_claim,
        key=await access.secret("single-sign-on"),
    )


def dossier_of(
    settings: Settings, journal: Journal, clock: Clock, undo_time: Callable[[str], Awaitable[timedelta]]
) -> DossierReader | None:
    if not settings.dossier_url:
        return None
    sender = HttpSender(settings.dossier_url, settings.dossier_token)
    return DossierReader(journal, sender, clock.now, undo_time, speed=settings.clock_speed)


def housekeeping_of(
    settings: Settings, journal: Journal, clock: Clock, media_in_force: Callable[[], Awaitable[set[str]]]
) -> Housekeeping:
    def make(folder: Path, at: datetime, keep: int) -> Awaitable[Path]:
        assert isinstance(journal, SqliteJournal)
        return back_up(journal, folder, at=at, keep=keep)

    async def forget(branch: str, now: datetime) -> None:
        await journal.run(partial(forget_pictures, now=now))
        await media.forget_unwanted(journal, await media_in_force(), now)

    folder = settings.backups_folder if isinstance(journal, SqliteJournal) else None
    return Housekeeping(journal, make, folder, clock.now, forget=forget, speed=settings.clock_speed)


def make_app(
    settings: Settings, house: Callable[[Settings], AbstractAsyncContextManager[House]] = open_house
) -> Starlette:
    """The application for these settings."""
    return application(lambda: house(settings))
