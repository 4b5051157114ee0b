"""The manager's screen in a real browser, against a real server process."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import SIGN_IN, Faults, Visit
from tests.demo_server import BRANCH, PASSWORD
from tests.printing import job_of
from tests.server import DemoServer
from tests.staff import StaffApi, eventually

pytestmark = pytest.mark.browser

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture
def centre(tmp_path: Path, prepared: Path) -> Iterator[DemoServer]:
    """A fresh centre for each test: they count what happened."""
    with DemoServer(tmp_path, data=prepared) as server:
        yield server


class Screen:
    """What a manager sees and does."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def figure(self, name: str) -> Locator:
        return self.page.locator(f'[data-figure="{name}"] .figure-tile__value')

    def cell(self, field: str, name: str) -> Locator:
        return self.page.locator(f'tr[data-field="{field}"] [data-cell="{name}"]')

    def row(self, field: str) -> Locator:
        return self.page.locator(f'tr[data-field="{field}"]')

    def square(self, no: int) -> Locator:
        return self.page.locator(f'[data-counter="{no}"]')

    def alarm(self, kind: str) -> Locator:
        return self.page.locator(f'[data-alarm="{kind}"]')

    def adjust(self, field: str) -> Locator:
        """The dialog about a field."""
        self.row(field).get_by_role("button").click()
        return self.dialog

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def confirm(self) -> None:
        self.dialog.locator("[data-confirm]").click()
        expect(self.dialog).to_have_count(0)

    def says(self, words: str) -> None:
        expect(self.page.locator(".toast")).to_contain_text(words)


@pytest.fixture
def screen(visit: Visit) -> Screen:
    return Screen(visit("/manager", account="quang"))


def date_of(centre: DemoServer) -> str:
    return str(centre.api().board()["day"]["today"]["date"])


def closes_in(centre: DemoServer, chief: StaffApi, minutes: int) -> None:
    """Working time ends so soon; numbers are given as before."""
    day = centre.api().board()["day"]["today"]
    midnight = datetime.fromisoformat(day["date"]).replace(tzinfo=ZONE)
    first = (datetime.fromisoformat(day["working"][0]["start"]) - midnight) // timedelta(minutes=1)
    last = (datetime.now(ZONE) - midnight) // timedelta(minutes=1) + minutes
    hours = {"working": [[first, last]], "issuing": [[first, first + 24 * 60]]}
    chief.branch_command("change-hours", hours=hours, reason={"vi": "Họp"})


# -- getting in --------------------------------------------------------------------------------------------------------


def test_a_manager_signs_in_and_comes_to_the_screen(visit: Visit):
    page = visit("/manager")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=%2Fmanager"))
    page.locator("#username").fill("quang")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", name="Các lĩnh vực")).to_be_visible()
    expect(page.locator(".connection")).to_have_text("Trực tuyến")


def test_a_clerk_is_told_kindly_that_this_is_not_for_them(visit: Visit):
    page = visit("/manager", account="lan")
    expect(page.locator("main")).to_contain_text("không có quyền")
    expect(page.get_by_role("link", name="Đăng nhập tài khoản khác")).to_have_attribute("href", "/sign-in?anew=1")


def test_a_supervisor_has_no_devices(visit: Visit):
    page = visit("/manager#devices", account="tam")
    expect(page.get_by_role("heading", name="Các lĩnh vực")).to_be_visible()
    expect(page.get_by_role("link", name="Thiết bị")).to_have_count(0)


# -- how it is now -----------------------------------------------------------------------------------------------------


def test_figures_follow_what_happens(centre: DemoServer, screen: Screen):
    expect(screen.figure("issued")).to_have_text("0")
    expect(screen.square(1)).to_contain_text("Đóng")
    api = centre.api()
    for _ in range(3):
        api.issue("chung-thuc")
    expect(screen.figure("issued")).to_have_text("3")
    expect(screen.figure("waiting")).to_have_text("3")
    expect(screen.cell("chung-thuc", "waiting")).to_have_text("3")
    expect(screen.cell("chung-thuc", "came")).to_have_text("3")
    expect(screen.cell("chung-thuc", "open")).to_have_text("0")
    expect(screen.cell("chung-thuc", "forecast")).to_have_text("Chưa dự tính được")
    api.counter(2, "open")
    expect(screen.square(2)).to_contain_text("Rảnh")
    expect(screen.cell("chung-thuc", "open")).to_have_text("1")
    expect(screen.cell("chung-thuc", "forecast")).to_have_text(re.compile("^khoảng [0-9]+–[0-9]+ phút$"))
    low, high = map(int, re.findall("[0-9]+", screen.cell("chung-thuc", "forecast").inner_text()))
    assert low < 16 < high, "three of five minutes and the way to the counter"
    first = api.call_next(2)
    assert first is not None
    expect(screen.square(2)).to_contain_text("A 001")
    expect(screen.square(2)).to_contain_text("Đang gọi")
    api.ticket(first.id, "start")
    expect(screen.figure("serving")).to_have_text("1")
    expect(screen.square(2)).to_have_class(re.compile("square--serving"))
    api.ticket(first.id, "finish")
    expect(screen.figure("finished")).to_have_text("1")
    expect(screen.cell("chung-thuc", "served")).to_have_text("1")
    absent = api.call_next(2)
    assert absent is not None
    api.ticket(absent.id, "no-show")
    expect(screen.figure("no_show")).to_have_text("1")
    expect(screen.figure("waiting")).to_have_text("1")
    api.counter(2, "pause", reason="Nghỉ giải lao")
    expect(screen.square(2)).to_contain_text("Tạm ngừng")


class Fast:
    """A centre whose clock runs three minutes a second, and its manager."""

    def __init__(self, centre: DemoServer, visit: Visit) -> None:
        self.centre = centre
        self._visit = visit

    def screen(self) -> Screen:
        page = self._visit()
        page.goto(f"{self.centre.url}/healthz")
        page.evaluate(SIGN_IN, ["quang", PASSWORD])
        page.goto(f"{self.centre.url}/manager")
        return Screen(page)


@pytest.fixture
def fast(tmp_path: Path, visit: Visit) -> Iterator[Fast]:
    folder = tmp_path / "fast"
    folder.mkdir()
    with DemoServer(folder, "--clock-start", "2026-11-23T08:00:00+07:00", "--clock-speed", "180") as centre:
        yield Fast(centre, visit)


def test_the_worst_field_stands_first_and_the_longest_wait_has_its_name(fast: Fast):
    api = fast.centre.api()
    api.counter(4, "open")
    api.issue("dat-dai")
    screen = fast.screen()
    expect(screen.figure("longest")).to_contain_text(re.compile(r"[1-9]\d* phút"))
    expect(screen.page.locator('[data-figure="longest"]')).to_contain_text("Đất đai")
    expect(screen.page.locator("tbody tr").first).to_have_attribute("data-field", "dat-dai")
    expect(screen.figure("over_15")).to_have_text("100%", timeout=40_000)
    expect(screen.page.locator('[data-figure="over_15"]')).to_contain_text("1 người hôm nay")
    expect(screen.row("dat-dai").locator(".age")).to_be_visible()


def test_a_field_that_nobody_takes_raises_an_alarm_after_five_minutes(fast: Fast):
    screen, api = fast.screen(), fast.centre.api()
    expect(screen.figure("issued")).to_have_text("0")
    api.issue("kinh-doanh")
    expect(screen.row("kinh-doanh")).to_contain_text("Không có quầy mở")
    expect(screen.alarm("uncovered")).to_have_count(0)
    expect(screen.alarm("uncovered")).to_contain_text("Kinh doanh: 1 người đang chờ", timeout=15_000)
    screen.alarm("uncovered").get_by_role("button", name="Phân quầy").click()
    screen.dialog.get_by_role("button", name=re.compile("^6")).click()
    screen.dialog.get_by_role("radiogroup", name="Kinh doanh").get_by_role("radio", name="Nhận").check()
    screen.confirm()
    api.counter(6, "open")
    expect(screen.alarm("uncovered")).to_have_count(0)


def test_printers_that_need_somebody_are_named_with_what_to_do(screen: Screen, centre: DemoServer):
    job = job_of(centre.api("dispenser").issue("chung-thuc"))
    printer = centre.api("printer")
    printer.branch_command("report-paper", job=job, outcome="delayed", reason="paper_out (1), cover_open (2)")
    expect(screen.alarm("printer")).to_contain_text("Máy in sảnh chưa in được")
    expect(screen.alarm("printer")).to_contain_text("Máy thứ 1: Hết giấy. Máy thứ 2: Nắp máy đang mở.")
    printer.branch_command("report-paper", job=job, outcome="printed", reason="near_end")
    expect(screen.alarm("printerWarned")).to_contain_text("Máy in sảnh cần được xem")
    expect(screen.alarm("printerWarned")).to_contain_text("Sắp hết giấy, hãy chuẩn bị cuộn mới.")
    expect(screen.alarm("printer")).to_have_count(0)
    job = job_of(centre.api("dispenser").issue("chung-thuc"))
    printer.branch_command("report-paper", job=job, outcome="printed")
    expect(screen.alarm("printerWarned")).to_have_count(0)


def test_a_number_that_stays_called_raises_an_alarm_and_an_idle_counter_shows_no_duration(fast: Fast):
    screen, api = fast.screen(), fast.centre.api()
    api.counter(4, "open")
    api.counter(3, "open")
    api.issue("dat-dai")
    assert api.call_next(4) is not None
    expect(screen.square(4)).to_contain_text(re.compile(r"Đang gọi [1-4] phút"))
    expect(screen.alarm("unmet")).to_have_count(0)
    expect(screen.alarm("unmet")).to_contain_text(
        re.compile(r"Quầy 4 đã gọi số K 001 từ \d+ phút trước mà chưa bắt đầu hoặc ghi vắng mặt"), timeout=15_000
    )
    expect(screen.square(4)).to_have_class(re.compile("square--long"))
    expect(screen.square(3)).to_have_text(re.compile(r"^3\s*Rảnh\s*Tích hợp\s*$"))
    screen.alarm("unmet").get_by_role("button", name="Xem quầy").click()
    expect(screen.dialog).to_contain_text("Quầy 4")


def test_a_field_says_whom_its_counters_do_not_serve_before_closing(centre: DemoServer, screen: Screen):
    api, chief = centre.api(), StaffApi(centre.url, "quang")
    api.counter(4, "open")
    for _ in range(4):
        api.issue("dat-dai")
    api.counter(6, "open")
    api.issue("tra-ket-qua")
    expect(screen.cell("dat-dai", "waiting")).to_have_text("4")
    closes_in(centre, chief, 3)
    warning = screen.row("dat-dai").locator(".pill--warn")
    expect(warning).to_have_text("còn phục vụ được 1, thiếu 3", timeout=20_000)  # each takes some 25 minutes
    expect(screen.row("tra-ket-qua").locator(".pill--warn")).to_have_count(0)  # the only one is called at once
    expect(screen.row("dat-dai")).not_to_contain_text("Hết số theo dự báo")  # this branch goes on giving numbers
    closes_in(centre, chief, 9 * 60)
    expect(warning).to_have_count(0, timeout=20_000)


def test_a_manager_sees_that_numbers_have_ended_by_the_forecast(tmp_path: Path, visit: Visit):
    folder = tmp_path / "ending"
    folder.mkdir()
    with DemoServer(folder, "--ends-by-forecast") as centre:
        api, chief = centre.api(), StaffApi(centre.url, "quang")
        api.counter(4, "open")
        for _ in range(4):
            api.issue("dat-dai")
        closes_in(centre, chief, 3)
        page = visit()
        page.goto(f"{centre.url}/healthz")
        page.evaluate(SIGN_IN, ["quang", PASSWORD])
        page.goto(f"{centre.url}/manager?lang=en")
        row = Screen(page).row("dat-dai")
        expect(row).to_contain_text("1 can still be served, 3 cannot", timeout=20_000)
        expect(row).to_contain_text("Numbers only with priority")
        assert api.call_next(4) is not None
        expect(row).to_contain_text("Numbers ended by the forecast", timeout=20_000)
        card, table = page.locator(".fields").bounding_box(), page.locator(".fields__table").bounding_box()
        assert card is not None
        assert table is not None
        assert table["x"] + table["width"] <= card["x"] + card["width"], "the words fit into the card"


def test_a_field_s_dialog_names_who_takes_it_and_who_helps(centre: DemoServer, visit: Visit):
    for counter in (1, 2, 3):
        assign = f"/branches/{BRANCH}/counters/{counter}/assign"
        StaffApi(centre.url, "quang").post(assign, fields=["ho-tich"], helps=["dat-dai"])
    screen = Screen(visit("/manager", account="quang"))
    expect(screen.adjust("dat-dai")).to_contain_text("Quầy nhận lĩnh vực này: 4 · hỗ trợ: 1–3")


def test_old_figures_are_never_shown_as_live(centre: DemoServer, screen: Screen):
    centre.api().issue("ho-tich")
    expect(screen.figure("issued")).to_have_text("1")
    centre.kill()
    expect(screen.page.locator(".stale")).to_contain_text("không phải bây giờ", timeout=15_000)
    expect(screen.page.locator(".connection")).to_contain_text("Mất kết nối từ")
    expect(screen.page.get_by_role("button", name="Kết thúc ngày")).to_be_disabled()
    centre.start()
    expect(screen.page.locator(".stale")).to_have_count(0, timeout=15_000)
    expect(screen.figure("issued")).to_have_text("1")


def test_rows_do_not_jump_under_the_pointer(centre: DemoServer, screen: Screen):
    expect(screen.row("chung-thuc")).to_be_visible()
    first = screen.page.locator("tbody tr").first.get_attribute("data-field")
    screen.row("tra-ket-qua").hover()
    centre.api().issue("tra-ket-qua")
    expect(screen.cell("tra-ket-qua", "waiting")).to_have_text("1")
    screen.page.wait_for_function(  # longer than the list ever keeps its order without a pointer
        "() => { window.seen = window.seen || Date.now(); return Date.now() - window.seen > 11_000; }"
    )
    assert screen.page.locator("tbody tr").first.get_attribute("data-field") == first
    screen.page.mouse.move(5, 5)
    expect(screen.page.locator("tbody tr").first).to_have_attribute("data-field", "tra-ket-qua", timeout=15_000)


# -- doing something about it ------------------------------------------------------------------------------------------


def test_a_field_is_suspended_with_a_reason_that_everybody_reads(centre: DemoServer, screen: Screen):
    screen.adjust("dat-dai").get_by_role("button", name="Tạm ngừng cấp số").click()
    expect(screen.dialog.locator("[data-confirm]")).to_be_disabled()
    screen.dialog.get_by_role("button", name="Hệ thống đang gián đoạn").click()
    screen.confirm()
    screen.says("Đã tạm ngừng cấp số Đất đai")
    expect(screen.row("dat-dai")).to_contain_text("Tạm ngừng cấp số")
    row = centre.api().board()["fields"]["dat-dai"]
    assert row["suspended"] == {"vi": "Hệ thống đang gián đoạn", "en": "The system is down"}
    expect(screen.adjust("dat-dai")).to_contain_text("Hệ thống đang gián đoạn")
    screen.dialog.get_by_role("button", name="Cấp số lại").click()
    screen.says("Đã cấp số Đất đai trở lại")
    assert centre.api().board()["fields"]["dat-dai"]["suspended"] is None


def test_today_s_hours_are_changed_for_one_field(centre: DemoServer, screen: Screen):
    screen.adjust("ho-tich").get_by_role("button", name="Đổi giờ hôm nay").click()
    expect(screen.dialog.locator("#scope")).to_have_value("ho-tich")
    box = screen.dialog.locator("input.hours__time")
    for i, clock in enumerate(("7:30", "1130", "07:00", "11:00")):
        box.nth(i).fill(clock)
    box.nth(1).fill("25:00")
    expect(screen.dialog).to_contain_text("Giờ phải ghi như 07:30")
    expect(screen.dialog.locator("[data-confirm]")).to_be_disabled()
    box.nth(1).fill("11:30")
    screen.dialog.locator('[name="reason"]').fill("Tập huấn nghiệp vụ")
    screen.confirm()
    screen.says("Đã đổi giờ hôm nay")
    expect(screen.row("ho-tich")).to_contain_text("Đổi giờ")
    row = centre.api().board()["fields"]["ho-tich"]
    assert row["reason"]["vi"] == "Tập huấn nghiệp vụ"
    assert [(span["start"][11:16], span["end"][11:16]) for span in row["working"]] == [("00:30", "04:30")]  # UTC


def test_a_counter_is_given_other_fields(centre: DemoServer, screen: Screen):
    screen.square(2).click()
    roles = screen.dialog.get_by_role("radiogroup", name="Hộ tịch")
    expect(roles.get_by_role("radio", name="Không")).to_be_checked()
    roles.get_by_role("radio", name="Hỗ trợ").check()
    screen.dialog.get_by_role("radiogroup", name="Chứng thực").get_by_role("radio", name="Không").check()
    expect(screen.dialog).to_contain_text("ít nhất một lĩnh vực")
    expect(screen.dialog.locator("[data-confirm]")).to_be_disabled()
    screen.dialog.get_by_role("radiogroup", name="Đất đai").get_by_role("radio", name="Nhận").check()
    screen.confirm()
    screen.says("Đã phân công quầy 2")
    assert centre.api().board()["counters"]["2"]["fields"] == ["dat-dai"]
    screen.square(2).click()
    expect(screen.dialog.get_by_role("radiogroup", name="Hộ tịch").get_by_role("radio", name="Hỗ trợ")).to_be_checked()


def test_a_forgotten_service_is_ended(centre: DemoServer, screen: Screen):
    api = centre.api()
    api.counter(4, "open")
    api.issue("dat-dai")
    ticket = api.call_next(4)
    assert ticket is not None
    api.ticket(ticket.id, "start")
    expect(screen.square(4)).to_have_class(re.compile("square--serving"))
    screen.square(4).click()
    screen.dialog.get_by_role("button", name="Kết thúc lượt bị quên").click()
    expect(screen.dialog).to_contain_text("K 001")
    screen.confirm()
    screen.says("Đã kết thúc lượt phục vụ số K 001")
    assert api.follow(ticket.id)["state"] == "finished"
    screen.square(4).click()
    screen.dialog.get_by_role("button", name="Đóng quầy").click()
    screen.says("Đã đóng quầy 4")


def test_the_day_is_ended_and_who_waits_is_rebooked(centre: DemoServer, screen: Screen):
    api = centre.api()
    waiting = [api.issue("dat-dai").id, api.issue("ho-tich").id]
    api.counter(2, "open")
    served = api.issue("chung-thuc").id
    called = api.call_next(2)
    assert called is not None
    api.ticket(called.id, "start")
    expect(screen.figure("waiting")).to_have_text("2")
    expect(screen.figure("serving")).to_have_text("1")
    screen.page.get_by_role("button", name="Kết thúc ngày").click()
    preview = screen.dialog.locator("[data-preview]")
    expect(preview).to_contain_text("2 người chưa được phục vụ xong: 2 đang chờ, 0 đang gọi")
    expect(preview).to_contain_text("1 lượt đang phục vụ")
    expect(preview).to_contain_text("1 quầy đang mở sẽ đóng")
    expect(screen.dialog.locator("[data-confirm]")).to_be_disabled()
    screen.dialog.get_by_text("Hẹn lại", exact=True).click()
    screen.confirm()
    screen.says("Đã kết thúc ngày làm việc")
    expect(screen.page.locator(".day")).to_contain_text("Ngày làm việc đã kết thúc lúc")
    expect(screen.page.get_by_role("button", name="Kết thúc ngày")).to_have_count(0)
    assert [api.follow(ticket)["state"] for ticket in waiting] == ["rebooked", "rebooked"]
    assert api.follow(served)["outcome"] == "forgotten"


def test_a_refusal_is_shown_where_it_was_asked(centre: DemoServer, screen: Screen):
    screen.adjust("dat-dai").get_by_role("button", name="Tạm ngừng cấp số").click()
    StaffApi(centre.url, "quang").branch_command("end-day", leftovers="expire")
    screen.dialog.get_by_role("button", name="Hệ thống đang gián đoạn").click()
    screen.dialog.locator("[data-confirm]").click()
    expect(screen.dialog.locator(".problem")).to_contain_text("Ngày làm việc chưa mở hoặc đã kết thúc")


# -- what might be done ------------------------------------------------------------------------------------------------


def jam(centre: DemoServer) -> None:
    """Thirty wait for certification, which counter 1 takes; counter 2 would take it too, and is closed."""
    api = centre.api()
    api.counter(1, "open")
    for _ in range(31):
        api.issue("chung-thuc")
    assert api.call_next(1) is not None


def advised(page: Page, *kinds: str, at: str = "2026-11-23T02:40:00Z", **changes: object) -> None:
    """What the server says of the advice from now on: one of each kind."""
    waits = {"people": 40.0, "mean_s": 1800, "unserved": 0.0}
    foreseen = {"fields": ["dat-dai"], "at": at, "until": "2026-11-23T04:40:00Z", "people": 12.4, "without_s": 1860,
                "with_s": 1320}  # fmt: skip
    each = {"no": 5, "fields": ["dat-dai"], "before": waits, "after": waits | {"mean_s": 1500}, "foreseen": foreseen}
    answer = {"branch": BRANCH, "at": at, "advice": [each | {"kind": kind} | changes for kind in kinds], "asked": []}
    page.unroute("**/api/v1/branches/*/advice")
    page.route("**/api/v1/branches/*/advice", lambda route: route.fulfill(json=answer))


def shown_advice(page: Page) -> Locator:
    return page.locator(".advice__what")


def test_advice_is_a_sentence_with_its_effect_and_one_press_follows_it(centre: DemoServer, screen: Screen):
    # What was asked before has its answer: else it may be given once more, as worked out in the midst of the jam.
    expect(screen.page.locator(".advice")).not_to_have_attribute("data-advice", "computing")
    jam(centre)
    screen.page.reload()
    first = screen.page.locator(".advice__one").first
    expect(first).to_contain_text(re.compile(r"^Mở quầy [235] cho Chứng thực"))
    expect(first).to_contain_text(re.compile(r"\d+ người đang chờ và sắp đến: chờ bớt khoảng \d+ phút mỗi người"))
    found = re.search(r"Mở quầy (\d)", first.inner_text())
    assert found is not None
    no = int(found[1])
    first.get_by_role("button", name="Làm theo").click()
    expect(screen.dialog).to_contain_text(f"Hãy cử người ra quầy {no}")
    day = f"/branches/{BRANCH}/reports/{date_of(centre)}"
    assert StaffApi(centre.url, "quang").get(day)["advice"] == [], "not before it is confirmed"
    screen.confirm()
    screen.says(f"Đã ghi lại. Quầy {no} mở khi nhân viên nhận quầy.")
    assert centre.api().board()["counters"][str(no)]["state"] == "closed"
    taken = screen.page.locator('[data-taken="open"]')
    expect(taken).to_contain_text(f"Mở quầy {no} cho Chứng thực")
    expect(taken.locator('[data-cell="came"]')).to_contain_text("biết sau")
    expect(screen.page.locator(".advice")).not_to_contain_text(f"Mở quầy {no} ")


def test_what_came_of_advice_is_shown_beside_what_was_foreseen(centre: DemoServer, visit: Visit):
    api, chief = centre.api(), StaffApi(centre.url, "quang")
    api.issue("dat-dai")
    now = datetime.now(ZONE)
    foreseen = {"fields": ["dat-dai"], "at": now.isoformat(), "until": (now + timedelta(seconds=1)).isoformat(),
                "people": 11.6, "without_s": 2400, "with_s": 555}  # fmt: skip
    chief.branch_command("take-advice", kind="lend", lender="x", fields=["dat-dai"], foreseen=foreseen)
    day = f"/branches/{BRANCH}/reports/{date_of(centre)}"
    eventually(lambda: chief.get(day)["advice"][0]["came_people"] == 1)
    row = Screen(visit("/manager", account="quang")).page.locator('[data-taken="lend"]')
    expect(row).to_contain_text("Mượn 1 người từ điểm phục vụ khác cho Đất đai")
    expect(row.locator("td")).to_have_text(["12 → 1", "40,0", "9,3", "0,0"])
    sheet = visit(f"/report/{BRANCH}/{date_of(centre)}", account="quang")
    expect(sheet.locator("#advice")).to_contain_text("Mượn 1 người từ điểm phục vụ khác cho Đất đai")
    expect(sheet.locator("#advice tbody td")).to_have_text(["40,0", "9,3", "0,0", "12 → 1"])


def test_how_far_off_told_waits_were_is_shown_as_the_day_report_has_it(centre: DemoServer, visit: Visit):
    api = centre.api()
    page = visit("/manager", account="quang")
    expect(page.locator(".told")).to_contain_text("Chưa ai được báo thời gian chờ mà đã được gọi")
    api.counter(1, "open")
    for _ in range(2):
        api.issue("chung-thuc")
    first = api.call_next(1)
    assert first is not None
    page.reload()
    row = page.locator('[data-told="chung-thuc"]')
    expect(row.locator('[data-cell="told"]')).to_have_text("1")
    expect(row.locator('[data-cell="error"]')).to_have_text(re.compile(r"^\d+,\d$"))
    expect(row.locator('[data-cell="within"]')).to_have_text(re.compile("^(0|100) %$"))
    expect(page.locator('[data-told=""]')).to_contain_text("Tổng")
    expect(page.locator('[data-told="dat-dai"]')).to_have_count(0)


def test_advice_says_each_of_its_states(centre: DemoServer, screen: Screen):
    page, panel = screen.page, screen.page.locator(".advice")
    expect(panel).to_contain_text("Chưa cần điều phối")
    expect(panel).to_have_attribute("data-advice", "none")
    centre.api().issue("dat-dai")
    advised(page)
    page.reload()
    expect(panel).to_contain_text("Chưa dự tính được")  # somebody waits where no counter is open
    page.unroute("**/api/v1/branches/*/advice")
    page.route("**/api/v1/branches/*/advice", lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
    page.reload()
    expect(panel).to_contain_text("Máy chủ chưa tính được gợi ý")
    page.unroute("**/api/v1/branches/*/advice")
    page.route("**/api/v1/branches/*/advice", lambda _: None)  # no answer yet
    page.reload()
    expect(panel).to_contain_text("Đang tính…")


def test_advice_does_not_move_under_the_pointer(screen: Screen):
    page = screen.page
    advised(page, "open", "assign")
    page.clock.install()
    page.reload()
    expect(shown_advice(page)).to_have_text(["Mở quầy 5 cho Đất đai", "Để quầy 5 nhận thêm Đất đai"])
    advised(page, "assign", at="2026-11-23T02:41:00Z")
    page.evaluate("LaySo.Feed.prototype._watch = () => undefined")  # a minute in no time is no lost line
    shown_advice(page).first.hover()
    for _ in range(2):  # when the second answer is there, the first one has been looked at
        with page.expect_response("**/advice"):
            page.clock.run_for(61_000)
    expect(shown_advice(page)).to_have_count(2)
    expect(page.locator(".advice")).to_contain_text("Đã có gợi ý mới")
    page.mouse.move(5, 5)
    expect(shown_advice(page)).to_have_text(["Để quầy 5 nhận thêm Đất đai"])
    expect(page.locator(".advice")).not_to_contain_text("Đã có gợi ý mới")
    advised(page, "open", at="2026-11-23T02:42:00Z")
    with page.expect_response("**/advice"):
        page.clock.run_for(61_000)
    expect(shown_advice(page)).to_have_text(["Mở quầy 5 cho Đất đai"])


def test_where_few_minutes_are_saved_it_says_who_is_served_after_all(screen: Screen):
    short = {"fields": ["dat-dai"], "at": "2026-11-23T09:50:00Z", "until": "2026-11-23T10:00:00Z", "people": 12.4,
             "without_s": 300, "with_s": 280}  # fmt: skip
    before = {"people": 40.0, "mean_s": 1800, "unserved": 6.2}
    after = {"people": 40.0, "mean_s": 1500, "unserved": 2.1}
    advised(screen.page, "open", foreseen=short, before=before, after=after)
    screen.page.reload()
    expect(screen.page.locator(".advice__effect")).to_have_text(["Thêm 4 người kịp được gọi trước giờ đóng cửa"])
    advised(screen.page, "open", foreseen=short)
    screen.page.reload()
    expect(screen.page.locator(".advice__effect")).to_have_text(["Mọi người bớt chờ tổng cộng khoảng 200 phút"])


def test_people_of_another_branch_are_asked_for_by_telephone_and_only_noted(centre: DemoServer, screen: Screen):
    at = datetime.now(ZONE)
    waits = {"people": 10.0, "mean_s": 240, "unserved": 0.0}
    advised(
        screen.page, "lend", at=at.isoformat(), no=0, lender="near", lender_name={"vi": "Chi nhánh An Phú", "en": ""},
        lender_before=waits, lender_after=waits | {"mean_s": 420},
        foreseen={"fields": ["dat-dai"], "at": at.isoformat(), "until": (at + timedelta(hours=2)).isoformat(),
                  "people": 12.4, "without_s": 1860, "with_s": 1320},
    )  # fmt: skip
    screen.page.reload()
    one = screen.page.locator(".advice__one")
    expect(one).to_contain_text("Mượn 1 người từ Chi nhánh An Phú cho Đất đai")
    expect(one).to_contain_text("12 người đang chờ và sắp đến: chờ bớt khoảng 9 phút mỗi người")
    expect(one).to_contain_text("Tại Chi nhánh An Phú: 10 người chờ thêm khoảng 3 phút mỗi người")
    one.get_by_role("button", name="Làm theo").click()
    expect(screen.dialog).to_contain_text("Hãy liên hệ Chi nhánh An Phú để mượn người")
    screen.dialog.get_by_role("button", name="Ghi là đã mượn").click()
    screen.says("Đã ghi lại.")
    expect(screen.page.locator('[data-taken="lend"]')).to_contain_text("12 → …")
    assert all(counter["state"] == "closed" for counter in centre.api().board()["counters"].values())


def test_a_mobile_team_is_asked_for_and_a_counter_that_is_hardly_missed_is_named(screen: Screen):
    at = datetime.now(ZONE)
    foreseen = {"fields": ["dat-dai"], "at": at.isoformat(), "until": (at + timedelta(hours=2)).isoformat(),
                "people": 12.4, "without_s": 1860, "with_s": 1320}  # fmt: skip
    team = {"lender": "luu-dong", "lender_name": {"vi": "Đội hỗ trợ lưu động", "en": ""}}
    advised(screen.page, "mobile", at=at.isoformat(), no=0, foreseen=foreseen, **team)
    screen.page.reload()
    one = screen.page.locator(".advice__one")
    expect(one).to_contain_text("Mời Đội hỗ trợ lưu động đến giúp Đất đai")
    one.get_by_role("button", name="Làm theo").click()
    screen.dialog.get_by_role("button", name="Ghi là đã mời").click()
    screen.says("Đã ghi lại.")
    expect(screen.page.locator('[data-taken="mobile"]')).to_contain_text("12 → …")
    advised(
        screen.page, "close", at=at.isoformat(), foreseen=foreseen | {"without_s": 60, "with_s": 90},
        before={"people": 12.0, "mean_s": 60, "unserved": 0.0}, after={"people": 12.0, "mean_s": 80, "unserved": 0.0},
    )  # fmt: skip
    screen.page.reload()
    expect(one).to_contain_text("Có thể đóng quầy 5")
    expect(one).to_contain_text("12 người đang chờ và sắp đến: không ai phải chờ thêm đáng kể")


def test_who_asks_for_one_of_our_people_is_named(screen: Screen):
    asked = {"branch": "near", "name": {"vi": "Chi nhánh An Phú", "en": ""}, "fields": ["dat-dai"],
             "at": "2026-11-23T02:40:00Z", "until": "2026-11-23T04:40:00Z"}  # fmt: skip
    answer = {"branch": BRANCH, "at": asked["at"], "advice": [], "asked": [asked]}
    screen.page.route("**/api/v1/branches/*/advice", lambda route: route.fulfill(json=answer))
    screen.page.reload()
    told = screen.page.locator("[data-asked=near]")
    expect(told).to_have_text("Chi nhánh An Phú mượn 1 người cho Đất đai (lúc 09:40, đến 11:40)")


def test_old_advice_is_refused_where_it_was_taken(screen: Screen):
    advised(screen.page, "open", at="2026-11-23T02:40:00Z")
    screen.page.reload()
    screen.page.locator(".advice").get_by_role("button", name="Làm theo").click()
    screen.dialog.locator("[data-confirm]").click()
    expect(screen.dialog.locator(".problem")).to_contain_text("Hãy xem gợi ý mới")


# -- the machine -------------------------------------------------------------------------------------------------------

ILL = {
    "is_plain_http": True,
    "clock_stepped_s": 3600,
    "clock_behind_s": None,
    "backup_at": "2026-11-20T10:30:00Z",
    "is_backup_old": True,
    "is_disk_low": True,
}
REFUSING = {
    "is_configured": True,
    "told_seq": 100,
    "seq": 420,
    "parked": [{"id": "t1/1", "status": 422, "answer": "unknown field", "parked_at": 1_795_000_000}],
}


def test_faults_are_shown_only_when_there_are_any(screen: Screen):
    expect(screen.row("chung-thuc")).to_be_visible()
    assert screen.page.locator(".alarm").count() == 0
    asked: list[str] = []
    screen.page.route("**/api/v1/branches/*/health", lambda route: route.fulfill(json=ILL))
    screen.page.route("**/api/v1/branches/*/dossier", lambda route: route.fulfill(json=REFUSING))

    def on_resend(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(json={"is_delivered": True})

    screen.page.route("**/dossier/resend?**", on_resend)
    screen.page.reload()
    for kind, words in {
        "plainHttp": "http không mã hóa",
        "clockStepped": "vừa bị đổi 1 giờ 00",
        "backup": "17:30 20/11/2026",
        "disk": "sắp đầy",
        "dossierBehind": "320 sự kiện",
        "parked": "từ chối một bản ghi",
    }.items():
        expect(screen.alarm(kind)).to_contain_text(words)
    expect(screen.alarm("parked")).to_contain_text("unknown field")
    expect(screen.alarm("clockStepped").get_by_role("button")).to_have_count(0)  # an administrator's
    screen.alarm("parked").get_by_role("button", name="Gửi lại").click()
    screen.says("Đã gửi lại")
    assert [url.rpartition("?")[2] for url in asked] == ["id=t1%2F1"]


def test_an_administrator_confirms_the_clock(visit: Visit):
    page = visit("/manager", account="admin")
    page.route("**/api/v1/branches/*/health", lambda route: route.fulfill(json=ILL))
    page.reload()
    alarm = Screen(page).alarm("clockStepped")
    expect(alarm).to_be_visible()
    page.unroute("**/api/v1/branches/*/health")
    alarm.get_by_role("button", name="là đúng").click()
    expect(alarm).to_have_count(0)


def test_hours_are_read_as_people_write_them(screen: Screen):
    found = screen.page.evaluate(
        """async () => {
          const { minutesOf, windowsOf, until, clock } = await import("/static/manager/hours.js");
          const span = (from, to) => ({ from, to });
          return {
            minutes: ["7:30", "0730", "7", "24:00", "25:00", "7:61", "", "abc"].map(minutesOf),
            office: windowsOf([span("07:30", "11:30"), span("13:00", "17:00")], 180),
            wholeDay: windowsOf([span("03:00", "03:00")], 180),
            night: windowsOf([span("20:00", "01:30")], 180),
            afterMidnight: windowsOf([span("20:00", "01:00"), span("01:00", "03:00")], 180),
            pastBoundary: windowsOf([span("07:30", "07:00")], 180),
            overlapping: windowsOf([span("07:30", "11:30"), span("11:00", "17:00")], 180),
            closed: windowsOf([], 180),
            stopped: until([[450, 690], [780, 1020]], 600),
            clock: [450, 1620].map(clock),
          };
        }"""
    )
    assert found == {
        "minutes": [450, 450, 420, 1440, None, None, None, None],
        "office": [[450, 690], [780, 1020]],
        "wholeDay": [[180, 1620]],
        "night": [[1200, 1530]],
        "afterMidnight": [[1200, 1500], [1500, 1620]],
        "pastBoundary": None,
        "overlapping": None,
        "closed": [],
        "stopped": [[450, 600]],
        "clock": ["07:30", "03:00"],
    }


# -- devices -----------------------------------------------------------------------------------------------------------


def test_a_device_is_paired_by_six_digits_and_sent_away_again(centre: DemoServer, visit: Visit, faults: Faults):
    faults.expected.append("401")
    device = visit(f"/dispenser/{BRANCH}")
    code = device.locator(".pairing__code")
    expect(code).to_have_text(re.compile(r"^\d{3}\s?\d{3}$"))
    page = visit("/manager#devices", account="quang")
    page.get_by_role("button", name="Ghép nối").click()
    expect(page.get_by_text("Mã gồm sáu chữ số.")).to_be_visible()
    page.locator("#code").fill("000 000")
    page.locator("#name").fill("Máy lấy số cửa sau")
    page.get_by_role("button", name="Ghép nối").click()
    expect(page.locator(".pair .problem")).to_contain_text("Mã ghép nối không đúng")
    page.locator("#code").fill(code.inner_text())
    page.locator("#printer").select_option(label="Máy in sảnh")
    page.get_by_role("button", name="Ghép nối").click()
    row = page.locator("[data-device]", has_text="Máy lấy số cửa sau")
    expect(row.locator("select")).to_have_value(centre.devices["printer"])
    expect(device.get_by_text("Chứng thực").first).to_be_visible(timeout=15_000)
    row.locator("select").select_option(label="Không có")
    expect(page.locator(".toast")).to_contain_text("Đã chọn máy in cho Máy lấy số cửa sau")
    row.get_by_role("button").click()
    page.get_by_role("dialog").locator("[data-confirm]").click()
    expect(row).to_have_count(0)


def test_the_list_says_which_devices_are_connected(centre: DemoServer, visit: Visit):
    page = visit("/manager#devices", account="quang")
    display = page.locator(f'[data-device="{centre.devices["display"]}"] [data-link]')
    printer = page.locator(f'[data-device="{centre.devices["printer"]}"] [data-link]')
    software = page.locator(f'[data-device="{centre.devices["integration"]}"]')
    expect(display).to_have_text("Mất kết nối")
    expect(software.locator("[data-link]")).to_have_count(0)  # it asks by HTTP, and nobody can tell whether it is there
    screen = visit(f"/display/{BRANCH}#token={centre.tokens['display']}")
    expect(display).to_have_text("Đang kết nối", timeout=15_000)
    expect(printer).to_have_text("Mất kết nối")
    screen.close()
    expect(display).to_have_text("Mất kết nối", timeout=15_000)
    nobody_knows = [
        device | {"is_connected": None} for device in StaffApi(centre.url, "quang").get("/devices")["devices"]
    ]
    page.route("**/api/v1/devices", lambda route: route.fulfill(json={"devices": nobody_knows}))
    expect(display).to_have_text("Không rõ", timeout=15_000)


# -- the report --------------------------------------------------------------------------------------------------------


def test_the_report_adds_up_and_comes_as_a_table_too(centre: DemoServer, screen: Screen):
    api = centre.api()
    api.counter(1, "open")
    for _ in range(3):
        api.issue("chung-thuc")
    api.ticket(api.issue("ho-tich").id, "void", reason="test")
    api.ticket(api.issue("ho-tich").id, "cancel")
    for how in ("finish", "no-show"):
        ticket = api.call_next(1)
        assert ticket is not None
        if how == "finish":
            api.ticket(ticket.id, "start")
        api.ticket(ticket.id, how)
    page = screen.page
    page.get_by_role("link", name="Báo cáo ngày").click()
    expect(page.locator("#balance")).to_contain_text("Sổ khớp")
    expect(page.locator("#balance")).to_contain_text("đã cấp 5 số = 4 số tính trong ngày + 1 số thử và nhầm")
    assert [int(part) for part in page.locator(".sum b").all_inner_texts()] == [4, 1, 1, 1, 0, 0, 1]
    total = page.locator('tfoot tr[data-field=""] td').all_inner_texts()
    assert total[0] == "4"
    error = page.locator('tr[data-field="chung-thuc"] [data-cell="error"]')
    expect(error).to_have_text(re.compile(r"^\d+,\d$"))  # what was told depends on whether it had been foreseen yet
    expect(page.locator('tr[data-field="ho-tich"] [data-cell="error"]')).to_have_text("–")
    expect(page.locator(".notes")).to_contain_text("Dự báo: 2 người đã được báo thời gian chờ")
    expect(page.locator(".sheet__when")).to_contain_text("Ngày chưa kết thúc")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Tải bảng (CSV)").click()
    assert downloading.value.suggested_filename == f"bao-cao-{BRANCH}-{date_of(centre)}.csv"
    content = Path(downloading.value.path()).read_bytes()
    assert content.startswith("\ufeffLĩnh vực,".encode())
    rows = list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))
    assert rows[-1]["Lĩnh vực"] == "Tổng"
    assert [row["Số người đã báo dự báo và đã gọi"] for row in (rows[0], rows[-1])] == ["2", "2"]
    assert sum(int(row["Cấp"]) for row in rows[:-1]) == int(rows[-1]["Cấp"]) == 4


def test_the_printed_report_is_one_sheet_across(centre: DemoServer, visit: Visit):
    centre.api().issue("chung-thuc")
    page = visit(f"/report/{BRANCH}/{date_of(centre)}", account="tam")
    expect(page.locator("#balance")).to_contain_text("Sổ khớp")
    sheets = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True))
    assert len(sheets) == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1047, "height": 720})  # what is left of A4 within its margins
    assert page.evaluate("document.querySelector('.grid').scrollWidth <= innerWidth")
    expect(page.locator(".bar")).to_be_hidden()


def test_a_report_of_no_service_day_says_so(visit: Visit, faults: Faults):
    faults.expected.append("404")
    page = visit(f"/report/{BRANCH}/2001-01-01", account="tam")
    expect(page.get_by_text("Không có ngày làm việc nào vào 01/01/2001")).to_be_visible()


def test_a_report_needs_signing_in(visit: Visit):
    expect(visit(f"/report/{BRANCH}/2026-11-23")).to_have_url(re.compile("/sign-in"))


# -- for everybody -----------------------------------------------------------------------------------------------------


def test_everything_is_there_in_english(centre: DemoServer, visit: Visit):
    centre.api().issue("chung-thuc")
    page = visit("/manager?lang=en", account="quang")
    expect(page.get_by_role("heading", name="Fields")).to_be_visible()
    expect(page.locator('tr[data-field="chung-thuc"]')).to_contain_text("Certification")
    expect(page.locator('[data-figure="issued"]')).to_contain_text("Issued")
    expect(page.locator(".advice")).to_contain_text(re.compile(r"What might help.*Open counter \d for Certification"))
    expect(page.locator(".taken")).to_contain_text("No advice was taken today.")
    expect(page.locator(".told")).to_contain_text("Nobody who was told a wait has been called yet.")
    page.get_by_role("button", name="End the day").click()
    expect(page.get_by_role("dialog")).to_contain_text("cannot be opened again")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("link", name="Devices").click()
    expect(page.get_by_role("heading", name="Pair a new device")).to_be_visible()
    page.get_by_role("link", name="Day report").click()
    expect(page.locator("#balance")).to_contain_text("The books balance")


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1920, 1080), (390, 844)])
def test_nothing_is_cut_off_or_too_small_to_press(centre: DemoServer, visit: Visit, width: int, height: int):
    jam(centre)
    for path in ("/manager", "/manager#devices"):
        page = visit(path, account="quang", width=width, height=height)
        expect(page.locator("table").first).to_be_visible()
        if path == "/manager":
            page.locator(".advice summary").click()
            expect(page.locator(".told")).to_contain_text("Tổng")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, select, input, a.tab, summary")]
              .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 47.5)
              .map((each) => each.outerHTML.slice(0, 80))"""
        )
        assert small == []


def test_the_keyboard_alone_is_enough(centre: DemoServer, screen: Screen):
    expect(screen.row("dat-dai")).to_be_visible()
    screen.row("dat-dai").get_by_role("button").focus()
    screen.page.keyboard.press("Enter")
    expect(screen.dialog).to_contain_text("Đất đai")
    screen.page.keyboard.press("Escape")
    expect(screen.dialog).to_have_count(0)
