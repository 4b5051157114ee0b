"""Which faults, when and for how long: drawn by a seed, each kind as often as the others."""

from __future__ import annotations

import random
from collections.abc import Iterator

from msgspec import Struct

LINKS = ("clients", "postgres", "valkey")
SPOILT = ("cut", "delay", "hold", "blackhole", "mute", "half-open")
BEYOND_LEASES_S = (11.0, 14.0)
"""Longer than the office's lease, the database's patience and a client's silence, which are 9 and 10 s."""
JUMPS_S = (-7200.0, -120.0, 120.0, 7200.0)
TOGETHER = 0.2
"""Share of rounds with two faults at once."""
GAP_S = 1.5
"""Between two rounds, at least: the next fault meets a system at work."""


class Fault(Struct, frozen=True):
    """`kind` is what happens, `what` the component; `server` names one, or with "" all. `after_s` is when it begins in
    its round, and it lasts `for_s`."""

    kind: str
    what: str
    server: str = ""
    after_s: float = 0.0
    for_s: float = 0.0
    amount: float = 0.0
    """Seconds of a delay or a jump."""

    @property
    def name(self) -> str:
        return f"{self.kind} {self.what}"


class Round(Struct, frozen=True):
    """Faults that happen together; it begins `at` seconds after the start, or when the one before is over."""

    at: float
    faults: tuple[Fault, ...]


def kinds(*, has_disk: bool) -> list[tuple[str, str]]:
    processes = [(kind, what) for kind in ("kill", "stop") for what in ("server", "postgres", "valkey")]
    processes += [("kill", "proxy"), ("kill", "all servers"), ("restart", "servers")]
    links = [(kind, f"{what} link") for kind in SPOILT for what in LINKS]
    clocks = [("jump", "clock")] * 2
    return [*processes, *processes[:4], *links, *clocks, *([("fill", "disk")] * 2 if has_disk else [])]


def draw(count: int, seconds: float, seed: int, servers: list[str], *, has_disk: bool) -> list[Round]:
    """So many faults, spread over that time."""
    chance = random.Random(seed)
    deck = _deck(chance, kinds(has_disk=has_disk))
    sizes: list[int] = []
    while sum(sizes) < count:
        sizes.append(min(2 if chance.random() < TOGETHER else 1, count - sum(sizes)))
    slot = seconds / max(1, len(sizes))
    return [
        Round(number * slot + chance.uniform(0, slot / 4), tuple(_together(chance, deck, servers, size)))
        for number, size in enumerate(sizes)
    ]


def _deck(chance: random.Random, cards: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    while True:
        yield from chance.sample(cards, len(cards))


def _together(
    chance: random.Random, deck: Iterator[tuple[str, str]], servers: list[str], count: int
) -> Iterator[Fault]:
    """Two at once are of different components: one cannot be stopped and killed by two hands."""
    first = _fault(chance, *next(deck), servers)
    yield first
    if count == 2:
        second = next(card for card in deck if _part(card[1]) != _part(first.what))
        fault = _fault(chance, *second, servers)
        yield Fault(fault.kind, fault.what, fault.server, chance.uniform(0, first.for_s), fault.for_s, fault.amount)


PARTS = {"server": "servers", "all servers": "servers", "clock": "servers", "disk": "postgres", "proxy": "lines"}


def _part(what: str) -> str:
    return "lines" if what.endswith(" link") else PARTS.get(what, what)


def _fault(chance: random.Random, kind: str, what: str, servers: list[str]) -> Fault:
    server, for_s, amount = chance.choice(servers), chance.uniform(0.3, 6.0), 0.0
    if kind == "stop" and chance.random() < 0.4:
        for_s = chance.uniform(*BEYOND_LEASES_S)
    if kind == "kill":
        for_s = chance.uniform(0.0, 2.5)
    if kind == "jump":
        amount = chance.choice(JUMPS_S)
    if what.endswith("link"):
        server = server if chance.random() < 0.6 else ""
        amount = chance.choice((0.02, 0.1, 0.4, 1.5)) if kind == "delay" else 0.0
        if kind != "delay" and chance.random() < 0.25:
            for_s = chance.uniform(*BEYOND_LEASES_S)
    return Fault(kind, what, server, 0.0, for_s, amount)
