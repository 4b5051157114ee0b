"""What becomes of an identity number on a real server: it tells one person from another on that day, and is nowhere."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener
from uuid import uuid4

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from queue_server.access.day_key import DayKey, KeyFile
from queue_server.app import DATABASE
from queue_server.protocol import SUBPROTOCOL
from queue_server.settings import Settings
from queue_server.transfers import make_backup
from tests.demo_server import BRANCH
from tests.printing import job_of
from tests.server import Api, DemoServer, Refused, Ticket
from tests.staff import StaffApi, sign_in

NUMBER, OTHER = "079148000123", "001090123456"
MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("centre"), "--confirms-priority") as server:
        yield server


def key_of(centre: DemoServer) -> DayKey:
    key = KeyFile(Settings(data=centre.data).day_key_file).read()
    assert key is not None
    return key


def talking(centre: DemoServer, **headers: str) -> ClientConnection:
    return connect(
        f"ws://127.0.0.1:{centre.port}/ws/v1",
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        additional_headers=headers,
        proxy=None,
        compression=None,
    )


def command(line: ClientConnection, name: str, args: dict[str, Any], key: str) -> dict[str, Any]:
    """The answer of one command: its data, or the problem."""
    line.send(json.dumps({"type": "command", "id": key, "name": name, "args": args}))
    while True:
        frame = json.loads(line.recv(timeout=10))
        if frame["type"] in ("result", "error"):
            found: dict[str, Any] = frame.get("data") or frame["problem"]
            return found


def content_of(*folders: Path) -> bytes:
    files = (file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file())
    return b"\n".join(file.read_bytes() for file in files)


# -- one number for a person and field ---------------------------------------------------------------------------------


def test_both_wires_know_the_same_person_and_a_repeat_gets_its_number(centre: DemoServer) -> None:
    kiosk, key = centre.api("dispenser"), uuid4().hex
    first = kiosk.issue("ho-tich", key=key, identity=OTHER)
    with talking(centre, Authorization=f"Bearer {centre.tokens['dispenser']}") as line:
        args = {"branch": BRANCH, "field": "ho-tich", "identity": OTHER}
        refused = command(line, "issue", args, uuid4().hex)
        assert (refused["code"], refused["data"]["number"], refused["data"]["state"]) == (
            "has-ticket", first.number, "waiting",
        )  # fmt: skip
        assert refused["detail"].startswith(f"Đã có số {first.number} (đang chờ) cho lĩnh vực Hộ tịch.")
        assert command(line, "issue", args, key)["number"] == first.number
        assert command(line, "issue", {**args, "again": True}, uuid4().hex)["number"] == first.number
        other = command(line, "issue", {**args, "identity": NUMBER}, uuid4().hex)
    assert other["number"] != first.number
    assert kiosk.issue("ho-tich", key=key, identity=OTHER) == first
    centre.restart()
    with pytest.raises(Refused) as again:
        centre.api("dispenser").issue("ho-tich", identity=OTHER)
    assert again.value.problem.data["number"] == first.number


@pytest.mark.parametrize("wrong", ["00109012345", "0010901234567", "00109012345a", "001090123456\n", 1090123456])
def test_what_is_no_number_is_refused_without_being_told_again(centre: DemoServer, wrong: object) -> None:
    with pytest.raises(Refused) as refused:
        centre.api("dispenser").issue("ho-tich", identity=wrong)
    assert (refused.value.code, refused.value.problem.data["where"]) == ("malformed", "$.identity")
    assert str(wrong) not in json.dumps(refused.value.problem.data) + refused.value.problem.detail


def test_nobody_says_who_somebody_is(centre: DemoServer) -> None:
    with pytest.raises(Refused) as refused:
        centre.api("integration").issue("ho-tich", person="somebody")
    assert refused.value.code == "malformed"


# -- nothing of it anywhere --------------------------------------------------------------------------------------------


def everything_read(centre: DemoServer, ticket: Ticket) -> str:
    """What every page and every role's calls say."""
    anybody, integration = centre.api("nobody"), centre.api("integration")
    manager, helper = StaffApi(centre.url, "quang"), StaffApi(centre.url, "hoa")
    clerk, printer = StaffApi(centre.url, "lan"), centre.api("printer")
    branch, here = f"/api/v1/branches/{BRANCH}", f"?branch={BRANCH}"
    today = anybody.board()["day"]["today"]["date"]
    asked: list[tuple[Api, str]] = [
        (anybody, branch),
        (anybody, f"{branch}/board"),
        (anybody, f"{branch}/events?since=0"),
        (manager, f"{branch}/reports/{today}"),
        (manager, f"{branch}/advice"),
        (manager, f"{branch}/dossier"),
        (manager, f"{branch}/health"),
        (integration, f"/api/v1/tickets/{ticket.id}"),
        (clerk, f"/api/v1/tickets/{ticket.id}/calls"),
        (clerk, f"/clerk/people{here}"),
        (helper, f"/helper/facts{here}"),
        (printer, f"/api/v1/print-jobs/{job_of(ticket)}/text"),
    ]
    answers = [json.dumps(api.request("GET", path)) for api, path in asked]
    with build_opener(ProxyHandler({})).open(f"{centre.url}/metrics", timeout=10) as metrics:
        return "\n".join([*answers, metrics.read().decode()])


def everything_heard(centre: DemoServer, ticket: Ticket, work: Any) -> str:
    """Every frame of every channel, from their snapshots on, while this is done."""
    channels = [
        f"board:{BRANCH}", f"live:{BRANCH}", f"helper:{BRANCH}", f"counter:{BRANCH}/3", f"ticket:{ticket.token}",
        f"ahead:{ticket.token}",
    ]  # fmt: skip
    heard: list[str] = []
    with talking(centre, Cookie=sign_in(centre.url, "quang")) as line:
        for channel in channels:
            line.send(json.dumps({"type": "subscribe", "channel": channel}))
        snapshots: set[str] = set()
        while snapshots != set(channels):
            heard.append(str(line.recv(timeout=10)))
            assert '"type":"error"' not in heard[-1]
            snapshots |= {channel for channel in channels if f'"snapshot","channel":"{channel}"' in heard[-1]}
        number = work()
        while not any('"event"' in frame and number in frame for frame in heard[-1:]):
            heard.append(str(line.recv(timeout=10)))
    return "\n".join(heard)


def test_nothing_of_it_reaches_a_channel_an_answer_a_page_a_paper_or_a_log(centre: DemoServer) -> None:
    kiosk, staff = centre.api("dispenser"), centre.api("integration")
    ticket = kiosk.issue("ho-tich", identity="048085000777", priority="NCT75", proof="card")
    staff.counter(3, "open")

    def work() -> str:
        called = staff.call_next(3)
        assert called is not None
        assert called.id == ticket.id  # the card's age counts at once, though claims are confirmed here
        staff.ticket(ticket.id, "start")
        staff.ticket(ticket.id, "finish")
        return ticket.number

    said = everything_heard(centre, ticket, work) + everything_read(centre, ticket)
    with pytest.raises(Refused) as refused:
        kiosk.issue("ho-tich", identity="048085000777", key="short")
    said += refused.value.problem.detail + centre.log.read_text()
    person = key_of(centre).person("048085000777")
    assert ticket.number in said
    assert person not in said
    assert "048085000777" not in said
    centre.stop()
    kept = content_of(centre.data)
    centre.start()
    assert person.encode() in kept
    assert b"048085000777" not in kept


# -- the day after -----------------------------------------------------------------------------------------------------


def confirms(number: str, kept: bytes, keys: list[bytes]) -> bool:
    """Whether somebody who has all this finds out that this number was here: with each of these keys, on the day itself
    or on one of the next."""
    for key in keys:
        for days in range(3):
            found = DayKey(MONDAY, key).on(date.fromordinal(MONDAY.toordinal() + days))
            if found is not None and found.person(number).encode() in kept:
                return True
    return False


def keys_in(key_file: bytes, kept: bytes, database: Path) -> list[bytes]:
    """All that may be a key: any 32 bytes of the file, 64 hexadecimal digits anywhere, the database's own secrets."""
    in_hex = re.findall(rb"(?=([0-9a-f]{64}))", key_file + kept)
    with closing(sqlite3.connect(database)) as db:
        secrets = [bytes(value) for (value,) in db.execute("SELECT value FROM secret")]
    pieces = [key_file[i : i + 32] for i in range(len(key_file) - 31)]
    return sorted({*pieces, *secrets, *(bytes.fromhex(text.decode()) for text in in_hex)})


def test_the_day_after_nobody_finds_out_who_was_here(tmp_path: Path) -> None:
    """Not with the database, its log, a backup and the key file; with the day's own key they would."""
    for day in ("monday", "tuesday"):
        (tmp_path / day).mkdir()
    with DemoServer(tmp_path / "monday", "--clock-start", f"{MONDAY}T10:00:00+07:00") as monday:
        monday.api("dispenser").issue("ho-tich", identity=NUMBER)
        days_key = key_of(monday)
        monday.kill()  # as the power goes: what is in the log stays there
    kept = content_of(monday.data)
    assert days_key.day == MONDAY
    assert confirms(NUMBER, kept, [days_key.key])
    with DemoServer(tmp_path / "tuesday", "--clock-start", f"{TUESDAY}T10:00:00+07:00", data=monday.data) as tuesday:
        tuesday.api("dispenser").issue("ho-tich", identity=NUMBER)
        assert key_of(tuesday).day == TUESDAY
    backup = tmp_path / "backup" / "copy.db"
    assert make_backup(Settings(data=tuesday.data), backup, keep=None) == 0
    key_file = Settings(data=tuesday.data).day_key_file.read_bytes()
    assert key_file.split()[1] not in backup.read_bytes()
    left = content_of(tuesday.data, backup.parent)
    assert NUMBER.encode() not in left + kept
    keys = keys_in(key_file, left, tuesday.data / DATABASE)
    assert key_of(tuesday).key in keys
    assert not confirms(NUMBER, kept, keys)
    assert confirms(NUMBER, kept, [*keys, days_key.key])
