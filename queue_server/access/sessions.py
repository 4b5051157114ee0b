"""Sessions of browsers: who they are, how long they last, and when they were last used."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct

from queue_server.access import statements as sql
from queue_server.access.identity import NOBODY, Who
from queue_server.access.known import KNOWN_MAX, Known
from queue_server.access.people import Person, Today
from queue_server.access.rights import Role
from queue_server.access.tokens import hash_of, new_token
from queue_server.audit.trail import Entry, note
from queue_server.domain.hours import day_in_viet_nam
from queue_server.journal.port import Database, Journal, JournalUnavailable

SESSION_S = 12 * 3600
"""A shift and its overtime, whatever is done; a device's session lasts a year."""
DEVICE_SESSION_S = 365 * 24 * 3600
IDLE_S: dict[Role, int] = {Role.ADMINISTRATOR: 30 * 60}
"""How long nobody may do anything before a session ends. A clerk's console is watched all day and a citizen may take an
hour, so for the others a shift is the bound."""
NOTED_S: dict[Role, int] = {Role.ADMINISTRATOR: 60}
"""How often a use is written down; of the others every quarter of an hour, since there it is only told."""
NOTED_ELSE_S = 15 * 60
ID_LETTERS = 16


class Kept(Struct, frozen=True):
    """A session as it is stored. `owner` is a device's `Who`, or a person, whose rights depend on the day."""

    owner: Who | Person
    created_at: int
    expires_at: int
    used_at: int


class SessionInfo(Struct, frozen=True):
    """A session as its account's page lists it; instants in seconds."""

    id: str
    browser: str
    created_at: int
    used_at: int
    expires_at: int


class Sessions:
    """`today` says which service day a branch is in, `needs_second_factor` whether administrators must have one; `now`
    are seconds since the epoch."""

    def __init__(self, journal: Journal, now: Callable[[], float] = time.time) -> None:
        self._journal = journal
        self._now = now
        self._known: Known[Kept] = Known(self._find)
        self._used: dict[str, float] = {}
        self.today: Today = lambda _: day_in_viet_nam(datetime.fromtimestamp(self._now(), UTC))
        self.needs_second_factor = True

    async def _find(self, hashes: list[str]) -> Mapping[str, Kept]:
        rows = await self._journal.run(partial(sql.by_session, hashes=hashes))
        return {token_hash: Kept(*row) for token_hash, row in rows.items()}

    async def who(self, token_hash: str, *, is_use: bool = False) -> Who:
        """The account or device of a session; nobody when it has ended. `is_use`: somebody does something with it."""
        kept = await self._known.get(token_hash)
        who = self._who(kept, token_hash)
        if kept is not None and who is NOBODY and kept.expires_at > self._now():
            who = self._who(await self._known.get_anew(token_hash), token_hash)  # it may have been used elsewhere
        if is_use and who is not NOBODY:
            await self.use(who)
        return who

    def _who(self, kept: Kept | None, token_hash: str) -> Who:
        now = self._now()
        if kept is None or kept.expires_at <= now:
            return NOBODY
        if isinstance(kept.owner, Who):
            return kept.owner
        who = kept.owner.who(self.today, session=token_hash, needs_second_factor=self.needs_second_factor)
        used_at = max(kept.created_at, kept.used_at, self._used.get(token_hash, 0.0))
        is_idle = now - used_at > self._idle_s(kept.owner, who)
        return NOBODY if is_idle else who

    def _idle_s(self, person: Person, who: Who) -> int:
        """Of an administrator who owes something too."""
        role = person.role if who.owes and person.role is not None else who.role
        return IDLE_S.get(role, SESSION_S)

    async def use(self, who: Who) -> None:
        """Somebody has done something with this session."""
        if not self.is_due(who):
            return
        now = self._now()
        if len(self._used) > KNOWN_MAX:
            self._used.clear()
        self._used[who.session] = now
        with suppress(JournalUnavailable):  # it is used all the same
            await self._journal.run(lambda db: db.execute(sql.USE_SESSION, (int(now), who.session)).rowcount)

    def is_due(self, who: Who) -> bool:
        """Whether a use of this session is worth noting."""
        before = self._used.get(who.session, 0.0)
        return bool(who.session) and self._now() - before >= NOTED_S.get(who.role, NOTED_ELSE_S)

    async def add(
        self, entry: Entry, *, account: str | None, device: str | None, browser: str = "", instead_of: str | None = None
    ) -> str:
        """A new session's token, noted in the trail. The one that the browser had until now ends, and those whose time
        has come."""
        token, now = new_token(), int(self._now())
        lasts_s = SESSION_S if device is None else DEVICE_SESSION_S
        row = (hash_of(token), account, device, now, now + lasts_s, browser, now)
        former = hash_of(instead_of) if instead_of is not None else ""

        def work(db: Database) -> int:
            db.execute(sql.DROP_SESSIONS, (now, former))
            note(db, entry)
            return db.execute(sql.ADD_SESSION, row).rowcount

        await self._journal.run(work)
        return token

    async def of_account(self, username: str) -> list[SessionInfo]:
        """Its sessions that have not ended, in idleness neither, the newest use first."""
        rows = await self._journal.run(lambda db: db.execute(sql.SESSIONS_OF, (username, int(self._now()))).fetchall())
        found = [SessionInfo(row[0][:ID_LETTERS], *row[1:]) for row in rows if await self.who(row[0]) is not NOBODY]
        return sorted(found, key=lambda each: each.used_at, reverse=True)

    def forget(self) -> None:
        self._known.forget()
