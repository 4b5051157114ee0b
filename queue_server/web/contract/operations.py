"""Every HTTP operation under /api/v1: what it takes, what it answers, and how it may refuse. A test holds this table
against the routes, so neither can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from queue_server.access.rights import COMMANDS, Role
from queue_server.access.store import DeviceInfo, PairingWait
from queue_server.branches.answers import BranchAnswer, CounterAnswer, TicketAnswer
from queue_server.domain import commands as c
from queue_server.protocol import resources as r
from queue_server.readers.statistics.day import DayReport
from queue_server.web import dispatch
from queue_server.web.api import entering, managing

QUEUE = ("malformed", "too-large", "key-missing", "key-reused", "unauthenticated", "forbidden", "unavailable")
READ = ("unknown-branch",)


class Devices(Struct, frozen=True):
    devices: list[DeviceInfo]


class Operation(Struct, frozen=True):
    """One method on one path. `needs` says who may; `problems` are codes of `protocol/problems.py`."""

    method: str
    path: str
    summary: str
    tag: str
    answer: object = None
    status: int = 200
    request: object = None
    problems: tuple[str, ...] = ()
    needs: str = "nobody in particular"
    query: tuple[str, ...] = ()
    media: str = "application/json"
    is_change: bool = False
    headers: tuple[str, ...] = ()


READING = (
    Operation("GET", "/branches", "Every branch, in short", "branches", r.Branches),
    Operation("GET", "/branches/{branch}", "A branch, its fields and counters", "branches", r.Branch, problems=READ),
    Operation("GET", "/branches/{branch}/board", "What the lobby shows now", "branches", r.Board, problems=READ),
    Operation(
        "GET", "/branches/{branch}/events", "The public part of the journal, a page at a time", "branches",
        r.PublicEvents, problems=(*READ, "malformed"), query=("since",),
    ),
    Operation(
        "GET", "/tickets/{id}", "Follow a ticket, with its token", "tickets", r.TicketNow,
        problems=("unknown-ticket", "unauthenticated"), query=("token",), headers=("Ticket-Token",),
        needs="who has the ticket's token; staff",
    ),
    Operation(
        "DELETE", "/tickets/{id}", "Cancel a ticket, with its token", "tickets", TicketAnswer,
        problems=("unknown-ticket", "ticket-state", *QUEUE), query=("token",), headers=("Ticket-Token",),
        is_change=True, needs="who has the ticket's token; staff",
    ),
    Operation("GET", "/me", "Who the server takes the asker for", "access", r.Me),
    Operation(
        "GET", "/print-jobs/{job}", "The picture of a paper", "papers", media="image/png",
        problems=("unknown-job", "unauthenticated", "forbidden"), query=("width", "marked"), needs="its printer; staff",
    ),
    Operation(
        "GET", "/branches/{branch}/dossier", "How far the dossier backend has been told", "dossier", r.DossierStatus,
        problems=(*READ, "unauthenticated", "forbidden"), needs="supervisor and above",
    ),
    Operation(
        "POST", "/branches/{branch}/dossier/resend", "Send a parked record again", "dossier", r.SentAgain,
        problems=("no-dossier", "unknown-record", "record-refused", *QUEUE), query=("id",), needs="manager and above",
        is_change=True,
    ),
    Operation(
        "GET", "/branches/{branch}/reports/{date}", "A day's books, waits, services, counters and hours", "branches",
        DayReport, problems=(*READ, "no-service-day", "unauthenticated", "forbidden"),
        needs="supervisor and above, integration",
    ),
    Operation(
        "GET", "/branches/{branch}/health", "What may be wrong with the machine itself", "branches", r.Health,
        problems=(*READ, "unauthenticated", "forbidden"), needs="supervisor and above",
    ),
    Operation(
        "POST", "/clock/confirm", "The server's clock was looked at and is right", "access", status=204,
        problems=("key-missing", "unauthenticated", "forbidden"), needs="administrator", is_change=True,
    ),
)  # fmt: skip

ENTERING = (
    Operation(
        "POST", "/session", "Sign in; sets the session cookie", "access", r.SignedIn, request=entering.SignIn,
        problems=("wrong-credentials", "wrong-origin", "https-needed", "malformed"),
    ),
    Operation("DELETE", "/session", "Sign out", "access", status=204, problems=("wrong-origin",)),
    Operation(
        "POST", "/session/device", "Sign a device's browser in", "access", r.SignedIn, request=entering.DeviceSignIn,
        problems=("unauthenticated", "wrong-origin", "https-needed", "malformed"),
    ),
    Operation(
        "POST", "/pairings", "A new device asks for a code to show", "access", PairingWait, 201, entering.AskPairing,
        problems=("malformed", "unavailable"),
    ),
    Operation(
        "POST", "/pairings/collect", "The token of a device that was let in; 204 until then", "access", r.DeviceToken,
        request=entering.CollectPairing, problems=("unknown-pairing", "malformed"),
    ),
    Operation(
        "POST", "/pairings/confirm", "Let a device in by the code that it shows", "access", r.DeviceAdded, 201,
        entering.ConfirmPairing, problems=("unknown-pairing", *QUEUE), needs="manager and above", is_change=True,
    ),
    Operation(
        "GET", "/devices", "The devices of the asker's branch", "access", Devices,
        problems=("unauthenticated", "forbidden"), needs="manager and above",
    ),
    Operation(
        "PATCH", "/devices/{id}", "Choose the printer beside a dispenser", "access", status=204,
        request=managing.BesidePrinter, problems=("not-found", "malformed", "unauthenticated", "forbidden"),
        needs="manager and above",
    ),
    Operation(
        "DELETE", "/devices/{id}", "End a device's token and sessions", "access", status=204,
        problems=("not-found", "unauthenticated", "forbidden"), needs="manager and above",
    ),
)  # fmt: skip

REFUSALS: dict[str, tuple[str, ...]] = {
    "issue": (
        "unknown-field", "unknown-class", "field-not-offered", "field-suspended", "issuing-closed", "cap-reached",
        "series-exhausted", "day-not-open", "too-late", "disk-full",
    ),
    "call-next": ("counter-closed", "counter-busy", "counter-taken", "too-late"),
    "call": ("counter-closed", "counter-busy", "counter-taken", "cannot-serve", "too-late"),
    "open": ("counter-taken", "counter-retired", "counter-busy", "day-not-open"),
    "pause": ("counter-state", "counter-taken"),
    "close": ("counter-busy", "counter-taken"),
    "resume": ("held-elsewhere", "counter-closed", "counter-busy", "cannot-serve"),
    "transfer": ("nowhere-to", "field-not-offered", "cannot-serve", "unknown-field", "counter-taken"),
    "next-step": ("no-next-step", "unknown-field", "cannot-serve", "counter-taken"),
    "postpone": ("limit-reached",),
    "reinstate": ("limit-reached", "half-day-over", "day-not-open"),
    "undo": ("nothing-to-undo", "undo-too-late", "counter-busy"),
    "void": ("already-counted",),
    "amend": ("unknown-field", "unknown-class", "field-not-offered"),
    "reprint": ("no-printer",),
    "suspend": ("unknown-field", "reason-missing", "day-not-open"),
    "unsuspend": ("unknown-field",),
    "change-hours": ("unknown-field", "reason-missing", "hours-out-of-order", "day-not-open"),
    "assign": ("unknown-field",),
}  # fmt: skip
"""What each command may refuse beside what every command may."""


def operations() -> Iterator[Operation]:
    """All of them, in the order of the documentation."""
    yield from READING
    yield Operation(
        "POST", "/branches/{branch}/tickets", "Issue a ticket", "tickets", TicketAnswer, 201, c.Issue,
        problems=(*READ, *REFUSALS["issue"], *QUEUE), needs="dispenser, helper, clerk, integration", is_change=True,
    )  # fmt: skip
    for name, command in dispatch.COUNTER_COMMANDS.items():
        answer = TicketAnswer if name == "call-next" else CounterAnswer
        yield _command("/branches/{branch}/counters/{no}/" + name, name, command, answer, ("unknown-counter", *READ))
    for name, command in dispatch.TICKET_COMMANDS.items():
        yield _command("/tickets/{id}/" + name, name, command, TicketAnswer, ("unknown-ticket", "ticket-state"))
    for name, command in dispatch.BRANCH_COMMANDS.items():
        if name != "issue":
            yield _command("/branches/{branch}/" + name, name, command, BranchAnswer, READ)
    yield from ENTERING


def _command(path: str, name: str, command: type[c.Command], answer: object, also: tuple[str, ...]) -> Operation:
    summary = (command.__doc__ or name.replace("-", " ").capitalize()).split("\n\n")[0].replace("\n    ", " ")
    tag = "tickets" if issubclass(command, c.TicketCommand) else "counters" if "{no}" in path else "branches"
    is_holders = name in COMMANDS[Role.HOLDER]
    return Operation(
        "POST", path, summary, tag, answer, request=command, is_change=True,
        needs="who has the ticket's token; staff and integrations" if is_holders else "staff and integrations",
        headers=("Ticket-Token",) if is_holders else (),
        problems=(*also, *REFUSALS.get(name, ()), *QUEUE),
    )  # fmt: skip
