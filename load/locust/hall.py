"""One branch as its people share it: who comes, who waits, and how long a call takes to the screens."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from gevent.queue import Queue

from load.day.visits import Visit, draw
from load.fleet.notes import BranchNotes
from load.locust.calls import Calls

if TYPE_CHECKING:
    from load.locust.world import World

PHONE_SHARE = 0.3
"""Of all who take a number, so many follow it by phone (assumed)."""


class Hall:
    """`number` is its place in the fleet. People who come before the clock starts stand at the door."""

    def __init__(self, notes: BranchNotes, number: int, world: World, *, seed: int, until_s: float) -> None:
        self.notes = notes
        self.number = number
        self.chance = random.Random(seed)
        self.offers: Queue = Queue()
        self.visits: dict[str, Visit] = {}
        self.waiting: dict[str, float] = {}
        self.at_counters: set[str] = set()
        self.cancelled: set[str] = set()
        self.calls = Calls(lambda ms: world.fire_ms("WS", "call shown on a display", ms))
        self._world = world
        services = {field.code: (field.service_time_s, field.service_time_cv) for field in notes.fields}
        mix = {field.code: field.percent for field in notes.fields if field.percent}
        visits = draw(world.demand, mix, services, notes.priority_percent, count=notes.visits, seed=seed)
        self._coming = [visit for visit in visits if visit.arrival_s < until_s]

    @property
    def branch(self) -> str:
        return self.notes.code

    def coming_to(self, dispenser: int) -> list[Visit]:
        """Those who will use this dispenser."""
        return self._coming[dispenser :: len(self.notes.dispensers)]

    # -- what becomes of people ----------------------------------------------------------------------------------------

    def has_number(self, ticket: dict[str, Any], visit: Visit) -> None:
        """Somebody has a number; perhaps they follow it by phone."""
        self.visits[ticket["id"]] = visit
        self.waiting[ticket["id"]] = self._world.pace.now_s()
        self._world.figures.count("issued")
        if self.chance.random() < PHONE_SHARE and self.offers.qsize() < self.notes.phones:
            self.offers.put(ticket)

    def is_called(self, ticket: dict[str, Any]) -> None:
        since_s = self.waiting.pop(ticket["id"], None)
        self.at_counters.add(ticket["id"])
        self._world.figures.count("called")
        if since_s is not None:
            self._world.figures.waits.add(self._world.pace.now_s() - since_s)

    def has_left(self, ticket_id: str, how: str) -> None:
        self.at_counters.discard(ticket_id)
        self.waiting.pop(ticket_id, None)
        self._world.figures.count(how)

    def waits_again(self, ticket_id: str) -> None:
        """Transferred: in a queue once more, of which `waits` counts the first stay only."""
        self.at_counters.discard(ticket_id)

    def is_cancelled(self, ticket_id: str) -> None:
        """From before it is asked for: a clerk may hear of it sooner than who asked."""
        self.cancelled.add(ticket_id)
