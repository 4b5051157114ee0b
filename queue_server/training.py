"""`queue-server training BRANCH`: the copy of a branch to practise in, made, renewed or removed; the server is
stopped then."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from uuid import uuid4

from queue_server.access.statements import BUMP
from queue_server.administration import SETUP
from queue_server.app import open_house, open_journal
from queue_server.domain.refusals import Refusal
from queue_server.domain.training import home_of, training_code, training_copy
from queue_server.journal.port import Database
from queue_server.protocol.problems import problem
from queue_server.settings import Settings

OWNED = ("event", "command", "ticket", "personal", "cursor", "branch_head")
"""Tables with rows of a branch, by `branch_id`."""


def start_training(settings: Settings, branch: str) -> int:
    """Make the training copy, or bring it to what is in force at its branch now."""
    try:
        asyncio.run(_start(settings, branch))
    except Refusal as refusal:
        print(problem(refusal.code, refusal.data, "en").detail, file=sys.stderr)
        return 1
    print(f"{training_code(branch)} is there to practise in; staff of {branch} find it on the start page.")
    return 0


async def _start(settings: Settings, branch: str) -> None:
    if home_of(branch) is not None:
        raise Refusal("unknown-branch", branch=branch)
    async with open_house(settings) as house:
        config = (await house.bus.host(branch)).state.configured
        await house.bus.put_in_force(training_copy(config), SETUP.by(), uuid4().hex)


def end_training(settings: Settings, branch: str) -> int:
    """Remove the copy: its journal, its tickets and its devices. Nothing of a real branch can be named here."""
    code = training_code(branch)

    async def run() -> bool:
        journal = await open_journal(settings)
        try:
            is_there = await journal.head(code) is not None
            await journal.run(_removing(code))
            return is_there
        finally:
            await journal.close()

    if not asyncio.run(run()):
        print(f"There is no {code} here.", file=sys.stderr)
        return 1
    print(f"{code} is gone, with everything that was done in it.")
    return 0


def _removing(code: str) -> Callable[[Database], int]:
    def work(db: Database) -> int:
        for table in OWNED:
            db.execute(f"DELETE FROM {table} WHERE branch_id = ?", (code,))
        db.execute("DELETE FROM session WHERE device IN (SELECT id FROM device WHERE branch = ?)", (code,))
        db.execute("DELETE FROM device WHERE branch = ?", (code,))
        return db.execute(BUMP).rowcount

    return work
