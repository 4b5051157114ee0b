"""The command line: `queue-server serve | demo | import | check-config | backup | restore | move | doctor | …`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from queue_server.settings import BadSettings, Settings, read_settings
from queue_server.troubles import TROUBLES, sentence

if TYPE_CHECKING:
    from queue_server.citizens import Wanted
    from queue_server.serving import Served


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 when it did what was asked, 2 for what cannot be used."""
    given = _parser().parse_args(arguments)
    try:
        status: int = given.run(given)
    except TROUBLES as fault:
        print(sentence(fault), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="queue-server", description="Lấy Số: queues of public service centres.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="serve the branches of a data folder"))
    _add_demo(commands.add_parser("demo", help="serve a realistic demo centre"))
    _add_import(commands.add_parser("import", help="bring an organisation's file into the directory"))
    _add_check(commands.add_parser("check-config", help="print the settings in force, or check an organisation's file"))
    _add_backup(commands.add_parser("backup", help="copy the database into a file"))
    _add_restore(commands.add_parser("restore", help="make a database of a backup, where there is none yet"))
    _add_move(commands.add_parser("move", help="bring branches of a PC into PostgreSQL, with their history"))
    _add_doctor(commands.add_parser("doctor", help="say what is wrong and what to do"))
    _add_audit(commands.add_parser("audit", help="say whether anything was changed after it was written"))
    _add_citizen(commands.add_parser("citizen", help="what is kept of one visit: print it, or erase what is personal"))
    _add_training(commands.add_parser("training", help="make, renew or end the copy of a branch to practise in"))
    _add_account(commands.add_parser("account", help="add or list accounts"))
    _add_program(commands.add_parser("program", help="let in other programs, such as the dossier backend"))
    return parser


def _add_common(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int]) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the database")
    parser.set_defaults(run=run)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="H", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, metavar="P", help="port to listen on (8000; 0 takes a free one)")


def _settings(given: argparse.Namespace) -> Settings:
    names = ("data", "host", "port", "workers", "worker_port", "clock_start", "clock_speed")
    return read_settings(os.environ, **{name: getattr(given, name, None) for name in names})


def _add_serve(parser: argparse.ArgumentParser) -> None:
    _add_common(parser, _serve)
    _add_address(parser)
    parser.add_argument("--workers", type=int, metavar="N", help="processes that serve (1; more need PostgreSQL)")
    parser.add_argument(
        "--worker-port", type=int, metavar="P", help="each worker listens on its own port too, from P on"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON when ready, and nothing else")


def _serve(given: argparse.Namespace) -> int:
    from queue_server.serving import serve

    def say(served: Served) -> None:
        print(msgspec.json.encode(served).decode() if given.json else _served(served), flush=True)
        if not served.has_branch:
            print("There is no branch here yet. Bring one in: queue-server import FILE", file=sys.stderr)

    return serve(_settings(given), on_ready=say)


def _served(served: Served) -> str:
    own = [str(worker.port) for worker in served.workers if worker.port is not None]
    workers = f", {len(served.workers)} tiến trình" if served.workers else ""
    return f"Lấy Số đang chạy tại {served.url}{workers}" + (f" (cổng riêng {', '.join(own)})" if own else "")


def _add_demo(parser: argparse.ArgumentParser) -> None:
    _add_common(parser, _demo)
    _add_address(parser)
    parser.add_argument("--json", action="store_true", help="print one line of JSON when ready, and nothing else")
    parser.add_argument("--hours", choices=("always", "configured"), default="always", help="when the demo is open")
    parser.add_argument("--live", action="store_true", help="play a busy day through the real interfaces")
    parser.add_argument("--printer", metavar="P", help="network:HOST[:PORT], usb:VENDOR:PRODUCT or file:PATH")
    parser.add_argument("--clock-start", type=datetime.fromisoformat, metavar="T", help="the clock starts at T (ISO)")
    parser.add_argument("--clock-speed", type=float, metavar="X", help="and runs X times as fast")


def _demo(given: argparse.Namespace) -> int:
    from queue_server.demo import DemoOptions, demo

    options = DemoOptions(is_json=given.json, hours=given.hours, is_live=given.live, printer=given.printer)
    return demo(_settings(given), options)


def _add_import(parser: argparse.ArgumentParser) -> None:
    _add_common(parser, _import)
    parser.add_argument("file", type=Path, help="such as config/organisations/go-vap.yaml")
    parser.add_argument("--overwrite", action="store_true", help="also what was changed in the browser since")
    parser.add_argument("--yes", action="store_true", help="do not ask before it takes effect")


def _import(given: argparse.Namespace) -> int:
    from queue_server.administration import import_organisation

    return import_organisation(_settings(given), given.file, overwrite=given.overwrite, is_agreed=given.yes)


def _add_check(parser: argparse.ArgumentParser) -> None:
    _add_common(parser, _check)
    parser.add_argument("file", type=Path, nargs="?", help="an organisation's file")


def _check(given: argparse.Namespace) -> int:
    from queue_server.administration import check_organisation

    if given.file is not None:
        return check_organisation(given.file)
    for name, value in _settings(given).shown().items():
        print(f"{name} = {value}")
    return 0


def _add_backup(parser: argparse.ArgumentParser) -> None:
    _add_common(parser, _backup)
    parser.add_argument("file", type=Path, metavar="FILE", nargs="?", help="one named by the time, unless given")
    parser.add_argument("--keep", type=int, metavar="N", help="remove all but the newest N backups of the folder")


def _backup(given: argparse.Namespace) -> int:
    from queue_server.transfers import make_backup

    return make_backup(_settings(given), given.file, keep=given.keep)


def _add_restore(parser: argparse.ArgumentParser) -> None:
    _add_common(parser, _restore)
    parser.add_argument("file", type=Path, metavar="FILE", help="such as backups/journal-20261122-103000.db")


def _restore(given: argparse.Namespace) -> int:
    from queue_server.transfers import restore_backup

    return restore_backup(_settings(given), given.file)


def _add_move(parser: argparse.ArgumentParser) -> None:
    _add_common(parser, _move)
    parser.add_argument("file", type=Path, metavar="FILE", help="a PC's data folder, its database, or a backup of it")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--branch", action="append", metavar="CODE", help="a branch to move; may be given several times")
    which.add_argument("--all", action="store_true", help="every branch that is there")
    parser.add_argument("--rename", action="append", default=[], metavar="OLD=NEW", help="another user name on the way")
    parser.add_argument("--yes", action="store_true", help="do not ask before it is done")


def _move(given: argparse.Namespace) -> int:
    from queue_server.moves import MoveOptions, move_branches, renaming

    return move_branches(_settings(given), given.file, MoveOptions(given.branch, renaming(given.rename), given.yes))


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    _add_common(parser, _doctor)


def _doctor(given: argparse.Namespace) -> int:
    from queue_server.app import DATABASE
    from queue_server.doctor import doctor

    settings = _settings(given)
    return doctor(settings, settings.data / DATABASE)


def _add_audit(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    verifying = actions.add_parser("verify", help="compute the chains anew, and print their newest values")
    _add_common(verifying, _audit_verify)
    verifying.add_argument("--against", action="append", default=[], metavar="VALUE", help="a value that was kept")


def _audit_verify(given: argparse.Namespace) -> int:
    from queue_server.auditing import verify_trail

    return verify_trail(_settings(given), given.against)


def _add_citizen(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    for name, run, what in (
        ("export", _citizen_export, "print all that is kept of a visit, as JSON"),
        ("erase", _citizen_erase, "delete what is personal of a visit, and say what stays"),
    ):
        action = actions.add_parser(name, help=what)
        _add_common(action, run)
        action.add_argument("--token", metavar="T", help="the token on the paper or phone; or else:")
        action.add_argument("--branch", metavar="CODE")
        action.add_argument("--day", type=date.fromisoformat, metavar="2026-11-22")
        action.add_argument("--number", metavar="A012")


def _citizen_export(given: argparse.Namespace) -> int:
    from queue_server.citizens import export

    return export(_settings(given), _wanted(given))


def _citizen_erase(given: argparse.Namespace) -> int:
    from queue_server.citizens import erase

    return erase(_settings(given), _wanted(given))


def _wanted(given: argparse.Namespace) -> Wanted:
    from queue_server.citizens import Wanted

    if given.token is None and not (given.branch and given.day and given.number):
        raise BadSettings("Name the visit: --token T, or --branch CODE --day 2026-11-22 --number A012.")
    return Wanted(given.token, given.branch or "", given.day, given.number or "")


def _add_training(parser: argparse.ArgumentParser) -> None:
    _add_common(parser, _training)
    parser.add_argument("branch", metavar="BRANCH", help="the branch to practise for, such as go-vap")
    parser.add_argument("--end", action="store_true", help="remove the copy with everything in it")


def _training(given: argparse.Namespace) -> int:
    from queue_server.training import end_training, start_training

    return (end_training if given.end else start_training)(_settings(given), given.branch)


def _add_account(parser: argparse.ArgumentParser) -> None:
    from queue_server.access.rights import ACCOUNTS

    actions = parser.add_subparsers(required=True, metavar="ACTION")
    adding = actions.add_parser("add", help="make an account; asks for its password, or reads it from a pipe")
    _add_common(adding, _account_add)
    adding.add_argument("username")
    adding.add_argument("--role", required=True, choices=sorted(role.value for role in ACCOUNTS))
    adding.add_argument("--name", default="", help="as colleagues read it, such as “Nguyễn Thị Lan”")
    _add_where(adding)
    adding.add_argument("--replace", action="store_true", help="also when there is such an account already")
    _add_common(actions.add_parser("list", help="print every account"), _account_list)
    resetting = actions.add_parser("reset-second-factor", help="of who has lost it; set up anew at the next sign-in")
    _add_common(resetting, _account_reset)
    resetting.add_argument("username")


def _add_where(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--branch", metavar="CODE", help="the branch where it may work")
    where.add_argument("--every-branch", action="store_true", help="it may work everywhere, as administrators do")


def _add_program(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    adding = actions.add_parser("add", help="print a token by which a program may use the API; it is told only once")
    _add_common(adding, _program_add)
    adding.add_argument("name", help="as people read it, such as “Hệ thống một cửa”")
    _add_where(adding)


def _program_add(given: argparse.Namespace) -> int:
    from queue_server.administration import add_program

    return add_program(_settings(given), given.name, given.branch)


def _account_add(given: argparse.Namespace) -> int:
    from queue_server.access.rights import Role
    from queue_server.administration import NewAccount, add_account

    name = given.name or given.username
    return add_account(
        _settings(given), NewAccount(given.username, Role(given.role), name, given.branch, is_replacing=given.replace)
    )


def _account_reset(given: argparse.Namespace) -> int:
    from queue_server.administration import reset_second_factor

    return reset_second_factor(_settings(given), given.username)


def _account_list(given: argparse.Namespace) -> int:
    from queue_server.administration import list_accounts

    return list_accounts(_settings(given))
