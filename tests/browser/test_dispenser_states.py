"""The dispenser when it cannot give a number: suspended, lunch, closed, and a line that dies. In a real chromium."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, issued, open_kiosk
from tests.server import DemoServer, Refused
from tests.staff import StaffApi

pytestmark = pytest.mark.browser

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

COMMAND = """async ([branch, name, args]) => {
  const headers = {"content-type": "application/json", "idempotency-key": crypto.randomUUID()};
  const path = `/api/v1/branches/${branch}/${name}`;
  const answer = await fetch(path, {method: "POST", headers, body: JSON.stringify(args)});
  if (!answer.ok) throw new Error(await answer.text());
}"""


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    return open_kiosk(visit, centre)


@pytest.fixture
def supervisor(visit: Visit, centre: DemoServer) -> Callable[..., None]:
    """`supervisor("suspend", field=…, reason=…)`"""
    page = visit(account="tam")
    return lambda name, **args: page.evaluate(COMMAND, [centre.branch, name, args])


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


# -- no numbers now ----------------------------------------------------------------------------------------------------


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


def test_lunch_says_when_to_come_back(kiosk: Kiosk, supervisor: Callable[..., None], day: tuple[int, int]) -> None:
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


# -- the counters would not serve in time ------------------------------------------------------------------------------


def test_a_field_that_would_not_be_called_before_closing_gives_no_numbers(tmp_path: Path, visit: Visit) -> None:
    with DemoServer(tmp_path, "--ends-by-forecast") as centre:
        api, chief = centre.api(), StaffApi(centre.url, "tam")
        api.counter(4, "open")
        for _ in range(4):
            api.issue("dat-dai")
        first, now = minutes(centre)
        hours = {"working": [[first, now + 3]], "issuing": [[first, first + 1440]]}
        chief.branch_command("change-hours", hours=hours, reason={"vi": "Họp"})

        page = visit()
        page.set_viewport_size({"width": 1080, "height": 1920})
        page.goto(f"{centre.url}/dispenser/go-vap#token={centre.tokens['dispenser']}")
        kiosk = Kiosk(page)
        expect(kiosk.card("dat-dai")).to_contain_text("chỉ còn phục vụ kịp đối tượng ưu tiên", timeout=20_000)
        expect(kiosk.card("tra-ket-qua")).to_contain_text("Có giấy hẹn trả kết quả")
        kiosk.choose("dat-dai")
        expect(page.get_by_role("alert")).to_contain_text("chỉ còn phục vụ kịp đối tượng ưu tiên")
        expect(kiosk.key("take")).to_be_disabled()
        with pytest.raises(Refused, match="Hôm nay các quầy không còn phục vụ kịp lĩnh vực Đất đai") as refused:
            api.issue("dat-dai")
        assert refused.value.code == "no-capacity"
        page.locator("[data-class=NKT]").click()
        assert kiosk.take() == "K005"
        kiosk.go_back()

        assert api.call_next(4) is not None  # now the counter is busy until after closing
        expect(kiosk.card("dat-dai")).to_contain_text("không còn phục vụ kịp lĩnh vực này", timeout=20_000)
        expect(kiosk.card("dat-dai")).to_contain_text("Mời quay lại")
        kiosk.settle()
        kiosk.card("dat-dai").click()
        expect(page.locator("[data-shut=dat-dai]")).to_contain_text("không còn phục vụ kịp lĩnh vực này")
        expect(kiosk.key("take")).to_have_count(0)


# -- the line ----------------------------------------------------------------------------------------------------------


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
