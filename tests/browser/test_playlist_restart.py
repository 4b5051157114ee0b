"""Notices after a power cut: the browser starts anew without its server, and the screen plays what it has kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright

from tests.browser.conftest import FLAGS
from tests.browser.test_display import KIOSK
from tests.browser.test_playlist import FILM, IMAGE, KEPT, SPLIT, VIDEO, picture, prepare, set_notices
from tests.contract.test_media import upload
from tests.server import DemoServer
from tests.staff import eventually

pytestmark = pytest.mark.browser

SHELL = "() => caches.keys().then((names) => names.indexOf('layso-voice') >= 0)"  # it is kept last
BOARD = "() => Object.keys(localStorage).some((name) => localStorage[name].indexOf('lich-le') >= 0)"
PLAYS = "() => document.querySelector('.playlist video').currentTime > 0.2"
WITHIN_MS = 75_000
"""On a busy machine one of the two may be given up at first, and rests for a minute."""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    prepared = tmp_path_factory.mktemp("prepared")
    prepare(prepared)
    with DemoServer(tmp_path_factory.mktemp("restart"), data=prepared) as server:
        yield server


def start(playwright: Playwright, profile: Path) -> BrowserContext:
    path = os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium")
    return playwright.chromium.launch_persistent_context(profile, executable_path=path, args=[*FLAGS, KIOSK])


def plays_both(page: Page) -> None:
    page.wait_for_selector(f"{IMAGE}[src^='blob:']", timeout=WITHIN_MS)
    assert page.locator(IMAGE).evaluate("(image) => image.naturalWidth") == 900
    page.wait_for_selector(f"{VIDEO}[src^='blob:']", timeout=WITHIN_MS)
    page.wait_for_function(PLAYS)


def test_a_picture_and_a_film_are_played_by_a_browser_that_starts_without_the_server(
    playwright: Playwright, centre: DemoServer, tmp_path: Path
) -> None:
    notices = []
    for code, kind, content in (("lich-le", "image", picture()), ("phim", "video", FILM.read_bytes())):
        sent = upload(centre, content, code)
        lasts = {"seconds": 3} if kind == "image" else {}
        notices.append({"code": code, "kind": kind, "title": {"vi": code}, "media": sent["sha256"], **lasts})
    set_notices(centre, *notices)
    first = start(playwright, tmp_path)
    page = first.new_page()
    page.goto(f"{centre.url}{SPLIT}#token={centre.tokens['display']}")
    eventually(lambda: page.evaluate(KEPT) == 2, within_s=20)
    eventually(lambda: page.evaluate(SHELL) and page.evaluate(BOARD), within_s=20)
    centre.kill()
    first.close()
    second = start(playwright, tmp_path)
    page = second.new_page()
    page.goto(centre.url + SPLIT)
    page.wait_for_selector("body.is-kept")
    plays_both(page)
    second.close()
