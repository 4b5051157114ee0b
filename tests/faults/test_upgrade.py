"""A newer release, whose schema has grown, takes over from an older one while numbers are given out."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from contextlib import ExitStack
from http.client import HTTPException
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from queue_server.journal.migrations import latest
from queue_server.journal.postgres import PostgresJournal
from tests.databases.postgres import Postgres
from tests.demo_server import BRANCH
from tests.province import ServerProcess, demo_in
from tests.server import ROOT, Refused, Ticket

pytestmark = pytest.mark.faults

NEWER = f"{int(latest()) + 1:04d}"
REVISION = f'''
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{NEWER}", "{latest()}", None, None
oldest = "{latest()}"


def upgrade() -> None:
    op.add_column("ticket", sa.Column("companions", sa.Integer(), nullable=True))
    op.add_column("event", sa.Column("origin", sa.String(), server_default="here", nullable=False))
    op.create_table("companion", sa.Column("id", sa.String(), nullable=False), sa.PrimaryKeyConstraint("id"))
'''
FIELDS = ("chung-thuc", "ho-tich", "dat-dai")
"""Of each there is a dispenser, which is pressed all the time."""
PAUSE_S = 0.05
MOST_TRIES = 200
EACH = 15
"""Numbers that have to come out before the next thing happens."""


class Dispensers:
    """Presses at whichever server is known; what fails on the way is repeated elsewhere with its key."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.servers: list[ServerProcess] = []
        self.given: dict[str, Ticket] = {}
        self.by: dict[str, int] = {}
        self.refused: list[str] = []
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._press, args=[field]) for field in FIELDS]

    def _press(self, field: str) -> None:
        turn = count()
        while not self._over.wait(PAUSE_S):
            key = uuid4().hex
            servers = (self.servers[next(turn) % len(self.servers)] for _ in range(MOST_TRIES))
            tries = (self._press_once(field, key, server) for server in servers)
            if not any(tries):
                self.refused.append(f"{key} came through nowhere")

    def _press_once(self, field: str, key: str, server: ServerProcess) -> bool:
        try:
            ticket = server.api(self._token).issue(field, key=key)
        except Refused as refusal:
            if refusal.code != "come-back":
                self.refused.append(f"{server.log}: {refusal}")
            return refusal.code != "come-back"
        except (OSError, HTTPException):
            return False
        with self._changed:
            self.given[key] = ticket
            self.by[server.url] = self.by.get(server.url, 0) + 1
            self._changed.notify_all()
        return True

    def await_more(self) -> None:
        """Until every server that is known has given out some more."""
        with self._changed:
            before = dict(self.by)
            assert self._changed.wait_for(
                lambda: all(self.by.get(one.url, 0) >= before.get(one.url, 0) + EACH for one in self.servers), 30
            )

    def __enter__(self) -> Dispensers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)


@pytest.fixture
def newer_build(tmp_path: Path) -> Path:
    """This tree with one revision more."""
    tree = tmp_path / "newer"
    for part in ("queue_server", "display_client", "config"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    versions = tree / "queue_server" / "journal" / "migrations" / "versions"
    (versions / f"{NEWER}_later.py").write_text(REVISION)
    return tree


def test_an_upgrade_in_the_middle_of_the_day_loses_nothing(postgres: Postgres, newer_build: Path, tmp_path: Path):
    database = postgres.new_database()
    tokens = demo_in(database, tmp_path / "data")
    dispensers = Dispensers(tokens["integration"])
    with ExitStack() as running:
        old = [running.enter_context(ServerProcess(tmp_path / name, database)) for name in "ab"]
        dispensers.servers = old
        with dispensers:
            dispensers.await_more()
            new = running.enter_context(ServerProcess(tmp_path / "c", database, tree=newer_build))
            dispensers.servers = [*old, new]
            dispensers.await_more()
            for one in old:
                one.stop()
            dispensers.servers = [new]
            dispensers.await_more()
    assert dispensers.refused == []
    assert len({ticket.number for ticket in dispensers.given.values()}) == len(dispensers.given)
    revision, given = asyncio.run(journal_of(database))
    assert revision == NEWER
    assert given == {key: ticket.id for key, ticket in dispensers.given.items()}


async def journal_of(database: str) -> tuple[str, dict[str, str]]:
    """The schema's revision, and the ticket that was issued by each key, out of a journal without gaps."""
    journal = await PostgresJournal.open(database)
    revision = await journal.run(lambda db: db.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    events = {event.seq: event for event in await journal.read(BRANCH, 0, 100_000)}
    head = await journal.head(BRANCH)
    assert head is not None
    assert list(events) == list(range(1, head.seq + 1))
    rows = await journal.run(
        lambda db: db.execute("SELECT key, first_seq FROM command WHERE actor LIKE 'device:%'").fetchall()
    )
    await journal.close()
    return revision, {key: json.loads(events[seq].body)["event"]["ticket"] for key, seq in rows}
