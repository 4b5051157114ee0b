"""Faults of a configuration: where they are and what is wrong, in words for whoever wrote the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from msgspec import Struct
from pydantic import ValidationError

Loc = tuple[str | int, ...]
"""A place inside a document, such as ("fields", 2, "series")."""

NOT_ALL = "The rest could not be checked because of this: mend it and check again."


class Fault(Struct, frozen=True):
    """`path` is what a person looks for in the file: `branches[0].fields[2].series`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidDirectory(Exception):
    """A configuration that cannot be used. All faults found are listed, one a line; a last line tells when there may be
    more."""

    def __init__(self, faults: Iterable[Fault], source: str = "", *, is_all: bool = True) -> None:
        self.faults = tuple(faults)
        self.source = source
        prefix = f"{source}: " if source else ""
        lines = [f"{prefix}{fault}" for fault in self.faults]
        super().__init__("\n".join(lines if is_all else [*lines, NOT_ALL]))


def path_of(loc: Loc, under: str = "") -> str:
    """A readable path: keys after a dot, places in a list in brackets."""
    path = under
    for step in loc:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f"{_before_key(path)}{step}"
    return path


def _before_key(path: str) -> str:
    if not path:
        return ""
    return " " if path.endswith(":") else "."  # a path may begin with another file's name


def unknown(what: str, code: str, known: Iterable[str]) -> str:
    """A sentence for a name that nothing bears, with the nearest ones that exist."""
    near = get_close_matches(code, list(known), n=1, cutoff=0.6)
    return f"unknown {what} '{code}'" + (f"; did you mean '{near[0]}'?" if near else "")


def from_pydantic(error: ValidationError, place: Callable[[Loc], str] = path_of) -> list[Fault]:
    return [Fault(place(_plain_loc(item["loc"])), _sentence(item)) for item in error.errors(include_url=False)]


def _plain_loc(loc: Loc) -> Loc:
    """Without pydantic's own steps, such as "[key]" after a faulty key of a mapping."""
    return tuple(step for step in loc if step != "[key]")


_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is an unknown key",
    "string_type": "must be a text (put it in quotes)",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "model_type": "must be a mapping of keys and values",
    "dict_type": "must be a mapping of keys and values",
}


def _sentence(item: Any) -> str:
    if item["type"] in _SENTENCES:
        return _SENTENCES[item["type"]]
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    message = str(item["msg"])
    return f"{message[0].lower()}{message[1:]}, but is {item['input']!r}"
