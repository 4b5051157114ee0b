"""Figures of satisfaction, by hand: what is shown, what is not, and that subtraction finds nothing."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

from msgspec.structs import replace

from queue_server.domain.configuration import Reason, Satisfaction, Text
from queue_server.domain.tickets import Level, Rating, Ticket, TicketState
from queue_server.readers.statistics.ratings import Rated, Ratings, hidden_rows, ratings
from tests.factories import Branch, config, moment

HOUSE = replace(config(), satisfaction=Satisfaction((Reason("cho-lau", Text("Chờ lâu")),)))
GOOD: Level = "very_satisfied"
BAD: Level = "dissatisfied"


def a_ticket() -> Ticket:
    branch = Branch(HOUSE)
    return branch[branch.issue("chung-thuc", "07:40")]


BLANK = a_ticket()


def rated(count: int, field: str, counter: int, clerk: str, level: Level = GOOD, *reasons: str) -> list[Ticket]:
    """So many visits that ended there, each rated a minute after the one before."""
    at = moment("08:00")
    return [
        replace(
            BLANK, id=f"{field}-{counter}-{clerk}-{level}-{n}", state=TicketState.FINISHED, field=field,
            counter=counter, clerk=clerk, rating=Rating(level, at + timedelta(minutes=n), reasons),
        )
        for n in range(count)
    ]  # fmt: skip


def figures(rows: tuple[Rated, ...]) -> dict[str, int | None]:
    return {row.code: row.people for row in rows}


def of(*tickets: Ticket, is_over: bool = True) -> Ratings:
    return ratings(HOUSE, tickets, is_over=is_over)


def test_a_day_with_enough_of_everything() -> None:
    found = of(
        *rated(6, "chung-thuc", 1, "lan"),
        *rated(2, "chung-thuc", 1, "lan", BAD, "cho-lau"),
        *rated(5, "ho-tich", 2, "minh", "neutral", "cho-lau"),
        replace(BLANK, id="unrated", state=TicketState.FINISHED),
        BLANK,
    )
    assert (found.finished, found.total.people) == (14, 13)
    assert found.total.levels == {"very_satisfied": 6, "satisfied": 0, "neutral": 5, "dissatisfied": 2}
    assert figures(found.fields) == {"chung-thuc": 8, "ho-tich": 5}
    assert found.fields[0].levels == {"very_satisfied": 6, "satisfied": 0, "neutral": 0, "dissatisfied": 2}
    assert figures(found.counters) == {"1": 8, "2": 5}
    assert figures(found.clerks) == {"lan": 8, "minh": 5}
    assert [(each.code, each.people) for each in found.reasons] == [("cho-lau", 7)]


def test_four_ratings_are_in_the_total_only_and_so_is_the_smallest_other_row() -> None:
    """12 − 20 − … : with dat-dai alone hidden, the total less the others would say how its four rated."""
    found = of(*rated(20, "chung-thuc", 1, "lan"), *rated(7, "ho-tich", 1, "lan"), *rated(4, "dat-dai", 1, "lan", BAD))
    assert figures(found.fields) == {"chung-thuc": 20, "ho-tich": None, "dat-dai": None}
    assert [row.levels for row in found.fields][1:] == [None, None]
    assert found.total.people == 31
    assert figures(found.counters) == {"1": 31}


def test_two_that_are_hidden_must_be_five_together() -> None:
    found = of(
        *rated(9, "chung-thuc", 1, "lan"), *rated(6, "ho-tich", 1, "lan"),
        *rated(2, "dat-dai", 1, "lan", BAD), *rated(2, "tra-ket-qua", 1, "lan"),
    )  # fmt: skip
    assert figures(found.fields) == {"chung-thuc": 9, "ho-tich": None, "dat-dai": None, "tra-ket-qua": None}


def test_what_is_hidden_in_one_table_is_not_shown_by_another() -> None:
    """ho-tich is hidden beside dat-dai; counter 2 serves ho-tich alone, and would give it away."""
    found = of(
        *rated(9, "chung-thuc", 1, "lan"), *rated(9, "chung-thuc", 3, "hoa"),
        *rated(8, "ho-tich", 2, "minh"), *rated(3, "dat-dai", 1, "lan", BAD),
    )  # fmt: skip
    assert figures(found.fields) == {"chung-thuc": 18, "ho-tich": None, "dat-dai": None}
    assert figures(found.counters)["2"] is None
    assert figures(found.clerks)["minh"] is None
    assert sum(people is None for people in figures(found.counters).values()) >= 2


def test_four_on_the_whole_day_are_counted_and_nothing_else() -> None:
    found = of(*rated(4, "chung-thuc", 1, "lan", BAD, "cho-lau"))
    assert (found.given, found.total.people, found.total.levels) == (4, 4, None)
    assert (found.reasons, found.fields, found.counters, found.clerks) == ((), (), (), ())


def test_while_the_day_is_open_ratings_count_five_at_a_time() -> None:
    """Who looks before and after one visit sees no difference, or five."""
    nine = [*rated(5, "chung-thuc", 1, "lan"), *rated(9, "chung-thuc", 1, "lan", BAD)[5:]]
    assert [of(*nine[:n], is_over=False).total.people for n in (4, 5, 8, 9)] == [0, 5, 5, 5]
    assert [of(*nine[:n], is_over=False).given for n in (4, 5, 8, 9)] == [4, 5, 8, 9]
    assert of(*nine, is_over=False).total.levels == {
        "very_satisfied": 5, "satisfied": 0, "neutral": 0, "dissatisfied": 0,
    }  # fmt: skip
    assert of(*nine, is_over=False).fields == ()


def test_nothing_is_rated_twice_or_voided() -> None:
    voided = replace(rated(1, "chung-thuc", 1, "lan")[0], id="v", state=TicketState.VOIDED)
    assert of(*rated(5, "chung-thuc", 1, "lan"), voided).total.people == 5


def test_colleagues_are_left_out_for_who_may_not_see_them() -> None:
    found = of(*rated(8, "chung-thuc", 1, "lan")).without_staff()
    assert (found.counters, found.clerks) == ((), ())
    assert figures(found.fields) == {"chung-thuc": 8}


def test_no_hidden_row_stands_alone_whatever_the_sizes() -> None:
    for sizes in [(1, 9, 9), (4, 4, 9), (1, 1, 1, 9), (2, 9), (5, 5), (1,), (3, 3)]:
        groups = {str(n): rated(size, "chung-thuc", n, "lan") for n, size in enumerate(sizes)}
        hidden = [sizes[int(code)] for _, code in hidden_rows({"counters": groups})]
        assert all(size in hidden for size in sizes if size < 5)
        assert not hidden or len(hidden) == len(sizes) or (len(hidden) >= 2 and sum(hidden) >= 5)


def test_the_table_for_spreadsheets_has_empty_cells_for_what_is_hidden() -> None:
    from queue_server.web.pages.report import _rated, _rating_cells

    found = of(*rated(20, "chung-thuc", 1, "lan"), *rated(7, "ho-tich", 1, "lan"), *rated(4, "dat-dai", 1, "lan"))
    out = StringIO()
    csv.writer(out).writerows(_rating_cells(title, row, "vi") for title, row in _rated(found.without_staff()))
    assert out.getvalue().splitlines() == [
        "Lĩnh vực: Chứng thực,20,20,0,0,0",
        "Lĩnh vực: Hộ tịch,,,,,",
        "Lĩnh vực: Đất đai,,,,,",
        "Tổng,31,31,0,0,0",
    ]
