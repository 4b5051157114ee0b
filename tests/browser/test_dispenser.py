"""The dispenser in a real chromium: taking a number, what it says when it cannot give one, and the line that dies."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.server import DemoServer

pytestmark = pytest.mark.browser

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HELPER = "Vui lòng gặp nhân viên hướng dẫn"
SAME_FINGER_MS = 400
"""A press this soon after a new screen is the same finger's and does not count."""

COMMAND = """async ([branch, name, args]) => {
  const headers = {"content-type": "application/json", "idempotency-key": crypto.randomUUID()};
  const answer = await fetch(`/api/v1/branches/${branch}/${name}`, {method: "POST", headers, body: JSON.stringify(args)});
  if (!answer.ok) throw new Error(await answer.text());
}"""

ASK = """async ([method, path, body]) => {
  const headers = {"content-type": "application/json", "idempotency-key": crypto.randomUUID()};
  const answer = await fetch("/api/v1" + path, {method, headers, body: JSON.stringify(body)});
  if (!answer.ok) throw new Error(await answer.text());
}"""


class Kiosk:
    """The page as a citizen uses it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def card(self, field: str) -> Locator:
        return self.page.locator(f".cards [data-field={field}]")

    def key(self, name: str) -> Locator:
        return self.page.locator(f"[data-key={name}]")

    def settle(self) -> None:
        """Wait until a press counts: for who cannot see it, a new screen is deaf for a moment."""
        self.page.evaluate("ms => new Promise(done => setTimeout(done, ms))", SAME_FINGER_MS + 50)

    def choose(self, field: str) -> None:
        self.settle()
        self.card(field).click()
        expect(self.key("take")).to_be_visible()
        self.settle()

    def take(self) -> str:
        """Press "Lấy số"; the number that the screen shows."""
        self.key("take").click()
        return self.number()

    def number(self) -> str:
        shown = self.page.locator("[data-number]")
        expect(shown).to_be_visible()
        return shown.get_attribute("data-number") or ""

    def go_back(self) -> None:
        self.settle()
        self.key("done").click()
        expect(self.page.locator(".cards")).to_be_visible()

    def helper_sentence(self) -> Locator:
        return self.page.locator("[data-state=down]").get_by_text(HELPER)


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    return open_kiosk(visit, centre)


def open_kiosk(visit: Visit, centre: DemoServer, **how: Any) -> Kiosk:
    asked = {"width": 1080, "height": 1920, "locale": "en-US"} | how
    page = visit(f"/dispenser/go-vap#token={centre.tokens['dispenser']}", **asked)
    expect(page.locator(".cards")).to_be_visible()
    return Kiosk(page)


@pytest.fixture
def supervisor(visit: Visit, centre: DemoServer) -> Callable[..., None]:
    """`supervisor("suspend", field=…, reason=…)`"""
    page = visit(account="tam")
    return lambda name, **args: page.evaluate(COMMAND, [centre.branch, name, args])


def issued(centre: DemoServer, field: str) -> int:
    return next(int(row["issued"]) for row in centre.api().look()["fields"] if row["code"] == field)


def minutes(centre: DemoServer) -> tuple[int, int]:
    """The service day's first minute and the present one, counted from its date's midnight."""
    day = centre.api().board()["day"]["today"]
    midnight = datetime.fromisoformat(day["date"]).replace(tzinfo=ZONE)
    first = datetime.fromisoformat(day["working"][0]["start"]) - midnight
    now = datetime.now(ZONE) - midnight
    return first // timedelta(minutes=1), now // timedelta(minutes=1)


@pytest.fixture
def day(centre: DemoServer, supervisor: Callable[..., None]) -> Iterator[tuple[int, int]]:
    """The day's first and present minute; its hours are as they were when the test has ended."""
    first, now = minutes(centre)
    yield first, now
    always = [[first, first + 24 * 60]]
    supervisor("change-hours", hours={"working": always, "issuing": always}, reason={"vi": "Như thường lệ"})


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
    expect(kiosk.page.locator(".cards")).to_be_visible(timeout=14_000)


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
    expect(kiosk.card("ho-tich")).to_contain_text(re.compile(r"khoảng \d+–\d+ phút"))


# -- language and reading aid --------------------------------------------------------------------------------------------


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
    expect(kiosk.page.get_by_role("heading", name="Mời chọn lĩnh vực")).to_be_visible(timeout=34_000)
    expect(kiosk.page.locator("html")).to_have_attribute("data-theme", "")


# -- no numbers now ------------------------------------------------------------------------------------------------------


def test_a_suspended_field_is_shown_at_once_and_says_why(kiosk: Kiosk, supervisor: Callable[..., None]) -> None:
    reason = {"vi": "hệ thống đang gián đoạn", "en": "the system is interrupted"}
    supervisor("suspend", field="dat-dai", reason=reason)
    card = kiosk.card("dat-dai")
    expect(card).to_contain_text("Tạm ngừng cấp số từ")
    expect(card).to_contain_text("hệ thống đang gián đoạn")
    expect(card).to_contain_text("Các số đã cấp giữ nguyên thứ tự.")
    card.click()
    expect(kiosk.page.locator("[data-shut=dat-dai]")).to_contain_text("Các số đã cấp giữ nguyên thứ tự.")
    expect(kiosk.key("take")).to_have_count(0)
    supervisor("unsuspend", field="dat-dai")
    expect(kiosk.key("take")).to_be_visible()


def test_a_field_suspended_between_two_taps_is_refused_kindly(
    kiosk: Kiosk, supervisor: Callable[..., None], centre: DemoServer
) -> None:
    before = issued(centre, "kinh-doanh")
    kiosk.choose("kinh-doanh")
    supervisor("suspend", field="kinh-doanh", reason={"vi": "mất điện"})
    expect(kiosk.page.locator("[data-shut=kinh-doanh]")).to_contain_text("mất điện")
    assert issued(centre, "kinh-doanh") == before
    supervisor("unsuspend", field="kinh-doanh")


def test_lunch_says_when_to_come_back(
    kiosk: Kiosk, supervisor: Callable[..., None], day: tuple[int, int]
) -> None:
    first, now = day
    hours = {
        "working": [[first, now - 5], [now + 60, first + 1440]],
        "issuing": [[first, now - 10], [now + 30, first + 1440]],
    }
    supervisor("change-hours", hours=hours, reason={"vi": "Nghỉ trưa"})
    shown = kiosk.page.locator(".resting[data-state=lunch]")
    expect(shown).to_contain_text("Đang nghỉ trưa")
    expect(shown).to_contain_text("Lấy số lại từ")
    expect(shown).to_contain_text(f"{(now + 30) // 60 % 24:02}:{(now + 30) % 60:02}")
    expect(shown).to_contain_text("Số buổi sáng vẫn giữ thứ tự.")
    expect(kiosk.page.locator("[data-field]")).to_have_count(0)


def test_a_closed_branch_says_when_it_opens_and_why(
    kiosk: Kiosk, supervisor: Callable[..., None], day: tuple[int, int]
) -> None:
    supervisor("change-hours", hours={"working": [], "issuing": []}, reason={"vi": "Nghỉ do mất điện"})
    shown = kiosk.page.locator(".resting")
    expect(shown).to_contain_text("Hôm nay không tiếp nhận")
    expect(shown).to_contain_text("Nghỉ do mất điện")
    expect(shown).to_contain_text("Mời quay lại")


# -- the line ------------------------------------------------------------------------------------------------------------


def test_a_dead_server_sends_people_to_a_helper_and_the_page_comes_back(kiosk: Kiosk, centre: DemoServer) -> None:
    before = issued(centre, "chung-thuc")
    kiosk.choose("chung-thuc")
    centre.kill()
    expect(kiosk.helper_sentence()).to_be_visible(timeout=10_000)
    expect(kiosk.page.locator("[data-field], [data-key=take]")).to_have_count(0)
    centre.restart()
    expect(kiosk.page.locator(".cards")).to_be_visible(timeout=5_000)
    expect(kiosk.page.locator(".head .pill--ok")).to_be_visible()
    assert issued(centre, "chung-thuc") == before


def test_a_server_that_hangs_under_a_press_gives_one_number(kiosk: Kiosk, centre: DemoServer) -> None:
    before = issued(centre, "tra-ket-qua")
    kiosk.choose("tra-ket-qua")
    assert centre.pid is not None
    os.kill(centre.pid, signal.SIGSTOP)
    try:
        kiosk.key("take").click()
        expect(kiosk.key("take")).to_have_attribute("aria-busy", "true")
        expect(kiosk.helper_sentence()).to_be_visible(timeout=11_000)
    finally:
        os.kill(centre.pid, signal.SIGCONT)
    assert kiosk.number()
    assert issued(centre, "tra-ket-qua") == before + 1


# -- the device ----------------------------------------------------------------------------------------------------------


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


def test_the_token_does_not_stay_in_the_address(kiosk: Kiosk) -> None:
    assert "token" not in kiosk.page.url


def test_an_unknown_branch_is_said_on_a_page(visit: Visit) -> None:
    page = visit("/dispenser/nowhere")
    expect(page.get_by_role("heading", name="Không mở được trang này")).to_be_visible()


# -- sizes ---------------------------------------------------------------------------------------------------------------

SMALLEST = """() => {
  const texts = [...document.querySelectorAll("#kiosk *")].filter(element => element.checkVisibility() &&
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  const buttons = [...document.querySelectorAll("#kiosk button")].filter(element => element.checkVisibility());
  return {
    text: Math.min(...texts.map(element => parseFloat(getComputedStyle(element).fontSize))),
    button: Math.min(...buttons.map(element => element.getBoundingClientRect().height)),
    wider: document.documentElement.scrollWidth - innerWidth,
  };
}"""


@pytest.mark.parametrize(("width", "height", "zoom"), [(1080, 1920, 1), (1280, 800, 1), (1080, 1920, 2), (1280, 800, 2)])
def test_nothing_is_too_small_on_any_screen(
    visit: Visit, centre: DemoServer, width: int, height: int, zoom: float
) -> None:
    kiosk = open_kiosk(visit, centre, width=width, height=height, zoom=zoom)
    for step in (lambda: None, lambda: kiosk.choose("chung-thuc"), lambda: kiosk.take()):
        step()
        least = kiosk.page.evaluate(SMALLEST)
        assert least["text"] >= 24
        assert least["button"] >= 72
        assert least["wider"] <= 0


# -- pure rules ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "likely", "high", "said"),
    [
        (0, 0, 150, "dưới 5 phút"),
        (180, 300, 480, "khoảng 3–8 phút"),
        (640, 1000, 1210, "khoảng 10–25 phút"),
        (930, 1200, 1500, "khoảng 15–25 phút"),
        (3000, 4000, 6010, "09:50–10:45"),
        (5400, 6000, 6600, "10:30–10:50"),
        (7000, 7100, 9000, "10:55–13:00"),
    ],
)
def test_a_wait_is_told_as_a_range(kiosk: Kiosk, low: int, likely: int, high: int, said: str) -> None:
    """To 5 minutes above 10; by the clock over an hour and across lunch."""
    wait = {"low_s": low, "likely_s": likely, "high_s": high, "made_at": "2026-11-23T09:00:00+07:00"}
    working = [
        {"start": "2026-11-23T07:30:00+07:00", "end": "2026-11-23T11:30:00+07:00"},
        {"start": "2026-11-23T13:00:00+07:00", "end": "2026-11-23T17:00:00+07:00"},
    ]
    told = kiosk.page.evaluate("([wait, working]) => LaySo.wait(wait, working)", [wait, working])
    assert told["value"] == said
    assert not told["isLate"]


RULES = """async ([name, ...given]) => (await import("/static/dispenser/rules.js"))[name](...given)"""


def test_many_fields_are_grouped_by_agency_and_paged(kiosk: Kiosk) -> None:
    def ask(name: str, *given: object) -> Any:
        return kiosk.page.evaluate(RULES, [name, *given])

    fields = [{"code": f"f{i}", "agency": "abc"[min(2, i // 5)]} for i in range(11)]
    groups = ask("firstLevel", fields)
    assert [group.get("agency") for group in groups] == ["a", "b", None]
    assert groups[2] == {"field": fields[10]}
    assert len(ask("firstLevel", fields[:10])) == 10
    assert ask("pageOf", list(range(9)), 1, 8) == {"items": [5, 6, 7, 8], "page": 1, "pages": 2}
    assert ask("countersText", [5, 1, 2, 3, 8, 9]) == "1–3, 5, 8, 9"
