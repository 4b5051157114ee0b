"""Where a number would be called sooner: told by dispenser and phone, of a second branch at which nobody waits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, issued, open_kiosk
from tests.browser.test_dispenser import later
from tests.demo_server import BRANCH, NEAR
from tests.server import Api, DemoServer
from tests.staff import eventually

pytestmark = pytest.mark.browser

SUGGEST = "**/api/v1/branches/suggest?*"
SENTENCE = re.compile(r"^Chi nhánh B: sớm hơn khoảng \d+ phút \(đi khoảng 9 phút, chờ (dưới \d+|\d+–\d+) phút\)$")


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """At the first branch many wait for one counter, at the second one nobody does: it is advised however many tests
    have asked. It is morning: nobody is told that the day may be too short (see test_dispenser_looks.py for that)."""
    start = ("--clock-start", "2026-11-23T09:00:00+07:00")
    with DemoServer(tmp_path_factory.mktemp("centre"), "--has-two", *start) as server:
        for _ in range(25):
            server.api().issue("chung-thuc")
        server.api().counter(1, "open")
        Api(server.url, server.tokens["near"], branch=NEAR).counter(1, "open")
        eventually(lambda: suggested(server)[0]["is_advised"])
        yield server


def suggested(centre: DemoServer) -> list[dict[str, Any]]:
    """As somebody sees it who is not counted."""
    found = Api(centre.url).get(f"/branches/suggest?field=chung-thuc&from={BRANCH}")["branches"]
    return found or [{"is_advised": False}]


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    return open_kiosk(visit, centre)


def asked(page: Page) -> list[Request]:
    """The questions of this page from now on."""
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if "/branches/suggest" in request.url else None)
    return found


def hold(kiosk: Kiosk) -> list[Route]:
    """Questions that are not answered until they are continued."""
    held: list[Route] = []
    kiosk.page.route(SUGGEST, lambda route: held.append(route))
    return held


def redraw(kiosk: Kiosk) -> None:
    for language in ("Tiếng Việt", "English"):
        kiosk.key("language").click()
        expect(kiosk.key("language")).to_have_text(language)


def sentence(kiosk: Kiosk) -> Locator:
    return kiosk.page.locator(f"[data-sooner={NEAR}] .sooner__what")


# -- at the dispenser --------------------------------------------------------------------------------------------------


def test_the_branch_that_calls_sooner_is_told_and_asked_for_once(kiosk: Kiosk, centre: DemoServer) -> None:
    questions = asked(kiosk.page)
    before = suggested(centre)[0]["wait"]["likely_s"]
    kiosk.choose("chung-thuc")
    expect(sentence(kiosk)).to_have_text(SENTENCE)
    kiosk.key("language").click()
    expect(sentence(kiosk)).to_have_text(
        re.compile(r"^Branch B: about \d+ min sooner \(about 9 min away, wait .* min\)$")
    )
    kiosk.key("back").click()
    kiosk.choose("chung-thuc")
    expect(sentence(kiosk)).to_be_visible()
    counted = suggested(centre)[0]["wait"]["likely_s"] - before
    assert len(questions) == 1
    kiosk.take()
    kiosk.go_back()
    kiosk.choose("chung-thuc")
    expect(sentence(kiosk)).to_be_visible()
    assert len(questions) == 2, "somebody else stands there"
    assert suggested(centre)[0]["wait"]["likely_s"] - before == pytest.approx(2 * counted, abs=2)
    assert counted > 30


def test_who_has_priority_here_is_not_told_how_long_others_wait(kiosk: Kiosk) -> None:
    kiosk.choose("chung-thuc")
    expect(sentence(kiosk)).to_be_visible()
    kiosk.page.locator("[data-class=NKT]").click()
    expect(sentence(kiosk)).to_be_hidden()
    kiosk.page.locator("[data-class=NKT]").click()
    expect(sentence(kiosk)).to_be_visible()


def test_who_comes_after_somebody_who_walked_away_is_somebody_else(kiosk: Kiosk) -> None:
    questions = asked(kiosk.page)
    kiosk.choose("chung-thuc")
    kiosk.key("back").click()
    kiosk.key("language").click()
    later(kiosk, 51)
    expect(kiosk.page.get_by_role("heading", name="Mời chọn lĩnh vực")).to_be_visible()
    kiosk.choose("chung-thuc")
    expect(sentence(kiosk)).to_be_visible()
    assert len(questions) == 2


def test_who_goes_there_takes_no_number(kiosk: Kiosk, centre: DemoServer) -> None:
    before = issued(centre, "chung-thuc")
    kiosk.choose("chung-thuc")
    expect(sentence(kiosk)).to_be_visible()
    kiosk.settle()  # the advice has only just come under the finger
    kiosk.key("there").click()
    shown = kiosk.page.locator(f"[data-there={NEAR}]")
    expect(shown.get_by_role("heading")).to_have_text("Mời sang Chi nhánh B")
    expect(shown).to_contain_text("12 Nguyễn Văn Nghi, Gò Vấp")
    expect(shown).to_contain_text("Từ đây đi khoảng 9 phút")
    expect(shown).to_contain_text("Chưa lấy số tại đây.")
    kiosk.settle()
    kiosk.key("home").click()
    expect(kiosk.page.locator(".cards")).to_be_visible()
    assert issued(centre, "chung-thuc") == before


def test_of_a_field_that_belongs_to_its_place_nobody_is_asked(kiosk: Kiosk) -> None:
    questions = asked(kiosk.page)
    kiosk.choose("dat-dai")
    expect(kiosk.page.locator(".sooner")).to_have_count(0)
    kiosk.key("back").click()
    kiosk.choose("chung-thuc")
    expect(sentence(kiosk)).to_be_visible()
    assert [re.findall(r"field=([\w-]+)", question.url) for question in questions] == [["chung-thuc"]]


NO_ADVICE: dict[str, dict[str, Any]] = {
    "not worth the way": {"json": {"field": "chung-thuc", "branches": [{"branch": NEAR, "is_advised": False}]}},
    "nobody can say": {"json": {"field": "chung-thuc", "branches": []}},
    "refused": {"status": 503, "json": {"code": "unavailable", "status": 503}},
    "another server": {"status": 404, "body": "not found"},
}


def answer_with(answer: dict[str, Any], route: Route) -> None:
    route.fulfill(**answer)


def test_without_advice_nothing_is_told_and_nothing_is_missing(kiosk: Kiosk) -> None:
    for why, answer in NO_ADVICE.items():
        kiosk.page.route(SUGGEST, partial(answer_with, answer))
        with kiosk.page.expect_response(SUGGEST) as answered:
            kiosk.choose("chung-thuc")
        answered.value.finished()
        redraw(kiosk)
        expect(kiosk.page.locator(".sooner"), why).to_be_empty()
        assert kiosk.take()
        kiosk.go_back()
        kiosk.page.unroute(SUGGEST)


def test_a_number_does_not_wait_for_the_answer_and_a_late_one_tells_nobody(kiosk: Kiosk) -> None:
    held = hold(kiosk)
    kiosk.choose("chung-thuc")
    assert kiosk.take()
    kiosk.go_back()
    assert len(held) == 1
    kiosk.choose("chung-thuc")
    with kiosk.page.expect_response(SUGGEST) as answered:
        held[0].continue_()
    answered.value.finished()
    redraw(kiosk)
    expect(kiosk.page.locator(".sooner")).to_be_empty()
    held[1].continue_()
    expect(sentence(kiosk)).to_be_visible()


# -- on the phone ------------------------------------------------------------------------------------------------------


def test_a_phone_tells_it_too_and_asks_as_nobody_every_few_minutes(centre: DemoServer, visit: Visit) -> None:
    ticket = centre.api().issue("chung-thuc")
    page = visit(account="hoa", width=360, height=800)
    page.clock.install()
    questions = asked(page)
    page.goto(f"/t/{ticket.token}")
    shown = page.locator("#sooner")
    expect(shown).to_contain_text(
        re.compile(r"Chi nhánh B: sớm hơn khoảng \d+ phút \(đi khoảng 9 phút, chờ .* phút\)\.")
    )
    expect(shown).to_contain_text("12 Nguyễn Văn Nghi, Gò Vấp")
    expect(shown).to_contain_text("Số ở đây vẫn được giữ đến khi được gọi. Nếu sang đó, có thể bấm Hủy số.")
    expect(page.locator("#cancel")).to_be_visible()
    page.clock.run_for(240_000)
    assert len(questions) == 1
    with page.expect_response(SUGGEST):
        page.clock.run_for(70_000)
    assert len(questions) == 2
    assert {"cookie" in question.all_headers() for question in questions} == {False}
    centre.api().ticket(ticket.id, "cancel")
    expect(shown).to_be_empty()


SAID = """([likely_s, more]) => {
  const made_at = "2026-11-23T09:00:00+07:00", words = {vi: "Chi nhánh B", en: ""};
  const bound = { not_before: null, only_counter: null, further: [] };
  const ticket = { number: "A009", state: "waiting", field: "f", postpones_left: 0, ...bound, ...more.ticket };
  const ahead = { people: 8, wait: { low_s: likely_s, likely_s, high_s: likely_s, made_at } };
  const wait = { low_s: 300, likely_s: 600, high_s: 900, made_at };
  const found = { name: words, address: {vi: "", en: ""}, travel_s: 700, wait, total: { ...wait, likely_s: 1300 } };
  const field = { is_anywhere: true, working: [], suspended: null, reason: null, ...more.field };
  const rows = { ticket: { t: ticket }, fields: { f: field } };
  const seen = LaySo.ticketView(rows, ahead, new Date(made_at), more.isUnknown ? null : found);
  return [seen.mayGo, seen.sooner[0] || ""];
}"""
TOLD = "Chi nhánh B: sớm hơn khoảng 15 phút (đi khoảng 12 phút, chờ 5–15 phút)."


@pytest.mark.parametrize(
    ("likely_s", "more", "may_go", "said"),
    [
        (2400, {}, True, TOLD),
        (1599, {}, True, ""),
        (300, {}, False, ""),
        (2400, {"isUnknown": True}, True, ""),
        (2400, {"field": {"is_anywhere": False}}, False, ""),
        (2400, {"ticket": {"only_counter": 4}}, False, ""),
        (2400, {"ticket": {"not_before": "2026-11-23T09:10:00+07:00"}}, False, ""),
        (2400, {"ticket": {"state": "called", "counter": 1, "times_called": 1}}, False, ""),
    ],
)
def test_what_is_saved_counts_from_the_tickets_own_turn(
    centre: DemoServer, visit: Visit, likely_s: int, more: dict[str, Any], may_go: bool, said: str
) -> None:
    page = visit(f"/t/{centre.api().issue('dat-dai').token}", width=360, height=800)
    assert page.evaluate(SAID, [likely_s, more]) == [may_go, said]
