"""The example of how to drive the rules from elsewhere: it runs as it stands in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.factories import config

DOCUMENT = Path(__file__).parents[2] / "docs" / "explanation" / "balancing.md"


def test_the_example_of_a_driver_runs_and_calls_who_came_first(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall("```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, str(DOCUMENT), "exec"), {"config": config()})
    assert re.match(r"A001 oldest Range\(likely=[0-9.]+, low=[0-9.]+, high=[0-9.]+\)\n$", capsys.readouterr().out)
