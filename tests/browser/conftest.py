"""A real chromium on a real server process.

`centre` is a `DemoServer`, fresh for each test module. `page` is a tab of a new browser context, at 1366×768, in
Vietnamese; `visit` opens more of them, signed in as an account. A page that logs an error or throws fails its test, and
a failed test leaves a picture of each of its pages in `test-results/`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from tests.demo_server import PASSWORD
from tests.server import DemoServer

RESULTS = Path(__file__).parents[2] / "test-results"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
HARMLESS = re.compile(r"WebSocket connection to|Failed to load resource|error occurred when fetching the script")
"""Chromium itself logs lines that drop and refused requests as errors; the page handles them. Not a missing file."""

SIGN_IN = """async ([username, password]) => {
  const body = JSON.stringify({username, password});
  const answer = await fetch("/api/v1/session", {method: "POST", body, headers: {"content-type": "application/json"}});
  if (!answer.ok) throw new Error(await answer.text());
}"""

failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.failed:  # type: ignore[attr-defined]
        item.stash[failed] = True
    return report


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """A module's own: two at a time do not work in one thread, and some modules bring theirs."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """With a module's own `CHROMIUM_FLAGS` besides."""
    path = os.environ.get("LAYSO_CHROMIUM", "/usr/bin/chromium")
    flags = [*FLAGS, *getattr(request.module, "CHROMIUM_FLAGS", ())]
    with playwright.chromium.launch(executable_path=path, args=flags) as running:
        yield running


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    """A real server process with the demo branch."""
    with DemoServer(tmp_path_factory.mktemp("centre"), data=prepared) as server:
        yield server


class Visit(Protocol):
    def __call__(
        self,
        path: str | None = None,
        *,
        account: str | None = None,
        width: int = 1366,
        height: int = 768,
        locale: str = "vi-VN",
        zoom: float = 1.0,
        touch: bool = False,
        context: BrowserContext | None = None,
    ) -> Page:
        """A page at `path` of the centre, in a new context unless one is given (then it is another tab of it).

        `account` signs in first; `zoom` 2 shows what a browser shows at 200 %; `locale` "en-US" prefers English;
        `touch` is a screen for fingers.
        """


class Faults:
    """What pages logged as errors or threw. A test that provokes one says so: `faults.expected.append(pattern)`."""

    def __init__(self) -> None:
        self.expected: list[str] = []
        self._seen: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda fault: self._seen.append(f"{page.url}: {fault}"))
        page.on("console", lambda message: self._on_console(page, message))

    def _on_console(self, page: Page, message: ConsoleMessage) -> None:
        is_missing = "status of 404" in message.text and "/static/" in str(message.location.get("url", ""))
        if message.type == "error" and (is_missing or not HARMLESS.search(message.text)):
            self._seen.append(f"{page.url}: {message.text}")

    def unexpected(self) -> list[str]:
        return [seen for seen in self._seen if not any(re.search(pattern, seen) for pattern in self.expected)]


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def visit(browser: Browser, centre: DemoServer, faults: Faults, request: pytest.FixtureRequest) -> Iterator[Visit]:
    contexts: list[BrowserContext] = []

    def open_page(
        path: str | None = None,
        *,
        account: str | None = None,
        width: int = 1366,
        height: int = 768,
        locale: str = "vi-VN",
        zoom: float = 1.0,
        touch: bool = False,
        context: BrowserContext | None = None,
    ) -> Page:
        if context is None:
            size = {"width": round(width / zoom), "height": round(height / zoom)}
            context = browser.new_context(
                base_url=centre.url,
                viewport=size,  # type: ignore[arg-type]
                device_scale_factor=zoom,
                locale=locale,
                has_touch=touch,
            )
            contexts.append(context)
        page = context.new_page()
        faults.watch(page)
        if account is not None:
            page.goto("/healthz")
            page.evaluate(SIGN_IN, [account, PASSWORD])
        if path is not None:
            page.goto(path)
        return page

    yield open_page
    if request.node.stash.get(failed, False):
        _take_pictures(request.node.name, contexts)
    for context in contexts:
        context.close()
    assert faults.unexpected() == []


def _take_pictures(test: str, contexts: list[BrowserContext]) -> None:
    RESULTS.mkdir(exist_ok=True)
    pages = [page for context in contexts for page in context.pages]
    name = re.sub(r"[^\w-]+", "_", test)
    for number, page in enumerate(pages, 1):
        page.screenshot(path=RESULTS / f"{name}-{number}.png", timeout=5000)


@pytest.fixture
def page(visit: Visit) -> Page:
    """An empty tab; `page.goto("/clerk")` goes to the centre's page."""
    return visit()


@pytest.fixture
def signed_in(visit: Visit) -> Callable[[str, str], Page]:
    """`signed_in("lan", "/clerk")`"""
    return lambda account, path: visit(path, account=account)
