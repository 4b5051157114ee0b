"""Everything that can happen in a branch. An event holds what was decided, printed or promised; it needs no look-up.

The wire name is the struct's tag. To change an event's shape, raise its version in `VERSIONS`, write the lift in
`upcast.py`, and add a sample of the new version to `tests/golden/`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from queue_server.domain.configuration import BranchConfig, DayHours, Text
from queue_server.domain.learning import Learnt
from queue_server.domain.tickets import Estimate, Level, Rebooking, Ticket, TicketState


class Event(Struct, frozen=True, omit_defaults=True, tag_field="type"):
    """Base of every event."""


class DayOpened(Event, frozen=True, tag="day.opened"):
    """A service day begins. It carries the configuration and the tickets rebooked into it: replay starts here.

    `booked` are tickets of earlier days whose turn is on a later day than this one; `learnt` is what earlier days have
    taught about service times.
    """

    config: BranchConfig
    carried: tuple[Ticket, ...] = ()
    booked: tuple[Ticket, ...] = ()
    learnt: Learnt = Learnt()


class DayClosed(Event, frozen=True, tag="day.closed"):
    """The day's books are closed; `counts` says how many tickets of the day ended in each final state."""

    counts: dict[str, int]
    reason: str = ""


class BranchConfigured(Event, frozen=True, tag="branch.configured"):
    config: BranchConfig


class HoursChanged(Event, frozen=True, tag="hours.changed"):
    """Today's hours differ, of one field or (None) of the whole branch, with the reason told to citizens."""

    hours: DayHours
    reason: Text
    field: str | None = None


class FieldSuspended(Event, frozen=True, tag="field.suspended"):
    """No new numbers in this field; those already given keep their order."""

    field: str
    reason: Text


class FieldResumed(Event, frozen=True, tag="field.resumed"):
    field: str


class CounterOpened(Event, frozen=True, tag="counter.opened"):
    counter: int
    clerk: str


class CounterPaused(Event, frozen=True, tag="counter.paused"):
    counter: int
    reason: str = ""


class CounterClosed(Event, frozen=True, tag="counter.closed"):
    counter: int
    reason: str = ""


class CounterAssigned(Event, frozen=True, tag="counter.assigned"):
    """A supervisor changed which fields a counter takes today."""

    counter: int
    fields: tuple[str, ...]
    helps: tuple[str, ...] = ()


class Foreseen(Struct, frozen=True):
    """What was foreseen `at` that time of the `people` in these fields who wait, or come, before `until`: how long they
    wait on average until then, in seconds, without what was advised and with it. The numbers are checked on the wire
    too: staff send what they have read."""

    fields: tuple[str, ...]
    at: Annotated[datetime, Meta(tz=True)]
    until: Annotated[datetime, Meta(tz=True)]
    people: Annotated[float, Meta(ge=0, le=1e6)]
    without_s: Annotated[int, Meta(ge=0)]
    with_s: Annotated[int, Meta(ge=0)]


class AdviceTaken(Event, frozen=True, tag="advice.taken"):
    """Staff did what was advised: sent somebody to `counter`, or away from it, gave it `fields` besides, or had
    somebody come for them from the branch `lender`, or the mobile team of that name. It changes nothing by itself; what
    came is later held against what was foreseen."""

    kind: str
    fields: tuple[str, ...]
    foreseen: Foreseen
    counter: int | None = None
    lender: str = ""


class HelpCalled(Event, frozen=True, tag="help.called"):
    """Somebody at this dispenser needs help."""

    device: str


class HelpAnswered(Event, frozen=True, tag="help.answered"):
    """Somebody of staff goes there."""

    device: str


class AlarmRaised(Event, frozen=True, tag="alarm.raised"):
    """The clerk at this counter needs somebody now, and says so quietly."""

    counter: int
    clerk: str


class AlarmAnswered(Event, frozen=True, tag="alarm.answered"):
    """Somebody of staff goes there, or its own clerk has withdrawn it."""

    counter: int
    clerk: str


class CallShown(Event, frozen=True, tag="call.shown"):
    """A screen has shown a call, the first one to do so. `call` is the seq of that call's event."""

    call: int
    device: str


class CallSpoken(Event, frozen=True, tag="call.spoken"):
    """A screen has spoken a call to its end, the first one to do so."""

    call: int
    device: str


class VoiceGiven(Event, frozen=True, tag="voice.given"):
    """From now on this device speaks in that zone, and no other; "" while none can. It has not been told by another one
    of calls made after `since`."""

    zone: str
    device: str
    since: datetime


class Considered(Struct, frozen=True, array_like=True):
    """Somebody else who might have been called. Times in seconds; `kind` is the stream, or "early"."""

    number: str
    field: str
    kind: str
    waited_s: int
    score_s: int


class Why(Struct, frozen=True, omit_defaults=True):
    """Why this ticket was called and no other: the rule and its version, its reason, among how many it chose, and those
    who were nearest to being called instead. `words` are those of whoever chose it by hand."""

    rule: str
    reason: str
    candidates: int = 0
    waited_s: int = 0
    considered: tuple[Considered, ...] = ()
    words: str = ""


class TicketIssued(Event, frozen=True, tag="ticket.issued"):
    """A number was given. One that `is_inexact` was given by hand, printed in advance, and entered afterwards: nobody
    knows exactly when its citizen came. `person` stands for a citizen whose card was scanned, on this day only; `proof`
    says what the dispenser knows the priority by. `only_counter` is the one that calls it: the dossier lies there."""

    ticket: str
    number: str
    series: str
    ordinal: int
    field: str
    arrival_at: datetime
    people_ahead: int
    told: Estimate | None = None
    priority: str | None = None
    is_priority_confirmed: bool = True
    channel: str = "dispenser"
    language: str = "vi"
    procedures: tuple[str, ...] = ()
    dossiers: int = 1
    assistance: str | None = None
    steps: tuple[str, ...] = ()
    printer: str | None = None
    queue_at: datetime | None = None
    appointment: datetime | None = None
    is_inexact: bool = False
    person: str | None = None
    proof: str | None = None
    only_counter: int | None = None


class TicketCalled(Event, frozen=True, tag="ticket.called"):
    """A ticket is wanted at a counter. `times` counts its calls; a resumed ticket was held before."""

    ticket: str
    number: str
    field: str
    counter: int
    clerk: str
    times: int
    why: Why
    is_resumed: bool = False


class TicketRecalled(Event, frozen=True, tag="ticket.recalled"):
    ticket: str
    number: str
    counter: int
    times: int


class TicketServing(Event, frozen=True, tag="ticket.serving"):
    ticket: str
    counter: int
    clerk: str | None = None
    is_implied: bool = False


class TicketFinished(Event, frozen=True, tag="ticket.finished"):
    ticket: str
    outcome: str = "done"
    dossiers: int | None = None
    is_inexact: bool = False


class TicketNoShow(Event, frozen=True, tag="ticket.no_show"):
    ticket: str


class TicketReturned(Event, frozen=True, tag="ticket.returned"):
    ticket: str
    not_before: datetime | None = None


class TicketPostponed(Event, frozen=True, tag="ticket.postponed"):
    ticket: str
    not_before: datetime


class TicketHeld(Event, frozen=True, tag="ticket.held"):
    """The citizen completes papers; `only_counter` is None where any counter of the field may go on."""

    ticket: str
    reason: str = ""
    only_counter: int | None = None


class TicketReady(Event, frozen=True, tag="ticket.ready"):
    """Somebody who was held is back, and is called before the next new number."""

    ticket: str


class TicketTurnDone(Event, frozen=True, tag="ticket.turn_done"):
    """A bulk submitter's turn is over: so many dossiers are done, and the rest waits behind those now waiting."""

    ticket: str
    dossiers: int


class TicketAmended(Event, frozen=True, tag="ticket.amended"):
    """What was asked for differs; None leaves a value as it was, an empty class or need takes it away."""

    ticket: str
    field: str | None = None
    priority: str | None = None
    is_priority_confirmed: bool | None = None
    dossiers: int | None = None
    assistance: str | None = None
    reason: str = ""
    printer: str | None = None


class TicketTransferred(Event, frozen=True, tag="ticket.transferred"):
    ticket: str
    field: str
    only_counter: int | None = None
    only_clerk: str | None = None
    reason: str = ""


class TicketStepDone(Event, frozen=True, tag="ticket.step_done"):
    """One step is done; the visit goes on in `field`, waiting, or (`counter`) called at once at that counter.

    `further` is where it goes on after that, None where all is as planned. `back` is the counter to which it comes back
    with the step after this one; one that has come back waits for its `only_counter`, and is due."""

    ticket: str
    field: str
    counter: int | None = None
    clerk: str | None = None
    further: tuple[str, ...] | None = None
    back: int | None = None
    only_counter: int | None = None


class TicketCancelled(Event, frozen=True, tag="ticket.cancelled"):
    ticket: str
    reason: str = ""


class TicketVoided(Event, frozen=True, tag="ticket.voided"):
    ticket: str
    reason: str


class TicketReinstated(Event, frozen=True, tag="ticket.reinstated"):
    ticket: str
    queue_at: datetime


class TicketUndone(Event, frozen=True, tag="ticket.undone"):
    """The ticket's last change is taken back. `undone_seq` names that event; `to` is the state it is in again."""

    ticket: str
    undone_seq: int
    undone_type: str
    to: TicketState


class TicketRebooked(Event, frozen=True, tag="ticket.rebooked"):
    """Not served today: first in its field on another day, as another ticket with that day's number."""

    ticket: str
    into: Rebooking
    printer: str | None = None


class TicketExpired(Event, frozen=True, tag="ticket.expired"):
    ticket: str


class TicketRated(Event, frozen=True, tag="ticket.rated"):
    """The citizen said how satisfied they were with this visit, once; an annotation, which changes no state. `comment`
    is the digest of words that lie beside the journal while they are kept, "" of none."""

    ticket: str
    level: Level
    reasons: tuple[str, ...] = ()
    comment: str = ""


class TicketNoted(Event, frozen=True, tag="ticket.noted"):
    """Staff wrote something about it. The words lie beside the journal while they are kept; this is their digest."""

    ticket: str
    digest: str


class TicketDossiersRecorded(Event, frozen=True, tag="ticket.dossiers_recorded"):
    """Codes of dossiers of this visit were entered; one digest for each, as of a note."""

    ticket: str
    digests: tuple[str, ...]


class PaperRequested(Event, frozen=True, tag="paper.requested"):
    """Another paper of a ticket, marked as a reprint unless its field was amended."""

    ticket: str
    printer: str
    is_reprint: bool = True


class PaperReported(Event, frozen=True, tag="paper.reported"):
    """What became of a print job: "printed", "reprinted" (marked), "failed", "too_old" or, for the time being,
    "delayed", with the printer's reason."""

    job: str
    outcome: str
    reason: str = ""


EventType = (
    DayOpened
    | DayClosed
    | BranchConfigured
    | HoursChanged
    | FieldSuspended
    | FieldResumed
    | CounterOpened
    | CounterPaused
    | CounterClosed
    | CounterAssigned
    | AdviceTaken
    | HelpCalled
    | HelpAnswered
    | AlarmRaised
    | AlarmAnswered
    | CallShown
    | CallSpoken
    | VoiceGiven
    | TicketIssued
    | TicketCalled
    | TicketRecalled
    | TicketServing
    | TicketFinished
    | TicketNoShow
    | TicketReturned
    | TicketPostponed
    | TicketHeld
    | TicketReady
    | TicketTurnDone
    | TicketAmended
    | TicketTransferred
    | TicketStepDone
    | TicketCancelled
    | TicketVoided
    | TicketReinstated
    | TicketUndone
    | TicketRebooked
    | TicketExpired
    | TicketRated
    | TicketNoted
    | TicketDossiersRecorded
    | PaperRequested
    | PaperReported
)

VERSIONS: dict[str, int] = {
    "branch.configured": 2, "day.opened": 2, "ticket.issued": 2, "ticket.called": 2,
    "ticket.step_done": 2,
}  # fmt: skip
"""Event types whose current version is above 1."""


class Recorded(Struct, frozen=True):
    """An event in its place: `at` is domain time and never before the branch's previous event."""

    seq: int
    day: date
    at: datetime
    recorded_at: datetime
    actor: str
    event: EventType


def type_of(event: Event) -> str:
    return str(event.__struct_config__.tag)
