"""Every refusal of the domain has a sentence for a person, and brings the data that the sentence needs.

A sentence is wholly in the language that was asked for, and says what to do now.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from queue_server.domain.configuration import Text
from queue_server.domain.counters import CounterState
from queue_server.domain.lifecycle import COUNTERS, TICKETS
from queue_server.domain.tickets import TicketState
from queue_server.protocol.problems import ADVICE, PROBLEMS, problem

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
    derived = {"advice"} if "state" in data else set()
    for sentence in (said.vi, said.en):
        assert set(re.findall(r"{(\w+)}", sentence)) <= data | derived


@pytest.mark.parametrize(("place", "code", "data"), list(refusals()))
def test_a_refusal_becomes_a_problem(place: str, code: str, data: frozenset[str]) -> None:
    for language in ("vi", "en"):
        made = problem(code, dict.fromkeys(data), language)
        assert made.code == code
        assert "{" not in made.detail


@pytest.mark.parametrize(("place", "code", "data"), list(refusals()))
def test_a_field_is_told_by_its_code_and_its_name(place: str, code: str, data: frozenset[str]) -> None:
    assert ("field" in data) == ("field_name" in data) or code == "unknown-field"


def test_a_text_is_told_in_the_language_that_was_asked_for() -> None:
    data = {"field": "dat-dai", "field_name": Text("Đất đai", "Land"), "reason": Text("Mất điện")}
    in_vietnamese, in_english = (problem("field-suspended", data, language) for language in ("vi", "en"))
    assert in_vietnamese.detail.startswith("Tạm ngừng cấp số Đất đai: Mất điện.")
    assert in_english.detail.startswith("No numbers for Land now: Mất điện.")
    assert in_english.data == {
        "field": "dat-dai",
        "field_name": {"vi": "Đất đai", "en": "Land"},
        "reason": {"vi": "Mất điện", "en": "Mất điện"},
    }


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        ("Expected `int`, got `str` - at `$.dossiers`", "$.dossiers"),
        ("Object missing required field `field`", "$.field"),
        ("Object contains unknown field `x` - at `$.hours.working[0]`", "$.hours.working[0].x"),
        ("JSON is malformed: trailing characters (byte 15)", "$"),
    ],
)
def test_a_malformed_request_is_told_by_its_place_and_the_fault_is_for_programs(fault: str, where: str) -> None:
    for language in ("vi", "en"):
        told = problem("malformed", {"fault": fault}, language)
        assert f"“{where}”" in told.detail
        assert fault not in told.detail
        assert told.data == {"fault": fault, "where": where}


FORBIDDEN = [
    *(
        ("ticket-state", {"number": "A001", "state": state.value, "command": command})
        for command, row in TICKETS.items()
        for state in TicketState
        if state not in row.source
    ),
    *(
        ("counter-state", {"counter": 4, "state": state.value, "command": command})
        for command, (sources, _) in COUNTERS.items()
        for state in CounterState
        if state not in sources
    ),
]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(("code", "data"), FORBIDDEN, ids=lambda part: str(part))
def test_what_a_state_forbids_is_told_with_what_to_do(code: str, data: dict[str, str], language: str) -> None:
    detail = problem(code, data, language).detail
    assert detail.endswith(ADVICE[data["state"]][language == "en"])
    assert "…" not in detail


ADVISED = {
    "Call it": "call", "recall": "recall", "Start": "start", "absent": "no-show", "finish it": "finish",
    "transfer": "transfer", "on hold": "hold", "resume": "resume", "cancel it": "cancel", "reinstate": "reinstate",
}  # fmt: skip
"""Words of the advice, and the commands that they mean."""


@pytest.mark.parametrize("state", TicketState)
def test_the_advice_is_something_that_the_state_allows(state: TicketState) -> None:
    said = ADVICE[state.value][1]
    advised = {command for words, command in ADVISED.items() if words in said}
    allowed = {command for command, row in TICKETS.items() if state in row.source}
    assert advised <= allowed
    assert bool(advised) == bool(allowed)
