"""What people are told of a wait, and that it is the same on paper, on pages, in the journal and where it is judged."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from queue_server.domain.telling import as_told
from queue_server.domain.tickets import Estimate
from queue_server.readers.printing.filling import wait_as_told
from queue_server.readers.printing.wording import wait_line
from tests.factories import WORKING, config, moment
from tests.node import said_by_scripts

SPANS = [
    (moment(f"{w.start // 60:02}:{w.start % 60:02}"), moment(f"{w.end // 60:02}:{w.end % 60:02}")) for w in WORKING
]


def wait(made: str, low_s: int, likely_s: int, high_s: int) -> Estimate:
    return Estimate(likely_s, low_s, high_s, moment(made))


def on_pages(waits: list[Estimate], *, read_after_s: int = 0) -> list[str]:
    """What the pages say of them."""
    working = [{"start": start.isoformat(), "end": end.isoformat()} for start, end in SPANS]
    rows = [
        [
            {"low_s": w.low_s, "likely_s": w.likely_s, "high_s": w.high_s, "made_at": w.made_at.isoformat()},
            (w.made_at + timedelta(seconds=read_after_s)).isoformat(),
        ]
        for w in waits
    ]
    program = "rows.map(([wait, now]) => LaySo.wait(wait, working, now).value)"
    found: list[str] = said_by_scripts(("page.js", "times.js"), program, working=working, rows=rows)
    return found


@pytest.mark.parametrize(
    ("raw", "range_s", "words"),
    [
        (wait("08:00", 0, 0, 0), (0, 300), "dưới 5 phút"),
        (wait("08:00", 59, 100, 400), (0, 420), "dưới 7 phút"),
        (wait("08:00", 180, 300, 470), (180, 480), "khoảng 3–8 phút"),
        (wait("08:00", 640, 900, 1210), (600, 1500), "khoảng 10–25 phút"),
        (wait("08:02", 3000, 3300, 3660), (2880, 3780), "08:50–09:05"),  # over an hour
        (wait("11:08", 600, 900, 1300), (420, 1320), "11:15–11:30"),  # rounded to minutes it would be after closing
        (wait("11:10", 600, 1500, 2400), (600, 6600), "11:20–13:00"),  # across lunch
        (wait("08:03", 60, 900, 4000), (0, 4020), "trước 09:10"),  # from 08:00 it would be over already
        (wait("16:50", 300, 900, 1800), (300, 1800), "khoảng 5–30 phút"),
    ],
)
def test_what_is_recorded_is_what_is_told(raw: Estimate, range_s: tuple[int, int], words: str) -> None:
    told = as_told(raw, SPANS)
    assert (told.low_s, told.high_s) == range_s
    assert told.low_s <= told.likely_s <= told.high_s
    assert on_pages([raw]) == [words]


def test_pages_and_paper_say_the_same_of_a_wait_and_of_what_is_recorded_of_it() -> None:
    chance = Random(7)
    waits = []
    for _ in range(2000):
        low, more, most = (int(chance.expovariate(1 / 1200)) for _ in range(3))
        made = moment("07:00") + timedelta(seconds=chance.randrange(11 * 3600), microseconds=chance.randrange(10**6))
        waits.append(Estimate(low + more, low, low + more + most, made))
    told = [as_told(each, SPANS) for each in waits]
    paper = [wait_line(wait_as_told(each, SPANS, config()), each.made_at, "vi")[1] for each in waits]
    again = [wait_line(wait_as_told(each, SPANS, config()), each.made_at, "vi")[1] for each in told]
    assert paper == again == on_pages(waits) == on_pages(told)
    assert [as_told(each, SPANS) for each in told] == told


def test_a_time_that_has_passed_is_not_foretold() -> None:
    """Made at 08:00 for 09:05 to 09:50."""
    raw = [wait("08:00", 3900, 5000, 6500)]
    assert on_pages(raw) == ["09:05–09:50"]
    assert on_pages(raw, read_after_s=4200) == ["trước 09:50"]
    assert on_pages(raw, read_after_s=6600) == ["sắp đến lượt"]
