"""A real server process for tests: `python -m tests.demo_server --data DIR [--port P]`.

The first start puts a small branch, an account for each role and a token for each kind of device into the data folder;
a later start finds them there. Once the port is bound a line of JSON is printed:
`{"port": 40123, "tokens": {"dispenser": "…", …}, "devices": {"dispenser": "dispenser-…", …}}`.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop
from argon2 import PasswordHasher
from msgspec.structs import replace

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.app import open_house
from queue_server.domain import hours
from queue_server.domain.configuration import (
    WEEKDAYS,
    Agency,
    Block,
    BranchConfig,
    Cap,
    DayHours,
    Desk,
    Field,
    Hours,
    Limits,
    Position,
    PriorityClass,
    Reason,
    RoutingRule,
    Satisfaction,
    Series,
    Text,
    Window,
)
from queue_server.domain.training import training_copy
from queue_server.serving import bind, server_of
from queue_server.settings import Settings, read_settings
from queue_server.web.house import House

BRANCH = "go-vap"
NEAR = "go-vap-b"
ASKING = "ho-tich"
"""The field that asks for a procedure, where one does."""
PASSWORD = "so-thu-tu-12"
ACCOUNTS: dict[str, tuple[Role, str, str | None]] = {
    "lan": (Role.CLERK, "Nguyễn Thị Lan", BRANCH),
    "minh": (Role.CLERK, "Trần Văn Minh", BRANCH),
    "duc": (Role.CLERK, "Hoàng Văn Đức", BRANCH),
    "hoa": (Role.HELPER, "Lê Thị Hoa", BRANCH),
    "tam": (Role.SUPERVISOR, "Phạm Minh Tâm", BRANCH),
    "quang": (Role.MANAGER, "Võ Đình Quang", BRANCH),
    "kiem": (Role.AUDITOR, "Đỗ Văn Kiểm", BRANCH),
    "admin": (Role.ADMINISTRATOR, "Quản trị hệ thống", None),
}
"""Account → role, name, branch. Every password is PASSWORD."""

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""For these accounts only: a sign-in costs what its hash says, and a real one costs a third of a second."""

DAY_MINUTES = 24 * 60
NOTES = "demo.json"


BULK = 5
"""Of more dossiers, so many are done in a turn."""


def demo_config(now: datetime) -> BranchConfig:
    """A ward with five fields of different hours, all of which hold now, six counters and two priority classes.

    The service day is given a boundary that is hours away, so that a test never runs across it.
    """
    boundary = 0 if 2 <= now.astimezone(hours.zone("Asia/Ho_Chi_Minh")).hour < 20 else DAY_MINUTES // 2
    always = _around_the_clock(boundary)
    codes = ("chung-thuc", "ho-tich", "dat-dai", "kinh-doanh", "tra-ket-qua")
    own = {code: _around_the_clock(boundary, longer=10 * i) for i, code in enumerate(codes, 1)}
    return BranchConfig(
        branch=BRANCH,
        rule=RoutingRule(bulk_dossiers=BULK),
        name=Text("Trung tâm Phục vụ hành chính công phường Gò Vấp", "Gò Vấp Ward Public Service Centre"),
        organisation=Text("Ủy ban nhân dân phường Gò Vấp", "People's Committee of Gò Vấp Ward"),
        agencies=(
            Agency("phuong", Text("Ủy ban nhân dân phường Gò Vấp", "People's Committee of Gò Vấp Ward")),
            Agency("dat-dai", Text("Chi nhánh Văn phòng Đăng ký đất đai", "Land Registration Office")),
        ),
        series=tuple(Series(code, code, emergency=Block(901, 960)) for code in "AHKMS"),
        fields=(
            Field(
                "chung-thuc",
                Text("Chứng thực", "Certification"),
                "A",
                "phuong",
                Text("Sao y, chữ ký", "Certified copies, signatures"),
                hours=own["chung-thuc"],
                service_time_s=300,
                catalogue={"xa": ("Chứng thực",)},
            ),
            Field(
                "ho-tich",
                Text("Hộ tịch", "Civil status"),
                "H",
                "phuong",
                Text("Khai sinh, kết hôn, khai tử", "Births, marriages, deaths"),
                hours=own["ho-tich"],
                catalogue={"xa": ("Hộ tịch",)},
            ),
            Field(
                "dat-dai",
                Text("Đất đai", "Land"),
                "K",
                "dat-dai",
                Text("Sang tên, tách thửa, cấp sổ", "Transfers, plots, certificates"),
                hours=own["dat-dai"],
                service_time_s=1500,
            ),
            Field(
                "kinh-doanh",
                Text("Kinh doanh", "Business"),
                "M",
                "phuong",
                Text("Hộ kinh doanh, hợp tác xã", "Household businesses, cooperatives"),
                hours=own["kinh-doanh"],
                service_time_s=900,
            ),
            Field(
                "tra-ket-qua",
                Text("Nhận kết quả", "Collecting results"),
                "S",
                "phuong",
                Text("Có giấy hẹn trả kết quả", "With an appointment slip"),
                hours=own["tra-ket-qua"],
                service_time_s=180,
                service="collect",
            ),
        ),
        counters=(
            Desk(1, ("chung-thuc",), ("ho-tich",), agency="phuong"),
            Desk(2, ("chung-thuc",), agency="phuong"),
            Desk(3, ("ho-tich",), ("chung-thuc", "tra-ket-qua"), agency="phuong"),
            Desk(4, ("dat-dai",), agency="dat-dai"),
            Desk(5, ("chung-thuc", "kinh-doanh"), ("tra-ket-qua",), agency="phuong"),
            Desk(6, ("tra-ket-qua",), agency="phuong", floor=2),
        ),
        classes=(
            PriorityClass("NCT75", Text("Người từ 75 tuổi trở lên", "Aged 75 and over"), min_age=75),
            PriorityClass("NKT", Text("Người khuyết tật", "Person with a disability")),
        ),
        hours=always,
        day_boundary=boundary,
        limits=Limits(half_day_splits_at=boundary, clerks_call_chosen=True),
        satisfaction=Satisfaction(
            (
                Reason("cho-lau", Text("Chờ lâu", "The wait was long")),
                Reason("huong-dan", Text("Hướng dẫn chưa rõ", "It was not explained clearly")),
                Reason("thai-do", Text("Thái độ phục vụ", "The way I was spoken to")),
                Reason("giay-to", Text("Yêu cầu thêm giấy tờ", "More papers were asked for")),
            ),
            takes_comments=True,
        ),
        notice=Text("Mang theo giấy tờ bản chính khi đến quầy.", "Please bring your original papers to the counter."),
    )


def _around_the_clock(start: int, *, longer: int = 0) -> Hours:
    """Every day from this minute on; some minutes past the next day's boundary, which ends it before."""
    window = (Window(start, start + DAY_MINUTES + longer),)
    return Hours(weekly={day: DayHours(window, window) for day in WEEKDAYS})


def two_branches(home: BranchConfig) -> tuple[BranchConfig, BranchConfig]:
    """The branch and a second one, some eight minutes away; both take two fields from anywhere."""
    fields = tuple(replace(each, is_anywhere=each.code in ("chung-thuc", "ho-tich")) for each in home.fields)
    near = replace(
        home,
        branch=NEAR,
        name=Text("Chi nhánh B", "Branch B"),
        address=Text("12 Nguyễn Văn Nghi, Gò Vấp"),
        place=Position(10.848, 106.668),
        fields=fields,
    )
    return replace(home, place=Position(10.84, 106.66), fields=fields), near


def in_chinese(home: BranchConfig) -> BranchConfig:
    """The branch with a further language, in which it and its first field have a name."""
    first, *others = home.fields
    first = replace(first, name=replace(first.name, more={"zh": "认证"}))
    name = replace(home.name, more={"zh": "旧邑坊公共行政服务中心"})
    return replace(home, languages=("zh",), name=name, fields=(first, *others))


def at_its_fullest(config: BranchConfig) -> BranchConfig:
    """Names as long and classes as many as they are anywhere, and caps of one number a day: of civil status, and of
    results at the dispenser."""
    caps = {"ho-tich": Cap(day=1), "tra-ket-qua": Cap(channels={"kiosk": 1})}
    first, *others = (replace(each, cap=caps.get(each.code, Cap())) for each in config.fields)
    long = Text("Giải quyết thủ tục đất đai và môi trường", "Procedures of land, housing and environment")
    name = Text("Trung tâm Phục vụ hành chính công phường Hạnh Thông", "Hạnh Thông Ward Public Service Centre")
    classes = (
        PriorityClass("NCT75", Text("Người cao tuổi (từ 75 tuổi)", "Aged 75 or over")),
        PriorityClass("PNMT", Text("Phụ nữ mang thai", "Pregnant women")),
        PriorityClass(
            "NKT",
            Text("Người khuyết tật", "People with disabilities"),
            Text("Khuyết tật nặng, đặc biệt nặng", "Severe and very severe disabilities"),
        ),
        PriorityClass(
            "NCC",
            Text("Người có công", "People with merits"),
            Text("Thương binh, bệnh binh, người có công với cách mạng", "War invalids and people of merit"),
        ),
        PriorityClass(
            "TE",
            Text("Trẻ em", "Children"),
            Text("Trẻ em dưới 6 tuổi và người đi cùng", "Children under 6 and who comes with them"),
        ),
    )
    return replace(config, name=name, fields=(replace(first, name=long), *others), classes=classes)


async def set_up(
    house: House,
    *,
    ends_by_forecast: bool = False,
    confirms_priority: bool = False,
    has_two: bool = False,
    is_full: bool = False,
    asks_procedure: bool = False,
    has_chinese: bool = False,
    has_training: bool = False,
) -> dict[str, Any]:
    """Put branches, accounts and devices in; their ids and tokens."""
    administrator = Who("account:admin", Role.ADMINISTRATOR)
    config = demo_config(house.now())
    limits = replace(config.limits, ends_by_forecast=ends_by_forecast, confirms_priority=confirms_priority)
    fields = tuple(replace(each, asks_procedure=asks_procedure and each.code == ASKING) for each in config.fields)
    config = replace(config, limits=limits, fields=fields)
    config = in_chinese(config) if has_chinese else config
    branches = two_branches(config) if has_two else (config,)
    for each in map(at_its_fullest, branches) if is_full else branches:
        await house.bus.put_in_force(each, administrator.by(), f"demo-setup-{each.branch}")
    if has_training:
        await house.bus.put_in_force(training_copy(config), administrator.by(), "demo-setup-training")
    house.access.passwords.hasher = CHEAP
    for username, (role, name, branch) in ACCOUNTS.items():
        await house.access.put_account(username, PASSWORD, role, name=name, branch=branch)
    add = house.access.add_device
    printer = await add(Role.PRINTER, name="Máy in sảnh", branch=BRANCH)
    made = {
        "printer": printer,
        "dispenser": await add(Role.DISPENSER, name="Máy lấy số sảnh", branch=BRANCH, printer=printer[0]),
        "display": await add(Role.DISPLAY, name="Màn hình sảnh", branch=BRANCH),
        "rating": await add(Role.RATING, name="Máy đánh giá quầy 1", branch=BRANCH, counter=1),
        "integration": await add(Role.INTEGRATION, name="Tích hợp", branch=BRANCH),
    }
    if has_two:
        made["near"] = await add(Role.INTEGRATION, name="Tích hợp", branch=NEAR)
    return {
        "tokens": {kind: token for kind, (_, token) in made.items()},
        "devices": {kind: device for kind, (device, _) in made.items()},
    }


def log_everything() -> None:
    """Every logger there is, down to its least message, into the server's log."""
    logging.basicConfig(level=logging.NOTSET, force=True)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger("tests").debug("Everything is logged.")


async def serve(settings: Settings, *, has_all_logs: bool = False, **of_the_branch: bool) -> None:
    notes = settings.data / NOTES
    if not notes.exists():
        async with open_house(settings) as house:
            made = await set_up(house, **of_the_branch)
        notes.write_text(json.dumps(made))
    with bind(settings.host, settings.port) as listener:
        print(json.dumps({"port": listener.getsockname()[1], **json.loads(notes.read_text())}), flush=True)
        server = server_of(settings)
        if has_all_logs:
            log_everything()
        await server.serve([listener])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tests.demo_server")
    parser.add_argument("--data", type=Path, required=True, help="folder of the database")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--clock-start", help="the clock starts at this ISO instant")
    parser.add_argument("--clock-speed", type=float)
    parser.add_argument("--oidc-issuer", help="an OpenID provider")
    parser.add_argument("--oidc-client-id")
    parser.add_argument("--oidc-client-secret-file", type=Path)
    parser.add_argument("--second-factor", choices=("on", "off"), help="whether administrators need one; off")
    parser.add_argument("--ends-by-forecast", action="store_true", help="of the branch, from the first start on")
    parser.add_argument("--confirms-priority", action="store_true", help="of the branch, from the first start on")
    parser.add_argument("--has-two", action="store_true", help="branches, from the first start on")
    parser.add_argument("--is-full", action="store_true", help="of names, classes and caps, from the first start on")
    parser.add_argument("--asks-procedure", action="store_true", help="one field does, from the first start on")
    parser.add_argument("--has-chinese", action="store_true", help="as a further language, from the first start on")
    parser.add_argument("--has-training", action="store_true", help="copy of the branch, from the first start on")
    parser.add_argument("--has-all-logs", action="store_true", help="of every library, down to the least message")
    asked = vars(parser.parse_args(arguments))
    flags = (
        "ends_by_forecast",
        "confirms_priority",
        "has_two",
        "is_full",
        "asks_procedure",
        "has_chinese",
        "has_training",
    )
    given = {name: asked.pop(name) for name in (*flags, "has_all_logs")}
    asked["data"].mkdir(parents=True, exist_ok=True)
    uvloop.run(serve(read_settings({"LAYSO_SECOND_FACTOR": "off"}, **asked), **given))


if __name__ == "__main__":
    main()
