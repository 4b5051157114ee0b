"""What a password must be, and whether one is right.

Eight characters at least, as NIST SP 800-63B and OWASP ASVS 5.0 (6.2.1) have it, of any kind and with no rule of
composition; not one of the commonest, and not the account's own name. What can be guessed at all is what a lock-out
allows: some hundred tries a day (`tries.py`). The commonest are the first 5,000 of that length in zxcvbn's frequency
list (MIT), and some that are common in Viet Nam.
"""

from __future__ import annotations

import asyncio
import secrets
from functools import cache, cached_property
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from queue_server.domain.refusals import Refusal

PASSWORD_MIN, PASSWORD_MAX = 8, 256
COMMON = Path(__file__).parent / "common_passwords.txt"
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Of a password that is read aloud or copied by hand: none that look alike."""


@cache
def _common() -> frozenset[str]:
    return frozenset(COMMON.read_text(encoding="utf-8").split())


def require_good(password: str, username: str) -> None:
    """
    Raises:
        Refusal: `password-short`, `password-long`, `password-common`
    """
    if len(password) < PASSWORD_MIN:
        raise Refusal("password-short", least=PASSWORD_MIN)
    if len(password) > PASSWORD_MAX:
        raise Refusal("password-long", most=PASSWORD_MAX)
    plain = password.casefold()
    if plain in _common() or username.casefold() == plain or len(set(plain)) < 3:
        raise Refusal("password-common")


def new_password() -> str:
    """For once, to be changed at the first sign-in: 59 bits."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(12))
    return "-".join(letters[at : at + 4] for at in (0, 4, 8))


class Passwords:
    """argon2id; `hasher` is its cost."""

    def __init__(self) -> None:
        self.hasher = PasswordHasher()

    async def hash(self, password: str) -> str:
        return await asyncio.to_thread(self.hasher.hash, password)

    async def is_right(self, password_hash: str | None, password: str) -> bool:
        """The same work whether or not there is such an account."""
        found = await asyncio.to_thread(self._verify, password_hash or self._nobodys, password)
        return found and password_hash is not None

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self.hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _nobodys(self) -> str:
        return self.hasher.hash(secrets.token_urlsafe(32))
