"""A branch comes from a PC into a PostgreSQL that others share, with its history, and goes on there."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.access.watching import RightsWatch
from queue_server.app import DATABASE, open_house
from queue_server.audit.chain import lengthen
from queue_server.branches.answers import TicketAnswer
from queue_server.branches.personal import words
from queue_server.cli import main
from queue_server.directory import store
from queue_server.directory.store import StoredBranch, StoredOrganisation
from queue_server.domain.commands import CallNext, Command, Issue, Note, OpenCounter, Start
from queue_server.domain.refusals import Refusal
from queue_server.journal.backup import back_up_stopped
from queue_server.journal.port import Database
from queue_server.journal.transfer import copying
from queue_server.journal.transfer.tables import tables
from queue_server.moving import selection
from queue_server.moving.obstacles import obstacles
from queue_server.settings import Settings
from queue_server.web.house import House
from tests.contract.journal_rows import NOON
from tests.databases.postgres import Postgres
from tests.demo_server import BRANCH, PASSWORD, set_up

SHOWN = "a" * 64
FILES = (
    *(f"INSERT INTO media VALUES ('{each}', '{each * 64}', 'image/png', 3, '', '', 0, 0)" for each in "ab"),
    *(f"INSERT INTO media_piece VALUES ('{each}', 0, x'0a0b0c')" for each in "ab"),
)
"""Two files, of which a notice of the branch names the first."""
ADD_ACCOUNT = "INSERT INTO account (username, name, role, password_hash, branch, is_active)"
LAN = Who("account:lan", Role.CLERK, "Lan", "lan", BRANCH)
KIOSK = Who("device:kiosk", Role.DISPENSER, branch=BRANCH)
OTHERS = (
    "INSERT INTO branch_head VALUES ('thu-duc', 'e', 1, 1, 1)",
    "INSERT INTO event VALUES ('thu-duc', 1, '2026-11-22', 'day.opened', 1, '{}')",
    """INSERT INTO organisation VALUES ('thu-duc', '{"vi": "Phường Thủ Đức"}', NULL, 0)""",
    "INSERT INTO branch VALUES ('thu-duc', 'thu-duc', NULL, '{}', NULL, 0, false)",
    f"{ADD_ACCOUNT} VALUES ('hanh', 'Hạnh', 'clerk', '', 'thu-duc', true)",
    "INSERT INTO session (token_hash, account, created_at, expires_at) VALUES ('h', 'hanh', 0, 0)",
    "INSERT INTO cursor VALUES ('housekeeping', 'thu-duc', 1, 1, 'h', 1)",
    "INSERT INTO secret VALUES ('ticket-token', '\\x00112233445566778899aabbccddeeff')",
)


class Pc:
    """A centre's data folder in the middle of a day, and what its people have in their hands."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.database = data / DATABASE
        self.tickets: list[TicketAnswer] = []
        self.paper = ""
        self.session = ""
        self.tokens: dict[str, str] = {}

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.database)) as db, db:
            for statement in statements:
                db.execute(statement)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as db:
            return [tuple(row) for row in db.execute(statement)]


async def carry_out(house: House, who: Who, command: Command, key: str) -> Any:
    return await house.bus.carry_out(BRANCH, command, who.by(), key)


async def issue(house: House, key: str) -> TicketAnswer:
    answer: TicketAnswer = await carry_out(house, KIOSK, Issue(field="chung-thuc"), key)
    return answer


def in_directory(branch: str, organisation: str, name: str, parent: str | None = None) -> Callable[[Database], None]:
    """Puts a branch into the directory."""

    def put(db: Database) -> None:
        store.put_organisation(db, StoredOrganisation(organisation, {"vi": name, "en": ""}, None), NOON)
        notices = [{"code": "anh", "media": SHOWN}]
        document = {"code": branch, "parent": parent, "notices": notices}
        store.put_branch(db, StoredBranch(branch, organisation, document, document, is_retired=False), NOON)

    return put


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Pc:
    async def live(pc: Pc) -> None:
        async with open_house(Settings(data=pc.data)) as house:
            pc.tokens = (await set_up(house))["tokens"]
            await house.journal.run(in_directory(BRANCH, "go-vap", "Phường Gò Vấp"))
            pc.tickets = [await issue(house, f"press-{number}") for number in range(12)]
            await carry_out(house, LAN, OpenCounter(counter=1), "open-counter-1")
            await carry_out(house, LAN, CallNext(counter=1), "call-next-1")
            said = [words("note", "Bà Tư", house.now() + timedelta(days=2))]
            by = replace(LAN.by(), digests=(said[0].digest,))
            await house.bus.carry_out(BRANCH, Note(ticket=pc.tickets[0].id), by, "note-of-lan", said)
            await house.journal.run(partial(lengthen, branch_id=BRANCH))
            pc.paper = house.access.ticket_tokens.token(pc.tickets[-1].id)
            pc.session, _ = await house.access.sign_in("lan", PASSWORD)

    pc = Pc(tmp_path_factory.mktemp("pc"))
    asyncio.run(live(pc))
    return pc


@pytest.fixture
def pc(made: Pc, tmp_path: Path) -> Pc:
    found = Pc(Path(copytree(made.data, tmp_path / "pc")))
    found.tickets, found.paper, found.session, found.tokens = made.tickets, made.paper, made.session, made.tokens
    return found


def province_house(url: str, folder: Path) -> AbstractAsyncContextManager[House]:
    return open_house(Settings(database=url, data=folder / "province"))


@pytest.fixture
def province(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with a branch of its own, into which the command line moves."""

    url = postgres.new_database()
    there(url, *OTHERS)
    monkeypatch.setenv("LAYSO_DATABASE", url)
    return url


def move(pc: Pc, *options: str) -> int:
    return main(["move", str(pc.data), *(options or ("--all",)), "--yes"])


def there(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """What the last of them gives."""

    async def fetch() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        rows = [await connection.fetch(statement) for statement in statements]
        await connection.close()
        return [tuple(row) for row in rows[-1]]

    return asyncio.run(fetch())


CONTENT = (
    "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM ticket), (SELECT count(*) FROM account),"
    " (SELECT count(*) FROM secret), (SELECT count(*) FROM branch)"
)
EVENTS = f"SELECT seq, day, type, v, body FROM event WHERE branch_id = '{BRANCH}' ORDER BY seq"
COMMANDS = f"SELECT actor, key, fingerprint, first_seq FROM command WHERE branch_id = '{BRANCH}' ORDER BY first_seq"
EPOCH = f"SELECT epoch FROM branch_head WHERE branch_id = '{BRANCH}'"


def test_a_moved_branch_goes_on_where_it_was(pc: Pc, province: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async def go_on() -> None:
        async with province_house(province, tmp_path) as house:
            assert (await issue(house, "press-3")).id == pc.tickets[3].id
            assert (await issue(house, "press-new")).number == "A013"
            await carry_out(house, LAN, Start(ticket=pc.tickets[0].id), "start-00001")
            called = await carry_out(house, LAN, CallNext(counter=1), "call-next-2")
            assert called.id == pc.tickets[1].id
            assert await house.bus.branch_of(house.access.ticket_tokens.ticket_of(pc.paper)) == BRANCH
            assert (await house.access.by_session(pc.session)).clerk == "lan"
            assert (await house.access.by_bearer(pc.tokens["display"])).branch == BRANCH
            await house.access.sign_in("minh", PASSWORD)

    pc.execute(*FILES)
    there(province, "INSERT INTO media VALUES ('same', repeat('a', 64), 'image/png', 3, '', '', 0, 0)")
    assert move(pc) == 0
    said = capsys.readouterr().out
    assert there(province, "SELECT media_id, data FROM media_piece") == [("a", b"\n\v\f")]
    assert f"  {BRANCH}: {len(pc.rows(EVENTS))} events, 12 tickets; its day" in said
    assert "is open, 11 waiting" in said
    assert "These accounts stay behind, for they may do everything at every branch: admin." in said
    assert "Do not start the old server again" in said
    assert there(province, EVENTS) == pc.rows(EVENTS)
    assert there(province, COMMANDS) == pc.rows(COMMANDS)
    assert there(province, EPOCH) != pc.rows(EPOCH)
    for statement in ("SELECT * FROM personal", "SELECT * FROM audit_link ORDER BY seq"):
        assert there(province, statement) == pc.rows(statement) != []
    assert main(["audit", "verify", "--data", str(tmp_path / "province")]) == 0
    assert f"{BRANCH}: {len(pc.rows(EVENTS))} events fit." in capsys.readouterr().out
    assert there(province, "SELECT username FROM account WHERE branch IS NULL") == []
    asyncio.run(go_on())


def test_processes_that_run_serve_a_branch_that_comes_and_know_its_papers(pc: Pc, province: str, tmp_path: Path):
    async def live() -> None:
        async with province_house(province, tmp_path) as house:
            with pytest.raises(Refusal, match="unknown-branch"):
                await issue(house, "press-new")
            with pytest.raises(Refusal, match="unknown-ticket"):
                house.access.ticket_tokens.ticket_of(pc.paper)
            assert await asyncio.to_thread(move, pc) == 0
            assert (await issue(house, "press-new")).number == "A013"
            await RightsWatch(house.access, house.hub, is_told=lambda: False).look()
            assert house.access.ticket_tokens.ticket_of(pc.paper) == pc.tickets[-1].id

    asyncio.run(live())


def test_the_old_key_signs_no_ticket_that_is_issued_later(pc: Pc, province: str, tmp_path: Path):
    async def live() -> None:
        async with open_house(Settings(data=pc.data)) as old:
            old_tokens = old.access.ticket_tokens
        async with province_house(province, tmp_path) as house:
            ticket = await issue(house, "press-new")
            tokens = house.access.ticket_tokens
            assert tokens.ticket_of(tokens.token(ticket.id)) == ticket.id
            with pytest.raises(Refusal, match="unknown-ticket"):
                tokens.ticket_of(old_tokens.token(ticket.id))

    assert move(pc) == 0
    asyncio.run(live())


def test_a_backup_moves_like_the_database_that_it_was_made_of(pc: Pc, province: str, tmp_path: Path):
    back_up_stopped(pc.database, tmp_path / "made.db")
    assert main(["move", str(tmp_path / "made.db"), "--branch", BRANCH, "--yes"]) == 0
    assert there(province, EVENTS) == pc.rows(EVENTS)


def test_nothing_moves_before_somebody_agrees(pc: Pc, province: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert main(["move", str(pc.data), "--all"]) == 1
    assert there(province, EVENTS) == []


def test_every_table_goes_over_or_is_said_to_stay(pc: Pc):
    with closing(sqlite3.connect(pc.database)) as db:
        chosen = selection.select(db, [BRANCH], {}, [])
        moved = {part.table.name for part in chosen.parts}
        assert moved | selection.LEFT == {table.name for table in tables(db)}
        assert not moved & selection.LEFT


# -- what stands in the way --------------------------------------------------------------------------------------------


LAN_THERE = f"{ADD_ACCOUNT} VALUES ('lan', 'Lan', 'clerk', '', 'thu-duc', true)"


@pytest.fixture(scope="module")
def others(postgres: Postgres) -> str:
    """A database of which nothing is changed for good."""
    url = postgres.new_database()
    there(url, *OTHERS)
    return url


@pytest.mark.parametrize(
    ("here", "there_too", "branch", "renamed", "says"),
    [
        ("", "", "nowhere", {}, "There is no branch nowhere in the file (there is: go-vap)."),
        (
            "",
            f"INSERT INTO branch_head VALUES ('{BRANCH}', 'e', 7, 1, 1)",
            BRANCH,
            {},
            "is there already, with 7 events.",
        ),
        ("", LAN_THERE, BRANCH, {}, "These user names are taken there: lan. Give the accounts others on the way"),
        ("", LAN_THERE, BRANCH, {"lan": "hanh"}, "These user names are taken there: hanh."),
        ("", "", BRANCH, {"lan": "minh"}, "Two accounts would be called minh."),
        ("", "", BRANCH, {"thu": "thu2"}, "No account thu goes over that could be renamed"),
        (
            "UPDATE device SET id = 'display-1' WHERE kind = 'display'",
            "INSERT INTO device VALUES ('display-1', 'display', '', 'h', 'thu-duc', NULL, 0)",
            BRANCH,
            {},
            "These devices are there already: display-1.",
        ),
        (
            "",
            """INSERT INTO organisation VALUES ('go-vap', '{"vi": "Quận Gò Vấp"}', NULL, 0)""",
            BRANCH,
            {},
            "The organisation go-vap has another name there: “Quận Gò Vấp”, here “Phường Gò Vấp”.",
        ),
        ("UPDATE branch SET parent = 'centre'", "", BRANCH, {}, "go-vap stands below centre, which is not there"),
        ("UPDATE alembic_version SET version_num = '0004'", "", BRANCH, {}, "The file is at revision 0004"),
        ("", "UPDATE alembic_version SET version_num = '0004'", BRANCH, {}, "The database is at revision 0004"),
    ],
)
def test_what_stands_in_the_way_is_said(
    pc: Pc, others: str, here: str, there_too: str, branch: str, renamed: dict[str, str], says: str
):
    async def look(db: sqlite3.Connection) -> list[str]:
        connection = await asyncpg.connect(others)
        change = connection.transaction()
        await change.start()
        await connection.execute(there_too or "SELECT 1")
        found = await obstacles(db, connection, [branch], renamed)
        await change.rollback()
        await connection.close()
        return found

    pc.execute(here or "SELECT 1")
    with closing(sqlite3.connect(pc.database)) as db:
        (said,) = asyncio.run(look(db))
    assert says in said


@pytest.mark.parametrize(
    ("here", "there_too", "says"),
    [
        ("", LAN_THERE, "on the way, and tell their people: --rename lan=lan.go-vap\nNothing was moved: see above.\n"),
        ("DELETE FROM event WHERE seq = 3", "", "events are missing in go-vap"),
        ("UPDATE event SET v = 99 WHERE seq = 3", "", "Nothing was moved: ticket.issued v99"),
    ],
)
def test_nothing_moves_where_something_stands_in_the_way(
    pc: Pc, province: str, capsys: pytest.CaptureFixture[str], here: str, there_too: str, says: str
):
    pc.execute(here or "SELECT 1")
    before = there(province, there_too or "SELECT 1", CONTENT)
    assert move(pc) == 1
    assert says in capsys.readouterr().err
    assert there(province, CONTENT) == before


def test_a_source_that_a_server_has_open_is_refused(pc: Pc, province: str, capsys: pytest.CaptureFixture[str]):
    async def live() -> int:
        async with open_house(Settings(data=pc.data)):
            return await asyncio.to_thread(move, pc)

    assert asyncio.run(live()) == 2
    assert "another process has" in capsys.readouterr().err
    assert there(province, EVENTS) == []


def test_who_is_called_like_somebody_there_comes_under_another_name(pc: Pc, province: str, tmp_path: Path):
    async def sign_in() -> None:
        async with province_house(province, tmp_path) as house:
            _, who = await house.access.sign_in("lan.go-vap", PASSWORD)
            assert (who.name, who.branch) == ("Nguyễn Thị Lan", BRANCH)
            assert (await house.access.by_session(pc.session)).clerk == "lan.go-vap"

    there(province, LAN_THERE)
    assert move(pc, "--all", "--rename", "lan=lan.go-vap") == 0
    asyncio.run(sign_in())


# -- all or nothing ----------------------------------------------------------------------------------------------------


def test_what_differs_from_what_was_read_is_not_kept(
    pc: Pc, province: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    async def copy_in(connection: asyncpg.Connection, db: sqlite3.Connection, part: Any) -> None:
        await copying.copy_in(connection, db, part)
        await connection.execute("UPDATE ticket SET number = 'A999' WHERE number = 'A007'")

    monkeypatch.setattr(selection, "copy_in", copy_in)
    before = there(province, CONTENT)
    assert move(pc) == 1
    assert "Nothing was moved: in ticket something else was written" in capsys.readouterr().err
    assert there(province, CONTENT) == before


def test_a_move_that_is_killed_half_way_leaves_nothing_and_may_be_made_again(pc: Pc, province: str):
    """It has written the events and waits for a table that somebody holds, when it dies."""

    async def kill_half_way() -> None:
        holder = await asyncpg.connect(province)
        async with holder.transaction():
            await holder.execute("LOCK TABLE session")
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "queue_server",
                "move",
                str(pc.data),
                "--all",
                "--yes",
                stdout=asyncio.subprocess.PIPE,
            )
            while not await holder.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                assert process.returncode is None
            process.kill()
            await process.communicate()
        await holder.close()

    before = there(province, CONTENT)
    asyncio.run(kill_half_way())
    assert there(province, CONTENT) == before
    assert move(pc) == 0
    assert there(province, EVENTS) == pc.rows(EVENTS)
