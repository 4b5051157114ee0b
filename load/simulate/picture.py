"""What simulated days look like: who waits when, and how long who waits. Needs matplotlib (`requirements/load.txt`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from load.report.plots import BLUE, DPI, GREY, ORANGE
from load.simulate.metrics import is_ordinary, waiting_over
from load.simulate.people import Day, Turn

SIZE = (11.0, 5.2)
EVERY_S = 300.0
GROUPS = (("priority", ORANGE), ("ordinary", BLUE), ("with an appointment", GREY))
LONGEST_PART = 0.995
"""So much of the longest waits is left out on the right of the distributions."""


def draw(days: Sequence[Day], title: str, file: Path) -> None:
    """One picture of all days together, in the format that the file's name asks for."""
    figure = Figure(figsize=SIZE, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.5, 1])
    people, waits = left.subplots(2, 1, sharex=True)
    _people(days, people)
    _by_arrival(days, waits)
    _distributions(days, right.subplots())
    figure.suptitle(title)
    figure.savefig(file, dpi=DPI)


def _people(days: Sequence[Day], axes: Any) -> None:
    courses = [dict(waiting_over(day, EVERY_S)) for day in days]
    instants = sorted({instant for course in courses for instant in course})
    for course in courses:
        axes.plot([at / 3600 for at in course], course.values(), color=GREY, linewidth=0.7)
    means = [sum(course.get(at, 0) for course in courses) / len(courses) for at in instants]
    axes.plot([at / 3600 for at in instants], means, color=BLUE, label="mean" if len(days) > 1 else "one day")
    axes.set_ylabel("people waiting")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right")


def _by_arrival(days: Sequence[Day], axes: Any) -> None:
    for name, colour in reversed(GROUPS):
        waited = [
            ((turn.arrived_s - day.starts_s) / 3600, turn.wait_s / 60)
            for day in days
            for turn in day.turns
            if turn.wait_s is not None and group_of(turn) == name
        ]
        axes.plot([at for at, _ in waited], [wait for _, wait in waited], ".", color=colour, markersize=2.5)
    axes.set_ylabel("waited, minutes")
    axes.set_xlabel("time of arrival")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MultipleLocator(2))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hour, _: f"{int(hour):02}:{round(hour % 1 * 60):02}"))


def _distributions(days: Sequence[Day], axes: Any) -> None:
    """Which part of each group waited at most so long."""
    furthest = 0.0
    for name, colour in GROUPS:
        found = sorted(
            turn.wait_s / 60 for day in days for turn in day.turns if turn.wait_s is not None and group_of(turn) == name
        )
        if found:
            furthest = max(furthest, found[int(LONGEST_PART * (len(found) - 1))])
            parts = [(place + 1) / len(found) * 100 for place in range(len(found))]
            label = f"{name}: {len(found)}, mean {sum(found) / len(found):.1f}"
            axes.step([0.0, *found], [0.0, *parts], where="post", color=colour, label=label)
    axes.set_xlabel("waited at most, minutes")
    axes.set_ylabel("% of those called")
    axes.set_ylim(0, 100)
    axes.set_xlim(0, max(furthest, 1.0))
    axes.legend(loc="lower right")


def group_of(turn: Turn) -> str:
    if turn.visit.priority is not None:
        return "priority"
    return "ordinary" if is_ordinary(turn) else "with an appointment"
