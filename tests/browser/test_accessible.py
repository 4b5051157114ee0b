"""Every page in its main states, by the rules of WCAG; and the dispenser by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible, nameless, violations
from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, open_kiosk
from tests.demo_server import BRANCH
from tests.server import DemoServer, Ticket
from tests.staff import StaffApi

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 640, "touch": True}


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """In the morning; claimed priorities are confirmed, and one field asks for a procedure."""
    start = ("--clock-start", "2026-11-23T09:00:00+07:00", "--confirms-priority", "--asks-procedure")
    with DemoServer(tmp_path_factory.mktemp("centre"), *start) as server:
        yield server


STILL = """() => Promise.allSettled(document.getAnimations().filter((each) => {
  const {duration, iterations} = each.effect.getComputedTiming();
  return duration * iterations < 2000;
}).map((each) => each.finished))"""


def looks(page: Page, within: str | None = None) -> None:
    """As soon as nothing fades in or out, which has less contrast on its way; what runs on may run."""
    page.evaluate(STILL)
    assert_accessible(page, within)


# -- the checker -------------------------------------------------------------------------------------------------------


def test_a_broken_page_is_found_out(visit: Visit) -> None:
    page = visit("/sign-in")
    assert_accessible(page)
    page.evaluate("""() => {
      document.querySelector("label").remove();
      document.querySelector("h1").style.color = "#ccc";
      document.querySelector("button").textContent = "";
    }""")
    assert {rule.partition(":")[0] for rule, _ in violations(page)} >= {"label", "color-contrast", "button-name"}
    assert {node["role"]["value"] for node in nameless(page)} == {"textbox", "button"}


# -- the dispenser -----------------------------------------------------------------------------------------------------


def test_the_dispenser(visit: Visit, centre: DemoServer) -> None:
    kiosk = open_kiosk(visit, centre)
    looks(kiosk.page)
    kiosk.settle()
    kiosk.key("help").click()
    expect(kiosk.key("call-helper")).to_be_visible()
    looks(kiosk.page)
    kiosk.settle()
    kiosk.key("close").click()
    kiosk.settle()
    kiosk.key("search").click()
    kiosk.settle()
    kiosk.page.keyboard.type("khai sinh")
    expect(kiosk.page.locator(".found__one").first).to_be_visible()
    looks(kiosk.page)
    kiosk.page.reload()
    expect(kiosk.page.locator(".cards")).to_be_visible()
    kiosk.settle()
    kiosk.card("ho-tich").click()
    expect(kiosk.page.locator(".search__unknown")).to_be_visible()
    looks(kiosk.page)
    kiosk.page.reload()
    kiosk.choose("chung-thuc")
    kiosk.page.locator("[data-class=NKT]").click()
    looks(kiosk.page)
    kiosk.key("easy").click()
    looks(kiosk.page)
    kiosk.take()
    kiosk.settle()
    looks(kiosk.page)
    kiosk.key("easy").click()
    looks(kiosk.page)


FOCUS = """() => {
  const here = document.activeElement, {outlineStyle, outlineWidth} = getComputedStyle(here);
  const isOutlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  return {is: here.tagName, words: here.textContent, isSeen: isOutlined && here.matches(":focus-visible")};
}"""


def tab_to(kiosk: Kiosk, selector: str) -> None:
    """Tab on until the control has the focus; each one on the way shows that it has it."""
    wanted = kiosk.page.locator(selector)
    expect(wanted).to_be_visible()
    for _ in range(40):
        kiosk.page.keyboard.press("Tab")
        focus = kiosk.page.evaluate(FOCUS)
        assert focus["is"] == "BODY" or focus["isSeen"], focus
        if wanted.evaluate("wanted => wanted === document.activeElement"):
            return
    raise AssertionError(f"{selector} was not reached by Tab")


def press(kiosk: Kiosk, selector: str) -> None:
    tab_to(kiosk, selector)
    kiosk.settle()
    kiosk.page.keyboard.press("Enter")


def test_a_number_is_taken_by_keyboard_alone(visit: Visit, centre: DemoServer) -> None:
    kiosk = open_kiosk(visit, centre, width=1280, height=800)
    press(kiosk, "[data-key=help]")
    press(kiosk, "[data-key=close]")
    press(kiosk, "[data-key=search]")
    expect(kiosk.page.locator("#query")).to_be_focused()
    kiosk.settle()
    kiosk.page.keyboard.press("Shift+Tab")
    expect(kiosk.key("back")).to_be_focused()
    kiosk.page.keyboard.press("Enter")
    press(kiosk, "[data-field=chung-thuc]")
    press(kiosk, "[data-class=NKT]")
    expect(kiosk.page.locator("[data-class=NKT]")).to_have_attribute("aria-pressed", "true")
    expect(kiosk.page.locator("[data-class=NKT]")).to_be_focused()
    press(kiosk, "[data-key=take]")
    assert re.fullmatch(r"A\d{3}", kiosk.number())
    press(kiosk, "[data-key=done]")
    expect(kiosk.page.locator(".cards")).to_be_visible()


# -- phones ------------------------------------------------------------------------------------------------------------


def open_ticket(visit: Visit, ticket: Ticket) -> Page:
    page = visit(f"/t/{ticket.token}", **PHONE)  # type: ignore[arg-type]
    expect(page.locator("#connection")).to_have_text("Trực tuyến")
    return page


def test_the_phone_and_the_board(visit: Visit, centre: DemoServer) -> None:
    api = centre.api()
    api.counter(4, "open")
    ticket, other = api.issue("dat-dai"), api.issue("dat-dai")
    page, board = open_ticket(visit, ticket), visit(f"/b/{BRANCH}", **PHONE)  # type: ignore[arg-type]
    state = page.locator("#state")
    expect(state).to_contain_text("Đang chờ trước")
    page.get_by_role("button", name="Báo cho tôi khi đến lượt").tap()
    expect(page.locator("[data-has]")).to_have_count(4)
    looks(page)
    page.locator("#cancel").tap()
    expect(page.get_by_role("dialog")).to_be_visible()
    looks(page)
    page.keyboard.press("Escape")
    api.ticket(ticket.id, "call", counter=4)
    expect(state).to_contain_text("Mời đến quầy 4")
    looks(page)
    expect(board.locator("#now")).to_contain_text("K 001")
    looks(board)
    board.evaluate("document.documentElement.dataset.theme = 'contrast'")
    looks(board)
    for name, words in {"start": "Đang phục vụ", "hold": "Chờ bổ sung", "resume": "Đang gọi"}.items():
        api.ticket(ticket.id, name)
        expect(state).to_contain_text(words)
        looks(page)
    for name in ("start", "finish"):
        api.ticket(ticket.id, name)
    expect(state).to_contain_text("Cảm ơn ông/bà")
    looks(page)
    page = open_ticket(visit, other)
    api.ticket(other.id, "cancel")
    expect(page.locator("#state")).to_contain_text("Số đã hủy")
    looks(page)
    looks(visit("/t/nothing.at-all", **PHONE))  # type: ignore[arg-type]
    api.counter(4, "close")


# -- staff -------------------------------------------------------------------------------------------------------------


def test_the_way_in_and_the_display(visit: Visit, centre: DemoServer) -> None:
    api = centre.api()
    api.counter(3, "open")
    ticket = api.issue("chung-thuc", priority="NKT")
    for path in ("/", "/sign-in", "/?lang=en"):
        looks(visit(path))
    api.ticket(ticket.id, "call", counter=3)
    display = visit(f"/display/{BRANCH}", width=1920, height=1080)
    expect(display.locator("#hero-number")).to_be_visible()
    looks(display)
    api.ticket(ticket.id, "no-show")
    api.counter(3, "close")


def test_the_helper(visit: Visit, centre: DemoServer) -> None:
    centre.api("dispenser").issue("chung-thuc", priority="NCT75")
    page = visit("/helper", account="hoa", width=1024, height=768)
    expect(page.locator("[data-claim]").first).to_be_visible()
    looks(page)
    page.locator("summary").click()
    looks(page, ".menu")  # what an open menu covers is not there to be pressed
    page.reload()
    expect(page.locator("[data-ticket]").first).to_be_visible()
    page.evaluate("() => new Promise(done => setTimeout(done, 400))")  # a list that has only just moved is deaf
    page.locator("[data-ticket]").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    looks(page)
    page.goto("/helper/list")
    expect(page.locator("#list-number")).to_be_focused()
    looks(page)
    page.goto("/helper/numbers?series=A")
    looks(page)


def test_the_clerk(visit: Visit, centre: DemoServer) -> None:
    centre.api().issue("chung-thuc")
    page = visit("/clerk", account="lan")
    expect(page.locator(".counter").first).to_be_visible()
    looks(page)
    page.locator('.counter[data-no="1"]').click()
    ready = page.locator('.primary[data-ready="true"]')
    expect(ready).to_contain_text("Gọi tiếp")
    looks(page)
    ready.click()
    expect(ready).to_contain_text("Bắt đầu")
    looks(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    looks(page)
    page.keyboard.press("Escape")
    ready.click()
    expect(ready).to_contain_text("Hoàn thành")
    looks(page)
    page.keyboard.press("F2")
    expect(page.get_by_role("dialog")).to_be_visible()
    looks(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Backspace")
    expect(page.locator('[data-action="alarm"]')).to_contain_text("Đã báo")
    page.keyboard.press("NumpadDivide")
    expect(page.get_by_role("dialog")).to_be_visible()
    looks(page)
    page.keyboard.press("Escape")
    for action in ("step", "hold"):
        page.locator(f'[data-action="{action}"]').click()
        expect(page.get_by_role("dialog")).to_be_visible()
        looks(page)
        page.keyboard.press("Escape")


def test_the_manager(visit: Visit, centre: DemoServer) -> None:
    centre.api().issue("ho-tich")
    page = visit("/manager", account="quang")
    expect(page.locator('tr[data-field="ho-tich"]')).to_be_visible()
    looks(page)
    page.locator('tr[data-field="ho-tich"]').get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    looks(page)
    page.goto("/manager#devices")
    page.reload()
    expect(page.get_by_text("Máy lấy số sảnh").first).to_be_visible()
    looks(page)
    page.goto("/manager#notices")
    expect(page.get_by_text("Chưa có thông báo nào")).to_be_visible()
    looks(page)
    page.get_by_role("button", name="Viết thông báo chữ").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    looks(page)


# -- shut, and cut off -------------------------------------------------------------------------------------------------


def test_pages_of_a_closed_branch_and_of_a_lost_line(visit: Visit, centre: DemoServer) -> None:
    """The last one: it ends the day's hours, and the server."""
    ticket = open_ticket(visit, centre.api().issue("kinh-doanh"))
    kiosk, board = open_kiosk(visit, centre), visit(f"/b/{BRANCH}", **PHONE)  # type: ignore[arg-type]
    staff = StaffApi(centre.url, "tam")
    staff.branch_command("suspend", field="ho-tich", reason={"vi": "hệ thống gián đoạn", "en": "system outage"})
    expect(kiosk.card("ho-tich")).to_have_attribute("data-state", "suspended")
    looks(kiosk.page)
    kiosk.settle()
    kiosk.card("ho-tich").click()
    expect(kiosk.page.locator("[data-shut=ho-tich]")).to_be_visible()
    looks(kiosk.page)
    staff.branch_command("change-hours", hours={"working": [], "issuing": []}, reason={"vi": "Họp", "en": "A meeting"})
    expect(kiosk.page.locator("[data-state=closed]").or_(kiosk.page.locator("[data-shut]"))).to_be_visible()
    looks(kiosk.page)
    expect(board.locator("#rest")).to_contain_text("Hôm nay không làm việc")
    looks(board)
    centre.kill()
    expect(kiosk.page.locator("[data-state=down]")).to_be_visible(timeout=15_000)
    looks(kiosk.page)
    expect(ticket.locator("#state")).to_contain_text("Tình trạng lúc")
    looks(ticket)
    expect(board.locator("#foot")).to_contain_text("Thông tin có thể đã cũ")
    looks(board)
    centre.restart()
