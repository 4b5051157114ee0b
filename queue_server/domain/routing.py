"""Who is called next. Tickets are bound late: each waits for its field, for every counter that can serve it.

Pure: time and state in, decision with its reason out. `pick` is the rule itself, on nothing but seconds; the live call
(`choose_next`), its explanation (`explain`) and the plays of `foresight` go through it alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from msgspec import Struct

from queue_server.domain import events as ev
from queue_server.domain.configuration import BranchConfig, RoutingRule
from queue_server.domain.counters import Counter, Runs
from queue_server.domain.overtaking import overtaken_since
from queue_server.domain.state import BranchState
from queue_server.domain.tickets import Stream, Ticket

NO_LIMIT = float("inf")
BOUNDED = ("bounded", "interleaved")
"""Modes in which priority calls have a bound."""
CONSIDERED_MOST = 4
"""So many candidates a call remembers besides the one that was called."""


class Heads(NamedTuple):
    """What a counter has to choose from, in seconds of waiting: the first of each stream, None where there is nobody.

    `best` is the highest score among ordinary citizens, `oldest` the longest wait among them; `early` are people whose
    appointed time has not come.
    """

    priority: float | None
    due: float | None
    best: float | None
    oldest: float | None
    early: float | None


class Pick(NamedTuple):
    """Whom the rule takes: "priority", "due", "best", "oldest" or "early", with the reason that a call records."""

    head: str
    reason: str


def pick(rule: RoutingRule, runs: Runs, heads: Heads, *, is_overtaken: bool = False) -> Pick | None:
    """The rule. None when there is nobody. `is_overtaken`: somebody ordinary there was, as often as is allowed.

    Whoever has an appointment or returns goes before the next new number, one of them between two new ones.
    """
    priority, due, best, oldest, early = heads
    may_be_due = due is not None and (runs.due < 1 or (best is None and priority is None))
    if priority is None:
        if may_be_due:
            return Pick("due", "due")
        if best is not None:
            return Pick("best", "oldest")
        return None if early is None else Pick("early", "early")
    if is_overtaken and rule.mode in BOUNDED and priority <= rule.priority_patience_s:
        return Pick("due", "due") if may_be_due else Pick("best", "overtaken")
    longest = -NO_LIMIT if oldest is None else oldest
    if runs.priority >= _bound(rule, longest):
        is_overdue = longest > rule.ordinary_after_s
        if due is not None and may_be_due and not (is_overdue and longest > due):
            return Pick("due", "due")
        if is_overdue:
            return Pick("oldest", "ordinary_bound")
    if rule.mode == "interleaved" and runs.ordinary < rule.ordinary_run and (may_be_due or best is not None):
        return Pick("due", "due") if may_be_due else Pick("best", "interleaved")
    if rule.mode == "graded":
        return _graded(rule, priority, due if may_be_due else None, best)
    return Pick("priority", "priority")


def _bound(rule: RoutingRule, longest: float) -> float:
    """How many priority calls in a row are allowed while an ordinary citizen has waited so long."""
    if rule.ordinary_ceiling_s is not None and longest > rule.ordinary_ceiling_s:
        return 1
    return rule.priority_run if rule.mode in BOUNDED else NO_LIMIT


def _graded(rule: RoutingRule, priority: float, due: float | None, best: float | None) -> Pick:
    """Priority is worth minutes, not everything: the highest score, priority first among equals."""
    scores = [(rule.priority_weight * priority + rule.priority_head_start_s, Pick("priority", "priority"))]
    if due is not None:
        scores.append((rule.due_weight * due + rule.due_head_start_s, Pick("due", "due")))
    if best is not None:
        scores.append((best, Pick("best", "oldest")))
    return max(scores, key=lambda each: each[0])[1]


class Candidate(Struct, frozen=True):
    """Somebody whom a counter might call: the first of a field's stream. Times in seconds.

    `kind` is the stream, or "early" before an appointed time. `score_s` is the wait, for ordinary citizens with the
    field's pressure and without what a helping field gives away.
    """

    ticket: Ticket
    kind: str
    waited_s: float
    score_s: float


class Choice(Struct, frozen=True):
    """The ticket to call and why, among so many who wait in the counter's fields.

    `reason` is "priority", "appointment", "returning", "oldest", "pressed" (not the oldest, but its field is the most
    crowded), "ordinary_bound", "overtaken", "interleaved" or "early".
    """

    ticket: Ticket
    reason: str
    candidates: int


def explain(state: BranchState, counter: Counter, now: datetime, choice: Choice) -> ev.Why:
    """Why this one: the rule in force, and who else might have been called: first the one who would have been without
    this ticket, then by score."""
    config = state.configured
    others = list(candidates_of(state, counter, now, but=choice.ticket))
    is_still_overtaken = is_overtaken(state, counter, now, but=choice.ticket)
    otherwise = _chosen(config.rule, counter.runs, others, is_overtaken=is_still_overtaken)
    others.sort(key=lambda each: (otherwise is None or each.ticket is not otherwise[0], -each.score_s))
    considered = (
        ev.Considered(each.ticket.number, each.ticket.field, each.kind, round(each.waited_s), round(each.score_s))
        for each in others[:CONSIDERED_MOST]
    )
    return ev.Why(rule_name(config), choice.reason, choice.candidates, waited_s(choice.ticket, now), tuple(considered))


def rule_name(config: BranchConfig) -> str:
    """The rule's mode, and the version of the configuration that holds its figures."""
    return f"{config.rule.mode}-{config.version}"


def waited_s(ticket: Ticket, now: datetime) -> int:
    """Seconds since the arrival; none yet for a rebooked ticket called before its day's opening."""
    return max(0, round((now - ticket.arrival_at).total_seconds()))


def choose_next(state: BranchState, counter: Counter, now: datetime) -> Choice | None:
    """Whom this counter calls now; None when nobody may be called here."""
    candidates = list(candidates_of(state, counter, now))
    rule, overtaken = state.configured.rule, is_overtaken(state, counter, now)
    chosen = _chosen(rule, counter.runs, candidates, is_overtaken=overtaken)
    if chosen is None:
        return None
    ticket, reason = chosen
    return Choice(ticket, reason, sum(map(state.waiting_count, counter.takes)))


def _chosen(
    rule: RoutingRule, runs: Runs, candidates: Iterable[Candidate], *, is_overtaken: bool
) -> tuple[Ticket, str] | None:
    first: dict[str, Candidate] = {}
    for each in candidates:
        for name in ("best", "oldest") if each.kind == Stream.ORDINARY else (each.kind,):
            _keep(first, name, each)
    heads = Heads(*(_worth(name, first[name]) if name in first else None for name in Heads._fields))
    picked = pick(rule, runs, heads, is_overtaken=is_overtaken)
    if picked is None:
        return None
    ticket = first[picked.head].ticket
    if picked.head == "due":
        return ticket, "returning" if ticket.is_returning else "appointment"
    is_younger = picked.reason == "oldest" and ticket is not first["oldest"].ticket
    return ticket, "pressed" if is_younger else picked.reason


def _keep(first: dict[str, Candidate], name: str, candidate: Candidate) -> None:
    """Keep the better one; of equals the one that came first."""
    was = first.get(name)
    if was is None or _rank(name, candidate) > _rank(name, was):
        first[name] = candidate


def _rank(name: str, candidate: Candidate) -> tuple[float, float, int]:
    """Higher is called first."""
    ticket = candidate.ticket
    return _worth(name, candidate), -ticket.arrival_at.timestamp(), -ticket.ordinal


def _worth(name: str, candidate: Candidate) -> float:
    return candidate.score_s if name == "best" else candidate.waited_s


def candidates_of(
    state: BranchState, counter: Counter, now: datetime, *, but: Ticket | None = None
) -> Iterator[Candidate]:
    """The first of each stream of each field that this counter takes and may call now, `but` left out."""
    rule = state.configured.rule
    for code in counter.takes:
        handicap_s = 0 if code in counter.fields else rule.helping_after_s
        for stream in Stream:
            waiting = (ticket for ticket in state.waiting(code, stream) if ticket is not but)
            head = next((ticket for ticket in waiting if may_call(state, counter, ticket, now)), None)
            if head is None:
                continue
            waited_s = (now - head.queue_at).total_seconds()
            pressure_s = rule.pressure_weight and rule.pressure_weight * pressure(state, counter, code)
            is_early = stream is Stream.DUE and waited_s < 0
            yield Candidate(head, "early" if is_early else stream.value, waited_s, waited_s + pressure_s - handicap_s)


def is_overtaken(state: BranchState, counter: Counter, now: datetime, *, but: Ticket | None = None) -> bool:
    """Whether this counter may call somebody ordinary who was overtaken by priority as often as the rule allows."""
    return any(
        ticket is not but and ticket.stints[-1].start < since and may_call(state, counter, ticket, now)
        for code in counter.takes
        if (since := overtaken_since(state, code)) is not None
        for ticket in takewhile(lambda each: each.queue_at < since, state.waiting(code, Stream.ORDINARY))
    )


def pressure(state: BranchState, counter: Counter, code: str) -> float:
    """Seconds of waiting work of a field, for each other open counter that takes it."""
    others = state.open_counters(code) - (counter.is_open and counter.can_serve(code))
    return state.waiting_count(code) * state.field(code).service_time_s / max(1, others)


def choose_counter(state: BranchState, ticket: Ticket, idle: Iterable[Counter], now: datetime) -> Counter | None:
    """Which free counter takes this waiting ticket: the one with the fewest skills, so that the others stay free for
    what only they can do; of equals the one for which it is no helping field. None when it is for none of them."""
    fit = [counter for counter in idle if may_call(state, counter, ticket, now)]
    return min(fit, key=lambda each: (len(each.takes), ticket.field not in each.fields, each.no), default=None)


def may_call(state: BranchState, counter: Counter, ticket: Ticket, now: datetime) -> bool:
    """Whether this counter may call this waiting ticket now: field, cool-down, and a binding that still holds."""
    if not counter.can_serve(ticket.field):
        return False
    if ticket.not_before is not None and now < ticket.not_before:
        return False
    return is_for(state, counter, ticket, now)


def is_for(state: BranchState, counter: Counter, ticket: Ticket, now: datetime) -> bool:
    """A ticket bound to another counter or clerk is not for this one, unless that one cannot take it for too long."""
    if ticket.only_counter is not None:
        is_here = ticket.only_counter == counter.no
    else:
        is_here = ticket.only_clerk is None or ticket.only_clerk == counter.clerk
    if is_here:
        return True
    loosens_at = binding_loosens_at(state, ticket, bound_to(state, ticket))
    return loosens_at is not None and now >= loosens_at


def bound_to(state: BranchState, ticket: Ticket) -> Counter | None:
    """The counter that this ticket waits for, or at which the clerk is for whom it waits; None without either."""
    if ticket.only_counter is not None:
        return state.counters.get(ticket.only_counter)
    clerk = ticket.only_clerk
    return next((each for each in state.counters.values() if clerk is not None and each.clerk == clerk), None)


def binding_loosens_at(state: BranchState, ticket: Ticket, bound: Counter | None) -> datetime | None:
    """When others may call a bound ticket; None as long as that counter can take it."""
    if bound is not None and bound.is_open and bound.can_serve(ticket.field):
        return None
    away_since = max(filter(None, (ticket.bound_at, bound.since if bound else None)), default=ticket.arrival_at)
    return away_since + timedelta(seconds=state.configured.limits.bound_loosens_s)
