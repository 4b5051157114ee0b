"""The helper's page in a real chromium: one tap a person, claims, needs, second thoughts, and a bad line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import HELPER, open_kiosk
from tests.browser.test_dispenser_card import scan
from tests.browser.test_dispenser_visits import slip
from tests.demo_server import PASSWORD
from tests.server import DemoServer
from tests.staff import StaffApi, eventually

pytestmark = pytest.mark.browser

TICKETS = "**/api/v1/branches/go-vap/tickets"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[DemoServer]:
    """A fresh centre for each test, where claimed priorities are confirmed."""
    with DemoServer(tmp_path, "--confirms-priority") as server:
        yield server


class Door:
    """The page, by what its helper sees and does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(self.field("chung-thuc")).to_be_visible()
        expect(self.wish("NKT")).to_be_visible()

    def field(self, code: str) -> Locator:
        return self.page.locator(f"[data-field={code}]")

    def wish(self, value: str) -> Locator:
        return self.page.locator(f'[data-wish="{value}"]')

    def row(self, number: str) -> Locator:
        return self.page.locator(f"[data-ticket={number}]")

    def claim(self, number: str) -> Locator:
        return self.page.locator(f"[data-claim={number}]")

    def settle(self) -> None:
        """A list that has only just moved is deaf for a moment."""
        self.page.evaluate("() => new Promise(done => setTimeout(done, 400))")

    def gave(self, number: str) -> None:
        expect(self.page.locator("[data-press=done]")).to_contain_text(re.compile(rf"{number[0]}\s*{number[1:]}"))
        expect(self.row(number)).to_be_visible()

    def opens(self, number: str) -> Locator:
        expect(self.row(number)).to_be_visible()
        self.settle()
        self.row(number).click()
        dialog = self.page.locator("dialog")
        expect(dialog).to_be_visible()
        return dialog

    def says(self, words: str) -> None:
        expect(self.page.locator(".toast")).to_contain_text(words)


@pytest.fixture
def door(visit: Visit) -> Door:
    return Door(visit("/helper", account="hoa", width=1024, height=768))


# -- the way in --------------------------------------------------------------------------------------------------------


def test_a_helper_lands_at_the_page_and_is_at_the_own_branch(visit: Visit) -> None:
    page = visit("/sign-in")
    page.get_by_label("Tên đăng nhập").fill("hoa")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/helper$"))
    expect(page.locator("h1")).to_have_text("Cấp số")


@pytest.mark.parametrize("account", ["tam", "quang", "admin"])
def test_who_runs_the_branch_may_help_too(visit: Visit, account: str) -> None:
    Door(visit("/helper", account=account)).field("ho-tich").click()


def test_a_clerk_is_told_that_this_is_for_helpers(visit: Visit) -> None:
    page = visit("/helper", account="lan")
    expect(page.locator("main")).to_contain_text("không có quyền")


# -- giving numbers ----------------------------------------------------------------------------------------------------


def test_one_tap_gives_a_number_and_says_it(door: Door, centre: DemoServer) -> None:
    door.field("dat-dai").click()
    door.gave("K001")
    (row,) = [row for row in centre.api().look()["fields"] if row["code"] == "dat-dai"]
    assert row["waiting"] == 1


def test_several_things_have_one_number_in_the_order_in_which_they_were_pressed(door: Door, centre: DemoServer) -> None:
    door.wish("errands").click()
    for code in ("ho-tich", "tra-ket-qua", "dat-dai", "kinh-doanh", "dat-dai"):
        door.field(code).click()
    expect(door.page.locator(".wish__errands")).to_have_text("Hộ tịch → Nhận kết quả")
    door.page.locator("[data-do=take]").click()
    door.gave("H001")
    expect(door.row("H001")).to_contain_text("Sau đó: Nhận kết quả")
    expect(door.opens("H001")).to_contain_text("Sau đó: Nhận kết quả")
    door.page.keyboard.press("Escape")
    api = centre.api()
    api.counter(3, "open")
    called = api.call_next(3)
    assert called is not None
    api.ticket(called.id, "start")
    assert api.ticket(called.id, "next-step").field == "tra-ket-qua"
    door.field("chung-thuc").click()
    door.gave("A001")


def test_each_field_has_a_digit(door: Door) -> None:
    door.page.keyboard.press("Numpad2")
    door.gave("H001")
    door.page.keyboard.press("5")
    door.gave("S001")


def test_five_quick_presses_are_five_tickets(door: Door, centre: DemoServer) -> None:
    door.page.evaluate("""() => {
      for (let i = 0; i < 5; i += 1) document.querySelector("[data-field=chung-thuc]").click();
    }""")
    expect(door.page.locator("[data-press=pending]")).to_have_count(0)
    expect(door.page.locator("[data-ticket^=A]")).to_have_count(5)
    assert [e["number"] for e in centre.api().events() if e["type"] == "ticket.issued"] == [
        "A001", "A002", "A003", "A004", "A005",
    ]  # fmt: skip


def test_a_wish_is_for_one_number_and_counts_at_once(door: Door, centre: DemoServer) -> None:
    api = centre.api("integration")
    api.issue("chung-thuc")
    door.wish("NKT").click()
    door.wish("guide").click()
    door.wish("en").click()
    door.page.get_by_label("Thêm một hồ sơ").click()
    door.field("chung-thuc").click()
    door.gave("A002")
    expect(door.row("A002")).to_contain_text("Người khuyết tật · 2 hồ sơ · Người dẫn · Tiếng Anh")
    expect(door.page.locator(".wish")).to_have_attribute("data-plain", "true")
    door.field("chung-thuc").click()
    door.gave("A003")
    expect(door.row("A003").locator(".row__tags")).to_have_text("")
    api.counter(1, "open")
    called = api.call_next(1)
    assert called is not None
    assert called.number == "A002"


def test_keys_set_the_wish(door: Door) -> None:
    for key in ("*", "+", "+", "-"):
        door.page.keyboard.press(key)
    expect(door.wish("NCT75")).to_have_attribute("aria-pressed", "true")
    expect(door.page.locator(".wish__count")).to_have_text("2")
    door.page.keyboard.press(".")
    expect(door.page.locator(".wish")).to_have_attribute("data-plain", "true")


def test_the_keys_are_listed_and_do_nothing_meanwhile(door: Door, centre: DemoServer) -> None:
    door.page.keyboard.press("?")
    expect(door.page.locator("dialog")).to_contain_text("Đối tượng ưu tiên tiếp theo")
    door.page.keyboard.press("1")
    door.page.keyboard.press("Escape")
    expect(door.page.locator("dialog")).to_have_count(0)
    door.page.keyboard.press("3")
    door.gave("K001")
    assert [e["number"] for e in centre.api().events() if e["type"] == "ticket.issued"] == ["K001"]


def test_the_paper_comes_out_of_the_printer_that_was_chosen_once(door: Door, centre: DemoServer) -> None:
    printer = centre.devices["printer"]
    select = door.page.get_by_label("Máy in")
    expect(select).to_have_value(printer)
    with door.page.expect_request(TICKETS) as asked:
        door.field("chung-thuc").click()
    assert (asked.value.post_data_json or {})["printer"] == printer
    door.gave("A001")
    select.select_option("")
    door.page.reload()
    expect(door.wish("NKT")).to_be_visible()
    expect(select).to_have_value("")
    with door.page.expect_request(TICKETS) as asked:
        door.field("chung-thuc").click()
    assert (asked.value.post_data_json or {})["printer"] is None


def test_where_no_numbers_are_given_the_reason_is_a_sentence(door: Door, centre: DemoServer) -> None:
    StaffApi(centre.url, "tam").branch_command("suspend", field="ho-tich", reason={"vi": "Mất kết nối"})
    expect(door.field("ho-tich")).to_contain_text("Đang tạm ngừng cấp số")
    door.field("ho-tich").click()
    refused = door.page.locator("[data-press=refused]")
    expect(refused).to_contain_text("Tạm ngừng cấp số Hộ tịch: Mất kết nối.")
    refused.get_by_role("button").click()
    expect(refused).to_have_count(0)


# -- a bad line --------------------------------------------------------------------------------------------------------


def test_a_press_without_an_answer_is_pending_and_repeated_with_its_key(door: Door, centre: DemoServer) -> None:
    keys: list[str] = []
    deadlines: list[str] = []
    is_bad = True

    def lose(route: Route) -> None:
        """The request arrives, and its answer is lost on the way."""
        keys.append(route.request.headers["idempotency-key"])
        deadlines.append(route.request.headers["deadline"])
        answer = route.fetch()
        if is_bad:
            route.abort()
        else:
            route.fulfill(response=answer)

    door.page.route(TICKETS, lose)
    door.field("dat-dai").click()
    expect(door.page.locator("[data-press=pending]")).to_contain_text("Đang cấp số Đất đai")
    eventually(lambda: door.page.evaluate("1") and len(keys) >= 2)
    is_bad = False
    door.gave("K001")
    assert len(set(keys)) == len(set(deadlines)) == 1
    assert len([e for e in centre.api().events() if e["type"] == "ticket.issued"]) == 1


def test_presses_while_the_server_is_away_are_kept_and_given(door: Door, centre: DemoServer) -> None:
    centre.kill()
    door.field("dat-dai").click()
    door.field("dat-dai").click()
    expect(door.page.locator("[data-press=pending]")).to_have_count(2)
    centre.restart()
    expect(door.page.locator("[data-press=pending]")).to_have_count(0)
    assert len([e for e in centre.api().events() if e["type"] == "ticket.issued"]) == 2


# -- claims and needs --------------------------------------------------------------------------------------------------


def test_a_claim_is_confirmed_in_one_tap(door: Door, centre: DemoServer) -> None:
    kiosk, api = centre.api("dispenser"), centre.api("integration")
    kiosk.issue("chung-thuc")
    kiosk.issue("chung-thuc", priority="NCT75")
    expect(door.claim("A002")).to_contain_text("Người từ 75 tuổi trở lên")
    door.settle()
    door.claim("A002").get_by_role("button", name="Xác nhận").click()
    door.says("Đã xác nhận ưu tiên cho số A002.")
    expect(door.claim("A002")).to_have_count(0)
    api.counter(1, "open")
    called = api.call_next(1)
    assert called is not None
    assert called.number == "A002"


def test_a_claim_that_is_not_so_waits_as_an_ordinary_one(door: Door, centre: DemoServer) -> None:
    kiosk, api = centre.api("dispenser"), centre.api("integration")
    kiosk.issue("chung-thuc")
    kiosk.issue("chung-thuc", priority="NKT")
    expect(door.claim("A002")).to_be_visible()
    door.settle()
    door.claim("A002").get_by_role("button", name="không đúng đối tượng").click()
    expect(door.claim("A002")).to_have_count(0)
    expect(door.row("A002").locator(".row__tags")).to_have_text("")
    api.counter(1, "open")
    called = api.call_next(1)
    assert called is not None
    assert called.number == "A001"


def test_a_need_is_told_at_the_call_to_helper_and_clerk(door: Door, visit: Visit, centre: DemoServer) -> None:
    door.wish("low_counter").click()
    door.field("dat-dai").click()
    door.gave("K001")
    console = visit("/clerk", account="lan")
    console.locator('.counter[data-no="4"]').click()
    console.locator('.primary[data-ready="true"]', has_text="Gọi tiếp").click()
    expect(console.locator(".hand__need")).to_have_text("Cần hỗ trợ: Quầy thấp")
    need = door.page.locator("[data-need=K001]")
    expect(need).to_contain_text("được gọi đến quầy 4")
    expect(need).to_contain_text("Quầy thấp")
    console.locator('.primary[data-ready="true"]', has_text="Bắt đầu").click()
    expect(need).to_have_count(0)


def test_who_calls_for_help_at_a_dispenser_is_told_that_somebody_comes(
    door: Door, visit: Visit, centre: DemoServer
) -> None:
    kiosk = open_kiosk(visit, centre)
    kiosk.settle()
    kiosk.key("help").click()
    kiosk.settle()
    kiosk.key("call-helper").click()
    told = kiosk.page.locator("[data-helper]")
    expect(told).to_have_text(re.compile(r"^Đã gọi nhân viên lúc \d\d:\d\d\. Mời chờ tại đây\.$"))
    expect(kiosk.key("call-helper")).to_have_count(0)
    manager = visit("/manager", account="quang")
    expect(manager.locator("[data-alarm=help]")).to_contain_text("Máy lấy số sảnh: có người cần hỗ trợ")
    called = door.page.locator("[data-help]")
    expect(called).to_contain_text("Máy lấy số sảnh: có người cần hỗ trợ")
    called.get_by_role("button", name="Tôi đến").click()
    door.says("có người đang đến")
    expect(told).to_have_text("Nhân viên đang đến. Mời chờ tại đây.")
    expect(called).to_have_count(0)
    expect(manager.locator("[data-alarm=help]")).to_have_count(0)
    kiosk.settle()
    kiosk.key("help").click()
    expect(kiosk.page.locator(".cards")).to_be_visible()
    kiosk.settle()
    kiosk.key("help").click()
    expect(kiosk.key("call-helper")).to_be_visible()
    expect(told).to_contain_text(HELPER)


def test_a_manager_answers_where_no_helper_stands(visit: Visit, centre: DemoServer) -> None:
    centre.api("dispenser").branch_command("call-helper")
    alarm = visit("/manager", account="quang").locator("[data-alarm=help]")
    alarm.get_by_role("button", name="Đã có người đến").click()
    expect(alarm).to_have_count(0)


def test_a_card_is_for_the_next_number_only(door: Door) -> None:
    page = door.page
    scan(page, "079148000123||Trần Thị B|05111948|Nữ|12 Quang Trung|01012022")
    expect(door.wish("card")).to_be_visible()
    expect(door.wish("NCT75")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-press]")).to_have_count(0)  # its digits pressed no field
    door.field("tra-ket-qua").click()
    expect(page.locator("[data-press=done]")).to_be_visible()
    expect(door.wish("card")).to_have_count(0)
    scan(page, "079148000123||Trần Thị B|05111948|Nữ|12 Quang Trung|01012022")
    door.field("tra-ket-qua").click()
    expect(page.locator("[data-press=refused]")).to_contain_text(re.compile(r"Đã có số S\d+ \(đang chờ\)"))
    assert "079148000123" not in page.content()
    scan(page, "không phải thẻ nào cả")
    door.says("Chưa đọc được mã này")


def test_a_slip_leads_to_its_number_in_one_tap(door: Door, centre: DemoServer) -> None:
    ready, waiting = (slip("000.00.17.H29-261120-0001", "ready"), slip("000.00.17.H29-261120-0002", "not-ready"))
    backend = centre.api("integration")
    backend.request("PUT", "/api/v1/branches/go-vap/slips", {"slips": [ready, waiting]})
    backend.counter(6, "open")
    page, answer, take = door.page, door.page.locator("[data-slip]"), door.page.locator("[data-do=take-slip]")
    scan(page, f"https://dichvucong.gov.vn/p?code={ready['code']}")
    expect(answer).to_contain_text("Kết quả đã có. Được gọi đến quầy 6.")
    take.click()
    door.gave("S001")
    backend.counter(3, "open")
    assert backend.call_next(3) is None, "it helps with results, and this one is not for it"
    page.reload()
    page.locator("[data-do=slip]").click()
    page.keyboard.type("0000017H292611200002", delay=60)
    page.keyboard.press("Enter")
    expect(answer).to_contain_text("Kết quả chưa có.")
    expect(answer).to_contain_text(re.compile(r"Hẹn trả lúc \d\d:\d\d ngày "))
    expect(take).to_be_focused()
    page.keyboard.press("Enter")
    door.gave("S002")
    called = backend.call_next(6)
    assert called is not None
    assert called.number == "S001"


# -- second thoughts ---------------------------------------------------------------------------------------------------


def test_a_wrong_field_is_put_right(door: Door, centre: DemoServer) -> None:
    door.field("chung-thuc").click()
    dialog = door.opens("A001")
    dialog.locator("[data-amend=field] [data-value=ho-tich]").click()
    dialog.get_by_role("button", name="Lưu").click()
    door.says("Đã sửa số A001.")
    expect(door.row("A001")).to_contain_text("Hộ tịch")
    waiting = {row["code"]: row["waiting"] for row in centre.api().look()["fields"]}
    assert (waiting["chung-thuc"], waiting["ho-tich"]) == (0, 1)


def test_a_class_that_the_helper_chooses_is_confirmed(door: Door, centre: DemoServer) -> None:
    centre.api("dispenser").issue("chung-thuc", priority="NKT")
    dialog = door.opens("A001")
    dialog.locator("[data-amend=priority] [data-value=NCT75]").click()
    dialog.get_by_role("button", name="Lưu").click()
    expect(door.claim("A001")).to_have_count(0)
    expect(door.row("A001").locator(".row__tags")).to_have_text("Người từ 75 tuổi trở lên")


def test_a_number_is_printed_again(door: Door, centre: DemoServer) -> None:
    door.field("chung-thuc").click()
    dialog = door.opens("A001")
    dialog.get_by_role("button", name="In lại").click()
    door.says("Đang in lại số A001.")


@pytest.mark.parametrize(("why", "end"), [("Cấp nhầm", "void_mistake"), ("Người dân không chờ nữa", "cancelled")])
def test_a_number_is_taken_away_with_a_reason(door: Door, centre: DemoServer, why: str, end: str) -> None:
    ticket = centre.api("dispenser").issue("chung-thuc")
    dialog = door.opens("A001")
    dialog.get_by_role("button", name="Bỏ số…").click()
    dialog.get_by_role("button", name=why).click()
    door.says("Đã bỏ số A001.")
    expect(door.row("A001")).to_have_count(0)
    assert centre.api("integration").follow(ticket.id)["outcome"] == end


def test_a_number_is_found_among_many(door: Door, centre: DemoServer) -> None:
    for code in ("chung-thuc", "ho-tich", "dat-dai"):
        centre.api("dispenser").issue(code)
    expect(door.row("K001")).to_be_visible()
    door.page.keyboard.press("/")
    door.page.keyboard.type("h001")
    expect(door.page.locator("[data-ticket]")).to_have_count(1)
    expect(door.row("H001")).to_be_visible()


# -- looks -------------------------------------------------------------------------------------------------------------

SMALLEST = """() => {
  const shown = [...document.querySelectorAll("button, a, select, input, summary")]
    .filter(one => one.checkVisibility());
  return {
    target: Math.min(...shown.map(one => one.getBoundingClientRect().height)),
    wider: document.documentElement.scrollWidth - innerWidth,
  };
}"""


EIGHT = """() => {
  const fields = document.querySelector(".fields"), classes = document.querySelector(".wish__group");
  while (fields.children.length < 8) fields.append(fields.firstChild.cloneNode(true));
  while (classes.querySelectorAll(".chip").length < 5) classes.append(classes.querySelector(".chip").cloneNode(true));
  const names = document.querySelectorAll(".field__name");
  names.forEach(name => { name.lastChild.textContent = "Hồ sơ nơi khác nộp tại đây"; });
  return Math.max(...[...fields.children].map(one => one.getBoundingClientRect().bottom)) - innerHeight;
}"""
"""How far eight fields of long names and five classes reach below the fold."""


@pytest.mark.parametrize(("width", "height", "zoom"), [(1024, 768, 1), (768, 1024, 1), (1366, 768, 1), (1366, 768, 2)])
def test_everything_can_be_hit_on_every_screen(
    visit: Visit, centre: DemoServer, width: int, height: int, zoom: float
) -> None:
    kiosk = centre.api("dispenser")
    kiosk.issue("chung-thuc", priority="NCT75")
    kiosk.issue("ho-tich")
    door = Door(visit("/helper", account="hoa", width=width, height=height, zoom=zoom))
    expect(door.claim("A001")).to_be_visible()
    least = door.page.evaluate(SMALLEST)
    assert least["target"] >= 48
    assert least["wider"] <= 0
    if zoom == 1:
        assert door.page.evaluate(EIGHT) <= 0
    door.opens("H001")
    assert door.page.evaluate(SMALLEST)["target"] >= 48


def test_in_english(visit: Visit) -> None:
    page = visit("/helper?lang=en", account="hoa")
    expect(page.locator("[data-field=dat-dai]")).to_contain_text("Land")
    expect(page.get_by_text("For the next number")).to_have_count(0)
    expect(page.locator(".wish")).to_have_attribute("aria-label", "For the next number")
