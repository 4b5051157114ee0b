"""A citizen's own ticket on the phone, in a real chromium at 360 × 800."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Visit
from tests.server import DemoServer, Refused, Ticket
from tests.staff import StaffApi

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 360, 800
SIZES = [(360, 640, 1.0), (390, 844, 1.0), (360, 800, 2.0)]
"""Two phones, and one at 200 %."""


def open_phone(visit: Visit, ticket: Ticket, *, locale: str = "vi-VN", has: str = "", **looks: Any) -> Page:
    """A phone with a screen for fingers. `has` is a script for what its browser has."""
    page = visit(**{"width": WIDTH, "height": HEIGHT, "locale": locale, "touch": True, **looks})
    if has:
        page.add_init_script(has)
    page.goto(f"/t/{ticket.token}")
    expect(page.locator("#connection")).to_have_text(re.compile("Trực tuyến|Live"))
    return page


def settle(page: Page) -> None:
    """Wait until a press counts: the second half of a double tap does not."""
    page.evaluate("() => new Promise(done => setTimeout(done, 550))")


def state(page: Page) -> Locator:
    return page.locator("#state")


def height_of(found: Locator) -> float:
    box = found.bounding_box()
    assert box is not None
    return box["height"]


def test_from_waiting_to_thanks_without_a_reload(centre: DemoServer, visit: Visit) -> None:
    api = centre.api()
    api.counter(4, "open")
    ahead = api.issue("dat-dai")
    ticket = api.issue("dat-dai", steps=["tra-ket-qua"])
    page = open_phone(visit, ticket)
    page.evaluate("window.isSamePage = true")
    expect(page.locator("#further")).to_have_text("Sau đó: Nhận kết quả")
    expect(page.locator("#number")).to_have_text(f"K {ticket.number[1:]}")
    expect(page.locator("#field")).to_have_text("Đất đai")
    expect(page.get_by_text("Trung tâm Phục vụ hành chính công phường Gò Vấp")).to_be_visible()
    expect(state(page)).to_contain_text("Đang chờ trước 1 người")
    expect(state(page)).to_contain_text(
        re.compile(
            r"(Thời gian chờ khoảng \d+–\d+ phút|Dự kiến đến lượt (trước )?[\d:]{5}(–[\d:]{5})?)"
            r" dự tính lúc \d\d:\d\d"
        )
    )
    api.call_next(4)
    expect(state(page)).to_contain_text("Đang chờ trước Không có ai")
    api.ticket(ahead.id, "start")
    api.ticket(ahead.id, "finish")
    api.call_next(4)
    expect(state(page)).to_contain_text("Mời đến quầy 4")
    expect(page).to_have_title(f"▶ Mời đến quầy 4 · K {ticket.number[1:]}")
    assert height_of(page.locator(".lead__value")) > 120
    api.ticket(ticket.id, "recall")
    expect(state(page)).to_contain_text("Gọi lại lần 2")
    api.ticket(ticket.id, "start")
    expect(state(page)).to_contain_text("Đang phục vụ")
    expect(page.locator("#actions")).to_be_hidden()
    api.ticket(ticket.id, "hold")
    expect(state(page)).to_contain_text("Quay lại quầy 4")
    expect(state(page)).to_contain_text("Mời bổ sung giấy tờ")
    for name in ("resume", "start", "next-step"):
        api.ticket(ticket.id, name)
    expect(page.locator("#field")).to_have_text("Nhận kết quả")
    expect(page.locator("#further")).to_be_hidden()
    expect(state(page)).to_contain_text("Đang chờ trước Không có ai")
    api.counter(6, "open")
    api.ticket(ticket.id, "call", counter=6)
    for name in ("start", "finish"):
        api.ticket(ticket.id, name)
    expect(state(page)).to_contain_text("Cảm ơn ông/bà")
    assert page.evaluate("window.isSamePage")
    for no in (4, 6):
        api.counter(no, "close")


def test_a_suspended_field_and_changed_hours_are_told_with_their_reason(centre: DemoServer, visit: Visit) -> None:
    ticket, staff = centre.api().issue("ho-tich"), StaffApi(centre.url, "tam")
    page = open_phone(visit, ticket)
    notices = page.locator("#notices")
    staff.branch_command("suspend", field="ho-tich", reason={"vi": "hệ thống đang gián đoạn.", "en": "system outage"})
    expect(notices).to_have_text(
        re.compile(
            r"^Tạm ngừng cấp số Hộ tịch từ \d\d:\d\d: hệ thống đang gián đoạn\. Các số đã cấp giữ nguyên thứ tự\.$"
        )
    )
    staff.branch_command("unsuspend", field="ho-tich")
    expect(notices).to_be_empty()
    whole = [[0, 48 * 60]]
    hours = {"working": whole, "issuing": whole}
    staff.branch_command("change-hours", hours=hours, reason={"vi": "họp toàn thể", "en": "a meeting"})
    expect(notices).to_contain_text("Hôm nay làm việc")
    expect(notices).to_contain_text("Lý do: họp toàn thể.")


def test_a_number_is_cancelled_only_after_a_second_thought(centre: DemoServer, visit: Visit) -> None:
    ticket = centre.api().issue("ho-tich")
    page = open_phone(visit, ticket)
    page.get_by_role("button", name="Hủy số").dblclick()
    dialog = page.get_by_role("dialog", name=re.compile("Hủy số H"))
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Giữ số này").click()
    expect(dialog).to_be_hidden()
    assert centre.api().follow(ticket.id)["state"] == "waiting"
    page.get_by_role("button", name="Hủy số").click()
    settle(page)
    dialog.get_by_role("button", name="Hủy số").click()
    expect(state(page)).to_contain_text("Số đã hủy")
    expect(state(page)).to_contain_text("Mời gặp nhân viên hướng dẫn")
    expect(page.locator("#actions")).to_be_hidden()
    assert centre.api().follow(ticket.id)["state"] == "cancelled"


def test_a_turn_is_postponed_and_a_refusal_says_what_to_do(centre: DemoServer, visit: Visit) -> None:
    api = centre.api()
    ticket = api.issue("ho-tich")
    page = open_phone(visit, ticket)
    page.get_by_role("button", name="Xin lùi lượt").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("không được gọi trong 15 phút tới")
    expect(dialog).to_contain_text("còn lùi được 1 lần")
    settle(page)
    dialog.get_by_role("button", name="Xin lùi lượt").click()
    expect(state(page)).to_contain_text(re.compile(r"Được gọi lại từ \d\d:\d\d"))
    expect(page.locator("#postpone")).to_be_hidden()
    page.locator("#cancel").click()
    settle(page)
    page.route("**/api/v1/tickets/**", lambda route: (api.ticket(ticket.id, "cancel"), route.continue_()))
    dialog.get_by_role("button", name="Hủy số").click()
    expect(state(page)).to_contain_text("Số đã hủy")


def test_a_refusal_is_a_sentence_and_a_way_on(centre: DemoServer, visit: Visit) -> None:
    ticket = centre.api().issue("ho-tich")
    page = open_phone(visit, ticket)
    told = {"type": "/problems/limit-reached", "title": "limit reached", "status": 409, "code": "limit-reached"}
    detail = "Số H001 đã lùi lượt đủ 2 lần trong ngày."
    page.route("**/api/v1/tickets/**", lambda route: route.fulfill(status=409, json={**told, "detail": detail}))
    page.locator("#postpone").click()
    settle(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Xin lùi lượt").click()
    expect(dialog.get_by_role("alert")).to_contain_text(detail)
    expect(dialog.get_by_role("alert")).to_contain_text("mời gặp nhân viên hướng dẫn")
    dialog.get_by_role("button", name="Đóng").click()
    expect(dialog).to_be_hidden()


def test_a_call_takes_away_the_dialog_that_hides_it(centre: DemoServer, visit: Visit) -> None:
    api = centre.api()
    api.counter(3, "open")
    ticket = api.issue("ho-tich")
    page = open_phone(visit, ticket)
    page.locator("#cancel").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    api.ticket(ticket.id, "call", counter=3)
    expect(state(page)).to_contain_text("Mời đến quầy 3")
    expect(page.get_by_role("dialog")).to_be_hidden()
    api.ticket(ticket.id, "no-show")
    expect(state(page)).to_contain_text("Đã qua lượt gọi")
    api.counter(3, "close")


def test_a_restarted_server_is_found_again(centre: DemoServer, visit: Visit) -> None:
    ticket = centre.api().issue("dat-dai")
    page = open_phone(visit, ticket)
    expect(state(page)).to_contain_text("Đang chờ trước")
    centre.kill()
    expect(page.locator("#connection")).to_contain_text(re.compile(r"Mất kết nối từ \d\d:\d\d"), timeout=12000)
    expect(state(page)).to_contain_text(re.compile(r"Đang chờ · Tình trạng lúc \d\d:\d\d"))
    expect(page.locator("#foot")).to_contain_text("Thông tin có thể đã cũ")
    centre.restart()
    expect(page.locator("#connection")).to_have_text("Trực tuyến")
    expect(state(page)).not_to_contain_text("Tình trạng lúc")
    centre.api().ticket(ticket.id, "cancel")
    expect(state(page)).to_contain_text("Số đã hủy")


# -- a press while the line is down ------------------------------------------------------------------------------------

COMMANDS = "**/api/v1/tickets/**"


def test_a_press_without_a_line_is_kept_and_sent_when_it_is_back(centre: DemoServer, visit: Visit) -> None:
    ticket = centre.api().issue("dat-dai")
    page = open_phone(visit, ticket)
    dialog = page.get_by_role("dialog")
    centre.kill()
    expect(page.locator("#connection")).to_contain_text("Mất kết nối", timeout=12000)
    page.locator("#cancel").tap()
    settle(page)
    dialog.get_by_role("button", name="Hủy số").tap()
    expect(dialog.get_by_role("alert")).to_contain_text("máy sẽ tự gửi khi có kết nối")
    dialog.get_by_role("button", name="Hủy số").tap()
    centre.restart()
    expect(dialog).to_be_hidden()
    expect(state(page)).to_contain_text("Số đã hủy")
    assert centre.api().follow(ticket.id)["state"] == "cancelled"


def test_a_press_whose_answer_is_lost_is_sent_again_as_the_same_one(centre: DemoServer, visit: Visit) -> None:
    ticket = centre.api().issue("dat-dai")
    page = open_phone(visit, ticket)
    keys: list[str] = []

    def lose(route: Route) -> None:
        """The first request arrives, and its answer is lost on the way."""
        keys.append(route.request.headers["idempotency-key"])
        answer = route.fetch()
        route.abort() if len(keys) == 1 else route.fulfill(response=answer)

    page.route(COMMANDS, lose)
    page.locator("#postpone").tap()
    settle(page)
    page.get_by_role("dialog").get_by_role("button", name="Xin lùi lượt").tap()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(".toast")).to_have_text("Đã lùi lượt")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert centre.api().follow(ticket.id)["postpones_left"] == 1


def test_a_kept_press_may_be_taken_back(centre: DemoServer, visit: Visit) -> None:
    ticket = centre.api().issue("dat-dai")
    page = open_phone(visit, ticket)
    dialog = page.get_by_role("dialog")
    page.route(COMMANDS, lambda route: route.abort())
    page.locator("#cancel").tap()
    settle(page)
    dialog.get_by_role("button", name="Hủy số").tap()
    dialog.get_by_role("button", name="Thôi, không gửi").tap()
    expect(dialog).to_be_hidden()
    page.unroute(COMMANDS)
    centre.api().ticket(ticket.id, "postpone")
    expect(state(page)).to_contain_text("Được gọi lại từ")
    assert centre.api().follow(ticket.id)["state"] == "waiting"


# -- being told --------------------------------------------------------------------------------------------------------

RECORDED = """
window.asked = {shakes: [], chimes: [], notices: [], closed: 0, lights: 0, permissions: 0};
navigator.vibrate = (pattern) => asked.shakes.push(pattern) > 0;
const out = () => ({gain: {}, connect() {}, disconnect() { asked.chimes.push("stop"); }});
const tone = () => ({frequency: {}, connect() {}, start(at) { asked.chimes.push(at); }, stop() {}});
window.AudioContext = class {
  state = "suspended"; currentTime = 0; createGain = out; createOscillator = tone;
  async resume() { this.state = "running"; }
};
Object.defineProperty(navigator, "wakeLock", {value: {
  async request() { asked.lights += 1; return {async release() { asked.lights -= 1; }}; }
}});
window.Notification = class {
  static permission = "default";
  static async requestPermission() { asked.permissions += 1; return (Notification.permission = "granted"); }
};
Object.assign(ServiceWorkerRegistration.prototype, {
  async showNotification(title, {body, requireInteraction}) { asked.notices.push([title, body, requireInteraction]); },
  async getNotifications() { return [{close() { asked.closed += 1; }}]; }
});
"""
"""A phone that has everything, and a note of what it was asked for."""
NOTHING = """
Object.defineProperty(navigator, "vibrate", {value: undefined});
Object.defineProperty(navigator, "wakeLock", {value: undefined});
window.AudioContext = window.webkitAudioContext = undefined;
window.Notification = class { static permission = "denied"; };
"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
SOFT, LOUD = 2, 40
"""Notes of a chime."""


def notes(page: Page) -> int:
    return int(page.evaluate("asked.chimes.filter(Number.isFinite).length"))


def forget(page: Page) -> None:
    page.evaluate("asked.shakes.length = asked.chimes.length = asked.notices.length = asked.closed = 0")


def arm(page: Page) -> None:
    page.get_by_role("button", name="Báo cho tôi khi đến lượt").tap()
    expect(page.locator("[data-has]")).to_have_count(4)


def test_a_citizen_is_told_softly_that_the_turn_is_near_and_loudly_that_it_has_come(
    centre: DemoServer, visit: Visit
) -> None:
    api = centre.api()
    api.counter(5, "open")
    before = [api.issue("kinh-doanh") for _ in range(5)]
    ticket = api.issue("kinh-doanh")
    number = f"M {ticket.number[1:]}"
    page = open_phone(visit, ticket, has=RECORDED)
    expect(state(page)).to_contain_text("5 người")
    arm(page)
    said = ["Có chuông. Mời bật âm lượng đủ nghe.", "Có rung.", "Có thông báo khi đang xem trang khác."]
    assert {*page.locator("[data-has]").all_inner_texts()} == {*said, "Màn hình không tự tắt."}
    expect(page.locator("#alarm")).to_contain_text("Giữ trang này mở.")
    assert (notes(page), page.evaluate("[asked.shakes, asked.lights, asked.permissions]")) == (SOFT, [[[200]], 1, 1])

    forget(page)
    for told in before[:2]:
        api.ticket(told.id, "call", counter=5)
        api.ticket(told.id, "no-show")
    expect(state(page)).to_contain_text("3 người")
    assert (notes(page), page.evaluate("asked.shakes")) == (0, []), "few people, and a long wait all the same"
    for told in before[2:]:
        api.ticket(told.id, "call", counter=5)
        api.ticket(told.id, "no-show")
    expect(state(page)).to_contain_text("Sắp đến lượt, mời chờ gần quầy.")
    assert (notes(page), page.evaluate("[asked.shakes, asked.notices]")) == (SOFT, [[[200]], []])

    forget(page)
    page.evaluate(HIDE, True)
    api.ticket(ticket.id, "call", counter=5)
    expect(state(page)).to_contain_text("Mời đến quầy 5")
    assert notes(page) == LOUD
    (pattern,) = page.evaluate("asked.shakes")
    assert (sum(pattern) <= 30_000, len(pattern) <= 99, pattern[:5]) == (True, True, [400, 200, 400, 200, 800])
    assert page.evaluate("asked.notices") == [["Mời đến quầy 5", f"Số {number}", True]]
    page.evaluate(HIDE, False)
    expect(page.locator("#alarm").get_by_text("Chạm vào màn hình để tắt chuông.")).to_be_visible()
    page.touchscreen.tap(20, 20)
    expect(page.locator("#alarm")).to_be_hidden()
    assert page.evaluate("[asked.shakes.at(-1), asked.chimes.at(-1)]") == [0, "stop"]

    forget(page)
    api.ticket(ticket.id, "recall")
    expect(state(page)).to_contain_text("Gọi lại lần 2")
    assert notes(page) == LOUD
    api.ticket(ticket.id, "start")
    expect(state(page)).to_contain_text("Đang phục vụ")
    assert page.evaluate("[asked.shakes.at(-1), asked.chimes.at(-1), asked.lights]") == [0, "stop", 0]
    assert page.evaluate("asked.closed") > 0
    api.ticket(ticket.id, "finish")
    api.counter(5, "close")


def test_a_call_is_told_once_whatever_becomes_of_page_and_line(centre: DemoServer, visit: Visit) -> None:
    api = centre.api()
    api.counter(5, "open")
    ticket = api.issue("kinh-doanh")
    page = open_phone(visit, ticket, has=RECORDED)
    arm(page)
    api.ticket(ticket.id, "call", counter=5)
    expect(state(page)).to_contain_text("Mời đến quầy 5")
    page.touchscreen.tap(20, 20)
    forget(page)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#connection")).to_have_text("Trực tuyến")
    expect(state(page)).not_to_contain_text("Tình trạng lúc")
    assert page.evaluate("[asked.shakes, asked.chimes]") == [[], []]
    page.reload()
    expect(state(page)).to_contain_text("Mời đến quầy 5")
    page.touchscreen.tap(20, 20)
    assert page.evaluate("[asked.shakes, asked.chimes]") == [[], []]
    api.ticket(ticket.id, "no-show")
    expect(state(page)).to_contain_text("Đã qua lượt gọi")
    api.ticket(ticket.id, "reinstate")
    api.ticket(ticket.id, "call", counter=5)
    expect(state(page)).to_contain_text("Mời đến quầy 5")
    assert page.evaluate("asked.shakes.length") == 1, "the same counter, and another call"
    api.ticket(ticket.id, "start")
    api.ticket(ticket.id, "finish")
    api.counter(5, "close")


def test_a_phone_that_has_nothing_says_so(centre: DemoServer, visit: Visit) -> None:
    page = open_phone(visit, centre.api().issue("ho-tich"), has=NOTHING)
    arm(page)
    assert {*page.locator("[data-has]").all_inner_texts()} == {
        "Máy này không phát được chuông.",
        "Máy này không rung được.",
        "Không có thông báo khi đang xem trang khác.",
        "Màn hình có thể tự tắt.",
    }
    expect(page.locator("#alarm")).to_contain_text("Giữ trang này mở.")


def test_a_phone_that_was_asleep_takes_a_new_line_at_once(centre: DemoServer, visit: Visit) -> None:
    ticket = centre.api().issue("dat-dai")
    page = open_phone(visit, ticket)
    expect(state(page)).to_contain_text("Đang chờ trước")
    page.evaluate(
        """() => {
          const hide = (hidden) => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
          };
          hide(true);
          const real = Date.now;
          Date.now = () => real() + 60000;
          window.wake = () => hide(false);
        }"""
    )
    with page.expect_websocket():
        page.evaluate("window.wake()")
    expect(page.locator("#connection")).to_have_text("Trực tuyến")
    centre.api().ticket(ticket.id, "cancel")
    expect(state(page)).to_contain_text("Số đã hủy")


def test_english_by_switch_and_by_the_language_of_the_number(centre: DemoServer, visit: Visit) -> None:
    ticket = centre.api().issue("ho-tich")
    page = open_phone(visit, ticket, locale="en-US")
    page.get_by_role("link", name="English").click()
    expect(state(page)).to_contain_text(re.compile("Waiting ahead"))
    expect(page.locator("#field")).to_have_text("Civil status")
    expect(page.get_by_role("link", name="Tiếng Việt")).to_be_visible()
    foreign = centre.api().issue("ho-tich", language="en")
    page = open_phone(visit, foreign)
    expect(page.get_by_role("button", name="Cancel number")).to_be_visible()
    page.get_by_role("link", name="Tiếng Việt").click()
    expect(page.get_by_role("button", name="Hủy số")).to_be_visible()


def test_an_unknown_number_is_told_kindly_in_both_languages(visit: Visit) -> None:
    page = visit(width=WIDTH, height=HEIGHT)
    answer = page.goto("/t/nothing.at-all")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Số này không còn hiệu lực.")).to_be_visible()
    expect(page.get_by_text("Hãy hỏi nhân viên hướng dẫn.")).to_be_visible()
    expect(page.get_by_text("Please ask a helper at the centre.")).to_be_visible()


@pytest.mark.parametrize(("width", "height", "zoom"), SIZES)
def test_nothing_is_cut_off_and_every_key_is_large(
    centre: DemoServer, visit: Visit, width: int, height: int, zoom: float
) -> None:
    page = open_phone(visit, centre.api().issue("kinh-doanh"), width=width, height=height, zoom=zoom)
    expect(state(page)).to_contain_text("Đang chờ trước")
    arm(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    inner = page.evaluate("""() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector("#number"));
      const paper = document.querySelector("#paper").getBoundingClientRect(), text = range.getBoundingClientRect();
      return Math.min(text.left - paper.left, paper.right - text.right);
    }""")
    assert inner >= 4
    for key in page.locator(".button:visible").all():
        assert height_of(key) >= 48


def test_nothing_is_asked_of_other_sites_and_no_address_is_told(centre: DemoServer, visit: Visit) -> None:
    page = visit(width=WIDTH, height=HEIGHT)
    asked: list[tuple[str, str | None]] = []
    page.on("request", lambda request: asked.append((request.url, request.headers.get("referer"))))
    page.goto(f"/t/{centre.api().issue('kinh-doanh').token}")
    expect(state(page)).to_contain_text("Đang chờ trước")
    assert {url.startswith(centre.url) for url, _ in asked} == {True}
    assert [referer for _, referer in asked if referer and "/t/" in referer] == []


def finished(centre: DemoServer) -> Ticket:
    """A number of civil status that has been served at counter 3."""
    api = centre.api()
    api.counter(3, "open")
    ticket = api.issue("ho-tich")
    while (called := api.call_next(3)) is not None:
        api.ticket(called.id, "start")
        api.ticket(called.id, "finish")
        if called.id == ticket.id:
            break
    return ticket


def test_a_visit_that_is_over_is_rated_once_on_the_phone(centre: DemoServer, visit: Visit) -> None:
    ticket = finished(centre)
    page = open_phone(visit, ticket)
    expect(page.locator("#rate [data-level]")).to_have_count(4)
    assert_accessible(page)
    page.locator("[data-level=dissatisfied]").click()
    page.locator("[data-reason=cho-lau]").click()
    page.get_by_role("button", name="Gửi đánh giá").dblclick()
    expect(page.locator("#rate")).to_have_text("Xin cảm ơn ông/bà đã đánh giá.")
    with pytest.raises(Refused, match="already-rated"):
        centre.api().request(
            "POST", f"/api/v1/tickets/{ticket.id}/rate", {"level": "satisfied"}, Ticket_Token=ticket.token or ""
        )
    page.reload()
    expect(page.locator("#connection")).to_have_text(re.compile("Trực tuyến"))
    expect(page.locator("#rate")).to_be_hidden()


def test_a_good_level_is_sent_at_once(centre: DemoServer, visit: Visit) -> None:
    page = open_phone(visit, finished(centre), locale="en-US")
    page.locator("[data-level=very_satisfied]").click()
    expect(page.locator("#rate")).to_contain_text("Xin cảm ơn")
