"""The rights matrix of `tests/contract/rights.txt`, read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

FILE = Path(__file__).parent / "contract" / "rights.txt"
SITUATIONS = ("own", "other", "whole")
"""The asker's branch, seen from what is asked for: it, another one, none. Of a holder: its own ticket, another's."""
NOBODY_LIKE_THIS = "."
PLACES = {"nobody": 1, "holder": 2, "dispenser": 2, "display": 2, "printer": 2, "rating": 2}
"""In how many of them there is somebody; a device always belongs to a branch, an account or a program need not."""


class Row(Struct, frozen=True):
    """What is asked for ("command", "recall"; "GET", "/clerk"), and a sign for each role and situation."""

    kind: str
    subject: str
    signs: dict[tuple[str, str], str]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    def roles(self) -> set[str]:
        """Those that are let in, wherever it is."""
        return {role for (role, _), sign in self.signs.items() if sign == "+"}

    def is_let_in(self, role: str, situation: str) -> bool:
        return self.signs.get((role, situation)) == "+"


def _lines() -> Iterator[list[str]]:
    lines = iter(FILE.read_text(encoding="utf-8").splitlines())
    head = next(line for line in lines if line.split()[:2] == ["nobody", "holder"])
    yield head.split()
    yield from (line.split() for line in lines if line.strip() and not line.startswith("--"))


def _row(line: list[str], roles: list[str]) -> Row:
    kind, subject, *cells = line
    assert len(cells) == len(roles), f"{kind} {subject}: {len(cells)} cells for {len(roles)} roles"
    signs: dict[tuple[str, str], str] = {}
    for role, cell in zip(roles, cells, strict=True):
        assert set(cell) <= set("+134s."), f"{kind} {subject}: {cell} of {role}"
        places = PLACES.get(role, 3)
        spread = cell * places if len(cell) == 1 else cell.rstrip(NOBODY_LIKE_THIS)
        assert len(spread) == places, f"{kind} {subject}: {cell} of {role}"
        signs |= {(role, situation): sign for situation, sign in zip(SITUATIONS, spread, strict=False)}
    return Row(kind, subject, signs)


def read() -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """The roles, and all rows.

    Raises:
        AssertionError: a line has too few cells, or a sign that is none.
    """
    roles, *lines = _lines()
    return tuple(roles), tuple(_row(line, roles) for line in lines)


ROLES, ROWS = read()
COMMANDS = {row.subject: row for row in ROWS if row.kind == "command"}
CHANNELS = {row.subject: row for row in ROWS if row.kind == "channel"}
