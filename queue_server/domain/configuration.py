"""What is in force at a branch: fields, series, counters, classes, hours and limits.

A configuration is a value. It reaches a branch's state only by the event `branch.configured` (or `day.opened`, which
carries it), so that a day can be rebuilt from its own events. Minutes count from local midnight and may pass 24:00 for
a service day that ends after midnight; `*_s` are seconds.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

Service = Literal[
    "file", "collect", "supplement", "pay", "guidance", "complaint", "post", "online-help", "digitise", "filed-online"
]
"""What people come for in a field: to file a dossier; or to collect a result, complete a dossier, pay a fee, ask,
complain, have results sent by post, be helped with filing online, have papers digitised; or they have filed online and
bring the paper."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Text(Struct, frozen=True):
    """A text for people; Vietnamese is always there, English falls back to it. `more` are further languages by their
    codes, which fall back to English."""

    vi: str
    en: str = ""
    more: dict[str, str] | UnsetType = UNSET


class Window(Struct, frozen=True, array_like=True):
    """A half-open interval of a service day, in minutes since local midnight."""

    start: int
    end: int


class DayHours(Struct, frozen=True):
    """One weekday: when counters work and when numbers are given. Both empty means closed."""

    working: tuple[Window, ...] = ()
    issuing: tuple[Window, ...] = ()


class Exceptional(Struct, frozen=True):
    """A date that differs from its weekday, such as a holiday (empty hours) or a worked Saturday."""

    hours: DayHours
    reason: Text


class Hours(Struct, frozen=True):
    """Weekly hours by weekday ("mon" … "sun"; a missing weekday is closed) and dated exceptions ("2026-11-24")."""

    weekly: dict[str, DayHours] = field(default_factory=dict)
    dates: dict[str, Exceptional] = field(default_factory=dict)


class Agency(Struct, frozen=True):
    code: str
    name: Text


class Block(Struct, frozen=True, array_like=True):
    """Ordinals of a series, both ends included."""

    first: int
    last: int

    def __contains__(self, ordinal: int) -> bool:
        return self.first <= ordinal <= self.last


class Series(Struct, frozen=True):
    """A run of numbers that starts again every service day: prefix, digits shown, first and last ordinal. Those of the
    `emergency` block are printed in advance for power cuts and never given by the machine."""

    code: str
    prefix: str
    width: int = 3
    first: int = 1
    last: int = 999
    emergency: Block | None = None


class Position(Struct, frozen=True, array_like=True):
    """Degrees, north and east."""

    latitude: float
    longitude: float


CapChannel = Literal["kiosk", "helper", "online"]


class Cap(Struct, frozen=True):
    """How many numbers of a field are given: in a whole day, in each half of it, and in a day through each channel;
    what is not named has no bound of its own. What is left of one half does not move to the other one; but where only
    the day and the morning are bounded, the afternoon has all that is left of the day."""

    day: int | None = None
    morning: int | None = None
    afternoon: int | None = None
    channels: dict[CapChannel, int] = {}


class Field(Struct, frozen=True):
    """A procedure field: what a citizen chooses. It owns a number series.

    `hours` replaces the branch's weekly hours on the weekdays that it names. `cap` limits the numbers that are given.
    `service_time_s` is the prior mean of one service and `service_time_cv` its coefficient of variation, used until the
    branch has measured its own. Where it `is_anywhere`, citizens may go to any branch that takes it. It takes
    `procedures` of the catalogue by their codes, and groups of it (`catalogue`) by their level; where it
    `asks_procedure`, the dispenser asks which one. A visit that begins in it goes on in the fields of `steps`.
    """

    code: str
    name: Text
    series: str
    agency: str
    examples: Text = Text("")
    hours: Hours | None = None
    cap: Cap = Cap()
    service_time_s: int = 600
    service_time_cv: float = 0.7
    zone: str = ""
    procedures: tuple[str, ...] = ()
    catalogue: dict[str, tuple[str, ...]] = {}
    is_retired: bool = False
    is_anywhere: bool = False
    asks_procedure: bool = False
    service: Service = "file"
    steps: tuple[str, ...] = ()


class Desk(Struct, frozen=True):
    """A counter as configured: its number, the fields that it takes and those that it may help with."""

    no: int
    fields: tuple[str, ...]
    helps: tuple[str, ...] = ()
    name: Text = Text("")
    agency: str = ""
    zone: str = ""
    floor: int = 1
    is_retired: bool = False


class PriorityClass(Struct, frozen=True):
    """A reason that changes the order. Its name is for the dispenser and the clerk, never for a public screen. An
    identity card that was scanned proves it for whoever has lived `min_age` years."""

    code: str
    name: Text
    explanation: Text = Text("")
    min_age: int | None = None


class RoutingRule(Struct, frozen=True):
    """Who is called next. (Point 4 of the balancing study; see `routing.pick`.)

    - "bounded": priority first; after `priority_run` priority calls in a row at a counter, somebody ordinary there who
      has waited longer than `ordinary_after_s` goes next.
    - "strict": priority first, without a bound.
    - "interleaved": one priority call after `ordinary_run` others, within the same bound.
    - "graded": the highest score; a priority wait counts `priority_weight` times and `priority_head_start_s` more.

    In "bounded" and "interleaved" priority stands back at a counter while somebody ordinary there has been overtaken by
    priority `overtaken_most` times, unless one with priority has waited there longer than `priority_patience_s`.
    In each mode, one who has waited longer than `ordinary_ceiling_s` goes after a single priority call. Among ordinary
    citizens the longest wait goes first; `pressure_weight` adds that part of the waiting work of their field for each
    other counter, and a counter takes a field that it only helps with as if they had come `helping_after_s` later.
    A bulk submitter has a turn of `bulk_dossiers`, and is then behind those who wait. Whoever comes `late_after_s`
    after an appointed time waits as if without one.
    """

    mode: Literal["bounded", "strict", "interleaved", "graded"] = "bounded"
    priority_run: int = 2
    ordinary_after_s: int = 1800
    ordinary_ceiling_s: int | None = None
    overtaken_most: int | None = 6
    priority_patience_s: int = 300
    ordinary_run: int = 3
    priority_weight: float = 2.0
    priority_head_start_s: int = 1200
    due_weight: float = 2.0
    due_head_start_s: int = 900
    pressure_weight: float = 0.0
    helping_after_s: int = 0
    bulk_dossiers: int | None = None
    late_after_s: int = 600

    def turn(self, dossiers: int) -> int:
        """How many of so many dossiers are done before others have their turn."""
        return dossiers if self.bulk_dossiers is None else min(dossiers, self.bulk_dossiers)


class Limits(Struct, frozen=True):
    """Times and counts that the life cycle keeps to. Seconds, or how often.

    `ends_by_forecast`: no more numbers of a field are given for today to whom it is foreseen that they would not be
    called before closing. `confirms_priority`: a priority that somebody claims where no staff stands, as at a
    dispenser, counts only once staff have confirmed it. A device gives at most `numbers_a_minute` and
    `numbers_an_hour`; None: as many as are asked for. Whoever was called `no_show_after_calls` times is absent
    `no_show_after_s` after the last of them (None: staff say who is), but not in the first `no_show_spares_s` after a
    break. `clerks_call_chosen`: clerks too may call a ticket of their choice, out of turn; else only who supervises.
    """

    undo_s: int = 10
    cool_down_s: int = 120
    postpone_s: int = 900
    postpone_max: int = 2
    reinstate_max: int = 2
    reinstate_behind: int = 2
    bound_loosens_s: int = 600
    end_day_after_s: int = 3 * 3600
    leftovers: Literal["rebook", "expire"] = "expire"
    uncovered_alarm_s: int = 300
    implied_start_s: int | None = None
    paper_max_age_s: int = 300
    half_day_splits_at: int = 12 * 60
    ends_by_forecast: bool = False
    confirms_priority: bool = False
    numbers_a_minute: int | None = None
    numbers_an_hour: int | None = None
    no_show_after_calls: int | None = None
    no_show_after_s: int = 60
    no_show_spares_s: int = 900
    clerks_call_chosen: bool = False


class Team(Struct, frozen=True):
    """A mobile team of the organisation: so many people, who set out from a place and do these fields, or any."""

    code: str
    name: Text
    people: int = 1
    fields: tuple[str, ...] = ()
    place: Position | None = None


class Loud(Struct, frozen=True, array_like=True):
    """How loud a voice is within a window of the day, in percent."""

    window: Window
    percent: int


class Voice(Struct, frozen=True):
    """How a screen speaks. Loudspeakers that are heard together have one `zone`: one screen of it speaks. `reading` is
    how Vietnamese is read ("bac": một trăm linh năm, "nam": một trăm lẻ năm). A call is spoken `repeats` times, in the
    citizen's language where there are clips of it. `percent` is how loud, but for the times of `loud`."""

    zone: str = ""
    reading: Literal["bac", "nam"] = "bac"
    repeats: int = 2
    percent: int = 100
    loud: tuple[Loud, ...] = ()


class Screen(Struct, frozen=True):
    """A lobby screen: what it shows, and how. None and "" leave nothing out: with a `floor`, a `zone`, an `agency` or a
    `counter` it shows and speaks only calls to those counters.

    `layout` is "board" (the calls, and who waits), "waiting" (who waits and how long, in every field), "counter" (one
    counter, large) or "split" (the calls beside notices). Each call stands out for `least_s` at least. Without a
    `voice` it is silent. `accent` is a colour, "#0b5b47".
    """

    code: str
    name: Text = Text("")
    layout: Literal["board", "waiting", "counter", "split"] = "board"
    floor: int | None = None
    zone: str = ""
    agency: str = ""
    counter: int | None = None
    least_s: int = 8
    theme: Literal["dark", "light"] = "dark"
    accent: str = ""
    voice: Voice | None = None

    def shows(self, desk: Desk) -> bool:
        """Whether calls to this counter stand on it."""
        return (
            self.floor in (None, desk.floor)
            and self.zone in ("", desk.zone)
            and self.agency in ("", desk.agency)
            and self.counter in (None, desk.no)
        )


ANY_SCREEN = Screen("", voice=Voice())
"""Where none is configured: it shows and says everything."""


NoticeKind = Literal["image", "video", "html", "text"]


class Notice(Struct, frozen=True):
    """Something that lobby screens show beside the calls: a file that was uploaded (`media`, its SHA-256), or a text of
    ours, a title and lines. Its title names it everywhere, and is what a screen that shows no notices says of it.

    It is shown on these `screens` (none named: on every one of layout "split") from the `first_day` to the `last_day`,
    on these `weekdays` and in these `hours` of them; what is not said does not bound it. Others follow after `seconds`,
    after a video at its end. While one that `is_priority` is to be shown, no other is, and every layout names it.
    """

    code: str
    kind: NoticeKind
    title: Text
    lines: tuple[Text, ...] = ()
    media: str = ""
    screens: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    weekdays: tuple[str, ...] = ()
    hours: tuple[Window, ...] = ()
    seconds: int = 15
    is_priority: bool = False


class Reason(Struct, frozen=True):
    """What a citizen may name as the reason of a rating."""

    code: str
    name: Text


class Satisfaction(Struct, frozen=True):
    """How citizens are asked, at a counter's device and on their phones, how they were served: four levels, then
    `reasons`, of which several may be chosen, where the level is one of the lower two or it `asks_all`, with words of
    their own where it `takes_comments`. A device that nobody touches asks for `asks_s` seconds."""

    reasons: tuple[Reason, ...] = ()
    asks_all: bool = False
    asks_s: int = 45
    takes_comments: bool = False


class BranchConfig(Struct, frozen=True):
    """Everything that decides at one branch, as one value with a version that grows with each change. `languages` are
    those in which citizens are spoken to besides Vietnamese and English; `logo` is the SHA-256 of a picture that was
    uploaded, which stands at the head of lobby screens. One that `is_training` is a copy of a branch to practise in:
    its numbers are worth nothing and stand in no statistics."""

    branch: str
    name: Text
    organisation: Text
    agencies: tuple[Agency, ...]
    series: tuple[Series, ...]
    fields: tuple[Field, ...]
    counters: tuple[Desk, ...]
    classes: tuple[PriorityClass, ...]
    hours: Hours
    version: int = 1
    timezone: str = "Asia/Ho_Chi_Minh"
    day_boundary: int = 180
    rule: RoutingRule = RoutingRule()
    limits: Limits = Limits()
    notice: Text = Text("")
    place: Position | None = None
    address: Text = Text("")
    teams: tuple[Team, ...] = ()
    languages: tuple[str, ...] = ()
    screens: tuple[Screen, ...] = ()
    notices: tuple[Notice, ...] = ()
    logo: str = ""
    satisfaction: Satisfaction = Satisfaction()
    is_training: bool = False
