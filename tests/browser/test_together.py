"""The whole way of a number: given at the dispenser, called at the counter, shown in the hall."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.server import DemoServer

pytestmark = pytest.mark.browser

READY = '.primary[data-ready="true"]'


@pytest.fixture
def hall(visit: Visit, centre: DemoServer) -> Page:
    """The display in the hall, connected, without sound."""
    page = visit(f"/display/{centre.branch}?muted=1", width=1920, height=1080)
    expect(page.locator("#link-text")).not_to_be_empty()
    return page


def test_a_number_is_given_called_shown_and_taken_down(centre: DemoServer, visit: Visit, hall: Page) -> None:
    given = centre.api("dispenser").issue("dat-dai")
    clerk = visit("/clerk", account="lan")
    clerk.locator('.counter[data-no="4"]').click()
    expect(clerk.locator(f'.row[data-number="{given.number}"]')).to_be_visible()
    clerk.locator(READY).click()
    expect(clerk.locator(".hand__number")).to_have_text(re.compile("K 001"))
    expect(hall.locator("#hero-number")).to_have_text(re.compile(r"K\s*001"))
    expect(hall.locator("#hero-no")).to_have_text("4")
    call = centre.api().board()["calls"]
    assert [(each["number"], each["counter"], each["times"]) for each in call.values()] == [("K001", 4, 1)]

    clerk.keyboard.press("NumpadAdd")
    expect(hall.locator("#hero-again")).to_be_visible()
    expect(clerk.locator(READY)).to_be_visible()
    clerk.keyboard.press("NumpadDecimal")  # undo is refused after the recall: nothing is taken down
    clerk.locator(READY).click()
    expect(clerk.locator(".hand")).to_have_attribute("data-state", "serving")
    assert centre.api().board()["counters"]["4"]["ticket"]["state"] == "serving"


def test_a_call_that_is_undone_leaves_the_hall(centre: DemoServer, visit: Visit, hall: Page) -> None:
    centre.api("dispenser").issue("kinh-doanh")
    clerk = visit("/clerk", account="minh")
    clerk.locator('.counter[data-no="5"]').click()
    clerk.locator(READY).click()
    shown = hall.locator("#hero-number", has_text=re.compile(r"M\s*001"))
    expect(shown).to_be_visible()
    expect(clerk.locator(READY)).to_be_visible()
    clerk.keyboard.press("NumpadDecimal")
    expect(clerk.locator(".hand")).to_have_attribute("data-state", "")
    expect(shown).to_be_hidden()


def test_the_hall_and_the_counter_come_back_together(centre: DemoServer, visit: Visit, hall: Page) -> None:
    centre.api("dispenser").issue("tra-ket-qua")
    clerk = visit("/clerk", account="tam")
    clerk.locator('.counter[data-no="6"]').click()
    expect(clerk.locator(READY)).to_be_visible()
    centre.kill()
    expect(clerk.locator(".primary")).to_be_disabled()
    centre.restart()
    clerk.locator(READY).click(timeout=5000)
    expect(hall.locator("#hero-number")).to_have_text(re.compile(r"S\s*001"))
    assert len(centre.api().board()["calls"]) >= 1
