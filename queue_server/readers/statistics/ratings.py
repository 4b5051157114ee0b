"""How satisfied a day's citizens were, so that nobody finds out what one of them said.

Rules, so that everybody can check a figure:

- A visit is rated once. It counts for the field that it ended in, the counter and the clerk that ended it.
- A row of a table with fewer than `LEAST` ratings shows no figure; it is in the total. A total of fewer shows how many
  there are, and nothing else.
- What is hidden cannot be had by subtraction: the hidden rows of a table are two at least, with `LEAST` ratings
  together at least, for which the smallest others are hidden too; and who is hidden in one table is in every other
  where the same visits make a row.
- While the day is open there are no tables, and the total counts ratings `LEAST` at a time: nobody who looks before and
  after a visit learns how it was rated, but that it was.
- A reason counts once for each rating that names it.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from queue_server.domain.configuration import BranchConfig, Text
from queue_server.domain.tickets import LEVELS, Ticket, TicketState

LEAST = 5
"""Ratings that a figure is made of, at least."""

Groups = dict[str, list[Ticket]]


class Rated(Struct, frozen=True):
    """`people` have rated, so many at each level, best first; both None where they are too few to be told apart. `code`
    is a field's, a counter's number or a clerk's user name."""

    code: str
    name: Text
    people: int | None
    levels: dict[str, int] | None


class ReasonCount(Struct, frozen=True):
    code: str
    name: Text
    people: int


class Ratings(Struct, frozen=True):
    """`finished` people could rate, `given` ratings came of it. `is_complete` once the day has ended: until then there
    are no rows but the total. Counters, clerks and comments (while they are kept, in the order of their letters) are
    for who may see how colleagues were rated."""

    finished: int
    given: int
    is_complete: bool
    total: Rated
    reasons: tuple[ReasonCount, ...] = ()
    fields: tuple[Rated, ...] = ()
    counters: tuple[Rated, ...] = ()
    clerks: tuple[Rated, ...] = ()
    comments: tuple[str, ...] = ()

    def without_staff(self) -> Ratings:
        return replace(self, counters=(), clerks=(), comments=())

    def with_names(self, names: Mapping[str, str]) -> Ratings:
        """With clerks' names by user name."""
        clerks = (replace(row, name=Text(names.get(row.code, row.code))) for row in self.clerks)
        return replace(self, clerks=tuple(clerks))


def ratings(config: BranchConfig, tickets: Sequence[Ticket], *, is_over: bool) -> Ratings:
    """Of a day's tickets, those that were rated."""
    finished = sum(1 for ticket in tickets if ticket.state is TicketState.FINISHED)
    rated = sorted((t for t in tickets if t.rating and t.state is not TicketState.VOIDED), key=_rated_at)
    given = len(rated)
    if not is_over:
        rated = rated[: len(rated) // LEAST * LEAST]
    total = _row("", Text("Tổng", "Total"), rated)
    if len(rated) < LEAST:
        return Ratings(finished, given, is_over, replace(total, levels=None))
    found = Ratings(finished, given, is_over, total, _reasons(config, rated))
    return replace(found, **_tables(config, rated)) if is_over else found


def _rated_at(ticket: Ticket) -> Any:
    return (ticket.rating.at if ticket.rating else None, ticket.id)


def _row(code: str, name: Text, tickets: Sequence[Ticket], *, is_hidden: bool = False) -> Rated:
    if is_hidden:
        return Rated(code, name, None, None)
    counts = Tally(ticket.rating.level for ticket in tickets if ticket.rating)
    return Rated(code, name, len(tickets), {level: counts[level] for level in LEVELS})


def _reasons(config: BranchConfig, rated: Sequence[Ticket]) -> tuple[ReasonCount, ...]:
    counts = Tally(code for ticket in rated if ticket.rating for code in ticket.rating.reasons)
    names = {reason.code: reason.name for reason in config.satisfaction.reasons}
    return tuple(ReasonCount(code, names.get(code, Text(code)), people) for code, people in counts.most_common())


# -- tables ------------------------------------------------------------------------------------------------------------


def _tables(config: BranchConfig, rated: Sequence[Ticket]) -> dict[str, tuple[Rated, ...]]:
    tables = {
        "fields": _grouped(rated, lambda ticket: ticket.field),
        "counters": _grouped(rated, lambda ticket: "" if ticket.counter is None else str(ticket.counter)),
        "clerks": _grouped(rated, lambda ticket: ticket.clerk or ""),
    }
    fields = {field.code: field.name for field in config.fields}
    hidden = hidden_rows(tables)
    order = {code: place for place, code in enumerate(fields)}
    return {
        table: tuple(
            _row(code, fields.get(code, Text(code)) if table == "fields" else Text(code), groups[code],
                 is_hidden=(table, code) in hidden)
            for code in sorted(groups, key=lambda code: (order.get(code, len(order)), code.zfill(4)))
        )
        for table, groups in tables.items()
    }  # fmt: skip


def _grouped(rated: Sequence[Ticket], code_of: Callable[[Ticket], str]) -> Groups:
    groups: Groups = {}
    for ticket in rated:
        groups.setdefault(code_of(ticket), []).append(ticket)
    return groups


def hidden_rows(tables: Mapping[str, Groups]) -> set[tuple[str, str]]:
    """The rows, (table, code), that show no figure."""
    visits = {(t, code): frozenset(each.id for each in own) for t, rows in tables.items() for code, own in rows.items()}
    hidden = {row for row, ids in visits.items() if len(ids) < LEAST}
    while True:
        same = {row for row, ids in visits.items() if any(ids == visits[other] for other in hidden)}
        more = {(table, code) for table in tables for code in _also(table, tables[table], hidden | same)}
        if hidden == hidden | same | more:
            return hidden
        hidden |= same | more


def _also(table: str, groups: Groups, hidden: set[tuple[str, str]]) -> list[str]:
    """Which rows of a table must be hidden besides, smallest first, so that those hidden are not one, nor too few."""
    gone = [len(own) for code, own in groups.items() if (table, code) in hidden]
    shown = sorted((len(own), code) for code, own in groups.items() if (table, code) not in hidden)
    more = []
    while gone and shown and (len(gone) < 2 or sum(gone) < LEAST):
        size, code = shown.pop(0)
        gone.append(size)
        more.append(code)
    return more
