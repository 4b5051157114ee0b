"""The satisfaction device at a counter, in a real browser, against a real server process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Visit
from tests.server import DemoServer, Refused
from tests.staff import StaffApi, eventually

pytestmark = pytest.mark.browser

SAME_FINGER_MS = 450
SIZES = [(1280, 800), (800, 1280), (1024, 600), (600, 960)]


@pytest.fixture
def centre(tmp_path: Path, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path, data=prepared) as server:
        yield server


@pytest.fixture
def lan(centre: DemoServer) -> StaffApi:
    lan = StaffApi(centre.url, "lan")
    lan.counter(1, "open")
    return lan


def a_device(visit: Visit, centre: DemoServer, *, width: int = 1280, height: int = 800) -> Page:
    page = visit(f"/rating#token={centre.tokens['rating']}", width=width, height=height, locale="en-US", touch=True)
    expect(page.locator("[data-screen=asleep]")).to_contain_text("Quầy 1")
    return page


def serve(centre: DemoServer, lan: StaffApi, language: str = "vi") -> str:
    """Somebody is served at counter 1, to the end."""
    ticket = centre.api("dispenser").issue("chung-thuc", language=language)
    lan.call_next(1)
    lan.ticket(ticket.id, "start")
    lan.ticket(ticket.id, "finish")
    return str(ticket.id)


def settle(page: Page) -> None:
    """A press counts when its screen has been there for a moment."""
    page.evaluate(f"new Promise(done => setTimeout(done, {SAME_FINGER_MS}))")


def press(page: Page, selector: str) -> None:
    settle(page)
    page.locator(selector).click()


def test_it_wakes_when_a_service_ends_and_asks_in_the_citizens_language(
    visit: Visit, centre: DemoServer, lan: StaffApi
) -> None:
    page = a_device(visit, centre)
    serve(centre, lan, language="en")
    expect(page.locator("[data-level]")).to_have_count(4)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("How satisfied are you with how you were just served?")
    press(page, "[data-key=language]")
    expect(page.locator("[data-level=very_satisfied]")).to_have_text("Rất hài lòng")


def test_a_good_level_is_thanked_for_at_once_and_rated_once(visit: Visit, centre: DemoServer, lan: StaffApi) -> None:
    page = a_device(visit, centre)
    ticket = serve(centre, lan)
    settle(page)
    page.locator("[data-level=very_satisfied]").dblclick()
    expect(page.locator("h1")).to_have_text("Xin cảm ơn ông/bà!")
    with pytest.raises(Refused, match="already-rated"):
        eventually(lambda: centre.api("rating").ticket(ticket, "rate", level="satisfied"))
    expect(page.locator("[data-screen=asleep]")).to_be_visible(timeout=9000)


def test_a_low_level_asks_why_and_several_may_be_named(visit: Visit, centre: DemoServer, lan: StaffApi) -> None:
    page = a_device(visit, centre)
    ticket = serve(centre, lan)
    press(page, "[data-level=dissatisfied]")
    press(page, "[data-reason=cho-lau]")
    page.locator("[data-reason=thai-do]").click()
    expect(page.locator("[data-key=send]")).to_have_text("Gửi đánh giá")
    page.locator("[data-key=send]").click()
    expect(page.locator("h1")).to_have_text("Xin cảm ơn ông/bà!")
    same = ["cho-lau", "thai-do"]
    answer = eventually(lambda: centre.api("rating").ticket(ticket, "rate", level="dissatisfied", reasons=same))
    assert answer.state == "finished"  # the same again changes nothing


def test_the_next_end_replaces_it_and_what_was_pressed_counts(visit: Visit, centre: DemoServer, lan: StaffApi) -> None:
    page = a_device(visit, centre)
    first = serve(centre, lan)
    press(page, "[data-level=neutral]")
    expect(page.locator("[data-reason]")).to_have_count(4)
    second = serve(centre, lan)
    expect(page.locator("[data-level]")).to_have_count(4)
    press(page, "[data-level=satisfied]")
    expect(page.locator("[data-screen=thanks]")).to_be_visible()
    device = centre.api("rating")
    assert eventually(lambda: device.ticket(first, "rate", level="neutral")).state == "finished"
    assert eventually(lambda: device.ticket(second, "rate", level="satisfied")).state == "finished"


def test_an_undone_end_puts_it_to_sleep(visit: Visit, centre: DemoServer, lan: StaffApi) -> None:
    page = a_device(visit, centre)
    ticket = serve(centre, lan)
    expect(page.locator("[data-level]")).to_have_count(4)
    lan.ticket(ticket, "undo")
    expect(page.locator("[data-screen=asleep]")).to_be_visible()


def test_without_the_server_it_sleeps_and_says_nothing(visit: Visit, centre: DemoServer, lan: StaffApi) -> None:
    page = a_device(visit, centre)
    serve(centre, lan)
    expect(page.locator("[data-level]")).to_have_count(4)
    centre.kill()
    expect(page.locator("[data-screen=asleep]")).to_be_visible(timeout=15000)
    expect(page.locator("body")).not_to_contain_text(re.compile("kết nối|connect", re.I))


def test_by_keys_alone_and_for_everybody(visit: Visit, centre: DemoServer, lan: StaffApi) -> None:
    page = a_device(visit, centre)
    assert_accessible(page)
    serve(centre, lan)
    expect(page.locator("[data-level]")).to_have_count(4)
    assert_accessible(page)
    settle(page)
    page.keyboard.press("4")
    expect(page.locator("[data-reason]")).to_have_count(4)
    assert_accessible(page)
    settle(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("[aria-pressed=true]")).to_have_count(1)
    page.locator("[data-key=send]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-screen=thanks]")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everything_fits_and_is_large_enough_for_a_finger(
    visit: Visit, centre: DemoServer, lan: StaffApi, width: int, height: int
) -> None:
    page = a_device(visit, centre, width=width, height=height)
    serve(centre, lan)
    expect(page.locator("[data-level]")).to_have_count(4)
    boxes = page.locator("[data-level]").evaluate_all("all => all.map(each => each.getBoundingClientRect().toJSON())")
    assert all(box["height"] >= 72 and box["top"] >= 0 and box["bottom"] <= height for box in boxes)
    assert all(box["left"] >= 0 and box["right"] <= width for box in boxes)


def test_a_manager_moves_it_to_another_counter_and_it_follows(visit: Visit, centre: DemoServer) -> None:
    page = a_device(visit, centre)
    manager = visit("/manager#devices", account="quang")
    manager.get_by_label("Quầy (chỉ cho máy đánh giá): Máy đánh giá quầy 1").select_option("3")
    expect(manager.locator(".toast")).to_contain_text("Đã chọn quầy của Máy đánh giá quầy 1")
    expect(page.locator("[data-screen=asleep]")).to_contain_text("Quầy 3")


def test_a_new_device_is_let_in_by_its_code_at_a_counter(visit: Visit, centre: DemoServer) -> None:
    page = visit("/rating", width=1280, height=800)
    code = page.locator(".pairing__code")
    expect(code).to_be_visible()
    manager = visit("/manager#devices", account="quang")
    manager.get_by_label("Mã", exact=False).first.fill(re.sub(r"\D", "", code.inner_text()))
    manager.locator("#name").fill("Máy đánh giá quầy 2")
    manager.locator("#counter").select_option("2")
    manager.locator(".pair__form button[type=submit]").click()
    expect(page.locator("[data-screen=asleep]")).to_contain_text("Quầy 2")


def rate(centre: DemoServer, lan: StaffApi, *levels: str) -> None:
    for level in levels:
        centre.api("rating").ticket(serve(centre, lan), "rate", level=level)


def test_a_report_shows_levels_and_colleagues_to_managers_only(visit: Visit, centre: DemoServer, lan: StaffApi) -> None:
    day = str(centre.api().board()["day"]["today"]["date"])
    rate(centre, lan, "very_satisfied", "very_satisfied", "satisfied", "dissatisfied")
    page = visit(f"/report/go-vap/{day}", account="quang")
    expect(page.locator("#ratings .notes")).to_contain_text("4 lượt đánh giá trong 4 người đã xong việc")
    expect(page.locator("#ratings .notes")).to_contain_text("chỉ hiện từ 5 lượt trở lên")
    expect(page.locator("#ratings table")).to_have_count(0)
    rate(centre, lan, "neutral", "satisfied")
    page.reload()
    expect(page.locator('#ratings tr[data-rated=""] td')).to_have_text(["5", "2", "1", "1", "1", "60 %"])
    expect(page.locator("#ratings .notes").first).to_contain_text("6 lượt đánh giá")
    expect(page.locator("#ratings tbody")).to_have_count(0)
    StaffApi(centre.url, "quang").branch_command("end-day", leftovers="expire")
    page.reload()
    expect(page.locator('#ratings tr[data-rated="1"] td')).to_have_text(["6", "2", "2", "1", "1", "67 %"])
    expect(page.locator('#ratings tr[data-rated="lan"] th')).to_have_text("Nguyễn Thị Lan")
    supervisor = visit(f"/report/go-vap/{day}", account="tam")
    expect(supervisor.locator('#ratings tr[data-rated="chung-thuc"] td').first).to_have_text("6")
    expect(supervisor.locator('#ratings tr[data-rated="1"]')).to_have_count(0)
    seen = StaffApi(centre.url, "tam").get(f"/branches/go-vap/reports/{day}")["ratings"]
    assert (seen["counters"], seen["clerks"], seen["total"]["people"]) == ([], [], 6)


def test_words_of_ones_own_lie_beside_the_journal_and_managers_read_them(
    visit: Visit, centre: DemoServer, lan: StaffApi
) -> None:
    page = a_device(visit, centre)
    serve(centre, lan)
    press(page, "[data-level=dissatisfied]")
    press(page, "[data-key=write]")
    for key in "chowf":
        page.locator(f"[data-letter={key}]").click()
    page.locator("[data-letter=space]").click()
    for key in "laau":
        page.locator(f"[data-letter={key}]").click()
    expect(page.locator("#comment")).to_have_value("chờ lâu")
    assert_accessible(page)
    press(page, "[data-key=send]")
    expect(page.locator("[data-screen=thanks]")).to_be_visible()
    rate(centre, lan, "satisfied", "satisfied", "satisfied", "satisfied")
    StaffApi(centre.url, "quang").branch_command("end-day", leftovers="expire")
    day = str(centre.api().board()["day"]["today"]["date"])
    manager, supervisor = (StaffApi(centre.url, who).get(f"/branches/go-vap/reports/{day}") for who in ("quang", "tam"))
    assert manager["ratings"]["comments"] == ["chờ lâu"]
    assert supervisor["ratings"]["comments"] == []
    assert "chờ lâu" not in str(centre.api().events())
