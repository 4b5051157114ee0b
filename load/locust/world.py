"""What the users of one Locust process share: the people's clock, the halls, who sits where, and what is measured."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from msgspec import Struct

from load.figures import Figures
from load.fleet.notes import BranchNotes, FleetNotes, read_notes
from load.locust.hall import Hall
from queue_server.directory.demand import DemandProfile

LAG_EVERY_S = 0.1
SAMPLE_EVERY_S = 1.0


class Options(Struct, frozen=True):
    """`part` of `parts` plays every so manyth branch; `starts_s` is what the people's clock shows at first, seconds
    after midnight, and `lasts_s` how long it will run."""

    fleet: Path
    servers: tuple[str, ...]
    part: int = 0
    parts: int = 1
    hurry: float = 1.0
    starts_s: float = 7 * 3600.0
    lasts_s: float = 0.0


class Pace:
    """The people's clock: `hurry` times as fast as the wall's, from `begin` on."""

    def __init__(self, hurry: float, starts_s: float) -> None:
        self.hurry = hurry
        self._starts_s = starts_s
        self._began: float | None = None

    def begin(self) -> None:
        self._began = time.monotonic()

    def now_s(self) -> float:
        """Seconds after the people's midnight."""
        passed = time.monotonic() - self._began if self._began is not None else 0.0
        return self._starts_s + passed * self.hurry

    def spend(self, seconds: float) -> None:
        """Let so many seconds of somebody's life pass."""
        gevent.sleep(max(0.0, seconds) / self.hurry)

    def until(self, at_s: float) -> None:
        gevent.sleep(max(0.0, at_s - self.now_s()) / self.hurry)


class World:
    """Made once in each process."""

    def __init__(self, options: Options, demand: DemandProfile, fire: Callable[..., Any]) -> None:
        self.options = options
        self.demand = demand
        self.figures = Figures()
        self.pace = Pace(options.hurry, options.starts_s)
        self.has_begun = Event()
        self.is_over = False
        self._fire = fire
        notes = read_notes(options.fleet)
        self.fleet: FleetNotes = notes
        own = list(enumerate(notes.branches))[options.part :: options.parts]
        self.halls = [self._hall(number, branch) for number, branch in own]
        self.seats = seats_of(self.halls)
        self._missing = sum(map(len, self.seats.values()))
        self._keepers = [gevent.spawn(self._watch_lag), gevent.spawn(self._count_people)]

    def _hall(self, number: int, branch: BranchNotes) -> Hall:
        until_s = self.options.starts_s + self.options.lasts_s
        return Hall(branch, number, self, seed=self.fleet.seed * 100_003 + number, until_s=until_s)

    def has_arrived(self) -> None:
        """One more sits down. When everybody is there, the doors open."""
        self._missing -= 1
        if self._missing == 0:
            self.pace.begin()
            self.figures.began_at = time.time()
            self.has_begun.set()

    def servers_of(self, number: int) -> deque[str]:
        """The addresses in the order in which a branch tries them: its own first, always the same."""
        servers = deque(self.options.servers)
        servers.rotate(-(number % len(servers)))
        return servers

    def fire(self, kind: str, name: str, began: float, fault: Exception | None = None) -> None:
        """Tell Locust of something that began then (`time.perf_counter`) and is done now."""
        self.fire_ms(kind, name, (time.perf_counter() - began) * 1000, fault)

    def fire_ms(self, kind: str, name: str, ms: float, fault: Exception | None = None) -> None:
        self.figures.note(time.time(), f"{kind} {name}", ms, repr(fault) if fault is not None else None)
        self._fire(request_type=kind, name=name, response_time=ms, response_length=0, exception=fault, context={})

    def _watch_lag(self) -> None:
        """How late this process is: what it measures cannot be better."""
        while True:
            began = time.perf_counter()
            gevent.sleep(LAG_EVERY_S)
            self.figures.lag.add((time.perf_counter() - began - LAG_EVERY_S) * 1000)

    def _count_people(self) -> None:
        while True:
            gevent.sleep(SAMPLE_EVERY_S)
            window = self.figures.window(time.time())
            window.waiting = sum(len(hall.waiting) for hall in self.halls)
            window.at_counters = sum(len(hall.at_counters) for hall in self.halls)


def seats_of(halls: list[Hall]) -> dict[str, deque[tuple[Hall, int]]]:
    """Where each user of a class sits: a hall, and a number there. Mixed, so that a slow start is slow everywhere."""
    sizes: dict[str, Callable[[Hall], int]] = {
        "Display": lambda hall: len(hall.notes.displays),
        "Printer": lambda hall: len(hall.notes.printers),
        "Manager": lambda hall: len(hall.notes.managers),
        "Clerk": lambda hall: len(hall.notes.counters),
        "Phone": lambda hall: hall.notes.phones,
        "Dispenser": lambda hall: len(hall.notes.dispensers),
    }
    found = {}
    for name, size in sizes.items():
        seats = [(hall, number) for hall in halls for number in range(size(hall))]
        random.Random(name).shuffle(seats)
        found[name] = deque(seats)
    return found
