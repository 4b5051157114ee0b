"""A further language at the dispenser and on the phone, and what the dispenser says aloud, in a real chromium.

Voices are the machine's, and the test machine has none: the browser's speechSynthesis is replaced by one that notes
what it is given.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, open_kiosk
from tests.browser.looks import SMALLEST
from tests.browser.test_dispenser import later
from tests.server import DemoServer

pytestmark = pytest.mark.browser

SYNTH = """
  window.voices = [];
  window.queue = [];
  const synth = Object.assign(new EventTarget(), {
    getVoices: () => voices,
    speak: (words) => queue.push(words),
    cancel: () => queue.splice(0).forEach((words) => words.onerror && words.onerror())
  });
  Object.defineProperty(window, "speechSynthesis", { value: synth });
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
  window.bring = (...tags) => {
    voices.push(...tags.map((lang) => ({ lang, localService: lang !== "zh-CN" })));
    synth.dispatchEvent(new Event("voiceschanged"));
  };
  window.saidAll = () => queue.splice(0).forEach((words) => words.onend && words.onend());
"""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """In the morning: nobody is told that the day may be too short."""
    start = ("--clock-start", "2026-11-23T09:00:00+07:00")
    with DemoServer(tmp_path_factory.mktemp("centre"), "--has-chinese", *start) as server:
        yield server


def open_heard(visit: Visit, centre: DemoServer, *, width: int = 1080, height: int = 1920) -> Kiosk:
    page = visit(width=width, height=height)
    page.add_init_script(SYNTH)
    page.goto(f"/dispenser/go-vap#token={centre.tokens['dispenser']}")
    expect(page.locator(".cards")).to_be_visible()
    return Kiosk(page)


def choose_language(kiosk: Kiosk, code: str) -> None:
    kiosk.key("language").click()
    expect(kiosk.page.get_by_role("dialog")).to_be_visible()
    kiosk.settle()
    kiosk.page.locator(f"[data-language={code}]").click()
    expect(kiosk.page.get_by_role("dialog")).to_be_hidden()
    expect(kiosk.page.locator("html")).to_have_attribute("lang", code)
    kiosk.settle()


# -- a further language ------------------------------------------------------------------------------------------------


def test_the_whole_way_in_chinese(visit: Visit, centre: DemoServer) -> None:
    kiosk = open_kiosk(visit, centre)
    page, key = kiosk.page, kiosk.key("language")
    expect(key).to_have_text("English · 中文")
    where = key.bounding_box()
    choose_language(kiosk, "zh")
    expect(key).to_have_text("Tiếng Việt · English")
    assert key.bounding_box() == where
    assert [each.get_attribute("lang") for each in key.locator("[lang]").all()] == ["vi", "en"]
    expect(page.get_by_role("heading", name="请选择办理事项")).to_be_visible()
    expect(page.locator(".head__branch")).to_have_text("旧邑坊公共行政服务中心")
    expect(kiosk.card("chung-thuc")).to_contain_text("认证")
    expect(kiosk.card("ho-tich")).to_contain_text("Civil status")
    kiosk.choose("chung-thuc")
    expect(page.locator(".facts")).to_contain_text("前面等候")
    expect(kiosk.key("take")).to_have_text("取号")
    number = kiosk.take()
    expect(page.get_by_text("请取走号票")).to_be_visible()
    api = centre.api()
    api.counter(1, "open")
    called = api.call_next(1)
    assert called is not None
    assert called.number == number
    assert {call["language"] for call in api.board()["calls"].values()} == {"zh"}


@pytest.mark.parametrize(("width", "height", "zoom"), [(1080, 1920, 1), (1280, 800, 1), (1080, 1920, 3)])
def test_the_choice_of_languages_is_large_and_goes_away_beside_it(
    visit: Visit, centre: DemoServer, width: int, height: int, zoom: float
) -> None:
    kiosk = open_kiosk(visit, centre, width=width, height=height, zoom=zoom)
    choice = kiosk.page.get_by_role("dialog", name="Ngôn ngữ")
    kiosk.key("language").dblclick()
    expect(choice).to_be_visible()
    assert choice.get_by_role("button").all_inner_texts() == ["Tiếng Việt", "English", "中文"]
    assert kiosk.page.evaluate(SMALLEST)["button"] >= 72
    box = choice.bounding_box()
    assert box is not None
    assert (box["x"] >= 0, box["y"] >= 0, box["y"] + box["height"] <= height / zoom) == (True, True, True)
    kiosk.settle()
    kiosk.page.mouse.click(width / zoom - 10, 10)
    expect(choice).to_be_hidden()
    choose_language(kiosk, "zh")
    kiosk.choose("chung-thuc")
    least = kiosk.page.evaluate(SMALLEST)
    assert (least["text"] >= 24, least["button"] >= 72, least["wider"] <= 0) == (True, True, True)


def test_a_dispenser_learns_by_itself_that_its_branch_speaks_another_language(visit: Visit, centre: DemoServer) -> None:
    page = visit(width=1080, height=1920)
    page.route("**/static/languages/zh.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(f"/dispenser/go-vap#token={centre.tokens['dispenser']}")
    kiosk = Kiosk(page)
    expect(kiosk.key("language")).to_have_text("English")
    page.unroute("**/static/languages/zh.js*")
    later(kiosk, 25)
    expect(kiosk.key("language")).to_have_text("English · 中文", timeout=15_000)


def test_the_phone_in_chinese(visit: Visit, centre: DemoServer) -> None:
    ticket = centre.api().issue("chung-thuc", language="zh")
    page = visit(f"/t/{ticket.token}", width=360, height=800)
    expect(page.locator("#connection")).to_have_text("已连接")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.locator("#field")).to_have_text("认证")
    expect(page.locator(".paper__label")).to_have_text("您的号码")
    expect(page.locator("#state")).to_contain_text("前面等候")
    expect(page.get_by_role("link", name="Tiếng Việt")).to_have_attribute("lang", "vi")
    page.locator("#cancel").click()
    detail = "Number A001 is being served; it cannot be changed now."
    page.route("**/api/v1/tickets/**", lambda route: route.fulfill(status=409, json={"status": 409, "detail": detail}))
    page.evaluate("() => new Promise(done => setTimeout(done, 550))")
    page.get_by_role("dialog").get_by_role("button", name="取消号码").click()
    expect(page.get_by_role("alert").locator("[lang=en]")).to_have_text(detail)
    page.get_by_role("dialog").get_by_role("button", name="关闭").click()
    page.get_by_role("link", name="English").click()
    expect(page.locator("#field")).to_have_text("Certification")
    page.get_by_role("link", name="中文").click()
    expect(page.locator("#field")).to_have_text("认证")


def test_only_a_language_of_the_branch_is_loaded(visit: Visit, centre: DemoServer) -> None:
    asked: list[str] = []
    page = visit()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/t/{centre.api().issue('chung-thuc').token}?lang=fr")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#connection")).to_have_text("Live")
    assert [address for address in asked if "/languages/" in address] == []
    assert page.request.get(f"{centre.url}/static/languages/xx.js").status == 404


# -- said aloud --------------------------------------------------------------------------------------------------------


def heard(page: Page) -> list[str]:
    """What is being said now."""
    found: list[str] = page.evaluate("queue.map((words) => words.text)")
    return found


def test_who_listens_is_told_of_every_screen_until_somebody_else_comes(visit: Visit, centre: DemoServer) -> None:
    kiosk = open_heard(visit, centre)
    page, listen = kiosk.page, kiosk.key("listen")
    expect(listen).to_have_count(0)
    page.evaluate("bring('fr-FR', 'vi_VN', 'en-US')")
    expect(listen).to_have_text("Nghe")
    assert page.evaluate(SMALLEST)["wider"] <= 0
    places = [kiosk.key(name).bounding_box() for name in ("language", "help", "easy")]
    listen.click()
    expect(listen).to_have_text("Dừng")
    assert heard(page)[0] == "Mời chọn lĩnh vực."
    assert page.evaluate("queue[0].voice.lang") == "vi_VN"
    kiosk.choose("chung-thuc")
    assert heard(page)[0] == "Chứng thực."
    page.evaluate("saidAll()")
    expect(listen).to_have_text("Nghe")
    expect(listen).to_have_attribute("aria-pressed", "true")
    listen.click()
    assert heard(page)[-1] == "Bấm Lấy số, nút bên phải."
    page.locator("[data-class=NKT]").click()
    assert heard(page)[1] == "Đã chọn Người khuyết tật."
    kiosk.settle()
    number = kiosk.take()
    digits = {"0": "không", "1": "một", "2": "hai", "3": "ba", "4": "bốn", "5": "năm", "6": "sáu", "7": "bảy"}
    spelt = ", ".join([number[0], *(digits[digit] for digit in number[1:])])
    assert heard(page)[0] == f"Số của ông bà là {spelt}."
    expect(page.locator(".issued--slow")).to_be_visible()
    kiosk.go_back()
    assert heard(page) == []
    expect(listen).to_have_attribute("aria-pressed", "false")
    kiosk.choose("dat-dai")
    assert heard(page) == []
    assert [kiosk.key(name).bounding_box() for name in ("language", "help", "easy")] == places


def test_a_touch_silences_and_a_language_without_a_voice_keeps_the_place(visit: Visit, centre: DemoServer) -> None:
    """The Chinese voice would send its words over the internet: it is none."""
    kiosk = open_heard(visit, centre, width=1280, height=800)
    page, listen = kiosk.page, kiosk.key("listen")
    page.evaluate("bring('vi-VN', 'en-GB', 'zh-CN')")
    where = kiosk.key("easy").bounding_box()
    listen.click()
    assert heard(page) != []
    page.mouse.move(300, 30)
    page.mouse.down()
    assert heard(page) == []
    page.mouse.up()
    choose_language(kiosk, "en")
    assert heard(page)[0] == "Please choose a field."
    listen.click()
    assert heard(page) == []
    expect(listen).to_have_attribute("aria-pressed", "false")
    listen.click()
    choose_language(kiosk, "zh")
    expect(listen).to_have_count(0)
    assert heard(page) == []
    assert kiosk.key("easy").bounding_box() == where
    choose_language(kiosk, "vi")
    kiosk.settle()
    kiosk.key("help").click()
    assert heard(page)[:2] == ["Chọn lĩnh vực cần làm.", "Bấm Lấy số."]
    later(kiosk, 200)
    expect(listen).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("heading", name="Mời chọn lĩnh vực")).to_be_visible()
