"""From the end of a day to a server that goes on with its backup, with real processes all the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command_line import backup_of, queue_server
from tests.demo_server import BRANCH, NOTES
from tests.server import DemoServer, Refused
from tests.staff import StaffApi


def a_day(centre: DemoServer) -> list[str]:
    """Three numbers: one served, one absent, one still waiting."""
    api = centre.api()
    ids = [api.issue("chung-thuc").id for _ in range(3)]
    api.counter(1, "open")
    for how in ("finish", "no-show"):
        ticket = api.call_next(1)
        assert ticket is not None
        if how == "finish":
            api.ticket(ticket.id, "start")
        api.ticket(ticket.id, how)
    return ids


def epoch(centre: DemoServer) -> str:
    return str(centre.api("nobody").get(f"/branches/{BRANCH}")["position"]).partition(".")[0]


def test_the_end_of_a_day_brings_a_backup_that_a_new_server_goes_on_with(centre: DemoServer, tmp_path: Path):
    ids = a_day(centre)
    StaffApi(centre.url, "quang").branch_command("end-day", leftovers="rebook")
    before = [centre.api().follow(ticket) for ticket in ids]
    assert [ticket["state"] for ticket in before] == ["finished", "no_show", "rebooked"]
    backup, old_epoch = backup_of(centre), epoch(centre)
    centre.kill()

    restored = tmp_path / "restored" / "data"
    done = queue_server("restore", backup, "--data", restored)
    assert (done.returncode, done.stderr) == (0, "")
    assert BRANCH in done.stdout
    shutil.copy(centre.data / NOTES, restored)
    with DemoServer(tmp_path / "restored") as again:
        assert epoch(again) != old_epoch
        follow = again.api().follow
        assert [_without_position(follow(ticket)) for ticket in ids] == [_without_position(t) for t in before]
        report = StaffApi(again.url, "quang").get(f"/branches/{BRANCH}/reports/{_today(again)}")
        assert report["is_balanced"]
        assert report["total"]["books"]["issued"] == 3


def _without_position(ticket: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in ticket.items() if name != "position"}


def _today(centre: DemoServer) -> str:
    return str(centre.api().board()["day"]["today"]["date"])


def test_a_database_that_is_there_is_not_overwritten(centre: DemoServer):
    StaffApi(centre.url, "quang").branch_command("end-day", leftovers="expire")
    backup = backup_of(centre)
    centre.kill()
    before = (centre.data / "layso.db").read_bytes()
    done = queue_server("restore", backup, "--data", centre.data)
    assert done.returncode == 1
    assert "Move it away first" in done.stderr
    assert (centre.data / "layso.db").read_bytes() == before


def test_a_damaged_backup_leaves_nothing_behind(tmp_path: Path):
    damaged = tmp_path / "journal-20261122-103000.db"
    damaged.write_bytes(b"SQLite format 3\0" + b"\xaa" * 8192)
    done = queue_server("restore", damaged, "--data", tmp_path / "new")
    assert done.returncode == 1
    assert f"Nothing was restored: {damaged} is no journal, or damaged" in done.stderr
    assert not (tmp_path / "new").exists()


def test_ending_the_day_needs_the_right_and_says_so(centre: DemoServer):
    with pytest.raises(Refused, match="forbidden"):
        StaffApi(centre.url, "lan").branch_command("end-day", leftovers="expire")


def test_the_health_of_a_first_day_is_good(centre: DemoServer):
    health = StaffApi(centre.url, "tam").get(f"/branches/{BRANCH}/health")
    assert health["backup_at"] is None
    assert not any((health["is_backup_old"], health["is_plain_http"], health["is_disk_low"]))
    assert (health["clock_stepped_s"], health["clock_behind_s"]) == (None, None)


def test_only_an_administrator_confirms_the_clock(centre: DemoServer):
    with pytest.raises(Refused, match="forbidden"):
        StaffApi(centre.url, "quang").post("/clock/confirm")
    StaffApi(centre.url, "admin").post("/clock/confirm")


def test_the_printer_beside_a_dispenser_is_chosen(centre: DemoServer):
    manager = StaffApi(centre.url, "quang")
    dispenser, printer = centre.devices["dispenser"], centre.devices["printer"]

    def beside() -> str | None:
        devices = {device["id"]: device for device in manager.get("/devices")["devices"]}
        found: str | None = devices[dispenser]["printer"]
        return found

    assert beside() == printer
    manager.request("PATCH", f"/api/v1/devices/{dispenser}", {"printer": None})
    assert beside() is None
    manager.request("PATCH", f"/api/v1/devices/{dispenser}", {"printer": printer})
    assert beside() == printer
    for wrong in (dispenser, "printer-unknown"):
        with pytest.raises(Refused, match="not-found"):
            manager.request("PATCH", f"/api/v1/devices/{dispenser}", {"printer": wrong})


def test_a_day_that_was_none_has_no_report(centre: DemoServer):
    manager = StaffApi(centre.url, "quang")
    for day in ("2001-01-01", "yesterday"):
        with pytest.raises(Refused, match="no-service-day"):
            manager.get(f"/branches/{BRANCH}/reports/{day}")
    with pytest.raises(Refused, match="unauthenticated"):
        centre.api("nobody").get(f"/branches/{BRANCH}/reports/2001-01-01")
