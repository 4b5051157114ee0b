"""The command line: `printer-agent run | pair | status`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from printer_agent.settings import STATUS, BadSettings, Settings, parse_target, read_settings

WRONG_USE, NOT_LET_IN, FAULTY = 2, 3, 1
_GIVEN = ("server", "printer", "state", "token_file", "width", "confirms", "cut", "rest")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 well, 1 a printer that cannot print (status) or a failure, 2 wrong use, 3 not let in."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        settings = read_settings(given.config, {name: getattr(given, name, None) for name in _GIVEN})
        status: int = given.run(settings)
    except BadSettings as fault:
        print(fault, file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="printer-agent", description="Lấy Số: prints tickets beside their printer.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="print the tickets of this device until stopped")
    pair = commands.add_parser("pair", help="let this device in: shows six digits for the manager's page")
    status = commands.add_parser("status", help="what the agent is doing, and what the printer says")
    for command, work in ((run, _run), (pair, _pair), (status, _status)):
        _add_common(command)
        command.set_defaults(run=work)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="a TOML file with these settings")
    parser.add_argument("--server", metavar="URL", help="the queue server, such as http://192.0.2.10:8000")
    parser.add_argument("--state", metavar="DIR", help="the agent's memory (/var/lib/layso-printer)")
    parser.add_argument("--token-file", metavar="FILE", help="this device's token (DIR/token)")
    parser.add_argument("--printer", metavar="P", help="network:HOST[:9100], usb:VENDOR:PRODUCT or file:PATH")
    parser.add_argument("--width", metavar="DOTS", help="576 (72 mm at 203 dpi) or 512")
    parser.add_argument(
        "--confirms", metavar="HOW", help="in_order, real_time or none; by default what the kind allows"
    )
    parser.add_argument("--cut", metavar="HOW", help="partial or full")
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
    from printer_agent.board import is_running, read_board

    shown = read_board(settings.state / STATUS)
    if shown is not None and is_running(shown):
        print(f"agent    running (process {shown.pid}), server {shown.server}")
        print(f"printer  {shown.printer or 'not tried yet'}")
        print(f"papers   {shown.owed} owed, last printed: {shown.last_number or 'none'}")
        return 0 if shown.server == "live" and shown.printer in ("", "ok", "near_end") else FAULTY
    print("agent    not running")
    if settings.printer:
        return _ask_printer(settings)
    return FAULTY


def _ask_printer(settings: Settings) -> int:
    """Directly; while an agent runs it holds the printer's only line."""
    from printer_agent.job import ask_status
    from printer_agent.status import Status

    target = parse_target(settings.printer)
    found = ask_status(target, settings.options(target), within=5.0)
    said = found.warning or "ok" if isinstance(found, Status) else found
    print(f"printer  {said}")
    return FAULTY
