"""What is left when PostgreSQL's machine dies: standbys, and the archive of its log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import asyncpg

from queue_server.doctor.findings import Finding, note

LAG = timedelta(minutes=1)
MAY_SEE_ALL = (
    "SELECT pg_has_role(current_user, 'pg_monitor', 'USAGE') OR rolsuper FROM pg_roles WHERE rolname = current_user"
)
STANDBYS = "SELECT application_name, client_addr, state, sync_state, replay_lag FROM pg_stat_replication ORDER BY 1, 2"
SLOTS = """
SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS bytes
FROM pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL
"""
ARCHIVER = "SELECT last_archived_time, last_failed_time, last_failed_wal FROM pg_stat_archiver"
LOST = "at a failover, what was acknowledged in the last moments would be lost, and numbers given out twice"
THROWS_AWAY = ("/bin/true", "true", "")
SYNCHRONOUS = ("sync", "quorum")


async def examine(connection: asyncpg.Connection, values: Mapping[str, str]) -> list[Finding]:
    """`values` are the server's settings."""
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        return [
            Finding(
                "This is a standby: no number can be given out here. Name the primary in LAYSO_DATABASE, or all of "
                "them, with ?target_session_attrs=read-write."
            )
        ]
    if not await connection.fetchval(MAY_SEE_ALL):
        user = await connection.fetchval("SELECT current_user")
        return [
            note(
                f"This user may not see standbys, the archive, and what others do. To have them looked at: "
                f"GRANT pg_monitor TO {user}"
            )
        ]
    return [*(await _standbys(connection, values)), *(await _slots(connection)), *(await _archive(connection, values))]


async def _standbys(connection: asyncpg.Connection, values: Mapping[str, str]) -> list[Finding]:
    rows = await connection.fetch(STANDBYS)
    wanted = values["synchronous_standby_names"]
    found = []
    if not rows and wanted:
        found.append(
            Finding(
                f"No standby is connected, and every command waits for one (synchronous_standby_names = {wanted}). "
                "Start the standby; until then, empty that setting and reload."
            )
        )
    elif not rows:
        found.append(
            note("No standby is connected: if this machine is lost, so is all that is not in the archive or in a copy.")
        )
    elif not any(row[3] in SYNCHRONOUS for row in rows):
        found.append(note(f"The standby is asynchronous (synchronous_standby_names is empty): {LOST}."))
    elif values["synchronous_commit"] in ("off", "local"):
        found.append(
            Finding(f"synchronous_commit is {values['synchronous_commit']}, so no standby is waited for: {LOST}.")
        )
    for name, address, state, _, lag in rows:
        if state not in ("streaming", "backup") or (lag is not None and lag > LAG):
            how = f"is {state}" if lag is None else f"is {lag.total_seconds():.0f} s behind"
            found.append(
                Finding(f"The standby {name} at {address or 'this machine'} {how}. Look at its log and its line.")
            )
    return found


async def _slots(connection: asyncpg.Connection) -> list[Finding]:
    return [
        Finding(
            f"Nobody reads the replication slot {name}, and {int(size) // 1024**2} MB of log are kept for it: the disk "
            f"fills. Start that standby, or: SELECT pg_drop_replication_slot('{name}')"
        )
        for name, size in await connection.fetch(SLOTS)
    ]


async def _archive(connection: asyncpg.Connection, values: Mapping[str, str]) -> list[Finding]:
    if values["archive_mode"] == "off":
        return [
            note("The log is not archived (archive_mode = off): one can go back to a whole copy only, to no instant.")
        ]
    if values["archive_command"] in THROWS_AWAY and not values.get("archive_library"):
        return [
            note(
                "The log is thrown away instead of archived (archive_command = /bin/true): one can go back to a whole "
                "copy only, to no instant."
            )
        ]
    archived_at, failed_at, failed = await connection.fetchrow(ARCHIVER)
    if failed_at is not None and (archived_at is None or failed_at > archived_at):
        return [
            Finding(
                f"The log is not archived since {failed_at:%Y-%m-%d %H:%M} UTC ({failed}): the disk fills, and one "
                "cannot go back to any instant after it. Look at archive_command and at PostgreSQL's log."
            )
        ]
    return []
