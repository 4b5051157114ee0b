"""Files for lobby screens: how they lie in each database, and how they come and go over HTTP."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from queue_server.app import open_house
from queue_server.directory import media as store
from queue_server.directory.importing import plan_import, read_organisation, store_import
from queue_server.directory.media import MB, PIECE, format_of
from queue_server.journal.port import Journal
from queue_server.settings import Settings
from tests.contract.conftest import DURABLE
from tests.contract.journal_rows import NOON
from tests.demo_server import BRANCH
from tests.server import DemoServer, Refused
from tests.staff import StaffApi, sign_in

GO_VAP = Path(__file__).parents[2] / "config" / "organisations" / "go-vap.yaml"
PNG = b"\x89PNG\r\n\x1a\n"
WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"
HTML = "\n<!DOCTYPE html><title>Thông báo</title><p>Nghỉ lễ</p>".encode()
LATER = NOON + timedelta(hours=25)


def noise(size: int, seed: int = 1, begins: bytes = PNG) -> bytes:
    return (begins + random.Random(seed).randbytes(size))[:size]


# -- in the database ---------------------------------------------------------------------------------------------------

on_each = pytest.mark.parametrize("open_journal", DURABLE, indirect=True)


async def put(journal: Journal, media_id: str, content: bytes, *, is_whole: bool = True) -> store.Media | None:
    await journal.run(
        partial(store.begin, media_id=media_id, mime="image/png", name="a.png", by="account:quang", now=NOON)
    )
    for place in range(-(-len(content) // PIECE)):
        data = content[place * PIECE : (place + 1) * PIECE]
        await journal.run(partial(store.put_piece, media_id=media_id, place=place, data=data))
    if not is_whole:
        return None
    digest = sha256(content).hexdigest()
    return await journal.run(partial(store.finish, media_id=media_id, sha256=digest, size=len(content)))


async def content_of(journal: Journal, sha: str) -> bytes | None:
    found = await journal.run(partial(store.find, sha256=sha))
    if found is None:
        return None
    places = range(-(-found.size // PIECE))
    return b"".join([await journal.run(partial(store.piece, media_id=found.id, place=place)) for place in places])


async def count(journal: Journal) -> tuple[int, int]:
    statement = "SELECT (SELECT count(*) FROM media), (SELECT count(*) FROM media_piece)"
    files, pieces = await journal.run(lambda db: db.execute(statement).fetchone())
    return files, pieces


@on_each
@pytest.mark.anyio
async def test_a_file_is_what_was_put_in_and_unknown_until_all_of_it_is_here(journal: Journal) -> None:
    content = noise(2 * PIECE + 7)
    digest = sha256(content).hexdigest()
    await put(journal, "half", content, is_whole=False)
    assert await content_of(journal, digest) is None
    found = await put(journal, "whole", content)
    assert found == store.Media("whole", digest, "image/png", 2 * PIECE + 7, "a.png", "account:quang", NOON)
    assert found.kind == "image"
    assert await content_of(journal, digest) == content
    again = await put(journal, "again", content)
    assert again == found, "the same content is the same file"
    assert await journal.run(partial(store.find_all, wanted={digest, "0" * 64})) == {digest: found}


@on_each
@pytest.mark.anyio
async def test_what_no_notice_names_goes_after_a_day_and_so_does_what_never_came_whole(journal: Journal) -> None:
    named, unnamed = noise(3 * PIECE, 1), noise(40 * PIECE, 2)
    kept = (await put(journal, "named", named)).sha256  # type: ignore[union-attr]
    await put(journal, "unnamed", unnamed)
    await put(journal, "half", noise(PIECE, 3), is_whole=False)
    touched = await put(journal, "touched", noise(9, 4))
    assert await store.forget_unwanted(journal, {kept}, NOON + timedelta(hours=23)) == 0
    assert await count(journal) == (4, 45)
    await journal.run(partial(store.want, media=touched, now=NOON + timedelta(hours=2)))  # type: ignore[arg-type]
    assert await journal.run(partial(store.forget, media_id="touched", now=LATER)), "wanted since it was looked for"
    assert await store.forget_unwanted(journal, {kept}, LATER) == 2
    assert await count(journal) == (2, 4)
    assert await content_of(journal, kept) == named
    assert await content_of(journal, touched.sha256) == noise(9, 4)  # type: ignore[union-attr]
    await journal.run(lambda db: db.execute("UPDATE media SET wanted_at = 0 WHERE id = 'named'").rowcount)
    plan = await journal.run(partial(plan_import, organisation=read_organisation(GO_VAP)))
    await journal.run(partial(store_import, plan=plan, now=NOON))
    document = json.dumps({"notices": [{"code": "a", "media": kept}]})
    await journal.run(lambda db: db.execute("UPDATE branch SET document = ?", (document,)).rowcount)
    await store.forget_unwanted(journal, set(), LATER + timedelta(days=2))
    assert await content_of(journal, kept) == named, "a document names it"
    assert await count(journal) == (1, 3)


@pytest.mark.parametrize(
    ("beginning", "mime"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (WEBM, "video/webm"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00", "video/mp4"),
        (HTML, "text/html; charset=utf-8"),
        (b"\xef\xbb\xbf<html lang='vi'>" + "ế".encode()[:-1], "text/html; charset=utf-8"),
        (b"", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"MZ\x90\x00", None),
        (b"\x00\x00\x00\x20ftypheic", None),
        (b"\x1aE\xdf\xa3\x9fB\x82\x88matroska", None),
        (b"Thong bao: <html>", None),
        (b"<html>\xff\xfe\xfa\xfb\xfc", None),
        (b"%PDF-1.7", None),
    ],
)
def test_what_a_file_is_its_content_says(beginning: bytes, mime: str | None) -> None:
    found = format_of(beginning)
    assert (found.mime if found else None) == mime


# -- over HTTP ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def in_directory(data: Path) -> None:
    """The centre is one that was imported."""
    async with open_house(Settings(data=data)) as house:
        plan = await house.journal.run(partial(plan_import, organisation=read_organisation(GO_VAP)))
        await house.journal.run(partial(store_import, plan=plan, now=house.now()))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("media"), data=prepared) as found:
        found.stop()
        asyncio.run(in_directory(found.data))
        found.start()
        yield found


@pytest.fixture
def no_notices(manager: StaffApi) -> None:
    set_notices(manager)


@pytest.fixture
def manager(server: DemoServer) -> StaffApi:
    return StaffApi(server.url, "quang")


def send(
    server: DemoServer, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, body or None, {name.replace("_", "-"): v for name, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def upload(server: DemoServer, content: bytes, name: str = "anh.png", account: str = "quang") -> dict[str, Any]:
    key = {"Idempotency_Key": uuid4().hex, "Cookie": sign_in(server.url, account)}
    status, _, body = send(server, "PUT", f"/api/v1/media?name={name}", content, **key)
    found: dict[str, Any] = json.loads(body)
    return found | {"status": status}


def test_a_file_comes_in_once_and_goes_out_whole_or_in_parts(server: DemoServer) -> None:
    content = noise(PIECE + 100)
    told = upload(server, content)
    digest = sha256(content).hexdigest()
    assert (told["status"], told["sha256"], told["kind"], told["size"], told["name"], told["uploaded_by"]) == (
        200, digest, "image", PIECE + 100, "anh.png", "account:quang",
    )  # fmt: skip
    assert upload(server, content, "khac.png")["name"] == "anh.png", "the same again is the same file"
    path = f"/media/{digest}"
    status, headers, body = send(server, "GET", path)
    assert (status, body == content, headers["content-type"], headers["etag"]) == (
        200,
        True,
        "image/png",
        f'"{digest}"',
    )
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    for asked, start, end in (
        (f"bytes={PIECE - 5}-{PIECE + 4}", PIECE - 5, PIECE + 5),
        (f"bytes={PIECE}-", PIECE, PIECE + 100),
        ("bytes=-3", PIECE + 97, PIECE + 100),
        (f"bytes=0-{10 * PIECE}", 0, PIECE + 100),
    ):
        status, headers, body = send(server, "GET", path, Range=asked)
        assert body == content[start:end], asked
        if end - start < len(content):
            assert (status, headers["content-range"]) == (206, f"bytes {start}-{end - 1}/{PIECE + 100}")
    for asked in (f"bytes={PIECE + 100}-", "bytes=-0", "bytes=9-3"):
        status, headers, _ = send(server, "GET", path, Range=asked)
        assert (status, headers["content-range"]) == (416, f"bytes */{PIECE + 100}")
    assert send(server, "GET", path, Range="bytes=0-1,4-5")[0] == 200
    assert send(server, "GET", path, Range="bytes=0-1", If_Range='"another"')[2] == content
    assert send(server, "GET", path, If_None_Match=f'"{digest}"')[0] == 304
    status, headers, body = send(server, "HEAD", path)
    assert (status, headers["content-length"], body) == (200, str(PIECE + 100), b"")
    assert send(server, "GET", f"/media/{'0' * 64}")[0] == 404


def test_a_page_comes_as_one_that_can_do_nothing(server: DemoServer) -> None:
    told = upload(server, HTML, "tin.html")
    assert told["kind"] == "html"
    _, headers, _ = send(server, "GET", f"/media/{told['sha256']}")
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none';")


@pytest.mark.parametrize(
    ("content", "code", "limit"),
    [
        (b"%PDF-1.7 and more", "media-format", None),
        (b"", "media-format", None),
        (noise(10 * MB + 1), "too-large", 10 * MB),
        (HTML + b" " * MB, "too-large", MB),
    ],
    ids=("document", "nothing", "picture", "page"),
)
def test_what_cannot_be_shown_is_refused_and_leaves_nothing(
    server: DemoServer, content: bytes, code: str, limit: int | None
) -> None:
    told = upload(server, content)
    assert (told["code"], told["data"].get("limit")) == (code, limit)
    assert send(server, "GET", f"/media/{sha256(content).hexdigest()}")[0] == 404


@pytest.mark.parametrize("account", ["lan", "hoa", "tam"])
def test_only_who_manages_may_bring_files_and_set_notices(server: DemoServer, account: str) -> None:
    assert upload(server, noise(100), account=account)["code"] == "forbidden"
    with pytest.raises(Refused, match="forbidden"):
        StaffApi(server.url, account).get(f"/branches/{BRANCH}/notices")


def text(code: str = "le", **changes: Any) -> dict[str, Any]:
    return {"code": code, "kind": "text", "title": {"vi": "Nghỉ lễ"}, "lines": [{"vi": "02/9"}]} | changes


def set_notices(manager: StaffApi, *notices: dict[str, Any], version: int | None = None, key: str | None = None) -> Any:
    if version is None:
        version = manager.get(f"/branches/{BRANCH}/notices")["version"]
    return manager.request(
        "PUT", f"/api/v1/branches/{BRANCH}/notices", {"version": version, "notices": notices}, key=key
    )[1]


def test_notices_are_in_force_at_once_and_outlive_an_import(server: DemoServer, manager: StaffApi) -> None:
    picture = upload(server, noise(500, 7))["sha256"]
    poster = {
        "code": "anh", "kind": "image", "title": {"vi": "Ảnh", "en": "Picture"}, "media": picture, "seconds": 20,
        "first_day": "2026-11-23", "weekdays": ["mon"], "hours": [[450, 690]], "is_priority": True,
    }  # fmt: skip
    before = manager.get(f"/branches/{BRANCH}/notices")["version"]
    now = set_notices(manager, poster, text(), version=before, key="notices-0001")
    assert [notice["code"] for notice in now["notices"]] == ["anh", "le"]
    assert now["media"][picture]["size"] == 500
    assert set_notices(manager, poster, text(), version=before, key="notices-0001") == now, "a repeat"
    rows = manager.board()["notices"]
    assert rows["anh"] == {
        "code": "anh", "kind": "image", "title": {"vi": "Ảnh", "en": "Picture"}, "lines": [], "media": picture,
        "screens": [], "first_day": "2026-11-23", "last_day": None, "weekdays": ["mon"], "hours": [[450, 690]],
        "seconds": 20, "is_priority": True, "order": 0,
    }  # fmt: skip
    assert rows["le"]["order"] == 1
    with pytest.raises(Refused, match="notices-changed"):
        set_notices(manager, version=before)
    server.stop()
    stored = asyncio.run(documents_after_import(server.data))
    server.start()
    assert [(notice["code"], notice.get("hours")) for notice in stored] == [("anh", ["07:30-11:30"]), ("le", None)]
    assert list(manager.board()["notices"]) == ["anh", "le"], "and a restart"
    assert set_notices(StaffApi(server.url, "quang"))["notices"] == []


async def documents_after_import(data: Path) -> list[dict[str, Any]]:
    async with open_house(Settings(data=data)) as house:
        plan = await house.journal.run(partial(plan_import, organisation=read_organisation(GO_VAP)))
        await house.journal.run(partial(store_import, plan=plan, now=house.now()))
        found = await house.journal.run(lambda db: db.execute("SELECT document FROM branch").fetchone())
    notices: list[dict[str, Any]] = json.loads(found[0])["notices"]
    return notices


@pytest.mark.parametrize(
    ("notices", "code", "where"),
    [
        ([text(kind="image", media="0" * 64)], "unknown-media", None),
        ([text(), text()], "malformed", "$.notices[1].code"),
        ([text(seconds=1)], "malformed", "$.notices[0].seconds"),
        ([text(screens=["nowhere"])], "malformed", "$.notices[0].screens[0]"),
        ([text(first_day="2026-11-24", last_day="2026-11-23")], "malformed", "$.notices[0]"),
        ([text(colour="red")], "malformed", "$.notices[0].colour"),
        ([text(title={"vi": ""})], "malformed", "$.notices[0].title.vi"),
    ],
)
def test_of_notices_with_a_fault_none_is_set(
    manager: StaffApi, no_notices: None, notices: list[dict[str, Any]], code: str, where: str | None
) -> None:
    with pytest.raises(Refused) as refused:
        set_notices(manager, *notices)
    assert (refused.value.code, refused.value.problem.data.get("where")) == (code, where)
    assert manager.get(f"/branches/{BRANCH}/notices")["notices"] == []
