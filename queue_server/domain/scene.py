"""How things stand at a branch, in the plain figures that `foresight` plays with."""

from __future__ import annotations

import math
from collections import Counter as Tally
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate

from msgspec.structs import replace

from queue_server.domain import hours
from queue_server.domain.arrivals import STEP_S, after, step_of, still_expected
from queue_server.domain.configuration import Window
from queue_server.domain.counters import Counter, CounterState
from queue_server.domain.foresight import NOBODY, STREAMS, Busy, Place, Scene, Waiting
from queue_server.domain.learning import FORGETS, UNWALKED_S, Laws, Learnt, learnt_of
from queue_server.domain.routing import binding_loosens_at, bound_to
from queue_server.domain.state import BranchState, Day
from queue_server.domain.tickets import StintKind, Ticket

OPENING_S = 600.0
"""So long after working time has begun, a counter that has not opened is still expected."""
PAUSE_S = 600.0
"""A counter that is paused is expected back after so long."""
ABSENT, PRIORITY, MOVES = 0.05, 0.08, 20.0
"""Beliefs until a branch has learnt: shares of numbers that nobody answers and of priority; and how many visits that
end where they began are imagined before the first is seen."""
WANTED_AT_ONE = ("collect", "supplement")
"""Services for which the counter counts that took the dossier."""
LATELY = timedelta(hours=1)
FEW_S = 1800.0
"""Who came in less time says nothing of an hour."""
AFTER_A_BREAK = 0.5
"""So many come then of those who came before. (Assumed, by the shares of a day's halves in founding sites.)"""


def learnt_by(state: BranchState) -> Learnt:
    """What this branch has learnt until now, today included."""
    before = state.day.learnt if state.day is not None else Learnt()
    return before + learnt_of(state.tickets.values())


def lessons_of(state: BranchState) -> Learnt:
    """What the day after this one begins with."""
    day = state.day
    if day is None or state.configured.is_training:
        return Learnt()
    learnt = learnt_by(state).faded()
    came = after(day.learnt.arrivals, state.configured, day.date, state.tickets.values(), FORGETS)
    return replace(learnt, arrivals=came)


def scene_of(state: BranchState, now: datetime, learnt: Learnt | None = None) -> Scene | None:
    """None while no service day is open. `learnt` may be some minutes old; without it, it is worked out."""
    day = state.day
    if day is None or day.ended_at is not None:
        return None
    config = state.configured
    learnt = learnt or learnt_by(state)
    fields = tuple(field.code for field in config.fields)
    index = {code: place for place, code in enumerate(fields)}
    laws = Laws(learnt, config.fields)
    counters = [counter for counter in state.counters.values() if not counter.is_retired]
    windows = _windows(state, day, now)
    places = tuple(
        Place(
            no=counter.no,
            takes=tuple(
                (index[code], 0.0 if code in counter.fields else float(config.rule.helping_after_s))
                for code in counter.takes
            ),
            runs=(counter.runs.priority, counter.runs.due, counter.runs.ordinary),
            spells=_spells(counter, windows, now),
            laws=tuple(laws.of(code, counter.no) for code in fields),
            busy=_busy(state, counter, index, now),
            doubt=laws.doubt_at(counter.no),
        )
        for counter in counters
    )
    at_counter = {counter.no: place for place, counter in enumerate(counters)}
    return Scene(
        at=now,
        rule=config.rule,
        fields=fields,
        means=tuple(float(field.service_time_s) for field in config.fields),
        places=places,
        waiting=tuple(_waiting(state, ticket, index, at_counter, now) for ticket in _all_waiting(state)),
        moves=tuple(_moves(learnt, code, index) for code in fields),
        priority=_priority(state, learnt, windows, now),
        absent=learnt.absent.rate(ABSENT),
        absent_s=UNWALKED_S,
        closes=max((end for _, end in windows), default=0.0),
        doubts=tuple(map(laws.doubt_of, fields)),
        bound=tuple(index[field.code] for field in config.fields if field.service in WANTED_AT_ONE),
        priority_calls=tuple(_priority_calls(state, code, now) for code in fields),
    )


def _all_waiting(state: BranchState) -> Iterator[Ticket]:
    for code in state.fields:
        yield from state.waiting_in(code)


def _waiting(
    state: BranchState, ticket: Ticket, index: dict[str, int], at_counter: dict[int, int], now: datetime
) -> Waiting:
    counter, loosens = NOBODY, 0.0
    if ticket.only_counter is not None or ticket.only_clerk is not None:
        bound = bound_to(state, ticket)
        counter = at_counter.get(bound.no, len(at_counter)) if bound is not None else len(at_counter)
        loosens_at = binding_loosens_at(state, ticket, bound)
        loosens = (loosens_at - now).total_seconds() if loosens_at is not None else math.inf
    return Waiting(
        ticket=ticket.id,
        field=index[ticket.field],
        stream=STREAMS.index(ticket.stream),
        since=(ticket.queue_at - now).total_seconds(),
        began=((ticket.arrival_at if ticket.has_priority else ticket.stints[-1].start) - now).total_seconds(),
        dossiers=max(1, ticket.dossiers_left),
        not_before=max(0.0, (ticket.not_before - now).total_seconds()) if ticket.not_before else 0.0,
        counter=counter,
        loosens=loosens,
    )


def _priority_calls(state: BranchState, code: str, now: datetime) -> tuple[float, ...]:
    """As many of the latest as the rule looks at."""
    most = state.configured.rule.overtaken_most
    calls = state.fields[code].priority_calls[-most:] if most is not None else ()
    return tuple((call.arrival_at - now).total_seconds() for call in calls)


def _busy(state: BranchState, counter: Counter, index: dict[str, int], now: datetime) -> Busy | None:
    ticket = state.at_counter(counter.no)
    if ticket is None:
        return None
    last, *before = reversed(ticket.stints)
    start = before[0].start if before and before[0].kind is StintKind.WALKING else last.start
    so_far = max(0.0, (now - start).total_seconds())
    return Busy(index[ticket.field], so_far, max(1, ticket.dossiers_left))


# -- working time ------------------------------------------------------------------------------------------------------


def _windows(state: BranchState, day: Day, now: datetime) -> list[tuple[float, float]]:
    """The day's working times in seconds from now; the branch's, or where it has none those of a field that has."""
    config = state.configured
    found: tuple[Window, ...] = ()
    for field in (None, *config.fields):
        found = found or hours.in_force(config, day, field).working
    seconds = [tuple(hours.instant(config, day.date, at) for at in (window.start, window.end)) for window in found]
    return [((start - now).total_seconds(), (end - now).total_seconds()) for start, end in seconds]


def _spells(counter: Counter, windows: list[tuple[float, float]], now: datetime) -> tuple[tuple[float, float], ...]:
    """When a counter works from now on: what is open goes on, what was open today comes back after a break, and before
    the first opening all are expected."""
    ahead = [window for window in windows if window[1] > 0]
    if counter.is_open:
        if not ahead or ahead[0][0] > 0:
            return ((0.0, 0.0), *ahead)
        return ((0.0, ahead[0][1]), *ahead[1:])
    since = (counter.since - now).total_seconds() if counter.since is not None else -math.inf
    if ahead and ahead[0][0] <= 0:  # it is working time, and this counter does not work
        begun, end = ahead[0]
        if counter.state is CounterState.PAUSED:
            return ((max(0.0, since + PAUSE_S), end), *ahead[1:])
        if -begun < OPENING_S and since <= begun:
            return tuple(ahead)
        return tuple(ahead[1:]) if counter.since is not None else ()
    was_open = counter.since is not None
    is_first = len(ahead) == len(windows)
    return tuple(ahead) if was_open or is_first else ()


# -- what else may happen ----------------------------------------------------------------------------------------------


def _moves(learnt: Learnt, code: str, index: dict[str, int]) -> tuple[tuple[int, float], ...]:
    rows = learnt.moves.get(code, {})
    whole = sum(rows.values()) + MOVES
    return tuple((index[to], count / whole) for to, count in rows.items() if to in index)


def _priority(
    state: BranchState, learnt: Learnt, windows: list[tuple[float, float]], now: datetime
) -> tuple[tuple[tuple[float, float], ...], ...]:
    """How many with priority come until when: the usual share of all who are expected. Before a branch has seen a day,
    as many as lately while it works, and fewer after each break."""
    share = learnt.priority.rate(PRIORITY)
    if learnt.arrivals.steps:
        expected = expected_of(state, now, learnt)
    else:
        expected = {code: _as_lately(rate, windows) for code, rate in _hourly(state, now).items()}
    return tuple(_course(expected.get(field.code, []), share) for field in state.configured.fields)


def _course(spans: list[tuple[float, float]], share: float) -> tuple[tuple[float, float], ...]:
    """Spans that follow each other, with visits within each, as instants with visits until then."""
    ends = accumulate(length for length, _ in spans)
    return tuple(zip(ends, accumulate(share * count for _, count in spans), strict=True))


def _as_lately(hourly: float, windows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    spans, until = [], 0.0
    for start, end in windows:
        if end > 0:
            begins = (
                until if (start, end) == windows[0] else max(until, start)
            )  # people are there before the doors open
            spans += [(begins - until, 0.0), (end - begins, hourly * (end - begins) / 3600)]
            hourly, until = hourly * AFTER_A_BREAK, end
    return spans


def _hourly(state: BranchState, now: datetime) -> dict[str, float]:
    """By field, how many come an hour; by those of the last one, or since the first of the day came."""
    lately, first = _lately(state, now), next(iter(state.tickets.values()), None)
    since = max(FEW_S, (now - first.arrival_at).total_seconds()) if first is not None else 3600.0
    return {code: count * 3600 / min(3600.0, since) for code, count in lately.items()}


def _lately(state: BranchState, now: datetime) -> Tally[str]:
    """By field, how many came in the last hour."""
    lately: Tally[str] = Tally()
    for ticket in reversed(state.tickets.values()):
        if now - ticket.arrival_at > LATELY:
            break
        lately[ticket.field] += 1
    return lately


def could_open(state: BranchState, scene: Scene) -> list[Place]:
    """The counters that are closed now, as they would work if somebody opened them."""
    day = state.day
    assert day is not None
    ahead = tuple((max(0.0, start), end) for start, end in _windows(state, day, scene.at) if end > 0)
    closed = {no for no, counter in state.counters.items() if counter.state is CounterState.CLOSED}
    return [replace(place, spells=ahead) for place in scene.places if place.no in closed and ahead]


def expected_of(state: BranchState, now: datetime, learnt: Learnt) -> dict[str, list[tuple[float, float]]]:
    """Who is still to come today: by field, visits within one quarter of an hour after the other, from now on. Before a
    branch has seen a day, as many as in the last hour for two more."""
    day = state.day
    assert day is not None
    came = {code: row.issued for code, row in state.fields.items()}
    still = still_expected(learnt.arrivals, state.configured, day.date, now, came)
    if still is None:
        return {code: [(2 * 3600.0, 2.0 * count)] for code, count in _lately(state, now).items()}
    rest_s = STEP_S - now.timestamp() % STEP_S
    present = step_of(state.configured, now)
    found: dict[str, list[tuple[float, float]]] = {}
    for code, steps in still.items():
        last = max(steps, default=present)
        found[code] = [
            (rest_s if step == present else float(STEP_S), steps.get(step, 0.0)) for step in range(present, last + 1)
        ]
    return found
