"""Numbers on paper for power cuts, and the form by which the hand-kept list is entered, in a real chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Visit
from tests.server import DemoServer
from tests.staff import eventually

pytestmark = pytest.mark.browser

ENTER_LIST = "**/api/v1/branches/go-vap/enter-list"


@pytest.fixture
def centre(tmp_path: Path, prepared: Path) -> Iterator[DemoServer]:
    """A fresh centre for each test; 901 to 960 of each series are on paper."""
    with DemoServer(tmp_path, data=prepared) as server:
        yield server


CAME = (datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")) - timedelta(minutes=1)).strftime("%H%M")
"""A moment ago: earlier may have been another service day."""


class Form:
    """The form, by keyboard alone."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.has_focus("list-number")

    def has_focus(self, control: str) -> None:
        expect(self.page.locator(f"#{control}")).to_be_focused()

    def keys(self, *keys: str) -> None:
        """Named keys are pressed, everything else is typed."""
        for key in keys:
            if key in ("Tab", "Enter", "Control+a"):
                self.page.keyboard.press(key)
            else:
                self.page.keyboard.type(key)

    def line(self, number: str) -> Locator:
        return self.page.locator(f"[data-line={number}]")

    def lines(self) -> list[str]:
        return [str(line.get_attribute("data-line")) for line in self.page.locator("[data-line]").all()]

    def says(self, words: str, role: str = "alert") -> None:
        expect(self.page.locator(f"[role={role}]:not([hidden])")).to_have_text(words)


@pytest.fixture
def form(visit: Visit) -> Form:
    return Form(visit("/helper/list", account="hoa", width=1024, height=768))


def numbers_called(centre: DemoServer, no: int) -> list[str]:
    api = centre.api("integration")
    api.counter(no, "open")
    found = []
    while (ticket := api.call_next(no)) is not None:
        found.append(ticket.number)
        api.ticket(ticket.id, "no-show")
    return found


def test_a_list_is_entered_by_keyboard_alone(form: Form, centre: DemoServer) -> None:
    centre.api("dispenser").issue("dat-dai")
    form.keys("K905", "Tab", "Tab", "2", "Tab", CAME, "Enter")
    form.keys("K903", "Tab", "Tab", "1", "Enter")
    form.keys("904", "Enter")
    form.keys("a901", "Enter")
    assert form.lines() == ["K905", "K903", "K904", "A901"]
    expect(form.line("K905")).to_contain_text("Đã xong")
    expect(form.line("A901")).to_contain_text("Chứng thực")
    form.keys("Enter")
    form.has_focus("send")
    form.keys("Enter")
    form.says("Đã nhập 4 số: 3 đang chờ theo đúng thứ tự, 1 đã xong.", "status")
    assert form.lines() == []
    assert numbers_called(centre, 4) == ["K903", "K904", "K001"]
    assert numbers_called(centre, 2) == ["A901"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("A901", "Enter"), "Số A901 đã có trong danh sách."),
        (("12", "Enter"), "Số 12 không phải số dự phòng của lĩnh vực Chứng thực."),
        (("902", "Tab", "Tab", "Tab", "Control+a", "99", "Enter"), "Giờ ghi như 7:40 hoặc 0740."),
    ],
)
def test_what_is_wrong_is_said_at_once(form: Form, typed: tuple[str, ...], words: str) -> None:
    form.keys("901", "Tab", "Tab", "Tab", CAME, "Enter")
    expect(form.line("A901")).to_be_visible()
    form.keys(*typed)
    form.says(words)
    assert form.lines() == ["A901"]


def test_a_line_is_changed_in_its_place_and_another_taken_out(form: Form) -> None:
    form.keys("A901", "Tab", "Tab", "Tab", CAME, "Enter", "A902", "Enter", "A903", "Enter")
    form.line("A902").get_by_role("button", name="Sửa").click()
    form.keys("Control+a", "A912", "Enter")
    form.line("A903").get_by_role("button", name="Xóa số A903").click()
    assert form.lines() == ["A901", "A912"]


def test_what_was_typed_outlives_a_reload(form: Form) -> None:
    form.keys("A901", "Tab", "Tab", "Tab", CAME, "Enter")
    expect(form.line("A901")).to_be_visible()
    form.page.reload()
    form.has_focus("list-number")
    assert form.lines() == ["A901"]


def test_a_number_that_was_entered_before_is_shown_in_its_line(form: Form) -> None:
    form.keys("A901", "Tab", "Tab", "Tab", CAME, "Enter", "Enter", "Enter")
    expect(form.page.locator("[data-line]")).to_have_count(0)
    form.keys("A902", "Enter", "A901", "Enter", "Enter", "Enter")
    form.says("Số A901 đã được nhập rồi. Hãy xem lại số ghi trên phiếu.")
    expect(form.line("A901")).to_have_class(re.compile("kept__line--bad"))
    assert form.lines() == ["A902", "A901"]


def test_a_list_whose_answer_was_lost_is_entered_once(form: Form, centre: DemoServer) -> None:
    keys: list[str] = []

    def lose_the_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        answer = route.fetch()
        if len(keys) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    form.page.route(ENTER_LIST, lose_the_first)
    form.keys("A901", "Tab", "Tab", "Tab", CAME, "Enter", "Enter", "Enter")
    form.says("Đã nhập 1 số: 1 đang chờ theo đúng thứ tự, 0 đã xong.", "status")
    assert eventually(lambda: len(keys)) == 2
    assert len(set(keys)) == 1
    assert numbers_called(centre, 2) == ["A901"]


# -- paper -------------------------------------------------------------------------------------------------------------


def test_the_numbers_are_on_paper_with_the_branch_and_room_for_the_date(visit: Visit) -> None:
    page = visit("/helper/numbers?series=H", account="hoa")
    slips = page.locator(".slip")
    expect(slips).to_have_count(60)
    expect(slips.first).to_contain_text("H 901")
    expect(slips.last).to_contain_text("H 960")
    expect(slips.first).to_contain_text("Trung tâm Phục vụ hành chính công phường Gò Vấp")
    expect(slips.first).to_contain_text("Ngày ___/___/")
    expect(page.locator(".line")).to_have_count(60)
    cut = page.evaluate("""() => [...document.querySelectorAll(".slip p")].filter(one =>
      one.scrollWidth > one.clientWidth ||
      one.getBoundingClientRect().right > one.closest(".paper").getBoundingClientRect().right).length""")
    assert cut == 0


def test_on_paper_there_is_nothing_but_paper(visit: Visit) -> None:
    page = visit("/helper/numbers?series=H", account="hoa")
    page.emulate_media(media="print")
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.locator(".slip").first).to_be_visible()


def test_the_helpers_page_leads_to_both(visit: Visit) -> None:
    page = visit("/helper", account="hoa")
    page.locator(".menu__who").click()
    page.get_by_role("link", name="In số dự phòng").click()
    expect(page.locator("h1")).to_have_text("Số dự phòng khi mất điện")
    page.go_back()
    page.locator(".menu__who").click()
    page.get_by_role("link", name="Nhập danh sách ghi tay").click()
    expect(page.locator("#list-number")).to_be_focused()


def test_clerks_do_not_enter_lists(visit: Visit) -> None:
    page = visit("/helper/list", account="lan")
    expect(page.locator("main")).to_contain_text("không có quyền")
