"""What helpers ask for over HTTP: a hand-kept list entered once, claimed priorities, and who may look at what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.demo_server import BRANCH
from tests.server import Api, DemoServer, Refused
from tests.staff import StaffApi


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """901 to 960 of each series are on paper; claimed priorities are confirmed."""
    with DemoServer(tmp_path_factory.mktemp("centre"), "--confirms-priority") as server:
        yield server


def line(number: str, field: str, *, minutes_ago: float = 0.0, is_served: bool = False) -> dict[str, Any]:
    came = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return {"number": number, "field": field, "arrival_at": came.isoformat(), "is_served": is_served}


def waiting(api: Api, field: str) -> int:
    (found,) = [row["waiting"] for row in api.look()["fields"] if row["code"] == field]
    assert isinstance(found, int)
    return found


def test_a_list_is_entered_once_however_often_it_is_sent(centre: DemoServer) -> None:
    hoa, key = StaffApi(centre.url, "hoa"), uuid4().hex
    lines = [line("M901", "kinh-doanh", is_served=True), line("902", "kinh-doanh"), line("m 903", "kinh-doanh")]
    path = f"/branches/{BRANCH}/enter-list"
    first = hoa.post(path, key=key, lines=lines)
    assert hoa.post(path, key=key, lines=lines) == first
    assert set(first) == {"branch", "position"}
    assert waiting(hoa, "kinh-doanh") == 2
    issued = [each["number"] for each in hoa.events() if each["type"] == "ticket.issued"]
    assert issued[-3:] == ["M901", "M902", "M903"]
    with pytest.raises(Refused) as reused:
        hoa.post(path, key=key, lines=lines[:1])
    assert reused.value.code == "key-reused"


@pytest.mark.parametrize(
    ("lines", "code", "sentence"),
    [
        (
            [line("S901", "tra-ket-qua"), line("S901", "tra-ket-qua")],
            "number-taken",
            "Số S901 đã được nhập rồi. Hãy xem lại số ghi trên phiếu.",
        ),
        (
            [line("S012", "tra-ket-qua")],
            "not-reserved",
            "Số S012 không phải số dự phòng in sẵn (S901 đến S960). Hãy xem lại số và lĩnh vực.",
        ),
        (
            [line("S902", "tra-ket-qua", minutes_ago=-30)],
            "arrival-not-today",
            "Giờ đến của số S902 chưa tới hoặc không phải hôm nay. Hãy sửa lại giờ.",
        ),
    ],
)
def test_a_list_with_a_wrong_line_is_refused_with_a_sentence(
    centre: DemoServer, lines: list[dict[str, Any]], code: str, sentence: str
) -> None:
    hoa = StaffApi(centre.url, "hoa")
    with pytest.raises(Refused) as refused:
        hoa.branch_command("enter-list", lines=lines)
    assert (refused.value.code, refused.value.problem.detail) == (code, sentence)
    assert refused.value.problem.data["line"] == len(lines)
    assert waiting(hoa, "tra-ket-qua") == 0


def test_a_claim_is_confirmed_by_a_helper_and_counts(centre: DemoServer) -> None:
    kiosk, hoa, api = centre.api("dispenser"), StaffApi(centre.url, "hoa"), centre.api("integration")
    kiosk.issue("dat-dai")
    claimed = kiosk.issue("dat-dai", priority="NKT")
    assert claimed.people_ahead == 1
    hoa.ticket(claimed.id, "amend", is_priority_confirmed=True)
    api.counter(4, "open")
    called = api.call_next(4)
    assert called is not None
    assert called.id == claimed.id


def test_facts_and_blocks_are_for_helpers_and_who_runs_the_branch(centre: DemoServer) -> None:
    hoa = StaffApi(centre.url, "hoa")
    facts = hoa.request("GET", f"/helper/facts?branch={BRANCH}")[1]
    assert [each["code"] for each in facts["classes"]] == ["NCT75", "NKT"]
    assert facts["printers"] == [{"id": centre.devices["printer"], "name": "Máy in sảnh"}]
    blocks = hoa.request("GET", f"/helper/blocks?branch={BRANCH}")[1]["fields"]
    assert (blocks[0]["code"], blocks[0]["prefix"], blocks[0]["first"], blocks[0]["last"]) == (
        "chung-thuc", "A", 901, 960,
    )  # fmt: skip
    for path in (f"/helper/facts?branch={BRANCH}", f"/helper/blocks?branch={BRANCH}"):
        for asker, code in ((StaffApi(centre.url, "lan"), "forbidden"), (Api(centre.url), "unauthenticated")):
            with pytest.raises(Refused) as refused:
                asker.request("GET", path)
            assert refused.value.code == code


@pytest.mark.parametrize("device", ["dispenser", "integration"])
@pytest.mark.parametrize("channel", ["helper", "clerk"])
def test_no_device_and_no_program_gives_a_number_as_staff(centre: DemoServer, device: str, channel: str) -> None:
    with pytest.raises(Refused) as refused:
        centre.api(device).issue("chung-thuc", channel=channel, priority="NKT")
    assert refused.value.code == "forbidden"
