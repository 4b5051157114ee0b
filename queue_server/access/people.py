"""Members of staff: their standing appointment, their postings, and who they are on a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from msgspec import Struct

from queue_server.access.identity import Who
from queue_server.access.rights import Role

Today = Callable[[str], date]
"""The service day that a branch is in."""


class Posting(Struct, frozen=True):
    """Somebody's work at a branch from one service day to another, both included. `agency` is one of the branch's or
    "", `substitutes` the account that is stood in for. One that has ended early has `ended_at` (seconds)."""

    id: str
    account: str
    branch: str
    role: Role
    agency: str
    first_day: date
    last_day: date
    substitutes: str | None = None
    ended_at: int | None = None


class Person(Struct, frozen=True):
    """An account as its rights follow from it. `role` None: there is no standing appointment. `printers` are those of
    the branches where it may work."""

    username: str
    name: str
    role: Role | None
    branch: str | None
    must_change: bool
    has_second_factor: bool
    postings: tuple[Posting, ...] = ()
    printers: dict[str, str] = {}

    def who(self, today: Today, *, session: str = "", needs_second_factor: bool = True) -> Who:
        """Who this is today: by the posting of the day, else by the standing appointment. Who owes something first has
        no rights but to do that."""
        posting = next((each for each in self.postings if each.first_day <= today(each.branch) <= each.last_day), None)
        role = posting.role if posting is not None else self.role
        branch = posting.branch if posting is not None else self.branch
        owes = self._owes(role, needs_second_factor=needs_second_factor)
        return Who(
            f"account:{self.username}",
            Role.NOBODY if role is None or owes else role,
            self.name,
            clerk=self.username,
            branch=branch,
            printer=self.printers.get(branch or ""),
            agency=posting.agency if posting is not None else "",
            session=session,
            owes=owes,
        )

    def _owes(self, role: Role | None, *, needs_second_factor: bool) -> str:
        if role is None:
            return "posting"
        if self.must_change:
            return "password"
        is_short = role is Role.ADMINISTRATOR and needs_second_factor and not self.has_second_factor
        return "second-factor" if is_short else ""
