"""The catalogue for whoever looks something up at a branch."""

from __future__ import annotations

import asyncio
from pathlib import Path

from queue_server.directory.catalogue import Procedure, fields_of, read_procedures
from queue_server.directory.searching import Catalogue, read_spoken
from queue_server.domain.configuration import BranchConfig

SHIPPED = Path(__file__).parents[2] / "config" / "catalogue"


class Lookup:
    """Read from `folder` when it is first asked for; another one needs a restart."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        self._folder = folder
        self._reading: asyncio.Future[Catalogue] | None = None

    async def find(self, config: BranchConfig, query: str, field: str, limit: int) -> list[tuple[Procedure, str]]:
        """What a query may mean at this branch, best first, each with the field that takes it; of all fields or one. In
        the catalogue's order, whatever there is, where the query is empty."""
        catalogue = await self._catalogue()
        owners = fields_of(catalogue.procedures, config.fields)
        among = {row for row, owner in enumerate(owners) if owner is not None and field in ("", owner)}
        found = catalogue.search(query, limit, among=among) if query.strip() else sorted(among)[:limit]
        return [(catalogue.procedures[row], str(owners[row])) for row in found]

    async def _catalogue(self) -> Catalogue:
        """In a thread: it takes some 50 ms."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._read))
        return await asyncio.shield(self._reading)

    def _read(self) -> Catalogue:
        return Catalogue(read_procedures(self._folder / "procedures.csv"), read_spoken(self._folder / "spoken.csv"))
