"""The rows of the numbered channels, and what `live:` and `ahead:` say. Nothing here leads to a person, and no row
depends on the clock.

board:BRANCH      day, fields, counters, calls, screens, voices, notices
helper:BRANCH     tickets (everybody who is in the house)
counter:BRANCH/NO counter, tickets (called, served or held here), queue (waiting in its fields)
ticket:TOKEN      ticket, day, fields (its own)
printer:DEVICE    jobs
rating:BRANCH/NO  counter, asked (whose service has just ended here)
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec import UNSET, Struct, UnsetType


class Name(Struct, frozen=True):
    """`more` are further languages by their codes; what is not there is said in English."""

    vi: str
    en: str
    more: dict[str, str] | UnsetType = UNSET


class Span(Struct, frozen=True):
    start: datetime
    end: datetime


class DayRow(Struct, frozen=True):
    """Today: when counters work and numbers are given; `reason` when that differs from the plan. `logo` is a picture at
    `/media/LOGO`, "" where there is none. Where it `is_training` everything that is shown says so."""

    date: str
    organisation: Name
    branch: Name
    working: list[Span]
    issuing: list[Span]
    ended_at: datetime | None
    reason: Name | None
    notice: Name
    logo: str
    is_training: bool


class FieldRow(Struct, frozen=True):
    """A field as citizens see it. `issuing` is its own; `suspended` says why no numbers are given, and since when;
    `returns_at` is when its numbers are first given on the next working day. Where it `is_anywhere`, another branch
    takes it too, and may be asked for: `GET /branches/suggest`; where it `asks_procedure`, a dispenser asks for one
    before the number. `service` is what people come for, "file" or one beside filing; a visit that begins in it goes on
    in the fields of `steps`."""

    code: str
    name: Name
    examples: Name
    agency: str
    zone: str
    working: list[Span]
    issuing: list[Span]
    suspended: Name | None
    suspended_at: datetime | None
    reason: Name | None
    returns_at: datetime | None
    is_retired: bool
    is_anywhere: bool
    asks_procedure: bool
    order: int
    service: str
    steps: list[str]


class AtCounter(Struct, frozen=True):
    number: str
    state: str
    since: datetime


class CounterRow(Struct, frozen=True):
    """A counter as the hall sees it: who is called or served there now, by number only."""

    no: int
    name: Name
    zone: str
    floor: int
    state: str
    reason: str
    since: datetime | None
    fields: list[str]
    ticket: AtCounter | None


class CallRow(Struct, frozen=True):
    """One call; `call` orders calls and tells a display what it has spoken already. `reason` "priority" is shown as
    "Ưu tiên" (never which class), "appointment" as "Có lịch hẹn"."""

    call: int
    number: str
    field: str
    counter: int
    times: int
    at: datetime
    reason: str
    language: str


class VoiceRow(Struct, frozen=True):
    """How a screen speaks; see `Voice`. `loud` is [minute of the day from, until, percent]."""

    zone: str
    reading: str
    repeats: int
    percent: int
    loud: list[tuple[int, int, int]]


class ScreenRow(Struct, frozen=True):
    """A lobby screen as configured; see `Screen`. `counters` are those whose calls stand on it."""

    code: str
    name: Name
    layout: str
    counters: list[int]
    fields: list[str]
    least_s: int
    theme: str
    accent: str
    voice: VoiceRow | None


class NoticeRow(Struct, frozen=True):
    """Something that screens show beside the calls; see `Notice`. A file is at `/media/MEDIA`. Days are the branch's
    local dates, `hours` [minute of the day from, until]; `order` is its place among all, from 0."""

    code: str
    kind: str
    title: Name
    lines: list[Name]
    media: str
    screens: list[str]
    first_day: date | None
    last_day: date | None
    weekdays: list[str]
    hours: list[tuple[int, int]]
    seconds: int
    is_priority: bool
    order: int


class SpeakerRow(Struct, frozen=True):
    """Which device speaks in a zone; "" while none can. It speaks calls made after `since`."""

    zone: str
    device: str
    since: datetime | None


class Told(Struct, frozen=True):
    """A wait as told: likely, and an 80 % range, in seconds from `made_at`."""

    likely_s: int
    low_s: int
    high_s: int
    made_at: datetime


class QueueRow(Struct, frozen=True):
    """A waiting ticket in a clerk's list. `since` is when this wait began, `came_from` the counter at which it was
    before; colleagues wrote so many `notes`, and entered so many `codes` of dossiers."""

    id: str
    number: str
    field: str
    arrival_at: datetime
    queue_at: datetime
    since: datetime
    priority: str | None
    told: Told | None
    not_before: datetime | None
    only_counter: int | None
    only_clerk: str | None
    dossiers: int
    assistance: str | None
    step: int
    stream: str
    came_from: int | None
    notes: int
    codes: int


class DeskTicketRow(Struct, frozen=True):
    """A ticket in a clerk's hands. `waited_s` is the sum of its waits so far; `counter` is where a held one's papers
    are, and `only_counter` where alone it goes on; `turn` is how many of a bulk submitter's dossiers are done before
    others have their turn. The visit goes on in the fields of `further`, with the first of them `back` at that counter.
    It `came_from` that counter, and was held last for the reason `held_for`; `notes` and `codes` as in the list.
    `shown_at` and `spoken_at` are when a screen told that its newest call, of `called_at`, has been, in a hall where
    screens show this counter's calls (`is_watched`); `spoken_after` is how many others are spoken before it, None when
    it does not wait to be spoken."""

    id: str
    number: str
    field: str
    state: str
    since: datetime
    arrival_at: datetime
    times_called: int
    priority: str | None
    priority_name: Name | None
    language: str
    dossiers: int
    dossiers_done: int
    turn: int
    procedures: list[str]
    assistance: str | None
    further: list[str]
    back: int | None
    only_counter: int | None
    came_from: int | None
    held_for: str
    notes: int
    codes: int
    why: Name | None
    can_undo_until: datetime | None
    waited_s: int
    counter: int | None
    is_watched: bool
    called_at: datetime | None
    shown_at: datetime | None
    spoken_at: datetime | None
    spoken_after: int | None


class HelpedTicketRow(Struct, frozen=True):
    """A ticket of somebody who is in the house, for helpers. `since` is when it came into its state. A priority that is
    not confirmed was claimed at a dispenser and does not count yet. The visit goes on in the fields of `further`."""

    id: str
    number: str
    field: str
    state: str
    since: datetime
    issued_at: datetime
    channel: str
    priority: str | None
    is_priority_confirmed: bool
    dossiers: int
    language: str
    assistance: str | None
    counter: int | None
    further: list[str]


class Runs(Struct, frozen=True):
    """So many of priority in a row, of those who were due in a row, and others since the last one of priority."""

    priority: int
    due: int
    ordinary: int


class Rule(Struct, frozen=True):
    """What a console needs of the rule to say who is next."""

    mode: str
    priority_run: int
    ordinary_after_s: int
    ordinary_ceiling_s: int | None
    overtaken_most: int | None
    priority_patience_s: int
    ordinary_run: int
    priority_weight: float
    priority_head_start_s: int
    due_weight: float
    due_head_start_s: int
    helping_after_s: int


class DeskAlarm(Struct, frozen=True):
    """The counter's last quiet call for somebody, and who answered it when; None: nobody yet."""

    since: datetime
    answered_by: str | None
    answered_at: datetime | None


class AlarmRow(Struct, frozen=True):
    """A counter whose clerk needs somebody now, for who may go there."""

    no: int
    clerk: str
    since: datetime


class Next(Struct, frozen=True):
    """The ticket that a counter would call now, and why; None when there is nobody."""

    ticket: str | None
    why: Name | None


class DeskRow(Struct, frozen=True):
    """The counter itself, for its clerk. What was called last there and the rule in force tell its console who is
    next. `overtaken_since` holds of its fields whose waits began before when: they were overtaken as often as the rule
    allows. While it is not open, others may call who waits for it alone after `bound_loosens_s`."""

    no: int
    name: Name
    state: str
    reason: str
    clerk: str | None
    since: datetime | None
    fields: list[str]
    helps: list[str]
    runs: Runs
    overtaken_since: dict[str, datetime]
    rule: Rule
    undo_s: int
    bound_loosens_s: int
    alarm: DeskAlarm | None


class TicketRow(Struct, frozen=True):
    """A citizen's own ticket; `further` names the fields in which the visit goes on. `floor` and `zone` of its counter
    are only told where a branch has several; it is not called before `not_before`, and then to `only_counter` if there
    is one. `call` is its newest call, as on the board. It may be postponed `postpones_left` more times, by `postpone_s`
    each; `rebooked_as` is its number on the day `rebooked_on`. A visit that is over may be rated if it `can_rate`, with
    `reasons`; see `Satisfaction`."""

    number: str
    field: str
    field_name: Name
    further: list[Name]
    branch: str
    branch_name: Name
    state: str
    counter: int | None
    floor: int | None
    zone: str
    call: int
    times_called: int
    arrival_at: datetime
    told: Told | None
    not_before: datetime | None
    only_counter: int | None
    postpones_left: int
    postpone_s: int
    can_rate: bool
    reasons: list[ReasonRow]
    asks_all: bool
    takes_comments: bool
    rebooked_as: str | None
    rebooked_on: str | None


class Ahead(Struct, frozen=True):
    """How many are called before a waiting ticket, and how long it still waits; nothing when it does not wait. The
    newest wins."""

    people: int | None
    wait: Told | None


class ReasonRow(Struct, frozen=True):
    code: str
    name: Name


class AskingRow(Struct, frozen=True):
    """The counter at which a device asks how satisfied people are, and how; see `Satisfaction`."""

    no: int
    name: Name
    organisation: Name
    branch: Name
    reasons: list[ReasonRow]
    asks_all: bool
    asks_s: int
    takes_comments: bool
    is_training: bool


class AskedRow(Struct, frozen=True):
    """Who may be asked at this counter: the visit that ended there last, `at`, and has not been rated. None while the
    next one is served."""

    ticket: str
    number: str
    language: str
    at: datetime


class JobRow(Struct, frozen=True):
    """A paper to print. Its picture is at `/api/v1/print-jobs/{job}`; older than `max_age_s` it is not printed."""

    job: str
    number: str
    asked_at: datetime
    max_age_s: int
    is_reprint: bool


class CapLeft(Struct, frozen=True):
    """So many numbers are left to one channel, now or when numbers are next given today; where none is, they are given
    again at `again_at`."""

    left: int
    again_at: datetime | None = None


class LiveField(Struct, frozen=True):
    """A field now. `oldest_at` is the arrival of who has waited longest; `uncovered_at` since when nobody takes it.

    Whoever came now would have so many `ahead`, and `wait` so long; with priority `ahead_priority` and `wait_priority`.
    `issued` counts every number given, `voided` those of them that were tests or mistakes.
    `unserved` of those who wait are not called before closing by what is foreseen; `takes_more` says whether somebody
    who came now would be, `takes_more_priority` the same with priority; None where nobody can say. `came_hour` and
    `served_hour` count the last 60 minutes, `over_15` and `over_30` who has waited over so many minutes today, until
    the first call. `cap_left` of its numbers may still be given, None as many as are wanted; `cap_left_by` says the
    same of each channel ("kiosk", "helper", "online") that has a bound.
    """

    code: str
    waiting: int
    called: int
    serving: int
    issued: int
    finished: int
    no_show: int
    voided: int
    open_counters: int
    oldest_at: datetime | None
    uncovered_at: datetime | None
    ahead: int
    ahead_priority: int
    wait: Told | None
    wait_priority: Told | None
    held: int
    unserved: int | None
    takes_more: bool | None
    takes_more_priority: bool | None
    came_hour: int
    served_hour: int
    over_15: int
    over_30: int
    cap_left: int | None
    cap_left_by: dict[str, CapLeft]


class Live(Struct, frozen=True):
    """What a manager, a dispenser and a phone see of a branch now; the newest wins.

    `ends_by_forecast` says that a field whose `takes_more` is false gives no numbers any more today, with priority
    where `takes_more_priority` is false too.
    `printers_waiting` names each printer that owes a paper and cannot print it now, and why: "paper_out", "cover_open",
    "offline", "fault", "unreachable", "timeout"; "silent" when nothing is heard of it. `printers_warned` names those
    that print and need somebody: "near_end", or a fault of one printer where another one of the same agent prints.
    An agent with several says which: "paper_out (1), near_end (2)".
    `help_called` names each dispenser at which somebody has called for help, and since when, until staff answer.
    """

    branch: str
    issued: int
    waiting: int
    called: int
    serving: int
    finished: int
    no_show: int
    cancelled: int
    voided: int
    held: int
    over_15: int
    over_30: int
    fields: dict[str, LiveField]
    uncovered_alarm_s: int
    ends_by_forecast: bool
    papers_failed: int
    printers_waiting: dict[str, str]
    printers_warned: dict[str, str] = {}
    help_called: dict[str, datetime] = {}
