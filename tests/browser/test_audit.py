"""The audit trail's page, in a real chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Visit
from tests.server import DemoServer
from tests.staff import StaffApi

pytestmark = pytest.mark.browser


def test_what_was_done_is_found_by_number_and_person(centre: DemoServer, visit: Visit) -> None:
    lan = StaffApi(centre.url, "lan")
    lan.counter(3, "open")
    ticket = centre.api("dispenser").issue("ho-tich")
    lan.call_next(3)
    page = visit("/", account="admin")
    page.get_by_role("link", name="Nhật ký").click()
    rows = page.locator(".audit__table tbody tr")
    expect(rows.filter(has_text="Tạo hoặc đổi tài khoản Nguyễn Thị Lan (lan)")).to_have_count(1)
    assert_accessible(page)
    page.screenshot(path="test-results/audit.png")
    page.get_by_label("Số thứ tự").fill(ticket.number)
    page.get_by_role("button", name="Xem").click()
    expect(rows).to_have_count(2)
    expect(rows.last).to_contain_text(f"Gọi số {ticket.number} đến quầy 3")
    expect(rows.last).to_contain_text("Nguyễn Thị Lan")
    page.get_by_label("Số thứ tự").fill("")
    page.get_by_label("Việc", exact=True).select_option("device-added")
    page.get_by_role("button", name="Xem").click()
    expect(rows).to_have_count(5)
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    expect(rows.first).to_contain_text("was added")
    page.get_by_label("Ticket number").fill("Z999")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".empty")).to_contain_text("Nothing of the kind on ")


def test_a_clerk_is_told_that_it_is_not_for_her(visit: Visit) -> None:
    page = visit("/audit", account="lan")
    expect(page.get_by_role("heading")).to_contain_text("Không mở được trang này")


def test_an_auditor_of_the_branch_sees_its_accounts_and_signs_out(centre: DemoServer, visit: Visit) -> None:
    StaffApi(centre.url, "quang").post("/staff/minh/reset-password")
    page = visit("/audit", account="kiem")
    rows = page.locator(".audit__table tbody tr")
    expect(rows.filter(has_text="Đổi mật khẩu của Trần Văn Minh (minh)")).to_have_count(1)
    expect(page.get_by_role("link", name="Tài khoản")).to_have_attribute("href", "/account")
    expect(page.get_by_text("Đỗ Văn Kiểm").first).to_be_visible()
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url("**/sign-in?next=%2Faudit")
