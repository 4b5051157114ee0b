"""What sizes of disks follow from: log, tables and indexes of a visit, and portable copies of a long history.

    python -m load.sizing visits [--visits 4000] [--rate 10]        # PostgreSQL with a province's settings
    python -m load.sizing copies [--events 1000000] [--rounds 2]    # SQLite and PostgreSQL

`visits`: the fleet of `binhduong`, real servers. First nothing happens, then so many numbers are taken at dispensers,
then printers report the papers, then counters call, start and finish; before each step a checkpoint, so that the log
holds every page once in full. Sizes are the growth since the fleet was prepared: as it was written, and when `VACUUM
FULL` has taken away what was replaced meanwhile.

`copies`: the events and tickets of real visits, laid out again for other branches through the journal's port until
there are so many events; no keys of commands, which are forgotten after two days. Then `queue-server backup` and
`restore`, each a process of its own: time by the wall and largest memory, the best of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from load.country import organisation_token
from load.fleet.notes import BranchNotes, FleetNotes
from load.fleet.prepare import prepare
from load.fleet.scenario import plan as plan_fleet
from load.fleet.scenario import read_scenario
from load.fleet.servers import ROOT, Servers, clean_environment
from load.measure import RUNS, alone
from queue_server.app import DATABASE
from queue_server.journal.port import Appended, Batch, StoredEvent, TicketRow
from queue_server.journal.sqlite import SqliteJournal
from queue_server.protocol.client import Client
from queue_server.settings import read_settings
from tests.databases.postgres import Postgres
from tests.databases.valkey import Valkey

IDLE_S = 30.0
AT_ONCE = 4
WITHIN_S = 300.0
EVENTS_AT_ONCE = 2_000
SEED_VISITS = 1_000
LOOK_S = 0.02
TABLES = ("event", "ticket", "command", "branch_head", "cursor")


# -- visits through real servers ---------------------------------------------------------------------------------------


class Centre:
    """The people of a fleet: dispensers, printers and counters of its branches, over WebSockets."""

    def __init__(
        self, urls: Sequence[str], notes: FleetNotes, token: str, stack: AsyncExitStack, rate: float | None
    ) -> None:
        """`rate`: numbers, papers, visits a second; else as fast as a few hands can."""
        self._urls, self._stack, self._token = urls, stack, token
        self._branches = notes.branches
        self._papers = 0
        self._more = asyncio.Event()
        self._apart_s = 1 / rate if rate else 0.0
        self._next_at = 0.0

    async def _turn(self) -> None:
        """Await the next one's instant."""
        now = time.monotonic()
        self._next_at = max(self._next_at + self._apart_s, now)
        await asyncio.sleep(self._next_at - now)

    async def issue(self, visits: int) -> None:
        """So many numbers, at the dispensers, in proportion to the branches' visits."""
        total = sum(branch.visits for branch in self._branches)
        turns: list[tuple[Client, BranchNotes, str]] = []
        for shard, branch in enumerate(self._branches):
            dispenser = await self._client(shard, branch.dispensers[0])
            fields = [field.code for field in branch.fields if field.percent] or [branch.fields[0].code]
            turns += [
                (dispenser, branch, fields[n % len(fields)]) for n in range(round(visits * branch.visits / total))
            ]
        left = iter(turns)

        async def press() -> None:
            for dispenser, branch, field in left:
                await self._turn()
                await dispenser.command("issue", {"branch": branch.code, "field": field, "channel": "kiosk"})

        self.visits = len(turns)
        await asyncio.gather(*(press() for _ in range(AT_ONCE)))

    async def print_papers(self) -> None:
        """Every printer says of each paper that is asked of it that it was printed; until all were."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._print(await self._client(shard, printer.token), branch.code, printer.device))
                for shard, branch in enumerate(self._branches)
                for printer in branch.printers
            ]
            async with asyncio.timeout(WITHIN_S + self.visits * self._apart_s):
                while self._papers < self.visits:
                    self._more.clear()
                    await self._more.wait()
            for task in tasks:
                task.cancel()

    async def _print(self, client: Client, branch: str, printer: str) -> None:
        known: set[str] = set()
        async for update in client.subscribe(f"printer:{printer}"):
            for job in set(update.view.get("jobs", {})) - known:
                known.add(job)
                await self._turn()
                await client.command("report-paper", {"branch": branch, "job": job, "outcome": "printed"})
                self._papers += 1
                self._more.set()

    async def serve(self) -> int:
        """All who wait are called, begun and finished; how many they were."""
        clients = [await self._client(shard, self._token) for shard in range(len(self._urls))]
        left = iter(list(enumerate(self._branches)))
        served = 0

        async def work() -> None:
            nonlocal served
            for shard, branch in left:
                client = clients[shard % len(clients)]
                for counter in branch.counters:
                    while called := await _call(client, branch.code, counter.no):
                        await self._turn()
                        await client.command("start", {"ticket": called})
                        await client.command("finish", {"ticket": called})
                        served += 1

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        return served

    async def _client(self, shard: int, token: str) -> Client:
        return await self._stack.enter_async_context(Client(self._urls[shard % len(self._urls)], token))


async def _call(client: Client, branch: str, counter: int) -> str | None:
    answer = await client.command("call-next", {"branch": branch, "counter": counter})
    return answer["id"] if answer else None


@asynccontextmanager
async def centre(servers: Servers, notes: FleetNotes, token: str, rate: float | None = None) -> AsyncIterator[Centre]:
    async with AsyncExitStack() as stack:
        yield Centre(servers.urls, notes, token, stack, rate)


def postgres_of_a_province(folder: Path) -> Postgres:
    """As `config/deploy/province/postgresql.conf`, where it matters here."""
    return Postgres(
        folder / "postgres",
        shared_buffers="512MB",
        checkpoint_timeout="15min",
        max_wal_size="4GB",
        wal_compression="on",
        wal_log_hints="on",
        autovacuum_vacuum_scale_factor="0.05",
    )


def fleet_in_force(env: dict[str, str]) -> tuple[FleetNotes, str]:
    notes, _ = asyncio.run(prepare(plan_fleet(read_scenario("binhduong")), read_settings(env)))
    return notes, asyncio.run(organisation_token(env))


# -- log and tables ----------------------------------------------------------------------------------------------------


class Log:
    """How much PostgreSQL writes into its log."""

    def __init__(self, database: asyncpg.Connection) -> None:
        self._database = database

    async def begin(self) -> None:
        await self._database.execute("CHECKPOINT")
        self._at = await self._where()
        self._began = time.monotonic()

    async def grown(self) -> int:
        """Bytes since the beginning."""
        grown: int = await self._database.fetchval("SELECT $1::pg_lsn - $2::pg_lsn", await self._where(), self._at)
        return int(grown)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    async def _where(self) -> Any:
        return await self._database.fetchval("SELECT pg_current_wal_insert_lsn()")


async def sizes(database: asyncpg.Connection) -> dict[str, tuple[int, int]]:
    """Of each table: its bytes with what is stored beside it, and those of its indexes."""
    found = {}
    for table in TABLES:
        row = await database.fetchrow(f"SELECT pg_table_size('{table}') AS own, pg_indexes_size('{table}') AS indexes")
        found[table] = (row["own"], row["indexes"])
    return found


def growth(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]], visits: int) -> dict[str, Any]:
    """Bytes a visit."""
    each = {
        name: {
            "table": round((after[name][0] - before[name][0]) / visits),
            "index": round((after[name][1] - before[name][1]) / visits),
        }
        for name in TABLES
    }
    return each | {"all": {part: sum(row[part] for row in each.values()) for part in ("table", "index")}}


async def play(
    url: str, servers: Servers, notes: FleetNotes, token: str, visits: int, rate: float | None
) -> dict[str, Any]:
    database = await asyncpg.connect(url)
    try:
        log = Log(database)
        before, events = await sizes(database), await database.fetchval("SELECT count(*) FROM event")
        await log.begin()
        await asyncio.sleep(IDLE_S)
        found: dict[str, Any] = {"log_idle_bytes_a_second": round(await log.grown() / log.seconds)}
        async with centre(servers, notes, token, rate) as people:
            for name, step in (("number", people.issue(visits)), ("paper", people.print_papers())):
                await log.begin()
                await step
                found[f"log_{name}"] = round(await log.grown() / people.visits)
                found[f"seconds_{name}"] = round(log.seconds, 1)
            await log.begin()
            served = await people.serve()
            found["log_call_start_finish"] = round(await log.grown() / served)
            found["seconds_call_start_finish"] = round(log.seconds, 1)
        if served != people.visits:
            raise RuntimeError(f"{people.visits} numbers, {served} visits")
        found["log_visit"] = found["log_number"] + found["log_paper"] + found["log_call_start_finish"]
        found["visits"] = served
        found["events_a_visit"] = round((await database.fetchval("SELECT count(*) FROM event") - events) / served, 2)
        found["as_written"] = growth(before, await sizes(database), served)
        await database.execute("VACUUM FULL")
        found["vacuumed_full"] = growth(before, await sizes(database), served)
    finally:
        await database.close()
    return found


def visits_on_postgres(folder: Path, visits: int, workers: int, rate: float | None) -> dict[str, Any]:
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_of_a_province(folder))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        url = postgres.new_database()
        env = {"LAYSO_DATABASE": url, "LAYSO_REDIS": valkey.url, "LAYSO_DATA": str(folder)}
        notes, token = fleet_in_force(env)
        servers = stack.enter_context(Servers(folder, folder / "server.log", env, workers=workers))
        return {"workers": workers, "rate": rate, **asyncio.run(play(url, servers, notes, token, visits, rate))}


# -- copies ------------------------------------------------------------------------------------------------------------


class History(Struct, frozen=True):
    """A branch's events and tickets as they came to be by real visits."""

    branch: str
    events: list[StoredEvent]
    tickets: list[TicketRow]
    day_seq: int


async def histories(journal: SqliteJournal) -> list[History]:
    found = []
    for head in await journal.heads():
        events = await journal.read(head.branch_id, 0, head.seq)
        days = sorted({event.day for event in events})
        tickets = [ticket for day in days for ticket in await journal.tickets_of_day(head.branch_id, day)]
        found.append(History(head.branch_id, events, tickets, head.day_seq))
    return found


async def lay_out(path: Path, events: int) -> dict[str, int]:
    """The same histories again for more branches, until there are so many events."""
    journal = await SqliteJournal.open(path)
    try:
        known = await histories(journal)
        count, tickets, branches = sum(len(each.events) for each in known), 0, len(known)
        tickets = sum(len(each.tickets) for each in known)
        number = 0
        while count < events:
            each = known[number % len(known)]
            await append(journal, f"{each.branch}-{number // len(known)}", each)
            number, branches = number + 1, branches + 1
            count, tickets = count + len(each.events), tickets + len(each.tickets)
    finally:
        await journal.close()
    return {"events": count, "tickets": tickets, "branches": branches}


async def append(journal: SqliteJournal, branch: str, history: History) -> None:
    tickets = [replace(ticket, id=token_hex(11)) for ticket in history.tickets]
    for first in range(0, len(history.events), EVENTS_AT_ONCE):
        part = history.events[first : first + EVENTS_AT_ONCE]
        is_last = first + EVENTS_AT_ONCE >= len(history.events)
        batch = Batch(
            branch, first, part, (), tickets if is_last else (), day_seq=history.day_seq if is_last else part[0].seq
        )
        outcome = await journal.append(batch)
        if not isinstance(outcome, Appended):
            raise RuntimeError(f"{branch}: {outcome}")


class Took(Struct, frozen=True):
    """One run of a command."""

    seconds: float
    memory_mb: int


def run(*arguments: str, env: Mapping[str, str]) -> Took:
    """`queue-server` with these arguments, to its end."""
    began, memory_kb = time.monotonic(), 0
    command = [sys.executable, "-m", "queue_server", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment(env), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            memory_kb = max(memory_kb, most_memory_kb(process.pid))
            time.sleep(LOOK_S)
        took_s = time.monotonic() - began
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}")
    return Took(took_s, round(memory_kb / 1024))


def most_memory_kb(pid: int) -> int:
    """The largest resident memory of a process so far; its `ru_maxrss` would be that of whoever started it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def best(rounds: Sequence[Took]) -> dict[str, Any]:
    return {
        "seconds": round(min(each.seconds for each in rounds), 1),
        "all_seconds": [round(each.seconds, 1) for each in rounds],
        "memory_mb": max(each.memory_mb for each in rounds),
    }


def copies(folder: Path, events: int, rounds: int) -> dict[str, Any]:
    data, file = folder / "data", folder / "copy.db"
    env = {"LAYSO_DATA": str(data)}
    notes, token = fleet_in_force(env)
    with Servers(data, folder / "server.log", env) as servers:
        asyncio.run(_seed(servers, notes, token))
    found: dict[str, Any] = asyncio.run(lay_out(data / DATABASE, events))
    found["database_mb"] = round((data / DATABASE).stat().st_size / 1e6)
    tell(found)
    found["sqlite_backup"] = best([_backup(file, env) for _ in range(rounds)])
    found["file_mb"] = round(file.stat().st_size / 1e6)
    tell(found)
    found["sqlite_restore"] = best([_restore_sqlite(file, folder / "again") for _ in range(rounds)])
    tell(found)
    with postgres_of_a_province(folder) as postgres:
        took = []
        for _ in range(rounds):
            there = {"LAYSO_DATABASE": postgres.new_database(is_empty=True), "LAYSO_DATA": str(folder)}
            took.append(run("restore", str(file), env=there))
        found["postgres_restore"] = best(took)
        found["postgres_mb"] = round(asyncio.run(_database_bytes(there["LAYSO_DATABASE"])) / 1e6)
        tell(found)
        found["postgres_backup"] = best([_backup(file, there) for _ in range(rounds)])
        found["postgres_file_mb"] = round(file.stat().st_size / 1e6)
    return found


async def _seed(servers: Servers, notes: FleetNotes, token: str) -> None:
    async with centre(servers, notes, token) as people:
        await people.issue(SEED_VISITS)
        await people.print_papers()
        await people.serve()


def _backup(file: Path, env: Mapping[str, str]) -> Took:
    file.unlink(missing_ok=True)
    return run("backup", str(file), env=env)


def _restore_sqlite(file: Path, data: Path) -> Took:
    shutil.rmtree(data, ignore_errors=True)
    return run("restore", str(file), env={"LAYSO_DATA": str(data)})


async def _database_bytes(url: str) -> int:
    database = await asyncpg.connect(url)
    try:
        size: int = await database.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await database.close()
    return size


def tell(found: Mapping[str, Any]) -> None:
    print(json.dumps(found), file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("visits", "copies"))
    parser.add_argument("--visits", type=int, default=4_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=float, help="so many a second; otherwise as fast as four hands can")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    RUNS.mkdir(exist_ok=True)
    with alone(), tempfile.TemporaryDirectory(dir=RUNS) as name:
        folder = Path(name)
        if asked.what == "visits":
            found = visits_on_postgres(folder, asked.visits, asked.workers, asked.rate)
        else:
            found = copies(folder, asked.events, asked.rounds)
        print(json.dumps({"date": time.strftime("%Y-%m-%d %H:%M"), **found}, indent=1))


if __name__ == "__main__":
    main()
