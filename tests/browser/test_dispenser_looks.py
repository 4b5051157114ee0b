"""The dispenser's sizes and its pure rules, in a real chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.kiosk import Kiosk, issued, open_kiosk
from tests.browser.looks import LARGE, LONG_NAME, WHERE, all_faults, looks, told
from tests.browser.test_dispenser_states import ZONE, minutes
from tests.demo_server import BRANCH, NEAR
from tests.server import Api, DemoServer, Refused
from tests.staff import StaffApi, eventually

pytestmark = pytest.mark.browser

SUGGEST = "**/api/v1/branches/suggest?*"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """Long names, five classes, and a branch that closes in half an hour, at which twenty-five people wait for one
    counter; nobody waits at another branch."""
    with DemoServer(tmp_path_factory.mktemp("centre"), "--has-two", "--is-full") as server:
        for _ in range(25):
            server.api().issue("chung-thuc")
        server.api().counter(1, "open")
        Api(server.url, server.tokens["near"], branch=NEAR).counter(1, "open")
        first, now = minutes(server)
        hours = {"working": [[first, now + 30]], "issuing": [[first, first + 1440]]}
        chief = StaffApi(server.url, "tam")
        chief.branch_command("change-hours", hours=hours, reason={"vi": "Họp"})
        eventually(lambda: is_advised(server))
        yield server


def is_advised(centre: DemoServer, field: str = "chung-thuc") -> bool:
    """As somebody sees it who is not counted."""
    found = Api(centre.url).get(f"/branches/suggest?field={field}&from={BRANCH}")["branches"]
    return bool(found) and found[0]["is_advised"] and found[0]["saves_s"] is None


@pytest.fixture
def kiosk(visit: Visit, centre: DemoServer) -> Kiosk:
    return open_kiosk(visit, centre)


# -- looks -------------------------------------------------------------------------------------------------------------


def test_nothing_is_too_small_or_cut_on_any_screen(kiosk: Kiosk) -> None:
    kiosk.settle()
    kiosk.key("help").click()
    expect(kiosk.page.locator(".help__steps")).to_be_visible()
    assert all_faults(kiosk, LARGE) == {}
    kiosk.settle()
    kiosk.key("help").click()
    kiosk.choose("kinh-doanh")
    assert all_faults(kiosk) == {}
    kiosk.take()
    kiosk.settle()  # the paper slides in
    assert all_faults(kiosk, LARGE) == {}


FIELDS = (
    ("Chứng thực", "Sao y, chữ ký"),
    ("Hộ tịch", "Khai sinh, kết hôn, khai tử"),
    ("Đất đai", "Sang tên, tách thửa, cấp sổ, xóa thế chấp"),
    ("Kinh doanh", "Hộ kinh doanh, hợp tác xã, rượu, nông nghiệp"),
    (LONG_NAME, "Giấy phép xây dựng, nhà ở, vỉa hè, môi trường"),
    ("Bảo trợ xã hội – Người có công", "Trợ cấp, người có công, trẻ em, trường học"),
    ("Hồ sơ nơi khác nộp tại đây", "Hồ sơ của sở, ngành; của phường, xã khác"),
)
SERVICES = ("collect", "pay")
BUSY = {
    "waiting": 12,
    "wait": {"low_s": 5400, "likely_s": 7200, "high_s": 9000, "made_at": "2026-11-23T09:00:00+07:00"},
}


def with_fields(count: int, kind: str, data: Any) -> None:
    """So many fields for filing, of one agency, in each of which people wait long, and two services beside them."""
    services = ["file"] * count + list(SERVICES)
    if kind == "board":
        row = data["fields"]["dat-dai"]
        data["fields"] = {f"f{no}": row | a_field(no, service) for no, service in enumerate(services)}
    elif kind == "live":
        data["fields"] = {f"f{no}": data["fields"]["dat-dai"] | BUSY for no in range(len(services))}


def a_field(no: int, service: str) -> dict[str, Any]:
    name, examples = FIELDS[no % len(FIELDS)]
    words = {"name": {"vi": name, "en": name}, "examples": {"vi": examples, "en": examples}}
    return words | {"code": f"f{no}", "order": no, "service": service}


@pytest.mark.parametrize(("count", "cards"), [(7, 8), (16, 17)])
def test_every_field_has_its_place_on_the_first_screen_and_nothing_goes_on_below(
    visit: Visit, centre: DemoServer, count: int, cards: int
) -> None:
    """With a group of services, appointment slips and a notice of the day; on as many pages as that takes."""
    told_slip = {"code": "000.00.17.H29-261120-0001", "version": 1, "field": "tra-ket-qua", "state": "ready"}
    body = {"slips": [told_slip | {"counter": 6, "agency": "phuong", "due_at": "2026-11-23T09:00:00+07:00"}]}
    centre.api("integration").request("PUT", f"/api/v1/branches/{BRANCH}/slips", body)
    page = visit(touch=True)
    told(page, lambda kind, data: with_fields(count, kind, data))
    page.goto(f"/dispenser/{BRANCH}#token={centre.tokens['dispenser']}")
    kiosk = Kiosk(page)
    expect(kiosk.key("slip")).to_be_visible()
    assert all_faults(kiosk, LARGE, zoomed=(), languages=("vi",)) == {}
    kiosk.key("easy").click()
    found = page.locator(".field-card").count()
    while kiosk.key("later").is_enabled():
        kiosk.settle()
        kiosk.key("later").click()
        found += page.locator(".field-card").count()
    assert found == cards


def test_all_that_is_to_know_before_a_number_fits_and_advice_that_comes_later_moves_nothing(kiosk: Kiosk) -> None:
    """Five classes, a number that may not be served today, and a branch that still would."""
    held: list[Route] = []
    kiosk.page.route(SUGGEST, lambda route: held.append(route))
    kiosk.choose("chung-thuc")
    expect(kiosk.page.get_by_role("alert")).to_have_text("Số này có thể không kịp giải quyết trong hôm nay.")
    before = {look: kiosk.page.evaluate(WHERE) for look in looks(kiosk)}
    held[0].continue_()
    expect(kiosk.page.locator(f"[data-sooner={NEAR}]")).to_contain_text("còn kịp trong hôm nay")
    after = {look: kiosk.page.evaluate(WHERE) for look in looks(kiosk)}
    assert [look for look in before if before[look] != after[look]] == []
    assert all_faults(kiosk) == {}
    kiosk.page.locator("[data-class=NCC]").click()
    chosen = {look: kiosk.page.evaluate(WHERE) for look in looks(kiosk)}
    assert [look for look in before if before[look] != chosen[look]] == []


def test_another_day_is_told_and_no_number_is_taken(kiosk: Kiosk, centre: DemoServer) -> None:
    before = issued(centre, "chung-thuc")
    returns_at = centre.api().board()["fields"]["chung-thuc"]["returns_at"]
    kiosk.choose("chung-thuc")
    kiosk.key("other-day").click()
    shown = kiosk.page.locator("[data-another-day=chung-thuc]")
    expect(shown.get_by_role("heading")).to_have_text("Ông/bà chưa lấy số")
    then = datetime.fromisoformat(returns_at).astimezone(ZONE)
    expect(shown).to_contain_text(f"{then:%H:%M}")
    expect(shown).to_contain_text(f"{then:%d/%m/%Y}")
    expect(shown).to_contain_text(re.compile(r"Các quầy làm việc \d\d:\d\d–\d\d:\d\d"))
    expect(shown.locator(f"[data-sooner={NEAR}]")).to_be_visible()
    assert all_faults(kiosk) == {}
    kiosk.settle()
    kiosk.key("back").click()
    expect(kiosk.key("take")).to_be_visible()
    kiosk.settle()
    kiosk.key("other-day").click()
    kiosk.settle()
    kiosk.key("home").click()
    expect(kiosk.page.locator(".cards")).to_be_visible()
    assert issued(centre, "chung-thuc") == before


# -- caps --------------------------------------------------------------------------------------------------------------


def test_a_field_without_numbers_says_so_and_where_there_are_some(
    kiosk: Kiosk, centre: DemoServer, visit: Visit
) -> None:
    Api(centre.url, centre.tokens["near"], branch=NEAR).counter(3, "open")
    for field in ("ho-tich", "tra-ket-qua"):
        kiosk.choose(field)
        kiosk.take()
        kiosk.go_back()
    expect(kiosk.card("ho-tich")).to_contain_text("Hôm nay đã hết số, mời quay lại")
    expect(kiosk.card("tra-ket-qua")).to_contain_text("Hôm nay máy lấy số đã hết số của lĩnh vực này.")
    with pytest.raises(Refused, match=r"Đã hết số Hộ tịch của hôm nay\. Mời lấy số lại từ \d\d:\d\d ngày"):
        StaffApi(centre.url, "hoa").issue("ho-tich", channel="helper")
    eventually(lambda: is_advised(centre, "ho-tich"))
    kiosk.settle()
    kiosk.card("ho-tich").click()
    shown = kiosk.page.locator("[data-shut=ho-tich]")
    expect(shown).to_contain_text("Hôm nay đã hết số")
    expect(shown.locator(f"[data-sooner={NEAR}]")).to_contain_text("còn kịp trong hôm nay")
    assert all_faults(kiosk) == {}
    helper = visit("/helper", account="hoa")
    expect(helper.locator("[data-field=ho-tich]")).to_contain_text("Đã hết số hôm nay")
    expect(helper.locator("[data-field=tra-ket-qua]")).not_to_contain_text("hết số")
    manager = visit("/manager", account="quang")
    expect(manager.locator("[data-field=ho-tich]")).to_contain_text("Hết số")
    expect(manager.locator("[data-field=tra-ket-qua]")).to_contain_text("Máy lấy số hết số")


# -- pure rules --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rules(browser: Browser, centre: DemoServer) -> Iterator[Page]:
    """A page for the sake of its scripts."""
    page = browser.new_page()
    page.goto(f"{centre.url}/dispenser/{BRANCH}")
    yield page
    page.close()


@pytest.mark.parametrize(
    ("low", "likely", "high", "said"),
    [
        (0, 0, 150, "dưới 5 phút"),
        (180, 300, 480, "khoảng 3–8 phút"),
        (640, 1000, 1210, "khoảng 10–25 phút"),
        (930, 1200, 1500, "khoảng 15–25 phút"),
        (3000, 4000, 6010, "09:50–10:45"),
        (5400, 6000, 6600, "10:30–10:50"),
        (7000, 7100, 9060, "10:55–13:00"),
    ],
)
def test_a_wait_is_told_as_a_range(rules: Page, low: int, likely: int, high: int, said: str) -> None:
    """To 5 minutes above 10; by the clock over an hour and across lunch."""
    wait = {"low_s": low, "likely_s": likely, "high_s": high, "made_at": "2026-11-23T09:00:00+07:00"}
    working = [
        {"start": "2026-11-23T07:30:00+07:00", "end": "2026-11-23T11:30:00+07:00"},
        {"start": "2026-11-23T13:00:00+07:00", "end": "2026-11-23T17:00:00+07:00"},
    ]
    told = rules.evaluate("([wait, working]) => LaySo.wait(wait, working)", [wait, working])
    assert told["value"] == said
    assert not told["isLate"]


def test_a_number_that_may_not_be_served_today_is_known(rules: Page) -> None:
    wait = {"low_s": 1800, "likely_s": 3700, "high_s": 5400, "made_at": "2026-11-23T16:00:00+07:00"}
    working = [{"start": "2026-11-23T13:00:00+07:00", "end": "2026-11-23T17:00:00+07:00"}]
    assert rules.evaluate("([wait, working]) => LaySo.wait(wait, working)", [wait, working])["isLate"]


RULES = """async ([name, ...given]) => (await import("/static/dispenser/rules.js"))[name](...given)"""


def test_many_fields_are_grouped_by_agency_and_paged(rules: Page) -> None:
    def ask(name: str, *given: object) -> Any:
        return rules.evaluate(RULES, [name, *given])

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


USED_UP = {"left": 0, "again_at": "2026-11-24T07:00:00+07:00"}
TO_NOON = {"left": 0, "again_at": "2026-11-23T12:30:00+07:00"}
SOME = {"left": 3, "again_at": None}


@pytest.mark.parametrize(
    ("clock", "left", "channel", "kind", "again_at"),
    [
        ("09:00", {}, "kiosk", "open", None),
        ("09:00", {"kiosk": SOME}, "kiosk", "open", None),
        ("09:00", {"kiosk": USED_UP, "helper": USED_UP}, "kiosk", "full", "2026-11-24T07:00:00+07:00"),
        ("09:00", {"kiosk": TO_NOON, "helper": TO_NOON}, "kiosk", "half", "2026-11-23T12:30:00+07:00"),
        ("09:00", {"kiosk": USED_UP, "helper": SOME}, "kiosk", "elsewhere", None),
        ("09:00", {"kiosk": USED_UP}, "kiosk", "elsewhere", None),
        ("09:00", {"kiosk": SOME, "helper": USED_UP}, "helper", "full", "2026-11-24T07:00:00+07:00"),
        ("12:00", {"kiosk": SOME}, "kiosk", "lunch", "2026-11-23T12:30:00+07:00"),
        ("12:00", {"kiosk": USED_UP, "helper": USED_UP}, "kiosk", "full", "2026-11-24T07:00:00+07:00"),
        ("17:30", {"kiosk": USED_UP, "helper": USED_UP}, "kiosk", "over", "2026-11-24T07:00:00+07:00"),
    ],
)
def test_what_a_cap_leaves_is_offered(
    rules: Page, clock: str, left: dict[str, Any], channel: str, kind: str, again_at: str | None
) -> None:
    def spans(*clocks: tuple[str, str]) -> list[dict[str, str]]:
        return [{"start": f"2026-11-23T{a}:00+07:00", "end": f"2026-11-23T{b}:00+07:00"} for a, b in clocks]

    row = {
        "issuing": spans(("07:00", "11:15"), ("12:30", "16:30")),
        "working": spans(("07:30", "11:30"), ("13:00", "17:00")),
        "suspended": None,
        "returns_at": "2026-11-24T07:00:00+07:00",
    }
    now = rules.evaluate("Date.parse", f"2026-11-23T{clock}:00+07:00")
    offer = rules.evaluate(RULES, ["offerOf", row, {"cap_left_by": left}, now, False, True, channel])
    assert offer["kind"] == kind
    if again_at is not None:
        assert (offer["at"] or offer["returnsAt"]) == again_at


def test_a_field_is_offered_as_far_as_the_counters_still_serve_in_time(rules: Page) -> None:
    def offer(*, ends: bool = True, classes: bool = True, **live: object) -> str:
        row = {
            "issuing": [{"start": "2026-11-23T07:00:00+07:00", "end": "2026-11-23T17:00:00+07:00"}],
            "working": [],
            "suspended": None,
            "returns_at": None,
        }
        now = rules.evaluate("Date.parse('2026-11-23T15:00:00+07:00')")
        return str(rules.evaluate(RULES, ["offerOf", row, {"cap_left_by": {}, **live}, now, ends, classes])["kind"])

    assert offer(takes_more=True, takes_more_priority=True) == "open"
    assert offer(takes_more=None, takes_more_priority=None) == "open"
    assert offer(takes_more=False, takes_more_priority=True) == "priority"
    assert offer(takes_more=False, takes_more_priority=True, classes=False) == "late"
    assert offer(takes_more=False, takes_more_priority=False) == "late"
    assert offer(takes_more=False, takes_more_priority=False, ends=False) == "open"
    used_up = {"kiosk": USED_UP, "helper": USED_UP}
    assert offer(takes_more=False, takes_more_priority=True, cap_left_by=used_up) == "full"
    assert rules.evaluate(RULES, ["refusalKey", "no-capacity"]) == "lateNow"
