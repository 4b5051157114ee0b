"""What reading calls answer over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from queue_server.protocol import rows
from queue_server.protocol.rows import Name


class BranchShort(Struct, frozen=True):
    """`position` is where the branch's journal ends: EPOCH.SEQ."""

    branch: str
    name: Name
    organisation: Name
    timezone: str
    position: str


class Branches(Struct, frozen=True):
    branches: list[BranchShort]


class BranchSuggested(Struct, frozen=True):
    """A branch by the time until being called there: the way and the wait, in seconds from now. `saves_s` is against
    going where one would without advice, None where nobody is taken there or nobody can say; it `is_advised` only where
    that is worth the way."""

    branch: str
    name: Name
    address: Name
    travel_s: int
    wait: rows.Told
    total: rows.Told
    saves_s: int | None
    is_advised: bool


class Suggested(Struct, frozen=True):
    """The soonest first; empty where nobody can say."""

    field: str
    branches: list[BranchSuggested]


class Waits(Struct, frozen=True):
    """Of all who wait or come within two hours: mean wait in seconds, and how many are not called before closing."""

    people: float
    mean_s: int
    unserved: float


class ProcedureFound(Struct, frozen=True):
    """A procedure of the catalogue, the branch's field that takes it, and its group. `code` is the national one, null
    where it is not known."""

    code: str | None
    name: str
    field: str
    group: str


class ProceduresFound(Struct, frozen=True):
    branch: str
    procedures: list[ProcedureFound]


class AnotherDay(Struct, frozen=True):
    """The next day on which a field works: when its counters do, when its numbers are given, and the hour in which few
    people come, where earlier days have shown one. Nothing when no such day is in sight."""

    branch: str
    field: str
    working: list[rows.Span] = []
    issuing: list[rows.Span] = []
    quiet: rows.Span | None = None


class CandidatePassed(Struct, frozen=True):
    """Somebody who might have been called instead: the first of a stream ("priority", "due", "ordinary", or "early"
    before an appointed time). Who came next stands first. Times in seconds."""

    number: str
    field: str
    kind: str
    waited_s: int
    score_s: int


class CallReason(Struct, frozen=True):
    """A call and why this one: the rule with its version, the reason, and among how many it chose."""

    at: datetime
    counter: int
    times: int
    rule: str
    reason: str
    sentence: Name | None
    waited_s: int
    candidates: int
    considered: list[CandidatePassed]


class TicketCalls(Struct, frozen=True):
    """Today's calls of a ticket, the first one first."""

    id: str
    number: str
    calls: list[CallReason]


class TicketNote(Struct, frozen=True):
    """What somebody of the staff wrote about a ticket, until it is deleted. `name` is how colleagues read `by`."""

    text: str
    at: datetime
    by: str
    name: str
    kept_until: datetime


class TicketNotes(Struct, frozen=True):
    """Staff's notes about a ticket, the first one first, and the codes of its dossiers; while they are kept."""

    id: str
    notes: list[TicketNote]
    dossiers: list[str]


class ForeseenWaits(Struct, frozen=True):
    """Of the people in these fields who wait or come until then: their mean wait until then in seconds, as it looked
    `at` that time, without what is advised and with it. Later it can be held against what came."""

    fields: list[str]
    at: datetime
    until: datetime
    people: float
    without_s: int
    with_s: int


class StaffAdvice(Struct, frozen=True):
    """What may be done: "open" the counter `no`, let it take `fields` besides ("assign"), have somebody come for them
    from the branch `lender` ("lend"), whose own waits are told too, or the team of that name ("mobile"), or "close" the
    counter, which is hardly missed; as it would be without and with it. Who does it sends `kind`, `fields`, `foreseen`
    and the counter, or the lender, to `take-advice`. Of `fields` the one that needs it most is the first."""

    kind: str
    no: int
    fields: list[str]
    before: Waits
    after: Waits
    foreseen: ForeseenWaits
    lender: str | None = None
    lender_name: rows.Name | None = None
    lender_before: Waits | None = None
    lender_after: Waits | None = None


class PeopleAsked(Struct, frozen=True):
    """Another branch has asked for somebody of this one, for these fields, until then."""

    branch: str
    name: rows.Name
    fields: list[str]
    at: datetime
    until: datetime


class StaffAdvices(Struct, frozen=True):
    """What helps most first; where nothing would clearly help, one counter to close or nothing. Neither what was taken
    already nor what has been done otherwise. `at` is null while no day is open. `asked`: who asks this branch for
    people."""

    branch: str
    at: datetime | None
    advice: list[StaffAdvice]
    asked: list[PeopleAsked]


class Forecast(Struct, frozen=True):
    """Who is still to come today: by field, visits in one span after the other, each of so many seconds from now on."""

    branch: str
    at: datetime
    fields: dict[str, list[tuple[float, float]]]


class FieldNow(rows.FieldRow, frozen=True):
    """A field as citizens see it, and how it is doing now; `wait` is what a new arrival would be told."""

    waiting: int
    called: int
    serving: int
    issued: int
    open_counters: int
    oldest_at: datetime | None
    wait: rows.Told | None
    cap_left: int | None
    cap_left_by: dict[str, rows.CapLeft]


class PriorityClass(Struct, frozen=True):
    """An identity card shows it of whoever has lived `min_age` years; null where no card does."""

    code: str
    name: Name
    explanation: Name
    min_age: int | None


class Agency(Struct, frozen=True):
    code: str
    name: Name


class Branch(BranchShort, frozen=True):
    """One branch with fields, people waiting, wait estimates, counters, agencies and priority classes; `languages` are
    those of its pages besides Vietnamese and English. Where it `confirms_priority`, one that is claimed at a dispenser
    counts once staff have confirmed it. It `has_slips` where the dossier backend tells of them."""

    day: rows.DayRow | None
    fields: list[FieldNow]
    counters: list[rows.CounterRow]
    agencies: list[Agency]
    classes: list[PriorityClass]
    languages: list[str]
    confirms_priority: bool
    has_slips: bool


class BoardData(Struct, frozen=True):
    """The rows of `board:BRANCH`, by table and key."""

    day: dict[str, rows.DayRow] = {}
    fields: dict[str, rows.FieldRow] = {}
    counters: dict[str, rows.CounterRow] = {}
    calls: dict[str, rows.CallRow] = {}


class Board(Struct, frozen=True, tag_field="type", tag="snapshot"):
    """What the lobby shows now, the same bytes as the channel's snapshot."""

    channel: str
    seq: str
    data: BoardData


class PublicEvents(Struct, frozen=True):
    """A page of the public part of the journal. Go on with `since=next` while there is more."""

    epoch: str
    events: list[dict[str, Any]]
    next: int
    has_more: bool


class TicketNow(rows.TicketRow, frozen=True):
    """A ticket, for who has its token."""

    id: str
    position: str
    outcome: str | None


class Me(Struct, frozen=True):
    """Who the server takes the asker for; `is_known` is false for somebody who has not signed in. `screen` is which
    one of the configuration's screens a display is, `counter` where a satisfaction device stands."""

    actor: str
    role: str
    name: str
    branch: str | None
    is_known: bool
    has_printer: bool
    screen: str | None = None
    counter: int | None = None


class TextLine(Struct, frozen=True):
    """A line of a paper in the printer's own letters, plain ASCII; `size` times as large as the others."""

    text: str
    size: int = 1


class PaperText(Struct, frozen=True):
    """A paper for a printer that can print no picture."""

    lines: tuple[TextLine, ...]


class SignedIn(Struct, frozen=True):
    role: str
    name: str
    branch: str | None


class DeviceToken(Struct, frozen=True):
    token: str


class DeviceAdded(Struct, frozen=True):
    device: str


class DossierStatus(Struct, frozen=True):
    """`told_seq` is how far the backend has been told of a journal that ends at `seq`."""

    is_configured: bool
    told_seq: int
    seq: int
    parked: list[dict[str, Any]]


class SlipNow(Struct, frozen=True):
    """A dossier's appointment slip. `field` is what its citizen takes a number for now, and `counter` the one that
    would call it, null where any of the field does; `wait` is what a number now would be told. `state` is "ready",
    "not-ready" or "supplement" (something is missing)."""

    code: str
    state: str
    field: str
    counter: int | None
    agency: str
    due_at: datetime | None
    wait: rows.Told | None


class SlipsTaken(Struct, frozen=True):
    """So many were `taken`; of the `outdated` a later version was known."""

    branch: str
    taken: int
    outdated: int


class SentAgain(Struct, frozen=True):
    is_delivered: bool


class Health(Struct, frozen=True):
    """What may be wrong with the machine itself. The clock has `stepped` against the machine's own, or is behind the
    newest event; a backup is old when a whole
    service day has passed since."""

    is_plain_http: bool
    clock_stepped_s: int | None
    clock_behind_s: int | None
    backup_at: datetime | None
    is_backup_old: bool
    is_disk_low: bool
