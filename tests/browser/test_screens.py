"""Screens of the configuration in a real chromium: which of them speaks, what staff see of them, how they look."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.app import open_house
from queue_server.domain.configuration import Screen, Text, Voice
from queue_server.settings import read_settings
from tests.browser.conftest import Visit
from tests.browser.test_display import CONTRASTS, FIELD, GLYPHS, KIOSK, LISTEN, LIVE, OVERFLOWS, SIZES, Hall, prepare
from tests.browser.test_display import Screen as Lobby
from tests.demo_server import BRANCH
from tests.server import DemoServer, Refused
from tests.staff import StaffApi, eventually

pytestmark = pytest.mark.browser
CHROMIUM_FLAGS = (KIOSK,)

VOICE = Voice("sanh", repeats=1)
SCREENS = (
    Screen("sanh", Text("Bảng chính của sảnh", "Main board"), voice=VOICE),
    Screen("cua", Text("Cửa vào", "Door"), voice=VOICE),
    Screen("cho", Text("Khu chờ", "Waiting area"), layout="waiting"),
    Screen("quay-5", Text("Quầy 5", "Counter 5"), layout="counter", counter=5),
)
NUMBERS = {"sanh": ".hero .number__digits", "quay-5": ".desk .number__digits"}
DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
DRAWN_WITHIN = 60
"""Pictures."""
SILENCED = """
AudioContext.prototype.resume = () => new Promise(() => undefined);
Object.defineProperty(AudioContext.prototype, "state", {get: () => "suspended"});
"""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    prepared = tmp_path_factory.mktemp("prepared")
    prepare(prepared, screens=SCREENS)
    with DemoServer(tmp_path_factory.mktemp("screens"), data=prepared) as server:
        for no in range(1, 5):
            server.api().counter(no, "open")
        yield server


@pytest.fixture
def hall(centre: DemoServer) -> Iterator[Hall]:
    hall = Hall(centre.api())
    yield hall
    hall.clear()


Open = Callable[..., Lobby]


@pytest.fixture
def screen(visit: Visit, centre: DemoServer) -> Open:
    """`screen("sanh", "display")`: that screen on the television of that token; without one on one never paired."""

    def open_(code: str, device: str = "") -> Lobby:
        page = visit(width=640, height=360)
        page.add_init_script(LISTEN)
        page.goto(f"/display/{BRANCH}/{code}#token={centre.tokens[device]}" if device else f"/display/{BRANCH}/{code}")
        page.wait_for_function(LIVE)
        return Lobby(page)

    return open_


def speaker(centre: DemoServer) -> str:
    """The device that has the voice of the zone."""
    voice = centre.api().board().get("voices", {}).get("sanh")
    return voice["device"] if voice else ""


def wait_until_speaks(centre: DemoServer, device: str) -> None:
    eventually(lambda: speaker(centre) == centre.devices[device])


# -- who speaks --------------------------------------------------------------------------------------------------------


def test_of_two_screens_one_speaks_and_when_it_is_dark_the_other_and_never_one_that_is_not_paired(
    centre: DemoServer, hall: Hall, screen: Open
) -> None:
    first = screen("sanh", "display")
    wait_until_speaks(centre, "display")
    second, guest = screen("cua", "display-2"), screen("sanh")
    numbers = [hall.call(counter).number for counter in (1, 2, 3)]
    first.wait_until_said(numbers[-1])
    first.wait_until_silent()
    assert (first.said(), second.said(), guest.said()) == (numbers, [], [])
    first.page.close()
    later = [hall.call(counter).number for counter in (4, 1)]
    second.page.wait_for_function(
        "(number) => window.heard.some((news) => news.state === 'speaking' && news.callId === number)",
        arg=later[0],
        timeout=20_000,
    )
    second.wait_until_said(later[1])
    second.wait_until_silent()
    assert (second.said(), guest.said()) == (later, [])


def test_a_screen_whose_sound_is_blocked_hands_over_and_staff_are_told(
    centre: DemoServer, hall: Hall, screen: Open, visit: Visit
) -> None:
    manager = visit("/manager", account="quang")
    blocked = screen("sanh", "display")
    wait_until_speaks(centre, "display")
    blocked.page.add_init_script(SILENCED)
    blocked.page.reload()
    alarm = manager.locator('[data-alarm="blocked"]')
    expect(alarm).to_contain_text("Màn hình sảnh (Bảng chính của sảnh) không đọc được loa", timeout=15_000)
    expect(alarm).to_contain_text(re.compile(r"Từ \d\d:\d\d"))
    expect(manager.locator('[data-alarm="silent"]')).to_contain_text("Bảng chính của sảnh, Cửa vào")
    other = screen("cua", "display-2")
    wait_until_speaks(centre, "display-2")
    expect(manager.locator('[data-alarm="silent"]')).to_have_count(0, timeout=10_000)
    number = hall.call(1).number
    other.wait_until_said(number)
    assert blocked.said() == []
    manager.goto("/manager#devices")
    row = manager.locator(f'[data-device="{centre.devices["display"]}"]')
    expect(row).to_contain_text("loa bị chặn")
    expect(row).to_contain_text("640×360")
    speaking = manager.locator(f'[data-device="{centre.devices["display-2"]}"]')
    expect(speaking).to_contain_text("Đang đọc loa")
    other.page.close()
    expect(speaking).to_contain_text(re.compile(r"Mất kết nối\s*từ \d\d:\d\d"), timeout=10_000)


# -- what staff see and say of them ------------------------------------------------------------------------------------


def test_a_clerk_is_warned_while_no_screen_shows_the_number(centre: DemoServer, screen: Open, visit: Visit) -> None:
    desk = visit("/clerk", account="lan")
    desk.locator('.counter[data-no="6"]').click()
    expect(desk.locator(".desk")).to_have_attribute("data-mode", "open")
    centre.api().issue(FIELD)
    ticket = centre.api().call_next(6)
    assert ticket is not None
    alert = desk.locator(".hand__unshown")
    expect(alert).to_contain_text("Chưa màn hình nào hiện số này")
    screen("sanh", "display")
    expect(alert).to_have_count(0)
    spoken = re.compile(r"Đã hiện, đã đọc trên loa lúc \d\d:\d\d")
    expect(desk.locator(".facts")).to_contain_text(spoken, timeout=15_000)  # it was called just before
    assert speaker(centre) == centre.devices["display"]
    centre.api().ticket(ticket.id, "recall")
    expect(desk.locator(".facts")).to_contain_text("Đã hiện, đang đến lượt đọc trên loa")
    expect(desk.locator(".facts")).to_contain_text(spoken, timeout=15_000)
    centre.api().ticket(ticket.id, "no-show")


def test_a_manager_says_which_screen_a_television_is_and_it_follows(
    centre: DemoServer, visit: Visit, screen: Open
) -> None:
    television = visit(f"/display/{BRANCH}#token={centre.tokens['display-2']}")
    television.wait_for_function(LIVE)
    expect(television.locator("#main")).not_to_have_class(re.compile("main--waiting"))
    manager = visit("/manager#devices", account="quang")
    choice = manager.locator(f'[data-device="{centre.devices["display-2"]}"] select')
    choice.select_option(label="Khu chờ")
    expect(manager.locator(".toast")).to_contain_text("Đã chọn vị trí của Màn hình cửa")
    television.reload()
    expect(television.locator("#main")).to_have_class(re.compile("main--waiting"))
    television.goto(f"/display/{BRANCH}/quay-5")
    expect(television.locator("#main")).to_have_class(re.compile("main--desk"))  # its address wins
    chief = StaffApi(centre.url, "quang")
    path = f"/api/v1/devices/{centre.devices['display-2']}"
    with pytest.raises(Refused, match="unknown-screen"):
        chief.request("PATCH", path, {"screen": "kho"})
    with pytest.raises(Refused, match="not-found"):
        chief.request("PATCH", f"/api/v1/devices/{centre.devices['dispenser']}", {"screen": "cho"})
    chief.request("PATCH", path, {"screen": None})
    assert centre.api("display-2").get("/me")["screen"] is None


# -- how they look -----------------------------------------------------------------------------------------------------


def configure(centre: DemoServer, key: str, **changes: Any) -> None:
    """The same of every screen, put in force while the server is away, as by an import."""

    async def put() -> None:
        async with open_house(read_settings({}, data=centre.data)) as house:
            config = (await house.bus.host(BRANCH)).state.configured
            screens = tuple(replace(each, **changes) for each in config.screens)
            changed = replace(config, screens=screens, version=config.version + 1)
            await house.bus.put_in_force(changed, Who("account:admin", Role.ADMINISTRATOR).by(), key)

    centre.stop()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(put())).result()
    centre.start()


LEAST = {
    ".call__no": (4.5, 3), ".call__time": (4, 1.8), ".tag": (2.3, 1.2), ".hero__label": (3.8, 2.6),
    ".hero__name": (3.6, 2.4), ".field__name": (3.4, 2.1), ".field__wait": (3.1, 2.1), ".field__people": (3.4, 2.1),
    ".bar__text": (2.9, 1.8), ".rest__how": (3.8, 2.4), ".desk__fields": (4.4, 2.6), ".poster__line": (3, 1.9),
}  # fmt: skip
"""What is read from the back of the hall: the least size of its letters in hundredths of the screen's height, on a wide
screen and on one that stands upright. A hundredth of a wide one of 43 inches is 5.4 mm. The bar is
that small only for who asked for less motion."""
TINY = """(least) => Object.keys(least).filter((query) => Array.from(document.querySelectorAll(query))
  .filter((one) => one.offsetWidth > 0 && one.textContent)
  .some((one) => parseFloat(getComputedStyle(one).fontSize) / innerHeight * 100 < least[query] - 0.02))"""


def tiny(page: Page) -> list[str]:
    """What is smaller than it may be."""
    size = page.viewport_size
    assert size is not None
    is_tall = size["height"] > size["width"]
    found: list[str] = page.evaluate(TINY, {query: least[is_tall] for query, least in LEAST.items()})
    return found


def faults_of(page: Page, code: str) -> dict[str, Any]:
    """What is cut, too faint or too small at every size."""
    found: dict[str, Any] = {}
    for width, height in SIZES:
        if page.viewport_size != {"width": width, "height": height}:
            page.set_viewport_size({"width": width, "height": height})
            size = f"{width}×{height}"  # a busy machine hears of its size later than it has it
            page.wait_for_function("(size) => document.body.getAttribute('data-size') === size", arg=size)
        for _ in range(DRAWN_WITHIN):  # a busy machine fits its numbers some pictures later
            page.evaluate(DRAWN)
            cut = page.evaluate(OVERFLOWS)
            if not cut:
                break
        faint = {name: contrast for name, contrast in page.evaluate(CONTRASTS).items() if contrast < 7}
        small = [one for one in page.evaluate(GLYPHS, NUMBERS.get(code, ".none")) if one < 1 / 12] + tiny(page)
        if cut or faint or small:
            found[f"{width} × {height}"] = (cut, faint, small)
    return found


def test_every_layout_fits_every_screen_in_both_themes_and_a_change_reaches_it_without_a_reload(
    centre: DemoServer, hall: Hall, screen: Open
) -> None:
    centre.api().counter(5, "open")
    pages = {code: screen(f"{code}?muted=1").page for code in ("sanh", "cho", "quay-5")}
    for page in pages.values():
        page.emulate_media(reduced_motion="reduce")
    hall.call(5)
    for counter in (1, 2):
        hall.call(counter)
    pages["sanh"].wait_for_selector("#others .call")
    pages["cho"].wait_for_selector("#wall .field__wait:not(:empty)")
    pages["quay-5"].wait_for_selector(".desk--called")
    for page in pages.values():
        page.evaluate("window.isKept = true")
        assert page.evaluate("document.getAnimations().map((one) => one.animationName)") == []
    assert {code: faults_of(page, code) for code, page in pages.items()} == {code: {} for code in pages}
    configure(centre, "screens-are-light", theme="light", least_s=3)
    for page in pages.values():
        page.wait_for_selector("body.is-light", timeout=10_000)
        assert page.evaluate("window.isKept")
    assert {code: faults_of(page, code) for code, page in pages.items()} == {code: {} for code in pages}
    first, second = hall.call(3), hall.call(4)
    for number in (first.number, second.number):  # each for three seconds now, not for eight
        shown = "(digits) => document.querySelector('#hero .number__digits').textContent === digits"
        pages["sanh"].wait_for_function(shown, arg=number[1:], timeout=6500)
