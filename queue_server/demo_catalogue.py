"""A demonstration's catalogue, as long as a province's: the shipped procedures, and variants of them by a rule.

A variant says in its name that it is a sample, and has no code, so that it can be taken for nothing national.
"""

from __future__ import annotations

import csv
from itertools import cycle
from pathlib import Path
from shutil import copyfile

from queue_server.directory.lookup import SHIPPED

ROWS = 1500
VARIANTS = ("mẫu: trực tuyến", "mẫu: trực tiếp", "mẫu: toàn trình")
"""In words that nobody types who looks for something else."""


def write_catalogue(folder: Path, rows: int = ROWS) -> None:
    """`folder` has a catalogue of so many procedures from now on: the shipped ones, then their variants in turn."""
    folder.mkdir(exist_ok=True)
    copyfile(SHIPPED / "spoken.csv", folder / "spoken.csv")
    with (SHIPPED / "procedures.csv").open(encoding="utf-8", newline="") as file:
        shipped = csv.DictReader(file)
        columns, real = list(shipped.fieldnames or ()), list(shipped)
    with (folder / "procedures.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for no, row in zip(range(rows), cycle(real), strict=False):
            again = no // len(real)
            writer.writerow(_variant(row, VARIANTS[again - 1]) if again else row)


def _variant(row: dict[str, str], of: str) -> dict[str, str]:
    return {**row, "code": "", "name_vi": f"{row['name_vi']} ({of})", "mark": "A", "source": ""}
