"""Pictures of screens: how they lie in each database, and who may ask for, give and see one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import pytest

from queue_server.access.pictures import Picture, Pictures, forget
from queue_server.access.rights import Role
from queue_server.app import open_house
from queue_server.journal.port import Journal
from queue_server.settings import Settings
from tests.contract.conftest import DURABLE
from tests.server import DemoServer
from tests.staff import sign_in

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0 as if it were one"

on_each = pytest.mark.parametrize("open_journal", DURABLE, indirect=True)


class HandClock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def later(self, **much: float) -> None:
        self.at += timedelta(**much)


# -- in the database ---------------------------------------------------------------------------------------------------


@on_each
@pytest.mark.anyio
async def test_a_picture_is_taken_only_when_it_is_asked_for_and_once(journal: Journal) -> None:
    clock = HandClock()
    pictures = Pictures(journal, clock)
    assert not await pictures.put("door", JPEG)
    await pictures.ask("door")
    clock.later(seconds=3)
    await pictures.ask("door")
    assert await pictures.asked() == {"door": int(NOON.timestamp())}, "the first asking stands"
    assert await pictures.newest("door") is None
    assert not await pictures.put("board", JPEG)
    assert await pictures.put("door", JPEG)
    assert not await pictures.put("door", JPEG + b"!")
    assert await pictures.asked() == {}
    assert await pictures.newest("door") == Picture(NOON + timedelta(seconds=3), JPEG)


@on_each
@pytest.mark.anyio
async def test_asking_again_waits_for_another_and_a_minute_is_the_longest(journal: Journal) -> None:
    clock = HandClock()
    pictures = Pictures(journal, clock)
    await pictures.ask("door")
    assert await pictures.put("door", JPEG)
    clock.later(seconds=1)
    await pictures.ask("door")
    assert await pictures.newest("door") is None, "the last one goes"
    clock.later(seconds=60)
    assert list(await pictures.asked()) == ["door"]
    clock.later(seconds=1)
    assert await pictures.asked() == {}
    assert not await pictures.put("door", JPEG)
    await pictures.ask("door")
    assert await pictures.asked() == {"door": int(clock.at.timestamp())}
    assert await pictures.put("door", JPEG)


@on_each
@pytest.mark.anyio
async def test_a_picture_goes_after_a_day(journal: Journal) -> None:
    clock = HandClock()
    pictures = Pictures(journal, clock)
    await pictures.ask("door")
    assert await pictures.put("door", JPEG)
    assert await journal.run(partial(forget, now=NOON + timedelta(hours=24))) == 0
    assert await journal.run(partial(forget, now=NOON + timedelta(hours=25))) == 1
    assert await pictures.newest("door") is None


# -- over HTTP ---------------------------------------------------------------------------------------------------------


async def another_branch(data: Path) -> str:
    async with open_house(Settings(data=data)) as house:
        device, _ = await house.access.add_device(Role.DISPLAY, name="Nơi khác", branch="elsewhere")
    return device


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("pictures"), data=prepared) as found:
        yield found


def send(
    server: DemoServer, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int | str, dict[str, str], bytes]:
    """The status, or the code of a problem; headers and body."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, f"/api/v1{path}", body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    said = json.loads(content)["code"] if answer.status >= 400 and content else answer.status
    return said, {name.lower(): value for name, value in answer.getheaders()}, content


def test_a_picture_is_asked_for_given_and_seen(server: DemoServer) -> None:
    quang = {"Cookie": sign_in(server.url, "quang")}
    screen = {"Authorization": f"Bearer {server.tokens['display']}"}
    path = f"/devices/{server.devices['display']}/picture"
    before = datetime.now(UTC).replace(microsecond=0)
    give = partial(send, server, "PUT", "/devices/me/picture", screen)
    assert send(server, "GET", path, quang)[0] == "no-picture"
    assert give(JPEG)[0] == "picture-not-asked"
    assert [send(server, "POST", path, quang)[0] for _ in range(2)] == [202, 202]
    assert give(b"\x89PNG\r\n\x1a\n")[0] == "media-format"
    assert give(b"")[0] == "media-format"
    assert give(JPEG.ljust(400_001))[0] == "too-large"
    largest = JPEG.ljust(400_000)
    assert give(largest)[0] == 204
    assert give(JPEG)[0] == "picture-not-asked"
    status, headers, body = send(server, "GET", path, quang)
    assert (status, headers["content-type"], headers["cache-control"]) == (200, "image/jpeg", "no-store")
    assert body == largest
    assert before <= parsedate_to_datetime(headers["last-modified"]) <= datetime.now(UTC)
    assert send(server, "HEAD", path, quang)[0] == 200


def test_only_a_screen_of_ones_own_branch_can_be_asked(server: DemoServer) -> None:
    quang, admin = ({"Cookie": sign_in(server.url, name)} for name in ("quang", "admin"))
    server.stop()
    elsewhere = asyncio.run(another_branch(server.data))
    server.start()
    for device in ("nobody", server.devices["printer"], elsewhere):
        for method in ("POST", "GET"):
            assert send(server, method, f"/devices/{device}/picture", quang)[0] == "not-found"
    assert send(server, "GET", f"/devices/{elsewhere}/picture", admin)[0] == "no-picture", "of all branches"
