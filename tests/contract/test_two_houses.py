"""Two servers on one PostgreSQL, with a Valkey between them and without: what one knows of the other's connections."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import urlopen

import pytest
from msgspec.structs import replace
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from queue_server.access.rights import Role
from queue_server.access.tries import PASSWORDS_OF_A_NAME
from queue_server.administration import SETUP
from queue_server.branches import looking
from queue_server.domain.commands import By, OpenCounter
from queue_server.domain.configuration import Text
from queue_server.protocol import SUBPROTOCOL
from queue_server.protocol.frames import Close
from queue_server.serving import bind, server_of
from queue_server.settings import read_settings
from queue_server.web.application import house_in
from queue_server.web.house import House
from tests.databases.postgres import Postgres
from tests.databases.valkey import Valkey
from tests.demo_server import BRANCH, NEAR, PASSWORD, set_up, two_branches
from tests.factories import CHIEF
from tests.server import Api, Refused
from tests.staff import StaffApi
from tests.waiting import until

T = TypeVar("T")

SEEN_WITHIN_S = 2.0
SLACK_S = 3.0
"""For a machine that has other things to do."""

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})], ids=["uvloop"]),
]


class Server:
    """A house that is served on a port of its own."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        self.url = url

    def connection(self, token: str | None = None) -> connect:
        return connect(
            f"{self.url.replace('http', 'ws')}/ws/v1",
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {token}"} if token is not None else {},
            compression=None,
            proxy=None,
            close_timeout=1,
        )

    async def presence_of(self, device: str) -> bool | None:
        """As the administrator reads it."""
        found = await away(lambda: StaffApi(self.url, "admin").get("/devices")["devices"])
        (is_connected,) = [each["is_connected"] for each in found if each["id"] == device]
        assert is_connected is None or isinstance(is_connected, bool)
        return is_connected


async def away(ask: Callable[[], T]) -> T:
    """A client that waits, beside the loop on which the servers run."""
    return await asyncio.to_thread(ask)


@asynccontextmanager
async def served(data: Path, database: str, redis: str) -> AsyncIterator[Server]:
    server = server_of(read_settings({}, data=data, database=database, redis=redis, second_factor="off"))
    with bind("127.0.0.1", 0) as listener:
        running = asyncio.create_task(server.serve([listener]))
        await until(lambda: server.started or running.done())
        try:
            yield Server(house_in(server.config.app), f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            await running


class Two:
    """The servers `one` and `other`, and the tokens and ids of the demo's devices."""

    def __init__(self, one: Server, other: Server, made: dict[str, Any]) -> None:
        self.one = one
        self.other = other
        self.tokens: dict[str, str] = made["tokens"]
        self.devices: dict[str, str] = made["devices"]


@asynccontextmanager
async def two_on(postgres: Postgres, redis: str, folder: Path) -> AsyncIterator[Two]:
    database = postgres.new_database()
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(served(folder / name, database, redis)) for name in ("one", "other")
        ]
        made = await set_up(one.house)
        if redis:
            await until(lambda: one.house.signals.is_live and other.house.signals.is_live)
        yield Two(one, other, made)


@pytest.fixture
async def by_redis(postgres: Postgres, valkey: Valkey, tmp_path: Path, anyio_backend: object) -> AsyncIterator[Two]:
    async with two_on(postgres, valkey.url, tmp_path) as found:
        yield found


@pytest.fixture
async def alone(postgres: Postgres, tmp_path: Path, anyio_backend: object) -> AsyncIterator[Two]:
    async with two_on(postgres, "", tmp_path) as found:
        yield found


async def hear(line: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await line.recv())
        if frame["type"] == kind:
            return frame


async def follow(line: ClientConnection, channel: str) -> None:
    """Read a channel, and have it."""
    await line.send(json.dumps({"type": "subscribe", "channel": channel}))
    assert (await hear(line, "snapshot"))["channel"] == channel


async def goodbye(line: ClientConnection) -> int | None:
    """With which code the server ended it."""
    try:
        async with asyncio.timeout(20.0):
            while True:
                await line.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd is not None else None


# -- one reader of a printer's channel ---------------------------------------------------------------------------------


async def test_who_takes_over_a_printer_at_another_server_is_its_only_reader(by_redis: Two) -> None:
    channel, token = f"printer:{by_redis.devices['printer']}", by_redis.tokens["printer"]
    async with by_redis.one.connection(token) as old, by_redis.other.connection(token) as new:
        await follow(old, channel)
        await follow(new, channel)
        assert await goodbye(old) == Close.TAKEN_OVER
        async with by_redis.one.connection(token) as newest:
            await follow(newest, channel)
            assert await goodbye(new) == Close.TAKEN_OVER
            ticket = await away(lambda: Api(by_redis.other.url, by_redis.tokens["dispenser"]).issue("ho-tich"))
            changes = (await hear(newest, "event"))["changes"]
            assert ticket.number in json.dumps(changes)


# -- rights that end ---------------------------------------------------------------------------------------------------


async def ensure_expelled(two: Two) -> float:
    """Whoever is connected to the other server when its rights end is sent away, and not let in again; how soon."""
    device, token = two.devices["display"], two.tokens["display"]
    async with two.other.connection(token) as line, two.other.connection(two.tokens["printer"]) as unharmed:
        await hear(line, "welcome")
        await hear(unharmed, "welcome")
        staff = await away(lambda: StaffApi(two.one.url, "quang"))
        began = time.monotonic()
        await away(lambda: staff.request("DELETE", f"/api/v1/devices/{device}"))
        assert await goodbye(line) == Close.UNAUTHENTICATED
        took_s = time.monotonic() - began
        with pytest.raises(Refused, match="wrong-token"):
            await away(lambda: Api(two.other.url, token).get("/devices"))
        await follow(unharmed, f"printer:{two.devices['printer']}")
    return took_s


async def test_a_device_that_is_removed_is_sent_away_by_every_server(by_redis: Two) -> None:
    assert await ensure_expelled(by_redis) < SEEN_WITHIN_S + SLACK_S


async def test_and_without_signals_within_two_seconds(alone: Two) -> None:
    assert await ensure_expelled(alone) < SEEN_WITHIN_S + SLACK_S
    assert 1.5 * looking.UNTOLD_S < SEEN_WITHIN_S


async def test_a_role_that_was_changed_at_one_server_holds_at_the_other(alone: Two) -> None:
    hoa = await away(lambda: StaffApi(alone.other.url, "hoa"))
    assert (await away(lambda: hoa.get("/me")))["role"] == "helper"
    access = alone.one.house.access
    await access.put_account("hoa", PASSWORD, Role.SUPERVISOR, name="Lê Thị Hoa", branch=BRANCH)

    async def is_supervisor() -> bool:
        return (await away(lambda: hoa.get("/me")))["role"] == "supervisor"

    await until(is_supervisor, within_s=SEEN_WITHIN_S + SLACK_S)


async def test_without_signals_screens_show_within_two_seconds_what_is_done_at_another_server(alone: Two) -> None:
    async with alone.other.connection(alone.tokens["display"]) as line:
        await follow(line, f"board:{BRANCH}")
        await away(lambda: Api(alone.one.url, alone.tokens["integration"]).counter(4, "open"))
        async with asyncio.timeout(SEEN_WITHIN_S + SLACK_S):
            await hear(line, "event")


# -- presence and tries ------------------------------------------------------------------------------------------------


async def test_every_server_knows_which_devices_are_connected_to_any(by_redis: Two) -> None:
    device = by_redis.devices["display"]
    for server in (by_redis.one, by_redis.other):
        assert await server.presence_of(device) is False
    async with by_redis.other.connection(by_redis.tokens["display"]) as line:
        await hear(line, "welcome")
        for server in (by_redis.other, by_redis.one):
            await says(server, device, True)
    for server in (by_redis.other, by_redis.one):
        await says(server, device, False)


async def says(server: Server, device: str, expected: bool) -> None:
    async def is_so() -> bool:
        return (await server.house.presence.connected([device]))[device] is expected

    await until(is_so)


async def test_monitoring_sees_how_many_people_are_connected_where_that_is_known(by_redis: Two) -> None:
    assert await people(by_redis.other) == 0
    async with by_redis.one.connection() as phone:
        await hear(phone, "welcome")

        async def is_one() -> bool:
            return await people(by_redis.other) == 1

        await until(is_one)


async def people(server: Server) -> int | None:
    def ask() -> str:
        with urlopen(f"{server.url}/metrics", timeout=10) as answer:
            return str(answer.read(), "utf-8")

    found = re.search(r"^layso_people (\d+)$", await away(ask), re.MULTILINE)
    return int(found[1]) if found is not None else None


async def test_without_redis_a_server_knows_its_own_devices_and_claims_nothing_of_others(alone: Two) -> None:
    async with alone.other.connection(alone.tokens["display"]) as line:
        await hear(line, "welcome")
        assert await alone.other.presence_of(alone.devices["display"]) is True
        assert await alone.one.presence_of(alone.devices["display"]) is None
        assert await alone.other.presence_of(alone.devices["printer"]) is None
        assert await people(alone.other) is None


async def test_who_has_tried_too_often_at_one_server_is_told_so_by_the_other(by_redis: Two) -> None:
    for _ in range(PASSWORDS_OF_A_NAME.burst):
        await by_redis.one.house.tries.count(PASSWORDS_OF_A_NAME, "lan")
    with pytest.raises(Refused, match="too-many-tries"):
        await away(lambda: Api(by_redis.other.url).post("/session", username="lan", password=PASSWORD))


# -- outlooks ----------------------------------------------------------------------------------------------------------


async def test_the_outlook_of_the_server_that_writes_is_what_all_tell(by_redis: Two) -> None:
    one, other = by_redis.one.house, by_redis.other.house
    host = await other.bus.host(BRANCH)
    issued = await away(lambda: Api(by_redis.one.url, by_redis.tokens["dispenser"]).issue("chung-thuc"))
    await until(lambda: host.outlook is not None and issued.id in host.outlook.tickets)
    writer = one.bus.loaded(BRANCH)
    assert writer is not None
    assert host.outlook == writer.outlook
    assert one.foreseer.player is not None
    assert other.foreseer.player is None, "who hears of it need not make it"


async def test_looking_moves_no_advice_and_people_at_the_dispenser_do_in_all_servers(by_redis: Two) -> None:
    house = by_redis.one.house
    host = await house.bus.host(BRANCH)
    for config in two_branches(host.state.configured):
        await house.bus.put_in_force(config, SETUP.by(), f"test-{config.branch}-0001")
    api = Api(by_redis.one.url, by_redis.tokens["integration"])
    await away(lambda: api.counter(1, "open"))
    await house.bus.carry_out(NEAR, OpenCounter(counter=1), By("account:lan", clerk="lan"), "test-open-0001")
    for _ in range(15):
        await away(lambda: api.issue("chung-thuc"))

    def asks(token: str | None) -> bool:
        found = Api(by_redis.one.url, token).get(f"/branches/suggest?field=chung-thuc&from={BRANCH}")["branches"]
        return bool(found) and (found[0]["branch"], found[0]["is_advised"]) == (NEAR, True)

    async def is_advised(token: str | None = None) -> bool:
        return await away(lambda: asks(token))

    await until(is_advised)
    for _ in range(100):
        assert await is_advised()
    told = 0
    while await is_advised(by_redis.tokens["dispenser"]):
        told += 1
        assert told < 100
    assert told > 3
    assert not await is_advised()
    for each in (by_redis.one.house, by_redis.other.house):
        await until(partial(_are_under_way, each, told * 0.45))


def _are_under_way(house: House, expected: float) -> bool:
    return house.elsewhere.under_way(NEAR, "chung-thuc", house.now()) == pytest.approx(expected)


async def test_whom_another_branch_might_lend_is_told_with_what_it_costs_there(alone: Two) -> None:
    house = alone.one.house
    host = await house.bus.host(BRANCH)
    home, near = two_branches(host.state.configured)
    near = replace(near, name=Text("Kế bên"))
    for config in (home, near):
        await house.bus.put_in_force(config, SETUP.by(), f"test-{config.branch}-0001")
    for no in (1, 2):
        await house.bus.carry_out(NEAR, OpenCounter(counter=no), CHIEF, f"test-open-000{no}")
    api, manager = Api(alone.one.url, alone.tokens["integration"]), await away(lambda: StaffApi(alone.one.url, "quang"))
    await away(lambda: api.counter(1, "open"))
    for _ in range(20):
        await away(lambda: api.issue("chung-thuc"))

    async def lent() -> list[dict[str, Any]]:
        found = await away(lambda: manager.get(f"/branches/{BRANCH}/advice"))
        return [each for each in found["advice"] if each["kind"] == "lend"]

    await until(lambda: bool(house.elsewhere.lenders([home, near], BRANCH, house.now())))
    (advice,) = await lent()
    assert (advice["lender"], advice["lender_name"]["vi"], advice["fields"]) == (NEAR, "Kế bên", ["chung-thuc"])
    assert advice["foreseen"]["with_s"] < advice["foreseen"]["without_s"]
    assert advice["lender_before"]["mean_s"] == advice["lender_after"]["mean_s"] == 0, "nobody waits there"
    asked = {"kind": "lend", "lender": NEAR, "fields": ["chung-thuc"], "foreseen": advice["foreseen"]}
    await away(lambda: manager.branch_command("take-advice", **asked))
    assert await lent() == []
    day = host.state.day
    assert day is not None
    report = await away(lambda: manager.get(f"/branches/{BRANCH}/reports/{day.date}"))
    assert report["advice"][0]["lender_name"]["vi"] == "Kế bên"
    head = await away(lambda: StaffApi(alone.one.url, "admin"))

    async def told_there() -> list[dict[str, Any]]:
        found = await away(lambda: head.get(f"/branches/{NEAR}/advice"))
        return [{"branch": each["branch"], "fields": each["fields"]} for each in found["asked"]]

    await until(lambda: any(branch == BRANCH for branch, _ in house.elsewhere.asked(house.now())))
    assert await told_there() == [{"branch": BRANCH, "fields": ["chung-thuc"]}]
