"""A branch's board on a phone, in a real chromium."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.conftest import Visit
from tests.browser.test_ticket import SIZES
from tests.server import DemoServer
from tests.staff import StaffApi

pytestmark = pytest.mark.browser

BOARD = "/b/go-vap"
BYTES_MAX = 43_000
"""Of a first visit, compressed as a proxy does it, without the letters, which come later and are kept."""


def open_board(visit: Visit, *, width: int = 360, height: int = 640, zoom: float = 1.0, path: str = BOARD) -> Page:
    page = visit(path, width=width, height=height, zoom=zoom, touch=True)
    expect(page.locator("#connection")).to_have_text(re.compile("Trực tuyến|Live"))
    return page


def test_calls_and_fields_as_they_are_now(centre: DemoServer, visit: Visit) -> None:
    api, staff = centre.api(), StaffApi(centre.url, "tam")
    page = open_board(visit)
    now, recent = page.locator("#now"), page.locator("#recent")
    expect(now).to_have_text("Chưa gọi số nào")
    api.counter(4, "open")
    api.issue("dat-dai")
    api.issue("dat-dai", priority="NKT")
    field = page.locator("[data-field=dat-dai]")
    expect(field).to_have_text(re.compile(r"^Đất đai 2 người chờ (khoảng \d+–\d+ phút|đến lượt [\d:]{5}–[\d:]{5})$"))
    expect(page.locator("[data-field=ho-tich]")).to_have_text("Hộ tịch Chưa có ai chờ Chưa dự tính được")
    first = api.call_next(4)
    assert first is not None
    expect(now).to_have_text(re.compile(r"^K 002 Quầy 4 · Tầng 1\s+Ưu tiên\s*$"))
    api.ticket(first.id, "recall")
    expect(now).to_contain_text("Gọi lại lần 2")
    api.ticket(first.id, "start")
    expect(now).to_have_text("Chưa gọi số nào")
    expect(recent).to_have_text(re.compile(r"^K 002 Quầy 4 .*Ưu tiên.*\d\d:\d\d\s*$"))
    api.ticket(first.id, "finish")
    second = api.call_next(4)
    assert second is not None
    expect(now.locator("li")).to_have_count(1)
    expect(now).to_contain_text("K 001")
    expect(recent).to_contain_text("K 002")
    staff.branch_command("suspend", field="dat-dai", reason={"vi": "hệ thống đang gián đoạn", "en": "system outage"})
    expect(field).to_have_text("Đất đai Tạm ngừng cấp số")
    expect(page.locator("#notices")).to_contain_text("Tạm ngừng cấp số Đất đai từ")
    expect(page.locator("#notices")).to_contain_text("Mang theo giấy tờ bản chính")
    expect(page.locator("#hours")).to_contain_text("Hôm nay làm việc")
    page.get_by_role("link", name="English").tap()
    expect(page.locator("[data-field=dat-dai]")).to_contain_text("No numbers now")
    staff.branch_command("unsuspend", field="dat-dai")
    api.ticket(second.id, "no-show")
    api.counter(4, "close")


def test_what_comes_first_needs_no_script(centre: DemoServer, browser: Browser) -> None:
    api = centre.api()
    api.counter(5, "open")
    called, waits = api.issue("kinh-doanh"), api.issue("kinh-doanh")
    api.ticket(called.id, "call", counter=5)
    with browser.new_context(base_url=centre.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(BOARD)
        expect(page.locator("#now")).to_contain_text(re.compile(rf"M {called.number[1:]}\s+Quầy 5"))
        expect(page.locator("#fields")).to_contain_text(re.compile(r"Kinh doanh\s+1 người chờ"))
        expect(page.locator("#hours")).to_contain_text("Hôm nay làm việc")
        expect(page.locator("#old")).to_contain_text(re.compile(r"Bảng lúc \d\d:\d\d"))
        expect(page.get_by_role("link", name="Tải lại")).to_be_visible()
    for ticket in (called, waits):
        api.ticket(ticket.id, "cancel")
    api.counter(5, "close")


def test_a_cut_line_is_said_and_what_is_old_does_not_pass_for_new(centre: DemoServer, visit: Visit) -> None:
    api = centre.api()
    api.counter(5, "open")
    called = api.issue("kinh-doanh")
    api.ticket(called.id, "call", counter=5)
    page = open_board(visit)
    expect(page.locator("#calling")).to_have_text("Đang gọi")
    expect(page.locator("#now")).to_contain_text(f"M {called.number[1:]}")
    centre.kill()
    expect(page.locator("#connection")).to_contain_text(re.compile(r"Mất kết nối từ \d\d:\d\d"), timeout=12_000)
    expect(page.locator("#calling")).to_have_text(re.compile(r"Bảng lúc \d\d:\d\d"))
    expect(page.locator("#foot")).to_contain_text("Thông tin có thể đã cũ")
    centre.restart()
    expect(page.locator("#calling")).to_have_text("Đang gọi")
    centre.api().ticket(called.id, "no-show")
    expect(page.locator("#now")).to_have_text("Chưa gọi số nào")
    centre.api().counter(5, "close")


def test_a_first_visit_is_small_and_goes_on_from_what_the_page_brought(centre: DemoServer, visit: Visit) -> None:
    page = visit(width=360, height=640)
    answers: list[Response] = []
    heard: list[str] = []
    page.on("response", lambda answer: answers.append(answer))
    page.on("websocket", lambda line: line.on("framereceived", lambda frame: heard.append(str(frame))))
    page.goto(BOARD, wait_until="networkidle")
    expect(page.locator("#connection")).to_have_text("Trực tuyến")
    expect(page.locator("[data-field=ho-tich]")).to_be_visible()
    sizes = {each.url: len(gzip.compress(each.body(), 6)) for each in answers if "/fonts/" not in each.url}
    assert sum(sizes.values()) < BYTES_MAX, sizes
    centre.api().issue("ho-tich")
    expect(page.locator("[data-field=ho-tich]")).to_contain_text("1 người chờ")
    assert [frame for frame in heard if '"snapshot"' in frame and '"board:' in frame] == []


def test_a_ticket_leads_to_the_board_and_the_board_to_nothing_personal(centre: DemoServer, visit: Visit) -> None:
    ticket = visit(f"/t/{centre.api().issue('ho-tich').token}", width=360, height=640, touch=True)
    with ticket.context.expect_page() as opened:
        ticket.get_by_role("link", name="Bảng gọi số").tap()
    board = opened.value
    expect(board).to_have_url(re.compile(r"/b/go-vap$"))
    assert board.evaluate("[document.referrer, window.opener]") == ["", None]
    links = board.locator("a").evaluate_all("links => links.map((link) => new URL(link.href).pathname)")
    assert set(links) == {BOARD}
    expect(board.locator("#connection")).to_have_text("Trực tuyến")
    expect(ticket.locator("#connection")).to_have_text("Trực tuyến")


@pytest.mark.parametrize(("width", "height", "zoom"), SIZES)
def test_nothing_is_cut_off(centre: DemoServer, visit: Visit, width: int, height: int, zoom: float) -> None:
    page = open_board(visit, width=width, height=height, zoom=zoom)
    expect(page.locator(".field")).to_have_count(5)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for key in page.locator("a:visible, button:visible").all():
        box = key.bounding_box()
        assert box is not None
        assert box["height"] >= 48


def test_an_unknown_branch_is_said_on_a_page(visit: Visit) -> None:
    page = visit("/b/nowhere")
    expect(page.get_by_role("heading", name="Không mở được trang này")).to_be_visible()


# -- the rules ---------------------------------------------------------------------------------------------------------

VIEW = """async ([board, live, at]) => {
  const {boardView} = await import("/static/board/view.js");
  return boardView(board, live, new Date(at), true);
}"""


def at(clock: str) -> str:
    return f"2026-11-23T{clock}:00+07:00"


def span(start: str, end: str) -> dict[str, str]:
    return {"start": at(start), "end": at(end)}


WORKING = [span("07:30", "11:30"), span("13:00", "17:00")]
ISSUING = [span("07:00", "11:00"), span("12:30", "16:30")]
SILENT = {"vi": "", "en": ""}
AT_NINE = ("4 người chờ", "khoảng 10–25 phút")


def rows(**changes: Any) -> dict[str, Any]:
    day = {"working": WORKING, "issuing": ISSUING, "ended_at": None, "reason": None, "notice": SILENT}
    field = {
        "code": "f", "name": {"vi": "Hộ tịch", "en": "Civil status"}, "working": WORKING, "issuing": ISSUING,
        "order": 0, "suspended": None, "suspended_at": None, "reason": None, "is_retired": False,
        "returns_at": at("07:00"),
    }  # fmt: skip
    return {"day": {"today": day}, "fields": {"f": field | changes}, "counters": {}, "calls": {}}


NONE_LEFT = {"kiosk": {"left": 0, "again_at": None}, "helper": {"left": 0, "again_at": None}}


def figures(**changes: Any) -> dict[str, Any]:
    wait = {"likely_s": 900, "low_s": 640, "high_s": 1210, "made_at": at("09:00")}
    field = {
        "waiting": 4,
        "wait": wait,
        "cap_left": None,
        "cap_left_by": {},
        "takes_more": True,
        "takes_more_priority": True,
    }
    return {"fields": {"f": field | changes}, "ends_by_forecast": True}


@pytest.mark.parametrize(
    ("clock", "field", "live", "said", "rest"),
    [
        ("09:00", {}, {}, (*AT_NINE, ""), None),
        ("09:00", {}, {"waiting": 0, "wait": None}, ("Chưa có ai chờ", "Chưa dự tính được", ""), None),
        ("09:00", {}, {"cap_left_by": NONE_LEFT}, ("4 người chờ", "", "Hôm nay đã hết số"), None),
        ("09:00", {}, {"takes_more": False}, (*AT_NINE, "Chỉ còn kịp đối tượng ưu tiên"), None),
        ("06:50", {}, {"waiting": 0}, ("", "", "Lấy số từ 07:00"), ("Chưa đến giờ làm việc", "07:30")),
        ("11:10", {}, {}, ("4 người chờ", "", "Lấy số lại từ 12:30"), None),
        ("11:40", {}, {}, ("4 người chờ", "", "Lấy số lại từ 12:30"), ("Đang nghỉ trưa", "13:00")),
        ("16:40", {}, {}, ("4 người chờ", "", "Hôm nay đã hết giờ lấy số"), None),
        ("09:00", {"working": [], "issuing": []}, {"waiting": 0}, ("", "", "Hôm nay không tiếp nhận"), None),
    ],
)  # fmt: skip
def test_how_a_field_is_doing(
    centre: DemoServer, visit: Visit, clock: str, field: Any, live: Any, said: Any, rest: Any
) -> None:
    seen = visit(BOARD).evaluate(VIEW, [rows(**field), figures(**live), at(clock)])
    (shown,) = seen["fields"]
    assert (shown["waiting"], shown["wait"], shown["why"]) == said
    if rest is not None:
        assert (seen["rest"]["title"], seen["rest"]["time"]) == rest
    assert seen["hours"] == "Hôm nay làm việc 07:30–11:30, 13:00–17:00."
