"""Two servers, PostgreSQL, Valkey and every line between them: one fault at a time, with people at work, and what the
checker of `load.faults` says of the history. (A hundred faults: `python -m load.faults`.)"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from msgspec import Struct

from load.faults.check import check
from load.faults.draw import Fault
from load.faults.dump import dump
from load.faults.history import Attempt
from load.faults.rules.answers import leaves_events
from load.faults.run import Run, Size
from queue_server.journal.office import LEASE_S
from queue_server.journal.postgres.statements import NOW

pytestmark = [pytest.mark.anyio, pytest.mark.faults, pytest.mark.slow]

SMALL = Size(servers=2, branches=2, counters=3, dispensers=2, displays=1, pace=0.4)
POLLED_WITHIN_S = 8.0
"""One looks every second where no signals come, and a busy machine takes its time; else it is every 15 s."""
TWO_HOURS_S = 7200.0
OFFICES = f"""
    SELECT reader, branch_id, seq, fence, holder, lease_until > {NOW} FROM cursor
    WHERE reader IN ('office/timekeeper', 'office/reader/dossier', 'dossier')"""
DAYS = "SELECT count(*) FROM event WHERE type LIKE 'day.%'"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def run(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    async with Run(tmp_path_factory.mktemp("fleet"), SMALL) as running:
        yield running


@asynccontextmanager
async def at_work(run: Run, *, patience: float = 1.0) -> AsyncIterator[list[Attempt]]:
    """People work meanwhile; afterwards nothing may be wrong. What they did is known then. Who has more patience does
    not take a busy machine for one that is lost."""
    run.world.patience = patience
    done: list[Attempt] = []
    first = len(run.history.records)
    await run.begin()
    yield done
    await run.rest()
    done += [record for record in run.history.records[first:] if isinstance(record, Attempt)]
    assert check([*run.history.records, *await run.ending()], await dump(run.fleet.database)) == []
    assert sum(attempt.outcome == "answered" and leaves_events(attempt) for attempt in done) > 20


class Held(Struct, frozen=True):
    """A cursor or an office: how far it is, and who has it by which fence."""

    seq: int
    fence: int
    holder: str
    is_leased: bool


async def offices(run: Run) -> dict[tuple[str, str], Held]:
    """The timekeeper's, the dossier reader's, and that reader's cursors; complete where it has begun everywhere."""
    return {(row[0], row[1]): Held(*row[2:]) for row in await fetch(run, OFFICES)}


async def fetch(run: Run, statement: str) -> list[tuple]:
    connection = await asyncpg.connect(run.fleet.database)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def until(holds: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


# -- a server ----------------------------------------------------------------------------------------------------------


async def test_who_was_stopped_for_longer_than_its_lease_has_lost_its_offices_and_moves_nothing(run: Run) -> None:
    async with at_work(run):
        async with run.broken(Fault("end", "server", "server2")):
            await until(lambda: _are_held(run), within_s=30)
        before = await offices(run)
        async with run.broken(Fault("stop", "server", "server1")):
            await until(lambda: _are_taken_from(run, before), within_s=LEASE_S + 20)
            taken = await offices(run)
        assert await run.until_agreed() is not None
        for place, now in (await offices(run)).items():
            assert now.fence == taken[place].fence, f"{place} went back to whoever woke up"
            assert now.holder == taken[place].holder
            assert now.seq >= taken[place].seq


async def _are_held(run: Run) -> bool:
    found = await offices(run)
    return len(found) == 2 + SMALL.branches and all(each.is_leased for each in found.values())


async def _are_taken_from(run: Run, before: dict[tuple[str, str], Held]) -> bool:
    now = await offices(run)
    return all(now[place].fence > held.fence for place, held in before.items())


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
    async with at_work(run, patience=5.0) as attempts:
        async with run.broken(Fault("kill", "valkey")):
            for _ in range(3):
                await asyncio.sleep(0.5)
                assert await run.until_agreed(POLLED_WITHIN_S, lag_s=POLLED_WITHIN_S) is not None
        assert await run.until_agreed() is not None
    assert {attempt.code for attempt in attempts if attempt.outcome == "refused"} <= {"ticket-state", "counter-busy"}
    assert not [attempt for attempt in attempts if attempt.outcome == "lost"]
