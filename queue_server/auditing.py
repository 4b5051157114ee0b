"""`queue-server audit verify`: whether journals and trail are as they were written, as the command line says it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

from queue_server.app import DATABASE, open_journal
from queue_server.audit import chain, trail
from queue_server.audit.chain import Misfit, Place, Verified
from queue_server.audit.trail import Action, Entry
from queue_server.journal.port import Database, JournalUnavailable
from queue_server.journal.sqlite.connections import open_reader
from queue_server.settings import BadSettings, Settings
from queue_server.transfers import place_of

TRAIL_NAME = "access"
WHY = {
    "changed": "{what} {seq} was changed after it was written.",
    "missing": "{what} {seq} is missing.",
    "unlinked": "{what} {seq} does not fit its link: it, one before it, or the link was changed.",
    "personal": "what is kept of a person beside {what} {seq} was changed after it was written.",
    "against": "{what} {seq}, or one before it, is not what it was when the value was kept.",
}


def places(values: Sequence[str]) -> list[Place]:
    """`["go-vap/120/9f3c…"]`, as `verify` printed them.

    Raises:
        BadSettings
    """
    found = []
    for value in values:
        rest, _, made = "".join(value.split()).rpartition("/")
        name, _, seq = rest.rpartition("/")
        if not seq.isdigit() or len(made) != 64:
            raise BadSettings(f"--against {value}: it looks like go-vap/120/9f3c…, as verify has printed it")
        found.append(Place(trail.TRAIL if name == TRAIL_NAME else name, int(seq), made.lower()))
    return found


def verify_trail(settings: Settings, against: Sequence[str]) -> int:
    """Compute everything anew, say what does not fit, and print the newest values; 1 when something does not fit."""
    kept = places(against)
    if not settings.database and not (settings.data / DATABASE).exists():
        print(f"There is no database in {settings.data}.", file=sys.stderr)
        return 1
    found = _with_database(settings, partial(_verify, kept=kept))
    strangers = {place.name for place in kept} - {each.newest.name for each in found}
    for name in sorted(strangers):
        print(f"{name}: there is no such branch any more, and there was one when its value was kept.")
    for each in found:
        print(_said(each))
    misfits = len(strangers) + sum(each.misfit is not None for each in found)
    if misfits == 0:
        print("Nothing was changed. Keep these values elsewhere, on paper or by mail, for a later --against VALUE:")
        for each in found:
            print(f"  {each.newest.name or TRAIL_NAME}/{each.newest.seq}/{each.newest.value}")
    return 1 if misfits else 0


def _verify(db: Database, kept: Sequence[Place]) -> list[Verified]:
    return [*chain.verify(db, kept), trail.verify(db, kept)]


def _said(each: Verified) -> str:
    name, what = (each.newest.name, "event") if each.newest.name else ("The trail of accounts and devices", "entry")
    if each.misfit is not None:
        return f"{name}: {_why(each.misfit, what)}"
    later = each.newest.seq - each.linked_seq
    newer = f", {later} of them too new to be linked" if later > 0 else ""
    return f"{name}: {each.newest.seq} {'events' if what == 'event' else 'entries'} fit{newer}."


def _why(misfit: Misfit, what: str) -> str:
    return WHY[misfit.why].format(what=what, seq=misfit.seq)


def _with_database(settings: Settings, work: Callable[[Database], list[Verified]]) -> list[Verified]:
    """Beside a server on SQLite one can only read, and so it is not noted."""
    try:
        return asyncio.run(_noted(settings, work))
    except JournalUnavailable as fault:
        if settings.database or not fault.detail.startswith("another process"):
            raise
    with closing(open_reader(settings.data / DATABASE)) as db:
        found = work(db)
    print("A server has the database open, so the trail does not say that this was looked at.", file=sys.stderr)
    return found


async def _noted(settings: Settings, work: Callable[[Database], list[Verified]]) -> list[Verified]:
    journal = await open_journal(settings)
    try:
        found = await journal.run(work)
        first = next((f"{each.newest.name or TRAIL_NAME}/{each.misfit.seq}" for each in found if each.misfit), "")
        entry = Entry(trail.COMMAND_LINE, Action.VERIFIED, subject=place_of(settings), detail=first)
        if not any(each.misfit for each in found if each.newest.name == trail.TRAIL):
            await journal.run(partial(trail.note, entry=entry))
        return found
    finally:
        await journal.close()
