"""A real server for the rights matrix: `python -m tests.contract.rights_server --data DIR --port P`.

Every role belongs to the branch that is asked for ("clerk-own"), to another one ("clerk-other") and to none
("clerk-whole"): as accounts whose user names say so, and as devices of which the tokens are printed by that name. At a
third branch clerks may call out of turn; "clerk-free" is one of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop
from msgspec.structs import replace

from queue_server.access.identity import Who
from queue_server.access.rights import ACCOUNTS, DEVICES, Role
from queue_server.app import open_house
from queue_server.domain.configuration import Screen
from queue_server.serving import bind, server_of
from queue_server.settings import Settings, read_settings
from queue_server.web.house import House
from tests.demo_server import BRANCH, CHEAP, NEAR, NOTES, PASSWORD, demo_config, two_branches
from tests.server import DemoServer

FREE = "go-vap-c"
BRANCHES = {"own": BRANCH, "other": NEAR, "whole": None}
SPARE = "spare"
"""A screen whose rights may be ended."""
TURNED = "turned"
"""A screen whose token may be changed."""


async def prepare(house: House) -> dict[str, Any]:
    admin = Who("account:admin", Role.ADMINISTRATOR).by()
    own, other = two_branches(demo_config(house.now()))
    limits = replace(own.limits, clerks_call_chosen=False)
    own, other = replace(own, screens=(Screen("sanh"),), limits=limits), replace(other, limits=limits)
    free = replace(other, branch=FREE, limits=replace(other.limits, clerks_call_chosen=True))
    for config in (own, other, free):
        await house.bus.put_in_force(config, admin, f"rights-setup-{config.branch}")
    house.access.passwords.hasher = CHEAP
    for role in ACCOUNTS:
        for situation, branch in BRANCHES.items():
            await house.access.put_account(f"{role.value}-{situation}", PASSWORD, role, name=role.value, branch=branch)
    await house.access.put_account("clerk-free", PASSWORD, Role.CLERK, name="clerk", branch=FREE)
    return await _devices(house)


async def _devices(house: House) -> dict[str, Any]:
    """A program may belong to no branch, a device never does."""
    add = house.access.add_device
    made = {name: await add(Role.DISPLAY, name=name, branch=BRANCH) for name in (SPARE, TURNED)}
    for situation, branch in BRANCHES.items():
        made[f"integration-{situation}"] = await add(Role.INTEGRATION, name=situation, branch=branch)
        if branch is None:
            continue
        printer = await add(Role.PRINTER, name=situation, branch=branch)
        made[f"printer-{situation}"] = printer
        for kind in sorted(DEVICES - {Role.PRINTER}):
            beside = printer[0] if kind is Role.DISPENSER else None
            stands = 4 if kind is Role.RATING else None
            made[f"{kind.value}-{situation}"] = await add(
                kind, name=situation, branch=branch, printer=beside, counter=stands
            )
    return {
        "tokens": {name: token for name, (_, token) in made.items()},
        "devices": {name: device for name, (device, _) in made.items()},
    }


async def serve(settings: Settings) -> None:
    notes = settings.data / NOTES
    if not notes.exists():
        async with open_house(settings) as house:
            made = await prepare(house)
        notes.write_text(json.dumps(made))
    with bind(settings.host, settings.port) as listener:
        print(json.dumps({"port": listener.getsockname()[1], **json.loads(notes.read_text())}), flush=True)
        await server_of(settings).serve([listener])


class RightsServer(DemoServer):
    """`rights_server` as a process of its own."""

    module = "tests.contract.rights_server"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tests.contract.rights_server")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    asked = vars(parser.parse_args(arguments))
    asked["data"].mkdir(parents=True, exist_ok=True)
    uvloop.run(serve(read_settings({"LAYSO_SECOND_FACTOR": "off"}, **asked)))


if __name__ == "__main__":
    main()
