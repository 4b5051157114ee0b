"""What a console tells before it is asked: a number's past, whose a counter is, who helped; and what hides nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Visit
from tests.browser.desk import Desk
from tests.server import DemoServer
from tests.staff import StaffApi

pytestmark = pytest.mark.browser


@pytest.fixture
def centre(tmp_path: Path, prepared: Path) -> Iterator[DemoServer]:
    """A fresh centre for each test: they count what happened."""
    with DemoServer(tmp_path, data=prepared) as server:
        yield server


@pytest.fixture
def sit(visit: Visit) -> Callable[..., Desk]:
    """`sit("lan", 1)`: this clerk's console with that counter open."""
    return lambda account, no: Desk(visit("/clerk", account=account)).opens(no)


def test_a_number_brings_its_past_with_it(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    ticket = centre.api("dispenser").issue("chung-thuc", priority="NCT75")
    lan, minh = sit("lan", 1), sit("minh", 2)
    lan.primary("Gọi tiếp")
    lan.primary("Bắt đầu")
    lan.press("hold")
    lan.choose("reason", "Thiếu giấy tờ")
    lan.confirm()
    lan.press("resume")
    expect(lan.option("ticket", "A 001")).to_contain_text("Thiếu giấy tờ")
    lan.choose("how", "Người dân đang ở quầy")
    lan.confirm()
    expect(lan.page.locator(".facts")).to_contain_text("Thiếu giấy tờ")
    api = StaffApi(centre.url, "lan")
    api.ticket(ticket.id, "note", text="Thiếu bản sao")
    api.ticket(ticket.id, "record-dossiers", codes=["H29.17-261120-0001"])
    expect(lan.page.locator(".facts")).to_contain_text("1 ghi chú · 1 mã hồ sơ")
    lan.press("transfer")
    lan.choose("to", "Quầy")
    lan.choose("counter-target", "Quầy 2")
    expect(lan.page.locator(".sheet__warning")).to_have_count(0)
    lan.confirm()
    row = minh.page.locator('.row[data-number="A001"]')
    expect(row.locator(".row__past")).to_have_text("1 ghi chú · 1 mã hồ sơ · từ quầy 1")
    bound = row.locator(".row__tag--bound")
    expect(bound).to_have_text(re.compile("chỉ quầy 2"))
    for width in (1366, 1024):
        minh.page.set_viewport_size({"width": width, "height": 768})
        assert bound.evaluate("it => it.scrollWidth <= it.clientWidth")
    minh.primary("Gọi tiếp")
    expect(minh.page.locator(".facts")).to_contain_text("1 ghi chú · 1 mã hồ sơ · từ quầy 1")
    assert_accessible(minh.page)


def test_a_transfer_to_a_closed_counter_says_what_comes_of_it(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.press("transfer")
    desk.choose("to", "Quầy")
    desk.choose("counter-target", "Quầy 2")
    expect(desk.page.locator(".sheet__warning")).to_have_text(
        "Quầy 2 đang đóng: số này chờ đến khi quầy mở. Sau 10 phút, quầy khác cùng lĩnh vực mới gọi được."
    )
    assert_accessible(desk.page)


def test_a_counter_of_another_agency_is_marked_and_a_refusal_leaves_nothing_typed(
    centre: DemoServer, visit: Visit
) -> None:
    manager = StaffApi(centre.url, "quang")
    today = manager.board()["day"]["today"]["date"]
    days = {"first_day": today, "last_day": today}
    manager.post("/postings", account="lan", branch="go-vap", role="clerk", agency="phuong", **days)
    page = visit("/clerk", account="lan")
    theirs = page.locator('.counter[data-no="4"]')
    expect(theirs).to_contain_text("của Chi nhánh Văn phòng Đăng ký đất đai")
    expect(theirs).to_have_class(re.compile("counter--other"))
    expect(page.locator(".counter__agency")).to_have_count(1)
    assert_accessible(page)
    page.keyboard.press("Numpad4")
    page.keyboard.press("NumpadEnter")
    expect(page.locator(".toast")).to_contain_text("lịch trực của ông/bà hôm nay thuộc Ủy ban nhân dân phường Gò Vấp")
    expect(page.locator(".counter--typed")).to_have_count(0)
    page.keyboard.press("Numpad2")
    page.keyboard.press("NumpadEnter")
    Desk(page).sees("open")


def test_who_helped_is_named_to_the_clerk(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    ticket = centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.primary("Bắt đầu")
    desk.has("A 001", "serving")
    StaffApi(centre.url, "tam").ticket(ticket.id, "end-service")
    desk.says("Phạm Minh Tâm đã hoàn thành A\u00a0001 thay ông/bà.")
    desk.is_free()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1024, 768), (683, 384)])
def test_a_toast_covers_no_button(centre: DemoServer, visit: Visit, width: int, height: int) -> None:
    page = visit("/clerk", account="lan", width=width, height=height)
    long = "Số A 012 chưa được gọi; hãy gọi trước khi bắt đầu phục vụ, hoặc nhờ trưởng ca chuyển quầy. " * 2
    expect(page.locator(".counter").first).to_be_enabled()
    page.evaluate("words => LaySo.toast(words, 'bad')", long)
    assert covered(page, page.locator(".counter, .page-head button, .page-head a")) == []
    Desk(page).opens(1)
    page.evaluate("words => LaySo.toast(words)", "Đã hoàn thành A 012. Không có ai đang chờ.")
    assert covered(page, page.locator(".desk button, .desk summary")) == []


def covered(page: Page, buttons: Locator) -> list[str]:
    """The words of those that lie under the toast."""
    toast = page.locator(".toast").bounding_box()
    assert toast is not None
    found = []
    for button in buttons.all():
        box = button.bounding_box()
        if box is not None and meet(toast, box):
            found.append(button.inner_text())
    return found


def meet(a: object, b: object) -> bool:
    ax, ay, aw, ah = (a[side] for side in ("x", "y", "width", "height"))  # type: ignore[index]
    bx, by, bw, bh = (b[side] for side in ("x", "y", "width", "height"))  # type: ignore[index]
    return bool(ax < bx + bw and bx < ax + aw and ay < by + bh and by < ay + ah)


def test_without_a_line_nobody_is_told_to_press(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    expect(desk.page.locator(".hand")).to_contain_text("Bấm Enter để gọi số tiếp theo.")
    centre.kill()
    expect(desk.page.locator(".hand__stale")).to_be_visible()
    expect(desk.page.locator(".hand")).not_to_contain_text("Bấm Enter")


def test_the_menu_leads_to_ones_own_account(visit: Visit) -> None:
    page = visit("/clerk", account="lan")
    Desk(page).opens(1)
    page.locator(".menu__who").click()
    expect(page.locator(".menu__items")).to_contain_text("Tài khoản của tôi")
    page.get_by_role("link", name="Tài khoản của tôi").click()
    expect(page).to_have_url(re.compile("/account"))
