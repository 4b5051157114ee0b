"""The start page and signing in, in a real chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.demo_server import PASSWORD

pytestmark = pytest.mark.browser


def sign_in(page: Page, username: str, password: str) -> None:
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu").fill(password)
    page.keyboard.press("Enter")


def test_the_start_page_leads_to_every_page_in_plain_words(visit: Visit) -> None:
    page = visit("/")
    expect(page.get_by_role("heading", name="Trung tâm Phục vụ hành chính công phường Gò Vấp")).to_be_visible()
    for name, path in {
        "Máy lấy số": "/dispenser/go-vap",
        "Màn hình sảnh": "/display/go-vap",
        "Bảng trên điện thoại": "/b/go-vap",
        "Cấp số": "/helper",
        "Quầy làm việc": "/clerk",
        "Điều hành": "/manager",
        "Đăng nhập": "/sign-in",
    }.items():
        expect(page.get_by_role("link", name=name)).to_have_attribute("href", path)


def test_a_wrong_password_is_said_and_the_right_one_leads_on(visit: Visit) -> None:
    page = visit("/sign-in?next=/clerk")
    sign_in(page, "lan", "khong-dung")
    expect(page.get_by_role("alert")).to_have_text("Tên đăng nhập hoặc mật khẩu không đúng.")
    sign_in(page, "lan", PASSWORD)
    expect(page).to_have_url(re.compile(r"/clerk$"))


def test_without_a_wish_a_clerk_lands_at_the_counter(visit: Visit) -> None:
    page = visit("/sign-in")
    sign_in(page, "lan", PASSWORD)
    expect(page).to_have_url(re.compile(r"/clerk$"))


def test_whoever_is_signed_in_meets_the_form_only_to_sign_in_as_somebody_else(visit: Visit) -> None:
    page = visit("/")
    page.goto("/sign-in?next=/clerk")
    sign_in(page, "lan", PASSWORD)
    expect(page).to_have_url(re.compile(r"/clerk$"))
    expect(page.locator(".counter").first).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile(r"[0-9]/$"))
    page.goto("/sign-in")
    expect(page).to_have_url(re.compile(r"/clerk$"))
    page.goto("/audit")
    page.get_by_role("link", name="Đăng nhập tài khoản khác").click()
    sign_in(page, "kiem", PASSWORD)
    expect(page).to_have_url(re.compile(r"/audit$"))


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_another_site(visit: Visit, elsewhere: str) -> None:
    page = visit("/")
    here = page.url.rstrip("/")
    page.goto("/sign-in?next=" + elsewhere)
    sign_in(page, "lan", PASSWORD)
    expect(page).to_have_url(f"{here}/clerk")


def test_signing_out(visit: Visit) -> None:
    page = visit("/", account="lan")
    expect(page.get_by_text("Nguyễn Thị Lan")).to_be_visible()
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_visible()


def test_the_switch_to_english_and_back(visit: Visit) -> None:
    page = visit("/")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("link", name="Ticket dispenser")).to_have_attribute("href", "/dispenser/go-vap?lang=en")
    page.get_by_role("link", name="Tiếng Việt").click()
    expect(page.get_by_role("link", name="Máy lấy số")).to_be_visible()


def test_a_page_that_does_not_exist_is_no_json(visit: Visit) -> None:
    page = visit("/khong-co")
    expect(page.get_by_text("Không có trang hoặc địa chỉ này.")).to_be_visible()
    page.get_by_role("link", name="Về trang đầu").click()
    expect(page.get_by_role("link", name="Máy lấy số")).to_be_visible()
