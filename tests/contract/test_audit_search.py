"""The audit trail over the wire: who may look, and what is found by day, person, counter, number and action."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.demo_server import BRANCH
from tests.server import DemoServer, Refused, Ticket
from tests.staff import StaffApi, sign_in


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("audit"), data=prepared) as server:
        yield server


@pytest.fixture(scope="module")
def ticket(centre: DemoServer) -> Ticket:
    """Lan opened counter 3 and called it; somebody mistyped a password."""
    lan = StaffApi(centre.url, "lan")
    lan.counter(3, "open")
    issued = centre.api("dispenser").issue("ho-tich")
    lan.call_next(3)
    lan.ticket(issued.id, "note", text="Bà Tư, 0912345678")
    for name in ("minh", "mat-khau-cua-toi"):
        with pytest.raises(OSError, match="401"):
            sign_in(centre.url, name, "khong-dung")
    return issued


def found(centre: DemoServer, **asked: object) -> list[dict[str, Any]]:
    answer = StaffApi(centre.url, "admin").get(f"/branches/{BRANCH}/audit?{urlencode(asked)}")
    assert (answer["page"], answer["pages"], answer["count"]) == (1, 1, len(answer["lines"]))
    lines: list[dict[str, Any]] = answer["lines"]
    return lines


def texts(lines: list[dict[str, Any]]) -> list[str]:
    return [line["text"] for line in lines]


def test_by_number(centre: DemoServer, ticket: Ticket) -> None:
    lines = found(centre, number=ticket.number.lower())
    assert texts(lines) == [
        f"Cấp số {ticket.number}, Hộ tịch",
        f"Gọi số {ticket.number} đến quầy 3",
        f"Ghi chú về số {ticket.number}",
    ]
    assert [line["name"] for line in lines] == ["Máy lấy số sảnh", "Nguyễn Thị Lan", "Nguyễn Thị Lan"]
    assert [line["is_entry"] for line in lines] == [False] * 3


def test_by_person(centre: DemoServer, ticket: Ticket) -> None:
    lines = found(centre, person="thị lan")
    assert {line["actor"] for line in lines} == {"account:lan"}
    assert "Đăng nhập" in texts(lines)
    assert "Mở quầy 3, nhân viên Nguyễn Thị Lan" in texts(lines)
    assert found(centre, person="LAN") == lines


def test_by_counter_and_by_action(centre: DemoServer, ticket: Ticket) -> None:
    by_counter = found(centre, counter=3)
    assert texts(by_counter) == ["Mở quầy 3, nhân viên Nguyễn Thị Lan", f"Gọi số {ticket.number} đến quầy 3"]
    assert found(centre, action="ticket.called") == by_counter[1:]
    assert {line["name"] for line in found(centre, action="device-added")} == {"Quản trị (tại máy chủ)"}


def test_what_is_no_account_s_name_is_not_written_down(centre: DemoServer, ticket: Ticket) -> None:
    """It may be a password that was typed one line too early."""
    assert texts(found(centre, action="sign-in-failed")) == ["Đăng nhập sai Trần Văn Minh (minh)", "Đăng nhập sai"]


def test_another_day_has_nothing(centre: DemoServer) -> None:
    assert found(centre, day="2020-01-01") == []


@pytest.mark.parametrize("asked", ["day=heute", "counter=x", "page=-1"])
def test_what_cannot_be_asked_is_refused(centre: DemoServer, asked: str) -> None:
    with pytest.raises(Refused) as refused:
        StaffApi(centre.url, "admin").get(f"/branches/{BRANCH}/audit?{asked}")
    assert (refused.value.code, refused.value.problem.data["where"]) == ("malformed", asked.partition("=")[0])


@pytest.mark.parametrize("who", ["lan", "hoa", "tam", "quang"])
def test_only_who_audits_may_look(centre: DemoServer, who: str) -> None:
    with pytest.raises(Refused) as refused:
        StaffApi(centre.url, who).get(f"/branches/{BRANCH}/audit")
    assert refused.value.code == "forbidden"
