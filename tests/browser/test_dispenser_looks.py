"""The dispenser's sizes and its pure rules, in a real chromium."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, open_kiosk
from tests.server import DemoServer

pytestmark = pytest.mark.browser


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    return open_kiosk(visit, centre)


# -- sizes -------------------------------------------------------------------------------------------------------------

SMALLEST = """() => {
  const texts = [...document.querySelectorAll("#kiosk *")].filter(element => element.checkVisibility() &&
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  const buttons = [...document.querySelectorAll("#kiosk button")].filter(element => element.checkVisibility());
  return {
    text: Math.min(...texts.map(element => parseFloat(getComputedStyle(element).fontSize))),
    button: Math.min(...buttons.map(element => element.getBoundingClientRect().height)),
    wider: document.documentElement.scrollWidth - innerWidth,
  };
}"""


@pytest.mark.parametrize(
    ("width", "height", "zoom"), [(1080, 1920, 1), (1280, 800, 1), (1080, 1920, 2), (1280, 800, 2)]
)
def test_nothing_is_too_small_on_any_screen(
    visit: Visit, centre: DemoServer, width: int, height: int, zoom: float
) -> None:
    kiosk = open_kiosk(visit, centre, width=width, height=height, zoom=zoom)
    for step in (lambda: None, lambda: kiosk.choose("chung-thuc"), lambda: kiosk.take()):
        step()
        least = kiosk.page.evaluate(SMALLEST)
        assert least["text"] >= 24
        assert least["button"] >= 72
        assert least["wider"] <= 0


CUT = """() => [...document.querySelectorAll("#kiosk button, #kiosk .fact, #kiosk h1")].filter(element => {
  const { top, bottom } = element.getBoundingClientRect();
  let [from, to] = [0, innerHeight];
  for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
    if (getComputedStyle(box).overflowY !== "visible") {
      from = Math.max(from, box.getBoundingClientRect().top);
      to = Math.min(to, box.getBoundingClientRect().bottom);
    }
  }
  return top < from - 1 || bottom > to + 1;
}).map(element => element.textContent)"""
FIVE_CLASSES = """(list, about) => {
  while (list.children.length < 5) {
    const more = list.lastElementChild.cloneNode(true);
    more.querySelector(".class__name").parentElement.innerHTML =
      `<span class="class__name">Trẻ em</span><span class="class__about">${about}</span>`;
    list.append(more);
  }
}"""
ABOUT = "Trẻ em dưới 6 tuổi và người đi cùng"
LONG_NAME = "Giải quyết thủ tục đất đai và môi trường"


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080), (1080, 1920)])
@pytest.mark.parametrize("is_easy", [True, False])
def test_nothing_to_press_or_to_know_is_cut(
    visit: Visit, centre: DemoServer, width: int, height: int, is_easy: bool
) -> None:
    kiosk = open_kiosk(visit, centre, width=width, height=height)

    def cut() -> Any:
        for name in kiosk.page.locator(".confirm h1, .ticket__field").all():
            name.evaluate("(name, long) => (name.firstChild.data = long)", LONG_NAME)
        return kiosk.page.evaluate(CUT)

    if is_easy:
        kiosk.settle()
        kiosk.key("easy").click()
    kiosk.settle()
    kiosk.key("help").click()
    expect(kiosk.page.locator(".help__steps")).to_be_visible()
    assert cut() == []
    kiosk.settle()
    kiosk.key("help").click()
    kiosk.choose("chung-thuc")
    kiosk.page.locator(".classes__list").evaluate(FIVE_CLASSES, ABOUT)
    assert cut() == []
    kiosk.take()
    kiosk.settle()  # the paper slides in
    assert cut() == []


# -- pure rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "likely", "high", "said"),
    [
        (0, 0, 150, "dưới 5 phút"),
        (180, 300, 480, "khoảng 3–8 phút"),
        (640, 1000, 1210, "khoảng 10–25 phút"),
        (930, 1200, 1500, "khoảng 15–25 phút"),
        (3000, 4000, 6010, "09:50–10:45"),
        (5400, 6000, 6600, "10:30–10:50"),
        (7000, 7100, 9000, "10:55–13:00"),
    ],
)
def test_a_wait_is_told_as_a_range(kiosk: Kiosk, low: int, likely: int, high: int, said: str) -> None:
    """To 5 minutes above 10; by the clock over an hour and across lunch."""
    wait = {"low_s": low, "likely_s": likely, "high_s": high, "made_at": "2026-11-23T09:00:00+07:00"}
    working = [
        {"start": "2026-11-23T07:30:00+07:00", "end": "2026-11-23T11:30:00+07:00"},
        {"start": "2026-11-23T13:00:00+07:00", "end": "2026-11-23T17:00:00+07:00"},
    ]
    told = kiosk.page.evaluate("([wait, working]) => LaySo.wait(wait, working)", [wait, working])
    assert told["value"] == said
    assert not told["isLate"]


def test_a_number_that_may_not_be_served_today_is_known(kiosk: Kiosk) -> None:
    wait = {"low_s": 1800, "likely_s": 3700, "high_s": 5400, "made_at": "2026-11-23T16:00:00+07:00"}
    working = [{"start": "2026-11-23T13:00:00+07:00", "end": "2026-11-23T17:00:00+07:00"}]
    assert kiosk.page.evaluate("([wait, working]) => LaySo.wait(wait, working)", [wait, working])["isLate"]


RULES = """async ([name, ...given]) => (await import("/static/dispenser/rules.js"))[name](...given)"""


def test_many_fields_are_grouped_by_agency_and_paged(kiosk: Kiosk) -> None:
    def ask(name: str, *given: object) -> Any:
        return kiosk.page.evaluate(RULES, [name, *given])

    fields = [{"code": f"f{i}", "agency": "abc"[min(2, i // 5)], "service": "file"} for i in range(11)]
    groups = ask("firstLevel", fields)
    assert [group.get("agency") for group in groups] == ["a", "b", None]
    assert groups[2] == {"field": fields[10]}
    assert len(ask("firstLevel", fields[:10])) == 10
    others = [{"code": code, "agency": "a", "service": code} for code in ("collect", "pay")]
    assert ask("firstLevel", [others[0], *fields[:10]])[10:] == [{"field": others[0]}]
    assert ask("firstLevel", [*others, *fields[:10]])[10:] == [{"agency": "*", "fields": others}]
    assert ask("firstLevel", others) == [{"field": each} for each in others]
    assert [each["code"] for each in ask("groupOf", [*fields, *others], "a")] == ["f0", "f1", "f2", "f3", "f4"]
    assert ask("groupOf", [*fields, *others], "*") == others
    assert ask("pageOf", list(range(9)), 1, 8) == {"items": [5, 6, 7, 8], "page": 1, "pages": 2}
    assert ask("countersText", [5, 1, 2, 3, 8, 9]) == "1–3, 5, 8, 9"


def test_a_field_is_offered_as_far_as_the_counters_still_serve_in_time(kiosk: Kiosk) -> None:
    def offer(*, ends: bool = True, classes: bool = True, **live: object) -> str:
        row = {
            "issuing": [{"start": "2026-11-23T07:00:00+07:00", "end": "2026-11-23T17:00:00+07:00"}],
            "working": [],
            "suspended": None,
            "returns_at": None,
        }
        now = kiosk.page.evaluate("Date.parse('2026-11-23T15:00:00+07:00')")
        return str(kiosk.page.evaluate(RULES, ["offerOf", row, {"cap_left": None, **live}, now, ends, classes])["kind"])

    assert offer(takes_more=True, takes_more_priority=True) == "open"
    assert offer(takes_more=None, takes_more_priority=None) == "open"
    assert offer(takes_more=False, takes_more_priority=True) == "priority"
    assert offer(takes_more=False, takes_more_priority=True, classes=False) == "late"
    assert offer(takes_more=False, takes_more_priority=False) == "late"
    assert offer(takes_more=False, takes_more_priority=False, ends=False) == "open"
    assert offer(takes_more=False, takes_more_priority=True, cap_left=0) == "full"
    assert kiosk.page.evaluate(RULES, ["refusalKey", "no-capacity"]) == "lateNow"
