"""An hour of Gò Vấp, compressed: three clerks, a helper and a supervisor at their own pages on one server, a dispenser
and other counters beside them. One clerk's line is lost in the middle of a press, one works in two tabs of which one
sleeps, one clicks everything twice. What each of them meant is written down here as they do it, and stands in the
journal once.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from load.faults.processes import Proxy
from load.measure import free_port
from tests.browser.conftest import Faults, Visit
from tests.browser.desk import KEYPAD, READY, Desk, journal_of
from tests.server import DemoServer, Refused

pytestmark = [pytest.mark.browser, pytest.mark.faults]

SEED = 20261129
WAITING_FIRST = 24
Meant = Iterator[tuple[str, ...]]
"""Presses, one after another; after each, the events that whoever pressed meant."""


@pytest.fixture
def centre(tmp_path: Path, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path, data=prepared) as server:
        yield server


@pytest.fixture
def proxy(centre: DemoServer) -> Iterator[tuple[Proxy, str]]:
    port = free_port()
    running = Proxy([("wifi", port, centre.port)])
    yield running, f"http://127.0.0.1:{port}"
    running.kill()


class Twice(Desk):
    """Somebody who presses everything twice: the second time while the first is under way, and once it is done."""

    def click(self) -> None:
        self.page.locator(READY).evaluate(f"button => ({AGAIN})(() => button.click())")

    def key(self, *keys: str) -> None:
        for key in keys:
            expect(self.page.locator(READY)).to_be_visible()
            self.page.evaluate(f"code => ({AGAIN})(() => document.body.dispatchEvent({KEYDOWN}))", KEYPAD[key])


KEYDOWN = 'new KeyboardEvent("keydown", {key: "", code, bubbles: true, cancelable: true})'
AGAIN = """press => {
  press();
  press();
  const isDone = () => !document.querySelector('[aria-busy="true"]');
  const timer = setInterval(() => isDone() && (clearInterval(timer), press()), 5);
}"""


def click(desk: Desk, words: str) -> None:
    expect(desk.page.locator(READY)).to_contain_text(words)
    if isinstance(desk, Twice):
        desk.click()
    else:
        desk.page.locator(READY).click()


def citizens(desk: Desk, count: int) -> Meant:
    """Called, called again, served; now and then one does not come, or has to complete papers."""
    click(desk, "Gọi tiếp")
    yield ("ticket.called",)
    for nth in range(count):
        if nth % 3 == 1:
            desk.key("-")
            yield ("ticket.no_show",)
            click(desk, "Gọi tiếp")
            yield ("ticket.called",)
        desk.key("+")
        yield ("ticket.recalled",)
        click(desk, "Bắt đầu")
        yield ("ticket.serving",)
        click(desk, "Hoàn thành và gọi tiếp")
        yield ("ticket.finished", "ticket.called")
    click(desk, "Bắt đầu")
    yield ("ticket.serving",)


def lan(desk: Desk, proxy: Proxy) -> Meant:
    """Her line loses an answer, and is gone for a while; she puts somebody on hold, and calls for help."""
    yield from citizens(desk, 1)
    expect(desk.page.locator(READY)).to_contain_text("Hoàn thành và gọi tiếp")
    proxy.set(["wifi"], "mute")
    desk.page.locator(READY).click()
    desk.page.wait_for_timeout(300)  # until the command is there, and only its answer is missing
    proxy.set(["wifi"], "cut")
    yield ("ticket.finished", "ticket.called")
    desk.page.keyboard.press("NumpadSubtract")  # without a line nothing is kept for later
    proxy.set(["wifi"], "pass")
    click(desk, "Bắt đầu")
    yield ("ticket.serving",)
    desk.key("*", "2", "Enter")
    yield ("ticket.held",)
    desk.key("2", "*", "2", "Enter")  # she stands there again
    yield ("ticket.serving",)
    desk.key("Backspace")
    yield ("alarm.raised",)
    click(desk, "Hoàn thành và gọi tiếp")
    yield ("ticket.finished", "ticket.called")


def minh(desk: Desk) -> Meant:
    yield from citizens(desk, 3)


def duc(first: Desk, second: Desk) -> Meant:
    """Two tabs, by turns; the second one sleeps while the first goes on."""
    sleep = first.page.context.new_cdp_session(second.page)
    click(first, "Gọi tiếp")
    yield ("ticket.called",)
    click(second, "Bắt đầu")
    yield ("ticket.serving",)
    sleep.send("Page.setWebLifecycleState", {"state": "frozen"})
    click(first, "Hoàn thành và gọi tiếp")
    yield ("ticket.finished", "ticket.called")
    first.key("-")
    yield ("ticket.no_show",)
    click(first, "Gọi tiếp")
    yield ("ticket.called",)
    sleep.send("Page.setWebLifecycleState", {"state": "active"})
    click(second, "Bắt đầu")
    yield ("ticket.serving",)
    click(first, "Hoàn thành và gọi tiếp")
    yield ("ticket.finished", "ticket.called")
    second.key("3")
    yield ("ticket.returned",)


def hoa(page: Page, count: int) -> Meant:
    for _ in range(count):
        page.locator('[data-field="ho-tich"]').click()
        yield ("ticket.issued",)


def tam(page: Page) -> Meant:
    answer = page.locator('[data-alarm="alarm"] button')
    while answer.count() == 0:
        yield ()
    answer.click()
    yield ("alarm.answered",)


def all_day(centre: DemoServer, has_ended: threading.Event) -> None:
    """The dispenser, and two counters that nobody watches here."""
    dispenser, other, dice = centre.api("dispenser"), centre.api(), random.Random(SEED)
    for no in (4, 5):
        other.counter(no, "open")
    while not has_ended.wait(0.4):
        dispenser.issue(dice.choice(["chung-thuc", "chung-thuc", "ho-tich", "dat-dai", "kinh-doanh"]))
        with suppress(Refused):
            called = other.call_next(dice.choice([4, 5]))
            if called is not None:
                other.ticket(called.id, "start")


def test_each_thing_that_was_meant_happened_once(
    centre: DemoServer, visit: Visit, proxy: tuple[Proxy, str], faults: Faults
) -> None:
    dispenser = centre.api("dispenser")
    for _ in range(WAITING_FIRST):
        dispenser.issue("chung-thuc")
    wifi, address = proxy
    hers = Desk(visit(f"{address}/clerk", account="lan")).opens(1)
    his = Twice(visit("/clerk", account="minh")).opens(2)
    tab = Desk(visit("/clerk", account="duc")).opens(3)
    assert isinstance(his, Twice)
    again = Desk(visit("/clerk", context=tab.page.context)).sees("open")
    people: dict[str, Meant] = {
        "account:lan": lan(hers, wifi),
        "account:minh": minh(his),
        "account:duc": duc(tab, again),
        "account:hoa": hoa(visit("/helper", account="hoa"), 6),
        "account:tam": tam(visit("/manager", account="tam")),
    }
    begun_at = len(journal_of(centre))
    has_ended = threading.Event()
    traffic = threading.Thread(target=all_day, args=(centre, has_ended))
    traffic.start()
    meant: Counter[tuple[str, str]] = Counter()
    try:
        while people:
            for actor in list(people):
                events = next(people[actor], None)
                if events is None:
                    del people[actor]
                meant.update((actor, event) for event in events or ())
        for desk in (hers, his, tab, again):
            expect(desk.page.locator(READY)).to_be_visible()
    finally:
        has_ended.set()
        traffic.join()
    done = journal_of(centre)[begun_at:]
    happened = Counter((each["actor"], each["type"]) for each in done if each["actor"].startswith("account:"))
    assert happened == meant
    calls = [each["ticket"] for each in done if each["type"] == "ticket.called" and not each.get("is_resumed")]
    assert len(calls) == len(set(calls))
