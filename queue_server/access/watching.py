"""Rights that end while somebody uses them, here or in another process."""

from __future__ import annotations

from collections.abc import Callable, Container

from queue_server.access.store import Access
from queue_server.branches.looking import Looking


class RightsWatch(Looking):
    """Forgets who is who when rights have changed, and sends away those who have none any more."""

    def __init__(self, access: Access, expel: Callable[[Container[str]], None], *, is_told: Callable[[], bool]) -> None:
        super().__init__("rights", self._look_at_revision, is_told=is_told)
        self._access = access
        self._expel = expel
        self._revision = -1

    async def _look_at_revision(self) -> None:
        revision = await self._access.revision()
        if revision != self._revision:
            self._revision = revision
            self._access.forget()
            await self._access.read_former_keys()
            self._expel(await self._access.ended())
