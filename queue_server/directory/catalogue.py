"""The catalogue of procedures, read from CSV, and which field of a branch takes which."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import get_args

from msgspec import Struct

from queue_server.directory.faults import Fault, InvalidDirectory
from queue_server.directory.schema import Level
from queue_server.directory.values import Mark
from queue_server.domain.configuration import Field

COLUMNS = ("code", "name_vi", "field_vi", "level", "agency_vi", "mark")
EVERY_OTHER = "*"


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


def fields_of(procedures: Iterable[Procedure], fields: Sequence[Field]) -> list[str | None]:
    """For each procedure the code of the field in which a branch takes it, or None; `fields` are all of the branch's,
    for "*" leaves out what others name."""
    groups: dict[tuple[str, str], str] = {}
    named: dict[str, str] = {}
    for each in fields:
        if not each.is_retired:
            named.update(dict.fromkeys(each.procedures, each.code))
            groups.update({(level, group): each.code for level, found in each.catalogue.items() for group in found})

    def field_of(procedure: Procedure) -> str | None:
        of_group = groups.get((procedure.level, procedure.field_vi)) or groups.get((procedure.level, EVERY_OTHER))
        return named.get(procedure.code or "") or of_group

    return [field_of(procedure) for procedure in procedures]
