"""From parts to complete branches: a branch over its templates, over the defaults, over the shared file.

Each key of the result remembers the part that wrote it, so that a fault is told where its author will look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from pydantic import ValidationError

from queue_server.directory.faults import Fault, InvalidDirectory, Loc, from_pydantic, path_of, unknown
from queue_server.directory.schema import BranchDocument, BranchPart, OrganisationFile
from queue_server.directory.values import counter_range

COMPLETED_BY_KEY = ("hours", "rule", "limits", "demand")


class Layer(Struct, frozen=True):
    path: str
    part: dict[str, Any]


class Origins(Struct, frozen=True):
    """Where each key of a branch was written. `groups` gives a counter's place in a list that may name runs."""

    branch: str
    keys: dict[str, str]
    groups: tuple[int, ...] = ()

    def path(self, loc: Loc) -> str:
        if not loc:
            return self.branch
        if loc[0] == "counters" and len(loc) > 1 and isinstance(loc[1], int) and self.groups:
            loc = ("counters", self.groups[loc[1]], *loc[2:])
        return path_of(loc, self.keys.get(str(loc[0]), self.branch))


class Expanded(Struct, frozen=True):
    """A branch's document and the way back from it to the file."""

    document: BranchDocument
    origins: Origins


def expand(file: OrganisationFile, shared: Layer | None = None) -> list[Expanded]:
    """The complete branches of a file.

    Raises:
        InvalidDirectory: an unknown template, or a branch that lacks something even with all its layers.
    """
    below = [_layer("defaults", file.defaults), *([shared] if shared else [])]
    found: list[Expanded] = []
    faults: list[Fault] = []
    for index, part in enumerate(file.branches):
        path = f"branches[{index}]"
        try:
            found.append(_complete([*_with_templates(file.templates, path, part), *below]))
        except InvalidDirectory as invalid:
            faults += invalid.faults
    if faults:
        raise InvalidDirectory(faults)
    return found


def _layer(path: str, part: BranchPart) -> Layer:
    return Layer(path, part_as_json(part))


def part_as_json(part: BranchPart) -> dict[str, Any]:
    """What a part says, in canonical form, and nothing that it leaves unsaid."""
    return part.model_dump(mode="json", exclude_unset=True, exclude={"like", "mark"})


def _with_templates(templates: Mapping[str, BranchPart], path: str, part: BranchPart) -> list[Layer]:
    layers = [_layer(path, part)]
    used: list[str] = []
    while part.like is not None:
        if part.like not in templates:
            raise InvalidDirectory([Fault(f"{path}.like", unknown("template", part.like, templates))])
        if part.like in used:
            raise InvalidDirectory([Fault(f"{path}.like", f"template '{part.like}' is like itself")])
        used.append(part.like)
        path, part = f"templates.{part.like}", templates[part.like]
        layers.append(_layer(path, part))
    return layers


def _complete(layers: list[Layer]) -> Expanded:
    """Lay the layers over one another; the first is the branch itself and wins."""
    merged: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for layer in reversed(layers):
        for key, value in layer.part.items():
            merged[key] = _over(key, merged.get(key), value)
            keys[key] = layer.path
    runs = [(place, group, counter_range(group["no"])) for place, group in enumerate(merged.get("counters") or ())]
    origins = Origins(layers[0].path, keys, tuple(place for place, _, numbers in runs for _ in numbers))
    if "counters" in merged:
        merged["counters"] = [{**group, "no": no} for _, group, numbers in runs for no in numbers]
    try:
        return Expanded(BranchDocument.model_validate(merged), origins)
    except ValidationError as error:
        raise InvalidDirectory(from_pydantic(error, origins.path)) from None


def _over(key: str, below: Any, value: Any) -> Any:
    if below is None:
        return value
    if key in COMPLETED_BY_KEY:
        return {**below, **value}
    if key == "holidays":
        dates = {holiday["date"]: holiday for holiday in (*below, *value)}
        return [dates[date] for date in sorted(dates)]
    return value
