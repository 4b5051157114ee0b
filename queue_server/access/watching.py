"""Rights that end or change while somebody uses them: here or in another process, or because the day is another one."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Protocol

from queue_server.access.identity import Who
from queue_server.access.rights import Role
from queue_server.access.store import Access
from queue_server.branches.looking import Looking
from queue_server.realtime.connection import Connection


class Lines(Protocol):
    """The connections of this process."""

    @property
    def connections(self) -> Iterable[Connection]: ...

    def expel(self, actors: Container[str]) -> None: ...

    def let_go(self, connections: Iterable[Connection], *, may_return: bool) -> None: ...


class RightsWatch(Looking):
    """Forgets who is who when rights have changed; sends away those who have none any more, and has those whose rights
    are others come back with them."""

    def __init__(self, access: Access, lines: Lines, *, is_told: Callable[[], bool]) -> None:
        super().__init__("rights", self.look, is_told=is_told)
        self._access = access
        self._lines = lines
        self._revision = -1

    async def look(self) -> None:
        revision = await self._access.revision()
        if revision != self._revision:
            self._revision = revision
            self._access.forget()
            await self._access.read_former_keys()
            self._lines.expel(await self._access.ended())
        await self._look_at_staff()

    async def _look_at_staff(self) -> None:
        """Sessions end, are idle, or belong to somebody whose posting of today is another one than yesterday's."""
        gone, changed = set(), set()
        for connection in list(self._lines.connections):
            who = connection.who
            if isinstance(who, Who) and who.session:
                now = await self._access.sessions.who(who.session)
                if now.role is Role.NOBODY:
                    gone.add(connection)
                elif now != who:
                    changed.add(connection)
        self._lines.let_go(gone, may_return=False)
        self._lines.let_go(changed, may_return=True)
