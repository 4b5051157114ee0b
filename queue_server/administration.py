"""What an administrator does from the command line, with the server stopped."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from getpass import getpass
from pathlib import Path
from uuid import uuid4

from msgspec import Struct

from queue_server.access.identity import Who
from queue_server.access.passwords import PASSWORD_MIN, require_good
from queue_server.access.rights import Role
from queue_server.access.staff import USERNAME
from queue_server.access.store import Access
from queue_server.app import open_house, open_journal
from queue_server.audit.trail import COMMAND_LINE, Action, Entry, note
from queue_server.directory.faults import InvalidDirectory
from queue_server.directory.importing import (
    Organisation,
    describe_import,
    plan_import,
    read_organisation,
    store_import,
)
from queue_server.domain.configuration import BranchConfig
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Database, Journal
from queue_server.protocol.problems import problem
from queue_server.settings import Settings

SETUP = Who("account:setup", Role.ADMINISTRATOR, name="setup", clerk="setup")


def check_organisation(file: Path) -> int:
    """Check a file and say what is wrong with it, each fault with its path."""
    try:
        organisation = read_organisation(file)
    except InvalidDirectory as fault:
        print(fault, file=sys.stderr)
        return 2
    count = len(organisation.branches)
    print(f"{organisation.code}: no fault in {count} {'branch' if count == 1 else 'branches'}")
    return 0


def import_organisation(settings: Settings, file: Path, *, overwrite: bool, is_agreed: bool) -> int:
    """Show what an import would change, ask, and put it in force."""
    try:
        organisation = read_organisation(file)
        return asyncio.run(_import(settings, organisation, overwrite=overwrite, is_agreed=is_agreed))
    except InvalidDirectory as fault:
        print(fault, file=sys.stderr)
        return 2
    except Refusal as refusal:
        said = problem(refusal.code, refusal.data, "en").detail
        print(f"Not everything is in force: {said} Then import the file again.", file=sys.stderr)
        return 1


def agrees() -> bool:
    """Whether somebody at the terminal says yes."""
    try:
        return input("Put this in force? [y/N] ").strip().lower() == "y"
    except EOFError:
        print("\nNobody answered; --yes does not ask.", file=sys.stderr)
        return False


async def _import(settings: Settings, organisation: Organisation, *, overwrite: bool, is_agreed: bool) -> int:
    async with open_house(settings) as house:
        plan = await house.journal.run(partial(plan_import, organisation=organisation, overwrite=overwrite))
        print(describe_import(plan))
        if plan.merge.changes and not is_agreed and not await asyncio.to_thread(agrees):
            print("Nothing was put in force.", file=sys.stderr)
            return 1

        def store(db: Database) -> list[BranchConfig]:
            note(db, Entry(COMMAND_LINE, Action.CONFIGURED, organisation.code))
            return store_import(db, plan, datetime.now(UTC))

        configs = await house.journal.run(store)
        for config in configs:
            await house.bus.put_in_force(config, SETUP.by(), uuid4().hex)
    return 0


# -- accounts ----------------------------------------------------------------------------------------------------------


class NewAccount(Struct, frozen=True):
    username: str
    role: Role
    name: str
    branch: str | None
    is_replacing: bool


def add_account(settings: Settings, account: NewAccount) -> int:
    """Make an account; its password is asked for, or read from standard input when that is no terminal."""
    if not USERNAME.fullmatch(account.username):
        print("A user name has 2 to 40 letters, digits, dots or dashes.", file=sys.stderr)
        return 2
    password = _password()
    if password is None:
        print("The two passwords differ.", file=sys.stderr)
        return 2
    try:
        require_good(password, account.username)
    except Refusal as refusal:
        print(problem(refusal.code, refusal.data, "en").detail, file=sys.stderr)
        return 2
    return with_access(settings, lambda journal, access: _add(journal, access, account, password))


def _password() -> str | None:
    """The same twice from a terminal; one line from a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass(f"Password (at least {PASSWORD_MIN} characters): ")
    return first if first == getpass("Again: ") else None


async def _add(journal: Journal, access: Access, account: NewAccount, password: str) -> int:
    if account.username in {known.username for known in await access.accounts()} and not account.is_replacing:
        print(f"{account.username} exists. Add --replace for a new password, role, name or branch.", file=sys.stderr)
        return 1
    if not await _is_here(journal, account.branch):
        return 1
    await access.put_account(account.username, password, account.role, name=account.name, branch=account.branch)
    print(f"{account.username} may sign in: {account.role.value} {_where(account.branch)}.")
    return 0


async def _is_here(journal: Journal, branch: str | None) -> bool:
    if branch is None or await journal.head(branch) is not None:
        return True
    known = ", ".join(head.branch_id for head in await journal.heads()) or "none yet"
    print(f"There is no branch {branch} here (there is: {known}).", file=sys.stderr)
    return False


def add_program(settings: Settings, name: str, branch: str | None) -> int:
    """Print a token by which another program may use the API; only its hash is kept."""
    return with_access(settings, lambda journal, access: _let_in(journal, access, name, branch))


async def _let_in(journal: Journal, access: Access, name: str, branch: str | None) -> int:
    if not await _is_here(journal, branch):
        return 1
    _, token = await access.add_device(Role.INTEGRATION, name=name, branch=branch)
    print(f"{name} may use the API {_where(branch)}. Its token is told only now:", file=sys.stderr)
    print(token)
    return 0


def reset_second_factor(settings: Settings, username: str) -> int:
    """Take away a second factor that is lost, and end the account's sessions."""
    return with_access(settings, lambda _, access: _reset(access, username))


async def _reset(access: Access, username: str) -> int:
    if await access.person(username) is None:
        print(f"There is no account {username}.", file=sys.stderr)
        return 1
    await access.second_factors.remove(username, by=COMMAND_LINE)
    await access.end_sessions(username)
    print(f"{username} signs in by password alone now; an administrator sets up another second factor then.")
    return 0


def list_accounts(settings: Settings) -> int:
    """Print every account that may sign in."""
    return with_access(settings, lambda _, access: _list(access))


async def _list(access: Access) -> int:
    for account in await access.accounts():
        role, where = (account.role, _where(account.branch)) if account.role else ("by postings", "")
        print(f"{account.username:<20} {role:<14} {where:<24} {account.name}")
    return 0


def _where(branch: str | None) -> str:
    return f"at {branch}" if branch is not None else "at every branch"


def with_access(settings: Settings, work: Callable[[Journal, Access], Awaitable[int]]) -> int:
    """Open the database alone, without timers or readers. One on SQLite must have no server then."""

    async def run() -> int:
        journal = await open_journal(settings)
        try:
            return await work(journal, await Access.open(journal, settings.second_factor_key_file))
        finally:
            await journal.close()

    return asyncio.run(run())
