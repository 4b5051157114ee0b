"""`./run`: Gò Vấp's centre on one machine, with accounts, devices, a printer and somebody who plays its day."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from queue_server import child
from queue_server.access.rights import Role
from queue_server.administration import SETUP
from queue_server.app import open_house
from queue_server.demo_catalogue import write_catalogue
from queue_server.directory import slips
from queue_server.directory.importing import plan_import, read_organisation, store_import
from queue_server.domain.commands import OpenDay
from queue_server.domain.configuration import WEEKDAYS, BranchConfig, DayHours, Hours, Window
from queue_server.domain.slips import Slip, slip_key
from queue_server.domain.timers import due
from queue_server.serving import serve
from queue_server.settings import Settings

Child = subprocess.Popen[str]

ROOT = Path(__file__).parent.parent
ORGANISATION = ROOT / "config" / "organisations" / "go-vap.yaml"
NOTES = "demo.json"
STAFF = (
    (Role.CLERK, "lan", "Lan"),
    (Role.CLERK, "minh", "Minh"),
    (Role.CLERK, "hoa", "Hoa"),
    (Role.HELPER, "thanh", "Thanh"),
    (Role.SUPERVISOR, "tuan", "Tuấn"),
    (Role.MANAGER, "giamdoc", "Giám đốc"),
    (Role.AUDITOR, "kiemtra", "Kiểm tra"),
    (Role.ADMINISTRATOR, "quantri", "Quản trị"),
)
SERIES_LAST = 9_999_999
RATED_AT = 5
"""The counter at which the demonstration's satisfaction device stands; `--live` leaves it to whoever looks."""
HURRY = 4
"""A living hall's services take a quarter of their time, so that something happens while one looks."""
PAPER_TAKES_S = "0.6"
"""As long as a printer needs: 10 cm at 250 mm/s, and the cut."""

NOTHING_TO_PLAY = (
    "No day is open in {data}, and the next one begins at {at}: until then there is nothing to play. "
    "For a living hall now, name an empty folder with --data; without --live this one can be looked at."
)


class DemoOptions(Struct, frozen=True):
    is_json: bool = False
    hours: Literal["always", "configured"] = "always"
    is_live: bool = False
    printer: str | None = None
    """Where papers come out, as the agent's `--printer`; None collects them in a file of the data folder."""


def demo(settings: Settings, options: DemoOptions) -> int:
    """Prepare the data folder when it is empty, then serve until stopped. Its administrator needs a password alone,
    unless a setting says otherwise."""
    settings = easily_entered(settings)
    notes = _notes(settings)
    settings = _with_origin(settings, notes)
    if "branch" not in notes:
        notes |= asyncio.run(_prepared(settings, options))
        _write_private(settings.data / NOTES, json.dumps(notes, ensure_ascii=False, indent=1))
    opens_at = asyncio.run(_opens_at(settings, notes["branch"])) if options.is_live else None
    if opens_at is not None:
        print(NOTHING_TO_PLAY.format(data=settings.data, at=opens_at), file=sys.stderr)
        return 2
    if settings.catalogue is None:
        settings = settings.model_copy(update={"catalogue": settings.data / "catalogue"})
        write_catalogue(settings.data / "catalogue")
    children: list[Child] = []
    if not settings.dossier_url:
        receiver, address = _start_receiver()
        children.append(receiver)
        settings = settings.model_copy(update={"dossier_url": address})
    try:
        return serve(settings, on_ready=lambda served: _ready(served.url, notes, options, settings, children))
    finally:
        for process in children:
            with process:
                process.terminate()


def easily_entered(settings: Settings) -> Settings:
    """Whether there is a second factor is what was set; where nothing was, there is none."""
    is_set = "second_factor" in settings.model_fields_set
    return settings if is_set else settings.model_copy(update={"second_factor": "off"})


def always_open(config: BranchConfig) -> BranchConfig:
    """The same centre around the clock, from one day boundary to the next, with numbers enough for any try, as fast as
    anybody presses."""
    day = Window(config.day_boundary, config.day_boundary + 24 * 60)
    hours = DayHours((day,), (day,))
    return replace(
        config,
        hours=Hours(dict.fromkeys(WEEKDAYS, hours)),
        fields=tuple(replace(field, hours=None) for field in config.fields),
        series=tuple(replace(series, last=SERIES_LAST) for series in config.series),
        limits=replace(config.limits, numbers_a_minute=None, numbers_an_hour=None, clerks_call_chosen=True),
    )


def with_patience(config: BranchConfig, speed: float) -> BranchConfig:
    """A printer is as slow as ever when the clock runs fast."""
    limits = config.limits
    return replace(config, limits=replace(limits, paper_max_age_s=round(limits.paper_max_age_s * speed)))


def hurried(config: BranchConfig, hurry: float) -> BranchConfig:
    """The same centre with shorter services: what is believed of them must be what they are."""
    fields = (replace(field, service_time_s=round(field.service_time_s / hurry)) for field in config.fields)
    return replace(config, fields=tuple(fields))


def _notes(settings: Settings) -> dict[str, Any]:
    """What an earlier start has written down."""
    file = settings.data / NOTES
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def _with_origin(settings: Settings, notes: dict[str, Any]) -> Settings:
    """A demonstration's clock goes on where it was when the server is started again."""
    if settings.clock_start is None:
        return settings
    notes.setdefault("clock_origin", datetime.now(UTC).isoformat())
    return settings.model_copy(update={"clock_origin": datetime.fromisoformat(notes["clock_origin"])})


async def _prepared(settings: Settings, options: DemoOptions) -> dict[str, Any]:
    """Put the centre in force; its accounts and tokens, kept beside the database for whoever may read that."""
    hurry = HURRY if options.is_live else 1
    async with open_house(settings) as house:
        organisation = read_organisation(ORGANISATION)
        plan = await house.journal.run(lambda db: plan_import(db, organisation))
        configs = await house.journal.run(lambda db: store_import(db, plan, house.now()))
        for config in configs:
            adapted = hurried(always_open(config) if options.hours == "always" else config, hurry)
            await house.bus.put_in_force(with_patience(adapted, settings.clock_speed), SETUP.by(), uuid4().hex)
        branch = configs[0].branch
        accounts = []
        for role, username, name in STAFF:
            password = f"{username}-{secrets.randbelow(10_000):04d}"
            await house.access.put_account(username, password, role, name=name, branch=branch)
            accounts.append({"role": role.value, "username": username, "password": password})
        printer, printer_token = await house.access.add_device(Role.PRINTER, name="Máy in 1", branch=branch)
        tokens = {"printer": printer_token}
        for kind, name in ((Role.DISPENSER, "Máy lấy số 1"), (Role.DISPLAY, "Màn hình sảnh")):
            beside = printer if kind is Role.DISPENSER else None
            _, tokens[kind.value] = await house.access.add_device(kind, name=name, branch=branch, printer=beside)
        _, tokens["rating"] = await house.access.add_device(
            Role.RATING, name="Máy đánh giá quầy 5", branch=branch, counter=RATED_AT
        )
        _, tokens["integration"] = await house.access.add_device(Role.INTEGRATION, name="Tích hợp", branch=branch)
        some = _slips(house.now())
        told = {str(slip_key(slip.code)): slips.Told(1, slip) for slip in some}
        await house.journal.run(partial(slips.put, branch=branch, told=told, now=house.now()))
    states = {slip.code: slip.state for slip in some}
    return {"branch": branch, "accounts": accounts, "tokens": tokens, "slips": states, "hurry": hurry}


def _slips(now: datetime) -> tuple[Slip, ...]:
    """Appointment slips to try: a result that is there, one that is not, and a dossier that lacks something."""
    day, due = f"{now - timedelta(days=3):%y%m%d}", now + timedelta(days=1)
    codes = [f"000.00.17.H29-{day}-000{n}" for n in (1, 2, 3)]
    return (
        Slip(codes[0], "tra-ket-qua", "ready", 15, "phuong", now),
        Slip(codes[1], "tra-ket-qua", "not-ready", 15, "phuong", due),
        Slip(codes[2], "tra-ket-qua", "supplement", 9, "dat-dai", due),
    )


async def _opens_at(settings: Settings, branch: str) -> str | None:
    """When the branch's next day begins; None where a day is open, or will be at once."""
    async with open_house(settings) as house:
        state = await (await house.bus.host(branch)).settled()
        now = house.now()
    coming = due(state, now)
    if coming is None or not isinstance(coming.command, OpenDay) or coming.at <= now:
        return None
    return f"{coming.at.astimezone(ZoneInfo(state.configured.timezone)):%H:%M on %Y-%m-%d}"


def _write_private(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def _ready(url: str, notes: dict[str, Any], options: DemoOptions, settings: Settings, children: list[Child]) -> None:
    branch, tokens = notes["branch"], notes["tokens"]
    pages = {
        "dispenser": f"{url}/dispenser/{branch}#token={tokens['dispenser']}",
        "display": f"{url}/display/{branch}#token={tokens['display']}",
        "clerk": f"{url}/clerk",
        "helper": f"{url}/helper",
        "manager": f"{url}/manager",
    }
    if "rating" in tokens:  # not in a data folder of before
        pages["rating"] = f"{url}/rating#token={tokens['rating']}"
    said: dict[str, Any] = {
        "url": url,
        "branch": branch,
        "pages": pages,
        "accounts": notes["accounts"],
        "tokens": tokens,
        "slips": notes.get("slips", {}),
    }
    if options.is_json:
        print(json.dumps(said, ensure_ascii=False), flush=True)
    else:
        print(_for_people(said), flush=True)
    children += _start_children(url, notes, options, settings)


def _start_receiver() -> tuple[Child, str]:
    """A dossier backend to see records arrive, and its address."""
    receiver = child.start("queue_server.readers.dossier.receiver", "--port", "0", folder=ROOT, is_heard=True)
    assert receiver.stdout is not None
    return receiver, receiver.stdout.readline().strip()


def _start_children(url: str, notes: dict[str, Any], options: DemoOptions, settings: Settings) -> list[Child]:
    """The agent of the demo's printer, and somebody who plays the day."""
    state = settings.data / "printer"
    state.mkdir(exist_ok=True)
    _write_private(state / "token", notes["tokens"]["printer"])
    printing = (*_paper(options, settings.data), "--state", str(state))
    started = [child.start("printer_agent", "run", "--server", url, *printing, folder=ROOT)]
    if options.is_live:
        file = str(settings.data / NOTES)
        started.append(child.start("load.live", "--server", url, "--notes", file, folder=ROOT))
    return started


def _paper(options: DemoOptions, data: Path) -> tuple[str, ...]:
    """Where papers come out: the printer asked for, a file, or (where they come all day) nowhere."""
    if options.printer is not None:
        return ("--printer", options.printer)
    paper = Path(os.devnull) if options.is_live else data / "papers.escpos"
    paper.touch()
    return ("--printer", f"file:{paper}", "--confirms", "none", "--rest", PAPER_TAKES_S)


def _for_people(said: dict[str, Any]) -> str:
    names = {
        "dispenser": "Máy lấy số",
        "display": "Màn hình",
        "clerk": "Nhân viên quầy",
        "helper": "Cấp số hộ",
        "manager": "Lãnh đạo",
        "rating": "Đánh giá (quầy 5)",
    }
    pages = "\n".join(f"  {names[page]:<15} {address}" for page, address in said["pages"].items())
    accounts = "\n".join(f"  {a['role']:<15} {a['username']} / {a['password']}" for a in said["accounts"])
    states = {"ready": "đã có kết quả", "not-ready": "chưa có kết quả", "supplement": "cần bổ sung"}
    codes = "\n".join(f"  {code}  {states[state]}" for code, state in said["slips"].items())
    return f"""
Lấy Số đang chạy tại {said["url"]} (điểm phục vụ {said["branch"]})

{pages}

Tài khoản (vai trò, tên / mật khẩu)
{accounts}

Giấy hẹn để thử ở máy lấy số (mã hồ sơ)
{codes}

Dừng bằng Ctrl+C.
"""
