"""The rules by which a counter calls: streams, modes, a bulk submitter's turns, and what a call says of itself."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from queue_server.domain import commands as c
from queue_server.domain import events as ev
from queue_server.domain.configuration import RoutingRule
from queue_server.domain.counters import Counter, Runs
from queue_server.domain.overtaking import overtaken_since
from queue_server.domain.refusals import Refusal
from queue_server.domain.routing import Heads, choose_counter, choose_next, pick
from queue_server.domain.state import PriorityCall
from queue_server.protocol.reasons import SENTENCES, Other, sentence
from tests.factories import CHIEF, KIOSK, LAN, MINH, Branch, config, minutes, moment
from tests.node import run_node

VIEW = Path(__file__).parents[2] / "queue_server/web/static/clerk/view.js"


def calls(branch: Branch, counter: int, first: str, *, every: float, count: int, ends: bool = True) -> list[str]:
    """Tickets called one after another, each finished when the next is called."""
    called, at = [], branch.instant(first)
    for _ in range(count):
        try:
            branch.do(c.CallNext(counter=counter), at)
        except Refusal:
            break
        ticket = branch.state.at_counter(counter)
        assert ticket is not None
        called.append(ticket.id)
        branch.do(c.Start(ticket=ticket.id), at)
        at += minutes(every)
    return called


def with_rule(**rule: Any) -> Branch:
    return Branch(config(rule=RoutingRule(**rule)))


def why(branch: Branch) -> ev.Why:
    return next(r.event.why for r in reversed(branch.records) if isinstance(r.event, ev.TicketCalled))


# -- who is owed a turn ------------------------------------------------------------------------------------------------


def test_appointments_do_not_starve_an_ordinary_citizen() -> None:
    """One counter, ten minutes each, half an hour waited, appointments every ten minutes: not the last one."""
    branch = Branch()
    branch.issue("chung-thuc", "07:30")  # t1
    for clock in ("08:00", "08:10", "08:20", "08:30", "08:40"):
        branch.do(c.Issue(field="chung-thuc", appointment=moment(clock)), "07:50", KIOSK)
    branch.open(1, "08:00")
    assert calls(branch, 1, "08:00", every=10, count=6) == ["t2", "t1", "t3", "t4", "t5", "t6"]


def test_between_two_who_are_owed_a_turn_one_new_number_is_called() -> None:
    branch = Branch()
    for clock in ("07:40", "07:41", "07:42"):
        branch.issue("chung-thuc", clock)
    for clock in ("07:50", "07:51", "07:52"):
        branch.do(c.Issue(field="chung-thuc", appointment=moment(clock)), "07:45", KIOSK)
    branch.open(1, "07:30")
    assert calls(branch, 1, "08:00", every=1, count=6) == ["t4", "t1", "t5", "t2", "t6", "t3"]


def test_before_the_appointed_time_one_is_called_only_when_nobody_else_waits() -> None:
    branch = Branch()
    branch.do(c.Issue(field="chung-thuc", appointment=moment("09:00")), "07:40", KIOSK)
    branch.issue("chung-thuc", "08:05")
    branch.open(1, "07:30")
    assert calls(branch, 1, "08:10", every=1, count=2) == ["t2", "t1"]
    assert why(branch).reason == "early"


@pytest.mark.parametrize(("comes", "keeps"), [("08:10", True), ("08:10:01", False)])
def test_who_comes_too_late_for_an_appointment_waits_as_if_without_one(comes: str, keeps: bool) -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:40")
    branch.issue("chung-thuc", "07:41")
    branch.do(c.Issue(field="chung-thuc", appointment=moment("08:00")), comes, KIOSK)
    branch.open(1, "07:30")
    assert calls(branch, 1, "08:12", every=1, count=3) == (["t3", "t1", "t2"] if keeps else ["t1", "t2", "t3"])


def test_who_returns_from_a_hold_is_called_before_the_next_new_number() -> None:
    branch = Branch()
    for clock in ("07:10", "07:11", "07:12"):
        branch.issue("chung-thuc", clock)
    branch.open(1, "07:30")
    branch.served(1, "07:31")
    branch.do(c.Hold(ticket="t1", here_only=False), "07:35")
    branch.do(c.CallNext(counter=1), "07:36")
    branch.do(c.Ready(ticket="t1"), "07:40", KIOSK)
    branch.do(c.Start(ticket="t2"), "07:40")
    assert calls(branch, 1, "07:45", every=1, count=2) == ["t1", "t3"]
    assert branch.state.ticket("t1").is_returning is False


def test_who_was_held_for_one_counter_returns_to_it_as_long_as_somebody_is_there() -> None:
    branch = Branch()
    branch.issue("chung-thuc", "07:10")
    branch.open(1, "07:30")
    branch.open(2, "07:30", MINH)
    branch.served(1, "07:31")
    branch.do(c.Hold(ticket="t1"), "07:35")
    branch.do(c.Ready(ticket="t1"), "07:40", KIOSK)
    with pytest.raises(Refusal, match="nobody-waiting"):
        branch.call_next(2, "07:41", MINH)
    branch.do(c.CloseCounter(counter=1), "07:42")
    assert branch.call_next(2, "07:52", MINH) == "t1"


# -- modes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"mode": "strict", "ordinary_after_s": 0}, "t2 t4 t6 t1 t3 t5"),
        ({"mode": "strict", "ordinary_after_s": 0, "ordinary_ceiling_s": 2400}, "t2 t1 t4 t3 t6 t5"),
        ({"mode": "bounded"}, "t2 t4 t1 t6 t3 t5"),
        ({"mode": "bounded", "priority_run": 1}, "t2 t1 t4 t3 t6 t5"),
        ({"mode": "interleaved", "ordinary_run": 2, "priority_run": 1}, "t1 t3 t2 t5 t4 t6"),
        ({"mode": "interleaved", "ordinary_run": 1, "priority_run": 1}, "t1 t2 t3 t4 t5 t6"),
        ({"mode": "graded"}, "t2 t4 t6 t1 t3 t5"),
        ({"mode": "graded", "priority_weight": 1.0, "priority_head_start_s": 90}, "t2 t1 t4 t3 t6 t5"),
        ({"mode": "graded", "priority_weight": 1.0, "priority_head_start_s": 0}, "t1 t2 t3 t4 t5 t6"),
    ],
)
def test_each_mode_has_its_order(rule: dict[str, Any], expected: str) -> None:
    """Three ordinary tickets t1, t3, t5 and three of priority t2, t4, t6, a minute apart."""
    branch = with_rule(**rule)
    for number in range(3):
        branch.issue("chung-thuc", f"07:1{2 * number}")
        branch.issue("chung-thuc", f"07:1{2 * number + 1}", priority="NKT")
    branch.open(1, "07:30")
    assert calls(branch, 1, "08:00", every=1, count=6) == expected.split()


def test_a_crowded_field_goes_first_where_pressure_counts() -> None:
    branch = with_rule(pressure_weight=1.0)
    branch.issue("chung-thuc", "07:10")
    for minute in range(11, 15):
        branch.issue("ho-tich", f"07:{minute}")
    branch.open(2, "07:30")
    assert branch.call_next(2, "07:31") == "t2"
    assert why(branch).reason == "pressed"


def test_a_helping_field_waits_as_if_its_people_had_come_later() -> None:
    branch = with_rule(helping_after_s=300)
    branch.issue("chung-thuc", "07:10")
    branch.issue("ho-tich", "07:14")
    branch.issue("ho-tich", "07:16")
    branch.open(3, "07:30")  # civil status; helps with certification
    assert calls(branch, 3, "07:31", every=1, count=3) == ["t2", "t1", "t3"]


def test_the_rule_changes_while_people_wait_and_each_call_names_the_version() -> None:
    branch = Branch()
    for clock in ("07:10", "07:11"):
        branch.issue("chung-thuc", clock)
        branch.issue("chung-thuc", clock, priority="NKT")
    branch.open(1, "07:30")
    assert branch.call_next(1, "07:31") == "t2"
    assert why(branch).rule == "bounded-1"
    never = RoutingRule("interleaved", ordinary_run=100)
    branch.do(c.NoShow(ticket="t2"), "07:32")
    branch.do(c.Configure(config=config(rule=never, version=2)), "07:33", CHIEF)
    assert branch.call_next(1, "07:34") == "t1"
    assert (why(branch).rule, why(branch).reason) == (f"interleaved-{branch.state.configured.version}", "interleaved")


# -- bulk submitters ---------------------------------------------------------------------------------------------------


def test_a_bulk_submitter_has_turns_and_goes_behind_those_now_waiting() -> None:
    branch = with_rule(bulk_dossiers=5)
    branch.do(c.Issue(field="chung-thuc", dossiers=12), "07:10", KIOSK)
    branch.issue("chung-thuc", "07:11")
    branch.open(1, "07:30")
    assert branch.served(1, "07:31") == "t1"
    branch.issue("chung-thuc", "07:40")
    branch.do(c.Finish(ticket="t1"), "07:45")
    branch.issue("chung-thuc", "07:46")
    assert (branch["t1"].state, branch["t1"].dossiers_done, branch["t1"].dossiers_left) == ("waiting", 5, 7)
    assert branch["t1"].arrival_at == moment("07:10")
    assert calls(branch, 1, "07:50", every=1, count=6) == ["t2", "t3", "t1", "t4", "t1"]
    branch.do(c.Finish(ticket="t1"), "08:00")
    assert (branch["t1"].state, branch["t1"].dossiers) == ("finished", 12)


@pytest.mark.parametrize(
    ("finish", "state", "dossiers"),
    [
        (c.Finish(ticket="t1", dossiers=12), "finished", 12),
        (c.Finish(ticket="t1", dossiers=3), "waiting", 12),
        (c.Finish(ticket="t1", outcome="supplement", dossiers=2), "finished", 2),
        (c.EndService(ticket="t1"), "finished", 12),
    ],
)
def test_a_bulk_submitters_visit_may_end_before(finish: c.TicketCommand, state: str, dossiers: int) -> None:
    branch = with_rule(bulk_dossiers=5)
    branch.do(c.Issue(field="chung-thuc", dossiers=12), "07:10", KIOSK)
    branch.open(1, "07:30")
    branch.served(1, "07:31")
    branch.do(finish, "07:45", CHIEF)
    assert (branch["t1"].state, branch["t1"].dossiers) == (state, dossiers)


def test_the_end_of_a_turn_may_be_taken_back() -> None:
    branch = with_rule(bulk_dossiers=5)
    branch.do(c.Issue(field="chung-thuc", dossiers=6), "07:10", KIOSK)
    branch.open(1, "07:30")
    branch.served(1, "07:31")
    branch.do(c.Finish(ticket="t1"), "07:45")
    branch.do(c.Undo(ticket="t1"), "07:45:05")
    assert (branch["t1"].state, branch["t1"].dossiers_done) == ("serving", 0)


# -- why this one ------------------------------------------------------------------------------------------------------


def test_a_call_names_who_would_have_been_called_otherwise() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:05")  # B001
    branch.issue("chung-thuc", "07:10")  # A001
    branch.issue("chung-thuc", "07:20", priority="NKT")  # A002
    branch.issue("chung-thuc", "07:21", priority="NKT")  # A003
    branch.open(2, "07:30")
    branch.call_next(2, "07:31")
    said = why(branch)
    assert (said.reason, said.candidates, said.waited_s) == ("priority", 4, 11 * 60)
    assert [(each.number, each.kind) for each in said.considered] == [
        ("A003", "priority"), ("B001", "ordinary"), ("A001", "ordinary"),
    ]  # fmt: skip
    assert [each.waited_s for each in said.considered] == [600, 26 * 60, 21 * 60]


def test_a_sentence_says_why_in_both_languages() -> None:
    said = sentence("oldest", 34 * 60 + 20, 12, [Other("A007", 59)])
    assert said is not None
    assert said.vi == (
        "Chờ lâu nhất (34 phút) trong số 12 người đang chờ quầy này. "
        "Lúc đó, xếp ngay sau là số A007, đã chờ chưa đến 1 phút."
    )
    assert said.en == (
        "Has waited longest (34 minutes) of 12 waiting for this counter. "
        "Number A007 came next then, having waited less than a minute."
    )
    assert sentence("", 0, 0) is None


def test_every_reason_has_its_sentence() -> None:
    reasons = {"priority", "appointment", "returning", "oldest", "pressed", "ordinary_bound", "interleaved", "early"}
    assert set(SENTENCES) == reasons | {"overtaken", "chosen", "resumed"}


# -- which free counter ------------------------------------------------------------------------------------------------


def test_of_free_counters_the_one_with_the_fewest_skills_takes_a_new_ticket() -> None:
    branch = Branch()
    branch.issue("ho-tich", "07:10")
    for no, by in ((2, LAN), (3, MINH)):
        branch.open(no, "07:30", by)
    state, now = branch.state, moment("07:31")
    idle = [state.counters[no] for no in (5, 3, 2, 4)]
    chosen = choose_counter(state, state.ticket("t1"), idle, now)
    assert chosen is not None
    assert chosen.no == 2  # as many skills as counter 3, and equally its own field
    assert choose_counter(state, state.ticket("t1"), [state.counters[4]], now) is None


# -- laws --------------------------------------------------------------------------------------------------------------

WAITS = st.none() | st.sampled_from([0.0, 60.0, 900.0, 1801.0, 4000.0])
HEADS = st.builds(
    lambda priority, due, ordinary, early: Heads(priority, due, ordinary, ordinary, early), WAITS, WAITS, WAITS, WAITS
)
RULES = st.builds(
    RoutingRule,
    mode=st.sampled_from(["bounded", "strict", "interleaved", "graded"]),
    priority_run=st.integers(1, 3),
    ordinary_run=st.integers(1, 3),
    ordinary_ceiling_s=st.sampled_from([None, 3600]),
    overtaken_most=st.sampled_from([None, 1, 2]),
    priority_patience_s=st.sampled_from([0, 900, 7200]),
    helping_after_s=st.sampled_from([0, 300]),
)
RUNS = st.builds(Runs, st.integers(0, 3), st.integers(0, 1), st.integers(0, 4))


@given(RULES, RUNS, HEADS, st.booleans())
def test_nobody_idles_while_somebody_may_be_called(
    rule: RoutingRule, runs: Runs, heads: Heads, is_overtaken: bool
) -> None:
    is_overtaken = is_overtaken and heads.oldest is not None
    picked = pick(rule, runs, heads, is_overtaken=is_overtaken)
    assert (picked is None) == all(head is None for head in heads)


@given(RULES, RUNS, HEADS, st.booleans())
def test_whom_the_rule_picks_is_there(rule: RoutingRule, runs: Runs, heads: Heads, is_overtaken: bool) -> None:
    is_overtaken = is_overtaken and heads.oldest is not None
    picked = pick(rule, runs, heads, is_overtaken=is_overtaken)
    assert picked is None or getattr(heads, picked.head) is not None


@given(RULES, HEADS)
def test_after_one_who_was_owed_a_turn_a_new_number_is_called(rule: RoutingRule, heads: Heads) -> None:
    picked = pick(rule, Runs(due=1), heads)
    if heads.best is not None or heads.priority is not None:
        assert picked is not None
        assert picked.head != "due"


# -- the console says the same -----------------------------------------------------------------------------------------

SCENES = st.tuples(
    RULES,
    RUNS,
    st.lists(
        st.tuples(
            st.sampled_from(["priority", "due", "ordinary"]),
            st.sampled_from(["chung-thuc", "ho-tich"]),
            st.sampled_from([-600, 0, 60, 900, 1801, 2000, 4000]),
            st.booleans(),
        ),
        max_size=6,
    ),
    st.lists(st.sampled_from([30, 300, 1000, 3000]), max_size=3),
)
"""The rule, what was called last, who waits for how long and whether again, and how long ago those with priority came
who were called."""
OVERTAKEN = [
    ("ordinary", "ho-tich", 900, True),
    ("ordinary", "ho-tich", 900, False),
    ("priority", "ho-tich", 60, False),
]
"""The second one, behind somebody who came back."""


def scene_of(
    rule: RoutingRule, runs: Runs, waiting: list[tuple[str, str, int, bool]], called: list[int]
) -> tuple[dict[str, Any], str | None]:
    """What the console has, and whom the server calls at counter 3, which helps with certification."""
    now = moment("10:00")
    branch = Branch(config(rule=rule), at="07:30")
    for number, (stream, field, waited, is_again) in enumerate(waiting):
        came = now - timedelta(seconds=max(waited, 0) + number * 0.001)
        at = now - timedelta(seconds=waited + number * 0.001)
        issue = c.Issue(
            field=field, priority="NKT" if stream == "priority" else None, appointment=at if stream == "due" else None
        )
        branch.state.at = None  # they are told in any order
        branch.do(issue, came, KIOSK)
        if is_again:
            ticket = branch[f"t{number + 1}"]
            stint = replace(ticket.stints[0], start=max(came, now - timedelta(seconds=200)))
            branch.state.put_ticket(replace(ticket, stints=(stint,)))
    counter = Counter(3, ("ho-tich",), ("chung-thuc",), runs=runs)
    calls = tuple(PriorityCall(now - timedelta(seconds=ago), 0) for ago in sorted(called, reverse=True))
    branch.state.put("fields", "ho-tich", replace(branch.state.fields["ho-tich"], priority_calls=calls))
    choice = choose_next(branch.state, counter, now)
    queue = [
        {
            "id": ticket.id, "number": ticket.number, "field": ticket.field, "stream": ticket.stream.value,
            "queue_at": ticket.queue_at.isoformat(), "arrival_at": ticket.arrival_at.isoformat(),
            "since": ticket.stints[-1].start.isoformat(),
        }
        for ticket in branch.state.queue(counter)
    ]  # fmt: skip
    row: dict[str, Any] = {
        "rule": to_builtins(rule),
        "runs": {"priority": runs.priority, "due": runs.due, "ordinary": runs.ordinary},
    }
    since = overtaken_since(branch.state, "ho-tich")
    row["overtaken_since"] = {} if since is None else {"ho-tich": since.isoformat()}
    return {
        "queue": queue,
        "row": row | {"fields": ["ho-tich"]},
        "now": now.isoformat(),
    }, choice.ticket.id if choice else None


def test_the_console_names_the_next_one_as_the_server_does() -> None:
    scenes: list[tuple[dict[str, Any], str | None]] = []

    @settings(max_examples=300, deadline=None, database=None)
    @given(SCENES)
    @example((RoutingRule(overtaken_most=1), Runs(), OVERTAKEN, [300]))
    @example((RoutingRule(overtaken_most=1, priority_patience_s=59), Runs(), OVERTAKEN, [300]))
    def collect(scene: Any) -> None:
        scenes.append(scene_of(*scene))

    collect()
    script = f"""
        import {{ nextOf, byTurn }} from {json.dumps(VIEW.as_uri())};
        const scenes = JSON.parse(await new Response(process.stdin).text());
        const next = ({{ queue, row, now }}) => nextOf([...queue].sort(byTurn), row, new Date(now));
        console.log(JSON.stringify(scenes.map((scene) => next(scene)?.id ?? null)));
    """
    said = run_node(script, json.dumps([scene for scene, _ in scenes]))
    assert json.loads(said) == [called for _, called in scenes]
    assert len({called for _, called in scenes}) > 3
