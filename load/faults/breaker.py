"""Breaks a part of the fleet for a while, and mends it whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from load.faults.disk import SmallDisk
from load.faults.draw import Fault
from load.faults.fleet import Fleet
from load.faults.processes import Server
from load.faults.proxy import Mode
from tests.databases.family import signal_all
from tests.databases.postgres import Postgres
from tests.databases.valkey import Valkey


class Breaker:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @asynccontextmanager
    async def broken(self, fault: Fault) -> AsyncIterator[None]:
        """Broken inside, and back again at the end."""
        match fault.kind, fault.what:
            case _, what if what.endswith(" link"):
                way = self._spoilt(what.removesuffix(" link"), fault.server, cast(Mode, fault.kind), fault.amount)
            case "kill", "postgres":
                way = self._killed(self._fleet.postgres)
            case "kill", "valkey":
                way = self._killed(self._fleet.valkey)
            case "kill", "proxy":
                way = self._proxy_killed()
            case "kill", "server":
                way = self._servers_killed(fault.server)
            case "kill", "all servers":
                way = self._servers_killed(*self._fleet.names)
            case "stop", what:
                way = self._stopped(what, fault.server)
            case "end", "server":
                way = self._server_ended(fault.server)
            case "restart", _:
                way = self._restarted()
            case "jump", _:
                way = self._jumped(fault.server, fault.amount)
            case "fill", _:
                way = self._full()
            case _:
                raise ValueError(fault.name)
        async with way:
            yield

    @asynccontextmanager
    async def _spoilt(self, end: str, server: str, mode: Mode, delay_s: float) -> AsyncIterator[None]:
        links = self._fleet.links(end, [server] if server else ())
        self._fleet.proxy.set(links, mode, delay_s)
        try:
            yield
        finally:
            self._fleet.proxy.set(links, "pass")

    @asynccontextmanager
    async def _killed(self, running: Postgres | Valkey) -> AsyncIterator[None]:
        running.kill()
        try:
            yield
        finally:
            await asyncio.to_thread(running.start)

    @asynccontextmanager
    async def _proxy_killed(self) -> AsyncIterator[None]:
        self._fleet.proxy.kill()
        try:
            yield
        finally:
            await asyncio.to_thread(self._fleet.proxy.start)

    @asynccontextmanager
    async def _servers_killed(self, *names: str) -> AsyncIterator[None]:
        for name in names:
            self._fleet.ended.add(name)
            self._fleet.servers[name].kill()
        try:
            yield
        finally:
            await self._back(*names)

    async def _back(self, *names: str) -> None:
        servers: list[Server] = [self._fleet.servers[name] for name in names]
        for server in servers:
            server.launch()
        await asyncio.gather(*(server.until_ready() for server in servers))
        self._fleet.ended.difference_update(names)

    @asynccontextmanager
    async def _stopped(self, what: str, server: str) -> AsyncIterator[None]:
        parts: dict[str, Postgres | Valkey | Server] = {
            "postgres": self._fleet.postgres,
            "valkey": self._fleet.valkey,
            "server": self._fleet.servers[server],
        }
        pid = parts[what].pid
        signal_all(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_all(pid, signal.SIGCONT)

    @asynccontextmanager
    async def _server_ended(self, name: str) -> AsyncIterator[None]:
        """Tidily, as it is asked to."""
        self._fleet.ended.add(name)
        try:
            await self._fleet.servers[name].terminate()
            yield
        finally:
            await self._back(name)

    @asynccontextmanager
    async def _restarted(self) -> AsyncIterator[None]:
        """One after the other."""
        for name in self._fleet.names:
            async with self._server_ended(name):
                pass
        yield

    @asynccontextmanager
    async def _jumped(self, server: str, by_s: float) -> AsyncIterator[None]:
        clock = self._fleet.servers[server].clock
        clock.set(by_s)
        try:
            yield
        finally:
            clock.set(0.0)

    @asynccontextmanager
    async def _full(self) -> AsyncIterator[None]:
        """PostgreSQL may end when it cannot write its log; then it is started again, as systemd would."""
        postgres = self._fleet.postgres
        assert isinstance(postgres, SmallDisk)
        postgres.fill()
        try:
            yield
        finally:
            postgres.free()
            if not postgres.is_running:
                await asyncio.to_thread(postgres.start)
