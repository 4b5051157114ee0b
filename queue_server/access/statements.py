"""The SQL of accounts, devices and sessions, as every database understands it.

Who works at a branch prints at its oldest printer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec.structs import replace

from queue_server.access.identity import Who, device_actor
from queue_server.access.people import Person, Posting
from queue_server.access.rights import Role
from queue_server.audit.trail import Entry, note
from queue_server.journal.port import Database

SIZES = (1, 8, 64, 512, 1024)
"""Lists of values have one of these lengths, so that the database meets few different statements."""

_ACCOUNT = (
    "account.username, account.name, account.role, account.branch, account.must_change, account.otp_since IS NOT NULL"
)
_DEVICE = "device.id, device.kind, device.name, device.branch, device.printer, device.screen, device.counter"

BUMP = (
    "INSERT INTO revision (name, value) VALUES ('access', 1)"
    " ON CONFLICT (name) DO UPDATE SET value = revision.value + 1"
)
REVISION = "SELECT value FROM revision WHERE name = 'access'"
PASSWORD = "SELECT password_hash FROM account WHERE username = ? AND is_active"
PERSON = f"SELECT {_ACCOUNT} FROM account WHERE username = ? AND is_active"
PUT_ACCOUNT = (
    "INSERT INTO account (username, name, role, password_hash, branch, is_active) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (username) DO UPDATE SET name = excluded.name, role = excluded.role,"
    " password_hash = excluded.password_hash, branch = excluded.branch, is_active = true, must_change = false"
)
ADD_ACCOUNT = (
    "INSERT INTO account"
    " (username, name, role, password_hash, branch, is_active, employer_kind, employer, must_change)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (username) DO NOTHING"
)
CHANGE_ACCOUNT = "UPDATE account SET name = ?, role = ?, branch = ?, employer_kind = ?, employer = ? WHERE username = ?"
ADMINISTRATORS = "SELECT count(*) FROM account WHERE is_active AND role = 'administrator' AND branch IS NULL"
MEMBERS = (
    f"SELECT {_ACCOUNT}, employer_kind, employer FROM account WHERE is_active AND (branch = ? OR username IN"
    " (SELECT account FROM posting WHERE branch = ? AND ended_at IS NULL AND last_day >= ?)"
    " OR (? AND branch IS NULL AND (role <> '' OR username NOT IN"
    " (SELECT account FROM posting WHERE ended_at IS NULL)))) ORDER BY name, username"
)
ACCOUNTS = "SELECT username, name, role, branch FROM account WHERE is_active ORDER BY username"
_POSTING = "id, account, branch, role, agency, first_day, last_day, substitutes, ended_at"
POSTINGS = f"SELECT {_POSTING} FROM posting WHERE ended_at IS NULL AND account IN "
POSTING = f"SELECT {_POSTING} FROM posting WHERE id = ?"
ADD_POSTING = f"INSERT INTO posting ({_POSTING}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)"
OVERLAPPING = (
    "SELECT first_day, last_day FROM posting"
    " WHERE account = ? AND ended_at IS NULL AND first_day <= ? AND last_day >= ?"
)
END_POSTING = "UPDATE posting SET ended_at = ? WHERE id = ? AND ended_at IS NULL"
PRINTERS = (
    "SELECT branch, id FROM device WHERE kind = 'printer' AND branch IS NOT NULL AND revoked_at IS NULL"
    " AND branch IN {marks} ORDER BY created_at DESC, id DESC"
)
ADD_DEVICE = (
    "INSERT INTO device (id, kind, name, token_hash, branch, printer, screen, counter, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
DEVICES = "SELECT id, kind, name, branch, printer, screen, counter, created_at, revoked_at, used_on FROM device"
USED_DEVICE = "UPDATE device SET used_on = ?, former_hash = NULL, former_until = NULL WHERE id IN {marks}"
ROTATE = (
    "UPDATE device SET former_hash = token_hash, former_until = ?, token_hash = ? WHERE id = ? AND revoked_at IS NULL"
)
USED_FORMER = "UPDATE device SET used_on = ? WHERE id IN {marks}"
ADD_SESSION = (
    "INSERT INTO session (token_hash, account, device, created_at, expires_at, browser, used_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
DROP_SESSIONS = "DELETE FROM session WHERE expires_at <= ? OR token_hash = ?"
USE_SESSION = "UPDATE session SET used_at = ? WHERE token_hash = ?"
SESSIONS_OF = (
    "SELECT token_hash, browser, created_at, used_at, expires_at FROM session WHERE account = ? AND expires_at > ?"
)
BRANCH_OF = (
    "SELECT branch FROM device WHERE id = ? UNION ALL SELECT coalesce(branch, (SELECT branch FROM posting"
    " WHERE posting.account = account.username AND ended_at IS NULL ORDER BY first_day DESC LIMIT 1))"
    " FROM account WHERE username = ?"
)
ENDED = (
    "SELECT 'device:' || id FROM device WHERE revoked_at IS NOT NULL"
    " UNION ALL SELECT 'account:' || username FROM account WHERE NOT is_active"
)


def in_list(values: Sequence[str]) -> tuple[str, list[str]]:
    """`(?, ?, …)` and its values; what is too short is filled with the last value again."""
    size = next(size for size in SIZES if size >= len(values))
    return f"({', '.join('?' * size)})", [*values, *[values[-1]] * (size - len(values))]


def by_token(db: Database, hashes: Sequence[str], now: int, today: str) -> dict[str, Who]:
    """The devices that hold these tokens, or held them until a while ago; a first use of today, or of a new token, is
    noted."""
    marks, values = in_list(hashes)
    rows = db.execute(
        f"SELECT token_hash, former_hash, used_on, {_DEVICE} FROM device WHERE revoked_at IS NULL"
        f" AND (token_hash IN {marks} OR (former_hash IN {marks} AND former_until > ?))",
        [*values, *values, now],
    ).fetchall()
    asked = set(hashes)
    new = [row[3] for row in rows if row[0] in asked and (row[2] != today or row[1] is not None)]
    former = [row[3] for row in rows if row[0] not in asked and row[2] != today]
    for statement, ids in ((USED_DEVICE, new), (USED_FORMER, former)):
        for some in batched(ids):
            marks, values = in_list(some)
            db.execute(statement.format(marks=marks), [today, *values])
    return {row[0] if row[0] in asked else row[1]: device(*row[3:]) for row in rows}


def by_session(db: Database, hashes: Sequence[str]) -> dict[str, tuple[Who | Person, int, int, int]]:
    """The people and devices of these sessions; when each began and ends, and was last used."""
    marks, values = in_list(hashes)
    times = "session.token_hash, session.created_at, session.expires_at, session.used_at"
    accounts = db.execute(
        f"SELECT {times}, {_ACCOUNT} FROM session JOIN account ON account.username = session.account"
        f" WHERE account.is_active AND session.token_hash IN {marks}",
        values,
    ).fetchall()
    known = people(db, [row[4:] for row in accounts])
    found: dict[str, tuple[Who | Person, int, int, int]] = {row[0]: (known[row[4]], *row[1:4]) for row in accounts}
    devices = db.execute(
        f"SELECT {times}, {_DEVICE} FROM session JOIN device ON device.id = session.device"
        f" WHERE device.revoked_at IS NULL AND session.token_hash IN {marks}",
        values,
    )
    return found | {row[0]: (device(*row[4:]), *row[1:4]) for row in devices}


def people(db: Database, rows: Sequence[Sequence[Any]]) -> dict[str, Person]:
    """Those of rows of accounts, with their postings, by user name."""
    if not rows:
        return {}
    postings: dict[str, list[Posting]] = {row[0]: [] for row in rows}
    for names in batched(list(postings)):
        marks, values = in_list(names)
        for each in map(posting, db.execute(f"{POSTINGS}{marks}", values)):
            postings[each.account].append(each)
    branches = {row[3] for row in rows} | {each.branch for several in postings.values() for each in several}
    printers = _printers(db, sorted(branch for branch in branches if branch is not None))
    return {row[0]: _person(row, postings[row[0]], printers) for row in rows}


def _person(row: Sequence[Any], postings: Sequence[Posting], printers: Mapping[str, str]) -> Person:
    username, name, role, branch, must_change, has_second_factor = row
    wanted = {branch, *(each.branch for each in postings)}
    return Person(
        username,
        name,
        Role(role) if role else None,
        branch,
        bool(must_change),
        bool(has_second_factor),
        tuple(postings),
        {each: printers[each] for each in wanted if each in printers},
    )


def posting(row: Sequence[Any]) -> Posting:
    first, last = date.fromisoformat(row[5]), date.fromisoformat(row[6])
    return Posting(row[0], row[1], row[2], Role(row[3]), row[4], first, last, row[7], row[8])


def _printers(db: Database, branches: Sequence[str]) -> dict[str, str]:
    """The oldest printer of each branch, the newest first, so that the oldest stays."""
    found: dict[str, str] = {}
    for some in batched(branches):
        marks, values = in_list(some)
        found |= dict(db.execute(PRINTERS.format(marks=marks), values).fetchall())
    return found


def batched(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at once as a list may have."""
    return (values[at : at + SIZES[-1]] for at in range(0, len(values), SIZES[-1]))


def names(db: Database, clerks: Iterable[str]) -> dict[str, str]:
    """The names of accounts by user name, and of devices by their actor."""
    marks, values = in_list(list(clerks))
    accounts = db.execute(f"SELECT username, name FROM account WHERE username IN {marks}", values).fetchall()
    devices = db.execute(
        f"SELECT 'device:' || id, name FROM device WHERE 'device:' || id IN {marks}", values
    ).fetchall()
    return dict(accounts) | dict(devices)


def note_at_branch(db: Database, entry: Entry) -> None:
    """Note it, in the caller's transaction, at the branch of the account or device that it is about: that branch's
    auditor finds it. Whoever has no standing appointment is of the branch of the last posting."""
    found = db.execute(BRANCH_OF, (entry.subject, entry.subject)).fetchone() if entry.branch is None else None
    note(db, entry if found is None else replace(entry, branch=found[0]))


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
