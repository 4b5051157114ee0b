"""The plots, as small PNGs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from load.report.course import CALL, ISSUE, SHOWN, Course

SIZE = (9.0, 3.6)
DPI = 80
BLUE, ORANGE, GREEN, GREY, RED = "#1f6f8b", "#d9822b", "#3d8b57", "#8a8f98", "#b3372f"
OVER = 6
"""Windows that a quantile is taken over: half a minute."""

mpl.use("Agg")
mpl.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#dddddd",
        "legend.frameon": False,
    }
)


def draw_all(course: Course, out: Path) -> list[tuple[str, str]]:
    """File names and captions, in the order of the page."""
    plots: tuple[tuple[str, str, Callable[[Course, Figure], None]], ...] = (
        ("people.png", "Numbers given and calls a second (left), people waiting and at counters (right)", _people),
        ("latency.png", "Latencies over time: median (line) and 99th percentile (dotted) of half a minute", _latency),
        ("processes.png", "CPU in % of a core, memory and open files of the server", _processes),
        ("kinds.png", "Each kind of request: from the median to the 99th percentile, and the largest", _kinds),
    )
    for file, _, draw in plots:
        figure = Figure(figsize=SIZE, layout="constrained")
        draw(course, figure)
        figure.savefig(out / file, dpi=DPI)
    return [(file, caption) for file, caption, _ in plots]


def _clock(course: Course, axes: Any) -> None:
    """The people's clock below."""
    run = course.run
    hours, _, minutes = run.starts.partition(":")
    first = int(hours) * 60 + int(minutes)

    def shown(minute: float, _: object) -> str:
        now = round(first + minute * run.hurry)
        return f"{now // 60 % 24:02}:{now % 60:02}"

    axes.xaxis.set_major_formatter(FuncFormatter(shown))
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlabel(f"people's clock, {run.hurry:g} times the wall's")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)


def _people(course: Course, figure: Figure) -> None:
    axes = figure.subplots()
    minutes = course.minutes()
    axes.plot(minutes, course.rate(ISSUE, f"{ISSUE} (line cut)"), color=BLUE, label="numbers a second")
    axes.plot(minutes, course.rate(CALL), color=GREEN, label="calls a second")
    other = axes.twinx()
    other.spines["right"].set_visible(True)
    other.grid(visible=False)
    windows = [course.figures.windows[number] for number in course.windows]
    other.plot(minutes, [window.waiting for window in windows], color=ORANGE, label="waiting")
    other.plot(minutes, [window.at_counters for window in windows], color=GREY, label="at counters")
    other.set_ylim(bottom=0)
    other.set_ylabel("people")
    axes.set_ylabel("a second")
    _clock(course, axes)
    figure.legend(loc="outside upper center", ncols=4)


def _latency(course: Course, figure: Figure) -> None:
    axes = figure.subplots()
    minutes = course.minutes()
    for name, colour in ((ISSUE, BLUE), (CALL, GREEN), (SHOWN, ORANGE)):
        medians, worst = (course.quantiles(name, share, over=OVER) for share in (0.5, 0.99))
        axes.plot(minutes, _gaps(medians), color=colour, label=name.removeprefix("WS "))
        axes.plot(minutes, _gaps(worst), color=colour, linestyle=":", linewidth=1.2)
    _clock(course, axes)
    axes.set_yscale("log")
    axes.set_ylim(bottom=1)
    axes.set_ylabel("ms")
    figure.legend(loc="outside upper center", ncols=3)


def _gaps(values: list[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _processes(course: Course, figure: Figure) -> None:
    cpu, memory = figure.subplots(1, 2)
    for prefix, colour in (("server", BLUE), ("postgres", RED), ("locust", GREY)):
        load = course.load(prefix)
        if course.groups(prefix):
            cpu.plot([each.minute for each in load], [each.cpu_percent for each in load], color=colour, label=prefix)
    cpu.set_ylabel("% of a core")
    _clock(course, cpu)
    load = course.load("server")
    memory.plot([each.minute for each in load], [each.rss_mb for each in load], color=GREEN, label="memory, MB")
    memory.plot([each.minute for each in load], [each.files for each in load], color=ORANGE, label="open files")
    _clock(course, memory)
    figure.legend(loc="outside upper center", ncols=5)


def _kinds(course: Course, figure: Figure) -> None:
    kinds = sorted(
        ((name, kind) for name, kind in course.kinds.items() if kind.times.count),
        key=lambda item: item[1].times.quantile(0.99),
    )
    figure.set_size_inches(SIZE[0], 0.6 + 0.22 * len(kinds))
    axes = figure.subplots()
    for place, (_, kind) in enumerate(kinds):
        median, worst, most = (kind.times.quantile(share) for share in (0.5, 0.99, 1.0))
        axes.plot([median, worst], [place, place], color=BLUE, linewidth=3, solid_capstyle="butt")
        axes.plot([median], [place], marker="|", markersize=9, color=BLUE)
        axes.plot([most], [place], marker=".", color=GREY)
    axes.set_yticks(range(len(kinds)), [name for name, _ in kinds])
    axes.set_xscale("log")
    axes.set_xlabel("ms")
    axes.grid(visible=False, axis="y")
