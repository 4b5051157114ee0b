"""Putting a fleet in force: the directory, each branch's configuration and day, open counters, staff and devices.

Everything goes the product's own way but staff and devices: their rows are written in bulk, because one password hash
and one reload for each of 60,000 would take an hour.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from argon2 import PasswordHasher
from msgspec import Struct, field

from load.fleet import names
from load.fleet.notes import BranchNotes, CounterNotes, FieldNotes, FleetNotes, PrinterNotes
from load.fleet.scenario import Fleet, Site
from queue_server.access.rights import Role
from queue_server.access.sessions import SESSION_S
from queue_server.access.tokens import hash_of, new_token
from queue_server.administration import SETUP
from queue_server.app import open_house
from queue_server.demo import always_open
from queue_server.directory.importing import plan_import, store_import
from queue_server.domain.commands import By, OpenCounter
from queue_server.domain.configuration import BranchConfig
from queue_server.journal.port import Database
from queue_server.settings import Settings
from queue_server.web.house import House

BRANCHES_AT_ONCE = 64
ROWS_AT_ONCE = 5_000

ADD_ACCOUNT = (
    "INSERT INTO account (username, name, role, password_hash, branch, is_active) VALUES (?, ?, ?, ?, ?, true)"
)
ADD_SESSION = "INSERT INTO session (token_hash, account, device, created_at, expires_at) VALUES (?, ?, NULL, ?, ?)"
ADD_DEVICE = "INSERT INTO device (id, kind, name, token_hash, branch, printer, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)"

T = TypeVar("T")
Rows = list[tuple[object, ...]]


class Took(Struct):
    """Seconds of each step."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)


async def prepare(fleet: Fleet, settings: Settings, *, seed: int = 1) -> tuple[FleetNotes, Took]:
    """Put the fleet in force in an empty data folder or database; returns what its players must know."""
    took = Took()
    with took.step("all"):
        async with open_house(settings) as house:
            with took.step("directory"):
                configs = await _import(house, fleet)
            with took.step("branches"):
                await _each(fleet.sites, lambda site: _put_in_force(house, configs[site.document.code]))
            with took.step("people"):
                people = People(seed)
                branches = [people.notes_of(site) for site in fleet.sites]
                await people.store(house)
            with took.step("counters"):
                await _each(branches, lambda notes: _open_counters(house, notes))
    scenario = fleet.scenario
    return FleetNotes(scenario.code, scenario.what, scenario.day, seed, branches), took


async def _import(house: House, fleet: Fleet) -> dict[str, BranchConfig]:
    """Bring the organisations into the directory, as an administrator does; each branch's configuration by its code."""
    configs: dict[str, BranchConfig] = {}
    for organisation in fleet.organisations:
        plan = await house.journal.run(lambda db, of=organisation: plan_import(db, of))  # type: ignore[misc]
        stored = await house.journal.run(lambda db, of=plan: store_import(db, of, house.now()))  # type: ignore[misc]
        configs |= {config.branch: config for config in stored}
    return configs


async def _each(items: Sequence[T], work: Callable[[T], Awaitable[object]]) -> None:
    """Many at a time: their writes share commits."""
    left = iter(items)
    while some := list(islice(left, BRANCHES_AT_ONCE)):
        await asyncio.gather(*map(work, some))


async def _put_in_force(house: House, config: BranchConfig) -> None:
    """Its day opens with the configuration, since it is open around the clock."""
    await house.bus.put_in_force(always_open(config), SETUP.by(), f"prepare-{config.branch}")


async def _open_counters(house: House, notes: BranchNotes) -> None:
    host = await house.bus.host(notes.code)
    answers = [
        host.submit(
            OpenCounter(branch=notes.code, counter=counter.no),
            By(f"account:{counter.clerk}", clerk=counter.clerk),
            f"prepare-{notes.code}-{counter.no}",
        )
        for counter in notes.counters
    ]
    await asyncio.gather(*answers)


class People:
    """Rows of staff and devices, and the tokens that open their doors."""

    def __init__(self, seed: int) -> None:
        self._now = int(time.time())
        self._names = names.people(seed)
        self._password_hash = PasswordHasher().hash(new_token())  # nobody knows it: they are signed in already
        self._accounts: Rows = []
        self._sessions: Rows = []
        self._devices: Rows = []

    def notes_of(self, site: Site) -> BranchNotes:
        document = site.document
        assert document.demand is not None
        code = document.code
        printers = [self._device(Role.PRINTER, f"Máy in {n}", code) for n in _count(site.dispensers)]
        beside = [printer.device for printer in printers]
        return BranchNotes(
            code=code,
            name=document.name.vi,
            kind=site.kind,
            cluster=site.cluster,
            visits=site.visits,
            priority_percent=document.demand.priority_percent,
            fields=[
                FieldNotes(f.code, document.demand.mix.get(f.code, 0.0), f.service_time_s, f.service_time_cv)
                for f in document.fields
            ],
            counters=[
                self._clerk(code, counter.no, [*counter.fields, *counter.helps]) for counter in document.counters
            ],
            dispensers=[
                self._device(Role.DISPENSER, f"Máy lấy số {n}", code, beside[n - 1]).token
                for n in _count(site.dispensers)
            ],
            printers=printers,
            displays=[self._device(Role.DISPLAY, f"Màn hình {n}", code).token for n in _count(site.displays)],
            managers=[self._account(f"{code}-lanh-dao-{n}", Role.MANAGER, code) for n in _count(site.managers)],
            phones=site.phones,
        )

    def _clerk(self, branch: str, no: int, takes: list[str]) -> CounterNotes:
        username = f"{branch}-quay-{no}"
        return CounterNotes(no, username, self._account(username, Role.CLERK, branch), takes)

    def _account(self, username: str, role: Role, branch: str) -> str:
        """A signed-in account; its session's token."""
        token = new_token()
        self._accounts.append((username, next(self._names), role.value, self._password_hash, branch))
        self._sessions.append((hash_of(token), username, self._now, self._now + SESSION_S))
        return token

    def _device(self, kind: Role, name: str, branch: str, printer: str | None = None) -> PrinterNotes:
        device, token = f"{kind.value}-{secrets.token_hex(8)}", new_token()
        self._devices.append((device, kind.value, name, hash_of(token), branch, printer, self._now))
        return PrinterNotes(device, token)

    async def store(self, house: House) -> None:
        for statement, rows in (
            (ADD_ACCOUNT, self._accounts),
            (ADD_SESSION, self._sessions),
            (ADD_DEVICE, self._devices),
        ):
            for some in _pages(rows):
                await house.journal.run(lambda db, st=statement, part=some: _add(db, st, part))  # type: ignore[misc]
        house.access.forget()


def _add(db: Database, statement: str, rows: Rows) -> None:
    db.executemany(statement, rows)


def _pages(rows: Iterable[tuple[object, ...]]) -> Iterator[Rows]:
    left = iter(rows)
    while some := list(islice(left, ROWS_AT_ONCE)):
        yield some


def _count(number: int) -> range:
    return range(1, number + 1)
