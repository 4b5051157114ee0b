"""Accounts, devices and sessions: rows in the database. Who a token belongs to is kept in memory once it was asked for,
until some process says that something has changed."""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Generic, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from queue_server.access import statements as sql
from queue_server.access.identity import NOBODY, Who
from queue_server.access.rights import Role
from queue_server.access.tokens import FormerKey, TicketTokens, former_key_name, hash_of, new_code, new_token
from queue_server.domain.refusals import Refusal
from queue_server.domain.training import training_code
from queue_server.journal.port import Database, Journal
from queue_server.journal.together import Together

V = TypeVar("V")

SESSION_S = 12 * 3600
"""A shift and its overtime; a device's session lasts a year."""
DEVICE_SESSION_S = 365 * 24 * 3600
PAIRING_S = 600
PAIRINGS_MAX = 100
KNOWN_MAX = 100_000
"""Tokens whose owners are kept in memory: some 40 MB, and more than a process can have connections."""


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
    """Knows who is asking. Open with `Access.open`; `on_changed` is called after every change of somebody's rights."""

    def __init__(self, journal: Journal, ticket_tokens: TicketTokens) -> None:
        self._journal = journal
        self.ticket_tokens = ticket_tokens
        self.on_changed: Callable[[], None] = lambda: None
        self._hasher = PasswordHasher()
        self._devices: Known[Who] = Known(self._find_devices)
        self._sessions: Known[tuple[Who, int]] = Known(self._find_sessions)

    @classmethod
    async def open(cls, journal: Journal) -> Access:
        access = cls(journal, TicketTokens(await journal.run(_ticket_key)))
        await access.read_former_keys()
        return access

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

    async def by_session(self, token: str) -> Who:
        """The account or device of a session cookie; nobody when it has ended."""
        who, expires_at = await self._sessions.get(hash_of(token)) or (NOBODY, 0)
        return who if expires_at > time.time() else NOBODY

    async def _find_devices(self, hashes: list[str]) -> Mapping[str, Who]:
        return await self._journal.run(partial(sql.by_token, hashes=hashes))

    async def _find_sessions(self, hashes: list[str]) -> Mapping[str, tuple[Who, int]]:
        return await self._journal.run(partial(sql.by_session, hashes=hashes))

    async def names(self, clerks: Iterable[str]) -> dict[str, str]:
        """The names of people by their user name, and of devices by their actor."""
        wanted = sorted(set(clerks))
        return await self._journal.run(partial(sql.names, clerks=wanted)) if wanted else {}

    # -- what others change --------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Rights may not be what they were: ask the database again."""
        self._devices.forget()
        self._sessions.forget()

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

    async def _change(self, *steps: tuple[str, Sequence[Any]]) -> int:
        """Write, and let every process know; how many rows the last step touched."""

        def work(db: Database) -> int:
            counts = [db.execute(statement, values).rowcount for statement, values in steps]
            db.execute(sql.BUMP)
            return counts[-1]

        count = await self._journal.run(work)
        self.forget()
        self.on_changed()
        return count

    # -- signing in ------------------------------------------------------------------------------------------------

    async def sign_in(self, username: str, password: str) -> tuple[str, Who]:
        """A new session's token.

        Raises:
            Refusal: `wrong-credentials`, after the same work whether or not the account exists.
        """
        row = await self._journal.run(lambda db: db.execute(sql.ACCOUNT, (username,)).fetchone())
        password_hash = row[0] if row is not None else self._nobodys_hash
        is_right = await asyncio.to_thread(self._verify, password_hash, password)
        if row is None or not is_right:
            raise Refusal("wrong-credentials")
        return await self._new_session(account=username, device=None, lasts_s=SESSION_S), sql.account(*row[1:])

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
        who = await self.by_bearer(token)
        return await self._new_session(account=None, device=who.device, lasts_s=DEVICE_SESSION_S), who

    async def _new_session(self, *, account: str | None, device: str | None, lasts_s: int) -> str:
        token, now = new_token(), int(time.time())
        row = (hash_of(token), account, device, now, now + lasts_s)
        await self._journal.run(lambda db: db.execute(sql.ADD_SESSION, row).rowcount)
        return token

    async def sign_out(self, token: str) -> None:
        await self._change(("DELETE FROM session WHERE token_hash = ?", (hash_of(token),)))

    # -- accounts and devices --------------------------------------------------------------------------------------

    async def accounts(self) -> list[AccountInfo]:
        """Who may sign in, by user name."""
        rows = await self._journal.run(lambda db: db.execute(sql.ACCOUNTS).fetchall())
        return [AccountInfo(*row) for row in rows]

    async def put_account(self, username: str, password: str, role: Role, *, name: str, branch: str | None) -> None:
        password_hash = await asyncio.to_thread(self._hasher.hash, password)
        await self._change((sql.PUT_ACCOUNT, (username, name, role.value, password_hash, branch, True)))

    async def add_device(
        self,
        kind: Role,
        *,
        name: str,
        branch: str | None,
        printer: str | None = None,
        screen: str | None = None,
        counter: int | None = None,
    ) -> tuple[str, str]:
        """A new device's id and token; the token is not stored and cannot be had again."""
        device_id, token = f"{kind.value}-{new_token()[:8].lower()}", new_token()
        row = (device_id, kind.value, name, hash_of(token), branch, printer, screen, counter, int(time.time()))
        await self._change((sql.ADD_DEVICE, row))
        return device_id, token

    async def set_printer(self, device_id: str, printer: str | None) -> None:
        await self._change(("UPDATE device SET printer = ? WHERE id = ?", (printer, device_id)))

    async def set_screen(self, device_id: str, screen: str | None) -> None:
        await self._change(("UPDATE device SET screen = ? WHERE id = ?", (screen, device_id)))

    async def set_counter(self, device_id: str, counter: int | None) -> None:
        await self._change(("UPDATE device SET counter = ? WHERE id = ?", (counter, device_id)))

    async def revoke_device(self, device_id: str) -> None:
        now = int(time.time())
        await self._change(
            ("DELETE FROM session WHERE device = ?", (device_id,)),
            ("UPDATE device SET revoked_at = ? WHERE id = ?", (now, device_id)),
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

    async def confirm_pairing(
        self, code: str, *, name: str, branch: str, printer: str | None, screen: str | None, counter: int | None = None
    ) -> str:
        """Somebody with the right says which device shows the code, and what belongs to it; returns its id."""
        kind = await self._journal.run(lambda db: _pairing_kind(db, code))
        if kind is None:
            raise Refusal("unknown-pairing")
        device_id, token = await self.add_device(
            Role(kind),
            name=name,
            branch=branch,
            printer=printer,
            screen=screen if kind == Role.DISPLAY else None,
            counter=counter if kind == Role.RATING else None,
        )
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


class Known(Generic[V]):
    """What was found for a key, until it is forgotten; who is looking for the same or another key shares a query."""

    def __init__(self, find: Callable[[list[str]], Awaitable[Mapping[str, V]]]) -> None:
        self._together = Together[str, V](find)
        self._kept: OrderedDict[str, V] = OrderedDict()
        self._age = 0

    async def get(self, key: str) -> V | None:
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        age = self._age
        found = await self._together.get(key)
        if found is not None and age == self._age:  # nothing was forgotten meanwhile
            self._kept[key] = found
            if len(self._kept) > KNOWN_MAX:
                self._kept.popitem(last=False)
        return found

    def forget(self) -> None:
        self._age += 1
        self._kept.clear()


def _ticket_key(db: Database) -> bytes:
    db.execute(
        "INSERT INTO secret (name, value) VALUES ('ticket-token', ?) ON CONFLICT (name) DO NOTHING", (os.urandom(32),)
    )
    return bytes(db.execute("SELECT value FROM secret WHERE name = 'ticket-token'").fetchone()[0])


def _former_keys(db: Database) -> list[FormerKey]:
    rows = db.execute("SELECT name, value FROM secret WHERE name LIKE ?", (former_key_name("%", "%"),)).fetchall()
    return [FormerKey(bytes(value), name.rpartition("/")[2]) for name, value in rows]


def _pairing_kind(db: Database, code: str) -> str | None:
    oldest = int(time.time()) - PAIRING_S
    found = db.execute(
        "SELECT kind FROM pairing WHERE code = ? AND created_at >= ? AND token IS NULL", (code, oldest)
    ).fetchone()
    return found[0] if found else None
