"""What is kept of one visit is handed over in words, and what is personal of it goes when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from queue_server.cli import main
from queue_server.settings import Settings
from queue_server.transfers import make_backup
from tests.demo_server import BRANCH
from tests.server import DemoServer, Refused, Ticket
from tests.staff import StaffApi

SAID, CODE = "Bà Tư ở hẻm 12, 0912345678", "H29.17-261120-0001"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("visits"), data=prepared) as server:
        server.api("integration").counter(3, "open")
        yield server


def visited(centre: DemoServer) -> Ticket:
    """Somebody who came, was called, is noted, and went."""
    staff, lan = centre.api("integration"), StaffApi(centre.url, "lan")
    ticket = centre.api("dispenser").issue("ho-tich", identity="048085000777")
    called = staff.call_next(3)
    assert called is not None
    assert called.id == ticket.id
    staff.ticket(ticket.id, "start")
    lan.ticket(ticket.id, "note", text=SAID)
    lan.ticket(ticket.id, "record-dossiers", codes=[CODE])
    staff.ticket(ticket.id, "finish")
    return ticket


def files_of(centre: DemoServer) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(centre.data.rglob("*")) if file.is_file())


def test_all_of_a_visit_is_handed_over_in_words(centre: DemoServer) -> None:
    ticket, quang = visited(centre), StaffApi(centre.url, "quang")
    today = centre.api("nobody").board()["day"]["today"]["date"]
    by_number = quang.post(f"/branches/{BRANCH}/visits/export", number=ticket.number.lower(), day=today)
    assert quang.post(f"/branches/{BRANCH}/visits/export", token=ticket.token) == by_number
    assert (by_number["ticket"], by_number["number"], by_number["state"]) == (ticket.id, ticket.number, "finished")
    assert [each["vi"] for each in by_number["events"]] == [
        f"Cấp số {ticket.number}, Hộ tịch",
        f"Gọi số {ticket.number} đến quầy 3",
        f"Bắt đầu phục vụ số {ticket.number} tại quầy 3",
        f"Ghi chú về số {ticket.number}",
        f"Ghi mã hồ sơ của số {ticket.number}",
        f"Hoàn thành số {ticket.number}",
    ]
    assert [(each["kind"], each["text"]) for each in by_number["personal"]] == [("note", SAID), ("dossier", CODE)]
    assert by_number["events"][0]["stored"]["number"] == ticket.number
    assert by_number["events"][0]["en"] == f"Number {ticket.number} was given for Civil status"


def test_what_is_personal_is_erased_from_the_files_too(centre: DemoServer) -> None:
    ticket, quang = visited(centre), StaffApi(centre.url, "quang")
    other = visited(centre)
    erased = quang.post(f"/branches/{BRANCH}/visits/erase", token=ticket.token)
    assert erased["deleted"] == {"dossier": 1, "note": 1}
    assert all(each["vi"] and each["en"] for each in erased["stays"])
    assert quang.post(f"/branches/{BRANCH}/visits/erase", token=ticket.token)["deleted"] == {}
    assert quang.get(f"/tickets/{ticket.id}/notes") == {"id": ticket.id, "notes": [], "dossiers": []}
    assert SAID.encode() in files_of(centre), "that of the other one, as a control"
    quang.post(f"/branches/{BRANCH}/visits/erase", token=other.token)
    assert quang.follow(ticket.id)["state"] == "finished"


def test_nothing_of_an_erased_visit_is_in_the_files(tmp_path: Path, prepared: Path) -> None:
    with DemoServer(tmp_path, data=prepared) as centre:
        centre.api("integration").counter(3, "open")
        ticket, quang = visited(centre), StaffApi(centre.url, "quang")
        assert SAID.encode() in files_of(centre)
        quang.post(f"/branches/{BRANCH}/visits/erase", token=ticket.token)
        assert SAID.encode() not in files_of(centre)
        assert CODE.encode() not in files_of(centre)
        centre.stop()
        assert make_backup(Settings(data=centre.data), tmp_path / "backup.db", keep=None) == 0
        assert SAID.encode() not in (tmp_path / "backup.db").read_bytes()
        assert main(["audit", "verify", "--data", str(centre.data)]) == 0
        centre.start()


@pytest.mark.parametrize("who", ["lan", "hoa", "tam"])
def test_only_who_is_responsible_may(centre: DemoServer, who: str) -> None:
    for name in ("export", "erase"):
        with pytest.raises(Refused) as refused:
            StaffApi(centre.url, who).post(f"/branches/{BRANCH}/visits/{name}", number="A001", day="2026-11-22")
        assert refused.value.code == "forbidden"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"number": "A001", "day": "2020-01-01"}, "unknown-visit"),
        ({"number": "A001"}, "malformed"),
        ({}, "malformed"),
        ({"token": "a.b"}, "unknown-ticket"),
    ],
)
def test_a_visit_that_is_none_is_refused(centre: DemoServer, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        StaffApi(centre.url, "quang").post(f"/branches/{BRANCH}/visits/export", **asked)
    assert refused.value.code == code


def test_the_command_line_does_both(tmp_path: Path, prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with DemoServer(tmp_path, data=prepared) as centre:
        centre.api("integration").counter(3, "open")
        ticket = visited(centre)
        today = centre.api("nobody").board()["day"]["today"]["date"]
        centre.stop()
        which = ["--branch", BRANCH, "--day", today, "--number", ticket.number, "--data", str(centre.data)]
        assert main(["citizen", "export", *which]) == 0
        assert [each["text"] for each in json.loads(capsys.readouterr().out)["personal"]] == [SAID, CODE]
        assert main(["citizen", "erase", "--token", ticket.token, "--data", str(centre.data)]) == 0
        assert json.loads(capsys.readouterr().out)["deleted"] == {"dossier": 1, "note": 1}
        assert main(["citizen", "export", *which]) == 0
        assert json.loads(capsys.readouterr().out)["personal"] == []
        assert main(["citizen", "export", "--branch", BRANCH, "--data", str(centre.data)]) == 2
        assert "--token" in capsys.readouterr().err
        centre.start()
