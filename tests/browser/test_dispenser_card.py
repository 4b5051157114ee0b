"""An identity card at the dispenser, in a real chromium: read by a scanner that types, kept for one visit, shown
nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, open_kiosk
from tests.browser.looks import LARGE
from tests.server import DemoServer

pytestmark = pytest.mark.browser

OLD = "079148000123||Trần Thị B|05111948|Nữ|12 Quang Trung|01012022"
OTHER_OLD = "048047000321||Lê Văn D|01031947|Nam|3 Lê Lợi|01012022"
YOUNG = "001090123456|012345678|Nguyễn Văn A|01011990|Nam|Số 1, Trần Phú|15042021"
UNCOUNTED = "Số này theo thứ tự thường cho đến khi nhân viên hướng dẫn xác nhận ưu tiên."

TYPE = """text => [...text].every((key) => {
  const event = new KeyboardEvent("keydown", { key: key === "\\n" ? "Enter" : key, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(event);
  return event.defaultPrevented;
})"""
"""What a scanner does, in no time; true when none of it was typed or pressed."""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("cards"), "--confirms-priority") as server:
        yield server


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    found = open_kiosk(visit, centre)
    expect(found.page.locator(".cards")).to_be_visible()
    return found


def scan(page: Page, text: str) -> None:
    assert page.evaluate(TYPE, f"{text}\n") is True


def held(kiosk: Kiosk, text: str = OLD) -> None:
    """The card is read, and nothing of it is on the page."""
    scan(kiosk.page, text)
    expect(kiosk.page.locator("[data-card]")).to_have_text("Đã đọc thẻ")
    number, _, name = text.split("|")[:3]
    page = kiosk.page.content()
    assert number not in page
    assert name not in page
    assert number not in kiosk.page.url


def test_an_old_persons_card_gives_priority_at_once_and_one_number(kiosk: Kiosk, centre: DemoServer) -> None:
    before = centre.api("dispenser").issue("dat-dai", channel="kiosk")
    held(kiosk)
    kiosk.choose("dat-dai")
    age = kiosk.page.locator("[data-class=NCT75]")
    expect(age).to_have_attribute("aria-pressed", "true")
    expect(kiosk.page.locator(".confirm__said")).to_contain_text("được ưu tiên ngay")
    number = kiosk.take()
    expect(kiosk.page.locator("[data-claimed]")).to_have_count(0)
    expect(kiosk.page.locator("[data-card]")).to_have_count(0)
    staff = centre.api()
    staff.counter(4, "open")
    called = staff.call_next(4)
    assert called is not None
    assert called.number == number != before.number

    kiosk.go_back()
    held(kiosk)
    kiosk.choose("dat-dai")
    kiosk.key("take").click()
    owned = kiosk.page.locator(f"[data-owned={number}]")
    expect(owned).to_contain_text("Ông/bà đã có số")
    expect(owned).to_contain_text("Mời đến quầy 4.")
    kiosk.settle()
    kiosk.key("again").click()
    expect(owned).to_contain_text("Phiếu đang được in lại. Mời lấy phiếu.")
    expect(kiosk.key("again")).to_have_count(0)
    kiosk.key("home").click()
    expect(kiosk.page.locator("[data-card]")).to_have_count(0)


def test_what_the_card_shows_may_be_taken_off_and_another_claim_waits_for_a_helper(kiosk: Kiosk) -> None:
    kiosk.choose("ho-tich")
    held(kiosk, OTHER_OLD)
    page = kiosk.page
    age, disability = page.locator("[data-class=NCT75]"), page.locator("[data-class=NKT]")
    expect(age).to_have_attribute("aria-pressed", "true")
    age.click()
    expect(age).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".confirm__said")).not_to_contain_text("ưu tiên")
    disability.click()
    expect(page.locator(".confirm__said")).to_contain_text(UNCOUNTED)
    kiosk.take()
    expect(page.locator("[data-claimed]")).to_have_text(
        "Số này theo thứ tự thường. Mời gặp nhân viên hướng dẫn để xác nhận ưu tiên."
    )


def test_a_young_persons_card_gives_no_priority_and_is_forgotten_with_the_visit(kiosk: Kiosk) -> None:
    held(kiosk, YOUNG)
    kiosk.choose("chung-thuc")
    expect(kiosk.page.locator("[aria-pressed=true]")).to_have_count(0)
    kiosk.key("back").click()
    expect(kiosk.page.locator("[data-card]")).to_be_visible()  # the same person, another field
    kiosk.choose("chung-thuc")
    number = kiosk.take()
    kiosk.go_back()
    kiosk.choose("chung-thuc")
    assert kiosk.take() != number  # nobody knows whose it is: a stranger's
    held(kiosk, YOUNG)  # and the next person begins while that one's number still stands there
    expect(kiosk.page.locator(".cards")).to_be_visible()


def test_what_is_scanned_is_never_typed_and_what_is_typed_is(kiosk: Kiosk) -> None:
    kiosk.settle()
    kiosk.key("search").click()
    query = kiosk.page.locator("#query")
    expect(query).to_be_focused()
    held(kiosk)
    expect(query).to_have_value("")
    kiosk.page.keyboard.type("khai")
    expect(query).to_have_value("khai")
    kiosk.page.keyboard.press("Backspace")
    expect(query).to_have_value("kha")
    kiosk.page.keyboard.type("i sinh cho con", delay=0)
    expect(query).to_have_value("khai sinh cho con")
    kiosk.page.keyboard.press("Tab")
    scan(kiosk.page, "https://example.vn/something")
    toast = kiosk.page.locator(".toast")
    expect(toast).to_have_text(re.compile("^Chưa đọc được mã này."))
    for width, height in LARGE:
        kiosk.page.set_viewport_size({"width": width, "height": height})
        lowest, stage = toast.bounding_box(), kiosk.page.locator(".stage").bounding_box()
        assert lowest is not None
        assert stage is not None
        assert lowest["y"] + lowest["height"] <= stage["y"] + 1, "it covers no key"


def test_a_press_of_a_key_still_presses(kiosk: Kiosk) -> None:
    kiosk.settle()
    kiosk.card("tra-ket-qua").focus()
    kiosk.page.keyboard.press("Enter")
    expect(kiosk.key("take")).to_be_visible()
    kiosk.settle()
    kiosk.key("back").focus()
    kiosk.page.keyboard.press("Space")
    expect(kiosk.page.locator(".cards")).to_be_visible()
