"""The player with a real chromium on a real server: whatever ends, freezes or whitens the page, it comes back."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import pytest
from msgspec.structs import replace
from PIL import Image
from playwright.sync_api import expect

from display_client.player.devtools import DevToolsError
from display_client.player.player import Player
from display_client.player.settings import PROFILE, TOKEN, Settings
from display_client.player.watch import Pace
from tests.browser.conftest import Visit
from tests.demo_server import BRANCH
from tests.printing import signed_in
from tests.server import DemoServer
from tests.staff import eventually

pytestmark = pytest.mark.browser

QUICK = Pace(beat_s=0.2, freeze_s=3.0, blank_s=1.0, picture_s=0.5, memory_s=0.2, server_s=0.2, pause_s=0.1, apart_s=0.0)
WITHIN_S = 20.0
LIVE = "LaySo.health().state === 'live'"
CODE = "document.querySelector('.pairing__code').textContent.replace(/\\s/g, '')"
CALLED = "document.querySelector('#hero-number').textContent"


class Screen:
    """A player in a thread of its own."""

    def __init__(self, folder: Path, server: str, page: Literal["display", "rating"] = "display") -> None:
        self.settings = Settings(
            server=server,
            branch=BRANCH,
            page=page,
            query="muted=1" if page == "display" else "",
            chromium=os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium"),
            flags=("--no-sandbox",),
            state=folder,
            headless=True,
        )
        self.start()

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.player = Player(self.settings, pid=os.getpid(), pace=QUICK)
        self._thread = Thread(target=lambda: self._loop.run_until_complete(self.player.run()))
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self.player.stop)
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()
        self._loop.close()

    @property
    def browser(self) -> int:
        return self.player.shown.browser_pid

    def tell(self, method: str, **parameters: object) -> Any:
        """A command of DevTools to the page that is there now."""
        if self.player.life is None:
            raise DevToolsError("no browser yet")
        asked = self.player.life.devtools.send(method, within=5.0, **parameters)
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result(WITHIN_S)

    def evaluate(self, script: str) -> Any:
        answer = self.tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value") if "exceptionDetails" not in answer else None

    def wait(self, script: str) -> Any:
        """What the script says, as soon as that is true; a page that is not there says nothing."""

        def said() -> Any:
            try:
                return self.evaluate(script)
            except (DevToolsError, AttributeError):
                return None

        try:
            return eventually(said, within_s=WITHIN_S)
        except AssertionError:
            now = self.evaluate("[location.href, document.body.className, document.body.innerText].join()")
            raise AssertionError(f"not within {WITHIN_S:g} s: {script}; {self.player.shown}; {now}") from None

    def wait_for_another(self, browser: int, page: str = LIVE) -> None:
        """Another browser, that shows the page again."""
        eventually(lambda: self.browser not in (0, browser), within_s=WITHIN_S)
        self.wait(page)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("centre"), data=prepared) as server:
        yield server


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory, centre: DemoServer) -> Iterator[Screen]:
    """Let in by the code that it shows, with a call on it."""
    screen = Screen(tmp_path_factory.mktemp("screen"), centre.url)
    try:
        body = {"code": screen.wait(CODE), "name": "Màn hình sảnh", "branch": BRANCH}
        signed_in(centre, "quang", "POST", "/pairings/confirm", body)
        screen.wait(LIVE)
        api = centre.api()
        api.counter(1, "open")
        api.issue("chung-thuc")
        api.call_next(1)
        screen.wait(f"{CALLED} === 'A001'")
        eventually((screen.settings.state / TOKEN).exists)
        yield screen
    finally:
        screen.stop()


def test_a_browser_that_is_killed_comes_back_and_shows_no_code_again(screen: Screen) -> None:
    before = screen.browser
    os.kill(before, signal.SIGKILL)
    screen.wait_for_another(before)
    assert screen.evaluate("document.querySelector('.pairing')") is None


def test_a_page_that_crashes_comes_back(screen: Screen) -> None:
    before = screen.browser
    with suppress(DevToolsError):  # gone, or not yet
        screen.tell("Page.navigate", url="chrome://crash")
    screen.wait_for_another(before)
    assert screen.player.shown.last_end == "the page has crashed"


def renderers(browser: int) -> list[int]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"--type=renderer" in file.read_bytes() and os.getpgid(int(file.parent.name)) == browser:
                found.append(int(file.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def test_a_page_that_freezes_comes_back_and_leaves_nothing_behind(screen: Screen) -> None:
    before = screen.browser
    frozen = renderers(before)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    screen.wait_for_another(before)
    assert screen.player.shown.last_end == "the page has frozen"
    assert frozen
    assert renderers(before) == []


def test_a_page_that_turns_white_is_loaded_anew_by_the_same_browser(screen: Screen) -> None:
    before = screen.browser
    screen.evaluate(
        "document.documentElement.style.background = '#fff', document.body.style.opacity = 0, window.old = 1"
    )
    screen.wait(f"!window.old && {LIVE}")
    assert screen.browser == before


def test_the_page_gets_a_picture_of_itself_and_knows_its_player(screen: Screen) -> None:
    taken = screen.evaluate("LaySo.askPlayer('screenshot')")
    with Image.open(BytesIO(base64.b64decode(taken))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (960, 540))
    health = screen.wait("LaySo.health().player.memory_mb && LaySo.health()")
    assert health["lastCall"]["number"] == "A001"
    assert (health["size"], health["audio"], health["player"]["version"]) == ("1280x720", "off", "0.1.0")


def test_who_manages_the_devices_sees_what_the_screen_shows(screen: Screen, visit: Visit) -> None:
    manager = visit("/manager#devices", account="quang")
    row = manager.get_by_role("row").filter(has_text="trình phát")
    row.get_by_role("button", name="Xem màn hình").click()
    picture = manager.get_by_role("img", name="Ảnh của Màn hình sảnh")
    expect(picture).to_be_visible(timeout=15_000)
    expect(manager.get_by_role("dialog")).to_contain_text(re.compile(r"Ảnh chụp lúc \d\d:\d\d ngày \d\d/\d\d"))
    taken = manager.context.request.get(str(picture.get_attribute("src")))
    with Image.open(BytesIO(taken.body())) as shown:
        assert (shown.format, shown.size) == ("JPEG", (960, 540))
        assert len(set(shown.convert("L").resize((96, 54)).tobytes())) > 20, "a board, not one colour"
    assert screen.evaluate(f"{CALLED} === 'A001'")


def is_on_disk(screen: Screen, text: str) -> bool:
    """Whether the browser has written it down; it takes five seconds and more after the page has."""
    files = (screen.settings.state / PROFILE).glob("**/Local Storage/leveldb/*.log")
    with suppress(FileNotFoundError):  # the browser puts another one in its place
        return any(text.encode("utf-16-le") in file.read_bytes() for file in files)
    return False


ASLEEP = "!document.querySelector('.pairing') && document.querySelector('[data-screen=asleep]') !== null"


def test_a_satisfaction_device_is_let_in_and_comes_back_from_a_killed_and_from_a_frozen_browser(
    tmp_path: Path, prepared: Path
) -> None:
    with ExitStack() as stack:
        centre = stack.enter_context(DemoServer(tmp_path / "centre", data=prepared))
        device = Screen(tmp_path / "device", centre.url, "rating")
        stack.callback(device.stop)
        body = {"code": device.wait(CODE), "name": "Máy đánh giá quầy 3", "branch": BRANCH, "counter": 3}
        signed_in(centre, "quang", "POST", "/pairings/confirm", body)
        device.wait(f"{ASLEEP} && document.body.innerText.indexOf('Quầy 3') >= 0")
        eventually((device.settings.state / TOKEN).exists)
        before = device.browser
        os.kill(before, signal.SIGKILL)
        device.wait_for_another(before, ASLEEP)
        before = device.browser
        for pid in renderers(before):
            os.kill(pid, signal.SIGSTOP)
        device.wait_for_another(before, ASLEEP)
        assert device.player.shown.last_end == "the page has frozen"
        api = centre.api()
        api.counter(3, "open")
        ticket = api.issue("chung-thuc")
        assert api.call_next(3) is not None
        api.ticket(ticket.id, "start")
        api.ticket(ticket.id, "finish")
        device.wait("document.querySelectorAll('[data-level]').length === 4")


def test_without_the_server_the_screen_is_stale_not_loaded_and_after_a_power_cut_still_shows_the_last_board(
    screen: Screen, centre: DemoServer
) -> None:
    screen.wait("caches.keys().then((names) => names.indexOf('layso-voice') >= 0)")
    screen.evaluate("window.old = 1")
    centre.kill()
    screen.wait("document.body.classList.contains('is-stale')")
    assert screen.evaluate("window.old") == 1
    eventually(lambda: is_on_disk(screen, "A001"))
    before = screen.browser
    os.kill(before, signal.SIGKILL)
    eventually(lambda: screen.browser not in (0, before))
    screen.wait(f"document.body.classList.contains('is-kept') && {CALLED} === 'A001'")
    assert screen.evaluate("document.querySelector('#hero-label').textContent.indexOf('Bảng lúc ')") == 0
    assert screen.evaluate("document.querySelector('.pairing')") is None
    screen.stop()
    profile = screen.settings.state / PROFILE
    profile.rename(profile.with_name("lost"))
    screen.start()
    screen.wait("document.body.innerText.indexOf('Bảng gọi số sẽ hiện ngay khi có kết nối.') >= 0")
    centre.start()
    screen.wait(f"{LIVE} && !document.body.classList.contains('is-stale')")
    assert screen.evaluate("document.querySelector('.pairing')") is None, "the player has kept the device's key too"


def test_a_browser_that_takes_too_much_memory_is_started_anew(screen: Screen) -> None:
    screen.stop()
    given = screen.settings
    screen.settings = replace(given, memory_mb=1)
    screen.start()
    eventually(lambda: screen.player.shown.restarts > 0)
    screen.stop()
    assert screen.player.shown.last_end.startswith("it takes ")
    screen.settings = given
    screen.start()
