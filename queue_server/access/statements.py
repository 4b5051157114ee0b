"""The SQL of accounts, devices and sessions, as every database understands it.

An account prints at the oldest printer of its branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from queue_server.access.identity import Who, device_actor
from queue_server.access.rights import Role
from queue_server.journal.port import Database

SIZES = (1, 8, 64, 512, 1024)
"""Lists of values have one of these lengths, so that the database meets few different statements."""

_PRINTER = (
    "(SELECT id FROM device AS p WHERE p.kind = 'printer' AND p.branch = account.branch AND p.revoked_at IS NULL"
    " ORDER BY p.created_at, p.id LIMIT 1)"
)
_ACCOUNT = f"account.username, account.name, account.role, account.branch, {_PRINTER}"
_DEVICE = "device.id, device.kind, device.name, device.branch, device.printer, device.screen, device.counter"

BUMP = (
    "INSERT INTO revision (name, value) VALUES ('access', 1)"
    " ON CONFLICT (name) DO UPDATE SET value = revision.value + 1"
)
REVISION = "SELECT value FROM revision WHERE name = 'access'"
ACCOUNT = f"SELECT password_hash, {_ACCOUNT} FROM account WHERE username = ? AND is_active"
PUT_ACCOUNT = (
    "INSERT INTO account (username, name, role, password_hash, branch, is_active) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (username) DO UPDATE SET name = excluded.name, role = excluded.role,"
    " password_hash = excluded.password_hash, branch = excluded.branch, is_active = true"
)
ACCOUNTS = "SELECT username, name, role, branch FROM account WHERE is_active ORDER BY username"
ADD_DEVICE = (
    "INSERT INTO device (id, kind, name, token_hash, branch, printer, screen, counter, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
DEVICES = "SELECT id, kind, name, branch, printer, screen, counter, created_at, revoked_at FROM device"
ADD_SESSION = "INSERT INTO session VALUES (?, ?, ?, ?, ?)"
ENDED = (
    "SELECT 'device:' || id FROM device WHERE revoked_at IS NOT NULL"
    " UNION ALL SELECT 'account:' || username FROM account WHERE NOT is_active"
)


def in_list(values: Sequence[str]) -> tuple[str, list[str]]:
    """`(?, ?, …)` and its values; what is too short is filled with the last value again."""
    size = next(size for size in SIZES if size >= len(values))
    return f"({', '.join('?' * size)})", [*values, *[values[-1]] * (size - len(values))]


def by_token(db: Database, hashes: Sequence[str]) -> dict[str, Who]:
    """The devices that hold these tokens."""
    marks, values = in_list(hashes)
    rows = db.execute(
        f"SELECT token_hash, {_DEVICE} FROM device WHERE revoked_at IS NULL AND token_hash IN {marks}", values
    )
    return {row[0]: device(*row[1:]) for row in rows}


def by_session(db: Database, hashes: Sequence[str]) -> dict[str, tuple[Who, int]]:
    """The accounts and devices of these sessions, and when each ends."""
    marks, values = in_list(hashes)
    found: dict[str, tuple[Who, int]] = {}
    for table, columns, key, is_good, made in (
        ("account", _ACCOUNT, "account.username = session.account", "account.is_active", account),
        ("device", _DEVICE, "device.id = session.device", "device.revoked_at IS NULL", device),
    ):
        rows = db.execute(
            f"SELECT session.token_hash, session.expires_at, {columns} FROM session JOIN {table} ON {key}"
            f" WHERE {is_good} AND session.token_hash IN {marks}",
            values,
        )
        found |= {row[0]: (made(*row[2:]), row[1]) for row in rows}
    return found


def names(db: Database, clerks: Iterable[str]) -> dict[str, str]:
    """The names of accounts by user name, and of devices by their actor."""
    marks, values = in_list(list(clerks))
    accounts = db.execute(f"SELECT username, name FROM account WHERE username IN {marks}", values).fetchall()
    devices = db.execute(
        f"SELECT 'device:' || id, name FROM device WHERE 'device:' || id IN {marks}", values
    ).fetchall()
    return dict(accounts) | dict(devices)


def account(username: str, name: str, role: str, branch: str | None, printer: str | None) -> Who:
    return Who(f"account:{username}", Role(role), name, clerk=username, branch=branch, printer=printer)


def device(
    device_id: str,
    kind: str,
    name: str,
    branch: str | None,
    printer: str | None,
    screen: str | None,
    counter: int | None,
) -> Who:
    actor = device_actor(device_id)
    return Who(
        actor, Role(kind), name, branch=branch, device=device_id, printer=printer, screen=screen, counter=counter
    )
