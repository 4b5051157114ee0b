"""The catalogue of procedures: read from CSV, found by a few typed words, with or without diacritics."""

from __future__ import annotations

import csv
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

from msgspec import Struct, field

from queue_server.directory.faults import Fault, InvalidDirectory
from queue_server.directory.schema import FieldBlock, Level
from queue_server.directory.values import Mark

COLUMNS = ("code", "name_vi", "field_vi", "level", "agency_vi", "mark")
EVERY_OTHER = "*"

IN_NAME, IN_FIELD = 2.0, 1.0
"""How much a word counts where it is found; a whole word counts double, and a little more with its own diacritics."""
DIACRITICS_BONUS = 0.5
NEAR_SPELLINGS = 8
APART = 10_000
"""Places of a code and of a field's words, far behind the name's, so that they are nobody's neighbours."""


class Procedure(Struct, frozen=True):
    """One administrative procedure; `code` is the national one, None where it is not known."""

    code: str | None
    name_vi: str
    field_vi: str
    level: Level
    agency_vi: str
    mark: Mark


def read_procedures(path: Path) -> list[Procedure]:
    """The rows of a catalogue file.

    Raises:
        InvalidDirectory: a column is missing, or a row has an unknown level or mark, or no name.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
        if missing:
            raise InvalidDirectory([Fault("line 1", f"column '{column}' is missing") for column in missing], str(path))
        return [_procedure(row, rows.line_num, path) for row in rows]


def _procedure(row: dict[str, str], line: int, path: Path) -> Procedure:
    if not row["name_vi"] or row["level"] not in get_args(Level) or row["mark"] not in get_args(Mark):
        message = f"needs a name, a level of {', '.join(get_args(Level))} and a mark of {', '.join(get_args(Mark))}"
        raise InvalidDirectory([Fault(f"line {line}", message)], str(path))
    level: Level = row["level"]  # type: ignore[assignment]
    mark: Mark = row["mark"]  # type: ignore[assignment]
    return Procedure(row["code"] or None, row["name_vi"], row["field_vi"], level, row["agency_vi"], mark)


def fold(text: str) -> str:
    """Lower case without diacritics: "Đất đai" and "dat dai" are the same."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


_WORD = re.compile(r"[0-9]+(?:\.[0-9]+)+|\w+")


def words(text: str) -> list[str]:
    """The words of a text in lower case, with their diacritics; a procedure code is one word."""
    return _WORD.findall(unicodedata.normalize("NFC", text.casefold()))


class Posting(Struct, frozen=True):
    """A word stands in a procedure: which one, where, and as it is spelt there."""

    row: int
    place: int
    spelt: str
    weight: float


class Catalogue:
    """Procedures with an index of their words. Build once, search often: nothing changes."""

    def __init__(self, procedures: Iterable[Procedure]) -> None:
        self.procedures = tuple(procedures)
        self._index: dict[str, list[Posting]] = {}
        for row, procedure in enumerate(self.procedures):
            self._add(row, procedure.name_vi, IN_NAME)
            self._add(row, procedure.code or "", IN_NAME, start=APART)
            self._add(row, procedure.field_vi, IN_FIELD, start=2 * APART)
        self._vocabulary = sorted(self._index)

    def _add(self, row: int, text: str, weight: float, *, start: int = 0) -> None:
        for place, word in enumerate(words(text), start):
            self._index.setdefault(fold(word), []).append(Posting(row, place, word, weight))

    def search(self, query: str, limit: int = 20) -> list[Procedure]:
        """Procedures in which every word of the query begins a word, best first.

        A word that begins none is taken for the nearest one of the catalogue ("khia" for "khai").
        """
        wanted = words(query)
        if not wanted:
            return []
        hits = [self._hits(word) for word in wanted]
        rows = set.intersection(*(set(each) for each in hits))
        ranked = sorted(rows, key=lambda row: (-_score(row, hits), len(self.procedures[row].name_vi), row))
        return [self.procedures[row] for row in ranked[:limit]]

    def _hits(self, word: str) -> dict[int, _Hit]:
        """For each procedure that has the word: what its best place is worth, and all places."""
        found: dict[int, _Hit] = {}
        for folded in self._spellings(fold(word)):
            for posting in self._index[folded]:
                hit = found.setdefault(posting.row, _Hit())
                hit.worth = max(hit.worth, _worth(posting, word))
                hit.places.add(posting.place)
        return found

    def _spellings(self, folded: str) -> Sequence[str]:
        found = list(self._beginning_with(folded))
        return found or get_close_matches(folded, self._vocabulary, n=NEAR_SPELLINGS, cutoff=0.75)

    def _beginning_with(self, folded: str) -> Iterator[str]:
        place = bisect_left(self._vocabulary, folded)
        while place < len(self._vocabulary) and self._vocabulary[place].startswith(folded):
            yield self._vocabulary[place]
            place += 1


class _Hit(Struct):
    worth: float = 0.0
    places: set[int] = field(default_factory=set)


def _worth(posting: Posting, word: str) -> float:
    whole = 2 if fold(posting.spelt) == fold(word) else 1
    bonus = DIACRITICS_BONUS if posting.spelt.startswith(word) and fold(word) != word else 0
    return posting.weight * whole + bonus


def _score(row: int, hits: Sequence[dict[int, _Hit]]) -> float:
    """Words found, and a little for each that follows the one before it, and for an early start."""
    score = sum(hit[row].worth for hit in hits)
    for one, two in pairwise(hits):
        if any(place + 1 in two[row].places for place in one[row].places):
            score += 1
    return score + 1 / (1 + min(hits[0][row].places))


Group = tuple[Literal["xa", "tinh", "nganh_doc"], str]


def of_field(catalogue: Catalogue, fields: Sequence[FieldBlock], code: str) -> list[Procedure]:
    """The procedures of one field of a branch; `fields` are all of them, for "*" leaves out what others name."""
    owners = _owners(fields)
    return [procedure for procedure in catalogue.procedures if _owner(owners, procedure) == code]


def field_of(fields: Sequence[FieldBlock], procedure: Procedure) -> str | None:
    """The code of the field in which a branch takes this procedure, or None."""
    return _owner(_owners(fields), procedure)


def _owners(fields: Sequence[FieldBlock]) -> dict[Group, str]:
    return {
        (level, group): each.code
        for each in fields
        if not each.is_retired
        for level, groups in each.catalogue.items()
        for group in groups
    }


def _owner(owners: dict[Group, str], procedure: Procedure) -> str | None:
    named = owners.get((procedure.level, procedure.field_vi))
    return named or owners.get((procedure.level, EVERY_OTHER))
