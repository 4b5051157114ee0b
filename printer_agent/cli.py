"""The command line: `printer-agent run | pair | status | discover | test-page`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from printer_agent.settings import LOCK, STATUS, BadSettings, Chosen, Settings, read_settings

WRONG_USE, NOT_LET_IN, FAULTY = 2, 3, 1
_GIVEN = ("server", "printer", "state", "token_file", "width", "confirms", "cut", "prints", "rest")
_NOT_READY = ("paper_out", "cover_open", "offline", "fault", "unreachable", "timeout")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 well, 1 a printer that cannot print (status) or a failure, 2 wrong use, 3 not let in."""
    given = _parser().parse_args(arguments)
    if sys.platform == "win32":  # a log in the system's code page could not hold Vietnamese
        for out in (sys.stdout, sys.stderr):
            if isinstance(out, TextIOWrapper):
                out.reconfigure(encoding="utf-8")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        told = {name: getattr(given, name, None) for name in _GIVEN}
        if given.fallback:
            told["fallback"] = [{"printer": printer} for printer in given.fallback]
        settings = read_settings(given.config, told)
        status: int = given.run(settings, **{name: getattr(given, name) for name in given.takes})
    except (BadSettings, RuntimeError) as fault:
        print(fault, file=sys.stderr)
        return WRONG_USE
    except PermissionError as fault:
        print(f"{fault}. Run this with sudo, or as the agent's user.", file=sys.stderr)
        return FAULTY
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="printer-agent", description="Lấy Số: prints tickets beside their printer.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="print the tickets of this device until stopped")
    pair = commands.add_parser("pair", help="let this device in: shows six digits for the manager's page")
    status = commands.add_parser("status", help="what the agent is doing, and what the printer says")
    page = commands.add_parser("test-page", help="print letters, ruler, QR code and greys; needs no server")
    find = commands.add_parser("discover", help="look for printers; says the line for printer.toml")
    find.add_argument("--network", metavar="NET", help="such as 192.0.2.0/24; by default this machine's")
    find.add_argument("--seconds", type=float, default=20.0, help="to look on the network, at most (20)")
    for command, work in ((run, _run), (pair, _pair), (status, _status), (page, _test_page), (find, _discover)):
        _add_common(command)
        command.set_defaults(run=work, takes=("network", "seconds") if command is find else ())
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="a TOML file with these settings")
    parser.add_argument("--server", metavar="URL", help="the queue server, such as http://192.0.2.10:8000")
    parser.add_argument("--state", metavar="DIR", help="the agent's memory (/var/lib/layso-printer)")
    parser.add_argument("--token-file", metavar="FILE", help="this device's token (DIR/token)")
    parser.add_argument("--printer", metavar="P", help="network:HOST[:9100], usb:VENDOR:PRODUCT, file:PATH …")
    parser.add_argument("--fallback", metavar="P", action="append", help="when that one cannot print; may be repeated")
    parser.add_argument("--width", metavar="DOTS", help="576 (72 mm at 203 dpi), 512, or 384 (paper of 58 mm)")
    parser.add_argument(
        "--confirms", metavar="HOW", help="in_order, real_time or none; by default what the kind allows"
    )
    parser.add_argument("--cut", metavar="HOW", help="partial, full or none")
    parser.add_argument("--prints", metavar="WHAT", help="picture, or text for printers that can print none")
    parser.add_argument("--rest", metavar="SECONDS", help="after each paper (0)")


def _run(settings: Settings) -> int:
    from printer_agent.running import run

    return asyncio.run(run(settings))


def _pair(settings: Settings) -> int:
    from printer_agent.pairing import PairingExpired, pair, write_token
    from printer_agent.server import PairingWait, Server, ServerRefused, ServerUnreachable

    def show(wait: PairingWait) -> None:
        code = f"{wait.code[:3]} {wait.code[3:]}"
        print(
            f"Mã ghép nối: {code}\nNhập mã này ở trang Thiết bị của lãnh đạo hoặc quản trị, trong 10 phút.", flush=True
        )

    try:
        token = asyncio.run(pair(Server(settings.server_address), show))
    except PairingExpired:
        print("Mã đã hết hạn; hãy chạy lại lệnh này.", file=sys.stderr)
        return NOT_LET_IN
    except (ServerRefused, ServerUnreachable) as fault:
        print(f"{settings.server}: {fault}", file=sys.stderr)
        return FAULTY
    write_token(settings.token_path, token)
    print(f"Đã ghép nối. Khóa của máy in nằm trong {settings.token_path}.")
    return 0


def _status(settings: Settings) -> int:
    from printer_agent.board import read_board
    from printer_agent.holding import is_held

    shown = read_board(settings.state / STATUS)
    if shown is not None and is_held(settings.state / LOCK):
        print(f"agent    running (process {shown.pid}), server {shown.server}")
        for name, said in shown.printers.items():
            _print_said(name, said or "not tried yet", is_alone=len(shown.printers) == 1)
        print(f"papers   {shown.owed} owed, last printed: {shown.last_number or 'none'}")
        return FAULTY if shown.server != "live" or set(shown.printers.values()) & set(_NOT_READY) else 0
    print("agent    not running")
    if settings.printer:
        return _ask_printers(settings.printers())
    return FAULTY


def _ask_printers(chosen: list[Chosen]) -> int:
    """Directly; while an agent runs it holds the printers' only lines."""
    from printer_agent.job import ask_status
    from printer_agent.status import Status

    for each in chosen:
        found = ask_status(each.target, each.options, within=5.0)
        said = found.warning or "ok" if isinstance(found, Status) else found
        _print_said(each.name, said, is_alone=len(chosen) == 1)
    return FAULTY


def _print_said(name: str, said: str, *, is_alone: bool) -> None:
    print(f"printer  {said}" if is_alone else f"printer  {name}: {said}")


def _test_page(settings: Settings) -> int:
    from printer_agent.job import print_picture
    from printer_agent.outcome import Printed
    from printer_agent.specimen import specimen

    is_well = True
    chosen = settings.printers()
    for each in chosen:
        outcome = print_picture(each.target, each.options, specimen(each), on_first_byte=lambda: None)
        said = (outcome.warning or "ok") if isinstance(outcome, Printed) else outcome.reason
        _print_said(each.name, said, is_alone=len(chosen) == 1)
        is_well = is_well and isinstance(outcome, Printed)
    return 0 if is_well else FAULTY


def _discover(settings: Settings, *, network: str | None, seconds: float) -> int:
    from printer_agent.discovery import discover

    return 0 if asyncio.run(discover(settings.server, network, seconds)) else FAULTY
