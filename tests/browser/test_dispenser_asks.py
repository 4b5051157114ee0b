"""A field that asks which procedure before it gives a number, in a real chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, open_kiosk
from tests.browser.test_dispenser_looks import CUT, SMALLEST
from tests.browser.test_dispenser_search import BIRTH, PROCEDURES, found, pick, press, said, search
from tests.browser.test_dispenser_states import supervisor
from tests.demo_server import ASKING
from tests.server import DemoServer

pytestmark = pytest.mark.browser

__all__ = ["supervisor"]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("asking"), "--asks-procedure") as server:
        yield server


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    return open_kiosk(visit, centre)


def asked(kiosk: Kiosk) -> None:
    kiosk.settle()
    kiosk.card(ASKING).click()
    expect(kiosk.page.get_by_role("heading", name="Mời chọn thủ tục")).to_be_visible()
    expect(said(kiosk)).to_have_text(re.compile(r"^Tìm thấy \d+ thủ tục. Mời chọn.$"))
    kiosk.settle()


def test_one_of_the_fields_procedures_is_chosen_before_the_number(kiosk: Kiosk) -> None:
    asked(kiosk)
    of_the_field = kiosk.page.locator(".found__one").count()
    press(kiosk, "khai sinh")
    expect(kiosk.page.locator(".found__one")).not_to_have_count(of_the_field)
    pick(kiosk, BIRTH)
    expect(kiosk.page.locator(".confirm__procedure")).to_have_text(BIRTH)
    kiosk.settle()
    assert kiosk.take().startswith("H")


def test_who_does_not_know_which_gets_a_number_too(kiosk: Kiosk) -> None:
    asked(kiosk)
    kiosk.key("unknown").click()
    expect(kiosk.page.locator(".confirm__examples")).to_be_visible()
    kiosk.settle()
    kiosk.key("back").click()
    expect(kiosk.key("unknown")).to_be_visible()
    kiosk.settle()
    kiosk.key("back").click()
    expect(kiosk.page.locator(".cards")).to_be_visible()


def test_where_the_list_cannot_be_had_there_is_still_a_way_on(kiosk: Kiosk) -> None:
    kiosk.page.route(PROCEDURES, lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
    kiosk.settle()
    kiosk.card(ASKING).click()
    expect(said(kiosk)).to_have_text("Chưa tìm được lúc này. Mời chọn “Không rõ / thủ tục khác”.")
    kiosk.settle()
    kiosk.key("unknown").click()
    expect(kiosk.key("take")).to_be_visible()


def test_who_has_found_a_procedure_is_not_asked_again(kiosk: Kiosk) -> None:
    search(kiosk)
    expect(kiosk.key("unknown")).to_have_count(0)
    press(kiosk, "khai sinh")
    pick(kiosk, BIRTH)
    expect(kiosk.key("take")).to_be_visible()


def test_a_field_that_does_not_ask_goes_straight_to_the_number(kiosk: Kiosk) -> None:
    kiosk.choose("chung-thuc")


def test_a_field_that_gives_no_numbers_does_not_ask(kiosk: Kiosk, supervisor: Callable[..., None]) -> None:
    supervisor("suspend", field=ASKING, reason={"vi": "mất điện"})
    expect(kiosk.card(ASKING)).to_contain_text("mất điện")
    kiosk.settle()
    kiosk.card(ASKING).click()
    expect(kiosk.page.locator(f"[data-shut={ASKING}]")).to_be_visible()
    supervisor("unsuspend", field=ASKING)


@pytest.mark.parametrize(
    ("width", "height", "zoom"), [(1080, 1920, 1), (1280, 800, 1), (1080, 1920, 2), (1280, 800, 2)]
)
@pytest.mark.parametrize("is_easy", [True, False])
def test_not_to_know_is_always_in_sight(
    visit: Visit, centre: DemoServer, width: int, height: int, zoom: float, is_easy: bool
) -> None:
    kiosk = open_kiosk(visit, centre, width=width, height=height, zoom=zoom)
    if is_easy:
        kiosk.key("easy").click()
    asked(kiosk)
    least = kiosk.page.evaluate(SMALLEST)
    assert least["text"] >= 24
    assert least["button"] >= 72
    assert least["wider"] <= 0
    if zoom == 1:
        assert "Không rõ / thủ tục khác" not in kiosk.page.evaluate(CUT)
        assert found(kiosk, BIRTH).is_visible()
