"""A new configuration while tickets wait: matched by code, nobody lost, nothing promised broken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig, Desk, Text
from queue_server.domain.refusals import Refusal
from tests.factories import (
    CHIEF,
    FRIDAY,
    LAN,
    MINH,
    MONDAY,
    MORNING,
    SATURDAY,
    Branch,
    config,
    field,
    limited,
    moment,
    replayed,
    snapshot,
)

TUESDAY = MONDAY + timedelta(days=1)


def without(code: str, whole: BranchConfig | None = None) -> BranchConfig:
    """The configuration without a field, its series, and its place at the counters."""
    whole = whole or config()
    gone = next(f for f in whole.fields if f.code == code)
    rest = tuple(f for f in whole.fields if f.code != code)
    counters = tuple(
        replace(
            d,
            fields=tuple(f for f in d.fields if f != code) or ("chung-thuc",),
            helps=tuple(f for f in d.helps if f != code),
        )
        for d in whole.counters
    )
    series = tuple(s for s in whole.series if s.code != gone.series or any(f.series == s.code for f in rest))
    return replace(whole, fields=rest, counters=counters, series=series)


def without_counter(no: int) -> BranchConfig:
    whole = config()
    return replace(whole, counters=tuple(d for d in whole.counters if d.no != no))


def configure(branch: Branch, new: BranchConfig, clock: str) -> None:
    branch.do(c.Configure(config=new), clock, CHIEF)


def fields_of(branch: Branch) -> dict[str, bool]:
    """Code → whether it is retired."""
    return {f.code: f.is_retired for f in branch.state.configured.fields}


def test_each_change_is_a_new_version_and_no_change_is_no_event() -> None:
    branch = Branch()
    assert branch.state.configured.version == 1
    new = replace(config(), notice=Text("Chiều thứ sáu nghỉ lúc 16:00"))
    (record,) = branch.do(c.Configure(config=new), "08:00", CHIEF)
    assert isinstance(record.event, ev.BranchConfigured)
    assert record.event.config.version == branch.state.configured.version == 2
    assert branch.do(c.Configure(config=replace(new, version=77)), "08:01", CHIEF) == []


def test_a_renamed_field_keeps_its_queue_and_its_numbers() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    whole = config()
    renamed = tuple(replace(f, name=Text("Hộ tịch – cư trú")) if f.code == "ho-tich" else f for f in whole.fields)
    configure(branch, replace(whole, fields=renamed), "08:00")
    branch.issue("ho-tich", "08:01")
    assert [branch[t].number for t in branch.queue("ho-tich")] == ["B001", "B002"]
    assert branch.state.field("ho-tich").name.vi == "Hộ tịch – cư trú"


def test_a_removed_field_with_tickets_is_retired_and_its_queue_served() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    branch.open(2, "07:30")
    configure(branch, without("ho-tich"), "08:00")
    assert fields_of(branch)["ho-tich"]
    for refused in (c.Issue(field="ho-tich"), c.Amend(ticket="t2", field="ho-tich")):
        branch.issue("chung-thuc", "08:01")
        with pytest.raises(Refusal, match="field-not-offered"):
            branch.do(refused, "08:01")
    branch.do(c.AssignCounter(counter=2, fields=("chung-thuc", "ho-tich")), "08:02", CHIEF)
    assert branch.served(2, "08:03") == "t1"
    branch.do(c.Transfer(ticket="t1", field="chung-thuc"), "08:04")
    assert branch["t1"].number == "B001"


def test_nobody_is_sent_to_a_retired_field() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    branch.issue("chung-thuc", "07:11")
    branch.open(1, "07:30")
    configure(branch, without("ho-tich"), "08:00")
    branch.served(1, "08:01")
    for command in (c.Transfer(ticket="t2", field="ho-tich"), c.NextStep(ticket="t2", field="ho-tich")):
        with pytest.raises(Refusal, match="field-not-offered"):
            branch.do(command, "08:02")


def test_a_retired_field_is_gone_on_the_day_after_its_last_ticket() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    configure(branch, without("ho-tich"), "08:00")
    branch.do(c.Cancel(ticket="t1"), "08:01")
    assert "ho-tich" in fields_of(branch)
    branch.wait(moment("07:00", TUESDAY))
    assert fields_of(branch) == {"chung-thuc": False, "dat-dai": False, "tra-ket-qua": False}
    assert set(branch.state.fields) == set(fields_of(branch))
    assert branch.state.configured.version == 3


def test_a_retired_fields_leftovers_expire() -> None:
    branch = Branch(limited(leftovers="rebook"))
    branch.issue("ho-tich", "07:10")
    branch.issue("chung-thuc", "07:11")
    configure(branch, without("ho-tich", limited(leftovers="rebook")), "08:00")
    branch.do(c.EndDay(), "17:30", CHIEF)
    assert (branch["t1"].state, branch["t2"].state) == ("expired", "rebooked")


def test_a_field_removed_between_days_keeps_those_who_were_rebooked_into_it() -> None:
    branch = Branch(limited(leftovers="rebook"))
    branch.issue("ho-tich", "07:10")
    branch.do(c.EndDay(), "17:30", CHIEF)
    configure(branch, without("ho-tich", limited(leftovers="rebook")), "18:00")
    branch.wait(moment("07:00", TUESDAY))
    assert branch.queue("ho-tich") == ["t1-261117"]
    assert fields_of(branch)["ho-tich"]


def test_a_field_stays_for_who_is_booked_for_a_later_day() -> None:
    branch = Branch(limited(leftovers="rebook"), today=FRIDAY)
    branch.issue("ho-tich", "15:00")
    branch.do(c.EndDay(), "17:30", CHIEF)
    branch.today = SATURDAY
    configure(branch, without("ho-tich", limited(leftovers="rebook")), "08:00")
    branch.wait(moment("07:00", FRIDAY + timedelta(days=3)))
    assert branch.queue("ho-tich") == ["t1-261123"]
    assert fields_of(branch)["ho-tich"]


def test_a_day_that_was_promised_stays_promised() -> None:
    branch = Branch(limited(leftovers="rebook"), today=FRIDAY)
    branch.issue("ho-tich", "15:00")
    branch.do(c.EndDay(), "17:30", CHIEF)
    whole = limited(leftovers="rebook")
    saturday = replace(whole, hours=replace(whole.hours, weekly={**whole.hours.weekly, "sat": MORNING}))
    configure(branch, saturday, "18:00")
    branch.wait(moment("08:00", SATURDAY))
    assert branch.queue("ho-tich") == []
    branch.wait(moment("08:00", FRIDAY + timedelta(days=3)))
    assert branch.queue("ho-tich") == ["t1-261123"]


def test_an_unused_field_goes_at_once_and_may_come_back() -> None:
    branch = Branch()
    configure(branch, without("ho-tich"), "08:00")
    assert "ho-tich" not in fields_of(branch)
    assert "ho-tich" not in branch.state.fields
    configure(branch, config(), "08:01")
    branch.issue("ho-tich", "08:02")


def test_a_field_stays_for_whoever_may_still_come_back_to_it() -> None:
    branch = Branch()
    branch.open(2, "07:30")
    branch.issue("ho-tich", "07:40")
    branch.call_next(2, "07:41")
    branch.do(c.NoShow(ticket="t1"), "07:42")
    configure(branch, without("ho-tich"), "08:00")
    branch.do(c.Reinstate(ticket="t1"), "08:05")
    assert branch.queue("ho-tich") == ["t1"]
    assert fields_of(branch)["ho-tich"]


def test_a_field_stays_for_an_amendment_that_may_be_undone() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:40")
    branch.do(c.Amend(ticket="t1", field="chung-thuc"), "07:41")
    configure(branch, without("ho-tich"), "07:41:05")
    branch.do(c.Undo(ticket="t1"), "07:41:08")
    assert branch.queue("ho-tich") == ["t1"]
    assert fields_of(branch)["ho-tich"]


def test_a_field_stays_for_a_step_still_to_come() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10", steps=("ho-tich",))
    branch.open(2, "07:30")
    branch.served(2, "07:31")
    configure(branch, without("ho-tich"), "08:00")
    branch.do(c.NextStep(ticket="t1"), "08:01")
    assert branch.queue("ho-tich") == ["t1"]


def test_a_field_that_changes_its_series_ends_its_day_all_the_same() -> None:
    branch = Branch(limited(leftovers="rebook"))
    branch.issue("ho-tich", "07:10")
    whole = limited(leftovers="rebook")
    moved = tuple(replace(f, series="A") if f.code == "ho-tich" else f for f in whole.fields)
    configure(branch, replace(whole, fields=moved, series=tuple(s for s in whole.series if s.code != "B")), "08:00")
    branch.do(c.EndDay(), "17:30", CHIEF)
    rebooked = branch["t1"].rebooked
    assert rebooked is not None
    assert (branch["t1"].number, rebooked.number) == ("B001", "A001")


def test_a_removed_counter_stays_while_somebody_works_there() -> None:
    branch = Branch()
    branch.issue("dat-dai", "07:10")
    branch.open(4, "07:30")
    branch.served(4, "07:31")
    configure(branch, without_counter(4), "08:00")
    assert branch.state.counters[4].is_retired
    branch.do(c.Finish(ticket="t1"), "08:10")
    branch.do(c.CloseCounter(counter=4), "08:11")
    with pytest.raises(Refusal, match="counter-retired"):
        branch.open(4, "08:12")
    branch.wait(moment("07:00", TUESDAY))
    assert set(branch.state.counters) == {1, 2, 3, 5}


def test_a_removed_counter_stays_for_the_ticket_that_it_holds() -> None:
    branch = Branch()
    branch.issue("dat-dai", "07:10")
    branch.open(4, "07:30")
    branch.served(4, "07:31")
    branch.do(c.Hold(ticket="t1"), "07:40")
    branch.do(c.CloseCounter(counter=4), "07:41")
    configure(branch, without_counter(4), "08:00")
    assert branch.state.counters[4].is_retired


def test_a_removed_closed_counter_goes_at_once() -> None:
    branch = Branch()
    configure(branch, without_counter(4), "08:00")
    with pytest.raises(Refusal, match="unknown-counter"):
        branch.open(4, "08:01")


def test_a_removed_counter_loosens_who_was_bound_to_it() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    branch.open(2, "07:30", LAN)
    branch.served(2, "07:31")
    branch.do(c.Transfer(ticket="t1", counter=3), "07:40")
    configure(branch, without_counter(3), "07:41")
    with pytest.raises(Refusal, match="nobody-waiting"):
        branch.call_next(2, "07:49:59")
    assert branch.call_next(2, "07:50") == "t1"


def test_a_new_counter_and_a_new_field_work_at_once() -> None:
    branch = Branch()
    whole = config()
    new = replace(
        whole,
        fields=(*whole.fields, field("thue", "A", "Thuế")),
        counters=(*whole.counters, Desk(6, ("thue",))),
    )
    configure(branch, new, "08:00")
    branch.open(6, "08:01")
    branch.issue("thue", "08:02")
    assert branch.call_next(6, "08:03") == "t1"


def test_a_configured_change_reaches_a_counter_and_leaves_who_is_there() -> None:
    branch = Branch()
    branch.open(1, "07:30")
    whole = config()
    configure(branch, replace(whole, counters=(Desk(1, ("dat-dai",)), *whole.counters[1:])), "08:00")
    counter = branch.state.counters[1]
    assert (counter.fields, counter.clerk, counter.since) == (("dat-dai",), "lan", moment("07:30"))
    assert branch.state.open_counters("chung-thuc") == 0


def test_an_unrelated_change_leaves_todays_assignment() -> None:
    branch = Branch()
    branch.do(c.AssignCounter(counter=1, fields=("dat-dai", "ho-tich")), "07:30", CHIEF)
    configure(branch, replace(config(), notice=Text("Mới")), "08:00")
    assert branch.state.counters[1].fields == ("dat-dai", "ho-tich")


def test_a_field_that_goes_leaves_todays_assignment() -> None:
    branch = Branch()
    branch.do(c.AssignCounter(counter=1, fields=("dat-dai", "ho-tich")), "07:30", CHIEF)
    configure(branch, without("ho-tich"), "08:00")
    assert branch.state.counters[1].fields == ("dat-dai",)


def test_the_zone_changes_only_between_days() -> None:
    branch = Branch()
    for new in (replace(config(), day_boundary=0), replace(config(), timezone="Asia/Bangkok")):
        with pytest.raises(Refusal, match="only-between-days"):
            branch.do(c.Configure(config=new), "08:00", CHIEF)
    branch.do(c.EndDay(), "17:30", CHIEF)
    branch.do(c.Configure(config=replace(config(), day_boundary=0)), "18:00", CHIEF)


def test_another_branchs_configuration_is_refused() -> None:
    with pytest.raises(Refusal, match="other-branch"):
        Branch().do(c.Configure(config=replace(config(), branch="ben-tre")), "08:00", MINH)


def test_a_replay_from_the_days_opening_knows_the_configuration() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    configure(branch, without("ho-tich"), "08:00")
    branch.wait(moment("07:00", TUESDAY))
    opened = next(r for r in reversed(branch.records) if isinstance(r.event, ev.DayOpened))
    assert snapshot(replayed(branch.records[opened.seq - 1 :])) == snapshot(branch.state)
