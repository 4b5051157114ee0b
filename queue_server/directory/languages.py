"""Further languages: every word of a citizen's pages in `config/languages/CODE.yaml`.

Vietnamese and English stand in the pages' own scripts, as tables in which each line is a key and its words. Another
language is a file of the same keys by section, checked against them; what it leaves out is said in English.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from queue_server.directory.faults import Fault, InvalidDirectory, unknown
from queue_server.directory.reading import read_yaml

SHIPPED = Path(__file__).parents[2] / "config" / "languages"
STATIC = Path(__file__).parents[1] / "web" / "static"
OWN = ("vi", "en")
SECTIONS = {
    "page": STATIC / "page.js",
    "times": STATIC / "times.js",
    "dispenser": STATIC / "dispenser" / "texts.js",
    "spoken": STATIC / "dispenser" / "spoken_texts.js",
    "ticket": STATIC / "ticket" / "texts.js",
    "rating": STATIC / "rating" / "texts.js",
}
"""The words of citizens' pages, and the script that brings them in Vietnamese and English."""

_SIDE = re.compile(r"^\s*(?:const )?(vi|en)(?: =|:) \{$(.*?)^\s*\}[,;]?$", re.M | re.S)
_LINE = re.compile(r"^\s*\"?([\w.-]+)\"?: (\".*\"|\[.*\]),?$")
_BLANK = re.compile(r"\{(\w+)\}")

log = logging.getLogger(__name__)

Said = str | list[str]
Table = dict[str, Said]


class Language(Struct, frozen=True):
    """A language with the words of every section, complete."""

    code: str
    tables: dict[str, Table]

    @property
    def name(self) -> str:
        """As those call it who speak it."""
        return str(self.tables["page"]["name"])


def known_languages(folder: Path = SHIPPED) -> list[str]:
    """The codes of the languages that there is a file for."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


@cache
def own_languages() -> dict[str, Language]:
    """Vietnamese and English, as the pages' scripts have them."""
    sides = {section: _tables_in(path.read_text(encoding="utf-8")) for section, path in SECTIONS.items()}
    return {code: Language(code, {section: found[code] for section, found in sides.items()}) for code in OWN}


def _tables_in(script: str) -> dict[str, Table]:
    return {code: dict(_lines(body)) for code, body in _SIDE.findall(script)}


def _lines(body: str) -> Iterator[tuple[str, Said]]:
    for line in body.strip("\n").splitlines():
        if line.strip() and not line.strip().startswith("//"):
            found = _LINE.match(line)
            if found is None:
                raise ValueError(f"not a key and its words in one line: {line}")
            yield found[1], json.loads(found[2])


def read_language(code: str, folder: Path = SHIPPED) -> Language:
    """A further language, complete: with English words for those that its file leaves out.

    Raises:
        InvalidDirectory: the file cannot be read, has a key that no page knows, or words that do not fit.
    """
    path = folder / f"{code}.yaml"
    given = read_yaml(path)
    vi, en = (own_languages()[each].tables for each in OWN)
    if faults := list(_faults(given, vi, en)):
        raise InvalidDirectory(faults, str(path))
    return Language(code, {section: vi[section] | en[section] | given.get(section, {}) for section in SECTIONS})


def _faults(given: Mapping[str, Any], vi: Mapping[str, Table], en: Mapping[str, Table]) -> Iterator[Fault]:
    if not (isinstance(given.get("page"), dict) and given["page"].get("name")):
        yield Fault("page.name", "is missing: the language's own name for itself")
    for section, table in given.items():
        if section not in SECTIONS:
            yield Fault(section, unknown("section", section, SECTIONS))
        elif not isinstance(table, dict):
            yield Fault(section, "must be a mapping of keys and values")
        else:
            for key, said in table.items():
                fault = _fault(key, said, vi[section] | en[section], [vi[section].get(key), en[section].get(key)])
                if fault:
                    yield Fault(f"{section}.{key}", fault)


def _fault(key: str, said: object, known: Table, sides: Sequence[Said | None]) -> str | None:
    """What is wrong with these words in place of those of the page's own languages."""
    if key not in known:
        return unknown("key", key, known)
    if isinstance(known[key], list):
        count = len(known[key])
        is_like = isinstance(said, list) and len(said) == count and all(isinstance(each, str) and each for each in said)
        return None if is_like else f"must be a list of {count} texts"
    if not isinstance(said, str) or not said.strip():
        return "must be a text (put it in quotes)"
    blanks = [set(_BLANK.findall(side)) for side in sides if isinstance(side, str)]
    own, may, must = set(_BLANK.findall(said)), set.union(*blanks), set.intersection(*blanks)
    if extra := sorted(own - may):
        return f"has {{{extra[0]}}}, which nothing fills"
    if missing := sorted(must - own):
        return f"lacks {{{missing[0]}}}"
    return None


class Languages:
    """Read from `folder` when they are first asked for; other words need a restart."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        self._folder = folder
        self._reading: dict[str, asyncio.Future[Language | None]] = {}

    def known(self) -> list[str]:
        return known_languages(self._folder)

    async def offered(self, further: Sequence[str]) -> dict[str, Language]:
        """Vietnamese, English and these; without one whose file has a fault: its speakers read English."""
        found = [await self._language(code) for code in (*OWN, *further)]
        return {language.code: language for language in found if language is not None}

    async def _language(self, code: str) -> Language | None:
        """In a thread: a file takes some 50 ms."""
        if code not in self._reading:
            self._reading[code] = asyncio.ensure_future(asyncio.to_thread(self._read, code))
        return await asyncio.shield(self._reading[code])

    def _read(self, code: str) -> Language | None:
        if code in OWN:
            return own_languages()[code]
        try:
            return read_language(code, self._folder)
        except InvalidDirectory as fault:
            log.error("A language is not offered: %s", fault)
            return None
