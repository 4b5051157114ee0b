"""The members of staff: who they are, by whom they are employed, and where they are posted from when to when.

An administrator without a branch may do this for everybody. Who belongs to a branch may do it for those who work there
and nowhere else, a manager only for clerks, helpers and supervisors.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Literal
from uuid import uuid4

from msgspec import Struct

from queue_server.access import statements as sql
from queue_server.access.identity import Who
from queue_server.access.passwords import new_password
from queue_server.access.people import Person, Posting, Today
from queue_server.access.rights import ACCOUNTS, Role
from queue_server.access.store import Access
from queue_server.audit.trail import Action, Entry, note
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Database, Journal

USERNAME = re.compile(r"[\w.\-]{2,40}", re.ASCII)
POSTING_MONTHS = 24
"""Nghị định 118/2025: people are sent to a one-stop unit for a time; longer than this is an appointment."""
POSTED = frozenset({Role.CLERK, Role.HELPER, Role.SUPERVISOR, Role.MANAGER})
"""Roles that one is posted to; an administrator is appointed."""
LED = frozenset({Role.CLERK, Role.HELPER, Role.SUPERVISOR})
"""Roles that a manager gives and manages."""

EmployerKind = Literal["state", "post", "company"]


class Member(Struct, frozen=True):
    """One of the staff, as a list shows them; `postings` are today's and later ones. `is_mine`: the asker may change
    this account."""

    username: str
    name: str
    role: Role | None
    branch: str | None
    employer_kind: str
    employer: str
    must_change: bool
    has_second_factor: bool
    postings: list[Posting]
    is_mine: bool


class NewMember(Struct, frozen=True):
    username: str
    name: str
    role: Role | None
    branch: str | None
    employer_kind: EmployerKind
    employer: str


class NewPosting(Struct, frozen=True):
    """Days are the branch's service days, both included."""

    account: str
    branch: str
    role: Role
    agency: str
    first_day: date
    last_day: date
    substitutes: str | None


class Staff:
    """What administrators and managers do. `who` is the asker, who may open the page."""

    def __init__(self, journal: Journal, access: Access) -> None:
        self._journal = journal
        self._access = access

    async def at(self, who: Who, branch: str) -> list[Member]:
        """Who works at a branch, or will; for whoever has no branch also those who belong to none."""
        is_everywhere = who.branch is None and who.role is Role.ADMINISTRATOR
        oldest = self._today(branch).isoformat()
        return await self._journal.run(
            partial(_members, who=who, branch=branch, oldest=oldest, is_everywhere=is_everywhere)
        )

    async def add(self, who: Who, new: NewMember) -> str:
        """An account; its password for once, told only now.

        Raises:
            Refusal: `wrong-username`, `forbidden`, `account-exists`
        """
        if not USERNAME.fullmatch(new.username):
            raise Refusal("wrong-username")
        _require_may_give(who, new.role, new.branch)
        password = new_password()
        row = (
            new.username, new.name, new.role.value if new.role is not None else "",
            await self._access.passwords.hash(password), new.branch, True, new.employer_kind, new.employer, True,
        )  # fmt: skip
        entry = Entry(who.actor, Action.ACCOUNT_PUT, new.username, new.branch, row[2])
        if not await self._access.change((sql.ADD_ACCOUNT, row), entry=entry):
            raise Refusal("account-exists", username=new.username)
        return password

    async def change(self, who: Who, new: NewMember) -> None:
        """Name, employer and standing appointment; another appointment ends its sessions.

        Raises:
            Refusal: `unknown-account`, `forbidden`, `own-account`, `last-administrator`
        """
        person = await self.mine(who, new.username)
        is_moved = (person.role, person.branch) != (new.role, new.branch)
        if is_moved:
            _require_may_give(who, new.role, new.branch)
            await self._require_other(who, person)
        role = new.role.value if new.role is not None else ""
        row = (new.name, role, new.branch, new.employer_kind, new.employer, new.username)
        ended = [("DELETE FROM session WHERE account = ?", (new.username,))] if is_moved else []
        entry = Entry(who.actor, Action.ACCOUNT_PUT, new.username, new.branch, role)
        await self._access.change(*ended, (sql.CHANGE_ACCOUNT, row), entry=entry)

    async def lock(self, who: Who, username: str) -> None:
        """The account is for nobody any more; its name stays taken, for the journal names it.

        Raises:
            Refusal: as `change`
        """
        person = await self.mine(who, username)
        await self._require_other(who, person)
        await self._access.change(
            ("DELETE FROM session WHERE account = ?", (username,)),
            ("UPDATE account SET is_active = false WHERE username = ?", (username,)),
            entry=Entry(who.actor, Action.ACCOUNT_ENDED, username, person.branch),
        )

    async def reset_password(self, who: Who, username: str) -> str:
        """A password for once; all sessions of the account end. Of one's own the old one is asked for, elsewhere."""
        await self.mine(who, username)
        if username == who.clerk:
            raise Refusal("own-account")
        password = new_password()
        await self._access.put_password(username, password, must_change=True, by=who.actor)
        return password

    async def reset_second_factor(self, who: Who, username: str) -> None:
        """As if there were none; all sessions of the account end. Nobody does without the own one in this way."""
        await self.mine(who, username)
        if username == who.clerk:
            raise Refusal("own-account")
        await self._access.second_factors.remove(username, by=who.actor)
        await self._access.end_sessions(username, by=who.actor)

    async def post(self, who: Who, new: NewPosting) -> str:
        """Somebody's work at a branch; the posting's id.

        Raises:
            Refusal: `unknown-account`, `forbidden`, `posting-days`, `posting-long`, `posting-overlaps`
        """
        if new.role not in POSTED:
            raise Refusal("forbidden")
        _require_may_give(who, new.role, new.branch)
        person = await self._person(new.account)
        if person.role is not None:
            self._require_mine(who, person)
        if new.substitutes is not None:
            await self._person(new.substitutes)
        if new.last_day < max(new.first_day, self._today(new.branch)):
            raise Refusal("posting-days")
        if new.last_day > months_after(new.first_day, POSTING_MONTHS):
            raise Refusal("posting-long")
        posting = uuid4().hex
        await self._journal.run(partial(_post, new=new, posting=posting, by=who.actor))
        self._access.tell()
        return posting

    async def end_posting(self, who: Who, posting: str) -> None:
        """
        Raises:
            Refusal: `unknown-posting`, `forbidden`
        """
        row = await self._journal.run(lambda db: db.execute(sql.POSTING, (posting,)).fetchone())
        if row is None:
            raise Refusal("unknown-posting")
        found = sql.posting(row)
        _require_may_give(who, found.role, found.branch)
        entry = Entry(who.actor, Action.POSTING_ENDED, found.account, found.branch, found.role.value)
        if not await self._access.change((sql.END_POSTING, (int(time.time()), posting)), entry=entry):
            raise Refusal("unknown-posting")

    async def mine(self, who: Who, username: str) -> Person:
        """An account that the asker may change.

        Raises:
            Refusal: `unknown-account`, `forbidden`
        """
        person = await self._person(username)
        self._require_mine(who, person)
        return person

    async def _person(self, username: str) -> Person:
        person = await self._access.person(username)
        if person is None:
            raise Refusal("unknown-account", username=username)
        return person

    def _require_mine(self, who: Who, person: Person) -> None:
        if not is_mine(who, person, self._today):
            raise Refusal("forbidden")

    async def _require_other(self, who: Who, person: Person) -> None:
        if person.username == who.clerk:
            raise Refusal("own-account")
        is_one = person.role is Role.ADMINISTRATOR and person.branch is None
        if is_one and await self._journal.run(lambda db: db.execute(sql.ADMINISTRATORS).fetchone()[0]) <= 1:
            raise Refusal("last-administrator")

    def _today(self, branch: str) -> date:
        return self._access.sessions.today(branch)


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))


def is_mine(who: Who, person: Person, today: Today) -> bool:
    """Whether the asker may change this account: all that it is or will be lies in the asker's hand."""
    roles = ACCOUNTS if who.role is Role.ADMINISTRATOR else LED
    held = list(_held(person, today))
    is_free = who.role is Role.ADMINISTRATOR and who.branch is None
    return is_free or (bool(held) and all(role in roles and who.branch in (None, branch) for role, branch in held))


def _held(person: Person, today: Today) -> Iterator[tuple[Role, str | None]]:
    if person.role is not None:
        yield person.role, person.branch
    yield from ((each.role, each.branch) for each in person.postings if each.last_day >= today(each.branch))


def _require_may_give(who: Who, role: Role | None, branch: str | None) -> None:
    """An appointment that the asker may give: of a role below, within the asker's branch; none only by whoever is
    appointed for all of them."""
    is_free = who.role is Role.ADMINISTRATOR and who.branch is None
    roles = ACCOUNTS if who.role is Role.ADMINISTRATOR else LED
    if role is None:
        if not is_free:
            raise Refusal("forbidden")
    elif role not in roles or not (who.branch is None or who.branch == branch) or (branch is None and not is_free):
        raise Refusal("forbidden")


def _members(db: Database, who: Who, branch: str, oldest: str, *, is_everywhere: bool) -> list[Member]:
    rows = db.execute(sql.MEMBERS, (branch, branch, oldest, is_everywhere)).fetchall()
    people = sql.people(db, [row[:6] for row in rows])
    first = date.fromisoformat(oldest)
    found = []
    for row in rows:
        person = people[row[0]]
        postings = sorted((each for each in person.postings if each.last_day >= first), key=lambda one: one.first_day)
        found.append(
            Member(
                person.username, person.name, person.role, person.branch, row[6], row[7], person.must_change,
                person.has_second_factor, postings, is_mine(who, person, lambda _: first),
            )
        )  # fmt: skip
    return found


def _post(db: Database, new: NewPosting, posting: str, by: str) -> None:
    """One at a time for each account, in every process: its row is held until the posting is there."""
    if not db.execute("UPDATE account SET name = name WHERE username = ?", (new.account,)).rowcount:
        raise Refusal("unknown-account", username=new.account)
    days = new.first_day.isoformat(), new.last_day.isoformat()
    other = db.execute(sql.OVERLAPPING, (new.account, days[1], days[0])).fetchone()
    if other is not None:
        first, last = (f"{date.fromisoformat(day):%d/%m/%Y}" for day in other)
        raise Refusal("posting-overlaps", username=new.account, first=first, last=last)
    db.execute(
        sql.ADD_POSTING,
        (posting, new.account, new.branch, new.role.value, new.agency, *days, new.substitutes),
    )
    note(db, Entry(by, Action.POSTING_PUT, new.account, new.branch, f"{new.role.value}, {days[0]} – {days[1]}"))
    db.execute(sql.BUMP)
