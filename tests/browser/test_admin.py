"""The pages of staff and accounts, in a real chromium: what may be owed at sign-in, people, postings, sessions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Visit
from tests.demo_server import PASSWORD
from tests.server import DemoServer
from tests.staff import StaffApi

pytestmark = pytest.mark.browser

OWN = "bốn mùa hoa sen"
HASHED_MS = 20_000
"""The server's own passwords have a real hash, which costs a third of a second on a machine that does nothing else."""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    """One where administrators must have a second factor."""
    with DemoServer(tmp_path_factory.mktemp("centre"), "--second-factor", "on", data=prepared) as server:
        yield server


def sign_in(page: Page, username: str, password: str, code: str | None = None) -> None:
    page.goto("/sign-in")
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu").fill(password)
    page.keyboard.press("Enter")
    if code is not None:
        page.get_by_label("Mã xác thực").fill(code)
        page.keyboard.press("Enter")


def wait_for_the_next_code(secret: str) -> str:
    """A code of a step that was not used yet: the next one counts already."""
    return pyotp.TOTP(secret).at(time.time() + 30)


def test_an_administrator_sets_up_a_second_factor_and_signs_in_with_it(visit: Visit) -> None:
    page = visit()
    sign_in(page, "admin", PASSWORD)
    expect(page.locator("[data-owes=second-factor]")).to_be_visible()
    page.goto("/admin")
    expect(page.locator("[data-owes=second-factor]")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Bắt đầu cài đặt").click()
    secret = page.locator("[data-secret]").get_attribute("data-secret")
    assert secret is not None
    assert_accessible(page)
    page.get_by_label("Mã 6 số").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Mã xác thực không đúng")).to_be_visible()
    page.get_by_label("Mã 6 số").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    codes = page.locator(".codes li")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    assert_accessible(page)
    expect(page.locator("[data-done]")).to_be_disabled()
    page.get_by_label("Tôi đã cất các mã dự phòng").check()
    page.locator("[data-done]").click()
    page.wait_for_url("**/admin")
    expect(page.locator("[data-member=lan]")).to_be_visible()

    other = visit()
    sign_in(other, "admin", PASSWORD)
    expect(other.get_by_label("Mã xác thực")).to_be_focused()
    assert_accessible(other)
    other.get_by_label("Mã xác thực").fill(wait_for_the_next_code(secret))
    other.keyboard.press("Enter")
    expect(other.get_by_role("heading", name="Dành cho nhân viên")).to_be_visible()
    third = visit()
    sign_in(third, "admin", PASSWORD, recovery)
    expect(third.get_by_role("link", name="Nhân sự")).to_be_visible()


def test_somebody_new_is_added_posted_and_at_work(visit: Visit, centre: DemoServer) -> None:
    page = visit("/admin", account="quang")
    page.get_by_role("button", name="Thêm nhân sự").click()
    expect(page.locator("#username")).to_be_focused()
    assert_accessible(page)
    page.keyboard.type("mai")
    page.locator("#name").fill("Trần Thị Mai")
    page.locator("#kind").select_option("post")
    page.locator("#employer").fill("Bưu điện Gò Vấp")
    page.keyboard.press("Enter")
    password = page.locator("#secret").input_value()
    expect(page.locator("[data-username]")).to_have_text("mai")
    assert_accessible(page)
    page.keyboard.press("Escape")
    row = page.locator("[data-member=mai]")
    expect(row).to_contain_text("Bưu điện Gò Vấp")
    expect(row).to_contain_text("Chờ đổi mật khẩu")

    mai = visit()
    sign_in(mai, "mai", password)
    expect(mai.locator("[data-owes=password]")).to_be_visible(timeout=HASHED_MS)
    mai.goto("/clerk")
    expect(mai.locator("[data-owes=password]")).to_be_visible()
    assert_accessible(mai)
    mai.get_by_label("Mật khẩu hiện tại").fill(password)
    mai.get_by_label("Mật khẩu mới", exact=True).fill("password1")
    mai.get_by_label("Nhập lại mật khẩu mới").fill("password1")
    mai.keyboard.press("Enter")
    expect(mai.get_by_role("alert").filter(has_text="quá phổ biến")).to_be_visible(timeout=HASHED_MS)
    mai.get_by_label("Mật khẩu mới", exact=True).fill(OWN)
    mai.get_by_label("Nhập lại mật khẩu mới").fill(OWN)
    mai.keyboard.press("Enter")
    mai.wait_for_url("**/clerk")
    expect(mai.locator(".counter").first).to_be_visible()

    page.get_by_role("button", name="Thêm lịch trực").click()
    assert_accessible(page)
    page.keyboard.type("mai")
    page.locator("#agency").select_option("dat-dai")
    page.keyboard.press("Enter")
    posted = page.locator("[data-posting]").filter(has_text="Trần Thị Mai")
    expect(posted).to_contain_text("Chi nhánh Văn phòng Đăng ký đất đai")
    expect(mai.get_by_text("Trực tuyến")).to_be_visible()
    mai.locator('.counter[data-no="1"]').click()
    expect(mai.get_by_text("hôm nay thuộc Chi nhánh Văn phòng Đăng ký đất đai").first).to_be_visible()
    page.get_by_role("button", name="Thêm lịch trực").click()
    page.keyboard.type("mai")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="đã có lịch trực từ")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Kết thúc lịch trực của Trần Thị Mai").click()
    assert_accessible(page)
    page.locator("[data-confirm]").click()
    expect(posted).to_have_count(0)


def test_who_is_posted_elsewhere_from_now_on_loses_the_open_console(visit: Visit, centre: DemoServer) -> None:
    """At once, though nobody loads a page anew."""
    page = visit("/clerk", account="lan")
    expect(page.locator(".counter").first).to_be_visible()
    staff = StaffApi(centre.url, "quang")
    today = date.fromisoformat(staff.get(f"/branches/{centre.branch}/staff")["today"])
    made = staff.post(
        "/postings", account="lan", branch=centre.branch, role="helper", first_day=str(today), last_day=str(today)
    )
    staff.request("DELETE", f"/api/v1/postings/{made['posting']}")
    staff.request("DELETE", "/api/v1/staff/lan/sessions")
    page.wait_for_url("**/sign-in?**")


def test_a_password_is_reset_and_sessions_are_seen(visit: Visit) -> None:
    hoa = visit("/account", account="hoa")
    expect(hoa.locator("[data-session]").first).to_contain_text("Chrome, Linux")
    assert_accessible(hoa)
    page = visit("/admin", account="quang")
    page.get_by_role("button", name="Xem", exact=False).filter(has_text="Xem").first.wait_for()
    page.locator("[data-member=hoa]").get_by_role("button").click()
    assert_accessible(page)
    page.get_by_role("button", name="Các phiên đăng nhập").click()
    expect(page.locator("[data-session]").first).to_contain_text("Chrome, Linux")
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.locator("[data-member=hoa]").get_by_role("button").click()
    page.get_by_role("button", name="Đặt lại mật khẩu").click()
    page.locator("[data-confirm]").click()
    expect(page.locator("#secret")).to_be_focused()
    expect(page.locator("[data-username]")).to_have_text("hoa")
    hoa.reload()
    hoa.wait_for_url("**/sign-in?**")


def test_ones_other_sessions_are_ended(visit: Visit) -> None:
    here, there = visit("/account", account="tam"), visit("/account", account="tam")
    here.reload()
    expect(here.locator("[data-session]")).to_have_count(2)
    here.locator("[data-end-others]").click()
    expect(here.locator("[data-session]")).to_have_count(1)
    there.reload()
    there.wait_for_url("**/sign-in?**")


def test_who_turns_the_second_factor_on_is_told_that_other_sessions_have_ended(visit: Visit) -> None:
    here, there = visit("/account", account="duc"), visit("/account", account="duc")
    here.get_by_role("button", name="Bắt đầu cài đặt").click()
    secret = here.locator("[data-secret]").get_attribute("data-secret")
    assert secret is not None
    here.get_by_label("Mã 6 số").fill(pyotp.TOTP(secret).now())
    here.keyboard.press("Enter")
    expect(here.locator(".toast")).to_contain_text("Các phiên khác đã kết thúc")
    printed = here.get_by_role("button", name="In", exact=True).bounding_box()
    done = here.locator("[data-done]").bounding_box()
    assert printed is not None
    assert done is not None
    assert done["x"] - (printed["x"] + printed["width"]) >= 8
    here.get_by_label("Tôi đã cất các mã dự phòng").check()
    here.locator("[data-done]").click()
    expect(here.locator("[data-session]")).to_have_count(1)
    there.reload()
    there.wait_for_url("**/sign-in?**")


def test_the_menu_closes_by_escape_and_by_a_press_elsewhere(visit: Visit) -> None:
    page = visit("/admin", account="quang")
    menu, items = page.locator(".menu__who"), page.locator(".menu__items")
    menu.click()
    expect(items).to_be_visible()
    page.keyboard.press("Escape")
    expect(items).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    page.locator("h2").first.click()
    expect(items).to_be_hidden()


def test_only_who_may_do_without_an_appointment_is_told_that_one_may(visit: Visit) -> None:
    page = visit("/admin", account="quang")
    page.get_by_role("button", name="Thêm nhân sự").click()
    expect(page.locator("#role-hint")).to_have_text("Dùng vào những ngày không có lịch trực.")
    expect(page.locator('#role option[value=""]')).to_have_count(0)


def test_a_supervisor_may_not_open_the_page(visit: Visit) -> None:
    page = visit("/admin", account="tam")
    expect(page.get_by_text("không có quyền")).to_be_visible()


def test_a_posting_of_another_day_is_under_that_day(visit: Visit, centre: DemoServer) -> None:
    staff = StaffApi(centre.url, "quang")
    today = date.fromisoformat(staff.get(f"/branches/{centre.branch}/staff")["today"])
    later = today + timedelta(days=40)
    staff.post(
        "/postings", account="minh", branch=centre.branch, role="helper", first_day=str(later), last_day=str(later)
    )
    page = visit("/admin", account="quang")
    expect(page.get_by_text("Không có ai trực theo lịch ngày này")).to_be_visible()
    page.locator("#day").fill(f"{later:%d/%m/%Y}")
    expect(page.locator("[data-posting]")).to_contain_text("Nhân viên hướng dẫn")
