"""What a manager reads of printers: by the page's own rules, out of what the agents say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.node import run_node

VIEW = Path(__file__).parents[2] / "queue_server/web/static/manager/view.js"
SCRIPT = """
    const {{ careOf, printerTroubles }} = await import({view});
    const {{ reasons, live }} = JSON.parse(await new Response(process.stdin).text());
    const care = careOf({{ papers_failed: 0, ...live }}, [], [], 0);
    console.log(JSON.stringify({{ troubles: reasons.map(printerTroubles), care }}));
"""


def read(reasons: list[str], live: dict[str, Any]) -> dict[str, Any]:
    script = SCRIPT.format(view=json.dumps(VIEW.as_uri()))
    found: dict[str, Any] = json.loads(run_node(script, json.dumps({"reasons": reasons, "live": live})))
    return found


def test_every_reason_has_a_sentence_and_each_of_several_printers_its_place() -> None:
    troubles: dict[str, list[tuple[int | None, str]]] = {
        "paper_out": [(None, "paper")],
        "near_end": [(None, "nearEnd")],
        "cover_open": [(None, "cover")],
        "unreachable": [(None, "off")],
        "offline": [(None, "off")],
        "timeout": [(None, "other")],
        "silent": [(None, "silent")],
        "paper_out (1), near_end (2)": [(1, "paper"), (2, "nearEnd")],
    }
    found = read(list(troubles), {})["troubles"]
    assert [[(one["no"], one["trouble"]) for one in each] for each in found] == list(troubles.values())
    texts = VIEW.with_name("texts.js").read_text(encoding="utf-8")
    for trouble in {trouble for each in troubles.values() for _, trouble in each}:
        assert texts.count(f'"printer.{trouble}":') == 2, "in both languages"


def test_a_printer_that_prints_and_needs_somebody_is_a_warning_and_one_that_cannot_is_said_once() -> None:
    live = {"printers_waiting": {"p": "paper_out"}, "printers_warned": {"p": "near_end", "q": "near_end"}}
    care = read([], live)["care"]
    assert [(one["kind"], one["printer"], one["reason"]) for one in care] == [
        ("printer", "p", "paper_out"),
        ("printerWarned", "q", "near_end"),
    ]
