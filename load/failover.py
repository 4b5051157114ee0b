"""A primary dies, its standby takes over, and the former primary comes back as a standby: as the how-to says.

    python -m load.failover [--seconds 8] [--takers 4]

PostgreSQL with a synchronous standby (`pg_basebackup -R`, a slot), a server that names both in LAYSO_DATABASE, and
people who take numbers all the while, each with one key until there is an answer. The primary is killed with all its
processes; `pg_promote()` on the standby; `synchronous_standby_names` emptied. Every number that was acknowledged must
be there once, also those of the last moment. Then the former primary follows by `pg_rewind`, and is waited for again.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from uuid import uuid4

import asyncpg
from msgspec import Struct

from load.proof import Product
from tests.databases.postgres import Postgres
from tests.server import Api, Refused

FIELD = "chung-thuc"
AGAIN_S = 0.1
WITHIN_S = 60.0
BOTH = "ANY 1 (layso_db_1, layso_db_2)"


class Standby(Postgres):
    """A copy of a primary that follows it, through a slot of its name."""

    def __init__(self, folder: Path, primary: Postgres, name: str) -> None:
        self._primary, self._name = primary, name
        super().__init__(folder)

    def _fill(self) -> None:
        source = f"host=127.0.0.1 port={self._primary.port} user=layso application_name={self._name}"
        self._call(
            "pg_basebackup", "-d", source, "-D", str(self.data), "-S", self._name, "-R", "-X", "stream", "-c", "fast"
        )

    def rejoin(self, former: Postgres, name: str) -> None:
        """The former primary, made a standby of this one."""
        source = f"host=127.0.0.1 port={self.port} user=layso dbname=postgres application_name={name}"
        former._call(
            "pg_rewind", "-D", str(former.data), "--source-server", source, "--write-recovery-conf", "--no-sync"
        )
        with (former.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_slot_name = '{name}'\n")
        former.start()


class Taken(Struct):
    """A number that was acknowledged."""

    ticket: str
    number: str
    asked_at: float
    at: float


class Takers:
    """People who take numbers, until they are told to stop."""

    def __init__(self, product: Product, count: int) -> None:
        self.taken: list[Taken] = []
        self._is_over = threading.Event()
        self._api = Api(f"http://127.0.0.1:{product.port}", product.tokens["integration"], branch=product.branch)
        self._threads = [threading.Thread(target=self._take) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _take(self) -> None:
        while not self._is_over.is_set():
            key, asked_at = uuid4().hex, time.monotonic()
            while True:
                try:
                    ticket = self._api.issue(FIELD, key=key, channel="api")
                except (OSError, HTTPException, Refused) as fault:
                    if isinstance(fault, Refused) and fault.problem.status != 503:
                        raise
                    time.sleep(AGAIN_S)
                    continue
                self.taken.append(Taken(ticket.id, ticket.number, asked_at, time.monotonic()))
                time.sleep(2 * AGAIN_S)
                break

    def stop(self) -> list[Taken]:
        self._is_over.set()
        for thread in self._threads:
            thread.join(WITHIN_S)
        return self.taken


def sql(url: str, *statements: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(ask())


def wait_for(url: str, statement: str, expected: object) -> float:
    began = time.monotonic()
    while sql(url, statement) != expected:
        if time.monotonic() - began > WITHIN_S:
            raise TimeoutError(f"{statement} is {sql(url, statement)!r}, not {expected!r}")
        time.sleep(AGAIN_S)
    return time.monotonic() - began


def of_both(one: Postgres, other: Postgres, database: str) -> str:
    return f"postgresql://layso@127.0.0.1:{one.port},127.0.0.1:{other.port}/{database}?target_session_attrs=read-write"


def play(folder: Path, seconds: float, takers: int) -> list[str]:
    faults: list[str] = []
    with ExitStack() as stack:
        first = stack.enter_context(Postgres(folder / "one", wal_log_hints="on", cluster_name="layso_db_1"))
        database = first.new_database().rpartition("/")[2]
        sql(first.url(), "SELECT pg_create_physical_replication_slot('layso_db_2', true)")
        second = stack.enter_context(Standby(folder / "two", first, "layso_db_2"))
        sql(first.url(), f"ALTER SYSTEM SET synchronous_standby_names = '{BOTH}'", "SELECT pg_reload_conf()")
        state = "SELECT sync_state FROM pg_stat_replication"
        wait_for(first.url(), state, "quorum")
        env = {"LAYSO_DATABASE": of_both(first, second, database)}
        (folder / "server").mkdir()
        product = Product(folder / "server", env=env)
        stack.callback(product.stop)
        people = Takers(product, takers)
        time.sleep(seconds)
        died = time.monotonic()
        first.kill()
        promoted = sql(second.url(), "SELECT pg_promote()")
        sql(second.url(), "ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
        print(f"the standby was promoted ({promoted}) after {time.monotonic() - died:.1f} s")
        time.sleep(seconds)
        sql(second.url(), "SELECT pg_create_physical_replication_slot('layso_db_1', true)")
        second.rejoin(first, "layso_db_1")
        sql(second.url(), f"ALTER SYSTEM SET synchronous_standby_names = '{BOTH}'", "SELECT pg_reload_conf()")
        print(f"the former primary follows, waited for, after {wait_for(second.url(), state, 'quorum'):.1f} s more")
        time.sleep(seconds / 2)
        taken = people.stop()
        before, after = [each for each in taken if each.at < died], [each for each in taken if each.at >= died]
        first_again = min(each.at for each in after) - died
        longest = max(each.at - each.asked_at for each in taken)
        print(
            f"{len(before)} numbers before, {len(after)} after; nobody got one for {first_again:.1f} s; "
            f"the longest wait was {longest:.1f} s"
        )
        for name, url in (("the new primary", second.url(database)), ("its standby", first.url(database))):
            wait_for(url, "SELECT count(*) FROM ticket", sql(second.url(database), "SELECT count(*) FROM ticket"))
            faults += [f"{name}: {fault}" for fault in faults_of(url, taken)]
    return faults


def faults_of(url: str, taken: list[Taken]) -> list[str]:
    """Acknowledged numbers that are not there, or not so, and numbers that are there twice."""

    async def read() -> dict[str, str]:
        connection = await asyncpg.connect(url)
        try:
            return {row[0]: row[1] for row in await connection.fetch("SELECT id, number FROM ticket")}
        finally:
            await connection.close()

    there = asyncio.run(read())
    lost = [f"{each.number} is not there" for each in taken if there.get(each.ticket) != each.number]
    twice = [f"{number} is there {count} times" for number, count in Counter(there.values()).items() if count > 1]
    told = [
        f"{number} was told {count} times" for number, count in Counter(e.number for e in taken).items() if count > 1
    ]
    return [*lost, *twice, *told]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--takers", type=int, default=4)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        faults = play(Path(folder), asked.seconds, asked.takers)
    print(f"{len(faults)} faults")
    print("\n".join(faults[:20]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
