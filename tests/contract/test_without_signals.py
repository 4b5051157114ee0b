"""Two houses on one PostgreSQL without Redis: what the one writes the other shows, though nobody told it."""

from __future__ import annotations

from pathlib import Path

import pytest

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.app import open_house
from queue_server.domain.commands import Issue
from queue_server.settings import Settings
from tests.databases.postgres import Postgres
from tests.demo_server import BRANCH, set_up
from tests.waiting import until

pytestmark = pytest.mark.anyio

WITHIN_S = 5.0
"""A look a second, on a machine that has other things to do."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_without_redis_a_process_looks_once_a_second(postgres: Postgres, tmp_path: Path):
    url = postgres.new_database()
    kiosk = Who("device:kiosk", Role.DISPENSER, branch=BRANCH).by()
    async with open_house(Settings(database=url, data=tmp_path)) as here:
        await set_up(here)
        async with open_house(Settings(database=url, data=tmp_path)) as there:
            host = await there.bus.host(BRANCH)
            await host.settled()
            await here.bus.carry_out(BRANCH, Issue(field="chung-thuc"), kiosk, "press-0001")
            written = (await here.bus.host(BRANCH)).state.seq
            await until(lambda: host.state.seq == written, within_s=WITHIN_S)
