"""What became of the fuzzing: every event of the journals, read directly from the database, against the rights matrix
that is written by hand; and the accounts, which no call may change."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from queue_server.app import DATABASE
from tests.contract.rights_server import BRANCHES, SPARE
from tests.rights import COMMANDS, ROWS

SERVERS_OWN = frozenset({"timer", "account:admin", "account:setup"})
"""Who acts for the server itself: its timers, and who set it up."""
NOTICES = "PUT /api/v1/branches/{branch}/notices"

CAUSES: dict[str, tuple[str, ...]] = {
    "branch.configured": (NOTICES,),
    "hours.changed": ("change-hours",),
    "field.suspended": ("suspend",),
    "field.resumed": ("unsuspend",),
    "counter.opened": ("open", "take-advice", "move"),
    "counter.paused": ("pause",),
    "counter.closed": ("close", "open", "take-advice", "end-day", "move"),
    "counter.assigned": ("assign", "take-advice"),
    "advice.taken": ("take-advice",),
    "help.called": ("call-helper",),
    "help.answered": ("answer-help",),
    "alarm.raised": ("raise-alarm",),
    "alarm.answered": ("answer-alarm",),
    "call.shown": ("report-call",),
    "call.spoken": ("report-call",),
    "day.closed": ("end-day",),
    "ticket.issued": ("issue", "enter-list"),
    "ticket.called": ("call-next", "call", "resume", "next-step"),
    "ticket.recalled": ("recall",),
    "ticket.serving": ("start", "resume", "enter-list"),
    "ticket.finished": ("finish", "call-next", "end-service", "end-day", "enter-list", "next-step"),
    "ticket.turn_done": ("finish", "call-next"),
    "ticket.no_show": ("no-show",),
    "ticket.returned": ("return",),
    "ticket.postponed": ("postpone",),
    "ticket.held": ("hold",),
    "ticket.ready": ("ready",),
    "ticket.amended": ("amend",),
    "ticket.transferred": ("transfer",),
    "ticket.step_done": ("next-step",),
    "ticket.cancelled": ("cancel",),
    "ticket.voided": ("void",),
    "ticket.reinstated": ("reinstate",),
    "ticket.undone": ("undo",),
    "ticket.rebooked": ("end-day",),
    "ticket.expired": ("end-day",),
    "ticket.rated": ("rate",),
    "ticket.noted": ("note",),
    "ticket.dossiers_recorded": ("record-dossiers",),
    "paper.requested": ("issue", "reprint", "amend", "end-day"),
    "paper.reported": ("report-paper",),
}
"""Event → the commands of which it may come, written by hand; what is not here nobody from outside may cause."""


class Happened(Struct, frozen=True):
    """An event, and on whose behalf."""

    branch: str
    seq: int
    type: str
    actor: str
    ticket: str = ""


class Identities:
    """Which role and branch is behind an actor of the journal."""

    def __init__(self, devices: dict[str, str]) -> None:
        self._devices = {f"device:{device}": name for name, device in devices.items() if name != SPARE}

    def of(self, actor: str) -> tuple[str, str]:
        """Role and situation ("own", "other", "whole"), as the fuzzing identity is called; a holder and its ticket.

        Raises:
            ValueError: this is none of ours.
        """
        if actor.startswith("ticket:"):
            return "holder", actor.removeprefix("ticket:")
        role, _, situation = self._devices.get(actor, actor.removeprefix("account:")).rpartition("-")
        if situation not in BRANCHES:
            raise ValueError(f"nobody of ours acts as {actor}")
        return role, situation


def happened(data: Path) -> Iterator[Happened]:
    """Everything in the journals."""
    with sqlite3.connect(f"file:{data / DATABASE}?mode=ro", uri=True) as db:
        for branch, seq, kind, body in db.execute("SELECT branch_id, seq, type, body FROM event ORDER BY 1, 2"):
            said: dict[str, Any] = msgspec.json.decode(body)
            yield Happened(branch, seq, kind, said["actor"], str(said["event"].get("ticket", "")))


def accounts(data: Path) -> str:
    """A mark of everything that is known of accounts, but for the secret that anybody may begin to set up."""
    with sqlite3.connect(f"file:{data / DATABASE}?mode=ro", uri=True) as db:
        names = [row[1] for row in db.execute("PRAGMA table_info(account)") if row[1] != "otp_secret"]
        rows = db.execute(f"SELECT {', '.join(names)} FROM account ORDER BY username").fetchall()
        return sha256(repr(rows).encode()).hexdigest()


def place_of(branch: str, situation: str) -> str:
    """Where somebody stands, seen from a branch: its own, another, or none."""
    belongs_to = BRANCHES[situation]
    return "whole" if belongs_to is None else "own" if belongs_to == branch else "other"


def is_allowed(event: Happened, identities: Identities) -> bool:
    if event.actor in SERVERS_OWN:
        return True
    try:
        role, situation = identities.of(event.actor)
    except ValueError:
        return False
    causes = CAUSES.get(event.type, ())
    if role == "holder":
        return event.ticket == situation and any(_may(cause, role, "own") for cause in causes)
    return any(_may(cause, role, place_of(event.branch, situation)) for cause in causes)


def _may(cause: str, role: str, place: str) -> bool:
    row = COMMANDS.get(cause) or next(row for row in ROWS if str(row) == cause)
    return row.is_let_in(role, place)


def unauthorised(events: Iterator[Happened], identities: Identities) -> tuple[Counter[str], list[Happened]]:
    """How many events of each type there are, and those that nobody of the matrix may have caused."""
    counts: Counter[str] = Counter()
    wrong = []
    for event in events:
        counts[event.type] += event.actor not in SERVERS_OWN
        if not is_allowed(event, identities):
            wrong.append(event)
    return +counts, wrong
