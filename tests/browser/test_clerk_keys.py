"""A shift without a mouse: everything by a numeric keypad, and by the keys of an ordinary keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.desk import Desk, journal_of
from tests.server import DemoServer

pytestmark = pytest.mark.browser


@pytest.fixture
def centre(tmp_path: Path, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path, data=prepared) as server:
        yield server


def did(centre: DemoServer, actor: str) -> list[str]:
    return [event["type"] for event in journal_of(centre) if event["actor"] == f"account:{actor}"]


def test_the_rarer_things_by_numeric_keypad_alone(centre: DemoServer, visit: Visit) -> None:
    for _ in range(4):
        centre.api("dispenser").issue("chung-thuc")
    other = Desk(visit("/clerk", account="minh")).opens(2)
    desk = Desk(visit("/clerk", account="lan"))
    expect(desk.page.locator(".counter").first).to_be_enabled()
    desk.page.keyboard.press("Numpad2")  # somebody sits there: it is asked
    desk.page.keyboard.press("NumpadEnter")
    expect(desk.page.locator(".sheet__text")).to_contain_text("Trần Văn Minh đang phụ trách")
    desk.page.keyboard.press("NumpadEnter")
    desk.sees("open")
    other.sees("lost")
    desk.key("8", "3", "*", "2", "Enter")  # the third one, out of turn, for the second reason
    desk.has("A 003", "called")
    desk.key(".")
    desk.is_free()
    desk.key("Enter")
    desk.has("A 001", "called")
    desk.key("3")  # back to the queue
    desk.is_free()
    desk.key("Enter")
    desk.has("A 002", "called")
    desk.key("/", "2", "*", "1", "Enter")  # to the first other counter
    desk.is_free()
    desk.key("Enter")
    desk.has("A 003", "called")
    desk.key("4", "*", "2", "*", "3", "Enter")  # priority, three dossiers
    expect(desk.page.locator("dialog")).to_have_count(0)
    expect(desk.page.locator(".hand__about")).to_contain_text("3 hồ sơ")
    desk.key("Enter")
    desk.has("A 003", "serving")
    desk.key("5", "1", "Enter")  # a step that nobody had planned
    desk.is_free()
    desk.key("Enter")
    desk.has("A 004", "called")
    desk.key("6", "2", "Enter")
    desk.is_free()
    desk.key("9", "1", "Enter")  # it comes after all
    expect(desk.page.locator("dialog")).to_have_count(0)
    desk.key("7", "1", "Enter")  # a number for somebody at this counter
    expect(desk.page.locator(".issued__number")).to_be_visible()
    desk.page.keyboard.press("NumpadEnter")
    desk.key("0", "8", "Enter")
    expect(desk.page.locator('[data-action="alarm"]')).to_contain_text("Đã báo")
    desk.key("0", "3", "Enter")
    desk.sees("paused")
    desk.key("Enter")
    desk.sees("open")
    desk.key("0", "9", "Enter")
    expect(desk.page.locator(".chooser")).to_be_visible()
    assert did(centre, "lan") == [
        "counter.opened", "ticket.called", "ticket.undone", "ticket.called", "ticket.returned", "ticket.called",
        "ticket.transferred", "ticket.called", "ticket.amended", "ticket.serving", "ticket.step_done", "ticket.called",
        "ticket.cancelled", "ticket.reinstated", "ticket.issued", "alarm.raised", "counter.paused", "counter.opened",
        "counter.closed",
    ]  # fmt: skip


def test_a_shift_by_tab_arrows_enter_and_escape(centre: DemoServer, visit: Visit) -> None:
    for _ in range(2):
        centre.api("dispenser").issue("chung-thuc")
    page = visit("/clerk", account="lan")
    desk = Desk(page)
    expect(page.locator(".counter").first).to_be_enabled()
    page.locator('.counter[data-no="1"]').press("Enter")
    desk.sees("open")
    for state in ("called", "serving"):
        page.locator(".primary").press("Enter")
        desk.has("A 001", state)
    page.locator('[data-action="hold"]').press("Enter")
    page.keyboard.press("ArrowRight")
    expect(desk.option("reason", "Đi sao chụp")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(desk.option("here", "Quầy nào cũng được")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Enter")
    desk.is_free()
    page.locator(".held__ticket").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.locator('[data-action="resume"]').press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(desk.option("how", "Người dân đang ở quầy")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Enter")
    desk.has("A 001", "serving")
    page.locator(".primary").press("Enter")
    desk.has("A 002", "called")
    held = next(event for event in journal_of(centre) if event["type"] == "ticket.held")
    assert (held["reason"], held.get("only_counter")) == ("Đi sao chụp", None)
    assert did(centre, "lan")[-3:] == ["ticket.serving", "ticket.finished", "ticket.called"]
