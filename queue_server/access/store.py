"""Accounts, devices and sessions: rows in the journal's database, and the copy in memory that each request asks."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from queue_server.access.identity import NOBODY, Who, device_actor
from queue_server.access.rights import Role
from queue_server.access.tokens import TicketTokens, hash_of, new_code, new_token
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Database, Journal

SESSION_S = 12 * 3600
"""A shift and its overtime; a device's session lasts a year."""
DEVICE_SESSION_S = 365 * 24 * 3600
PAIRING_S = 600
PAIRINGS_MAX = 100


class DeviceInfo(Struct, frozen=True):
    """A device as the manager page lists it."""

    id: str
    kind: str
    name: str
    branch: str | None
    printer: str | None
    created_at: int
    revoked_at: int | None


class AccountInfo(Struct, frozen=True):
    """An account as the command line lists it."""

    username: str
    name: str
    role: str
    branch: str | None


class PairingWait(Struct, frozen=True):
    """What a new device is told: the code to show, and the secret with which it asks whether somebody confirmed."""

    code: str
    secret: str
    expires_in_s: int = PAIRING_S


class Access:
    """Knows who is asking. Open with `Access.open`."""

    def __init__(self, journal: Journal, ticket_tokens: TicketTokens) -> None:
        self._journal = journal
        self.ticket_tokens = ticket_tokens
        self._hasher = PasswordHasher()
        self._accounts: dict[str, tuple[Who, str]] = {}
        self._tokens: dict[str, Who] = {}
        self._sessions: dict[str, tuple[Who, int]] = {}

    @classmethod
    async def open(cls, journal: Journal) -> Access:
        key = await journal.run(_ticket_key)
        access = cls(journal, TicketTokens(key))
        await access.reload()
        return access

    async def reload(self) -> None:
        accounts, devices, sessions = await self._journal.run(_read_all)
        by_id = {row[0]: _who_device(row) for row in devices if row[7] is None}
        printers = {who.branch: who.device for who in reversed(by_id.values()) if who.role is Role.PRINTER}
        self._accounts = {row[0]: (_who_account(row, printers), row[3]) for row in accounts}
        self._tokens = {row[3]: by_id[row[0]] for row in devices if row[0] in by_id}
        self._sessions = {}
        for token_hash, account, device, expires_at in sessions:
            who = self._accounts[account][0] if account in self._accounts else by_id.get(device)
            if who is not None:
                self._sessions[token_hash] = (who, expires_at)

    # -- asking ----------------------------------------------------------------------------------------------------

    def names(self) -> dict[str, str]:
        """The names of people by their account, and of devices by their actor: whoever may sit at a counter."""
        known = (*(who for who, _ in self._accounts.values()), *self._tokens.values())
        return {who.clerk or who.actor: who.name for who in known}

    def by_bearer(self, token: str) -> Who:
        """The device or integration of a bearer token.

        Raises:
            Refusal: `wrong-token`; a program cannot sign in again.
        """
        who = self._tokens.get(hash_of(token))
        if who is None:
            raise Refusal("wrong-token")
        return who

    def by_session(self, token: str) -> Who:
        """The account or device of a session cookie; nobody when it has ended."""
        who, expires_at = self._sessions.get(hash_of(token), (NOBODY, 0))
        return who if expires_at > time.time() else NOBODY

    # -- signing in ------------------------------------------------------------------------------------------------

    async def sign_in(self, username: str, password: str) -> tuple[str, Who]:
        """A new session's token.

        Raises:
            Refusal: `wrong-credentials`, after the same work whether or not the account exists.
        """
        who, password_hash = self._accounts.get(username, (None, self._nobodys_hash))
        is_right = await asyncio.to_thread(self._verify, password_hash, password)
        if who is None or not is_right:
            raise Refusal("wrong-credentials")
        return await self._new_session(who, account=username, device=None, lasts_s=SESSION_S), who

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hasher.hash(new_token())

    async def sign_in_device(self, token: str) -> tuple[str, Who]:
        """A browser session for a device's token."""
        who = self.by_bearer(token)
        return await self._new_session(who, account=None, device=who.device, lasts_s=DEVICE_SESSION_S), who

    async def _new_session(self, who: Who, *, account: str | None, device: str | None, lasts_s: int) -> str:
        token, now = new_token(), int(time.time())
        row = (hash_of(token), account, device, now, now + lasts_s)
        await self._journal.run(lambda db: db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", row).rowcount)
        self._sessions[row[0]] = (who, now + lasts_s)
        return token

    async def sign_out(self, token: str) -> None:
        token_hash = hash_of(token)
        self._sessions.pop(token_hash, None)
        await self._journal.run(
            lambda db: db.execute("DELETE FROM session WHERE token_hash = ?", (token_hash,)).rowcount
        )

    # -- accounts and devices --------------------------------------------------------------------------------------

    async def accounts(self) -> list[AccountInfo]:
        """Who may sign in, by user name."""
        rows = (await self._journal.run(_read_all))[0]
        return sorted((AccountInfo(r[0], r[1], r[2], r[4]) for r in rows), key=lambda account: account.username)

    async def put_account(self, username: str, password: str, role: Role, *, name: str, branch: str | None) -> None:
        row = (username, name, role.value, self._hasher.hash(password), branch, True)
        await self._journal.run(
            lambda db: (
                db.execute(
                    "INSERT INTO account (username, name, role, password_hash, branch, is_active)"
                    " VALUES (?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (username) DO UPDATE SET name = excluded.name, role = excluded.role,"
                    " password_hash = excluded.password_hash, branch = excluded.branch, is_active = true",
                    row,
                ).rowcount
            )
        )
        await self.reload()

    async def add_device(
        self, kind: Role, *, name: str, branch: str | None, printer: str | None = None
    ) -> tuple[str, str]:
        """A new device's id and token; the token is not stored and cannot be had again."""
        device_id, token = f"{kind.value}-{new_token()[:8].lower()}", new_token()
        row = (device_id, kind.value, name, hash_of(token), branch, printer, int(time.time()))
        await self._journal.run(
            lambda db: (
                db.execute(
                    "INSERT INTO device (id, kind, name, token_hash, branch, printer, created_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    row,
                ).rowcount
            )
        )
        await self.reload()
        return device_id, token

    async def set_printer(self, device_id: str, printer: str | None) -> None:
        await self._journal.run(
            lambda db: db.execute("UPDATE device SET printer = ? WHERE id = ?", (printer, device_id)).rowcount
        )
        await self.reload()

    async def revoke_device(self, device_id: str) -> None:
        now = int(time.time())

        def work(db: Database) -> int:
            db.execute("DELETE FROM session WHERE device = ?", (device_id,))
            return db.execute("UPDATE device SET revoked_at = ? WHERE id = ?", (now, device_id)).rowcount

        await self._journal.run(work)
        await self.reload()

    async def devices(self, branch: str | None) -> list[DeviceInfo]:
        rows = (await self._journal.run(_read_all))[1]
        infos = (DeviceInfo(r[0], r[1], r[2], r[4], r[5], r[6], r[7]) for r in rows)
        return [info for info in infos if branch is None or info.branch == branch]

    # -- pairing ---------------------------------------------------------------------------------------------------

    async def ask_pairing(self, kind: Role) -> PairingWait:
        """A new device asks to be let in and gets a code to show."""
        wait, now = PairingWait(new_code(), new_token()), int(time.time())

        def work(db: Database) -> int:
            db.execute("DELETE FROM pairing WHERE created_at < ?", (now - PAIRING_S,))
            if db.execute("SELECT count(*) FROM pairing").fetchone()[0] >= PAIRINGS_MAX:
                return 0
            row = (wait.code, hash_of(wait.secret), kind.value, now)
            return db.execute(
                "INSERT INTO pairing (code, secret_hash, kind, created_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (code) DO NOTHING",
                row,
            ).rowcount

        if not await self._journal.run(work):
            raise Refusal("unavailable")
        return wait

    async def confirm_pairing(self, code: str, *, name: str, branch: str, printer: str | None) -> str:
        """Somebody with the right says which device shows the code; returns its id."""
        kind = await self._journal.run(lambda db: _pairing_kind(db, code))
        if kind is None:
            raise Refusal("unknown-pairing")
        device_id, token = await self.add_device(Role(kind), name=name, branch=branch, printer=printer)
        row = (device_id, token, code)
        await self._journal.run(
            lambda db: db.execute("UPDATE pairing SET device = ?, token = ? WHERE code = ?", row).rowcount
        )
        return device_id

    async def collect_pairing(self, code: str, secret: str) -> str | None:
        """The token for the device that showed the code, once; None while nobody has confirmed it."""
        secret_hash = hash_of(secret)

        def work(db: Database) -> tuple[bool, str | None]:
            found = db.execute(
                "SELECT token FROM pairing WHERE code = ? AND secret_hash = ?", (code, secret_hash)
            ).fetchone()
            if found is not None and found[0] is not None:
                db.execute("DELETE FROM pairing WHERE code = ?", (code,))
            return found is not None, found[0] if found else None

        exists, token = await self._journal.run(work)
        if not exists:
            raise Refusal("unknown-pairing")
        return token


def _ticket_key(db: Database) -> bytes:
    db.execute(
        "INSERT INTO secret (name, value) VALUES ('ticket-token', ?) ON CONFLICT (name) DO NOTHING", (os.urandom(32),)
    )
    return bytes(db.execute("SELECT value FROM secret WHERE name = 'ticket-token'").fetchone()[0])


Rows = list[tuple[Any, ...]]


def _read_all(db: Database) -> tuple[Rows, Rows, Rows]:
    accounts = db.execute("SELECT username, name, role, password_hash, branch FROM account WHERE is_active").fetchall()
    devices = db.execute(
        "SELECT id, kind, name, token_hash, branch, printer, created_at, revoked_at FROM device ORDER BY created_at, id"
    ).fetchall()
    sessions = db.execute("SELECT token_hash, account, device, expires_at FROM session").fetchall()
    return accounts, devices, sessions


def _pairing_kind(db: Database, code: str) -> str | None:
    oldest = int(time.time()) - PAIRING_S
    found = db.execute(
        "SELECT kind FROM pairing WHERE code = ? AND created_at >= ? AND token IS NULL", (code, oldest)
    ).fetchone()
    return found[0] if found else None


def _who_account(row: tuple[Any, ...], printers: Mapping[str | None, str | None]) -> Who:
    """Staff print at the oldest printer of their branch."""
    username, name, role, _, branch = row
    return Who(f"account:{username}", Role(role), name, clerk=username, branch=branch, printer=printers.get(branch))


def _who_device(row: tuple[Any, ...]) -> Who:
    device_id, kind, name, _, branch, printer = row[:6]
    return Who(device_actor(device_id), Role(kind), name=name, branch=branch, device=device_id, printer=printer)
