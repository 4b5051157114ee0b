"""Small builders for tests of the queue rules: a configuration, instants, and a branch that runs like a host."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain import hours, upcast
from queue_server.domain.apply import apply
from queue_server.domain.configuration import (
    Agency,
    BranchConfig,
    DayHours,
    Desk,
    Exceptional,
    Field,
    Hours,
    PriorityClass,
    Series,
    Text,
    Window,
)
from queue_server.domain.decide import decide
from queue_server.domain.events import Recorded, type_of
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Ticket
from queue_server.domain.timers import Due, due

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY = date(2026, 11, 16)
FRIDAY = date(2026, 11, 20)
SATURDAY = date(2026, 11, 21)
HOLIDAY = date(2026, 11, 24)
"""A Tuesday; the configuration of these tests takes it off."""

LAN = c.By("account:lan", clerk="lan")
MINH = c.By("account:minh", clerk="minh")
HOA = c.By("account:hoa", clerk="hoa")
CHIEF = c.By("account:chief", clerk="chief", may_override=True)
KIOSK = c.By("device:kiosk-1", printer="printer-1")
SCREEN = c.By("device:display-1")
TIMER = c.By("timer", may_override=True)

ISSUING = (Window(7 * 60, 11 * 60 + 15), Window(12 * 60 + 30, 16 * 60 + 30))
WORKING = (Window(7 * 60 + 30, 11 * 60 + 30), Window(13 * 60, 17 * 60))
OFFICE = DayHours(working=WORKING, issuing=ISSUING)
MORNING = DayHours(working=WORKING[:1], issuing=ISSUING[:1])
CLOSED = DayHours()


def field(code: str, series: str, name: str = "", **changes: Any) -> Field:
    return replace(Field(code, Text(name or code), series, "ubnd"), **changes)


def config(**changes: Any) -> BranchConfig:
    """A ward's branch: four fields, five counters, office hours, land also on Saturday morning, one holiday."""
    whole = BranchConfig(
        branch="go-vap",
        name=Text("Trung tâm Phục vụ hành chính công phường Gò Vấp", "Go Vap ward"),
        organisation=Text("Thành phố Hồ Chí Minh"),
        agencies=(Agency("ubnd", Text("Ủy ban nhân dân phường")),),
        series=(Series("A", "A"), Series("B", "B"), Series("C", "C"), Series("D", "D")),
        fields=(
            field("chung-thuc", "A", "Chứng thực", service_time_s=300),
            field("ho-tich", "B", "Hộ tịch"),
            field("dat-dai", "C", "Đất đai", service_time_s=1500, hours=Hours(weekly={"sat": MORNING})),
            field("tra-ket-qua", "D", "Trả kết quả", service_time_s=180),
        ),
        counters=(
            Desk(1, ("chung-thuc",)),
            Desk(2, ("chung-thuc", "ho-tich")),
            Desk(3, ("ho-tich",), helps=("chung-thuc",)),
            Desk(4, ("dat-dai",)),
            Desk(5, ("tra-ket-qua",), helps=("chung-thuc", "ho-tich")),
        ),
        classes=(PriorityClass("NCT75", Text("Người từ 75 tuổi")), PriorityClass("NKT", Text("Người khuyết tật"))),
        hours=Hours(
            weekly=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), OFFICE),
            dates={HOLIDAY.isoformat(): Exceptional(CLOSED, Text("Ngày Văn hóa Việt Nam"))},
        ),
    )
    return replace(whole, **changes)


def limited(**limits: Any) -> BranchConfig:
    """The configuration with other limits."""
    whole = config()
    return replace(whole, limits=replace(whole.limits, **limits))


def moment(clock: str, day: date = MONDAY) -> datetime:
    """The UTC instant of a Vietnamese wall-clock time such as "07:30" or "07:30:05"."""
    return datetime.combine(day, time.fromisoformat(clock), VIETNAM).astimezone(UTC)


class Branch:
    """One branch with its journal in a list. It does what a host does, without a clock: times are arguments.

    `at` is a wall-clock time of `today`, or an instant. A refusal comes through and leaves everything as it was.
    """

    def __init__(self, configuration: BranchConfig | None = None, *, today: date = MONDAY, at: str = "07:00") -> None:
        self.state = BranchState()
        self.today = today
        self.records: list[Recorded] = []
        self.timers: list[Due] = []
        self.tickets_made = 0
        self.new_id: Callable[[int], str] = "t{}".format
        self.state.mark()
        boundary = hours.boundary(configuration or config(), today)
        self.do(c.Configure(config=configuration or config()), boundary, by=CHIEF)
        self.wait(at)

    # -- running -------------------------------------------------------------------------------------------------------

    def instant(self, at: str | datetime) -> datetime:
        return moment(at, self.today) if isinstance(at, str) else at

    def wait(self, at: str | datetime) -> list[Recorded]:
        """Let time pass: carry out what is overdue at that instant, each at its own."""
        now, first = self.instant(at), len(self.records)
        while (item := due(self.state, now)) is not None and item.at <= now:
            self._carry_out(item.command, TIMER, item.at)
            self.timers.append(item)
        return self.records[first:]

    def do(self, command: c.Command, at: str | datetime, by: c.By = LAN) -> list[Recorded]:
        """The events of this command, after everything that was overdue before it."""
        now = self.instant(at)
        self.wait(now)
        if isinstance(command, c.Issue | c.EnterList) and not by.fresh_id:
            by = replace(by, fresh_id=self.new_id(self.tickets_made + 1))
        done = self._carry_out(command, by, now)
        self.tickets_made += isinstance(command, c.Issue | c.EnterList)
        return done

    def _carry_out(self, command: c.Command, by: c.By, now: datetime) -> list[Recorded]:
        at = max(now, self.state.at or now)
        decided: list[Any] = decide(self.state, command, by, at)
        done: list[Recorded] = []
        for event in decided:
            record = Recorded(self.state.seq + 1, self._day_of(event, at), at, max(at, now), by.actor, event)
            apply(self.state, record)
            done.append(record)
        self.records += done
        return done

    def _day_of(self, event: ev.EventType, at: datetime) -> date:
        day = self.state.day
        if day is None or day.ended_at is not None or isinstance(event, ev.DayOpened):
            return hours.service_day(self.state.config or config(), at)
        return day.date

    # -- short ways ----------------------------------------------------------------------------------------------------

    def open(self, counter: int, at: str | datetime, by: c.By = LAN) -> None:
        self.do(c.OpenCounter(counter=counter), at, by)

    def issue(self, field_code: str, at: str | datetime, by: c.By = KIOSK, **asked: Any) -> str:
        """The id of a new ticket."""
        (record,) = self.do(c.Issue(field=field_code, **asked), at, by)
        assert isinstance(record.event, ev.TicketIssued)
        return record.event.ticket

    def call_next(self, counter: int, at: str | datetime, by: c.By = LAN) -> str:
        """The id of the ticket that is called."""
        event = self.do(c.CallNext(counter=counter), at, by)[-1].event
        assert isinstance(event, ev.TicketCalled)
        return event.ticket

    def served(self, counter: int, at: str | datetime, by: c.By = LAN) -> str:
        """Call the next one and begin the service at once."""
        ticket = self.call_next(counter, at, by)
        self.do(c.Start(ticket=ticket), at, by)
        return ticket

    # -- looking -------------------------------------------------------------------------------------------------------

    def __getitem__(self, ticket: str) -> Ticket:
        return self.state.tickets[ticket]

    def types(self, last: int | None = None) -> list[str]:
        """Event types so far, or of the last few records."""
        records = self.records if last is None else self.records[-last:]
        return [type_of(record.event) for record in records]

    def queue(self, field_code: str) -> list[str]:
        """Ids of the waiting tickets of a field: priority first, each part in queue order."""
        return [ticket.id for ticket in self.state.waiting_in(field_code)]

    def books(self) -> dict[str, int]:
        """How many of the day's tickets are in each state."""
        return dict(Tally(ticket.state.value for ticket in self.state.tickets.values()))


def replayed(records: list[Recorded]) -> BranchState:
    """A fresh state from stored bytes, as a host that starts reads them."""
    state = BranchState()
    for record in records:
        event_type, version, body = upcast.store(record)
        apply(state, upcast.load(record.seq, record.day, event_type, version, body))
    state.mark()
    return state


def snapshot(state: BranchState) -> dict[str, Any]:
    """Everything that a state holds, by value, with its indexes; empty index entries count as absent."""
    queues = {stream.value: rows for stream, rows in state._queues.items()}
    return {
        "seq": state.seq,
        "at": state.at,
        "config": state.config,
        "calls_made": state.calls_made,
        "tables": {name: dict(rows) for name, rows in state.tables.items()},
        "order": {name: list(rows) for name, rows in state.tables.items()},
        "before": dict(state.before),
        **{name: {code: list(queue) for code, queue in rows.items() if queue} for name, rows in queues.items()},
        "at_counter": dict(state._at_counter),
        "held": set(state._held),
        "of_person": {person: set(tickets) for person, tickets in state._of_person.items()},
        "open_for": {code: n for code, n in state._open_for.items() if n},
        "tally": {key: n for key, n in state._tally.items() if n},
    }


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
