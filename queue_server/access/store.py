"""Accounts, devices and sessions: rows in the database. Who a token belongs to is kept in memory once it was asked for,
until some process says that something has changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from queue_server.access import statements as sql
from queue_server.access.identity import NOBODY, Who
from queue_server.access.known import Known
from queue_server.access.passwords import Passwords, require_good
from queue_server.access.people import Person
from queue_server.access.rights import Role
from queue_server.access.second_factor import SecondFactors
from queue_server.access.sessions import ID_LETTERS, Sessions
from queue_server.access.tokens import FormerKey, TicketTokens, former_key_name, hash_of, new_device_id, new_token
from queue_server.audit.trail import COMMAND_LINE, Action, Entry
from queue_server.domain.refusals import Refusal
from queue_server.domain.training import training_code
from queue_server.journal.port import Database, Journal

FORMER_TOKEN_S = 24 * 3600


class DeviceInfo(Struct, frozen=True):
    """A device as the manager page lists it."""

    id: str
    kind: str
    name: str
    branch: str | None
    printer: str | None
    screen: str | None
    counter: int | None
    created_at: int
    revoked_at: int | None
    used_on: str | None = None


class AccountInfo(Struct, frozen=True):
    """An account as the command line lists it."""

    username: str
    name: str
    role: str
    branch: str | None


class Access:
    """Knows who is asking. Open with `Access.open`; `on_changed` is called after every change of somebody's rights."""

    def __init__(
        self, journal: Journal, ticket_tokens: TicketTokens, second_factor_key: Path, now: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._now = now
        self.ticket_tokens = ticket_tokens
        self.on_changed: Callable[[], None] = lambda: None
        self.passwords = Passwords()
        self.sessions = Sessions(journal, now)
        self.second_factors = SecondFactors(journal, second_factor_key, now)
        self._devices: Known[Who] = Known(self._find_devices)

    @classmethod
    async def open(cls, journal: Journal, second_factor_key: Path, now: Callable[[], float] = time.time) -> Access:
        """`now` are seconds since the epoch."""
        access = cls(
            journal, TicketTokens(await journal.run(partial(_secret, name="ticket-token"))), second_factor_key, now
        )
        await access.read_former_keys()
        return access

    async def secret(self, name: str) -> bytes:
        """A key of this installation; a new one where there is none."""
        return await self._journal.run(partial(_secret, name=name))

    # -- asking ----------------------------------------------------------------------------------------------------

    async def by_bearer(self, token: str) -> Who:
        """The device or integration of a bearer token.

        Raises:
            Refusal: `wrong-token`; a program cannot sign in again.
        """
        who = await self._devices.get(hash_of(token))
        if who is None:
            raise Refusal("wrong-token")
        return who

    async def by_session(self, token: str, *, is_use: bool = False) -> Who:
        """The account or device of a session cookie; nobody when it has ended."""
        return await self.sessions.who(hash_of(token), is_use=is_use)

    async def _find_devices(self, hashes: list[str]) -> Mapping[str, Who]:
        now = self._now()
        today = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
        return await self._journal.run(partial(sql.by_token, hashes=hashes, now=int(now), today=today))

    async def names(self, clerks: Iterable[str]) -> dict[str, str]:
        """The names of people by their user name, and of devices by their actor."""
        wanted = sorted(set(clerks))
        return await self._journal.run(partial(sql.names, clerks=wanted)) if wanted else {}

    # -- what others change --------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Rights may not be what they were: ask the database again."""
        self._devices.forget()
        self.sessions.forget()

    async def revision(self) -> int:
        """Grows with every change of somebody's rights."""
        found = await self._journal.run(lambda db: db.execute(sql.REVISION).fetchone())
        return found[0] if found is not None else 0

    async def read_former_keys(self) -> None:
        """A branch may have been moved here, with the key of its tickets."""
        self.ticket_tokens.former = await self._journal.run(_former_keys)

    async def ended(self) -> frozenset[str]:
        """The actors that have no rights any more."""
        rows = await self._journal.run(lambda db: db.execute(sql.ENDED).fetchall())
        return frozenset(row[0] for row in rows)

    def tell(self) -> None:
        """Something was changed: here and elsewhere it is asked for anew."""
        self.forget()
        self.on_changed()

    async def change(self, *steps: tuple[str, Sequence[Any]], entry: Entry) -> int:
        """Write, note it in the trail where something was written, and let every process know; how many rows the last
        step touched."""

        def work(db: Database) -> int:
            counts = [db.execute(statement, values).rowcount for statement, values in steps]
            if counts[-1]:
                sql.note_at_branch(db, entry)
            db.execute(sql.BUMP)
            return counts[-1]

        count = await self._journal.run(work)
        self.tell()
        return count

    # -- signing in ------------------------------------------------------------------------------------------------

    async def sign_in(
        self,
        username: str,
        password: str,
        *,
        code: str | None = None,
        browser: str = "",
        instead_of: str | None = None,
    ) -> tuple[str, Who]:
        """A new session's token; the browser's former session ends.

        Raises:
            Refusal: `wrong-credentials`, after the same work whether or not the account exists; then what
                `SecondFactors.require` raises; `no-posting-today`
        """
        if not await self.is_password(username, password):
            await self._note_failure(username)
            raise Refusal("wrong-credentials")
        try:
            await self.second_factors.require(username, code)
        except Refusal as refusal:
            if refusal.code == "wrong-code":
                await self._note_failure(username)
            raise
        return await self.let_in(username, browser=browser, instead_of=instead_of)

    async def _note_failure(self, username: str) -> None:
        """With the name, unless there is no such account: then it may be a password in the wrong place."""

        def work(db: Database) -> None:
            known = username if db.execute(sql.PASSWORD, (username,)).fetchone() is not None else ""
            sql.note_at_branch(db, Entry(NOBODY.actor, Action.SIGN_IN_FAILED, known))

        await self._journal.run(work)

    async def is_password(self, username: str, password: str) -> bool:
        """After the same work whether or not there is such an account."""
        row = await self._journal.run(lambda db: db.execute(sql.PASSWORD, (username,)).fetchone())
        return await self.passwords.is_right(row[0] if row is not None else None, password)

    async def let_in(self, username: str, *, browser: str = "", instead_of: str | None = None) -> tuple[str, Who]:
        """A new session for somebody who is known to be this account.

        Raises:
            Refusal: `no-account`, `no-posting-today`
        """
        person = await self.person(username)
        if person is None:
            raise Refusal("no-account", username=username)
        who = person.who(self.sessions.today)
        if who.owes == "posting":
            raise Refusal("no-posting-today")
        entry = Entry(who.actor, Action.SIGNED_IN, branch=who.branch)
        token = await self.sessions.add(entry, account=username, device=None, browser=browser, instead_of=instead_of)
        return token, await self.by_session(token)

    async def let_in_from_elsewhere(
        self, username: str, *, is_strong: bool, browser: str = "", instead_of: str | None = None
    ) -> tuple[str, Who]:
        """A new session for whom a provider has identified, with a second factor where that `is_strong`. A password for
        once is good no more: who signs in there needs none here.

        Raises:
            Refusal: `sso-second-factor`, and what `let_in` raises.
        """
        person = await self.person(username)
        if person is not None and not is_strong:
            is_administrator = person.role is Role.ADMINISTRATOR and self.sessions.needs_second_factor
            if person.has_second_factor or is_administrator:
                raise Refusal("sso-second-factor")
        if person is not None and person.must_change:
            await self.change(
                ("UPDATE account SET password_hash = '', must_change = false WHERE username = ?", (username,)),
                entry=Entry(f"account:{username}", Action.PASSWORD_PUT, username),
            )
        return await self.let_in(username, browser=browser, instead_of=instead_of)

    async def person(self, username: str) -> Person | None:
        """An account that may sign in, with its postings."""
        return await self._journal.run(partial(_person, username=username))

    async def change_password(self, username: str, old: str, new: str) -> None:
        """One's own; all its sessions end.

        Raises:
            Refusal: `wrong-password`, `password-same`, and what `passwords.require_good` raises.
        """
        if not await self.is_password(username, old):
            raise Refusal("wrong-password")
        if old == new:
            raise Refusal("password-same")
        require_good(new, username)
        await self.put_password(username, new, must_change=False, by=f"account:{username}")

    async def put_password(self, username: str, password: str, *, must_change: bool, by: str = COMMAND_LINE) -> None:
        """Whatever it was; all its sessions end."""
        password_hash = await self.passwords.hash(password)
        await self.change(
            ("DELETE FROM session WHERE account = ?", (username,)),
            (
                "UPDATE account SET password_hash = ?, must_change = ? WHERE username = ?",
                (password_hash, must_change, username),
            ),
            entry=Entry(by, Action.PASSWORD_PUT, username),
        )

    async def sign_in_device(self, token: str) -> tuple[str, Who]:
        """A browser session for a device's token."""
        who = await self.by_bearer(token)
        entry = Entry(who.actor, Action.SIGNED_IN, branch=who.branch)
        return await self.sessions.add(entry, account=None, device=who.device), who

    async def sign_out(self, token: str) -> None:
        who = await self.by_session(token)
        if who is not NOBODY:
            ended = Entry(who.actor, Action.SIGNED_OUT, branch=who.branch)
            await self.change(("DELETE FROM session WHERE token_hash = ?", (hash_of(token),)), entry=ended)

    async def end_sessions(self, username: str, *, but: str = "", only: str = "", by: str = COMMAND_LINE) -> int:
        """Of an account: all, all `but` one (its hash), or the `only` one with this id; how many have ended."""
        which, its = ("substr(token_hash, 1, ?) = ?", (ID_LETTERS, only)) if only else ("token_hash <> ?", (but,))
        return await self.change(
            (f"DELETE FROM session WHERE account = ? AND {which}", (username, *its)),
            entry=Entry(by, Action.SESSION_ENDED, username),
        )

    # -- accounts and devices --------------------------------------------------------------------------------------

    async def accounts(self) -> list[AccountInfo]:
        """Who may sign in, by user name."""
        rows = await self._journal.run(lambda db: db.execute(sql.ACCOUNTS).fetchall())
        return [AccountInfo(*row) for row in rows]

    async def put_account(
        self, username: str, password: str, role: Role, *, name: str, branch: str | None, by: str = COMMAND_LINE
    ) -> None:
        row = (username, name, role.value, await self.passwords.hash(password), branch, True)
        await self.change((sql.PUT_ACCOUNT, row), entry=Entry(by, Action.ACCOUNT_PUT, username, branch, role.value))

    async def add_device(
        self,
        kind: Role,
        *,
        name: str,
        branch: str | None,
        printer: str | None = None,
        screen: str | None = None,
        counter: int | None = None,
        by: str = COMMAND_LINE,
    ) -> tuple[str, str]:
        """A new device's id and token; the token is not stored and cannot be had again."""
        device_id, token = new_device_id(kind.value), new_token()
        row = (device_id, kind.value, name, hash_of(token), branch, printer, screen, counter, int(time.time()))
        await self.change((sql.ADD_DEVICE, row), entry=Entry(by, Action.DEVICE_ADDED, device_id, branch, kind.value))
        return device_id, token

    async def set_printer(self, device_id: str, printer: str | None, *, by: str = COMMAND_LINE) -> None:
        entry = Entry(by, Action.DEVICE_CHANGED, device_id, detail=printer or "")
        await self.change(("UPDATE device SET printer = ? WHERE id = ?", (printer, device_id)), entry=entry)

    async def set_screen(self, device_id: str, screen: str | None, *, by: str = COMMAND_LINE) -> None:
        entry = Entry(by, Action.DEVICE_CHANGED, device_id, detail=screen or "")
        await self.change(("UPDATE device SET screen = ? WHERE id = ?", (screen, device_id)), entry=entry)

    async def set_counter(self, device_id: str, counter: int | None, *, by: str = COMMAND_LINE) -> None:
        entry = Entry(by, Action.DEVICE_CHANGED, device_id, detail=str(counter or ""))
        await self.change(("UPDATE device SET counter = ? WHERE id = ?", (counter, device_id)), entry=entry)

    async def rename_device(self, device_id: str, name: str, *, by: str = COMMAND_LINE) -> None:
        entry = Entry(by, Action.DEVICE_CHANGED, device_id, detail=name)
        await self.change(("UPDATE device SET name = ? WHERE id = ?", (name, device_id)), entry=entry)

    async def rotate_token(self, device_id: str, *, by: str = COMMAND_LINE) -> str:
        """A new token, told only now; the one until now is good for a day, or until the new one is first used."""
        token = new_token()
        row = (int(self._now()) + FORMER_TOKEN_S, hash_of(token), device_id)
        await self.change((sql.ROTATE, row), entry=Entry(by, Action.TOKEN_ROTATED, device_id))
        return token

    async def revoke_device(self, device_id: str, *, by: str = COMMAND_LINE) -> None:
        now = int(time.time())
        await self.change(
            ("DELETE FROM session WHERE device = ?", (device_id,)),
            ("UPDATE device SET revoked_at = ? WHERE id = ?", (now, device_id)),
            entry=Entry(by, Action.DEVICE_REVOKED, device_id),
        )

    async def devices(self, branch: str | None, *, with_training: bool = False) -> list[DeviceInfo]:
        """Those of a branch, and of its training copy where that is wanted too; of every branch for None."""
        where, values = (" WHERE branch IN (?, ?)", (branch, branch)) if branch is not None else ("", ())
        if branch is not None and with_training:
            values = (branch, training_code(branch))
        rows = await self._journal.run(
            lambda db: db.execute(f"{sql.DEVICES}{where} ORDER BY created_at, id", values).fetchall()
        )
        return [DeviceInfo(*row) for row in rows]


def _person(db: Database, username: str) -> Person | None:
    return sql.people(db, db.execute(sql.PERSON, (username,)).fetchall()).get(username)


def _secret(db: Database, name: str) -> bytes:
    db.execute("INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (name, os.urandom(32)))
    return bytes(db.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()[0])


def _former_keys(db: Database) -> list[FormerKey]:
    rows = db.execute("SELECT name, value FROM secret WHERE name LIKE ?", (former_key_name("%", "%"),)).fetchall()
    return [FormerKey(bytes(value), name.rpartition("/")[2]) for name, value in rows]
