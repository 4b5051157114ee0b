"""A branch's move into PostgreSQL: what the command line says before, asks, and says afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from queue_server.access.staff import USERNAME
from queue_server.administration import agrees
from queue_server.app import DATABASE
from queue_server.domain.tickets import TicketState
from queue_server.domain.upcast import UnknownEvent
from queue_server.journal.backup import BackupFailed, opened
from queue_server.journal.migrations import NewerDatabase
from queue_server.moving.obstacles import branches_of, notes, obstacles
from queue_server.moving.selection import Moved, Selection, move, select
from queue_server.settings import BadSettings, Settings
from queue_server.transfers import place_of


class MoveOptions(Struct, frozen=True):
    """`branches` None is all; `renamed` gives accounts another user name."""

    branches: Sequence[str] | None = None
    renamed: Mapping[str, str] = {}
    is_agreed: bool = False


def renaming(given: Sequence[str]) -> dict[str, str]:
    """`["lan=lan.go-vap"]` as pairs.

    Raises:
        BadSettings
    """
    pairs = dict(one.partition("=")[::2] for one in given)
    for old, new in pairs.items():
        if not USERNAME.fullmatch(new):
            raise BadSettings(f"--rename {old}={new}: a user name has 2 to 40 letters, digits, dots or dashes")
    return pairs


def move_branches(settings: Settings, file: Path, options: MoveOptions) -> int:
    """Say what a move does, ask, and do it."""
    source = file / DATABASE if file.is_dir() else file
    if not settings.database:
        raise BadSettings("LAYSO_DATABASE: branches move into PostgreSQL; say where it is (postgresql://…)")
    if not source.is_file():
        return _nothing(f"there is no file {source}")
    try:
        with opened(source) as db:
            return asyncio.run(_move(settings, db, options))
    except (BackupFailed, NewerDatabase, UnknownEvent) as fault:
        return _nothing(str(fault))


def _nothing(why: str) -> int:
    print(f"Nothing was moved: {why}.", file=sys.stderr)
    return 1


async def _move(settings: Settings, db: sqlite3.Connection, options: MoveOptions) -> int:
    import asyncpg

    from queue_server.journal.postgres.schema import bring_up_to_date, revision
    from queue_server.journal.transfer.copying import NotTheSame, connect, told

    async with told():
        connection = await connect(settings.database)
        try:
            if await revision(connection) is None:
                await bring_up_to_date(settings.database)
            branches = options.branches or branches_of(db)
            faults = await obstacles(db, connection, branches, options.renamed)
            if faults:
                print("\n".join(faults), file=sys.stderr)
                return _nothing("see above")
            organisations = [row[0] for row in await connection.fetch("SELECT code FROM organisation")]
            selection = select(db, branches, options.renamed, organisations)
            print("\n".join(_before(settings, db, selection)))
            if not options.is_agreed and not await asyncio.to_thread(agrees):
                return _nothing("nobody agreed")
            await move(db, connection, selection)
        except NotTheSame as fault:
            return _nothing(f"in {fault} something else was written than the file holds")
        except asyncpg.UniqueViolationError as fault:
            return _nothing(f"something of this has come into the database just now ({fault.detail}); try again")
        finally:
            await connection.close()
    print("\n".join(_after(settings, selection)))
    return 0


def _before(settings: Settings, db: sqlite3.Connection, selection: Selection) -> Iterator[str]:
    yield f"To {place_of(settings)}:"
    for moved in selection.moved:
        yield f"  {moved.branch}: {moved.events} events, {moved.tickets} tickets; {_day(moved)}"
    counts = {table: sum(1 for _ in selection.rows(db, table)) for table in ("account", "device", "session")}
    yield "  " + ", ".join(f"{count} {table}{'' if count == 1 else 's'}" for table, count in counts.items())
    yield "Numbers go on; papers, and phones that follow a ticket, stay valid."
    yield from notes(db, [moved.branch for moved in selection.moved], has_dossier=bool(settings.dossier_url))


def _day(moved: Moved) -> str:
    day = moved.state.day
    if day is None:
        return "no day yet"
    if day.ended_at is not None:
        return f"its day {day.date} has ended"
    waiting = sum(ticket.state is TicketState.WAITING for ticket in moved.state.tickets.values())
    return f"its day {day.date} is open, {waiting} waiting"


def _after(settings: Settings, selection: Selection) -> Iterator[str]:
    names = ", ".join(moved.branch for moved in selection.moved)
    yield f"Moved: {names}. Everything was read back and is the same; screens and consoles take it anew by themselves."
    yield (
        "Do not start the old server again, or the same numbers are given out twice: "
        "sudo systemctl disable --now queue-server"
    )
