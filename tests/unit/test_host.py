"""A branch host and what may happen to it: batches, repeats, other writers, a journal that fails, and clocks."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from queue_server.branches import pending as pending_module
from queue_server.branches import schedule as schedule_module
from queue_server.branches.answers import TicketAnswer
from queue_server.branches.bus import CommandBus, fresh_id
from queue_server.branches.clock import Watch
from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import Cap, Text
from queue_server.domain.decide import DECISIONS
from queue_server.domain.events import type_of
from queue_server.domain.refusals import Refusal
from queue_server.domain.state import BranchState
from queue_server.journal.memory import MemoryJournal
from queue_server.journal.port import Batch, Conflict, Head, JournalUnavailable, KeyTaken, Outcome
from tests.factories import CHIEF, KIOSK, LAN, MONDAY, OFFICE, config, limited, minutes, moment, replayed, snapshot
from tests.hosts import (
    BRANCH,
    Center,
    FaultyJournal,
    Gate,
    HandClock,
    Step,
    events_in,
    lost_after,
    lost_before,
    said,
    settle,
    turns,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def journal() -> FaultyJournal:
    return FaultyJournal()


async def refusal_of(asked: Any) -> str:
    with pytest.raises(Refusal) as refused:
        await asked
    return refused.value.code


def has_ended(state: BranchState) -> bool:
    return state.day is not None and state.day.ended_at is not None


def capped(cap: int) -> Any:
    whole = config()
    first, *rest = whole.fields
    return replace(whole, fields=(replace(first, cap=Cap(cap)), *rest))


async def numbers(journal: Any) -> list[str]:
    return [r.event.number for r in await events_in(journal) if isinstance(r.event, ev.TicketIssued)]


async def ensure_the_journal_tells_the_same(center: Center, journal: Any) -> None:
    assert snapshot(await center.host.settled()) == snapshot(replayed(await events_in(journal)))


# -- batches -----------------------------------------------------------------------------------------------------------


async def test_what_waits_together_is_one_append_decided_in_order_of_arrival(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    before = len(journal.appends)
    asked = [center.submit(c.Issue(field="chung-thuc")) for _ in range(50)]
    answers = await asyncio.gather(*asked)
    assert len(journal.appends) == before + 1
    assert [answer.number for answer in answers if isinstance(answer, TicketAnswer)] == [
        f"A{n:03}" for n in range(1, 51)
    ]
    assert [r.people_ahead for r in answers if isinstance(r, TicketAnswer)] == list(range(50))


async def test_what_comes_during_an_append_is_the_next_batch(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    before = len(journal.appends)
    gate = Gate()
    journal.faults.append(gate)
    first = center.submit(c.Issue(field="chung-thuc"))
    await gate.reached.wait()
    later = [center.submit(c.Issue(field="chung-thuc")) for _ in range(3)]
    await turns(20)
    assert len(journal.appends) == before + 1
    assert not first.done()
    gate.opened.set()
    await asyncio.gather(first, *later)
    assert [len(batch.events) for batch in journal.appends[before:]] == [1, 3]


async def test_each_command_is_decided_on_what_the_one_before_it_left(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    asked = [
        center.submit(c.Issue(field="chung-thuc")),
        center.submit(c.CallNext(counter=1), LAN),
        center.submit(c.CallNext(counter=2), CHIEF),
    ]
    issued, called, empty = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(issued, TicketAnswer)
    assert isinstance(called, TicketAnswer)
    assert called.id == issued.id
    assert isinstance(empty, Refusal)
    assert empty.code == "nobody-waiting"


async def test_a_refusal_is_given_only_after_its_batch_is_durable(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    gate = Gate(is_after=True)
    journal.faults.append(gate)
    asked = [center.submit(c.Issue(field="chung-thuc")), center.submit(c.CallNext(counter=3), LAN)]
    await gate.reached.wait()
    await turns(20)
    assert not any(future.done() for future in asked)
    gate.opened.set()
    assert await refusal_of(asked[1]) == "counter-closed"


async def test_a_refusal_that_rested_on_a_lost_batch_is_not_given(journal: FaultyJournal) -> None:
    """The second is refused because the first took the last number; the first was never written."""
    center = await Center.open_on(journal, capped(1))
    journal.faults.append(lost_before())
    asked = [center.submit(c.Issue(field="chung-thuc")), center.submit(c.Issue(field="chung-thuc"))]
    assert [await refusal_of(future) for future in asked] == ["unavailable", "unavailable"]
    assert (await center.issue()).number == "A001"


async def test_what_asks_for_what_is_so_already_writes_nothing(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    before = len(journal.appends)
    answer = await center.do(c.OpenCounter(counter=1), LAN)
    assert (answer.no, answer.state, answer.position) == (1, "open", center.host.position)
    assert len(journal.appends) == before


async def test_what_many_screens_tell_of_one_call_is_decided_once(
    journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    center = await Center.open_on(journal)
    await center.issue()
    call = (await center.do(c.CallNext(counter=1), LAN)) and center.host.state.seq
    decided: list[tuple[int, bool]] = []
    decisions: dict[Any, Any] = DECISIONS
    usual = decisions[c.ReportCall]

    def noting(state: BranchState, command: c.ReportCall, *rest: Any) -> Any:
        decided.append((command.call, command.is_spoken))
        return usual(state, command, *rest)

    monkeypatch.setitem(decisions, c.ReportCall, noting)
    screens = [replace(KIOSK, actor=f"device:{no}") for no in range(50)]

    async def told(*, is_spoken: bool = False) -> set[str]:
        report = c.ReportCall(call=call, is_spoken=is_spoken)
        answers = await asyncio.gather(*(center.submit(report, screen) for screen in screens))
        return {answer.position for answer in answers}

    assert len(await told()) == 1
    assert len(await told()) == 1
    assert len(await told(is_spoken=True)) == 1
    assert decided == [(call, False), (call, True)]
    assert [type_of(r.event) for r in (await events_in(journal))[-2:]] == ["call.shown", "call.spoken"]


async def test_what_the_first_screen_could_not_tell_the_next_one_does(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    await center.issue()
    await center.do(c.CallNext(counter=1), LAN)
    report = c.ReportCall(call=center.host.state.seq)
    journal.faults.append(lost_before())
    asked = [center.submit(report), center.submit(report)]
    assert [await refusal_of(each) for each in asked] == ["unavailable"] * 2
    await center.submit(report)
    assert type_of((await events_in(journal))[-1].event) == "call.shown"


async def test_a_command_that_nobody_thought_of_fails_alone(
    journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*given: object) -> list[ev.Event]:
        raise ZeroDivisionError

    center = await Center.open_on(journal)
    decisions: dict[Any, Any] = DECISIONS
    monkeypatch.setitem(decisions, c.Reprint, stumble)
    asked = [
        center.submit(c.Issue(field="chung-thuc")),
        center.submit(c.Reprint(ticket="t1")),
        center.submit(c.Issue(field="chung-thuc")),
    ]
    first, fault, last = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(fault, ZeroDivisionError)
    assert [getattr(answer, "number", None) for answer in (first, last)] == ["A001", "A002"]
    await ensure_the_journal_tells_the_same(center, journal)


async def test_a_press_that_comes_too_late_is_refused(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    late = replace(KIOSK, deadline=center.clock.now() - timedelta(seconds=1))
    assert await refusal_of(center.do(c.Issue(field="chung-thuc"), late)) == "too-late"


# -- keys --------------------------------------------------------------------------------------------------------------


async def test_two_of_one_key_in_one_batch_are_one_command(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    asked = [center.submit(c.Issue(field="chung-thuc"), key="the-same-key") for _ in range(3)]
    first, *others = [said(answer) for answer in await asyncio.gather(*asked)]
    assert others == [first, first]
    assert await numbers(journal) == ["A001"]


async def test_two_of_one_key_that_are_refused_are_both_refused(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal, capped(0))
    asked = [center.submit(c.Issue(field="chung-thuc"), key="the-same-key") for _ in range(3)]
    assert [await refusal_of(future) for future in asked] == ["cap-reached"] * 3
    await settle(center)
    assert await numbers(journal) == []


async def test_two_of_one_key_whose_append_is_lost_leave_nothing_behind(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    journal.faults.append(lost_before())
    first, second = [center.submit(c.Issue(field="chung-thuc"), key="the-same-key") for _ in range(2)]
    assert await refusal_of(first) == "unavailable"
    assert isinstance(await second, TicketAnswer), "the second one asks anew, once the first has its answer"
    assert await numbers(journal) == ["A001"]


async def test_one_key_of_two_devices_is_two_commands(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    other = replace(KIOSK, actor="device:kiosk-2")
    asked = [center.submit(c.Issue(field="chung-thuc"), by, "the-same-key") for by in (KIOSK, other)]
    await asyncio.gather(*asked)
    assert await numbers(journal) == ["A001", "A002"]


async def test_one_key_with_other_content_is_refused(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    await center.issue(key="the-same-key")
    assert await refusal_of(center.do(c.Issue(field="ho-tich"), key="the-same-key")) == "key-reused"
    later = await Center.on(journal, center.clock)
    assert await refusal_of(later.do(c.Issue(field="ho-tich"), key="the-same-key")) == "key-reused"
    assert await numbers(journal) == ["A001"]


async def play(center: Center) -> dict[str, tuple[c.Command, c.By, bytes]]:
    """One of many commands each, with the answer that it got, by its key."""
    given: dict[str, tuple[c.Command, c.By, bytes]] = {}

    async def do(command: c.Command, by: c.By = LAN) -> Any:
        center.clock.to(center.clock.now() + timedelta(seconds=20))
        key = fresh_id()
        answer = await center.do(command, by, key)
        given[key] = (command, by, said(answer))
        return answer

    tickets = [(await do(c.Issue(field="chung-thuc"), KIOSK)).id for _ in range(7)]
    await do(c.Issue(field="ho-tich", priority="NKT"), KIOSK)
    await do(c.PauseCounter(counter=1, reason="họp"))
    await do(c.OpenCounter(counter=1))
    for ending in (
        [c.Recall(), c.Start(), c.Hold(), c.Resume(quietly=True), c.Finish()],
        [c.NoShow()],
        [c.ReturnToQueue()],
        [c.Start(), c.Transfer(field="ho-tich")],
        [c.Start(), c.NextStep(field="tra-ket-qua")],
        [c.Postpone()],
    ):
        called = await do(c.CallNext(counter=1))
        for command in ending:
            await do(replace(command, ticket=called.id))
    await do(c.Cancel(ticket=tickets[6]), KIOSK)
    await do(c.Reinstate(ticket=tickets[6]), LAN)
    await do(c.Amend(ticket=tickets[6], dossiers=3), LAN)
    await do(c.SuspendField(field="ho-tich", reason=Text("Mất điện")), CHIEF)
    await do(c.ResumeField(field="ho-tich"), CHIEF)
    await do(c.ChangeHours(hours=OFFICE, reason=Text("Tập huấn")), CHIEF)
    return given


@pytest.mark.parametrize("is_restarted", [False, True], ids=["kept", "restarted"])
async def test_a_repeat_gets_the_first_answer_byte_for_byte_and_changes_nothing(
    journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch, is_restarted: bool
) -> None:
    """Most of these would be refused, or would do something else, if they were decided again."""
    if not is_restarted:
        monkeypatch.setattr(pending_module, "KEYS_REMEMBERED", 10)
    center = await Center.open_on(journal)
    given = await play(center)
    seq = center.host.state.seq
    later = await Center.on(journal, center.clock) if is_restarted else center
    for key, (command, by, answer) in given.items():
        assert said(await later.do(command, by, key)) == answer, c.name_of(command)
    asked = [later.submit(command, by, key) for key, (command, by, _) in given.items()]
    assert [said(answer) for answer in await asyncio.gather(*asked)] == [answer for *_, answer in given.values()]
    assert later.host.state.seq == seq
    await ensure_the_journal_tells_the_same(later, journal)


@pytest.mark.parametrize("is_restarted", [False, True], ids=["kept", "restarted"])
async def test_a_repeat_is_answered_though_the_state_now_refuses(journal: FaultyJournal, is_restarted: bool) -> None:
    center = await Center.open_on(journal, capped(1))
    first = said(await center.issue(key="the-issue-key"))
    called = said(await center.call_next(key="the-call-key"))
    assert await refusal_of(center.do(c.Issue(field="chung-thuc"))) == "cap-reached"
    assert await refusal_of(center.do(c.CallNext(counter=1), LAN)) == "counter-busy"
    center.clock.to(moment("21:00"))  # the day has ended
    later = await Center.on(journal, center.clock) if is_restarted else center
    assert said(await later.issue(key="the-issue-key")) == first
    assert said(await later.call_next(key="the-call-key")) == called


async def test_a_refusal_is_not_remembered(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    assert await refusal_of(center.do(c.CallNext(counter=1), LAN, "the-same-key")) == "nobody-waiting"
    issued = await center.issue()
    assert (await center.call_next(key="the-same-key")).id == issued.id


async def test_an_accepted_key_that_the_host_forgot_makes_no_second_ticket(journal: FaultyJournal) -> None:
    """Right after a restart the host decides first, and the journal's command table says that it was done before."""
    center = await Center.open_on(journal)
    first = said(await center.issue(key="the-same-key"))
    later = await Center.on(journal, center.clock)
    asked = [
        later.submit(c.Issue(field="chung-thuc"), key="the-same-key"),
        later.submit(c.Issue(field="chung-thuc"), key="a-new-one-001"),
    ]
    repeated, fresh = await asyncio.gather(*asked)
    assert any(isinstance(outcome, KeyTaken) for outcome in journal.outcomes)
    assert said(repeated) == first
    assert isinstance(fresh, TicketAnswer)
    assert fresh.number == "A002"
    assert await numbers(journal) == ["A001", "A002"]


# -- a journal that fails ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["unavailable", "disk-full"])
async def test_a_write_that_never_arrived_is_refused_and_undone(journal: FaultyJournal, reason: str) -> None:
    center = await Center.open_on(journal)
    before, told = snapshot(center.host.state), len(center.published)
    journal.faults.append(lost_before(reason))
    assert await refusal_of(center.issue(key="the-same-key")) == reason
    assert snapshot(await center.host.settled()) == before
    assert len(center.published) == told
    assert (await center.issue(key="the-same-key")).number == "A001"
    await ensure_the_journal_tells_the_same(center, journal)


async def test_a_write_whose_answer_was_lost_is_found_and_answered_once(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    told = len(center.published)
    journal.faults.append(lost_after)
    asked = [center.submit(c.Issue(field="chung-thuc"), key=f"the-key-{n:03}") for n in range(3)]
    answers = [said(answer) for answer in await asyncio.gather(*asked)]
    assert await numbers(journal) == ["A001", "A002", "A003"]
    assert len(center.published) == told + 1, "readers hear of it once"
    again = [said(await center.issue(key=f"the-key-{n:03}")) for n in range(3)]
    assert again == answers
    await ensure_the_journal_tells_the_same(center, journal)


async def test_who_was_refused_beside_a_write_of_unknown_outcome_may_ask_again(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    journal.faults.append(lost_after)
    issued, refused = (
        center.submit(c.Issue(field="chung-thuc")),
        center.submit(c.CallNext(counter=3), LAN),
    )
    assert isinstance(await issued, TicketAnswer)
    assert await refusal_of(refused) == "unavailable"


@pytest.mark.parametrize("fault", [lost_before(), lost_after], ids=["before", "after"])
async def test_while_the_outcome_cannot_be_read_nothing_is_decided(journal: FaultyJournal, fault: Any) -> None:
    center = await Center.open_on(journal)
    before = snapshot(center.host.state)
    journal.faults.append(fault)
    journal.is_unreadable = True
    assert await refusal_of(center.issue(key="the-same-key")) == "unavailable"
    appends = len(journal.appends)
    with pytest.raises(JournalUnavailable):
        await center.issue()
    assert len(journal.appends) == appends
    with pytest.raises(JournalUnavailable):
        await center.host.settled()  # nobody knows how old it is
    assert center.host.is_settled
    assert snapshot(center.host.state) == before
    journal.is_unreadable = False
    assert (await center.issue()).number == ("A002" if fault is lost_after else "A001")
    assert (await center.issue(key="the-same-key")).number == ("A001" if fault is lost_after else "A002")
    assert sorted(await numbers(journal)) == ["A001", "A002"]
    await ensure_the_journal_tells_the_same(center, journal)


async def test_a_full_disk_is_not_asked_again_and_again_by_time(
    journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the day cannot be written: a try a second, not a try a turn of the loop."""
    center = await Center.open_on(journal)
    before = len(journal.appends)
    journal.faults.extend([lost_before("disk-full")] * 1000)
    center.clock.to(moment("20:01"))
    await turns(500)
    assert len(journal.appends) == before + 1
    with pytest.raises(JournalUnavailable):
        await center.issue()
    await turns(500)
    assert len(journal.appends) == before + 2, "a command tries what is overdue first, and is refused with it"
    journal.faults.clear()
    center.host.on_time()
    await settle(center)
    assert type_of((await events_in(journal))[-1].event) == "day.closed"


async def test_an_unreadable_journal_is_not_asked_again_and_again_by_time(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    journal.faults.append(lost_before())
    journal.is_unreadable = True
    center.clock.to(moment("20:01"))
    await turns(500)
    assert len(journal.appends) == len(journal.outcomes) + 1
    journal.is_unreadable = False
    center.host.on_time()
    await settle(center)
    assert type_of((await events_in(journal))[-1].event) == "day.closed"


async def test_time_is_asked_for_again_by_itself_when_the_journal_is_back(
    journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_module, "RETRY_S", 0.001)
    center = await Center.open_on(journal)
    journal.faults.append(lost_before())
    center.clock.to(moment("20:01"))
    await center.until(has_ended)


async def test_a_day_whose_opening_was_lost_does_not_move_where_replay_starts(journal: FaultyJournal) -> None:
    """The opening is decided, its append fails, and something else is written at its place."""
    center = await Center.open_on(journal)
    center.clock.to(moment("20:01"))
    await settle(center)
    day_seq = center.host._history.day_seq
    journal.faults.append(lost_before())
    center.clock.to(moment("03:00") + timedelta(days=1))
    await settle(center)
    center.clock.set(moment("20:30"))  # set back: no day is opened by such a clock
    await center.do(c.Configure(config=replace(config(), notice=Text("Mới"))), CHIEF)
    head = await journal.head(BRANCH)
    assert head is not None
    assert head.day_seq == day_seq
    later = await Center.on(journal, center.clock)
    assert snapshot(later.host.state) == snapshot(center.host.state)


# -- other writers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [1, 3], ids=["one other", "as many others"])
async def test_a_conflict_is_caught_up_and_everything_decided_again(journal: FaultyJournal, others: int) -> None:
    here = await Center.open_on(journal)
    there = await Center.on(journal.inner, here.clock)

    async def overtaken(batch: Batch, step: Step) -> Outcome:
        for _ in range(others):
            await there.issue()
        return await step(batch)

    journal.faults.append(overtaken)
    answers = await asyncio.gather(*[here.submit(c.Issue(field="chung-thuc")) for _ in range(3)])
    assert isinstance(journal.outcomes[-2], Conflict)
    assert [(a.number, a.people_ahead) for a in answers if isinstance(a, TicketAnswer)] == [
        (f"A00{ahead + 1}", ahead) for ahead in range(others, others + 3)
    ]
    await ensure_the_journal_tells_the_same(here, journal)


async def test_who_is_refused_after_a_conflict_is_refused_by_the_newer_state(journal: FaultyJournal) -> None:
    here = await Center.open_on(journal, capped(1))
    there = await Center.on(journal.inner, here.clock)

    async def overtaken(batch: Batch, step: Step) -> Outcome:
        await there.issue()
        return await step(batch)

    journal.faults.append(overtaken)
    assert await refusal_of(here.issue()) == "cap-reached"
    assert await numbers(journal) == ["A001"]


async def test_a_key_that_another_process_accepted_meanwhile_gets_its_answer(journal: FaultyJournal) -> None:
    here = await Center.open_on(journal)
    there = await Center.on(journal.inner, here.clock)
    first: list[bytes] = []

    async def overtaken(batch: Batch, step: Step) -> Outcome:
        first.append(said(await there.issue(key="the-same-key")))
        return await step(batch)

    journal.faults.append(overtaken)
    assert [said(await here.issue(key="the-same-key"))] == first
    assert await numbers(journal) == ["A001"]


async def test_nobody_is_refused_because_of_what_is_no_longer_so(journal: FaultyJournal) -> None:
    """A host that nobody told of another's ticket looks at the head before it says that nobody waits."""
    here = await Center.open_on(journal)
    there = await Center.on(journal, here.clock)
    issued = await there.issue()
    assert (await here.call_next()).id == issued.id


async def test_two_hosts_without_signals_call_and_issue_a_thousand_times() -> None:
    journal = MemoryJournal()
    whole = config()
    wide = replace(whole, series=tuple(replace(series, last=9999) for series in whole.series))
    here = await Center.open_on(journal, wide)
    there = await Center.on(journal, here.clock)
    issued: list[str] = []
    called: list[str] = []
    for _ in range(1000):
        issued.append((await there.issue()).id)
        called.append((await here.served()).id)
        assert await refusal_of(there.do(c.CallNext(counter=2), CHIEF)) == "nobody-waiting"
    assert called == issued
    assert [count for count in Tally(await numbers(journal)).values() if count > 1] == []
    for center in (here, there):
        await refusal_of(center.do(c.CallNext(counter=1), LAN))
        await ensure_the_journal_tells_the_same(center, journal)


async def test_catching_up_is_published_with_what_differs(journal: FaultyJournal) -> None:
    here = await Center.open_on(journal)
    there = await Center.on(journal, here.clock)
    there.published.clear()
    issued = await here.issue()
    await there.issue()
    changes = [change for batch in there.published for change in batch if change.table == "tickets"]
    assert [change.old for change in changes] == [None, None]
    assert changes[0].key == issued.id


async def test_a_catch_up_that_breaks_off_is_seen_by_nobody(journal: FaultyJournal) -> None:
    """The journal holds more than one page, and the second one cannot be read."""
    here = await Center.open_on(journal)
    there = await Center.on(FaultyJournal(journal.inner), here.clock)
    for _ in range(21):
        await asyncio.gather(*[here.submit(c.Issue(field="chung-thuc", dossiers=2)) for _ in range(47)])
        await asyncio.gather(*[here.submit(c.Cancel(ticket=t.id), LAN) for t in here.host.state.live_tickets()])
        if here.host.state.seq > 1950:
            break
    await asyncio.gather(*[here.submit(c.PauseCounter(counter=1, reason=str(n)), LAN) for n in range(300)])
    assert here.host.state.seq > there.host.state.seq + 2000
    before, told = snapshot(there.host.state), len(there.published)
    faulty = there.host._journal
    assert isinstance(faulty, FaultyJournal)
    read, reads = faulty.read, 0

    async def second_fails(branch_id: str, after: int, limit: int = 1000) -> Any:
        nonlocal reads
        reads += 1
        if reads == 2:
            raise JournalUnavailable("unavailable")
        return await read(branch_id, after, limit)

    faulty.read = second_fails  # type: ignore[method-assign]
    with pytest.raises(JournalUnavailable):
        await there.issue()
    assert there.host.is_settled
    assert snapshot(there.host.state) == before
    assert len(there.published) == told
    await there.do(c.OpenCounter(counter=4), CHIEF)
    assert {change.key for batch in there.published[told:] for change in batch if change.table == "tickets"} == set(
        here.host.state.tickets
    )


# -- what others see ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_lost", [False, True], ids=["written", "lost"])
async def test_nothing_tentative_is_ever_seen(journal: FaultyJournal, is_lost: bool) -> None:
    center = await Center.open_on(journal)
    seq, before = center.host.state.seq, snapshot(center.host.state)
    gate = Gate(then=lost_before() if is_lost else None)
    journal.faults.append(gate)
    asked = center.submit(c.Issue(field="chung-thuc"))
    await gate.reached.wait()
    reader = asyncio.ensure_future(center.host.settled())
    await turns(20)
    assert not reader.done()
    assert not center.host.is_settled
    gate.opened.set()
    await asyncio.wait([asked])
    if is_lost:
        assert snapshot(await reader) == before
        assert await refusal_of(asked) == "unavailable"
    else:
        assert (await reader).seq == seq + 1


async def test_a_reader_sees_only_what_the_journal_holds_and_is_not_kept_waiting_under_load() -> None:
    """Commands wait at all times; a reader still gets the state between two batches, and it is durable."""
    journal = FaultyJournal()
    center = await Center.open_on(journal, limited())
    is_over = False
    seen: set[int] = set()

    async def ask() -> None:
        while not is_over:
            ticket = await center.do(c.Issue(field="chung-thuc"))
            await center.do(c.Cancel(ticket=ticket.id), LAN)

    async def read() -> None:
        while len(seen) < 12:
            state = await center.host.settled()
            head = await journal.head(BRANCH)  # does not yield
            assert head is not None
            assert state.seq == head.seq
            seen.add(state.seq)
            await asyncio.sleep(0)

    async def hammer() -> None:
        """Whatever the turn, somebody has just asked."""
        count = 0
        while not is_over:
            count += 1
            center.submit(c.PauseCounter(counter=1, reason=str(count)), LAN)
            await asyncio.sleep(0)

    tasks = [asyncio.ensure_future(work()) for work in (ask, ask, hammer)]
    async with asyncio.timeout(20):
        await read()
    is_over = True
    await asyncio.gather(*tasks)


async def test_the_hub_is_told_after_the_commit_and_before_the_caller(journal: FaultyJournal) -> None:
    order: list[str] = []

    async def noted(batch: Batch, step: Step) -> Outcome:
        outcome = await step(batch)
        order.append("committed")
        return outcome

    center = await Center.open_on(journal, also=lambda host, changes, own: order.append(f"told of {host.state.seq}"))
    order.clear()
    journal.faults.append(noted)
    asked = center.submit(c.Issue(field="chung-thuc"))
    asked.add_done_callback(lambda _: order.append("answered"))
    await asked
    assert order == ["committed", f"told of {center.host.state.seq}", "answered"]


# -- time --------------------------------------------------------------------------------------------------------------


async def test_two_hosts_do_once_what_time_asks_for() -> None:
    journal = MemoryJournal()
    clock = HandClock(moment("08:30"))
    here = await Center.open_on(journal, limited(implied_start_s=60), clock=clock)
    there = await Center.on(journal, clock)
    for day in range(3):
        for _ in range(3):
            await here.issue()
        for _ in range(2):
            await there.do(c.CallNext(counter=1), CHIEF)
            clock.to(clock.now() + timedelta(seconds=61))
            await asyncio.gather(settle(here), settle(there))
        for at in ("20:00", "23:00", "03:00", "08:30"):
            clock.to(moment(at) + timedelta(days=day + (at < "12:00")))
            await asyncio.gather(settle(here), settle(there))
        await here.do(c.OpenCounter(counter=1), CHIEF)
    events = [record.event for record in await events_in(journal)]
    kinds = Tally(type_of(event) for event in events)
    assert kinds["day.closed"] == 3
    assert kinds["day.opened"] == 4
    assert kinds["ticket.serving"] == sum(1 for e in events if isinstance(e, ev.TicketServing) and e.is_implied) == 6


async def test_what_is_overdue_comes_before_a_command(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    waiting = await center.issue()
    center.host.close()  # no alarm: only the command wakes the host
    center.clock.to(moment("09:00") + timedelta(days=1))
    issued = await center.issue()
    assert issued.number == "A001"
    types = [type_of(record.event) for record in await events_in(journal)]
    assert types[types.index("ticket.expired") :] == [
        "ticket.expired", "counter.closed", "counter.closed", "day.closed", "day.opened", "ticket.issued",
    ]  # fmt: skip
    assert waiting.id not in center.host.state.tickets


async def test_after_a_step_of_the_clock_calling_goes_on_and_no_day_ends(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    await center.issue()
    center.clock.set(moment("20:05"))
    await turns(20)
    assert await refusal_of(center.do(c.EndDay(), CHIEF)) == "clock-stepped"
    await center.served()
    assert not {type_of(r.event) for r in await events_in(journal)} & {"day.closed"}
    center.watch.confirm()
    center.host.on_time()
    await settle(center)
    assert type_of((await events_in(journal))[-1].event) == "day.closed"


async def test_a_confirmed_clock_is_heard_of_without_a_command(
    journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_module, "RETRY_S", 0.001)
    center = await Center.open_on(journal)
    center.clock.set(moment("20:05"))
    await center.do(c.PauseCounter(counter=1), LAN)
    center.watch.confirm()
    await center.until(has_ended)


async def test_a_clock_before_the_newest_event_opens_no_day(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    center.clock.to(moment("20:01"))
    await settle(center)
    early = HandClock(moment("12:00"))  # the battery was empty: the machine starts with an old time
    later = await Center.on(journal, early)
    assert await refusal_of(later.do(c.OpenDay(day=MONDAY + timedelta(days=1)), CHIEF)) == "clock-stepped"
    appends = len(journal.appends)
    await turns(200)
    assert len(journal.appends) == appends


async def test_a_slow_drift_is_no_step_and_a_large_one_is() -> None:
    clock = HandClock(moment("08:30"))
    watch = Watch(clock, monotonic=clock.monotonic)
    clock.set(clock.now() + timedelta(seconds=59))
    watch.look()
    assert not watch.has_stepped
    clock.to(clock.now() + minutes(300))
    watch.look()
    assert not watch.has_stepped
    for _ in range(5):
        clock.set(clock.now() + timedelta(seconds=20))
        clock.to(clock.now() + minutes(61))
        watch.look()
    assert not watch.has_stepped, "so much in hours is a drift"
    clock.set(clock.now() - timedelta(seconds=130))
    watch.look()
    assert watch.has_stepped


# -- the bus -----------------------------------------------------------------------------------------------------------


def bus_on(journal: Any, clock: HandClock) -> CommandBus:
    return CommandBus(journal, clock, Watch(clock, monotonic=clock.monotonic), lambda host, changes, own: None)


async def test_the_bus_loads_a_host_once_however_many_ask(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    bus = bus_on(journal, center.clock)
    hosts = await asyncio.gather(*[bus.host(BRANCH) for _ in range(20)])
    assert len(set(map(id, hosts))) == 1
    assert bus.loaded(BRANCH) is hosts[0]


class Late(FaultyJournal):
    """Tells the second who asks for a head only when it is let."""

    def __init__(self, inner: MemoryJournal) -> None:
        super().__init__(inner)
        self.asked = 0
        self.lets = asyncio.Event()

    async def head(self, branch_id: str) -> Head | None:
        self.asked += 1
        if self.asked == 2:
            await self.lets.wait()
        return await self.inner.head(branch_id)


async def test_the_bus_loads_no_second_host_for_who_asked_while_the_first_was_loaded(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    late = Late(journal.inner)
    bus = bus_on(late, center.clock)
    first, second = asyncio.ensure_future(bus.host(BRANCH)), asyncio.ensure_future(bus.host(BRANCH))
    await turns(1)
    host = await first
    late.lets.set()
    assert await second is host


async def test_the_bus_knows_no_branch_that_has_no_journal(journal: FaultyJournal) -> None:
    bus = bus_on(journal, HandClock(moment("08:30")))
    assert await refusal_of(bus.host("nowhere")) == "unknown-branch"
    assert await refusal_of(bus.carry_out("nowhere", c.Issue(field="x"), KIOSK, "the-same-key")) == "unknown-branch"
    assert await refusal_of(bus.branch_of("nobody")) == "unknown-ticket"


async def test_the_bus_finds_a_ticket_of_a_branch_that_it_has_not_loaded(journal: FaultyJournal) -> None:
    center = await Center.open_on(journal)
    issued = await center.issue()
    assert await bus_on(journal, center.clock).branch_of(issued.id) == BRANCH


async def test_fresh_ids_are_unique_and_in_order_of_time() -> None:
    made = [fresh_id() for _ in range(10_000)]
    assert len(set(made)) == len(made)
    stamps = [one[:12] for one in made]
    assert stamps == sorted(stamps)


# -- whatever happens, in whatever order -------------------------------------------------------------------------------

FAULTS = st.sampled_from(["", "", "", "", "before", "after", "full", "overtaken", "blind before", "blind after"])
DOINGS = st.tuples(st.sampled_from("ABAB!"), st.sampled_from("iiiccsfnx"), FAULTS, st.integers(0, 3))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(doings=st.lists(DOINGS, min_size=5, max_size=60))
def test_whatever_fails_every_command_happens_once_or_not_at_all(doings: list[tuple[str, str, str, int]]) -> None:
    asyncio.run(_ensure_once(doings))


async def _ensure_once(doings: list[tuple[str, str, str, int]]) -> None:
    """Two processes, whose writes are lost before or after; clients who repeat with the same key until they know."""
    inner = MemoryJournal()
    clock = HandClock(moment("08:30"))
    journals = {"A": FaultyJournal(inner), "B": FaultyJournal(inner)}
    centers = {"A": await Center.open_on(journals["A"], clock=clock)}
    centers["B"] = await Center.on(journals["B"], clock)
    answers: dict[str, bytes] = {}
    unknown: dict[str, tuple[c.Command, c.By]] = {}
    refusals: set[str] = set()
    for number, (where, what, fault, pause) in enumerate(doings):
        if where == "!":  # one of them is killed and starts again
            centers["A"].host.close()
            centers["A"] = await Center.on(journals["A"], clock)
            continue
        center, journal = centers[where], journals[where]
        command, by = _doing(what, centers["A"].host.state)
        key = f"key-{number:05}"
        _arm(journal, fault, centers["B" if where == "A" else "A"])
        clock.to(clock.now() + timedelta(seconds=pause))
        try:
            answers[key] = said(await center.do(command, by, key))
        except JournalUnavailable:
            unknown[key] = (command, by)
        except Refusal as refusal:
            if refusal.code in ("unavailable", "disk-full"):
                unknown[key] = (command, by)
        journal.faults.clear()
        journal.is_unreadable = False
        if unknown and pause:
            key, (command, by) = unknown.popitem()
            try:
                answers[key] = said(await centers["B"].do(command, by, key))
            except Refusal as refusal:
                refusals.add(refusal.code)
    assert "key-reused" not in refusals
    await _ensure_books(inner, centers, answers)


def _doing(what: str, state: BranchState) -> tuple[c.Command, c.By]:
    current = state.at_counter(1)
    ticket = current.id if current else "t0"
    match what:
        case "c":
            return c.CallNext(counter=1), CHIEF
        case "s":
            return c.Start(ticket=ticket), CHIEF
        case "f":
            return c.Finish(ticket=ticket), CHIEF
        case "n":
            return c.NoShow(ticket=ticket), CHIEF
        case "x":
            return c.OpenCounter(counter=1, take_over=True), CHIEF
        case _:
            return c.Issue(field="chung-thuc"), KIOSK


def _arm(journal: FaultyJournal, fault: str, other: Center) -> None:
    async def overtaken(batch: Batch, step: Step) -> Outcome:
        await other.issue()
        return await step(batch)

    async def blind_before(batch: Batch, step: Step) -> Outcome:
        journal.is_unreadable = True
        raise JournalUnavailable("unavailable")

    async def blind_after(batch: Batch, step: Step) -> Outcome:
        journal.is_unreadable = True
        return await lost_after(batch, step)

    faults = {
        "before": lost_before(),
        "full": lost_before("disk-full"),
        "after": lost_after,
        "overtaken": overtaken,
        "blind before": blind_before,
        "blind after": blind_after,
    }
    if fault:
        journal.faults.append(faults[fault])


async def _ensure_books(inner: MemoryJournal, centers: dict[str, Center], answers: dict[str, bytes]) -> None:
    events = await events_in(inner)
    assert [record.seq for record in events] == list(range(1, len(events) + 1))
    tickets = [record.event for record in events if isinstance(record.event, ev.TicketIssued)]
    assert [event.ordinal for event in tickets] == list(range(1, len(tickets) + 1))
    commands = inner._branches[BRANCH].commands
    spans = sorted((row.first_seq, row.last_seq) for row in commands.values())
    assert [seq for first, last in spans for seq in range(first, last + 1)] == list(range(1, len(events) + 1))
    for center in centers.values():
        for key in [key for (actor, key) in commands if actor == KIOSK.actor and key in answers]:
            assert said(await center.issue(key=key)) == answers[key]
    for center in (*centers.values(), await Center.on(inner, centers["A"].clock)):
        await center.issue()  # whoever is behind catches up
        assert snapshot(center.host.state) == snapshot(replayed(await events_in(inner)))
