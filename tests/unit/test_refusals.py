"""Every refusal of the domain has a sentence for a person, and brings the data that the sentence needs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from queue_server.protocol.problems import PROBLEMS, problem

DOMAIN = Path(__file__).resolve().parents[2] / "queue_server" / "domain"


def refusals() -> Iterator[tuple[str, str, frozenset[str]]]:
    """(file and line, code, names of its data) of each `Refusal(…)` in the domain."""
    for path in sorted(DOMAIN.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
                code = node.args[0]
                assert isinstance(code, ast.Constant), f"{path.name}:{node.lineno}: a refusal's code is written out"
                yield f"{path.name}:{node.lineno}", str(code.value), frozenset(word.arg or "" for word in node.keywords)


@pytest.mark.parametrize(("place", "code", "data"), list(refusals()))
def test_a_refusal_fills_its_sentences(place: str, code: str, data: frozenset[str]) -> None:
    said = PROBLEMS[code]
    for sentence in (said.vi, said.en):
        assert set(re.findall(r"{(\w+)}", sentence)) <= data


@pytest.mark.parametrize(("place", "code", "data"), list(refusals()))
def test_a_refusal_becomes_a_problem(place: str, code: str, data: frozenset[str]) -> None:
    for language in ("vi", "en"):
        made = problem(code, dict.fromkeys(data), language)
        assert made.code == code
        assert "{" not in made.detail
