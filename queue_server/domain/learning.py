"""How long services really take, learnt per field and counter from the branch's own tickets.

What earlier days have taught comes with `day.opened`; what today adds is derived from the day's tickets. A service is
the time that a ticket occupies a counter, from its call to its end. Its logarithm is taken to be normal (services are
nearly log-normal). How far what was measured may lead away from what was believed, the measurements themselves say:
where fields differ from their beliefs, or counters from each other, by no more than chance would have it, little is
learnt from each (empirical Bayes, after Efron and Morris).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct, field

from queue_server.domain.arrivals import Arrivals
from queue_server.domain.configuration import Field
from queue_server.domain.tickets import StintKind, Ticket, TicketState

DIFFERS = 0.2
"""How much fields are thought to differ from their beliefs, and counters from each other, as a part of the whole; it
weighs as much as `DIFFERS_WEIGHT` fields or counters."""
DIFFERS_WEIGHT = 3.0
FEW = 10.0
"""What so few services say of how much fields or counters differ counts half."""
ALONE = 0.9
"""A counter that has so much of a field serves it alone: there is nothing to compare it with."""
SPREAD_PRIOR = 25.0
"""What was believed of a field's spread counts as so many services."""
FORGETS = 0.95
"""What a day's services still count for a service day later: half after two weeks."""
EXTRA_DOSSIER = 0.6
"""What a further dossier takes of the time of a first one. (Assumed; the clerks' counts will tell.)"""
WALK_S = 20.0
"""From the call to the start; a field's configured time is of the service alone. (Assumed.)"""
UNWALKED_S = 90.0
"""How long a number that nobody answers occupies a counter: called, and called again. (Assumed.)"""
ENDED = frozenset({"ticket.finished", "ticket.transferred", "ticket.step_done", "ticket.held"})


class Measured(Struct, frozen=True, array_like=True):
    """So many logarithms of seconds: their count, sum and sum of squares. Counts of earlier days shrink."""

    count: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Measured) -> Measured:
        return Measured(self.count + other.count, self.total + other.total, self.squares + other.squares)

    def faded(self, by: float) -> Measured:
        return Measured(round(self.count * by, 3), round(self.total * by, 3), round(self.squares * by, 3))


class Share(Struct, frozen=True, array_like=True):
    """How many of how many."""

    count: float = 0.0
    of: float = 0.0

    def __add__(self, other: Share) -> Share:
        return Share(self.count + other.count, self.of + other.of)

    def faded(self, by: float) -> Share:
        return Share(round(self.count * by, 3), round(self.of * by, 3))

    def rate(self, prior: float, weight: float = 20.0) -> float:
        return (self.count + prior * weight) / (self.of + weight)


class Learnt(Struct, frozen=True, omit_defaults=True):
    """What a branch has learnt. Services by field and counter; how many calls nobody answered, how many visits went on
    to which other field, and how many arrivals had priority; and how people come, which is of ended days alone."""

    services: dict[str, dict[int, Measured]] = field(default_factory=dict)
    absent: Share = Share()
    priority: Share = Share()
    moves: dict[str, dict[str, float]] = field(default_factory=dict)
    arrivals: Arrivals = Arrivals()

    def __add__(self, other: Learnt) -> Learnt:
        return Learnt(
            {code: _added(self.services.get(code, {}), other.services.get(code, {}), Measured())
             for code in dict.fromkeys((*self.services, *other.services))},
            self.absent + other.absent,
            self.priority + other.priority,
            {code: _added(self.moves.get(code, {}), other.moves.get(code, {}), 0.0)
             for code in dict.fromkeys((*self.moves, *other.moves))},
            self.arrivals,
        )  # fmt: skip

    def faded(self, by: float = FORGETS) -> Learnt:
        return Learnt(
            {code: {no: each.faded(by) for no, each in rows.items()} for code, rows in self.services.items()},
            self.absent.faded(by),
            self.priority.faded(by),
            {code: {to: round(count * by, 3) for to, count in rows.items()} for code, rows in self.moves.items()},
            self.arrivals,
        )


def _added(one: Mapping, other: Mapping, nothing: object) -> dict:  # type: ignore[type-arg]
    return {key: one.get(key, nothing) + other.get(key, nothing) for key in dict.fromkeys((*one, *other))}


# -- observing ---------------------------------------------------------------------------------------------------------


def learnt_of(tickets: Iterable[Ticket]) -> Learnt:
    """What these tickets teach."""
    services: dict[str, dict[int, Measured]] = {}
    moves: dict[str, dict[str, float]] = {}
    absent, came, priority = 0, 0, 0
    called = 0
    for ticket in tickets:
        if ticket.state is TicketState.VOIDED:
            continue
        came += 1
        priority += ticket.has_priority
        called += bool(ticket.times_called)
        absent += ticket.state is TicketState.NO_SHOW
        for code, no, seconds, to in services_of(ticket):
            if seconds >= 1.0:
                logarithm = math.log(seconds)
                rows = services.setdefault(code, {})
                rows[no] = rows.get(no, Measured()) + Measured(1.0, logarithm, logarithm * logarithm)
            gone = moves.setdefault(code, {})
            gone[to] = gone.get(to, 0.0) + 1.0
    return Learnt(services, Share(absent, called), Share(priority, came), moves)


def services_of(ticket: Ticket) -> Iterator[tuple[str, int, float, str]]:
    """A ticket's ended services whose end somebody saw: field, counter, seconds from the call on for one dossier, and
    the field where the visit went on ("" where it ended). A hold frees the counter, so it ends a service; what is done
    after it is the rest of one, and none by itself."""
    stints = ticket.stints
    for place, stint in enumerate(stints):
        if stint.kind is not StintKind.SERVICE or stint.end is None or stint.counter is None:
            continue
        if stint.is_inexact or stint.ended not in ENDED or ticket.dossiers_done:
            continue
        if any(earlier.kind is StintKind.HOLD and earlier.field == stint.field for earlier in stints[:place]):
            continue
        before = stints[place - 1] if place else stint
        start = before.start if before.kind is StintKind.WALKING and before.end == stint.start else stint.start
        after = stints[place + 1] if place + 1 < len(stints) else None
        to = after.field if after is not None and after.field != stint.field else ""
        dossiers = ticket.dossiers if stint.ended == "ticket.finished" else 1
        yield stint.field, stint.counter, (stint.end - start).total_seconds() / work(dossiers), to


def work(dossiers: int) -> float:
    """How many services of one dossier so many take."""
    return 1.0 + EXTRA_DOSSIER * (dossiers - 1)


# -- believing ---------------------------------------------------------------------------------------------------------


class Law(Struct, frozen=True, array_like=True):
    """A log-normal service: mean and standard deviation of the logarithm of its seconds."""

    centre: float
    spread: float

    @property
    def mean_s(self) -> float:
        return math.exp(self.centre + self.spread * self.spread / 2)

    @classmethod
    def of(cls, mean_s: float, cv: float) -> Law:
        variance = math.log(1 + cv * cv)
        return cls(math.log(max(mean_s, 1.0)) - variance / 2, math.sqrt(variance))


class Laws:
    """Each field's service at each counter, by what was measured and by what was believed before."""

    def __init__(self, learnt: Learnt, fields: Iterable[Field]) -> None:
        priors = {each.code: _prior(each) for each in fields}
        rows = {code: learnt.services.get(code, {}) for code in priors}
        wholes = {code: sum(each.values(), Measured()) for code, each in rows.items()}
        spreads = {code: _spread(priors[code], each.values()) for code, each in rows.items()}
        off = {code: Offset(whole.total - whole.count * priors[code].centre, whole.count, spreads[code])
               for code, whole in wholes.items()}  # fmt: skip
        believed = shrunk(off)
        self._fields = {code: Law(law.centre + believed[code].centre, spreads[code]) for code, law in priors.items()}
        self._doubts = {code: each.doubt for code, each in believed.items()}
        self._speeds = shrunk(_speeds(rows, wholes, spreads))

    def of(self, code: str, no: int) -> Law:
        """A service of this field at this counter."""
        law = self._fields[code]
        return Law(law.centre + self._speeds.get(no, UNSEEN).centre, law.spread)

    def doubt_of(self, code: str) -> float:
        """How far the centre of a field may be off, as a standard deviation; at all of its counters alike."""
        return self._doubts[code]

    def doubt_at(self, no: int) -> float:
        """The same of a counter, in all of its fields alike."""
        return self._speeds.get(no, UNSEEN).doubt


class Belief(Struct, frozen=True):
    """Of an offset: its likely value, and how far that may be off, as a standard deviation."""

    centre: float
    doubt: float


UNSEEN = Belief(0.0, DIFFERS)


class Offset(Struct, frozen=True):
    """The sum of so many logarithms' distances from what was believed, each with this spread."""

    total: float
    count: float
    spread: float


def _speeds(
    rows: Mapping[str, Mapping[int, Measured]], wholes: Mapping[str, Measured], spreads: Mapping[str, float]
) -> dict[int, Offset]:
    """How far each counter is off the mean of its fields; a field that it serves alone says nothing of the counter."""
    sums: dict[int, Offset] = {}
    for code, counters in rows.items():
        whole = wholes[code]
        for no, row in counters.items():
            if row.count > ALONE * whole.count:
                continue
            was = sums.get(no, Offset(0.0, 0.0, 0.0))
            count = was.count + row.count
            spread = math.sqrt((was.spread**2 * was.count + spreads[code] ** 2 * row.count) / count)
            sums[no] = Offset(was.total + row.total - row.count * whole.total / whole.count, count, spread)
    return sums


def _prior(each: Field) -> Law:
    mean_s = each.service_time_s + WALK_S
    return Law.of(mean_s, each.service_time_cv * each.service_time_s / mean_s)


def _spread(prior: Law, rows: Iterable[Measured]) -> float:
    """The spread around each counter's mean, the believed one counting as `SPREAD_PRIOR` services."""
    around, freedom = SPREAD_PRIOR * prior.spread**2, SPREAD_PRIOR
    for row in rows:
        if row.count > 1:
            around += max(0.0, row.squares - row.total * row.total / row.count)
            freedom += row.count - 1
    return math.sqrt(around / freedom)


Key = TypeVar("Key")


def shrunk(offsets: Mapping[Key, Offset]) -> dict[Key, Belief]:
    """Each mean offset, drawn towards 0 as far as all of them could be chance."""
    seen = {key: each for key, each in offsets.items() if each.count > 0}
    weights = {key: each.count / (each.count + FEW) for key, each in seen.items()}
    real = sum(
        weights[key] * ((each.total / each.count) ** 2 - each.spread**2 / each.count) for key, each in seen.items()
    )
    variance = max(0.0, (DIFFERS_WEIGHT * DIFFERS**2 + real) / (DIFFERS_WEIGHT + sum(weights.values())))
    believed = dict.fromkeys(offsets, Belief(0.0, math.sqrt(variance)))
    for key, each in seen.items():
        chance = each.spread**2 / each.count
        trust = variance / (variance + chance) if variance + chance else 1.0
        believed[key] = Belief(each.total / each.count * trust, math.sqrt(chance * trust))
    return believed
