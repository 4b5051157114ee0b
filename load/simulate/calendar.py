"""Virtual time: things to do at their instants, one after another."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

Work = Callable[[], None]


class Calendar:
    """`now` is in seconds. Things of one instant happen in the order in which they were noted."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Work]] = []
        self._numbers = count()

    def at(self, instant: float, work: Work) -> None:
        """Do this then, or now when that is past."""
        heapq.heappush(self._due, (max(instant, self.now), next(self._numbers), work))

    def after(self, seconds: float, work: Work) -> None:
        self.at(self.now + seconds, work)

    def run(self) -> None:
        """Until nothing is left to do."""
        while self._due:
            self.now, _, work = heapq.heappop(self._due)
            work()
