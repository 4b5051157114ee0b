"""Notes and dossier codes over the wire: who writes and reads them, and what of them is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.server import DemoServer, Refused
from tests.staff import StaffApi

CODES = ["H29.17-261120-0001", "000.00.17.h29 - 261120 - 0002", "H2917261120 0001"]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, prepared: Any) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("notes"), data=prepared) as server:
        yield server


def test_staff_write_and_read_what_lies_beside_the_journal(centre: DemoServer) -> None:
    ticket = centre.api("dispenser").issue("ho-tich")
    lan, hoa = StaffApi(centre.url, "lan"), StaffApi(centre.url, "hoa")
    first = lan.ticket(ticket.id, "note", key="note-of-lan", text="Thiếu bản sao, quay lại 14h")
    assert lan.ticket(ticket.id, "note", key="note-of-lan", text="Thiếu bản sao, quay lại 14h") == first
    hoa.ticket(ticket.id, "note", text="Đã quay lại")
    lan.ticket(ticket.id, "record-dossiers", codes=CODES)
    found = hoa.get(f"/tickets/{ticket.id}/notes")
    assert [(note["text"], note["by"], note["name"]) for note in found["notes"]] == [
        ("Thiếu bản sao, quay lại 14h", "account:lan", "Nguyễn Thị Lan"),
        ("Đã quay lại", "account:hoa", "Lê Thị Hoa"),
    ]
    assert sorted(found["dossiers"]) == ["000.00.17.H29-261120-0002", "H2917261120 0001".replace(" ", "")]
    assert lan.follow(ticket.id)["state"] == "waiting"
    centre.restart()
    assert StaffApi(centre.url, "hoa").get(f"/tickets/{ticket.id}/notes") == found


def test_the_same_key_with_other_words_is_refused(centre: DemoServer) -> None:
    ticket, lan = centre.api("dispenser").issue("ho-tich"), StaffApi(centre.url, "lan")
    lan.ticket(ticket.id, "note", key="note-twice", text="một")
    with pytest.raises(Refused) as refused:
        lan.ticket(ticket.id, "note", key="note-twice", text="hai")
    assert refused.value.code == "key-reused"


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("note", {"text": ""}, "malformed"),
        ("note", {"text": "x" * 501}, "malformed"),
        ("note", {"digest": "ab"}, "malformed"),
        ("record-dossiers", {"codes": []}, "malformed"),
        ("record-dossiers", {"codes": ["H29.17-261120-0001", "079148000123"]}, "wrong-slip-code"),
    ],
)
def test_what_is_not_such_is_refused(centre: DemoServer, name: str, args: dict[str, Any], code: str) -> None:
    ticket, lan = centre.api("dispenser").issue("ho-tich"), StaffApi(centre.url, "lan")
    with pytest.raises(Refused) as refused:
        lan.ticket(ticket.id, name, **args)
    assert refused.value.code == code
    assert lan.get(f"/tickets/{ticket.id}/notes") == {"id": ticket.id, "notes": [], "dossiers": []}


@pytest.mark.parametrize("who", ["integration", "dispenser", "display", "printer", "nobody"])
def test_only_staff_read_them(centre: DemoServer, who: str) -> None:
    ticket = centre.api("dispenser").issue("ho-tich")
    with pytest.raises(Refused) as refused:
        centre.api(who).get(f"/tickets/{ticket.id}/notes")
    assert refused.value.code == ("unauthenticated" if who == "nobody" else "forbidden")
