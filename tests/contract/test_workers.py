"""`serve --workers 2` on PostgreSQL and Valkey, as real processes: deaths, rolling restarts, a goodbye, the end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from load.proof import Gone, WebSocketDesk
from queue_server.app import open_house
from queue_server.protocol.frames import Close
from queue_server.settings import read_settings
from tests.databases.postgres import Postgres
from tests.databases.valkey import Valkey
from tests.demo_server import BRANCH, set_up

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

ROOT = Path(__file__).parents[2]
WITHIN_S = 30.0
POLL_S = 0.05


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Serving:
    """The supervisor's process. `port` is the common one; workers are found by their parent, as the system knows it."""

    def __init__(self, process: subprocess.Popen[bytes], said: dict[str, Any], tokens: dict[str, str]) -> None:
        self.process = process
        self.port = int(said["url"].rpartition(":")[2])
        self.own_ports = [worker["port"] for worker in said["workers"]]
        self.tokens = tokens

    def pids(self) -> set[int]:
        """The workers that run now."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in listed.split() if is_running(int(pid))}

    def desk(self, port: int = 0) -> WebSocketDesk:
        return WebSocketDesk(port or self.port, self.tokens["integration"], BRANCH)


async def prepare(env: dict[str, str]) -> dict[str, str]:
    async with open_house(read_settings(env)) as house:
        tokens: dict[str, str] = (await set_up(house))["tokens"]
    return tokens


@pytest.fixture(scope="module")
def lasting(postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """For tests that leave two workers."""
    with serve(postgres, valkey, tmp_path_factory.mktemp("lasting")) as serving:
        yield serving


@pytest.fixture
def serving(postgres: Postgres, valkey: Valkey, tmp_path: Path) -> Iterator[Serving]:
    with serve(postgres, valkey, tmp_path) as serving:
        yield serving


@contextmanager
def serve(postgres: Postgres, valkey: Valkey, tmp_path: Path) -> Iterator[Serving]:
    env = {"LAYSO_DATABASE": postgres.new_database(), "LAYSO_REDIS": valkey.url, "LAYSO_DATA": str(tmp_path)}
    tokens = asyncio.run(prepare(env))
    command = [sys.executable, "-m", "queue_server", "serve", "--json", "--port", "0", "--workers", "2"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LAYSO_")}
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--worker-port", "0"], cwd=ROOT, env=clean | env, stdout=subprocess.PIPE, stderr=log
        )
    assert process.stdout is not None
    with process.stdout as out:
        line = out.readline()
        assert line, (tmp_path / "server.log").read_text()
        try:
            yield Serving(process, json.loads(line), tokens)
        finally:
            process.terminate()
            try:
                process.wait(WITHIN_S)
            finally:
                process.kill()
                process.wait()


@asynccontextmanager
async def board(port: int) -> AsyncIterator[ClientConnection]:
    """Somebody who reads the board, and has it."""
    async with connect(
        f"ws://127.0.0.1:{port}/ws/v1", subprotocols=[Subprotocol("layso.v1")], compression=None, proxy=None
    ) as line:
        await line.send(json.dumps({"type": "subscribe", "channel": f"board:{BRANCH}"}))
        while json.loads(await line.recv())["type"] != "snapshot":
            pass
        yield line


def is_running(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while is_running(pid):  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)


async def number_from(serving: Serving, field: str) -> str:
    """A number that is taken as every client does: again with the same key, when the answer did not come."""
    key = uuid4().hex
    async with asyncio.timeout(WITHIN_S):
        while True:
            desk = serving.desk()
            try:
                return str((await desk.ask("issue", {"field": field, "channel": "api"}, key))["number"])
            except Gone:
                await asyncio.sleep(POLL_S)
            finally:
                await desk.close()


async def read_on(line: ClientConnection) -> None:
    while True:
        await line.recv()


async def test_what_one_worker_does_the_screens_of_the_other_show(lasting: Serving) -> None:
    first, second = lasting.own_ports
    desk = lasting.desk(first)
    async with board(second) as line, asyncio.timeout(WITHIN_S):
        await desk.ask("open", {"counter": 1}, uuid4().hex)
        issued = await desk.ask("issue", {"field": "chung-thuc", "channel": "api"}, uuid4().hex)
        called = await desk.ask("call-next", {"counter": 1}, uuid4().hex)
        assert called["number"] == issued["number"]
        while f'"{issued["number"]}"' not in (text := await line.recv()) or '"calls"' not in str(text):
            pass
    await desk.close()


async def test_a_worker_that_dies_is_replaced_and_the_other_serves_meanwhile(lasting: Serving) -> None:
    dead = min(lasting.pids())
    numbers = [await number_from(lasting, "ho-tich")]
    os.kill(dead, signal.SIGKILL)
    numbers += [await number_from(lasting, "ho-tich") for _ in range(20)]
    assert numbers == [f"H{n:03d}" for n in range(1, 22)]
    async with asyncio.timeout(WITHIN_S):
        while len(lasting.pids() - {dead}) < 2:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)


async def test_a_rolling_restart_loses_no_command_and_no_number(lasting: Serving) -> None:
    """While every worker is replaced, clients that repeat what was not answered notice a pause at most."""
    old = lasting.pids()
    is_done = asyncio.Event()
    numbers: list[str] = []

    async def take() -> None:
        while not is_done.is_set():
            numbers.append(await number_from(lasting, "dat-dai"))
            await asyncio.sleep(POLL_S)  # a series ends at 999

    async with board(lasting.port) as line, asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(take())
        lasting.process.send_signal(signal.SIGHUP)
        for pid in old:
            await until_gone(pid)
        is_done.set()
        with pytest.raises(ConnectionClosed) as closed:
            await read_on(line)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == Close.COME_BACK
    assert not old & lasting.pids()
    assert sorted(numbers) == [f"K{n:03d}" for n in range(1, len(numbers) + 1)]


async def test_at_the_end_everybody_is_told_to_come_back_and_no_process_is_left(serving: Serving) -> None:
    workers = serving.pids()
    async with board(serving.port) as line:
        serving.process.terminate()
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(line.recv(), WITHIN_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == Close.COME_BACK
    assert await asyncio.to_thread(serving.process.wait, WITHIN_S) == 0
    for pid in workers:
        await until_gone(pid)


async def test_workers_end_with_a_supervisor_that_was_killed(serving: Serving) -> None:
    workers = serving.pids()
    serving.process.kill()
    for pid in workers:
        await until_gone(pid)
