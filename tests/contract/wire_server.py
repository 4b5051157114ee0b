"""A real server on either wire: `python -m tests.contract.wire_server --data DIR --port P --wire direct|asgi`.

The branch of `tests.demo_server` with three more fields: one whose numbers are used up after two, one that is not
given now, and one that is suspended.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvloop
from msgspec.structs import replace

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.app import open_house
from queue_server.branches.bus import fresh_id
from queue_server.domain import commands as c
from queue_server.domain.configuration import WEEKDAYS, BranchConfig, Cap, DayHours, Field, Hours, Text
from queue_server.serving import bind, server_of
from queue_server.settings import Settings, read_settings
from queue_server.web.house import House
from tests.demo_server import NOTES, demo_config, set_up
from tests.server import DemoServer

CAP = 2
PLAIN = "websockets-sansio"
"""uvicorn's own protocol class: the fallback, over nothing but ASGI."""


def wire_config(config: BranchConfig) -> BranchConfig:
    def more(code: str, **changes: Any) -> Field:
        return replace(config.fields[0], code=code, name=Text(code, f"{code} (en)"), **changes)

    never = Hours(weekly=dict.fromkeys(WEEKDAYS, DayHours()))
    fields = (more("het-so", cap=Cap(CAP)), more("ngoai-gio", hours=never), more("tam-ngung"))
    return replace(config, fields=(*config.fields, *fields))


async def prepare(house: House) -> dict[str, Any]:
    made = await set_up(house)
    admin = Who("account:admin", Role.ADMINISTRATOR).by()
    config = wire_config(demo_config(house.now()))
    await house.bus.put_in_force(config, admin, uuid4().hex)
    host = await house.bus.host(config.branch)
    await host.submit(c.SuspendField(field="tam-ngung", reason=Text("Mất điện", "No power")), admin, uuid4().hex)
    for _ in range(CAP):
        await host.submit(c.Issue(field="het-so"), replace(admin, fresh_id=fresh_id()), uuid4().hex)
    return made


async def serve(settings: Settings, wire: str) -> None:
    notes = settings.data / NOTES
    if not notes.exists():
        async with open_house(settings) as house:
            made = await prepare(house)
        notes.write_text(json.dumps(made))
    with bind(settings.host, settings.port) as listener:
        print(json.dumps({"port": listener.getsockname()[1], **json.loads(notes.read_text())}), flush=True)
        server = server_of(settings)
        if wire == "asgi":
            server.config.ws = PLAIN
        await server.serve([listener])


class WireServer(DemoServer):
    """`wire_server` as a process of its own."""

    module = "tests.contract.wire_server"

    def __init__(self, folder: Path, wire: str) -> None:
        self.wire = wire
        super().__init__(folder, "--wire", wire)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tests.contract.wire_server")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--wire", choices=("direct", "asgi"), default="direct")
    asked = vars(parser.parse_args(arguments))
    wire = asked.pop("wire")
    asked["data"].mkdir(parents=True, exist_ok=True)
    uvloop.run(serve(read_settings({"LAYSO_SECOND_FACTOR": "off"}, **asked), wire))


if __name__ == "__main__":
    main()
