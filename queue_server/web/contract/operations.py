"""Every HTTP operation under /api/v1: what it takes, what it answers, and how it may refuse. A test holds this table
against the routes, so neither can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from queue_server.access.pairing import PairingWait
from queue_server.access.rights import ACCOUNTS, COMMANDS, PAGES, Role
from queue_server.access.second_factor import Enrolment
from queue_server.branches.answers import BranchAnswer, CounterAnswer, TicketAnswer
from queue_server.domain import commands as c
from queue_server.domain.configuration import BranchConfig
from queue_server.protocol import resources as r
from queue_server.readers.statistics.day import DayReport
from queue_server.readers.visit import Erased, Visit
from queue_server.web import dispatch
from queue_server.web.api import account, audit, entering, managing, notices, slips, staff, visits
from queue_server.web.contract.security import PUBLIC

BODY = ("malformed", "too-large")
KEY = ("key-missing", "key-length")
QUEUE = ("key-reused", "disk-full", "unavailable")


def may(command: str) -> frozenset[Role]:
    """The roles that may give a command."""
    return frozenset(role for role, commands in COMMANDS.items() if command in commands)


class Operation(Struct, frozen=True):
    """One method on one path. `who` may; `problems` are its own codes of `protocol/problems.py`."""

    method: str
    path: str
    summary: str
    tag: str
    answer: object = None
    status: int = 200
    request: object = None
    problems: tuple[str, ...] = ()
    who: frozenset[Role] = PUBLIC
    query: tuple[str, ...] = ()
    media: str = "application/json"
    takes: str = "application/json"
    is_change: bool = False

    def refusals(self) -> Iterator[str]:
        """Every code that may come: those of who asks, of what every such request may lack, and its own."""
        if self.method != "GET":
            yield "wrong-origin"
        if Role.NOBODY not in self.who:
            yield from ("unauthenticated", "wrong-token", "too-many-tries", "forbidden")
        if "{branch}" in self.path:
            yield "unknown-branch"
        if self.is_change:
            yield from KEY
        if self.request is not None:
            yield from BODY
        yield from self.problems


READING = (
    Operation("GET", "/branches", "Every branch, in short", "branches", r.Branches),
    Operation(
        "GET", "/branches/suggest", "Where somebody would be called soonest", "branches", r.Suggested,
        problems=("malformed", "unknown-branch"), query=("field", "from", "latitude", "longitude"),
    ),
    Operation("GET", "/branches/{branch}", "A branch, its fields and counters", "branches", r.Branch),
    Operation("GET", "/branches/{branch}/board", "What the lobby shows now", "branches", r.Board),
    Operation(
        "GET", "/branches/{branch}/events", "The public part of the journal, a page at a time", "branches",
        r.PublicEvents, problems=("malformed",), query=("since",),
    ),
    Operation(
        "GET", "/branches/{branch}/procedures", "Procedures that a few typed words may mean", "branches",
        r.ProceduresFound, problems=("malformed", "unknown-field"), query=("q", "field", "limit"),
    ),
    Operation(
        "GET", "/branches/{branch}/fields/{field}/another-day", "When to come instead, where today is too late",
        "branches", r.AnotherDay, problems=("unknown-field",),
    ),
    Operation(
        "GET", "/tickets/{id}", "Follow a ticket", "tickets", r.TicketNow, problems=("unknown-ticket",),
        who=may("cancel"),
    ),
    Operation(
        "GET", "/tickets/{id}/calls", "Why a ticket was called when it was, and no other", "tickets", r.TicketCalls,
        problems=("unknown-ticket",), who=PAGES["calls"],
    ),
    Operation(
        "GET", "/tickets/{id}/notes", "Notes and dossier codes of a ticket, while they are kept", "tickets",
        r.TicketNotes, problems=("unknown-ticket",), who=PAGES["notes"],
    ),
    Operation(
        "DELETE", "/tickets/{id}", "Cancel a ticket", "tickets", TicketAnswer,
        problems=("unknown-ticket", "ticket-state", "malformed", *QUEUE), is_change=True, who=may("cancel"),
    ),
    Operation(
        "GET", "/me", "Who the server takes the asker for", "access", r.Me, problems=("wrong-token", "too-many-tries"),
    ),
    Operation(
        "GET", "/print-jobs/{job}", "The picture of a paper", "papers", media="image/png",
        problems=("unknown-job", "malformed"), query=("width", "marked"), who=may("reprint") | {Role.PRINTER},
    ),
    Operation(
        "GET", "/print-jobs/{job}/text", "A paper as plain text, for printers that can print no picture", "papers",
        r.PaperText, problems=("unknown-job", "malformed"), query=("columns", "marked"),
        who=may("reprint") | {Role.PRINTER},
    ),
    Operation(
        "GET", "/branches/{branch}/dossier", "How far the dossier backend has been told", "dossier", r.DossierStatus,
        who=PAGES["manager"],
    ),
    Operation(
        "POST", "/branches/{branch}/dossier/resend", "Send a parked record again", "dossier", r.SentAgain,
        problems=("no-dossier", "unknown-record", "record-refused"), query=("id",), who=PAGES["devices"],
        is_change=True,
    ),
    Operation(
        "PUT", "/branches/{branch}/slips", "Tell how dossiers stand, or that they are gone", "dossier", r.SlipsTaken,
        request=slips.TellSlips, problems=("wrong-slip-code", "unknown-field", "unknown-counter", "unknown-agency"),
        who=PAGES["tell-slips"], is_change=True,
    ),
    Operation(
        "GET", "/branches/{branch}/slips/{code}", "How a dossier stands, and where its citizen goes", "dossier",
        r.SlipNow, problems=("wrong-slip-code", "unknown-slip"), who=PAGES["slips"],
    ),
    Operation(
        "GET", "/branches/{branch}/reports/{date}", "A day's books, waits, services and estimates", "branches",
        DayReport, problems=("no-service-day", "training-uncounted"), who=PAGES["reports"],
    ),
    Operation(
        "GET", "/branches/{branch}/configuration", "The configuration in force, whole", "branches", BranchConfig,
        who=PAGES["configuration"],
    ),
    Operation(
        "POST", "/branches/{branch}/visits/export", "All that is kept of a visit", "data",
        Visit, request=visits.VisitAsked, problems=("unknown-ticket", "unknown-visit"), who=PAGES["visits"],
    ),
    Operation(
        "POST", "/branches/{branch}/visits/erase", "Delete what is personal of a visit", "data", Erased,
        request=visits.VisitAsked, problems=("unknown-ticket", "unknown-visit", "unavailable"), who=PAGES["visits"],
        is_change=True,
    ),
    Operation(
        "GET", "/branches/{branch}/audit", "What was done on a service day, in words", "data", audit.AuditPage,
        problems=("malformed",), query=("day", "person", "counter", "number", "action", "page"), who=PAGES["audit"],
    ),
    Operation(
        "GET", "/branches/{branch}/advice", "What staff might do about the queues, with its effect", "branches",
        r.StaffAdvices, problems=("unavailable",), who=PAGES["manager"],
    ),
    Operation(
        "GET", "/branches/{branch}/forecast", "Who is still to come today, by quarter of an hour", "branches",
        r.Forecast, who=PAGES["manager"],
    ),
    Operation(
        "GET", "/branches/{branch}/notices", "The notices of lobby screens, and their files", "screens",
        notices.NoticesNow, who=PAGES["notices"],
    ),
    Operation(
        "PUT", "/branches/{branch}/notices", "Set the notices of lobby screens", "screens", notices.NoticesNow,
        request=notices.PutNotices, problems=("branch-not-configured", "notices-changed", "unknown-media", *QUEUE),
        who=PAGES["notices"], is_change=True,
    ),
    Operation(
        "PUT", "/media", "Upload a picture, a video or an HTML page for notices", "screens", notices.MediaNow,
        takes="application/octet-stream", problems=("media-format", "too-large", "disk-full", "unavailable"),
        query=("name",), who=PAGES["notices"], is_change=True,
    ),
    Operation(
        "GET", "/branches/{branch}/health", "What may be wrong with the machine itself", "branches", r.Health,
        who=PAGES["manager"],
    ),
    Operation(
        "POST", "/clock/confirm", "The server's clock was looked at and is right", "access", status=204,
        who=frozenset({Role.ADMINISTRATOR}), is_change=True,
    ),
)  # fmt: skip

NOBODY = frozenset({Role.NOBODY})
ENTERING = (
    Operation(
        "POST", "/session", "Sign in; sets the session cookie", "access", r.SignedIn, request=entering.SignIn,
        problems=(
            "wrong-credentials", "second-factor-needed", "wrong-code", "second-factor-lost", "no-posting-today",
            "too-many-tries", "https-needed",
        ),
        who=NOBODY,
    ),
    Operation(
        "DELETE", "/session", "Sign out", "access", status=204, who=ACCOUNTS | NOBODY,
    ),
    Operation(
        "POST", "/session/device", "Sign a device's browser in", "access", r.SignedIn, request=entering.DeviceSignIn,
        problems=("wrong-token", "too-many-tries", "https-needed"), who=NOBODY,
    ),
    Operation(
        "POST", "/pairings", "A new device asks for a code to show", "access", PairingWait, 201, entering.AskPairing,
        problems=("too-many-tries", "unavailable"), who=NOBODY,
    ),
    Operation(
        "POST", "/pairings/collect", "The token of a device that was let in; 204 until then", "access", r.DeviceToken,
        request=entering.CollectPairing, problems=("unknown-pairing", "too-many-tries"), who=NOBODY,
    ),
    Operation(
        "POST", "/pairings/confirm", "Let a device in by the code that it shows", "access", r.DeviceAdded, 201,
        entering.ConfirmPairing, problems=("unknown-pairing", "unknown-branch", "unknown-screen", "unknown-counter"),
        who=PAGES["devices"], is_change=True,
    ),
    Operation(
        "GET", "/devices", "The devices of the asker's branch, and which of them are connected", "access",
        entering.Devices, who=PAGES["devices"],
    ),
    Operation(
        "PATCH", "/devices/{id}", "A device's name, the printer beside it, which screen it is, or its counter",
        "access", status=204, request=managing.DeviceChange,
        problems=("not-found", "unknown-screen", "unknown-counter"), who=PAGES["devices"],
    ),
    Operation(
        "DELETE", "/devices/{id}", "End a device's token and sessions", "access", status=204,
        problems=("not-found",), who=PAGES["devices"],
    ),
    Operation(
        "POST", "/devices/{id}/picture", "Have a screen take a picture of what it shows", "screens", status=202,
        problems=("not-found",), who=PAGES["devices"],
    ),
    Operation(
        "GET", "/devices/{id}/picture", "The newest picture of a screen", "screens", media="image/jpeg",
        problems=("not-found", "no-picture"), who=PAGES["devices"],
    ),
    Operation(
        "PUT", "/devices/me/picture", "A screen's own picture, when it was asked for", "screens", status=204,
        takes="image/jpeg", problems=("media-format", "too-large", "picture-not-asked"), who=frozenset({Role.DISPLAY}),
    ),
)  # fmt: skip

OWN = ("wrong-password", "no-account", "no-posting-today", "https-needed")
ACCOUNT = (
    Operation(
        "GET", "/account", "One's own account and sessions", "staff", account.Account, who=ACCOUNTS,
    ),
    Operation(
        "POST", "/account/password", "Change one's own password; other sessions end", "staff", r.SignedIn,
        request=account.NewPassword, who=ACCOUNTS,
        problems=(*OWN, "password-short", "password-long", "password-common", "password-same"),
    ),
    Operation(
        "POST", "/account/second-factor", "Begin to set up a second factor", "staff", Enrolment,
        problems=("has-second-factor",), who=ACCOUNTS,
    ),
    Operation(
        "PUT", "/account/second-factor", "Confirm it by a code; gives the recovery codes", "staff",
        account.RecoveryCodes, request=account.Code, who=ACCOUNTS,
        problems=(*OWN, "wrong-code", "no-enrolment", "second-factor-lost"),
    ),
    Operation(
        "DELETE", "/account/second-factor", "Do without it", "staff", r.SignedIn, request=account.Password,
        problems=(*OWN, "second-factor-kept"), who=ACCOUNTS,
    ),
    Operation("DELETE", "/account/sessions", "End one's other sessions", "staff", status=204, who=ACCOUNTS),
    Operation(
        "DELETE", "/account/sessions/{session}", "End one of one's own sessions", "staff", status=204,
        problems=("not-found",), who=ACCOUNTS,
    ),
)  # fmt: skip
"""Of whoever is signed in with an account, also one that owes something first and has no other rights."""

MINE = ("unknown-account",)
APPOINTED = ("own-account", "last-administrator")
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
PEOPLE = (
    Operation(
        "GET", "/branches/{branch}/staff", "Who works at a branch, or will", "staff", staff.StaffNow,
        who=PAGES["staff"],
    ),
    Operation(
        "POST", "/staff", "Add an account; gives its password for once", "staff", staff.OncePassword, 201,
        staff.AddMember, problems=("wrong-username", "account-exists", "unknown-branch"), who=PAGES["staff"],
        is_change=True,
    ),
    Operation(
        "PUT", "/staff/{username}", "Name, employer and standing appointment", "staff", status=204,
        request=staff.About, problems=(*MINE, *APPOINTED, "unknown-branch"), who=PAGES["staff"], is_change=True,
    ),
    Operation(
        "DELETE", "/staff/{username}", "Lock an account for good", "staff", status=204, problems=(*MINE, *APPOINTED),
        who=PAGES["staff"], is_change=True,
    ),
    Operation(
        "POST", "/staff/{username}/reset-password", "A password for once; sessions end", "staff", staff.OncePassword,
        problems=(*MINE, "own-account"), who=PAGES["staff"], is_change=True,
    ),
    Operation(
        "POST", "/staff/{username}/unlock", "Wrong passwords until now do not count", "staff", status=204,
        problems=MINE, who=PAGES["staff"], is_change=True,
    ),
    Operation(
        "POST", "/staff/{username}/reset-second-factor", "Take away a second factor; sessions end", "staff",
        status=204, problems=(*MINE, "own-account"), who=PAGES["staff"], is_change=True,
    ),
    Operation(
        "GET", "/staff/{username}/sessions", "Where an account is signed in", "staff", staff.SessionsNow,
        problems=MINE, who=PAGES["staff"],
    ),
    Operation(
        "DELETE", "/staff/{username}/sessions", "End them all", "staff", status=204, problems=MINE,
        who=PAGES["staff"], is_change=True,
    ),
    Operation(
        "POST", "/postings", "Post somebody to a branch, from a service day to another", "staff", staff.PostingAdded,
        201, staff.AddPosting, who=PAGES["staff"], is_change=True,
        problems=(
            *MINE, "unknown-branch", "unknown-agency", "posting-days", "posting-long", "posting-overlaps",
        ),
    ),
    Operation(
        "DELETE", "/postings/{id}", "End a posting now", "staff", status=204, problems=("unknown-posting",),
        who=PAGES["staff"], is_change=True,
    ),
    Operation(
        "POST", "/programs", "Let in another program; gives its token", "access", staff.ProgramAdded, 201,
        staff.AddProgram, problems=("unknown-branch",), who=ADMINISTRATORS, is_change=True,
    ),
    Operation(
        "POST", "/devices/{id}/token", "A new token; the former one is good for a day or until that is used", "access",
        staff.ProgramAdded, problems=("not-found",), who=ADMINISTRATORS,
    ),
)  # fmt: skip

REFUSALS: dict[str, tuple[str, ...]] = {
    "issue": (
        "unknown-field", "unknown-class", "field-not-offered", "field-suspended", "issuing-closed", "cap-reached",
        "no-capacity", "series-exhausted", "day-not-open", "too-late", "has-ticket", "too-many-numbers",
        "unknown-ticket", "no-printer", "unknown-counter",
    ),
    "enter-list": (
        "unknown-field", "nothing-reserved", "not-reserved", "number-taken", "arrival-not-today", "day-not-open",
    ),
    "call-next": ("counter-closed", "counter-busy", "counter-taken", "too-late"),
    "call": (
        "chosen-call-forbidden", "unknown-counter", "counter-closed", "counter-busy", "counter-taken", "cannot-serve",
        "too-late",
    ),
    "open": ("other-agency", "counter-taken", "counter-retired", "counter-busy", "day-not-open"),
    "pause": ("counter-state", "counter-taken"),
    "close": ("counter-busy", "counter-taken"),
    "assign": ("unknown-field", "day-not-open"),
    "raise-alarm": ("unknown-counter", "counter-taken"),
    "move": ("unknown-counter", "counter-closed", "counter-retired", "counter-taken", "counter-busy", "day-not-open"),
    "recall": ("counter-taken",),
    "start": ("counter-taken",),
    "finish": ("counter-taken",),
    "no-show": ("counter-taken",),
    "return": ("counter-taken",),
    "hold": ("counter-taken",),
    "resume": ("unknown-counter", "held-elsewhere", "counter-closed", "counter-busy", "counter-taken", "cannot-serve"),
    "transfer": (
        "nowhere-to", "unknown-field", "field-not-offered", "unknown-counter", "cannot-serve", "counter-taken",
    ),
    "next-step": ("no-next-step", "unknown-field", "field-not-offered", "cannot-serve", "counter-taken"),
    "postpone": ("limit-reached",),
    "reinstate": ("limit-reached", "half-day-over", "day-not-open"),
    "undo": ("nothing-to-undo", "undo-too-late", "counter-busy", "counter-closed", "day-not-open"),
    "void": ("already-counted",),
    "amend": ("unknown-field", "unknown-class", "field-not-offered"),
    "rate": ("already-rated", "unknown-reason", "not-this-counter", "day-not-open"),
    "reprint": ("no-printer",),
    "record-dossiers": ("wrong-slip-code",),
    "suspend": ("unknown-field", "reason-missing", "day-not-open"),
    "unsuspend": ("unknown-field",),
    "change-hours": ("unknown-field", "reason-missing", "hours-out-of-order", "day-not-open"),
    "end-day": ("clock-stepped",),
    "take-advice": (
        "unknown-field", "unknown-counter", "counter-taken", "counter-retired", "advice-outdated", "day-not-open",
    ),
}  # fmt: skip
"""What each command may refuse beside what every command may."""


def operations() -> Iterator[Operation]:
    """All of them, in the order of the documentation."""
    yield from READING
    yield Operation(
        "POST", "/branches/{branch}/tickets", "Issue a ticket", "tickets", TicketAnswer, 201, dispatch.IssueAsked,
        problems=(*REFUSALS["issue"], *QUEUE), who=may("issue"), is_change=True,
    )  # fmt: skip
    for name, command in dispatch.COUNTER_COMMANDS.items():
        answer = TicketAnswer if name == "call-next" else CounterAnswer
        yield _command("/branches/{branch}/counters/{no}/" + name, name, command, answer, "unknown-counter")
    for name, command in dispatch.TICKET_COMMANDS.items():
        yield _command("/tickets/{id}/" + name, name, command, TicketAnswer, "unknown-ticket", "ticket-state")
    for name, command in dispatch.BRANCH_COMMANDS.items():
        if name != "issue":
            yield _command("/branches/{branch}/" + name, name, command, BranchAnswer)
    yield from ENTERING
    yield from ACCOUNT
    yield from PEOPLE


def _command(path: str, name: str, command: type[c.Command], answer: object, *also: str) -> Operation:
    summary = (command.__doc__ or name.replace("-", " ").capitalize()).split("\n\n")[0].replace("\n    ", " ")
    tag = "tickets" if issubclass(command, c.TicketCommand) else "counters" if "{no}" in path else "branches"
    return Operation(
        "POST", path, summary, tag, answer, request=command, is_change=True, who=may(name),
        problems=(*also, *REFUSALS.get(name, ()), *QUEUE),
    )  # fmt: skip
