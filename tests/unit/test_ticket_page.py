"""A citizen's phone may be old: what its pages load is read as strictly as what a television loads. Only the board's
own modules may be newer: without them its first look stays, which is in the HTML."""

from __future__ import annotations

import re

from queue_server.web.pages import board
from queue_server.web.pages.rendering import TEMPLATES
from queue_server.web.pages.ticket import SCRIPTS
from tests.unit.test_old_screens import FOLDERS, file_of, newer, newer_styles, read

STATIC = FOLDERS["/static/"]
FOLDER = STATIC / "ticket"
ALL_SCRIPTS = tuple(dict.fromkeys(SCRIPTS + board.SCRIPTS))


def templates(*names: str) -> str:
    return "".join((TEMPLATES / name).read_text() for name in names)


def stylesheets() -> list[str]:
    html = templates("base.html", "phone_base.html", "ticket.html", "board.html")
    return re.findall(r'<link rel="stylesheet" href="([^"?]+)', html)


def test_the_pages_load_only_what_is_read_here() -> None:
    html = templates("phone_base.html", "ticket.html")
    assert set(re.findall(r'<script src="([^"?]+)', html)) == {"{{ script }}"}
    assert "module" not in html
    assert re.findall(r'<script type="module" src="([^"?]+)', templates("board.html")) == ["/static/board/main.js"]
    assert stylesheets() == [
        "/static/system.css", "/static/phone.css", "/static/ticket/ticket.css", "/static/board/board.css"
    ]  # fmt: skip
    assert {f"/static/ticket/{file.name}" for file in FOLDER.glob("*.js")} <= set(SCRIPTS)


def test_every_script_runs_on_a_phone_of_2017() -> None:
    found = zip(ALL_SCRIPTS, read(file_of(script).read_text() for script in ALL_SCRIPTS), strict=True)
    assert {script: faults for script, used in found if (faults := newer(used))} == {}


def test_every_style_is_understood_by_a_phone_of_2017() -> None:
    found = {sheet: faults for sheet in stylesheets() if (faults := newer_styles(file_of(sheet).read_text()))}
    assert found == {}


def test_every_sentence_is_there_in_both_languages() -> None:
    text = (FOLDER / "texts.js").read_text()
    vi, en = (re.findall(r"^      (\w+):", side, re.M) for side in text.split("    en: {"))
    assert vi == en
    text = (STATIC / "board" / "texts.js").read_text()
    vi, en = (re.findall(r"^  (\w+):", side, re.M) for side in text.split("const en = {"))
    assert vi == en


def test_no_script_is_long() -> None:
    files = [*FOLDER.glob("*.js"), *(STATIC / "board").glob("*.js"), STATIC / "phone.js"]
    assert {file.name for file in files if len(file.read_text().splitlines()) > 300} == set()
