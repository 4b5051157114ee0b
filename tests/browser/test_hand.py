"""A supervisor's hand: two people at once, a clerk at a counter and a supervisor at the manager's page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Visit
from tests.server import DemoServer
from tests.staff import StaffApi

pytestmark = pytest.mark.browser


@pytest.fixture
def centre(tmp_path: Path, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path, data=prepared) as server:
        yield server


@pytest.fixture
def clerk(visit: Visit, centre: DemoServer) -> Page:
    """Lan at counter 1."""
    page = visit("/clerk", account="lan")
    page.locator('.counter[data-no="1"]').click()
    expect(page.get_by_role("button", name="Gọi tiếp").first).to_be_visible()
    return page


@pytest.fixture
def supervisor(visit: Visit, clerk: Page) -> Page:
    """Tâm, who sees that Lan sits there."""
    page = visit("/manager", account="tam")
    expect(page.locator('[data-counter="1"]')).to_contain_text("Lan")
    return page


def counter(supervisor: Page, no: int, button: str) -> None:
    supervisor.locator(f'[data-counter="{no}"]').click()
    supervisor.get_by_role("dialog").get_by_role("button", name=button).click()


def test_a_stuck_counter_is_helped_and_the_clerk_sees_it(centre: DemoServer, clerk: Page, supervisor: Page) -> None:
    for _ in range(2):
        centre.api().issue("chung-thuc")
    counter(supervisor, 1, "Giúp quầy này")
    dialog = supervisor.get_by_role("dialog")
    expect(dialog).to_contain_text(
        "Thao tác có hiệu lực ngay tại quầy của Nguyễn Thị Lan và được ghi là của Phạm Minh Tâm."
    )
    assert_accessible(supervisor)
    dialog.locator("[data-do=call-next]").click()
    expect(dialog.locator("[data-hand=A001]")).to_be_visible()
    expect(clerk.locator("body")).to_contain_text("A 001")
    dialog.locator("[data-do=start]").click()
    dialog.locator("[data-do=finish]").click()
    expect(dialog.locator("[data-hand='']")).to_be_visible()
    expect(clerk.get_by_role("button", name="Gọi tiếp").first).to_be_visible()
    dialog.locator("[data-do=undo]").click()
    expect(dialog.locator("[data-hand=A001]")).to_be_visible()
    expect(clerk.locator("body")).to_contain_text("A 001")
    assert {e["type"] for e in centre.api().events() if e.get("number") == "A001"} == {"ticket.issued", "ticket.called"}


def test_a_clerk_is_sent_to_another_counter_and_the_console_follows(
    centre: DemoServer, clerk: Page, supervisor: Page
) -> None:
    counter(supervisor, 1, "Chuyển nhân viên")
    dialog = supervisor.get_by_role("dialog")
    first, second = (dialog.locator(".option").nth(place).bounding_box() for place in (0, 1))
    assert first is not None
    assert second is not None
    assert first["y"] == second["y"]  # side by side: there may be many
    dialog.get_by_label("Quầy 2").check()
    assert_accessible(supervisor)
    dialog.locator("[data-confirm]").click()
    expect(supervisor.locator(".toast")).to_contain_text("Nguyễn Thị Lan đã chuyển sang quầy 2.")
    expect(clerk.locator(".toast")).to_contain_text("Trưởng ca đã chuyển ông/bà sang quầy 2")
    expect(supervisor.locator('[data-counter="2"]')).to_contain_text("Lan")
    centre.api().issue("chung-thuc")
    clerk.get_by_role("button", name="Gọi tiếp").first.click()
    expect(supervisor.locator('[data-counter="2"]')).to_contain_text("A 001")


def test_nobody_is_moved_away_from_a_citizen(centre: DemoServer, clerk: Page, supervisor: Page) -> None:
    centre.api().issue("chung-thuc")
    clerk.get_by_role("button", name="Gọi tiếp").first.click()
    expect(supervisor.locator('[data-counter="1"]')).to_contain_text("A 001")
    counter(supervisor, 1, "Chuyển nhân viên")
    expect(supervisor.get_by_role("dialog")).to_contain_text("Số A 001 đang ở quầy này.")
    expect(supervisor.locator("[data-confirm]")).to_be_disabled()


def test_what_other_fields_of_a_counter_mean_is_said_before(centre: DemoServer, clerk: Page, supervisor: Page) -> None:
    for _ in range(3):
        centre.api().issue("chung-thuc")
    expect(supervisor.locator('tr[data-field="chung-thuc"]')).to_contain_text("3")
    supervisor.locator('[data-counter="1"]').click()
    dialog = supervisor.get_by_role("dialog")
    expect(dialog.locator("[data-effects]")).to_have_count(0)
    dialog.get_by_role("radiogroup", name="Đất đai").get_by_role("radio", name="Nhận").check()
    expect(dialog.locator("[data-effects]")).to_contain_text("Đất đai: 0 người đang chờ, quầy mở 0 → 1")
    dialog.get_by_role("radiogroup", name="Chứng thực").get_by_role("radio", name="Không").check()
    expect(dialog.locator("[data-effects]")).to_contain_text("Chứng thực: 3 người đang chờ sẽ không còn quầy nào mở")


def test_two_hands_at_once_do_each_thing_once(centre: DemoServer, clerk: Page, supervisor: Page, visit: Visit) -> None:
    for _ in range(3):
        centre.api().issue("chung-thuc")
    button = clerk.get_by_role("button", name="Gọi tiếp").first.element_handle()
    assert button is not None
    counter(supervisor, 1, "Giúp quầy này")
    supervisor.get_by_role("dialog").locator("[data-do=call-next]").dblclick()
    button.evaluate("(button) => button.click()")  # at once, and no matter when the page learns of the other's call
    expect(supervisor.locator("[data-hand=A001]")).to_be_visible()
    called = [event["number"] for event in centre.api().events() if event["type"] == "ticket.called"]
    assert called == ["A001"]
    assert sum(field["waiting"] for field in StaffApi(centre.url, "tam").look()["fields"]) == 2
