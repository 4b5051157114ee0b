"""What people are asked, told or noted is nowhere but where the inventory says: not in logs, channels, papers, metrics,
or the journal. Everything that can be entered is entered here with marks, and everything that comes out is looked
through. See docs/explanation/personal-data.md."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener
from uuid import uuid4

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from queue_server.app import DATABASE
from queue_server.protocol import SUBPROTOCOL
from queue_server.serving import server_of
from queue_server.settings import Settings
from queue_server.transfers import make_backup
from tests.demo_server import BRANCH
from tests.printing import job_of
from tests.server import Api, DemoServer, Refused, Ticket
from tests.staff import StaffApi, sign_in

NAME, PHONE, CARD = "Trần Thị Đánh Dấu", "0987654321", "079148000777"
DOSSIER, TOLD = "H29.17-261120-4242", "H29.17-261120-4343"
NOTE = f"Bà {NAME}, gọi {PHONE}, thẻ {CARD}"
WORDS_TYPED = "giấy khai sinh của Đánh Dấu"
MARKS = ("Đánh Dấu", PHONE, CARD, DOSSIER, "261120-4242", "2611204242", TOLD)
DEPLOY = Path(__file__).parents[2] / "config" / "deploy"
KEPT_BY_DESIGN = {"personal": {"Đánh Dấu", PHONE, CARD, DOSSIER, "261120-4242"}, "slip": {TOLD}}
"""Tables in which something marked may be, and what."""


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Iterator[DemoServer]:
    with DemoServer(tmp_path_factory.mktemp("personal"), "--has-all-logs", data=prepared) as server:
        yield server


def line_of(centre: DemoServer, **headers: str) -> ClientConnection:
    address, protocols = f"ws://127.0.0.1:{centre.port}/ws/v1", [Subprotocol(SUBPROTOCOL)]
    return connect(address, subprotocols=protocols, additional_headers=headers, proxy=None, compression=None)


def refused(api: Api, path: str, **body: Any) -> str:
    with pytest.raises(Refused) as problem:
        api.post(path, **body)
    return problem.value.code


def a_day(centre: DemoServer) -> Ticket:
    """Everything that can be entered about somebody is, and a ticket is served."""
    kiosk, lan, program = centre.api("dispenser"), StaffApi(centre.url, "lan"), centre.api("integration")
    slip = {"code": TOLD, "version": 1, "field": "ho-tich", "state": "ready", "counter": 3}
    program.request("PUT", f"/api/v1/branches/{BRANCH}/slips", {"slips": [slip]})
    kiosk.get(f"/branches/{BRANCH}/slips/{TOLD}")
    kiosk.get(f"/branches/{BRANCH}/procedures?q={quote(WORDS_TYPED)}")
    ticket = kiosk.issue("ho-tich", identity=CARD)
    lan.counter(3, "open")
    lan.ticket(ticket.id, "call", counter=3)
    lan.ticket(ticket.id, "start")
    lan.ticket(ticket.id, "note", text=NOTE)
    lan.ticket(ticket.id, "record-dossiers", codes=[DOSSIER])
    lan.get(f"/tickets/{ticket.id}/notes")
    lan.ticket(ticket.id, "finish")
    gone = kiosk.issue("ho-tich")
    by_phone = {"Ticket-Token": gone.token}
    centre.api("nobody").request("POST", f"/api/v1/tickets/{gone.id}/cancel", {"reason": NOTE}, **by_phone)
    return ticket


def what_is_wrong(centre: DemoServer, ticket: Ticket) -> None:
    """The same again, where it does not belong or is malformed: nothing of it is told again in a log."""
    kiosk, lan = centre.api("dispenser"), StaffApi(centre.url, "lan")
    assert refused(kiosk, f"/branches/{BRANCH}/tickets", field="ho-tich", identity=f"{CARD}0") == "malformed"
    assert refused(kiosk, f"/branches/{BRANCH}/tickets", field=NAME) == "unknown-field"
    assert refused(lan, f"/tickets/{ticket.id}/note", text=NOTE * 20) == "malformed"
    assert refused(lan, f"/tickets/{ticket.id}/{quote(NAME)}") == "unknown-command"
    assert refused(lan, f"/tickets/{ticket.id}/record-dossiers", codes=[NAME]) == "wrong-slip-code"
    for name, asked in {"hold": {}, "amend": {}, "cancel": {}, "transfer": {"field": "dat-dai"}}.items():
        for said in (PHONE, f"thẻ {CARD}", DOSSIER):
            assert refused(lan, f"/tickets/{ticket.id}/{name}", reason=said, **asked) == "malformed"
    for username in (NAME, PHONE):
        with suppress(OSError):
            sign_in(centre.url, username, NOTE)
    with line_of(centre, Cookie=sign_in(centre.url, "lan")) as line:
        for frame in (NOTE, json.dumps({"type": NOTE}), json.dumps({"type": "subscribe", "channel": NOTE})):
            line.send(frame)
            line.recv(timeout=10)
        args = {"ticket": ticket.id, "text": NOTE, NAME: 1}
        line.send(json.dumps({"type": "command", "id": uuid4().hex, "name": "note", "args": args}))
        line.recv(timeout=10)


def heard_meanwhile(centre: DemoServer, work: Any) -> str:
    """Every frame of the public channels, and of staff's, from their snapshots to their silence after the work."""
    followed = centre.api("dispenser").issue("ho-tich", identity="079148000778")
    channels = [
        f"board:{BRANCH}", f"live:{BRANCH}", f"helper:{BRANCH}", f"counter:{BRANCH}/3", f"ticket:{followed.token}",
        f"ahead:{followed.token}",
    ]  # fmt: skip
    heard: list[str] = []
    with line_of(centre, Cookie=sign_in(centre.url, "quang")) as line:
        for channel in channels:
            line.send(json.dumps({"type": "subscribe", "channel": channel}))
        while sum('"snapshot"' in frame for frame in heard) < len(channels):
            heard.append(str(line.recv(timeout=10)))
        last = work()
        while last.number not in heard[-1] or '"event"' not in heard[-1]:
            heard.append(str(line.recv(timeout=10)))
    return "\n".join(heard)


def said_to_others(centre: DemoServer, ticket: Ticket) -> str:
    """Papers, metrics, reports and what anybody or a program may read."""
    anybody, quang = centre.api("nobody"), StaffApi(centre.url, "quang")
    today = anybody.board()["day"]["today"]["date"]
    branch = f"/branches/{BRANCH}"
    answers = [
        anybody.get(branch),
        anybody.board(),
        anybody.events(),
        centre.api("integration").follow(ticket.id),
        centre.api("printer").get(f"/print-jobs/{job_of(ticket)}/text"),
        quang.get(f"{branch}/reports/{today}"),
        quang.get(f"{branch}/dossier"),
        StaffApi(centre.url, "admin").get(f"{branch}/audit"),
    ]
    pages = [f"/b/{BRANCH}", f"/t/{ticket.token}", "/metrics"]
    opener = build_opener(ProxyHandler({}))
    return "\n".join(
        [*map(str, answers), *(opener.open(f"{centre.url}{path}", timeout=10).read().decode() for path in pages)]
    )


def found_in(text: str) -> set[str]:
    return {mark for mark in MARKS if mark in text}


def tables_with_marks(database: Path) -> dict[str, set[str]]:
    """Every value of every table."""
    with closing(sqlite3.connect(database)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        contents = {name: "\n".join(map(_text, db.execute(f"SELECT * FROM {name}"))) for name in names}
    return {name: marks for name, text in contents.items() if (marks := found_in(text))}


def _text(row: tuple[Any, ...]) -> str:
    return "\n".join(v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in row)


def test_what_is_personal_is_where_the_inventory_says_and_nowhere_else(centre: DemoServer, tmp_path: Path) -> None:
    days: list[Ticket] = []

    def work() -> Ticket:
        days.append(a_day(centre))
        return days[0]

    heard = heard_meanwhile(centre, work)
    what_is_wrong(centre, days[0])
    said = said_to_others(centre, days[0])
    assert days[0].number in heard, "as a control"
    assert days[0].number in said
    assert found_in(heard) == set()
    assert found_in(said) == set()
    centre.stop()
    log = centre.log.read_text(errors="replace")
    assert "Everything is logged." in log, "as a control"
    assert found_in(log) == set()
    assert days[0].token not in log
    assert tables_with_marks(centre.data / DATABASE) == KEPT_BY_DESIGN
    assert make_backup(Settings(data=centre.data), tmp_path / "backup.db", keep=None) == 0
    assert tables_with_marks(tmp_path / "backup.db") == KEPT_BY_DESIGN
    others = [file for file in centre.data.rglob("*") if file.is_file() and not file.name.startswith(DATABASE)]
    assert {file.name for file in others if found_in(file.read_bytes().decode(errors="replace"))} == set()
    centre.start()


def test_no_log_of_ours_holds_an_address() -> None:
    """A ticket's token stands in `/t/…`: whoever logs addresses has the rights of all who came."""
    config = server_of(Settings()).config
    assert config.access_log is False
    (form,) = re.findall(r"log_format layso '([^']*)'", (DEPLOY / "province" / "nginx.conf").read_text())
    assert not re.search(r"request\b(?!_)|request_uri|\$uri|args|query|referer|cookie|remote", form)
    assert "request" in form
    for file in (DEPLOY / "Caddyfile", DEPLOY / "province" / "Caddyfile"):
        assert not re.search(r"^\s*log\b", file.read_text(), re.MULTILINE)


def test_a_token_is_told_to_no_other_site(centre: DemoServer) -> None:
    ticket = centre.api("dispenser").issue("ho-tich")
    with build_opener(ProxyHandler({})).open(f"{centre.url}/t/{ticket.token}", timeout=10) as answer:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
