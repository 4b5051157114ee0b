"""A Gò Vấp day on its arrival profile, on a fast clock, through real processes. Every ticket ends in exactly one final
state, on screen, on paper and at the dossier receiver. The full size: `python -m load.day --visits 700`."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from load.day.whole import NOBODYS, WholeDay, whole_day

VISITS = 150
SPEED = 600.0
"""What is not printed when the next day begins is withdrawn: a faster clock leaves a busy machine too little time."""
pytestmark = pytest.mark.timeout(300)  # some 80 s when nothing else runs


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> WholeDay:
    return whole_day(tmp_path_factory.mktemp("day"), visits=VISITS, speed=SPEED, seed=7)


@pytest.mark.slow
def test_everybody_is_served_shown_printed_and_told(found: WholeDay) -> None:
    assert found.faults() == []
    assert len(found.day.numbers) > VISITS * 0.95
    assert set(Counter(found.day.ends.values())) <= {"finished", "no_show", "expired"}


def ticket_of(found: WholeDay) -> tuple[str, str]:
    return next(iter(found.day.numbers.items()))


def without_an_end(found: WholeDay) -> WholeDay:
    ticket, _ = ticket_of(found)
    return replace(found, day=replace(found.day, ends={t: e for t, e in found.day.ends.items() if t != ticket}))


def without_a_call(found: WholeDay) -> WholeDay:
    shown = dict(list(found.log.calls_shown.items())[1:])
    return replace(found, log=replace(found.log, calls_shown=shown))


def without_a_paper(found: WholeDay) -> WholeDay:
    return replace(found, papers=found.papers[1:])


def with_a_paper_twice(found: WholeDay) -> WholeDay:
    return replace(found, papers=[*found.papers, found.papers[0]])


def with_a_strange_paper(found: WholeDay) -> WholeDay:
    return replace(found, papers=[*found.papers, NOBODYS])


def without_a_record(found: WholeDay) -> WholeDay:
    first = next(r for r in found.records if r["type"] == "vn.layso.visit.v1")
    return replace(found, records=[r for r in found.records if r is not first])


def without_a_report(found: WholeDay) -> WholeDay:
    return replace(found, reports=dict(list(found.reports.items())[1:]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoilt",
    [
        without_an_end, without_a_call, without_a_paper, with_a_paper_twice, with_a_strange_paper, without_a_record,
        without_a_report,
    ],
)  # fmt: skip
def test_the_check_sees_what_is_missing(found: WholeDay, spoilt) -> None:
    assert spoilt(found).faults()
