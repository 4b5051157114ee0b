"""What `python -m load.simulate` shows besides its tables."""

from __future__ import annotations

import io
import sys

import pytest

from load.simulate.__main__ import main
from load.simulate.metrics import waiting_over
from load.simulate.people import Day, Turn
from load.simulate.progress import CLEAR, Progress
from load.simulate.visits import Visit


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_each_new_step_once_and_a_clean_line_at_the_end():
    terminal = Terminal()
    progress = Progress(2, stream=terminal)
    for done in (0.0, 0.5, 0.501, 1.5):
        progress.tell(done)
    progress.end()
    said = terminal.getvalue().split(CLEAR)
    assert said == ["", "day 1 of 2, 0%", "day 1 of 2, 25%", "day 2 of 2, 75%", ""]


@pytest.mark.parametrize(("stream", "is_wanted"), [(io.StringIO(), True), (Terminal(), False)])
def test_nobody_else_is_told(stream: io.StringIO, is_wanted: bool):
    progress = Progress(2, is_wanted=is_wanted, stream=stream)
    progress.tell(0.5)
    progress.end()
    assert stream.getvalue() == ""


def test_a_json_of_days_comes_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "argv", ["simulate", "bentre", "--days", "1", "--json"])
    assert main() == 0
    out, err = capsys.readouterr()
    assert out.startswith('{"all":{"count":')
    assert err == ""


def test_without_matplotlib_a_plot_is_refused_before_anything_is_played(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(sys, "argv", ["simulate", "bentre", "--plot", "day.png"])
    with pytest.raises(SystemExit):
        main()
    assert "requirements/load.txt" in capsys.readouterr().err


def test_who_waits_is_counted_until_a_call_or_the_end_without_one():
    starts_s = 86_400.0

    def turn(arrived_s: float, called_s: float | None, ended_s: float) -> Turn:
        called = None if called_s is None else starts_s + called_s
        arrived = starts_s + arrived_s
        return Turn(
            Visit(0, arrived_s, "a", 60.0), "t", arrived, arrived, None, called_s=called, ended_s=starts_s + ended_s
        )

    day = Day("any", starts_s, [turn(0, 150, 400), turn(70, None, 260), turn(90, 90, 100)])
    assert waiting_over(day, 60) == [(0, 1), (60, 1), (120, 2), (180, 1), (240, 1), (300, 0)]
    assert waiting_over(Day("any"), 60) == []
