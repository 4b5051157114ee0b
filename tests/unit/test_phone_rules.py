"""What a phone says of a ticket, out of its rows: how near the turn is, what comes afterwards, what is new."""

from __future__ import annotations

from typing import Any

import pytest

from tests.node import said_by_scripts

SCRIPTS = ("page.js", "times.js", "ticket/texts.js", "ticket/view.js", "ticket/means.js", "ticket/alarm.js")
AT = "2026-11-23T09:00:00+07:00"
TICKET = {"number": "H001", "field": "f", "postpones_left": 0, "not_before": None, "only_counter": None, "counter": 3}
PLACE = {"floor": None, "zone": "", "call": 1, "times_called": 1}


def seen(ahead: dict[str, Any] | None, *, state: str = "waiting", further: tuple[str, ...] = ()) -> Any:
    names = [{"vi": name, "en": name} for name in further]
    rows = {"ticket": {"t": {**TICKET, **PLACE, "state": state, "further": names}}}
    return said_by_scripts(SCRIPTS, "LaySo.ticketView(rows, ahead, new Date(at))", rows=rows, ahead=ahead, at=AT)


def ahead(people: int, low_s: int, high_s: int) -> dict[str, Any]:
    return {"people": people, "wait": {"low_s": low_s, "likely_s": low_s, "high_s": high_s, "made_at": AT}}


SOON = "Sắp đến lượt, mời chờ gần quầy."
STAY = "Mời chờ gần quầy."
LEAVE = "Có thể ra ngoài một lát. Giữ trang này mở để theo dõi."


@pytest.mark.parametrize(
    ("figures", "wait", "hint", "notice"),
    [
        (ahead(8, 0, 200), "dưới 5 phút", SOON, "Sắp đến lượt"),
        (ahead(8, 180, 590), "khoảng 3–10 phút", SOON, "Sắp đến lượt"),
        (ahead(0, 360, 1200), "khoảng 6–20 phút", STAY, "Mời chờ gần quầy."),
        (ahead(3, 300, 900), "khoảng 5–15 phút", STAY, "Mời chờ gần quầy."),
        (ahead(4, 300, 900), "khoảng 5–15 phút", LEAVE, None),
        (ahead(1, 900, 1500), "khoảng 15–25 phút", LEAVE, None),
        ({"people": 3, "wait": None}, "Chưa dự tính được", STAY, "Mời chờ gần quầy."),
        ({"people": 4, "wait": None}, "Chưa dự tính được", LEAVE, None),
    ],
)
def test_what_to_do_and_when_to_be_told_follow_from_the_wait_that_is_shown(
    figures: dict[str, Any], wait: str, hint: str, notice: str | None
) -> None:
    found = seen(figures)
    assert (found["facts"][0]["value"], found["sentences"][0]) == (wait, hint)
    assert (found["isNear"], found["notice"] and found["notice"]["title"]) == (notice is not None, notice)


def test_nobody_is_told_before_anything_is_known() -> None:
    assert not seen(None)["isNear"]


@pytest.mark.parametrize(
    ("state", "words"),
    [("waiting", "Sau đó: Thu phí, Trả kết quả"), ("serving", "Sau đó: Thu phí, Trả kết quả"), ("cancelled", "")],
)
def test_what_the_visit_is_for_afterwards_is_named_as_long_as_it_goes_on(state: str, words: str) -> None:
    assert seen(ahead(0, 0, 100), state=state, further=("Thu phí", "Trả kết quả"))["further"] == words


NEWS = [
    ({"epoch": "e", "call": 0, "isNear": False}, {"call": 0, "isNear": False}, "e", ""),
    ({"epoch": "e", "call": 0, "isNear": False}, {"call": 0, "isNear": True}, "e", "soft"),
    ({"epoch": "e", "call": 0, "isNear": True}, {"call": 0, "isNear": True}, "e", ""),
    ({"epoch": "e", "call": 0, "isNear": True}, {"call": 7, "isNear": False}, "e", "loud"),
    ({"epoch": "e", "call": 7, "isNear": True}, {"call": 7, "isNear": False}, "e", ""),
    ({"epoch": "e", "call": 7, "isNear": True}, {"call": 5, "isNear": False}, "e", ""),  # a recall was undone
    ({"epoch": "e", "call": 7, "isNear": True}, {"call": 0, "isNear": True}, "e", ""),  # put back into the queue
    ({"epoch": "e", "call": 7, "isNear": True}, {"call": 5, "isNear": False}, "f", "loud"),  # after a restore
]


def test_what_is_new() -> None:
    ask = "cases.map(([told, seen, epoch]) => LaySo.newsFor(told, seen, epoch).kind)"
    assert said_by_scripts(SCRIPTS, ask, cases=[case[:3] for case in NEWS]) == [case[3] for case in NEWS]
