"""What a console does besides calling, in a real browser: who is next and why, steps and the way back, a quiet call for
somebody, an arrival, and the list without a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Faults, Visit
from tests.browser.desk import Desk, journal_of
from tests.server import DemoServer
from tests.staff import StaffApi, eventually

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


def test_why_the_next_one_is_next_is_said_as_things_change(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    dispenser = centre.api("dispenser")
    dispenser.issue("chung-thuc")
    desk = sit("lan", 1)
    why = desk.page.locator(".row__why")
    expect(why).to_have_text("Chờ lâu nhất trong số 1 người đang chờ quầy này.")
    dispenser.issue("chung-thuc", priority="NKT")
    expect(why).to_have_text("Thuộc đối tượng ưu tiên.")
    expect(desk.page.locator(".row--next")).to_have_attribute("data-number", "A002")


def test_who_has_more_to_do_is_not_finished_by_the_way(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    ticket = centre.api("dispenser").issue("chung-thuc", steps=["tra-ket-qua"])
    centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.primary("Bắt đầu")
    desk.press("finish")
    expect(desk.page.locator(".sheet__text")).to_contain_text("Còn: Nhận kết quả.")
    desk.page.keyboard.press("Escape")
    desk.primary("Bước tiếp theo…")
    expect(desk.option("field", "Nhận kết quả")).to_have_attribute("aria-checked", "true")
    desk.confirm()
    desk.is_free()
    desk.primary("Gọi tiếp")
    desk.has("A 002", "called")
    assert (centre.api().follow(ticket.id)["state"], centre.api().follow(ticket.id)["field"]) == (
        "waiting",
        "tra-ket-qua",
    )


def test_to_another_desk_and_back_into_this_counters_own_list(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    away, _, other = (centre.api("dispenser").issue("chung-thuc") for _ in range(3))
    desk, second, collecting = sit("lan", 1), sit("minh", 2), sit("tam", 6)
    desk.primary("Gọi tiếp")
    desk.primary("Bắt đầu")
    desk.key("5", "4", "*", "2", "Enter")  # results, then back here
    desk.is_free()
    collecting.primary("Gọi tiếp")
    collecting.has("A 001", "called")
    expect(collecting.page.locator(".hand__about")).to_contain_text("Chứng thực (Quầy 1)")
    collecting.primary("Bắt đầu")
    collecting.primary("Bước tiếp theo…")
    expect(collecting.option("where", "Trở lại quầy 1")).to_be_visible()
    collecting.confirm()
    collecting.is_free()
    expect(second.page.locator(".row", has_text="chỉ quầy 1")).to_have_attribute("data-number", away.number)
    second.primary("Gọi tiếp")
    second.has("A 002", "called")
    desk.primary("Gọi tiếp")
    desk.has("A 001", "called")
    expect(desk.page.locator(".hand__about")).to_contain_text("được gọi trước số mới kế tiếp")
    assert centre.api().follow(other.id)["state"] == "waiting"


def test_a_quiet_call_reaches_helper_and_supervisor_and_no_screen(
    centre: DemoServer, sit: Callable[..., Desk], visit: Visit
) -> None:
    desk = sit("lan", 1)
    helper, supervisor = visit("/helper", account="hoa"), visit("/manager", account="tam")
    hall = visit(f"/display/{centre.branch}?muted=1", width=1920, height=1080)
    desk.key("Backspace")
    button = desk.page.locator('[data-action="alarm"]')
    expect(button).to_contain_text("Đã báo, đang chờ")
    expect(helper.locator('[data-alarm="1"]')).to_contain_text("Quầy 1 cần người đến ngay")
    expect(supervisor.locator('[data-alarm="alarm"]')).to_contain_text("Quầy 1 (Nguyễn Thị Lan) cần người đến ngay")
    assert "người đến ngay" not in hall.content()
    helper.locator('[data-do="go"]').click()
    expect(button).to_contain_text("Lê Thị Hoa đang đến")
    expect(supervisor.locator('[data-alarm="alarm"]')).to_have_count(0)
    desk.key("0", "8", "Enter")  # by a keypad without a backspace
    expect(button).to_contain_text("Đã báo, đang chờ")
    expect(helper.locator('[data-alarm="1"]')).to_be_visible()
    desk.key("Backspace")  # nobody need come any more
    expect(button).to_contain_text("Cần hỗ trợ")
    expect(helper.locator('[data-alarm="1"]')).to_have_count(0)


COUNT_TONES = """window.tones = 0;
const make = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { window.tones += 1; return make.call(this); };"""


def test_an_idle_counter_hears_of_the_first_who_comes(centre: DemoServer, visit: Visit) -> None:
    page = visit(account="lan")
    page.add_init_script(COUNT_TONES)
    page.goto("/clerk")
    desk = Desk(page).opens(1)
    notice = page.locator(".hand__arrived")
    expect(notice).to_be_hidden()
    centre.api("dispenser").issue("chung-thuc")
    expect(notice).to_have_text("Có người vừa đến: A\u00a0001, Chứng thực")
    assert page.evaluate("window.tones") == 2
    centre.api("dispenser").issue("chung-thuc")
    desk.waits("A001", "A002")
    assert page.evaluate("window.tones") == 2
    desk.primary("Gọi tiếp")
    desk.has("A 001", "called")
    page.locator(".menu__who").click()
    page.get_by_text("Âm báo khi có người đến").click()
    desk.primary("Bắt đầu")
    desk.primary("Hoàn thành và gọi tiếp")
    desk.has("A 002", "called")
    desk.key("-")
    desk.is_free()
    centre.api("dispenser").issue("chung-thuc")
    expect(notice).to_have_text("Có người vừa đến: A\u00a0003, Chứng thực")
    assert page.evaluate("window.tones") == 2


def test_who_may_not_call_out_of_turn_is_not_offered_it(centre: DemoServer, visit: Visit) -> None:
    centre.api("dispenser").issue("chung-thuc")
    page = visit(account="lan")

    def without_the_right(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        route.fulfill(json={**answer.json(), "may_call_chosen": False})  # type: ignore[attr-defined]

    page.route("**/clerk/people*", without_the_right)
    page.goto("/clerk")
    desk = Desk(page).opens(1)
    desk.waits("A001")
    expect(page.locator(".row__call")).to_have_count(0)
    expect(page.locator('[data-action="pick"]')).to_have_count(0)
    page.keyboard.press("Numpad8")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_call_out_of_turn_is_recorded_with_its_reason(centre: DemoServer, sit: Callable[..., Desk]) -> None:
    for _ in range(2):
        centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    desk.key("8", "2", "*", "3", "Enter")
    desk.has("A 002", "called")
    (why,) = [event["why"] for event in journal_of(centre) if event["type"] == "ticket.called"]
    assert (why["reason"], why["words"]) == ("chosen", "Người yếu, có trẻ nhỏ")


SCAN = """text => [...text].forEach(key => document.activeElement.dispatchEvent(
  new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true})))"""


def test_dossier_codes_are_typed_or_scanned_and_notes_reach_a_colleague(
    centre: DemoServer, sit: Callable[..., Desk]
) -> None:
    ticket = centre.api("dispenser").issue("chung-thuc")
    desk = sit("lan", 1)
    page = desk.page
    page.evaluate(SCAN, "H26.19-240105-0001")
    desk.says("Hãy gọi số trước")
    desk.primary("Gọi tiếp")
    desk.has("A 001", "called")
    page.evaluate(SCAN, "H26.19-240105-0001")
    expect(page.locator(".paperwork__codes li")).to_have_text(re.compile("H26.19-240105-0001"))
    code = page.locator("#dossier-code")
    code.fill("000.00.19.H26-2401")
    expect(page.locator("#dossier-form")).to_have_text("Chưa đúng dạng mã hồ sơ.")
    expect(page.locator("[data-confirm]")).to_be_disabled()
    code.fill("000.00.19.h26-240105-0123")
    expect(page.locator("#dossier-form")).to_contain_text("Đúng dạng")
    code.press("Enter")
    expect(page.locator(".paperwork__codes li")).to_have_count(2)
    page.locator("#note").fill("Thiếu bản sao sổ hộ khẩu")
    page.locator("#note").press("Enter")
    desk.says("Đã ghi cho A 001")
    expect(page.locator("dialog")).to_have_count(0)
    kept = StaffApi(centre.url, "minh").get(f"/tickets/{ticket.id}/notes")
    assert [note["text"] for note in kept["notes"]] == ["Thiếu bản sao sổ hộ khẩu"]
    assert sorted(kept["dossiers"]) == ["000.00.19.H26-240105-0123", "H26.19-240105-0001"]
    assert "hộ khẩu" not in str(journal_of(centre))
    page.keyboard.press("F2")
    expect(page.locator(".paperwork__notes")).to_contain_text("Thiếu bản sao sổ hộ khẩu Nguyễn Thị Lan")


@pytest.mark.faults
def test_a_console_that_is_opened_while_the_server_is_away_shows_and_prints_the_last_list(
    centre: DemoServer, sit: Callable[..., Desk], faults: Faults
) -> None:
    dispenser = centre.api("dispenser")
    dispenser.issue("chung-thuc", priority="NKT")
    dispenser.issue("chung-thuc")
    desk = sit("lan", 1)
    desk.primary("Gọi tiếp")
    desk.has("A 001", "called")
    page = desk.page
    eventually(lambda: page.evaluate(KEPT))
    centre.kill()
    page.reload()
    expect(page.locator(".queue__stale")).to_contain_text("Danh sách lúc")
    expect(page.locator(".connection")).to_contain_text("Mất kết nối từ")
    expect(page.locator(".hand__number")).to_have_text(re.compile("A 001"))
    assert desk.waiting() == ["A002"]
    expect(page.locator(".primary")).to_be_disabled()
    page.emulate_media(media="print")
    expect(page.locator(".queue__paper")).to_contain_text("Quầy 1 · Trung tâm Phục vụ hành chính công phường Gò Vấp")
    expect(page.locator(".primary")).to_be_hidden()
    page.emulate_media(media="screen")
    centre.restart()
    page.locator(".hand").click()
    expect(page.locator(".connection")).to_have_text("Trực tuyến")
    desk.has("A 001", "called")
    desk.primary("Bắt đầu")


KEPT = """async () => {
  const list = localStorage.getItem("layso.clerk.kept.go-vap.lan") || "";
  const page = await caches.match("/clerk", {ignoreSearch: true, ignoreVary: true});
  return list.includes('"A002"') && list.includes('"called"') && page !== undefined;
}"""


def test_nothing_stays_in_the_browser_of_who_signs_out(sit: Callable[..., Desk]) -> None:
    page: Page = sit("lan", 1).page
    eventually(lambda: page.evaluate("localStorage.getItem('layso.clerk.kept.go-vap.lan')"))
    page.locator(".menu__who").click()
    page.get_by_text("Đăng xuất").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    left = page.evaluate("async () => [localStorage.getItem('layso.clerk.kept.go-vap.lan'), await caches.keys()]")
    assert left == [None, []]
