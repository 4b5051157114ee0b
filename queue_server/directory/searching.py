"""Procedures found by a few typed words: without diacritics, with slips of the finger, and by what people call them."""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from queue_server.directory.catalogue import Procedure

IN_NAME, IN_FIELD = 2.0, 1.0
"""How much a word counts where it is found; a whole word counts double, and a little more with its own diacritics."""
DIACRITICS_BONUS = 0.5
NEAR = 0.5
"""A word that was taken for another one counts so much."""
SLIPS_FROM = 3
"""Words of fewer letters are taken as they were typed."""
FOLLOWS = 0.5
"""What a word that follows the one before it, as in the query, adds of its own worth."""
ENOUGH = 0.6
"""Of what the best one is worth, here or elsewhere. Whoever types "làm giấy khai sinh cho con" wants the registry of
births, though no procedure has all of these words."""
WORDS_KEPT = 500
"""Who types on asks for the same first words again."""
APART = 10_000
"""Places of a code and of a field's words, far behind the name's, so that they are nobody's neighbours."""
OF_WHAT_IS_THERE = {
    *("lại", "đổi", "chuyển", "sửa", "chỉnh", "hiệu", "đính", "dời", "hạn", "tiếp"),  # it goes on, changed
    *("xóa", "hủy", "thu", "chấm", "dừng", "ngừng", "thôi", "khóa", "hoàn", "thể"),  # it ends
}
"""With one of these among its first words a procedure is about something that exists already. Whoever does not say so
wants the first one."""
FIRST_WORDS = 3
SOUND_ALIKE = {"ch": "tr", "tr": "ch", "s": "x", "x": "s", "gi": "d", "d": "gi", "l": "n", "n": "l"}
"""First letters that people of one region or another take for each other."""

_WORD = re.compile(r"[0-9]+(?:\.[0-9]+)+|\w+")
_LAST_Y = re.compile(r"(?<![aeou])y\b")
_TELEX = re.compile(r"(?<=[aeiouy])[sfrxjw]|[sfrxj]$|(?<=a)a|(?<=e)e|(?<=o)o|(?<=^d)d")


def fold(text: str) -> str:
    """Lower case without diacritics: "Đất đai" and "dat dai" are the same, and so are "ký" and "kí"."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return _LAST_Y.sub("i", "".join(char for char in decomposed if not unicodedata.combining(char)))


def untyped(folded: str) -> str:
    """A word without the letters that make diacritics on a Vietnamese keyboard, "dat" of "ddaats"."""
    return _LAST_Y.sub("i", _TELEX.sub("", folded))


def words(text: str) -> list[str]:
    """The words of a text in lower case, with their diacritics; a procedure code is one word."""
    return _WORD.findall(unicodedata.normalize("NFC", text.casefold()))


def read_spoken(path: Path) -> dict[str, str]:
    """What people say, and what the catalogue calls it ("sổ đỏ": "giấy chứng nhận quyền sử dụng đất")."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["said"]: row["means"] for row in csv.DictReader(file)}


class _Entry(Struct):
    """A word in a procedure: what it is worth there, at which places it stands, and as it is spelt."""

    weight: float
    places: set[int]
    spelt: set[str]


class _Hit(NamedTuple):
    """A word of the query in a procedure."""

    worth: float
    places: set[int]


Hits = Mapping[int, _Hit]
"""By procedure."""


class Catalogue:
    """Procedures with an index of their words. Build once, search often: nothing changes."""

    def __init__(self, procedures: Iterable[Procedure], spoken: Mapping[str, str] | None = None) -> None:
        self.procedures = tuple(procedures)
        self._index: defaultdict[str, dict[int, _Entry]] = defaultdict(dict)
        self._order = [(*_order(procedure), row) for row, procedure in enumerate(self.procedures)]
        for row, procedure in enumerate(self.procedures):
            self._add(row, procedure.name_vi, IN_NAME)
            self._add(row, procedure.code or "", IN_NAME, start=APART)
            self._add(row, procedure.field_vi, IN_FIELD, start=2 * APART)
        said = {tuple(map(fold, words(phrase))): words(means) for phrase, means in (spoken or {}).items()}
        self._spoken = sorted(said.items(), key=lambda each: -len(each[0]))
        self._vocabulary = sorted({*self._index, *(word for phrase in said for word in phrase)})
        self._slips: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._vocabulary:
            for slip in _slips(word):
                self._slips[slip].append(word)
        self._hits = lru_cache(WORDS_KEPT)(self._find)

    def _add(self, row: int, text: str, weight: float, *, start: int = 0) -> None:
        for place, word in enumerate(words(text), start):
            entry = self._index[fold(word)].setdefault(row, _Entry(weight, set(), set()))
            entry.weight = max(entry.weight, weight)
            entry.places.add(place)
            entry.spelt.add(word)

    def search(self, query: str, limit: int = 20, *, among: Collection[int] | None = None) -> list[int]:
        """The places of procedures that the query may mean, best first; of all or `among` some.

        First what it says in the catalogue's words where people have others for it, then what it says as it stands.
        """
        found: dict[int, None] = {}
        for wanted in self._meant(words(query)):
            found.update(dict.fromkeys(self._ranked(wanted, among)))
        return list(found)[:limit]

    def _meant(self, typed: list[str]) -> Iterator[list[str]]:
        may_be = [self._may_be(fold(word)) for word in typed]
        for said, means in self._spoken:
            for start in range(len(typed) - len(said) + 1):
                if all(word in may_be[start + place] for place, word in enumerate(said)):
                    yield typed[:start] + means + typed[start + len(said) :]
                    break
        yield typed

    def _may_be(self, folded: str) -> set[str]:
        """The whole words for which it may stand."""
        return {folded, *(word for word, _ in self._spellings(folded) if not word.startswith(folded))}

    def _ranked(self, wanted: Sequence[str], among: Collection[int] | None) -> list[int]:
        hits = [self._hits(word) for word in wanted]
        scores: dict[int, float] = {}
        before: Hits = {}
        for hit in hits:
            rarity = math.log(1 + len(self.procedures) / (1 + len(hit)))
            for row, each in hit.items():
                last = before.get(row)
                follows = last is not None and any(place - 1 in last.places for place in each.places)
                scores[row] = scores.get(row, 0.0) + rarity * each.worth * (1 + FOLLOWS * follows)
            before = hit
        least = ENOUGH * max(scores.values(), default=0.0)
        rows = [row for row, score in scores.items() if score >= least and (among is None or row in among)]
        return sorted(rows, key=lambda row: (-scores[row], self._order[row]))

    def _find(self, word: str) -> Hits:
        """For each procedure that has the word: what its best place is worth, and all places."""
        found: dict[int, _Hit] = {}
        folded = fold(word)
        for spelling, trust in self._spellings(folded):
            times = 2 if spelling == folded else 1
            for row, entry in self._index[spelling].items():
                bonus = DIACRITICS_BONUS * (folded != word and any(each.startswith(word) for each in entry.spelt))
                worth = (entry.weight * times + bonus) * trust
                was = found.get(row)
                found[row] = _Hit(worth, entry.places) if was is None else _joined(was, worth, entry.places)
        return found

    def _spellings(self, folded: str) -> list[tuple[str, float]]:
        """The words that it begins, and those that sound like it; if there are none, those that one slip of a finger
        may have made of it, or the habit to type diacritics as letters."""
        alike = [(word, NEAR) for word in _sounds_like(folded) if word in self._index]
        found = [(word, 1.0) for word in self._beginning_with(folded)] + alike
        if found or len(folded) < SLIPS_FROM:
            return found
        plain = untyped(folded)
        if plain in self._index:
            return [(plain, 1.0)]
        return [(word, NEAR) for word in dict.fromkeys(word for slip in _slips(folded) for word in self._slips[slip])]

    def _beginning_with(self, folded: str) -> Iterator[str]:
        place = bisect_left(self._vocabulary, folded)
        while place < len(self._vocabulary) and self._vocabulary[place].startswith(folded):
            yield self._vocabulary[place]
            place += 1


def _slips(word: str) -> set[str]:
    """Two words share one of these where a letter is missing, too much, wrong, or changed its place with the next."""
    return (
        {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))} if len(word) >= SLIPS_FROM else {word}
    )


def _sounds_like(folded: str) -> list[str]:
    return [other + folded[len(first) :] for first, other in SOUND_ALIKE.items() if folded.startswith(first)]


def _joined(was: _Hit, worth: float, places: set[int]) -> _Hit:
    """Where a whole word stands, its beginnings elsewhere are none."""
    if worth == was.worth:
        return _Hit(worth, was.places | places)
    return was if worth < was.worth else _Hit(worth, places)


def _order(procedure: Procedure) -> tuple[bool, int]:
    """Among those that fit as well: a first one before others, and the shortest."""
    name = procedure.name_vi.removeprefix("Thủ tục ")
    return not OF_WHAT_IS_THERE.isdisjoint(words(name)[:FIRST_WORDS]), len(name)
