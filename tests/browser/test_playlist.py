"""Notices beside the calls, from the manager's upload to a screen that goes on without its server.

`samples/two-colours.webm` is a film of 1.5 s, 64×36, VP8 without sound: a canvas of two colours in turn, taken in
chromium by `MediaRecorder`.
"""

from __future__ import annotations

import asyncio
import json
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Locator, Page, Route, expect

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.app import open_house
from queue_server.directory.importing import plan_import, read_organisation, store_import
from queue_server.domain.configuration import Desk, Screen, Voice
from queue_server.settings import read_settings
from tests.browser.conftest import Visit
from tests.browser.test_display import GLYPHS, KIOSK, LISTEN, OVERFLOWS, Hall
from tests.demo_server import BRANCH, NOTES, demo_config, set_up
from tests.server import DemoServer
from tests.staff import StaffApi, eventually

pytestmark = pytest.mark.browser
CHROMIUM_FLAGS = (KIOSK,)

GO_VAP = Path(__file__).parents[2] / "config" / "organisations" / "go-vap.yaml"
FILM = Path(__file__).with_name("samples") / "two-colours.webm"
SPLIT = f"/display/{BRANCH}/ghe-cho"
COUNTERS = range(1, 14)
IMAGE, VIDEO = ".playlist img", ".playlist video"
KEPT = """() => new Promise((resolve) => {
  const asked = indexedDB.open('layso-media-go-vap', 1);
  asked.onsuccess = () => {
    const files = asked.result.transaction('files').objectStore('files').getAll();
    files.onsuccess = () => {
      asked.result.close();
      resolve(files.result.filter((file) => file.has * 1048576 >= file.size).length);
    };
  };
})"""
VOLUMES = """() => { window.volumes = []; setInterval(() => {
  const film = document.querySelector('.playlist video');
  if (film) { window.volumes.push(film.volume); }
}, 50); }"""


def picture(width: int = 900, height: int = 600) -> bytes:
    """Not compressed: 1.6 MB, two pieces."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b"".join(b"\0" + bytes((0, 90, 60)) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 0)) + chunk(b"IEND", b"")


def prepare(folder: Path) -> None:
    """An imported centre with thirteen counters, a screen at the door and one with a place for notices."""

    async def make() -> None:
        async with open_house(read_settings({}, data=folder)) as house:
            made = await set_up(house)
            plan = await house.journal.run(partial(plan_import, organisation=read_organisation(GO_VAP)))
            await house.journal.run(partial(store_import, plan=plan, now=house.now()))
            config = demo_config(house.now())
            fields = tuple(field.code for field in config.fields)
            config = replace(
                config,
                counters=tuple(Desk(no, fields) for no in COUNTERS),
                screens=(Screen("cua", layout="waiting"), Screen("ghe-cho", layout="split", voice=Voice())),
            )
            administrator = Who("account:admin", Role.ADMINISTRATOR)
            await house.bus.put_in_force(config, administrator.by(), "playlist-setup-1")
        (folder / NOTES).write_text(json.dumps(made))

    with ThreadPoolExecutor(1) as pool:  # playwright's own loop runs in this thread
        pool.submit(lambda: asyncio.run(make())).result()


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    prepared = tmp_path_factory.mktemp("prepared")
    prepare(prepared)
    with DemoServer(tmp_path_factory.mktemp("playlist"), data=prepared) as server:
        for no in COUNTERS:
            server.api().counter(no, "open")
        yield server


def set_notices(centre: DemoServer, *notices: dict[str, Any]) -> None:
    manager = StaffApi(centre.url, "quang")
    path = f"/branches/{BRANCH}/notices"
    version = manager.get(path)["version"]
    manager.request("PUT", f"/api/v1{path}", {"version": version, "notices": notices})


def text(code: str = "le", **changes: Any) -> dict[str, Any]:
    return {"code": code, "kind": "text", "title": {"vi": "Nghỉ lễ"}, "lines": [{"vi": "Nghỉ ngày 02/9."}]} | changes


class Line:
    """What a screen asks for files, and a line that is lost once at their second pieces."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        page.route("**/media/*", self._on_request)

    def _on_request(self, route: Route) -> None:
        asked = route.request.headers.get("range", "")
        is_lost = asked.startswith("bytes=1048576-") and asked not in self.asked
        self.asked += [asked] if asked.startswith("bytes=") and not asked.endswith("-") else []
        if is_lost:
            route.abort()
        else:
            route.continue_()


def press(button: Locator) -> None:
    """By the keyboard, as soon as it may be pressed."""
    expect(button).to_be_enabled()
    button.press("Enter")


def screen(visit: Visit, path: str = SPLIT, width: int = 1280, height: int = 720, page: Page | None = None) -> Page:
    page = page or visit(width=width, height=height)
    page.add_init_script(LISTEN)
    page.goto(path)
    page.wait_for_function("() => document.querySelector('.link.is-live') !== null")
    return page


def test_a_manager_brings_a_picture_and_screens_play_on_without_the_server(
    visit: Visit, centre: DemoServer, tmp_path: Path
) -> None:
    (tmp_path / "Lịch lễ.png").write_bytes(picture())
    manager = visit("/manager#notices", account="quang")
    form = manager.get_by_role("dialog")
    expect(manager.get_by_text("Chưa có thông báo nào")).to_be_visible()
    for file in (tmp_path / "Lịch lễ.png", FILM):
        manager.locator("#file").set_input_files(file)
        press(manager.get_by_role("button", name="Tải lên"))
        expect(form.locator("#notice-title")).to_be_focused()
        if form.locator("#notice-seconds").count():
            form.locator("#notice-seconds").fill("3")
        form.locator("#notice-title").press("Enter")
        expect(form).to_have_count(0)
    lines = manager.locator("[data-notice]")
    expect(lines.first).to_contain_text("Lịch lễ")
    expect(lines.first).to_contain_text("Mọi ngày, cả ngày · 3 giây")
    assert lines.first.locator("img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 900
    page, door = visit(width=1280, height=720), screen(visit, f"/display/{BRANCH}/cua")
    line = Line(page)
    screen(visit, page=page)
    page.wait_for_selector(IMAGE)
    assert page.locator(IMAGE).evaluate("(image) => image.naturalWidth") == 900
    page.wait_for_selector(VIDEO)
    page.wait_for_function("() => document.querySelector('.playlist video').currentTime > 0.2")

    page.evaluate(VOLUMES)
    centre.api("dispenser").issue("chung-thuc")
    called = centre.api().call_next(1)
    assert called is not None
    page.wait_for_function("() => Math.abs(Math.min(...window.volumes) - 0.2) < 0.01", timeout=15_000)

    manager.get_by_role("button", name="Viết thông báo chữ").click()
    form.locator("#notice-title").fill("Mất điện lúc 10:00")
    form.locator("#notice-lines").fill("Mời ngồi chờ.")
    form.locator("[data-confirm]").click()
    urgent = manager.get_by_role("button", name="Chiếu ngay: Mất điện lúc 10:00")
    press(urgent)
    press(form.locator("[data-confirm]"))
    expect(page.locator(".poster")).to_contain_text("Mất điện lúc 10:00", timeout=3000)
    expect(door.locator("#bar-text")).to_have_text("Mất điện lúc 10:00. Mời ngồi chờ.", timeout=3000)
    expect(urgent).to_have_attribute("aria-pressed", "true")
    press(urgent)
    page.wait_for_selector(IMAGE, timeout=3000)

    press(manager.get_by_role("button", name="Gỡ: Mất điện lúc 10:00"))
    press(form.locator("[data-confirm]"))
    expect(lines).to_have_count(2)
    eventually(lambda: page.evaluate(KEPT) == 2)
    first, second = "bytes=0-1048575", "bytes=1048576-2097151"
    assert sorted(line.asked) == [first, first, second, second], "it went on where it was"
    page.unroute_all()
    centre.kill()
    page.wait_for_selector(f"{VIDEO}[src^='blob:']")
    page.wait_for_function("() => document.querySelector('.playlist video').currentTime > 0.2")
    page.wait_for_selector(f"{IMAGE}[src^='blob:']")
    assert page.locator(IMAGE).evaluate("(image) => image.naturalWidth") == 900
    centre.start()
    page.wait_for_function("() => document.querySelector('.link.is-live') !== null", timeout=15_000)
    set_notices(centre)
    page.wait_for_function("() => !document.body.classList.contains('is-split')", timeout=3000)
    set_notices(centre, text())
    eventually(lambda: page.evaluate(KEPT) == 0)
    centre.api().ticket(called.id, "no-show")


LONG = [
    f"Giấy tờ thứ {n}: bản chính và bản sao có chứng thực, kèm giấy tờ tùy thân của người nộp." for n in range(1, 9)
]
PAGES = """() => {
  const text = (words) => ({vi: words, en: words, more: {}});
  const poster = new LaySo.Poster({title: text("Hồ sơ cần chuẩn bị"), lines: LONG.map(text)});
  const place = document.getElementById("playlist");
  place.textContent = "";
  place.appendChild(poster.element);
  const box = place.getBoundingClientRect();
  const lasts = poster.lasts(15), count = lasts / 8000, seen = [], cut = [];
  for (let page = 0; page < count; page += 1) {
    poster.turn((page + 0.5) * 8000, lasts);
    Array.from(poster.element.querySelectorAll(".poster__line")).filter((one) => !one.hidden).forEach((one) => {
      seen.push(one.textContent);
      const its = one.getBoundingClientRect();
      if (its.top < box.top || its.bottom > box.bottom || its.right > box.right) { cut.push(one.textContent); }
    });
  }
  const size = parseFloat(getComputedStyle(poster.element.querySelector(".poster__line")).fontSize) / innerHeight * 100;
  const says = poster.element.querySelector(".poster__page").textContent;
  return {seen: seen, cut: cut, size: size, count: count, says: says};
}"""


@pytest.mark.parametrize(("width", "height", "least"), [(1920, 1080, 4), (1280, 720, 4), (1080, 1920, 1.9)])
def test_a_long_notice_comes_in_pages_that_can_be_read_from_afar(
    visit: Visit, centre: DemoServer, width: int, height: int, least: float
) -> None:
    set_notices(centre, text())
    page = screen(visit, width=width, height=height)
    expect(page.locator(".poster")).to_be_visible()
    found = page.evaluate(PAGES.replace("LONG", json.dumps(LONG)))
    assert found["seen"] == LONG
    assert found["cut"] == []
    assert found["size"] >= least
    assert found["count"] > 1
    assert found["says"] == f"{found['count']:.0f}/{found['count']:.0f}"


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (720, 1280)])
def test_numbers_beside_notices_stay_a_twelfth_of_the_screen_high(
    visit: Visit, centre: DemoServer, width: int, height: int
) -> None:
    set_notices(centre, text())
    page = screen(visit, width=width, height=height)
    expect(page.locator(".poster")).to_contain_text("Nghỉ ngày 02/9.")
    main = ".hero .number__digits" if width < height else ".number__digits"
    hall = Hall(centre.api())
    try:
        for counters, is_there in ((range(1, 5), 3), (range(5, 14), 6 if width < height else 7)):
            hall.call_all(counters)
            page.wait_for_function(f"() => document.querySelectorAll('.call').length >= {is_there}")
            assert min(page.evaluate(GLYPHS, main)) >= 1 / 12
            assert page.evaluate(OVERFLOWS) == []
    finally:
        hall.clear()
    set_notices(centre)
    page.wait_for_function("() => !document.body.classList.contains('is-split')", timeout=3000)
