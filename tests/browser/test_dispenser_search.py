"""A procedure found at the dispenser by what people call it, in a real chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import Visit
from tests.browser.desk import Desk
from tests.browser.kiosk import Kiosk, issued, open_kiosk
from tests.browser.looks import CUT, LONG_NAME, SIZES, ZOOMED, faults, looks
from tests.browser.test_dispenser import later
from tests.browser.test_dispenser_states import supervisor
from tests.server import DemoServer
from tests.staff import eventually

pytestmark = pytest.mark.browser

__all__ = ["supervisor"]

PROCEDURES = "**/api/v1/branches/go-vap/procedures?*"
BIRTH = "Thủ tục đăng ký khai sinh"
LONG = "Cấp Giấy chứng nhận cơ sở đủ điều kiện an toàn thực phẩm đối với cơ sở sản xuất, kinh doanh thực phẩm"


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    return open_kiosk(visit, centre)


def search(kiosk: Kiosk) -> None:
    kiosk.settle()
    kiosk.key("search").click()
    expect(kiosk.page.locator("#query")).to_be_focused()
    kiosk.settle()


def press(kiosk: Kiosk, words: str) -> None:
    """On the keys of the screen."""
    for letter in words:
        kiosk.page.locator(f"[data-letter='{'space' if letter == ' ' else letter}']").click()


def found(kiosk: Kiosk, name: str) -> Locator:
    return kiosk.page.locator(".found__one").filter(has=kiosk.page.get_by_text(name, exact=True))


def said(kiosk: Kiosk) -> Locator:
    return kiosk.page.locator(".search__said")


def pick(kiosk: Kiosk, name: str) -> None:
    """What has only just come under the finger does not count as pressed."""
    expect(found(kiosk, name)).to_be_visible()
    kiosk.settle()
    found(kiosk, name).click()


class Answers:
    """Questions of the page, which stay open until they are answered here."""

    def __init__(self, kiosk: Kiosk) -> None:
        self._open: dict[str, Route] = {}
        kiosk.page.route(PROCEDURES, self._take)
        self._page = kiosk.page

    def _take(self, route: Route) -> None:
        self._open[parse_qs(urlsplit(route.request.url).query)["q"][0]] = route

    def wait(self, query: str) -> Route:
        eventually(lambda: self._page.evaluate("true") and query in self._open)
        return self._open[query]

    def give(self, query: str) -> None:
        """One procedure that is named after what was asked."""
        one = {"code": None, "name": f"Thủ tục {query}", "field": "ho-tich", "group": "Hộ tịch"}
        route = self.wait(query)
        with self._page.expect_response(PROCEDURES) as answered:
            route.fulfill(json={"branch": "go-vap", "procedures": [one]})
        answered.value.finished()


# -- the way -----------------------------------------------------------------------------------------------------------


def test_a_procedure_is_found_on_the_keys_and_goes_with_the_number(
    kiosk: Kiosk, centre: DemoServer, visit: Visit
) -> None:
    before = issued(centre, "ho-tich")
    search(kiosk)
    expect(said(kiosk)).to_have_text("Gõ việc cần làm, không cần dấu.")
    press(kiosk, "lam giay khai sinh")
    expect(kiosk.page.locator("#query")).to_have_value("lam giay khai sinh")
    expect(said(kiosk)).to_have_text(re.compile(r"^Tìm thấy \d+ thủ tục. Mời chọn.$"))
    expect(found(kiosk, BIRTH).locator(".found__field")).to_have_text("Hộ tịch")
    pick(kiosk, BIRTH)
    expect(kiosk.page.get_by_role("heading", name="Hộ tịch")).to_be_visible()
    expect(kiosk.page.locator(".confirm__procedure")).to_have_text(BIRTH)
    kiosk.settle()
    number = kiosk.take()
    assert issued(centre, "ho-tich") == before + 1
    desk = Desk(visit("/clerk", account="lan")).opens(3)
    desk.primary("Gọi tiếp")
    desk.has(number[1:], "called")
    expect(desk.page.locator(".hand__about")).to_contain_text(BIRTH)


def test_a_procedure_without_a_code_stands_on_the_page_and_not_on_the_ticket(kiosk: Kiosk) -> None:
    answers = Answers(kiosk)
    search(kiosk)
    press(kiosk, "x")
    answers.give("x")
    pick(kiosk, "Thủ tục x")
    expect(kiosk.page.locator(".confirm__procedure")).to_have_text("Thủ tục x")
    kiosk.settle()
    assert kiosk.take().startswith("H")


def test_who_comes_back_from_a_field_finds_what_was_typed(kiosk: Kiosk) -> None:
    search(kiosk)
    press(kiosk, "khai sinh")
    pick(kiosk, BIRTH)
    kiosk.settle()
    kiosk.key("back").click()
    expect(kiosk.page.locator("#query")).to_have_value("khai sinh")
    expect(found(kiosk, BIRTH)).to_be_visible()
    kiosk.settle()
    kiosk.key("back").click()
    expect(kiosk.page.locator(".cards")).to_be_visible()
    kiosk.choose("ho-tich")
    expect(kiosk.page.locator(".confirm__procedure")).to_have_count(0)


def test_the_keys_delete_and_clear(kiosk: Kiosk) -> None:
    search(kiosk)
    query, delete, clear = (
        kiosk.page.locator(css) for css in ("#query", "[data-letter=delete]", "[data-letter=clear]")
    )
    expect(delete).to_be_disabled()
    press(kiosk, "so do 1")
    delete.click()
    expect(query).to_have_value("so do ")
    expect(said(kiosk)).to_have_text(re.compile("^(Tìm thấy|Không tìm thấy)"))
    clear.click()
    expect(query).to_have_value("")
    expect(said(kiosk)).to_have_text("Gõ việc cần làm, không cần dấu.")
    expect(kiosk.page.locator(".found__one")).to_have_count(0)


def test_a_real_keyboard_alone_is_enough(kiosk: Kiosk) -> None:
    kiosk.settle()
    kiosk.key("search").focus()
    kiosk.page.keyboard.press("Enter")
    expect(kiosk.page.locator("#query")).to_be_focused()
    kiosk.settle()
    kiosk.page.keyboard.type("khai sinh")
    expect(found(kiosk, BIRTH)).to_be_visible()
    kiosk.settle()
    kiosk.page.keyboard.press("Tab")
    expect(kiosk.page.locator(".found__one").first).to_be_focused()
    kiosk.page.keyboard.press("Enter")
    expect(kiosk.page.locator(".confirm__procedure")).to_be_visible()


def test_ears_know_every_part(kiosk: Kiosk) -> None:
    search(kiosk)
    press(kiosk, "khai sinh")
    page = kiosk.page
    expect(page.get_by_role("textbox", name="Tìm thủ tục")).to_be_visible()
    expect(page.get_by_role("button", name=f"{BIRTH} Hộ tịch")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Tìm thấy")).to_be_visible()
    keys = page.get_by_role("group", name="Bàn phím").get_by_role("button")
    assert "".join(keys.all_inner_texts()[:36]) == "1234567890QWERTYUIOPASDFGHJKLZXCVBNM"
    assert keys.all_inner_texts()[36:] == ["Xóa", "Xóa hết", "Dấu cách"]


def test_english_finds_the_same(kiosk: Kiosk) -> None:
    kiosk.key("language").click()
    search(kiosk)
    press(kiosk, "khai sinh")
    expect(found(kiosk, BIRTH).locator(".found__field")).to_have_text("Civil status")
    expect(found(kiosk, BIRTH).locator(".found__name")).to_have_attribute("lang", "vi")
    kiosk.page.locator("[data-letter=clear]").click()
    press(kiosk, "zzzz")
    expect(said(kiosk)).to_contain_text("see a helper")


# -- nothing, too late, not now ----------------------------------------------------------------------------------------


def test_who_finds_nothing_is_told_what_to_do(kiosk: Kiosk) -> None:
    search(kiosk)
    press(kiosk, "zzzz")
    expect(said(kiosk)).to_have_text(
        "Không tìm thấy “zzzz”. Mời gõ cách khác, hoặc quay lại chọn lĩnh vực, hoặc gặp nhân viên hướng dẫn."
    )


def test_a_server_that_does_not_find_now_is_said(kiosk: Kiosk) -> None:
    kiosk.page.route(PROCEDURES, lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
    search(kiosk)
    press(kiosk, "k")
    expect(said(kiosk)).to_have_text(re.compile("^Chưa tìm được lúc này."))


def test_an_older_answer_never_takes_the_place_of_a_newer_one(kiosk: Kiosk) -> None:
    answers = Answers(kiosk)
    search(kiosk)
    press(kiosk, "a")
    answers.wait("a")
    press(kiosk, "b")
    answers.give("ab")
    expect(found(kiosk, "Thủ tục ab")).to_be_visible()
    answers.give("a")
    kiosk.key("language").click()  # the page is drawn anew
    expect(kiosk.page.locator("html")).to_have_attribute("lang", "en")
    expect(found(kiosk, "Thủ tục ab")).to_be_visible()
    expect(kiosk.page.locator(".found__one")).to_have_count(1)


def test_an_answer_for_somebody_who_has_gone_is_nobodys(kiosk: Kiosk) -> None:
    answers = Answers(kiosk)
    search(kiosk)
    press(kiosk, "a")
    answers.wait("a")
    kiosk.key("back").click()
    search(kiosk)
    answers.give("a")
    kiosk.key("language").click()
    expect(said(kiosk)).to_contain_text("Type in Vietnamese")
    expect(kiosk.page.locator(".found__one")).to_have_count(0)


def test_a_suspended_field_is_said_in_what_was_found(kiosk: Kiosk, supervisor: Callable[..., None]) -> None:
    supervisor("suspend", field="ho-tich", reason={"vi": "mất điện"})
    search(kiosk)
    press(kiosk, "khai sinh")
    expect(found(kiosk, BIRTH).locator(".found__why")).to_contain_text("Tạm ngừng cấp số từ")
    expect(found(kiosk, BIRTH).locator(".found__why")).to_contain_text("mất điện")
    pick(kiosk, BIRTH)
    expect(kiosk.page.locator("[data-shut=ho-tich]")).to_contain_text("mất điện")
    expect(kiosk.key("take")).to_have_count(0)
    supervisor("unsuspend", field="ho-tich")
    expect(kiosk.key("take")).to_be_visible()


def test_the_next_person_finds_nothing_of_what_was_typed(kiosk: Kiosk) -> None:
    search(kiosk)
    press(kiosk, "khai sinh")
    expect(found(kiosk, BIRTH)).to_be_visible()
    later(kiosk, 51)
    expect(kiosk.page.locator(".cards")).to_be_visible()
    later(kiosk, 1)
    search(kiosk)
    expect(kiosk.page.locator("#query")).to_have_value("")
    expect(kiosk.page.locator(".found__one")).to_have_count(0)


@pytest.fixture(scope="module")
def dying(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with DemoServer(tmp_path_factory.mktemp("dying")) as server:
        yield server


def test_without_a_line_nothing_can_be_looked_up(visit: Visit, dying: DemoServer) -> None:
    page = visit(width=1080, height=1920)
    page.goto(f"{dying.url}/dispenser/go-vap#token={dying.tokens['dispenser']}")
    kiosk = Kiosk(page)
    search(kiosk)
    dying.kill()
    expect(kiosk.helper_sentence()).to_be_visible(timeout=10_000)
    expect(page.locator("#query, [data-key=search]")).to_have_count(0)
    dying.restart()
    expect(kiosk.key("search")).to_be_visible(timeout=5_000)


# -- looks -------------------------------------------------------------------------------------------------------------


def test_nothing_is_too_small_or_cut(kiosk: Kiosk) -> None:
    search(kiosk)
    press(kiosk, "khai sinh")
    expect(found(kiosk, BIRTH)).to_be_visible()
    kiosk.page.locator(".found__name").first.evaluate("(name, long) => (name.firstChild.data = long)", LONG)
    for look in looks(kiosk, ((1080, 1920), (1280, 800)), languages=("vi",)):  # only the list goes on below
        assert faults(kiosk, may_scroll=True) == {}, look
        assert set(kiosk.page.evaluate(CUT)) <= set(kiosk.page.locator(".found__one").all_text_contents()), look
    for look in looks(kiosk, ZOOMED, languages=("vi",)):
        assert faults(kiosk, may_scroll=True) == {}, look


def test_a_long_name_pushes_nothing_out_of_the_page_before_the_number(kiosk: Kiosk) -> None:
    search(kiosk)
    press(kiosk, "khai sinh")
    pick(kiosk, BIRTH)
    kiosk.page.locator(".confirm__procedure").evaluate("(name, long) => (name.firstChild.data = long)", 2 * LONG)
    kiosk.page.locator(".confirm h1").evaluate("(name, long) => (name.firstChild.data = long)", LONG_NAME)
    for look in looks(kiosk, SIZES, languages=("vi",)):
        assert faults(kiosk) == {}, look
