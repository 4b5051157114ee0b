"""Two servers, PostgreSQL, Valkey and every line between them: one fault at a time, with people at work, and what the
checker of `load.faults` says of the history. (A hundred faults: `python -m load.faults`.)"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from load.faults.check import check
from load.faults.draw import Fault
from load.faults.dump import dump
from load.faults.history import Attempt
from load.faults.rules.answers import leaves_events
from load.faults.run import Run, Size

pytestmark = [pytest.mark.anyio, pytest.mark.faults, pytest.mark.slow]

SMALL = Size(servers=2, branches=2, counters=3, dispensers=2, displays=1, pace=0.4)
POLLED_WITHIN_S = 4.0
"""One looks every second where no signals come; a busy machine takes its time."""
TWO_HOURS_S = 7200.0
DAYS = "SELECT count(*) FROM event WHERE type LIKE 'day.%'"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def run(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    async with Run(tmp_path_factory.mktemp("fleet"), SMALL) as running:
        yield running


@asynccontextmanager
async def at_work(run: Run) -> AsyncIterator[list[Attempt]]:
    """People work meanwhile; afterwards nothing may be wrong. What they did is known then."""
    done: list[Attempt] = []
    first = len(run.history.records)
    await run.begin()
    yield done
    await run.rest()
    done += [record for record in run.history.records[first:] if isinstance(record, Attempt)]
    assert check([*run.history.records, *await run.ending()], await dump(run.fleet.database)) == []
    assert sum(attempt.outcome == "answered" and leaves_events(attempt) for attempt in done) > 20


async def fetch(run: Run, statement: str) -> list[tuple]:
    connection = await asyncpg.connect(run.fleet.database)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


# -- a server ----------------------------------------------------------------------------------------------------------


async def test_a_clock_that_jumps_ends_no_day_and_holds_up_nobody(run: Run) -> None:
    days = await fetch(run, DAYS)
    async with at_work(run):
        async with run.broken(Fault("jump", "clock", "server1", amount=TWO_HOURS_S)):
            await asyncio.sleep(2.0)
        assert await run.until_agreed() is not None
    assert await fetch(run, DAYS) == days


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


async def test_postgres_killed_and_back(run: Run) -> None:
    async with at_work(run) as attempts:
        await asyncio.sleep(1.0)
        async with run.broken(Fault("kill", "postgres")):
            await asyncio.sleep(0.5)
        assert await run.until_agreed() is not None
        await asyncio.sleep(1.0)
    assert {attempt.code for attempt in attempts if attempt.outcome == "refused"} >= {"unavailable"}


async def test_commits_whose_answers_are_swallowed_happen_once(run: Run) -> None:
    """The statement arrives and is carried out, and the server never hears of it: its clients ask the other one."""
    async with at_work(run) as attempts:
        async with run.broken(Fault("mute", "postgres link", "server1")):
            await asyncio.sleep(6.0)
        assert await run.until_agreed() is not None
    done = {row.key for row in (await dump(run.fleet.database)).commands}
    lost = {attempt.key for attempt in attempts if attempt.outcome == "lost" and attempt.server == "server1"}
    found = {attempt.key for attempt in attempts if attempt.outcome == "answered" and attempt.server == "server2"}
    assert lost & found & done


# -- Valkey ------------------------------------------------------------------------------------------------------------


async def test_without_valkey_nobody_gets_an_error_and_changes_arrive_by_polling(run: Run) -> None:
    async with at_work(run) as attempts:
        async with run.broken(Fault("kill", "valkey")):
            until = time.monotonic() + 5.0
            while time.monotonic() < until:
                assert run.disagreeing(0.0, lag_s=POLLED_WITHIN_S) == []
                await asyncio.sleep(0.1)
        assert await run.until_agreed() is not None
    assert {attempt.code for attempt in attempts if attempt.outcome == "refused"} <= {"ticket-state", "counter-busy"}
    assert not [attempt for attempt in attempts if attempt.outcome == "lost"]
