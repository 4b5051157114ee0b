"""The system under test: PostgreSQL, Valkey, several servers as hosts of their own, and the proxy between all of them.

A server's lines are links of the proxy: `clients-SERVER`, `postgres-SERVER`, `valkey-SERVER`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from load.faults.disk import open_postgres
from load.faults.halls import Hall, prepare
from load.faults.history import Died, History
from load.faults.processes import Proxy, Server, free_ports
from queue_server.readers.dossier import receiver
from tests.databases.postgres import Postgres
from tests.databases.valkey import Valkey

WATCH_S = 0.1


class Backend:
    """A dossier backend in a thread of ours; it takes everything."""

    def __init__(self) -> None:
        self.inbox = receiver.Inbox()
        self._server = receiver.make_server(self.inbox, 0)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._serving = asyncio.get_running_loop().run_in_executor(None, self._server.serve_forever, 0.05)

    async def close(self) -> None:
        await asyncio.to_thread(self._server.shutdown)
        await self._serving
        self._server.server_close()


class Fleet:
    """Open with `async with Fleet(…)`; who breaks something mends it."""

    def __init__(self, folder: Path, *, servers: int, branches: int, counters: int) -> None:
        self._folder = folder
        self.names = [f"server{number + 1}" for number in range(servers)]
        self._branches = branches
        self._counters = counters
        self._stack = AsyncExitStack()
        self.servers: dict[str, Server] = {}
        self.halls: list[Hall] = []
        self.ended: set[str] = set()
        """Servers that somebody has ended, and will start again."""

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        count = len(self.names)
        at_postgres, at_valkey, *rest = free_ports(2 + 4 * count)
        own, clients, to_postgres, to_valkey = (rest[part * count : (part + 1) * count] for part in range(4))
        self.postgres: Postgres = self._stack.enter_context(open_postgres(self._folder / "postgres", at_postgres))
        self.valkey: Valkey = self._stack.enter_context(Valkey(self._folder / "valkey", port=at_valkey))
        self.database = self.postgres.url()
        self.halls = await prepare(self._folder / "setup", self.database, self._branches, self._counters)
        self.backend = Backend()
        self._stack.push_async_callback(self.backend.close)
        self.ports = dict(zip(self.names, clients, strict=True))
        """Where clients reach each server."""
        self.proxy = Proxy(
            [
                *self._lines("clients", clients, own),
                *self._lines("postgres", to_postgres, [at_postgres] * count),
                *self._lines("valkey", to_valkey, [at_valkey] * count),
            ]
        )
        self._stack.callback(lambda: self.proxy.kill())
        for name, port, postgres, valkey in zip(self.names, own, to_postgres, to_valkey, strict=True):
            env = {
                "LAYSO_DATABASE": self.database.replace(f":{at_postgres}/", f":{postgres}/"),
                "LAYSO_REDIS": f"redis://127.0.0.1:{valkey}",
                "LAYSO_DOSSIER_URL": self.backend.url,
            }
            server = self.servers[name] = Server(name, self._folder, port, env)
            self._stack.callback(server.kill)
        await asyncio.gather(*(server.until_ready() for server in self.servers.values()))

    def _lines(self, end: str, ports: Sequence[int], targets: Sequence[int]) -> list[tuple[str, int, int]]:
        return list(zip(self.links(end), ports, targets, strict=True))

    def links(self, end: str, servers: Sequence[str] = ()) -> list[str]:
        """The names of the lines of that kind, of these servers or of all."""
        return [f"{end}-{name}" for name in servers or self.names]

    async def watch(self, history: History) -> None:
        """Start again what ends by itself, and remember it: nothing may."""
        while True:
            for name, server in self.servers.items():
                if name not in self.ended and server.was_ready and not server.is_running:
                    history.add(Died(history.now(), name, server.status))
                    await server.until_ready()
            await asyncio.sleep(WATCH_S)
