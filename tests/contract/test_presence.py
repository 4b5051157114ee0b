"""Who is connected: the same of one process, in memory and by Redis (a real Valkey); by Redis over all processes."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from queue_server.realtime.presence import redis as by_redis
from queue_server.realtime.presence.local import LocalPresence
from queue_server.realtime.presence.port import Presence
from queue_server.realtime.presence.redis import PROCESSES, RedisPresence
from queue_server.realtime.redis_client import redis_at
from tests.databases.valkey import Valkey
from tests.waiting import until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})], ids=["uvloop"]),
]

AT = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
HALL, DOOR, DESK = "display-hall", "display-door", "printer-desk"

Join = Callable[[], Awaitable[RedisPresence]]


@pytest.fixture
async def stack(anyio_backend: object) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
def server(tmp_path: Path, stack: AsyncExitStack) -> Valkey:
    return stack.enter_context(Valkey(tmp_path))


class Clock:
    """Stands at half past seven until it is told otherwise."""

    def __init__(self) -> None:
        self.minutes = 0

    def __call__(self) -> datetime:
        return AT + timedelta(minutes=self.minutes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def join(server: Valkey, stack: AsyncExitStack, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Join:
    """Another process, in a hurry; only forgetting takes its time, or a machine that pauses would be forgotten."""
    for name, hurried in {"GATHER_S": 0.02, "RENEW_S": 0.2, "AGAIN_S": 0.1, "DOUBT_S": 0.6}.items():
        monkeypatch.setattr(by_redis, name, hurried)

    async def join_one() -> RedisPresence:
        presence = RedisPresence(await stack.enter_async_context(redis_at(server.url)), clock)
        presence.start()
        stack.push_async_callback(presence.stop)
        return presence

    return join_one


@pytest.fixture(params=["one process", "redis"])
async def presence(request: pytest.FixtureRequest, join: Join, clock: Clock) -> Presence:
    return await join() if request.param == "redis" else LocalPresence(clock)


async def says(presence: Presence, device: str, expected: bool | None) -> None:
    """Waits until it says so."""

    async def is_so() -> bool:
        return (await presence.connected([device]))[device] is expected

    await until(is_so)


async def gone(presence: Presence, minutes: dict[str, int]) -> None:
    """Waits until it says that these are gone, since so many minutes after half past seven."""
    expected = {device: AT + timedelta(minutes=each) for device, each in minutes.items()}

    async def is_so() -> bool:
        return await presence.gone_since([HALL, DOOR, DESK]) == expected

    await until(is_so)


# -- of one process ----------------------------------------------------------------------------------------------------


async def test_nobody_is_connected_before_somebody_comes(presence: Presence) -> None:
    assert await presence.connected([HALL, DOOR]) == {HALL: False, DOOR: False}
    assert await presence.connected([]) == {}
    assert await presence.people() == 0


async def test_a_device_is_connected_from_its_first_connection_to_the_end_of_its_last(presence: Presence) -> None:
    presence.come(HALL)
    presence.come(DOOR)
    presence.come(HALL)
    assert await presence.connected([HALL, DESK, DOOR]) == {HALL: True, DESK: False, DOOR: True}
    presence.go(HALL)
    assert await presence.connected([HALL]) == {HALL: True}
    presence.go(HALL)
    assert await presence.connected([HALL, DOOR]) == {HALL: False, DOOR: True}


async def test_people_are_counted_and_not_named(presence: Presence) -> None:
    for who in (None, None, HALL, None):
        presence.come(who)
    presence.go(None)
    assert await presence.people() == 2


async def test_since_when_a_device_is_gone_is_known_of_those_that_were_here(presence: Presence, clock: Clock) -> None:
    for device in (HALL, HALL, DOOR):
        presence.come(device)
    presence.go(HALL)
    clock.minutes = 2
    presence.go(DOOR)
    await gone(presence, {DOOR: 2})
    clock.minutes = 5
    presence.go(HALL)
    await gone(presence, {HALL: 5, DOOR: 2})
    presence.come(DOOR)
    await gone(presence, {HALL: 5})


async def test_who_may_not_be_alone_knows_only_who_is_here(clock: Clock) -> None:
    presence = LocalPresence(clock, is_alone=False)
    presence.come(HALL)
    assert await presence.connected([HALL, DOOR]) == {HALL: True, DOOR: None}
    assert await presence.people() is None
    presence.go(HALL)
    assert await presence.gone_since([HALL]) == {}, "it may be elsewhere"


# -- over all processes ------------------------------------------------------------------------------------------------


async def test_what_is_connected_to_one_process_all_others_know(join: Join) -> None:
    first, second, third = [await join() for _ in range(3)]
    first.come(HALL)
    second.come(HALL)
    second.come(DOOR)
    second.come(None)
    third.come(None)
    for process in (first, second, third):
        for device in (HALL, DOOR):
            await says(process, device, True)
        await says(process, DESK, False)  # on a busy machine a process may be in doubt for a moment

        async def are_two(process: RedisPresence = process) -> bool:
            return await process.people() == 2

        await until(are_two)
    second.go(HALL)
    second.go(DOOR)
    await says(third, DOOR, False)
    assert await third.connected([HALL]) == {HALL: True}


async def test_a_device_that_moved_is_gone_when_its_last_process_says_so(join: Join, clock: Clock) -> None:
    first, second, other = [await join() for _ in range(3)]
    first.come(HALL)
    await says(other, HALL, True)
    second.come(HALL)
    second.come(DESK)
    await says(other, DESK, True)
    clock.minutes = 1
    first.go(HALL)  # only now its old line is known to be dead
    first.come(DOOR)
    await says(other, DOOR, True)
    assert await other.gone_since([HALL]) == {}
    clock.minutes = 7
    second.go(HALL)
    await gone(other, {HALL: 7})


async def test_nobody_knows_since_when_a_device_is_gone_whose_process_died(join: Join, clock: Clock) -> None:
    victim, other = await join(), await join()
    victim.come(HALL)
    victim.come(DOOR)
    await says(other, DOOR, True)
    victim.go(HALL)
    await gone(other, {HALL: 0})
    victim.come(HALL)
    await gone(other, {})
    assert victim._task is not None
    victim._task.cancel()
    await victim._client.delete(victim._key(victim._name))  # as when it has run out
    await says(other, HALL, False)
    assert await other.gone_since([HALL, DOOR]) == {}


async def test_what_redis_was_not_told_it_is_told_again(join: Join, clock: Clock) -> None:
    here, other = await join(), await join()
    here.come(HALL)
    await says(other, HALL, True)
    tell = here._tell_changes

    async def stumble(changed: set[str | None], came: set[str]) -> bool:
        here._tell_changes = tell  # type: ignore[method-assign]
        raise ConnectionError

    here._tell_changes = stumble  # type: ignore[method-assign]
    clock.minutes = 3
    here.go(HALL)
    await gone(other, {HALL: 3})


async def test_who_stops_has_nobody_any_more(join: Join, server: Valkey) -> None:
    leaver, other = await join(), await join()
    leaver.come(HALL)
    await says(other, HALL, True)
    await leaver.stop()
    assert server.ask(f"SCARD {PROCESSES}").strip() == ":1"
    await says(other, HALL, False)  # at once, unless its own line has just stumbled


async def test_who_dies_has_nobody_any_more_after_a_while(
    join: Join, server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_redis, "LASTS_S", 1)
    victim, other = await join(), await join()
    victim.come(HALL)
    await says(other, HALL, True)
    assert victim._task is not None
    victim._task.cancel()  # as when it was killed: nobody renews, nobody says goodbye
    await says(other, HALL, False)
    assert server.ask(f"SCARD {PROCESSES}").strip() == ":1"


async def test_a_dead_process_is_forgotten_within_15_s_and_a_living_one_may_miss_a_renewal() -> None:
    assert by_redis.GATHER_S + 2 * by_redis.RENEW_S < by_redis.LASTS_S <= 15


async def test_without_redis_each_knows_who_is_here_and_all_know_again_when_it_returns(
    join: Join, server: Valkey
) -> None:
    here, other = await join(), await join()
    here.come(HALL)
    other.come(DOOR)
    await says(here, DOOR, True)
    server.kill()
    assert await here.connected([HALL, DOOR, DESK]) == {HALL: True, DOOR: None, DESK: None}
    assert await here.people() is None
    here.come(DESK)
    other.go(DOOR)
    server.start()
    await says(other, DESK, True)
    await says(other, HALL, True)
    await says(here, DOOR, False)


async def test_a_server_that_has_forgotten_everything_is_told_again_and_not_believed_meanwhile(
    join: Join, server: Valkey
) -> None:
    here, other = await join(), await join()
    other.come(HALL)
    await says(here, HALL, True)
    assert server.ask("FLUSHALL").startswith("+OK")
    seen: set[bool | None] = set()

    async def is_known_again() -> bool:
        seen.add((await here.connected([HALL]))[HALL])
        return True in seen

    await until(is_known_again)
    assert False not in seen


async def test_stopping_without_a_server_is_quick_and_quiet(join: Join, server: Valkey) -> None:
    presence = await join()
    presence.come(HALL)
    server.kill()
    began = time.monotonic()
    await presence.stop()
    assert time.monotonic() - began < 3.0


# -- what it costs -----------------------------------------------------------------------------------------------------


def commands_of(server: Valkey) -> int:
    """How many commands it has carried out."""
    found = re.search(r"total_commands_processed:(\d+)", server.ask("INFO stats"))
    assert found is not None
    return int(found[1])


async def test_ten_thousand_who_come_at_once_and_stay_cost_a_few_commands(join: Join, server: Valkey) -> None:
    crowd, other = await join(), await join()
    await says(other, HALL, False)
    before = commands_of(server)
    devices = [f"display-{number}" for number in range(10_000)]
    for device in devices:
        crowd.come(device)
        crowd.come(None)
    await says(other, devices[-1], True)
    assert set((await other.connected(devices)).values()) == {True}
    assert await other.people() == 10_000
    assert commands_of(server) - before < 200, "half of them questions of this test"
    for device in devices:
        crowd.go(device)
        crowd.come(device)
        crowd.come(device)
        crowd.go(device)
    until_s = time.monotonic() + 5 * by_redis.RENEW_S
    before = commands_of(server)
    await until(lambda: time.monotonic() > until_s)
    assert commands_of(server) - before < 2 * 8 * (5 + 2), "a transaction of a few commands for each renewal"
