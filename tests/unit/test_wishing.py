"""A number for the counter that took the dossier, and what else a visit is for."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig, Desk, Text
from queue_server.domain.decide import decide
from queue_server.domain.foresight import FieldOutlook, Outlook, Range, foresee
from queue_server.domain.refusals import Refusal
from queue_server.domain.scene import scene_of
from queue_server.realtime.phone import ahead
from tests.factories import CHIEF, HOA, KIOSK, LAN, MINH, Branch, config, moment

RESULT = "tra-ket-qua"


def hall() -> BranchConfig:
    """Results at counters 1 and 2 of one agency and 5 of another; counter 4 does not take them."""
    desks = (
        Desk(1, ("chung-thuc", RESULT), agency="phuong"),
        Desk(2, ("chung-thuc", RESULT), agency="phuong"),
        Desk(4, ("dat-dai",), agency="dat-dai"),
        Desk(5, ("ho-tich",), helps=(RESULT,), agency="so-nganh"),
    )
    fields = tuple(replace(f, service="collect") if f.code == RESULT else f for f in config().fields)
    return config(counters=desks, fields=fields)


@pytest.fixture
def branch() -> Branch:
    found = Branch(hall(), at="07:30")
    for no, by in ((1, LAN), (2, MINH), (5, HOA)):
        found.open(no, "07:31", by)
    return found


def bound(branch: Branch, counter: int | None, outlook: Outlook | None = None, field: str = RESULT) -> int | None:
    """The counter for which a number would be that is wanted there."""
    command = c.Issue(field=field, counter=counter)
    (event,) = decide(branch.state, command, replace(KIOSK, fresh_id="t99"), moment("08:00"), outlook)
    assert isinstance(event, ev.TicketIssued)
    return event.only_counter


# -- the counter that took it ------------------------------------------------------------------------------------------


def test_a_number_that_is_wanted_at_a_counter_is_called_there_and_nowhere_else(branch: Branch) -> None:
    mine = branch.issue(RESULT, "07:40", counter=2)
    assert branch[mine].only_counter == 2
    with pytest.raises(Refusal, match="nobody-waiting"):
        branch.do(c.CallNext(counter=1), "07:41")
    assert branch.call_next(2, "07:42", MINH) == mine
    assert branch[mine].only_counter is None


def test_before_it_are_those_whom_that_counter_calls_first(branch: Branch) -> None:
    for minute, counter in ((32, 1), (33, 2), (34, None), (35, 1)):
        branch.issue(RESULT, f"07:{minute}", counter=counter)
    filing = branch.issue("chung-thuc", "07:36")
    branch.issue("ho-tich", "07:37")
    mine = branch.issue(RESULT, "07:40", counter=2)
    free = branch.issue(RESULT, "07:41")
    branch.issue(RESULT, "07:42", counter=2, priority="NKT")
    told = {r.event.ticket: r.event.people_ahead for r in branch.records if isinstance(r.event, ev.TicketIssued)}
    assert told[mine] == 3, "of 07:33, 07:34 and 07:36; those of counter 1 are not before it"
    assert told[free] == 5, "any counter may call it: everybody of its field"
    assert ahead(branch.state, mine, moment("07:43")).people == 4, "and who has priority there"
    branch.do(c.Cancel(ticket=filing), "07:44")
    assert ahead(branch.state, mine, moment("07:44")).people == 3
    branch.do(c.CloseCounter(counter=2), "07:45", MINH)
    assert ahead(branch.state, mine, moment("07:46")).people == 5, "it waits for whoever takes its field"


def test_without_a_wish_any_counter_calls(branch: Branch) -> None:
    mine = branch.issue(RESULT, "07:40")
    assert branch.call_next(1, "07:41") == mine


def test_a_counter_that_is_closed_or_does_not_take_the_field_binds_nobody(branch: Branch) -> None:
    branch.open(4, "07:40", CHIEF)
    branch.do(c.PauseCounter(counter=1), "07:41")
    branch.do(c.CloseCounter(counter=5), "07:41", HOA)
    assert [bound(branch, no) for no in (None, 1, 2, 4, 5)] == [None, 1, 2, None, None]
    with pytest.raises(Refusal, match="unknown-counter"):
        bound(branch, 77)


def test_ten_minutes_after_the_counter_has_closed_others_may_call(branch: Branch) -> None:
    mine = branch.issue(RESULT, "07:40", counter=2)
    branch.do(c.CloseCounter(counter=2), "07:45", MINH)
    with pytest.raises(Refusal, match="nobody-waiting"):
        branch.do(c.CallNext(counter=1), "07:54")
    assert branch.call_next(1, "07:55") == mine


# -- not much later than elsewhere in the agency -----------------------------------------------------------------------


def outlook(**minutes: float) -> Outlook:
    """The waits for one counter only, by its number."""
    waits = {int(no[1:]): Range(60 * m, 60 * m, 60 * m) for no, m in minutes.items()}
    seen = FieldOutlook(Range(60, 60, 60), Range(0, 0, 0), 0, 0, 60.0, 0, 0, takes_more=True, counters=waits)
    return Outlook(moment("07:59"), {}, {RESULT: seen})


def test_who_would_wait_ten_minutes_longer_than_at_another_counter_of_the_agency_is_not_bound(branch: Branch) -> None:
    assert bound(branch, 2, outlook(c1=5, c2=15)) == 2
    assert bound(branch, 2, outlook(c1=5, c2=15.1)) is None
    assert bound(branch, 2, outlook(c5=1, c2=40)) == 2, "the other agency has no such dossiers"
    assert bound(branch, 2, outlook(c1=1)) == 2, "nobody can say"
    assert bound(branch, 2, outlook(c1=1, c2=40, c77=0)) is None, "a counter that has gone meanwhile"
    old = replace(outlook(c1=5, c2=40), at=moment("07:50"))
    assert bound(branch, 2, old) == 2


def test_who_is_bound_is_told_the_wait_for_that_counter(branch: Branch) -> None:
    def told(counter: int | None) -> int | None:
        command = c.Issue(field=RESULT, counter=counter)
        (event,) = decide(branch.state, command, KIOSK, moment("08:00"), outlook(c1=5, c2=15))
        assert isinstance(event, ev.TicketIssued)
        return event.told.likely_s if event.told else None

    assert (told(2), told(None)) == (900, 60)


def test_what_is_foreseen_keeps_to_the_counter(branch: Branch) -> None:
    """Counter 2 serves somebody and has two who wait for it alone; 1 and 5 have nobody."""
    branch.issue(RESULT, "07:40")
    branch.served(2, "07:41", MINH)
    first, second = (branch.issue(RESULT, at, counter=2) for at in ("07:50", "07:51"))
    scene = scene_of(branch.state, moment("08:00"))
    assert scene is not None
    assert {each.ticket: scene.places[each.counter].no for each in scene.waiting} == {first: 2, second: 2}
    seen = foresee(scene)
    waits = [seen.tickets[ticket] for ticket in (first, second)]
    assert all(wait is not None and wait.likely > 0 for wait in waits)
    at_counters = seen.fields[RESULT].counters
    assert at_counters[1].likely == at_counters[5].likely == 0
    assert waits[1] is not None
    assert at_counters[2].likely > waits[1].likely


# -- several things ----------------------------------------------------------------------------------------------------


def with_steps(*steps: str) -> BranchConfig:
    fields = tuple(replace(f, steps=steps) if f.code == "ho-tich" else f for f in config().fields)
    return config(fields=fields)


def steps_of(branch: Branch, steps: tuple[str, ...] = ()) -> tuple[str, ...]:
    return branch[branch.issue("ho-tich", "08:00", steps=steps)].steps


def test_a_visit_goes_on_as_its_field_is_configured_unless_something_else_is_asked_for() -> None:
    branch = Branch(with_steps(RESULT, "chung-thuc"))
    assert steps_of(branch) == (RESULT, "chung-thuc")
    assert steps_of(branch, steps=("dat-dai",)) == ("dat-dai",)


def test_a_configured_step_that_has_gone_is_left_out() -> None:
    gone = with_steps("thue", RESULT)
    retired = replace(gone, fields=tuple(replace(f, is_retired=f.code == RESULT) for f in gone.fields))
    assert steps_of(Branch(gone)) == (RESULT,)
    assert steps_of(Branch(retired)) == ()


def test_what_is_added_must_be_offered_now_as_the_first_is() -> None:
    branch = Branch(config())
    branch.do(c.SuspendField(field="dat-dai", reason=Text("Mất điện")), "07:30", CHIEF)
    with pytest.raises(Refusal, match="field-suspended"):
        steps_of(branch, steps=("dat-dai",))
    assert branch.queue("ho-tich") == []
    assert steps_of(branch, steps=(RESULT,)) == (RESULT,)


def test_a_configured_step_may_open_later() -> None:
    branch = Branch(with_steps(RESULT))
    branch.do(c.SuspendField(field=RESULT, reason=Text("Mất điện")), "07:30", CHIEF)
    assert steps_of(branch) == (RESULT,)


def test_what_the_counters_do_not_serve_any_more_cannot_be_added() -> None:
    limits = replace(config().limits, ends_by_forecast=True)
    branch = Branch(config(limits=limits))
    none = FieldOutlook(None, None, 9, 0, 300.0, 5, 4, takes_more=False)
    some = replace(none, takes_more=True)
    seen = Outlook(moment("07:59"), {}, {"ho-tich": some, "dat-dai": none})
    with pytest.raises(Refusal, match="no-capacity"):
        decide(branch.state, c.Issue(field="ho-tich", steps=("dat-dai",)), KIOSK, moment("08:00"), seen)
