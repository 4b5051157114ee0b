"""Everything that may be asked of a branch. These types validate the wire; the tag is the command's public name.

A command says what is wanted and nothing that the server must decide: ids, clerk and time come with `By` and `now`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from queue_server.domain.configuration import BranchConfig, DayHours, Notice, Text
from queue_server.domain.events import Foreseen
from queue_server.domain.tickets import Level

Code = Annotated[str, Meta(min_length=1, max_length=64)]
TicketId = Annotated[str, Meta(min_length=1, max_length=40)]
CounterNo = Annotated[int, Meta(ge=1, le=9999)]
Words = Annotated[str, Meta(max_length=200)]
Dossiers = Annotated[int, Meta(ge=1, le=500)]
Language = Annotated[str, Meta(pattern="^[a-z]{2}$")]
ProcedureCode = Annotated[str, Meta(max_length=40)]
Channel = Literal["kiosk", "helper", "clerk", "phone", "web", "api"]
STAFFED: frozenset[Channel] = frozenset({"helper", "clerk"})
"""Channels by which staff give a number: they have seen who stands there."""
Assistance = Literal["guide", "low_counter", "sign_language"]


class By(Struct, frozen=True):
    """On whose behalf a command is decided.

    `actor` is the account or device ("account:lan", "device:k1", "timer"), `clerk` the account's name where a person
    acts, `fresh_id` an unused ticket id, `printer` the printer that stands beside the asking device.
    `may_override` lets a supervisor act on another clerk's counter. `counter` is the one at which a device stands that
    may speak of nothing else. `person` stands for a citizen whose identity card was scanned, the same for one service
    day; nothing leads back from it. `digests` stand for the words that came with the command about a person: the words
    themselves lie beside the journal.
    """

    actor: str
    fresh_id: str = ""
    clerk: str = ""
    printer: str | None = None
    may_override: bool = False
    deadline: datetime | None = None
    person: str | None = None
    counter: int | None = None
    digests: tuple[str, ...] = ()


class Command(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="name"):
    """Base of every command."""


class BranchCommand(Command, frozen=True, kw_only=True):
    """Addressed to a branch; over HTTP the path names it."""

    branch: str = ""


class TicketCommand(Command, frozen=True, kw_only=True):
    """Addressed to a ticket; over HTTP the path names it."""

    ticket: TicketId = ""


class CounterCommand(BranchCommand, frozen=True, kw_only=True):
    """Addressed to a counter of a branch; over HTTP the path names both."""

    counter: CounterNo = 0


class Issue(BranchCommand, frozen=True, kw_only=True, tag="issue"):
    """A number of this field. The visit goes on in the fields of `steps`, without any in those that are configured;
    `counter` is where it is wanted best, as where a dossier lies. The dispenser says what the `proof` of a priority is:
    the age on a "card". `again` asks for another paper of the number that this person has already."""

    field: Code
    procedures: Annotated[tuple[ProcedureCode, ...], Meta(max_length=20)] = ()
    priority: Code | None = None
    channel: Channel = "kiosk"
    language: Language = "vi"
    dossiers: Dossiers = 1
    steps: Annotated[tuple[Code, ...], Meta(max_length=12)] = ()
    assistance: Assistance | None = None
    printer: Code | None = None
    appointment: Annotated[datetime, Meta(tz=True)] | None = None
    proof: Literal["card"] | None = None
    again: bool = False
    counter: CounterNo | None = None


class KeptLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a list that was kept by hand: a number of those printed in advance, its field, roughly when its citizen
    came, and whether it was served meanwhile."""

    number: Annotated[str, Meta(min_length=1, max_length=16)]
    field: Code
    arrival_at: Annotated[datetime, Meta(tz=True)]
    is_served: bool = False


class EnterList(BranchCommand, frozen=True, kw_only=True, tag="enter-list"):
    """Enter the list that was kept by hand during a power cut: all its lines in their order, or none."""

    lines: Annotated[tuple[KeptLine, ...], Meta(min_length=1, max_length=400)]


class OpenCounter(CounterCommand, frozen=True, kw_only=True, tag="open"):
    take_over: bool = False


class PauseCounter(CounterCommand, frozen=True, kw_only=True, tag="pause"):
    reason: Words = ""


class CloseCounter(CounterCommand, frozen=True, kw_only=True, tag="close"):
    reason: Words = ""


class MoveClerk(CounterCommand, frozen=True, kw_only=True, tag="move"):
    """Whoever sits at this counter goes on at the counter `to`, where nobody sits."""

    to: CounterNo


class AssignCounter(CounterCommand, frozen=True, kw_only=True, tag="assign"):
    fields: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=60)]
    helps: Annotated[tuple[Code, ...], Meta(max_length=60)] = ()


class CallNext(CounterCommand, frozen=True, kw_only=True, tag="call-next"):
    """The next ticket for this counter. A service that still runs there is finished first."""


class Call(TicketCommand, frozen=True, kw_only=True, tag="call"):
    counter: CounterNo


class Recall(TicketCommand, frozen=True, kw_only=True, tag="recall"):
    pass


class Start(TicketCommand, frozen=True, kw_only=True, tag="start"):
    pass


class Finish(TicketCommand, frozen=True, kw_only=True, tag="finish"):
    """The end of the visit, or of a bulk submitter's turn: `dossiers` are those done in it."""

    outcome: Literal["done", "supplement", "referred", "declined"] = "done"
    dossiers: Dossiers | None = None


class NoShow(TicketCommand, frozen=True, kw_only=True, tag="no-show"):
    pass


class ReturnToQueue(TicketCommand, frozen=True, kw_only=True, tag="return"):
    pass


class Postpone(TicketCommand, frozen=True, kw_only=True, tag="postpone"):
    pass


class Hold(TicketCommand, frozen=True, kw_only=True, tag="hold"):
    reason: Words = ""
    here_only: bool = True


class Ready(TicketCommand, frozen=True, kw_only=True, tag="ready"):
    """Somebody who was held is back with everything, and waits to be called before the next new number."""


class Resume(TicketCommand, frozen=True, kw_only=True, tag="resume"):
    """Go on with a held ticket; `quietly` when the person already stands at the counter."""

    counter: CounterNo = 0
    quietly: bool = False


class Amend(TicketCommand, frozen=True, kw_only=True, tag="amend"):
    """What was asked for differs; an empty class or need takes it away. Confirming a claimed priority is one, too; a
    class that is named here is confirmed unless it is said that it is not."""

    field: Code | None = None
    priority: Annotated[str, Meta(max_length=64)] | None = None
    is_priority_confirmed: bool | None = None
    dossiers: Dossiers | None = None
    assistance: Assistance | Literal[""] | None = None
    reason: Words = ""


class Transfer(TicketCommand, frozen=True, kw_only=True, tag="transfer"):
    field: Code | None = None
    counter: CounterNo | None = None
    clerk: Code | None = None
    reason: Words = ""


class NextStep(TicketCommand, frozen=True, kw_only=True, tag="next-step"):
    """On to the next step of the visit: the next planned field, or `field`; `here` keeps it at this counter."""

    field: Code | None = None
    here: bool = False


class Cancel(TicketCommand, frozen=True, kw_only=True, tag="cancel"):
    reason: Words = ""


class Void(TicketCommand, frozen=True, kw_only=True, tag="void"):
    reason: Literal["test", "mistake"] = "mistake"


class Reinstate(TicketCommand, frozen=True, kw_only=True, tag="reinstate"):
    pass


class Undo(TicketCommand, frozen=True, kw_only=True, tag="undo"):
    pass


class EndService(TicketCommand, frozen=True, kw_only=True, tag="end-service"):
    """A supervisor ends a service that its clerk forgot; nobody knows when it really ended."""


class Rate(TicketCommand, frozen=True, kw_only=True, tag="rate"):
    """How satisfied the citizen is with a visit that is over, once; `reasons` are codes of the configuration."""

    level: Level
    reasons: Annotated[tuple[Code, ...], Meta(max_length=12)] = ()


class Reprint(TicketCommand, frozen=True, kw_only=True, tag="reprint"):
    printer: Code | None = None


class Note(TicketCommand, frozen=True, kw_only=True, tag="note"):
    """Something for colleagues about this ticket; its words lie beside the journal until the end of the next day."""


class RecordDossiers(TicketCommand, frozen=True, kw_only=True, tag="record-dossiers"):
    """The codes of dossiers that were taken in or given out in this visit, besides those recorded before."""


class ReportPaper(BranchCommand, frozen=True, kw_only=True, tag="report-paper"):
    """What became of a print job. "delayed" is no end: the paper still comes, when the printer's `reason` is gone."""

    job: Annotated[str, Meta(min_length=1, max_length=60)]
    outcome: Literal["printed", "reprinted", "failed", "too_old", "delayed"]
    reason: Words = ""


class SuspendField(BranchCommand, frozen=True, kw_only=True, tag="suspend"):
    field: Code
    reason: Text


class ResumeField(BranchCommand, frozen=True, kw_only=True, tag="unsuspend"):
    field: Code


class ChangeHours(BranchCommand, frozen=True, kw_only=True, tag="change-hours"):
    """Change today's hours of the branch, or of one field, with a reason that citizens read."""

    hours: DayHours
    reason: Text
    field: Code | None = None


class TakeAdvice(BranchCommand, frozen=True, kw_only=True, tag="take-advice"):
    """Do what was advised, with what was foreseen of it: a counter takes fields besides ("assign"). That somebody was
    sent to a closed counter ("open"), away from an open one ("close"), or asked for elsewhere ("lend", "mobile": the
    branch or the team `lender`) is noted: the counter opens when the clerk sits down, and closes when he gets up."""

    kind: Literal["open", "assign", "lend", "mobile", "close"]
    fields: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=60)]
    foreseen: Foreseen
    counter: CounterNo | None = None
    lender: Annotated[str, Meta(max_length=64)] = ""


class CallHelper(BranchCommand, frozen=True, kw_only=True, tag="call-helper"):
    """Somebody at this dispenser needs help. Staff are told until one of them answers."""


class AnswerHelp(BranchCommand, frozen=True, kw_only=True, tag="answer-help"):
    """Somebody of staff goes to the dispenser that called for help."""

    device: Code


class ReportCall(BranchCommand, frozen=True, kw_only=True, tag="report-call"):
    """A screen tells that it has shown a call, or (`is_spoken`) spoken it to its end."""

    call: Annotated[int, Meta(ge=1)]
    is_spoken: bool = False


class GiveVoice(BranchCommand, frozen=True, kw_only=True, tag="give-voice"):
    """The server lets `device` speak in a zone, instead of the one that does so far and was last heard of at `since`;
    "" is none."""

    zone: Annotated[str, Meta(max_length=64)]
    device: Annotated[str, Meta(max_length=64)]
    since: datetime
    instead_of: Annotated[str, Meta(max_length=64)] = ""


class Configure(BranchCommand, frozen=True, kw_only=True, tag="configure"):
    config: BranchConfig


class SetNotices(BranchCommand, frozen=True, kw_only=True, tag="set-notices"):
    """The notices of lobby screens, all of them in their order; the rest stays as it is in force. `version` is that of
    the configuration in which the sender saw those that there were."""

    version: int
    notices: tuple[Notice, ...]


class OpenDay(BranchCommand, frozen=True, kw_only=True, tag="open-day"):
    day: date


TIMER = "timer"
"""The reason that time itself gives."""


class EndDay(BranchCommand, frozen=True, kw_only=True, tag="end-day"):
    """Close the books. Who still waits is rebooked or expires; by default as the branch is configured."""

    leftovers: Literal["rebook", "expire"] | None = None
    reason: Words = ""


class ImplyStart(TicketCommand, frozen=True, kw_only=True, tag="imply-start"):
    """The configured delay after a call has passed and nobody pressed start."""


TicketCommands = (
    Call | Recall | Start | Finish | NoShow | ReturnToQueue | Postpone | Hold | Ready | Resume | Amend | Transfer
    | NextStep | Cancel | Void | Reinstate | Undo | EndService | Rate | Reprint | Note | RecordDossiers
)  # fmt: skip
CounterCommands = OpenCounter | PauseCounter | CloseCounter | MoveClerk | AssignCounter | CallNext
BranchCommands = (
    Issue | EnterList | ReportPaper | SuspendField | ResumeField | ChangeHours | EndDay | TakeAdvice | CallHelper
    | AnswerHelp | ReportCall
)  # fmt: skip
AnyCommand = (
    TicketCommands | CounterCommands | BranchCommands | Configure | SetNotices | OpenDay | ImplyStart | GiveVoice
)


def name_of(command: Command) -> str:
    return str(command.__struct_config__.tag)
