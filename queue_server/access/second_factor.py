"""The second factor: time-based codes (RFC 6238) of an app, and recovery codes for who has lost it.

Secrets lie in the database encrypted (Fernet) with a key outside it and outside every backup, so that who finds a
backup has no second factor. Hosts of one installation need the same file, and a restore on another machine too: without
it accounts are reset, and enrol anew.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import io
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from queue_server.access.statements import note_at_branch
from queue_server.access.tokens import hash_of
from queue_server.audit.trail import Action, Entry
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Database, Journal

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

ISSUER = "Lấy Số"
STEP_S = 30
ASIDE = 1
"""A code of the step before or after counts too: a phone's clock is not exact."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 15
"""120 bits: a plain hash of one cannot be reversed by trying (ASVS 2.6.2: from 112 on)."""

SECRET = "SELECT otp_secret, otp_since FROM account WHERE username = ? AND is_active"
PUT_SECRET = "UPDATE account SET otp_secret = ?, otp_step = 0 WHERE username = ? AND otp_since IS NULL"
TAKE_STEP = "UPDATE account SET otp_step = ? WHERE username = ? AND otp_step < ?"
CONFIRM = "UPDATE account SET otp_since = ? WHERE username = ? AND otp_since IS NULL"
REMOVE = "UPDATE account SET otp_secret = NULL, otp_since = NULL, otp_step = 0 WHERE username = ?"
DROP_CODES = "DELETE FROM recovery_code WHERE account = ?"
ADD_CODE = "INSERT INTO recovery_code (account, code_hash) VALUES (?, ?)"
TAKE_CODE = "DELETE FROM recovery_code WHERE account = ? AND code_hash = ?"


class Enrolment(Struct, frozen=True):
    """What an app needs: the key to type, the address behind the picture, and the picture (a PNG as data: address)."""

    secret: str
    uri: str
    picture: str


class LostKey(Exception):
    """The file of the key is not the one with which this secret was encrypted, or cannot be read."""


class SecondFactors:
    """`now` are seconds since the epoch. What changes rights is followed by `Access`."""

    def __init__(self, journal: Journal, key_file: Path, now: Callable[[], float] = time.time) -> None:
        self._journal = journal
        self._key_file = key_file
        self._now = now
        self._cipher: Fernet | None = None

    async def begin(self, username: str) -> Enrolment:
        """A new secret, which counts once a code of it is confirmed.

        Raises:
            Refusal: `has-second-factor`
        """
        import pyotp

        secret = pyotp.random_base32()
        stored = await asyncio.to_thread(self._encrypt, secret)
        if not await self._journal.run(lambda db: db.execute(PUT_SECRET, (stored, username)).rowcount):
            raise Refusal("has-second-factor")
        uri = pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)
        return Enrolment(secret, uri, await asyncio.to_thread(_picture, uri))

    async def confirm(self, username: str, code: str) -> list[str]:
        """It counts from now on; the recovery codes, which are told only now.

        Raises:
            Refusal: `wrong-code`, `no-enrolment`
        """
        stored, since = await self._stored(username)
        if stored is None or since is not None:
            raise Refusal("no-enrolment")
        await self._take_step(username, stored, code)
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        now = int(self._now())

        def work(db: Database) -> int:
            db.execute(DROP_CODES, (username,))
            db.executemany(ADD_CODE, [(username, hash_of(_plain(each))) for each in codes])
            note_at_branch(db, Entry(f"account:{username}", Action.SECOND_FACTOR_PUT, username))
            return db.execute(CONFIRM, (now, username)).rowcount

        await self._journal.run(work)
        return codes

    async def require(self, username: str, code: str | None) -> None:
        """Of an account that has one, a code that is right, once.

        Raises:
            Refusal: `second-factor-needed`, `wrong-code`, `second-factor-lost`
        """
        stored, since = await self._stored(username)
        if stored is None or since is None:
            return
        if not code:
            raise Refusal("second-factor-needed")
        plain = _plain(code)
        if plain.isdigit():
            await self._take_step(username, stored, plain)
        elif not await self._journal.run(lambda db: db.execute(TAKE_CODE, (username, hash_of(plain))).rowcount):
            raise Refusal("wrong-code")

    async def remove(self, username: str, *, by: str) -> None:
        def work(db: Database) -> int:
            db.execute(DROP_CODES, (username,))
            note_at_branch(db, Entry(by, Action.SECOND_FACTOR_ENDED, username))
            return db.execute(REMOVE, (username,)).rowcount

        await self._journal.run(work)

    async def _stored(self, username: str) -> tuple[bytes | None, int | None]:
        row = await self._journal.run(lambda db: db.execute(SECRET, (username,)).fetchone())
        return (None, None) if row is None or row[0] is None else (bytes(row[0]), row[1])

    async def _take_step(self, username: str, stored: bytes, code: str) -> None:
        """A step counts once, in every process: the later of two with the same finds it taken."""
        import pyotp

        try:
            totp = pyotp.TOTP(await asyncio.to_thread(self._decrypt, stored))
        except LostKey:
            raise Refusal("second-factor-lost") from None
        step_now, given = int(self._now()) // STEP_S, _plain(code)
        steps = (step_now + aside for aside in range(-ASIDE, ASIDE + 1))
        step = next(
            (each for each in steps if hmac.compare_digest(totp.generate_otp(each).encode(), given.encode())), None
        )
        if step is None:
            raise Refusal("wrong-code")
        if not await self._journal.run(lambda db: db.execute(TAKE_STEP, (step, username, step)).rowcount):
            raise Refusal("wrong-code")

    def _encrypt(self, secret: str) -> bytes:
        return self._fernet().encrypt(secret.encode())

    def _decrypt(self, stored: bytes) -> str:
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(stored).decode()
        except (InvalidToken, OSError, ValueError) as fault:
            raise LostKey(str(fault)) from None

    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet

        if self._cipher is None:
            self._cipher = Fernet(_key(self._key_file))
        return self._cipher


def _key(file: Path) -> bytes:
    """What is in the file; a new key where there is none."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    if not file.exists():
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(base64.urlsafe_b64encode(secrets.token_bytes(32)) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(partial, file)  # whole, and the first one's of several processes
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return file.read_bytes().strip()


def _recovery_code() -> str:
    """Twenty-four letters in six groups."""
    letters = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _plain(code: str) -> str:
    return code.replace(" ", "").replace("-", "").lower()


def _picture(uri: str) -> str:
    import qrcode

    out = io.BytesIO()
    qrcode.make(uri, box_size=6, border=2).save(out)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
