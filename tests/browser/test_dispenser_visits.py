"""What a visit is for, at the dispenser: services beside filing, appointment slips, several things for one number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, issued, open_kiosk
from tests.demo_server import BRANCH
from tests.server import DemoServer
from tests.staff import StaffApi

pytestmark = pytest.mark.browser

READY, WAITING, LATE, LACKING = (f"000.00.17.H29-261120-{no:04}" for no in (1, 2, 3, 4))
RESULT = "tra-ket-qua"


def slip(code: str, state: str, *, counter: int = 6, days: int = 1) -> dict[str, Any]:
    due = datetime.now(UTC) + timedelta(days=days)
    told = {"code": code, "version": 1, "field": RESULT, "state": state, "counter": counter}
    return told | {"agency": "phuong", "due_at": due.isoformat()}


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    backend = centre.api("integration")
    slips = [slip(READY, "ready"), slip(WAITING, "not-ready"), slip(LATE, "not-ready", days=-2)]
    slips.append(slip(LACKING, "supplement", counter=4))
    backend.request("PUT", f"/api/v1/branches/{BRANCH}/slips", {"slips": slips})
    for no in (4, 6):
        backend.counter(no, "open")
    return open_kiosk(visit, centre)


def look_up(kiosk: Kiosk, code: str) -> None:
    """Type a dossier's code on the screen's own keys, without its signs, and ask for it."""
    kiosk.settle()
    kiosk.key("slip").click()
    expect(kiosk.page.get_by_role("heading", name="Mã hồ sơ trên giấy hẹn")).to_be_visible()
    kiosk.settle()
    for letter in code.lower().replace(".", "").replace("-", ""):
        kiosk.page.locator(f"[data-letter='{letter}']").click()
    kiosk.key("find").click()


# -- slips -------------------------------------------------------------------------------------------------------------


def test_a_result_that_is_there_leads_to_its_counter(kiosk: Kiosk, centre: DemoServer) -> None:
    look_up(kiosk, READY)
    expect(kiosk.page.get_by_text("Kết quả đã có. Mời lấy số, quầy 6 sẽ gọi.")).to_be_visible()
    kiosk.settle()
    number = kiosk.take()
    expect(kiosk.page.get_by_text("Mời chờ gọi đến quầy 6")).to_be_visible()
    api = centre.api()
    api.counter(3, "open")
    assert api.call_next(3) is None, "it helps with results, and this one is not for it"
    called = api.call_next(6)
    assert called is not None
    assert called.number == number
    api.ticket(called.id, "start")
    api.ticket(called.id, "finish")
    kiosk.go_back()


def test_who_comes_too_early_is_told_before_a_number_is_drawn_and_may_still_ask(
    kiosk: Kiosk, centre: DemoServer
) -> None:
    before = issued(centre, RESULT)
    look_up(kiosk, WAITING)
    expect(kiosk.page.get_by_role("heading", name="Kết quả chưa có")).to_be_visible()
    expect(kiosk.page.get_by_text("Hẹn trả kết quả:")).to_be_visible()
    kiosk.settle()
    kiosk.key("home").click()
    look_up(kiosk, LATE)
    expect(kiosk.page.get_by_text("Đã quá hẹn trả")).to_be_visible()
    assert issued(centre, RESULT) == before
    kiosk.settle()
    kiosk.key("ask").click()
    kiosk.settle()
    kiosk.take()
    assert issued(centre, RESULT) == before + 1


def test_who_must_complete_a_dossier_goes_where_it_was_filed(kiosk: Kiosk, centre: DemoServer) -> None:
    before = issued(centre, "dat-dai")
    look_up(kiosk, LACKING)
    expect(kiosk.page.get_by_role("heading", name="Đất đai")).to_be_visible()
    expect(kiosk.page.get_by_text("Hồ sơ cần bổ sung giấy tờ. Mời lấy số, quầy 4 sẽ gọi.")).to_be_visible()
    kiosk.settle()
    kiosk.take()
    assert issued(centre, "dat-dai") == before + 1
    kiosk.go_back()


def test_a_code_that_is_unknown_or_wrong_stays_to_be_corrected_and_one_may_choose_by_hand(kiosk: Kiosk) -> None:
    said = kiosk.page.locator("[data-slip]")
    look_up(kiosk, "H29.17-261120-9999")
    expect(said).to_have_attribute("data-slip", "unknown")
    kiosk.page.keyboard.press("Backspace")
    expect(said).to_have_attribute("data-slip", "typing")
    for _ in range(4):
        kiosk.page.keyboard.press("Backspace")
    kiosk.page.keyboard.press("Enter")
    expect(said).to_have_attribute("data-slip", "wrong")
    kiosk.page.route("**/slips/*", lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
    kiosk.page.locator("#slip").fill(READY)
    kiosk.key("find").click()
    expect(said).to_have_attribute("data-slip", "failed")
    kiosk.page.unroute("**/slips/*")
    kiosk.key("by-hand").click()
    expect(kiosk.page.locator(".cards")).to_be_visible()


# -- several things ----------------------------------------------------------------------------------------------------


def test_two_things_have_one_number_and_one_paper(kiosk: Kiosk, centre: DemoServer) -> None:
    before = issued(centre, "ho-tich")
    kiosk.choose("chung-thuc")
    kiosk.key("add").click()
    expect(kiosk.page.get_by_role("heading", name="Mời chọn thêm một việc")).to_be_visible()
    expect(kiosk.card("chung-thuc")).to_have_count(0)
    for code, errands in (("kinh-doanh", 1), ("ho-tich", 2)):
        kiosk.settle()
        kiosk.card(code).click()
        expect(kiosk.page.locator("[data-errand]")).to_have_count(errands)
        if errands == 1:
            kiosk.settle()
            kiosk.key("add").click()
    expect(kiosk.key("add")).to_have_count(0)
    kiosk.settle()
    kiosk.page.locator("[data-off=kinh-doanh]").click()
    expect(kiosk.page.locator("[data-errand]")).to_have_count(1)
    expect(kiosk.page.get_by_text("Một số cho cả 2 việc.")).to_be_visible()
    number = kiosk.take()
    expect(kiosk.page.locator(".ticket")).to_contain_text("Sau đó: Hộ tịch")
    assert issued(centre, "ho-tich") == before, "the number is of the first"
    api = centre.api()
    api.counter(2, "open")
    called = api.call_next(2)
    while called is not None and called.number != number:
        api.ticket(called.id, "no-show")
        called = api.call_next(2)
    assert called is not None
    api.ticket(called.id, "start")
    assert api.ticket(called.id, "next-step").field == "ho-tich"
    kiosk.go_back()


def test_what_is_shut_cannot_be_added_and_says_so_where_it_is_shut_meanwhile(kiosk: Kiosk, centre: DemoServer) -> None:
    chief = StaffApi(centre.url, "tam")

    def suspend(field: str) -> None:
        chief.post(f"/branches/{BRANCH}/suspend", field=field, reason={"vi": "Mất điện"})

    suspend("dat-dai")
    before = issued(centre, "chung-thuc")
    kiosk.choose("chung-thuc")
    kiosk.key("add").click()
    expect(kiosk.card("ho-tich")).to_be_visible()
    expect(kiosk.card("dat-dai")).to_have_count(0)
    kiosk.settle()
    kiosk.key("back").click()
    expect(kiosk.page.locator("[data-errand]")).to_have_count(0)
    kiosk.settle()
    kiosk.key("add").click()
    kiosk.settle()
    kiosk.card("ho-tich").click()
    expect(kiosk.page.locator("[data-errand=ho-tich]")).to_be_visible()
    kiosk.settle()
    suspend("ho-tich")
    kiosk.key("take").click()
    expect(kiosk.page.locator("[data-shut=ho-tich]")).to_be_visible()
    assert issued(centre, "chung-thuc") == before
    for field in ("dat-dai", "ho-tich"):
        chief.post(f"/branches/{BRANCH}/unsuspend", field=field)
