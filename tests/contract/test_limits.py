"""How often something may be tried: the same in memory as by Redis (a real Valkey), by a clock of the test's own."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from queue_server.access.limits import memory
from queue_server.access.limits import redis as by_redis
from queue_server.access.limits.memory import MemoryLimits
from queue_server.access.limits.port import Limit, Limits
from queue_server.access.limits.redis import PREFIX, RedisLimits
from queue_server.realtime.redis_client import redis_at
from tests.databases.valkey import Valkey

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})], ids=["uvloop"]),
]

THREE = Limit("three", burst=3, every_s=10.0)
ONE = Limit("one", burst=1, every_s=0.1)


class Time:
    def __init__(self) -> None:
        self.now = 1_795_000_000.123456

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def stack(anyio_backend: object) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
def server(tmp_path: Path, stack: AsyncExitStack) -> Valkey:
    return stack.enter_context(Valkey(tmp_path))


async def connected(server: Valkey, stack: AsyncExitStack, clock: Time | None = None) -> RedisLimits:
    return RedisLimits(await stack.enter_async_context(redis_at(server.url)), clock)


@pytest.fixture(params=["memory", "redis"])
async def limits(request: pytest.FixtureRequest, clock: Time, stack: AsyncExitStack) -> Limits:
    if request.param == "redis":
        return await connected(request.getfixturevalue("server"), stack, clock)
    return MemoryLimits(clock)


async def taken(limits: Limits, limit: Limit, subject: str = "lan") -> int:
    """How many tries are left now; they are taken."""
    for count in range(1000):
        if await limits.take(limit, subject) > 0:
            return count
    raise AssertionError("there is no end")


# -- what a limit is ---------------------------------------------------------------------------------------------------


async def test_what_is_forgotten_counts_no_more(limits: Limits) -> None:
    assert await taken(limits, THREE) == 3
    assert await taken(limits, THREE, "hoa") == 3
    await limits.forget(THREE, "lan")
    await limits.forget(THREE, "nobody")
    assert await taken(limits, THREE) == 3
    assert await taken(limits, THREE, "hoa") == 0


async def test_a_burst_may_be_tried_and_then_one_more_each_while(limits: Limits, clock: Time) -> None:
    assert await taken(limits, THREE) == 3
    assert await limits.take(THREE, "lan") == pytest.approx(10.0)
    clock.now += 4.0
    assert await limits.take(THREE, "lan") == pytest.approx(6.0)
    clock.now += 6.0
    assert await taken(limits, THREE) == 1
    clock.now += 25.0
    assert await taken(limits, THREE) == 2


async def test_who_rests_has_a_whole_burst_again_and_no_more(limits: Limits, clock: Time) -> None:
    await taken(limits, THREE)
    clock.now += 86_400.0
    assert await taken(limits, THREE) == 3


async def test_tries_that_were_refused_do_not_lengthen_the_wait(limits: Limits, clock: Time) -> None:
    await taken(limits, THREE)
    for _ in range(50):
        assert await limits.take(THREE, "lan") == pytest.approx(10.0)
    clock.now += 10.0
    assert await limits.take(THREE, "lan") == 0


async def test_each_subject_and_each_limit_counts_for_itself(limits: Limits) -> None:
    assert await taken(limits, THREE, "lan") == 3
    assert await taken(limits, THREE, "minh") == 3
    assert await taken(limits, ONE, "lan") == 1
    assert await taken(limits, THREE, "") == 3
    assert await taken(limits, THREE, "Nguyễn: *\n" * 10_000) == 3


async def test_what_is_given_back_may_be_tried_again_and_never_more_than_a_burst(limits: Limits, clock: Time) -> None:
    await taken(limits, THREE)
    await limits.give_back(THREE, "lan")
    assert await taken(limits, THREE) == 1
    for _ in range(10):
        await limits.give_back(THREE, "lan")
    assert await taken(limits, THREE) == 3
    await limits.give_back(THREE, "nobody")
    assert await taken(limits, THREE, "nobody") == 3


async def test_who_tries_at_full_speed_gets_what_the_figures_say(limits: Limits, clock: Time) -> None:
    """Fractions add up without drifting."""
    count = 0
    for _ in range(100):
        count += await taken(limits, ONE)
        clock.now += 1.0
    assert count == 100
    for _ in range(300):
        clock.now += 0.1
        assert await limits.take(ONE, "lan") == 0


async def test_many_who_try_at_once_get_no_more_than_there_is(limits: Limits) -> None:
    answers = await asyncio.gather(*(limits.take(THREE, "lan") for _ in range(50)))
    assert sorted(answers)[:4] == [0, 0, 0, pytest.approx(10.0)]


async def test_memory_forgets_who_has_rested_and_then_who_began_first(
    clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "SUBJECTS_MAX", 100)
    limits = MemoryLimits(clock)
    for number in range(100):
        await limits.take(THREE, f"early {number}")
    clock.now += 60.0
    for number in range(100):
        await taken(limits, THREE, f"late {number}")
    assert len(limits._empty_at) <= 101
    assert await limits.take(THREE, "late 99") > 0
    for number in range(1000):
        await limits.take(THREE, f"flood {number}")
    assert len(limits._empty_at) <= 101


# -- Redis alone -------------------------------------------------------------------------------------------------------


async def test_all_processes_count_together(server: Valkey, stack: AsyncExitStack, clock: Time) -> None:
    first, second = await connected(server, stack, clock), await connected(server, stack, clock)
    assert await first.take(THREE, "lan") == await second.take(THREE, "lan") == await first.take(THREE, "lan") == 0
    assert await second.take(THREE, "lan") == pytest.approx(10.0)
    await first.give_back(THREE, "lan")
    assert await taken(second, THREE) == 1


async def test_redis_own_clock_is_the_clock(server: Valkey, stack: AsyncExitStack) -> None:
    limits = await connected(server, stack)
    before = time.time()
    assert await taken(limits, THREE) == 3
    wait_s = await limits.take(THREE, "lan")
    assert 10.0 - (time.time() - before) <= wait_s <= 10.0


async def test_nothing_is_left_of_who_has_rested_and_nothing_says_who_it_was(
    server: Valkey, stack: AsyncExitStack
) -> None:
    limits = await connected(server, stack)
    await limits.take(THREE, "lan")
    async with redis_at(server.url) as client:
        key: Any
        (key,) = await client.keys("*")
        assert key.startswith(f"{PREFIX}:three:".encode())
        assert b"lan" not in key
        assert 9 < await client.ttl(key) - 60 <= 11
        await limits.give_back(THREE, "lan")
        assert await client.keys("*") == []


async def test_while_redis_is_away_each_process_counts_for_itself_and_nobody_sees_an_error(
    server: Valkey, stack: AsyncExitStack, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_redis, "AGAIN_S", 0.0)
    first, second = await connected(server, stack, clock), await connected(server, stack, clock)
    assert await taken(first, THREE) == 3
    server.kill()
    for process in (first, second):
        assert await taken(process, THREE) == 3
        await process.give_back(THREE, "lan")
        assert await taken(process, THREE) == 1
    server.start()
    assert await taken(second, THREE) == 3
    assert await first.take(THREE, "lan") == pytest.approx(10.0)


async def test_who_signs_in_hardly_waits_for_a_redis_that_hangs(server: Valkey, stack: AsyncExitStack) -> None:
    limits = await connected(server, stack)
    await limits.take(THREE, "lan")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert await taken(limits, THREE) == 3
        assert time.monotonic() - began < 3 * by_redis.ANSWER_WITHIN_S, "it is asked once, and then left alone"
    finally:
        os.kill(server.pid, signal.SIGCONT)
