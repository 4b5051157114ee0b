"""How the dispenser looks on every screen, in both themes and languages: what is too small, too wide or cut, and
whether anything has moved. One page is drawn in one size after the other, so a test of all of them takes seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tests.browser.kiosk import Kiosk

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((1080, 1920), (1920, 1080), (1280, 800), (1024, 768), (768, 1024))
LARGE = SIZES[:3]
ZOOMED: tuple[Size, ...] = ((540, 960), (640, 400))
"""1080 × 1920 and 1280 × 800 at 200 %."""
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
  };
}"""
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
    """Draw the screen in each of its looks, by name; the first one again at the end."""
    for width, height in sizes:
        kiosk.page.set_viewport_size({"width": width, "height": height})
        for language in languages:
            for theme in ("", "contrast"):
                kiosk.page.evaluate(TURN, [language, theme])
                yield f"{width} × {height}, {language}{', easy to read' if theme else ''}"
    kiosk.page.evaluate(TURN, [languages[0], ""])


def faults(kiosk: Kiosk, *, may_scroll: bool = False) -> dict[str, Any]:
    """What is wrong with the screen as it is."""
    least = kiosk.page.evaluate(SMALLEST)
    found = {
        "text": least["text"] if least["text"] < 24 else None,
        "button": least["button"] if least["button"] < 72 else None,
        "wider": least["wider"] if least["wider"] > 0 else None,
        "longer": least["longer"] if least["longer"] > 0 and not may_scroll else None,
        "cut": None if may_scroll else kiosk.page.evaluate(CUT) or None,
    }
    return {name: fault for name, fault in found.items() if fault is not None}


def all_faults(kiosk: Kiosk, sizes: Iterable[Size] = SIZES) -> dict[str, dict[str, Any]]:
    """By look, in every one of them; only where a page is zoomed may it go on below."""
    found = {look: faults(kiosk) for look in looks(kiosk, sizes)}
    found |= {look: faults(kiosk, may_scroll=True) for look in looks(kiosk, ZOOMED)}
    return {look: wrong for look, wrong in found.items() if wrong}
