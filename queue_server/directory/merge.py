"""Importing again without losing what was changed in the browser: a three-way merge of documents, matched by code.

`base` is the file as it was last imported, `file` as it is now, `current` what the browser has made of the base.
Where only one side changed, that side holds. Where both did, the browser's stays and the difference is a conflict,
unless the import was told to overwrite: then the file holds everywhere. Documents are plain JSON values.
Lists of things are matched by `code`, counters by `no`, dates by `date`; other lists are one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, Literal

from msgspec import Struct, field


class Absent(Enum):
    """What a document does not have; None is a value."""

    ABSENT = "—"


ABSENT = Absent.ABSENT
KEYS = ("code", "no", "date")
ORDER = " (order)"

Kind = Literal["added", "changed", "removed", "kept-browser"]


class Difference(Struct, frozen=True):
    """At `path` the browser's document has `old` and the file `new`. Every kind but "kept-browser" is what the import
    will do; `is_conflict` says that the file changed there too since the last import, and is not followed."""

    path: str
    old: Any
    new: Any
    kind: Kind
    is_conflict: bool = False


class Merge(Struct, frozen=True):
    """`document` is ABSENT when the thing is gone."""

    document: Any
    differences: tuple[Difference, ...]

    @property
    def conflicts(self) -> tuple[Difference, ...]:
        return tuple(difference for difference in self.differences if difference.is_conflict)

    @property
    def changes(self) -> tuple[Difference, ...]:
        """What the import will do."""
        return tuple(difference for difference in self.differences if difference.kind != "kept-browser")


class _Notes(Struct):
    overwrite: bool
    found: list[Difference] = field(default_factory=list)


def merge(base: Any, file: Any, current: Any, *, overwrite: bool = False) -> Merge:
    """Bring `file` into `current`; each may be ABSENT. `overwrite` makes the file hold everywhere."""
    notes = _Notes(overwrite)
    document = _merge("", base, file, current, notes)
    return Merge(document, tuple(notes.found))


def _merge(path: str, base: Any, file: Any, current: Any, notes: _Notes) -> Any:
    if file == current:
        return current
    if isinstance(file, dict) and isinstance(current, dict):
        return _merge_mapping(path, base if isinstance(base, dict) else {}, file, current, notes)
    key = _key_of(file, current) if isinstance(file, list) and isinstance(current, list) else None
    if key is not None:
        return _merge_things(path, key, base if _key_of(base) == key else [], file, current, notes)
    return _merge_value(path, base, file, current, notes)


def _merge_mapping(
    path: str, base: dict[str, Any], file: dict[str, Any], current: dict[str, Any], notes: _Notes
) -> dict[str, Any]:
    merged = {
        name: _merge(
            f"{path}.{name}" if path else name,
            base.get(name, ABSENT),
            file.get(name, ABSENT),
            current.get(name, ABSENT),
            notes,
        )
        for name in dict.fromkeys((*current, *file))
    }
    return {name: value for name, value in merged.items() if value is not ABSENT}


def _merge_things(
    path: str, key: str, base: list[Any], file: list[Any], current: list[Any], notes: _Notes
) -> list[Any]:
    bases, files, currents = ({thing[key]: thing for thing in things} for things in (base, file, current))
    merged: dict[Any, Any] = {}
    for name in _merged_order(path, list(bases), list(files), list(currents), notes):
        at = f"{path}[{name}]"
        thing = _merge(at, bases.get(name, ABSENT), files.get(name, ABSENT), currents.get(name, ABSENT), notes)
        if thing is not ABSENT:
            merged[name] = thing
    return list(merged.values())


def _merge_value(path: str, base: Any, file: Any, current: Any, notes: _Notes) -> Any:
    """Two values that differ: the side that changed since the base holds; if both did, the browser's."""
    file_changed = file != base
    if notes.overwrite or (file_changed and current == base):
        notes.found.append(Difference(path, current, file, _kind(current, file)))
        return file
    notes.found.append(Difference(path, current, file, "kept-browser", is_conflict=file_changed))
    return current


def _kind(old: Any, new: Any) -> Kind:
    if old is ABSENT:
        return "added"
    return "removed" if new is ABSENT else "changed"


def _key_of(*lists: Any) -> str | None:
    """The name by which all things in these lists are matched, or None for lists that are one value."""
    things = [thing for each in lists if isinstance(each, list) for thing in each]
    if not things or not all(isinstance(thing, dict) for thing in things):
        return None
    return next((key for key in KEYS if all(key in thing for thing in things)), None)


def _merged_order(path: str, base: list[Any], file: list[Any], current: list[Any], notes: _Notes) -> list[Any]:
    """The file's order, unless it was changed in the browser; what only the other side has follows its neighbour."""
    common = set(file) & set(current)
    files, currents, bases = ([name for name in side if name in common] for side in (file, current, base))
    if files == currents:
        return _inserted(file, current)
    if notes.overwrite or [name for name in currents if name in bases] == bases:
        notes.found.append(Difference(f"{path}{ORDER}", currents, files, "changed"))
        return _inserted(file, current)
    is_conflict = [name for name in files if name in bases] != bases
    notes.found.append(Difference(f"{path}{ORDER}", currents, files, "kept-browser", is_conflict))
    return _inserted(current, file)


def _inserted(order: Iterable[Any], others: Sequence[Any]) -> list[Any]:
    merged = list(order)
    for place, name in enumerate(others):
        if name not in merged:
            before = others[place - 1] if place else None
            merged.insert(merged.index(before) + 1 if before in merged else 0, name)
    return merged


SIGNS: dict[Kind, str] = {"added": "+", "changed": "~", "removed": "-", "kept-browser": "="}


def describe(differences: Iterable[Difference]) -> str:
    """One line for each difference, as a terminal shows it before an import."""
    return "\n".join(_line(difference) for difference in differences)


def _line(difference: Difference) -> str:
    old, new = _shown(difference.old), _shown(difference.new)
    start = f"{SIGNS[difference.kind]} {difference.path}: "
    match difference.kind:
        case "added":
            return f"{start}{new}"
        case "removed":
            return f"{start}{old} goes"
        case "changed":
            return f"{start}{old} → {new}"
        case "kept-browser":
            why = "both changed" if difference.is_conflict else "changed in the browser"
            return f"{start}{old} stays ({why}; the file has {new})"


SHOWN = 60


def _shown(value: Any) -> str:
    """A value in a few words: a thing by its name, a text in its language, a list by its items."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, dict):
        name = value.get("name", value)
        text = name.get("vi") if isinstance(name, dict) else None
        parts = (f"{key} {_shown(item)}" for key, item in value.items() if key not in KEYS)
        shown = str(text or value.get("vi") or ", ".join(parts))
    elif isinstance(value, list):
        shown = ", ".join(_shown(item) for item in value) or "empty"
    else:
        shown = str(value)
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 1]}…"
