"""How the dispenser looks on every screen, in both themes and languages: what is too small, too wide or cut, smaller in
large letters than without, and whether anything has moved. One page is drawn in one size after the other, so a test of
all of them takes seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

from tests.browser.kiosk import Kiosk

Size = tuple[int, int]
LARGE: tuple[Size, ...] = ((1080, 1920), (1920, 1080), (1280, 1024), (1366, 768), (1280, 800))
SIZES: tuple[Size, ...] = (*LARGE, (1024, 768), (768, 1024))
ZOOMED: tuple[Size, ...] = ((540, 960), (640, 400))
"""1080 × 1920 and 1280 × 800 at 200 %."""
EASY = ", easy to read"
LONG_NAME = "Giải quyết thủ tục đất đai và môi trường"

SMALLEST = """() => {
  const texts = [...document.querySelectorAll("#kiosk *")].filter(element => element.checkVisibility() &&
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  const buttons = [...document.querySelectorAll("#kiosk button")].filter(element => element.checkVisibility());
  return {
    text: Math.min(...texts.map(element => parseFloat(getComputedStyle(element).fontSize))),
    button: Math.min(...buttons.map(element => element.getBoundingClientRect().height)),
    wider: document.documentElement.scrollWidth - innerWidth,
    longer: document.documentElement.scrollHeight - innerHeight,
    below: document.querySelector(".stage").scrollHeight - document.querySelector(".stage").clientHeight,
  };
}"""
LETTERS = """() => {
  const sizes = {}, walker = document.createTreeWalker(document.querySelector("#kiosk"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (data.trim() && parentElement.checkVisibility({ visibilityProperty: true })) {
      sizes[data] = Math.min(sizes[data] ?? Infinity, parseFloat(getComputedStyle(parentElement).fontSize));
    }
  }
  return sizes;
}"""
"""How large each text on the screen is, in px."""
CUT = """() => [...document.querySelectorAll("#kiosk button, #kiosk .fact, #kiosk h1, #kiosk .notice")].filter(
  element => {
  const { top, bottom, right } = element.getBoundingClientRect();
  let [from, to] = [0, innerHeight];
  for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
    if (getComputedStyle(box).overflowY !== "visible") {
      from = Math.max(from, box.getBoundingClientRect().top);
      to = Math.min(to, box.getBoundingClientRect().bottom);
    }
  }
  const isFull = element.scrollWidth > element.clientWidth + 2 ||
    (!element.matches("h1") && element.scrollHeight > element.clientHeight + 2);
  return top < from - 1 || bottom > to + 1 || right > innerWidth || isFull;
}).map(element => element.textContent)"""
WHERE = """() => [...document.querySelectorAll("#kiosk button:not([data-key=there]), #kiosk h1, .fact")].map(element =>
  element.getBoundingClientRect().toJSON())"""

TURN = """([language, theme]) => {
  const { lang, dataset } = document.documentElement;
  const press = (key) => document.querySelector(`[data-key=${key}]`).click();
  if (lang !== language) press("language");
  if ((dataset.theme || "") !== theme) press("easy");
}"""


def looks(kiosk: Kiosk, sizes: Iterable[Size] = SIZES, *, languages: tuple[str, ...] = ("vi", "en")) -> Iterator[str]:
    """Draw the screen in each of its looks, by name, each size and language in large letters after without; the first
    one again at the end."""
    for width, height in sizes:
        kiosk.page.set_viewport_size({"width": width, "height": height})
        for language in languages:
            for theme in ("", "contrast"):
                kiosk.page.evaluate(TURN, [language, theme])
                yield f"{width} × {height}, {language}{EASY if theme else ''}"
    kiosk.page.evaluate(TURN, [languages[0], ""])


def faults(kiosk: Kiosk, *, may_scroll: bool = False) -> dict[str, Any]:
    """What is wrong with the screen as it is."""
    least = kiosk.page.evaluate(SMALLEST)
    found = {
        "text": least["text"] if least["text"] < 24 else None,
        "button": least["button"] if least["button"] < 72 else None,
        "wider": least["wider"] if least["wider"] > 0 else None,
        "longer": least["longer"] if least["longer"] > 0 and not may_scroll else None,
        "below": least["below"] if least["below"] > 0 and not may_scroll else None,
        "cut": None if may_scroll else kiosk.page.evaluate(CUT) or None,
    }
    return {name: fault for name, fault in found.items() if fault is not None}


def all_faults(
    kiosk: Kiosk, sizes: Iterable[Size] = SIZES, *, zoomed: Iterable[Size] = ZOOMED, **chosen: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """By look, in every one of them; only where a page is zoomed may it go on below."""
    found = dict(_compared(kiosk, sizes, may_scroll=False, **chosen))
    found |= _compared(kiosk, zoomed, may_scroll=True, **chosen)
    return {look: wrong for look, wrong in found.items() if wrong}


def _compared(
    kiosk: Kiosk, sizes: Iterable[Size], *, may_scroll: bool, **chosen: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The faults of each look, and what is smaller in it than in the same one without large letters."""
    usual: dict[str, float] = {}
    for look in looks(kiosk, sizes, **chosen):
        wrong, letters = faults(kiosk, may_scroll=may_scroll), kiosk.page.evaluate(LETTERS)
        smaller = [text for text, size in usual.items() if letters.get(text, size) < size]
        yield look, wrong | ({"smaller": smaller} if look.endswith(EASY) and smaller else {})
        usual = letters


def told(page: Page, change: Callable[[str, Any], None]) -> None:
    """The page is told something else than the server says: `change(kind of channel, data)` works on each snapshot."""

    def answered(route: WebSocketRoute, message: str | bytes) -> None:
        frame = json.loads(message)
        if frame["type"] == "snapshot":
            change(frame["channel"].partition(":")[0], frame["data"])
        route.send(json.dumps(frame))

    def opened(route: WebSocketRoute) -> None:
        route.connect_to_server().on_message(lambda message: answered(route, message))

    page.route_web_socket("**/ws/v1*", opened)
