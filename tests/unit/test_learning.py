"""What a branch learns of its services, by hand and against services whose law is known."""

from __future__ import annotations

import math
import random
from datetime import timedelta

import pytest

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import Field, Text
from queue_server.domain.learning import Law, Laws, Learnt, Measured, Offset, Share, learnt_of, shrunk
from queue_server.domain.scene import learnt_by
from tests.factories import CHIEF, KIOSK, MINH, Branch, moment, replayed

FIELDS = [Field(code, Text(code), "A", "ubnd", service_time_s=300, service_time_cv=0.6) for code in "abcdefgh"]


def known(means: dict[tuple[str, int], float], count: int, *, seed: int = 1) -> Learnt:
    """So many services of each field at each counter, log-normal around these means."""
    chance = random.Random(seed)
    services: dict[str, dict[int, Measured]] = {}
    for (code, no), mean_s in means.items():
        law, row = Law.of(mean_s, 0.6), Measured()
        for _ in range(count):
            drawn = chance.gauss(law.centre, law.spread)
            row += Measured(1.0, drawn, drawn * drawn)
        services.setdefault(code, {})[no] = row
    return Learnt(services)


# -- observing ---------------------------------------------------------------------------------------------------------


def test_a_service_occupies_its_counter_from_the_call_to_the_end() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.open(1, "07:30")
    branch.call_next(1, "07:31")
    branch.do(c.Start(ticket="t1"), "07:32")
    branch.do(c.Finish(ticket="t1"), "07:36")
    found = learnt_of(branch.state.tickets.values())
    row = found.services["chung-thuc"][1]
    assert row.count == 1.0
    assert row.total == pytest.approx(math.log(300))
    assert row.squares == pytest.approx(math.log(300) ** 2)
    assert found.moves == {"chung-thuc": {"": 1.0}}
    assert (found.absent, found.priority) == (Share(0, 1), Share(0, 1))


def test_several_dossiers_are_reckoned_as_one_and_a_transfer_is_a_move() -> None:
    branch = Branch()
    branch.do(c.Issue(field="chung-thuc", dossiers=6), "07:10", KIOSK)
    branch.issue("ho-tich", "07:11", priority="NKT")
    branch.open(2, "07:30")
    branch.served(2, "07:31")
    branch.do(c.Transfer(ticket="t2", field="tra-ket-qua"), "07:41")
    branch.served(2, "07:42")
    branch.do(c.Finish(ticket="t1"), "08:02")
    found = learnt_of(branch.state.tickets.values())
    assert found.services["chung-thuc"][2].total == pytest.approx(math.log(1200 / 4))
    assert found.services["ho-tich"][2].total == pytest.approx(math.log(600))
    assert found.moves == {"chung-thuc": {"": 1.0}, "ho-tich": {"tra-ket-qua": 1.0}}
    assert found.priority == Share(1, 2)


def test_a_hold_ends_a_service_and_what_follows_it_is_none() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.open(1, "07:30")
    branch.served(1, "07:31")
    branch.do(c.Hold(ticket="t1"), "07:41")
    branch.do(c.Resume(ticket="t1", quietly=True), "07:50")
    branch.do(c.Finish(ticket="t1"), "07:52")
    found = learnt_of(branch.state.tickets.values())
    row = found.services["chung-thuc"][1]
    assert row.count == 1.0
    assert row.total == pytest.approx(math.log(600))
    assert found.moves == {"chung-thuc": {"": 1.0}}


def test_what_nobody_saw_end_teaches_nothing() -> None:
    branch = Branch()
    for clock in ("07:10", "07:11", "07:12", "07:13"):
        branch.issue("chung-thuc", clock)
    branch.open(1, "07:30")
    branch.served(1, "07:31")
    branch.do(c.EndService(ticket="t1"), "11:00", CHIEF)
    branch.call_next(1, "11:06")
    branch.do(c.NoShow(ticket="t2"), "11:08")
    branch.do(c.Void(ticket="t3"), "11:09")
    branch.do(c.Cancel(ticket="t4"), "11:10")
    found = learnt_of(branch.state.tickets.values())
    assert found.services == {}
    assert found.absent == Share(1, 2)


def test_an_end_that_was_taken_back_is_not_learnt_twice() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.open(1, "07:30")
    branch.served(1, "07:31")
    branch.do(c.Finish(ticket="t1"), "07:36")
    branch.do(c.Undo(ticket="t1"), "07:36:05")
    branch.do(c.Finish(ticket="t1"), "07:40")
    row = learnt_of(branch.state.tickets.values()).services["chung-thuc"][1]
    assert row.count == 1.0
    assert row.total == pytest.approx(math.log(540))


def test_the_next_day_begins_with_what_was_learnt_a_little_faded() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.open(1, "07:30")
    branch.served(1, "07:31")
    branch.do(c.Finish(ticket="t1"), "07:36")
    branch.wait(moment("07:00") + timedelta(days=1))
    opened = next(r.event for r in reversed(branch.records) if isinstance(r.event, ev.DayOpened))
    assert opened.learnt.services["chung-thuc"][1].count == 0.95
    assert branch.state.tickets == {}
    assert learnt_by(branch.state) == opened.learnt
    assert replayed(branch.records).day == branch.state.day
    branch.today += timedelta(days=1)
    branch.issue("chung-thuc", "07:40")
    branch.open(1, "07:41", MINH)
    branch.served(1, "07:42", MINH)
    branch.do(c.Finish(ticket="t2"), "07:50", MINH)
    assert learnt_by(branch.state).services["chung-thuc"][1].count == 1.95


# -- believing ---------------------------------------------------------------------------------------------------------


def mean(laws: Laws, code: str, no: int) -> float:
    return laws.of(code, no).mean_s


def test_without_a_measurement_what_is_configured_is_believed_with_the_way_to_the_counter() -> None:
    assert mean(Laws(Learnt(), FIELDS), "a", 1) == pytest.approx(320)


def test_where_beliefs_are_right_little_is_learnt() -> None:
    learnt = known({(code, no): 320.0 for no, code in enumerate("abcdefgh", 1)}, 20)
    laws = Laws(learnt, FIELDS)
    off = [mean(laws, code, no) / 320 - 1 for no, code in enumerate("abcdefgh", 1)]
    raw = [
        math.exp(row.total / row.count - Law.of(320, 0.6).centre) - 1
        for rows in learnt.services.values()
        for row in rows.values()
    ]
    assert sum(map(abs, off)) < 0.6 * sum(map(abs, raw))


def test_where_beliefs_are_wrong_most_is_learnt() -> None:
    true = {code: 320.0 * (1.35 if place % 2 else 0.65) for place, code in enumerate("abcdefgh")}
    laws = Laws(known({(code, 1): true[code] for code in true}, 40), FIELDS)
    for code, seconds in true.items():
        assert mean(laws, code, 1) == pytest.approx(seconds, rel=0.25)


def test_counters_of_different_speed_are_told_apart_within_their_fields() -> None:
    speeds = {1: 0.7, 2: 1.3, 3: 0.7, 4: 1.3}
    laws = Laws(known({("a", no): 320 * slow for no, slow in speeds.items()}, 250), FIELDS)
    for no, slow in speeds.items():
        assert mean(laws, "a", no) == pytest.approx(320 * slow, rel=0.15)
    assert mean(laws, "b", 2) > 1.1 * mean(laws, "b", 1), "a counter that is slow in one field is slow in another"


def test_a_field_that_one_counter_serves_alone_says_nothing_of_the_counter() -> None:
    laws = Laws(known({("a", 1): 640.0}, 60), FIELDS)
    assert mean(laws, "a", 1) > 500
    assert mean(laws, "b", 1) == pytest.approx(320, rel=0.01)


def test_doubt_is_the_spread_of_what_is_believed_and_falls_as_more_is_measured() -> None:
    """By hand: a belief that is off by 0.2 on the mean, and so many services of spread 0.5 beside it."""
    assert (Laws(Learnt(), FIELDS).doubt_of("a"), Laws(Learnt(), FIELDS).doubt_at(1)) == (0.2, 0.2)
    as_believed = {count: shrunk({"a": Offset(0.0, count, 0.5)})["a"].doubt for count in (1.0, 25.0, 400.0)}
    weights = {count: count / (count + 10) for count in as_believed}
    for count, doubt in as_believed.items():
        chance = 0.25 / count
        variance = (3 * 0.04 - weights[count] * chance) / (3 + weights[count])
        assert doubt == pytest.approx(math.sqrt(1 / (1 / variance + 1 / chance)))
    assert as_believed[400.0] < 0.5 / 20


def test_the_true_centres_lie_within_the_doubt_as_often_as_it_says() -> None:
    """Twelve fields whose true centres differ from what was believed by 0.3 on the mean, thirty services of each."""
    chance, inside, all_of = random.Random(7), 0, 0
    for _ in range(60):
        true = {no: chance.gauss(0.0, 0.3) for no in range(12)}
        offsets = {no: Offset(sum(chance.gauss(off, 0.6) for _ in range(30)), 30.0, 0.6) for no, off in true.items()}
        for no, belief in shrunk(offsets).items():
            inside += abs(belief.centre - true[no]) < 1.2816 * belief.doubt
            all_of += 1
    assert 0.76 < inside / all_of < 0.84
