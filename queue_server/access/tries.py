"""What may be tried how often before it is refused for a while, and why so often.

Passwords and pairing codes can be guessed, so a try is counted before it is looked at, and given back when it was
right. Tokens and pairing secrets are 256 random bits, which nobody guesses at any pace; there a wrong one is counted
afterwards, and a right one is let in however many wrong ones came from the same address: a hall is not locked out by
one of its visitors, nor 200 devices that come back at once.

An address is a hall's, behind which 200 devices and 60 people may sit; of a city it may be a whole district's.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from queue_server.access.limits.port import Limit, Limits
from queue_server.domain.refusals import Refusal

PASSWORDS_OF_A_NAME = Limit("password-name", burst=10, every_s=900.0)
"""Per user name, by whoever from wherever: after 10 wrong passwords or codes in a row it is locked for a quarter of an
hour, then for as long after each further one, until a right one ends the row or an administrator lifts it. That is 10
and 96 a day. Names that nobody has are locked in the same way, so that a lock tells nothing."""
PASSWORDS_FROM_AN_ADDRESS = Limit("password-address", burst=300, every_s=10.0)
"""Per address, over all names: 300 and 8,640 a day, so that one password cannot be tried at every name. So many may be
on their way at once, and all 60 people of a hall mistype at half past seven."""
CODES_ASKED = Limit("pairing-asked", burst=30, every_s=30.0)
"""Per address: 30 devices are set up at once, then two a minute. A code lasts ten minutes, so that an address holds 50
at most, half of all that may wait: a manager who mistypes lets in one of these in 1 of 20,000 cases, and others still
get codes."""
CODES_COLLECTED = Limit("pairing-collected", burst=60, every_s=5.0)
"""Per address, wrong ones only: a code that nobody confirmed ends so once in ten minutes. A guess must hit one of at
most 100 codes of 1,000,000 and its 256-bit secret."""
CODES_CONFIRMED = Limit("pairing-confirmed", burst=10, every_s=60.0)
"""Per account, wrong ones only: 10 and 1,440 a day. Who may confirm and guesses hits the one device that waits all day
with 0.15 %."""
SLIPS_ASKED = Limit("slip-asked", burst=40, every_s=15.0)
"""Per account or device, codes that are none: 40 and 5,760 a day. A dispenser sees some hundred citizens a day, of whom
a few mistype; of one agency there are 10,000 codes to each day."""
SIGN_ONS = Limit("sign-on", burst=1, every_s=3600.0)
"""Per state of a single sign-on: once."""
SIGN_ONS_FROM_AN_ADDRESS = Limit("sign-on-address", burst=120, every_s=2.0)
"""Per address: each costs the provider a page, and us nothing that is kept."""
WRONG_TOKENS = Limit("wrong-token", burst=500, every_s=1.0)
"""Per address: 200 devices whose rights have ended, each asking twice, and then 86,400 a day."""

FAILURES = frozenset(
    {"wrong-credentials", "wrong-code", "wrong-password", "wrong-token", "unknown-pairing", "unknown-slip"}
)
"""Refusals that say that a try was wrong."""


class Tries:
    """Refuses who has tried too often."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def count(self, limit: Limit, subject: str) -> None:
        """One more.

        Raises:
            Refusal: `too-many-tries`
        """
        wait_s = await self._limits.take(limit, subject)
        if wait_s > 0:
            raise Refusal("too-many-tries", retry_s=math.ceil(wait_s))

    @asynccontextmanager
    async def counted(self, *tries: tuple[Limit, str]) -> AsyncIterator[None]:
        """What is done within counts for all of these, unless it was right, or failed for another reason.

        Raises:
            Refusal: `too-many-tries`
        """
        taken: list[tuple[Limit, str]] = []
        try:
            for limit, subject in tries:
                await self.count(limit, subject)
                taken.append((limit, subject))
            yield
        except Refusal as refusal:
            if refusal.code not in FAILURES:
                await self._give_back(taken)
            raise
        except BaseException:
            await self._give_back(taken)
            raise
        await self._give_back(taken)

    @asynccontextmanager
    async def failures(self, limit: Limit, subject: str) -> AsyncIterator[None]:
        """What is done within counts when it was wrong.

        Raises:
            Refusal: `too-many-tries` in the place of what said that it was wrong.
        """
        try:
            yield
        except Refusal as refusal:
            if refusal.code in FAILURES:
                await self.count(limit, subject)
            raise

    async def forget(self, limit: Limit, subject: str) -> None:
        """The row of wrong tries has ended: as if there had been none."""
        await self._limits.forget(limit, subject)

    async def _give_back(self, tries: list[tuple[Limit, str]]) -> None:
        for limit, subject in tries:
            await self._limits.give_back(limit, subject)
