"""What a clerk's tabs remember of what may be taken back: the same, in whatever order they hear of it."""

from __future__ import annotations

import json
import subprocess
from itertools import permutations
from pathlib import Path
from typing import Any

from tests.node import node

SCRIPT = Path(__file__).parents[2] / "queue_server" / "web" / "static" / "clerk" / "undo.js"
CALLED = {"ticket": "t2", "number": "A002", "did": "call", "until": "2026-11-23T01:00:10Z"}
ABSENT = {"ticket": "t2", "number": "A002", "did": "noshow", "until": "2026-11-23T01:00:12Z"}
FINISHED = {"ticket": "t1", "number": "A001", "did": "finish", "until": "2026-11-23T01:00:10Z"}


def kept(orders: list[list[dict[str, str]]]) -> Any:
    program = f"""
        import(process.argv[1]).then(({{ done }}) => {{
          const orders = {json.dumps(orders)};
          console.log(JSON.stringify(orders.map((deeds) => deeds.reduce((list, deed) => done(list, deed), []))));
        }});"""
    said = subprocess.run([node(), "-e", program, str(SCRIPT)], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(said.stdout)


def test_of_a_ticket_only_its_last_change_is_kept_and_the_last_of_all_stands_last_whichever_is_heard_first() -> None:
    orders = [list(order) for order in permutations([CALLED, ABSENT, FINISHED])]
    for found in kept(orders):
        assert found == [FINISHED, ABSENT]
