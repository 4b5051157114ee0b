"""What is to come at a branch: the rule itself, played forward some twenty times from how things stand.

`Scene` is how things stand, in plain figures, so that it can be sent to another process; `foresee` plays it and says
when each waiting ticket, and somebody who came now, would be called. Nothing here reads a clock or a state.
All times are in seconds from now.
"""

from __future__ import annotations

import heapq
import math
import random
from bisect import insort
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from statistics import NormalDist
from typing import NamedTuple

from msgspec import Struct

from queue_server.domain.configuration import RoutingRule
from queue_server.domain.counters import Runs
from queue_server.domain.learning import Law, work
from queue_server.domain.routing import Heads, pick
from queue_server.domain.tickets import Stream

PLAYS = 20
LEFT_OUT = 1
"""So many of the earliest and latest plays are outside of the range: of twenty exact plays, 17 of 21 next ones lie in
what is left, four fifths."""
HORIZON_S = 10 * 3600.0
NOBODY = -1
STREAMS = tuple(Stream)
PRIORITY, DUE, ORDINARY = range(3)
BEST, OLDEST, EARLY = 2, 3, 4
"""Places in `routing.Heads`, of which the first two are those of the streams."""
ASKING = (PRIORITY, ORDINARY)
"""The streams of people who have no number yet."""
STEPS_MOST = 20_000
"""A play that goes on for longer is not believed."""

_NORMAL = NormalDist()


class Waiting(Struct, frozen=True, array_like=True):
    """Somebody who waits. `since` is the place in the queue (in the past, so below 0); `began` is when this wait began,
    of somebody with priority the arrival. `counter` is the only counter that may call before `loosens`, both by index;
    `ticket` is "" for somebody who may still come."""

    ticket: str
    field: int
    stream: int
    since: float
    began: float
    dossiers: int = 1
    not_before: float = 0.0
    counter: int = NOBODY
    loosens: float = 0.0


class Busy(Struct, frozen=True, array_like=True):
    """Somebody of this field, with so many dossiers, has occupied a counter for so long."""

    field: int
    so_far: float
    dossiers: int = 1


class Place(Struct, frozen=True, array_like=True):
    """A counter. `takes` are the fields by index, with the seconds that a helping field gives away; `spells` are the
    times to come in which it works; `doubt` is how far the logarithms of all its services may be off."""

    no: int
    takes: tuple[tuple[int, float], ...]
    runs: tuple[int, int, int]
    spells: tuple[tuple[float, float], ...]
    laws: tuple[Law, ...]
    busy: Busy | None = None
    doubt: float = 0.0


class Scene(Struct, frozen=True, tag="scene"):
    """How things stand `at` this instant. `moves` holds for each field the chances that a visit goes on elsewhere, and
    `priority` how many with priority are expected there: until then so many, all told. `closes` is when the day's last
    counters close. `doubts` say how far the logarithms of each field's services may be off: what is long ahead is
    uncertain for that reason most. In the fields of `bound` somebody may come for one counter only. `priority_calls`
    hold of each field the arrivals of those with priority who were called and came last, as many as the rule needs."""

    at: datetime
    rule: RoutingRule
    fields: tuple[str, ...]
    means: tuple[float, ...]
    places: tuple[Place, ...]
    waiting: tuple[Waiting, ...]
    moves: tuple[tuple[tuple[int, float], ...], ...]
    priority: tuple[tuple[tuple[float, float], ...], ...]
    absent: float
    absent_s: float
    closes: float
    doubts: tuple[float, ...] = ()
    bound: tuple[int, ...] = ()
    priority_calls: tuple[tuple[float, ...], ...] = ()


class Range(Struct, frozen=True, array_like=True):
    """Seconds from now: the likely value, and a range that holds four times out of five."""

    likely: float
    low: float
    high: float


class FieldOutlook(Struct, frozen=True):
    """Somebody who came now: the wait, and that of somebody with priority; None where it cannot be said.

    `people` wait now, `priority_people` of them with priority, and each more lets those behind wait `pace` longer.
    `served` of those who wait now are called before closing, `unserved` are not; `takes_more` says whether somebody who
    came now would be, `takes_more_priority` whether somebody with priority would. `counters` holds the wait of somebody
    who came now for one counter only.
    """

    wait: Range | None
    priority_wait: Range | None
    people: int
    priority_people: int
    pace: float
    served: float
    unserved: float
    takes_more: bool
    takes_more_priority: bool = True
    counters: dict[int, Range] = {}


class Asked(Struct, frozen=True):
    """People who were asked for, until then: from the branch `lender` ("lend"), or the mobile team ("mobile")."""

    kind: str
    lender: str
    fields: tuple[str, ...]
    at: datetime
    until: datetime


class Outlook(Struct, frozen=True):
    """What is to come, as it looked `at`: of each waiting ticket, and of each field; and who was asked to come. `shut`
    are the fields of which no more numbers are given today, or none until staff say so."""

    at: datetime
    tickets: dict[str, Range | None]
    fields: dict[str, FieldOutlook]
    asked: tuple[Asked, ...] = ()
    shut: tuple[str, ...] = ()


def foresee(scene: Scene, *, plays: int = PLAYS, seed: int | str = 0) -> Outlook:
    """The median and the range over so many plays."""
    fields = range(len(scene.fields))
    called: list[list[float]] = [[] for _ in scene.waiting]
    probed: dict[tuple[int, int], list[float]] = {(field, stream): [] for field in fields for stream in ASKING}
    at_places: dict[tuple[int, int], list[float]] = {key: [] for key in _for_one_counter(scene)}
    for number in range(plays):
        play = Play(scene, random.Random(f"{seed}/{number}"))
        play.run()
        for times, at in zip(called, play.called, strict=True):
            times.append(at)
        for key, times in probed.items():
            times.append(play.probed.get(key, math.inf))
        for key, times in at_places.items():
            times.append(play.at_places.get(key, math.inf))
    closes = min(scene.closes, HORIZON_S)
    unserved = [sum(at > closes for at in times) / plays for times in called]
    tickets = {each.ticket: _range(times) for each, times in zip(scene.waiting, called, strict=True)}
    outlooks = {}
    for field in fields:
        mine = [share for each, share in zip(scene.waiting, unserved, strict=True) if each.field == field]
        first, second = probed[field, PRIORITY], probed[field, ORDINARY]
        outlooks[scene.fields[field]] = FieldOutlook(
            wait=_range(second),
            priority_wait=_range(first),
            people=len(mine),
            priority_people=sum(each.field == field and each.stream == PRIORITY for each in scene.waiting),
            pace=_pace(scene, field),
            served=len(mine) - sum(mine),
            unserved=sum(mine),
            takes_more=_mostly_by(closes, second),
            takes_more_priority=_mostly_by(closes, first),
            counters={
                scene.places[place].no: wait
                for (code, place), times in at_places.items()
                if code == field and (wait := _range(times)) is not None
            },
        )
    return Outlook(scene.at, tickets, outlooks)


def _for_one_counter(scene: Scene) -> set[tuple[int, int]]:
    """Field and counter for which somebody may come: the counter takes it, and works now."""
    works = (index for index, place in enumerate(scene.places) if place.spells and place.spells[0][0] <= 0)
    return {(field, place) for place in works for field, _ in scene.places[place].takes if field in scene.bound}


def _mostly_by(closes: float, times: list[float]) -> bool:
    """In half of the plays at least."""
    return 2 * sum(at <= closes for at in times) >= len(times)


def _pace(scene: Scene, field: int) -> float:
    """A mean service, shared by the counters that take the field."""
    takers = [place for place in scene.places if place.spells and any(code == field for code, _ in place.takes)]
    if not takers:
        return 0.0
    rate = sum(1.0 / place.laws[field].mean_s for place in takers)
    return 1.0 / rate


def _range(times: list[float]) -> Range | None:
    """None when a good part of the plays never call: nobody can say then."""
    ordered = sorted(times)
    if not ordered or ordered[-1 - LEFT_OUT] > HORIZON_S:
        return None
    half = len(ordered) // 2
    middle = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return Range(middle, ordered[LEFT_OUT], ordered[-1 - LEFT_OUT])


class _Entry(NamedTuple):
    """Somebody in a play's queue, in the order of being called: `ticket` is the index of who waits now, larger for who
    comes later."""

    since: float
    number: int
    ticket: int
    each: Waiting


class _Heads:
    """The first ones that a counter may call, as `routing.Heads` has them: each with the queue in which it stands."""

    def __init__(self) -> None:
        self.found: list[tuple[_Entry, list[_Entry]] | None] = [None] * len(Heads._fields)
        self.worth: list[float | None] = [None] * len(Heads._fields)
        self.is_overtaken = False

    def add(self, entry: _Entry, queue: list[_Entry], waited: float, score: float) -> None:
        if entry.each.stream == ORDINARY:
            self._keep(BEST, entry, queue, score)
            self._keep(OLDEST, entry, queue, waited)
        else:
            self._keep(
                PRIORITY if entry.each.stream == PRIORITY else DUE if waited >= 0 else EARLY, entry, queue, waited
            )

    def _keep(self, place: int, entry: _Entry, queue: list[_Entry], worth: float) -> None:
        was, found = self.worth[place], self.found[place]
        if was is None or found is None or worth > was or (worth == was and entry < found[0]):
            self.found[place], self.worth[place] = (entry, queue), worth

    def pick(self, rule: RoutingRule, runs: Runs) -> tuple[_Entry, list[_Entry]] | None:
        picked = pick(rule, runs, Heads(*self.worth), is_overtaken=self.is_overtaken)
        return None if picked is None else self.found[Heads._fields.index(picked.head)]

    def copy(self) -> _Heads:
        other = _Heads()
        other.found, other.worth = self.found.copy(), self.worth.copy()
        other.is_overtaken = self.is_overtaken
        return other


class Play:
    """One play. `called` holds the instant of each waiting ticket's call, `probed` that of somebody who came now, for
    each field with priority and without: who only asks takes no time, and nobody else waits for him. `at_places` holds
    that of somebody for this counter only, by field and place. `later` holds when those are called who come at the
    given instants to the given fields."""

    def __init__(self, scene: Scene, chance: random.Random, coming: Sequence[tuple[float, int]] = ()) -> None:
        self._scene = scene
        self._rule = scene.rule
        self._chance = chance
        self.called = [math.inf] * len(scene.waiting)
        self.later = [math.inf] * len(coming)
        self.probed: dict[tuple[int, int], float] = {}
        self._unprobed = {(field, stream) for field in range(len(scene.fields)) for stream in ASKING}
        self.at_places: dict[tuple[int, int], float] = {}
        self._unprobed_at = _for_one_counter(scene)
        self._waits = len(scene.waiting) + len(coming)
        self._nobody = self._waits
        self._queues: list[list[list[_Entry]]] = [[[], [], []] for _ in scene.fields]
        self._events: list[tuple[float, int, int, _Entry | None]] = []
        self._number = 0
        self._runs = [Runs(*place.runs) for place in scene.places]
        self._fields_off = [chance.gauss(0.0, doubt) for doubt in scene.doubts] or [0.0] * len(scene.fields)
        self._places_off = [chance.gauss(0.0, place.doubt) for place in scene.places]
        self._idle: list[tuple[int, int]] = []
        self._calls = [list(each) for each in scene.priority_calls] or [[] for _ in scene.fields]
        self._overtaken_since = [-math.inf] * len(scene.fields)
        for field in range(len(scene.fields)):
            self._look_overtaken(field)
        for index, each in enumerate(scene.waiting):
            self._add(_Entry(each.since, self._next(), index, each))
        for index, (at, field) in enumerate(coming, len(scene.waiting)):
            self._at(at, NOBODY, _Entry(at, self._next(), index, Waiting("", field, ORDINARY, at, at)))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _add(self, entry: _Entry) -> None:
        insort(self._queues[entry.each.field][entry.each.stream], entry)

    def _at(self, at: float, place: int, entry: _Entry | None = None) -> None:
        heapq.heappush(self._events, (at, self._next(), place, entry))

    # -- the course of things ------------------------------------------------------------------------------------------

    def run(self) -> None:
        scene = self._scene
        fewest_skills = sorted(range(len(scene.places)), key=lambda index: (len(scene.places[index].takes), index))
        for index in fewest_skills:
            each = scene.places[index]
            if each.busy is not None:
                self._at(self._remaining(each.busy, self._law(index, each.busy.field)), index)
            elif each.spells:
                self._at(max(0.0, each.spells[0][0]), index)
        self._expect_priority()
        for waiting in scene.waiting:
            for at in (waiting.not_before, waiting.loosens):
                if at > 0:
                    self._at(at, NOBODY)
        steps = 0
        while self._events and (self._waits or self._unprobed or self._unprobed_at) and steps < STEPS_MOST:
            steps += 1
            at, _, place, entry = heapq.heappop(self._events)
            if at > HORIZON_S:
                return
            if entry is not None:
                self._add(entry)
            if place != NOBODY:
                self._free(place, at)
            if place == NOBODY or entry is not None:
                self._wake(at)

    def _expect_priority(self) -> None:
        """People with priority who come later: they are called before others who wait already."""
        for field, course in enumerate(self._scene.priority):
            place, came, began = 0, 0.0, (0.0, 0.0)
            while course:
                came += self._chance.expovariate(1.0)
                while place < len(course) and course[place][1] < came:
                    began, place = course[place], place + 1
                if place == len(course):
                    break
                end, until_then = course[place]
                at = began[0] + (end - began[0]) * (came - began[1]) / (until_then - began[1])
                self._at(at, NOBODY, _Entry(at, self._next(), self._nobody, Waiting("", field, PRIORITY, at, at)))

    def _wake(self, at: float) -> None:
        """Somebody may be called who could not be before: idle counters look, those with the fewest skills first."""
        idle, self._idle = self._idle, []
        for _, place in idle:
            self._free(place, at)

    def _free(self, place: int, at: float) -> None:
        """A counter without anybody: it goes when its time is over, else it calls, else it is idle."""
        spell = self._spell(place, at)
        if spell is None:
            return
        if spell[0] > at:
            self._at(spell[0], place)
            return
        entry = self._choose(place, at)
        if entry is not None:
            self._note(entry.ticket, at)
            self._serve(place, at, entry)
            return
        if spell[1] != math.inf:
            insort(self._idle, (len(self._scene.places[place].takes), place))

    def _note(self, ticket: int, at: float) -> None:
        """The first call of somebody whom anybody asks about."""
        times, index = (self.called, ticket) if ticket < len(self.called) else (self.later, ticket - len(self.called))
        if index < len(times) and times[index] == math.inf:
            times[index] = at
            self._waits -= 1

    def _spell(self, place: int, at: float) -> tuple[float, float] | None:
        """The time of work that it is in, or the next; after the last one it goes on as long as somebody waits."""
        spells = self._scene.places[place].spells
        for spell in spells:
            if at < spell[1]:
                return spell
        return (at, math.inf) if spells else None

    def _serve(self, place: int, at: float, entry: _Entry) -> None:
        scene, chance, each = self._scene, self._chance, entry.each
        stream = STREAMS[each.stream]
        self._runs[place] = self._runs[place].then(stream)
        if each.stream == PRIORITY:
            self._note_priority(place, each.began)
        if chance.random() < scene.absent:
            self._at(at + scene.absent_s, place)
            return
        turn = self._rule.turn(each.dossiers)
        law = self._law(place, each.field)
        ends = at + math.exp(chance.gauss(law.centre, law.spread)) * work(turn)
        self._at(ends, place, self._goes_on(entry, ends, turn))

    def _note_priority(self, place: int, came: float) -> None:
        """Who waits in the place's fields since before then was overtaken."""
        for field, _ in self._scene.places[place].takes:
            insort(self._calls[field], came)
            self._look_overtaken(field)

    def _look_overtaken(self, field: int) -> None:
        """As `overtaking.overtaken_since`."""
        most, calls = self._rule.overtaken_most, self._calls[field]
        if most is not None and len(calls) >= most:
            self._overtaken_since[field] = calls[-most]

    def _law(self, place: int, field: int) -> Law:
        """Of a service, as it is in this play."""
        law = self._scene.places[place].laws[field]
        return Law(law.centre + self._fields_off[field] + self._places_off[place], law.spread)

    def _goes_on(self, entry: _Entry, at: float, turn: int) -> _Entry | None:
        """Who stands in a queue again: the rest of a bulk submitter's dossiers, or the visit's next field."""
        each, late = entry.each, self._nobody
        began = each.began if each.stream == PRIORITY else at
        if each.dossiers > turn:
            stream = ORDINARY if each.stream == DUE else each.stream
            return _Entry(at, self._next(), late, Waiting("", each.field, stream, at, began, each.dossiers - turn))
        drawn = self._chance.random()
        for to, chance in self._scene.moves[each.field]:
            drawn -= chance
            if drawn < 0:
                return _Entry(entry.since, self._next(), late, Waiting("", to, each.stream, entry.since, began))
        return None

    def _remaining(self, busy: Busy, law: Law) -> float:
        """How much longer a service takes that has taken so long already."""
        scale = work(self._rule.turn(busy.dossiers))
        so_far = max(busy.so_far / scale, 1.0)
        if not law.spread:
            return max(0.0, math.exp(law.centre) - so_far) * scale
        below = _NORMAL.cdf((math.log(so_far) - law.centre) / law.spread)
        drawn = below + (1 - below) * self._chance.random()
        if drawn >= 1 - 1e-9:  # far longer than any that was seen: as long again, for want of anything better
            return self._chance.expovariate(1 / so_far)
        whole = math.exp(law.centre + law.spread * _NORMAL.inv_cdf(max(drawn, 1e-12)))
        return max(0.0, (whole - so_far) * scale)

    # -- choosing ------------------------------------------------------------------------------------------------------

    def _choose(self, place: int, at: float) -> _Entry | None:
        """Takes whom the rule picks out of the queues."""
        heads, asking = _Heads(), []
        for field, handicap in self._scene.places[place].takes:
            pressure = self._rule.pressure_weight and self._rule.pressure_weight * self._pressure(place, field)
            since = self._overtaken_since[field]
            for stream, queue in enumerate(self._queues[field]):
                head = self._head(queue, place, at)
                if head is not None:
                    waited = at - head.since
                    heads.add(head, queue, waited, waited + pressure - handicap)
                    if stream == ORDINARY and head.since < since and not heads.is_overtaken:
                        heads.is_overtaken = self._is_overtaken(queue, place, at, since)
                is_asked = (field, stream) in self._unprobed or (
                    stream == ORDINARY and (field, place) in self._unprobed_at
                )
                if is_asked and (head is None or head.since > 0):
                    asking.append((field, stream, at + pressure - handicap))
        for field, stream, score in asking:
            self._ask(heads, place, field, stream, at, score)
        taken = heads.pick(self._rule, self._runs[place])
        if taken is None:
            return None
        entry, queue = taken
        queue.remove(entry)
        return entry

    def _ask(self, heads: _Heads, place: int, field: int, stream: int, at: float, score: float) -> None:
        """Whether somebody who came now would be the one."""
        with_probe, probe = heads.copy(), _Entry(0.0, 0, NOBODY, Waiting("", field, stream, 0.0, 0.0))
        with_probe.add(probe, [], at, score)
        if stream == ORDINARY and self._overtaken_since[field] > 0:
            with_probe.is_overtaken = True
        taken = with_probe.pick(self._rule, self._runs[place])
        if taken is not None and taken[0] is probe:
            self.probed.setdefault((field, stream), at)
            self._unprobed.discard((field, stream))
            if stream == ORDINARY and (field, place) in self._unprobed_at:
                self.at_places[field, place] = at
                self._unprobed_at.remove((field, place))

    def _is_overtaken(self, queue: list[_Entry], place: int, at: float, since: float) -> bool:
        """As `routing.is_overtaken`."""
        ahead = takewhile(lambda entry: entry.since < since, queue)
        return self._head((entry for entry in ahead if entry.each.began < since), place, at) is not None

    @staticmethod
    def _head(queue: Iterable[_Entry], place: int, at: float) -> _Entry | None:
        for entry in queue:
            each = entry.each
            if each.not_before <= at and (each.counter in (NOBODY, place) or each.loosens <= at):
                return entry
        return None

    def _pressure(self, place: int, field: int) -> float:
        others = 0
        for index, each in enumerate(self._scene.places):
            others += index != place and bool(each.spells) and any(code == field for code, _ in each.takes)
        count = sum(map(len, self._queues[field]))
        return count * self._scene.means[field] / max(1, others)
