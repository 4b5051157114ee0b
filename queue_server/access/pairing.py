"""How a new device is let in: it shows a code, somebody with the right says what it is, and it gets its token once."""

from __future__ import annotations

import time

from msgspec import Struct

from queue_server.access import statements as sql
from queue_server.access.rights import Role
from queue_server.access.store import Access
from queue_server.access.tokens import hash_of, new_code, new_device_id, new_token
from queue_server.audit.trail import COMMAND_LINE, Action, Entry, note
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Database, Journal

PAIRING_S = 600
PAIRINGS_MAX = 100


class PairingWait(Struct, frozen=True):
    """What a new device is told: the code to show, and the secret with which it asks whether somebody confirmed."""

    code: str
    secret: str
    expires_in_s: int = PAIRING_S


class Pairings:
    """`access` is told of the devices that are let in."""

    def __init__(self, journal: Journal, access: Access) -> None:
        self._journal = journal
        self._access = access

    async def ask(self, kind: Role) -> PairingWait:
        """A new device asks to be let in and gets a code to show.

        Raises:
            Refusal: `unavailable` while too many wait.
        """
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

    async def confirm(
        self,
        code: str,
        *,
        name: str,
        branch: str,
        printer: str | None = None,
        screen: str | None = None,
        counter: int | None = None,
        by: str = COMMAND_LINE,
    ) -> str:
        """Somebody with the right says which device shows the code, and what belongs to it; returns its id. Of two who
        say so at once, one does.

        Raises:
            Refusal: `unknown-pairing`
        """

        def work(db: Database) -> str | None:
            now = int(time.time())
            waits = "code = ? AND created_at >= ? AND token IS NULL"
            found = db.execute(f"SELECT kind FROM pairing WHERE {waits}", (code, now - PAIRING_S)).fetchone()
            if found is None:
                return None
            kind = Role(found[0])
            device, token = new_device_id(kind.value), new_token()
            claimed = (device, token, code, now - PAIRING_S)
            if not db.execute(f"UPDATE pairing SET device = ?, token = ? WHERE {waits}", claimed).rowcount:
                return None
            its_screen = screen if kind is Role.DISPLAY else None
            its_counter = counter if kind is Role.RATING else None
            row = (device, kind.value, name, hash_of(token), branch, printer, its_screen, its_counter, now)
            db.execute(sql.ADD_DEVICE, row)
            note(db, Entry(by, Action.PAIRED, device, branch, kind.value))
            db.execute(sql.BUMP)
            return device

        device = await self._journal.run(work)
        if device is None:
            raise Refusal("unknown-pairing")
        self._access.tell()
        return device

    async def collect(self, code: str, secret: str) -> str | None:
        """The token for the device that showed the code, once; None while nobody has confirmed it.

        Raises:
            Refusal: `unknown-pairing`
        """
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
