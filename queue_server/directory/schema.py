"""The shape of organisation files and of the branch documents made of them. Unknown keys are refused.

A *part* is what a file writes: a template, defaults, or a branch that leaves things to its template. A *document* is
complete: one branch with everything expanded, as it is stored, edited in the browser and imported again.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from queue_server.directory.values import (
    Block,
    Clock,
    Code,
    CounterNumbers,
    IsoDate,
    Ordinals,
    Span,
    Spans,
    Text,
    Weekly,
    Words,
    ordinals,
    window,
)
from queue_server.domain import configuration as domain

Kind = Literal["centre", "branch", "point"]
Level = Literal["xa", "tinh", "nganh_doc"]
"""Level of a procedure in the catalogue: commune or ward, province or city, vertical agency."""

Language = Annotated[str, Field(pattern="^[a-z]{2}$")]
Percent = Annotated[float, Field(ge=0, le=100)]
ServiceTime = Annotated[int, Field(ge=10, le=4 * 3600)]
Seconds = Annotated[int, Field(ge=0, le=24 * 3600)]
Run = Annotated[int, Field(ge=1, le=100)]
Weight = Annotated[float, Field(ge=0, le=100)]
Numbers = Annotated[int, Field(ge=0, le=10_000)]
Times = Annotated[int, Field(ge=0, le=20)]
Pace = Annotated[int, Field(ge=1, le=10_000)]
ProcedureCode = Annotated[str, Field(pattern=r"^\d\.\d{6}(\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?$")]

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NOTICES_MAX = 100

MediaName = Annotated[str, Field(pattern="^([0-9a-f]{64})?$")]
"""The SHA-256 of an uploaded file."""

_RULE = domain.RoutingRule()
_LIMITS = domain.Limits()
_SATISFACTION = domain.Satisfaction()


class AgencyBlock(Block):
    code: Code
    name: Text


class SeriesBlock(Block):
    """A run of numbers: "A" of width 3 prints A001 … A999, "1" prints 1001 … 1999. Those of `emergency`, such as
    "900-999", are printed in advance for power cuts and never given by the machine."""

    code: Code
    prefix: Annotated[str, Field(pattern=r"^[A-ZĐ]{0,2}[0-9]{0,2}$")]
    width: Annotated[int, Field(ge=1, le=6)] = 3
    first: Annotated[int, Field(ge=1)] = 1
    last: Annotated[int, Field(ge=1)] = 999
    emergency: Ordinals | None = None

    @property
    def emergency_block(self) -> domain.Block | None:
        return domain.Block(*ordinals(self.emergency)) if self.emergency else None

    @model_validator(mode="after")
    def _range_fits(self) -> SeriesBlock:
        if self.last < self.first:
            raise ValueError(f"last ({self.last}) is less than first ({self.first})")
        if self.last >= 10**self.width:
            raise ValueError(f"last ({self.last}) does not fit into {self.width} digits")
        block = self.emergency_block
        if block is not None and not self.first <= block.first <= block.last <= self.last:
            raise ValueError(f"emergency ({self.emergency}) is no part of {self.first}-{self.last}")
        if block == domain.Block(self.first, self.last):
            raise ValueError(f"emergency ({self.emergency}) leaves no number to give")
        return self


class CapChannelsBlock(Block):
    """Numbers a day through dispensers, through helpers and clerks, and through phones, the web and other systems."""

    kiosk: Numbers | None = None
    helper: Numbers | None = None
    online: Numbers | None = None


class CapBlock(Block):
    """See `Cap`. A half or a channel that may give more than the day has a bound that never holds: that is a slip."""

    day: Numbers | None = None
    morning: Numbers | None = None
    afternoon: Numbers | None = None
    channels: CapChannelsBlock = CapChannelsBlock()

    @model_validator(mode="after")
    def _day_is_the_most(self) -> CapBlock:
        if self.day is None:
            return self
        halves = {"morning": self.morning, "afternoon": self.afternoon}
        for name, most in (halves | self.channels.model_dump(exclude={"mark"})).items():
            if most is not None and most > self.day:
                raise ValueError(f"{name} ({most}) is more than day ({self.day})")
        if self.morning is not None and self.afternoon is not None and self.morning + self.afternoon > self.day:
            both = f"morning ({self.morning}) and afternoon ({self.afternoon})"
            raise ValueError(f"{both} are more than day ({self.day})")
        return self


class FieldBlock(Block):
    """A procedure field. Where it `is_anywhere`, citizens may go to any branch that takes it.
    `catalogue` names the groups of the procedure catalogue that belong to it, by level; "*" is
    every group of that level which no other field of the branch names. Where it `asks_procedure`, the dispenser asks
    which one. `service` is what people come for, "file" unless it is said; a visit that begins in it goes on in the
    fields of `steps`."""

    code: Code
    name: Text
    series: Code
    agency: Code
    examples: Text | None = None
    hours: Weekly | None = None
    cap: CapBlock = CapBlock()
    service_time_s: ServiceTime = 600
    service_time_cv: Annotated[float, Field(ge=0, le=3)] = 0.7
    zone: Words = ""
    procedures: list[ProcedureCode] = Field(default_factory=list)
    catalogue: dict[Level, list[Words]] = Field(default_factory=dict)
    is_retired: bool = False
    is_anywhere: bool = False
    asks_procedure: bool = False
    service: domain.Service = "file"
    steps: Annotated[list[Code], Field(max_length=3)] = Field(default_factory=list)


class _Desk(Block):
    fields: list[Code]
    helps: list[Code] = Field(default_factory=list)
    name: Text | None = None
    agency: Code | None = None
    zone: Words = ""
    floor: Annotated[int, Field(ge=-3, le=60)] = 1
    is_retired: bool = False


class CounterBlock(_Desk):
    """One counter: the fields that it takes, and those that it may help with."""

    no: Annotated[int, Field(ge=1, le=999)]


class CountersPart(_Desk):
    """Counters that are alike: `no: 7`, or `no: 1-5`."""

    no: CounterNumbers


class ClassBlock(Block):
    """A priority class; one that is not on is kept for later and offered nowhere. Whoever's identity card shows that
    they have lived `min_age` years has it at a dispenser without a claim."""

    code: Code
    name: Text
    explanation: Text | None = None
    min_age: Annotated[int, Field(ge=1, le=120)] | None = None
    is_on: bool = True


class HolidayBlock(Block):
    """A date that differs from its weekday: closed, or with windows of its own (a worked Saturday).

    `unconfirmed` says that somebody has still to check the date; it decides nothing. What does not apply is a reminder
    only: the day stays an ordinary one.
    """

    date: IsoDate
    name: Text
    source: Words
    unconfirmed: bool = False
    applies: bool = True
    working: Spans = Field(default_factory=list)
    issuing: Spans = Field(default_factory=list)


class RuleBlock(Block):
    """See `RoutingRule`."""

    mode: Literal["bounded", "strict", "interleaved", "graded"] = _RULE.mode
    priority_run: Run = _RULE.priority_run
    ordinary_after_s: Seconds = _RULE.ordinary_after_s
    ordinary_ceiling_s: Seconds | None = _RULE.ordinary_ceiling_s
    overtaken_most: Run | None = _RULE.overtaken_most
    priority_patience_s: Seconds = _RULE.priority_patience_s
    ordinary_run: Run = _RULE.ordinary_run
    priority_weight: Weight = _RULE.priority_weight
    priority_head_start_s: Seconds = _RULE.priority_head_start_s
    due_weight: Weight = _RULE.due_weight
    due_head_start_s: Seconds = _RULE.due_head_start_s
    pressure_weight: Weight = _RULE.pressure_weight
    helping_after_s: Seconds = _RULE.helping_after_s
    bulk_dossiers: Run | None = _RULE.bulk_dossiers
    late_after_s: Seconds = _RULE.late_after_s


class LimitsBlock(Block):
    """See `Limits`. A device may give 30 numbers a minute and 600 an hour, unless it is said otherwise: a person takes
    five seconds at least, and a dispenser of a busy morning gives 100 an hour."""

    undo_s: Seconds = _LIMITS.undo_s
    cool_down_s: Seconds = _LIMITS.cool_down_s
    postpone_s: Seconds = _LIMITS.postpone_s
    postpone_max: Times = _LIMITS.postpone_max
    reinstate_max: Times = _LIMITS.reinstate_max
    reinstate_behind: Times = _LIMITS.reinstate_behind
    bound_loosens_s: Seconds = _LIMITS.bound_loosens_s
    end_day_after_s: Seconds = _LIMITS.end_day_after_s
    leftovers: Literal["rebook", "expire"] = _LIMITS.leftovers
    uncovered_alarm_s: Seconds = _LIMITS.uncovered_alarm_s
    implied_start_s: Annotated[int, Field(ge=1, le=3600)] | None = _LIMITS.implied_start_s
    paper_max_age_s: Seconds = _LIMITS.paper_max_age_s
    half_day_splits_at: Clock = "12:00"
    ends_by_forecast: bool = _LIMITS.ends_by_forecast
    confirms_priority: bool = _LIMITS.confirms_priority
    numbers_a_minute: Pace | None = 30
    numbers_an_hour: Pace | None = 600
    no_show_after_calls: Annotated[int, Field(ge=1, le=20)] | None = _LIMITS.no_show_after_calls
    no_show_after_s: Seconds = _LIMITS.no_show_after_s
    no_show_spares_s: Seconds = _LIMITS.no_show_spares_s
    clerks_call_chosen: bool = _LIMITS.clerks_call_chosen


class PlaceBlock(Block):
    """Where a branch is, in degrees north and east."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class TeamBlock(Block):
    """A mobile team of the organisation, of so many people, that comes where people wait too long. Without `fields` it
    does any; without a `place` it is taken to be there at once."""

    code: Code
    name: Text
    people: Annotated[int, Field(ge=1, le=20)] = 1
    fields: list[Code] = Field(default_factory=list)
    place: PlaceBlock | None = None


class LoudBlock(Block):
    """How loud a voice is at these times, in percent."""

    at: Span
    percent: Percent


class VoiceBlock(Block):
    """See `Voice`. Screens whose loudspeakers are heard together have one `zone`; one of them speaks."""

    zone: Annotated[Words, Field(max_length=64)] = ""
    reading: Literal["bac", "nam"] = "bac"
    repeats: Annotated[int, Field(ge=1, le=3)] = 2
    percent: Percent = 100
    loud: list[LoudBlock] = Field(default_factory=list)


class ScreenBlock(Block):
    """See `Screen`. With several of `floor`, `zone`, `agency` and `counter` it shows the counters that fit all."""

    code: Code
    name: Text | None = None
    layout: Literal["board", "waiting", "counter", "split"] = "board"
    floor: Annotated[int, Field(ge=-3, le=60)] | None = None
    zone: Words = ""
    agency: Code | None = None
    counter: Annotated[int, Field(ge=1, le=999)] | None = None
    least_s: Annotated[int, Field(ge=3, le=60)] = 8
    theme: Literal["dark", "light"] = "dark"
    accent: Annotated[str, Field(pattern="^(#[0-9a-f]{6})?$")] = ""
    voice: VoiceBlock | None = None


class NoticeBlock(Block):
    """See `Notice`. Of a file `media` is the SHA-256, which it is given when it is uploaded."""

    code: Code
    kind: domain.NoticeKind
    title: Text
    lines: Annotated[list[Text], Field(max_length=8)] = Field(default_factory=list)
    media: MediaName = ""
    screens: list[Code] = Field(default_factory=list)
    first_day: IsoDate | None = None
    last_day: IsoDate | None = None
    weekdays: list[Weekday] = Field(default_factory=list)
    hours: Spans = Field(default_factory=list)
    seconds: Annotated[int, Field(ge=3, le=600)] = 15
    is_priority: bool = False

    @model_validator(mode="after")
    def _is_shown_once(self) -> NoticeBlock:
        if (self.kind == "text") == bool(self.media):
            raise ValueError("a text has no media, every other kind has")
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError(f"last_day ({self.last_day}) is before first_day ({self.first_day})")
        if self.hours and window(self.hours[-1]).end > 24 * 60:
            raise ValueError("hours end at 24:00")
        return self


class ReasonBlock(Block):
    """What a citizen may name as the reason of a rating."""

    code: Code
    name: Text


class SatisfactionBlock(Block):
    """See `Satisfaction`."""

    reasons: Annotated[list[ReasonBlock], Field(max_length=12)] = Field(default_factory=list)
    asks_all: bool = _SATISFACTION.asks_all
    asks_s: Annotated[int, Field(ge=10, le=600)] = _SATISFACTION.asks_s
    takes_comments: bool = _SATISFACTION.takes_comments


class VisitsBlock(Block):
    """How many people come on an ordinary day, under a name: "usual" is always there."""

    code: Code
    per_day: Annotated[int, Field(ge=0, le=100_000)]


class DemandBlock(Block):
    """What the simulator and the live demonstration send: visits a day, and their mix by field in percent."""

    visits: list[VisitsBlock] = Field(default_factory=list)
    mix: dict[Code, Percent] = Field(default_factory=dict)
    priority_percent: Percent = 8.0


class BranchPart(Block):
    """A branch, or part of one. Mappings of hours, limits, rule and demand are completed key by key from the template
    and the defaults, holidays date by date; every other key that is written replaces the whole of what is below."""

    like: str | None = None
    code: Code | None = None
    kind: Kind | None = None
    parent: Code | None = None
    name: Text | None = None
    address: Text | None = None
    place: PlaceBlock | None = None
    notice: Text | None = None
    languages: list[Language] | None = None
    timezone: str | None = None
    day_boundary: Clock | None = None
    agencies: list[AgencyBlock] | None = None
    series: list[SeriesBlock] | None = None
    fields: list[FieldBlock] | None = None
    counters: list[CountersPart] | None = None
    classes: list[ClassBlock] | None = None
    hours: Weekly | None = None
    holidays: list[HolidayBlock] | None = None
    rule: RuleBlock | None = None
    limits: LimitsBlock | None = None
    teams: list[TeamBlock] | None = None
    screens: list[ScreenBlock] | None = None
    notices: list[NoticeBlock] | None = None
    logo: MediaName | None = None
    satisfaction: SatisfactionBlock | None = None
    demand: DemandBlock | None = None


class BranchDocument(Block):
    """One branch, complete. `languages` are those of `config/languages` in which it speaks to citizens too."""

    code: Code
    name: Text
    agencies: list[AgencyBlock]
    series: list[SeriesBlock]
    fields: list[FieldBlock]
    counters: list[CounterBlock]
    hours: Weekly
    classes: list[ClassBlock] = Field(default_factory=list)
    holidays: list[HolidayBlock] = Field(default_factory=list)
    kind: Kind = "centre"
    parent: Code | None = None
    address: Text | None = None
    place: PlaceBlock | None = None
    notice: Text | None = None
    languages: list[Language] = Field(default_factory=list)
    timezone: str = "Asia/Ho_Chi_Minh"
    day_boundary: Clock = "03:00"
    rule: RuleBlock = RuleBlock()
    limits: LimitsBlock = LimitsBlock()
    teams: list[TeamBlock] = Field(default_factory=list)
    screens: list[ScreenBlock] = Field(default_factory=list)
    notices: Annotated[list[NoticeBlock], Field(max_length=NOTICES_MAX)] = Field(default_factory=list)
    logo: MediaName = ""
    satisfaction: SatisfactionBlock = SatisfactionBlock()
    demand: DemandBlock | None = None

    def as_json(self) -> dict[str, Any]:
        """The document as it is stored: in one canonical form, without what is as by default."""
        return self.model_dump(mode="json", exclude_defaults=True)


class FactBlock(Block):
    """A figure from a source that no rule of the queue needs, kept beside the configuration that it explains."""

    what: Words
    value: int | float | str
    source: Words = ""


class OrganisationFile(Block):
    """A file of `config/organisations`. `shared` is a file with a part below everything else, relative to this one or,
    where there is none, to `config/organisations`."""

    code: Code
    name: Text
    shared: str | None = None
    defaults: BranchPart = BranchPart()
    templates: dict[Code, BranchPart] = Field(default_factory=dict)
    branches: Annotated[list[BranchPart], Field(min_length=1)]
    facts: list[FactBlock] = Field(default_factory=list)
