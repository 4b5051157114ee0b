"""`queue-server citizen export | erase`: what is kept of one visit, at the machine itself, with the server stopped."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from queue_server.access.store import Access
from queue_server.administration import with_access
from queue_server.audit.trail import COMMAND_LINE
from queue_server.domain.refusals import Refusal
from queue_server.journal.port import Journal
from queue_server.protocol.problems import problem
from queue_server.readers import visit
from queue_server.settings import Settings


class Wanted(Struct, frozen=True):
    """A visit by the token on its paper, or by branch, day and number."""

    token: str | None = None
    branch: str = ""
    day: date | None = None
    number: str = ""


def export(settings: Settings, wanted: Wanted) -> int:
    """Print all that is kept of it, as JSON."""

    async def work(journal: Journal, access: Access) -> Any:
        found = await visit.visit_of(journal, await _ticket(journal, access, wanted))
        await visit.note_export(journal, found, COMMAND_LINE)
        return found

    return _told(settings, work)


def erase(settings: Settings, wanted: Wanted) -> int:
    """Delete what is personal of it, and print what was deleted, what stays and why."""

    async def work(journal: Journal, access: Access) -> Any:
        erased = await visit.erase(journal, await _ticket(journal, access, wanted), COMMAND_LINE)
        await journal.scrub()
        return erased

    return _told(settings, work)


async def _ticket(journal: Journal, access: Access, wanted: Wanted) -> str:
    if wanted.token is not None:
        return access.ticket_tokens.ticket_of(wanted.token)
    assert wanted.day is not None
    return await visit.find_visit(journal, wanted.branch, wanted.day, wanted.number)


def _told(settings: Settings, work: Any) -> int:
    async def tell(journal: Journal, access: Access) -> int:
        found = await work(journal, access)
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return 0

    try:
        return with_access(settings, tell)
    except Refusal as refusal:
        print(problem(refusal.code, refusal.data, "en").detail, file=sys.stderr)
        return 1
