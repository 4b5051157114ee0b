"""What processes tell each other: the same by Redis (a real Valkey) as within one process, on both event loops."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import msgspec
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from queue_server.domain.foresight import FieldOutlook, Outlook, Range
from queue_server.journal.port import StoredEvent, Written
from queue_server.realtime.redis_client import redis_at
from queue_server.realtime.signals.local import Exchange, LocalSignals
from queue_server.realtime.signals.port import (
    EVENTS_MAX_BYTES,
    AccessChanged,
    Advised,
    Foreseen,
    Missed,
    Signal,
    Signals,
    Taken,
)
from queue_server.realtime.signals.redis import CHANNEL, RedisSignals
from tests.databases.sentinels import Sentinels
from tests.databases.tls import Certificate, tls_in_front_of
from tests.databases.valkey import Valkey
from tests.waiting import until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize(
        "anyio_backend", [("asyncio", {"use_uvloop": is_fast}) for is_fast in (True, False)], ids=["uvloop", "asyncio"]
    ),
]

DEAF_WITHIN_S = 5.0
PASSWORD = "bí mật: @/?#"
MISSED = Missed()


class Process:
    """One end, and what it has heard."""

    def __init__(self, signals: Signals) -> None:
        self.signals = signals
        self.heard: list[Signal] = []

    def told(self) -> list[Signal]:
        """What it has heard from others."""
        return [each for each in self.heard if each != MISSED]

    async def hears(self, *expected: Signal) -> None:
        """Exactly this from others, in this order."""
        await self.has_heard(len(expected))
        assert self.told() == list(expected)

    async def has_heard(self, count: int) -> None:
        await until(lambda: len(self.told()) >= count)

    async def has_heard_of(self, expected: Signal) -> None:
        await until(lambda: expected in self.heard)

    async def is_live(self) -> None:
        await until(lambda: self.signals.is_live)

    async def misses(self) -> None:
        """It is told to look at everything, from now on."""
        await until(lambda: MISSED in self.heard)

    async def is_deaf(self) -> None:
        await until(lambda: not self.signals.is_live, within_s=DEAF_WITHIN_S)


class World(Protocol):
    """What lies between the processes."""

    def make(self) -> Awaitable[Signals]: ...

    def cut(self) -> None: ...

    def mend(self) -> None: ...


class OneProcess:
    def __init__(self) -> None:
        self._exchange = Exchange()
        self.cut, self.mend = self._exchange.cut, self._exchange.mend

    async def make(self) -> Signals:
        return self._exchange.join()


class ByRedis:
    def __init__(self, server: Valkey, stack: AsyncExitStack, url: str | None = None) -> None:
        self.server = server
        self._stack = stack
        self._url = url or server.url
        self.cut, self.mend = server.kill, server.start

    async def make(self) -> Signals:
        return RedisSignals(await self._stack.enter_async_context(redis_at(self._url)))


Join = Callable[[], Awaitable[Process]]


@pytest.fixture
async def stack(anyio_backend: object) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture(params=["one process", "redis"])
async def world(request: pytest.FixtureRequest, tmp_path: Path, stack: AsyncExitStack) -> World:
    if request.param == "redis":
        return ByRedis(stack.enter_context(Valkey(tmp_path)), stack)
    return OneProcess()


@pytest.fixture
def join(world: World, stack: AsyncExitStack) -> Join:
    return joining(world, stack)


def joining(world: World, stack: AsyncExitStack) -> Join:
    async def join_one() -> Process:
        """A process that is live."""
        process = Process(await world.make())
        process.signals.start(process.heard.append)
        stack.push_async_callback(process.signals.stop)
        await process.is_live()
        return process

    return join_one


async def all_of(join: Join, count: int) -> list[Process]:
    """Processes that hear each other; what was said until now is forgotten."""
    processes = [await join() for _ in range(count)]
    for process in processes:
        process.signals.send(AccessChanged())
    for process in processes:
        await process.hears(*[AccessChanged()] * (count - 1))
    for process in processes:
        process.heard.clear()
    return processes


def written(seq: int, size: int = 200, branch: str = "go-vap") -> Written:
    """A batch of one event, whose body is `size` bytes, among them such as are no text."""
    body = bytes(seq + at & 255 for at in range(size))
    return Written(branch, "0123456789ab", seq - 1, seq, (StoredEvent(seq, date(2026, 11, 23), "x", 1, body),))


def bare(signal: Signal) -> Signal:
    """Sequences that compare: what was a tuple may come as a list."""
    if not isinstance(signal, Written):
        return signal
    return Written(signal.branch_id, signal.epoch, signal.prev, signal.seq, tuple(signal.events))


def outlook(branch: str, at: datetime) -> Foreseen:
    wait = Range(600.5, 300.0, 900.0)
    field = FieldOutlook(wait, None, 4, 1, 75.0, 3.0, 1.0, takes_more=False, takes_more_priority=False)
    return Foreseen(branch, Outlook(at, {"t1": Range(1.0, 0.0, 2.5), "t2": None}, {"chung-thuc": field}))


# -- hearing each other ------------------------------------------------------------------------------------------------


async def test_what_one_sends_all_others_hear_in_order_and_nobody_hears_itself(join: Join) -> None:
    first, *others = await all_of(join, 3)
    sent: list[Written | AccessChanged | Taken] = []
    for seq in range(1, 40, 3):
        sent += [written(seq), Taken(f"printer:{seq}"), written(seq + 1), AccessChanged(), written(seq + 2)]
    for number, one in enumerate(sent):
        first.signals.send(one)
        if number % 7 == 0:
            await asyncio.sleep(0)  # so that they go out in several messages
    for other in others:
        await other.has_heard(len(sent))
        assert [bare(each) for each in other.heard] == sent
    assert first.heard == []


async def test_an_outlook_comes_as_it_was_sent(join: Join) -> None:
    first, *others = await all_of(join, 3)
    sent = outlook("go-vap", datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=UTC))
    first.signals.send(sent)
    for other in others:
        await other.hears(sent)
    assert first.heard == []


async def test_somebody_under_way_is_heard_of(join: Join) -> None:
    first, *others = await all_of(join, 3)
    sent = Advised("go-vap", "chung-thuc", datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=UTC))
    first.signals.send(sent)
    for other in others:
        await other.hears(sent)
    assert first.heard == []


async def test_each_sender_is_heard_in_its_own_order(join: Join) -> None:
    processes = await all_of(join, 3)
    for seq in range(1, 51):
        for number, process in enumerate(processes):
            process.signals.send(written(seq, branch=f"b{number}"))
    for number, process in enumerate(processes):
        await process.has_heard(100)
        for other in range(3):
            seqs = [each.seq for each in process.heard if isinstance(each, Written) and each.branch_id == f"b{other}"]
            assert seqs == ([] if other == number else list(range(1, 51)))


async def test_a_large_batch_comes_without_its_events(join: Join) -> None:
    sender, other = await all_of(join, 2)
    just, too_large = written(1, EVENTS_MAX_BYTES), written(2, EVENTS_MAX_BYTES + 1)
    for one in (just, too_large):
        sender.signals.send(one)
    await until(lambda: len(other.heard) == 2)
    assert [bare(each) for each in other.heard] == [just, Written("go-vap", "0123456789ab", 1, 2)]


async def test_who_has_stopped_hears_nothing_and_what_it_said_last_is_heard(join: Join) -> None:
    leaver, other, third = await all_of(join, 3)
    leaver.signals.send(Taken("printer:last"))
    await leaver.signals.stop()
    await other.hears(Taken("printer:last"))
    other.signals.send(Taken("printer:other"))
    await third.hears(Taken("printer:last"), Taken("printer:other"))
    assert leaver.heard == []


# -- missing something -------------------------------------------------------------------------------------------------


async def test_who_begins_to_listen_is_told_to_look_at_everything(join: Join) -> None:
    process = await join()
    await process.misses()


async def test_a_cut_is_noticed_harms_no_sender_and_leads_to_a_look_at_everything(world: World, join: Join) -> None:
    processes = await all_of(join, 3)
    world.cut()
    for process in processes:
        await process.is_deaf()
        process.signals.send(Taken("printer:lost"))
    assert [process.heard for process in processes] == [[], [], []]
    world.mend()
    for process in processes:
        await process.is_live()
        await process.misses()
        process.heard.clear()
    processes[0].signals.send(Taken("printer:found"))
    for process in processes[1:]:
        await process.has_heard_of(Taken("printer:found"))


async def test_who_starts_while_there_is_a_cut_is_live_after_it(world: World) -> None:
    world.cut()
    process = Process(await world.make())
    process.signals.start(process.heard.append)
    process.signals.send(AccessChanged())
    assert not process.signals.is_live
    world.mend()
    await process.is_live()
    await process.misses()
    await process.signals.stop()


async def test_stopping_during_a_cut_is_quick_and_quiet(world: World, join: Join) -> None:
    process = await join()
    world.cut()
    process.signals.send(AccessChanged())
    async with asyncio.timeout(DEAF_WITHIN_S):
        await process.signals.stop()
    world.mend()


async def test_where_nothing_lies_between_them_each_has_to_look_for_itself() -> None:
    process = Process(LocalSignals())
    process.signals.start(process.heard.append)
    process.signals.send(AccessChanged())
    assert not process.signals.is_live
    await process.signals.stop()


# -- Redis alone -------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_redis(tmp_path: Path, stack: AsyncExitStack) -> ByRedis:
    return ByRedis(stack.enter_context(Valkey(tmp_path)), stack)


async def test_a_server_that_hangs_is_a_cut(by_redis: ByRedis, stack: AsyncExitStack) -> None:
    processes = await all_of(joining(by_redis, stack), 2)
    os.kill(by_redis.server.pid, signal.SIGSTOP)
    try:
        for process in processes:
            await process.is_deaf()
            process.signals.send(AccessChanged())
    finally:
        os.kill(by_redis.server.pid, signal.SIGCONT)
    for process in processes:
        await process.is_live()
        await process.misses()


async def test_a_subscription_that_the_library_renews_quietly_is_a_new_beginning(
    by_redis: ByRedis, stack: AsyncExitStack
) -> None:
    """Who said something in between and died tells nobody that it is missing."""
    (process,) = await all_of(joining(by_redis, stack), 1)
    by_redis.server.ask("CLIENT KILL TYPE pubsub")
    await process.misses()
    await process.is_live()


@pytest.mark.parametrize("kind", ["pubsub", "normal"])
async def test_a_line_that_is_cut_for_a_moment_loses_nothing_unnoticed(
    by_redis: ByRedis, stack: AsyncExitStack, kind: str
) -> None:
    sender, other = await all_of(joining(by_redis, stack), 2)
    by_redis.server.ask(f"CLIENT KILL TYPE {kind} SKIPME yes")
    sender.signals.send(Taken("printer:1"))
    await until(lambda: MISSED in other.heard or Taken("printer:1") in other.heard)
    await until(lambda: other.signals.is_live and sender.signals.is_live)
    sender.signals.send(Taken("printer:2"))
    await other.has_heard_of(Taken("printer:2"))


async def test_a_message_that_is_missing_is_noticed_and_one_that_comes_twice_is_taken_once(
    by_redis: ByRedis, stack: AsyncExitStack
) -> None:
    (process,) = await all_of(joining(by_redis, stack), 1)

    async def publish(number: int) -> None:
        data = msgspec.msgpack.encode([b"somebody", number, [f"printer:{number}"]])
        await client.publish(CHANNEL, data)

    async with redis_at(by_redis.server.url) as client:
        for number in (1, 2, 2, 1, 3):
            await publish(number)
        await process.hears(*[Taken(f"printer:{number}") for number in (1, 2, 3)])
        assert MISSED not in process.heard
        for number in (5, 6):
            await publish(number)
        await process.has_heard_of(Taken("printer:6"))
    assert process.heard[3:] == [MISSED, Taken("printer:5"), Taken("printer:6")]


async def test_who_is_first_heard_in_the_middle_may_have_said_something_before(
    by_redis: ByRedis, stack: AsyncExitStack
) -> None:
    (process,) = await all_of(joining(by_redis, stack), 1)
    async with redis_at(by_redis.server.url) as client:
        await client.publish(CHANNEL, msgspec.msgpack.encode([b"somebody", 2, ["printer:2"]]))
    await process.hears(Taken("printer:2"))
    assert process.heard == [MISSED, Taken("printer:2")]


@pytest.mark.parametrize(
    "message",
    [b"", b"\xc1", msgspec.msgpack.encode([b"new", 1, [], "more"]), msgspec.msgpack.encode([b"new", 1, [{"a": 1}]])],
    ids=["empty", "nonsense", "longer", "other signals"],
)
async def test_a_message_of_another_release_leads_to_a_look_at_everything(
    by_redis: ByRedis, stack: AsyncExitStack, message: bytes
) -> None:
    sender, other = await all_of(joining(by_redis, stack), 2)
    async with redis_at(by_redis.server.url) as client:
        await client.publish(CHANNEL, message)
    await other.misses()
    sender.signals.send(Taken("printer:1"))
    await other.hears(Taken("printer:1"))


async def test_a_listener_that_fails_is_not_the_end_of_listening(
    by_redis: ByRedis, stack: AsyncExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    (sender,) = await all_of(joining(by_redis, stack), 1)
    heard: list[Signal] = []

    def fail_once(signal: Signal) -> None:
        heard.append(signal)
        if signal == Taken("printer:1"):
            raise LookupError("a fault of ours")

    signals = await by_redis.make()
    signals.start(fail_once)
    stack.push_async_callback(signals.stop)
    await until(lambda: signals.is_live)
    sender.signals.send(Taken("printer:1"))
    await until(lambda: not signals.is_live)
    heard.clear()
    await until(lambda: signals.is_live and MISSED in heard)
    sender.signals.send(Taken("printer:2"))
    await until(lambda: Taken("printer:2") in heard)
    assert "a fault of ours" in caplog.text


async def test_stopping_ends_whatever_is_under_way(by_redis: ByRedis) -> None:
    """Also while the library writes; it may swallow a cancellation then, of which three in a hundred of these hung."""
    async with redis_at(by_redis.server.url) as client:

        async def start_and_stop(number: int) -> None:
            signals = RedisSignals(client)
            signals.start(lambda signal: None)
            for _ in range(number % 40):
                signals.send(AccessChanged())
                await asyncio.sleep(0)
            await signals.stop()

        async with asyncio.timeout(20.0):
            for round_ in range(4):
                await asyncio.gather(*(start_and_stop(40 * round_ + number) for number in range(40)))


# -- ways to reach it --------------------------------------------------------------------------------------------------


async def ensure_heard(world: ByRedis, stack: AsyncExitStack) -> None:
    sender, other = await all_of(joining(world, stack), 2)
    sender.signals.send(written(1))
    await until(lambda: len(other.heard) == 1)
    assert bare(other.heard[0]) == written(1)


def with_password(at: str) -> str:
    return f":{quote(PASSWORD, safe='')}@{at}"


async def test_by_a_password(tmp_path: Path, stack: AsyncExitStack) -> None:
    server = stack.enter_context(Valkey(tmp_path, "--requirepass", PASSWORD))
    await ensure_heard(ByRedis(server, stack, f"redis://{with_password(f'127.0.0.1:{server.port}')}"), stack)
    stranger = await ByRedis(server, stack, f"redis://:wrong@127.0.0.1:{server.port}").make()
    stranger.start(lambda signal: pytest.fail("who does not know the password hears nothing"))
    stranger.send(AccessChanged())
    await stranger.stop()
    assert not stranger.is_live


async def test_by_a_socket(tmp_path: Path, stack: AsyncExitStack) -> None:
    path = tmp_path / "valkey.sock"
    server = stack.enter_context(Valkey(tmp_path, "--unixsocket", str(path)))
    await ensure_heard(ByRedis(server, stack, f"unix://{path}"), stack)


async def test_by_tls(tmp_path: Path, stack: AsyncExitStack) -> None:
    """Who does not trust the certificate says nothing, not even a password."""
    certificate = Certificate(tmp_path / "tls")
    server = stack.enter_context(Valkey(tmp_path, "--requirepass", PASSWORD))
    at = with_password(f"127.0.0.1:{await stack.enter_async_context(tls_in_front_of(server.port, certificate))}")
    await ensure_heard(ByRedis(server, stack, f"rediss://{at}?ssl_ca_certs={certificate.file}"), stack)
    async with redis_at(f"rediss://{at}") as distrustful:
        with pytest.raises(RedisConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            await distrustful.ping()


@pytest.mark.faults
async def test_by_sentinels_over_the_death_of_the_primary(tmp_path: Path, stack: AsyncExitStack) -> None:
    servers = stack.enter_context(Sentinels(tmp_path, "bi-mat"))
    await until(servers.are_ready)
    sender, other = await all_of(joining(ByRedis(servers.primary, stack, servers.url), stack), 2)
    servers.primary.kill()
    for process in (sender, other):
        await process.is_deaf()
    for process in (sender, other):
        await process.is_live()
        await process.misses()
    sender.signals.send(Taken("printer:1"))
    await other.has_heard_of(Taken("printer:1"))
