"""What a load run's figures and report say; written without Locust and without plots."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from load.figures import Figures, Histogram, read_figures, together, write_figures
from load.locust.calls import Calls
from load.report.course import Course
from load.report.text import write_report
from load.run import Books, Run
from load.sampling import Sample, Use


def run_with(books: Books) -> Run:
    return Run(
        scenario="go-vap", what="A day", day="usual", seed=1, branches=1, counters=20, visits=700, connections=51,
        minutes=1.0, hurry=60.0, starts="07:00", servers=1, locusts=1, database="SQLite", command="python -m …",
        date="2026-11-23", machine={}, versions={}, prepared={"took_s": {"all": 1.0}}, started_in_s=1.0, books=books,
        database_bytes=(1_000_000, 2_000_000),
    )  # fmt: skip


def sample(at: float, cpu_s: float) -> Sample:
    return Sample(at, {"server 0": Use(cpu_s, 50_000, 60), "locust 0": Use(cpu_s / 2, 90_000, 70)}, cpu_s, 0.0)


def course(figures: Figures, books: Books) -> Course:
    figures.began_at = 100.0
    return Course(run_with(books), figures, [sample(100.0, 1.0), sample(110.0, 3.0)])


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_quantile_is_right_to_four_percent(share: float):
    histogram = Histogram()
    for value in range(1, 1001):
        histogram.add(float(value))
    assert histogram.quantile(share) == pytest.approx(1000 * share, rel=0.04)


def test_the_largest_value_is_exact():
    histogram = Histogram()
    for value in (3.0, 1234.5, 7.0):
        histogram.add(value)
    assert histogram.quantile(1.0) == histogram.top == 1234.5


def test_figures_of_two_processes_add_up(tmp_path: Path):
    one, other = Figures(), Figures()
    one.note(100.0, "WS issue", 5.0, None)
    one.count("issued")
    other.note(101.0, "WS issue", 50.0, None)
    other.note(101.0, "WS issue", 0.0, "refused")
    other.count("issued", 2)
    for number, figures in enumerate((one, other)):
        write_figures(tmp_path / f"figures-{number}.json", figures)
    whole = together(read_figures(file) for file in sorted(tmp_path.glob("*.json")))
    kind = whole.total()["WS issue"]
    assert (kind.times.count, kind.times.top, kind.failures) == (2, 50.0, 1)
    assert whole.counts == {"issued": 3}
    assert whole.failures == {"WS issue: refused": 1}


@pytest.mark.parametrize("is_shown_first", [True, False])
def test_a_call_is_timed_to_each_display_whatever_is_known_first(is_shown_first: bool):
    times: list[float] = []
    calls = Calls(times.append)
    if is_shown_first:
        calls.shown(7)
        calls.shown(7)
        calls.sent(7, 0.0)
    else:
        calls.sent(7, 0.0)
        calls.shown(7)
        calls.shown(7)
    calls.shown(8)
    assert len(times) == 2
    assert all(ms > 0 for ms in times)


def test_a_report_tells_failures_first_and_what_a_ticket_costs():
    figures = Figures()
    figures.note(102.0, "WS issue", 4.0, None)
    figures.note(103.0, "WS call-next", 0.0, "refused, counter-busy")
    figures.count("issued", 10)
    text = write_report(course(figures, Books(told=10, unanswered=0, issued=10, waiting=3)), [("a.png", "A plot")])
    assert text.index("**1 failures:**") < text.index("numbers given")
    assert "| WS call-next: refused, counter-busy | 1 |" in text
    assert "**200.0 ms**" in text, "2 s of the server's CPU for 10 tickets"
    assert "![A plot](a.png)" in text


def test_a_report_says_when_the_books_differ():
    figures = Figures()
    figures.count("issued", 10)
    text = write_report(course(figures, Books(told=10, unanswered=1, issued=12, waiting=0)), [])
    assert "**The books differ**" in text
    assert "**The books differ**" not in write_report(course(figures, Books(10, 2, 12, 0)), [])


def test_a_run_can_be_read_again(tmp_path: Path):
    run = run_with(Books(1, 0, 1, 0))
    assert msgspec.json.decode(msgspec.json.encode(run), type=Run) == run
