"""A citizen's phone may be old: what its page loads is read as strictly as what a television loads."""

from __future__ import annotations

import re

from queue_server.web.pages.rendering import TEMPLATES
from queue_server.web.pages.ticket import SCRIPTS
from tests.unit.test_old_screens import FOLDERS, file_of, newer, newer_styles, read

FOLDER = FOLDERS["/static/"] / "ticket"


def stylesheets() -> list[str]:
    html = (TEMPLATES / "base.html").read_text() + (TEMPLATES / "ticket.html").read_text()
    return re.findall(r'<link rel="stylesheet" href="([^"?]+)', html)


def test_the_page_loads_only_what_is_read_here() -> None:
    html = (TEMPLATES / "ticket.html").read_text()
    assert set(re.findall(r'<script src="([^"?]+)', html)) == {"{{ script }}"}
    assert "module" not in html
    assert stylesheets() == ["/static/system.css", "/static/ticket/ticket.css"]
    assert {f"/static/ticket/{file.name}" for file in FOLDER.glob("*.js")} <= set(SCRIPTS)


def test_every_script_runs_on_a_phone_of_2017() -> None:
    found = zip(SCRIPTS, read(file_of(script).read_text() for script in SCRIPTS), strict=True)
    assert {script: faults for script, used in found if (faults := newer(used))} == {}


def test_every_style_is_understood_by_a_phone_of_2017() -> None:
    found = {sheet: faults for sheet in stylesheets() if (faults := newer_styles(file_of(sheet).read_text()))}
    assert found == {}


def test_every_sentence_is_there_in_both_languages() -> None:
    text = (FOLDER / "texts.js").read_text()
    vi, en = (re.findall(r"^      (\w+):", side, re.M) for side in text.split("    en: {"))
    assert vi == en


def test_no_script_is_long() -> None:
    assert {file.name for file in FOLDER.glob("*.js") if len(file.read_text().splitlines()) > 300} == set()
