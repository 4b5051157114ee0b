"""Plays of the rule: exact where services are, and always the order in which the branch really calls."""

from __future__ import annotations

import heapq
import math
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import msgpack
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain.configuration import RoutingRule
from queue_server.domain.estimate import FRESH, arrival_wait
from queue_server.domain.foresight import Busy, Outlook, Place, Play, Range, Scene, Waiting, foresee
from queue_server.domain.learning import Law
from queue_server.domain.refusals import Refusal
from queue_server.domain.scene import scene_of
from queue_server.domain.tickets import Stream
from tests.factories import CHIEF, KIOSK, LAN, MINH, Branch, config, minutes, moment

NOW = moment("08:00")
ALWAYS = ((0.0, 1e6),)


def exactly(seconds: float) -> Law:
    """A service that always takes so long."""
    return Law(math.log(seconds), 0.0)


def counter(no: int, *fields: int, takes_s: float = 300.0, of: int = 2, **changes: Any) -> Place:
    place = Place(
        no=no, takes=tuple((each, 0.0) for each in fields), runs=(0, 0, 0), spells=ALWAYS, laws=(exactly(takes_s),) * of
    )
    return replace(place, **changes)


def scene(*places: Place, waiting: list[Waiting], **changes: Any) -> Scene:
    """Two fields, "a" and "b"; everybody comes when called, and nobody goes on elsewhere."""
    whole = Scene(
        at=NOW, rule=RoutingRule(), fields=("a", "b"), means=(300.0, 300.0), places=places, waiting=tuple(waiting),
        moves=((), ()), priority=((), ()), absent=0.0, absent_s=90.0, closes=math.inf,
    )  # fmt: skip
    return replace(whole, **changes)


def waits(*since: float, field: int = 0, stream: int = 2, **changes: Any) -> list[Waiting]:
    return [Waiting(f"t{field}{-at:.0f}", field, stream, at, at, **changes) for at in since]


def likely(outlook: Outlook) -> dict[str, float | None]:
    return {ticket: None if found is None else round(found.likely, 3) for ticket, found in outlook.tickets.items()}


def wait_in(outlook: Outlook, field: str) -> float | None:
    found = outlook.fields[field].wait
    return None if found is None else round(found.likely, 3)


def test_people_with_priority_come_when_they_are_expected_and_as_many() -> None:
    """The counter is free after 2,000 s: whoever has come with priority by then goes first, 100 s each."""

    def called(*course: tuple[float, float]) -> float:
        hall = scene(
            counter(1, 0, busy=Busy(0, 0.0), laws=(exactly(2000.0), exactly(100.0))), waiting=waits(-10, field=1),
            rule=RoutingRule(mode="strict"), priority=((), course), closes=30_000.0,
        )  # fmt: skip
        found = foresee(replace(hall, places=(replace(hall.places[0], takes=((0, 0.0), (1, 0.0))),)), plays=400)
        mine = found.tickets["t110"]
        assert mine is not None
        return mine.likely

    assert called((1000.0, 0.0), (2000.0, 10.0)) == pytest.approx(3000, abs=101)
    assert called((1000.0, 0.0), (3000.0, 20.0)) == pytest.approx(4000, abs=201)
    assert called((2001.0, 0.0), (3000.0, 10.0)) == pytest.approx(2000, abs=2)
    assert called() == pytest.approx(2000, abs=2)


# -- by hand -----------------------------------------------------------------------------------------------------------


def test_one_after_another_at_one_counter() -> None:
    outlook = foresee(scene(counter(1, 0, busy=Busy(0, 100.0)), waiting=waits(-60, -50, -40)))
    assert likely(outlook) == {"t060": 200.0, "t050": 500.0, "t040": 800.0}
    assert wait_in(outlook, "a") == 1100.0
    assert outlook.fields["a"].people == 3
    found = outlook.tickets["t060"]
    assert found is not None
    assert (round(found.low, 3), round(found.high, 3)) == (200.0, 200.0)


def test_a_field_that_nobody_takes_is_not_foreseen() -> None:
    outlook = foresee(scene(counter(1, 0), waiting=waits(-60, field=1)))
    assert likely(outlook) == {"t160": None}
    assert (wait_in(outlook, "a"), wait_in(outlook, "b")) == (0.0, None)
    assert not outlook.fields["b"].takes_more


def test_priority_goes_first_and_somebody_new_with_priority_waits_for_priority_only() -> None:
    outlook = foresee(scene(counter(1, 0), waiting=[*waits(-600, -500), *waits(-10, stream=0)]))
    assert likely(outlook) == {"t010": 0.0, "t0600": 300.0, "t0500": 600.0}
    found = outlook.fields["a"].priority_wait
    assert found is not None
    assert round(found.likely) == 300


def test_two_counters_share_and_the_one_with_fewer_skills_goes_first() -> None:
    both, one = counter(1, 0, 1), counter(2, 0)
    outlook = foresee(scene(both, one, waiting=[*waits(-60, -50, -40), *waits(-30, field=1)]))
    assert likely(outlook) == {"t060": 0.0, "t050": 0.0, "t040": 300.0, "t130": 300.0}


def test_for_one_counter_only_one_waits_behind_who_waits_for_it_too() -> None:
    both = (counter(1, 0), counter(2, 0), counter(3, 0, spells=()))
    queue = waits(-60, -50, -40, counter=0, loosens=math.inf)
    seen = foresee(scene(*both, waiting=queue, bound=(0,))).fields["a"]
    assert {no: round(wait.likely) for no, wait in seen.counters.items()} == {1: 900, 2: 0}
    unasked = foresee(scene(*both, waiting=queue)).fields["a"]
    assert (unasked.wait, unasked.counters) == (seen.wait, {})


def test_nobody_is_called_in_the_break() -> None:
    outlook = foresee(scene(counter(1, 0, spells=((0.0, 500.0), (5000.0, 9000.0))), waiting=waits(-60, -50, -40)))
    assert likely(outlook) == {"t060": 0.0, "t050": 300.0, "t040": 5000.0}


def test_who_is_called_after_closing_is_not_served_by_then() -> None:
    outlook = foresee(scene(counter(1, 0, spells=((0.0, 500.0),)), waiting=waits(-60, -50, -40), closes=500.0))
    seen = outlook.fields["a"]
    assert (seen.served, seen.unserved, seen.takes_more) == (2.0, 1.0, False)
    assert likely(outlook)["t040"] == 600.0  # the clerk stays


def test_somebody_with_priority_may_still_be_called_before_closing() -> None:
    def seen(busy: Busy | None) -> tuple[bool, bool]:
        field = foresee(scene(counter(1, 0, busy=busy), waiting=waits(-60, -50), closes=500.0)).fields["a"]
        return field.takes_more, field.takes_more_priority

    assert seen(None) == (False, True)
    assert seen(Busy(0, 0.0, dossiers=3)) == (False, False)


def test_a_ticket_waits_for_its_counter_until_it_loosens_and_not_before_its_time() -> None:
    bound = waits(-60, counter=1, loosens=700.0)
    outlook = foresee(scene(counter(1, 0), counter(2, 1), waiting=[*bound, *waits(-50, not_before=100.0)]))
    assert likely(outlook) == {"t060": 700.0, "t050": 100.0}


def test_an_appointment_is_kept_before_the_next_new_number() -> None:
    outlook = foresee(scene(counter(1, 0), waiting=[*waits(-60, -50), *waits(250, stream=1)]))
    assert likely(outlook) == {"t060": 0.0, "t0-250": 300.0, "t050": 600.0}


def test_dossiers_count_and_bulk_submitters_have_turns() -> None:
    """Five dossiers take 3.4 services; in turns of two, 1.6 each."""
    bulk, other = waits(-60, dossiers=5), waits(-50)
    assert likely(foresee(scene(counter(1, 0), waiting=[*bulk, *other]))) == {"t060": 0.0, "t050": 1020.0}
    turns = replace(RoutingRule(), bulk_dossiers=2)
    outlook = foresee(scene(counter(1, 0), waiting=[*bulk, *other], rule=turns))
    assert likely(outlook)["t050"] == 480.0
    assert wait_in(outlook, "a") == 780.0  # the rest of the dossiers came back after those who waited


def test_who_goes_on_to_another_field_keeps_the_arrival() -> None:
    outlook = foresee(
        scene(counter(1, 0), counter(2, 1), waiting=[*waits(-600), *waits(-20, -10, field=1)], moves=(((1, 1.0),), ()))
    )
    assert likely(outlook) == {"t0600": 0.0, "t120": 0.0, "t110": 600.0}


def test_numbers_that_nobody_answers_take_their_time() -> None:
    assert wait_in(foresee(scene(counter(1, 0), waiting=waits(-60, -50), absent=1.0)), "a") == 180.0


def test_people_with_priority_who_are_still_to_come_are_reckoned_with() -> None:
    alone = foresee(scene(counter(1, 0), waiting=waits(*range(-90, -60))))
    others = foresee(
        scene(counter(1, 0), waiting=waits(*range(-90, -60)), priority=(((30_000.0, 25.0),), ()), closes=30_000.0)
    )
    one, two = wait_in(alone, "a"), wait_in(others, "a")
    assert one is not None
    assert two is not None
    assert two > one + 1000


def test_a_service_that_has_lasted_long_lasts_longer() -> None:
    law = Law.of(300.0, 0.7)
    far = [
        foresee(scene(counter(1, 0, laws=(law, law), busy=Busy(0, so_far)), waiting=waits(-60)), plays=400)
        for so_far in (1.0, 600.0, 7200.0)
    ]
    new, old, lost = (outlook.tickets["t060"] for outlook in far)
    assert new is not None
    assert old is not None
    assert lost is not None
    assert new.likely == pytest.approx(math.exp(law.centre), rel=0.1)
    assert old.likely + 600 > 2.2 * math.exp(law.centre)
    assert 0 < lost.likely < 36_000


def test_the_same_seed_says_the_same_and_the_scene_survives_the_wire() -> None:
    law = Law.of(300.0, 0.7)
    one = scene(counter(1, 0, laws=(law, law)), waiting=waits(-60, -50))
    again = msgpack.decode(msgpack.encode(one), type=Scene)
    outlook = foresee(one, seed="x")
    assert outlook == foresee(again, seed="x") != foresee(one, seed="y")
    assert msgpack.decode(msgpack.encode(outlook), type=Outlook) == outlook


def test_four_of_five_exact_plays_lie_in_the_range() -> None:
    """Over many ranges, each with one play that really happens."""
    law = Law.of(300.0, 0.7)
    queue = scene(counter(1, 0, laws=(law, law)), waiting=waits(*range(-60, -50)))
    inside = 0
    for seed in range(150):
        told = foresee(queue, seed=seed).tickets["t051"]
        happens = Play(queue, random.Random(f"{seed} really"))
        happens.run()
        assert told is not None
        inside += told.low <= happens.called[-1] <= told.high
    assert 0.7 < inside / 150 < 0.9


# -- as it really goes -------------------------------------------------------------------------------------------------

SERVICES = {"chung-thuc": 310.0, "ho-tich": 611.0, "dat-dai": 1507.0, "tra-ket-qua": 187.0}
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(sorted(SERVICES)),
        st.sampled_from(["", "", "priority", "priority", "appointment"]),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=14,
)
OVERTAKEN = [("ho-tich", kind, 1) for kind in ["", "", "priority", "priority", "", "priority", "priority"]]
RULES = st.builds(
    RoutingRule,
    mode=st.sampled_from(["bounded", "strict", "interleaved", "graded"]),
    priority_run=st.integers(1, 2),
    ordinary_after_s=st.sampled_from([60, 1800]),
    ordinary_ceiling_s=st.sampled_from([None, 1200]),
    overtaken_most=st.sampled_from([None, 1, 1, 2]),
    priority_patience_s=st.sampled_from([2400, 36_000]),
    helping_after_s=st.sampled_from([0, 240]),
    bulk_dossiers=st.sampled_from([None, 2]),
)


@settings(max_examples=60, deadline=None)
@given(RULES, PEOPLE, st.sets(st.sampled_from([1, 2, 3, 4, 5]), min_size=1))
@example(RoutingRule(overtaken_most=1, priority_patience_s=36_000), OVERTAKEN, {2, 3})
def test_a_play_calls_whom_the_branch_calls_and_when(
    rule: RoutingRule, people: list[tuple[str, str, int]], open_counters: set[int]
) -> None:
    branch = Branch(config(rule=rule), at="07:30")
    for number, (code, kind, dossiers) in enumerate(people):
        at = moment("07:31") + timedelta(seconds=17 * number)
        branch.do(
            c.Issue(
                field=code,
                priority="NKT" if kind == "priority" else None,
                appointment=moment("08:05") + timedelta(seconds=7 * number) if kind == "appointment" else None,
                dossiers=dossiers,
            ),
            at,
            KIOSK,
        )
    for no in open_counters:
        branch.do(c.OpenCounter(counter=no), "07:59", c.By(f"account:clerk{no}", clerk=f"clerk{no}"))
    foreseen = foresee(without_chance(scene_of(branch.state, NOW)), plays=3)
    assert before_the_break(likely(foreseen)) == before_the_break(really(branch))


def before_the_break(calls: dict[str, float | None]) -> dict[str, float]:
    """Those until half past eleven."""
    return {ticket: at for ticket, at in calls.items() if at is not None and at < 3.5 * 3600}


def without_chance(seen: Scene | None) -> Scene:
    """Services that take what they take, and nobody else."""
    assert seen is not None
    laws = tuple(exactly(SERVICES[code]) for code in seen.fields)
    places = tuple(replace(place, laws=laws, doubt=0.0) for place in seen.places)
    empty = tuple(() for _ in seen.fields)
    return replace(seen, places=places, moves=empty, priority=empty, absent=0.0, doubts=())


def really(branch: Branch) -> dict[str, float | None]:
    """When each waiting ticket is first called, its counters free or busy as services end."""
    state = branch.state
    waiting = {ticket.id: math.inf for code in state.fields for ticket in state.waiting_in(code)}
    counters = [each for each in state.counters.values() if each.is_open]
    free = [(0.0, len(each.takes), each.no) for each in counters]
    idle: list[tuple[int, int]] = []

    def calls(at: float, skills: int, no: int) -> None:
        now, by = NOW + timedelta(seconds=at), c.By(f"account:clerk{no}", clerk=f"clerk{no}")
        try:
            branch.do(c.CallNext(counter=no), now, by)
        except Refusal:
            idle.append((skills, no))
            return
        ticket = state.at_counter(no)
        assert ticket is not None
        waiting[ticket.id] = min(waiting[ticket.id], at)
        branch.do(c.Start(ticket=ticket.id), now, by)
        turn = state.configured.rule.turn(ticket.dossiers_left)
        heapq.heappush(free, (at + SERVICES[ticket.field] * (1 + 0.6 * (turn - 1)), skills, no))

    heapq.heapify(free)
    while free:
        at, skills, no = heapq.heappop(free)
        current = state.at_counter(no)
        if current is not None:
            by = c.By(f"account:clerk{no}", clerk=f"clerk{no}")
            branch.do(c.Finish(ticket=current.id), NOW + timedelta(seconds=at), by)
        calls(at, skills, no)
        waking, idle[:] = sorted(idle), []
        for each in waking:
            calls(at, *each)
    return {ticket: None if at == math.inf or at > 10 * 3600 else round(at, 3) for ticket, at in waiting.items()}


# -- what is told ------------------------------------------------------------------------------------------------------


def told(branch: Branch, code: str, outlook: Outlook | None, now: datetime = NOW) -> int | None:
    found = arrival_wait(branch.state, code, Stream.ORDINARY, branch.state.waiting_count, now, outlook)
    return found.likely_s if found else None


def test_people_who_came_since_the_outlook_count_by_the_fields_pace() -> None:
    branch = Branch()
    branch.open(1, "07:30", LAN)
    branch.open(2, "07:30", MINH)
    for clock in ("07:40", "07:41", "07:42", "07:43"):
        branch.issue("chung-thuc", clock)
    seen = scene_of(branch.state, NOW)
    outlook = foresee(without_chance(seen))
    before = told(branch, "chung-thuc", outlook)
    branch.issue("chung-thuc", "08:00:02")
    after = told(branch, "chung-thuc", outlook)
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(155, abs=1)


def test_what_has_changed_since_the_outlook_is_as_uncertain_as_work_is() -> None:
    """Two more, each by a pace of 155 s: from 0.6 to 1.6 times as long; and who took the last free counter is ahead of
    whoever comes then, by the same pace."""
    branch = Branch()
    branch.open(1, "07:30", LAN)
    branch.open(2, "07:30", MINH)
    free = foresee(without_chance(scene_of(branch.state, NOW)))
    for no, clerk in ((1, LAN), (2, MINH)):
        assert told_range(branch, free) == (0, 0, 0)
        branch.issue("chung-thuc", "08:00:01")
        branch.call_next(no, "08:00:01", clerk)
    assert told_range(branch, free) == (155, 93, 248)
    branch.issue("chung-thuc", "08:00:02")
    assert told_range(branch, free) == (310, 186, 496)


def told_range(branch: Branch, outlook: Outlook) -> tuple[int, int, int]:
    found = arrival_wait(branch.state, "chung-thuc", Stream.ORDINARY, branch.state.waiting_count, NOW, outlook)
    assert found is not None
    return found.likely_s, found.low_s, found.high_s


def test_an_old_outlook_is_not_told() -> None:
    branch = Branch()
    branch.open(4, "07:30")
    outlook = foresee(without_chance(scene_of(branch.state, NOW)))
    lied = replace(outlook, fields={code: replace(each, wait=Range(7, 7, 7)) for code, each in outlook.fields.items()})
    assert told(branch, "dat-dai", lied, NOW + FRESH) == 7
    assert told(branch, "dat-dai", lied, NOW + FRESH + timedelta(seconds=1)) == 0


def test_whoever_takes_a_number_is_told_by_the_outlook_that_is_given() -> None:
    from queue_server.domain.decide import decide

    branch = Branch(at="08:00")
    outlook = foresee(without_chance(scene_of(branch.state, NOW)))
    wait = Range(900, 640, 1210)
    lied = replace(outlook, fields={code: replace(each, wait=wait) for code, each in outlook.fields.items()})
    (event,) = decide(branch.state, c.Issue(field="dat-dai"), replace(KIOSK, fresh_id="t1"), NOW, lied)
    assert event.told is not None  # type: ignore[attr-defined]
    assert (event.told.likely_s, event.told.low_s, event.told.high_s) == (900, 600, 1500)  # type: ignore[attr-defined]


# -- how things stand --------------------------------------------------------------------------------------------------


def spells(branch: Branch, clock: str, no: int) -> list[tuple[float, float]]:
    """In minutes from then."""
    branch.wait(clock)
    seen = scene_of(branch.state, moment(clock))
    assert seen is not None
    place = next(place for place in seen.places if place.no == no)
    return [(start / 60, end / 60) for start, end in place.spells]


def test_before_the_first_opening_all_counters_are_expected() -> None:
    assert spells(Branch(), "07:10", 1) == [(20.0, 260.0), (350.0, 590.0)]
    assert spells(Branch(), "07:35", 1) == [(-5.0, 235.0), (325.0, 565.0)]
    assert spells(Branch(), "07:41", 1) == []


def test_an_open_counter_works_to_the_break_and_after_it() -> None:
    branch = Branch()
    branch.open(1, "07:30")
    assert spells(branch, "08:30", 1) == [(0.0, 180.0), (270.0, 510.0)]
    assert spells(branch, "11:40", 1) == [(0.0, 0.0), (80.0, 320.0)]


def test_a_counter_that_was_open_comes_back_after_the_break_and_one_that_is_paused_soon() -> None:
    branch = Branch()
    branch.open(1, "07:30")
    branch.do(c.PauseCounter(counter=1, reason="họp"), "10:00")
    assert spells(branch, "10:04", 1) == [(6.0, 86.0), (176.0, 416.0)]
    branch.do(c.CloseCounter(counter=1), "11:00")
    assert spells(branch, "11:10", 1) == [(110.0, 350.0)]
    assert spells(branch, "12:00", 1) == [(60.0, 300.0)]
    assert spells(branch, "12:00", 2) == []


def test_no_scene_without_a_day() -> None:
    branch = Branch()
    branch.do(c.EndDay(), "17:10", CHIEF)
    assert scene_of(branch.state, moment("17:11")) is None
    assert minutes(1)
