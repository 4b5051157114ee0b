"""What an administrator does from the command line, with the server stopped."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.app import open_house
from queue_server.directory.faults import InvalidDirectory
from queue_server.directory.importing import (
    Organisation,
    describe_import,
    plan_import,
    read_organisation,
    store_import,
)
from queue_server.settings import Settings

SETUP = Who("account:setup", Role.ADMINISTRATOR, name="setup", clerk="setup")


def check_organisation(file: Path) -> int:
    """Check a file and say what is wrong with it, each fault with its path."""
    try:
        organisation = read_organisation(file)
    except InvalidDirectory as fault:
        print(fault, file=sys.stderr)
        return 2
    print(f"{organisation.code}: {len(organisation.branches)} branches, no fault")
    return 0


def import_organisation(settings: Settings, file: Path, *, overwrite: bool, is_agreed: bool) -> int:
    """Show what an import would change, ask, and put it in force."""
    try:
        organisation = read_organisation(file)
        return asyncio.run(_import(settings, organisation, overwrite=overwrite, is_agreed=is_agreed))
    except InvalidDirectory as fault:
        print(fault, file=sys.stderr)
        return 2


def _agrees() -> bool:
    return input("Put this in force? [y/N] ").strip().lower() == "y"


async def _import(settings: Settings, organisation: Organisation, *, overwrite: bool, is_agreed: bool) -> int:
    async with open_house(settings) as house:
        plan = await house.journal.run(partial(plan_import, organisation=organisation, overwrite=overwrite))
        print(describe_import(plan))
        if not is_agreed and not await asyncio.to_thread(_agrees):
            return 1
        configs = await house.journal.run(partial(store_import, plan=plan, now=datetime.now(UTC)))
        for config in configs:
            await house.bus.put_in_force(config, SETUP.by(), uuid4().hex)
    return 0
