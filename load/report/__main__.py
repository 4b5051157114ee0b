"""`python -m load.report FOLDER [--out DIR]`: write `report.md` and its plots from the run that lies in FOLDER."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from load.figures import read_figures, together
from load.report.course import Course
from load.report.plots import draw_all
from load.report.text import write_report
from load.run import read_run
from load.sampling import read_samples


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m load.report", description=__doc__)
    parser.add_argument("folder", type=Path, help="with run.json, samples.json and figures-*.json")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the report goes; the folder itself without it")
    given = parser.parse_args(arguments)
    out = given.out or given.folder
    out.mkdir(parents=True, exist_ok=True)
    figures = together(read_figures(file) for file in sorted(given.folder.glob("figures-*.json")))
    course = Course(read_run(given.folder / "run.json"), figures, read_samples(given.folder / "samples.json"))
    plots = draw_all(course, out)
    (out / "report.md").write_text(write_report(course, plots), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
