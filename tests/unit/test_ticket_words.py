"""The sentences of the paper."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from queue_server.readers.printing.paper import TicketPaper, Wait, WaitClock, WaitMinutes
from queue_server.readers.printing.wording import fold_counters, number_apart, wait_line, where_line

ZONE = timezone(timedelta(hours=7))
AT = datetime(2026, 11, 23, 9, 41, tzinfo=ZONE)


def a_paper(*, floor: int | None = None, zone: str = "", counters: tuple[int, ...] = ()) -> TicketPaper:
    return TicketPaper(
        organisation="UBND phường Gò Vấp",
        branch="Trung tâm Phục vụ hành chính công",
        field="Chứng thực",
        number="A012",
        ahead=4,
        issued_at=AT,
        floor=floor,
        zone=zone,
        counters=counters,
    )


@pytest.mark.parametrize(
    ("number", "apart"),
    [("A012", "A 012"), ("A 012", "A 012"), ("012", "012"), ("Đ7", "Đ 7"), ("KB1234", "KB 1234"), ("X", "X")],
)
def test_letter_and_digits_stand_apart(number, apart):
    assert number_apart(number) == apart


@pytest.mark.parametrize(
    ("counters", "folded"),
    [
        ((7, 1, 2, 3, 4, 5), "1–5, 7"),
        ((4, 5), "4, 5"),
        ((3,), "3"),
        ((1, 2, 3, 9, 10, 11, 12), "1–3, 9–12"),
        ((2, 2, 2), "2"),
        ((), ""),
    ],
)
def test_counters_are_folded(counters, folded):
    assert fold_counters(counters) == folded


NOON = datetime(2026, 11, 23, 13, 20, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (WaitMinutes(15, 25), "Thời gian chờ: khoảng 15–25 phút"),
        (WaitMinutes(5, 5), "Thời gian chờ: khoảng 5 phút"),
        (WaitMinutes(0, 5), "Thời gian chờ: dưới 5 phút"),
        (WaitClock(NOON, NOON + timedelta(minutes=30)), "Dự kiến đến lượt: 13:20–13:50"),
        (
            WaitClock(NOON + timedelta(days=1), NOON + timedelta(days=1, minutes=30)),
            "Dự kiến đến lượt: 24/11 13:20–13:50",
        ),
        (None, "Thời gian chờ: Chưa dự tính được"),
    ],
)
def test_the_wait_is_said_as_everywhere_else(wait: Wait | None, said: str):
    assert " ".join(wait_line(wait, AT, "vi")) == said


def test_the_way_names_place_and_counters():
    upstairs = a_paper(floor=2, zone="Khu B", counters=(1, 2, 3, 4, 5, 7))
    assert where_line(upstairs, "vi") == "Tầng 2 · Khu B · Thường ở quầy 1–5, 7"
    assert where_line(upstairs, "en") == "Floor 2 · Khu B · Usually counters 1–5, 7"
    assert where_line(a_paper(floor=-1), "vi") == "Tầng hầm 1"
    assert where_line(a_paper(floor=-1), "en") == "Basement 1"
    assert where_line(a_paper(counters=(3,)), "en") == "Usually counter 3"
    assert where_line(a_paper(counters=()), "vi") == ""
