"""The clerk's console in a real browser, against a real server process."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Faults, Visit
from tests.browser.desk import READY, Desk
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

    def sit_down(account: str, no: int, path: str = "/clerk", **how: object) -> Desk:
        return Desk(visit(path, account=account, **how)).opens(no)  # type: ignore[arg-type]

    return sit_down


def test_nobody_comes_in_without_signing_in(page: Page) -> None:
    answer = page.request.get("/clerk?branch=go-vap", max_redirects=0)
    assert answer.status == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fclerk%3Fbranch%3Dgo-vap"


def test_a_helper_is_told_that_this_is_for_clerks(visit: Visit) -> None:
    page = visit("/clerk", account="hoa")
    expect(page.locator("h1")).to_have_text("Không mở được trang này")
    expect(page.locator("main")).to_contain_text("không có quyền")


def test_an_administrator_of_every_branch_is_at_once_at_the_only_one(visit: Visit) -> None:
    page = visit("/clerk", account="admin")
    expect(page.locator(".counter")).to_have_count(6)


def test_a_branch_that_is_not_there_is_said_in_a_sentence(visit: Visit) -> None:
    page = visit("/clerk?branch=nowhere", account="admin")
    expect(page.locator("main")).to_contain_text("Không có điểm phục vụ “nowhere”")


def test_after_the_day_no_counter_is_offered(centre: DemoServer, sit: Callable[..., Desk], visit: Visit) -> None:
    desk = sit("lan", 1)
    StaffApi(centre.url, "tam").branch_command("end-day", leftovers="expire")
    desk.sees("over")
    expect(desk.page.locator(".primary")).to_be_disabled()
    expect(desk.page.locator(".hand__without")).to_contain_text("Ngày làm việc đã kết thúc lúc")
    chooser = visit("/clerk", account="minh")
    expect(chooser.locator(".chooser")).to_contain_text("Ngày làm việc đã kết thúc lúc")
    expect(chooser.locator(".counter").first).to_be_disabled()


def test_a_counter_that_is_not_there_is_not_taken_for_another(visit: Visit) -> None:
    """77 is not 7, nor is it 1 after somebody has typed 1 by mistake."""
    page = visit("/clerk", account="lan")
    expect(page.locator(".counter").first).to_be_enabled()
    page.keyboard.type("11")
    expect(page.locator(".chooser")).to_contain_text("Không có quầy 11.")
    expect(page.locator(".counter--typed")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Không có quầy 11.")
    page.keyboard.type("2")
    expect(page.locator(".counter--typed")).to_have_attribute("data-no", "2")
    page.keyboard.press("Enter")
    Desk(page).sees("open")


def test_a_whole_citizen_by_mouse(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    ordinary = centre.api("dispenser").issue("chung-thuc")
    elder = centre.api("dispenser").issue("chung-thuc", priority="NCT75", language="en", dossiers=3)
    desk = sit("lan", 1)
    desk.waits(elder.number, ordinary.number)
    desk.primary("Gọi tiếp")
    desk.has("A 002", "called")
    about = desk.page.locator(".hand__about")
    expect(about).to_contain_text("Chứng thực")
    expect(about).to_contain_text("Người từ 75 tuổi trở lên")
    expect(about).to_contain_text("Tiếng Anh")
    expect(about).to_contain_text("3 hồ sơ")
    desk.press("recall")
    desk.says("Đã gọi lại A 002")
    expect(desk.page.locator(".hand__state")).to_contain_text("lần 2")
    desk.primary("Bắt đầu")
    desk.has("A 002", "serving")
    desk.primary("Hoàn thành và gọi tiếp")
    desk.has("A 001", "called")
    desk.primary("Bắt đầu")
    desk.press("finish")
    desk.choose("outcome", "Cần bổ sung hồ sơ")
    desk.confirm()
    desk.is_free()
    assert centre.api().follow(elder.id)["state"] == "finished"
    assert centre.api().follow(ordinary.id)["outcome"] == "supplement"
    expect(desk.page.locator(".hand")).to_contain_text("Chưa có ai chờ")


def test_a_shift_by_numeric_keypad_alone(centre: DemoServer, visit: Visit) -> None:
    first, second, third = (centre.api("dispenser").issue("chung-thuc") for _ in range(3))
    desk = Desk(visit("/clerk", account="lan"))
    expect(desk.page.locator(".counter")).to_have_count(6)
    expect(desk.page.locator(".connection")).to_have_text("Trực tuyến")
    desk.page.keyboard.press("Numpad2")
    desk.page.keyboard.press("NumpadEnter")
    desk.sees("open")
    desk.key("Enter")
    desk.has("A 001", "called")
    desk.key("+")
    desk.says("Đã gọi lại")
    desk.key("-")
    desk.is_free()
    desk.key("Enter")
    desk.has("A 002", "called")
    desk.key("Enter")
    desk.has("A 002", "serving")
    desk.key("*", "2", "*", "2", "Enter")
    desk.is_free()
    desk.key("Enter")
    desk.has("A 003", "called")
    desk.key("Enter")
    desk.has("A 003", "serving")
    desk.key("/", "*", "1", "Enter")  # to the first of the other fields
    desk.is_free()
    desk.key("2", "*", "2", "Enter")  # resume, quietly
    desk.has("A 002", "serving")
    desk.key("1", "Enter")
    desk.is_free()
    desk.key("0", "2", "Enter")
    desk.sees("paused")
    expect(desk.page.locator(".hand")).to_contain_text("Họp, từ")
    desk.key("Enter")
    desk.sees("open")
    desk.key("0", "9", "Enter")
    expect(desk.page.locator(".chooser")).to_be_visible()
    api = centre.api()
    assert [api.follow(each.id)["state"] for each in (first, second, third)] == ["no_show", "finished", "waiting"]
    assert api.follow(third.id)["field"] == "ho-tich"
    assert api.board()["counters"]["2"]["state"] == "closed"


def test_a_key_that_bounces_presses_once(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    busy = desk.page.evaluate("""() => [1, 2, 3].map(() => {
      document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", code: "NumpadEnter", bubbles: true}));
      return document.querySelector(".primary").getAttribute("aria-busy");
    })""")
    assert busy == ["true", "true", "true"]  # the press shows before the browser can draw again
    desk.has("A 001", "called")
    calls = [event for event in centre.api().events() if event["type"] == "ticket.called"]
    assert len(calls) == 1


def test_hold_and_resume_with_a_call(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    ticket = centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.primary("Bắt đầu")
    desk.press("hold")
    desk.choose("reason", "Đi nộp phí, lệ phí")
    desk.choose("here", "Quầy nào cũng được")
    desk.confirm()
    desk.is_free()
    expect(desk.page.locator(".held__ticket")).to_have_text(re.compile("A 001"))
    desk.page.locator(".held__ticket").click()
    desk.choose("how", "Gọi lại đến quầy")
    desk.confirm()
    desk.has("A 001", "called")
    expect(desk.page.locator(".hand__about")).to_contain_text("Tiếp tục sau khi bổ sung")
    assert centre.api().follow(ticket.id)["counter"] == 1


def test_who_is_back_while_another_is_served_is_called_next(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    for _ in range(3):
        centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.primary("Bắt đầu")
    desk.press("hold")
    desk.confirm()
    desk.is_free()
    desk.primary("Gọi tiếp")
    desk.has("A 002", "called")
    desk.waits("A003")
    desk.page.locator(".held__ticket").click()
    assert desk.page.locator('[data-group="how"] .option').count() == 1
    desk.choose("how", "Đã quay lại, đang chờ")
    desk.confirm()
    expect(desk.page.locator("[data-action=undo]")).to_contain_text("A 001 chờ được gọi tiếp")
    desk.waits("A001", "A003")
    desk.primary("Bắt đầu")
    desk.primary("Hoàn thành và gọi tiếp")
    desk.has("A 001", "called")
    expect(desk.page.locator(".hand__about")).to_contain_text("được gọi trước số mới kế tiếp")


def test_a_bulk_submitter_is_served_in_turns(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    bulk = centre.api("dispenser").issue("chung-thuc", dossiers=12)
    centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.primary("Bắt đầu")
    expect(desk.page.locator(".hand__about")).to_contain_text("12 hồ sơ; đã xong 0, lượt này 5")
    desk.press("finish")
    expect(desk.page.locator("dialog")).to_contain_text("phần còn lại chờ lượt sau")
    desk.confirm()
    desk.is_free()
    desk.waits("A002", "A001")
    expect(desk.page.locator('.row[data-number="A001"]')).to_contain_text("7 hồ sơ")
    assert centre.api().follow(bulk.id)["state"] == "waiting"


def test_transfer_to_another_counter_and_to_a_clerk(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    to_counter, to_clerk = (centre.api("dispenser").issue("chung-thuc") for _ in range(2))
    minh = sit("minh", 2)
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.has("A 001", "called")
    desk.press("transfer")
    desk.choose("to", "Quầy")
    expect(desk.option("counter-target", "Quầy 4")).to_have_count(0)  # does not take this field
    desk.choose("counter-target", "Quầy 2")
    desk.choose("reason", "Quầy khác thụ lý")
    desk.confirm()
    expect(minh.page.locator(".row", has_text="chỉ quầy 2")).to_have_attribute("data-number", to_counter.number)
    expect(desk.page.locator(".queue__part")).to_have_text("Chưa đến lúc gọi")
    desk.primary("Gọi tiếp")
    desk.has("A 002", "called")
    desk.press("transfer")
    desk.choose("to", "Nhân viên")
    desk.choose("clerk-target", "Trần Văn Minh")
    desk.confirm()
    expect(minh.page.locator(".row", has_text="chỉ Trần Văn Minh")).to_have_attribute("data-number", to_clerk.number)


def test_undo_counts_down_and_takes_back_step_by_step(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    first, second = (centre.api("dispenser").issue("chung-thuc") for _ in range(2))
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.primary("Bắt đầu")
    desk.primary("Hoàn thành và gọi tiếp")
    desk.has("A 002", "called")
    undo = desk.page.locator('[data-action="undo"]')
    expect(undo).to_have_text(re.compile(r"Hoàn tác\s*Đã gọi A\s002.*\d+ s"))
    desk.key(".")
    desk.is_free()
    expect(undo).to_have_text(re.compile(r"Hoàn tác\s*Đã hoàn thành A\s001.*\d+ s"))
    desk.key(".")
    desk.has("A 001", "serving")
    assert centre.api().follow(second.id)["state"] == "waiting"
    assert centre.api().follow(first.id)["state"] == "serving"
    expect(undo).to_be_disabled(timeout=12_000)
    expect(undo).to_have_text(re.compile(r"^Hoàn tác\s*\.$"))


def test_correct_next_step_and_cancel(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    dispenser = centre.api("dispenser")
    corrected = dispenser.issue("chung-thuc", steps=["tra-ket-qua", "dat-dai"])
    dispenser.issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.primary("Bắt đầu")
    desk.press("amend")
    expect(desk.page.locator("[data-confirm]")).to_be_disabled()  # nothing has changed yet
    desk.choose("priority", "Người khuyết tật")
    desk.page.get_by_role("button", name="+1").click()
    desk.confirm()
    expect(desk.page.locator(".hand__about")).to_contain_text("Người khuyết tật")
    expect(desk.page.locator(".hand__about")).to_contain_text("2 hồ sơ")
    expect(desk.page.locator(".hand__about")).to_contain_text("Sau đó")
    expect(desk.page.locator(".hand__about")).to_contain_text("Nhận kết quả → Đất đai")
    desk.press("step")
    planned = desk.option("field", "Nhận kết quả")
    expect(planned).to_have_attribute("aria-checked", "true")
    expect(planned).to_be_focused()
    expect(planned).to_have_css("outline-style", "solid")
    desk.choose("field", "Hộ tịch")
    desk.choose("where", "Làm luôn tại quầy này")
    desk.confirm()
    desk.has("A 001", "called")
    expect(desk.page.locator(".hand__field")).to_have_text("Hộ tịch")
    desk.press("cancel")
    desk.choose("reason", "Lấy nhầm số")
    desk.confirm()
    desk.is_free()
    assert centre.api().follow(corrected.id)["state"] == "cancelled"
    desk.press("reinstate")
    desk.choose("ticket", "A 001")
    desk.confirm()
    expect(desk.page.locator('.row[data-number="A001"]')).to_be_visible()


def test_call_out_of_turn_asks_first(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    for _ in range(3):
        centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.waits("A001", "A002", "A003")
    desk.page.locator('.row[data-number="A003"] .row__call').click()
    expect(desk.page.locator(".sheet__text")).to_have_text("Gọi A 003 trước lượt? 2 số đang chờ trước.")
    desk.confirm()
    desk.has("A 003", "called")
    desk.waits("A001", "A002")


def test_a_clerk_gives_a_number(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    desk = sit("lan", 1)
    desk.press("issue")
    desk.choose("field", "Đất đai")
    desk.choose("priority", "Người khuyết tật")
    desk.page.locator("[data-confirm]").click()
    expect(desk.page.locator(".issued__number")).to_have_text(re.compile("K 001"))
    desk.page.keyboard.press("NumpadEnter")
    expect(desk.page.locator("dialog")).to_have_count(0)
    assert centre.api().look()["fields"][2]["waiting"] == 1


def test_a_refusal_is_said_in_a_sentence_where_it_belongs(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    ticket = centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.press("cancel")
    centre.api().ticket(ticket.id, "start")
    desk.page.locator("[data-confirm]").click()
    expect(desk.page.locator(".sheet__problem")).to_contain_text("Số A001 đang được phục vụ; không thể hủy lúc này.")
    desk.page.keyboard.press("Escape")
    desk.has("A 001", "serving")


def test_taking_over_is_confirmed_and_the_other_is_told(sit: Callable[..., Desk], visit: Visit) -> None:
    lan = sit("lan", 1)
    minh = Desk(visit("/clerk", account="minh"))
    card = minh.page.locator('.counter[data-no="1"]')
    expect(card).to_contain_text("Nguyễn Thị Lan")
    card.click()
    expect(minh.page.locator(".sheet__text")).to_contain_text("Nguyễn Thị Lan đang phụ trách quầy này.")
    minh.confirm()
    minh.sees("open")
    lan.sees("lost")
    expect(lan.page.locator(".hand")).to_contain_text("Quầy 1 do Trần Văn Minh phụ trách")
    lan.primary("Chọn quầy khác")
    lan.opens(2)


def test_a_second_tab_of_the_same_clerk_shows_the_same(
    centre: DemoServer, sit: Callable[..., Desk], visit: Visit
) -> None:
    for _ in range(2):
        centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    other = Desk(visit("/clerk", context=desk.page.context))
    other.sees("open")  # finds its clerk's counter by itself
    desk.primary("Gọi tiếp")
    other.has("A 001", "called")
    other.primary("Bắt đầu")
    desk.has("A 001", "serving")
    desk.primary("Hoàn thành và gọi tiếp")
    other.has("A 002", "called")
    other.key("-")
    desk.is_free()
    undo = desk.page.locator('[data-action="undo"]')
    expect(undo).to_have_text(re.compile(r"Đã ghi vắng mặt A\s002"))
    undo.click()
    other.has("A 002", "called")


def test_a_reload_keeps_the_counter(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.has("A 001", "called")
    desk.page.reload()
    desk.has("A 001", "called")
    expect(desk.page.locator('[data-action="undo"]')).to_contain_text("Đã gọi A 001")


def test_an_address_with_a_counter_that_is_not_there_leads_to_the_choice(visit: Visit) -> None:
    page = visit("/clerk?counter=77", account="lan")
    expect(page.locator(".counter")).to_have_count(6)


@pytest.mark.faults
def test_a_killed_server_is_waited_for_and_nothing_is_doubled(
    centre: DemoServer, sit: Callable[..., Desk], faults: Faults
) -> None:
    for _ in range(3):
        centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.has("A 001", "called")
    desk.primary("Bắt đầu")
    desk.has("A 001", "serving")
    centre.kill()
    expect(desk.page.locator(".connection")).to_contain_text("Mất kết nối từ")
    expect(desk.page.locator(".primary")).to_be_disabled()
    expect(desk.page.locator(".primary")).to_have_text(re.compile("Đang nối lại máy chủ…"))
    expect(desk.page.locator(".queue__stale")).to_contain_text("Danh sách lúc")
    assert desk.waiting() == ["A002", "A003"]
    desk.page.keyboard.press("NumpadEnter")
    desk.page.keyboard.press("NumpadSubtract")
    centre.restart()
    expect(desk.page.locator(".connection")).to_have_text("Trực tuyến", timeout=3000)
    desk.has("A 001", "serving")
    desk.primary("Hoàn thành và gọi tiếp")
    desk.has("A 002", "called")
    calls = [event["number"] for event in centre.api().events() if event["type"] == "ticket.called"]
    assert calls == ["A001", "A002"]


@pytest.mark.faults
@pytest.mark.parametrize("pressed", ["a button that is off", "a key"])
def test_who_presses_while_the_line_is_lost_does_not_wait_for_a_turn_in_the_window(
    centre: DemoServer, sit: Callable[..., Desk], faults: Faults, pressed: str
) -> None:
    """The page's turn would be ten minutes away: its chance in the window is 400 windows."""
    desk = sit("lan", 1)
    desk.page.evaluate("Math.random = () => 400")
    centre.kill()
    expect(desk.page.locator(".primary")).to_be_disabled()
    centre.restart()
    if pressed == "a key":
        desk.page.keyboard.press("NumpadEnter")
    else:
        box = desk.page.locator(".primary").bounding_box()
        assert box is not None
        desk.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(desk.page.locator(".connection")).to_have_text("Trực tuyến", timeout=3000)


def test_a_kill_in_the_middle_of_a_press_calls_once(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    for _ in range(3):
        centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.page.locator(READY).click(no_wait_after=True)
    centre.restart()
    desk.has("A 001", "called")
    calls = [event["number"] for event in centre.api().events() if event["type"] == "ticket.called"]
    assert calls == ["A001"]


def test_in_english(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    centre.api("dispenser").issue("ho-tich", priority="NCT75")
    desk = sit("lan", 3, path="/clerk?lang=en")
    expect(desk.page.locator(".queue")).to_contain_text("Civil status")
    desk.primary("Call next")
    desk.has("H 001", "called")
    expect(desk.page.locator(".hand__about")).to_contain_text("Aged 75 and over")
    expect(desk.page.locator('[data-action="noshow"]')).to_contain_text("No-show")
    desk.primary("Start")
    assert "lang=en" in desk.page.url
    assert not re.search(
        "[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", desk.page.locator(".desk__work").inner_text()
    )


def test_the_shortcuts_are_listed_and_can_be_changed(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.page.keyboard.press("?")
    expect(desk.page.locator(".keys__line")).to_have_count(19)
    desk.page.locator('[data-key-of="noshow"]').click()
    desk.page.keyboard.press("NumpadDecimal")
    expect(desk.page.locator('[data-key-of="noshow"]')).to_contain_text(".")
    expect(desk.page.locator('[data-key-of="undo"]')).to_contain_text("−")
    desk.page.keyboard.press("Escape")
    desk.key("Enter")
    desk.has("A 001", "called")
    desk.key(".")
    desk.is_free()
    desk.key("-")
    desk.has("A 001", "called")


def test_everything_can_be_reached_by_tab(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    seen = []
    for _ in range(12):
        desk.page.keyboard.press("Tab")
        seen.append(desk.page.evaluate("() => document.activeElement.textContent.replace(/\\s+/g, ' ').trim()"))
    assert any("Tạm ngừng" in words for words in seen)
    assert any("Gọi tiếp" in words for words in seen)
    assert any("Cấp số" in words for words in seen)


def test_a_procedure_is_read_by_its_name(sit: Callable[..., Desk], centre: DemoServer) -> None:
    centre.api().issue("ho-tich", procedures=["1.001193", "9.999999"])
    desk = sit("lan", 3)
    desk.primary("Gọi tiếp")
    expect(desk.page.locator(".hand__about")).to_contain_text("Thủ tục đăng ký khai sinh; 9.999999")
