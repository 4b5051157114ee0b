"""`queue-server audit verify` at a real centre: while it runs, after it was tampered with, and days later."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from queue_server.app import DATABASE
from queue_server.cli import main
from tests.demo_server import BRANCH
from tests.server import DemoServer
from tests.staff import StaffApi, eventually

VALUE = re.compile(r"^  (\S+/\d+/[0-9a-f]{64})$", re.MULTILINE)


def verify(data: Path, *against: str) -> int:
    return main(["audit", "verify", "--data", str(data), *(f"--against={value}" for value in against)])


def test_it_is_verified_beside_the_server_and_against_what_was_kept(
    tmp_path: Path, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with DemoServer(tmp_path, data=prepared) as centre:
        centre.api("dispenser").issue("ho-tich")
        assert verify(centre.data) == 0
        said = capsys.readouterr()
        kept = VALUE.findall(said.out)
        assert [value.partition("/")[0] for value in kept] == [BRANCH, "access"]
        assert "A server has the database open" in said.err
        centre.api("dispenser").issue("ho-tich")
        assert verify(centre.data, *kept) == 0
        centre.stop()
        assert verify(centre.data, *kept) == 0
        capsys.readouterr()
        with closing(sqlite3.connect(centre.data / DATABASE)) as db, db:
            last = db.execute("SELECT action, actor FROM access_event ORDER BY no DESC").fetchone()
            db.execute("UPDATE event SET body = CAST(replace(CAST(body AS TEXT), 'H001', 'H009') AS BLOB)")
        assert last == ("verified", "setup")
        assert verify(centre.data, *kept) == 1
        assert re.search(rf"^{BRANCH}: event \d+.* is not what it was", capsys.readouterr().out, re.MULTILINE)
        centre.start()


def test_a_branch_that_was_removed_is_missed(
    tmp_path: Path, prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with DemoServer(tmp_path, data=prepared) as centre:
        centre.stop()
        assert verify(centre.data, f"thu-duc/3/{'0' * 64}") == 1
        assert "thu-duc: there is no such branch any more" in capsys.readouterr().out
        assert verify(centre.data, "thu-duc/3/0") == 2
        assert "--against thu-duc/3/0" in capsys.readouterr().err
        centre.start()


def test_days_later_what_is_over_has_gone_and_everything_still_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in ("monday", "wednesday"):
        (tmp_path / day).mkdir()
    with DemoServer(tmp_path / "monday", "--clock-start", "2026-11-16T10:00:00+07:00") as monday:
        lan = StaffApi(monday.url, "lan")
        ticket = monday.api("dispenser").issue("ho-tich")
        lan.ticket(ticket.id, "note", text="Bà Tư ở hẻm 12")
        lan.ticket(ticket.id, "record-dossiers", codes=["H29.17-261116-0001"])
    assert verify(monday.data) == 0
    kept = VALUE.findall(capsys.readouterr().out)
    with DemoServer(
        tmp_path / "wednesday", "--clock-start", "2026-11-18T10:00:00+07:00", data=monday.data
    ) as wednesday:
        lan = StaffApi(wednesday.url, "lan")
        eventually(lambda: lan.get(f"/tickets/{ticket.id}/notes")["notes"] == [])
        assert lan.get(f"/tickets/{ticket.id}/notes")["dossiers"] == ["H29.17-261116-0001"]
        eventually(lambda: "Bà Tư ở hẻm 12" not in _text(wednesday.data))
        wednesday.stop()
        assert verify(wednesday.data, *kept) == 0
        wednesday.start()


def _text(data: Path) -> str:
    return "".join(file.read_bytes().decode(errors="replace") for file in data.glob(f"{DATABASE}*"))
