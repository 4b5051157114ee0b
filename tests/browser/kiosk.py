"""The dispenser's page as a citizen uses it, for the tests of the dispenser."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.server import DemoServer

HELPER = "Vui lòng gặp nhân viên hướng dẫn"
SAME_FINGER_MS = 400
"""A press this soon after a new screen is the same finger's and does not count."""


class Kiosk:
    """The page as a citizen uses it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def card(self, field: str) -> Locator:
        return self.page.locator(f".cards [data-field={field}]")

    def key(self, name: str) -> Locator:
        return self.page.locator(f"[data-key={name}]")

    def settle(self) -> None:
        """Wait until a press counts: for who cannot see it, a new screen is deaf for a moment."""
        self.page.evaluate("ms => new Promise(done => setTimeout(done, ms))", SAME_FINGER_MS + 50)

    def next_tick(self) -> None:
        """Wait until the page has looked at its clock, which it does every second."""
        self.page.evaluate("new Promise(done => setTimeout(done, 1100))")

    def choose(self, field: str) -> None:
        self.settle()
        self.card(field).click()
        expect(self.key("take")).to_be_visible()
        self.settle()

    def take(self) -> str:
        """Press "Lấy số"; the number that the screen shows."""
        self.key("take").click()
        return self.number()

    def number(self) -> str:
        shown = self.page.locator("[data-number]")
        expect(shown).to_be_visible()
        return shown.get_attribute("data-number") or ""

    def go_back(self) -> None:
        self.settle()
        self.key("done").click()
        expect(self.page.locator(".cards")).to_be_visible()

    def helper_sentence(self) -> Locator:
        return self.page.locator("[data-state=down]").get_by_text(HELPER)


def open_kiosk(visit: Visit, centre: DemoServer, *, width: int = 1080, height: int = 1920, zoom: float = 1.0) -> Kiosk:
    """The dispenser's page, signed in by its token, in a browser that prefers English."""
    path = f"/dispenser/go-vap#token={centre.tokens['dispenser']}"
    page = visit(path, width=width, height=height, zoom=zoom, locale="en-US", touch=True)
    expect(page.locator(".cards")).to_be_visible()
    return Kiosk(page)


def issued(centre: DemoServer, field: str) -> int:
    return next(int(row["issued"]) for row in centre.api().look()["fields"] if row["code"] == field)
