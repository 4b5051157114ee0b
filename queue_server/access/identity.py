"""Who is asking: an account, a device, or nobody."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from queue_server.access.rights import CHANNELS, COMMANDS, MAY_OVERRIDE, PAGES, STAFF, Role
from queue_server.branches.bus import fresh_id
from queue_server.domain.commands import By
from queue_server.domain.refusals import Refusal
from queue_server.domain.training import home_of


class Who(Struct, frozen=True):
    """`actor` goes into the journal ("account:lan"); `branch` None means every branch. Staff of a branch are at its
    training copy, too. `agency` is whose counters a posting is for, "" for any; `session` the hash of an account's
    session token. Who `owes` a new password, a second factor or a posting ("password", "second-factor", "posting") is
    nobody until that is done."""

    actor: str
    role: Role
    name: str = ""
    clerk: str = ""
    branch: str | None = None
    device: str | None = None
    printer: str | None = None
    screen: str | None = None
    counter: int | None = None
    agency: str = ""
    session: str = ""
    owes: str = ""

    def require_command(self, command: str, branch: str) -> None:
        if command not in COMMANDS[self.role] or not self.is_at(branch):
            self._refuse()

    def require_channel(self, kind: str, branch: str) -> None:
        """Public channels are for everybody; the others only within the asker's branch."""
        allowed = CHANNELS[kind]
        is_public = Role.NOBODY in allowed
        if self.role not in allowed or not (is_public or self.is_at(branch)):
            self._refuse()

    def require_page(self, page: str, branch: str | None = None) -> None:
        if self.role not in PAGES[page] or not (branch is None or self.is_at(branch)):
            self._refuse()

    def by(self, deadline: datetime | None = None) -> By:
        """What the domain is told about the asker."""
        return By(
            self.actor,
            fresh_id(),
            self.clerk or self.actor,
            self.printer,
            self.role in MAY_OVERRIDE,
            deadline,
            counter=self.counter,
            agency=self.agency,
        )

    def is_at(self, branch: str) -> bool:
        own = (branch, home_of(branch)) if self.role in STAFF else (branch,)
        return self.branch is None or self.branch in own

    def _refuse(self) -> None:
        raise Refusal("unauthenticated" if self.role is Role.NOBODY else "forbidden")


def device_actor(device: str) -> str:
    return f"device:{device}"


NOBODY = Who("nobody", Role.NOBODY)
