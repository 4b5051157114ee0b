"""A clerk's console by what its clerk sees and does, for several tests."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.server import DemoServer

READY = '.primary[data-ready="true"]'
KEYPAD = {
    "+": "NumpadAdd",
    "-": "NumpadSubtract",
    "*": "NumpadMultiply",
    "/": "NumpadDivide",
    ".": "NumpadDecimal",
    "Enter": "NumpadEnter",
    "Backspace": "Backspace",
}


class Desk:
    """A counter's console, by what its clerk sees and does."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def opens(self, no: int) -> Desk:
        self.page.locator(f'.counter[data-no="{no}"]').click()
        return self.sees("open")

    def sees(self, mode: str) -> Desk:
        expect(self.page.locator(".desk")).to_have_attribute("data-mode", mode)
        expect(self.page.locator(READY)).to_be_visible()
        return self

    def press(self, action: str) -> None:
        """A mouse press of one of the buttons, once it can be pressed."""
        self.page.locator(f'[data-action="{action}"]').click()

    def primary(self, words: str) -> None:
        expect(self.page.locator(READY)).to_contain_text(words)
        self.page.locator(READY).click()

    def key(self, *keys: str) -> None:
        """Keys of the numeric keypad, each when the console is ready for it and no faster than fingers: within 50 ms it
        may be a scanner."""
        for key in keys:
            if self.page.locator("dialog").count() == 0:
                expect(self.page.locator(READY)).to_be_visible()
            self.page.keyboard.press(KEYPAD.get(key, f"Numpad{key}"), delay=60)

    def has(self, number: str, state: str) -> None:
        expect(self.page.locator(".hand")).to_have_attribute("data-state", state)
        expect(self.page.locator(".hand__number")).to_have_text(re.compile(number))
        expect(self.page.locator(READY)).to_be_visible()

    def is_free(self) -> None:
        expect(self.page.locator(".hand")).to_have_attribute("data-state", "")
        expect(self.page.locator(READY)).to_be_visible()

    def waiting(self) -> list[str]:
        return [str(row.get_attribute("data-number")) for row in self.page.locator(".row").all()]

    def waits(self, *numbers: str) -> None:
        """These wait, in this order."""
        expect(self.page.locator(".queue__count")).to_have_text(str(len(numbers)))
        expect(self.page.locator(".row")).to_have_count(len(numbers))
        for place, number in enumerate(numbers):
            expect(self.page.locator(".row").nth(place)).to_have_attribute("data-number", number)

    def option(self, group: str, words: str) -> Locator:
        return self.page.locator(f'[data-group="{group}"] .option', has_text=words)

    def choose(self, group: str, words: str) -> None:
        self.option(group, words).click()

    def confirm(self) -> None:
        self.page.locator("[data-confirm]").click()
        expect(self.page.locator("dialog")).to_have_count(0)

    def says(self, words: str) -> None:
        expect(self.page.locator(".toast")).to_contain_text(words)


def journal_of(centre: DemoServer) -> list[dict[str, Any]]:
    """Every event that the centre has stored, with its actor, in order."""
    with closing(sqlite3.connect(f"file:{centre.data / 'layso.db'}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT body FROM event ORDER BY seq").fetchall()
    bodies = [json.loads(body) for (body,) in rows]
    return [{"actor": body["actor"], **body["event"]} for body in bodies]
