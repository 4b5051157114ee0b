"""Taking a number at the dispenser in a real chromium: fields, classes, languages, a new device."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import HELPER, Kiosk, issued, open_kiosk
from tests.server import DemoServer

pytestmark = pytest.mark.browser

ASK = """async ([method, path, body]) => {
  const headers = {"content-type": "application/json", "idempotency-key": crypto.randomUUID()};
  const answer = await fetch("/api/v1" + path, {method, headers, body: JSON.stringify(body)});
  if (!answer.ok) throw new Error(await answer.text());
}"""


HEARD_S = 8
"""The page gives a line up that is silent for longer than 9 s."""


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    return open_kiosk(visit, centre)


def later(kiosk: Kiosk, seconds: float) -> None:
    """The page's clock is so much further; its timers run on."""
    kiosk.page.clock.set_fixed_time(kiosk.page.evaluate("Date.now() / 1000") + seconds)


def idle(kiosk: Kiosk, centre: DemoServer, seconds: float) -> None:
    """Nobody touches the step before a number of "chung-thuc" for so long, while others come and the line is heard."""
    ahead = kiosk.page.locator(".confirm .fact dd").first
    steps = [0, *(HEARD_S for _ in range(int(seconds // HEARD_S))), seconds % HEARD_S]
    for step in steps:
        before = ahead.inner_text()
        later(kiosk, step)
        centre.api().issue("chung-thuc")
        expect(ahead).not_to_have_text(before)


# -- taking a number ---------------------------------------------------------------------------------------------------


def test_a_citizen_takes_a_number_with_two_taps(kiosk: Kiosk, centre: DemoServer) -> None:
    before = issued(centre, "chung-thuc")
    kiosk.choose("chung-thuc")
    expect(kiosk.page.locator(".facts")).to_contain_text("Đang chờ trước")
    number = kiosk.take()
    assert re.fullmatch(r"A\d{3}", number)
    assert issued(centre, "chung-thuc") == before + 1
    expect(kiosk.page.get_by_text("Mời lấy phiếu")).to_be_visible()
    expect(kiosk.page.locator(".ticket")).to_contain_text("Đang chờ trước")
    kiosk.go_back()


def test_the_number_leaves_by_itself(kiosk: Kiosk) -> None:
    kiosk.choose("tra-ket-qua")
    kiosk.take()
    later(kiosk, 10)
    expect(kiosk.page.locator(".issued")).to_be_visible()
    later(kiosk, 5)
    expect(kiosk.page.locator(".cards")).to_be_visible()


def test_a_priority_class_is_called_first(kiosk: Kiosk, centre: DemoServer) -> None:
    api = centre.api()
    api.counter(4, "open")
    api.issue("dat-dai")
    kiosk.choose("dat-dai")
    kiosk.page.locator("[data-class=NCT75]").click()
    expect(kiosk.page.locator("[data-class=NCT75]")).to_have_attribute("aria-pressed", "true")
    number = kiosk.take()
    called = api.call_next(4)
    assert called is not None
    assert called.number == number


def test_who_has_priority_is_told_who_is_ahead_of_them_and_how_long(kiosk: Kiosk, centre: DemoServer) -> None:
    api = centre.api()
    api.counter(5, "open")
    for _ in range(4):
        api.issue("kinh-doanh")
    api.issue("kinh-doanh", priority="NCT75")
    facts = kiosk.page.locator(".facts")
    kiosk.choose("kinh-doanh")
    expect(facts).to_contain_text("5 người")
    ordinary = facts.inner_text()
    kiosk.page.locator("[data-class=NKT]").click()
    expect(facts).to_contain_text("1 người")
    assert re.findall(r"\d+–\d+ phút", facts.inner_text()) != re.findall(r"\d+–\d+ phút", ordinary)
    kiosk.take()
    expect(kiosk.page.locator(".ticket .facts")).to_contain_text("1 người")


def test_one_class_at_most_and_a_second_press_takes_it_back(kiosk: Kiosk) -> None:
    kiosk.choose("dat-dai")
    first, second = kiosk.page.locator("[data-class=NCT75]"), kiosk.page.locator("[data-class=NKT]")
    first.click()
    second.click()
    expect(first).to_have_attribute("aria-pressed", "false")
    second.click()
    expect(second).to_have_attribute("aria-pressed", "false")


def test_a_double_tap_issues_one_ticket(kiosk: Kiosk, centre: DemoServer) -> None:
    before = issued(centre, "kinh-doanh")
    kiosk.choose("kinh-doanh")
    kiosk.key("take").evaluate("button => { button.click(); button.click(); button.click(); }")
    kiosk.number()
    assert issued(centre, "kinh-doanh") == before + 1


def test_a_double_tap_on_a_field_does_not_reach_the_next_screen(kiosk: Kiosk, centre: DemoServer) -> None:
    before = issued(centre, "chung-thuc")
    kiosk.settle()
    kiosk.card("chung-thuc").click()
    kiosk.key("take").click()
    expect(kiosk.key("take")).to_be_visible()
    assert issued(centre, "chung-thuc") == before


def test_people_waiting_and_the_range_are_live(kiosk: Kiosk, centre: DemoServer) -> None:
    api = centre.api()
    expect(kiosk.card("ho-tich")).to_contain_text("Chưa dự tính được")
    for _ in range(3):
        api.issue("ho-tich")
    expect(kiosk.card("ho-tich")).to_contain_text("3 người chờ")
    api.counter(3, "open")
    expect(kiosk.card("ho-tich")).to_contain_text(re.compile(r"khoảng \d+–\d+ phút|đến lượt \d"))  # over an hour


# -- language and reading aid ------------------------------------------------------------------------------------------


def test_the_whole_way_in_english(kiosk: Kiosk, centre: DemoServer) -> None:
    """Whatever the browser prefers the page begins in Vietnamese; the number is then called in English too."""
    expect(kiosk.page.get_by_role("heading", name="Mời chọn lĩnh vực")).to_be_visible()
    where = kiosk.key("language").bounding_box()
    kiosk.key("language").click()
    expect(kiosk.page.get_by_role("heading", name="Please choose a field")).to_be_visible()
    expect(kiosk.card("tra-ket-qua")).to_contain_text("Collecting results")
    kiosk.choose("tra-ket-qua")
    assert kiosk.key("language").bounding_box() == where
    number = kiosk.take()
    expect(kiosk.page.get_by_text("Please take your paper")).to_be_visible()
    api = centre.api()
    api.counter(6, "open")
    while (called := api.call_next(6)) is not None and called.number != number:
        api.ticket(called.id, "no-show")
    calls = api.board()["calls"].values()
    assert {call["language"] for call in calls if call["number"] == number} == {"en"}


def test_the_reading_aid_makes_everything_larger(kiosk: Kiosk) -> None:
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    name = kiosk.page.locator(".field-card__name").first
    before = name.evaluate(size)
    kiosk.key("easy").click()
    expect(kiosk.page.locator("html")).to_have_attribute("data-theme", "contrast")
    assert name.evaluate(size) > before * 1.1


def test_help_is_at_hand_and_goes_away(kiosk: Kiosk) -> None:
    kiosk.settle()
    kiosk.key("help").click()
    expect(kiosk.page.get_by_text(HELPER)).to_be_visible()
    kiosk.settle()
    kiosk.key("help").click()
    expect(kiosk.page.locator(".cards")).to_be_visible()


@pytest.mark.slow
def test_the_next_person_finds_the_first_screen_in_vietnamese(kiosk: Kiosk) -> None:
    kiosk.key("language").click()
    kiosk.key("easy").click()
    kiosk.choose("chung-thuc")
    later(kiosk, 51)
    expect(kiosk.page.get_by_role("heading", name="Mời chọn lĩnh vực")).to_be_visible()
    expect(kiosk.page.locator("html")).to_have_attribute("data-theme", "")


def test_who_reads_slowly_is_asked_and_has_twice_the_time(kiosk: Kiosk, centre: DemoServer) -> None:
    question = kiosk.page.get_by_role("dialog", name="Cần thêm thời gian?")
    kiosk.choose("chung-thuc")
    idle(kiosk, centre, 31)
    expect(question).to_be_visible()
    expect(kiosk.key("stay")).to_be_focused()
    kiosk.page.keyboard.press("Enter")
    expect(question).to_be_hidden()
    idle(kiosk, centre, 58)
    kiosk.next_tick()
    expect(question).to_be_hidden()
    later(kiosk, 3)
    expect(question).to_be_visible()
    idle(kiosk, centre, 18)
    kiosk.next_tick()
    expect(question).to_be_visible()
    later(kiosk, 3)
    expect(kiosk.page.locator(".cards")).to_be_visible()
    expect(question).to_be_hidden()


def test_who_comes_next_does_not_have_the_time_of_who_has_gone(kiosk: Kiosk, centre: DemoServer) -> None:
    kiosk.choose("chung-thuc")
    idle(kiosk, centre, 31)
    kiosk.key("stay").click()
    later(kiosk, 1)
    kiosk.take()
    later(kiosk, 1)
    kiosk.key("done").click()
    later(kiosk, 1)
    kiosk.choose("chung-thuc")
    idle(kiosk, centre, 31)
    expect(kiosk.key("stay")).to_be_visible()


def test_a_press_beside_the_question_answers_it_and_does_nothing_else(kiosk: Kiosk, centre: DemoServer) -> None:
    kiosk.choose("chung-thuc")
    box = kiosk.key("take").bounding_box()
    assert box is not None
    idle(kiosk, centre, 31)
    expect(kiosk.key("stay")).to_be_visible()
    before = issued(centre, "chung-thuc")
    kiosk.page.mouse.dblclick(box["x"] + 20, box["y"] + 20)
    expect(kiosk.key("stay")).to_be_hidden()
    expect(kiosk.key("take")).to_be_visible()
    assert issued(centre, "chung-thuc") == before


def test_nobody_is_asked_on_the_first_screen(kiosk: Kiosk) -> None:
    kiosk.settle()
    later(kiosk, 31)
    kiosk.next_tick()
    expect(kiosk.key("stay")).to_have_count(0)


# -- the device --------------------------------------------------------------------------------------------------------


def test_a_new_device_is_paired_by_the_code_on_its_screen(visit: Visit) -> None:
    """It has no printer beside it, so it asks to remember the number."""
    page = visit("/dispenser/go-vap", width=1280, height=800)
    code = page.locator(".pairing__code")
    expect(code).to_be_visible()
    shown = re.sub(r"\D", "", code.inner_text())
    body = {"code": shown, "name": "Máy mới", "branch": "go-vap"}
    visit(account="quang").evaluate(ASK, ["POST", "/pairings/confirm", body])
    expect(page.locator(".cards")).to_be_visible()
    kiosk = Kiosk(page)
    kiosk.choose("chung-thuc")
    kiosk.take()
    expect(page.get_by_text("Mời ghi nhớ số này")).to_be_visible()


WAIT = "Đã thử quá nhiều lần. Hãy đợi 7 giây rồi thử lại."


def test_a_device_that_is_told_to_wait_says_so_and_goes_on_with_the_token_that_it_has(
    visit: Visit, centre: DemoServer
) -> None:
    page = visit(f"/dispenser/go-vap#token={centre.tokens['dispenser']}", width=1280, height=800)
    expect(page.locator(".cards")).to_be_visible()
    page.context.clear_cookies()
    page.route("**/api/v1/session/device", lambda route: route.fulfill(status=429, json={"detail": WAIT}))
    page.reload()
    expect(page.get_by_text(WAIT)).to_be_visible()
    page.unroute("**/api/v1/session/device")
    expect(page.locator(".cards")).to_be_visible(timeout=15_000)


def test_the_token_does_not_stay_in_the_address(kiosk: Kiosk) -> None:
    assert "token" not in kiosk.page.url


def test_an_unknown_branch_is_said_on_a_page(visit: Visit) -> None:
    page = visit("/dispenser/nowhere")
    expect(page.get_by_role("heading", name="Không mở được trang này")).to_be_visible()
