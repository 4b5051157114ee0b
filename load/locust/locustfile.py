"""A fleet's people as Locust users.

    locust -f load/locust/locustfile.py --headless --run-time 10m --fleet DATA/fleet.json --server http://127.0.0.1:8000

How many users there are, the fleet says. `python -m load.scenario` prepares a fleet, starts servers and runs this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from locust import events

from load.day.visits import profile
from load.figures import write_figures
from load.locust.dispensing import Dispenser, Printer
from load.locust.person import Person
from load.locust.serving import Clerk
from load.locust.watching import Display, Manager, Phone
from load.locust.world import Options, World

USERS: tuple[type[Person], ...] = (Clerk, Dispenser, Display, Manager, Phone, Printer)
ALL_WITHIN_S = 15.0
"""In which everybody arrives."""

__all__ = ["Clerk", "Dispenser", "Display", "Manager", "Phone", "Printer"]


@events.init_command_line_parser.add_listener
def _add_options(parser: Any) -> None:
    parser.add_argument("--fleet", default="fleet.json", help="what `python -m load.fleet prepare` wrote")
    parser.add_argument("--server", action="append", default=[], help="an address; several are tried in turn")
    parser.add_argument("--part", default="0/1", help="I/N: every Nth branch, from the Ith on")
    parser.add_argument("--hurry", type=float, default=1.0, help="people live X times as fast")
    parser.add_argument("--from", dest="starts", default="07:00", help="what the people's clock shows at first")
    parser.add_argument("--figures", default="", help="where to write what was measured")


@events.init.add_listener
def _on_init(environment: Any, **_: Any) -> None:
    given = environment.parsed_options
    part, _, parts = given.part.partition("/")
    hours, _, minutes = given.starts.partition(":")
    options = Options(
        fleet=Path(given.fleet),
        servers=tuple(given.server),
        part=int(part),
        parts=int(parts),
        hurry=given.hurry,
        starts_s=int(hours) * 3600.0 + int(minutes) * 60.0,
        lasts_s=(given.run_time or 24 * 3600) * given.hurry,
    )
    environment.world = World(options, profile(), environment.events.request.fire)
    _seat_everybody(environment)


def _seat_everybody(environment: Any) -> None:
    """As many users of each class as there are seats."""
    seats = environment.world.seats
    for user in USERS:
        user.fixed_count = len(seats[user.__name__])
    environment.user_classes = [user for user in USERS if user.fixed_count]
    given = environment.parsed_options
    given.num_users = sum(user.fixed_count for user in environment.user_classes)
    given.spawn_rate = given.spawn_rate or max(1.0, given.num_users / ALL_WITHIN_S)


@events.test_stopping.add_listener
def _on_stopping(environment: Any, **_: Any) -> None:
    environment.world.is_over = True


@events.quitting.add_listener
def _on_quitting(environment: Any, **_: Any) -> None:
    if environment.parsed_options.figures:
        write_figures(Path(environment.parsed_options.figures), environment.world.figures)
