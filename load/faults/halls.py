"""The branches under test: small halls that are always open, and the devices that work in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from msgspec import Struct

from queue_server.access.rights import Role
from queue_server.administration import SETUP
from queue_server.app import open_house
from queue_server.domain.configuration import (
    WEEKDAYS,
    Agency,
    BranchConfig,
    DayHours,
    Desk,
    Field,
    Hours,
    Limits,
    Series,
    Text,
    Window,
)
from queue_server.settings import Settings

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
FAR = timedelta(hours=12)
"""So long ago the service day has begun: a jump of two hours crosses no day's beginning."""
FIELDS = ("chung-thuc", "ho-tich", "dat-dai")
COUNTERS: dict[int, tuple[str, ...]] = {
    1: ("chung-thuc",),
    2: ("chung-thuc", "ho-tich"),
    3: ("ho-tich",),
    4: ("dat-dai", "chung-thuc"),
}
"""Counters, and the fields that each takes."""
UNDO_S = 1
"""So that records to the dossier backend are due soon."""
IMPLIED_START_S = 2


class Hall(Struct, frozen=True):
    """A branch, and the tokens of those who work there."""

    branch: str
    counters: tuple[int, ...]
    clerk: str
    dispenser: str


def configuration(branch: str, boundary: int, *, has_implied_start: bool) -> BranchConfig:
    whole_day = Window(boundary, boundary + 24 * 60)
    hours = DayHours((whole_day,), (whole_day,))
    series = [Series(code, code, width=4, last=999_999) for code in "ABC"]
    return BranchConfig(
        branch=branch,
        name=Text(branch),
        organisation=Text("Tỉnh"),
        agencies=(Agency("ubnd", Text("Ủy ban nhân dân")),),
        series=tuple(series),
        fields=tuple(Field(code, Text(code), s.code, "ubnd") for code, s in zip(FIELDS, series, strict=True)),
        counters=tuple(Desk(no, fields) for no, fields in COUNTERS.items()),
        classes=(),
        hours=Hours(dict.fromkeys(WEEKDAYS, hours)),
        day_boundary=boundary,
        limits=Limits(undo_s=UNDO_S, implied_start_s=IMPLIED_START_S if has_implied_start else None),
    )


async def prepare(folder: Path, database: str, branches: int, counters: int) -> list[Hall]:
    """Put the branches in force. In every other one services begin by themselves a moment after the call, so that there
    is work for time."""
    found: list[Hall] = []
    began = datetime.now(ZONE) - FAR
    boundary = began.hour * 60 + began.minute
    used = tuple(COUNTERS)[:counters]
    async with open_house(Settings(data=folder, database=database)) as house:
        for number in range(branches):
            name = f"phuong-{number + 1}"
            config = configuration(name, boundary, has_implied_start=number % 2 == 1)
            await house.bus.put_in_force(config, SETUP.by(), uuid4().hex)
            _, clerk = await house.access.add_device(Role.INTEGRATION, name="Quầy", branch=name)
            _, dispenser = await house.access.add_device(Role.DISPENSER, name="Máy lấy số", branch=name)
            found.append(Hall(name, used, clerk, dispenser))
    return found
