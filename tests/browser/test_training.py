"""A training copy of a branch in a real browser: marked wherever one looks, open to the branch's staff, and counted
nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Visit
from tests.server import DemoServer, Refused
from tests.staff import StaffApi

pytestmark = pytest.mark.browser

COPY = "go-vap-tap-huan"
BAND = "TẬP HUẤN – KHÔNG CÓ GIÁ TRỊ"


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path, "--has-training") as server:
        yield server


def test_a_clerk_practises_and_the_branch_hears_nothing(visit: Visit, centre: DemoServer) -> None:
    helper = StaffApi(centre.url, "hoa")
    helper.branch = COPY
    ticket = helper.issue("chung-thuc", channel="helper")
    page = visit(f"/clerk?branch={COPY}", account="lan")
    expect(page.locator(".training")).to_have_text(BAND)
    page.locator('.counter[data-no="1"]').click()
    page.get_by_role("button", name="Gọi tiếp").first.click()
    expect(page.locator("body")).to_contain_text("A 001")
    assert_accessible(page)
    assert centre.api().look()["fields"][0]["issued"] == 0
    assert 'branch="go-vap-tap-huan"' not in page.request.get("/metrics").text()
    own = visit("/clerk", account="lan")
    expect(own.locator('.counter[data-no="1"]')).to_be_visible()
    expect(own.locator(".training")).to_have_count(0)
    assert ticket.number == "A001"


def test_the_managers_page_asks_for_no_report_since_there_is_none(visit: Visit, centre: DemoServer) -> None:
    page = visit("/", account="quang")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response("**/advice"):
        page.goto(f"/manager?branch={COPY}")
    expect(page.locator("[data-field]").first).to_be_visible()
    assert not [url for url in asked if "/reports/" in url]


def test_every_page_and_screen_says_so(visit: Visit, centre: DemoServer) -> None:
    manager = StaffApi(centre.url, "quang")
    manager.branch = COPY
    ticket = manager.issue("chung-thuc", channel="helper")
    page = visit("/", account="quang")
    for path in ("helper", "clerk", "manager", "helper/list", "helper/numbers"):
        page.goto(f"/{path}?branch={COPY}")
        expect(page.locator(".training")).to_have_text(BAND)
    for path in (f"/dispenser/{COPY}", f"/display/{COPY}?muted=1", f"/b/{COPY}", f"/t/{ticket.token}"):
        page.goto(path)
        expect(page.locator(".training")).to_have_text(BAND)
    with pytest.raises(Refused, match="training-uncounted"):
        manager.get(f"/branches/{COPY}/reports/{manager.board()['day']['today']['date']}")


def test_the_start_page_leads_there_for_staff_only(visit: Visit, centre: DemoServer) -> None:
    stranger = visit("/")
    expect(stranger.locator("body")).not_to_contain_text("TẬP HUẤN")
    clerk = visit("/", account="lan")
    assert_accessible(clerk)
    practice = clerk.locator(".place").last
    expect(practice.locator(".training")).to_have_text(BAND)
    clerk.get_by_role("link", name="Quầy làm việc").first.click()
    expect(clerk.locator(".counter").first).to_be_enabled()
    expect(clerk.locator(".training")).to_have_count(0)
    clerk.go_back()
    practice.get_by_role("link", name="Quầy làm việc").click()
    expect(clerk.locator(".training")).to_have_text(BAND)


def test_who_practises_is_told_of_the_counter_left_open_in_earnest(visit: Visit, centre: DemoServer) -> None:
    page = visit("/clerk", account="lan")
    page.locator('.counter[data-no="1"]').click()
    expect(page.locator(".desk")).to_have_attribute("data-mode", "open")
    page.goto(f"/clerk?branch={COPY}")
    told = page.locator(".left-open")
    expect(told).to_contain_text("Ông/bà vẫn đang mở quầy 1 ở Trung tâm Phục vụ hành chính công phường Gò Vấp:")
    assert_accessible(page)
    page.locator('.counter[data-no="2"]').click()
    expect(page.locator(".hand .left-open")).to_be_visible()
    told.get_by_role("link").click()
    expect(page.locator(".desk__name")).to_contain_text("Quầy 1")
    expect(page.locator(".training")).to_have_count(0)
    expect(told).to_have_count(0)


@pytest.mark.parametrize("path", ["/clerk", "/audit"])
def test_a_choice_of_branches_has_language_and_a_way_out(visit: Visit, centre: DemoServer, path: str) -> None:
    page = visit(f"{path}?branch=", account="admin")
    expect(page.get_by_role("heading")).to_have_text("Chọn điểm phục vụ")
    assert_accessible(page)
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading")).to_have_text("Choose a branch")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in"))
