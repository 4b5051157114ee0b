"""The command line: `display-client run | status | install`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from display_client.player.settings import LOCK, LOG, STATUS, BadSettings, Settings, read_settings

FAULTY, WRONG_USE = 1, 2
LOG_BYTES = 500_000
_GIVEN = ("server", "branch", "page", "screen", "query", "chromium", "state", "memory_mb")
FORMAT = "%(levelname)s %(message)s"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 well, 1 a player that does not run (status) or a failure, 2 wrong use."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format=FORMAT, stream=sys.stderr)
    try:
        settings = read_settings(given.config, {name: getattr(given, name) for name in _GIVEN})
        status: int = given.run(settings)
    except BadSettings as fault:
        print(fault, file=sys.stderr)
        return WRONG_USE
    except PermissionError as fault:
        print(f"{fault}. Run this as the screen's user.", file=sys.stderr)
        return FAULTY
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="display-client", description="Lấy Số: shows a page full screen, for good.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="show this screen's page until stopped")
    status = commands.add_parser("status", help="what the player is doing, and its browser's memory")
    install = commands.add_parser("install", help="what is missing on this machine, and how it starts by itself")
    for command, work in ((run, _run), (status, _status), (install, _install)):
        _add_common(command)
        command.set_defaults(run=work)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="a TOML file with these settings")
    parser.add_argument("--server", metavar="URL", help="the queue server, such as http://192.0.2.10:8000")
    parser.add_argument("--branch", metavar="CODE", help="whose page is shown")
    parser.add_argument("--page", metavar="WHICH", help="display (if nothing is said), dispenser or rating")
    parser.add_argument("--screen", metavar="CODE", help="of the branch's configured screens")
    parser.add_argument("--query", metavar="TEXT", help="more for the page's address, such as muted=1")
    parser.add_argument("--chromium", metavar="PATH", help="the browser, where it is not found by itself")
    parser.add_argument("--state", metavar="DIR", help="the player's memory (/var/lib/layso-screen)")
    parser.add_argument("--memory-mb", metavar="MB", help="above which the browser is started anew (1200)")


def _run(settings: Settings) -> int:
    from display_client.player.player import run

    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    journal = RotatingFileHandler(settings.state / LOG, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    journal.setFormatter(logging.Formatter(f"%(asctime)s {FORMAT}"))
    logging.getLogger().addHandler(journal)
    return asyncio.run(run(settings, pid=os.getpid()))


def _status(settings: Settings) -> int:
    from display_client.player.browser import memory_mb
    from display_client.player.keeping import hold, read_shown

    shown = read_shown(settings.state / STATUS)
    held = hold(settings.state / LOCK) if shown else None
    if shown is None or held is not None:
        if held is not None:
            held.close()
        print("player   not running")
        return FAULTY
    print(f"player   running (process {shown.pid})")
    print(f"browser  {shown.browser or 'not yet'}, {memory_mb(shown.browser_pid) if shown.browser_pid else 0} MB")
    print(f"page     {shown.page}")
    print(f"restarts {shown.restarts}, last: {shown.last_end or 'none'}")
    return 0


def _install(settings: Settings) -> int:
    from display_client.player.installing import lines

    for line in lines(settings):
        print(line)
    return 0
