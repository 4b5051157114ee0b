"""What all users share: a seat of their own in a hall, a line to the server, and going home when the run is over."""

from __future__ import annotations

from typing import Any

import gevent
from locust import User, task

from load.locust.hall import Hall
from load.locust.line import Line, Refused, Trouble
from load.locust.world import World

LOOK_S = 0.5


class Over(Exception):
    """The run is over, or there is no seat left."""


class Person(User):
    """One user at one seat."""

    abstract = True
    hall: Hall
    seat: int
    line: Line

    @property
    def world(self) -> World:
        world: World = self.environment.world
        return world

    def on_start(self) -> None:
        seats = self.world.seats[type(self).__name__]
        self.is_seated = bool(seats)
        if seats:
            self.hall, self.seat = seats.popleft()
            self.arrive()
            self.world.has_arrived()

    def on_stop(self) -> None:
        if self.is_seated:
            self.leave()

    @task
    def live(self) -> None:
        """For as long as the run lasts. Locust comes again until it has been told to stop: then there is nothing."""
        try:
            if self.is_seated and not self.world.is_over:
                self.play()
        except Over:
            pass
        while not self.world.is_over:
            gevent.sleep(LOOK_S)

    # -- for those who follow ------------------------------------------------------------------------------------------

    def arrive(self) -> None:
        """Take the seat: connect and follow."""

    def play(self) -> None:
        """What this one does all day."""

    def leave(self) -> None:
        self.line.close()

    def line_with(self, *, token: str = "", session: str = "") -> Line:
        line = Line(self.world, self.hall.number, token=token, session=session)
        line.open()
        return line

    def spend(self, seconds: float) -> None:
        """Let so many seconds of this one's life pass; at the end of the run, all of them at once."""
        self._sleep(seconds / self.world.pace.hurry)

    def until(self, at_s: float) -> None:
        self._sleep((at_s - self.world.pace.now_s()) / self.world.pace.hurry)

    def _sleep(self, wall_s: float) -> None:
        while wall_s > 0:
            if self.world.is_over:
                raise Over
            part = min(wall_s, LOOK_S)
            gevent.sleep(part)
            wall_s -= part

    def do(self, name: str, *, expected: frozenset[str] = frozenset(), **args: Any) -> Any:
        """A command at this one's branch; None when it was refused, or nobody waits."""
        addressed = args if "ticket" in args else {"branch": self.hall.branch, **args}
        try:
            return self.line.command(name, addressed, expected=expected)
        except (Refused, Trouble):
            return None
