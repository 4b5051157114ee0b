"""Writes the golden journal: a stored sample of every event type and version, and one whole day with its summary.

    .venv/bin/python -m tests.golden.make

Only missing files are written: what a release has once stored must load for ever, so these bytes are never changed.
A new version of an event gets its sample in `v2/`, and so on; `tests/unit/test_upcast.py` loads them all.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain import upcast
from queue_server.domain.arrivals import Arrivals
from queue_server.domain.configuration import (
    BranchConfig,
    Cap,
    DayHours,
    Loud,
    Notice,
    Reason,
    Satisfaction,
    Screen,
    Text,
    Voice,
    Window,
)
from queue_server.domain.events import Recorded, type_of
from queue_server.domain.learning import Learnt, Measured, Share
from queue_server.domain.state import BranchState, CallShown
from queue_server.domain.tickets import Estimate, Rebooking, Stint, Ticket, TicketState
from tests.factories import (
    CHIEF,
    FRIDAY,
    HOA,
    KIOSK,
    LAN,
    MINH,
    MORNING,
    SCREEN,
    VIETNAM,
    Branch,
    config,
    limited,
    moment,
)

GOLDEN = Path(__file__).parent
SEQ, DAY = 41, date(2026, 11, 23)
"""The columns beside every single sample."""
AT = datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=UTC)


# -- one sample of each type -------------------------------------------------------------------------------------------


def asking() -> Satisfaction:
    reason = Reason("cho-lau", Text("Chờ lâu", "A long wait"))
    return Satisfaction((reason,), asks_all=True, asks_s=30, takes_comments=True)


def samples() -> list[ev.EventType]:
    """One event of every type, every field filled."""
    carried, booked = _rebooked_tickets()
    rebooking = Rebooking(date(2026, 11, 25), "t7-261125", "B003", "B", 3)
    services = {"chung-thuc": {2: Measured(12.5, 70.125, 395.25)}}
    arrivals = Arrivals({"mon": 95.5}, {"mon": 0.95}, {30: 12.5}, {"chung-thuc": 95.5}, (120.5, 95.25))
    learnt = Learnt(services, Share(1.0, 20.0), Share(2.0, 20.5), {"chung-thuc": {"": 12.0}}, arrivals)
    told = Estimate(900, 540, 1440, AT)
    why = ev.Why(  # of a call that no rule made; every field is there
        "bounded-2",
        "ordinary_bound",
        12,
        1860,
        (ev.Considered("A003", "chung-thuc", "priority", 300, 300),),
        "đến đổi bản sao",
    )
    hours = DayHours(working=(Window(450, 690),), issuing=(Window(420, 660),))
    return [
        ev.DayOpened(config(), (carried,), (booked,), learnt),
        ev.DayClosed({"finished": 40, "no_show": 2, "rebooked": 1}, "hết giờ"),
        ev.BranchConfigured(
            replace(
                capped(), version=2, notice=Text("Mời lấy số", "Take a number", {"zh": "请取号"}), languages=("zh",),
                screens=(lobby(),),
                logo="ab" * 32, notices=(poster(),), satisfaction=asking(), is_training=True,
            )
        ),
        ev.HoursChanged(hours, Text("Tập huấn", "Training"), "dat-dai"),
        ev.FieldSuspended("dat-dai", Text("Mất kết nối", "Offline")),
        ev.FieldResumed("dat-dai"),
        ev.CounterOpened(2, "lan"),
        ev.CounterPaused(2, "họp"),
        ev.CounterClosed(2, "hết ca"),
        ev.CounterAssigned(2, ("dat-dai", "ho-tich"), ("chung-thuc",)),
        ev.HelpCalled("dispenser-1"),
        ev.HelpAnswered("dispenser-1"),
        ev.AlarmRaised(2, "lan"),
        ev.AlarmAnswered(2, "hoa"),
        ev.CallShown(41, "display-1"),
        ev.CallSpoken(41, "display-1"),
        ev.VoiceGiven("sanh", "display-1", AT),
        ev.AdviceTaken("assign", ("dat-dai",), foreseen(AT, ("dat-dai", "ho-tich")), 2, "thu-duc"),
        ev.TicketIssued(
            "t7", "B007", "B", 7, "ho-tich", AT, 3, told, "NCT75", False, "helper", "en", ("1.001193", "1.000894"), 4,
            "low_counter", ("tra-ket-qua",), "printer-1", AT, AT, True, "5c1f0e", "card", 2,
        ),
        ev.TicketCalled("t7", "B007", "ho-tich", 2, "lan", 1, why, is_resumed=True),
        ev.TicketRecalled("t7", "B007", 2, 2),
        ev.TicketServing("t7", 2, "lan", is_implied=True),
        ev.TicketFinished("t7", "supplement", 4, is_inexact=True),
        ev.TicketNoShow("t7"),
        ev.TicketReturned("t7", AT + timedelta(minutes=2)),
        ev.TicketPostponed("t7", AT + timedelta(minutes=15)),
        ev.TicketHeld("t7", "thiếu bản sao", 2),
        ev.TicketReady("t7"),
        ev.TicketTurnDone("t7", 5),
        ev.TicketAmended("t7", "dat-dai", "NKT", True, 2, "sign_language", "chọn nhầm", "printer-1"),
        ev.TicketTransferred("t7", "dat-dai", 4, "hoa", "đúng lĩnh vực"),
        ev.TicketStepDone("t7", "tra-ket-qua", 5, "hoa", ("ho-tich", "dat-dai"), 2, 4),
        ev.TicketCancelled("t7", "về trước"),
        ev.TicketVoided("t7", "test"),
        ev.TicketReinstated("t7", AT),
        ev.TicketUndone("t7", 40, "ticket.called", TicketState.WAITING),
        ev.TicketRebooked("t7", rebooking, "printer-1"),
        ev.TicketExpired("t7"),
        ev.TicketRated("t7", "neutral", ("cho-lau", "thai-do"), "ab" * 32),
        ev.TicketNoted("t1-261123", "ab" * 32),
        ev.TicketDossiersRecorded("t1-261123", ("cd" * 32, "ef" * 32)),
        ev.PaperRequested("t7", "printer-2", is_reprint=False),
        ev.PaperReported("t7-41", "failed", "hết giấy"),
    ]  # fmt: skip


def lobby() -> Screen:
    voice = Voice("sanh", "nam", 3, 80, (Loud(Window(450, 690), 60),))
    return Screen("sanh", Text("Bảng sảnh", "Hall"), "split", 1, "Sảnh A", "ubnd", 2, 10, "light", "#0b6b57", voice)


def poster() -> Notice:
    return Notice(
        "pccc", "image", Text("Phòng cháy", "Fire safety"), (Text("Gọi 114", "Call 114"),), "ab" * 32, ("sanh",), DAY,
        date(2026, 12, 31), ("mon", "fri"), (Window(450, 690),), 20, True,
    )  # fmt: skip


def capped() -> BranchConfig:
    """Land has a cap."""
    cap, whole = Cap(60, 40, 20, {"kiosk": 50, "helper": 10}), config()
    return replace(whole, fields=tuple(replace(f, cap=cap) if f.code == "dat-dai" else f for f in whole.fields))


def foreseen(at: datetime, fields: tuple[str, ...]) -> ev.Foreseen:
    return ev.Foreseen(fields, at, at + timedelta(hours=2), 12.5, 1860, 1320)


def _rebooked_tickets() -> tuple[Ticket, Ticket]:
    """A ticket as it is carried into a new day, and one that stays booked for a later day."""
    branch = golden_week()
    (carried, *_) = branch.state.tickets.values()
    into = Rebooking(date(2026, 11, 25), "t1-261125", "A001", "A", 1)
    stints = tuple(replace(s, counter=2, clerk="lan", step=1, is_inexact=True) for s in carried.stints)
    assert all(isinstance(stint, Stint) for stint in stints)
    return carried, replace(carried, state=TicketState.REBOOKED, rebooked=into, final_at=AT, revision=1, stints=stints)


# -- one whole day -----------------------------------------------------------------------------------------------------


def golden_week() -> Branch:
    """A branch on Monday morning, with two tickets carried from Friday."""
    branch = Branch(limited(leftovers="rebook", implied_start_s=120), today=FRIDAY, at="15:00")
    branch.issue("chung-thuc", "16:00")
    branch.issue("ho-tich", "16:10", priority="NKT")
    branch.wait(moment("06:00", FRIDAY + timedelta(days=1)))
    branch.today = DAY
    branch.wait("07:00")
    return branch


def golden_day() -> list[Recorded]:
    """Monday's events, from its opening: people, second thoughts, a change of plan, and an end with leftovers."""
    branch = golden_week()
    first = branch.state.seq
    _morning(branch)
    _second_thoughts(branch)
    _change_of_plan(branch)
    branch.do(c.EndDay(reason="hết giờ"), "17:20", replace(CHIEF, printer="printer-1"))
    return branch.records[first - 1 :]


def _morning(branch: Branch) -> None:
    branch.issue("chung-thuc", "07:05", language="en")  # t3
    branch.issue("ho-tich", "07:06", steps=("tra-ket-qua",))  # t4
    branch.issue("dat-dai", "07:07", dossiers=20, channel="helper")  # t5
    branch.issue("chung-thuc", "07:08", priority="NCT75")  # t6
    branch.issue("chung-thuc", "07:09")  # t7
    branch.open(1, "07:30", LAN)
    branch.open(2, "07:31", MINH)
    branch.open(4, "07:32", HOA)
    branch.do(c.ReportPaper(job=next(iter(branch.state.papers)), outcome="printed"), "07:33", KIOSK)
    branch.do(c.CallNext(counter=1), "07:34", LAN)  # t6, priority
    branch.do(c.Start(ticket="t6"), "07:35", LAN)
    branch.do(c.CallNext(counter=2), "07:35:30", MINH)  # carried with priority; the start is implied
    branch.do(c.CallNext(counter=1), "07:41", LAN)  # finishes t6, calls the other carried one
    branch.do(c.Rate(ticket="t6", level="very_satisfied"), "07:41", c.By("device:rating-1", counter=1))
    branch.do(c.GiveVoice(zone="sanh", device="display-1", since=moment("07:40", branch.today)), "07:41", c.By("timer"))
    branch.do(c.ReportCall(call=branch.state.tickets["t1-261123"].call), "07:41:01", SCREEN)
    branch.do(c.ReportCall(call=branch.state.tickets["t1-261123"].call, is_spoken=True), "07:41:12", SCREEN)
    branch.do(c.Recall(ticket="t1-261123"), "07:42", LAN)
    branch.do(c.NoShow(ticket="t1-261123"), "07:43", LAN)
    branch.do(c.Finish(ticket="t2-261123", dossiers=2), "07:50", MINH)
    branch.do(c.Undo(ticket="t2-261123"), "07:50:05", MINH)
    branch.do(c.Hold(ticket="t2-261123", reason="thiếu bản sao"), "07:51", MINH)


def _second_thoughts(branch: Branch) -> None:
    branch.do(c.Reinstate(ticket="t1-261123"), "07:55", KIOSK)
    branch.do(c.Call(ticket="t7", counter=1), "07:56", LAN)
    branch.do(c.ReturnToQueue(ticket="t7"), "07:57", LAN)
    branch.do(c.Postpone(ticket="t3"), "07:58", KIOSK)
    branch.do(c.Amend(ticket="t7", field="tra-ket-qua", reason="chọn nhầm"), "08:00", KIOSK)
    branch.do(c.Resume(ticket="t2-261123", quietly=True), "08:05", MINH)
    branch.do(c.CallNext(counter=2), "08:10", MINH)  # t4 came before the reinstated one
    branch.do(c.Start(ticket="t4"), "08:11", MINH)
    branch.do(c.NextStep(ticket="t4"), "08:20", MINH)
    branch.do(c.CallNext(counter=4), "08:21", HOA)  # t5; the start is implied
    branch.do(c.CallNext(counter=1), "08:25", LAN)


def _change_of_plan(branch: Branch) -> None:
    branch.do(c.SuspendField(field="dat-dai", reason=Text("Mất kết nối", "Offline")), "08:30", CHIEF)
    branch.do(c.Transfer(ticket="t5", clerk="minh", field="ho-tich"), "08:31", HOA)
    branch.do(c.AssignCounter(counter=4, fields=("dat-dai", "tra-ket-qua")), "08:32", CHIEF)
    branch.do(c.ResumeField(field="dat-dai"), "09:00", CHIEF)
    branch.do(c.CallNext(counter=4), "09:01", HOA)
    branch.do(c.Reprint(ticket="t7", printer="printer-2"), "09:02", HOA)
    branch.do(c.Note(ticket="t7"), "09:02", replace(HOA, digests=("12" * 32,)))
    branch.do(c.RecordDossiers(ticket="t7"), "09:02", replace(HOA, digests=("34" * 32, "56" * 32)))
    branch.do(c.CallHelper(), "09:03", KIOSK)
    branch.do(c.AnswerHelp(device="kiosk-1"), "09:04", HOA)
    branch.do(c.RaiseAlarm(counter=4), "09:04:10", HOA)
    branch.do(c.AnswerAlarm(counter=4), "09:04:30", CHIEF)
    advised = foreseen(moment("09:05", branch.today), ("ho-tich", "chung-thuc"))
    branch.do(c.TakeAdvice(kind="open", counter=3, fields=("ho-tich", "chung-thuc"), foreseen=advised), "09:06", CHIEF)
    forgotten = branch.state.at_counter(1)
    assert forgotten is not None
    branch.do(c.EndService(ticket=forgotten.id), "11:29", CHIEF)
    branch.do(c.PauseCounter(counter=1, reason="nghỉ trưa"), "11:30", LAN)
    branch.issue("chung-thuc", "12:40")  # t8
    branch.do(c.Void(ticket="t8", reason="test"), "12:41", CHIEF)
    branch.issue("ho-tich", "12:45", priority="NKT")  # t9
    branch.do(c.Cancel(ticket="t9", reason="về trước"), "13:00", KIOSK)
    branch.do(c.ChangeHours(hours=MORNING, reason=Text("Tập huấn"), field="dat-dai"), "14:00", CHIEF)
    branch.do(c.Configure(config=replace(branch.state.configured, notice=Text("Nghỉ 24-11"))), "15:00", CHIEF)
    branch.do(c.CallNext(counter=2), "15:30", MINH)
    branch.do(c.CloseCounter(counter=1, reason="hết ca"), "16:00", LAN)
    branch.issue("chung-thuc", "16:05")  # t10, rebooked at the end
    bulk = replace(branch.state.configured.rule, bulk_dossiers=10)
    branch.do(c.Configure(config=replace(branch.state.configured, rule=bulk)), "16:06", CHIEF)
    before = branch.state.at_counter(2)
    assert before is not None
    branch.do(c.Finish(ticket=before.id), "16:06:30", MINH)
    branch.do(c.Call(ticket="t5", counter=2), "16:07", MINH)
    branch.do(c.Start(ticket="t5"), "16:08", MINH)
    branch.do(c.Finish(ticket="t5"), "16:20", MINH)  # ten of twenty dossiers
    branch.issue("ho-tich", "16:21", appointment=moment("16:30", branch.today))  # t11
    branch.do(c.Call(ticket="t11", counter=2), "16:30", MINH)
    branch.do(c.Start(ticket="t11"), "16:31", MINH)
    branch.do(c.Hold(ticket="t11"), "16:35", MINH)
    branch.do(c.Ready(ticket="t11"), "16:50", KIOSK)


# -- reading a day -----------------------------------------------------------------------------------------------------


class Line(msgspec.Struct):
    """One event of `day.jsonl`: its columns, and its body byte for byte."""

    seq: int
    day: date
    type: str
    v: int
    body: msgspec.Raw

    @property
    def recorded(self) -> Recorded:
        return upcast.load(self.seq, self.day, self.type, self.v, bytes(self.body))


def line(record: Recorded) -> Line:
    event_type, version, body = upcast.store(record)
    return Line(record.seq, record.day, event_type, version, msgspec.Raw(body))


def summary(state: BranchState) -> dict[str, Any]:
    """What a person would tell of the day, with Vietnamese wall-clock times."""
    assert state.day is not None
    tickets = state.tickets.values()
    return {
        "day": state.day.date.isoformat(),
        "position": state.seq,
        "ended": _clock(state.day.ended_at),
        "version": state.configured.version,
        "tickets": {ticket.number: [_end(ticket), *map(_stint, ticket.stints)] for ticket in tickets},
        "counters": {str(no): f"{row.state}, takes {', '.join(row.fields)}" for no, row in state.counters.items()},
        "issued": {code: row.issued for code, row in state.fields.items()},
        "calls": [f"{_call(call)}" for call in state.calls.values()],
        "papers": [f"{paper.ticket} by {paper.printer}, {paper.outcome or 'asked'}" for paper in state.papers.values()],
        "changed": {code: change.reason.vi for code, change in state.day.changed.items()},
        **({"advice": [*map(_taken, state.day.taken)]} if state.day.taken else {}),
    }


def _taken(advice: ev.AdviceTaken) -> str:
    return f"{advice.kind} {advice.counter} for {', '.join(advice.fields)}"


def _call(call: CallShown) -> str:
    return f"{_clock(call.at)} {call.number} to {call.counter}, {call.why.reason if call.why else ''}"


def _clock(at: datetime | None) -> str:
    return at.astimezone(VIETNAM).strftime("%H:%M:%S") if at else "…"


def _end(ticket: Ticket) -> str:
    later = f" as {ticket.rebooked.number} on {ticket.rebooked.day}" if ticket.rebooked else ""
    return f"{ticket.field}: {ticket.state}, {ticket.outcome}{later}"


def _stint(stint: Stint) -> str:
    where = f" at {stint.counter} with {stint.clerk}" if stint.counter else ""
    inexact = ", inexact" if stint.is_inexact else ""
    return f"{_clock(stint.start)}–{_clock(stint.end)} {stint.kind}{where}: {stint.ended}{inexact}"


# -- writing -----------------------------------------------------------------------------------------------------------


def add(path: Path, content: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        print(f"added {path.relative_to(GOLDEN)}")


def main() -> None:
    made = samples()
    assert {type(event) for event in made} == set(get_args(ev.EventType))
    for event in made:
        event_type, version, body = upcast.store(Recorded(SEQ, DAY, AT, AT, "account:lan", event))
        assert event_type == type_of(event)
        add(GOLDEN / f"v{version}" / f"{event_type}.json", body)
    records = golden_day()
    newest = GOLDEN / f"v{max(upcast.version_of(type_of(record.event)) for record in records)}"
    add(newest / "day.jsonl", b"".join(msgspec.json.encode(line(record)) + b"\n" for record in records))
    add(newest / "day.summary.json", msgspec.json.format(msgspec.json.encode(summary(_folded(records)))))


def _folded(records: list[Recorded]) -> BranchState:
    from queue_server.domain.apply import apply

    state = BranchState()
    for record in records:
        apply(state, record)
    return state


if __name__ == "__main__":
    main()
