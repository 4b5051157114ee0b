"""A field that asks which procedure before it gives a number, in a real chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, open_kiosk
from tests.browser.looks import CUT, ZOOMED, faults, looks
from tests.browser.test_dispenser_search import BIRTH, PROCEDURES, found, pick, press, said, search
from tests.browser.test_dispenser_states import supervisor
from tests.demo_server import ASKING
from tests.server import DemoServer

pytestmark = pytest.mark.browser

__all__ = ["supervisor"]

LISTED = ((1080, 1920), (1280, 800))


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


def test_not_to_know_is_always_in_sight(kiosk: Kiosk) -> None:
    asked(kiosk)
    for look in looks(kiosk, LISTED, languages=("vi",)):
        assert faults(kiosk, may_scroll=True) == {}, look
        assert "Không rõ / thủ tục khác" not in kiosk.page.evaluate(CUT), look
        assert found(kiosk, BIRTH).is_visible(), look
    for look in looks(kiosk, ZOOMED, languages=("vi",)):
        assert faults(kiosk, may_scroll=True) == {}, look
