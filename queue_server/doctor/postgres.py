"""A database on PostgreSQL: whether one gets in, what it promises, and whether it is ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from queue_server.access.persons import NOTED
from queue_server.doctor import cards, journals, machine, standby
from queue_server.doctor.connecting import ANSWER_WITHIN_S, connect
from queue_server.doctor.findings import Finding, note
from queue_server.journal import migrations
from queue_server.journal.backup import last_good
from queue_server.journal.postgres import schema
from queue_server.journal.postgres.journal import CONNECTIONS
from queue_server.settings import Settings

OLDEST = 150000
"""Older ones get no corrections any more, not even of faults that lose data (PostgreSQL 14: since 12 November 2026)."""
TESTED = 18
CLOCKS_APART = timedelta(seconds=2)
BACKUP_AGE = timedelta(hours=36)
LONG = timedelta(minutes=10)
BROKEN = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
MUST_BE_ON = {
    "fsync": "a power cut may destroy the whole database",
    "full_page_writes": "a power cut may leave pages half written, which nothing can mend",
    "autovacuum": "the table branch_head, of which every number changes a row, grows and gets slower without end",
}
SETTINGS = "SELECT name, setting FROM pg_settings"
OURS = """
SELECT count(*) FILTER (WHERE application_name = 'layso') AS ours, count(*) AS all,
    count(DISTINCT client_addr) FILTER (WHERE application_name = 'layso') AS hosts
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
LONG_ONES = """
SELECT pid, application_name, usename, extract(epoch FROM clock_timestamp() - xact_start) / 60 AS minutes
FROM pg_stat_activity WHERE xact_start < clock_timestamp() - $1::interval AND backend_type = 'client backend'
ORDER BY xact_start
"""
"""Others' are only seen by who may see everything (pg_monitor)."""


async def examine(settings: Settings) -> list[Finding]:
    """Look at all that this user may see; what it may not is said."""
    connection = await connect(settings.database)
    if isinstance(connection, Finding):
        return [connection]
    found: list[Finding] = []
    try:
        values = dict(await connection.fetch(SETTINGS))
        found += [*_server(values), *_disk(values)]
        found += await _connections(connection, values, settings)
        now = await _clock(connection, found)
        found += await standby.examine(connection, values)
        found += await _transactions(connection)
        if await _has_schema(connection, found):
            readers = ["housekeeping", *(["dossier"] if settings.dossier_url else [])]
            found += await journals.examine(connection, now, readers)
            found += cards.examine(settings, await connection.fetchval(NOTED))
    except BROKEN as fault:
        found.append(
            Finding(f"PostgreSQL broke off while it was looked at ({fault or type(fault).__name__}): ask again.")
        )
    finally:
        with suppress(*BROKEN):
            await connection.close(timeout=ANSWER_WITHIN_S)
    return [*found, *_backups(settings, now_here())]


def now_here() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


# -- the server --------------------------------------------------------------------------------------------------------


def _server(values: Mapping[str, str]) -> Iterator[Finding]:
    if int(values["server_version_num"]) < OLDEST:
        yield Finding(
            f"PostgreSQL {values['server_version']} is too old: Lấy Số supports {OLDEST // 10000} and newer, since "
            f"older ones get no corrections any more, and is tested on {TESTED}. Upgrade it (pg_upgrade)."
        )
    for name, risk in MUST_BE_ON.items():
        if values[name] != "on":
            yield Finding(f"{name} is {values[name]}: {risk}. Turn it on (postgresql.conf, then reload).")
    if values["synchronous_commit"] == "off":
        yield Finding(
            "synchronous_commit is off: after a crash, numbers that were given out are unknown and given out again. "
            "Turn it on for this user and database (ALTER ROLE, ALTER DATABASE, postgresql.conf)."
        )
    if values["server_encoding"] != "UTF8":
        yield Finding(f"The database's encoding is {values['server_encoding']}: make one with UTF8 and move into that.")
    if values["data_checksums"] != "on":
        yield note(
            "The database has no checksums: a disk that returns something wrong is not noticed (pg_checksums -e)."
        )


def _disk(values: Mapping[str, str]) -> Iterator[Finding]:
    """Only where it is this machine's, and may be known."""
    folder = values.get("data_directory")
    if folder and Path(folder).exists():
        yield from machine.disk(Path(folder))


async def _connections(connection: asyncpg.Connection, values: Mapping[str, str], settings: Settings) -> list[Finding]:
    kept = int(values["superuser_reserved_connections"]) + int(values.get("reserved_connections", 0))
    limit = int(values["max_connections"]) - kept
    ours, every, hosts = await connection.fetchrow(OURS)
    need = settings.workers * CONNECTIONS * max(hosts, 1) + every - ours
    if need > limit:
        return [
            Finding(
                f"max_connections leaves {limit} for users, and {need} may be wanted: {settings.workers} processes "
                f"with {CONNECTIONS} each on {max(hosts, 1)} host(s), and {every - ours} of other programs. Raise it "
                "and restart PostgreSQL, or serve with fewer processes."
            )
        ]
    return [] if ours else [note("No server is connected to this database just now.")]


async def _clock(connection: asyncpg.Connection, found: list[Finding]) -> datetime:
    """The database's clock; a finding where this machine's is another."""
    before = now_here()
    there: datetime = await connection.fetchval("SELECT clock_timestamp()")
    after = now_here()
    apart = max(before - there, there - after)
    if apart > CLOCKS_APART:
        way = "behind" if there > after else "ahead of"
        found.append(
            Finding(
                f"This machine's clock is {apart.total_seconds():.0f} s {way} the database's. Queues go by the "
                "database's; sessions and logs go by this one, and one of both is wrong. Synchronise them (timedatectl "
                "set-ntp true)."
            )
        )
    return there


async def _transactions(connection: asyncpg.Connection) -> list[Finding]:
    return [
        Finding(
            f"A transaction is open for {minutes:.0f} minutes (process {pid}, {program or 'unnamed'}, user {user}): "
            "nothing is tidied up behind it, and an upgrade waits for it. If nobody needs it: SELECT "
            f"pg_terminate_backend({pid})"
        )
        for pid, program, user, minutes in await connection.fetch(LONG_ONES, LONG)
    ]


# -- what is in it -----------------------------------------------------------------------------------------------------


async def _has_schema(connection: asyncpg.Connection, found: list[Finding]) -> bool:
    """Whether there are tables that this release can read; a finding where not all is as it should be."""
    at = await schema.revision(connection)
    if at is None:
        found.append(
            Finding("The database is empty. Import an organisation, restore a backup, or move a branch into it.")
        )
        return False
    try:
        migrations.refuse_newer(at, await schema.oldest(connection, at))
    except migrations.NewerDatabase as fault:
        found.append(Finding(f"The database cannot be used: {fault}."))
        return False
    if at not in migrations.revisions():
        found.append(
            note(f"A newer release has brought the schema to {at}; this one may go on. Upgrade this host too.")
        )
    elif at != migrations.latest():
        found.append(
            note(
                f"The schema is at {at}: the first server of this release to start brings it to {migrations.latest()}."
            )
        )
    return True


def _backups(settings: Settings, now: datetime) -> Iterator[Finding]:
    if settings.backups is None:
        yield note(
            "Nobody has said where portable copies lie (LAYSO_BACKUPS), so they were not looked for: see "
            "docs/how-to/backup-and-restore.md."
        )
        return
    last = last_good(settings.backups)
    if last is None:
        yield Finding(f"There is no copy in {settings.backups}. Make one each night: queue-server backup --keep 14")
    elif now - last[1] > BACKUP_AGE:
        yield Finding(f"The last copy, {last[0].name}, is older than a day and a half. Look at what should make it.")
    else:
        yield note(f"The last copy is {last[0].name}.")
