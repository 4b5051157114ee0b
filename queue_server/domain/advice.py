"""What a manager may do about a queue, each with what it would bring, by playing it.

Pure: scenes in, advice out. The choices are those that a manager has: open a closed counter, let an open one take the
most pressed field too, bring somebody from another branch, have a mobile team come; and where nothing of that is worth
it, close a counter that is hardly missed. Every choice is played with the same chances as leaving things as they are,
with those who are still expected, and only what clearly helps, or clearly costs next to nothing, is advised.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from queue_server.domain.foresight import HORIZON_S as FARTHEST_S
from queue_server.domain.foresight import Place, Play, Scene

PLAYS = 12
HORIZON_S = 2 * 3600.0
"""Those who wait now and who come within this time are looked at."""
SAVES_LEAST_S = 1800.0
"""All people together; less is not worth moving anybody."""
CLEARLY = 2.0
"""The saving is at least so many of its standard errors over the plays."""
CHOICES_MOST = 8
SPARED_MOST_S = SAVES_LEAST_S / 2
"""All people together wait so much longer at most for a counter that is hardly missed: it is not opened again soon;"""
SPARED_WAIT_S = 300.0
"""and on average no longer than this."""
SPARED_LEAST_S = 3600.0
"""So much later it would close anyhow; less is not worth getting up for."""
GUEST = 0
"""The number of a counter that is none of ours; others go down from it."""


class Effect(Struct, frozen=True):
    """With and without: mean wait in seconds of all who wait or come within the horizon, and how many of them are not
    called before closing."""

    people: float
    wait_before: float
    wait_after: float
    unserved_before: float
    unserved_after: float

    @property
    def saves_s(self) -> float:
        """Of all people together."""
        return self.people * (self.wait_before - self.wait_after)


class Near(Struct, frozen=True):
    """The same of those whose fields the advice concerns, and only of the first `span_s` from now: whoever waits longer
    counts so far. So it can be held against what came as soon as that time is over. Mean waits in seconds."""

    fields: tuple[str, ...]
    span_s: float
    people: float
    wait_before: float
    wait_after: float


class Advice(Struct, frozen=True):
    """`kind` is "open" (counter `no` with `fields`), "assign" (counter `no` takes `fields` besides), "lend" (somebody
    from branch `lender`, where waits then are as `cost` says, opens a counter with `fields`), "mobile" (the team
    `lender` comes for `fields`) or "close" (counter `no`, which takes `fields`). Of `fields` the most pressed is the
    first."""

    kind: str
    fields: tuple[str, ...]
    effect: Effect
    near: Near
    no: int = 0
    lender: str = ""
    cost: Effect | None = None


class Advices(Struct, frozen=True):
    """What helps most first, as it looked `at`."""

    at: datetime
    found: list[Advice]


Expected = dict[str, list[tuple[float, float]]]
"""By field: so many visits within so many seconds from now, one after the other: (seconds, visits)."""


class Lender(Struct, frozen=True):
    """A branch from which somebody may come, so long a way off: how things stand there, and who is still to come."""

    scene: Scene
    expected: Expected
    way_s: float = 0.0


class Visiting(Struct, frozen=True):
    """A mobile team that might come: so many people, so long a way off, for these fields or any."""

    people: int
    way_s: float
    fields: tuple[str, ...] = ()


class Question(Struct, frozen=True, tag="question"):
    """What may be done about this? With the counters that could be opened, who is still to come, branches that might
    lend somebody, the agency of each field, whose staff does that work and no other (nothing where all do all), and
    mobile teams that are free."""

    scene: Scene
    closed: list[Place]
    expected: Expected
    lenders: dict[str, Lender] = {}
    agencies: dict[str, str] = {}
    teams: dict[str, Visiting] = {}


def consider(question: Question, *, seed: int | str = 0) -> Advices:
    """All that might be done, with one branch at most that lends somebody, and one team; or one counter to close."""
    scene, expected = question.scene, question.expected
    here = advise(scene, question.closed, expected, agencies=question.agencies, seed=seed).found
    lent = lend(scene, expected, question.lenders, seed=seed)[:1]
    sent = send(scene, expected, question.teams, seed=seed)[:1]
    helping = sorted([*here, *lent, *sent], key=lambda each: -each.effect.saves_s)
    return Advices(scene.at, helping or spare(scene, expected, seed=seed)[:1])


def advise(
    scene: Scene,
    closed: Sequence[Place],
    expected: Expected,
    *,
    agencies: Mapping[str, str] | None = None,
    seed: int | str = 0,
) -> Advices:
    """What might be done here. `closed` are the counters that could be opened, as they would be then."""
    base = outcomes(scene, expected, seed)
    found = []
    for kind, no, fields, changed in _choices(scene, closed, agencies or {}):
        after = outcomes(changed, expected, seed)
        effect = compare(base, after)
        if effect is not None:
            found.append(Advice(kind, fields, effect, _near(changed, no, base, after), no))
    return Advices(scene.at, sorted(found, key=lambda each: -each.effect.saves_s))


def lend(scene: Scene, expected: Expected, lenders: Mapping[str, Lender], *, seed: int | str = 0) -> list[Advice]:
    """From which branch somebody would come with the least loss there, for the most pressed field here: somebody whose
    counter takes that field."""
    pressed = next(iter(_pressed(scene)), None)
    if pressed is None or not lenders:
        return []
    code = scene.fields[pressed]
    base = outcomes(scene, expected, seed)
    found = []
    for branch, lender in lenders.items():
        spare = _least_needed(lender.scene, code)
        if spare is None:
            continue
        helped = _with(scene, _guest(scene, pressed, lender.way_s))
        after = outcomes(helped, expected, seed)
        gain = compare(base, after)
        if gain is None:
            continue
        before = outcomes(lender.scene, lender.expected, seed)
        cost = _effect(before, outcomes(_without(lender.scene, spare), lender.expected, seed))
        if cost.unserved_after <= cost.unserved_before and -cost.saves_s < 0.5 * gain.saves_s:
            near = _near(helped, GUEST, base, after)
            found.append(Advice("lend", (code,), gain, near, lender=branch, cost=cost))
    return sorted(found, key=lambda each: -(each.effect.saves_s + (each.cost.saves_s if each.cost else 0.0)))


def send(scene: Scene, expected: Expected, teams: Mapping[str, Visiting], *, seed: int | str = 0) -> list[Advice]:
    """Which mobile team would help most with the most pressed field that it does, all its people at once."""
    pressed = _pressed(scene)
    base = outcomes(scene, expected, seed) if teams and pressed else []
    found = []
    for team, visiting in teams.items():
        field = next((each for each in pressed if not visiting.fields or scene.fields[each] in visiting.fields), None)
        if field is None:
            continue
        helped = scene
        for guest in range(visiting.people):
            helped = _with(helped, replace(_guest(scene, field, visiting.way_s), no=GUEST - guest))
        after = outcomes(helped, expected, seed)
        gain = compare(base, after)
        if gain is not None:
            found.append(Advice("mobile", (scene.fields[field],), gain, _near(helped, GUEST, base, after), lender=team))
    return sorted(found, key=lambda each: -each.effect.saves_s)


def spare(scene: Scene, expected: Expected, *, seed: int | str = 0) -> list[Advice]:
    """Which idle counter is hardly missed until it would close anyhow. Where nobody is expected nobody knows that."""
    idle = [index for index, place in enumerate(scene.places) if _is_idle(scene, index, place)]
    if scene.closes < SPARED_LEAST_S or not idle:
        return []
    base = outcomes(scene, expected, seed)
    found = []
    for index in idle[:CHOICES_MOST]:
        place = scene.places[index]
        after = outcomes(_without(scene, index), expected, seed)
        effect = _effect(base, after)
        longer = [other.waited - one.waited for one, other in zip(base, after, strict=True)]
        most_s = statistics.mean(longer) + CLEARLY * statistics.stdev(longer) / len(longer) ** 0.5
        is_short = most_s <= SPARED_MOST_S and effect.wait_after <= SPARED_WAIT_S
        if effect.people >= 1 and is_short and effect.unserved_after <= effect.unserved_before:
            fields = tuple(scene.fields[code] for code, _ in place.takes)
            found.append(Advice("close", fields, effect, _near(scene, place.no, base, after), place.no))
    return sorted(found, key=lambda each: -each.effect.saves_s)


def _is_idle(scene: Scene, index: int, place: Place) -> bool:
    """Open with nobody at it, and for each of its fields another open counter."""
    others = {code for i, other in enumerate(scene.places) if i != index and other.spells for code, _ in other.takes}
    return bool(place.spells) and place.busy is None and all(code in others for code, _ in place.takes)


# -- choices -----------------------------------------------------------------------------------------------------------


def _choices(
    scene: Scene, closed: Sequence[Place], agencies: Mapping[str, str]
) -> Iterator[tuple[str, int, tuple[str, ...], Scene]]:
    """At most so many, those about the most pressed fields first."""
    pressed = _pressed(scene)
    found: list[tuple[str, int, tuple[str, ...], Scene]] = []
    for field in pressed:
        for place in closed:
            if any(code == field for code, _ in place.takes):
                fields = tuple(scene.fields[code] for code in dict.fromkeys((field, *(own for own, _ in place.takes))))
                found.append(("open", place.no, fields, _with(scene, place)))
        for index, place in enumerate(scene.places):
            if place.spells and _could_learn(scene, place, field, agencies) and not _is_pressed(place, pressed):
                taking = replace(place, takes=(*place.takes, (field, 0.0)))
                places = (*scene.places[:index], taking, *scene.places[index + 1 :])
                found.append(("assign", place.no, (scene.fields[field],), replace(scene, places=places)))
    seen: set[tuple[str, int]] = set()
    for choice in found:
        if choice[:2] not in seen and len(seen) < CHOICES_MOST:
            seen.add(choice[:2])
            yield choice


def _pressed(scene: Scene) -> list[int]:
    """Fields by waiting work for each open counter that takes them, the most pressed first; those with none waiting not
    at all."""
    pressure = {}
    for field in range(len(scene.fields)):
        waiting = sum(each.field == field for each in scene.waiting)
        takers = sum(bool(place.spells) and any(code == field for code, _ in place.takes) for place in scene.places)
        if waiting:
            pressure[field] = waiting * scene.means[field] / (takers or 0.5)
    return sorted(pressure, key=lambda field: -pressure[field])


def _could_learn(scene: Scene, place: Place, field: int, agencies: Mapping[str, str]) -> bool:
    """Whether it does not take this field yet, and its staff is of that field's agency."""
    taken = [code for code, _ in place.takes]
    agency = agencies.get(scene.fields[field])
    return field not in taken and any(agencies.get(scene.fields[code]) == agency for code in taken)


def _is_pressed(place: Place, pressed: Sequence[int]) -> bool:
    """Whether one of its own fields is among the two most pressed: it has enough to do."""
    return any(code in pressed[:2] for code, _ in place.takes)


def _least_needed(scene: Scene, code: str) -> int | None:
    """Of the open counters that take this field, the one whose fields have the least waiting work; None where there is
    none, or only one counter is open."""
    pressed = _pressed(scene)
    open_places = [index for index, place in enumerate(scene.places) if place.spells]
    able = [index for index in open_places if any(scene.fields[own] == code for own, _ in scene.places[index].takes)]
    if len(open_places) < 2 or not able:
        return None

    def rank(index: int) -> int:
        ranks = [pressed.index(code) for code, _ in scene.places[index].takes if code in pressed]
        return -min(ranks, default=len(pressed))

    return min(able, key=rank)


def _guest(scene: Scene, field: int, way_s: float) -> Place:
    """Somebody who comes to help with one field, as fast as those who are there, when the way is done."""
    laws = [place.laws for place in scene.places if any(code == field for code, _ in place.takes)]
    spells = next((place.spells for place in scene.places if place.spells), ((0.0, scene.closes),))
    spells = tuple((max(start, way_s), end) for start, end in spells if end > way_s)
    return Place(
        no=GUEST, takes=((field, 0.0),), runs=(0, 0, 0), spells=spells, laws=(laws or [scene.places[0].laws])[0]
    )


def _with(scene: Scene, place: Place) -> Scene:
    kept = tuple(each for each in scene.places if each.no != place.no)
    return replace(scene, places=(*kept, place))


def _without(scene: Scene, index: int) -> Scene:
    """The counter goes when it is done with whom it has; who is bound to it may go elsewhere."""
    gone = replace(scene.places[index], spells=())
    return replace(scene, places=(*scene.places[:index], gone, *scene.places[index + 1 :]))


# -- what comes of them ------------------------------------------------------------------------------------------------


class Outcome(Struct, frozen=True):
    """Of one play: people, their waits together in seconds, and how many are not called before closing. By field, how
    many of them there are within `span_of`, and their waits together within that time."""

    people: int
    waited: float
    unserved: int
    near_people: tuple[int, ...]
    near_waited: tuple[float, ...]


def outcomes(scene: Scene, expected: Expected, seed: int | str) -> list[Outcome]:
    """Each play has chances of its own, the same whatever is changed about the counters."""
    found = []
    for number in range(PLAYS):
        coming = list(_coming(scene, expected, random.Random(f"{seed}/{number}/coming")))
        plain = replace(scene, priority=(0.0,) * len(scene.fields), bound=())
        play = Play(plain, random.Random(f"{seed}/{number}"), coming)
        play.run()
        found.append(_outcome(scene, play, coming))
    return found


def _coming(scene: Scene, expected: Expected, chance: random.Random) -> Iterator[tuple[float, int]]:
    """Instants and fields of those who come within the horizon."""
    for field, code in enumerate(scene.fields):
        begins = 0.0
        for seconds, visits in expected.get(code, ()):
            at = begins
            while visits > 0 and (at := at + chance.expovariate(visits / seconds)) < min(begins + seconds, HORIZON_S):
                yield at, field
            begins += seconds


def span_of(scene: Scene) -> float:
    """Seconds from now that can be held against what came: the horizon, or until closing."""
    return min(HORIZON_S, scene.closes) if scene.closes > 0 else HORIZON_S


def _outcome(scene: Scene, play: Play, coming: Sequence[tuple[float, int]]) -> Outcome:
    """Who is never called waits until closing, or to the end of what is looked at where that is later."""
    closes = min(scene.closes, FARTHEST_S)
    ends, span = max(closes, HORIZON_S), span_of(scene)
    here = ((0.0, each.field, at) for each, at in zip(scene.waiting, play.called, strict=True))
    later = ((since, field, at) for (since, field), at in zip(coming, play.later, strict=True))
    waited, unserved = 0.0, 0
    near_people, near_waited = [0] * len(scene.fields), [0.0] * len(scene.fields)
    for since, field, at in (*here, *later):
        waited += max(0.0, min(at, ends) - since)
        unserved += at > closes
        if since < span:
            near_people[field] += 1
            near_waited[field] += max(0.0, min(at, span) - since)
    people = len(play.called) + len(coming)
    return Outcome(people, waited, unserved, tuple(near_people), tuple(near_waited))


def compare(before: Sequence[Outcome], after: Sequence[Outcome]) -> Effect | None:
    """None where it does not clearly help."""
    saved = [one.waited - other.waited for one, other in zip(before, after, strict=True)]
    mean = statistics.mean(saved)
    error = statistics.stdev(saved) / len(saved) ** 0.5
    return _effect(before, after) if mean >= SAVES_LEAST_S and mean >= CLEARLY * error else None


def _effect(before: Sequence[Outcome], after: Sequence[Outcome]) -> Effect:
    people = statistics.mean(each.people for each in before)
    waits = (statistics.mean(each.waited for each in side) / max(people, 1.0) for side in (before, after))
    unserved = (statistics.mean(each.unserved for each in side) for side in (before, after))
    return Effect(people, *waits, *unserved)


def _near(changed: Scene, no: int, before: Sequence[Outcome], after: Sequence[Outcome]) -> Near:
    """Of the fields that the counter `no` takes after the change."""
    fields = [code for place in changed.places if place.no == no for code, _ in place.takes]
    people = statistics.mean(sum(each.near_people[field] for field in fields) for each in before)
    waits = (
        statistics.mean(sum(each.near_waited[field] for field in fields) for each in side) / max(people, 1.0)
        for side in (before, after)
    )
    return Near(tuple(changed.fields[field] for field in fields), span_of(changed), people, *waits)
